package defaultprofile

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// warnOfChange says what new devices get from now on, and how many devices keep
// what they have.
func (r *defaultProfile) warnOfChange(ctx context.Context, plan model, was string, diags *diag.Diagnostics) {
	if plan.TokenID.IsUnknown() {
		return
	}
	w := r.change(ctx, plan, was).Warning()
	diags.AddAttributeWarning(path.Root("profile_id"), w.Summary, w.Detail)
}

// change is from the profile was to that of the plan, which may have no id yet. A
// number that cannot be told is not worth an error.
func (r *defaultProfile) change(ctx context.Context, plan model, was string) enrollment.DefaultChange {
	tokenID := plan.TokenID.ValueString()
	c := enrollment.DefaultChange{Platform: plan.platform(), Was: r.ProfileName(ctx, tokenID, was), Stay: r.staying(ctx, tokenID, was), Makes: plan.ProfileID.IsUnknown()}
	if !c.Makes {
		c.Is = r.ProfileName(ctx, tokenID, plan.ProfileID.ValueString())
	}
	return c
}

func (r *defaultProfile) staying(ctx context.Context, tokenID, was string) int {
	reach, err := r.Reach(ctx, tokenID, was)
	if err != nil {
		return enrollment.DeviceCountUnknown
	}
	return reach.Devices
}

// planDestroy says what new devices get when the default is given up.
func (r *defaultProfile) planDestroy(ctx context.Context, from tfsdk.State, diags *diag.Diagnostics) {
	var state model
	if from.Get(ctx, &state).HasError() {
		return
	}
	tokenID, was := state.TokenID.ValueString(), state.ProfileID.ValueString()
	if !enrollment.UnsetsDefault(r.Service.Kind()) {
		diags.AddWarning(fmt.Sprintf("Destroying leaves %q the default for %s: Intune cannot unset it", r.ProfileName(ctx, tokenID, was), state.platform()),
			"New devices get it as before; Terraform no longer manages it. To end that, make another profile the default.")
		return
	}
	w := enrollment.DefaultChange{Platform: state.platform(), Was: r.ProfileName(ctx, tokenID, was), Stay: r.staying(ctx, tokenID, was)}.Warning()
	diags.AddWarning(w.Summary, w.Detail)
}
