// Package graph is the wire client of Microsoft Graph (beta) as Intune serves it: requests, paging, errors. It knows paths
// and JSON, and nothing of enrollment.
package graph

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/httpx"
)

// version is the only version that has depOnboardingSettings: v1.0 answers that there is no such segment.
const version = "/beta"

// maxRetries outlasts Intune's windows of 20 seconds, also where the answer does not say how long to wait.
const maxRetries = 6

// Options configures a Client.
type Options struct {
	// Endpoint is scheme and host, with or without a path: https://graph.microsoft.com; the version segment /beta is added.
	Endpoint string
	// Token gives an access token for the endpoint. It is asked for with every request, and caches by itself. When the service
	// has refused a token, the context says which (RefusedToken): then another one is wanted.
	Token func(ctx context.Context) (string, error)
	// AppOnly tells whether an application signed in by itself, or a person (delegated): errors say which.
	AppOnly bool
	// Version of the provider, for the user agent.
	Version string
	// Transport, Now and Wait as in httpx.Options.
	Transport http.RoundTripper
	Now       func() time.Time
	Wait      func(ctx context.Context, d time.Duration) error
}

// Client sends requests. It is safe for concurrent use.
type Client struct {
	options Options
	base    *url.URL
	http    *httpx.Client
}

// New checks the options and makes a Client. It sends nothing.
func New(options Options) (*Client, error) {
	base, err := baseOf(options.Endpoint)
	if err != nil {
		return nil, err
	}
	if options.Now == nil {
		options.Now = time.Now //nolint:forbidigo // the default of an injected clock
	}
	c := &Client{options: options, base: base}
	c.http = httpx.New(httpx.Options{
		Version: options.Version, MaxRetries: maxRetries, Transport: options.Transport, Now: options.Now, Wait: options.Wait,
		RetryAfter: retryAfter,
	})
	return c, nil
}

// CheckEndpoint tells what is wrong with Options.Endpoint, if anything is.
func CheckEndpoint(endpoint string) error {
	_, err := baseOf(endpoint)
	return err
}

func baseOf(endpoint string) (*url.URL, error) {
	base, err := httpx.CheckURL(endpoint)
	if err != nil {
		return nil, fmt.Errorf("address of Microsoft Graph: %w", err)
	}
	path := strings.TrimRight(base.Path, "/")
	if strings.HasSuffix(path, "/v1.0") {
		return nil, fmt.Errorf("address of Microsoft Graph: %w: it ends with /v1.0, which does not have Apple enrollment; leave the version out", httpx.ErrURL)
	}
	base.Path, base.RawPath = strings.TrimSuffix(path, version)+version, ""
	return base, nil
}

// Segment escapes one path segment.
func Segment(s string) string { return url.PathEscape(s) }
