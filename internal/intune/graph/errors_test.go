package graph_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/intune/graph"
)

func TestErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name           string
		status         int
		header         string
		body           string
		code, message  string
		requestID      string
		inText, absent string
	}{
		{
			name: "of Microsoft Graph", status: 400,
			body: `{"error":{"code":"BadRequest","message":"Resource not found for the segment 'depOnboardingSettings'.","innerError":{"request-id":"06a907d7","date":"2019-12-09T20:22:24"}}}`,
			code: "BadRequest", message: "Resource not found for the segment 'depOnboardingSettings'.", requestID: "06a907d7",
			inText: "PATCH /x: Microsoft Graph answered 400 Bad Request: Resource not found for the segment 'depOnboardingSettings' (request id 06a907d7)",
		},
		{
			name: "the header's request id goes first", status: 500, header: "of-the-header",
			body: `{"error":{"code":"InternalServerError","message":"Internal server error","innerError":{"request-id":"inner"}}}`,
			code: "InternalServerError", message: "Internal server error", requestID: "of-the-header",
		},
		{
			name: "of Intune: a document inside", status: 400,
			body: `{"error":{"code":"BadRequest","message":"{\r\n  \"_version\": 3,\r\n  \"Message\": \"Invalid ODataActionParameter 'deviceIds' - Operation ID (for customer support): 00000000-0000-0000-0000-000000000000 - Activity ID: e45da853-0df9-4753-b020-568f9b0ecf91 - Url: https://fef.msua04.manage.microsoft.com/DeviceEnrollmentFE/x\"\r\n}"}}`,
			code: "BadRequest", message: "Invalid ODataActionParameter 'deviceIds'", requestID: "e45da853-0df9-4753-b020-568f9b0ecf91", absent: "Url:",
		},
		{
			name: "of Intune, with everything", status: 403,
			body: `{"error":{"code":"Forbidden","message":"{\r\n  \"_version\": 3,\r\n  \"Message\": \"An error has occurred - Operation ID (for customer support): 0 - Activity ID: 111af43c - Url: https://fef\",\r\n  \"CustomApiErrorPhrase\": \"NotAllowed\",\r\n  \"RetryAfter\": null,\r\n  \"ErrorSourceService\": \"\",\r\n  \"HttpHeaders\": \"{\\\"WWW-Authenticate\\\":\\\"Bearer realm=\\\\\\\"urn:intune:service\\\\\\\"\\\"}\"\r\n}","innerError":{"date":"2021-01-15T14:39:08","request-id":"111af43c-dadb","client-request-id":"c"}}}`,
			code: "Forbidden", message: "An error has occurred; NotAllowed", requestID: "111af43c-dadb", absent: "Bearer",
		},
		{
			name: "of Intune, cut short", status: 400,
			body: `{"error":{"code":"BadRequest","message":"{\r\n  \"_version\": 3,\r\n  \"Message\": \"No \\\"such\\\" thing - Operation ID (for customer support): 0 - Activity ID: a-1 - Url: https://fef.ms"}}`,
			code: "BadRequest", message: `No "such" thing`, requestID: "a-1",
		},
		{
			name: "a document in a document", status: 400,
			body: `{"error":{"code":"BadRequest","message":"{\"Message\":\"{\\\"Message\\\":\\\"The innermost\\\"}\"}"}}`,
			code: "BadRequest", message: "The innermost",
		},
		{
			name: "with details", status: 400, body: `{"error":{"code":"x","message":"Wrong.","details":[{"code":"y","target":"displayName","message":"is too long"}]}}`,
			code: "x", message: "Wrong.; displayName is too long", inText: "400 Bad Request (x): Wrong",
		},
		{name: "of older OData", status: 400, body: `{"error":{"code":"x","message":{"lang":"en-us","value":"Wrong"}}}`, code: "x", message: "Wrong"},
		{
			name: "a page of a proxy", status: 403, body: "<!DOCTYPE html><html><head><title>\n  Access\n denied </title></head>",
			message: `a web page with the title "Access denied", which is not Microsoft Graph's: a web filter or a proxy may be in between, or the configured address is wrong`,
		},
		{name: "a page without a title", status: 502, body: "<html>", message: `a web page, which is not Microsoft Graph's: a web filter or a proxy may be in between, or the configured address is wrong`},
		{name: "words", status: 500, body: "upstream connect\r\nerror", message: "upstream connect error"},
		{name: "nothing", status: 404, inText: "PATCH /x: Microsoft Graph answered 404 Not Found", absent: ":  "},
		{name: "an error that is text", status: 400, body: `{"error":"invalid","error_description":"d"}`, message: `{"error":"invalid","error_description":"d"}`},
		{
			name: "an access token that comes back", status: 400, body: `{"error":{"code":"x","message":"Bearer hush.hush and eyJhbGciOiJSUzI1NiJ9.hush.hush","innerError":{}}}`,
			code: "x", message: "(credential) and (credential)", absent: "hush",
		},
		{name: "control characters", status: 400, body: "{\"error\":{\"code\":\"x\",\"message\":\"a\\u001b[31mb\\u0000\"}}", code: "x", message: "a [31mb"},
	} {
		asked := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
			if c.header != "" {
				w.Header().Set("request-id", c.header)
			}
			w.WriteHeader(c.status)
			_, _ = w.Write([]byte(c.body))
		})
		_, err := asked.client(t).Send(t.Context(), "PATCH", "/x", nil, nil, false)
		var got *graph.Error
		if !errors.As(err, &got) {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		want := graph.Error{Method: "PATCH", Path: "/x", Status: c.status, Code: c.code, Message: c.message, RequestID: c.requestID, AppOnly: true}
		if *got != want {
			t.Errorf("%s:\n got %+v\nwant %+v", c.name, *got, want)
		}
		if !strings.Contains(err.Error(), c.inText) || c.absent != "" && strings.Contains(err.Error(), c.absent) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestALongMessageIsCut(t *testing.T) {
	t.Parallel()
	asked := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		say(w, 400, `{"error":{"code":"x","message":"`+strings.Repeat("ü", 5000)+`"}}`)
	})
	_, err := asked.client(t).Send(t.Context(), "POST", "/x", nil, nil, false)
	if text := err.Error(); len([]rune(text)) > 1000 || !strings.Contains(text, "üü…") {
		t.Errorf("%d characters: %s", len([]rune(text)), text)
	}
}

