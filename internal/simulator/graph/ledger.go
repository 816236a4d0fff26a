package graph

import (
	"fmt"
	"maps"
	"time"
)

// ledger counts what clients did, and where they broke a rule.
type ledger struct {
	requests    map[string]int // by "METHOD /path template"
	signIns     map[string]int
	maxInFlight int64
	violations  []Violation
	syncs       []SyncDone
	maxAssign   int
	assignSends map[string]int // by serial number
}

// Ledger is what Graph calls have come in since the last ClearRequests. Times are on the virtual clock.
type Ledger struct {
	Requests         map[string]int `json:"requests"`               // calls by "METHOD /path template", whatever the answer
	Total            int            `json:"total"`                  //
	SignIns          map[string]int `json:"sign_ins"`               // access tokens issued, by the way of signing in
	MaxInFlight      int64          `json:"max_in_flight"`          // calls at the same time
	Syncs            []SyncDone     `json:"syncs"`                  // syncs that ended well
	Violations       []Violation    `json:"violations"`             //
	MaxAssignDevices int            `json:"max_devices_per_assign"` // serial numbers in the largest assignment request
	AssignSends      map[string]int `json:"assign_sends,omitempty"` // how often each serial number was in such a request
	MaxAssignSends   int            `json:"max_assign_sends"`       // the largest of them
}

// SyncDone is a sync that ended well.
type SyncDone struct {
	Token string    `json:"token"`
	Full  bool      `json:"full"`
	At    time.Time `json:"at"`
}

// The kinds of violations.
const (
	ViolationEarlySync = "sync_within_15_minutes" // a sync asked for less than 15 minutes after the last one
	ViolationAssign    = "assign_over_1000"       // more serial numbers in one assignment than Apple takes
)

// Violation is one broken rule.
type Violation struct {
	Kind   string    `json:"kind"`
	Token  string    `json:"token"`
	At     time.Time `json:"at"`
	Detail string    `json:"detail"`
}

func newLedger() *ledger {
	return &ledger{requests: map[string]int{}, signIns: map[string]int{}, assignSends: map[string]int{}}
}

func (l *ledger) arrived(method, template string, inFlight int64) {
	l.requests[method+" "+template]++
	l.maxInFlight = max(l.maxInFlight, inFlight)
}

func (l *ledger) signedIn(kind string) { l.signIns[kind]++ }

func (l *ledger) synced(token string, full bool, at time.Time) {
	l.syncs = append(l.syncs, SyncDone{token, full, at})
}

func (l *ledger) assignSent(token string, serials []string, now time.Time) {
	l.maxAssign = max(l.maxAssign, len(serials))
	for _, serial := range serials {
		l.assignSends[serial]++
	}
	if len(serials) > appleBatch {
		l.violate(ViolationAssign, token, now, fmt.Sprintf("%d serial numbers in one request", len(serials)))
	}
}

func (l *ledger) violate(kind, token string, now time.Time, detail string) {
	l.violations = append(l.violations, Violation{Kind: kind, Token: token, At: now, Detail: detail})
}

// Requests says what clients did since the counts began; reset starts them anew.
func (s *Simulator) Requests(reset bool) Ledger {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	l := s.ledger
	out := Ledger{
		Requests: maps.Clone(l.requests), SignIns: maps.Clone(l.signIns), MaxInFlight: l.maxInFlight,
		MaxAssignDevices: l.maxAssign, AssignSends: maps.Clone(l.assignSends),
		Syncs: append([]SyncDone{}, l.syncs...), Violations: append([]Violation{}, l.violations...),
	}
	for _, n := range l.requests {
		out.Total += n
	}
	for _, n := range l.assignSends {
		out.MaxAssignSends = max(out.MaxAssignSends, n)
	}
	if reset {
		s.ledger = newLedger()
	}
	return out
}

// ClearRequests starts the counts anew.
func (s *Simulator) ClearRequests() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ledger = newLedger()
}
