package defaultprofile_test

import (
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

const (
	tokenID  = "5b1f6c0e-9d0a-4a57-8a0e-3f0f5d6f2a11"
	guid     = "c4d2a7b8-1e63-4f0b-9a55-7d1b0c9e8f22"
	otherID  = tokenID + "_6ba7b810-9dad-11d1-80b4-00c04fd430c8"
	policyID = "ECV2_" + tokenID + "_" + guid
)

// newIntune answers with the id as Microsoft Graph lists it, whatever spelling
// it was given.
func newIntune() *fake {
	f := newFake()
	f.kind = enrollment.Intune
	f.listed = map[string]string{guid: policyID, tokenID + "_" + guid: policyID}
	f.unset = enrollment.Unsupported(enrollment.Intune, "cannot unset a default profile", "Make another one the default.")
	return f
}

func TestEverySpellingOfAProfileIsTheSameDefault(t *testing.T) {
	t.Parallel()
	for _, id := range []string{policyID, guid, tokenID + "_" + guid} {
		f := newIntune()
		d := drive(t, f)
		config := tftest.Config{"token_id": tokenID, "profile_id": id}
		state, _ := apply(t, d, tftest.State{}, config)
		if state.Get("profile_id") != id || f.defaults[tokenID+"/ios"] != policyID {
			t.Errorf("%s was set as %v and is in state as %v", id, f.defaults, state.Get("profile_id"))
		}
		for _, other := range []string{policyID, guid} {
			plan := d.Plan(kind, state, config.With(tftest.Config{"profile_id": other}))
			if bad := plan.Invalid(); bad != "" || !plan.Empty() || len(plan.Diags) > 0 {
				t.Errorf("%s for %s is planned as %s (%s) %v", other, id, plan.Value, bad, plan.Diags)
			}
		}
		imported, diags := d.Import(kind, tokenID+"/ios")
		clean(t, diags)
		if plan := d.Plan(kind, imported, config); !plan.Empty() || len(plan.Diags) > 0 {
			t.Errorf("imported as %s, planned as %s", imported.Value, plan.Value)
		}
		if warnings := d.Plan(kind, tftest.State{}, config).Diags.Warnings(); len(warnings) > 0 {
			t.Errorf("the same default is taken for another: %v", warnings)
		}
	}
}

func TestAnotherProfileIsStillAnotherDefaultOnIntune(t *testing.T) {
	t.Parallel()
	f := newIntune()
	d := drive(t, f)
	config := tftest.Config{"token_id": tokenID, "profile_id": guid}
	state, _ := apply(t, d, tftest.State{}, config)
	f.defaults[tokenID+"/ios"] = otherID
	state = refresh(t, d, state)
	if state.Get("profile_id") != otherID {
		t.Errorf("a default of somebody else's was read as %v", state.Get("profile_id"))
	}
	expect(t, d.Plan(kind, tftest.State{}, config).Diags.Warnings(), "profile_id", otherID)
	apply(t, d, state, config)
	plan := d.Plan(kind, state, tftest.Config{"token_id": tokenID, "profile_id": tftest.Unknown})
	clean(t, plan.Diags)
	if plan.Get("profile_id") != any(tftest.Unknown) {
		t.Errorf("an id that is known after apply is planned as %v", plan.Get("profile_id"))
	}
}

func TestIntuneKeepsADefaultWhoseResourceIsDestroyed(t *testing.T) {
	t.Parallel()
	for _, id := range []string{policyID, guid} {
		f := newIntune()
		d := drive(t, f)
		state, _ := apply(t, d, tftest.State{}, tftest.Config{"token_id": tokenID, "profile_id": id})
		gone, diags := d.PlanDestroy(state).Apply()
		clean(t, diags)
		expect(t, diags.Warnings(), "Unable to unset", "stays the default for ios", "Make another one the default.")
		if gone.Exists() || f.defaults[tokenID+"/ios"] != policyID {
			t.Errorf("destroyed, and the defaults are %v", f.defaults)
		}
	}
}
