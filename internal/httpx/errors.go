package httpx

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

var (
	// ErrUnanswered means that a request may have reached the server, and that no whole answer came. Whether it took
	// effect is not known.
	ErrUnanswered = errors.New("the request was sent, but no answer came")

	// ErrNotSent means that a request did not leave this machine: no connection was made. It took no effect.
	ErrNotSent = errors.New("the request could not be sent")

	// ErrRetryLater means that the server asked to wait longer than a client does by itself.
	ErrRetryLater = errors.New("the server asks to try again later")

	// ErrRedirect means that the server answered with a redirect that is not followed.
	ErrRedirect = errors.New("the server redirects to another place")

	// ErrBodyTooLarge means that an answer was larger than Options.MaxBody.
	ErrBodyTooLarge = errors.New("the answer is too large")

	// ErrURL means that a URL is neither https nor http to a literal loopback address.
	ErrURL = errors.New("the URL cannot be used")
)

// TransportError is a request without an answer. It is ErrUnanswered or ErrNotSent for errors.Is, and unwraps to the
// cause.
type TransportError struct {
	// Method, Host and Path name the request; the query is left out, since it may hold what is not for a log.
	Method, Host, Path string

	// Sent tells that a connection was there, so that the request may have reached the server.
	Sent bool

	// Attempts is how often it was tried.
	Attempts int

	Err error
}

func (e *TransportError) Error() string {
	what := ErrNotSent
	if e.Sent {
		what = ErrUnanswered
	}

	return fmt.Sprintf("%s %s%s: %v (attempts: %d): %v", e.Method, e.Host, e.Path, what, e.Attempts, e.Err)
}

func (e *TransportError) Unwrap() error { return e.Err }

// Is makes errors.Is tell ErrUnanswered and ErrNotSent apart.
func (e *TransportError) Is(target error) bool {
	return e.Sent && target == ErrUnanswered || !e.Sent && target == ErrNotSent
}

// RetryLaterError is ErrRetryLater with the time that the server named.
type RetryLaterError struct {
	// Method, Host and Path name the request.
	Method, Host, Path string

	// Status is 429, 502, 503 or 504.
	Status int

	// Until is when the server may be asked again.
	Until time.Time

	// Header and Body are the answer's.
	Header http.Header
	Body   []byte
}

func (e *RetryLaterError) Error() string {
	return fmt.Sprintf("%s %s%s: the server answered %d %s and asks to try again after %s", e.Method, e.Host, e.Path, e.Status,
		http.StatusText(e.Status), e.Until.UTC().Format(time.RFC3339))
}

// Is makes errors.Is(err, ErrRetryLater) true.
func (e *RetryLaterError) Is(target error) bool { return target == ErrRetryLater }

// RedirectError is ErrRedirect with where the server wanted to send the request.
type RedirectError struct {
	// Method, Host and Path name the request.
	Method, Host, Path string

	// Target is scheme and host of the redirect.
	Target string
}

func (e *RedirectError) Error() string {
	return fmt.Sprintf("%s %s%s: the server redirects to %s, which is not followed: a web filter or a proxy with a sign-in page "+
		"may be in between, or the configured address is wrong", e.Method, e.Host, e.Path, e.Target)
}

// Is makes errors.Is(err, ErrRedirect) true.
func (e *RedirectError) Is(target error) bool { return target == ErrRedirect }
