package apple_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

func (s *school) fault(faults ...apple.Fault) {
	s.t.Helper()
	_, err := s.AddFaults(faults...)
	must(s.t, err)
}

func TestFaultMatchesMethodPathAndCount(t *testing.T) {
	s := newSchool(t, 0, 0)
	s.fault(apple.Fault{
		Kind: apple.FaultStatus, Method: "GET", Path: "/acc*", After: 1, Times: 2, Status: 503, Body: "SLOW_DOWN",
		Headers: map[string]string{"Retry-After": "7"},
	})
	var statuses []int
	for range 5 {
		got := s.client.do("GET", "/account", nil)
		statuses = append(statuses, got.status)
		if got.status == 503 {
			got.wantError(503, "SLOW_DOWN")
			equal(t, "Retry-After", got.header.Get("Retry-After"), "7")
		}
	}
	same(t, "statuses", statuses, []int{200, 503, 503, 200, 200})
	s.client.do("POST", "/server/devices", "{}").wantStatus(200)
	s.client.do("POST", "/account", nil).wantStatus(405) // another method does not match
	fault := s.Faults()[0]
	equal(t, "matched", fault.Matched, 5)
	equal(t, "hit", fault.Hit, 2)
	s.ClearFaults()
	equal(t, "faults left", len(s.Faults()), 0)
}

func TestFaultOfOneServerSparesTheOthers(t *testing.T) {
	s := newSchool(t, 0, 0)
	other, err := s.CreateServer("Other", schoolKey().pem)
	must(t, err)
	s.fault(apple.Fault{Kind: apple.FaultStatus, Server: other.ID, Status: 429, Body: "TOO_MANY_REQUESTS"})
	s.client.do("GET", "/account", nil).wantStatus(200)
	file, err := s.ServerToken(other.ID)
	must(t, err)
	there := s.login(openToken(t, file, schoolKey()))
	got := there.do("GET", "/account", nil)
	got.wantError(429, "TOO_MANY_REQUESTS")
	equal(t, "Retry-After", got.header.Get("Retry-After"), "")
}

func TestSessionFailuresOnRequest(t *testing.T) {
	s := newSchool(t, 0, 0)
	for _, code := range []string{"ACCESS_DENIED", "FORBIDDEN", "signature_invalid"} {
		s.fault(apple.Fault{Kind: apple.FaultStatus, Path: "/session", Times: 1, Status: 403, Body: code})
		s.client.openSession().wantError(403, code)
	}
	s.client.openSession().wantStatus(200)
}

func TestDroppedBeforeProcessingHasNoEffect(t *testing.T) {
	s := newSchool(t, 0, 0)
	s.fault(apple.Fault{Kind: apple.FaultDropBefore, Path: "/profile", Times: 1})
	if got, err := s.client.try(s.client.http, http.MethodPost, "/profile", valid(nil)); err == nil {
		t.Errorf("got an answer: %d %q", got.status, got.body)
	}
	equal(t, "profiles", len(s.Profiles()), 0)
}

func TestDroppedAfterProcessingHasItsEffectAndNoAnswer(t *testing.T) {
	s := newSchool(t, 0, 0)
	s.fault(apple.Fault{Kind: apple.FaultDropAfter, Path: "/profile", Times: 1})
	if got, err := s.client.try(s.client.http, http.MethodPost, "/profile", valid(nil)); err == nil {
		t.Errorf("got an answer: %d %q", got.status, got.body)
	}
	equal(t, "profiles", len(s.Profiles()), 1)
	s.client.do("POST", "/profile", valid(nil)).wantStatus(200)
}

func TestLatencyIsAddedInRealTime(t *testing.T) {
	const wait = 30 * time.Millisecond
	s := newSchool(t, 0, 0)
	took := func() time.Duration {
		started := time.Now()
		s.client.do("GET", "/account", nil).wantStatus(200)
		return time.Since(started)
	}
	s.fault(apple.Fault{Kind: apple.FaultLatency, Latency: apple.Duration(wait), Times: 1})
	if got := took(); got < wait {
		t.Errorf("fault: took %s, want %s or more", got, wait)
	}
	must(t, s.UpdateSettings(func(c *apple.Settings) error { c.Latency = apple.Duration(wait); return nil }))
	if got := took(); got < wait {
		t.Errorf("setting: took %s, want %s or more", got, wait)
	}
	sim := apple.New(apple.Options{Latency: wait})
	equal(t, "option", time.Duration(sim.Settings().Latency), wait)
}

func TestExpiredAndRotatedSessionOnRequest(t *testing.T) {
	s := newSchool(t, 0, 0)
	s.fault(apple.Fault{Kind: apple.FaultExpireSession, Path: "/account", Times: 1})
	s.client.do("GET", "/account", nil).wantError(401, "")
	s.client.do("GET", "/account", nil).wantError(401, "") // it stays dead
	s.client.renew()
	s.ClearFaults()
	s.fault(apple.Fault{Kind: apple.FaultRotateSession, Times: 1})
	next := s.client.do("GET", "/account", nil).wantStatus(200).header.Get("X-ADM-Auth-Session")
	s.client.do("GET", "/account", nil).wantError(401, "")
	s.client.session = next
	s.client.do("GET", "/account", nil).wantStatus(200)
}

