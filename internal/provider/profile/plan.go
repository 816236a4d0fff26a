package profile

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

// ValidateConfig implements resource.ResourceWithValidateConfig: the rules, as
// far as the values are known.
func (r *profile) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config model
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	r.checkRules(config, false, &resp.Diagnostics)
	warnOfSkipKeys(config.SkipSetupItems, &resp.Diagnostics, func(key string) bool { return !enrollment.IntuneRefusesSkipKey(key) })
}

// ModifyPlan implements resource.ResourceWithModifyPlan. It runs again when the
// plan is applied and then has to come to the same result.
func (r *profile) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
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
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	create := req.State.Raw.IsNull()
	if !create {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
		create = !plan.TokenID.Equal(state.TokenID)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	plan.UserAffinity = r.planAffinity(config, plan)
	plan.Mandatory = r.planMandatory(config, plan, state)
	plan.EnrollmentURL = r.planEnrollmentURL(config, plan, state)
	r.requireEnrollmentURL(config, state, &resp.Diagnostics)
	r.checkRules(r.judged(config, plan), req.Config.Raw.IsFullyKnown(), &resp.Diagnostics)
	r.RequireServerToken(ctx, plan.TokenID, &resp.Diagnostics)
	if r.Ready() && r.Service.Kind() == enrollment.Embedded {
		warnOfSkipKeys(config.SkipSetupItems, &resp.Diagnostics, enrollment.IntuneRefusesSkipKey) // only now is it sure that these are sent
	}
	r.warnOfRecorded(config, plan, state, &resp.Diagnostics)
	if !create {
		plan.Status = state.Status
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
	if create && !req.State.Raw.IsNull() && r.Ready() && !resp.Diagnostics.HasError() {
		r.warnOfDestroy(ctx, state, &resp.Diagnostics) // it is replaced
	}
	if create || resp.Diagnostics.HasError() {
		return
	}
	plan.Status = r.planStatus(ctx, plan, state, resp.Plan.Raw.Equal(req.State.Raw), &resp.Diagnostics)
	resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("status"), plan.Status)...)
}

// requireEnrollmentURL refuses a profile that would have nowhere to enroll.
func (r *profile) requireEnrollmentURL(config, state model, diags *diag.Diagnostics) {
	if !r.Ready() || r.Service.Kind() != enrollment.Embedded || r.MDMURL != "" {
		return
	}
	if config.EnrollmentURL.IsNull() && state.EnrollmentURL.ValueString() == "" {
		diags.AddAttributeError(path.Root("enrollment_url"), "An enrollment URL is missing",
			"Devices enroll at this address, and Apple takes no profile without one. Set enrollment_url here, or mdm_url in the provider's `embedded` configuration for all profiles.")
	}
}

// judged is what the rules are asked about: what is planned, or, where there is
// no service to plan for, what a person wrote.
func (r *profile) judged(config, plan model) model {
	if !r.Ready() {
		return config
	}
	return plan
}

// checkRules judges what is known; whole says that this is everything.
func (r *profile) checkRules(m model, whole bool, diags *diag.Diagnostics) {
	spec := m.checkable()
	switch {
	case !r.Ready():
		tf.AddViolations(diags, refusedAnywhere(spec))
	case whole:
		tf.AddViolations(diags, enrollment.CheckWholeProfile(r.Service.Kind(), spec))
	default:
		tf.AddViolations(diags, slices.Concat(enrollment.CheckForeign(r.Service.Kind(), spec), enrollment.CheckProfile(r.Service.Kind(), spec)))
	}
}

// refusedAnywhere is what is wrong before it is known which service it is for:
// what the only service refuses that has all the attributes, or else what both
// refuse.
func refusedAnywhere(spec enrollment.ProfileSpec) []enrollment.Violation {
	embedded, intune := enrollment.CheckProfile(enrollment.Embedded, spec), enrollment.CheckProfile(enrollment.Intune, spec)
	notEmbedded, notIntune := len(enrollment.CheckForeign(enrollment.Embedded, spec)) > 0, len(enrollment.CheckForeign(enrollment.Intune, spec)) > 0
	switch {
	case notIntune && !notEmbedded:
		return embedded
	case notEmbedded && !notIntune:
		return intune
	}
	return slices.DeleteFunc(embedded, func(v enrollment.Violation) bool {
		return !slices.ContainsFunc(intune, func(o enrollment.Violation) bool { return o.Field == v.Field && o.Summary == v.Summary })
	})
}

// warnOfSkipKeys warns of the keys that are meant.
func warnOfSkipKeys(keys types.Set, diags *diag.Diagnostics, meant func(key string) bool) {
	for _, element := range keys.Elements() { // none while the set is unknown
		key, ok := element.(types.String)
		if !ok || key.IsUnknown() || key.ValueString() == "" || !meant(key.ValueString()) {
			continue
		}
		if w, unknown := enrollment.UnknownSkipKey(key.ValueString()); unknown {
			diags.AddAttributeWarning(path.Root("skip_setup_items").AtSetValue(key), w.Summary, w.Detail)
		}
	}
}

