// Package sds is asm_sds_connection: a token is shared with School Data Sync.
package sds

import (
	"context"
	"errors"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

const thing = "the School Data Sync connection"

type connection struct{ tf.Resource }

// NewResource makes the resource.
func NewResource() resource.Resource { return &connection{} }

type model struct {
	ID      types.String `tfsdk:"id"`
	TokenID types.String `tfsdk:"token_id"`
}

// Metadata implements resource.Resource.
func (r *connection) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_sds_connection"
}

// IdentitySchema implements resource.ResourceWithIdentity.
func (r *connection) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Version: identityVersion, Attributes: map[string]identityschema.Attribute{
		"token_id": identityschema.StringAttribute{RequiredForImport: true, Description: "Id of the token that is shared."},
	}}
}

// Schema implements resource.Resource.
func (r *connection) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		Version: schemaVersion,
		MarkdownDescription: "Lets Microsoft School Data Sync use an enrollment program token to read the school's class roster. " +
			"While the resource exists the token is shared; destroying it stops the sharing. " +
			"The embedded service records the permission.\n\n" +
			"On Intune (Microsoft Graph's `shareTokenWithSchoolDataSyncService`) one token of a tenant can be shared: sharing another takes it away from the first, and the plan says from which. " +
			"School Data Sync has had no Apple School Manager connector since the end of 2024; the switch is there all the same.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed: true, MarkdownDescription: "The token's id.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"token_id": schema.StringAttribute{
				Required: true, MarkdownDescription: "Id of the `asm_token` that is shared.",
				Validators:    []validator.String{stringvalidator.LengthAtLeast(1)},
				PlanModifiers: tf.OfToken(),
			},
		},
	}
}

// ModifyPlan implements resource.ResourceWithModifyPlan.
func (r *connection) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if !r.Ready() || !r.GuardStore(ctx, req.Private, &resp.Diagnostics) || req.Plan.Raw.IsNull() {
		return
	}
	var plan model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	r.RequireServerToken(ctx, plan.TokenID, &resp.Diagnostics)
	if r.Service.Kind() == enrollment.Intune && !plan.TokenID.IsUnknown() {
		r.checkOnlyOne(ctx, plan.TokenID.ValueString(), &resp.Diagnostics)
	}
}

// Create implements resource.Resource.
func (r *connection) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	r.RememberStore(ctx, resp.Private, &resp.Diagnostics) // before the sharing: after it this may not fail any more
	if resp.Diagnostics.HasError() {
		return
	}
	if err := r.Service.SetSDSSharing(ctx, plan.TokenID.ValueString(), true); errors.Is(err, enrollment.ErrNotShown) {
		tf.AddErrorAsWarning(&resp.Diagnostics, "see", thing, err, "It is in the state; the next refresh finds out what became of it.")
	} else if err != nil {
		tf.AddError(&resp.Diagnostics, "create", thing, err)
		return
	}
	plan.ID = plan.TokenID
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("token_id"), plan.ID)...)
}

// Read implements resource.Resource.
func (r *connection) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state model
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("token_id"), state.ID)...) // the framework wants one whatever else becomes of the read
	if resp.Diagnostics.HasError() || !r.Ready() || !r.GuardStore(ctx, req.Private, &resp.Diagnostics) {
		return
	}
	token, err := r.Service.ReadToken(ctx, state.ID.ValueString())
	switch {
	case errors.Is(err, enrollment.ErrNotFound), err == nil && !token.SharedWithSDS:
		resp.State.RemoveResource(ctx)
		return
	case err != nil:
		tf.AddError(&resp.Diagnostics, "read", thing, err)
		return
	}
	state.TokenID = state.ID
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	r.RememberStore(ctx, resp.Private, &resp.Diagnostics)
}

// Update implements resource.Resource. There is nothing to change: another
// token means another connection.
func (r *connection) Update(_ context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	resp.State.Raw = req.Plan.Raw
}

// Delete implements resource.Resource.
func (r *connection) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	if !r.GuardStore(ctx, req.Private, &resp.Diagnostics) {
		return
	}
	var state model
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	err := r.Service.SetSDSSharing(ctx, state.ID.ValueString(), false)
	if err != nil && !errors.Is(err, enrollment.ErrNotFound) {
		tf.AddError(&resp.Diagnostics, "delete", thing, err)
	}
}

// ImportState implements resource.ResourceWithImportState: the id, or the
// identity, is the token's.
func (r *connection) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	resource.ImportStatePassthroughWithIdentity(ctx, path.Root("id"), path.Root("token_id"), req, resp)
}
