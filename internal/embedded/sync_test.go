package embedded_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	simulator "github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

const (
	fetchCall = "POST /server/devices"
	syncCall  = "POST /devices/sync"
)

// at calls f when a run reports a page.
func at(page int, f func()) func(enrollment.SyncProgress) {
	return func(p enrollment.SyncProgress) {
		if p.Pages == page {
			f()
		}
	}
}

// due lets a full sync become due.
func (w *world) due() {
	w.t.Helper()
	w.Advance(w.t, enrollment.FullSyncInterval)
}

func TestARunStopsAfter15MinutesAndTheNextOneGoesOn(t *testing.T) {
	onStores(t, func(t *testing.T, address string) {
		w := newWorld(t, address, 6000)
		s := w.open()
		home := w.enroll(s, 3500)
		w.due()
		w.sim.ClearRequests()
		run, err := s.Sync(t.Context(), enrollment.SyncRequest{
			TokenID: home.id, Kind: enrollment.FullSync, Wait: true, Progress: at(2, func() { w.Advance(t, enrollment.SyncDeadline) }),
		})
		if check(t, run, err); run.State != enrollment.SyncPaused || run.Pages != 2 || run.Kind != enrollment.FullSync {
			t.Fatalf("the run is %+v", run)
		}
		status, err := s.SyncStatus(t.Context(), home.id)
		if check(t, status, err); status.Running != nil {
			t.Fatalf("the status is %+v", status)
		}
		run = w.sync(s, home.id, enrollment.IncrementalSync)
		if run.State != enrollment.SyncFinished || run.Kind != enrollment.FullSync || run.Pages != 3 || run.Reason == "" || run.Removed != 0 {
			t.Fatalf("the run that goes on is %+v", run)
		}
		if chains := w.sim.Requests(false).FetchChains; len(chains) != 1 {
			t.Fatalf("%d full fetches were begun, want 1", len(chains))
		}
	})
}

func TestAProcessThatDiesInAFetchLeavesItToBeGoneOnWith(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 6000)
	s := w.open()
	home := w.enroll(s, 3500)
	w.due()
	w.sim.ClearRequests()
	w.Fault(t, simulator.Fault{Kind: simulator.FaultDropBefore, Path: "/server/devices", After: 2})
	if _, err := s.Sync(t.Context(), enrollment.SyncRequest{TokenID: home.id, Kind: enrollment.FullSync, Wait: true}); err == nil {
		t.Fatal("no error")
	}
	w.sim.ClearFaults()
	check(t, 0, s.Close())
	s = w.open()
	run := w.sync(s, home.id, enrollment.FullSync)
	if run.Kind != enrollment.FullSync || run.Devices != 1500 || run.Pages != 3 || run.Reason != "" {
		t.Fatalf("the run is %+v", run)
	}
	requests := w.sim.Requests(false)
	if len(requests.FetchChains) != 1 || len(requests.Violations) != 0 {
		t.Fatalf("full fetches %v, violations %v", requests.FetchChains, requests.Violations)
	}
}

func TestAResumedFetchThatAppleCallsExhaustedIsComplete(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 6000)
	s := w.open()
	home := w.enroll(s, 3500)
	w.due()
	_, err := s.Sync(t.Context(), enrollment.SyncRequest{
		TokenID: home.id, Kind: enrollment.FullSync, Wait: true, Progress: at(3, func() { w.Advance(t, enrollment.SyncDeadline) }),
	})
	check(t, 0, err)
	w.Fault(t, simulator.Fault{Kind: simulator.FaultExhaustedCursor, Path: "/server/devices"})
	w.Fault(t, simulator.Fault{Kind: simulator.FaultStatus, Status: 200, Body: `{"devices":[],"cursor":"bmV4dA","more_to_follow":false}`, Path: "/devices/sync"})
	if run := w.sync(s, home.id, enrollment.FullSync); run.State != enrollment.SyncFinished || run.Kind != enrollment.FullSync {
		t.Fatalf("the run is %+v", run)
	}
}

