package profile

import (
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// part is an attribute of a profile that can change by itself.
type part struct {
	name string
	of   func(model) attr.Value
}

// appleParts have a field in Apple's profile: a change of one is a new
// definition, which every device of the profile is sent to.
func appleParts() []part {
	return []part{
		{"name", func(m model) attr.Value { return m.Name }},
		{"supervised", func(m model) attr.Value { return m.Supervised }},
		{"locked_enrollment", func(m model) attr.Value { return m.LockedEnrollment }},
		{"shared_ipad", func(m model) attr.Value { return shared(m.SharedIPad) }},
		{"pairing.mode", func(m model) attr.Value { return mayBe(m.Pairing, stringAt(m.Pairing, pairingMode)) }},
		{"pairing.configurator_certificates", func(m model) attr.Value { return mayBe(m.Pairing, certificatesOf(m.Pairing)) }},
		{"department", func(m model) attr.Value { return m.Department }},
		{"department_phone", func(m model) attr.Value { return m.DepartmentPhone }},
		{"skip_setup_items", func(m model) attr.Value { return m.SkipSetupItems }},
		{"await_device_configured", func(m model) attr.Value { return m.AwaitDeviceConfigured }},
		{"enrollment_url", func(m model) attr.Value { return m.EnrollmentURL }},
		{"configuration_web_url", func(m model) attr.Value { return m.ConfigurationWebURL }},
		{"support_email", func(m model) attr.Value { return m.SupportEmail }},
		{"org_magic", func(m model) attr.Value { return m.OrgMagic }},
		{"language", func(m model) attr.Value { return m.Language }},
		{"region", func(m model) attr.Value { return m.Region }},
		{"anchor_certificates", func(m model) attr.Value { return m.AnchorCertificates }},
		{"auto_advance", func(m model) attr.Value { return m.AutoAdvance }},
		{"mandatory", func(m model) attr.Value { return m.Mandatory }},
		{"return_to_service", func(m model) attr.Value { return m.ReturnToService }},
		{"do_not_use_profile_from_backup", func(m model) attr.Value { return m.DoNotUseProfileFromBackup }},
	}
}

// recordedParts have no field in Apple's profile. The embedded service keeps
// them for the MDM, which has to send them.
func recordedParts() []part {
	inShared := func(name string, at func(types.Object, string) attr.Value) part {
		return part{"shared_ipad." + name, func(m model) attr.Value { return mayBe(m.SharedIPad, at(m.SharedIPad, name)) }}
	}
	whole := func(o types.Object, name string) attr.Value { return int64At(o, name) }
	return []part{
		{"description", func(m model) attr.Value { return m.Description }},
		{"user_affinity", func(m model) attr.Value { return m.UserAffinity }},
		inShared(maximumCachedUsers, whole),
		inShared(temporarySessionsOnly, func(o types.Object, name string) attr.Value { return boolAt(o, name) }),
		inShared(userSessionTimeout, whole),
		inShared(temporarySessionTimeout, whole),
		inShared(passcodeLockGracePeriod, whole),
	}
}

// changed names the parts that a plan changes, or may change. A part that the
// plan leaves out is left alone, whatever it was.
func changed(parts []part, state, plan model) []string {
	var names []string
	for _, p := range parts {
		if want := p.of(plan); !want.IsNull() && !want.Equal(p.of(state)) {
			names = append(names, p.name)
		}
	}
	return names
}

// shared is whether the iPad is shared: leaving shared_ipad out says no.
func shared(o types.Object) types.Bool {
	if o.IsUnknown() {
		return types.BoolUnknown()
	}
	return types.BoolValue(!o.IsNull())
}

// mayBe is a value inside an object, unknown while the object is.
func mayBe(o types.Object, v attr.Value) attr.Value {
	if o.IsUnknown() {
		return types.BoolUnknown()
	}
	return v
}
