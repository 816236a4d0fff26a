package apple_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/apple"
)

// Every text of the service, plain and in the double quotes of its older servers.
func TestErrorTexts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status     int
		body, code string
		want       error
		field      string
	}{
		{403, "T_C_NOT_SIGNED", "T_C_NOT_SIGNED", apple.ErrTermsNotSigned, ""},
		{403, "token_expiredForbidden", "token_expired", apple.ErrTokenExpired, ""},
		{403, "oauth_problem=token_rejected", "token_rejected", apple.ErrTokenRejected, ""},
		{401, "token_rejected", "token_rejected", apple.ErrTokenRejected, ""},
		{403, "signature_invalid", "signature_invalid", apple.ErrSignatureInvalid, ""},
		{401, "oauth_problem_adviceUnauthorized", "oauth_problem_adviceUnauthorized", apple.ErrUnauthorized, ""},
		{401, "", "", apple.ErrUnauthorized, ""},
		{400, "oauth_problem_adviceBad Request", "oauth_problem_adviceBad Request", apple.ErrBadOAuth, ""},
		{403, "ACCESS_DENIED", "ACCESS_DENIED", apple.ErrAccessDenied, ""},
		{403, "FORBIDDEN", "FORBIDDEN", apple.ErrForbidden, ""},
		{403, "APPLE_SEED_FOR_IT_TURNED_OFF", "APPLE_SEED_FOR_IT_TURNED_OFF", apple.ErrForbidden, ""},
		{403, "", "", apple.ErrForbidden, ""},
		{400, "INVALID_CURSOR", "INVALID_CURSOR", apple.ErrInvalidCursor, ""},
		{400, "EXPIRED_CURSOR", "EXPIRED_CURSOR", apple.ErrExpiredCursor, ""},
		{400, "EXHAUSTED_CURSOR", "EXHAUSTED_CURSOR", apple.ErrExhaustedCursor, ""},
		{400, "CURSOR_REQUIRED", "CURSOR_REQUIRED", apple.ErrCursorRequired, ""},
		{400, "NOT_FOUND", "NOT_FOUND", apple.ErrNotFound, ""},
		{400, "PROFILE_NOT_FOUND", "PROFILE_NOT_FOUND", apple.ErrNotFound, ""},
		{400, "DEVICE_NOT_FOUND", "DEVICE_NOT_FOUND", apple.ErrNotFound, ""},
		{404, "PROFILE_NOT_FOUND", "PROFILE_NOT_FOUND", apple.ErrNotFound, ""},
		{404, "", "", apple.ErrUnexpectedAnswer, ""},
		{404, "404 page not found", "", apple.ErrUnexpectedAnswer, ""},
		{404, "ROUTE_NOT_FOUND", "", apple.ErrUnexpectedAnswer, ""},
		{404, "<html><body>NOT_FOUND", "", apple.ErrUnexpectedAnswer, ""},
		{429, "TOO_MANY_REQUESTS", "TOO_MANY_REQUESTS", apple.ErrTooManyRequests, ""},
		{429, "", "", apple.ErrTooManyRequests, ""},
		{400, "MALFORMED_REQUEST_BODY", "MALFORMED_REQUEST_BODY", apple.ErrMalformedRequest, ""},
		{400, "DEVICE_ID_REQUIRED", "DEVICE_ID_REQUIRED", apple.ErrMalformedRequest, ""},
		{400, "PROFILE_UUID_REQUIRED", "PROFILE_UUID_REQUIRED", apple.ErrMalformedRequest, ""},
		{400, "USER_AGENT_MISSING", "USER_AGENT_MISSING", apple.ErrUserAgent, ""},
		{400, "USER_AGENT_INVALID", "USER_AGENT_INVALID", apple.ErrUserAgent, ""},
		{400, "CONFIG_NAME_REQUIRED", "CONFIG_NAME_REQUIRED", apple.ErrProfileRefused, "profile_name"},
		{400, "CONFIG_NAME_INVALID", "CONFIG_NAME_INVALID", apple.ErrProfileRefused, "profile_name"},
		{400, "CONFIG_URL_REQUIRED", "CONFIG_URL_REQUIRED", apple.ErrProfileRefused, "url"},
		{400, "CONFIG_URL_INVALID", "CONFIG_URL_INVALID", apple.ErrProfileRefused, "url"},
		{400, "DEPARTMENT_INVALID", "DEPARTMENT_INVALID", apple.ErrProfileRefused, "department"},
		{400, "DEPARTMENT_REQUIRED", "DEPARTMENT_REQUIRED", apple.ErrProfileRefused, "department"},
		{400, "FLAGS_INVALID", "FLAGS_INVALID", apple.ErrProfileRefused, "is_mdm_removable"},
		{400, "LOCALE_INVALID", "LOCALE_INVALID", apple.ErrProfileRefused, "language"},
		{400, "MAGIC_INVALID", "MAGIC_INVALID", apple.ErrProfileRefused, "org_magic"},
		{400, "SUPPORT_EMAIL_INVALID", "SUPPORT_EMAIL_INVALID", apple.ErrProfileRefused, "support_email_address"},
		{400, "SUPPORT_PHONE_INVALID", "SUPPORT_PHONE_INVALID", apple.ErrProfileRefused, "support_phone_number"},
		{400, "SUPPORT_PHONE_REQUIRED", "SUPPORT_PHONE_REQUIRED", apple.ErrProfileRefused, "support_phone_number"},
		{400, "SOMETHING_NEW", "", nil, ""},
		{500, "INVALID_CURSOR", "", nil, ""},
	} {
		for _, body := range []string{c.body, `"` + c.body + "\"\n"} {
			f := &fake{onCall: func(_ int, w http.ResponseWriter, _ *http.Request) bool {
				w.Header().Set("X-Apple-Request-UUID", "b1c2-d3")
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(body))

				return true
			}}
			_, err := start(t, f).DefineProfile(t.Context(), apple.Profile{})
			var answered *apple.Error
			if !errors.As(err, &answered) {
				t.Fatalf("%d %q: no *Error: %v", c.status, body, err)
			}
			if body[:min(len(body), 1)] == `"` && strings.Contains(body, "<") {
				continue // a quoted web page is none
			}
			if answered.Status != c.status || answered.Code != c.code || answered.RequestID != "b1c2-d3" ||
				answered.Method != http.MethodPost || answered.Path != "/profile" || strings.Contains(answered.Body, `"`) {
				t.Errorf("%d %q: %+v", c.status, body, answered)
			}
			if c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("%d %q is not %v", c.status, body, c.want)
			}
			if c.want == nil && errors.Unwrap(answered) != nil {
				t.Errorf("%d %q is %v", c.status, body, errors.Unwrap(answered))
			}
			var refused *apple.ProfileRefusedError
			if errors.As(err, &refused) != (c.field != "") || refused != nil && (refused.Field != c.field || refused.Code != c.code) {
				t.Errorf("%d %q: refused %+v", c.status, body, refused)
			}
			if !strings.Contains(err.Error(), "b1c2-d3") {
				t.Errorf("%q does not name the request", err)
			}
		}
	}
}

