package profile

import (
	"context"
	"fmt"
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
	r.checkRules(config, config.UserAffinity, &resp.Diagnostics)
	warnOfSkipKeys(config.SkipSetupItems, &resp.Diagnostics)
}

// ModifyPlan implements resource.ResourceWithModifyPlan. It runs again when the
// plan is applied and then has to come to the same result.
func (r *profile) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if r.Ready() && !r.GuardStore(ctx, req.Private, &resp.Diagnostics) || req.Plan.Raw.IsNull() {
		return
	}
	var config, plan, state model
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
	plan.EnrollmentURL = r.planEnrollmentURL(config, plan, state)
	r.requireEnrollmentURL(config, state, &resp.Diagnostics)
	r.checkRules(plan, config.UserAffinity, &resp.Diagnostics)
	r.RequireServerToken(ctx, plan.TokenID, &resp.Diagnostics)
	r.warnOfRecorded(config, plan, state, &resp.Diagnostics)
	if !create {
		plan.Status = state.Status
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
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

// checkRules judges the user affinity that is configured, not the planned one:
// only a person can contradict a rule. What a service says of it is not known
// before there is a service.
func (r *profile) checkRules(m model, configured types.Bool, diags *diag.Diagnostics) {
	kind, spec := enrollment.Embedded, m.checkable()
	spec.UserAffinity = nil
	if r.Ready() {
		kind, spec.UserAffinity = r.Service.Kind(), flag(configured)
	}
	tf.AddViolations(diags, enrollment.CheckProfile(kind, spec))
}

func warnOfSkipKeys(keys types.Set, diags *diag.Diagnostics) {
	for _, element := range keys.Elements() { // none while the set is unknown
		key, ok := element.(types.String)
		if !ok || key.IsUnknown() || key.ValueString() == "" {
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
	return types.BoolValue(enrollment.PlannedUserAffinity(r.Service.Kind(), nil, !plan.SharedIPad.IsNull()))
}

// planEnrollmentURL plans the provider's mdm_url where nothing is configured,
// and without one whatever the profile has.
func (r *profile) planEnrollmentURL(config, plan, state model) types.String {
	switch {
	case !config.EnrollmentURL.IsNull():
		return plan.EnrollmentURL
	case !r.Ready(): // mdm_url may turn out to be another
		return plan.EnrollmentURL
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
	if names := changed(appleParts(), state, plan); len(names) > 0 {
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

// warnOfImpact counts the devices that a change reaches.
func (r *profile) warnOfImpact(ctx context.Context, state model, names []string, diags *diag.Diagnostics) {
	if !r.Ready() {
		return
	}
	total, activated, err := r.countDevices(ctx, state.ref())
	if err != nil {
		tf.AddErrorAsWarning(diags, "count", "the devices of the enrollment profile", err, "The change is planned without their number.")
		return
	}
	if total == 0 {
		return
	}
	summary := "Enrollment profile change reaches " + enrollment.Count(total, "device")
	detail := fmt.Sprintf("The enrollment profile %q is on %s. All of them are sent to its new definition (%s). ",
		state.Name.ValueString(), enrollment.Count(total, "device"), strings.Join(names, ", "))
	if activated > 0 {
		summary += fmt.Sprintf(", %d of them after a factory reset", activated)
		detail += fmt.Sprintf("%d of them are already activated and notice it only after a factory reset; the others take it when they are set up.", activated)
	} else {
		detail += "They take it when they are set up."
	}
	diags.AddWarning(summary, detail)
}

func (r *profile) countDevices(ctx context.Context, ref enrollment.ProfileRef) (total, activated int, err error) {
	for d, err := range r.Service.Devices(ctx, ref.TokenID, enrollment.DeviceFilter{Assignment: []string{ref.ID}}) {
		if err != nil {
			return 0, 0, err
		}
		total++
		if d.Activated() {
			activated++
		}
	}
	return total, activated, nil
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
