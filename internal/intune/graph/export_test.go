package graph

import (
	"net/http"
	"time"
)

// Refused makes the error of an answer.
func Refused(status int, header http.Header, body []byte, now time.Time) *Error {
	c := &Client{options: Options{Now: func() time.Time { return now }}}
	return c.refused(call{method: http.MethodPost, path: "/x"}, status, header, body)
}
