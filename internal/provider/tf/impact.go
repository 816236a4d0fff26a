package tf

import (
	"context"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// Reach counts the devices that have a profile.
func (rt *Runtime) Reach(ctx context.Context, tokenID, profileID string) (enrollment.Reach, error) {
	var reach enrollment.Reach
	for d, err := range rt.Service.Devices(ctx, tokenID, enrollment.DeviceFilter{Assignment: []string{profileID}}) {
		if err != nil {
			return enrollment.Reach{}, err //nolint:wrapcheck // says what and what to do already
		}
		reach = reach.With(d)
	}
	return reach, nil
}

// ProfileName is the name of a profile, or its id where the service tells none.
// Each is asked for once a run, without a request of its own.
func (rt *Runtime) ProfileName(ctx context.Context, tokenID, id string) string {
	name := rt.Plans.name("profile "+tokenID+"/"+id, func() string {
		name, err := rt.Service.ProfileName(ctx, enrollment.ProfileRef{TokenID: tokenID, ID: id})
		if err != nil {
			return ""
		}
		return name
	})
	if name == "" {
		return id
	}
	return name
}
