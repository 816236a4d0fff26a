package graph_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/httpx"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune/graph"
)

var now = time.Date(2026, 9, 1, 7, 0, 0, 0, time.UTC)

// world is a server, what it was asked, and what a client would have waited for.
type world struct {
	url string

	mu       sync.Mutex
	requests []string
	waits    []time.Duration
}

// serve answers the n-th request (from 0) with handler.
func serve(t *testing.T, handler func(n int, w http.ResponseWriter, r *http.Request)) *world {
	t.Helper()
	asked := &world{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked.mu.Lock()
		n := len(asked.requests)
		asked.requests = append(asked.requests, strings.TrimSpace(r.Method+" "+r.RequestURI+" "+string(body)))
		asked.mu.Unlock()
		handler(n, w, r)
	}))
	t.Cleanup(server.Close)
	asked.url = server.URL
	return asked
}

func (w *world) client(t *testing.T, change ...func(*graph.Options)) *graph.Client {
	t.Helper()
	options := graph.Options{
		Endpoint: w.url, Version: "1.2.3", AppOnly: true,
		Token: func(context.Context) (string, error) { return "hush", nil },
		Now:   func() time.Time { return now },
		Wait: func(ctx context.Context, d time.Duration) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.waits = append(w.waits, d)
			return ctx.Err()
		},
	}
	for _, c := range change {
		c(&options)
	}
	client, err := graph.New(options)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func say(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func TestRequests(t *testing.T) {
	t.Parallel()
	var got http.Header
	asked := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		got = r.Header.Clone()
		say(w, http.StatusOK, `{"id":"x"}`)
	})
	client := asked.client(t)
	var into struct{ ID string }
	if err := client.Get(t.Context(), "/a/"+graph.Segment("b c/d")+"/getEncryptionPublicKey()", url.Values{"$filter": {"x eq 'a b+c'"}}, &into); err != nil || into.ID != "x" {
		t.Error(into, err)
	}
	if got.Get("Authorization") != "Bearer hush" || got.Get("Accept") != "application/json" || got.Get("Content-Type") != "" || got.Get("User-Agent") == "" {
		t.Errorf("headers of a GET: %v", got)
	}
	if status, err := client.Send(t.Context(), http.MethodPatch, "/a", map[string]int{"n": 1}, nil, true); err != nil || status != http.StatusOK {
		t.Error(status, err)
	}
	if got.Get("Content-Type") != "application/json" {
		t.Errorf("headers of a PATCH: %v", got)
	}
	want := []string{
		`GET /beta/a/b%20c%2Fd/getEncryptionPublicKey()?%24filter=x%20eq%20%27a%20b%2Bc%27`,
		`PATCH /beta/a {"n":1}`,
	}
	if strings.Join(asked.requests, "\n") != strings.Join(want, "\n") {
		t.Errorf("asked %q", asked.requests)
	}
	for _, path := range []string{"", "a", "/a?b", "/a#b"} {
		if err := client.Get(t.Context(), path, nil, &into); err == nil {
			t.Errorf("%q is a path", path)
		}
	}
}

func TestTheVersionIsAddedToTheEndpoint(t *testing.T) {
	t.Parallel()
	for _, suffix := range []string{"", "/", "/beta", "/beta/"} {
		asked := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, `1`) })
		var into int
		err := asked.client(t, func(o *graph.Options) { o.Endpoint += suffix }).Get(t.Context(), "/x", nil, &into)
		if err != nil || asked.requests[0] != "GET /beta/x" {
			t.Errorf("%q: asked %q, %v", suffix, asked.requests, err)
		}
	}
	for _, endpoint := range []string{"", "graph.microsoft.com", "http://graph.microsoft.com", "http://localhost:1", "https://graph.microsoft.com/v1.0"} {
		if err := graph.CheckEndpoint(endpoint); !errors.Is(err, httpx.ErrURL) {
			t.Errorf("%q: %v", endpoint, err)
		}
	}
}

