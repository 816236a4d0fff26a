package graph

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

var (
	// ErrPaging means that a collection's links lead in a circle or away.
	ErrPaging = errors.New("paging went wrong")

	// ErrUnexpectedAnswer means that a success has a body that Microsoft Graph would not send. A request that was not to be
	// repeated may have been carried out.
	ErrUnexpectedAnswer = errors.New("the answer is not one of Microsoft Graph")
)

// Error is an answer that is no success.
type Error struct {
	// Method and Path name the request; the query is left out.
	Method, Path string
	// Status is the HTTP status.
	Status int
	// Code is error.code: BadRequest, Forbidden, ResourceNotFound, TooManyRequests, ...; empty if the answer has none.
	Code string
	// Message is error.message; where that is a JSON document, its inner Message, without what is for Microsoft's support. Of
	// an answer that is not Microsoft Graph's it says what it is.
	Message string
	// RequestID is the request-id of the answer: header or inner error, else the activity id in the message.
	RequestID string
	// Until is when the service may be asked again, from Retry-After (seconds, fractions, a date) or the inner RetryAfter; zero
	// where the answer does not say.
	Until time.Time
	// AppOnly: an application was signed in, not a person.
	AppOnly bool
}

// Error says what was asked and what was answered.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: Microsoft Graph answered %d %s", e.Method, e.Path, e.Status, http.StatusText(e.Status))
	if e.Code != "" && !strings.EqualFold(e.Code, strings.ReplaceAll(http.StatusText(e.Status), " ", "")) {
		fmt.Fprintf(&b, " (%s)", e.Code)
	}
	if e.Message != "" {
		b.WriteString(": " + strings.TrimSuffix(e.Message, "."))
	}
	if !e.Until.IsZero() {
		fmt.Fprintf(&b, "; it asks to try again after %s", e.Until.UTC().Format(time.RFC3339))
	}
	if e.RequestID != "" {
		fmt.Fprintf(&b, " (request id %s)", e.RequestID)
	}
	return b.String()
}

// StatusOf is the status of a Graph error inside err, 0 where there is none.
func StatusOf(err error) int {
	if e := new(Error); errors.As(err, &e) {
		return e.Status
	}
	return 0
}

// refused makes the error of an answer.
func (c *Client) refused(call call, status int, header http.Header, body []byte) *Error {
	e := &Error{Method: call.method, Path: call.path, Status: status, AppOnly: c.options.AppOnly}
	said := readAnswer(body)
	e.Code, e.Message, e.RequestID = said.code, said.message, header.Get("request-id")
	if e.RequestID = readable(e.RequestID, maxID); e.RequestID == "" {
		e.RequestID = said.requestID
	}
	now := c.options.Now()
	if delay := delayOf(header, said, now); delay > 0 {
		e.Until = now.Add(delay)
	}
	return e
}
