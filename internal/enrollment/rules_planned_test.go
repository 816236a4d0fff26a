package enrollment_test

import (
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

func TestMandatoryIsPlannedWhereGraphDemandsIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		kind       enrollment.Kind
		configured *bool
		affinity   bool
		want       *bool
	}{
		{"without affinity", enrollment.Intune, nil, false, new(true)},
		{"with affinity nobody demands it", enrollment.Intune, nil, true, nil},
		{"a contradiction stays as it is, to be refused", enrollment.Intune, new(false), false, new(false)},
		{"configured", enrollment.Intune, new(true), true, new(true)},
		{"Apple demands nothing", enrollment.Embedded, nil, false, nil},
		{"configured on the embedded service", enrollment.Embedded, new(false), false, new(false)},
	} {
		got := enrollment.PlannedMandatory(c.kind, c.configured, c.affinity)
		if (got == nil) != (c.want == nil) || got != nil && *got != *c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestSignInNeedsAffinityOnIntune(t *testing.T) {
	t.Parallel()
	modern := new(enrollment.AuthenticationModern)
	if !enrollment.SignInNeedsAffinity(enrollment.Intune, modern) || enrollment.SignInNeedsAffinity(enrollment.Embedded, modern) ||
		enrollment.SignInNeedsAffinity(enrollment.Intune, nil) || enrollment.SignInNeedsAffinity(enrollment.Intune, new(enrollment.Authentication(""))) {
		t.Error("affinity follows from a way to sign in, on Intune, and from nothing else")
	}
}
