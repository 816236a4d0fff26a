package apple

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/httpx"
)

// meaning is a word of the service and what it stands for. The service sends plain text, older servers put it in double
// quotes, and some texts have more around the word: so a word counts where the body contains it.
type meaning struct {
	code string
	kind error

	// field is the JSON name of the Profile field at fault.
	field string
}

// meanings are in the order in which they are looked for: a word before those that it contains (Apple: the endpoints'
// response codes; lower-case ones were recorded).
var meanings = []meaning{
	{code: "T_C_NOT_SIGNED", kind: ErrTermsNotSigned},
	{code: "token_expired", kind: ErrTokenExpired},
	{code: "token_rejected", kind: ErrTokenRejected},
	{code: "signature_invalid", kind: ErrSignatureInvalid},
	{code: "ACCESS_DENIED", kind: ErrAccessDenied},
	{code: "APPLE_SEED_FOR_IT_TURNED_OFF", kind: ErrForbidden},
	{code: "INVALID_CURSOR", kind: ErrInvalidCursor},
	{code: "EXPIRED_CURSOR", kind: ErrExpiredCursor},
	{code: "EXHAUSTED_CURSOR", kind: ErrExhaustedCursor},
	{code: "CURSOR_REQUIRED", kind: ErrCursorRequired},
	{code: "USER_AGENT_MISSING", kind: ErrUserAgent},
	{code: "USER_AGENT_INVALID", kind: ErrUserAgent},
	{code: "DEVICE_NOT_FOUND", kind: ErrNotFound},
	{code: "PROFILE_NOT_FOUND", kind: ErrNotFound},
	{code: "NOT_FOUND", kind: ErrNotFound},
	{code: "MALFORMED_REQUEST_BODY", kind: ErrMalformedRequest},
	{code: "DEVICE_ID_REQUIRED", kind: ErrMalformedRequest},
	{code: "PROFILE_UUID_REQUIRED", kind: ErrMalformedRequest},
	{code: "CONFIG_NAME_REQUIRED", kind: ErrProfileRefused, field: "profile_name"},
	{code: "CONFIG_NAME_INVALID", kind: ErrProfileRefused, field: "profile_name"},
	{code: "CONFIG_URL_REQUIRED", kind: ErrProfileRefused, field: "url"},
	{code: "CONFIG_URL_INVALID", kind: ErrProfileRefused, field: "url"},
	{code: "DEPARTMENT_REQUIRED", kind: ErrProfileRefused, field: "department"},
	{code: "DEPARTMENT_INVALID", kind: ErrProfileRefused, field: "department"},
	{code: "FLAGS_INVALID", kind: ErrProfileRefused, field: "is_mdm_removable"},
	{code: "LOCALE_INVALID", kind: ErrProfileRefused, field: "language"},
	{code: "MAGIC_INVALID", kind: ErrProfileRefused, field: "org_magic"},
	{code: "SUPPORT_EMAIL_INVALID", kind: ErrProfileRefused, field: "support_email_address"},
	{code: "SUPPORT_PHONE_REQUIRED", kind: ErrProfileRefused, field: "support_phone_number"},
	{code: "SUPPORT_PHONE_INVALID", kind: ErrProfileRefused, field: "support_phone_number"},
	{code: "TOO_MANY_REQUESTS", kind: ErrTooManyRequests},
	{code: "oauth_problem_adviceBad Request", kind: ErrBadOAuth},
	{code: "oauth_problem_adviceUnauthorized", kind: ErrUnauthorized},
	{code: codeForbidden, kind: ErrForbidden},
}

const codeForbidden = "FORBIDDEN"

var statusMeanings = map[int]error{
	http.StatusUnauthorized:    ErrUnauthorized,
	http.StatusForbidden:       ErrForbidden,
	http.StatusTooManyRequests: ErrTooManyRequests,
}

