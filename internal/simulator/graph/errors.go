package graph

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

// Error is why a method of the simulator refused something. Status is the HTTP status that the admin API gives it.
type Error struct {
	Status  int
	Message string
}

// Error implements error.
func (e *Error) Error() string { return "graph simulator: " + e.Message }

func badRequest(format string, args ...any) error {
	return &Error{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

func notFound(format string, args ...any) error {
	return &Error{http.StatusNotFound, fmt.Sprintf(format, args...)}
}

// statusOf is the HTTP status for an error of a method.
func statusOf(err error) int {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Status
	}
	if e, ok := errors.AsType[*apple.Error](err); ok {
		return e.Status
	}
	return http.StatusInternalServerError
}
