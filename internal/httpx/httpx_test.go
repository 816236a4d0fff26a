package httpx_test

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflogtest"

	"github.com/asm-enrollment/terraform-provider-asm/internal/httpx"
)

var now = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

// waits records what a client would have waited for.
type waits struct {
	mu  sync.Mutex
	all []time.Duration
}

func (w *waits) wait(ctx context.Context, d time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = append(w.all, d)

	return ctx.Err()
}

func options() (httpx.Options, *waits) {
	w := &waits{}

	return httpx.Options{
		Version: "1.2.3", Wait: w.wait, Now: func() time.Time { return now }, Random: func() float64 { return 0.5 },
	}, w
}

func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)

	return server.URL
}

func request(ctx context.Context, t *testing.T, method, url, body string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}

	return req
}

func TestOnlyRepeatableRequestsAreRetried(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status     int
		repeatable bool
		attempts   int
	}{
		{200, true, 1},
		{400, true, 1},
		{401, true, 1},
		{404, true, 1},
		{500, true, 1},
		{501, true, 1},
		{429, true, 3},
		{502, true, 3},
		{503, true, 3},
		{504, true, 3},
		{429, false, 1},
		{502, false, 1},
		{503, false, 1},
		{504, false, 1},
	} {
		var bodies []string
		url := serve(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			bodies = append(bodies, string(body))
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, "answer")
		})
		o, _ := options()
		o.MaxRetries = 2
		ctx := t.Context()
		if c.repeatable {
			ctx = httpx.Repeatable(ctx)
		}
		resp, err := httpx.New(o).Do(request(ctx, t, "POST", url, "payload"))
		if err != nil {
			t.Errorf("%d: %v", c.status, err)

			continue
		}
		if len(bodies) != c.attempts {
			t.Errorf("%d, repeatable %t: %d attempts, want %d", c.status, c.repeatable, len(bodies), c.attempts)
		}
		for _, body := range bodies {
			if body != "payload" {
				t.Errorf("%d: an attempt had the body %q", c.status, body)
			}
		}
		if got := string(httpx.Bytes(resp)); resp.StatusCode != c.status || got != "answer" {
			t.Errorf("got %d %q", resp.StatusCode, got)
		}
	}
}

// A request that must not take effect twice is sent again only where it certainly took none.
func TestRefusedRequestsAreRetried(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status     int
		retryAfter string
		attempts   int
	}{
		{200, "", 1},
		{429, "", 3},
		{429, "1", 3},
		{503, "1", 3},
		{503, "", 1}, // a gateway's, perhaps, after the work was done
		{502, "1", 1},
		{504, "1", 1},
		{500, "1", 1},
	} {
		var attempts atomic.Int32
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			attempts.Add(1)
			if c.retryAfter != "" {
				w.Header().Set("Retry-After", c.retryAfter)
			}
			w.WriteHeader(c.status)
		})
		o, _ := options()
		o.MaxRetries = 2
		_, err := httpx.New(o).Do(request(httpx.RepeatableIfRefused(t.Context()), t, "POST", url, "payload"))
		if err != nil || int(attempts.Load()) != c.attempts {
			t.Errorf("%d, Retry-After %q: %d attempts, want %d: %v", c.status, c.retryAfter, attempts.Load(), c.attempts, err)
		}
	}
	var attempts atomic.Int32
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		attempts.Add(1)
		hijack(w, r)
	})
	o, w := options()
	_, err := httpx.New(o).Do(request(httpx.RepeatableIfRefused(t.Context()), t, "POST", url, ""))
	if !errors.Is(err, httpx.ErrUnanswered) || attempts.Load() != 1 {
		t.Errorf("unanswered: %d attempts: %v", attempts.Load(), err)
	}
	// Refused, and then nobody there: nothing was done.
	var refusing *httptest.Server
	refusing = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = refusing.Listener.Close()
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	t.Cleanup(refusing.Close)
	if _, err = httpx.New(o).Do(request(httpx.RepeatableIfRefused(t.Context()), t, "POST", refusing.URL, "")); !errors.Is(err, httpx.ErrNotSent) {
		t.Errorf("refused, then not sent: %v", err)
	}
	w.all = nil
	_, err = httpx.New(o).Do(request(httpx.RepeatableIfRefused(t.Context()), t, "POST", "http://127.0.0.1:1/", ""))
	if !errors.Is(err, httpx.ErrNotSent) || len(w.all) != 4 {
		t.Errorf("not sent: waited %v: %v", w.all, err)
	}
}

