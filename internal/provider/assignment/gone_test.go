package assignment_test

import (
	"context"
	"iter"
	"slices"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

func withFallback(id string, devices ...string) tftest.Config {
	return config(devices...).With(tftest.Config{"on_leave": "fallback", "fallback_profile_id": id})
}

func (f *fake) forget(profileID string) {
	f.profiles = slices.DeleteFunc(f.profiles, func(id string) bool { return id == profileID })
}

func TestAFallbackProfileThatDoesNotExistIsAnErrorAtPlan(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 3)...)
	plan := s.plan(tftest.State{}, withFallback("nowhere", ipads(1, 3)...))
	mentions(t, plan.Diags.Errors(), "fallback_profile_id: ", `no enrollment profile "nowhere"`)
	plan = s.plan(tftest.State{}, withFallback("spare", ipads(1, 3)...))
	if errs := plan.Diags.Errors(); len(errs) > 0 {
		t.Errorf("a fallback that exists: %v", errs)
	}
	plan = s.plan(tftest.State{}, withFallback("", ipads(1, 3)...).With(tftest.Config{"fallback_profile_id": tftest.Unknown}))
	if errs := plan.Diags.Errors(); len(errs) > 0 {
		t.Errorf("a fallback that is still to be made: %v", errs)
	}
}

// The devices keep the profile, so the assignment may not be forgotten.
func TestDestroyWithoutTheFallbackProfileIsAnError(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 3)...)
	state := s.create(withFallback("spare", ipads(1, 3)...))
	s.forget("spare")
	after, diags := s.destroy(state)
	mentions(t, diags.Errors(), "fallback_profile_id: ", `no enrollment profile "spare"`)
	if !after.Exists() {
		t.Error("the assignment is out of state")
	}
	equal(t, "on the profile", s.on("p1"), ipads(1, 3))
}

func TestDestroyIsSilentOnlyWithoutTheToken(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 3)...)
	state := s.create(config(ipads(1, 3)...))
	lost := &loser{fake: s.fake}
	s.rt.Service = lost
	after, diags := s.destroy(state)
	mentions(t, diags.Errors(), "Unable to release devices from", "no device")
	if !after.Exists() {
		t.Error("something that was not found is taken for the token")
	}
	s.token.ID = "another"
	if after, diags = s.destroy(state); after.Exists() || len(diags.Errors()) > 0 {
		t.Errorf("without the token: %v", diags.Errors())
	}
}

func TestReadKeepsStateWhereSomethingElseIsNotFound(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 3)...)
	state := s.create(config(ipads(1, 3)...))
	s.rt.Service = &loser{fake: s.fake}
	after, diags := s.d.Refresh(state)
	mentions(t, diags.Errors(), "Unable to read", "no device")
	if !after.Exists() {
		t.Error("the assignment is out of state")
	}
	s.forget("p1")
	if after, diags = s.d.Refresh(state); after.Exists() || len(diags.Errors()) > 0 {
		t.Errorf("without the profile: %v", diags.Errors())
	}
}

func TestADestroyPlanSaysHowManyDevicesItReaches(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config tftest.Config
		want   []string
	}{
		"unassign": {config(ipads(1, 3)...), []string{`Destroying takes enrollment profile "p1" from 3 devices, and leaves them without one (on_leave = "unassign")`, "no profile"}},
		"one":      {config(ipads(1, 1)...), []string{`Destroying takes enrollment profile "p1" from 1 device`}},
		"fallback": {withFallback("spare", ipads(1, 3)...), []string{`Destroying takes enrollment profile "p1" from 3 devices, and gives them "spare" (on_leave = "fallback")`, `the profile "spare"`}},
		"keep":     {config(ipads(1, 3)...).With(tftest.Config{"on_leave": "keep"}), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSchool(t, ipads(1, 3)...)
			state := s.create(c.config)
			s.restart()
			plan := s.d.PlanDestroy(state)
			if errs := plan.Diags.Errors(); len(errs) > 0 {
				t.Fatalf("a destroy is refused: %v", errs)
			}
			if c.want == nil {
				equal(t, "warnings", plan.Diags.Warnings(), nil)
				return
			}
			mentions(t, plan.Diags.Warnings(), c.want...)
		})
	}
}

