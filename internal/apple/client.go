// Package apple speaks to Apple's device enrollment service (Apple: Device Assignment): sessions, paging, devices and
// profiles, in Apple's own names. It knows nothing of Terraform, of a store or of rules; it does what it is told and says
// exactly what was answered.
package apple

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/httpx"
)

const (
	// DefaultBaseURL is Apple's service.
	DefaultBaseURL = "https://mdmenrollment.apple.com"

	// ProtocolVersion is sent with every request. 10 adds retry_after_seconds, network addresses and replacements (Apple:
	// Assign a profile, Device).
	ProtocolVersion = "10"

	// MaxAssign is the number of devices that Apple advises as the most in one assign request (Apple: Assign a profile).
	MaxAssign = 1000
)

// Options configures a Client. The zero value speaks to Apple.
type Options struct {
	// BaseURL is where the service is: https, or http to a literal loopback address. Empty is DefaultBaseURL.
	BaseURL string

	// Version of the provider, for the user agent: Apple refuses requests without one.
	Version string

	// HTTP are retries, waits, time limits and transport. Version, Attempt and FreshConnections are set here.
	HTTP httpx.Options

	// Now is the clock for Retry-After, and for telling a wrong clock of this machine; nil is time.Now. The OAuth timestamp
	// is always the system's time.
	Now func() time.Time
}

// Client holds the connections to the service and one Session per token.
type Client struct {
	base    *url.URL
	options Options

	mu       sync.Mutex
	sessions map[Credentials]*Session
}

// NewClient checks the options and makes a Client. It sends nothing.
func NewClient(options Options) (*Client, error) {
	if options.BaseURL == "" {
		options.BaseURL = DefaultBaseURL
	}
	base, err := httpx.CheckURL(options.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("address of Apple's device enrollment service: %w", err)
	}
	base.Path = strings.TrimRight(base.Path, "/")
	if options.Now == nil {
		options.Now = time.Now //nolint:forbidigo // the default of an injected clock
	}
	options.HTTP.Version = options.Version
	options.HTTP.Now = options.Now
	if options.HTTP.Transport == nil {
		options.HTTP.Transport = httpx.NewTransport() // one for all sessions
	}

	return &Client{base: base, options: options, sessions: map[Credentials]*Session{}}, nil
}

// Session returns the session of a token: always the same for the same credentials, because Apple may not support
// several at once (nanodep's sources warn of it). It logs in when it is first used.
func (c *Client) Session(credentials Credentials) *Session {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok := c.sessions[credentials]
	if !ok {
		s = newSession(c, credentials)
		c.sessions[credentials] = s
	}

	return s
}