func TestCursorFaultsHitCallsWithACursor(t *testing.T) {
	for kind, want := range map[apple.FaultKind]string{
		apple.FaultExpiredCursor: "EXPIRED_CURSOR", apple.FaultInvalidCursor: "INVALID_CURSOR",
		apple.FaultExhaustedCursor: "EXHAUSTED_CURSOR",
	} {
		s := newSchool(t, 250, 250)
		s.fault(apple.Fault{Kind: kind})
		cursor := s.client.page("/server/devices", "", 100).Cursor
		s.client.do("POST", "/server/devices", map[string]any{"cursor": cursor}).wantError(400, want)
		s.client.do("POST", "/devices/sync", map[string]any{"cursor": cursor}).wantError(400, want)
	}
}

func TestRepeatedCursorComesWithMoreToFollow(t *testing.T) {
	s := newSchool(t, 250, 250)
	first := s.client.page("/server/devices", "", 100)
	s.fault(apple.Fault{Kind: apple.FaultRepeatCursor, Times: 2})
	for range 2 {
		got := s.client.page("/server/devices", first.Cursor, 1000)
		equal(t, "cursor", got.Cursor, first.Cursor)
		equal(t, "more_to_follow", got.More, true)
	}
	equal(t, "then it goes on", s.client.page("/server/devices", first.Cursor, 1000).More, false)

	end := s.client.fetchEnd()
	s.fault(apple.Fault{Kind: apple.FaultRepeatCursor, Path: "/devices/sync", Times: 1})
	got := s.client.sync(end)
	equal(t, "cursor of a sync", got.Cursor, end)
	equal(t, "more_to_follow of a sync", got.More, true)
}

func TestMissingDeviceIsSilentlyLeftOut(t *testing.T) {
	s := newSchool(t, 11, 10)
	lost := s.SerialNumbers()[3]
	s.fault(apple.Fault{Kind: apple.FaultMissing, Serials: []string{lost}})
	got := s.client.page("/server/devices", "", 1000)
	equal(t, "devices fetched", len(got.Devices), 9)
	equal(t, "is it there", slices.Contains(got.serials(), lost), false)
	s.client.assign(s.client.define("Carts"), lost)
	equal(t, "changes synced", len(s.client.sync(got.Cursor).Devices), 0)
	s.ClearFaults()
	equal(t, "changes synced later", len(s.client.sync(got.Cursor).Devices), 1)
}

func TestHalfOfABatchCanFail(t *testing.T) {
	s := newSchool(t, 10, 10)
	s.fault(apple.Fault{Kind: apple.FaultFailed, Every: 2})
	counts := map[string]int{}
	for _, status := range s.client.assign(s.client.define("Carts"), s.SerialNumbers()...).Devices {
		counts[status]++
	}
	same(t, "results", counts, map[string]int{"SUCCESS": 5, "FAILED": 5})
}

func TestDeviceFaultsReachOtherCallsByPath(t *testing.T) {
	s := newSchool(t, 1, 1)
	serial := s.SerialNumbers()[0]
	body := map[string]any{"devices": []string{serial}, "device": serial}
	s.fault(apple.Fault{Kind: apple.FaultFailed, Path: "/device*"}, apple.Fault{Kind: apple.FaultFailed, Path: "/device*/*"})
	for _, path := range []string{"/devices", "/devices/disown", "/device/activationlock"} {
		got := s.client.do("POST", path, body).wantStatus(200)
		if !slices.Contains([]string{
			`{"devices":{"` + serial + `":{"serial_number":"` + serial + `","response_status":"FAILED"}}}`,
			`{"devices":{"` + serial + `":"FAILED"}}`,
			`{"serial_number":"` + serial + `","response_status":"FAILED"}`,
		}, got.body) {
			t.Errorf("%s: got %s, want FAILED", path, got.body)
		}
	}
}

func TestFaultsAreValidatedAllOrNone(t *testing.T) {
	s := newSchool(t, 0, 0)
	good := apple.Fault{Kind: apple.FaultDropAfter}
	for name, bad := range map[string]apple.Fault{
		"no kind":         {},
		"unknown kind":    {Kind: "explode"},
		"no status":       {Kind: apple.FaultStatus},
		"no latency":      {Kind: apple.FaultLatency},
		"broken pattern":  {Kind: apple.FaultMissing, Path: "["},
		"negative counts": {Kind: apple.FaultMissing, Times: -1},
	} {
		if _, err := s.AddFaults(good, bad); err == nil {
			t.Errorf("%s: was taken", name)
		}
	}
	equal(t, "faults in force", len(s.Faults()), 0)
}