// What is not the service's must not read as "gone": what is gone is taken out of state.
func TestOnlyTheServicesOwn404IsNotFound(t *testing.T) {
	t.Parallel()
	assign := func(s *apple.Session) error {
		_, err := s.AssignProfile(t.Context(), "U", []string{"A"})

		return err
	}
	replacement := func(s *apple.Session) error {
		_, err := s.ReplacementDetails(t.Context(), "A")

		return err
	}
	remove := func(s *apple.Session) error {
		_, err := s.RemoveProfile(t.Context(), []string{"A"}, "U")

		return err
	}
	for _, c := range []struct {
		name, body string
		call       func(*apple.Session) error
		atLogin    bool
		want       error
	}{
		{"assign, empty", "", assign, false, apple.ErrNotFound},
		{"replacement, empty", "\n", replacement, false, apple.ErrNotFound},
		{"remove, empty", "", remove, false, apple.ErrUnexpectedAnswer},
		{"remove, with a word", "NOT_FOUND", remove, false, apple.ErrNotFound},
		{"assign, of another server", "404 page not found", assign, false, apple.ErrUnexpectedAnswer},
		{"login, of another server", "404 page not found", assign, true, apple.ErrUnexpectedAnswer},
		{"login, empty", "", assign, true, apple.ErrUnexpectedAnswer},
		{"login, with a word", "NOT_FOUND", assign, true, apple.ErrUnexpectedAnswer},
	} {
		answer := func(_ int, w http.ResponseWriter) bool {
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(c.body))

			return true
		}
		f := &fake{onCall: func(n int, w http.ResponseWriter, _ *http.Request) bool { return answer(n, w) }}
		if c.atLogin {
			f = &fake{onLogin: answer}
		}
		err := c.call(start(t, f))
		if !errors.Is(err, c.want) || errors.Is(err, apple.ErrNotFound) != errors.Is(c.want, apple.ErrNotFound) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if errors.Is(err, apple.ErrNoSession) != c.atLogin {
			t.Errorf("%s: whether there was a session is wrong: %v", c.name, err)
		}
	}
}

func TestRetryAfterIsInTheError(t *testing.T) {
	t.Parallel()
	f := &fake{onCall: func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Retry-After", "30")
		w.WriteHeader(http.StatusTooManyRequests)

		return true
	}}
	_, err := start(t, f).DefineProfile(t.Context(), apple.Profile{})
	var answered *apple.Error
	if !errors.As(err, &answered) || answered.RetryAfter != 30*time.Second || !errors.Is(err, apple.ErrTooManyRequests) {
		t.Errorf("got %v", err)
	}
}
