package apple_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/apple"
	"github.com/asm-enrollment/terraform-provider-asm/internal/httpx"
)

func TestRequestsCarryAppleHeaders(t *testing.T) {
	t.Parallel()
	f := &fake{answer: golden(t, "account.json")}
	if _, err := start(t, f).Account(t.Context()); err != nil {
		t.Fatal(err)
	}
	h := f.calls[0].header
	for name, want := range map[string]string{
		"X-Adm-Auth-Session": "session-1-hush", "X-Server-Protocol-Version": "10",
		"Content-Type": "application/json;charset=UTF8", "User-Agent": "terraform-provider-asm/1.2.3", "Authorization": "",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for _, param := range []string{
		"realm=\"ADM\"", "oauth_consumer_key=\"CK_hush1\"", "oauth_token=\"AT_hush3\"",
		"oauth_signature_method=\"HMAC-SHA1\"", "oauth_version=\"1.0\"", "oauth_signature=\"", "oauth_timestamp=\"",
	} {
		if !strings.Contains(f.oauth[0], param) {
			t.Errorf("%q does not contain %s", f.oauth[0], param)
		}
	}
}

// A nonce that comes twice reads as a revoked token: each attempt of a login has its own.
func TestEachLoginAttemptHasItsOwnNonce(t *testing.T) {
	t.Parallel()
	f := &fake{answer: golden(t, "account.json"), onLogin: func(n int, w http.ResponseWriter) bool {
		if n == 2 {
			conn, _, _ := w.(http.Hijacker).Hijack()
			_ = conn.Close()
		} else if n < 4 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}

		return n < 4
	}}
	if _, err := start(t, f).Account(t.Context()); err != nil {
		t.Fatal(err)
	}
	if f.logins != 4 || len(f.nonces) != 4 || f.nonces[""] != 0 {
		t.Errorf("%d logins with the nonces %v", f.logins, f.nonces)
	}
}

func TestOneLoginServesAllCallers(t *testing.T) {
	t.Parallel()
	f := &fake{answer: golden(t, "account.json")}
	s := start(t, f)
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			if _, err := s.Account(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if f.logins != 1 {
		t.Errorf("%d logins", f.logins)
	}
}

func TestOneSessionPerToken(t *testing.T) {
	t.Parallel()
	client, err := apple.NewClient(apple.Options{})
	if err != nil {
		t.Fatal(err)
	}
	other := testCredentials()
	other.AccessToken = "AT_other"
	if first := client.Session(testCredentials()); first != client.Session(testCredentials()) {
		t.Error("the same token got two sessions")
	}
	if client.Session(testCredentials()) == client.Session(other) {
		t.Error("two tokens share a session")
	}
}

func TestExpiredSessionIsRenewedOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		status int
		body   string
		logins int
		want   error
	}{
		{"401", 401, "", 2, apple.ErrUnauthorized},
		{"403 FORBIDDEN", 403, `"FORBIDDEN"`, 2, apple.ErrForbidden},
		{"403 terms", 403, "T_C_NOT_SIGNED", 1, apple.ErrTermsNotSigned},
		{"403 access denied", 403, "ACCESS_DENIED", 1, apple.ErrAccessDenied},
		{"403 token expired", 403, "token_expiredForbidden", 1, apple.ErrTokenExpired},
		{"401 token rejected", 401, "oauth_problem=token_rejected", 1, apple.ErrTokenRejected},
	} {
		refuse := func(_ int, w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(c.status)
			_, _ = w.Write([]byte(c.body))

			return true
		}
		f := &fake{onCall: refuse}
		_, err := start(t, f).Account(t.Context())
		if !errors.Is(err, c.want) || f.logins != c.logins || len(f.calls) != c.logins {
			t.Errorf("%s for good: %d logins, %d calls, %v", c.name, f.logins, len(f.calls), err)
		}
		if c.logins == 1 {
			continue
		}
		f = &fake{answer: golden(t, "define.json"), onCall: func(n int, w http.ResponseWriter, r *http.Request) bool {
			return n == 1 && refuse(n, w, r)
		}}
		// Not repeatable, and sent again all the same: a refused session did nothing.
		if _, err := start(t, f).DefineProfile(t.Context(), apple.Profile{}); err != nil || f.logins != 2 || len(f.calls) != 2 {
			t.Errorf("%s once: %d logins, %d calls, %v", c.name, f.logins, len(f.calls), err)
		}
	}
}

