package apple_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/apple"
	"github.com/asm-enrollment/terraform-provider-asm/internal/httpx"
)

// fake is a small server of Apple's protocol with sessions; what it answers to calls is up to the test.
type fake struct {
	mu       sync.Mutex
	logins   int
	nonces   map[string]int
	oauth    []string
	valid    string
	calls    []recorded
	onLogin  func(n int, w http.ResponseWriter) (done bool)
	onCall   func(n int, w http.ResponseWriter, r *http.Request) (done bool)
	answer   []byte
	rotateTo func(n int) string
}

type recorded struct {
	method, uri, body, session string
	header                     http.Header
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if r.URL.Path == "/session" {
		f.login(w, r)

		return
	}
	f.mu.Lock()
	f.calls = append(f.calls, recorded{r.Method, r.RequestURI, string(body), r.Header.Get("X-ADM-Auth-Session"), r.Header})
	n, valid, rotate := len(f.calls), f.valid, f.rotateTo
	f.mu.Unlock()
	if r.Header.Get("X-ADM-Auth-Session") != valid {
		http.Error(w, "", http.StatusUnauthorized)

		return
	}
	if f.onCall != nil && f.onCall(n, w, r) {
		return
	}
	if rotate != nil {
		f.mu.Lock()
		f.valid = rotate(n)
		w.Header().Set("X-ADM-Auth-Session", f.valid)
		f.mu.Unlock()
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF8")
	_, _ = w.Write(f.answer)
}

func (f *fake) login(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.logins++
	f.oauth = append(f.oauth, r.Header.Get("Authorization"))
	if f.nonces == nil {
		f.nonces = map[string]int{}
	}
	f.nonces[oauthParam(r.Header.Get("Authorization"), "oauth_nonce")]++
	if f.onLogin != nil && f.onLogin(f.logins, w) {
		return
	}
	f.valid = fmt.Sprintf("session-%d-hush", f.logins)
	_ = json.NewEncoder(w).Encode(map[string]string{"auth_session_token": f.valid})
}

// counts may be read while the server is running.
func (f *fake) counts() (logins, calls int) {
	f.mu.Lock()
	defer f.mu.Unlock()

	return f.logins, len(f.calls)
}

func oauthParam(header, name string) string {
	_, after, _ := strings.Cut(header, name+`="`)
	value, _, _ := strings.Cut(after, `"`)

	return value
}

// testCredentials are made up. Tests look for "hush" in whatever is printed.
func testCredentials() apple.Credentials {
	return apple.Credentials{ConsumerKey: "CK_hush1", ConsumerSecret: "CS_hush2", AccessToken: "AT_hush3", AccessSecret: "AS_hush4"}
}

func start(t testing.TB, handler http.Handler) *apple.Session {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	client, err := apple.NewClient(apple.Options{
		BaseURL: server.URL + "/", Version: "1.2.3",
		HTTP: httpx.Options{Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }},
	})
	if err != nil {
		t.Fatal(err)
	}

	return client.Session(testCredentials())
}

func golden(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}

	return data
}
