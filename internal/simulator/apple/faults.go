package apple

import (
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
)

// FaultKind says what a fault does.
type FaultKind string

// The kinds of faults. Those of one call's transport come first, those of the service's answer after.
const (
	FaultStatus          FaultKind = "status"           // answer Status with Body and Headers; the call is not processed
	FaultLatency         FaultKind = "latency"          // wait Latency, then go on
	FaultDropBefore      FaultKind = "drop_before"      // close the connection; the call is not processed
	FaultDropAfter       FaultKind = "drop_after"       // process the call, then close the connection: the answer is lost
	FaultExpireSession   FaultKind = "expire_session"   // the session is expired: 401
	FaultRotateSession   FaultKind = "rotate_session"   // a new session comes in the response header
	FaultExpiredCursor   FaultKind = "expired_cursor"   // 400 EXPIRED_CURSOR for a call with a cursor
	FaultInvalidCursor   FaultKind = "invalid_cursor"   // 400 INVALID_CURSOR
	FaultExhaustedCursor FaultKind = "exhausted_cursor" // 400 EXHAUSTED_CURSOR
	FaultRepeatCursor    FaultKind = "repeat_cursor"    // the answer repeats the call's cursor, with more_to_follow true
	FaultThrottled       FaultKind = "throttled"        // devices of Serials answer THROTTLED and are left as they are
	FaultFailed          FaultKind = "failed"           // devices answer FAILED
	FaultNotAccessible   FaultKind = "not_accessible"   // devices answer NOT_ACCESSIBLE
	FaultMissing         FaultKind = "missing"          // devices are silently left out of fetch and sync
)

// Fault makes the service misbehave, for Apple calls that match. Zero fields match everything.
type Fault struct {
	ID     string    `json:"id,omitempty"` // given by the simulator
	Kind   FaultKind `json:"kind"`
	Method string    `json:"method,omitempty"` // "POST"
	Path   string    `json:"path,omitempty"`   // "/profile/devices", or a pattern: "/profile*" (path.Match)
	Server string    `json:"server,omitempty"` // id of an MDM server: only calls in a session of it

	After int      `json:"after,omitempty"` // let this many matching calls pass first
	Times int      `json:"times,omitempty"` // then hit this many; 0: all
	For   Duration `json:"for,omitempty"`   // stop this long after it was added, on the virtual clock; 0: never

	Status  int               `json:"status,omitempty"`  // status: HTTP status
	Body    string            `json:"body,omitempty"`    // status: text
	Headers map[string]string `json:"headers,omitempty"` // status: for example Retry-After
	Latency Duration          `json:"latency,omitempty"` // latency: real time

	Serials           []string `json:"serials,omitempty"`             // devices concerned; empty: all
	Every             int      `json:"every,omitempty"`               // of those, in the order of a call, only every n-th
	RetryAfterSeconds int      `json:"retry_after_seconds,omitempty"` // throttled: what version 10 clients are told

	Matched int `json:"matched"` // calls that matched so far
	Hit     int `json:"hit"`     // calls that were hit so far

	until   time.Time
	serials map[string]bool
}

// defaultPaths are where kinds apply that name no path.
var defaultPaths = map[FaultKind][]string{
	FaultExpiredCursor:   {"/server/devices", "/devices/sync"},
	FaultInvalidCursor:   {"/server/devices", "/devices/sync"},
	FaultExhaustedCursor: {"/server/devices", "/devices/sync"},
	FaultRepeatCursor:    {"/server/devices", "/devices/sync"},
	FaultThrottled:       {"/profile", "/profile/devices"},
	FaultFailed:          {"/profile", "/profile/devices"},
	FaultNotAccessible:   {"/profile", "/profile/devices"},
	FaultMissing:         {"/server/devices", "/devices/sync"},
	FaultExpireSession:   nil,
	FaultRotateSession:   nil,
	FaultStatus:          nil,
	FaultLatency:         nil,
	FaultDropBefore:      nil,
	FaultDropAfter:       nil,
}

// AddFaults puts faults in force and returns them with their ids. All or none.
func (s *Simulator) AddFaults(faults ...Fault) ([]Fault, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range faults {
		if err := faults[i].validate(); err != nil {
			return nil, err
		}
	}
	for i := range faults {
		f := faults[i]
		s.faultsRun++
		f.ID, f.Matched, f.Hit = fmt.Sprintf("fault-%d", s.faultsRun), 0, 0
		if f.For > 0 {
			f.until = s.clock.now().Add(time.Duration(f.For))
		}
		if len(f.Serials) > 0 {
			f.serials = map[string]bool{}
			for _, serial := range f.Serials {
				f.serials[serial] = true
			}
		}
		s.faults = append(s.faults, &f)
		faults[i].ID = f.ID
	}
	return faults, nil
}

