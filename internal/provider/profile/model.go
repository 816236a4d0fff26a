package profile

import (
	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

type model struct {
	ID                        types.String   `tfsdk:"id"`
	TokenID                   types.String   `tfsdk:"token_id"`
	Name                      types.String   `tfsdk:"name"`
	Description               types.String   `tfsdk:"description"`
	UserAffinity              types.Bool     `tfsdk:"user_affinity"`
	Supervised                types.Bool     `tfsdk:"supervised"`
	LockedEnrollment          types.Bool     `tfsdk:"locked_enrollment"`
	SharedIPad                types.Object   `tfsdk:"shared_ipad"`
	Pairing                   types.Object   `tfsdk:"pairing"`
	Department                types.String   `tfsdk:"department"`
	DepartmentPhone           types.String   `tfsdk:"department_phone"`
	SkipSetupItems            types.Set      `tfsdk:"skip_setup_items"`
	AwaitDeviceConfigured     types.Bool     `tfsdk:"await_device_configured"`
	Authentication            types.String   `tfsdk:"authentication"`
	RequireCompanyPortal      types.Bool     `tfsdk:"require_company_portal"`
	DeviceNameTemplate        types.String   `tfsdk:"device_name_template"`
	CompanyPortalVPPTokenID   types.String   `tfsdk:"company_portal_vpp_token_id"`
	SingleAppMode             types.Bool     `tfsdk:"single_app_mode"`
	SharedDeviceMode          types.Bool     `tfsdk:"shared_device_mode"`
	CarrierActivationURL      types.String   `tfsdk:"carrier_activation_url"`
	EnrollmentTimeGroupIDs    types.Set      `tfsdk:"enrollment_time_group_ids"`
	EnrollmentURL             types.String   `tfsdk:"enrollment_url"`
	ConfigurationWebURL       types.String   `tfsdk:"configuration_web_url"`
	SupportEmail              types.String   `tfsdk:"support_email"`
	OrgMagic                  types.String   `tfsdk:"org_magic"`
	Language                  types.String   `tfsdk:"language"`
	Region                    types.String   `tfsdk:"region"`
	AnchorCertificates        types.List     `tfsdk:"anchor_certificates"`
	AutoAdvance               types.Bool     `tfsdk:"auto_advance"`
	Mandatory                 types.Bool     `tfsdk:"mandatory"`
	ReturnToService           types.Bool     `tfsdk:"return_to_service"`
	DoNotUseProfileFromBackup types.Bool     `tfsdk:"do_not_use_profile_from_backup"`
	Status                    types.String   `tfsdk:"status"`
	Timeouts                  timeouts.Value `tfsdk:"timeouts"`
}

// The attributes of the nested objects.
const (
	maximumCachedUsers      = "maximum_cached_users"
	temporarySessionsOnly   = "temporary_sessions_only"
	userSessionTimeout      = "user_session_timeout"
	temporarySessionTimeout = "temporary_session_timeout"
	passcodeLockGracePeriod = "passcode_lock_grace_period"

	pairingMode              = "mode"
	configuratorCertificates = "configurator_certificates"
)

func sharedIPadTypes() map[string]attr.Type {
	return map[string]attr.Type{
		maximumCachedUsers:      types.Int64Type,
		temporarySessionsOnly:   types.BoolType,
		userSessionTimeout:      types.Int64Type,
		temporarySessionTimeout: types.Int64Type,
		passcodeLockGracePeriod: types.Int64Type,
	}
}

func pairingTypes() map[string]attr.Type {
	return map[string]attr.Type{
		pairingMode:              types.StringType,
		configuratorCertificates: types.ListType{ElemType: types.StringType},
	}
}

// imported tells a state that ImportState made and nobody has read yet.
func (m model) imported() bool { return m.Name.IsNull() }

func (m model) ref() enrollment.ProfileRef {
	return enrollment.ProfileRef{TokenID: m.TokenID.ValueString(), ID: m.ID.ValueString()}
}

// spec is what the service is asked for. What is null or not known yet is not
// managed.
func (m model) spec() enrollment.ProfileSpec {
	return enrollment.ProfileSpec{
		TokenID:                   m.TokenID.ValueString(),
		Name:                      m.Name.ValueString(),
		Description:               text(m.Description),
		UserAffinity:              flag(m.UserAffinity),
		Supervised:                m.Supervised.ValueBool(),
		LockedEnrollment:          m.LockedEnrollment.ValueBool(),
		SharedIPad:                sharedIPadOf(m.SharedIPad),
		Pairing:                   pairingOf(m.Pairing),
		Department:                text(m.Department),
		DepartmentPhone:           text(m.DepartmentPhone),
		SkipSetupItems:            texts(m.SkipSetupItems),
		AwaitDeviceConfigured:     flag(m.AwaitDeviceConfigured),
		Authentication:            authenticationOf(m.Authentication),
		RequireCompanyPortal:      flag(m.RequireCompanyPortal),
		DeviceNameTemplate:        text(m.DeviceNameTemplate),
		CompanyPortalVPPTokenID:   text(m.CompanyPortalVPPTokenID),
		SingleAppMode:             flag(m.SingleAppMode),
		SharedDeviceMode:          flag(m.SharedDeviceMode),
		CarrierActivationURL:      text(m.CarrierActivationURL),
		EnrollmentTimeGroupIDs:    texts(m.EnrollmentTimeGroupIDs),
		EnrollmentURL:             text(m.EnrollmentURL),
		ConfigurationWebURL:       text(m.ConfigurationWebURL),
		SupportEmail:              text(m.SupportEmail),
		OrgMagic:                  text(m.OrgMagic),
		Language:                  text(m.Language),
		Region:                    text(m.Region),
		AnchorCertificates:        texts(m.AnchorCertificates),
		AutoAdvance:               flag(m.AutoAdvance),
		Mandatory:                 flag(m.Mandatory),
		ReturnToService:           flag(m.ReturnToService),
		DoNotUseProfileFromBackup: flag(m.DoNotUseProfileFromBackup),
	}
}

// change is spec for a profile that has a state: what the state has and the plan
// leaves out is taken away. A way to sign in is taken away only where nobody
// signs in any more: users would otherwise get Setup Assistant's old sign-in for
// no other reason than that a line was removed.
func (m model) change(state model) enrollment.ProfileSpec {
	spec := m.spec()
	for _, t := range []struct {
		asked       **string
		plan, state types.String
	}{
		{&spec.Description, m.Description, state.Description},
		{&spec.Department, m.Department, state.Department},
		{&spec.DepartmentPhone, m.DepartmentPhone, state.DepartmentPhone},
		{&spec.ConfigurationWebURL, m.ConfigurationWebURL, state.ConfigurationWebURL},
		{&spec.SupportEmail, m.SupportEmail, state.SupportEmail},
		{&spec.OrgMagic, m.OrgMagic, state.OrgMagic},
		{&spec.Language, m.Language, state.Language},
		{&spec.Region, m.Region, state.Region},
		{&spec.DeviceNameTemplate, m.DeviceNameTemplate, state.DeviceNameTemplate},
		{&spec.CompanyPortalVPPTokenID, m.CompanyPortalVPPTokenID, state.CompanyPortalVPPTokenID},
		{&spec.CarrierActivationURL, m.CarrierActivationURL, state.CarrierActivationURL},
	} {
		if removed(t.plan, t.state) {
			*t.asked = new("")
		}
	}
	for _, b := range []struct {
		asked       **bool
		plan, state types.Bool
	}{
		{&spec.AwaitDeviceConfigured, m.AwaitDeviceConfigured, state.AwaitDeviceConfigured},
		{&spec.AutoAdvance, m.AutoAdvance, state.AutoAdvance},
		{&spec.Mandatory, m.Mandatory, state.Mandatory},
		{&spec.ReturnToService, m.ReturnToService, state.ReturnToService},
		{&spec.DoNotUseProfileFromBackup, m.DoNotUseProfileFromBackup, state.DoNotUseProfileFromBackup},
		{&spec.RequireCompanyPortal, m.RequireCompanyPortal, state.RequireCompanyPortal},
		{&spec.SingleAppMode, m.SingleAppMode, state.SingleAppMode},
		{&spec.SharedDeviceMode, m.SharedDeviceMode, state.SharedDeviceMode},
	} {
		if removed(b.plan, b.state) {
			*b.asked = new(false)
		}
	}
	if removed(m.Authentication, state.Authentication) && !m.UserAffinity.ValueBool() {
		spec.Authentication = new(enrollment.Authentication(""))
	}
	if removed(m.SkipSetupItems, state.SkipSetupItems) {
		spec.SkipSetupItems = []string{}
	}
	if removed(m.EnrollmentTimeGroupIDs, state.EnrollmentTimeGroupIDs) {
		spec.EnrollmentTimeGroupIDs = []string{}
	}
	if removed(m.AnchorCertificates, state.AnchorCertificates) {
		spec.AnchorCertificates = []string{}
	}
	if removed(m.Pairing, state.Pairing) {
		spec.Pairing = &enrollment.Pairing{Mode: enrollment.PairingAllow}
	}
	return spec
}

func removed(plan, state attr.Value) bool { return plan.IsNull() && !state.IsNull() }

// checkable is spec with a harmless value for whatever is not known yet, so
// that every rule that can be judged already is, and no other.
func (m model) checkable() enrollment.ProfileSpec {
	spec := m.spec()
	if m.Name.IsNull() || m.Name.IsUnknown() {
		spec.Name = "not known yet"
	}
	if m.Supervised.IsNull() || m.Supervised.IsUnknown() { // null takes the default, true
		spec.Supervised = true
	}
	if certificates := certificatesOf(m.Pairing); stringAt(m.Pairing, pairingMode).IsUnknown() || certificates.IsUnknown() {
		spec.Pairing = nil
	}
	return spec
}

func sharedIPadOf(o types.Object) *enrollment.SharedIPad {
	if o.IsNull() || o.IsUnknown() {
		return nil
	}
	return &enrollment.SharedIPad{
		MaximumCachedUsers:      number(int64At(o, maximumCachedUsers)),
		TemporarySessionsOnly:   flag(boolAt(o, temporarySessionsOnly)),
		UserSessionTimeout:      number(int64At(o, userSessionTimeout)),
		TemporarySessionTimeout: number(int64At(o, temporarySessionTimeout)),
		PasscodeLockGracePeriod: number(int64At(o, passcodeLockGracePeriod)),
	}
}

func pairingOf(o types.Object) *enrollment.Pairing {
	if o.IsNull() || o.IsUnknown() {
		return nil
	}
	return &enrollment.Pairing{
		Mode:                     enrollment.PairingMode(stringAt(o, pairingMode).ValueString()),
		ConfiguratorCertificates: texts(certificatesOf(o)),
	}
}

func authenticationOf(v types.String) *enrollment.Authentication {
	if v.IsNull() || v.IsUnknown() {
		return nil
	}
	return new(enrollment.Authentication(v.ValueString()))
}

// text, flag and number are nil for null and for unknown.
func text(v types.String) *string {
	if v.IsNull() || v.IsUnknown() {
		return nil
	}
	return v.ValueStringPointer()
}

func flag(v types.Bool) *bool {
	if v.IsNull() || v.IsUnknown() {
		return nil
	}
	return v.ValueBoolPointer()
}

func number(v types.Int64) *int64 {
	if v.IsNull() || v.IsUnknown() {
		return nil
	}
	return v.ValueInt64Pointer()
}

// collection is a list or a set.
type collection interface {
	IsNull() bool
	IsUnknown() bool
	Elements() []attr.Value
}

// texts is nil for a collection that is null or unknown, and empty for an empty
// one. An element that is not known yet counts, as "".
func texts(c collection) []string {
	if c.IsNull() || c.IsUnknown() {
		return nil
	}
	out := make([]string, 0, len(c.Elements()))
	for _, element := range c.Elements() {
		v, _ := element.(types.String)
		out = append(out, v.ValueString())
	}
	return out
}

// elementsKnown tells whether a collection and all that is in it are known.
func elementsKnown(c collection) bool {
	if c.IsUnknown() {
		return false
	}
	for _, element := range c.Elements() {
		if element.IsUnknown() {
			return false
		}
	}
	return true
}

func stringAt(o types.Object, name string) types.String {
	v, _ := o.Attributes()[name].(types.String)
	return v
}

func boolAt(o types.Object, name string) types.Bool {
	v, _ := o.Attributes()[name].(types.Bool)
	return v
}

func int64At(o types.Object, name string) types.Int64 {
	v, _ := o.Attributes()[name].(types.Int64)
	return v
}

func certificatesOf(o types.Object) types.List {
	if v, ok := o.Attributes()[configuratorCertificates].(types.List); ok {
		return v
	}
	return types.ListNull(types.StringType)
}