func TestARefusedCursorLeadsToOneRecoveryInSevenDays(t *testing.T) {
	onStores(t, func(t *testing.T, address string) {
		w := newWorld(t, address, 100)
		s := w.open()
		home := w.enroll(s, 5)
		w.Advance(t, 24*time.Hour)
		w.Fault(t, simulator.Fault{Kind: simulator.FaultInvalidCursor, Path: "/devices/sync", Times: 1})
		run := w.sync(s, home.id, enrollment.IncrementalSync)
		if run.Kind != enrollment.RecoverySync || run.Devices < 5 || run.Reason == "" {
			t.Fatalf("the run is %+v", run)
		}
		status, err := s.SyncStatus(t.Context(), home.id)
		if check(t, status, err); !status.LastFullAt.Before(status.LastRecoveryAt) {
			t.Fatalf("recoveries are not counted apart: %+v", status)
		}
		w.Advance(t, 24*time.Hour)
		w.Fault(t, simulator.Fault{Kind: simulator.FaultExpiredCursor, Path: "/devices/sync", Times: 1})
		fetches := w.calls(fetchCall)
		_, err = s.Sync(t.Context(), enrollment.SyncRequest{TokenID: home.id, Kind: enrollment.IncrementalSync, Wait: true})
		if throttled := new(enrollment.ThrottledError); !errors.As(err, &throttled) || !throttled.Until.Equal(status.LastRecoveryAt.Add(enrollment.FullSyncInterval)) {
			t.Fatalf("error %v", err)
		}
		if w.calls(fetchCall) != fetches {
			t.Fatal("a second recovery was fetched")
		}
		w.due()
		if run := w.sync(s, home.id, enrollment.IncrementalSync); run.Kind != enrollment.RecoverySync || run.State != enrollment.SyncFinished {
			t.Fatalf("after seven days the run is %+v", run)
		}
	})
}

func TestARepeatedCursorEndsARunAndLosesNoDevice(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 6000)
	s := w.open()
	home := w.enroll(s, 2500)
	w.due()
	w.Fault(t, simulator.Fault{Kind: simulator.FaultRepeatCursor, Path: "/server/devices", After: 1})
	run := w.sync(s, home.id, enrollment.FullSync)
	if run.State != enrollment.SyncFinished || len(run.Warnings) == 0 || run.Removed != 0 {
		t.Fatalf("the run is %+v", run)
	}
	if byProfile, _ := w.view(s, home.id); byProfile[""] != 2500 {
		t.Fatalf("the view has %v", byProfile)
	}
	if n := w.calls(fetchCall); n > 10 {
		t.Fatalf("%d fetches: it went round and round", n)
	}
	w.sim.ClearFaults()
	w.sim.ClearRequests()
	if run := w.sync(s, home.id, enrollment.IncrementalSync); run.Kind != enrollment.FullSync || run.Removed != 0 || len(w.sim.Requests(false).FetchChains) != 0 {
		t.Fatalf("the run that goes on is %+v", run)
	}
}

func TestDevicesThatAFetchDoesNotSeeAreGoneWithWhatWasPending(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 100)
	s := w.open()
	home := w.enroll(s, 5)
	p := w.profile(s, home.id, "Students")
	w.Throttle(t, home.devices[:1], time.Hour)
	w.assign(s, home.id, p.ID, home.devices[:1])
	w.sim.ClearFaults()
	w.due()
	w.Fault(t, simulator.Fault{Kind: simulator.FaultMissing, Serials: home.devices[:2]})
	run := w.sync(s, home.id, enrollment.FullSync)
	if run.Removed != 2 || !slices.ContainsFunc(run.Warnings, func(x enrollment.Warning) bool { return strings.Contains(x.Detail, home.devices[0]) }) {
		t.Fatalf("the run is %+v", run)
	}
	w.sim.ClearFaults()
	w.RemoveDevices(t, home.serverID, home.devices[:1])
	w.Advance(t, time.Hour)
	w.sync(s, home.id, enrollment.IncrementalSync)
	w.sim.ClearRequests()
	_, err := w.sim.AssignDevices(home.serverID, simulator.Selection{SerialNumbers: home.devices[:1]})
	check(t, 0, err)
	w.Advance(t, time.Hour)
	if run := w.sync(s, home.id, enrollment.IncrementalSync); run.Assigned != 0 || run.Added != 1 {
		t.Fatalf("a device that came back: %+v", run)
	}
}

