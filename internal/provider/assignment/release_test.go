package assignment_test

import (
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

func leaves(how string) tftest.Config {
	c := tftest.Config{"on_leave": how}
	if how == "fallback" {
		c["fallback_profile_id"] = "spare"
	}
	return c
}

func TestWhatHappensToDevicesThatLeave(t *testing.T) {
	t.Parallel()
	for how, where := range map[string]string{"unassign": "", "fallback": "spare", "keep": "p1"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			s := newSchool(t, ipads(1, 4)...)
			wait := leaves(how).With(tftest.Config{"missing_devices": "wait"})
			state := s.create(config(append(ipads(1, 4), "LATER00001")...).With(wait))
			s.put("p3", "IPAD000004") // somebody else has it by now: it is left alone
			fewer := config("IPAD000001", "IPAD000002").With(wait)
			state, warnings := s.apply(state, fewer)
			if len(warnings) > 0 {
				t.Error(warnings)
			}
			equal(t, "where it went", s.on(where), map[string][]string{"": {"IPAD000003"}, "spare": {"IPAD000003"}, "p1": ipads(1, 3)}[where])
			equal(t, "left alone", s.on("p3"), []string{"IPAD000004"})
			if len(s.wishes) > 0 {
				t.Errorf("still pending: %v", s.wishes)
			}
			s.settled(state, fewer)

			s.put("p3", "IPAD000002")
			destroyed, diags := s.destroy(state)
			if len(diags) > 0 || destroyed.Exists() {
				t.Error(diags.Errors(), diags.Warnings())
			}
			equal(t, "where they went", s.on(where), map[string][]string{"": {"IPAD000001", "IPAD000003"}, "spare": {"IPAD000001", "IPAD000003"}, "p1": {"IPAD000001", "IPAD000003"}}[where])
			equal(t, "left alone", s.on("p3"), []string{"IPAD000002", "IPAD000004"})
			if how == "keep" && len(s.requests) != 1 {
				t.Errorf("sent %v", s.requests[1:])
			}
		})
	}
}

func TestTheFallbackAndOnLeaveFitEachOther(t *testing.T) {
	t.Parallel()
	one := config("IPAD000001")
	for name, c := range map[string]struct {
		service enrollment.Kind
		config  tftest.Config
		words   []string
	}{
		"fallback without a profile":       {enrollment.Embedded, one.With(tftest.Config{"on_leave": "fallback"}), []string{"fallback_profile_id"}},
		"a profile without fallback":       {enrollment.Embedded, one.With(tftest.Config{"fallback_profile_id": "spare"}), []string{"fallback_profile_id", "no effect"}},
		"Intune cannot unassign":           {enrollment.Intune, one, []string{"on_leave", "Intune", "keep"}},
		"Intune, unassign spelled out":     {enrollment.Intune, one.With(leaves("unassign")), []string{"on_leave"}},
		"Intune can give another":          {enrollment.Intune, one.With(leaves("fallback")), nil},
		"Intune can keep":                  {enrollment.Intune, one.With(leaves("keep")), nil},
		"the embedded service can do both": {enrollment.Embedded, one.With(leaves("fallback")), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSchool(t, "IPAD000001")
			s.kind = c.service
			errs := s.plan(tftest.State{}, c.config).Diags.Errors()
			if c.words == nil {
				equal(t, "errors", errs, nil)
				return
			}
			mentions(t, errs, c.words...)
		})
	}
}

// Devices that could not be released are still the assignment's: the next plan
// shows them, a destroy does not forget them.
func TestDevicesThatCannotBeReleased(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 3)...)
	state := s.create(config(ipads(1, 3)...))
	s.refuse["IPAD000002"] = "NOT_ACCESSIBLE"
	one := config("IPAD000001")
	state, warnings := s.apply(state, one)
	mentions(t, warnings, "1 device not released", "IPAD000002 (NOT_ACCESSIBLE)")
	plan := s.plan(state, one)
	if plan.Empty() {
		t.Error("a device that still has the profile is not shown")
	}
	kept, diags := s.destroy(state)
	mentions(t, diags.Errors(), "Refused and still with the profile (1)", "IPAD000002 (NOT_ACCESSIBLE)", `on_leave = "keep"`)
	if !kept.Exists() {
		t.Error("what could not be destroyed is forgotten")
	}
	clear(s.refuse)
	if destroyed, diags := s.destroy(state); destroyed.Exists() || len(diags) > 0 {
		t.Error(diags.Errors())
	}
	equal(t, "on the profile", s.on("p1"), nil)
}