func TestAFinalStatusIsAnAnswer(t *testing.T) {
	t.Parallel()
	for status, attempts := range map[int]int{429: 1, 503: 3} {
		asked := 0
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			asked++
			w.Header().Set("Retry-After", map[int]string{429: "3600", 503: "1"}[status])
			w.WriteHeader(status)
		})
		o, _ := options()
		o.MaxRetries = 2
		ctx := httpx.Final(httpx.Repeatable(t.Context()), http.StatusTooManyRequests)
		resp, err := httpx.New(o).Do(request(ctx, t, "POST", url, ""))
		if err != nil || resp.StatusCode != status || asked != attempts {
			t.Errorf("%d: %d attempts, want %d: %v", status, asked, attempts, err)
		}
	}
}

func TestRetryAfterMayBeInTheBody(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, "wait")
	})
	o, w := options()
	o.RetryAfter = func(resp *http.Response, at time.Time) time.Duration {
		return map[bool]time.Duration{true: 7 * time.Second}[string(httpx.Bytes(resp)) == "wait" && at.Equal(now)]
	}
	_, err := httpx.New(o).Do(request(httpx.Repeatable(t.Context()), t, "GET", url, ""))
	if err != nil || len(w.all) != 4 || w.all[3] != 7*time.Second {
		t.Errorf("waited %v: %v", w.all, err)
	}
}

func TestAdditionalAuthorities(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	transport, err := httpx.NewTransportTrusting(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	if err != nil {
		t.Fatal(err)
	}
	o, _ := options()
	if _, err := httpx.New(o).Do(request(t.Context(), t, "GET", server.URL, "")); !httpx.IsUntrusted(err) {
		t.Errorf("without them: %v", err)
	}
	o.Transport = transport
	if _, err := httpx.New(o).Do(request(t.Context(), t, "GET", server.URL, "")); err != nil {
		t.Errorf("with them: %v", err)
	}
	if _, err := httpx.NewTransportTrusting([]byte("nothing")); err == nil {
		t.Error("nothing is an authority")
	}
}

func TestWaits(t *testing.T) {
	t.Parallel()
	const half = 750 * time.Millisecond // half of 1 s plus half of the other half
	for _, c := range []struct {
		name, retryAfter string
		want             []time.Duration
	}{
		{"exponential, jittered", "", []time.Duration{half, 2 * half, 4 * half, 4 * half}},
		{"seconds", "7", []time.Duration{7 * time.Second, 7 * time.Second, 7 * time.Second, 7 * time.Second}},
		{"fractions", "2.5", []time.Duration{2500 * time.Millisecond, 2500 * time.Millisecond, 2500 * time.Millisecond, 2500 * time.Millisecond}},
		{"not a number", "NaN", []time.Duration{half, 2 * half, 4 * half, 4 * half}},
		{"date", now.Add(9 * time.Second).Format(http.TimeFormat), []time.Duration{
			9 * time.Second, 9 * time.Second, 9 * time.Second, 9 * time.Second,
		}},
		{"date that has passed", now.Add(-time.Hour).Format(http.TimeFormat), []time.Duration{half, 2 * half, 4 * half, 4 * half}},
		{"nonsense", "soon", []time.Duration{half, 2 * half, 4 * half, 4 * half}},
		{"negative", "-5", []time.Duration{half, 2 * half, 4 * half, 4 * half}},
	} {
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			if c.retryAfter != "" {
				w.Header().Set("Retry-After", c.retryAfter)
			}
			w.WriteHeader(http.StatusServiceUnavailable)
		})
		o, w := options()
		o.MaxWait = 4 * time.Second
		resp, err := httpx.New(o).Do(request(httpx.Repeatable(t.Context()), t, "GET", url, ""))
		if err != nil || resp.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("%s: %v", c.name, err)
		}
		if len(w.all) != len(c.want) {
			t.Errorf("%s: waited %v, want %v", c.name, w.all, c.want)

			continue
		}
		for i := range w.all {
			if w.all[i] != c.want[i] {
				t.Errorf("%s: waited %v, want %v", c.name, w.all, c.want)

				break
			}
		}
	}
}

