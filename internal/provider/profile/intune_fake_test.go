package profile_test

import (
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

const (
	depToken  = "5b1f6c0e-9d0a-4a57-8a0e-3f0f5d6f2a11"
	graphGUID = "c4d2a7b8-1e63-4f0b-9a55-7d1b0c9e8f22"
	graphID   = depToken + "_" + graphGUID
	groupID   = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
	group2ID  = "7ba7b810-9dad-11d1-80b4-00c04fd430c8"
)

// newIntune is a fake of Intune with one token.
func newIntune() *fake {
	f := newFake()
	f.kind = enrollment.Intune
	f.store = enrollment.Store{ID: "tenant-1", Location: "Intune tenant tenant-1", Kind: enrollment.Intune}
	f.tokens = map[string]enrollment.Token{depToken: {ID: depToken, Status: enrollment.Active}}
	return f
}

// onIntune is what every profile of Intune needs.
func onIntune(more tftest.Config) tftest.Config {
	return tftest.Config{"token_id": depToken, "name": "Classroom"}.With(more)
}

// asGraph is what Microsoft Graph answers with: its booleans and numbers cannot
// be null, and users of a profile with affinity always sign in somehow.
func asGraph(spec enrollment.ProfileSpec) enrollment.ProfileSpec {
	for _, b := range []**bool{
		&spec.UserAffinity, &spec.AwaitDeviceConfigured, &spec.RequireCompanyPortal, &spec.SingleAppMode, &spec.SharedDeviceMode, &spec.Mandatory,
	} {
		if *b == nil {
			*b = new(false)
		}
	}
	if spec.Pairing == nil {
		spec.Pairing = &enrollment.Pairing{Mode: enrollment.PairingAllow}
	}
	if spec.SharedIPad != nil {
		whole := *spec.SharedIPad
		for _, n := range []**int64{&whole.MaximumCachedUsers, &whole.UserSessionTimeout, &whole.TemporarySessionTimeout, &whole.PasscodeLockGracePeriod} {
			if *n == nil {
				*n = new(int64)
			}
		}
		if whole.TemporarySessionsOnly == nil {
			whole.TemporarySessionsOnly = new(false)
		}
		spec.SharedIPad = &whole
	}
	for _, list := range []*[]string{&spec.SkipSetupItems, &spec.EnrollmentTimeGroupIDs} {
		if *list == nil {
			*list = []string{}
		}
	}
	switch {
	case !*spec.UserAffinity:
		spec.Authentication = nil
	case spec.Authentication == nil:
		spec.Authentication = new(enrollment.AuthenticationLegacy)
	}
	return spec
}

// withUsers is a profile that uses every attribute for devices of one user.
func withUsers(certificate string) tftest.Config {
	return onIntune(tftest.Config{
		"description": "Grade 7", "user_affinity": true, "locked_enrollment": true, "department": "IT", "department_phone": "+41 1",
		"pairing":          tftest.Config{"mode": "certificate", "configurator_certificates": []any{certificate}},
		"skip_setup_items": []any{"Siri", "Passcode"}, "await_device_configured": true, "authentication": "company_portal", "require_company_portal": true,
		"device_name_template": "{{DEVICETYPE}}-{{SERIAL}}", "company_portal_vpp_token_id": "vpp-1", "single_app_mode": true,
		"carrier_activation_url": "https://activation.carrier.example", "enrollment_time_group_ids": []any{groupID}, "mandatory": true,
	})
}

// driveIntune applies a configuration on a new fake of Intune.
func driveIntune(t *testing.T, config tftest.Config) (*fake, *tftest.Driver, tftest.State) {
	t.Helper()
	f := newIntune()
	d := drive(t, f.runtime())
	state, _, _ := apply(t, d, tftest.State{}, config)
	return f, d, state
}
