package apple_test

import (
	"sync"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

func TestRequestsAreCountedByMethodAndPath(t *testing.T) {
	s := newSchool(t, 0, 0)
	s.ClearRequests()
	s.client.do("GET", "/account", nil)
	s.client.do("GET", "/account", nil)
	s.client.do("PUT", "/nothing", nil)
	got := s.Requests(false)
	same(t, "requests", got.Requests, map[string]int{"GET /account": 2, "PUT /nothing": 1})
	equal(t, "total", got.Total, 3)
	s.ClearRequests()
	equal(t, "total after clearing", s.Requests(false).Total, 0)
}

func TestTwoFullFetchesWithin7DaysAreAViolation(t *testing.T) {
	s := newSchool(t, 250, 250)
	other, err := s.CreateServer("Other", schoolKey().pem)
	must(t, err)
	file, err := s.ServerToken(other.ID)
	must(t, err)
	there := s.login(openToken(t, file, schoolKey()))

	s.client.fetchAll(100) // three calls, one full fetch
	there.fetchAll(100)    // another server, another count
	equal(t, "violations after the first", len(s.Requests(false).Violations), 0)
	must(t, s.AdvanceClock(7*24*time.Hour))
	s.client.renew()
	s.client.fetchAll(100)
	equal(t, "violations after 7 days", len(s.Requests(false).Violations), 0)
	must(t, s.AdvanceClock(7*24*time.Hour-time.Second))
	s.client.renew()
	s.client.fetchAll(100)
	got := s.Requests(false)
	same(t, "violations within 7 days", got.Violations, []apple.Violation{{
		Kind: apple.ViolationFullFetch, Server: s.server.ID, At: opening.Add(14*24*time.Hour - time.Second),
		Detail: "167h59m59s after the full fetch before it",
	}})
	equal(t, "full fetches", len(got.FetchChains), 4)
	equal(t, "time of the second", got.FetchChains[2].At, opening.Add(7*24*time.Hour))
}

func TestFetchThatWasNotProcessedIsNoFullFetch(t *testing.T) {
	s := newSchool(t, 0, 0)
	s.fault(apple.Fault{Kind: apple.FaultStatus, Path: "/server/devices", Status: 503, Times: 1})
	s.client.do("POST", "/server/devices", "{}").wantStatus(503)
	s.client.session = "gone"
	s.client.do("POST", "/server/devices", "{}").wantStatus(401)
	equal(t, "full fetches", len(s.Requests(false).FetchChains), 0)
}

func TestConcurrentCallsAreCountedAndSafe(t *testing.T) {
	s := newSchool(t, 500, 500)
	uuid := s.client.define("Carts")
	must(t, s.UpdateSettings(func(c *apple.Settings) error { c.Latency = apple.Duration(20 * time.Millisecond); return nil }))
	serials := s.SerialNumbers()
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() { s.client.assign(uuid, serials[i*100:(i+1)*100]...) })
		wg.Go(func() { s.client.fetchAll(500) })
		wg.Go(func() { _, _ = s.Devices("", true); s.Requests(true); s.Faults(); s.Profiles(); s.Servers() })
		wg.Go(func() { must(t, s.Activate(serials[450+i])) })
	}
	wg.Wait()
	got := s.Requests(true)
	equal(t, "serial numbers sent", len(got.AssignSends), 400)
	equal(t, "most sends of one", got.MaxAssignSends, 1)
	if got.MaxInFlight < 2 {
		t.Errorf("max in flight: got %d, want 2 or more", got.MaxInFlight)
	}
}
