package policy

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

// ValidateConfig implements resource.ResourceWithValidateConfig: the rules that
// need no template, as far as the values are known.
func (r *policy) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config model
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() || config.Platform.IsUnknown() {
		return
	}
	spec := config.checkable()
	spec.ConfiguratorCertificates = nil // their validator says more
	addViolations(&resp.Diagnostics, enrollment.CheckPolicy(spec, nil))
}

// ModifyPlan implements resource.ResourceWithModifyPlan. It runs again when the
// plan is applied and then has to come to the same result.
func (r *policy) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if r.Ready() && !r.GuardStore(ctx, req.Private, &resp.Diagnostics) {
		return
	}
	var config, plan, state model
	if req.Plan.Raw.IsNull() {
		if r.Ready() && !req.State.Get(ctx, &state).HasError() {
			r.warnOfDestroy(ctx, state, &resp.Diagnostics)
		}
		return
	}
	r.requireIntune(&resp.Diagnostics)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	create := req.State.Raw.IsNull()
	if !create {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
		create = !plan.TokenID.Equal(state.TokenID) || !plan.Platform.Equal(state.Platform)
	}
	untouched := r.untouched(ctx, req.Private, config, &resp.Diagnostics)
	implied := map[string]string{}
	tf.GetPrivate(ctx, req.Private, impliedKey, &implied, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	r.RequireServerToken(ctx, plan.TokenID, &resp.Diagnostics)
	if create {
		if !req.State.Raw.IsNull() && r.Ready() && !resp.Diagnostics.HasError() {
			r.warnOfDestroy(ctx, state, &resp.Diagnostics) // it is replaced
		}
		untouched, state = nil, model{}
	}
	plan = planned(config, plan, state, untouched).impliedAs(state, implied)
	switch {
	case create:
		plan.DefaultedSettings = types.ListUnknown(types.StringType)
		r.check(ctx, plan, nil, &resp.Diagnostics)
	case plan.same(state):
		plan.DefaultedSettings = state.DefaultedSettings
	default:
		before := state.without(untouched)
		plan.DefaultedSettings = r.check(ctx, plan.without(untouched), &before, &resp.Diagnostics)
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
	if !create && !resp.Diagnostics.HasError() {
		r.warnOfImpact(ctx, state, changed(state, plan), &resp.Diagnostics)
	}
}

// requireIntune refuses the policy on a service that has none.
func (r *policy) requireIntune(diags *diag.Diagnostics) {
	if r.Ready() && r.Service.Kind() != enrollment.Intune {
		diags.AddError("Enrollment policies are Intune's",
			fmt.Sprintf("The provider is configured for the %s service, which has no enrollment policies. Use asm_enrollment_profile there, or configure the provider for `intune`.", r.Service.Kind()))
	}
}

// planned is the plan: what is configured, null for what is left out, and for
// what an import brought and nobody has configured since what the state has.
func planned(config, plan, state model, untouched []string) model {
	out := config
	out.ID, out.ProfileID, out.TokenID, out.Platform, out.DefaultedSettings = plan.ID, plan.ProfileID, plan.TokenID, plan.Platform, plan.DefaultedSettings
	for _, a := range attributes() {
		if slices.Contains(untouched, a.name) && !contradicts(config, state, a.name) {
			a.take(&out, state)
		}
	}
	return out.spelledAs(state)
}

// spelledAs plans no change where configuration and state mean the same.
func (m model) spelledAs(state model) model {
	was, wanted := state.ConfiguratorCertificates, m.ConfiguratorCertificates
	if !was.IsNull() && !wanted.IsNull() && elementsKnown(wanted) && tf.SameCertificates(texts(was), texts(wanted)) {
		m.ConfiguratorCertificates = was
	}
	if !m.Settings.IsNull() && !state.Settings.IsNull() && settingsKnown(m.Settings) && maps.EqualFunc(settingsOf(state.Settings), settingsOf(m.Settings), sameSetting) {
		m.Settings = state.Settings
	}
	return m
}

// impliedAs plans no change where configuration names only more of what the
// state has by implication: choices that follow from settings below them.
func (m model) impliedAs(state model, implied map[string]string) model {
	if m.Settings.IsNull() || state.Settings.IsNull() || !settingsKnown(m.Settings) {
		return m
	}
	wanted, had := settingsOf(m.Settings), settingsOf(state.Settings)
	for id, value := range implied {
		if _, has := had[id]; !has && wanted[id] == value {
			delete(wanted, id)
		}
	}
	if maps.EqualFunc(had, wanted, sameSetting) {
		m.Settings = state.Settings
	}
	return m
}

// contradicts tells whether what the state has of an attribute cannot stand
// beside what is configured: without affinity, with it, in shared device mode
// and as a Shared iPad are values of one setting.
func contradicts(config, state model, name string) bool {
	shared := !config.SharedIPad.IsNull()
	switch {
	case name == "user_affinity":
		return state.UserAffinity.ValueBool() && (shared || config.SharedDeviceMode.ValueBool())
	case name == "shared_device_mode":
		return state.SharedDeviceMode.ValueBool() && (shared || !config.UserAffinity.IsNull())
	case name == "await_device_configured":
		return shared
	case strings.HasPrefix(name, "shared_ipad"):
		return !shared && (!config.UserAffinity.IsNull() || config.SharedDeviceMode.ValueBool())
	}
	return false
}

// same tells whether the plan changes nothing of a policy.
func (m model) same(state model) bool {
	if !m.Name.Equal(state.Name) || !m.Timeouts.Equal(state.Timeouts) {
		return false
	}
	for _, a := range attributes() {
		if !a.value(m).Equal(a.value(state)) {
			return false
		}
	}
	return true
}

// without is the model with some attributes not managed.
func (m model) without(names []string) model {
	empty := model{
		SharedIPad: types.ObjectNull(sharedIPadTypes()), ConfiguratorCertificates: types.ListNull(types.StringType),
		SkipSetupItems: types.SetNull(types.StringType), ScopeTagIDs: types.SetNull(types.StringType), Settings: types.MapNull(types.StringType),
	}
	for _, a := range attributes() {
		if slices.Contains(names, a.name) {
			a.take(&m, empty)
		}
	}
	return m
}

// check judges a change by the template, which is read from the service, and as
// far as the policy's own settings matter by those. state is nil for a new policy.
// It answers with the settings that will have their default; where that is not
// what the state has, it is for the service to say.
func (r *policy) check(ctx context.Context, m model, state *model, diags *diag.Diagnostics) types.List {
	open := types.ListUnknown(types.StringType)
	if !r.Ready() || m.Platform.IsUnknown() {
		return open
	}
	template, err := r.Service.PolicyTemplate(ctx, enrollment.Platform(m.Platform.ValueString()))
	if err != nil {
		tf.AddError(diags, "read", "the template of enrollment policies", err)
		return open
	}
	violations := enrollment.CheckPolicy(m.checkable(), &template)
	addViolations(diags, violations)
	if len(violations) > 0 || !m.known() {
		return open
	}
	spec, current := m.spec(), enrollment.PolicyValues(nil)
	if state != nil {
		p, err := r.Service.ReadPolicy(ctx, state.ID.ValueString())
		if err != nil {
			return open // what is wrong shows when the change is made
		}
		spec, current = m.change(*state), p.Settings
	}
	values, violations := enrollment.ResolvePolicy(spec, template, current)
	addViolations(diags, violations)
	expected := m.defaulted(enrollment.Policy{DefaultedSettings: values.Defaulted(template, nil)})
	if state == nil || !expected.Equal(state.DefaultedSettings) {
		return open
	}
	return expected
}

// known tells whether all that a policy has is known.
func (m model) known() bool {
	for _, a := range attributes() {
		v := a.value(m)
		if v.IsUnknown() {
			return false
		}
		if c, ok := v.(collection); ok && !elementsKnown(c) {
			return false
		}
	}
	return settingsKnown(m.Settings)
}

func settingsKnown(m types.Map) bool {
	for _, element := range m.Elements() {
		if element.IsUnknown() {
			return false
		}
	}
	return !m.IsUnknown()
}

// warnOfImpact says how many devices have the policy: they take the change only
// when they enroll again.
func (r *policy) warnOfImpact(ctx context.Context, state model, names []string, diags *diag.Diagnostics) {
	if !r.Ready() || len(names) == 0 {
		return
	}
	reach, err := r.Reach(ctx, state.TokenID.ValueString(), state.ProfileID.ValueString())
	if err != nil {
		tf.AddErrorAsWarning(diags, "count", "the devices of the enrollment policy", err, "The change itself is not affected.")
		return
	}
	naming := !slices.ContainsFunc(names, func(name string) bool { return !strings.HasPrefix(name, "device_name_template") })
	if w, reaches := enrollment.PolicyImpact(state.Name.ValueString(), reach, names, naming); reaches {
		diags.AddWarning(w.Summary, w.Detail)
	}
}

// warnOfDestroy says what makes the service refuse to delete the policy.
func (r *policy) warnOfDestroy(ctx context.Context, state model, diags *diag.Diagnostics) {
	p, err := r.Service.ReadPolicy(ctx, state.ID.ValueString())
	if err != nil {
		return // what is wrong shows when it is deleted
	}
	reach, err := r.Reach(ctx, state.TokenID.ValueString(), state.ProfileID.ValueString())
	if err != nil {
		return
	}
	if w, inUse := enrollment.DestroyInUse(r.Service.Kind(), "enrollment policy", p.Name, reach.Devices, p.IsDefaultFor); inUse {
		diags.AddWarning(w.Summary, w.Detail)
	}
}

// addViolations puts broken rules at their attributes.
func addViolations(diags *diag.Diagnostics, violations []enrollment.Violation) {
	for _, v := range violations {
		if strings.HasPrefix(v.Field, "settings.") {
			diags.AddAttributeError(fieldPath(v.Field), v.Summary, v.Detail)
		} else {
			tf.AddViolations(diags, []enrollment.Violation{v})
		}
	}
}

// addError is tf.AddError for errors that may blame a key of settings.
func addError(diags *diag.Diagnostics, verb string, err error) {
	if e := new(enrollment.Error); errors.As(err, &e) && strings.HasPrefix(e.Field, "settings.") {
		diags.AddAttributeError(fieldPath(e.Field), "Unable to "+verb+" "+thing, tf.Sentence(err))
		return
	}
	tf.AddError(diags, verb, thing, err)
}

func fieldPath(field string) path.Path {
	if key, ok := strings.CutPrefix(field, "settings."); ok {
		return path.Root("settings").AtMapKey(key)
	}
	return tf.FieldPath(field)
}
