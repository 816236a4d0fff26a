package profile

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

const (
	importFormats = "Import an enrollment profile by ID, by TOKEN_ID/ID, or, where only Apple knows it, by TOKEN_ID/APPLE_UUID: " +
		"the profile's 32 hexadecimal digits at Apple, with or without dashes."
	importFormatsOfIntune = "Import an enrollment profile by its id in Microsoft Graph, TOKEN_PROFILE (two GUIDs with an underscore between them), or by TOKEN_ID/ID, where ID may leave the token out."
)

func (r *profile) importFormats() string {
	if r.Ready() && r.Service.Kind() == enrollment.Intune {
		return importFormatsOfIntune
	}
	return importFormats
}

// ImportState implements resource.ResourceWithImportState. It only takes the id
// apart; the Read that follows finds the profile.
func (r *profile) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	ref := identity{}
	if req.ID == "" {
		resp.Diagnostics.Append(req.Identity.Get(ctx, &ref)...)
	} else if parsed, ok := parseImportID(req.ID); ok {
		ref = parsed
	} else {
		resp.Diagnostics.AddError("Unable to import the enrollment profile", fmt.Sprintf("%q is not an id that can be imported. %s", req.ID, r.importFormats()))
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if ref.TokenID.IsNull() { // an id of Microsoft Graph's names its token itself
		ref.TokenID = tf.StringOrNull(enrollment.TokenOfProfile(ref.ID.ValueString()))
	}
	resp.Diagnostics.Append(beginImport(ctx, &resp.State, ref)...)
}

func beginImport(ctx context.Context, into tf.Values, ref identity) diag.Diagnostics {
	diags := into.SetAttribute(ctx, path.Root("id"), ref.ID)
	diags.Append(into.SetAttribute(ctx, path.Root("token_id"), ref.TokenID)...)
	return diags
}

// parseImportID reads ID and TOKEN_ID/ID.
func parseImportID(id string) (identity, bool) {
	parts := strings.Split(id, "/")
	for _, part := range parts {
		if part == "" || part != strings.TrimSpace(part) {
			return identity{}, false
		}
	}
	switch len(parts) {
	case 1:
		return identity{TokenID: types.StringNull(), ID: types.StringValue(parts[0])}, true
	case 2:
		return identity{TokenID: types.StringValue(parts[0]), ID: types.StringValue(parts[1])}, true
	}
	return identity{}, false
}

// appleUUID spells a UUID as Apple does: 32 upper-case hexadecimal digits.
func appleUUID(id string) (string, bool) {
	digits := strings.ToUpper(strings.ReplaceAll(id, "-", ""))
	if len(digits) != 32 || strings.Trim(digits, "0123456789ABCDEF") != "" {
		return "", false
	}
	return digits, true
}

// notFoundOnImport says which ids could have been meant.
func (r *profile) notFoundOnImport(ref enrollment.ProfileRef, diags *diag.Diagnostics) {
	at := "in this service"
	if ref.TokenID != "" {
		at = fmt.Sprintf("under token %q", ref.TokenID)
	}
	diags.AddError("Unable to import the enrollment profile", fmt.Sprintf("There is no enrollment profile %q %s. %s", ref.ID, at, r.importFormats()))
}

// otherKindOnImport says that an id is one of another kind of thing, which the
// service lists among the profiles.
func otherKindOnImport(p enrollment.Profile, diags *diag.Diagnostics) {
	do := "Terraform does not manage it as asm_enrollment_profile; devices may have it all the same (asm_device_assignment, asm_default_profile)."
	if enrollment.IsPolicyID(p.ID) {
		do = "Import it as asm_enrollment_policy."
	}
	diags.AddError("Unable to import the enrollment profile", fmt.Sprintf("%q (%s) is %s, not a classic enrollment profile. %s", p.Name, p.ID, p.OtherKind, do))
}
