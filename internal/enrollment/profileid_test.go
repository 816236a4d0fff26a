package enrollment_test

import (
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

const (
	depToken = "5b1f6c0e-9d0a-4a57-8a0e-3f0f5d6f2a11"
	depGUID  = "c4d2a7b8-1e63-4f0b-9a55-7d1b0c9e8f22"
)

func TestSpellingsOfOneProfileAreTheSameOnIntune(t *testing.T) {
	t.Parallel()
	spellings := []string{depGUID, "C4D2A7B8-1E63-4F0B-9A55-7D1B0C9E8F22", depToken + "_" + depGUID, "ECV2_" + depToken + "_" + depGUID}
	for _, a := range spellings {
		for _, b := range spellings {
			if !enrollment.SameProfile(enrollment.Intune, a, b) {
				t.Errorf("%s and %s are two", a, b)
			}
			if enrollment.SameProfile(enrollment.Embedded, a, b) != (a == b) {
				t.Errorf("the embedded service spells %s and %s alike", a, b)
			}
		}
		for _, other := range []string{depToken, depGUID + "_" + depToken, "", "p1"} {
			if enrollment.SameProfile(enrollment.Intune, a, other) {
				t.Errorf("%s and %q are one", a, other)
			}
		}
	}
	if !enrollment.SameProfile(enrollment.Intune, "p1", "p1") || enrollment.SameProfile(enrollment.Intune, "p1", "p2") {
		t.Error("ids without a GUID are compared as they are")
	}
}

func TestTokenOfProfile(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		depToken + "_" + depGUID:           depToken,
		"ECV2_" + depToken + "_" + depGUID: depToken,
		depGUID:                            "",
		depToken + "/" + depGUID:           "",
		"x" + depToken + "_" + depGUID:     "",
		depToken + "_" + depGUID + "x":     "",
	} {
		if got := enrollment.TokenOfProfile(id); got != want {
			t.Errorf("%s names token %q, want %q", id, got, want)
		}
	}
	if !enrollment.IsPolicyID("ECV2_"+depToken+"_"+depGUID) || enrollment.IsPolicyID(depToken+"_"+depGUID) {
		t.Error("only a mirror has the prefix ECV2_")
	}
}
