package assignment_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

// forms are the three ways to name the same devices.
func forms(t *testing.T, devices []string) map[string]tftest.Config {
	t.Helper()
	base := tftest.Config{"token_id": "t1", "profile_id": "p1"}
	return map[string]tftest.Config{
		"set":  base.With(tftest.Config{"serial_numbers": elements(devices)}),
		"file": base.With(tftest.Config{"serial_numbers_file": file(t, strings.Join(devices, "\n")+"\n")}),
		"line": base.With(tftest.Config{"serial_number_list": strings.Join(devices, " ")}),
	}
}

func TestEveryFormAssignsAndThenPlansNothing(t *testing.T) {
	t.Parallel()
	devices := ipads(1, 30)
	for name, config := range forms(t, devices) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSchool(t, append(ipads(1, 30), "OTHER00001")...)
			plan := s.plan(tftest.State{}, config)
			is(t, plan.State, "devices_sha256", digest(devices...))
			is(t, plan.State, "device_count", int64(30))
			for _, later := range []string{"id", "failed_count", "failed_serial_numbers", "pending_count"} {
				is(t, plan.State, later, tftest.Unknown)
			}
			state := s.create(config)
			equal(t, "on the profile", s.on("p1"), devices)
			is(t, state, "failed_count", int64(0))
			is(t, state, "pending_count", int64(0))
			if id, _ := state.Get("id").(string); len(id) != 36 {
				t.Errorf("id %q is no UUID", id)
			}
			s.settled(state, config)
			if len(s.requests) != 1 {
				t.Errorf("%d requests for 30 devices", len(s.requests))
			}
		})
	}
}

func TestChangingTheFormSendsNothing(t *testing.T) {
	t.Parallel()
	devices := ipads(1, 5)
	for from, first := range forms(t, devices) {
		for to, second := range forms(t, devices) {
			if from == to {
				continue
			}
			s := newSchool(t, devices...)
			state := s.create(first)
			plan := s.plan(state, second)
			if plan.Empty() || len(plan.Replaces) > 0 {
				t.Errorf("%s to %s is planned as %s, replacing %v", from, to, plan.Value, plan.Replaces)
			}
			is(t, plan.State, "id", state.Get("id"))
			is(t, plan.State, "failed_count", int64(0)) // known: nothing is to happen
			state, _ = s.apply(state, second)
			if len(s.requests) != 1 {
				t.Errorf("%s to %s sent something: %v", from, to, s.requests)
			}
			s.settled(state, second)
		}
	}
}

func TestExactlyOneFormIsGiven(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	two := config("IPAD000001").With(tftest.Config{"serial_numbers": []any{"IPAD000001"}})
	none := tftest.Config{"token_id": "t1", "profile_id": "p1"}
	for name, c := range map[string]tftest.Config{"two": two, "none": none} {
		if errs := s.d.Validate(kind, c).Errors(); len(errs) == 0 {
			t.Errorf("%s forms are taken", name)
		}
	}
	if errs := s.d.Validate(kind, none.With(tftest.Config{"serial_numbers": tftest.Unknown})).Errors(); len(errs) > 0 {
		t.Errorf("a form that is not known yet is refused: %v", errs)
	}
}

func TestWhatIsRefusedAtValidation(t *testing.T) {
	t.Parallel()
	base := tftest.Config{"token_id": "t1", "profile_id": "p1"}
	for name, c := range map[string]struct {
		config tftest.Config
		words  []string
	}{
		"a set above 1,000":           {tftest.Config{"serial_numbers": elements(ipads(1, 1001))}, []string{"serial_numbers", "1001", "1000", "serial_numbers_file", "serial_number_list"}},
		"no serial number in a set":   {tftest.Config{"serial_numbers": []any{"x"}}, []string{"serial_numbers", `"x"`}},
		"several lines":               {tftest.Config{"serial_number_list": "IPAD000001\nIPAD000002"}, []string{"serial_number_list", "several lines", "serial_numbers_file"}},
		"lines apart by CR":           {tftest.Config{"serial_number_list": "IPAD000001\rIPAD000002"}, []string{"serial_number_list", "several lines"}},
		"no serial number on a line":  {tftest.Config{"serial_number_list": "IPAD000001 Tuesday!"}, []string{"serial_number_list", "Tuesday!"}},
		"a comment on one line":       {tftest.Config{"serial_number_list": "IPAD000001 # room 12 IPAD000002"}, []string{"serial_number_list", "comment"}},
		"an empty path":               {tftest.Config{"serial_numbers_file": ""}, []string{"serial_numbers_file"}},
		"a limit that is none":        {tftest.Config{"serial_number_list": "", "max_changes": "many"}, []string{"max_changes", "many"}},
		"on_leave":                    {tftest.Config{"serial_number_list": "", "on_leave": "erase"}, []string{"on_leave"}},
		"missing_devices":             {tftest.Config{"serial_number_list": "", "missing_devices": "skip"}, []string{"missing_devices"}},
		"an empty name of a profile":  {tftest.Config{"serial_number_list": "", "take_over_from": []any{""}}, []string{"take_over_from"}},
		"a set with an unknown and x": {tftest.Config{"serial_numbers": []any{"x", tftest.Unknown}}, []string{"serial_numbers", `"x"`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mentions(t, newSchool(t).d.Validate(kind, base.With(c.config)).Errors(), c.words...)
		})
	}
	fine := base.With(tftest.Config{"serial_numbers": elements(ipads(1, 1000)), "max_changes": "25%"})
	if errs := newSchool(t).d.Validate(kind, fine).Errors(); len(errs) > 0 {
		t.Errorf("a set of 1,000 is refused: %v", errs)
	}
}

