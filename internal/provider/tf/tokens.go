package tf

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// RequireToken is an error where the tenant has no token of a known id. It goes
// after RequireServerToken: a token that was found usable is not read again. On
// the embedded service the apply says it.
func (rt *Runtime) RequireToken(ctx context.Context, tokenID types.String, diags *diag.Diagnostics) {
	if !rt.Ready() || rt.Service.Kind() != enrollment.Intune || tokenID.IsUnknown() || tokenID.IsNull() || rt.Plans.WillBeUsable(tokenID.ValueString()) {
		return
	}
	if _, err := rt.Service.ReadToken(ctx, tokenID.ValueString()); errors.Is(err, enrollment.ErrNotFound) {
		diags.AddAttributeError(path.Root("token_id"), fmt.Sprintf("There is no token %q", tokenID.ValueString()),
			"Give the id of an asm_token of this tenant.")
	}
}
