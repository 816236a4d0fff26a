package assignment_test

import (
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

func TestWhoseDevicesMayBeTaken(t *testing.T) {
	t.Parallel()
	take := func(from ...string) tftest.Config {
		return config("IPAD000001").With(tftest.Config{"take_over_from": elements(from)})
	}
	for name, c := range map[string]struct {
		on     string
		config tftest.Config
		free   bool
	}{
		"a device without a profile":      {"", config("IPAD000001"), true},
		"a device on the default profile": {"default", config("IPAD000001"), true},
		"a device of another profile":     {"p2", config("IPAD000001"), false},
		"a profile that is named":         {"p2", take("p2"), true},
		"another one than is named":       {"p2", take("p3"), false},
		"any profile":                     {"p2", take("*"), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSchool(t)
			s.defaultID = "default"
			s.put(c.on, "IPAD000001")
			plan := s.plan(tftest.State{}, c.config)
			if !c.free {
				mentions(t, plan.Diags.Errors(), "take_over_from", "IPAD000001 (on "+c.on+")", "(1)")
				return
			}
			state := s.create(c.config)
			equal(t, "on the profile", s.on("p1"), []string{"IPAD000001"})
			s.settled(state, c.config)
		})
	}
}

func TestADeviceThatAnotherAssignmentHoldsIsAWarningAtPlan(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.held("p2", "somebody", "IPAD000001")
	s.put("p3", "IPAD000002")
	plan := s.plan(tftest.State{}, config("IPAD000001"))
	mentions(t, plan.Diags.Warnings(), "take_over_from", "1 device held by another assignment", "IPAD000001 (on p2)")
	if errs := plan.Diags.Errors(); len(errs) > 0 {
		t.Error(errs)
	}
	// Nobody at all can release the second one.
	mentions(t, s.plan(tftest.State{}, config("IPAD000001", "IPAD000002")).Diags.Errors(), "IPAD000002 (on p3)")
}

// Create looks again every second and gives up after 30: an error would have
// Terraform take the devices away that it did get.
func TestCreateGivesUpAfterHalfAMinuteWithAWarning(t *testing.T) {
	t.Parallel()
	s := newSchool(t, "IPAD000001")
	s.held("p2", "somebody", "IPAD000002")
	plan := s.plan(tftest.State{}, config("IPAD000001", "IPAD000002"))
	start := s.clock
	state, diags := plan.Apply()
	if errs := diags.Errors(); len(errs) > 0 {
		t.Fatal(errs)
	}
	mentions(t, diags.Warnings(), "take_over_from", "1 device left with another profile", "IPAD000002 (on p2)")
	if waited := s.clock.Sub(start); waited != 30*time.Second {
		t.Errorf("waited %s", waited)
	}
	is(t, state, "failed_count", int64(1))
	if got, _ := state.Get("failed_serial_numbers").([]any); len(got) != 1 || got[0] != "IPAD000002" {
		t.Errorf("failed_serial_numbers %v", got)
	}
	equal(t, "on the profile", s.on("p1"), []string{"IPAD000001"})
	equal(t, "on the other profile", s.on("p2"), []string{"IPAD000002"})
	state, _ = s.refresh(state)
	is(t, state, "device_count", int64(1)) // so the next plan tries again
}

// Update has nothing to lose: there it is an error, and state says what was done.
func TestUpdateGivesUpWithAnErrorAndKeepsWhatItDid(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 3)...)
	state := s.create(config("IPAD000001"))
	s.held("p2", "somebody", "IPAD000002")
	plan := s.plan(state, config(ipads(1, 3)...))
	state, diags := plan.Apply()
	mentions(t, diags.Errors(), "take_over_from", "1 device left with another profile", "IPAD000002 (on p2)")
	is(t, state, "failed_count", int64(1))
	equal(t, "on the profile", s.on("p1"), []string{"IPAD000001", "IPAD000003"})
	state, _ = s.refresh(state)
	is(t, state, "device_count", int64(2))
	// Once it is free the rest is done.
	s.put("", "IPAD000002")
	state, warnings := s.apply(state, config(ipads(1, 3)...))
	if len(warnings) > 0 {
		t.Error(warnings)
	}
	s.settled(state, config(ipads(1, 3)...))
}