// Whatever an answer holds, it becomes one line of bounded length.
func FuzzErrors(f *testing.F) {
	for _, seed := range []string{
		`{"error":{"code":"BadRequest","message":"{\"_version\":3,\"Message\":\"m - Activity ID: a\",\"RetryAfter\":\"00:00:01\"}"}}`,
		`{"error":{"code":"BadRequest","message":"{\"Message\":\"cut"}}`, `{"error":{"message":{"value":"v"}}}`, `<html><title>x</title>`,
		`{"error":null}`, `null`, ``, `{"error":{"code":"x","message":"Bearer eyJhbGciOiJSUzI1NiJ9.a.b"}}`, "\xff\xfe\x00",
	} {
		f.Add([]byte(seed), "2.5")
	}
	f.Fuzz(func(t *testing.T, body []byte, retryAfter string) {
		got := graph.Refused(http.StatusTooManyRequests, http.Header{"Retry-After": {retryAfter}}, body, now)
		text := got.Error()
		if strings.ContainsAny(text, "\r\n\x00\x1b") || len([]rune(text)) > 2_000 {
			t.Errorf("%q", text)
		}
		if strings.Contains(got.Message, "eyJhbGciOiJSUzI1NiJ9") {
			t.Errorf("a credential is told: %q", text)
		}
		if !got.Until.IsZero() && (got.Until.Before(now) || got.Until.After(now.Add(365*24*time.Hour))) {
			t.Errorf("until %s", got.Until)
		}
	})
}
