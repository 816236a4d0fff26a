package profile

import (
	"slices"

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
	// kept: leaving it out keeps what the profile has.
	kept bool
}

// commonParts are what a device is told by every service.
func commonParts() []part {
	return []part{
		{name: "supervised", of: func(m model) attr.Value { return m.Supervised }},
		{name: "locked_enrollment", of: func(m model) attr.Value { return m.LockedEnrollment }},
		{name: "shared_ipad", of: func(m model) attr.Value { return shared(m.SharedIPad) }},
		{name: "pairing.mode", of: func(m model) attr.Value { return mayBe(m.Pairing, stringAt(m.Pairing, pairingMode)) }, none: string(enrollment.PairingAllow)},
		{name: "pairing.configurator_certificates", of: func(m model) attr.Value { return mayBe(m.Pairing, certificatesOf(m.Pairing)) }},
		{name: "department", of: func(m model) attr.Value { return m.Department }},
		{name: "department_phone", of: func(m model) attr.Value { return m.DepartmentPhone }},
		{name: "skip_setup_items", of: func(m model) attr.Value { return m.SkipSetupItems }},
		{name: "await_device_configured", of: func(m model) attr.Value { return m.AwaitDeviceConfigured }},
		{name: "mandatory", of: func(m model) attr.Value { return m.Mandatory }},
	}
}

// appleParts have a field in Apple's profile: on the embedded service a change
// of one is a new definition, which every device of the profile is sent to.
func appleParts() []part {
	name := part{name: "name", of: func(m model) attr.Value { return m.Name }}
	return append(append([]part{name}, commonParts()...), []part{
		{name: "enrollment_url", of: func(m model) attr.Value { return m.EnrollmentURL }},
		{name: "configuration_web_url", of: func(m model) attr.Value { return m.ConfigurationWebURL }},
		{name: "support_email", of: func(m model) attr.Value { return m.SupportEmail }},
		{name: "org_magic", of: func(m model) attr.Value { return m.OrgMagic }},
		{name: "language", of: func(m model) attr.Value { return m.Language }},
		{name: "region", of: func(m model) attr.Value { return m.Region }},
		{name: "anchor_certificates", of: func(m model) attr.Value { return m.AnchorCertificates }},
		{name: "auto_advance", of: func(m model) attr.Value { return m.AutoAdvance }},
		{name: "return_to_service", of: func(m model) attr.Value { return m.ReturnToService }},
		{name: "do_not_use_profile_from_backup", of: func(m model) attr.Value { return m.DoNotUseProfileFromBackup }},
	}...)
}

// recordedParts have no field in Apple's profile. The embedded service keeps
// them for the MDM, which has to send them.
func recordedParts() []part {
	return append([]part{
		{name: "description", of: func(m model) attr.Value { return m.Description }},
		{name: "user_affinity", of: func(m model) attr.Value { return m.UserAffinity }},
	}, insideShared()...)
}

// intuneParts have a field in Microsoft Graph's profile that a device is told
// of when it enrolls. The name and the description are for the admin center, and
// the name template is told to enrolled devices too.
func intuneParts() []part {
	return slices.Concat(commonParts(), insideShared(), []part{
		{name: "user_affinity", of: func(m model) attr.Value { return m.UserAffinity }},
		{name: "authentication", of: func(m model) attr.Value { return m.Authentication }, kept: true},
		{name: "require_company_portal", of: func(m model) attr.Value { return m.RequireCompanyPortal }},
		{name: "company_portal_vpp_token_id", of: func(m model) attr.Value { return m.CompanyPortalVPPTokenID }},
		{name: "single_app_mode", of: func(m model) attr.Value { return m.SingleAppMode }},
		{name: "shared_device_mode", of: func(m model) attr.Value { return m.SharedDeviceMode }},
		{name: "carrier_activation_url", of: func(m model) attr.Value { return m.CarrierActivationURL }},
		{name: "enrollment_time_group_ids", of: func(m model) attr.Value { return m.EnrollmentTimeGroupIDs }},
	})
}

// namingPart takes no factory reset on Intune.
func namingPart() part {
	return part{name: "device_name_template", of: func(m model) attr.Value { return m.DeviceNameTemplate }}
}

// insideShared is how an iPad is shared. Leaving a part of it out keeps it.
func insideShared() []part {
	in := func(name string, at func(types.Object, string) attr.Value) part {
		return part{name: "shared_ipad." + name, of: func(m model) attr.Value { return mayBe(m.SharedIPad, at(m.SharedIPad, name)) }, kept: true}
	}
	whole := func(o types.Object, name string) attr.Value { return int64At(o, name) }
	return []part{
		in(maximumCachedUsers, whole),
		in(temporarySessionsOnly, func(o types.Object, name string) attr.Value { return boolAt(o, name) }),
		in(userSessionTimeout, whole),
		in(temporarySessionTimeout, whole),
		in(passcodeLockGracePeriod, whole),
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
		case !p.kept && p.of(plan).IsNull() && p.has(state):
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