func (f *Fault) validate() error {
	if _, known := defaultPaths[f.Kind]; !known {
		return badRequest("fault kind %q: want one of %v", f.Kind, slices.Sorted(maps.Keys(defaultPaths)))
	}
	if f.Kind == FaultStatus && (f.Status < 200 || f.Status > 599) {
		return badRequest("fault kind status needs an HTTP status, not %d", f.Status)
	}
	if f.Kind == FaultLatency && f.Latency <= 0 {
		return badRequest("fault kind latency needs a latency above zero")
	}
	if _, err := path.Match(f.Path, "/"); err != nil {
		return badRequest("fault path %q: %v", f.Path, err)
	}
	if f.After < 0 || f.Times < 0 || f.For < 0 || f.Every < 0 {
		return badRequest("fault: after, times, for and every are zero or more")
	}
	return nil
}

// Faults lists the faults in force, with how often they matched and hit.
func (s *Simulator) Faults() []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Fault, 0, len(s.faults))
	for _, f := range s.faults {
		out = append(out, *f)
	}
	return out
}

// ClearFaults ends all faults.
func (s *Simulator) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// effects are what the faults in force do to one call.
type effects struct {
	latency               time.Duration
	dropBefore, dropAfter bool
	reply                 *reply
	expireSession         bool
	rotateSession         bool
	repeatCursor          bool
	cursorCode            string
	retryAfterSeconds     int
	perDevice             []*deviceEffect
}

// deviceEffect is a fault of single devices in one call.
type deviceEffect struct {
	fault *Fault
	seen  int // devices of the call so far, for Every
}

// strike finds the faults that hit a call and counts them.
func (s *Simulator) strike(r *http.Request, server *mdmServer) effects {
	var fx effects
	now := s.clock.now()
	for _, f := range s.faults {
		if !f.matches(r, server, now) {
			continue
		}
		f.Matched++
		if f.Matched <= f.After || f.Times > 0 && f.Hit >= f.Times {
			continue
		}
		f.Hit++
		fx.add(f)
	}
	return fx
}

func (f *Fault) matches(r *http.Request, server *mdmServer, now time.Time) bool {
	if f.Method != "" && !strings.EqualFold(f.Method, r.Method) ||
		f.Server != "" && (server == nil || server.id != f.Server) ||
		f.For > 0 && !now.Before(f.until) {
		return false
	}
	if f.Path == "" {
		where := defaultPaths[f.Kind]
		return where == nil || slices.Contains(where, r.URL.Path)
	}
	matched, _ := path.Match(f.Path, r.URL.Path) // the pattern was checked when it was added
	return matched
}

func (fx *effects) add(f *Fault) {
	switch f.Kind {
	case FaultStatus:
		fx.reply = &reply{status: f.Status, body: []byte(f.Body), code: f.Body != "", header: f.Headers}
	case FaultLatency:
		fx.latency += time.Duration(f.Latency)
	case FaultDropBefore:
		fx.dropBefore = true
	case FaultDropAfter:
		fx.dropAfter = true
	case FaultExpireSession:
		fx.expireSession = true
	case FaultRotateSession:
		fx.rotateSession = true
	case FaultExpiredCursor:
		fx.cursorCode = "EXPIRED_CURSOR"
	case FaultInvalidCursor:
		fx.cursorCode = "INVALID_CURSOR"
	case FaultExhaustedCursor:
		fx.cursorCode = "EXHAUSTED_CURSOR"
	case FaultRepeatCursor:
		fx.repeatCursor = true
	case FaultThrottled, FaultFailed, FaultNotAccessible, FaultMissing:
		fx.retryAfterSeconds = max(fx.retryAfterSeconds, f.RetryAfterSeconds)
		fx.perDevice = append(fx.perDevice, &deviceEffect{fault: f})
	}
}

// cursorError is the code that a fault gives to a call with a cursor.
func (fx *effects) cursorError(cursor string) string {
	if cursor == "" {
		return ""
	}
	return fx.cursorCode
}

// concerns counts a device of the call and says whether the fault hits it.
func (e *deviceEffect) concerns(serial string) bool {
	if e.fault.serials != nil && !e.fault.serials[serial] {
		return false
	}
	e.seen++
	return e.fault.Every <= 1 || e.seen%e.fault.Every == 0
}

// missing says whether a fetch or sync leaves the device out.
func (fx *effects) missing(serial string) bool {
	for _, e := range fx.perDevice {
		if e.fault.Kind == FaultMissing && e.concerns(serial) {
			return true
		}
	}
	return false
}

// result is the status that a fault gives to a device, or empty. THROTTLED exists from protocol version 9; what older
// clients see instead is not known, here it is FAILED.
func (fx *effects) result(serial string, version int) string {
	for _, e := range fx.perDevice {
		if e.fault.Kind == FaultMissing || !e.concerns(serial) {
			continue
		}
		switch {
		case e.fault.Kind == FaultNotAccessible:
			return resultNotAccessible
		case e.fault.Kind == FaultThrottled && version >= 9:
			return resultThrottled
		default:
			return resultFailed
		}
	}
	return ""
}