// Nobody else takes a profile away later, so the assignment comes back to it.
func TestLeavingDevicesInACooldownAreReleasedAfterIt(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 2)...)
	state := s.create(config(ipads(1, 2)...))
	s.throttle["IPAD000002"] = time.Hour
	one := config("IPAD000001")
	state, warnings := s.apply(state, one)
	mentions(t, warnings, "1 leaving device waiting for Apple's cooldown", "2026-03-02T13:00:00Z")
	s.settled(state, one)
	_, warnings = s.refresh(state)
	mentions(t, warnings, "1 device waiting for Apple's cooldown")
	kept, diags := s.destroy(state)
	mentions(t, diags.Errors(), "IPAD000002 (in Apple's cooldown until 2026-03-02T13:00:00Z)")
	if !kept.Exists() {
		t.Error("what could not be destroyed is forgotten")
	}
	s.put("p1", "IPAD000001") // the destroy released it
	s.clock = s.clock.Add(time.Hour)
	clear(s.throttle)
	plan := s.plan(state, one)
	is(t, plan.State, "device_count", int64(1))
	if plan.Empty() {
		t.Error("a device that still has the profile is not shown after its cooldown")
	}
	state, _ = s.apply(state, one)
	equal(t, "on the profile", s.on("p1"), []string{"IPAD000001"})
	s.settled(state, one)
}

// A service keeps pending what is to get another profile: a sync finishes that.
func TestLeavingDevicesInACooldownWaitForTheirFallback(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 2)...)
	both := config(ipads(1, 2)...).With(leaves("fallback"))
	state := s.create(both)
	s.throttle["IPAD000002"] = time.Hour
	one := config("IPAD000001").With(leaves("fallback"))
	state, warnings := s.apply(state, one)
	mentions(t, warnings, "1 leaving device waiting for Apple's cooldown", "sync")
	s.clock = s.clock.Add(2 * time.Hour)
	s.settled(state, one)
}

func TestAReleaseThatFailsHalfwayGoesOn(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 3000)...)
	state := s.create(config(ipads(1, 3000)...))
	s.failAt = len(s.requests) + 2
	fewer := config(ipads(1, 500)...).With(tftest.Config{"max_changes": "2500"})
	plan := s.plan(state, fewer)
	s.restart()
	state, diags := plan.Apply()
	mentions(t, diags.Errors(), "release", "503")
	is(t, state, "max_changes", nil) // state is as it was
	refreshed, _ := s.refresh(state)
	is(t, refreshed, "device_count", int64(2000))
	state, warnings := s.apply(state, fewer)
	if len(warnings) > 0 {
		t.Error(warnings)
	}
	for device, n := range s.sends {
		if n > 2 {
			t.Fatalf("%s was sent %d times", device, n)
		}
	}
	equal(t, "on the profile", s.on("p1"), ipads(1, 500))
	s.settled(state, fewer)
}

func TestATokenThatIsGoneTakesTheAssignmentWithIt(t *testing.T) {
	t.Parallel()
	s := newSchool(t, "IPAD000001")
	state := s.create(config("IPAD000001"))
	s.token.ID = "t9"
	if refreshed, _ := s.refresh(state); refreshed.Exists() {
		t.Error("it is still there")
	}
}