// Devices that have left the token lose nothing.
func TestADestroyPlanDoesNotCountDevicesThatAreGone(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 3)...)
	state := s.create(config(ipads(1, 3)...))
	s.lose("IPAD000001")
	state, _ = s.refresh(state)
	s.restart()
	mentions(t, s.d.PlanDestroy(state).Diags.Warnings(), "from 2 devices")
}

func TestTwoAssignmentsOfOneProfileThatNameOneDeviceAreAWarning(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 4)...)
	one := s.create(config(ipads(1, 2)...))
	two := s.create(config(ipads(3, 2)...))
	s.plan(one, config(ipads(1, 2)...))
	apart := s.join(two, config(ipads(3, 2)...))
	equal(t, "warnings", apart.Diags.Warnings(), nil)
	s.plan(one, config(ipads(1, 3)...))
	plan := s.join(two, config(ipads(3, 2)...))
	mentions(t, plan.Diags.Warnings(), "serial_number_list", "1 device also in another assignment of the same profile", "IPAD000003")
	if errs := plan.Diags.Errors(); len(errs) > 0 {
		t.Error(errs)
	}
}

// One lets go of a device that the other one still answers for, in a run of its
// own, where nothing is announced.
func TestADeviceOfTwoAssignmentsOfOneProfileStaysUntilBothLetGo(t *testing.T) {
	t.Parallel()
	for name, how := range map[string]tftest.Config{
		"unassign": {}, "keep": {"on_leave": "keep"}, "fallback": {"on_leave": "fallback", "fallback_profile_id": "spare"},
		"another profile": {"profile_id": "p2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSchool(t, ipads(1, 3)...)
			one := s.create(config(ipads(1, 3)...))
			two := s.create(config("IPAD000003"))
			if name == "another profile" {
				plan := s.plan(one, config(ipads(1, 3)...).With(how))
				s.restart()
				_, diags := plan.Apply()
				mentions(t, diags.Errors(), "1 device left with another profile", "IPAD000003 (on p1)")
			} else {
				s.apply(one, config(ipads(1, 2)...).With(how))
			}
			if !slices.Contains(s.on("p1"), "IPAD000003") {
				t.Error("the device was taken from the other assignment")
			}
			if !s.plan(two, config("IPAD000003")).Empty() {
				t.Error("the plan of the other assignment is not empty")
			}
			s.destroy(two)
			if slices.Contains(s.on("p1"), "IPAD000003") && name != "another profile" {
				t.Error("the device is still on the profile after both let go")
			}
		})
	}
}

// In one run the other assignment is known to want the device: it stays, and
// the one that lets go no longer holds it.
func TestADeviceThatStaysForAnotherAssignmentIsHandedOver(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 3)...)
	one := s.create(config(ipads(1, 3)...))
	leaving := s.plan(one, config(ipads(1, 2)...))
	coming := s.join(tftest.State{}, config("IPAD000003"))
	if _, diags := leaving.Apply(); len(diags.Errors()) > 0 {
		t.Fatal(diags.Errors())
	}
	if got := s.devices["IPAD000003"].Holder; got != "" {
		t.Errorf("%s still holds the device", got)
	}
	two, _ := coming.Apply()
	equal(t, "on the profile", s.on("p1"), ipads(1, 3))
	s.destroy(two)
	equal(t, "on the profile", s.on("p1"), ipads(1, 2))
}

// loser does not find something that is neither the token nor a profile.
type loser struct{ *fake }

func (l *loser) Devices(context.Context, string, enrollment.DeviceFilter) iter.Seq2[enrollment.Device, error] {
	return func(yield func(enrollment.Device, error) bool) {
		yield(enrollment.Device{}, enrollment.NotFound("device", "IPAD000009"))
	}
}

func (l *loser) Unassign(context.Context, enrollment.UnassignRequest) (enrollment.AssignResult, error) {
	return enrollment.AssignResult{}, enrollment.NotFound("device", "IPAD000009")
}