func TestLongRetryAfterIsAnErrorWithTheTime(t *testing.T) {
	t.Parallel()
	for value, after := range map[string]time.Duration{
		"3600": time.Hour, "99999999999999": 365 * 24 * time.Hour, "1e999": 365 * 24 * time.Hour, "Inf": 365 * 24 * time.Hour,
		now.Add(2 * time.Hour).Format(http.TimeFormat): 2 * time.Hour,
	} {
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", value)
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = io.WriteString(w, "answer")
		})
		o, w := options()
		_, err := httpx.New(o).Do(request(httpx.Repeatable(t.Context()), t, "GET", url+"/x?hush", ""))
		var later *httpx.RetryLaterError
		if !errors.As(err, &later) || !errors.Is(err, httpx.ErrRetryLater) {
			t.Fatalf("%s: got %v", value, err)
		}
		if !later.Until.Equal(now.Add(after)) || later.Status != 429 || len(w.all) != 0 {
			t.Errorf("%s: until %s after waiting %v", value, later.Until, w.all)
		}
		if string(later.Body) != "answer" || later.Header.Get("Retry-After") != value {
			t.Errorf("%s: the answer is lost: %q", value, later.Body)
		}
		if strings.Contains(err.Error(), "hush") {
			t.Errorf("the text holds the query: %v", err)
		}
	}
}

// hijack closes the connection without an answer.
func hijack(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

func TestUnansweredAndNotSentAreToldApart(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := "http://" + listener.Addr().String()
	_ = listener.Close()
	tlsServer := httptest.NewTLSServer(http.NotFoundHandler())
	tlsServer.Config.ErrorLog = nil
	t.Cleanup(tlsServer.Close)

	for _, c := range []struct {
		name, url string
		sent      bool
	}{
		{"connection refused", closed, false},
		{"certificate not trusted", tlsServer.URL, false},
		{"closed without an answer", serve(t, hijack), true},
		{"no answer in time", serve(t, func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // else the server does not notice that the client has gone
			<-r.Context().Done()
		}), true},
		{"half an answer", serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "half")
			_ = http.NewResponseController(w).Flush()
			hijack(w, r)
		}), true},
	} {
		o, _ := options()
		o.AttemptTimeout = 300 * time.Millisecond
		_, err := httpx.New(o).Do(request(t.Context(), t, "POST", c.url+"/profile?q=hush", "hush"))
		var failed *httpx.TransportError
		if !errors.As(err, &failed) {
			t.Errorf("%s: got %v", c.name, err)

			continue
		}
		if errors.Is(err, httpx.ErrUnanswered) != c.sent || errors.Is(err, httpx.ErrNotSent) == c.sent || failed.Attempts != 1 {
			t.Errorf("%s: sent %t, attempts %d: %v", c.name, failed.Sent, failed.Attempts, err)
		}
		if strings.Contains(err.Error(), "hush") || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestBrokenConnectionsAreRetriedIfRepeatable(t *testing.T) {
	t.Parallel()
	var count atomic.Int32
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch count.Add(1) {
		case 1:
			hijack(w, r)
		case 2:
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "half")
		default:
			_, _ = io.WriteString(w, "whole")
		}
	})
	o, w := options()
	resp, err := httpx.New(o).Do(request(httpx.Repeatable(t.Context()), t, "POST", url, "x"))
	if err != nil {
		t.Fatal(err)
	}
	if string(httpx.Bytes(resp)) != "whole" || len(w.all) != 2 {
		t.Errorf("got %q after %d waits", httpx.Bytes(resp), len(w.all))
	}
}

