package profile

import (
	"context"
	"fmt"
	"strings"

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
	return &enrollment.Error{Kind: enrollment.ErrInUse, What: what, Do: letGo(r.Service.Kind())}
}

func letGo(kind enrollment.Kind) string {
	do := "Give the devices another profile, or take this one from them (asm_device_assignment), make another profile the default (asm_default_profile), apply, and destroy then. "
	if kind == enrollment.Intune {
		do = "Give the devices another profile (asm_device_assignment), make another profile the default (asm_default_profile), apply, and destroy then. " +
			"Intune cannot take a profile from a device, and devices whose profile is gone fail to enroll. "
	}
	return do + "Where a change replaces the profile, set create_before_destroy in its lifecycle block."
}
