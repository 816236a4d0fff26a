package apple

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

// ledger counts what clients did, and where they broke a rule that Apple states but does not enforce.
type ledger struct {
	requests    map[string]int // by "METHOD /path"
	maxInFlight int64
	chains      []FetchChain
	violations  []Violation
	maxAssign   int
	assignSends map[string]int // by serial number
}

// Ledger is what Apple calls have come in since the last ClearRequests. Times are on the virtual clock.
type Ledger struct {
	Requests         map[string]int `json:"requests"`               // calls by "METHOD /path", whatever the answer
	Total            int            `json:"total"`                  //
	MaxInFlight      int64          `json:"max_in_flight"`          // calls at the same time
	FetchChains      []FetchChain   `json:"fetch_chains"`           // full fetches begun
	Violations       []Violation    `json:"violations"`             //
	MaxAssignDevices int            `json:"max_devices_per_assign"` // serial numbers in the largest assign call
	AssignSends      map[string]int `json:"assign_sends,omitempty"` // how often each serial number was in an assign call
	MaxAssignSends   int            `json:"max_assign_sends"`       // the largest of them
}

// FetchChain is a full fetch: a /server/devices call without a cursor, and all that continue it.
type FetchChain struct {
	Server string    `json:"server"`
	At     time.Time `json:"at"`
}

// The kinds of violations.
const (
	ViolationFullFetch = "full_fetch_within_7_days" // a full fetch of a server less than 7 days after the last one
	ViolationAssign    = "assign_over_1000"         // more serial numbers in one assign call than Apple advises
)

// Violation is one broken rule.
type Violation struct {
	Kind   string    `json:"kind"`
	Server string    `json:"server"`
	At     time.Time `json:"at"`
	Detail string    `json:"detail"`
}

func newLedger() *ledger {
	return &ledger{requests: map[string]int{}, assignSends: map[string]int{}}
}

func (l *ledger) arrived(r *http.Request, inFlight int64) {
	l.requests[r.Method+" "+r.URL.Path]++
	l.maxInFlight = max(l.maxInFlight, inFlight)
}

// fetchStarted counts a full fetch that the service answered, even if the answer was lost.
func (l *ledger) fetchStarted(m *mdmServer, now time.Time) {
	for _, earlier := range slices.Backward(l.chains) {
		if earlier.Server != m.id {
			continue
		}
		if gap := now.Sub(earlier.At); gap < 7*24*time.Hour {
			l.violate(ViolationFullFetch, m, now, fmt.Sprintf("%s after the full fetch before it", gap))
		}
		break
	}
	l.chains = append(l.chains, FetchChain{Server: m.id, At: now})
}

func (l *ledger) assignSent(m *mdmServer, serials []string, now time.Time) {
	l.maxAssign = max(l.maxAssign, len(serials))
	for _, serial := range serials {
		l.assignSends[serial]++
	}
	if len(serials) > maxAdvisedDevices {
		l.violate(ViolationAssign, m, now, fmt.Sprintf("%d serial numbers in one call", len(serials)))
	}
}

func (l *ledger) violate(kind string, m *mdmServer, now time.Time, detail string) {
	l.violations = append(l.violations, Violation{Kind: kind, Server: m.id, At: now, Detail: detail})
}

// Requests says what clients did since the last ClearRequests; withSerials adds AssignSends.
func (s *Simulator) Requests(withSerials bool) Ledger {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.ledger
	out := Ledger{
		Requests: map[string]int{}, MaxInFlight: l.maxInFlight, MaxAssignDevices: l.maxAssign,
		FetchChains: append([]FetchChain{}, l.chains...), Violations: append([]Violation{}, l.violations...),
	}
	for call, n := range l.requests {
		out.Requests[call] = n
		out.Total += n
	}
	if withSerials {
		out.AssignSends = make(map[string]int, len(l.assignSends))
	}
	for serial, n := range l.assignSends {
		out.MaxAssignSends = max(out.MaxAssignSends, n)
		if withSerials {
			out.AssignSends[serial] = n
		}
	}
	return out
}

// ClearRequests starts the counts anew. Full fetches before it are forgotten too.
func (s *Simulator) ClearRequests() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ledger = newLedger()
}
