package apple

import (
	"errors"
	"fmt"
	"net/http"
)

// Error is why the portal refused something. Status is the HTTP status that the portal API gives it.
type Error struct {
	Status  int
	Message string
}

// Error implements error.
func (e *Error) Error() string { return "apple simulator: " + e.Message }

func badRequest(format string, args ...any) error {
	return &Error{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

func notFound(format string, args ...any) error {
	return &Error{http.StatusNotFound, fmt.Sprintf(format, args...)}
}

func conflict(format string, args ...any) error {
	return &Error{http.StatusConflict, fmt.Sprintf(format, args...)}
}

// statusOf is the HTTP status for an error of a portal method.
func statusOf(err error) int {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Status
	}
	return http.StatusInternalServerError
}