func TestAFileInAnotherOrderOrCaseIsTheSame(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 3)...)
	name := file(t, "IPAD000001\nIPAD000002\nIPAD000003\n")
	config := tftest.Config{"token_id": "t1", "profile_id": "p1", "serial_numbers_file": name}
	state := s.create(config)
	for _, text := range []string{
		"IPAD000003\nIPAD000001\nIPAD000002\n", "ipad000001\nIpad000002\nIPAD000003", "\n\n IPAD000001 \r\nIPAD000002\r\n\tIPAD000003\n\n",
		"Serial Number\nIPAD000001, IPAD000002\nIPAD000003 # room 12\nIPAD000003\n",
	} {
		rewrite(t, name, text)
		s.settled(state, config)
	}
}

func TestAFileThatCannotBeReadIsAnErrorAtItsAttribute(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 3)...)
	name := file(t, "IPAD000001\n")
	config := tftest.Config{"token_id": "t1", "profile_id": "p1", "serial_numbers_file": name}
	state := s.create(config)
	rewrite(t, name, "IPAD000001\n\nnot a serial!\n")
	mentions(t, s.plan(state, config).Diags.Errors(), "serial_numbers_file", name, `"not" in line 3`)
	gone := config.With(tftest.Config{"serial_numbers_file": name + ".gone"})
	mentions(t, s.plan(state, gone).Diags.Errors(), "serial_numbers_file", "cannot be opened", "path.module")
	equal(t, "on the profile", s.on("p1"), []string{"IPAD000001"})
	// A destroy needs no file.
	if errs := s.d.PlanDestroy(state).Diags.Errors(); len(errs) > 0 {
		t.Errorf("destroy: %v", errs)
	}
}

func TestAFileEditedWhileTheApplyRunsStopsIt(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 3)...)
	name := file(t, "IPAD000001\n")
	config := tftest.Config{"token_id": "t1", "profile_id": "p1", "serial_numbers_file": name}
	create := s.plan(tftest.State{}, config)
	rewrite(t, name, "IPAD000001\nIPAD000002\n")
	_, diags := create.ApplyAsPlanned()
	mentions(t, diags.Errors(), "serial_numbers_file", "1 were planned", "2 now", "Nothing was changed")

	state := s.create(config)
	rewrite(t, name, "IPAD000001\n")
	update := s.plan(state, config)
	rewrite(t, name, "IPAD000001\nIPAD000003\n")
	sent := len(s.requests)
	_, diags = update.ApplyAsPlanned()
	mentions(t, diags.Errors(), "serial_numbers_file", "1 were planned", "2 now", "Nothing was changed")
	if len(s.requests) != sent {
		t.Error("something was sent")
	}
}

