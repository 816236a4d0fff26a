package assignment_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

func TestSerialNumbersThatTheTokenDoesNotHave(t *testing.T) {
	t.Parallel()
	some := config("IPAD000001", "NOTHERE001")
	for name, c := range map[string]struct {
		prepare func(*school)
		config  tftest.Config
		err     bool
		warning bool
		pending bool
	}{
		"the last sync is fresh":          {func(*school) {}, some, true, false, false},
		"it is a day old":                 {func(s *school) { s.token.LastSyncedAt = s.clock.Add(-24 * time.Hour) }, some, false, true, false},
		"there never was one":             {func(s *school) { s.token.LastSyncedAt = time.Time{} }, some, false, true, false},
		"another sync was announced":      {func(s *school) { s.rt.Plans.Sync("t1") }, some, false, true, false},
		"an upload was, which syncs":      {func(s *school) { s.rt.Plans.Upload("t1") }, some, false, true, false},
		"of another token":                {func(s *school) { s.rt.Plans.Sync("t2") }, some, true, false, false},
		"they are waited for":             {func(*school) {}, some.With(tftest.Config{"missing_devices": "wait"}), false, false, true},
		"they are waited for, also stale": {func(s *school) { s.token.LastSyncedAt = time.Time{} }, some.With(tftest.Config{"missing_devices": "wait"}), false, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSchool(t, "IPAD000001")
			c.prepare(s)
			diags := s.join(tftest.State{}, c.config).Diags
			switch {
			case c.err:
				mentions(t, diags.Errors(), "serial_number_list", "(1)", "NOTHERE001", "District", `missing_devices = "wait"`)
			case c.warning:
				mentions(t, about("serial_number_list", diags), "(1)", "NOTHERE001", "not fresh")
			case c.pending:
				mentions(t, about("serial_number_list", diags), "1 serial number that token \"District\" does not have: pending until a sync brings them in (NOTHERE001)")
			}
			if !c.err {
				equal(t, "errors", diags.Errors(), nil)
			}
			if !c.warning && !c.pending {
				equal(t, "warnings", diags.Warnings(), nil)
			}
		})
	}
}

// about are the warnings at an attribute.
func about(attribute string, diags tftest.Diags) []string {
	return slices.DeleteFunc(diags.Warnings(), func(w string) bool { return !strings.HasPrefix(w, attribute+": ") })
}

func TestMissingDevicesFailAnApplyThatCouldNotKnow(t *testing.T) {
	t.Parallel()
	s := newSchool(t, "IPAD000001")
	s.token.LastSyncedAt = time.Time{}
	some := config("IPAD000001", "NOTHERE001")
	state, warnings := s.apply(tftest.State{}, some)
	mentions(t, warnings, "1 device not on the token", "NOTHERE001")
	is(t, state, "failed_count", int64(1))
	is(t, state, "pending_count", int64(0))
	plan := s.plan(state, some)
	is(t, plan.State, "device_count", int64(2))
	if plan.Empty() {
		t.Error("a device that failed is not tried again")
	}
	s.put("", "NOTHERE001")
	state, _ = s.apply(state, some)
	is(t, state, "failed_count", int64(0))
	s.settled(state, some)
}

func TestWaitKeepsDevicesPendingUntilASyncOrAnApplyFinishesThem(t *testing.T) {
	t.Parallel()
	for name, finishes := range map[string]func(*school){
		"a sync":   func(s *school) { s.put("p1", "LATER00001") },
		"an apply": func(s *school) { s.put("", "LATER00001") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSchool(t, "IPAD000001")
			c := config("IPAD000001", "LATER00001").With(tftest.Config{"missing_devices": "wait"})
			state := s.create(c)
			is(t, state, "pending_count", int64(1))
			is(t, state, "failed_count", int64(0))
			if s.wishes["LATER00001"] != "p1" {
				t.Error("the service was not asked to keep it pending")
			}
			s.settled(state, c)
			finishes(s)
			if name == "an apply" {
				plan := s.plan(state, c)
				is(t, plan.State, "pending_count", tftest.Unknown)
				state, _ = s.apply(state, c)
				is(t, state, "pending_count", int64(0))
			}
			equal(t, "on the profile", s.on("p1"), []string{"IPAD000001", "LATER00001"})
			s.settled(state, c)

			// It came, so when it goes it is gone.
			s.restart()
			state, _ = s.refresh(state)
			s.lose("LATER00001")
			_, warnings := s.refresh(state)
			mentions(t, warnings, "1 device gone from the token", "LATER00001")
		})
	}
}

// Asking Apple for it again and again would not bring it back.
func TestADeviceGoneFromTheTokenIsReportedOnceAndNeverSentAgain(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 4)...)
	c := config(ipads(1, 3)...)
	state := s.create(c)
	s.lose("IPAD000002")
	state, warnings := s.refresh(state)
	mentions(t, warnings, "1 device gone from the token", "IPAD000002", "not sent again")
	state, warnings = s.refresh(state)
	equal(t, "said again", warnings, nil)
	s.settled(state, c)

	// Another change does not send it, and does not call it missing.
	more := config(ipads(1, 4)...)
	if errs := s.plan(state, more).Diags.Errors(); len(errs) > 0 {
		t.Fatal(errs)
	}
	var asked []string
	s.rt.Service = &listener{fake: s.fake, heard: func(serials []string) { asked = serials }}
	state, _ = s.apply(state, more)
	equal(t, "asked for", asked, []string{"IPAD000001", "IPAD000003", "IPAD000004"})
	is(t, state, "failed_count", int64(0))
	s.settled(state, more)

	// It may come back.
	s.put("", "IPAD000002")
	state, _ = s.apply(state, more)
	equal(t, "on the profile", s.on("p1"), ipads(1, 4))
	s.settled(state, more)
}

// The same after it was moved to another profile with the rest.
func TestADeviceGoneFromTheTokenDoesNotHinderAMove(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 3)...)
	state := s.create(config(ipads(1, 3)...))
	s.lose("IPAD000002")
	moved := config(ipads(1, 3)...).With(tftest.Config{"profile_id": "p2"})
	state, warnings := s.apply(state, moved)
	equal(t, "warnings", warnings, nil)
	is(t, state, "failed_count", int64(0))
	s.settled(state, moved)
}

// One that leaves between the look and the act is counted.
func TestADeviceThatLeavesDuringAMoveIsCounted(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 3)...)
	state := s.create(config(ipads(1, 3)...))
	plan := s.plan(state, config(ipads(1, 3)...).With(tftest.Config{"profile_id": "p2"}))
	s.lose("IPAD000002")
	state, diags := plan.ApplyAsPlanned()
	mentions(t, diags.Warnings(), "1 device not on the token", "IPAD000002")
	is(t, state, "failed_count", int64(1))
}

func TestATokenThatAwaitsItsServerTokenIsAnErrorThatSaysWhatToClick(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.token.Status = enrollment.AwaitingServerToken
	mentions(t, s.plan(tftest.State{}, config()).Diags.Errors(), "token_id", "District", "Download Token")
	s.restart()
	s.rt.Plans.Upload("t1")
	equal(t, "errors with an upload in the same run", s.join(tftest.State{}, config()).Diags.Errors(), nil)
}
