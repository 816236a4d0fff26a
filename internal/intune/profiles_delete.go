package intune

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune/graph"
)

// DeleteProfile implements enrollment.ProfileService. A device whose profile is gone fails to enroll, and whether Intune
// refuses such a removal is not documented: it is refused here, with the numbers.
func (s *Service) DeleteProfile(ctx context.Context, ref enrollment.ProfileRef) error {
	tokenID, raw, err := s.findProfile(ctx, ref)
	if err != nil {
		return err
	}
	p, err := s.ours(tokenID, raw, "deleted")
	if err != nil {
		return err
	}
	if err := s.checkUnused(ctx, p); err != nil {
		return err
	}
	path := profilePath(tokenID, p.ID)
	if _, err := s.graph.Send(ctx, http.MethodDelete, path, nil, nil, true); err != nil && graph.StatusOf(err) != http.StatusNotFound {
		return s.failed(fmt.Sprintf("delete enrollment profile %q (%s)", p.Name, p.ID), err)
	}
	gone, err := s.untilVisible(ctx, func(ctx context.Context) (bool, error) {
		var there json.RawMessage
		err := s.graph.Get(ctx, path, nil, &there)
		if graph.StatusOf(err) == http.StatusNotFound {
			return true, nil
		}
		return false, err
	})
	if err == nil && !gone {
		err = &enrollment.Error{
			Kind: enrollment.ErrUnavailable, What: fmt.Sprintf("Microsoft Graph took the removal of enrollment profile %q (%s) and still shows it after %s", p.Name, p.ID, s.config.VisibleWithin),
			Do: "Apply again, and look in the Intune admin center if it stays.",
		}
	}
	return err
}

func (s *Service) checkUnused(ctx context.Context, p enrollment.Profile) error {
	defaults, err := s.defaultKeys(ctx, p.TokenID)
	if err != nil {
		return err
	}
	n, err := s.devicesOn(ctx, p.TokenID, keyOf(p.ID))
	if err != nil {
		return err
	}
	var platforms []string
	for _, platform := range enrollment.Platforms() {
		if defaults[platform] == keyOf(p.ID) {
			platforms = append(platforms, string(platform))
		}
	}
	if n == 0 && len(platforms) == 0 {
		return nil
	}
	what := fmt.Sprintf("Enrollment profile %q is on %s", p.Name, enrollment.Count(n, "device"))
	if len(platforms) > 0 {
		what += " and is the default profile for " + strings.Join(platforms, ", ")
	}
	do := "Give the devices another profile, and make another profile the default, first: a device whose profile is gone fails to enroll."
	if len(platforms) > 0 {
		do += " Microsoft Graph cannot leave a token without a default profile again: to give up the token's last one, delete it in the Intune admin center."
	}
	return &enrollment.Error{Kind: enrollment.ErrInUse, What: what, Do: do}
}
