package profile

import (
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// part is an attribute of a profile that can change by itself.
type part struct {
	name string
	of   func(model) attr.Value
	// none is a text that means the same as nothing, beside "".
	none string
}

// appleParts have a field in Apple's profile: a change of one is a new
// definition, which every device of the profile is sent to.
func appleParts() []part {
	return []part{
		{name: "name", of: func(m model) attr.Value { return m.Name }},
		{name: "supervised", of: func(m model) attr.Value { return m.Supervised }},
		{name: "locked_enrollment", of: func(m model) attr.Value { return m.LockedEnrollment }},
		{name: "shared_ipad", of: func(m model) attr.Value { return shared(m.SharedIPad) }},
		{name: "pairing.mode", of: func(m model) attr.Value { return mayBe(m.Pairing, stringAt(m.Pairing, pairingMode)) }, none: string(enrollment.PairingAllow)},
		{name: "pairing.configurator_certificates", of: func(m model) attr.Value { return mayBe(m.Pairing, certificatesOf(m.Pairing)) }},
		{name: "department", of: func(m model) attr.Value { return m.Department }},
		{name: "department_phone", of: func(m model) attr.Value { return m.DepartmentPhone }},
		{name: "skip_setup_items", of: func(m model) attr.Value { return m.SkipSetupItems }},
		{name: "await_device_configured", of: func(m model) attr.Value { return m.AwaitDeviceConfigured }},
		{name: "enrollment_url", of: func(m model) attr.Value { return m.EnrollmentURL }},
		{name: "configuration_web_url", of: func(m model) attr.Value { return m.ConfigurationWebURL }},
		{name: "support_email", of: func(m model) attr.Value { return m.SupportEmail }},
		{name: "org_magic", of: func(m model) attr.Value { return m.OrgMagic }},
		{name: "language", of: func(m model) attr.Value { return m.Language }},
		{name: "region", of: func(m model) attr.Value { return m.Region }},
		{name: "anchor_certificates", of: func(m model) attr.Value { return m.AnchorCertificates }},
		{name: "auto_advance", of: func(m model) attr.Value { return m.AutoAdvance }},
		{name: "mandatory", of: func(m model) attr.Value { return m.Mandatory }},
		{name: "return_to_service", of: func(m model) attr.Value { return m.ReturnToService }},
		{name: "do_not_use_profile_from_backup", of: func(m model) attr.Value { return m.DoNotUseProfileFromBackup }},
	}
}

// recordedParts have no field in Apple's profile. The embedded service keeps
// them for the MDM, which has to send them.
func recordedParts() []part {
	inShared := func(name string, at func(types.Object, string) attr.Value) part {
		return part{name: "shared_ipad." + name, of: func(m model) attr.Value { return mayBe(m.SharedIPad, at(m.SharedIPad, name)) }}
	}
	whole := func(o types.Object, name string) attr.Value { return int64At(o, name) }
	return []part{
		{name: "description", of: func(m model) attr.Value { return m.Description }},
		{name: "user_affinity", of: func(m model) attr.Value { return m.UserAffinity }},
		inShared(maximumCachedUsers, whole),
		inShared(temporarySessionsOnly, func(o types.Object, name string) attr.Value { return boolAt(o, name) }),
		inShared(userSessionTimeout, whole),
		inShared(temporarySessionTimeout, whole),
		inShared(passcodeLockGracePeriod, whole),
	}
}

// given names the parts that get, or may get, another value.
func given(parts []part, state, plan model) []string {
	var names []string
	for _, p := range parts {
		if p.given(state, plan) {
			names = append(names, p.name)
		}
	}
	return names
}

// changed names the parts that are given another value, and those whose value
// is taken away.
func changed(parts []part, state, plan model) []string {
	var names []string
	for _, p := range parts {
		switch {
		case p.given(state, plan):
			names = append(names, p.name)
		case p.of(plan).IsNull() && p.has(state):
			names = append(names, p.name+" (taken away)")
		}
	}
	return names
}

func (p part) given(state, plan model) bool {
	want := p.of(plan)
	return !want.IsNull() && !want.Equal(p.of(state))
}

// has tells whether there is anything to take away: "", false and an empty
// collection are nothing.
func (p part) has(state model) bool {
	switch v := p.of(state).(type) {
	case types.String:
		return v.ValueString() != "" && v.ValueString() != p.none
	case types.Bool:
		return v.ValueBool()
	case collection:
		return len(v.Elements()) > 0
	default:
		return false
	}
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
