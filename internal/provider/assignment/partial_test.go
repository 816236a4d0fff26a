package assignment_test

import (
	"errors"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

func TestDevicesGoOutInBatchesOfAThousand(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 2001)...)
	s.create(config(ipads(1, 2001)...))
	if len(s.requests) != 3 {
		t.Fatalf("%d requests", len(s.requests))
	}
	for _, batch := range s.requests {
		if len(batch) > 1000 {
			t.Errorf("a batch of %d", len(batch))
		}
	}
}

// An error in Create would have Terraform destroy what was done: it is a warning
// with the numbers in its summary, and the next plan is an update of the rest.
func TestAThirdBatchThatFailsInCreateIsAWarning(t *testing.T) {
	t.Parallel()
	devices := ipads(1, 5000)
	s := newSchool(t, devices...)
	s.failAt = 3
	plan := s.plan(tftest.State{}, config(devices...))
	state, diags := plan.Apply()
	equal(t, "errors, which would taint", diags.Errors(), nil)
	mentions(t, diags.Warnings(), "3000 of 5000 devices did not get the profile: ", "503", "Try again later", "next apply assigns the rest")
	is(t, state, "failed_count", int64(3000))
	if got, _ := state.Get("failed_serial_numbers").([]any); len(got) != 100 || got[0] != devices[2000] || got[99] != devices[2099] {
		t.Errorf("%d names, not the first hundred that were not reached", len(got))
	}

	next := s.plan(state, config(devices...))
	if len(next.Replaces) > 0 || next.Empty() {
		t.Error("the next plan is no update in place")
	}
	refreshed, _ := s.refresh(state)
	is(t, refreshed, "device_count", int64(2000))
	is(t, next.State, "device_count", int64(5000))
	is(t, next.State, "id", state.Get("id"))
	state, warnings := s.apply(state, config(devices...))
	equal(t, "warnings", warnings, nil)
	is(t, state, "failed_count", int64(0))
	for _, d := range devices[:2000] {
		if s.sends[d] != 1 {
			t.Fatalf("%s was sent %d times", d, s.sends[d])
		}
	}
	equal(t, "on the profile", s.on("p1"), devices)
	s.settled(state, config(devices...))
}

// Where nothing went out yet, nothing has to be kept.
func TestCreateThatSendsNothingIsAnError(t *testing.T) {
	t.Parallel()
	s := newSchool(t, "IPAD000001")
	plan := s.plan(tftest.State{}, config("IPAD000001").With(tftest.Config{"profile_id": "nowhere"}))
	state, diags := plan.Apply()
	mentions(t, diags.Errors(), "Unable to create the device assignment", "nowhere")
	if state.Exists() {
		t.Error("there is state")
	}
}

// An assignment that could not remember its store would be lost to the guard, so
// that comes before the first request.
func TestCreateThatCannotTellItsStoreSendsNothing(t *testing.T) {
	t.Parallel()
	s := newSchool(t, "IPAD000001")
	plan := s.plan(tftest.State{}, config("IPAD000001"))
	s.storeErr = errors.New("the store is locked")
	_, diags := plan.Apply()
	mentions(t, diags.Errors(), "store is locked")
	if len(s.requests) > 0 {
		t.Error("something was sent, and the error taints it")
	}
}

// Update returns the error, keeps in private state what it answers for, and
// leaves the rest, exactly, to the next plan.
func TestAThirdBatchThatFailsInUpdateIsAnError(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 5100)...)
	state := s.create(config(ipads(1, 100)...))
	all := config(ipads(1, 5100)...)
	s.failAt = len(s.requests) + 3
	s.restart()
	failed, diags := s.plan(state, all).Apply()
	mentions(t, diags.Errors(), "3000 of 5100 devices did not get the profile", "503", "Without the profile (3000): 3000 devices in the request that failed or not sent any more.")
	is(t, failed, "device_count", int64(100)) // attributes as they were
	refreshed, warnings := s.refresh(failed)
	equal(t, "warnings", warnings, nil)
	is(t, refreshed, "device_count", int64(2100))
	next := s.plan(failed, all)
	is(t, next.State, "device_count", int64(5100))
	before := len(s.requests)
	state, warnings = s.apply(failed, all)
	equal(t, "warnings", warnings, nil)
	var sent []string
	for _, batch := range s.requests[before:] {
		sent = append(sent, batch...)
	}
	equal(t, "sent", sent, ipads(2101, 3000))
	s.settled(state, all)
}

