package assignment

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// tokenIsGone asks the service whether a "not found" was about the token: only
// then are the devices gone too.
func (r *assignment) tokenIsGone(ctx context.Context, m model) bool {
	_, err := r.Service.ReadToken(ctx, m.TokenID.ValueString())
	return errors.Is(err, enrollment.ErrNotFound)
}

func (r *assignment) profileIsGone(ctx context.Context, m model, id types.String) bool {
	_, err := r.Service.ReadProfile(ctx, enrollment.ProfileRef{TokenID: m.TokenID.ValueString(), ID: id.ValueString()})
	return errors.Is(err, enrollment.ErrNotFound)
}

// fallbackIsGone: leaving devices are to get a profile whose id is known, and
// the token has no such profile.
func (r *assignment) fallbackIsGone(ctx context.Context, m model) bool {
	known := !m.FallbackProfileID.IsNull() && !m.FallbackProfileID.IsUnknown() && !m.TokenID.IsUnknown()
	return known && m.OnLeave.ValueString() == string(enrollment.LeaveFallback) && r.profileIsGone(ctx, m, m.FallbackProfileID)
}

func missingFallback(m model, diags *diag.Diagnostics) {
	diags.AddAttributeError(path.Root("fallback_profile_id"), "The fallback profile does not exist",
		fmt.Sprintf("The token has no enrollment profile %q, so devices that leave cannot get it, and they keep what they have. "+
			"Give the id of one that the token has, or set another on_leave, and apply. Destroy the assignment, if it is to go, after that.",
			m.FallbackProfileID.ValueString()))
}
