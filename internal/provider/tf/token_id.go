package tf

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
)

// OfToken are the plan modifiers of the token_id of what belongs to one token:
// another token is another object. The same id in capitals is the same token,
// and is no reason to destroy anything: ids are GUIDs, and Microsoft's tools
// print them in either way.
func OfToken() []planmodifier.String {
	return []planmodifier.String{spelledAsBefore{}, stringplanmodifier.RequiresReplace()}
}

// spelledAsBefore keeps the spelling that the state has.
type spelledAsBefore struct{}

// Description implements planmodifier.String.
func (spelledAsBefore) Description(context.Context) string {
	return "capitals and small letters are the same"
}

// MarkdownDescription implements planmodifier.String.
func (m spelledAsBefore) MarkdownDescription(ctx context.Context) string { return m.Description(ctx) }

// PlanModifyString implements planmodifier.String.
func (spelledAsBefore) PlanModifyString(_ context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	known := !req.StateValue.IsNull() && !req.PlanValue.IsNull() && !req.PlanValue.IsUnknown()
	if known && strings.EqualFold(req.StateValue.ValueString(), req.PlanValue.ValueString()) {
		resp.PlanValue = req.StateValue
	}
}
