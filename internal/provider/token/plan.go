package token

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

// ModifyPlan implements resource.ResourceWithModifyPlan. It runs at plan and
// again at apply, so that what it decides comes from configuration and state
// alone.
func (r *token) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if !req.State.Raw.IsNull() && r.Ready() && !r.GuardStore(ctx, req.Private, &resp.Diagnostics) {
		return
	}
	if req.Plan.Raw.IsNull() {
		if !refuseIfProtected(ctx, req.State.Get, &resp.Diagnostics) {
			r.warnOfDestroy(ctx, req.State.Get, &resp.Diagnostics)
		}
		return
	}
	c := r.plannedChange(ctx, req, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	c.check(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	r.warn(ctx, c, req.Private, &resp.Diagnostics)
	c.plan.observed, c.plan.ScopeTagIDs = c.expected(), c.expectedScopeTags()
	resp.Diagnostics.Append(resp.Plan.Set(ctx, c.plan)...)
	if c.uploads() && c.prior != nil {
		r.Plans.Upload(c.prior.ID.ValueString())
	}
}

func (r *token) plannedChange(ctx context.Context, req resource.ModifyPlanRequest, diags *diag.Diagnostics) change {
	var c change
	if r.Ready() {
		c.kind = r.Service.Kind()
	}
	diags.Append(req.Config.Get(ctx, &c.config)...)
	diags.Append(req.Plan.Get(ctx, &c.plan)...)
	if !req.State.Raw.IsNull() {
		c.prior = &model{}
		diags.Append(req.State.Get(ctx, c.prior)...)
		c.pending = readPending(ctx, req.Private, diags)
	}
	return c
}

// warn says what a person should know before this plan is applied.
func (r *token) warn(ctx context.Context, c change, private tf.PrivateGetter, diags *diag.Diagnostics) {
	if c.prior != nil && !c.uploads() {
		c.serverToken().warnIfChanged(ctx, private, diags)
	}
	if c.prior != nil && !c.bringsKey() {
		c.privateKey().warnIfChanged(ctx, private, diags)
	}
	if warning, missing := c.missingWarning(); missing {
		diags.AddAttributeWarning(path.Root("server_token_wo_version"), warning.Summary, warning.Detail)
	}
	if warning, soon := c.expiryWarning(r.Now()); soon {
		diags.AddAttributeWarning(path.Root("expires_at"), warning.Summary, warning.Detail)
	}
	if warning, trouble := c.troubleWarning(r.Now()); trouble {
		diags.AddAttributeWarning(c.troubleAt(r.Now()), warning.Summary, warning.Detail)
		r.NoteTrouble(c.prior.ID.ValueString()) // what depends on it need not say it again
	}
	if warning, without := c.appleIDWarning(); without {
		diags.AddAttributeWarning(path.Root("apple_id"), warning.Summary, warning.Detail)
	}
	warnOfUnproven(c, diags)
	r.warnOfMixedPrograms(ctx, c, diags)
	if r.Ready() && c.kind == enrollment.Intune {
		r.WarnOfPushCertificate(ctx, warningDays(c.plan.ExpiryWarningDays), diags)
	}
}

// warnOfDestroy says what stands in the way of deleting the token, which is asked
// for only after everything else was destroyed.
func (r *token) warnOfDestroy(ctx context.Context, get func(context.Context, any) diag.Diagnostics, diags *diag.Diagnostics) {
	var state model
	if !r.Ready() || get(ctx, &state).HasError() {
		return
	}
	found, err := r.Service.ReadToken(ctx, state.ID.ValueString())
	if err != nil {
		return // what is wrong shows when it is deleted
	}
	if warning, inUse := enrollment.DestroyedToken(found); inUse {
		diags.AddWarning(warning.Summary, warning.Detail)
	}
}

// warnOfUnproven tells of what Intune does otherwise than one would expect.
func warnOfUnproven(c change, diags *diag.Diagnostics) {
	if warning, unproven := enrollment.UnprovenCreation(c.kind, c.plan.Name.ValueString()); unproven && c.prior == nil {
		diags.AddWarning(warning.Summary, warning.Detail)
	}
	if warning, replaces := enrollment.ReplacesKey(c.kind, c.plan.Name.ValueString()); replaces && c.rotates() {
		diags.AddAttributeWarning(path.Root("key_rotation"), warning.Summary, warning.Detail)
	}
}

// warnOfMixedPrograms looks for tokens of the other type when a token is made
// or changes its type. A list that cannot be read is no reason not to plan.
func (r *token) warnOfMixedPrograms(ctx context.Context, c change, diags *diag.Diagnostics) {
	kind := c.plan.Type
	if !r.Ready() || kind.IsUnknown() || c.prior != nil && c.prior.Type.Equal(kind) {
		return
	}
	all, err := enrollment.ListTokensBriefly(ctx, r.Service)
	if err != nil {
		return
	}
	var others []enrollment.Token
	for _, other := range all {
		if c.prior == nil || other.ID != c.prior.ID.ValueString() {
			others = append(others, other)
		}
	}
	if warning, mixed := enrollment.MixedPrograms(c.plan.Name.ValueString(), enrollment.TokenType(kind.ValueString()), others); mixed {
		diags.AddAttributeWarning(path.Root("type"), warning.Summary, warning.Detail)
	}
}

// refuseIfProtected keeps a token, and with it every enrollment of a school,
// from being destroyed by a slip.
func refuseIfProtected(ctx context.Context, get func(context.Context, any) diag.Diagnostics, diags *diag.Diagnostics) bool {
	var state model
	diags.Append(get(ctx, &state)...)
	if diags.HasError() {
		return true
	}
	if !state.DeletionProtection.ValueBool() {
		return false
	}
	diags.AddAttributeError(path.Root("deletion_protection"), "Unable to delete "+thing,
		"Token \""+state.Name.ValueString()+"\" is protected: without it no device of this server can be synced or get a profile, and its server token has to be made anew in Apple School Manager. "+
			"If that is what you want, set deletion_protection = false, apply, and then delete or replace it. "+
			"To keep the token and only stop managing it here, use a removed block or state rm.")
	return true
}