func TestAPageThatWasAskedForBeforeAnAssignmentDoesNotUndoIt(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 6000)
	s := w.open()
	home := w.enroll(s, 2500)
	p := w.profile(s, home.id, "Students")
	w.due()
	before := w.calls(fetchCall)
	run, err := s.Sync(t.Context(), enrollment.SyncRequest{
		TokenID: home.id, Kind: enrollment.FullSync, Wait: true, Progress: func(progress enrollment.SyncProgress) {
			switch progress.Pages {
			case 1: // the second page is on its way, or here, when all devices get a profile
				for w.calls(fetchCall) < before+2 {
					check(t, 0, poll(t.Context(), 0))
				}
				w.assign(s, home.id, p.ID, home.devices)
			case 3: // before the changes of the meantime are asked for
				if byProfile, _ := w.view(s, home.id); byProfile[p.ID] != 2500 {
					t.Errorf("after the fetch the view has %v", byProfile)
				}
			}
		},
	})
	check(t, run, err)
	if byProfile, _ := w.view(s, home.id); byProfile[p.ID] != 2500 {
		t.Fatalf("the view has %v", byProfile)
	}
}

func TestAServerTokenForAnotherServerForcesARecovery(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 100)
	s := w.open()
	home := w.enroll(s, 5)
	token, err := s.ReadToken(t.Context(), home.id)
	other := school{id: home.id, serverID: w.AddServer(t, "Other", check(t, token, err).PublicKeyPEM)}
	others := w.AddDevices(t, other.serverID, 3)
	w.Advance(t, time.Hour)
	result := w.upload(s, other)
	if result.Sync == nil || result.Sync.Kind != enrollment.RecoverySync || !strings.Contains(result.Sync.Reason, "another server") || result.Sync.Removed != 5 || result.Token.DeviceCount != 3 {
		t.Fatalf("the sync is %+v, the token %+v", result.Sync, result.Token)
	}
	if byProfile, _ := w.view(s, home.id); byProfile[""] != len(others) {
		t.Fatalf("the view has %v", byProfile)
	}
}

func TestTwoWhoAskAtOnceSyncOnce(t *testing.T) {
	onStores(t, func(t *testing.T, address string) {
		w := newWorld(t, address, 6000)
		services := []*embedded.Service{w.open(), w.open()}
		home := w.enroll(services[0], 3500)
		w.due()
		w.sim.ClearRequests()
		var group sync.WaitGroup
		joined := make(chan bool, 8)
		for i := range 8 {
			group.Go(func() {
				run, err := services[i%2].Sync(t.Context(), enrollment.SyncRequest{TokenID: home.id, Kind: enrollment.FullSync, Wait: true})
				if err != nil || run.State != enrollment.SyncFinished {
					t.Errorf("%+v, %v", run, err)
				}
				joined <- run.Joined
			})
		}
		group.Wait()
		if chains := w.sim.Requests(false).FetchChains; len(chains) != 1 {
			t.Fatalf("%d full fetches", len(chains))
		}
	})
}

func TestWhileOneRunsAnotherWaitsOrIsRefused(t *testing.T) {
	onStores(t, func(t *testing.T, address string) {
		w := newWorld(t, address, 3000)
		one, two := w.open(), w.open()
		home := w.enroll(one, 2500)
		w.due()
		first := make(chan struct{})
		run, err := one.Sync(t.Context(), enrollment.SyncRequest{TokenID: home.id, Kind: enrollment.FullSync, Wait: true, Progress: at(1, func() {
			_, err := two.Sync(t.Context(), enrollment.SyncRequest{TokenID: home.id, Kind: enrollment.IncrementalSync})
			if busy := new(enrollment.SyncInProgressError); !errors.As(err, &busy) || busy.Until.Sub(busy.Since) != enrollment.SyncDeadline {
				t.Errorf("error %v", err)
			}
			status, err := two.SyncStatus(t.Context(), home.id)
			if check(t, status, err); status.Running == nil || status.Running.Kind != enrollment.FullSync || status.NextSyncAt.IsZero() {
				t.Errorf("the status is %+v", status)
			}
			go func() {
				defer close(first)
				joined, err := two.Sync(t.Context(), enrollment.SyncRequest{TokenID: home.id, Kind: enrollment.IncrementalSync, Wait: true})
				if err != nil || !joined.Joined || joined.Kind != enrollment.FullSync || joined.State != enrollment.SyncFinished {
					t.Errorf("%+v, %v", joined, err)
				}
			}()
		})})
		check(t, run, err)
		<-first
	})
}

