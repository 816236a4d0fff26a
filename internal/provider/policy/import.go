package policy

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

const importFormats = "Import an enrollment policy by its id in the settings catalog (a GUID), by its profile_id (ECV2_{token}_{policy}), or by TOKEN_ID/ID."

// untouchedKey is where private state keeps which attributes an import brought
// and nobody has configured since. They stay in state as they are read, whatever
// configuration leaves out: an import alone is no change.
const untouchedKey = "untouched"

// impliedKey is where private state keeps the choices that an import left out of
// settings, because they follow from settings below them. A configuration that
// names them nevertheless means the same.
const impliedKey = "implied"

// impliedIn are the choices of a policy that follow from others, with their
// values.
func impliedIn(p enrollment.Policy) map[string]string {
	out := map[string]string{}
	for _, id := range p.ImpliedSettings {
		out[id] = p.Settings[id]
	}
	return out
}

// ImportState implements resource.ResourceWithImportState. It only takes the id
// apart; the Read that follows finds the policy.
func (r *policy) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	ref := identity{}
	if req.ID == "" {
		resp.Diagnostics.Append(req.Identity.Get(ctx, &ref)...)
	} else if parsed, ok := parseImportID(req.ID); ok {
		ref = parsed
	} else {
		resp.Diagnostics.AddError("Unable to import the enrollment policy", fmt.Sprintf("%q is not an id that can be imported. %s", req.ID, importFormats))
	}
	if resp.Diagnostics.HasError() {
		return
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
	if slices.ContainsFunc(parts, func(part string) bool { return part == "" || part != strings.TrimSpace(part) }) {
		return identity{}, false
	}
	switch len(parts) {
	case 1:
		return identity{TokenID: types.StringNull(), ID: types.StringValue(parts[0])}, true
	case 2:
		return identity{TokenID: types.StringValue(parts[0]), ID: types.StringValue(parts[1])}, true
	}
	return identity{}, false
}

// notFoundOnImport says which ids could have been meant.
func notFoundOnImport(state model, diags *diag.Diagnostics) {
	at := "in this tenant"
	if token := state.TokenID.ValueString(); token != "" {
		at = fmt.Sprintf("under token %q", token)
	}
	diags.AddError("Unable to import the enrollment policy", fmt.Sprintf("There is no enrollment policy %q %s. %s", state.ID.ValueString(), at, importFormats))
}

// untouched names the attributes that an import brought and that configuration
// leaves out.
func (r *policy) untouched(ctx context.Context, private tf.PrivateGetter, config model, diags *diag.Diagnostics) []string {
	var brought []string
	tf.GetPrivate(ctx, private, untouchedKey, &brought, diags)
	var names []string
	for _, a := range attributes() {
		if slices.Contains(brought, a.name) && a.value(config).IsNull() {
			names = append(names, a.name)
		}
	}
	return names
}
