package graph

import (
	"errors"
	"fmt"
	"time"
)

// ErrPaging means that a collection's links lead in a circle or away.
var ErrPaging = errors.New("paging went wrong")

// Error is an answer that is no success.
type Error struct {
	// Method and Path name the request; the query is left out.
	Method, Path string
	// Status is the HTTP status.
	Status int
	// Code is error.code: BadRequest, Forbidden, ResourceNotFound, TooManyRequests, ...
	Code string
	// Message is error.message; where that is a JSON document, its inner Message, without what is for Microsoft's support.
	Message string
	// RequestID is the request-id of the answer: header or inner error.
	RequestID string
	// Until is when the service may be asked again, from Retry-After (seconds, fractions, a date) or the inner RetryAfter; zero
	// where the answer does not say.
	Until time.Time
	// AppOnly: an application was signed in, not a person.
	AppOnly bool
}

// Error says what was asked and what was answered.
func (e *Error) Error() string {
	return fmt.Sprintf("%s %s: Microsoft Graph answered %d %s: %s (request id %s)", e.Method, e.Path, e.Status, e.Code, e.Message, e.RequestID)
}

// StatusOf is the status of a Graph error inside err, 0 where there is none.
func StatusOf(err error) int {
	if e := new(Error); errors.As(err, &e) {
		return e.Status
	}
	return 0
}
