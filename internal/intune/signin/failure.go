package signin

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// failure turns what a library says of a failed sign-in, and what was heard on the wire, into an error that a person can act
// on. It has no Field: it comes up where a resource is read or changed, whose attributes are others.
func (s *SignIn) failure(err error, last heard) error {
	failed := &enrollment.Error{Kind: enrollment.ErrSignIn, What: "Signing in to Microsoft Intune with " + s.who() + " failed"}
	said := readRefusal(last.body)
	var setting *enrollment.Error
	switch {
	case errors.As(last.assertion, &setting): // a file that could be read before
		failed.Err, failed.Do = &enrollment.Error{What: setting.What, Err: setting.Err}, setting.Do
	case last.assertion != nil:
		failed.Err, failed.Do = last.assertion, s.idTokenAdvice()
	case last.err != nil:
		failed.Err, failed.Do = last.err, s.networkAdvice(last)
	case said.code != "":
		failed.Err, failed.Do = errors.New(s.redact(said.text)), adviceFor(said.code, s.method.name)
	case last.status != 0:
		failed.Err, failed.Do = s.answered(last), s.answerAdvice(last)
	default:
		failed.Err, failed.Do = errors.New(s.redact(firstLines(typeName.ReplaceAllString(err.Error(), "")))), s.toolAdvice(err.Error())
	}
	return failed
}

// who names the method and, where they are configured, the application and the tenant.
func (s *SignIn) who() string {
	who := s.method.name
	if s.client != "" && !s.method.person {
		who += " as " + s.client
	}
	if s.tenant != "" && s.method.name != byIdentity {
		who += " in the tenant " + s.tenant
	}
	return who
}

// answered says what was answered, without the body of an answer that nobody expects.
func (s *SignIn) answered(last heard) error {
	text := fmt.Sprintf("%s answered %d %s", last.host, last.status, http.StatusText(last.status))
	if said := readRefusal(last.body).text; said != "" {
		text += ": " + s.redact(said)
	} else if strings.HasPrefix(http.DetectContentType(last.body), "text/html") {
		text += " with a web page, as a proxy or a web filter would"
	}
	return errors.New(text)
}

// refusal is an error of Microsoft Entra ID (OAuth 2.0, RFC 6749 5.2).
type refusal struct {
	// code is AADSTS and a number, "" where there is none.
	code, text string
}

var (
	// typeName is the Go type that a library puts before what went wrong.
	typeName = regexp.MustCompile(`^\w+Credential: `)
	aadsts   = regexp.MustCompile(`AADSTS\d+`)
	// forSupport begins what is for Microsoft's support.
	forSupport = regexp.MustCompile(`\s*(Trace ID|Correlation ID|Timestamp):`)
)

func readRefusal(body []byte) refusal {
	var answer struct {
		Error       json.RawMessage `json:"error"`
		Description string          `json:"error_description"`
		Codes       []int           `json:"error_codes"`
		TraceID     string          `json:"trace_id"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return refusal{}
	}
	said := refusal{text: answer.Description, code: aadsts.FindString(answer.Description)}
	if said.code == "" && len(answer.Codes) > 0 {
		said.code = fmt.Sprintf("AADSTS%d", answer.Codes[0])
	}
	if at := forSupport.FindStringIndex(said.text); at != nil {
		said.text = said.text[:at[0]]
	}
	var name string
	if said.text == "" && json.Unmarshal(answer.Error, &name) == nil {
		said.text = name
	}
	said.text = firstLines(said.text)
	if said.text != "" && answer.TraceID != "" {
		said.text = strings.TrimSuffix(said.text, ".") + " (trace id " + firstLines(answer.TraceID) + ")"
	}
	return said
}

// firstLines makes one line of a text, of a length that a terminal shows.
func firstLines(text string) string {
	const most = 600
	text, _, _ = strings.Cut(text, "To troubleshoot, visit")
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "�")), " ")
	if all := []rune(text); len(all) > most {
		return string(all[:most]) + "…"
	}
	return text
}

// credential finds tokens that somebody sends back.
var credential = regexp.MustCompile(`eyJ[\w-]{10,}(\.[\w-]*)*`)

// redact takes out what must not be told, should anybody send it back.
func (s *SignIn) redact(text string) string {
	for _, secret := range s.secrets {
		text = strings.ReplaceAll(text, secret, "(secret)")
	}
	return credential.ReplaceAllString(text, "(token)")
}
