package assignment_test

import (
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

func TestImportTakesAllDevicesOfTheProfile(t *testing.T) {
	t.Parallel()
	s := newSchool(t, "IPAD000009")
	s.put("p1", ipads(1, 3)...)
	s.put("p2", "IPAD000004")
	byID, diags := s.d.Import(kind, "t1/p1")
	equal(t, "errors", diags.Errors(), nil)
	byIdentity, diags := s.d.ImportIdentity(kind, tftest.Config{"token_id": "t1", "profile_id": "p1"})
	equal(t, "errors", diags.Errors(), nil)
	for _, state := range []tftest.State{byID, byIdentity} {
		is(t, state, "serial_number_list", strings.Join(ipads(1, 3), " "))
		is(t, state, "device_count", int64(3))
		is(t, state, "failed_count", int64(0))
		is(t, state, "pending_count", int64(0))
		if id, _ := state.Get("id").(string); len(id) != 36 {
			t.Errorf("id %q is no UUID", id)
		}
		if got := s.d.IdentityOf(state); got["token_id"] != "t1" || got["profile_id"] != "p1" {
			t.Errorf("identity %v", got)
		}
		s.settled(state, config(ipads(1, 3)...))
		for _, form := range forms(t, ipads(1, 3)) {
			next, warnings := s.apply(state, form)
			equal(t, "warnings", warnings, nil)
			s.settled(next, form)
		}
	}
	if len(s.requests) > 0 {
		t.Errorf("sent %v", s.requests)
	}
	// It owns them: what is left out of the configuration leaves.
	s.apply(byID, config(ipads(1, 2)...))
	equal(t, "released", s.on(""), []string{"IPAD000003", "IPAD000009"})
}

// An assignment whose state was lost is still recorded as the holder of its
// devices. They leave and move all the same once another one has imported them.
func TestImportedDevicesAreNoLongerHeldByALostAssignment(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*school, tftest.State){
		"they leave": func(s *school, imported tftest.State) {
			s.apply(imported, config(ipads(1, 2)...))
			equal(t, "released", s.on(""), []string{"IPAD000003"})
		},
		"they move": func(s *school, imported tftest.State) {
			s.apply(imported, config(ipads(1, 3)...).With(tftest.Config{"profile_id": "p2"}))
			equal(t, "moved", s.on("p2"), ipads(1, 3))
		},
		"they are destroyed after a change": func(s *school, imported tftest.State) {
			changed, _ := s.apply(imported, config(ipads(1, 2)...))
			_, diags := s.destroy(changed)
			equal(t, "errors", diags.Errors(), nil)
			equal(t, "warnings", diags.Warnings(), nil)
			equal(t, "released", s.on(""), ipads(1, 3))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSchool(t)
			s.held("p1", "lost", ipads(1, 3)...)
			imported, diags := s.d.Import(kind, "t1/p1")
			equal(t, "errors", diags.Errors(), nil)
			change(s, imported)
		})
	}
}

// Nothing has taken the devices of an import over until it is changed: the other
// assignment may still be managed, and its devices are not to lose their profile.
func TestDestroyingAnImportLeavesWhatAnotherAssignmentHolds(t *testing.T) {
	t.Parallel()
	for how, leaving := range map[string]tftest.Config{
		"unassign": {"on_leave": "unassign"},
		"fallback": {"on_leave": "fallback", "fallback_profile_id": "spare"},
		"keep":     {"on_leave": "keep"},
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			s := newSchool(t)
			s.put("p1", "IPAD000001")
			s.held("p1", "another", ipads(2, 2)...)
			imported, diags := s.d.Import(kind, "t1/p1")
			equal(t, "errors", diags.Errors(), nil)
			state, _ := s.apply(imported, config(ipads(1, 3)...).With(leaving)) // sends nothing, so takes nothing over
			_, diags = s.destroy(state)
			equal(t, "errors", diags.Errors(), nil)
			if how == "keep" {
				equal(t, "warnings", diags.Warnings(), nil)
				equal(t, "still on the profile", s.on("p1"), ipads(1, 3))
				return
			}
			mentions(t, diags.Warnings(), "2 devices left with the profile: recorded as held by another device assignment", "import them again", "IPAD000002, IPAD000003")
			equal(t, "still on the profile", s.on("p1"), ipads(2, 2))
			equal(t, "held by", []string{s.devices["IPAD000002"].Holder}, []string{"another"})
		})
	}
}

