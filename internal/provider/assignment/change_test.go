package assignment_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

// The profile devices were taken to is free to take from, so that only the drift
// is looked at.
func TestDriftIsAnUpdateInPlaceThatShowsTheNumber(t *testing.T) {
	t.Parallel()
	devices := ipads(1, 10)
	s := newSchool(t, devices...)
	state := s.create(config(devices...))
	s.put("", devices[:3]...)
	state, _ = s.refresh(state)
	is(t, state, "device_count", int64(7))
	is(t, state, "devices_sha256", digest(devices[3:]...))
	plan := s.plan(state, config(devices...))
	is(t, plan.State, "device_count", int64(10))
	is(t, plan.State, "devices_sha256", digest(devices...))
	is(t, plan.State, "failed_count", tftest.Unknown)
	if len(plan.Replaces) > 0 {
		t.Errorf("replaces %v", plan.Replaces)
	}
	state, _ = s.apply(state, config(devices...))
	equal(t, "sent", s.requests[1], devices[:3])
	s.settled(state, config(devices...))
}

// A request that was never answered counts as not done.
func TestADeviceInDoubtIsDrift(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 2)...)
	state := s.create(config(ipads(1, 2)...))
	s.devices["IPAD000001"].InDoubt = true
	state, _ = s.refresh(state)
	is(t, state, "device_count", int64(1))
}

func TestOnlyTheDifferenceIsSent(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 12)...)
	state := s.create(config(ipads(1, 10)...))
	state, warnings := s.apply(state, config(ipads(3, 10)...))
	if len(warnings) > 0 {
		t.Error(warnings)
	}
	equal(t, "released", s.requests[1], ipads(1, 2))
	equal(t, "assigned", s.requests[2], ipads(11, 2))
	equal(t, "on the profile", s.on("p1"), ipads(3, 10))
	s.settled(state, config(ipads(3, 10)...))
}

func TestAnotherProfileMovesTheDevicesInPlaceInOneSendEach(t *testing.T) {
	t.Parallel()
	devices := ipads(1, 8)
	s := newSchool(t, ipads(1, 11)...)
	state := s.create(config(devices...))
	s.put("", devices[7]) // one was lost meanwhile
	// One leaves and two come in the same apply.
	moved := config(append(ipads(1, 6), ipads(8, 3)...)...).With(tftest.Config{"profile_id": "p2"})
	plan := s.plan(state, moved)
	// Seven of the eight that are held still have the profile: six of them move.
	mentions(t, plan.Diags.Warnings(), "profile_id", `9 devices get enrollment profile "p2": 6 from "p1" and 3 without a profile; 1 device leaves enrollment profile "p1" for none:`,
		"holds and keeps (6); max_changes does not limit this")
	if len(plan.Replaces) > 0 || len(plan.Diags.Errors()) > 0 {
		t.Errorf("replaces %v, says %v", plan.Replaces, plan.Diags.Errors())
	}
	is(t, plan.State, "id", state.Get("id"))
	state, _ = s.apply(state, moved)
	equal(t, "on the new profile", s.on("p2"), append(ipads(1, 6), ipads(8, 3)...))
	equal(t, "on the old profile", s.on("p1"), nil)
	for _, d := range ipads(1, 6) {
		equal(t, "path of "+d, s.path[d], []string{"p1", "p2"})
	}
	equal(t, "path of the one that left", s.path["IPAD000007"], []string{"p1", ""})
	if got := s.d.IdentityOf(state); got["profile_id"] != "p2" || got["token_id"] != "t1" {
		t.Errorf("identity %v", got)
	}
	s.settled(state, moved)
}

