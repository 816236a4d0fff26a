package embedded_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	simulator "github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

func TestAnErrorInTheThirdOfFiveBatchesKeepsTheFirstTwo(t *testing.T) {
	onStores(t, func(t *testing.T, address string) {
		w := newWorld(t, address, 6000)
		s := w.open()
		home := w.enroll(s, 4500)
		p := w.profile(s, home.id, "Students")
		w.Fault(t, simulator.Fault{Kind: simulator.FaultStatus, Status: 500, Body: "oops", Path: "/profile/devices", After: 2})
		result, err := s.Assign(t.Context(), enrollment.AssignRequest{TokenID: home.id, ProfileID: p.ID, SerialNumbers: home.devices})
		if !errors.Is(err, enrollment.ErrUnavailable) || len(result.Done) != 2000 || len(result.Failed) != 0 {
			t.Fatalf("%d done, %d failed, error %v", len(result.Done), len(result.Failed), err)
		}
		w.sim.ClearFaults()
		if byProfile, _ := w.view(s, home.id); byProfile[p.ID] != 2000 {
			t.Fatalf("the view has %v", byProfile)
		}
		if result := w.assign(s, home.id, p.ID, home.devices); len(result.Done) != 2500 || len(result.Unchanged) != 2000 || result.Requests != 3 {
			t.Fatalf("%d done, %d unchanged in %d requests", len(result.Done), len(result.Unchanged), result.Requests)
		}
	})
}

func TestWithoutAWordFromAppleTheCooldownIsAnHour(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 10)
	s := w.open()
	home := w.enroll(s, 2)
	p := w.profile(s, home.id, "Students")
	w.Fault(t, simulator.Fault{
		Kind: simulator.FaultStatus, Status: 200, Path: "/profile/devices",
		Body: `{"profile_uuid":"X","devices":{"` + home.devices[0] + `":"THROTTLED"}}`,
	})
	result := w.assign(s, home.id, p.ID, home.devices)
	if len(result.Throttled) != 1 || result.Throttled[0].Until.Sub(w.Now()).Round(time.Minute) != time.Hour {
		t.Fatalf("throttled %+v", result.Throttled)
	}
	if len(result.Failed) != 1 || result.Failed[0].Reason != "NOT_ANSWERED" {
		t.Fatalf("failed %+v", result.Failed)
	}
}

func TestAWithdrawnWishLeavesTheCooldownInForce(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 10)
	s := w.open()
	home := w.enroll(s, 1)
	a, b := w.profile(s, home.id, "A"), w.profile(s, home.id, "B")
	w.Throttle(t, home.devices, time.Hour)
	w.assign(s, home.id, a.ID, home.devices)
	w.sim.ClearFaults()
	check(t, 0, s.Withdraw(t.Context(), home.id, a.ID, home.devices))
	sent := w.calls(assignCall)
	if result := w.assign(s, home.id, b.ID, home.devices); len(result.Throttled) != 1 || w.calls(assignCall) != sent {
		t.Fatalf("the result is %+v", result)
	}
	w.Advance(t, 2*time.Hour)
	w.sync(s, home.id, enrollment.IncrementalSync)
	if got := w.atApple(home.serverID); got["B"] != 1 {
		t.Fatalf("Apple has %v", got)
	}
}

func TestConflictsNameTheHolder(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 10)
	s := w.open()
	home := w.enroll(s, 1)
	a, b := w.profile(s, home.id, "A"), w.profile(s, home.id, "B")
	w.assign(s, home.id, a.ID, home.devices) // holder "a"
	result, err := s.Assign(t.Context(), enrollment.AssignRequest{TokenID: home.id, ProfileID: b.ID, SerialNumbers: home.devices, Holder: "b"})
	if check(t, result, err); len(result.Conflicts) != 1 || result.Conflicts[0].Holder != "a" {
		t.Fatalf("conflicts %+v", result.Conflicts)
	}
	// Who is content with what a device has from another one has a claim, and does not hold it.
	result, err = s.Assign(t.Context(), enrollment.AssignRequest{TokenID: home.id, ProfileID: a.ID, SerialNumbers: home.devices, Holder: "c"})
	check(t, result, err)
	for d, err := range s.Devices(t.Context(), home.id, enrollment.DeviceFilter{}) {
		if check(t, 0, err); d.Holder != "a" || len(result.Unchanged) != 1 {
			t.Fatalf("device %+v, result %+v", d, result)
		}
	}
}

func TestEverythingAtOnceEndsAndSendsEachDeviceOnce(t *testing.T) {
	onStores(t, func(t *testing.T, address string) {
		w := newWorld(t, address, 6000)
		s := w.open()
		home := w.enroll(s, 3000)
		const assignments = 6
		var profiles []enrollment.Profile
		for i := range assignments {
			profiles = append(profiles, w.profile(s, home.id, string(rune('A'+i))))
		}
		w.Advance(t, time.Hour)
		w.sim.ClearRequests()
		var group sync.WaitGroup
		share := len(home.devices) / assignments
		for i, p := range profiles {
			group.Go(func() {
				mine := home.devices[i*share : (i+1)*share]
				if _, err := s.Assign(t.Context(), enrollment.AssignRequest{TokenID: home.id, ProfileID: p.ID, SerialNumbers: mine}); err != nil {
					t.Errorf("assigning: %v", err)
				}
				if _, err := s.Sync(t.Context(), enrollment.SyncRequest{TokenID: home.id, Kind: enrollment.IncrementalSync, Wait: true}); err != nil {
					t.Errorf("syncing: %v", err)
				}
				if _, err := s.UpdateProfile(t.Context(), enrollment.ProfileRef{ID: p.ID}, spec(home.id, p.Name)); err != nil {
					t.Errorf("updating: %v", err)
				}
				for _, err := range s.Devices(t.Context(), home.id, enrollment.DeviceFilter{}) {
					if err != nil {
						t.Errorf("reading: %v", err)
					}
				}
			})
		}
		group.Wait()
		byProfile, _ := w.view(s, home.id)
		for _, p := range profiles {
			if byProfile[p.ID] != share {
				t.Fatalf("the view has %v", byProfile)
			}
		}
		if requests := w.sim.Requests(false); requests.MaxAssignSends != 1 || len(requests.Violations) != 0 {
			t.Fatalf("a device was sent %d times; violations %v", requests.MaxAssignSends, requests.Violations)
		}
	})
}
