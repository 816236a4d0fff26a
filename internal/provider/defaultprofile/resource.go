// Package defaultprofile is asm_default_profile: the enrollment profile that
// new devices of a platform get.
package defaultprofile

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

const thing = "the default enrollment profile"

type defaultProfile struct{ tf.Resource }

// NewResource makes the resource.
func NewResource() resource.Resource { return &defaultProfile{} }

// Metadata implements resource.Resource.
func (r *defaultProfile) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_default_profile"
}

// ModifyPlan implements resource.ResourceWithModifyPlan.
func (r *defaultProfile) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if !r.Ready() || !r.GuardStore(ctx, req.Private, &resp.Diagnostics) {
		return
	}
	if req.Plan.Raw.IsNull() {
		r.planDestroy(ctx, req.State, &resp.Diagnostics)
		return
	}
	var plan model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	r.RequireServerToken(ctx, plan.TokenID, &resp.Diagnostics)
	if req.State.Raw.IsNull() {
		r.requireProfile(ctx, plan, &resp.Diagnostics)
		r.warnOfOther(ctx, plan, &resp.Diagnostics)
		return
	}
	var state model
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if !plan.TokenID.Equal(state.TokenID) || !plan.Platform.Equal(state.Platform) {
		r.planDestroy(ctx, req.State, &resp.Diagnostics) // what replaces it is planned after that
		return
	}
	if r.same(plan.ProfileID.ValueString(), state.ProfileID.ValueString()) {
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("profile_id"), state.ProfileID)...)
		return
	}
	r.requireProfile(ctx, plan, &resp.Diagnostics)
	if !resp.Diagnostics.HasError() {
		r.warnOfChange(ctx, plan, state.ProfileID.ValueString(), &resp.Diagnostics)
	}
}

// requireProfile refuses a profile that the token does not have. One that the
// same apply makes has no id yet at plan.
func (r *defaultProfile) requireProfile(ctx context.Context, plan model, diags *diag.Diagnostics) {
	if diags.HasError() || plan.TokenID.IsUnknown() || plan.ProfileID.IsUnknown() {
		return
	}
	id := plan.ProfileID.ValueString()
	if _, err := r.Service.ReadProfile(ctx, enrollment.ProfileRef{TokenID: plan.TokenID.ValueString(), ID: id}); !errors.Is(err, enrollment.ErrNotFound) {
		return // what else is wrong shows when it is set
	}
	token, err := r.Service.ReadToken(ctx, plan.TokenID.ValueString())
	if err != nil {
		return
	}
	diags.AddAttributeError(path.Root("profile_id"), fmt.Sprintf("There is no enrollment profile %q in token %q", id, token.Name),
		"Give the id of an asm_enrollment_profile, or profile_id of an asm_enrollment_policy, of this token.")
}

// same holds another spelling of a profile's id for the same profile.
func (r *defaultProfile) same(a, b string) bool {
	return enrollment.SameProfile(r.Service.Kind(), a, b)
}

// warnOfOther tells of a default that somebody else has set: creating this one
// takes its place.
func (r *defaultProfile) warnOfOther(ctx context.Context, plan model, diags *diag.Diagnostics) {
	if diags.HasError() || plan.TokenID.IsUnknown() || plan.Platform.IsUnknown() {
		return
	}
	now, err := r.Service.DefaultProfile(ctx, plan.TokenID.ValueString(), plan.platform())
	if err != nil || now == "" || r.same(now, plan.ProfileID.ValueString()) {
		return // what is wrong shows when it is set
	}
	w := r.change(ctx, plan, now).Warning()
	diags.AddAttributeWarning(path.Root("profile_id"), w.Summary,
		fmt.Sprintf("The enrollment profile %s is the default for %s of token %s, and nothing in this state says so: somebody else has set it. To keep it, import it as %s first. %s",
			now, plan.platform(), plan.TokenID.ValueString(), plan.id(), w.Detail))
}

// Create implements resource.Resource.
func (r *defaultProfile) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if err := r.Service.SetDefaultProfile(ctx, plan.TokenID.ValueString(), plan.platform(), plan.ProfileID.ValueString()); errors.Is(err, enrollment.ErrNotShown) {
		tf.AddErrorAsWarning(&resp.Diagnostics, "see", thing, err, "It is in the state; the next refresh finds out what became of it.")
	} else if err != nil {
		tf.AddError(&resp.Diagnostics, "create", thing, err)
		return
	}
	plan.ID = types.StringValue(plan.id())
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	setIdentity(ctx, resp.Identity, plan, &resp.Diagnostics)
	var remembering diag.Diagnostics
	r.RememberStore(context.WithoutCancel(ctx), resp.Private, &remembering)
	resp.Diagnostics.Append(tf.AsWarnings(remembering, "The default is set; the next refresh makes up for it.")...)
}

