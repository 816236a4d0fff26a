package embedded

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/asm-enrollment/terraform-provider-asm/internal/apple"
	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded/store"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/httpx"
)

// refusalOf tells which state of the token an answer of Apple's means; empty for an answer that says nothing of it.
func refusalOf(err error) enrollment.TokenStatus {
	switch {
	case errors.Is(err, apple.ErrTermsNotSigned):
		return enrollment.TermsNotAccepted
	case errors.Is(err, apple.ErrTokenExpired):
		return enrollment.Expired
	case errors.Is(err, apple.ErrTokenRejected), errors.Is(err, apple.ErrSignatureInvalid), errors.Is(err, apple.ErrUnauthorized),
		errors.Is(err, apple.ErrForbidden):
		return enrollment.Revoked
	}
	return ""
}

const (
	renewHelp = "Download a new server token (.p7m) for its MDM server in Apple School Manager and upload it."
	termsHelp = "Sign in to Apple School Manager as an administrator and accept the new terms; it can take a while until Apple's service knows."
	laterHelp = "Apply again later: it goes on where it stopped."
)

// appleError says what an answer of Apple's means for a person. doing is what was tried: "sync token X".
func appleError(doing string, err error) error {
	if err == nil {
		return nil
	}
	if known := new(enrollment.Error); errors.As(err, &known) {
		return err
	}
	e := &enrollment.Error{Kind: enrollment.ErrUnavailable, What: "Unable to " + doing, Err: err}
	refused := new(apple.ProfileRefusedError)
	switch refusal := refusalOf(err); {
	case refusal == enrollment.TermsNotAccepted:
		e.Kind, e.Do = enrollment.ErrTermsNotAccepted, termsHelp
	case refusal == enrollment.Expired:
		e.Kind, e.Do = enrollment.ErrTokenExpired, renewHelp
	case refusal == enrollment.Revoked:
		e.Kind, e.Do = enrollment.ErrTokenRevoked, renewHelp
	case errors.As(err, &refused):
		e.Kind, e.Field, e.Do = enrollment.ErrInvalid, fieldOf(refused.Field), "Correct the value: Apple refused it."
	case errors.Is(err, apple.ErrNotFound):
		e.Kind = enrollment.ErrNotFound
	case errors.Is(err, httpx.ErrNotSent):
		e.Do = "Apple's service could not be reached. Look at the network and apply again."
	case errors.Is(err, apple.ErrOutcomeUnknown), errors.Is(err, httpx.ErrUnanswered):
		e.Kind, e.Do = enrollment.ErrUnanswered, laterHelp
	case errors.Is(err, apple.ErrUnexpectedAnswer):
		e.Do = "Something else than Apple's service answered. Look at the provider's apple_url, if it is set, and at proxies and web filters, and apply again."
	default:
		e.Do = laterHelp
	}
	return e
}

// fieldOf is the attribute that a field of Apple's profile comes from.
func fieldOf(appleField string) string {
	fields := map[string]string{
		"profile_name": "name", "url": "enrollment_url", "is_mdm_removable": "locked_enrollment",
		"support_phone_number": "department_phone", "support_email_address": "support_email",
	}
	if field, ok := fields[appleField]; ok {
		return field
	}
	return appleField
}

// inDoubt tells whether a request may have taken effect although no good answer came. Nothing is in doubt that was not
// sent, and nothing that Apple refused.
func inDoubt(err error) bool {
	answer, later := new(apple.Error), new(httpx.RetryLaterError)
	switch {
	case err == nil, errors.Is(err, httpx.ErrNotSent), errors.Is(err, apple.ErrNoSession), errors.As(err, new(*notSentError)):
		return false
	case errors.As(err, &later):
		return later.Status != http.StatusTooManyRequests
	case errors.Is(err, apple.ErrOutcomeUnknown):
		return true
	case errors.As(err, &answer):
		return answer.Status >= http.StatusInternalServerError
	}
	return true // no answer, one that could not be read, or one that could not be recorded
}

// session is the use of a token's server token. Errors: ErrNotFound, ErrNoServerToken, ErrTokenExpired.
func (s *Service) session(ctx context.Context, tokenID string) (*apple.Session, store.Token, error) {
	t, err := s.tokenRow(ctx, tokenID)
	if err != nil {
		return nil, t, err
	}
	if t.ServerToken == nil {
		return nil, t, &enrollment.Error{
			Kind: enrollment.ErrNoServerToken, What: fmt.Sprintf("Token %q is still waiting for its server token", t.Name),
			Do: "In Apple School Manager, upload its public key (.pem) to an MDM server, download the server token (.p7m), and give that file to the token.",
		}
	}
	if !s.now().Before(t.ExpiresAt) {
		return nil, t, &enrollment.Error{
			Kind: enrollment.ErrTokenExpired, What: fmt.Sprintf("The server token of token %q expired on %s", t.Name, t.ExpiresAt.Format("2 January 2006")), Do: renewHelp,
		}
	}
	credentials, err := s.credentials(ctx, t)
	if err != nil {
		return nil, t, err
	}
	return s.apple.Session(credentials), t, nil
}

func (s *Service) tokenRow(ctx context.Context, id string) (store.Token, error) {
	var t store.Token
	err := s.store.Read(ctx, func(q *store.Queries) (err error) {
		t, err = q.Token(ctx, id)
		return err
	})
	return t, err
}

// note records what an answer of Apple's, nil for a good one, says of the server token. It is called by changes only.
// That it cannot be recorded is no reason to fail: the next answer says the same.
func (s *Service) note(ctx context.Context, t store.Token, answer error) {
	refusal := refusalOf(answer)
	if (answer != nil && refusal == "") || refusal == t.Refusal {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.recordWithin)
	defer cancel()
	_ = s.store.Write(ctx, func(tx *store.Tx) error { return tx.SetRefusal(ctx, t.ID, refusal) })
}