func TestTheLeaseOfADeadProcessIsTakenAtOnce(t *testing.T) {
	onStores(t, func(t *testing.T, address string) {
		w := newWorld(t, address, 3000)
		one, two := w.open(), w.open()
		home := w.enroll(one, 2500)
		w.due()
		w.sim.ClearRequests()
		_, err := one.Sync(t.Context(), enrollment.SyncRequest{
			TokenID: home.id, Kind: enrollment.FullSync, Wait: true, Progress: at(1, func() { check(t, 0, one.Kill()) }),
		})
		if err == nil {
			t.Fatal("a killed process has finished its sync")
		}
		run := w.sync(two, home.id, enrollment.IncrementalSync)
		if run.Joined || run.State != enrollment.SyncFinished || run.Kind != enrollment.FullSync {
			t.Fatalf("the run is %+v", run)
		}
		if chains := w.sim.Requests(false).FetchChains; len(chains) != 1 {
			t.Fatalf("%d full fetches", len(chains))
		}
	})
}

func TestARunThatNobodyWaitsForGoesOn(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 3000)
	s := w.open()
	home := w.enroll(s, 2500)
	w.due()
	w.Fault(t, simulator.Fault{Kind: simulator.FaultLatency, Latency: simulator.Duration(20 * time.Millisecond), Path: "/server/devices"})
	run, err := s.Sync(t.Context(), enrollment.SyncRequest{TokenID: home.id, Kind: enrollment.FullSync})
	if check(t, run, err); run.State != enrollment.SyncRunning {
		t.Fatalf("the run is %+v", run)
	}
	if joined := w.sync(s, home.id, enrollment.FullSync); !joined.Joined || joined.ID != run.ID || joined.State != enrollment.SyncFinished {
		t.Fatalf("joined %+v", joined)
	}
}

func TestTheFirstSyncGivesTheDefaultOnlyIfItWasSetBefore(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 100)
	s := w.open()
	home := w.enroll(s, 0)
	p := w.profile(s, home.id, "Default")
	check(t, 0, s.SetDefaultProfile(t.Context(), home.id, enrollment.IOS, p.ID))
	devices := w.AddDevices(t, home.serverID, 4)
	w.Throttle(t, devices[:1], time.Hour)
	w.Refuse(t, devices[1:2])
	w.Advance(t, time.Hour)
	run := w.sync(s, home.id, enrollment.IncrementalSync)
	if run.Assigned != 2 || len(run.Warnings) == 0 {
		t.Fatalf("the run is %+v", run)
	}
	w.sim.ClearFaults()
	w.Advance(t, 2*time.Hour)
	if run := w.sync(s, home.id, enrollment.IncrementalSync); run.Assigned != 2 {
		t.Fatalf("the throttled and the refused one: %+v", run)
	}
	if got := w.atApple(home.serverID); got["Default"] != 4 {
		t.Fatalf("Apple has %v", got)
	}
}

func TestNewDevicesAreNotForgottenByAProcessThatDies(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 100)
	s := w.open()
	home := w.enroll(s, 0)
	p := w.profile(s, home.id, "Default")
	check(t, 0, s.SetDefaultProfile(t.Context(), home.id, enrollment.IOS, p.ID))
	w.AddDevices(t, home.serverID, 4)
	w.Advance(t, time.Hour)
	w.Fault(t, simulator.Fault{Kind: simulator.FaultDropBefore, Path: "/profile/devices"})
	if run := w.sync(s, home.id, enrollment.IncrementalSync); run.Assigned != 0 || len(run.Warnings) == 0 {
		t.Fatalf("the run is %+v", run)
	}
	check(t, 0, s.Close())
	w.sim.ClearFaults()
	s = w.open()
	if run := w.sync(s, home.id, enrollment.IncrementalSync); run.Assigned != 4 {
		t.Fatalf("the run is %+v", run)
	}
}

func TestDevicesThatCameBeforeTheDefaultWasSetDoNotGetIt(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 2500)
	s := w.open()
	home := w.enroll(s, 0)
	p := w.profile(s, home.id, "Default")
	w.AddDevices(t, home.serverID, 1500)
	w.due()
	run, err := s.Sync(t.Context(), enrollment.SyncRequest{
		TokenID: home.id, Kind: enrollment.FullSync, Wait: true, Progress: at(1, func() { w.Advance(t, enrollment.SyncDeadline) }),
	})
	if check(t, run, err); run.State != enrollment.SyncPaused {
		t.Fatalf("the run is %+v", run)
	}
	check(t, 0, s.SetDefaultProfile(t.Context(), home.id, enrollment.IOS, p.ID))
	if run := w.sync(s, home.id, enrollment.FullSync); run.Assigned != 500 {
		t.Fatalf("the run that goes on is %+v", run)
	}
}