// Read implements resource.Resource.
func (r *defaultProfile) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state model
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	setIdentity(ctx, resp.Identity, state, &resp.Diagnostics) // also state of older tools has one then, and a removal needs it
	if !r.Ready() && state.imported() {
		resp.Diagnostics.AddError("Unable to import before the provider is configured",
			"A value in the provider configuration is known only after apply. Apply what it comes from first, then import.")
	}
	if resp.Diagnostics.HasError() || !r.Ready() || !r.GuardStore(ctx, req.Private, &resp.Diagnostics) {
		return
	}
	now, err := r.Service.DefaultProfile(ctx, state.TokenID.ValueString(), state.platform())
	switch {
	case errors.Is(err, enrollment.ErrNotFound), err == nil && now == "":
		resp.State.RemoveResource(ctx)
		return
	case err != nil:
		tf.AddError(&resp.Diagnostics, "read", thing, err)
		return
	}
	if !r.same(now, state.ProfileID.ValueString()) {
		state.ProfileID = types.StringValue(now)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	r.RememberStore(ctx, resp.Private, &resp.Diagnostics)
}

// Update implements resource.Resource: another profile becomes the default.
func (r *defaultProfile) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	setIdentity(ctx, resp.Identity, plan, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || !r.GuardStore(ctx, req.Private, &resp.Diagnostics) {
		return
	}
	if err := r.Service.SetDefaultProfile(ctx, plan.TokenID.ValueString(), plan.platform(), plan.ProfileID.ValueString()); err != nil {
		tf.AddError(&resp.Diagnostics, "update", thing, err)
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

// Delete implements resource.Resource. It unsets the default only where it is
// still the one in state: a default that somebody else has set meanwhile, also
// another resource in this apply, stays.
func (r *defaultProfile) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state model
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || !r.GuardStore(ctx, req.Private, &resp.Diagnostics) {
		return
	}
	now, err := r.Service.DefaultProfile(ctx, state.TokenID.ValueString(), state.platform())
	if err == nil && r.same(now, state.ProfileID.ValueString()) {
		err = r.Service.UnsetDefaultProfile(ctx, state.TokenID.ValueString(), state.platform())
	} else if err == nil && now != "" {
		resp.Diagnostics.AddWarning("Another default enrollment profile was kept",
			fmt.Sprintf("The default for %s of token %s is now %s and no longer %s, so it was left as it is.", state.platform(), state.TokenID.ValueString(), now, state.ProfileID.ValueString()))
	}
	switch {
	case err == nil, errors.Is(err, enrollment.ErrNotFound):
	case errors.Is(err, enrollment.ErrUnsupported):
		tf.AddErrorAsWarning(&resp.Diagnostics, "unset", thing, err,
			fmt.Sprintf("The enrollment profile %s stays the default for %s; Terraform no longer manages it.", state.ProfileID.ValueString(), state.platform()))
	default:
		tf.AddError(&resp.Diagnostics, "delete", thing, err)
	}
}

// ImportState implements resource.ResourceWithImportState.
func (r *defaultProfile) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	var who identity
	if req.ID == "" {
		resp.Diagnostics.Append(req.Identity.Get(ctx, &who)...)
		if resp.Diagnostics.HasError() {
			return
		}
	}
	m, err := parseImport(req.ID, who)
	if err != nil {
		tf.AddError(&resp.Diagnostics, "import", thing, &enrollment.Error{
			Kind: enrollment.ErrInvalid, What: fmt.Sprintf("%q is not an id that can be imported", req.ID), Err: err,
			Do: "Import a default enrollment profile by TOKEN_ID/PLATFORM, where PLATFORM is one of " + strings.Join(platforms(), ", ") + ".",
		})
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

func setIdentity(ctx context.Context, to *tfsdk.ResourceIdentity, m model, diags *diag.Diagnostics) {
	if to != nil {
		diags.Append(to.Set(ctx, identity{TokenID: m.TokenID, Platform: m.Platform})...)
	}
}
