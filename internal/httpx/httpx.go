// Package httpx is the one place where HTTP is set up: retries by go-retryablehttp, Retry-After, jittered back-off, time
// limits per attempt, the user agent, redirects, and logs without secrets.
//
// A request is retried only if its context says that it may be repeated (Repeatable, RepeatableIfRefused). A request that
// is not answered comes back as a *TransportError that tells whether it may have reached the server (ErrUnanswered) or
// cannot have (ErrNotSent).
package httpx

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// Defaults of Options.
const (
	DefaultMaxRetries     = 4
	DefaultMinWait        = time.Second
	DefaultMaxWait        = 30 * time.Second
	DefaultMaxRetryAfter  = time.Minute
	DefaultAttemptTimeout = time.Minute
	DefaultMaxBody        = 64 << 20
)

// Options configures a Client. The zero value works.
type Options struct {
	// Version of the provider, for the user agent; empty is "dev".
	Version string

	// MaxRetries is the number of attempts after the first; zero is DefaultMaxRetries, negative is none.
	MaxRetries int

	// MinWait and MaxWait bound the exponential back-off. Zero is the default.
	MinWait, MaxWait time.Duration

	// MaxRetryAfter is the longest Retry-After that is waited for; a longer one is a *RetryLaterError.
	MaxRetryAfter time.Duration

	// AttemptTimeout bounds one attempt, from the dial to the last byte of the body.
	AttemptTimeout time.Duration

	// MaxBody is the largest response body in bytes, after decompression.
	MaxBody int64

	// FreshConnections makes every attempt on a connection of its own. net/http by itself sends a GET a second time when a
	// reused connection breaks, with the same headers: wrong for requests that carry a one-time signature.
	FreshConnections bool

	// Attempt wraps the transport below the retrier: what it puts on a request is made anew for every attempt. It must
	// clone the request before changing it.
	Attempt func(next http.RoundTripper) http.RoundTripper

	// Transport is the innermost transport; nil is a clone of http.DefaultTransport (proxies from the environment, TLS
	// defaults, HTTP/2).
	Transport http.RoundTripper

	// RetryAfter reads from an answer, whose body Bytes gives, how long the server asks to wait; zero is no word of it. nil
	// is the function RetryAfter on the header.
	RetryAfter func(resp *http.Response, now time.Time) time.Duration

	// Now is the clock by which a Retry-After date is read; nil is time.Now.
	Now func() time.Time

	// Wait waits for d or until ctx is done, and then returns ctx's error; nil waits with a timer. Tests inject it.
	Wait func(ctx context.Context, d time.Duration) error

	// Random returns a number in [0, 1) for the jitter; nil is math/rand.
	Random func() float64
}

func (o Options) withDefaults() Options {
	if o.MaxRetries == 0 {
		o.MaxRetries = DefaultMaxRetries
	}
	o.MaxRetries = max(o.MaxRetries, 0)
	setDefault(&o.MinWait, DefaultMinWait)
	setDefault(&o.MaxWait, max(DefaultMaxWait, o.MinWait))
	setDefault(&o.MaxRetryAfter, DefaultMaxRetryAfter)
	setDefault(&o.AttemptTimeout, DefaultAttemptTimeout)
	setDefault(&o.MaxBody, DefaultMaxBody)
	if o.RetryAfter == nil {
		o.RetryAfter = func(resp *http.Response, now time.Time) time.Duration { return RetryAfter(resp.Header, now) }
	}
	if o.Now == nil {
		o.Now = time.Now //nolint:forbidigo // the default of an injected clock
	}
	if o.Wait == nil {
		o.Wait = wait
	}
	if o.Random == nil {
		o.Random = rand.Float64
	}

	return o
}

func setDefault[T int64 | time.Duration](field *T, value T) {
	if *field <= 0 {
		*field = value
	}
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// Client sends requests. It is safe for concurrent use.
type Client struct {
	options   Options
	userAgent string
	http      *http.Client
}

// New makes a Client. It reads TF_APPEND_USER_AGENT, and by the default transport the proxy variables.
func New(options Options) *Client {
	options = options.withDefaults()
	var transport http.RoundTripper = &wire{next: baseTransport(options)}
	if options.Attempt != nil {
		transport = options.Attempt(transport)
	}

	return &Client{
		options:   options,
		userAgent: UserAgent(options.Version),
		http: &http.Client{
			Transport:     &attempt{next: transport, options: options},
			CheckRedirect: checkRedirect,
		},
	}
}

// Do sends req, and again if it may be repeated (Repeatable) and the connection failed or the answer was 429, 502, 503 or
// 504, or if it certainly took no effect and may be repeated then (RepeatableIfRefused). Whatever status remains at the end
// is an answer, not an error. The body of the response has been read into memory; closing it is good manners only. req is
// not changed, its body is used up. Errors: *TransportError, *RetryLaterError, *RedirectError.
func (c *Client) Do(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	state := &exchange{options: c.options, repeatable: isRepeatable(ctx), ifRefused: isRepeatableIfRefused(ctx)}
	req = req.Clone(withExchange(ctx, state))
	req.Header.Set("User-Agent", c.userAgent)
	retryable, err := retryablehttp.FromRequest(req)
	if err != nil {
		return nil, state.failure(req, err)
	}
	retrier := &retryablehttp.Client{
		HTTPClient:   c.http,
		RetryMax:     c.options.MaxRetries,
		CheckRetry:   state.check,
		Backoff:      state.backoff,
		PrepareRetry: state.wait,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	resp, err := retrier.Do(retryable)
	if err != nil {
		if resp != nil {
			_ = resp.Body.Close()
		}

		return nil, state.failure(req, err)
	}

	return resp, nil
}
