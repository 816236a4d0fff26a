package signin_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/intune/signin"
)

const (
	tenant = "11111111-2222-3333-4444-555555555555"
	client = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
	secret = "hush-client-secret"
)

var now = time.Now().Truncate(time.Second)

// authority is a small Microsoft Entra ID, with a certificate of its own, that also stands for a CI system and for a
// machine's metadata.
type authority struct {
	*httptest.Server

	mu    sync.Mutex
	asked []string     // method and path
	forms []url.Values // of token requests
	heads []http.Header
	waits []time.Duration
	// answer replaces the next answers.
	answer func(w http.ResponseWriter, r *http.Request) bool
	tokens int
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{}
	a.Server = httptest.NewTLSServer(http.HandlerFunc(a.serve))
	t.Cleanup(a.Close)
	return a
}

func (a *authority) serve(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body))
	a.asked = append(a.asked, r.Method+" "+r.URL.Path)
	a.heads = append(a.heads, r.Header.Clone())
	switch {
	case a.answer != nil && a.answer(w, r):
	case strings.HasSuffix(r.URL.Path, "/.well-known/openid-configuration"):
		base := a.URL + "/" + tenant
		reply(w, 200, map[string]any{
			"issuer": base + "/v2.0", "authorization_endpoint": base + "/oauth2/v2.0/authorize", "token_endpoint": base + "/oauth2/v2.0/token",
		})
	case strings.HasSuffix(r.URL.Path, "/oauth2/v2.0/token"):
		a.tokens++
		a.forms = append(a.forms, form)
		reply(w, 200, map[string]any{"token_type": "Bearer", "expires_in": 3600, "access_token": fmt.Sprintf("hush-access-%d", a.tokens)})
	case r.URL.Path == "/github":
		a.forms = append(a.forms, r.URL.Query())
		reply(w, 200, map[string]any{"count": 1, "value": "hush-id-token"})
	case r.URL.Path == "/pipelines":
		a.forms = append(a.forms, r.URL.Query())
		reply(w, 200, map[string]any{"oidcToken": "hush-id-token"})
	case r.URL.Path == "/metadata":
		a.tokens++
		a.forms = append(a.forms, r.URL.Query())
		reply(w, 200, map[string]any{"access_token": fmt.Sprintf("hush-access-%d", a.tokens), "expires_on": fmt.Sprint(now.Add(time.Hour).Unix()), "token_type": "Bearer"})
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// refuse makes every token request an error of Microsoft Entra ID.
func (a *authority) refuse(status int, name, description string, codes ...int) {
	a.answer = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/token") {
			return false
		}
		reply(w, status, map[string]any{
			"error": name, "error_description": description, "error_codes": codes,
			"timestamp": "2026-09-01 07:00:00Z", "trace_id": "trace-1", "correlation_id": "correlation-1",
		})
		return true
	}
}

// config is a configuration for the fake. Waits are noted, not waited for.
func (a *authority) config() signin.Config {
	return signin.Config{
		TenantID: tenant, ClientID: client, AuthorityHost: a.URL, Transport: a.Client().Transport, Version: "test",
		Now: func() time.Time { return now },
		Wait: func(ctx context.Context, d time.Duration) error {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.waits = append(a.waits, d)
			return ctx.Err()
		},
	}
}

func open(t *testing.T, c signin.Config) *signin.SignIn {
	t.Helper()
	s, err := signin.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