// Nobody in the run can release it: then nobody waits.
func TestAConflictThatNobodyReleasesIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 2)...)
	plan := s.plan(tftest.State{}, config(ipads(1, 2)...))
	s.put("p2", "IPAD000002") // after the plan
	start := s.clock
	_, diags := plan.ApplyAsPlanned()
	mentions(t, diags.Warnings(), "1 device left with another profile")
	if !s.clock.Equal(start) {
		t.Errorf("waited %s", s.clock.Sub(start))
	}
}

// The owner is checked when acting, whatever the plan saw.
func TestTheOwnerIsCheckedAtApply(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 3)...)
	state := s.create(config(ipads(1, 3)...))
	plan := s.plan(state, config("IPAD000001"))
	s.put("p3", "IPAD000002") // somebody takes it between plan and apply
	if _, diags := plan.ApplyAsPlanned(); len(diags.Errors()) > 0 {
		t.Fatal(diags.Errors())
	}
	equal(t, "with somebody else", s.on("p3"), []string{"IPAD000002"})
	equal(t, "released", s.on(""), []string{"IPAD000003"})
}

func TestTwoAssignmentsThatClaimOneDeviceAreAnErrorAtPlan(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 3)...)
	other := config("IPAD000002", "IPAD000003").With(tftest.Config{"profile_id": "p2"})
	if errs := s.join(tftest.State{}, config("IPAD000001", "IPAD000002")).Diags.Errors(); len(errs) > 0 {
		t.Fatal(errs)
	}
	mentions(t, s.join(tftest.State{}, other).Diags.Errors(), "serial_number_list", "Two assignments", "IPAD000002 (also on p1)", "(1)")
	// Two of one profile may, and so may one whose profile is not known yet.
	s.restart()
	for _, c := range []tftest.Config{config("IPAD000001"), config("IPAD000001"), config("IPAD000001").With(tftest.Config{"profile_id": tftest.Unknown})} {
		if errs := s.join(tftest.State{}, c).Diags.Errors(); len(errs) > 0 {
			t.Error(errs)
		}
	}
}

// One assignment gives a device up and another of the same run wants it. Both
// orders of applying end the same, and the device is never without a profile.
func TestReleaseHandsDevicesOver(t *testing.T) {
	t.Parallel()
	to := config("IPAD000002").With(tftest.Config{"profile_id": "p2"})
	for _, order := range []string{"the giver first", "the taker first", "the giver is destroyed first", "the giver is destroyed second"} {
		for _, recorded := range []bool{true, false} { // whether the service knows who holds a device
			t.Run(order, func(t *testing.T) {
				t.Parallel()
				s := newSchool(t, ipads(1, 2)...)
				giver := s.create(config(ipads(1, 2)...))
				if !recorded {
					s.devices["IPAD000002"].Holder = ""
				}
				s.restart()
				giver, _ = s.refresh(giver)
				var less tftest.Plan
				if strings.Contains(order, "destroyed") {
					less = s.d.PlanDestroy(giver)
				} else {
					less = s.d.Plan(kind, giver, config("IPAD000001"))
				}
				take := s.join(tftest.State{}, to)
				if errs := take.Diags.Errors(); len(errs) > 0 {
					t.Fatal(errs)
				}
				give := func() {
					state, diags := less.Apply()
					if len(diags) > 0 {
						t.Error(diags.Errors(), diags.Warnings())
					}
					giver = state
				}
				if strings.HasSuffix(order, "second") || order == "the taker first" {
					// The taker waits, and the giver acts while it does.
					after, waited := s.rt.After, 0
					s.rt.After = func(d time.Duration) <-chan time.Time {
						if waited++; waited == 3 {
							give()
						}
						return after(d)
					}
				} else {
					give()
				}
				taker, diags := take.Apply()
				if errs := diags.Errors(); len(errs) > 0 {
					t.Fatal(errs)
				}
				is(t, taker, "failed_count", int64(0))
				equal(t, "path", s.path["IPAD000002"], []string{"p1", "p2"})
				s.settled(taker, to)
				if giver.Exists() {
					s.settled(giver, config("IPAD000001"))
				}
			})
		}
	}
}
