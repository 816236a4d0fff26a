package graph

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
	FaultStatus        FaultKind = "status"          // answer Status, with Body (text) or an error in Intune's form; not processed
	FaultThrottled     FaultKind = "throttled"       // answer 429 with RetryAfter, InnerRetryAfter or neither; not processed
	FaultUnavailable   FaultKind = "unavailable"     // answer 503 likewise; not processed
	FaultLatency       FaultKind = "latency"         // wait Latency in real time, then go on
	FaultDropBefore    FaultKind = "drop_before"     // close the connection; the call is not processed
	FaultDropAfter     FaultKind = "drop_after"      // process the call, then close the connection: the answer is lost
	FaultExpiredSignIn FaultKind = "expired_sign_in" // 401: the access token has expired
	FaultIgnoreFilter  FaultKind = "ignore_filter"   // a collection answers as if there were no $filter
	FaultLoopNextLink  FaultKind = "loop_next_link"  // the nextLink leads to the page that it is on
	FaultRefuseClassic FaultKind = "refuse_classic"  // 500 for the creation of a classic profile
	FaultSkipDevices   FaultKind = "skip_devices"    // devices of Serials (or every n-th) are accepted and never change
	FaultFailHalfway   FaultKind = "fail_halfway"    // an assignment is done for the first half of its devices, then 500
	FaultFailAfter     FaultKind = "fail_after"      // process the call, then answer 500
)

// Fault makes the service misbehave, for Graph calls that match. Zero fields match everything.
type Fault struct {
	ID     string    `json:"id,omitempty"` // given by the simulator
	Kind   FaultKind `json:"kind"`
	Method string    `json:"method,omitempty"` // "POST"
	// Path is below /beta: the whole path, a template of Requests ("/deviceManagement/depOnboardingSettings/{token}"), the
	// end of either ("/setDefaultProfile"), or a pattern (path.Match).
	Path string `json:"path,omitempty"`

	After int      `json:"after,omitempty"` // let this many matching calls pass first
	Times int      `json:"times,omitempty"` // then hit this many; 0: all
	For   Duration `json:"for,omitempty"`   // stop this long after it was added, on the virtual clock; 0: never

	Status          int               `json:"status,omitempty"`            // status: HTTP status
	Code            string            `json:"code,omitempty"`              // status: error.code; empty: by status
	Body            string            `json:"body,omitempty"`              // status: a body instead of an error document
	Headers         map[string]string `json:"headers,omitempty"`           // status: for example Retry-After
	RetryAfter      string            `json:"retry_after,omitempty"`       // throttled, unavailable: the header: "5", "2.128", a date
	InnerRetryAfter string            `json:"inner_retry_after,omitempty"` // throttled, unavailable: in the message's document
	Latency         Duration          `json:"latency,omitempty"`           // latency: real time

	Serials []string `json:"serials,omitempty"` // skip_devices: devices concerned; empty: all
	Every   int      `json:"every,omitempty"`   // skip_devices: of those, in the order of a call, only every n-th

	Matched int `json:"matched"` // calls that matched so far
	Hit     int `json:"hit"`     // calls that were hit so far

	until   time.Time
	serials map[string]bool
}

