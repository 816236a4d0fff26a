package graph

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
)

// call is one Graph call that was let in. The simulator's lock is held while it is answered.
type call struct {
	s        *Simulator
	r        *http.Request
	segments []string          // below /beta, normalised
	vars     map[string]string // path parameters
	query    url.Values
	body     []byte
	effects  effects
	caller   claims
	now      time.Time
	ids      requestIDs
}

// requestIDs are what support is told about a request.
type requestIDs struct{ request, client string }

func newRequestIDs(r *http.Request) requestIDs {
	ids := requestIDs{request: uuid.NewString(), client: r.Header.Get("client-request-id")}
	if ids.client == "" {
		ids.client = ids.request
	}
	return ids
}

// reply is an answer before it is written.
type reply struct {
	status      int
	body        []byte
	contentType string
	header      map[string]string
}

const (
	// contentTypeJSON is Graph's spelling.
	contentTypeJSON = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
	contentTypeText = "text/plain"
)

func jsonReply(status int, body []byte) reply {
	return reply{status: status, body: body, contentType: contentTypeJSON}
}

func noContent() reply { return reply{status: http.StatusNoContent} }

// entity answers one entity with its context.
func (c *call) entity(status int, fragment string, o object) reply {
	return jsonReply(status, appendObject(nil, append(object{{"@odata.context", c.context(fragment)}}, o...)))
}

// value answers the result of a function or action.
func (c *call) value(fragment string, v any) reply {
	return c.entity(http.StatusOK, fragment, object{{"value", v}})
}

// context is the @odata.context of an answer.
func (c *call) context(fragment string) string { return c.root() + "/beta/$metadata#" + fragment }

// root is the address by which the client reached the simulator.
func (c *call) root() string { return "http://" + c.r.Host }

// setting is the beginning of a token's context.
func (c *call) setting() string {
	return "deviceManagement/depOnboardingSettings('" + c.vars["token"] + "')"
}

// decode reads the JSON object in the body. On failure it gives the refusal.
func (c *call) decode() (map[string]any, *reply) {
	kind, _, _ := strings.Cut(c.r.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(kind), "application/json") {
		return nil, c.plain(http.StatusBadRequest, "RequestBodyRead",
			"A supported MIME type could not be found that matches the content type of the response. None of the supported "+
				"type(s) 'application/json' matches the content type '"+c.r.Header.Get("Content-Type")+"'.")
	}
	decoder := json.NewDecoder(bytes.NewReader(c.body))
	decoder.UseNumber()
	var body map[string]any
	if err := decoder.Decode(&body); err != nil || body == nil || decoder.More() {
		return nil, c.plain(http.StatusBadRequest, "BadRequest",
			"Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.")
	}
	return body, nil
}

// errorBody is Graph's error document.
type errorBody struct {
	Error struct {
		Code       string     `json:"code"`
		Message    string     `json:"message"`
		InnerError innerError `json:"innerError"`
	} `json:"error"`
}

type innerError struct {
	Date            string `json:"date"`
	RequestID       string `json:"request-id"`
	ClientRequestID string `json:"client-request-id"`
}

// plainError is an error of Graph itself.
func plainError(now time.Time, ids requestIDs, status int, code, message string) reply {
	var e errorBody
	e.Error.Code, e.Error.Message = code, message
	e.Error.InnerError = innerError{now.UTC().Format("2006-01-02T15:04:05"), ids.request, ids.client}
	body, err := json.Marshal(e)
	if err != nil {
		panic("graph simulator: encoding an error: " + err.Error()) // our own types always encode
	}
	return jsonReply(status, body)
}

func (c *call) plain(status int, code, message string) *reply {
	r := plainError(c.now, c.ids, status, code, message)
	return &r
}

// intuneMessage is the JSON document that Intune puts into the message of an error, as seen in captured ones.
type intuneMessage struct {
	Version              int     `json:"_version"`
	Message              string  `json:"Message"`
	CustomAPIErrorPhrase string  `json:"CustomApiErrorPhrase"`
	RetryAfter           *string `json:"RetryAfter"`
	ErrorSourceService   string  `json:"ErrorSourceService"`
	HTTPHeaders          string  `json:"HttpHeaders"`
}

// intuneError is an error of the service behind Graph.
func intuneError(now time.Time, ids requestIDs, path string, status int, code, message string, retryAfter *string) reply {
	document := intuneMessage{
		Version: 3,
		Message: message + " - Operation ID (for customer support): 00000000-0000-0000-0000-000000000000 - Activity ID: " +
			ids.request + " - Url: https://fef.msua04.manage.microsoft.com/DeviceEnrollmentFE/" +
			"StatelessDeviceEnrollmentFEService" + path + "?api-version=5026-08-01",
		RetryAfter: retryAfter, HTTPHeaders: "{}",
	}
	inner, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		panic("graph simulator: encoding an error: " + err.Error()) // our own types always encode
	}
	return plainError(now, ids, status, code, strings.ReplaceAll(string(inner), "\n", "\r\n"))
}

// refuse answers with an error of Intune.
func (c *call) refuse(status int, code, message string) *reply {
	r := intuneError(c.now, c.ids, "/"+strings.Join(c.segments, "/"), status, code, message, nil)
	return &r
}

func (c *call) badRequest(message string) *reply {
	return c.refuse(http.StatusBadRequest, "BadRequest", message)
}

func (c *call) notFound(message string) *reply {
	return c.refuse(http.StatusNotFound, "ResourceNotFound", message)
}

// write sends an answer with the headers of the real service.
func (s *Simulator) write(w http.ResponseWriter, a reply, ids requestIDs) {
	h := w.Header()
	h.Set("Date", s.apple.Now().Format(http.TimeFormat))
	h.Set("request-id", ids.request)
	h.Set("client-request-id", ids.client)
	h.Set("Cache-Control", "no-cache")
	h.Set("OData-Version", "4.0")
	if a.contentType != "" {
		h.Set("Content-Type", a.contentType)
	} else {
		h["Content-Type"] = nil
	}
	for name, value := range a.header {
		h.Set(name, value)
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // a client that went away is its own affair
}
