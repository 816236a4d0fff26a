package apple

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// What Apple's service can answer. Every one is found with errors.Is in an *Error, which has the details. What a person can
// do about it is for the caller to say.
var (
	// ErrTermsNotSigned: 403 T_C_NOT_SIGNED, on any call. Acceptance can take a while to be seen.
	ErrTermsNotSigned = errors.New("new terms and conditions wait to be accepted")

	// ErrTokenExpired: 403 token_expired, the server token is older than a year.
	ErrTokenExpired = errors.New("the server token has expired")

	// ErrTokenRejected: token_rejected, the server token was revoked or replaced by a newer one.
	ErrTokenRejected = errors.New("the server token was revoked, or replaced by one downloaded later")

	// ErrSignatureInvalid: signature_invalid, consumer or access secret are wrong.
	ErrSignatureInvalid = errors.New("the secrets of the server token are wrong")

	// ErrUnauthorized: 401 without a reason that is known.
	ErrUnauthorized = errors.New("not authorized: the server token is not valid any more, or this machine's clock is wrong")

	// ErrBadOAuth: 400 oauth_problem_adviceBad Request.
	ErrBadOAuth = errors.New("the sign-in request was not understood")

	// ErrAccessDenied: 403 ACCESS_DENIED.
	ErrAccessDenied = errors.New("the MDM server may not do this")

	// ErrForbidden: 403 FORBIDDEN, at sign-in when the person who made the token was deleted, and every other 403.
	ErrForbidden = errors.New("forbidden: the person who downloaded the server token may have been removed from Apple School " +
		"Manager")

	// ErrInvalidCursor, ErrExpiredCursor (older than 7 days), ErrExhaustedCursor (everything was returned already) and
	// ErrCursorRequired: 400 on fetch and sync.
	ErrInvalidCursor   = errors.New("the cursor is not valid")
	ErrExpiredCursor   = errors.New("the cursor is older than 7 days")
	ErrExhaustedCursor = errors.New("the cursor has returned everything")
	ErrCursorRequired  = errors.New("a cursor is required")

	// ErrRepeatedCursor: the service answered more_to_follow with a cursor that it had given before, which never ends
	// (seen on the real service).
	ErrRepeatedCursor = errors.New("the service returned the same cursor again")

	// ErrNotFound: 400 or 404 with NOT_FOUND, PROFILE_NOT_FOUND or DEVICE_NOT_FOUND, or 404 without a body where one is
	// documented. Any other 404 is ErrUnexpectedAnswer.
	ErrNotFound = errors.New("not found")

	// ErrTooManyRequests: 429.
	ErrTooManyRequests = errors.New("too many requests")

	// ErrProfileRefused: 400 on DefineProfile; errors.As *ProfileRefusedError has the field.
	ErrProfileRefused = errors.New("the profile was refused")

	// ErrMalformedRequest: 400 MALFORMED_REQUEST_BODY, DEVICE_ID_REQUIRED, PROFILE_UUID_REQUIRED.
	ErrMalformedRequest = errors.New("the request was not understood")

	// ErrUserAgent: 400 USER_AGENT_MISSING or USER_AGENT_INVALID.
	ErrUserAgent = errors.New("the user agent was refused")

	// ErrOutcomeUnknown: a call that is not repeated was sent, and whether it was done is not known: no answer
	// (httpx.ErrUnanswered), an answer 5xx, or a success that could not be read.
	ErrOutcomeUnknown = errors.New("it is not known whether the request was carried out")

	// ErrUnexpectedAnswer: a success whose body is not what Apple documents, such as the page of a web filter, or a 404 that
	// is not the service's.
	ErrUnexpectedAnswer = errors.New("the answer is not one of Apple's device enrollment service")

	// ErrNoSession: the call itself was never sent, because there was no session for it. The cause is found beside it.
	ErrNoSession = errors.New("there was no session")
)

// noSessionError is ErrNoSession in the words of its cause.
type noSessionError struct{ cause error }

func (e *noSessionError) Error() string        { return e.cause.Error() }
func (e *noSessionError) Unwrap() error        { return e.cause }
func (e *noSessionError) Is(target error) bool { return target == ErrNoSession }

// Error is an answer other than 200.
type Error struct {
	// Status is the HTTP status, Code the word of Apple's that was found in the body, such as "T_C_NOT_SIGNED"; empty if
	// there was none.
	Status int
	Code   string

	// Body is the beginning of the body, at most 200 characters, without control characters and secrets.
	Body string

	// RequestID is X-Apple-Request-UUID, to name in a support case.
	RequestID string

	Method, Path string

	// RetryAfter is how long the service asks to wait; zero if it did not say.
	RetryAfter time.Duration

	// ClockSkew is how far this machine's clock is ahead of the service's (negative: behind); zero if not known or under
	// a second. OAuth signatures of a wrong clock are refused.
	ClockSkew time.Duration

	kind  error
	field string
}

func (e *Error) Error() string {
	var b strings.Builder
	if e.kind != nil {
		fmt.Fprintf(&b, "%v: ", e.kind)
	}
	fmt.Fprintf(&b, "%s %s answered %d %s", e.Method, e.Path, e.Status, http.StatusText(e.Status))
	if e.Body != "" {
		fmt.Fprintf(&b, " %q", e.Body)
	}
	if e.RequestID != "" {
		fmt.Fprintf(&b, ", request id %s", e.RequestID)
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(&b, ", try again in %s", e.RetryAfter)
	}
	if e.blamesClock() {
		fmt.Fprintf(&b, "; the clock of this machine differs from Apple's by %s, which alone makes a sign-in fail: set it first",
			e.ClockSkew.Abs())
	}

	return b.String()
}

// blamesClock tells whether a wrong clock explains the answer.
func (e *Error) blamesClock() bool {
	const tolerated = 5 * time.Minute

	return e.ClockSkew.Abs() > tolerated &&
		(errors.Is(e.kind, ErrUnauthorized) || errors.Is(e.kind, ErrBadOAuth) || errors.Is(e.kind, ErrSignatureInvalid))
}

// Unwrap gives the sentinel.
func (e *Error) Unwrap() error { return e.kind }

// ProfileRefusedError is ErrProfileRefused with the code and the field of Profile that it is about. It unwraps to *Error.
type ProfileRefusedError struct {
	// Code is Apple's, such as "CONFIG_URL_INVALID".
	Code string

	// Field is the JSON name in Profile, such as "url".
	Field string

	Err *Error
}

func (e *ProfileRefusedError) Error() string {
	return fmt.Sprintf("%v (%s is about %s)", e.Err, e.Code, e.Field)
}

func (e *ProfileRefusedError) Unwrap() error { return e.Err }

// Is makes errors.Is(err, ErrProfileRefused) true.
func (e *ProfileRefusedError) Is(target error) bool { return target == ErrProfileRefused }
