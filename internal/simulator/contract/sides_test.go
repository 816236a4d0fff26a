package contract

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// answering is Graph as far as a test needs it.
func answering(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func serve(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func send(t *testing.T, client *http.Client, method, url, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return response.StatusCode, err.Error()
	}
	return response.StatusCode, string(content)
}

func TestBothSidesSeeTheSameAndChangeNothing(t *testing.T) {
	server, client := newValidator(t), newValidator(t)
	var arrived string
	handler := func(w http.ResponseWriter, r *http.Request) {
		content, _ := io.ReadAll(r.Body)
		arrived = string(content)
		answering(http.StatusBadRequest, graphError("BadRequest"))(w, r)
	}
	url := serve(t, server.Middleware(http.HandlerFunc(handler)))
	status, body := send(t, &http.Client{Transport: client.RoundTripper(http.DefaultTransport)},
		http.MethodPost, url+profile+"/updateDeviceProfileAssignment", `{"deviceIds":"x"}`)
	if status != http.StatusBadRequest || body != graphError("BadRequest") || arrived != `{"deviceIds":"x"}` {
		t.Errorf("the client got %d %s, the server %s", status, body, arrived)
	}
	for side, v := range map[string]*Validator{"server": server, "client": client} {
		if report := v.Report(); report.Messages != 2 || len(report.Violations) > 0 || len(report.Operations) > 0 {
			t.Errorf("%s: %+v", side, report)
		}
	}
}

func TestBothSidesFindAViolation(t *testing.T) {
	server, client := newValidator(t), newValidator(t)
	url := serve(t, server.Middleware(answering(http.StatusOK, `{"value":7}`)))
	send(t, &http.Client{Transport: client.RoundTripper(http.DefaultTransport)}, http.MethodGet, url+tokens, "")
	for side, v := range map[string]*Validator{"server": server, "client": client} {
		report := v.Report()
		if got := lines(report); got != "response: /value: value must be an array\n" {
			t.Errorf("%s found %q", side, got)
		}
		if report.Violations[0].Operation != "deviceManagement.ListDepOnboardingSettings" || report.Violations[0].Path != tokens {
			t.Errorf("%s: %+v", side, report.Violations[0])
		}
	}
}

func TestOtherPathsAreNotSeen(t *testing.T) {
	v := newValidator(t)
	url := serve(t, v.Middleware(answering(http.StatusOK, "token")))
	send(t, &http.Client{Transport: v.RoundTripper(http.DefaultTransport)}, http.MethodPost, url+"/tenant/oauth2/v2.0/token", "x")
	if report := v.Report(); report.Messages != 0 {
		t.Errorf("%+v", report)
	}
}

func TestAnswersThatAreCutOffAreNotChecked(t *testing.T) {
	cutOff := map[string]http.HandlerFunc{
		"aborted": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"value":[`)
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		},
		"hijacked": func(w http.ResponseWriter, _ *http.Request) {
			connection, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				panic(err)
			}
			_ = connection.Close()
		},
	}
	for name, handler := range cutOff {
		t.Run(name, func(t *testing.T) {
			server, client := newValidator(t), newValidator(t)
			url := serve(t, server.Middleware(handler))
			if _, err := send(t, &http.Client{Transport: client.RoundTripper(http.DefaultTransport)}, http.MethodGet, url+tokens, ""); !strings.Contains(err, "EOF") {
				t.Errorf("the client got %q: want a connection that broke off", err)
			}
			if server.Report().Messages+client.Report().Messages != 0 {
				t.Errorf("server %+v, client %+v", server.Report(), client.Report())
			}
		})
	}
}

func TestAStreamReachesTheClientAsItIsWritten(t *testing.T) {
	v := newValidator(t)
	half := make(chan struct{})
	url := serve(t, v.Middleware(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"value":`)
		w.(http.Flusher).Flush()
		<-half
		_, _ = io.WriteString(w, `[]}`)
	})))
	response, err := http.Get(url + tokens)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	start := make([]byte, 9)
	if _, err := io.ReadFull(response.Body, start); err != nil {
		t.Fatal(err)
	}
	close(half)
	if _, err := io.ReadAll(response.Body); err != nil {
		t.Fatal(err)
	}
	if got := lines(v.Report()); got != "" {
		t.Errorf("found:\n%s", got)
	}
}

func TestACompressedAnswerIsReadUncompressed(t *testing.T) {
	var compressed bytes.Buffer
	writer := gzip.NewWriter(&compressed)
	_, _ = io.WriteString(writer, `{"value":7}`)
	_ = writer.Close()
	for name, c := range map[string]struct{ body, want string }{
		"gzip":         {compressed.String(), "response: /value: value must be an array\n"},
		"not any gzip": {`{"value":7}`, "response: the body is not the gzip that its header promises: gzip: invalid header\n"},
	} {
		t.Run(name, func(t *testing.T) {
			v := newValidator(t)
			x := call{http.MethodGet, tokens, "", 200, c.body}.exchange()
			x.header.Set("Content-Encoding", "gzip")
			v.check(x)
			if got := lines(v.Report()); got != c.want {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}

type broken struct{}

func (broken) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("no route to host")
}

func TestARequestWithoutAnAnswerIsNotChecked(t *testing.T) {
	v := newValidator(t)
	if _, err := send(t, &http.Client{Transport: v.RoundTripper(broken{})}, http.MethodGet, "http://127.0.0.1"+tokens, ""); !strings.Contains(err, "no route to host") {
		t.Errorf("the error became %q", err)
	}
	if v.Report().Messages != 0 {
		t.Errorf("%+v", v.Report())
	}
}

func TestACountIsANumberInPlainText(t *testing.T) {
	for body, want := range map[string]string{
		"17": "", "\uFEFF17": "", "many": "response: /: string doesn't match the regular expression",
	} {
		v := newValidator(t)
		x := call{http.MethodGet, token + "/importedAppleDeviceIdentities/$count", "", 200, body}.exchange()
		x.header.Set("Content-Type", "text/plain")
		v.check(x)
		if got := lines(v.Report()); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%q: found %q, want %q", body, got, want)
		}
	}
}
