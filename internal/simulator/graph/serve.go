package graph

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxRequestBody is far beyond any real request, and only protects the process.
const maxRequestBody = 64 << 20

// serveGraph answers one Graph call: first what faults do to it, then the service itself.
func (s *Simulator) serveGraph(w http.ResponseWriter, r *http.Request) {
	inFlight := s.inFlight.Add(1)
	defer s.inFlight.Add(-1)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBody))
	if err != nil {
		return // the client is gone, or sends without end
	}
	c := s.arrive(r, body, inFlight)
	if !pause(r, c.effects.latency) || c.effects.dropBefore {
		panic(http.ErrAbortHandler) // closes the connection without a word
	}
	answer := s.answer(r.Context(), c)
	if c.effects.dropAfter {
		panic(http.ErrAbortHandler)
	}
	if c.effects.failAfter {
		answer = *c.plain(http.StatusInternalServerError, "InternalServerError", "An internal server error has occurred.")
	}
	s.write(w, answer, c.ids)
	s.log.Info("graph call", "method", r.Method, "path", r.URL.Path, "status", answer.status, "bytes", len(answer.body))
}

// arrive counts the call and collects the faults that hit it.
func (s *Simulator) arrive(r *http.Request, body []byte, inFlight int64) *call {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	c := &call{s: s, r: r, body: body, now: s.apple.Now(), ids: newRequestIDs(r)}
	template := r.URL.Path
	if path, beta := betaPath(r.URL); beta {
		c.segments = normalise(path)
		template = s.template(r.Method, c.segments)
	}
	s.ledger.arrived(r.Method, template, inFlight)
	c.effects = s.strike(r, template)
	c.effects.latency += time.Duration(s.settings.Latency)
	return c
}

// template is the path as faults and counters name it: parameters in braces.
func (s *Simulator) template(method string, segments []string) string {
	if found, _, _ := s.find(method, segments); found != nil {
		return found.pattern
	}
	path := "/" + strings.Join(segments, "/")
	if isCatalog(path) && len(segments) > 2 {
		return strings.Join(append([]string{"", segments[0], segments[1], "{id}"}, segments[3:]...), "/")
	}
	return path
}

// betaPath is the path below /beta.
func betaPath(u *url.URL) (string, bool) {
	path := u.EscapedPath()
	rest, beta := strings.CutPrefix(path, "/beta")
	return rest, beta && (rest == "" || rest[0] == '/')
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
func (s *Simulator) answer(ctx context.Context, c *call) reply {
	if isBatch(c) {
		return s.answerBatch(ctx, c)
	}
	answer, elsewhere := s.answerHere(c)
	if elsewhere {
		return s.serveCatalog(ctx, c)
	}
	return answer
}

// answerHere answers a call; elsewhere it only lets it in, to the settings catalog, which asks back and so must not find
// the lock held.
func (s *Simulator) answerHere(c *call) (answer reply, elsewhere bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if refusal := s.admit(c); refusal != nil {
		return *refusal, false
	}
	if refusal := c.readQuery(); refusal != nil {
		return *refusal, false
	}
	if _, beta := betaPath(c.r.URL); !beta {
		return *c.wrongVersion(), false
	}
	if isCatalog("/" + strings.Join(c.segments, "/")) {
		needs := configWrites
		if c.r.Method == http.MethodGet {
			needs = configReads
		}
		if refusal := c.authorise(needs); refusal != nil {
			return *refusal, false
		}
		return reply{}, true
	}
	found, vars, sameShape := s.find(c.r.Method, c.segments)
	if found == nil {
		return *c.noRoute(sameShape), false
	}
	if refusal := c.authorise(found.needs); refusal != nil {
		return *refusal, false
	}
	c.vars = vars
	return found.answer(c), false
}

// readQuery parses the query once.
func (c *call) readQuery() *reply {
	query, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil {
		return c.plain(http.StatusBadRequest, "BadRequest", "The query string is malformed.")
	}
	c.query = query
	return nil
}

// wrongVersion is the answer below anything but /beta: what is served here exists only there.
func (c *call) wrongVersion() *reply {
	segments := normalise(c.r.URL.EscapedPath())
	segment := "deviceManagement"
	if len(segments) > 0 {
		segment = segments[min(2, len(segments)-1)]
	}
	if len(segments) == 0 || segments[0] != "v1.0" {
		return c.plain(http.StatusBadRequest, "BadRequest", "Invalid version.")
	}
	return c.plain(http.StatusBadRequest, "BadRequest", "Resource not found for the segment '"+segment+"'.")
}

// noRoute answers what no operation takes. The wording is that of captured answers.
func (c *call) noRoute(sameShape bool) *reply {
	path := strings.Join(c.segments, "/")
	switch {
	case len(c.segments) == 0:
		return c.plain(http.StatusBadRequest, "BadRequest", "Resource not found for the segment ''.")
	case strings.Contains(path, "microsoft.management.services.api."):
		return c.plain(http.StatusInternalServerError, "InternalServerError", "An internal server error has occurred.")
	case sameShape || c.isPostOfDevices():
		template := "~/singleton/navigation" + strings.Repeat("/key/navigation", max(0, len(c.segments)/2-1))
		return c.plain(http.StatusBadRequest, "No method match route template", "No OData route exists that match template "+
			template+" with http verb "+c.r.Method+" for request /DeviceEnrollmentFE_2608/StatelessDeviceEnrollmentFEService/"+path+".")
	default:
		return c.plain(http.StatusBadRequest, "BadRequest",
			"Resource not found for the segment '"+c.segments[len(c.segments)-1]+"'.")
	}
}

// isPostOfDevices: the documentation has a page for it, the service has no route.
func (c *call) isPostOfDevices() bool {
	return c.r.Method == http.MethodPost && strings.EqualFold(c.segments[len(c.segments)-1], "importedAppleDeviceIdentities")
}
