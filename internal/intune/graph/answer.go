package graph

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/httpx"
)

// The most characters of an answer that an error shows.
const (
	maxMessage = 800
	maxID      = 100
)

// answer is what the body of a refusal says.
type answer struct {
	code, message, requestID string
	// retryAfter is the inner RetryAfter, as a header would have it.
	retryAfter string
}

// wireError is the error object of Microsoft Graph.
type wireError struct {
	Code    string          `json:"code"`
	Message json.RawMessage `json:"message"`
	Details []struct {
		Target  string `json:"target"`
		Message string `json:"message"`
	} `json:"details"`
	Inner struct {
		RequestID       string `json:"request-id"`
		ClientRequestID string `json:"client-request-id"`
	} `json:"innerError"`
}

func readAnswer(body []byte) answer {
	var document struct {
		Error json.RawMessage `json:"error"`
	}
	var wire wireError
	if json.Unmarshal(body, &document) != nil || json.Unmarshal(document.Error, &wire) != nil || wire.Code == "" && len(wire.Message) == 0 {
		return answer{message: otherAnswer(body)}
	}
	said := readMessage(textOf(wire.Message))
	said.code = readable(wire.Code, maxID)
	for _, detail := range wire.Details {
		if more := readable(strings.TrimSpace(detail.Target+" "+detail.Message), maxMessage); more != "" {
			said.message = readable(said.message+"; "+more, maxMessage)
		}
	}
	for _, id := range []string{wire.Inner.RequestID, wire.Inner.ClientRequestID, said.requestID} {
		if id = readable(id, maxID); id != "" {
			said.requestID = id
			break
		}
	}
	return said
}

// textOf reads a message: text, or as older OData services write it, {"lang":"en-us","value":"..."}.
func textOf(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var valued struct {
		Value string `json:"value"`
	}
	_ = json.Unmarshal(raw, &valued) // what it is not, it does not have
	return valued.Value
}

// innerDocument is what Intune writes into error.message.
type innerDocument struct {
	Message    string          `json:"Message"`
	Phrase     string          `json:"CustomApiErrorPhrase"`
	RetryAfter json.RawMessage `json:"RetryAfter"`
}

var (
	// forSupport begins what Intune appends to a message for Microsoft's support.
	forSupport = regexp.MustCompile(`\s+-\s+(Operation ID \(for customer support\)|Activity ID|Url):`)
	activityID = regexp.MustCompile(`Activity ID:\s*([0-9A-Za-z-]+)`)
	// cutDocument finds the message of an inner document that is not whole, or inside another.
	cutDocument = regexp.MustCompile(`(?s)^\s*\{.*?"Message"\s*:\s*"((?:[^"\\]|\\.)*)`)
)

// readMessage reads error.message, which may be a JSON document with the message inside.
func readMessage(text string) answer {
	var said answer
	var inner innerDocument
	if strings.HasPrefix(strings.TrimSpace(text), "{") && json.Unmarshal([]byte(text), &inner) == nil {
		text, said.retryAfter = inner.Message, strings.Trim(string(inner.RetryAfter), `"`)
	}
	if cut := cutDocument.FindStringSubmatch(text); cut != nil {
		text = textOf(json.RawMessage(`"` + cut[1] + `"`))
	}
	if id := activityID.FindStringSubmatch(text); id != nil {
		said.requestID = id[1]
	}
	if at := forSupport.FindStringIndex(text); at != nil {
		text = text[:at[0]]
	}
	said.message = readable(text, maxMessage)
	if phrase := readable(inner.Phrase, maxMessage); phrase != "" && !strings.Contains(said.message, phrase) {
		said.message = strings.TrimPrefix(said.message+"; "+phrase, "; ")
	}
	return said
}

// otherAnswer describes a body that is not Microsoft Graph's.
func otherAnswer(body []byte) string {
	if page := webPage(body); page != "" {
		return page
	}
	return readable(string(bytes.TrimPrefix(body, []byte(byteOrderMark))), 200)
}

var title = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)

// webPage says of a body that is HTML what it is, "" of any other.
func webPage(body []byte) string {
	if !strings.HasPrefix(http.DetectContentType(body), "text/html") {
		return ""
	}
	about := ""
	if found := title.FindSubmatch(body); found != nil {
		about = readable(string(found[1]), 100)
	}
	if about != "" {
		about = ` with the title "` + about + `"`
	}
	return "a web page" + about + ", which is not Microsoft Graph's: a web filter or a proxy may be in between, or the configured address is wrong"
}

// credential finds access tokens, should a proxy or a service send one back.
var credential = regexp.MustCompile(`(?i)(bearer\s+\S+|eyJ[\w-]{10,}(\.[\w-]*)*)`)

// readable makes one line of what an answer says, of at most most characters, without control characters and credentials.
func readable(text string, most int) string {
	text = credential.ReplaceAllString(strings.ToValidUTF8(text, "�"), "(credential)")
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 }), " ")
	if all := []rune(text); len(all) > most {
		return string(all[:most]) + "…"
	}
	return text
}

// retryAfter is httpx.Options.RetryAfter: Intune leaves the header out more often than not, and may say it inside.
func retryAfter(resp *http.Response, now time.Time) time.Duration {
	return delayOf(resp.Header, readAnswer(httpx.Bytes(resp)), now)
}

func delayOf(header http.Header, said answer, now time.Time) time.Duration {
	if delay := httpx.RetryAfter(header, now); delay > 0 {
		return delay
	}
	if delay := httpx.RetryAfter(http.Header{"Retry-After": {said.retryAfter}}, now); delay > 0 {
		return delay
	}
	if date, err := time.Parse(time.RFC3339, said.retryAfter); err == nil {
		return httpx.RetryAfter(http.Header{"Retry-After": {date.UTC().Format(http.TimeFormat)}}, now)
	}
	return clockSpan(said.retryAfter)
}

// clockSpan reads 00:00:30, as .NET writes a span of time; zero if it is none.
func clockSpan(text string) time.Duration {
	span, err := time.Parse(time.TimeOnly, text)
	if err != nil {
		return 0
	}
	return time.Duration(span.Hour())*time.Hour + time.Duration(span.Minute())*time.Minute + time.Duration(span.Second())*time.Second
}
