package httpx

import (
	"context"
	"errors"
	"math"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

type repeatableKey struct{}

// Repeatable marks the requests of ctx as ones that may be sent again: sending them twice is the same as once.
func Repeatable(ctx context.Context) context.Context {
	return context.WithValue(ctx, repeatableKey{}, true)
}

func isRepeatable(ctx context.Context) bool {
	repeatable, _ := ctx.Value(repeatableKey{}).(bool)

	return repeatable
}

type refusedKey struct{}

// RepeatableIfRefused marks the requests of ctx as ones that must not take effect twice, but may be sent again where it is
// certain that they took none: no connection was made, or the server answered 429, or 503 with a Retry-After. A 503
// without one may be a gateway's, and come after the work was done.
func RepeatableIfRefused(ctx context.Context) context.Context {
	return context.WithValue(ctx, refusedKey{}, true)
}

func isRepeatableIfRefused(ctx context.Context) bool {
	repeatable, _ := ctx.Value(refusedKey{}).(bool)

	return repeatable
}

type finalKey struct{}

// Final makes a status an answer for the requests of ctx, whatever else marks them: it is given to the caller at once.
func Final(ctx context.Context, status int) context.Context {
	return context.WithValue(ctx, finalKey{}, status)
}

func isFinal(ctx context.Context, status int) bool {
	final, ok := ctx.Value(finalKey{}).(int)

	return ok && final == status
}

type tolerantKey struct{}

type tolerance struct{ status, times int }

// Tolerant takes a status of the requests of ctx, where they are Repeatable, for one that another attempt may not see, so
// many times: it then is the answer.
func Tolerant(ctx context.Context, status, times int) context.Context {
	return context.WithValue(ctx, tolerantKey{}, tolerance{status, times})
}

// exchange is what one Client.Do knows about its attempts. The retrier calls its methods one after the other; sent is also
// set from the transport's goroutines.
type exchange struct {
	options    Options
	repeatable bool
	ifRefused  bool
	attempts   int
	tolerated  int
	delay      time.Duration
	sent       atomic.Bool
}

type exchangeKey struct{}

func withExchange(ctx context.Context, e *exchange) context.Context {
	return context.WithValue(ctx, exchangeKey{}, e)
}

func exchangeOf(ctx context.Context) *exchange {
	e, _ := ctx.Value(exchangeKey{}).(*exchange)

	return e
}

// check decides after an attempt whether there is another (retryablehttp.CheckRetry).
func (e *exchange) check(ctx context.Context, resp *http.Response, err error) (bool, error) {
	if ctx.Err() != nil {
		return false, nil //nolint:nilerr // the retrier keeps the attempt's own error
	}
	if err != nil {
		return (e.repeatable || e.ifRefused && !e.sent.Load()) && isPassing(err), nil
	}
	if isFinal(ctx, resp.StatusCode) || !isPassingStatus(resp.StatusCode) && !e.tolerates(ctx, resp.StatusCode) {
		return false, nil
	}
	e.delay = e.options.RetryAfter(resp, e.options.Now())
	if !e.repeatable {
		if !e.ifRefused || !e.isRefusal(resp.StatusCode) {
			return false, nil
		}
		e.sent.Store(false) // what was sent is answered for
	}
	if e.delay > e.options.MaxRetryAfter {
		return false, &RetryLaterError{
			Method: resp.Request.Method, Host: resp.Request.URL.Host, Path: resp.Request.URL.Path, Status: resp.StatusCode,
			Until: e.options.Now().Add(e.delay), Header: resp.Header, Body: Bytes(resp),
		}
	}

	return true, nil
}

func (e *exchange) tolerates(ctx context.Context, status int) bool {
	tolerant, _ := ctx.Value(tolerantKey{}).(tolerance)
	if !e.repeatable || status != tolerant.status || e.tolerated >= tolerant.times {
		return false
	}
	e.tolerated++

	return true
}

// isRefusal tells whether a passing status says for certain that nothing was done.
func (e *exchange) isRefusal(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable && e.delay > 0
}

func isPassingStatus(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	default:
		return false
	}
}

// isPassing tells a failure of the connection that another attempt may not see from one that stays: a certificate that is
// not trusted, a host that does not exist, a failure above the wire.
func isPassing(err error) bool {
	var (
		failed   *wireError
		notFound *net.DNSError
	)
	if !errors.As(err, &failed) || IsUntrusted(err) {
		return false
	}

	return !errors.As(err, &notFound) || !notFound.IsNotFound
}

// backoff stores how long to wait before the next attempt and tells the retrier not to wait itself: its timer cannot be
// injected. A Retry-After wins over the exponential back-off, which is jittered between half and whole, so that parallel
// runs do not come back together.
func (e *exchange) backoff(_, _ time.Duration, attempt int, _ *http.Response) time.Duration {
	if e.delay <= 0 {
		whole := e.options.MaxWait
		if factor := math.Pow(2, float64(attempt)); factor < float64(e.options.MaxWait/e.options.MinWait) {
			whole = time.Duration(factor) * e.options.MinWait
		}
		e.delay = whole/2 + time.Duration(e.options.Random()*float64(whole-whole/2))
	}

	return 0
}

func (e *exchange) wait(req *http.Request) error {
	delay := e.delay
	e.delay = 0

	return e.options.Wait(req.Context(), delay)
}

// failure gives an error its final form.
func (e *exchange) failure(req *http.Request, err error) error {
	var (
		later    *RetryLaterError
		redirect *RedirectError
		inURL    *url.Error
		onWire   *wireError
	)
	switch {
	case errors.As(err, &later):
		return later
	case errors.As(err, &redirect):
		return redirect
	case errors.As(err, &onWire):
		err = onWire.err
	case errors.As(err, &inURL): // its text has the query
		err = inURL.Err
	}

	return &TransportError{
		Method: req.Method, Host: req.URL.Host, Path: req.URL.Path, Sent: e.sent.Load(), Attempts: e.attempts, Err: err,
	}
}

// maxDelay keeps the arithmetic of absurd Retry-After values in range.
const maxDelay = 365 * 24 * time.Hour

// RetryAfter reads the Retry-After header as the time from now on: an HTTP date or seconds (RFC 9110 10.2.3), which
// Microsoft Graph sends with fractions, too ("2.128"). It is zero if there is none, it is not readable, or it lies in the
// past.
func RetryAfter(header http.Header, now time.Time) time.Duration {
	value := strings.TrimSpace(header.Get("Retry-After"))
	if seconds, err := strconv.ParseFloat(value, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		return delayOf(seconds)
	}
	date, err := http.ParseTime(value)
	if err != nil {
		return 0
	}

	return min(max(date.Sub(now), 0), maxDelay)
}

func delayOf(seconds float64) time.Duration {
	switch {
	case seconds > maxDelay.Seconds():
		return maxDelay
	case seconds > 0:
		return time.Duration(seconds * float64(time.Second))
	default: // not a number is here, too
		return 0
	}
}
