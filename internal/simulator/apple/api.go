package apple

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Apple's spellings: no hyphen in UTF8.
const (
	contentTypeJSON = "application/json;charset=UTF8"
	contentTypeText = "text/plain;charset=UTF-8"
)

// maxRequestBody is far beyond any real request, and only protects the process.
const maxRequestBody = 64 << 20

// call is one authenticated Apple call. The simulator's lock is held while it is answered.
type call struct {
	server  *mdmServer
	version int // X-Server-Protocol-Version
	query   func(string) string
	body    []byte
	effects effects
	now     time.Time
}

// decode reads the JSON body into v; an absent body is an empty object. On failure it gives the reply.
func (c *call) decode(v any) (reply, bool) {
	if len(strings.TrimSpace(string(c.body))) == 0 {
		return reply{}, true
	}
	if err := json.Unmarshal(c.body, v); err != nil {
		return badBody(), false
	}
	return reply{}, true
}

// badBody answers a body that is not JSON, or has a field of another type. Apple documents the code for the activation
// lock only; its old simulator used it everywhere.
func badBody() reply { return failure(http.StatusBadRequest, "MALFORMED_REQUEST_BODY") }

// reply is an answer before it is written.
type reply struct {
	status int
	body   []byte
	json   bool
	code   bool // body is an error code, which may be quoted
	header map[string]string
}

func jsonReply(body []byte) reply { return reply{status: http.StatusOK, body: body, json: true} }

func failure(status int, code string) reply {
	return reply{status: status, body: []byte(code), code: code != ""}
}

// encoded is a 200 with v as JSON.
func encoded(v any) reply {
	body, err := json.Marshal(v)
	if err != nil {
		panic("apple simulator: encoding a response: " + err.Error()) // our own types always encode
	}
	return jsonReply(body)
}

// route is one path of Apple's API.
type route struct {
	path    string
	methods map[string]func(*Simulator, *call) reply
	limited bool // advertised with a limit in /account
	since   int  // protocol version that brought it
}

type answers = map[string]func(*Simulator, *call) reply

// newRoutes is the API, in the order in which /account lists it. GET /session has no session, so no call either.
func newRoutes() []route {
	return []route{
		{path: "/session", methods: answers{http.MethodGet: nil}},
		{path: "/devices", methods: answers{http.MethodPost: (*Simulator).deviceDetails}},
		{path: "/server/devices", methods: answers{http.MethodPost: (*Simulator).fetchDevices}, limited: true},
		{path: "/devices/sync", methods: answers{http.MethodPost: (*Simulator).syncDevices}, limited: true},
		{path: "/profile/devices", methods: answers{
			http.MethodDelete: (*Simulator).removeProfile,
			http.MethodPost:   (*Simulator).assignProfile,
			http.MethodPut:    (*Simulator).assignProfile,
		}},
		{path: "/account", methods: answers{http.MethodGet: (*Simulator).account}},
		{path: "/devices/disown", methods: answers{http.MethodPost: (*Simulator).disownDevices}},
		{path: "/device/activationlock", methods: answers{http.MethodPost: (*Simulator).activationLock}},
		{path: "/profile", methods: answers{
			http.MethodPost: (*Simulator).defineProfile,
			http.MethodGet:  (*Simulator).fetchProfile,
		}},
		{
			path: "/device/replacementDetails", since: 10,
			methods: answers{http.MethodGet: (*Simulator).replacementDetails},
		},
		{path: "/os-beta-enrollment/tokens", methods: answers{http.MethodGet: (*Simulator).betaTokens}},
	}
}

func (s *Simulator) findRoute(path string) (route, bool) {
	for _, r := range s.routes {
		if r.path == path {
			return r, true
		}
	}
	return route{}, false
}

