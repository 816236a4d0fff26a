package profile

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// inUse says what holds a profile, with the number, and how to let go of it.
// Where reading the profile does not tell the number, the service's own error
// does.
func (r *profile) inUse(ctx context.Context, state model, err error) error {
	p, readErr := r.Service.ReadProfile(ctx, state.ref())
	if readErr != nil || p.DeviceCount < 0 || p.DeviceCount == 0 && len(p.IsDefaultFor) == 0 {
		return err
	}
	what := fmt.Sprintf("The enrollment profile %q is still on %s", p.Name, enrollment.Count(p.DeviceCount, "device"))
	if len(p.IsDefaultFor) > 0 {
		what += " and the default profile for " + strings.Join(platforms(p), ", ")
	}
	return &enrollment.Error{Kind: enrollment.ErrInUse, What: what, Do: enrollment.LetGoOfProfile(r.Service.Kind())}
}

// warnOfDestroy says what makes the service refuse to delete the profile.
func (r *profile) warnOfDestroy(ctx context.Context, state model, diags *diag.Diagnostics) {
	p, err := r.Service.ReadProfile(ctx, state.ref())
	if err != nil {
		return // what is wrong shows when it is deleted
	}
	devices := p.DeviceCount
	if devices == enrollment.DeviceCountUnknown {
		reach, err := r.Reach(ctx, state.TokenID.ValueString(), state.ID.ValueString())
		if err != nil {
			return
		}
		devices = reach.Devices
	}
	if w, inUse := enrollment.DestroyInUse(r.Service.Kind(), "enrollment profile", p.Name, devices, p.IsDefaultFor); inUse {
		diags.AddWarning(w.Summary, w.Detail)
	}
}