// What a change of profile_id left behind is still the assignment's own: the next
// apply moves it, and take_over_from need not name the old profile.
func TestDevicesThatDidNotMoveAreMovedByALaterApply(t *testing.T) {
	t.Parallel()
	devices := ipads(1, 6)
	s := newSchool(t, devices...)
	state := s.create(config(devices...))
	s.refuse["IPAD000002"], s.refuse["IPAD000004"] = "FAILED", "FAILED"
	s.throttle["IPAD000003"] = time.Hour
	moved := config(devices...).With(tftest.Config{"profile_id": "p2"})
	state, warnings := s.apply(state, moved)
	if len(warnings) != 2 {
		t.Errorf("warnings %v", warnings)
	}
	is(t, state, "failed_count", int64(2))
	is(t, state, "pending_count", int64(1))
	clear(s.refuse)
	clear(s.throttle)

	// During the cooldown the refused ones are all that is left to do. One of them is no longer wanted.
	rest := config(append(ipads(1, 3), ipads(5, 2)...)...).With(tftest.Config{"profile_id": "p2"})
	plan := s.plan(state, rest)
	if errs := plan.Diags.Errors(); len(errs) > 0 {
		t.Fatalf("the assignment's own devices are called another profile's: %v", errs)
	}
	s.throttle["IPAD000003"] = time.Hour
	state, _ = s.apply(state, rest)
	equal(t, "path of the refused one", s.path["IPAD000002"], []string{"p1", "p2"})
	equal(t, "path of the one that left", s.path["IPAD000004"], []string{"p1", ""})
	clear(s.throttle)
	s.clock = s.clock.Add(2 * time.Hour)
	state, _ = s.apply(state, rest)
	equal(t, "path of the throttled one", s.path["IPAD000003"], []string{"p1", "p2"})
	s.settled(state, rest)

	// A device that somebody else puts on the old profile later is not the assignment's.
	s.put("p1", "IPAD000002")
	mentions(t, s.plan(state, rest).Diags.Errors(), "take_over_from", "IPAD000002 (on p1)")
}

func TestAnInterruptedMoveGoesOnAndCanBeTakenBack(t *testing.T) {
	t.Parallel()
	devices := ipads(1, 2500)
	for name, target := range map[string]string{"on": "p2", "back": "p1"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSchool(t, devices...)
			state := s.create(config(devices...))
			s.failAt = len(s.requests) + 2
			plan := s.plan(state, config(devices...).With(tftest.Config{"profile_id": "p2"}))
			s.restart()
			state, diags := plan.Apply()
			mentions(t, diags.Errors(), "1500 of 2500 devices", "503")
			is(t, state, "profile_id", "p1")
			next := config(devices...).With(tftest.Config{"profile_id": target})
			state, warnings := s.apply(state, next)
			if len(warnings) > 0 {
				t.Error(warnings)
			}
			equal(t, "devices", s.on(target), devices)
			s.settled(state, next)
		})
	}
}

func TestDevicesInUseAreCountedInAWarning(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 4)...)
	s.devices["IPAD000002"].ProfileStatus = enrollment.StatusPushed
	s.devices["IPAD000003"].NeedsReset = true
	plan := s.plan(tftest.State{}, config(ipads(1, 4)...))
	mentions(t, plan.Diags.Warnings(), "profile_id", "4 devices get enrollment profile \"p1\", 2 of them after a factory reset", "2 of the 4")
	state, _ := s.apply(tftest.State{}, config(ipads(1, 4)...))
	if plan := s.plan(state, config(ipads(1, 4)...)); len(plan.Diags) > 0 {
		t.Errorf("an empty plan says %v", plan.Diags.Warnings())
	}
}