func TestSuccesses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, method, body string
		status             int
		into               bool
		want               int
		fails              bool
	}{
		{"200 with a body", "POST", `5`, 200, true, 5, false},
		{"201 with a body", "POST", `5`, 201, true, 5, false},
		{"200 without one", "POST", ``, 200, true, 0, false},
		{"204", "PATCH", ``, 204, true, 0, false},
		{"a body that nobody wants", "POST", `nonsense`, 200, false, 0, false},
		{"a byte order mark", "GET", "\ufeff5", 200, true, 5, false},
		{"nothing to read", "GET", ``, 200, true, 0, true},
		{"nonsense", "GET", `nonsense`, 200, true, 0, true},
		{"a web page", "GET", `<!DOCTYPE html><title>Blocked</title>`, 200, true, 0, true},
	} {
		asked := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) { say(w, c.status, c.body) })
		var into int
		target := any(&into)
		if !c.into {
			target = nil
		}
		var err error
		status := c.status
		if c.method == "GET" {
			err = asked.client(t).Get(t.Context(), "/x", nil, target)
		} else {
			status, err = asked.client(t).Send(t.Context(), c.method, "/x", nil, target, true)
		}
		if errors.Is(err, graph.ErrUnexpectedAnswer) != c.fails || (err != nil) != c.fails || into != c.want || status != c.status {
			t.Errorf("%s: %d, %d, %v", c.name, status, into, err)
		}
		if c.name == "a web page" && !strings.Contains(err.Error(), `web page with the title "Blocked"`) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestWhatIsSentAgain(t *testing.T) {
	t.Parallel()
	const most = 7
	for _, c := range []struct {
		name       string
		status     int
		retryAfter string
		repeat     bool
		final      bool
		attempts   int
	}{
		{"a GET or the like, throttled", 429, "", true, false, most},
		{"a GET or the like, unavailable", 503, "", true, false, most},
		{"a GET or the like, at a gateway", 504, "", true, false, most},
		{"a POST, throttled", 429, "", false, false, most},
		{"a POST, throttled for a moment", 429, "2.128", false, false, most},
		{"a POST, refused for a moment", 503, "1", false, false, most},
		{"a POST, unavailable: it may have been done", 503, "", false, false, 1},
		{"a POST, at a gateway: it may have been done", 502, "1", false, false, 1},
		{"an error of the service", 500, "", true, false, 1},
		{"a sync, throttled", 429, "1", false, true, 1},
		{"a repeatable sync, throttled", 429, "1", true, true, 1},
		{"a repeatable sync, unavailable", 503, "", true, true, most},
	} {
		asked := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
			if c.retryAfter != "" {
				w.Header().Set("Retry-After", c.retryAfter)
			}
			say(w, c.status, `{"error":{"code":"x","message":"y"}}`)
		})
		ctx := t.Context()
		if c.final {
			ctx = graph.ThrottledIsFinal(ctx)
		}
		_, err := asked.client(t).Send(ctx, "POST", "/x", "payload", nil, c.repeat)
		if graph.StatusOf(err) != c.status || len(asked.requests) != c.attempts {
			t.Errorf("%s: %d attempts, want %d: %v", c.name, len(asked.requests), c.attempts, err)
		}
		for _, request := range asked.requests {
			if request != `POST /beta/x "payload"` {
				t.Errorf("%s: an attempt was %s", c.name, request)
			}
		}
	}
}

func TestAGETOutlastsTwoAnswersOf500(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method        string
		bad, attempts int
		good          bool
	}{
		{"GET", 1, 2, true},
		{"GET", 2, 3, true},
		{"GET", 3, 3, false},
		{"PATCH", 1, 1, false},
		{"POST", 1, 1, false},
	} {
		asked := serve(t, func(n int, w http.ResponseWriter, _ *http.Request) {
			if n < c.bad {
				say(w, 500, `{"error":{"code":"InternalServerError","message":"y"}}`)
				return
			}
			say(w, 200, `{}`)
		})
		client, err := asked.client(t), error(nil)
		if c.method == "GET" {
			err = client.Get(t.Context(), "/x", nil, new(struct{}))
		} else {
			_, err = client.Send(t.Context(), c.method, "/x", nil, nil, c.method == "PATCH")
		}
		if (err == nil) != c.good || len(asked.requests) != c.attempts || len(asked.waits) != c.attempts-1 {
			t.Errorf("%s after %d: asked %d times, waited %v: %v", c.method, c.bad, len(asked.requests), asked.waits, err)
		}
		if !c.good && graph.StatusOf(err) != 500 {
			t.Errorf("%s: %v", c.method, err)
		}
	}
}

// A POST that never left may be sent again; one that left and was not answered may not.
func TestAnUnansweredPOSTIsNotSentAgain(t *testing.T) {
	t.Parallel()
	asked := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_ = conn.Close()
		}
	})
	_, err := asked.client(t).Send(t.Context(), "POST", "/x", nil, nil, false)
	asked.mu.Lock() // the handler may be at it still: it answered nobody
	defer asked.mu.Unlock()
	if !errors.Is(err, httpx.ErrUnanswered) || len(asked.requests) != 1 {
		t.Errorf("asked %d times: %v", len(asked.requests), err)
	}
	nobody := httptest.NewServer(http.NotFoundHandler())
	nobody.Close()
	gone := &world{url: nobody.URL}
	_, err = gone.client(t).Send(t.Context(), "POST", "/x", nil, nil, false)
	if !errors.Is(err, httpx.ErrNotSent) || len(gone.waits) != 6 {
		t.Errorf("waited %v: %v", gone.waits, err)
	}
}