var faultKinds = map[FaultKind]func(*effects, *Fault){
	FaultStatus:        func(fx *effects, f *Fault) { fx.reply = f },
	FaultThrottled:     func(fx *effects, f *Fault) { fx.reply = f },
	FaultUnavailable:   func(fx *effects, f *Fault) { fx.reply = f },
	FaultLatency:       func(fx *effects, f *Fault) { fx.latency += time.Duration(f.Latency) },
	FaultDropBefore:    func(fx *effects, _ *Fault) { fx.dropBefore = true },
	FaultDropAfter:     func(fx *effects, _ *Fault) { fx.dropAfter = true },
	FaultExpiredSignIn: func(fx *effects, _ *Fault) { fx.expiredSignIn = true },
	FaultIgnoreFilter:  func(fx *effects, _ *Fault) { fx.ignoreFilter = true },
	FaultLoopNextLink:  func(fx *effects, _ *Fault) { fx.loopNextLink = true },
	FaultRefuseClassic: func(fx *effects, _ *Fault) { fx.refuseClassic = true },
	FaultSkipDevices:   func(fx *effects, f *Fault) { fx.perDevice = append(fx.perDevice, &deviceEffect{fault: f}) },
	FaultFailHalfway:   func(fx *effects, _ *Fault) { fx.failHalfway = true },
	FaultFailAfter:     func(fx *effects, _ *Fault) { fx.failAfter = true },
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
		s.faultRun++
		f.ID, f.Matched, f.Hit = fmt.Sprintf("fault-%d", s.faultRun), 0, 0
		if f.For > 0 {
			f.until = s.apple.Now().Add(time.Duration(f.For))
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
	if _, known := faultKinds[f.Kind]; !known {
		return badRequest("fault kind %q: want one of %v", f.Kind, slices.Sorted(maps.Keys(faultKinds)))
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
	reply                            *Fault
	latency                          time.Duration
	dropBefore, dropAfter, failAfter bool
	expiredSignIn                    bool
	ignoreFilter, loopNextLink       bool
	refuseClassic, failHalfway       bool
	perDevice                        []*deviceEffect
}

// deviceEffect is a fault of single devices in one call.
type deviceEffect struct {
	fault *Fault
	seen  int // devices of the call so far, for Every
}

// skips counts a device of the call and says whether a fault keeps it as it is.
func (fx *effects) skips(serial string) bool {
	skipped := false
	for _, e := range fx.perDevice {
		if e.fault.serials != nil && !e.fault.serials[serial] {
			continue
		}
		e.seen++
		skipped = skipped || e.fault.Every <= 1 || e.seen%e.fault.Every == 0
	}
	return skipped
}

// strike finds the faults that hit a call and counts them.
func (s *Simulator) strike(r *http.Request, template string) effects {
	var fx effects
	now := s.apple.Now()
	below, _ := betaPath(r.URL)
	for _, f := range s.faults {
		if f.Method != "" && !strings.EqualFold(f.Method, r.Method) || f.For > 0 && !now.Before(f.until) || !f.on(below, template) {
			continue
		}
		f.Matched++
		if f.Matched <= f.After || f.Times > 0 && f.Hit >= f.Times {
			continue
		}
		f.Hit++
		faultKinds[f.Kind](&fx, f)
	}
	return fx
}

func (f *Fault) on(below, template string) bool {
	if f.Path == "" {
		return true
	}
	for _, candidate := range []string{below, template} {
		matched, _ := path.Match(f.Path, candidate) // the pattern was checked when it was added
		if matched || f.Path == candidate || strings.HasPrefix(f.Path, "/") && strings.HasSuffix(candidate, f.Path) {
			return true
		}
	}
	return false
}

var codesByStatus = map[int]string{
	http.StatusBadRequest: "BadRequest", http.StatusUnauthorized: "InvalidAuthenticationToken", http.StatusForbidden: "Forbidden",
	http.StatusNotFound: "ResourceNotFound", http.StatusConflict: "Conflict", http.StatusTooManyRequests: "TooManyRequests",
	http.StatusInternalServerError: "InternalServerError", http.StatusServiceUnavailable: "ServiceUnavailable",
}

var statusByKind = map[FaultKind]int{
	FaultThrottled: http.StatusTooManyRequests, FaultUnavailable: http.StatusServiceUnavailable,
}

// answer is what a fault answers in place of the service.
func (fx *effects) answer(c *call) reply {
	f := fx.reply
	status := f.Status
	if fixed, given := statusByKind[f.Kind]; given {
		status = fixed
	}
	if f.Body != "" {
		return reply{status: status, body: []byte(f.Body), contentType: contentTypeText, header: f.Headers}
	}
	code := f.Code
	if code == "" {
		code = codesByStatus[status]
	}
	if code == "" {
		code = "UnknownError"
	}
	var inner *string
	if f.InnerRetryAfter != "" {
		inner = &f.InnerRetryAfter
	}
	r := intuneError(c.now, c.ids, "/"+strings.Join(c.segments, "/"), status, code, "An error has occurred", inner)
	if f.Kind == FaultThrottled && inner == nil {
		r = plainError(c.now, c.ids, status, code, "An error has occurred.")
	}
	r.header = maps.Clone(f.Headers)
	if f.RetryAfter != "" {
		if r.header == nil {
			r.header = map[string]string{}
		}
		r.header["Retry-After"] = f.RetryAfter
	}
	return r
}
