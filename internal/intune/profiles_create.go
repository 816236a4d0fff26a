package intune

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune/graph"
)

const (
	// mostProfiles is how many profiles Intune takes under a token.
	mostProfiles = 1000
	// findOutWithin is how long it is looked whether a request without a good answer was carried out.
	findOutWithin = 30 * time.Second
)

// CreateProfile implements enrollment.ProfileService. Some tenants make no more classic profiles and answer a bare 500: that
// is ErrClassicRefused, after it was found out that no profile appeared.
func (s *Service) CreateProfile(ctx context.Context, spec enrollment.ProfileSpec) (enrollment.ProfileResult, error) {
	spec = complete(spec, enrollment.ProfileSpec{})
	if spec.Pairing == nil { // Graph's default denies it (iTunesPairingMode is disallow, 0), which nobody has asked for
		spec.Pairing = &enrollment.Pairing{Mode: enrollment.PairingAllow}
	}
	if err := checkProfile(spec); err != nil {
		return enrollment.ProfileResult{}, err
	}
	body, err := askProfile(spec)
	if err != nil {
		return enrollment.ProfileResult{}, err
	}
	if _, err := s.usableToken(ctx, spec.TokenID); err != nil {
		return enrollment.ProfileResult{}, err
	}
	before, err := s.readProfiles(ctx, spec.TokenID, "")
	if err != nil {
		return enrollment.ProfileResult{}, err
	}
	if len(before) >= mostProfiles {
		return enrollment.ProfileResult{}, &enrollment.Error{
			Kind: enrollment.ErrConflict, What: fmt.Sprintf("Token %s has %d enrollment profiles and policies, and Intune takes %d", spec.TokenID, len(before), mostProfiles),
			Do: "Delete some that no device has.",
		}
	}
	raw, err := s.postProfile(ctx, spec, body, before)
	if err != nil {
		return enrollment.ProfileResult{}, err
	}
	return s.created(ctx, spec.TokenID, raw, body)
}

// postProfile makes a profile and gives what Graph says of it.
func (s *Service) postProfile(ctx context.Context, spec enrollment.ProfileSpec, body map[string]any, before []listedProfile) (json.RawMessage, error) {
	var raw json.RawMessage
	_, err := s.graph.Send(ctx, http.MethodPost, profilesPath(spec.TokenID), body, &raw, false)
	if err == nil && identified(spec.TokenID, raw) {
		return raw, nil
	}
	what := fmt.Sprintf("create enrollment profile %q under token %s", spec.Name, spec.TokenID)
	if err != nil && !inDoubt(err) {
		if refusesClassic(err) {
			return nil, classicRefused(spec.Name, err)
		}
		return nil, s.failed(what, err)
	}
	found, lookErr := s.appeared(ctx, spec, before)
	switch {
	case found != nil:
		return found, nil
	case lookErr != nil:
		return nil, &enrollment.Error{
			Kind: enrollment.ErrUnanswered, What: "It is not known whether Microsoft Graph did " + what, Err: errors.Join(err, lookErr),
			Do: "Look in the Intune admin center: if the profile is there, import it; otherwise apply again.",
		}
	case graph.StatusOf(err) == http.StatusInternalServerError, graph.StatusOf(err) == http.StatusNotImplemented:
		return nil, classicRefused(spec.Name, err)
	}
	return nil, s.failed(what, err)
}

// identified tells whether an answer says under which id the profile was made. One without a body, from a proxy or as Graph
// gives for a PATCH, does not.
func identified(tokenID string, raw json.RawMessage) bool {
	p, err := takeProfile(tokenID, raw)
	return err == nil && keyOf(p.ID) != ""
}

// appeared looks for a while whether a profile came that was not there before: of this name, classic.
func (s *Service) appeared(ctx context.Context, spec enrollment.ProfileSpec, before []listedProfile) (found json.RawMessage, err error) {
	_, err = s.within(ctx, findOutWithin, func(ctx context.Context) (bool, error) {
		all, err := s.readProfiles(ctx, spec.TokenID, "")
		if err != nil {
			return false, err
		}
		for _, p := range all {
			old := slices.ContainsFunc(before, func(b listedProfile) bool { return b.ID == p.ID })
			if !old && p.classic && p.Name == spec.Name {
				found = p.raw
			}
		}
		return found != nil, nil
	})
	return found, err
}

// refusesClassic tells whether an answer says that there is no such thing as a new classic profile any more. The bare 500 that
// some tenants give is told apart by its status, after it was found out that it did nothing.
func refusesClassic(err error) bool {
	e := new(graph.Error)
	if !errors.As(err, &e) {
		return false
	}
	noRoute := strings.Contains(e.Code+e.Message, "No OData route") || strings.Contains(e.Code, "No method match route template")
	return e.Status == http.StatusMethodNotAllowed || e.Status == http.StatusGone || e.Status == http.StatusBadRequest && noRoute
}

func classicRefused(name string, err error) error {
	return &enrollment.Error{
		Kind: enrollment.ErrClassicRefused, What: fmt.Sprintf("Intune did not make the enrollment profile %q", name), Err: err,
		Do: "Since 2026 Intune keeps enrollment profiles as they are, and some tenants refuse new ones without saying so; existing ones can still be imported and changed. " +
			"Use an enrollment policy (asm_enrollment_policy) instead. If other requests fail too, it may be trouble that passes: apply again.",
	}
}

// created reads a new profile until it shows. It exists by now, so that nothing more is a reason to fail: without its id
// nobody could find it again.
func (s *Service) created(ctx context.Context, tokenID string, raw json.RawMessage, body map[string]any) (enrollment.ProfileResult, error) {
	p, err := takeProfile(tokenID, raw)
	if err != nil || keyOf(p.ID) == "" {
		return enrollment.ProfileResult{}, &enrollment.Error{
			Kind: enrollment.ErrUnanswered, What: fmt.Sprintf("Microsoft Graph made the enrollment profile %q and did not say under which id", body["displayName"]), Err: err,
			Do: "Look for it in the Intune admin center and import it.",
		}
	}
	s.fleets.of(tokenID).directory.add(listedProfile{ID: p.ID, Name: p.Name, platform: enrollment.IOS, classic: true})
	return s.settled(ctx, p, raw, body), nil
}
