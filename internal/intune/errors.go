package intune

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/httpx"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune/graph"
)

const laterHelp = "Apply again later: it goes on where it stopped."

// failed turns an error of a request into one of the domain: what was to be done ("read token X"), what was answered, what to
// do. A permission that is missing is named. An error of the domain, as of the sign-in, stays as it is.
func (s *Service) failed(what string, err error) error {
	known, throttled, busy, answer := new(enrollment.Error), new(enrollment.ThrottledError), new(enrollment.SyncInProgressError), new(graph.Error)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known), errors.As(err, &throttled), errors.As(err, &busy):
		return err
	case errors.As(err, &answer) && answer.Status == http.StatusTooManyRequests && !answer.Until.IsZero():
		return &enrollment.ThrottledError{What: fmt.Sprintf("Unable to %s: %v", what, err), Until: answer.Until}
	}
	out := &enrollment.Error{What: "Unable to " + what, Err: err}
	if errors.As(err, &answer) {
		out.Do, out.Kind = refusal(answer)
	} else {
		out.Do, out.Kind = unanswered(err)
	}
	return out
}

// refusal tells what an answer of Microsoft Graph means, and what to do about it.
func refusal(e *graph.Error) (do string, kind error) {
	switch e.Status {
	case http.StatusUnauthorized:
		return signInHelp(e.AppOnly), enrollment.ErrSignIn
	case http.StatusForbidden:
		return permissionHelp(e), enrollment.ErrPermission
	case http.StatusNotFound, http.StatusGone:
		return "", enrollment.ErrNotFound
	case http.StatusConflict, http.StatusPreconditionFailed, http.StatusLocked:
		return "Somebody else has changed it, or is at it. Plan and apply again.", enrollment.ErrConflict
	case http.StatusTooManyRequests:
		return "Microsoft Graph did not say how long to wait. Apply again in a few minutes, and with less -parallelism if it happens often.", enrollment.ErrThrottled
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return "The tenant's Microsoft Graph does not have this request.", enrollment.ErrUnsupported
	case http.StatusRequestTimeout:
		return laterHelp, enrollment.ErrUnavailable
	}
	if e.Status >= http.StatusInternalServerError {
		return troubleHelp(e.Until), enrollment.ErrUnavailable
	}
	if isUnlicensed(e) {
		return "The tenant has no active Intune license, or Intune was never set up in it. See also whether tenant_id names the tenant that you mean.", enrollment.ErrUnsupported
	}
	return "Correct what Microsoft Graph refused and apply again.", enrollment.ErrInvalid
}

// isUnlicensed recognises how Intune answers, with 400, for a tenant that it does not serve.
func isUnlicensed(e *graph.Error) bool {
	return strings.Contains(strings.ToLower(e.Message), "not applicable to target tenant")
}

func troubleHelp(until time.Time) string {
	when := "Apply again later"
	if !until.IsZero() {
		when = "Apply again after " + until.UTC().Format(time.RFC3339)
	}
	return when + ". If it stays, Microsoft's support finds the cause by the request id."
}

func signInHelp(appOnly bool) string {
	who := "the person's access token: sign in again (az login)"
	if appOnly {
		who = "the application's access token: look at tenant_id and client_id"
	}
	return "Microsoft Graph does not accept " + who + ", and whether endpoint and environment are of the same cloud."
}

// unanswered tells what an error without an answer means.
func unanswered(err error) (do string, kind error) {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		do = "The run was interrupted, or its time was up. Apply again."
	case errors.Is(err, httpx.ErrUnanswered):
		do = "It may have taken effect: plan and apply again, which finds out first."
	case errors.Is(err, httpx.ErrNotSent):
		do = "Microsoft Graph could not be reached. Look at the network, the proxy settings and ca_certificates_path, and apply again."
	case errors.Is(err, graph.ErrUnexpectedAnswer), errors.Is(err, httpx.ErrRedirect), errors.Is(err, httpx.ErrBodyTooLarge):
		do = "Something else than Microsoft Graph answered. Look at endpoint, if it is set, and at proxies and web filters, and apply again."
	case errors.Is(err, graph.ErrPaging):
		do = "Not everything could be read, so nothing was concluded from it. Apply again later."
	default:
		do = laterHelp
	}
	if errors.Is(err, httpx.ErrUnanswered) {
		return do, enrollment.ErrUnanswered
	}
	return do, enrollment.ErrUnavailable
}

// inDoubt tells whether a request that must not be repeated may have taken effect although no good answer came.
func inDoubt(err error) bool {
	answer := new(graph.Error)
	switch {
	case err == nil:
		return false
	case errors.As(err, &answer):
		return answer.Status >= http.StatusInternalServerError
	}
	return errors.Is(err, httpx.ErrUnanswered) || errors.Is(err, graph.ErrUnexpectedAnswer)
}

// isGone tells that Graph has no such thing.
func isGone(err error) bool {
	status := graph.StatusOf(err)
	return status == http.StatusNotFound || status == http.StatusGone
}
