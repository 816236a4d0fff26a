package assignment

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// warnOfMove says how many devices a changed profile_id reaches: all that are
// held, and no fuse stops it, since the change is written in the configuration.
func (r *assignment) warnOfMove(ctx context.Context, plan, state model, held holding, diags *diag.Diagnostics) {
	if plan.ProfileID.Equal(state.ProfileID) {
		return
	}
	n := len(enrollment.Without(enrollment.Without(held.owned, held.gone), held.waiting))
	if n == 0 {
		return
	}
	next := "a profile that is made in this apply"
	if !plan.ProfileID.IsUnknown() {
		next = fmt.Sprintf("%q", r.profileName(ctx, plan.TokenID, plan.ProfileID))
	}
	diags.AddAttributeWarning(path.Root("profile_id"), enrollment.Count(n, "device")+" held move to another enrollment profile",
		fmt.Sprintf("A changed profile_id moves every device that the assignment holds and keeps: up to %d go from %q to %s. max_changes does not limit this.",
			n, r.profileName(ctx, state.TokenID, state.ProfileID), next))
}