// newError reads an answer other than 200.
func (s *Session) newError(resp *http.Response, c call) *Error {
	const looked = 4096 // the service's own texts are short
	body := httpx.Bytes(resp)
	body = body[:min(len(body), looked)]
	now := s.client.options.Now()
	e := &Error{
		Status: resp.StatusCode, Body: s.excerpt(body), RequestID: requestID(resp), Method: c.method, Path: c.path,
		RetryAfter: httpx.RetryAfter(resp.Header, now), ClockSkew: clockSkew(resp.Header, now),
	}
	m := meaningOf(c, resp.StatusCode, body)
	e.Code, e.kind, e.field = m.code, m.kind, m.field

	return e
}

// meaningOf never takes the answer of something else, such as a web filter or the server of a wrong address, for one of the
// service's: its "404 not found" must not read as a profile that is gone.
func meaningOf(c call, status int, body []byte) meaning {
	if status < 400 || status > 499 {
		return meaning{}
	}
	if looksLikeHTML(body) {
		return meaning{kind: ErrUnexpectedAnswer}
	}
	for _, m := range meanings {
		switch {
		case !bytes.Contains(body, []byte(m.code)):
		case !errors.Is(m.kind, ErrNotFound):
			return m
		case c.path != pathSession && isWord(body, m.code): // there is nothing at the login that could be missing
			return m
		}
	}
	if status == http.StatusNotFound {
		return meaning{kind: bareNotFound(c, body)}
	}

	return meaning{kind: statusMeanings[status]}
}

// bareNotFound is a 404 without a word of the service's. Two calls are documented to answer a 404 (Apple: Assign a profile,
// Get replacement details), which may come without a body; nothing else of the kind is the service's.
func bareNotFound(c call, body []byte) error {
	documented := c.path == pathReplacement || (c.path == pathProfileDevices && c.method == http.MethodPost)
	if documented && len(bytes.Trim(body, "\" \r\n\t")) == 0 {
		return ErrNotFound
	}

	return ErrUnexpectedAnswer
}

// isWord tells whether a body has a code by itself, not as a part of a longer one such as ROUTE_NOT_FOUND.
func isWord(body []byte, code string) bool {
	before, after, _ := strings.Cut(string(body), code)
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"

	return !strings.ContainsAny(before[max(0, len(before)-1):], letters) && !strings.ContainsAny(after[:min(1, len(after))], letters)
}

// typed is the error in the form that the caller gets.
func (e *Error) typed() error {
	if e.field != "" {
		return &ProfileRefusedError{Code: e.Code, Field: e.field, Err: e}
	}

	return e
}

// refusesSession tells an answer that a new login may change (nanodep does the same): 401 without a word about the server
// token, and 403 FORBIDDEN.
func (e *Error) refusesSession() bool {
	switch e.Status {
	case http.StatusUnauthorized:
		return errors.Is(e.kind, ErrUnauthorized) || e.Code == codeForbidden
	case http.StatusForbidden:
		return e.Code == codeForbidden
	default:
		return false
	}
}

func looksLikeHTML(body []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))), []byte("<"))
}

// excerpt is the beginning of a body, fit for an error text: one line, printable, without the secrets of this session in
// case the service or something in between echoes a request.
func (s *Session) excerpt(body []byte) string {
	const length = 200
	text := string(body)
	for _, secret := range s.secrets() {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, redacted)
		}
	}
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return ' '
		}

		return r
	}, text)
	text = strings.Trim(strings.Join(strings.Fields(text), " "), `"`)

	return text[:min(len(text), length)]
}

func (s *Session) secrets() []string {
	c := s.credentials

	return []string{c.ConsumerSecret, c.AccessSecret, c.AccessToken, c.ConsumerKey, s.value().value}
}

func requestID(resp *http.Response) string {
	const longest = 64 // a UUID has 36
	id := resp.Header.Get(headerRequestID)
	if len(id) > longest || !isHeaderValue(id) {
		return ""
	}

	return id
}

func clockSkew(header http.Header, now time.Time) time.Duration {
	theirs, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return 0
	}

	return now.Sub(theirs).Truncate(time.Second)
}