func TestUntrustedCertificateIsNotRetried(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	o, w := options()
	_, err := httpx.New(o).Do(request(httpx.Repeatable(t.Context()), t, "GET", server.URL, ""))
	if !errors.Is(err, httpx.ErrNotSent) || len(w.all) != 0 {
		t.Errorf("waited %v: %v", w.all, err)
	}
}

func TestCancelledCallsEndAtOnce(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	ctx, cancel := context.WithCancel(httpx.Repeatable(t.Context()))
	o, _ := options()
	o.Wait = func(ctx context.Context, _ time.Duration) error {
		cancel()

		return ctx.Err()
	}
	if _, err := httpx.New(o).Do(request(ctx, t, "GET", url, "")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// net/http by itself sends a GET again when a reused connection breaks. With FreshConnections no connection is reused.
func TestFreshConnectionsAreNotReused(t *testing.T) {
	t.Parallel()
	for _, fresh := range []bool{false, true} {
		var remotes sync.Map
		url := serve(t, func(_ http.ResponseWriter, r *http.Request) { remotes.Store(r.RemoteAddr, true) })
		o, _ := options()
		o.FreshConnections = fresh
		client := httpx.New(o)
		for range 3 {
			if _, err := client.Do(request(t.Context(), t, "GET", url, "")); err != nil {
				t.Fatal(err)
			}
		}
		connections := 0
		remotes.Range(func(any, any) bool { connections++; return true })
		if want := map[bool]int{false: 1, true: 3}[fresh]; connections != want {
			t.Errorf("fresh %t: %d connections, want %d", fresh, connections, want)
		}
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestAttemptHookRunsForEveryAttempt(t *testing.T) {
	t.Parallel()
	var seen []string
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Get("X-Attempt"))
		w.WriteHeader(http.StatusBadGateway)
	})
	o, _ := options()
	n := 0
	o.Attempt = func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			n++
			r = r.Clone(r.Context())
			r.Header.Set("X-Attempt", strings.Repeat("x", n))

			return next.RoundTrip(r)
		})
	}
	if _, err := httpx.New(o).Do(request(httpx.Repeatable(t.Context()), t, "GET", url, "")); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(seen, " "); got != "x xx xxx xxxx xxxxx" {
		t.Errorf("attempts had %q", got)
	}
}

func TestAnErrorOfTheHookIsNotRetried(t *testing.T) {
	t.Parallel()
	failure := errors.New("no signature")
	o, w := options()
	o.Attempt = func(http.RoundTripper) http.RoundTripper {
		return roundTripper(func(*http.Request) (*http.Response, error) { return nil, failure })
	}
	_, err := httpx.New(o).Do(request(httpx.Repeatable(t.Context()), t, "GET", "http://127.0.0.1:1/?hush", ""))
	if !errors.Is(err, failure) || strings.Contains(err.Error(), "hush") || !errors.Is(err, httpx.ErrNotSent) || len(w.all) != 0 {
		t.Errorf("got %v", err)
	}
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	reached := false
	other := serve(t, func(http.ResponseWriter, *http.Request) { reached = true })
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/elsewhere":
			http.Redirect(w, r, other+"/?hush", http.StatusTemporaryRedirect)
		case "/here":
			http.Redirect(w, r, "/end", http.StatusTemporaryRedirect)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		default:
			_, _ = io.WriteString(w, "end")
		}
	})
	for _, c := range []struct {
		method, path string
		followed     bool
	}{
		{"GET", "/here", true},
		{"POST", "/here", false},
		{"GET", "/elsewhere", false},
		{"POST", "/elsewhere", false},
		{"GET", "/loop", false},
	} {
		o, w := options()
		resp, err := httpx.New(o).Do(request(httpx.Repeatable(t.Context()), t, c.method, url+c.path, "x"))
		if c.followed {
			if err != nil || string(httpx.Bytes(resp)) != "end" {
				t.Errorf("%s %s: %v", c.method, c.path, err)
			}

			continue
		}
		if !errors.Is(err, httpx.ErrRedirect) || len(w.all) != 0 || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s %s: %v", c.method, c.path, err)
		}
	}
	if reached {
		t.Error("the other host was asked")
	}
}