// The service replaces the session with every answer, and the old one is dead at once.
func TestRotatedSessionIsUsedFromThenOn(t *testing.T) {
	t.Parallel()
	f := &fake{answer: golden(t, "account.json"), rotateTo: func(n int) string { return fmt.Sprintf("rotated-%d", n) }}
	s := start(t, f)
	for range 5 {
		if _, err := s.Account(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if f.logins != 1 || f.calls[4].session != "rotated-4" {
		t.Errorf("%d logins, last session %q", f.logins, f.calls[4].session)
	}
}

func TestRotationUnderConcurrencyHeals(t *testing.T) {
	t.Parallel()
	f := &fake{answer: golden(t, "account.json")}
	s := start(t, f)
	f.rotateTo = func(n int) string {
		if n%5 == 0 {
			return fmt.Sprintf("rotated-%d", n)
		}

		return f.valid
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 25 {
				if _, err := s.Account(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if f.logins > 15 {
		t.Errorf("%d logins for 100 calls", f.logins)
	}
}

// A slow answer brings a session from before a renewal: it must not replace the newer one.
func TestOlderAnswerDoesNotReplaceNewerSession(t *testing.T) {
	t.Parallel()
	arrived, release := make(chan struct{}), make(chan struct{})
	f := &fake{answer: golden(t, "account.json")}
	f.onCall = func(n int, w http.ResponseWriter, _ *http.Request) bool {
		switch n {
		case 1: // the slow one, with an outdated value
			close(arrived)
			<-release
			w.Header().Set("X-ADM-Auth-Session", "outdated")
		case 2: // the quick one, renewed meanwhile
			f.mu.Lock()
			f.valid = "newer"
			f.mu.Unlock()
			w.Header().Set("X-ADM-Auth-Session", "newer")
		}
		_, _ = w.Write(f.answer)

		return true
	}
	s := start(t, f)
	done := make(chan error, 1)
	go func() { _, err := s.Account(context.WithoutCancel(t.Context())); done <- err }()
	<-arrived
	if _, err := s.Account(t.Context()); err != nil {
		t.Fatal(err)
	}
	close(release)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if _, err := s.Account(t.Context()); err != nil || f.calls[2].session != "newer" || f.logins != 1 {
		t.Errorf("session %q after %d logins: %v", f.calls[2].session, f.logins, err)
	}
}

// The login belongs to all who wait for it: it goes on when the caller that began it leaves.
func TestLoginSurvivesItsFirstCaller(t *testing.T) {
	t.Parallel()
	arrived, release := make(chan struct{}), make(chan struct{})
	f := &fake{answer: golden(t, "account.json"), onLogin: func(int, http.ResponseWriter) bool {
		close(arrived)
		<-release

		return false
	}}
	s := start(t, f)
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() { _, err := s.Account(ctx); left <- err }()
	<-arrived
	stays := make(chan error, 1)
	go func() { _, err := s.Account(t.Context()); stays <- err }()
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("the first caller got %v", err)
	}
	close(release)
	if err := <-stays; err != nil || f.logins != 1 {
		t.Errorf("the second caller got %v after %d logins", err, f.logins)
	}
}

func TestLoginFailures(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		body   string
		want   error
	}{
		{400, "oauth_problem_adviceBad Request", apple.ErrBadOAuth},
		{401, "oauth_problem_adviceUnauthorized", apple.ErrUnauthorized},
		{403, "T_C_NOT_SIGNED", apple.ErrTermsNotSigned},
		{403, "token_expiredForbidden", apple.ErrTokenExpired},
		{403, "FORBIDDEN", apple.ErrForbidden},
		{403, "signature_invalid", apple.ErrSignatureInvalid},
		{200, "<html>sign in to the school's network</html>", apple.ErrUnexpectedAnswer},
		{200, `{"auth_session_token":""}`, apple.ErrUnexpectedAnswer},
		{200, `{"auth_session_token":"hush\r\nX: y"}`, apple.ErrUnexpectedAnswer},
	} {
		f := &fake{onLogin: func(_ int, w http.ResponseWriter) bool {
			w.WriteHeader(c.status)
			_, _ = w.Write([]byte(c.body))

			return true
		}}
		_, err := start(t, f).Account(t.Context())
		logins, calls := f.counts()
		if !errors.Is(err, c.want) || logins != 1 || calls != 0 || strings.Contains(err.Error(), "hush") {
			t.Errorf("%d %s: %d logins, %v", c.status, c.body, logins, err)
		}
	}
}

func TestWrongClockIsNamed(t *testing.T) {
	t.Parallel()
	f := &fake{onLogin: func(_ int, w http.ResponseWriter) bool {
		w.Header().Set("Date", time.Now().Add(-2*time.Hour).UTC().Format(http.TimeFormat))
		w.WriteHeader(http.StatusUnauthorized)

		return true
	}}
	_, err := start(t, f).Account(t.Context())
	if err == nil || !strings.Contains(err.Error(), "clock of this machine differs") {
		t.Errorf("got %v", err)
	}
}

func TestDefineProfileIsNeverSentTwice(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(http.ResponseWriter){
		"no answer": func(w http.ResponseWriter) {
			conn, _, _ := w.(http.Hijacker).Hijack()
			_ = conn.Close()
		},
		"503": func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) },
	} {
		f := &fake{onCall: func(_ int, w http.ResponseWriter, _ *http.Request) bool { fail(w); return true }}
		_, err := start(t, f).DefineProfile(t.Context(), apple.Profile{ProfileName: "x"})
		_, calls := f.counts()
		if calls != 1 || !errors.Is(err, apple.ErrOutcomeUnknown) ||
			errors.Is(err, httpx.ErrUnanswered) != (name == "no answer") {
			t.Errorf("%s: %d calls, %v", name, calls, err)
		}
	}
}

func TestNothingPrintsSecrets(t *testing.T) {
	t.Parallel()
	f := &fake{onCall: func(_ int, w http.ResponseWriter, r *http.Request) bool {
		w.WriteHeader(http.StatusBadRequest) // a proxy that echoes the request
		_, _ = fmt.Fprintf(w, "bad: %v CS_hush2 AS_hush4 %s", r.Header, strings.Repeat("z", 500))

		return true
	}}
	s := start(t, f)
	_, err := s.Account(t.Context())
	var answered *apple.Error
	if !errors.As(err, &answered) || len(answered.Body) > 200 {
		t.Fatalf("got %v", err)
	}
	var out bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&out, nil))
	credentials := testCredentials()
	for _, value := range []any{credentials, &credentials, []any{credentials}, struct{ C apple.Credentials }{credentials}, s, answered} {
		logger.Info("x", "value", value)
		asJSON, _ := json.Marshal(value)
		out.Write(asJSON)
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb, value)
		}
	}
	for _, secret := range []string{"hush", fmt.Sprintf("%x", "hush")} {
		if strings.Contains(out.String()+err.Error(), secret) {
			t.Errorf("a secret was printed:\n%s\n%v", out.String(), err)
		}
	}
}