// serveApple answers one Apple call: first what faults do to it, then the service itself.
func (s *Simulator) serveApple(w http.ResponseWriter, r *http.Request) {
	started := s.clock.now()
	inFlight := s.inFlight.Add(1)
	defer s.inFlight.Add(-1)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBody))
	if err != nil {
		return // the client is gone, or sends without end
	}
	fx := s.arrive(r, inFlight)
	if !pause(r, fx.latency) || fx.dropBefore {
		panic(http.ErrAbortHandler) // closes the connection without a word
	}
	var answer reply
	if fx.reply != nil {
		answer = *fx.reply
	} else {
		answer = s.answer(r, body, fx)
	}
	if fx.dropAfter {
		panic(http.ErrAbortHandler)
	}
	s.write(w, answer, started)
	s.log.Info("apple call", "method", r.Method, "path", r.URL.Path, "status", answer.status,
		"bytes", len(answer.body), "took", s.clock.now().Sub(started))
}

// arrive counts the call and collects the faults that hit it.
func (s *Simulator) arrive(r *http.Request, inFlight int64) effects {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ledger.arrived(r, inFlight)
	var server *mdmServer
	if found := s.sessions[r.Header.Get(sessionHeader)]; found != nil {
		server = found.token.server
	}
	fx := s.strike(r, server)
	fx.latency += time.Duration(s.settings.Latency)
	return fx
}

// pause waits in real time; it is false when the client went away first.
func pause(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// answer is the service without faults of transport.
func (s *Simulator) answer(r *http.Request, body []byte, fx effects) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	version := protocolVersion(r)
	route, found := s.findRoute(r.URL.Path)
	if !found || version < route.since {
		return failure(http.StatusNotFound, "")
	}
	handle, allowed := route.methods[r.Method]
	if !allowed {
		return failure(http.StatusMethodNotAllowed, "")
	}
	if handle == nil {
		return s.openSession(r)
	}
	if code := s.userAgentError(r); code != "" {
		return failure(http.StatusBadRequest, code)
	}
	living, refusal := s.admit(r, fx)
	if living == nil {
		return refusal
	}
	server := living.token.server
	server.calls++
	answer := handle(s, &call{
		server: server, version: version, query: r.URL.Query().Get, body: body, effects: fx, now: s.clock.now(),
	})
	if fx.rotateSession || s.settings.RotateEvery > 0 && server.calls%s.settings.RotateEvery == 0 {
		answer.header = map[string]string{sessionHeader: s.rotate(living)}
	}
	return answer
}

// admit finds the session of an ordinary call; without one it gives the refusal.
func (s *Simulator) admit(r *http.Request, fx effects) (*session, reply) {
	if fx.expireSession {
		delete(s.sessions, r.Header.Get(sessionHeader))
	}
	living := s.livingSession(r)
	if living == nil {
		return nil, failure(http.StatusUnauthorized, "") // Apple specifies no body
	}
	if !s.terms {
		return nil, failure(http.StatusForbidden, "T_C_NOT_SIGNED")
	}
	return living, reply{}
}

// protocolVersion reads X-Server-Protocol-Version. What Apple assumes when it is absent is not known; the lowest is
// assumed here, so that a client which forgets the header misses fields at once and not in production.
func protocolVersion(r *http.Request) int {
	v, err := strconv.Atoi(r.Header.Get("X-Server-Protocol-Version"))
	if err != nil || v < 1 {
		return 1
	}
	return v
}

// write sends an answer with the headers of the real service: no Retry-After and no rate limits among them.
func (s *Simulator) write(w http.ResponseWriter, a reply, started time.Time) {
	h := w.Header()
	h.Set("X-Apple-Request-Uuid", uuid.NewString())
	h.Set("X-Apple-Edge-Response-Time", strconv.FormatInt(s.clock.now().Sub(started).Milliseconds(), 10))
	body := a.body
	switch {
	case a.json:
		h.Set("Content-Type", contentTypeJSON)
	case len(body) > 0:
		h.Set("Content-Type", contentTypeText)
		if a.code && s.Settings().QuotedErrors {
			body = []byte(strconv.Quote(string(body)))
		}
	default:
		h["Content-Type"] = nil
	}
	for name, value := range a.header {
		h.Set(name, value)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(a.status)
	_, _ = w.Write(body) // a client that went away is its own affair
}