// Whether the other assignment is lost only a person knows.
func TestAnImportSaysWhichDevicesAnotherAssignmentHolds(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.put("p1", "IPAD000001")
	s.held("p1", "another", ipads(2, 2)...)
	imported, diags := s.d.Import(kind, "t1/p1")
	mentions(t, diags.Warnings(), "2 imported devices recorded as held by another device assignment", "IPAD000002, IPAD000003", "state rm")
	_, again := s.refresh(imported)
	equal(t, "later warnings", again, nil)
}

// Only what was recorded at the import may be lost.
func TestAnImportTakesNothingThatAnotherAssignmentGotLater(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.held("p1", "lost", ipads(1, 4)...)
	imported, _ := s.d.Import(kind, "t1/p1")
	s.held("p1", "later", "IPAD000001")
	imported, _ = s.apply(imported, config(ipads(2, 3)...).With(tftest.Config{"on_leave": "unassign"}))
	equal(t, "on the profile", s.on("p1"), ipads(1, 4))
	s.held("p1", "later", "IPAD000002") // also after the first change
	s.apply(imported, config(ipads(3, 2)...))
	equal(t, "on the profile", s.on("p1"), ipads(1, 4))
}

func TestWrongImports(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	for _, id := range []string{"t1", "t1/", "/p1", "t1/p1/more", "/"} {
		_, diags := s.d.Import(kind, id)
		mentions(t, diags.Errors(), "Unable to import", "TOKEN_ID/PROFILE_ID", id)
	}
	// Core says "cannot import a non-existent object" of what is not there after the read.
	for _, id := range []string{"t1/nowhere", "t9/p1"} {
		if state, _ := s.d.Import(kind, id); state.Exists() {
			t.Errorf("%s was imported", id)
		}
	}
}

// State that belongs to another store is never acted upon, and never dropped.
func TestAnotherStoreIsAnErrorEverywhere(t *testing.T) {
	t.Parallel()
	for name, other := range map[string]enrollment.Store{
		"another one": {ID: "store-2", Location: "elsewhere.db", Tokens: 1},
		"a new one":   {Location: "elsewhere.db"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSchool(t, ipads(1, 2)...)
			state := s.create(config("IPAD000001"))
			changed := s.plan(state, config("IPAD000002"))
			gone := s.d.PlanDestroy(state)
			s.store = other
			s.token.ID = "t2" // the other store knows nothing of t1
			words := []string{"store-1", "elsewhere.db", "Nothing was changed"}

			_, diags := s.d.Refresh(state)
			mentions(t, diags.Errors(), words...)
			mentions(t, s.d.Plan(kind, state, config("IPAD000002")).Diags.Errors(), words...)
			mentions(t, s.d.PlanDestroy(state).Diags.Errors(), words...)
			for _, plan := range []tftest.Plan{changed, gone} {
				kept, diags := plan.ApplyAsPlanned()
				mentions(t, diags.Errors(), words...)
				if !kept.Exists() {
					t.Error("the state is gone")
				}
			}
			equal(t, "on the profile", s.on("p1"), []string{"IPAD000001"})
		})
	}
}

// While the provider's settings are unknown nothing is looked up and nothing is
// lost.
func TestWithoutAServiceEverythingKeepsStill(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 3)...)
	state := s.create(config(ipads(1, 3)...))
	s.put("", "IPAD000001") // drift that nobody can see now
	s.rt.Service, s.rt.NotReady = nil, "embedded.store"
	read, diags := s.d.Refresh(state)
	if len(diags) > 0 || !read.Value.Equal(state.Value) {
		t.Errorf("read %s, %v", read.Value, diags.Errors())
	}
	if plan := s.d.Plan(kind, read, config(ipads(1, 3)...)); !plan.Empty() || len(plan.Diags) > 0 {
		t.Errorf("planned %s, %v", plan.Value, plan.Diags.Errors())
	}
	plan := s.d.Plan(kind, tftest.State{}, config("IPAD000001"))
	equal(t, "errors", plan.Diags.Errors(), nil)
	is(t, plan.State, "device_count", int64(1))
	equal(t, "errors of a destroy", s.d.PlanDestroy(read).Diags.Errors(), nil)
	// The service comes with the apply.
	s.rt.Service = s.fake
	if _, diags := plan.Apply(); len(diags.Errors()) > 0 {
		t.Error(diags.Errors())
	}
}