// The whole set, an element, the profile or the token may be known only after
// apply.
func TestUnknownInputs(t *testing.T) {
	t.Parallel()
	known := tftest.Config{"token_id": "t1", "profile_id": "p1", "serial_numbers": []any{"IPAD000001", "IPAD000002"}}
	for name, c := range map[string]struct {
		unknown tftest.Config
		digest  any
	}{
		"set":     {tftest.Config{"serial_numbers": tftest.Unknown}, tftest.Unknown},
		"element": {tftest.Config{"serial_numbers": []any{"IPAD000001", tftest.Unknown}}, tftest.Unknown},
		"line":    {tftest.Config{"serial_numbers": nil, "serial_number_list": tftest.Unknown}, tftest.Unknown},
		"file":    {tftest.Config{"serial_numbers": nil, "serial_numbers_file": tftest.Unknown}, tftest.Unknown},
		"profile": {tftest.Config{"profile_id": tftest.Unknown}, digest(ipads(1, 2)...)},
		"token":   {tftest.Config{"token_id": tftest.Unknown}, digest(ipads(1, 2)...)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			later := known
			switch name {
			case "line":
				later = config("IPAD000001", "IPAD000002")
			case "file":
				later = known.With(tftest.Config{"serial_numbers": nil, "serial_numbers_file": file(t, "IPAD000001\nIPAD000002\n")})
			}
			s := newSchool(t, ipads(1, 3)...)
			plan := s.plan(tftest.State{}, known.With(c.unknown))
			if errs := plan.Diags.Errors(); len(errs) > 0 {
				t.Fatal(errs)
			}
			is(t, plan.State, "devices_sha256", c.digest)
			is(t, plan.State, "failed_count", tftest.Unknown)
			s.restart()
			state, diags := plan.ApplyWith(later)
			if errs := diags.Errors(); len(errs) > 0 {
				t.Fatal(errs)
			}
			equal(t, "on the profile", s.on("p1"), ipads(1, 2))
			s.settled(state, later)

			// The same over an existing assignment: unknown again, and nothing happens in the end.
			plan = s.plan(state, known.With(c.unknown))
			is(t, plan.State, "devices_sha256", c.digest)
			if name == "token" {
				if len(plan.Replaces) == 0 {
					t.Error("another token may mean another assignment")
				}
				return
			}
			is(t, plan.State, "pending_count", tftest.Unknown)
			s.restart()
			if _, diags = plan.ApplyWith(later); len(diags.Errors()) > 0 {
				t.Fatal(diags.Errors())
			}
			if len(s.requests) != 1 {
				t.Errorf("what turned out the same was sent: %v", s.requests)
			}
		})
	}
}

// A rule that rests on a value which is not known yet cannot be broken yet.
func TestUnknownSettingsAreNoErrors(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 200)...)
	state := s.create(config(ipads(1, 100)...))
	s.put("p2", "IPAD000101")
	for name, c := range map[string]tftest.Config{
		"on_leave with a fallback": config(ipads(1, 100)...).With(tftest.Config{"on_leave": tftest.Unknown, "fallback_profile_id": "spare"}),
		"the fallback":             config(ipads(1, 100)...).With(tftest.Config{"on_leave": "fallback", "fallback_profile_id": tftest.Unknown}),
		"max_changes":              config("IPAD000001").With(tftest.Config{"max_changes": tftest.Unknown}),
		"allow_empty":              config().With(tftest.Config{"allow_empty": tftest.Unknown}),
		"take_over_from":           config(ipads(1, 101)...).With(tftest.Config{"take_over_from": tftest.Unknown}),
		"one of take_over_from":    config(ipads(1, 101)...).With(tftest.Config{"take_over_from": []any{tftest.Unknown}}),
		"missing_devices":          config(append(ipads(1, 100), "NOTHERE001")...).With(tftest.Config{"missing_devices": tftest.Unknown}),
	} {
		if errs := s.plan(state, c).Diags.Errors(); len(errs) > 0 {
			t.Errorf("%s: %v", name, errs)
		}
	}
}

func TestAnotherTokenIsAnotherAssignment(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 300)...)
	state := s.create(config(ipads(1, 100)...))
	// The fuse is no matter: the old assignment goes as a whole and the new one has its first fill.
	s.token.ID = "t2"
	s.restart()
	plan := s.d.Plan(kind, state, config(ipads(201, 10)...).With(tftest.Config{"token_id": "t2"}))
	if len(plan.Replaces) != 1 || fmt.Sprint(plan.Diags.Errors()) != "[]" {
		t.Errorf("replaces %v, errors %v", plan.Replaces, plan.Diags.Errors())
	}
	if !s.rt.Plans.Releases("t1", "p1", "IPAD000001") || s.rt.Plans.Releases("t2", "p1", "IPAD000001") {
		t.Error("what is given up is given up on the old token")
	}
}

func TestSerialNumbersAreNormalised(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 2)...)
	c := tftest.Config{"token_id": "t1", "profile_id": "p1", "serial_numbers": []any{" ipad000001", "IPAD000002", "IPAD000001"}}
	state := s.create(c)
	is(t, state, "device_count", int64(2))
	if got := s.on("p1"); !slices.Equal(got, ipads(1, 2)) {
		t.Error(got)
	}
	s.settled(state, c)
}