// planAffinity plans what the service needs where nothing is configured.
func (r *profile) planAffinity(config, plan model) types.Bool {
	switch {
	case !config.UserAffinity.IsNull():
		return plan.UserAffinity
	case plan.SharedIPad.IsUnknown():
		return types.BoolUnknown()
	case !r.Ready():
		return plan.UserAffinity
	}
	kind, sharedIPad := r.Service.Kind(), !plan.SharedIPad.IsNull()
	switch {
	case sharedIPad:
	case plan.Authentication.IsUnknown() && kind == enrollment.Intune:
		return types.BoolUnknown()
	case enrollment.SignInNeedsAffinity(kind, authenticationOf(plan.Authentication)):
		return types.BoolValue(true)
	}
	return types.BoolValue(enrollment.PlannedUserAffinity(kind, nil, sharedIPad))
}

// planMandatory plans what Intune needs where nothing is configured, and
// otherwise whatever the profile has. On the embedded service leaving it out
// takes it away.
func (r *profile) planMandatory(config, plan, state model) types.Bool {
	switch {
	case !config.Mandatory.IsNull(), !r.Ready():
		return plan.Mandatory
	case r.Service.Kind() != enrollment.Intune:
		return types.BoolNull()
	case plan.UserAffinity.IsUnknown():
		return types.BoolUnknown()
	}
	planned := enrollment.PlannedMandatory(r.Service.Kind(), nil, plan.UserAffinity.ValueBool())
	switch {
	case planned != nil:
		return types.BoolPointerValue(planned)
	case state.Mandatory.IsNull():
		return types.BoolUnknown()
	}
	return state.Mandatory
}

// planEnrollmentURL plans the provider's mdm_url where nothing is configured,
// and without one whatever the profile has. On Intune there is no such address:
// devices enroll at Intune.
func (r *profile) planEnrollmentURL(config, plan, state model) types.String {
	switch {
	case !config.EnrollmentURL.IsNull():
		return plan.EnrollmentURL
	case !r.Ready(): // mdm_url may turn out to be another
		return plan.EnrollmentURL
	case r.Service.Kind() == enrollment.Intune:
		return types.StringNull()
	case r.MDMURL != "" && !sameURL(state.EnrollmentURL.ValueString(), r.MDMURL):
		return types.StringValue(r.MDMURL)
	case state.EnrollmentURL.IsNull():
		return plan.EnrollmentURL
	}
	return state.EnrollmentURL
}

// planStatus leaves the status open where the change, or what is left of the
// last one, may alter it. That alone makes the plan an update. While all devices
// that are left are in Apple's cooldown an update could do nothing, so none is
// planned; one that is planned for something else may find the cooldown over.
func (r *profile) planStatus(ctx context.Context, plan, state model, same bool, diags *diag.Diagnostics) types.String {
	if r.Ready() && r.Service.Kind() == enrollment.Intune {
		r.warnOfIntuneImpact(ctx, plan, state, diags)
	} else if names := changed(appleParts(), state, plan); len(names) > 0 {
		r.warnOfImpact(ctx, state, names, diags)
		return types.StringUnknown()
	}
	if state.Status.ValueString() == string(enrollment.ProfileCurrent) || !r.Ready() {
		return state.Status
	}
	if !same {
		return types.StringUnknown()
	}
	p, err := r.Service.ReadProfile(ctx, state.ref())
	if err != nil || !p.ThrottledUntil.After(r.Now()) {
		return types.StringUnknown() // what is wrong shows when the update is made
	}
	until := p.ThrottledUntil.UTC().Format(time.RFC3339)
	diags.AddWarning("Enrollment profile waits for Apple until "+until,
		fmt.Sprintf("Devices of the enrollment profile %q are still to be moved to its present definition. Apple takes no assignment of them before %s. "+
			"Nothing is planned until then; a plan made later goes on.", state.Name.ValueString(), until))
	return state.Status
}

// warnOfRecorded names, in one warning, what is given a new value that the
// service only records.
func (r *profile) warnOfRecorded(config, plan, state model, diags *diag.Diagnostics) {
	if !r.Ready() || r.Service.Kind() != enrollment.Embedded {
		return
	}
	plan.UserAffinity = config.UserAffinity // what is planned by itself was asked for by nobody
	names := given(recordedParts(), state, plan)
	if len(names) == 0 {
		return
	}
	diags.AddWarning("Recorded only: "+strings.Join(names, ", "),
		"Apple's enrollment profile has no field for these. They are recorded, and your MDM has to send them to the devices. Changing them touches no device.")
}
