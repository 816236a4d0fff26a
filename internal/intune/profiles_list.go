package intune

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"strings"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune/graph"
)

// mirrorPrefix stands before the id of an enrollment policy where it is listed among the enrollment profiles.
const mirrorPrefix = "ECV2_"

// listedProfile is an entry of a token's enrollmentProfiles.
type listedProfile struct {
	ID, Name string
	// platform is empty where the type does not say.
	platform enrollment.Platform
	// classic: it is what CreateProfile makes.
	classic bool
	raw     json.RawMessage
}

func profilesPath(tokenID string) string { return tokenPath(tokenID, "enrollmentProfiles") }

func profilePath(tokenID, id string) string { return profilesPath(tokenID) + "/" + graph.Segment(id) }

// spelled is an id as Graph lists classic profiles, {token}_{profile}: a bare GUID lacks the token.
func spelled(tokenID, id string) string {
	if guid.FindString(id) == id && id != "" {
		return tokenID + "_" + id
	}
	return id
}

// readProfiles reads everything under a token's enrollmentProfiles: classic profiles of all platforms and mirrored policies.
func (s *Service) readProfiles(ctx context.Context, tokenID, lookedFor string) ([]listedProfile, error) {
	var out []listedProfile
	for p, err := range s.eachProfile(ctx, tokenID) {
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	s.fleets.of(tokenID).directory.keep(out, lookedFor)
	return out, nil
}

// eachProfile yields everything under a token's enrollmentProfiles, a page at a time. After an error there is nothing more.
func (s *Service) eachProfile(ctx context.Context, tokenID string) iter.Seq2[listedProfile, error] {
	return func(yield func(listedProfile, error) bool) {
		for page, err := range s.graph.Pages(ctx, profilesPath(tokenID), nil) {
			if err != nil {
				yield(listedProfile{}, s.failed("read the enrollment profiles of token "+tokenID, err))
				return
			}
			for _, raw := range page {
				p, err := entryOf(tokenID, raw)
				if err != nil {
					yield(p, s.failed("read the enrollment profiles of token "+tokenID, err))
					return
				}
				if !yield(p, nil) {
					return
				}
			}
		}
	}
}

func entryOf(tokenID string, raw json.RawMessage) (listedProfile, error) {
	var w wireProfile
	if err := json.Unmarshal(raw, &w); err != nil {
		return listedProfile{}, fmt.Errorf("an enrollment profile that Microsoft Graph gave cannot be read: %w", err)
	}
	return listedProfile{
		ID: spelled(tokenID, w.ID), Name: value(w.DisplayName), platform: platformOf(w), classic: otherKind(w) == "", raw: raw,
	}, nil
}

// listed tells how Graph lists a profile. One that the list does not have, as right after it was made, has the spelling of a
// classic one.
func (s *Service) listed(ctx context.Context, tokenID, id string) (listedProfile, error) {
	d := &s.fleets.of(tokenID).directory
	p, ok := d.find(id)
	if ok || d.gaveUp(id) {
		return orSpelled(p, tokenID, id), nil
	}
	unlock, err := d.gate.lock(ctx)
	if err != nil {
		return p, err
	}
	defer unlock()
	if p, ok = d.find(id); !ok && !d.gaveUp(id) { // somebody else may have looked meanwhile
		if _, err := s.readProfiles(ctx, tokenID, id); err != nil {
			return p, err
		}
		p, _ = d.find(id)
	}
	return orSpelled(p, tokenID, id), nil
}

func orSpelled(p listedProfile, tokenID, id string) listedProfile {
	if p.ID == "" {
		p.ID = spelled(tokenID, id)
	}
	return p
}

// known is listed for a profile that has to be there: one that the list does not have is read by itself. ErrNotFound says that
// it is nowhere.
func (s *Service) known(ctx context.Context, tokenID, id string) (listedProfile, error) {
	p, err := s.listed(ctx, tokenID, id)
	d := &s.fleets.of(tokenID).directory
	if _, there := d.find(id); err != nil || there {
		return p, err
	}
	_, raw, err := s.findProfile(ctx, enrollment.ProfileRef{TokenID: tokenID, ID: id})
	if err != nil {
		return p, err
	}
	if p, err = entryOf(tokenID, raw); err == nil {
		d.add(p)
	}
	return p, err
}

func (s *Service) listedID(ctx context.Context, tokenID, id string) (string, error) {
	if noProfile(id) {
		return "", nil
	}
	p, err := s.listed(ctx, tokenID, id)
	return p.ID, err
}

// ProfileName implements enrollment.ProfileService: from the list of a token's profiles, which is read once.
func (s *Service) ProfileName(ctx context.Context, ref enrollment.ProfileRef) (string, error) {
	tokenID, err := tokenOf(ref)
	if err != nil {
		return "", err
	}
	p, err := s.listed(ctx, tokenID, ref.ID)
	return p.Name, err
}

// Profiles implements enrollment.ProfileService. It lists the classic profiles for iOS and iPadOS: what CreateProfile makes.
// Mirrored policies and profiles of other platforms, which stand in the same collection, can be given to devices and made
// the default, and are not listed.
func (s *Service) Profiles(ctx context.Context, tokenID string) iter.Seq2[enrollment.Profile, error] {
	return func(yield func(enrollment.Profile, error) bool) {
		var seen []listedProfile
		for entry, err := range s.eachProfile(ctx, tokenID) {
			var p enrollment.Profile
			if err == nil && entry.classic {
				p, err = s.profileOf(tokenID, entry.raw)
			}
			if err != nil {
				yield(enrollment.Profile{}, err)
				return
			}
			if entry.classic && !yield(p, nil) {
				return
			}
			entry.raw = nil
			seen = append(seen, entry)
		}
		s.fleets.of(tokenID).directory.keep(seen, "")
	}
}

// profileOf is a profile with the number of its devices, where they were read already.
func (s *Service) profileOf(tokenID string, raw json.RawMessage) (enrollment.Profile, error) {
	p, err := takeProfile(tokenID, raw)
	if err != nil {
		return p, s.failed("read the enrollment profiles of token "+tokenID, err)
	}
	if n, counted := s.fleets.of(tokenID).count(keyOf(p.ID)); counted {
		p.DeviceCount = n
	}
	return p, nil
}

// ReadProfile implements enrollment.ProfileService. It answers for whatever can be given to devices; Profile.OtherKind says
// what is no classic profile for iOS and iPadOS. The devices are not counted for it: that can take 200 requests.
func (s *Service) ReadProfile(ctx context.Context, ref enrollment.ProfileRef) (enrollment.Profile, error) {
	tokenID, raw, err := s.findProfile(ctx, ref)
	if err != nil {
		return enrollment.Profile{}, err
	}
	return s.profileOf(tokenID, raw)
}

// findProfile reads a profile by any spelling of its id: by itself, and where Graph does not know it so, from the list.
func (s *Service) findProfile(ctx context.Context, ref enrollment.ProfileRef) (tokenID string, raw json.RawMessage, err error) {
	if tokenID, err = tokenOf(ref); err != nil {
		return "", nil, err
	}
	err = s.graph.Get(ctx, profilePath(tokenID, spelled(tokenID, ref.ID)), nil, &raw)
	if err == nil {
		return tokenID, raw, nil
	}
	if graph.StatusOf(err) != http.StatusNotFound {
		return "", nil, s.failed(fmt.Sprintf("read enrollment profile %s of token %s", ref.ID, tokenID), err)
	}
	all, err := s.readProfiles(ctx, tokenID, ref.ID)
	if err != nil {
		return "", nil, err
	}
	for _, entry := range all {
		if keyOf(entry.ID) == keyOf(ref.ID) {
			return tokenID, entry.raw, nil
		}
	}
	return "", nil, enrollment.NotFound("enrollment profile", ref.ID)
}

// tokenOf is the token of a profile: named, or in the id.
func tokenOf(ref enrollment.ProfileRef) (string, error) {
	in := enrollment.TokenOfProfile(ref.ID)
	switch {
	case ref.TokenID == "" && in == "":
		return "", &enrollment.Error{
			Kind: enrollment.ErrInvalid, What: fmt.Sprintf("%q does not say of which token the enrollment profile is", ref.ID),
			Do: "Write TOKEN_ID/PROFILE_ID, or the id as Microsoft Graph lists it: {token}_{profile}.",
		}
	case ref.TokenID == "":
		return in, nil
	case in != "" && !strings.EqualFold(in, ref.TokenID):
		return "", enrollment.NotFound("enrollment profile", ref.ID) // it is another token's
	}
	return ref.TokenID, nil
}
