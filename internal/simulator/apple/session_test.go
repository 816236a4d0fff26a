package apple_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/dghubble/oauth1"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

// rewriter changes the Authorization header after it was signed.
type rewriter struct {
	change func(string) string
	sent   string // the header that went out
}

func (w *rewriter) RoundTrip(r *http.Request) (*http.Response, error) {
	w.sent = w.change(r.Header.Get("Authorization"))
	r.Header.Set("Authorization", w.sent)
	return http.DefaultTransport.RoundTrip(r)
}

// rewritten calls /session with a changed header.
func (c *client) rewritten(path string, w *rewriter) answer {
	c.t.Helper()
	config := oauth1.NewConfig(c.token.ConsumerKey, c.token.ConsumerSecret)
	signed := oauth1.NewClient(oauth1.NoContext, config, oauth1.NewToken(c.token.AccessToken, c.token.AccessSecret))
	signed.Transport.(*oauth1.Transport).Base = w
	return c.send(signed, http.MethodGet, path, nil)
}

func replace(pattern, with string) func(string) string {
	return func(h string) string { return regexp.MustCompile(pattern).ReplaceAllString(h, with) }
}

func TestSessionTakesSignedRequests(t *testing.T) {
	c := newSchool(t, 0, 0).client
	for _, test := range []struct {
		name, path string
		change     func(string) string
	}{
		{"without realm", "/session", func(h string) string { return h }},
		{"with realm", "/session", replace("^OAuth ", `OAuth realm="ADM", `)},
		{"scheme in lower case", "/session", replace("^OAuth", "oauth")},
		{"query parameters are signed too", "/session?b=2&a=x%20y&c=%C3%A9", func(h string) string { return h }},
	} {
		got := c.rewritten(test.path, &rewriter{change: test.change})
		if got.status != 200 {
			t.Errorf("%s: got %d %q, want 200", test.name, got.status, got.body)
		}
	}
}

func TestSessionBodyIsOneKey(t *testing.T) {
	got := newSchool(t, 0, 0).client.openSession()
	if !regexp.MustCompile(`^\{"auth_session_token":"[^"]+"\}$`).MatchString(got.body) {
		t.Errorf("got body %q", got.body)
	}
	equal(t, "Content-Type", got.header.Get("Content-Type"), "application/json;charset=UTF8")
}

func TestSessionRefusesMalformedOAuthWith400(t *testing.T) {
	c := newSchool(t, 0, 0).client
	for name, change := range map[string]func(string) string{
		"no header":                 func(string) string { return "" },
		"another scheme":            replace("^OAuth", "Bearer"),
		"no quotes":                 replace(`"`, ""),
		"consumer key missing":      replace(`oauth_consumer_key="[^"]*",? ?`, ""),
		"token missing":             replace(`oauth_token="[^"]*"`, `oauth_version="1.0"`),
		"nonce empty":               replace(`oauth_nonce="[^"]*"`, `oauth_nonce=""`),
		"nonce twice":               replace(`(oauth_nonce="[^"]*")`, `$1, $1`),
		"timestamp not a number":    replace(`oauth_timestamp="[^"]*"`, `oauth_timestamp="today"`),
		"signature missing":         replace(`oauth_signature="[^"]*",? ?`, ""),
		"signature method":          replace(`HMAC-SHA1`, `PLAINTEXT`),
		"version":                   replace(`oauth_version="1.0"`, `oauth_version="2.0"`),
		"parameter of another kind": replace(`^OAuth `, `OAuth color="red", `),
	} {
		w := &rewriter{change: change}
		if got := c.rewritten("/session", w); got.status != 400 || got.body != "oauth_problem_adviceBad Request" {
			t.Errorf("%s: got %d %q for %q, want 400", name, got.status, got.body, w.sent)
		}
	}
}

