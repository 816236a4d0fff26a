package profile

import (
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

// filled is the state after a change: what was planned, with what the plan left
// open taken from the profile that the service made of it.
func (m model) filled(kind enrollment.Kind, p enrollment.Profile) model {
	if m.ID.IsUnknown() {
		m.ID = types.StringValue(p.ID)
	}
	if m.UserAffinity.IsUnknown() {
		m.UserAffinity = affinityOf(kind, p)
	}
	if m.Mandatory.IsUnknown() {
		m.Mandatory = mandatoryOf(kind, p)
	}
	if m.EnrollmentURL.IsUnknown() {
		m.EnrollmentURL = types.StringPointerValue(p.EnrollmentURL)
	}
	if m.Status.IsUnknown() {
		m.Status = statusOf(p)
	}
	return m
}

// read is the state of what the service says: in the spelling that the state
// has already where both mean the same, and null where the state does not
// manage the value. An import reads everything.
func (m model) read(kind enrollment.Kind, p enrollment.Profile) model {
	k := keeper{everything: m.imported(), quiet: kind == enrollment.Intune}
	if m.imported() {
		m.ID = types.StringValue(p.ID)
		if p.TokenID != "" {
			m.TokenID = types.StringValue(p.TokenID)
		}
	}
	m.Name = types.StringValue(p.Name)
	m.Description = k.text(m.Description, p.Description)
	m.UserAffinity = affinityOf(kind, p)
	m.Supervised = types.BoolValue(p.Supervised)
	m.LockedEnrollment = types.BoolValue(p.LockedEnrollment)
	m.SharedIPad = k.sharedIPad(m.SharedIPad, p.SharedIPad)
	m.Pairing = k.pairing(m.Pairing, p.Pairing)
	m.Department = k.text(m.Department, p.Department)
	m.DepartmentPhone = k.text(m.DepartmentPhone, p.DepartmentPhone)
	m.SkipSetupItems = k.set(m.SkipSetupItems, p.SkipSetupItems)
	m.AwaitDeviceConfigured = k.flag(m.AwaitDeviceConfigured, p.AwaitDeviceConfigured)
	m.Authentication = k.authentication(m.Authentication, p.Authentication)
	m.RequireCompanyPortal = k.flag(m.RequireCompanyPortal, p.RequireCompanyPortal)
	m.DeviceNameTemplate = k.text(m.DeviceNameTemplate, p.DeviceNameTemplate)
	m.CompanyPortalVPPTokenID = k.text(m.CompanyPortalVPPTokenID, p.CompanyPortalVPPTokenID)
	m.SingleAppMode = k.flag(m.SingleAppMode, p.SingleAppMode)
	m.SharedDeviceMode = k.flag(m.SharedDeviceMode, p.SharedDeviceMode)
	m.CarrierActivationURL = k.text(m.CarrierActivationURL, p.CarrierActivationURL)
	m.EnrollmentTimeGroupIDs = k.groups(m.EnrollmentTimeGroupIDs, p.EnrollmentTimeGroupIDs)
	m.EnrollmentURL = keeper{everything: true}.url(m.EnrollmentURL, p.EnrollmentURL)
	m.ConfigurationWebURL = k.url(m.ConfigurationWebURL, p.ConfigurationWebURL)
	m.SupportEmail = k.text(m.SupportEmail, p.SupportEmail)
	m.OrgMagic = k.text(m.OrgMagic, p.OrgMagic)
	m.Language = k.text(m.Language, p.Language)
	m.Region = k.text(m.Region, p.Region)
	m.AnchorCertificates = k.certificates(m.AnchorCertificates, p.AnchorCertificates)
	m.AutoAdvance = k.flag(m.AutoAdvance, p.AutoAdvance)
	if m.Mandatory = k.flag(m.Mandatory, p.Mandatory); kind == enrollment.Intune {
		m.Mandatory = mandatoryOf(kind, p)
	}
	m.ReturnToService = k.flag(m.ReturnToService, p.ReturnToService)
	m.DoNotUseProfileFromBackup = k.flag(m.DoNotUseProfileFromBackup, p.DoNotUseProfileFromBackup)
	m.Status = statusOf(p)
	return m
}

// affinityOf is the recorded user affinity; a profile that nobody recorded has
// the one that its service needs, so that importing it is no change.
func affinityOf(kind enrollment.Kind, p enrollment.Profile) types.Bool {
	return types.BoolValue(enrollment.PlannedUserAffinity(kind, p.UserAffinity, p.SharedIPad != nil))
}

// mandatoryOf is known of every profile on Intune, which has rules of its own for
// it; elsewhere state has it where it is managed.
func mandatoryOf(kind enrollment.Kind, p enrollment.Profile) types.Bool {
	if kind != enrollment.Intune {
		return types.BoolNull()
	}
	return types.BoolPointerValue(p.Mandatory)
}

// statusOf takes a profile without a status for current: nothing is left to do.
func statusOf(p enrollment.Profile) types.String {
	if p.Status == "" {
		return types.StringValue(string(enrollment.ProfileCurrent))
	}
	return types.StringValue(string(p.Status))
}

// keeper decides, value by value, what state keeps of what the service says.
type keeper struct {
	// everything: state has nothing to keep yet, as after an import.
	everything bool
	// quiet: the service says of everything that is off that it is off, as
	// Microsoft Graph does, whose booleans and numbers cannot be null. State that
	// has nothing to keep then leaves out what is off, as configurations do.
	quiet bool
}

// leavesOut tells whether a value that is off is left out of state.
func (k keeper) leavesOut(state attr.Value) bool { return k.quiet && k.everything && state.IsNull() }

// managed tells whether a value is to be read at all.
func (k keeper) managed(state attr.Value) bool { return k.everything || !state.IsNull() }

func (k keeper) text(state types.String, said *string) types.String {
	return k.spelled(state, said, func(a, b string) bool { return a == b })
}

func (k keeper) url(state types.String, said *string) types.String {
	return k.spelled(state, said, sameURL)
}

// spelled holds "" and nothing for the same.
func (k keeper) spelled(state types.String, said *string, same func(a, b string) bool) types.String {
	switch {
	case !k.managed(state), said != nil && *said == "" && k.leavesOut(state):
		return types.StringNull()
	case said == nil && !state.IsNull() && state.ValueString() == "":
		return state
	case said != nil && !state.IsNull() && same(state.ValueString(), *said):
		return state
	}
	return types.StringPointerValue(said)
}

// flag holds false and nothing for the same: Apple leaves out what is off.
func (k keeper) flag(state types.Bool, said *bool) types.Bool {
	switch {
	case !k.managed(state), said != nil && !*said && k.leavesOut(state):
		return types.BoolNull()
	case said == nil && !state.IsNull() && !state.ValueBool():
		return state
	}
	return types.BoolPointerValue(said)
}

// number is nothing of its own where it is 0.
func (k keeper) number(state types.Int64, said *int64) types.Int64 {
	if !k.managed(state) || said != nil && *said == 0 && k.leavesOut(state) {
		return types.Int64Null()
	}
	return types.Int64PointerValue(said)
}

// authentication is the old way to sign in where both of Graph's switches for
// another one are off.
func (k keeper) authentication(state types.String, said *enrollment.Authentication) types.String {
	if said != nil && *said == enrollment.AuthenticationLegacy && k.leavesOut(state) {
		return types.StringNull()
	}
	return k.text(state, (*string)(said))
}

// groups holds two spellings of a GUID for the same.
func (k keeper) groups(state types.Set, said []string) types.Set {
	if !state.IsNull() && sameGUIDs(texts(state), said) {
		return state
	}
	return k.set(state, said)
}

// set holds empty and nothing for the same.
func (k keeper) set(state types.Set, said []string) types.Set {
	switch {
	case !k.managed(state), len(said) == 0 && k.leavesOut(state):
		return types.SetNull(types.StringType)
	case said == nil && !state.IsNull() && len(state.Elements()) == 0:
		return state
	case said == nil:
		return types.SetNull(types.StringType)
	}
	return types.SetValueMust(types.StringType, values(unique(said)))
}

// certificates holds the same certificates in any order, and empty and nothing,
// for the same.
func (k keeper) certificates(state types.List, said []string) types.List {
	switch {
	case !k.managed(state):
		return types.ListNull(types.StringType)
	case !state.IsNull() && tf.SameCertificates(texts(state), said):
		return state
	case said == nil:
		return types.ListNull(types.StringType)
	}
	return types.ListValueMust(types.StringType, values(said))
}

// sharedIPad is not asked whether it is managed: no shared_ipad says that the
// iPad is not shared. Inside the object null is unmanaged.
func (k keeper) sharedIPad(state types.Object, said *enrollment.SharedIPad) types.Object {
	if said == nil {
		return types.ObjectNull(sharedIPadTypes())
	}
	in := keeper{everything: state.IsNull(), quiet: k.quiet}
	return types.ObjectValueMust(sharedIPadTypes(), map[string]attr.Value{
		maximumCachedUsers:      in.number(int64At(state, maximumCachedUsers), said.MaximumCachedUsers),
		temporarySessionsOnly:   in.flag(boolAt(state, temporarySessionsOnly), said.TemporarySessionsOnly),
		userSessionTimeout:      in.number(int64At(state, userSessionTimeout), said.UserSessionTimeout),
		temporarySessionTimeout: in.number(int64At(state, temporarySessionTimeout), said.TemporarySessionTimeout),
		passcodeLockGracePeriod: in.number(int64At(state, passcodeLockGracePeriod), said.PasscodeLockGracePeriod),
	})
}

// pairing reads both attributes or none: the mode says what the certificates
// are for.
func (k keeper) pairing(state types.Object, said *enrollment.Pairing) types.Object {
	if !k.managed(state) || said == nil || said.Mode == enrollment.PairingAllow && k.leavesOut(state) {
		return types.ObjectNull(pairingTypes())
	}
	return types.ObjectValueMust(pairingTypes(), map[string]attr.Value{
		pairingMode:              types.StringValue(string(said.Mode)),
		configuratorCertificates: keptCertificates(certificatesOf(state), said.ConfiguratorCertificates),
	})
}

func keptCertificates(state types.List, said []string) types.List {
	if len(said) == 0 && state.IsNull() {
		return state
	}
	return keeper{everything: true}.certificates(state, said)
}

func values(texts []string) []attr.Value {
	out := make([]attr.Value, 0, len(texts))
	for _, t := range texts {
		out = append(out, types.StringValue(t))
	}
	return out
}

// unique drops repetitions, which a set may not have.
func unique(texts []string) []string {
	seen := map[string]bool{}
	out := make([]string, 0, len(texts))
	for _, t := range texts {
		if !seen[t] {
			seen[t] = true
			out = append(out, t)
		}
	}
	return out
}
