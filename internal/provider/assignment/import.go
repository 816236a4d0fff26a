package assignment

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

// identity names what an assignment is about. It changes with profile_id, and
// several assignments may share one.
type identity struct {
	TokenID   types.String `tfsdk:"token_id"`
	ProfileID types.String `tfsdk:"profile_id"`
}

// IdentitySchema implements resource.ResourceWithIdentity.
func (r *assignment) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Version: identityVersion, Attributes: map[string]identityschema.Attribute{
		"token_id":   identityschema.StringAttribute{RequiredForImport: true, Description: "Id of the token whose devices these are."},
		"profile_id": identityschema.StringAttribute{RequiredForImport: true, Description: "Id of the enrollment profile that the devices have."},
	}}
}

func setIdentity(ctx context.Context, into *tfsdk.ResourceIdentity, m model, diags *diag.Diagnostics) {
	if into != nil {
		diags.Append(into.Set(ctx, identity{TokenID: m.TokenID, ProfileID: m.ProfileID})...)
	}
}

// ImportState implements resource.ResourceWithImportState: "TOKEN_ID/PROFILE_ID",
// or the identity, takes all devices of the profile as serial_number_list.
func (r *assignment) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	tokenID, profileID, ok := strings.Cut(req.ID, "/")
	if req.ID == "" && req.Identity != nil {
		var from identity
		resp.Diagnostics.Append(req.Identity.Get(ctx, &from)...)
		tokenID, profileID, ok = from.TokenID.ValueString(), from.ProfileID.ValueString(), true
	}
	if !ok || tokenID == "" || profileID == "" || strings.Contains(profileID, "/") {
		resp.Diagnostics.AddError("Unable to import "+thing,
			fmt.Sprintf("%q does not say which token and which profile. Write the import id as TOKEN_ID/PROFILE_ID.", req.ID))
		return
	}
	kind := enrollment.Embedded
	if r.Ready() {
		kind = r.Service.Kind()
	}
	resp.Diagnostics.Append(beginImport(ctx, &resp.State, kind, identity{TokenID: types.StringValue(tokenID), ProfileID: types.StringValue(profileID)})...)
}

func beginImport(ctx context.Context, into tf.Values, kind enrollment.Kind, ref identity) diag.Diagnostics {
	var diags diag.Diagnostics
	for name, value := range map[string]any{
		"id": uuid.NewString(), "token_id": ref.TokenID, "profile_id": ref.ProfileID,
		"on_leave": string(enrollment.FirstOnLeave(kind)), "missing_devices": missingError, "allow_empty": false,
	} {
		diags.Append(into.SetAttribute(ctx, path.Root(name), value)...)
	}
	return diags
}