func TestSessionRefusesUnknownKeysAndUsedNoncesWith401(t *testing.T) {
	s := newSchool(t, 0, 0)
	for name, change := range map[string]func(*serverToken){
		"consumer key": func(k *serverToken) { k.ConsumerKey = "CK_0" },
		"access token": func(k *serverToken) { k.AccessToken = "AT_0" },
	} {
		token := s.client.token
		change(&token)
		if got := s.newClient(token).openSession(); got.status != 401 || got.body != "oauth_problem_adviceUnauthorized" {
			t.Errorf("unknown %s: got %d %q, want 401", name, got.status, got.body)
		}
	}

	w := &rewriter{change: func(h string) string { return h }}
	s.client.rewritten("/session", w).wantStatus(200)
	replay := &rewriter{change: func(string) string { return w.sent }}
	s.client.rewritten("/session", replay).wantError(401, "oauth_problem_adviceUnauthorized")
}

func TestSessionRefusesAWrongSignatureWith403(t *testing.T) {
	s := newSchool(t, 0, 0)
	for name, change := range map[string]func(*serverToken){
		"consumer secret": func(k *serverToken) { k.ConsumerSecret = "CS_0" },
		"access secret":   func(k *serverToken) { k.AccessSecret = "AS_0" },
	} {
		token := s.client.token
		change(&token)
		if got := s.newClient(token).openSession(); got.status != 403 || got.body != "signature_invalid" {
			t.Errorf("wrong %s: got %d %q, want 403", name, got.status, got.body)
		}
	}
	// A signature is for one URL: the host is part of it.
	moved := &hostChanger{host: "localhost"}
	config := oauth1.NewConfig(s.client.token.ConsumerKey, s.client.token.ConsumerSecret)
	signed := oauth1.NewClient(oauth1.NoContext, config, oauth1.NewToken(s.client.token.AccessToken, s.client.token.AccessSecret))
	signed.Transport.(*oauth1.Transport).Base = moved
	s.client.send(signed, http.MethodGet, "/session", nil).wantError(403, "signature_invalid")
}

// hostChanger sends another Host than the one that was signed.
type hostChanger struct{ host string }

func (h *hostChanger) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Host = h.host
	return http.DefaultTransport.RoundTrip(r)
}

func TestOrdinaryCallsNeedALivingSession(t *testing.T) {
	c := newSchool(t, 0, 0).client
	good := c.session
	for name, session := range map[string]string{"absent": "", "unknown": "0123"} {
		c.session = session
		if got := c.do("GET", "/account", nil); got.status != 401 || got.body != "" {
			t.Errorf("session %s: got %d %q, want 401 without a body", name, got.status, got.body)
		}
	}
	c.session = good
	c.do("GET", "/account", nil).wantStatus(200)
}

func TestSessionExpiresOnTheVirtualClock(t *testing.T) {
	s := newSchool(t, 0, 0)
	must(t, s.AdvanceClock(3*time.Minute-time.Second))
	s.client.do("GET", "/account", nil).wantStatus(200)
	must(t, s.AdvanceClock(time.Second))
	s.client.do("GET", "/account", nil).wantError(401, "")

	must(t, s.UpdateSettings(func(c *apple.Settings) error { c.SessionLifetime = 0; return nil }))
	s.client.renew()
	must(t, s.AdvanceClock(1000*time.Hour))
	s.client.do("GET", "/account", nil).wantStatus(200)
}

func TestSessionsLiveSideBySideUnlessSetOtherwise(t *testing.T) {
	s := newSchool(t, 0, 0)
	second := s.login(s.client.token)
	s.client.do("GET", "/account", nil).wantStatus(200)

	must(t, s.UpdateSettings(func(c *apple.Settings) error { c.SingleSession = true; return nil }))
	third := s.login(s.client.token)
	second.do("GET", "/account", nil).wantError(401, "")
	third.do("GET", "/account", nil).wantStatus(200)
}

func TestRotationHandsOutANewSessionInTheResponseHeader(t *testing.T) {
	s := newSchool(t, 0, 0)
	must(t, s.UpdateSettings(func(c *apple.Settings) error { c.RotateEvery = 2; return nil }))
	old := s.client.session
	equal(t, "rotation on the first call", s.client.do("GET", "/account", nil).header.Get("X-ADM-Auth-Session"), "")
	next := s.client.do("GET", "/account", nil).wantStatus(200).header.Get("X-ADM-Auth-Session")
	if next == "" || next == old {
		t.Fatalf("second call: got session %q in the header, want a new one", next)
	}
	s.client.do("GET", "/account", nil).wantError(401, "") // the old value is dead
	s.client.session = next
	s.client.do("GET", "/account", nil).wantStatus(200)

	must(t, s.UpdateSettings(func(c *apple.Settings) error {
		c.RotateEvery, c.KeepRotatedSessions = 1, true
		return nil
	}))
	s.client.do("GET", "/account", nil).wantStatus(200)
	s.client.do("GET", "/account", nil).wantStatus(200)
}