func TestWaits(t *testing.T) {
	t.Parallel()
	const inner = `{"error":{"code":"TooManyRequests","message":"{\"_version\":3,\"Message\":\"Slow down\",\"RetryAfter\":%s}"}}`
	for _, c := range []struct {
		name, header, body string
		want               time.Duration // 0: the back-off
		until              time.Duration // of an error at once
	}{
		{"seconds", "7", `{}`, 7 * time.Second, 0},
		{"fractions of them", "2.128", `{}`, 2128 * time.Millisecond, 0},
		{"a date", now.Add(9 * time.Second).Format(http.TimeFormat), `{}`, 9 * time.Second, 0},
		{"inside", "", fmt.Sprintf(inner, `12`), 12 * time.Second, 0},
		{"inside, as text", "", fmt.Sprintf(inner, `\"12.5\"`), 12500 * time.Millisecond, 0},
		{"inside, as a span", "", fmt.Sprintf(inner, `\"00:00:30\"`), 30 * time.Second, 0},
		{"inside, as a date", "", fmt.Sprintf(inner, `\"2026-09-01T07:00:20Z\"`), 20 * time.Second, 0},
		{"the header goes first", "3", fmt.Sprintf(inner, `12`), 3 * time.Second, 0},
		{"nothing inside", "", fmt.Sprintf(inner, `null`), 0, 0},
		{"nothing at all", "", ``, 0, 0},
		{"nonsense", "soon", fmt.Sprintf(inner, `\"soon\"`), 0, 0},
		{"long", "90", fmt.Sprintf(inner, `1`), 0, 90 * time.Second},
		{"long, inside", "", fmt.Sprintf(inner, `3600`), 0, time.Hour},
	} {
		asked := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
			if c.header != "" {
				w.Header().Set("Retry-After", c.header)
			}
			say(w, http.StatusTooManyRequests, c.body)
		})
		_, err := asked.client(t).Send(t.Context(), "POST", "/x", nil, nil, false)
		var answered *graph.Error
		if !errors.As(err, &answered) {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		switch {
		case c.until > 0:
			if len(asked.waits) != 0 || !answered.Until.Equal(now.Add(c.until)) || !strings.Contains(err.Error(), "try again after 2026-09-01T0") {
				t.Errorf("%s: waited %v, until %s: %v", c.name, asked.waits, answered.Until, err)
			}
		case c.want > 0:
			if len(asked.waits) != 6 || asked.waits[5] != c.want || !answered.Until.Equal(now.Add(c.want)) {
				t.Errorf("%s: waited %v, until %s", c.name, asked.waits, answered.Until)
			}
		default:
			if len(asked.waits) != 6 || asked.waits[5] < 15*time.Second || asked.waits[5] > 30*time.Second || !answered.Until.IsZero() {
				t.Errorf("%s: waited %v, until %s", c.name, asked.waits, answered.Until)
			}
		}
	}
}

// A token that has expired on the way is replaced once, for a POST, too: it was refused before it was looked at.
func TestARefusedTokenIsReplacedOnce(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"1", "never"} {
		asked := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") == "Bearer "+good {
				say(w, http.StatusOK, `1`)
				return
			}
			say(w, http.StatusUnauthorized, `{"error":{"code":"InvalidAuthenticationToken","message":"Lifetime validation failed, the token is expired."}}`)
		})
		var refused []string
		client := asked.client(t, func(o *graph.Options) {
			o.Token = func(ctx context.Context) (string, error) {
				refused = append(refused, graph.RefusedToken(ctx))
				return strconv.Itoa(len(refused) - 1), nil
			}
		})
		_, err := client.Send(t.Context(), "POST", "/x", nil, nil, false)
		if (err == nil) != (good == "1") || len(asked.requests) != 2 || strings.Join(refused, ",") != ",0" {
			t.Errorf("asked %d times, refused %q: %v", len(asked.requests), refused, err)
		}
		if err != nil && graph.StatusOf(err) != http.StatusUnauthorized {
			t.Error(err)
		}
	}
}

func TestAFailedSignInIsToldAsItIs(t *testing.T) {
	t.Parallel()
	failure := errors.New("nobody could be signed in")
	asked := &world{url: "http://127.0.0.1:1"}
	client := asked.client(t, func(o *graph.Options) {
		o.Token = func(context.Context) (string, error) { return "", failure }
	})
	if err := client.Get(t.Context(), "/x", nil, nil); err != failure || len(asked.waits) != 0 { //nolint:errorlint // not wrapped
		t.Errorf("waited %v: %v", asked.waits, err)
	}
}