// A device on whose cooldown nobody can do anything is no reason for a plan.
func TestThrottledDevicesAreAnEmptyPlanDuringTheCooldownAndThenAnUpdate(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 3)...)
	s.throttle["IPAD000002"] = time.Hour
	state, warnings := s.apply(tftest.State{}, config(ipads(1, 3)...))
	mentions(t, warnings, "1 device waiting for Apple's cooldown", "2026-03-02T13:00:00Z")
	is(t, state, "pending_count", int64(1))
	is(t, state, "failed_count", int64(0))
	clear(s.throttle)
	s.settled(state, config(ipads(1, 3)...))
	_, warnings = s.refresh(state)
	mentions(t, warnings, "1 device waiting for Apple's cooldown", "2026-03-02T13:00:00Z")

	s.clock = s.clock.Add(time.Hour)
	refreshed, warnings := s.refresh(state)
	if len(warnings) > 0 {
		t.Error(warnings)
	}
	is(t, refreshed, "device_count", int64(2))
	state, _ = s.apply(state, config(ipads(1, 3)...))
	is(t, state, "pending_count", int64(0))
	equal(t, "on the profile", s.on("p1"), ipads(1, 3))
	s.settled(state, config(ipads(1, 3)...))
}

// Several assignments may stand on one profile: a device that goes from one to
// the other stays where it is, and stays pending where it is waited for.
func TestAssignmentsOfOneProfileHandOverWithoutSending(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 4)...)
	wait := tftest.Config{"missing_devices": "wait"}
	room1 := s.create(config(append(ipads(1, 2), "LATER00001")...).With(wait))
	room2 := s.create(config(ipads(3, 2)...).With(wait))
	s.restart()
	less := s.join(room1, config("IPAD000001").With(wait))
	more := s.join(room2, config(append(ipads(2, 3), "LATER00001")...).With(wait))
	sent := len(s.requests)
	room1, diags := less.Apply()
	if s.wishes["LATER00001"] != "p1" {
		t.Error("what the other assignment waits for was withdrawn")
	}
	room2, again := more.Apply()
	if said := slices.Concat(diags.Errors(), diags.Warnings(), again.Errors(), again.Warnings()); len(said) > 0 {
		t.Error(said)
	}
	if len(s.requests) != sent {
		t.Errorf("sent %v", s.requests[sent:])
	}
	s.settled(room1, config("IPAD000001").With(wait))
	s.settled(room2, config(append(ipads(2, 3), "LATER00001")...).With(wait))
}

// 100,000 devices through the protocol. The figures are printed, not asserted:
// they belong to the machine. What is asserted is the size of private state, far
// below what a message of the protocol may hold.
func TestAHundredThousandDevices(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	devices := ipads(1, 100_000)
	s := newSchool(t, devices...)
	name := file(t, strings.Join(devices, "\n"))
	config := tftest.Config{"token_id": "t1", "profile_id": "p1", "serial_numbers_file": name}
	start := time.Now()
	plan := s.plan(tftest.State{}, config)
	planned := time.Since(start)
	state, diags := plan.Apply()
	if len(diags) > 0 {
		t.Fatal(diags.Errors(), diags.Warnings())
	}
	applied := time.Since(start) - planned
	start = time.Now()
	if again := s.plan(state, config); !again.Empty() {
		t.Error("the plan is not empty")
	}
	t.Logf("plan %s, plan again and apply %s, refresh and empty plan %s; private state %d bytes; %d requests",
		planned.Round(time.Millisecond), applied.Round(time.Millisecond), time.Since(start).Round(time.Millisecond), len(state.Private), len(s.requests))
	if len(s.requests) != 100 {
		t.Errorf("%d requests", len(s.requests))
	}
	if len(state.Private) > 3<<20 {
		t.Errorf("private state has %d bytes", len(state.Private))
	}
}

// A later sync finishes what was throttled. From then on the device has nothing
// to do with the old profile any more.
func TestADeviceThatCameOverByItselfIsNoLongerElsewhere(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 2)...)
	state := s.create(config(ipads(1, 2)...))
	s.throttle["IPAD000002"] = time.Hour
	moved := config(ipads(1, 2)...).With(tftest.Config{"profile_id": "p2"})
	state, _ = s.apply(state, moved)
	s.put("p2", "IPAD000002")
	state, warnings := s.refresh(state)
	equal(t, "warnings", warnings, nil)
	s.put("p1", "IPAD000002")
	mentions(t, s.plan(state, moved).Diags.Errors(), "take_over_from", "IPAD000002 (on p1)")
}