func TestTheFuse(t *testing.T) {
	t.Parallel()
	limit := func(s string) tftest.Config { return tftest.Config{"max_changes": s} }
	all := tftest.Config{"take_over_from": []any{"*"}}
	for name, c := range map[string]struct {
		wanted []string
		more   tftest.Config
		words  []string // in the refusal; nil is allowed
	}{
		"ten percent leave":                  {ipads(1, 900), nil, nil},
		"more than ten percent leave":        {ipads(1, 899), nil, []string{"max_changes", "101", "100 of the 1000"}},
		"more are allowed by number":         {ipads(1, 800), limit("200"), nil},
		"but not more than the number":       {ipads(1, 799), limit("200"), []string{"max_changes", "201", "200 of the 1000"}},
		"more are allowed by percent":        {ipads(1, 750), limit("25%"), nil},
		"but not more than the percent":      {ipads(1, 749), limit("25%"), []string{"max_changes", "251", "250 of the 1000"}},
		"moving counts":                      {ipads(1, 1101), all, []string{"max_changes", "101", "100 of the 1000"}},
		"leaving and moving count together":  {append(ipads(50, 951), ipads(1001, 60)...), all, []string{"109", "49 devices would leave", "60 would move here"}},
		"devices without a profile do not":   {append(ipads(1, 1000), ipads(2001, 500)...), nil, nil},
		"an empty source":                    {nil, limit("100%"), []string{"allow_empty", "empty", "1000 devices"}},
		"an empty source that is meant":      {nil, tftest.Config{"allow_empty": true}, nil},
		"another profile for its own is not": {ipads(1, 1000), tftest.Config{"profile_id": "p3"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSchool(t, append(ipads(1, 1000), ipads(2001, 500)...)...)
			s.put("p2", ipads(1001, 200)...)
			state := s.create(config(ipads(1, 1000)...))
			errs := s.plan(state, config(c.wanted...).With(c.more)).Diags.Errors()
			if c.words == nil {
				equal(t, "errors", errs, nil)
				return
			}
			mentions(t, errs, c.words...)
		})
	}
}

func TestFiftyMayAlwaysLeave(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 60)...)
	state := s.create(config(ipads(1, 60)...))
	equal(t, "errors", s.plan(state, config(ipads(1, 10)...)).Diags.Errors(), nil)
	mentions(t, s.plan(state, config(ipads(1, 9)...)).Diags.Errors(), "51", "50 of the 60")
}

func TestTheFirstFillIsExemptAlsoWhenItWasInterrupted(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.put("p2", ipads(1, 3000)...)
	all := config(ipads(1, 3000)...).With(tftest.Config{"take_over_from": []any{"p2"}})
	s.failAt = 2
	state, warnings := s.apply(tftest.State{}, all)
	mentions(t, warnings, "2000 of 3000", "503")
	state, _ = s.apply(state, all)
	equal(t, "on the profile", s.on("p1"), ipads(1, 3000))
	s.settled(state, all)
	// From then on it is a holding like any other.
	s.put("p2", ipads(3001, 400)...)
	mentions(t, s.plan(state, config(ipads(1, 3301)...).With(tftest.Config{"take_over_from": []any{"p2"}})).Diags.Errors(), "301", "300 of the 3000")
}

// What left the token already cannot leave the assignment: a school that gave
// away half of its iPads has to be able to say so.
func TestDevicesGoneFromTheTokenDoNotBlowTheFuse(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 200)...)
	state := s.create(config(ipads(1, 200)...))
	s.lose(ipads(1, 100)...)
	state, warnings := s.refresh(state)
	mentions(t, warnings, "100 devices gone from the token", "and 90 more")
	state, warnings = s.apply(state, config(ipads(101, 100)...))
	if len(warnings) > 0 {
		t.Error(warnings)
	}
	s.settled(state, config(ipads(101, 100)...))
	mentions(t, s.plan(state, config(ipads(152, 49)...)).Diags.Errors(), "51", "50 of the 100")
}

func TestAnEmptySourceOverNothingIsFine(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	state := s.create(config())
	is(t, state, "device_count", int64(0))
	s.settled(state, config())
}

func TestAllowEmptyEmpties(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 3)...)
	state := s.create(config(ipads(1, 3)...))
	none := config().With(tftest.Config{"allow_empty": true})
	state, _ = s.apply(state, none)
	equal(t, "without a profile", s.on(""), ipads(1, 3))
	s.settled(state, none)
	if !strings.Contains(state.Value.String(), "device_count") {
		t.Error("the assignment is gone")
	}
}
