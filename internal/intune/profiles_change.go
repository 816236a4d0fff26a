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

// UpdateProfile implements enrollment.ProfileService. What is not managed is not sent, and nothing is where nothing differs.
// Devices that are enrolled notice a change after a factory reset only, except for their name; so none is moved.
func (s *Service) UpdateProfile(ctx context.Context, ref enrollment.ProfileRef, spec enrollment.ProfileSpec) (enrollment.ProfileResult, error) {
	tokenID, raw, err := s.findProfile(ctx, ref)
	if err != nil {
		return enrollment.ProfileResult{}, err
	}
	now, err := s.ours(tokenID, raw, "changed")
	if err != nil {
		return enrollment.ProfileResult{}, err
	}
	spec.TokenID = tokenID
	spec = complete(spec, now.ProfileSpec)
	if err := checkProfile(withoutTaken(beside(spec, now.ProfileSpec))); err != nil {
		return enrollment.ProfileResult{}, err
	}
	body, err := askProfile(spec)
	if err != nil {
		return enrollment.ProfileResult{}, err
	}
	if len(differences(body, raw)) == 0 {
		return enrollment.ProfileResult{Profile: now}, nil
	}
	if _, err := s.graph.Send(ctx, http.MethodPatch, profilePath(tokenID, now.ID), body, nil, true); err != nil {
		return enrollment.ProfileResult{}, s.failed(fmt.Sprintf("change enrollment profile %q (%s)", now.Name, now.ID), err)
	}
	return s.settled(ctx, now, raw, body), nil
}

// ours reads a profile that is to be changed or deleted, which only a classic one for iOS and iPadOS can be.
func (s *Service) ours(tokenID string, raw json.RawMessage, done string) (enrollment.Profile, error) {
	p, err := s.profileOf(tokenID, raw)
	if err == nil && p.OtherKind != "" {
		err = &enrollment.Error{
			Kind: enrollment.ErrInvalid, What: fmt.Sprintf("%q (%s) is %s and cannot be %s as an enrollment profile", p.Name, p.ID, p.OtherKind, done),
			Do: "asm_enrollment_profile is for classic profiles of iPhones and iPads; enrollment policies are asm_enrollment_policy. Remove it from the state with terraform state rm.",
		}
	}
	return p, err
}

// settled reads a profile that was written until it shows what was asked for, and says what does not.
func (s *Service) settled(ctx context.Context, p enrollment.Profile, raw json.RawMessage, body map[string]any) enrollment.ProfileResult {
	var last json.RawMessage
	shows, err := s.untilVisible(ctx, func(ctx context.Context) (bool, error) {
		var now json.RawMessage
		err := s.graph.Get(ctx, profilePath(p.TokenID, p.ID), nil, &now)
		if graph.StatusOf(err) == http.StatusNotFound {
			return false, nil
		}
		if err == nil {
			last = now
		}
		return err == nil && len(differences(body, now)) == 0, err
	})
	result := enrollment.ProfileResult{Profile: p}
	if last != nil {
		raw = last
	}
	if read, readErr := s.profileOf(p.TokenID, raw); readErr == nil {
		read.ID = p.ID
		result.Profile = read
	}
	switch {
	case err != nil:
		result.Warnings = []enrollment.Warning{{
			Summary: fmt.Sprintf("Enrollment profile %q could not be read back", p.Name),
			Detail:  fmt.Sprintf("Microsoft Graph took it, and reading it failed afterwards: %v. The next refresh reads it.", err),
		}}
	case !shows && last == nil:
		result.Warnings = []enrollment.Warning{{
			Summary: fmt.Sprintf("Enrollment profile %q does not show yet", p.Name),
			Detail:  fmt.Sprintf("Microsoft Graph took it and did not show it within %s. The next refresh reads it.", s.config.VisibleWithin),
		}}
	case !shows:
		result.Warnings = []enrollment.Warning{{
			Summary: fmt.Sprintf("Enrollment profile %q does not show all of the change yet", p.Name),
			Detail: fmt.Sprintf("Microsoft Graph took it, and after %s these properties still have another value: %s. The next plan shows what did not arrive.",
				s.config.VisibleWithin, strings.Join(differences(body, raw), ", ")),
		}}
	}
	return result
}
