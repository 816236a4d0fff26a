package contract

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// example is one file of testdata; see README.md for what they are and which pages of the documentation are wrong.
type example struct {
	Request struct {
		Method string          `json:"method"`
		URL    string          `json:"url"`
		Body   json.RawMessage `json:"body"`
	} `json:"request"`
	Response struct {
		Status        *int            `json:"status"`
		Body          json.RawMessage `json:"body"`
		BodyCorrected json.RawMessage `json:"bodyCorrected"`
	} `json:"response"`
}

var placeholder = regexp.MustCompile(`\{[A-Za-z]+\}`)

func (e example) call() call {
	c := call{
		method: e.Request.Method, path: placeholder.ReplaceAllString(e.Request.URL, tokenID),
		sent: text(e.Request.Body), answer: text(e.Response.Body),
	}
	if corrected := text(e.Response.BodyCorrected); corrected != "" {
		c.answer = corrected
	}
	if e.Response.Status != nil {
		c.status = *e.Response.Status
	}
	return c
}

func text(body json.RawMessage) string {
	if string(body) == "null" {
		return ""
	}
	return string(body)
}

func eachExample(t *testing.T, prefix string, do func(t *testing.T, e example)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", prefix+"-*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples %s: %v", prefix, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var e example
			if err := json.Unmarshal(content, &e); err != nil {
				t.Fatal(err)
			}
			do(t, e)
		})
	}
}

func TestExamplesOfTheDocumentationKeepTheContract(t *testing.T) {
	eachExample(t, "docs", func(t *testing.T, e example) {
		v := newValidator(t)
		v.partial = true // their text is older than some properties
		v.check(e.call().exchange())
		if report := v.Report(); len(report.Operations) != 1 || len(report.Violations) > 0 {
			t.Errorf("operations %v, found:\n%s", report.Operations, lines(report))
		}
	})
}

func TestTrafficOfTheAdminCenterKeepsTheContract(t *testing.T) {
	// Where the capture has no answer, the one that the admin center goes on from.
	answers := map[string]int{http.MethodPatch: 204, http.MethodDelete: 204, http.MethodPost: 429}
	eachExample(t, "har", func(t *testing.T, e example) {
		c := e.call()
		if c.status == 0 {
			c.status = answers[c.method]
		}
		if c.status == 429 {
			c.answer = graphError("TooManyRequests") // blames nothing on the request, so it has to be valid
		}
		if got := found(t, c); got != "" {
			t.Errorf("found:\n%s", got)
		}
	})
}

func TestErrorsSeenInPublicKeepTheContract(t *testing.T) {
	eachExample(t, "error", func(t *testing.T, e example) {
		c := e.call()
		for _, path := range []string{tokens, "/v1.0/deviceManagement/depOnboardingSettings"} {
			c.method, c.path = http.MethodGet, path
			if got := found(t, c); got != "" {
				t.Errorf("on %s found:\n%s", path, got)
			}
		}
	})
}