func TestRowsArriveByPages(t *testing.T) {
	t.Parallel()
	const link = "/beta/x?$skiptoken=a%2Bb+c%20d'("
	var asked *world
	asked = serve(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		switch n {
		case 0:
			say(w, 200, fmt.Sprintf(`{"value":[{"id":1},{"id":2}],"@odata.nextLink":%q}`, asked.url+link))
		case 1:
			say(w, 200, fmt.Sprintf(`{"value":[],"@odata.nextLink":%q}`, asked.url+"/beta/x?$skiptoken=3"))
		default:
			say(w, 200, `{"value":[{"id":3}]}`)
		}
	})
	var pages []int
	var ids []string
	for page, err := range asked.client(t).Pages(t.Context(), "/x", url.Values{"$top": {"2"}}) {
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, len(page))
		for _, row := range page {
			ids = append(ids, string(row))
		}
	}
	if fmt.Sprint(pages) != "[2 0 1]" || strings.Join(ids, "") != `{"id":1}{"id":2}{"id":3}` {
		t.Errorf("pages of %v: %v", pages, ids)
	}
	if asked.requests[0] != "GET /beta/x?%24top=2" || asked.requests[1] != "GET "+link {
		t.Errorf("asked %q", asked.requests)
	}
}

func TestPagesThatLeadAstray(t *testing.T) {
	t.Parallel()
	var stolen bool
	elsewhere := serve(t, func(int, http.ResponseWriter, *http.Request) { stolen = true })
	for name, c := range map[string]struct {
		answer func(n int, own string) (next, rows string)
		pages  int // before the error
	}{
		"back to the first":       {func(_ int, own string) (string, string) { return own + "/beta/x", `{"id":1}` }, 1},
		"back to an earlier one":  {func(n int, own string) (string, string) { return own + "/beta/x?" + strconv.Itoa(n%3), fmt.Sprint(n) }, 4},
		"to the same rows":        {func(n int, own string) (string, string) { return own + "/beta/x?" + strconv.Itoa(n), `{"id":1}` }, 2},
		"to nothing, for ever":    {func(n int, own string) (string, string) { return own + "/beta/x?" + strconv.Itoa(n), `` }, 50},
		"to another host":         {func(int, string) (string, string) { return elsewhere.url + "/beta/x", `1` }, 1},
		"to another scheme":       {func(_ int, own string) (string, string) { return strings.Replace(own, "http:", "https:", 1), `1` }, 1},
		"with somebody's name on": {func(_ int, own string) (string, string) { return strings.Replace(own, "//", "//user@", 1), `1` }, 1},
		"nowhere":                 {func(int, string) (string, string) { return "http://[", `1` }, 1},
		"to a path":               {func(int, string) (string, string) { return "/beta/x?next", `1` }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var asked *world
			asked = serve(t, func(n int, w http.ResponseWriter, _ *http.Request) {
				next, rows := c.answer(n, asked.url)
				say(w, 200, fmt.Sprintf(`{"value":[%s],"@odata.nextLink":%q}`, rows, next))
			})
			pages := 0
			var failed error
			for _, err := range asked.client(t).Pages(t.Context(), "/x", nil) {
				if failed != nil {
					t.Fatal("there is more after an error")
				}
				if failed = err; err == nil {
					pages++
				}
			}
			if !errors.Is(failed, graph.ErrPaging) || pages != c.pages {
				t.Errorf("%d pages, want %d: %v", pages, c.pages, failed)
			}
		})
	}
	if stolen {
		t.Error("another host got the access token")
	}
}

func TestACollectionEndsWithItsError(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		body   string
		is     func(error) bool
	}{
		{200, `{"values":[]}`, func(err error) bool { return errors.Is(err, graph.ErrUnexpectedAnswer) }},
		{200, `<html>`, func(err error) bool { return errors.Is(err, graph.ErrUnexpectedAnswer) }},
		{404, `{"error":{"code":"ResourceNotFound"}}`, func(err error) bool { return graph.StatusOf(err) == http.StatusNotFound }},
	} {
		asked := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) { say(w, c.status, c.body) })
		rounds := 0
		for page, err := range asked.client(t).Pages(t.Context(), "/x", nil) {
			if rounds++; page != nil || !c.is(err) {
				t.Errorf("%s: %v, %v", c.body, page, err)
			}
		}
		if rounds != 1 {
			t.Errorf("%s: %d rounds", c.body, rounds)
		}
	}
}

// Who has found what they looked for asks for no more.
func TestPagesAreReadOnDemand(t *testing.T) {
	t.Parallel()
	var asked *world
	asked = serve(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		say(w, 200, fmt.Sprintf(`{"value":[%d],"@odata.nextLink":"%s/beta/x?%d"}`, n, asked.url, n))
	})
	var rows []json.RawMessage
	for page, err := range asked.client(t).Pages(t.Context(), "/x", nil) {
		if err != nil {
			t.Fatal(err)
		}
		if rows = append(rows, page...); len(rows) == 2 {
			break
		}
	}
	if len(asked.requests) != 2 {
		t.Errorf("asked %q", asked.requests)
	}
}