func TestTermsNotSignedIs403Everywhere(t *testing.T) {
	s := newSchool(t, 0, 0)
	s.SetTerms(false)
	s.client.do("GET", "/account", nil).wantError(403, "T_C_NOT_SIGNED")
	s.client.openSession().wantError(403, "T_C_NOT_SIGNED")
	s.SetTerms(true)
	s.client.do("GET", "/account", nil).wantStatus(200)
}

func TestUserAgentIsRequiredAndChecked(t *testing.T) {
	c := newSchool(t, 0, 0).client
	for agent, want := range map[string]string{
		"":                             "USER_AGENT_MISSING",
		"nanodep-godep/0":              "USER_AGENT_INVALID", // refused by the real service
		"(no product)":                 "USER_AGENT_INVALID",
		"/1.0":                         "USER_AGENT_INVALID",
		"nanodep-g-o-dep/0":            "",
		"fleetdm/nanodep":              "",
		"terraform-provider-asm/1.0.0": "",
		"Zentral":                      "",
	} {
		c.header.Set("User-Agent", agent) // the Go client sends none for an empty one
		got := c.do("POST", "/server/devices", "{}")
		if want == "" && got.status != 200 || want != "" && (got.status != 400 || got.body != want) {
			t.Errorf("User-Agent %q: got %d %q, want %q", agent, got.status, got.body, want)
		}
	}
}

func TestErrorsArePlainTextAndQuotedOnRequest(t *testing.T) {
	s := newSchool(t, 0, 0)
	got := s.client.do("POST", "/devices/sync", "{}")
	got.wantError(400, "CURSOR_REQUIRED")
	if !strings.HasPrefix(got.header.Get("Content-Type"), "text/plain") {
		t.Errorf("Content-Type: got %q, want plain text", got.header.Get("Content-Type"))
	}
	must(t, s.UpdateSettings(func(c *apple.Settings) error { c.QuotedErrors = true; return nil }))
	s.client.do("POST", "/devices/sync", "{}").wantError(400, `"CURSOR_REQUIRED"`)
}

func TestWrongMethodIs405AndUnknownPathIs404WithoutABody(t *testing.T) {
	c := newSchool(t, 0, 0).client
	c.do("GET", "/server/devices", nil).wantError(405, "")
	c.do("POST", "/session", nil).wantError(405, "")
	c.do("GET", "/nothing", nil).wantError(404, "")
}

func TestBodyThatIsNotTheRightJSONIsMalformed(t *testing.T) {
	c := newSchool(t, 0, 0).client
	for _, path := range []string{
		"/server/devices", "/devices/sync", "/devices", "/devices/disown", "/device/activationlock", "/profile",
		"/profile/devices",
	} {
		c.do("POST", path, `{"devices":7,"cursor":7,"device":7,"limit":"x"`).wantError(400, "MALFORMED_REQUEST_BODY")
		c.do("POST", path, `{"devices":7,"cursor":7,"device":7}`).wantError(400, "MALFORMED_REQUEST_BODY")
	}
}

func TestEveryResponseHasARequestIDAndNoRateHeaders(t *testing.T) {
	c := newSchool(t, 0, 0).client
	seen := map[string]bool{}
	for _, path := range []string{"/account", "/nothing", "/session"} {
		h := c.do("GET", path, nil).header
		id := h.Get("X-Apple-Request-UUID")
		if !regexp.MustCompile(`^[0-9a-f-]{36}$`).MatchString(id) || seen[id] {
			t.Errorf("%s: X-Apple-Request-UUID %q: want a new UUID", path, id)
		}
		seen[id] = true
		for name := range h {
			if name == "Retry-After" || strings.HasPrefix(name, "X-Ratelimit") {
				t.Errorf("%s: header %s: the real service sends none", path, name)
			}
		}
	}
}
