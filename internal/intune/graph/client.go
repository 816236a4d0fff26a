// Package graph is the wire client of Microsoft Graph (beta) as Intune serves it: requests, paging, errors. It knows paths
// and JSON, and nothing of enrollment.
package graph

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// Options configures a Client.
type Options struct {
	// Endpoint is scheme and host, with or without a path: https://graph.microsoft.com; the version segment /beta is added.
	Endpoint string
	// Token gives an access token for the endpoint. It is asked for on every attempt, and caches by itself.
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
}

// New makes a Client.
func New(options Options) (*Client, error) {
	return &Client{options: options}, nil
}

// Get reads path (below /beta, with a leading slash, its segments escaped by the caller with Segment) and decodes the answer
// into a value.
func (c *Client) Get(ctx context.Context, path string, query url.Values, into any) error {
	panic("being written")
}

// Send sends a request with a JSON body (nil for none) and decodes a non-empty answer into a value (nil to drop it). repeat
// tells whether the request may be sent again when it is not known whether it took effect: true for PATCH, PUT, DELETE and
// for actions that are idempotent. It returns the status of a success.
func (c *Client) Send(ctx context.Context, method, path string, body, into any, repeat bool) (int, error) {
	panic("being written")
}

// Pages yields each page's "value" array of a collection, following nextLink, which is sent unchanged. A nextLink that
// repeats, leads to another host or brings nothing new ends it with an error that wraps ErrPaging.
func (c *Client) Pages(ctx context.Context, path string, query url.Values) iter.Seq2[[]json.RawMessage, error] {
	panic("being written")
}

// Segment escapes one path segment.
func Segment(s string) string { return url.PathEscape(s) }
