package policy

import (
	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

type model struct {
	ID                       types.String   `tfsdk:"id"`
	ProfileID                types.String   `tfsdk:"profile_id"`
	TokenID                  types.String   `tfsdk:"token_id"`
	Platform                 types.String   `tfsdk:"platform"`
	Name                     types.String   `tfsdk:"name"`
	Description              types.String   `tfsdk:"description"`
	UserAffinity             types.Bool     `tfsdk:"user_affinity"`
	LockedEnrollment         types.Bool     `tfsdk:"locked_enrollment"`
	SharedIPad               types.Object   `tfsdk:"shared_ipad"`
	SharedDeviceMode         types.Bool     `tfsdk:"shared_device_mode"`
	AwaitDeviceConfigured    types.Bool     `tfsdk:"await_device_configured"`
	DeviceNameTemplate       types.String   `tfsdk:"device_name_template"`
	CarrierActivationURL     types.String   `tfsdk:"carrier_activation_url"`
	Department               types.String   `tfsdk:"department"`
	DepartmentPhone          types.String   `tfsdk:"department_phone"`
	ConfiguratorCertificates types.List     `tfsdk:"configurator_certificates"`
	SkipSetupItems           types.Set      `tfsdk:"skip_setup_items"`
	ScopeTagIDs              types.Set      `tfsdk:"scope_tag_ids"`
	Settings                 types.Map      `tfsdk:"settings"`
	DefaultedSettings        types.List     `tfsdk:"defaulted_settings"`
	Timeouts                 timeouts.Value `tfsdk:"timeouts"`
}

// The attributes of shared_ipad.
const (
	maximumCachedUsers      = "maximum_cached_users"
	temporarySessionsOnly   = "temporary_sessions_only"
	userSessionTimeout      = "user_session_timeout"
	temporarySessionTimeout = "temporary_session_timeout"
	passcodeLockGracePeriod = "passcode_lock_grace_period"
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

// imported tells a state that ImportState made and nobody has read yet.
func (m model) imported() bool { return m.Name.IsNull() }

// spec is what the service is asked for. What is null or not known yet is not
// managed.
func (m model) spec() enrollment.PolicySpec {
	return enrollment.PolicySpec{
		TokenID:                  m.TokenID.ValueString(),
		Platform:                 enrollment.Platform(m.Platform.ValueString()),
		Name:                     m.Name.ValueString(),
		Description:              text(m.Description),
		UserAffinity:             flag(m.UserAffinity),
		LockedEnrollment:         flag(m.LockedEnrollment),
		SharedIPad:               sharedIPadOf(m.SharedIPad),
		SharedDeviceMode:         flag(m.SharedDeviceMode),
		AwaitDeviceConfigured:    flag(m.AwaitDeviceConfigured),
		DeviceNameTemplate:       text(m.DeviceNameTemplate),
		CarrierActivationURL:     text(m.CarrierActivationURL),
		Department:               text(m.Department),
		DepartmentPhone:          text(m.DepartmentPhone),
		ConfiguratorCertificates: texts(m.ConfiguratorCertificates),
		SkipSetupItems:           texts(m.SkipSetupItems),
		ScopeTagIDs:              texts(m.ScopeTagIDs),
		Settings:                 settingsOf(m.Settings),
	}
}

// change is spec for a policy that has a state: what the state has and the plan
// leaves out goes back to the template's default.
func (m model) change(state model) enrollment.PolicySpec {
	spec := m.spec()
	for _, a := range attributes() {
		if a.reachesDevices() && a.value(m).IsNull() && !a.value(state).IsNull() {
			spec.Reset = append(spec.Reset, a.name)
		}
	}
	for id := range settingsOf(state.Settings) {
		if _, still := spec.Settings[id]; !still {
			spec.Reset = append(spec.Reset, "settings."+id)
		}
	}
	if m.Description.IsNull() && !state.Description.IsNull() {
		spec.Description = new("")
	}
	if m.ScopeTagIDs.IsNull() && !state.ScopeTagIDs.IsNull() {
		spec.ScopeTagIDs = []string{defaultScopeTag}
	}
	return spec
}

// checkable is spec without what is not known yet, so that every rule that can
// be judged already is, and no other.
func (m model) checkable() enrollment.PolicySpec {
	spec := m.spec()
	if m.Name.IsNull() || m.Name.IsUnknown() {
		spec.Name = "not known yet"
	}
	if m.Platform.IsNull() {
		spec.Platform = enrollment.IOS
	}
	if !elementsKnown(m.ConfiguratorCertificates) {
		spec.ConfiguratorCertificates = nil
	}
	spec.SkipSetupItems = nil
	for _, element := range m.SkipSetupItems.Elements() {
		if key, ok := element.(types.String); ok && !key.IsUnknown() {
			spec.SkipSetupItems = append(spec.SkipSetupItems, key.ValueString())
		}
	}
	for id, element := range m.Settings.Elements() {
		if element.IsUnknown() {
			delete(spec.Settings, id)
		}
	}
	return spec
}

func sharedIPadOf(o types.Object) *enrollment.SharedIPad {
	if o.IsNull() || o.IsUnknown() {
		return nil
	}
	return &enrollment.SharedIPad{
		MaximumCachedUsers:      number(member[types.Int64](o, maximumCachedUsers)),
		TemporarySessionsOnly:   flag(member[types.Bool](o, temporarySessionsOnly)),
		UserSessionTimeout:      number(member[types.Int64](o, userSessionTimeout)),
		TemporarySessionTimeout: number(member[types.Int64](o, temporarySessionTimeout)),
		PasscodeLockGracePeriod: number(member[types.Int64](o, passcodeLockGracePeriod)),
	}
}

// member is a value of an object; null where the object is.
func member[T attr.Value](o types.Object, name string) T {
	v, _ := o.Attributes()[name].(T)
	return v
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
// one.
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

// settingsOf is nil for a map that is null or unknown.
func settingsOf(m types.Map) map[string]string {
	if m.IsNull() || m.IsUnknown() {
		return nil
	}
	out := make(map[string]string, len(m.Elements()))
	for id, element := range m.Elements() {
		v, _ := element.(types.String)
		out[id] = v.ValueString()
	}
	return out
}