func TestLargeAnswersAreRefused(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 1001)) })
	o, _ := options()
	o.MaxBody = 1001
	if _, err := httpx.New(o).Do(request(t.Context(), t, "GET", url, "")); err != nil {
		t.Error(err)
	}
	o.MaxBody = 1000
	if _, err := httpx.New(o).Do(request(t.Context(), t, "GET", url, "")); !errors.Is(err, httpx.ErrBodyTooLarge) {
		t.Errorf("got %v", err)
	}
}

func TestUserAgent(t *testing.T) {
	for _, c := range []struct{ version, more, want string }{
		{"1.2.3", "", "terraform-provider-asm/1.2.3"},
		{"", "", "terraform-provider-asm/dev"},
		{"1.2.3", " district-ci/7 ", "terraform-provider-asm/1.2.3 district-ci/7"},
		{"1 2\r\nX: y", "a\r\nb", "terraform-provider-asm/1_2X:_y ab"},
	} {
		t.Setenv("TF_APPEND_USER_AGENT", c.more)
		got := make(chan string, 1)
		url := serve(t, func(_ http.ResponseWriter, r *http.Request) { got <- r.UserAgent() })
		o, _ := options()
		o.Version = c.version
		if _, err := httpx.New(o).Do(request(t.Context(), t, "GET", url, "")); err != nil {
			t.Fatal(err)
		}
		if agent := <-got; agent != c.want {
			t.Errorf("user agent %q, want %q", agent, c.want)
		}
	}
}

// The log names each attempt, and holds no header, no query and no body, of request or answer.
func TestLogsHoldNoSecrets(t *testing.T) {
	t.Setenv("TF_LOG", "TRACE")
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-ADM-Auth-Session", "hush")
		if r.Method == http.MethodPost {
			hijack(w, r)
		}
		_, _ = io.WriteString(w, "hush")
	})
	var log bytes.Buffer
	ctx := tflogtest.RootLogger(t.Context(), &log)
	o, _ := options()
	client := httpx.New(o)
	for _, method := range []string{"GET", "POST"} {
		req := request(httpx.Repeatable(ctx), t, method, url+"/session?token=hush", "hush")
		req.Header.Set("Authorization", "OAuth hush")
		req.Header.Set("X-ADM-Auth-Session", "hush")
		_, _ = client.Do(req)
	}
	text := log.String()
	if strings.Contains(text, "hush") {
		t.Errorf("a secret was logged:\n%s", text)
	}
	if strings.Count(text, `"path":"/session"`) != 6 || !strings.Contains(text, `"status":200`) {
		t.Errorf("not every attempt was logged:\n%s", text)
	}
}

func TestCheckURL(t *testing.T) {
	t.Parallel()
	for raw, ok := range map[string]bool{
		"https://mdmenrollment.apple.com":      true,
		"https://mdmenrollment.apple.com/base": true,
		"http://127.0.0.1:8080":                true,
		"http://127.9.9.9":                     true,
		"http://[::1]:8080":                    true,
		"http://localhost:8080":                false,
		"http://mdmenrollment.apple.com":       false,
		"http://10.0.0.1":                      false,
		"http://127.0.0.1.school.example":      false,
		"https://user:hush@school.example":     false,
		"http://hush@127.0.0.1":                false,
		"https://school.example?x=hush":        false,
		"https://school.example#hush":          false,
		"https://":                             false,
		"https:school.example":                 false,
		"ftp://school.example":                 false,
		"//school.example":                     false,
		"school.example":                       false,
		"":                                     false,
		"https://school.example:port":          false,
	} {
		u, err := httpx.CheckURL(raw)
		if (err == nil) != ok || (u != nil) != ok {
			t.Errorf("%q: got %v, %v", raw, u, err)
		}
		if err != nil && (!errors.Is(err, httpx.ErrURL) || strings.Contains(err.Error(), "hush")) {
			t.Errorf("%q: %v", raw, err)
		}
	}
}