// A device that the failed update never asked about was never on the token as
// far as anybody knows: it is missing, not gone.
func TestWhatAFailedUpdateDidNotReachIsNotCalledGone(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 2)...)
	state := s.create(config("IPAD000001"))
	s.token.LastSyncedAt = s.clock.AddDate(0, 0, -3)
	more := config("IPAD000001", "IPAD000002", "NOTHERE001")
	s.rt.Service = &silent{fake: s.fake}
	failed, diags := s.plan(state, more).Apply()
	if len(diags.Errors()) != 1 {
		t.Fatal(diags.Errors())
	}
	s.rt.Service = s.fake
	_, warnings := s.refresh(failed)
	equal(t, "warnings", warnings, nil)
	s.token.LastSyncedAt = s.clock
	mentions(t, s.plan(failed, more).Diags.Errors(), "NOTHERE001")
}

func TestRefusedDevicesAreCountedNamedAndTriedAgain(t *testing.T) {
	t.Parallel()
	devices := ipads(1, 250)
	s := newSchool(t, devices...)
	for i, d := range devices[:130] {
		s.refuse[d] = []string{"FAILED", "NOT_ACCESSIBLE"}[i%2]
	}
	state, warnings := s.apply(tftest.State{}, config(devices...))
	mentions(t, warnings, "130 devices did not get the profile", "IPAD000001 (FAILED)", "IPAD000002 (NOT_ACCESSIBLE)", "120 more")
	is(t, state, "failed_count", int64(130))
	if got, _ := state.Get("failed_serial_numbers").([]any); len(got) != 100 || got[0] != devices[0] || got[99] != devices[99] {
		t.Errorf("%d names, not the first hundred", len(got))
	}
	clear(s.refuse)
	s.refuse[devices[0]] = "FAILED"
	state, warnings = s.apply(state, config(devices...))
	mentions(t, warnings, "1 device did not get the profile", "IPAD000001 (FAILED)")
	is(t, state, "failed_count", int64(1))
	clear(s.refuse)
	state, _ = s.apply(state, config(devices...))
	is(t, state, "failed_count", int64(0))
	if got, _ := state.Get("failed_serial_numbers").([]any); len(got) != 0 {
		t.Error(got)
	}
	s.settled(state, config(devices...))
}

// What the service warns of reaches the person.
func TestWarningsOfTheServiceAreHandedOn(t *testing.T) {
	t.Parallel()
	s := newSchool(t, "IPAD000001")
	s.rt.Service = &warner{fake: s.fake}
	_, warnings := s.apply(tftest.State{}, config("IPAD000001"))
	mentions(t, warnings, "A word", "of warning")
}

func TestAFleetIsReadOnceAndAFewAreAskedForByName(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 600)...)
	small := s.create(config(ipads(1, 500)...))
	s.refresh(small)
	if s.lists != 0 {
		t.Errorf("the whole token was read %d times for 500 devices", s.lists)
	}
	large := s.create(config(ipads(1, 501)...))
	s.lists = 0
	s.refresh(large)
	if s.lists != 1 {
		t.Errorf("the token was read %d times for 501 devices", s.lists)
	}
}

func TestErrorsOfTheServiceStopThePlan(t *testing.T) {
	t.Parallel()
	s := newSchool(t, "IPAD000001")
	mentions(t, s.plan(tftest.State{}, config("IPAD000001").With(tftest.Config{"token_id": "t9"})).Diags.Errors(), "t9")
	if _, err := s.ReadToken(t.Context(), "t9"); !errors.Is(err, enrollment.ErrNotFound) {
		t.Error(err)
	}
}

// An assignment waits for releases and for many requests, so its time is the
// user's to say.
func TestTimeoutsReachTheService(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 2)...)
	ear := &clockwatcher{fake: s.fake}
	s.rt.Service = ear
	within := func(what string, most time.Duration) {
		t.Helper()
		if ear.left > most || ear.left < most-time.Minute {
			t.Errorf("%s was given %s, not %s", what, ear.left, most)
		}
	}
	custom := tftest.Config{"timeouts": tftest.Config{"create": "7m", "update": "8m", "delete": "9m"}}
	state := s.create(config("IPAD000001").With(custom))
	within("create", 7*time.Minute)
	s.settled(state, config("IPAD000001").With(custom))
	state, _ = s.apply(state, config("IPAD000002").With(custom))
	within("update", 8*time.Minute)
	s.destroy(state)
	within("delete", 9*time.Minute)
	s.create(config("IPAD000001"))
	within("create by default", 30*time.Minute)
}
