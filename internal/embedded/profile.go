package embedded

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/asm-enrollment/terraform-provider-asm/internal/apple"
	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded/store"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

func ignoreNotFound(err error) error {
	if errors.Is(err, enrollment.ErrNotFound) {
		return nil
	}
	return err
}

func ignoreAppleNotFound(err error) error {
	if errors.Is(err, apple.ErrNotFound) {
		return nil
	}
	return err
}

// isAppleUUID tells whether an id has the form of Apple's ids of definitions: 32 upper-case hex digits.
func isAppleUUID(id string) bool {
	return len(id) == 32 && strings.Trim(id, "0123456789ABCDEF") == ""
}

// ReadProfile reads a profile from the store, or from Apple where the id is one of Apple's that no record knows.
func (s *Service) ReadProfile(ctx context.Context, ref enrollment.ProfileRef) (enrollment.Profile, error) {
	record, recorded, err := s.findProfile(ctx, ref)
	if err != nil {
		return enrollment.Profile{}, err
	}
	return s.readProfile(ctx, record, recorded)
}

// findProfile gives the record of a profile: by its id, by any of Apple's ids that is mapped to it, or, for one that only
// Apple knows, the record that it would have.
func (s *Service) findProfile(ctx context.Context, ref enrollment.ProfileRef) (record store.Profile, recorded bool, err error) {
	record, err = s.findRecord(ctx, ref.ID)
	switch {
	case err == nil && ref.TokenID != "" && record.TokenID != ref.TokenID:
		return record, false, enrollment.NotFound("enrollment profile", ref.ID)
	case err == nil:
		return record, true, nil
	case !errors.Is(err, enrollment.ErrNotFound) || !isAppleUUID(ref.ID):
		return record, false, err
	}
	record, err = s.findAtApple(ctx, ref)
	return record, false, err
}

// findRecord looks for a record by its id, or by any of Apple's ids that is mapped to it.
func (s *Service) findRecord(ctx context.Context, id string) (record store.Profile, err error) {
	err = s.store.Read(ctx, func(q *store.Queries) error {
		record, err = q.Profile(ctx, id)
		if !errors.Is(err, enrollment.ErrNotFound) || !isAppleUUID(id) {
			return err
		}
		mapped, lookErr := q.ProfileOf(ctx, id)
		switch {
		case lookErr != nil:
			err = lookErr
		case mapped != "":
			record, err = q.Profile(ctx, mapped)
		}
		return err
	})
	return record, err
}

// findAtApple reads a definition that no record knows, with the token that is named or else with each.
func (s *Service) findAtApple(ctx context.Context, ref enrollment.ProfileRef) (store.Profile, error) {
	tokenIDs := []string{ref.TokenID}
	if ref.TokenID == "" {
		tokenIDs = nil
		tokens, err := s.ListTokens(ctx)
		if err != nil {
			return store.Profile{}, err
		}
		for _, t := range tokens {
			if t.Status != enrollment.AwaitingServerToken {
				tokenIDs = append(tokenIDs, t.ID)
			}
		}
	}
	notFound := enrollment.NotFound("enrollment profile", ref.ID)
	var failure error
	for _, id := range tokenIDs {
		session, t, err := s.session(ctx, id)
		if err == nil {
			var there apple.Profile
			if there, err = session.Profile(ctx, ref.ID); err == nil {
				return store.Profile{ID: ref.ID, TokenID: id, Spec: specOf(there, id), Definition: encode(there), AppleUUID: ref.ID}, nil
			}
		}
		if ignoreAppleNotFound(err) != nil {
			failure = appleError(fmt.Sprintf("read enrollment profile %s with token %q", ref.ID, t.Name), err)
		}
	}
	if failure != nil { // one that could not be asked may have it
		return store.Profile{}, failure
	}
	return store.Profile{}, notFound
}

// readProfile puts together what is known of a profile.
func (s *Service) readProfile(ctx context.Context, record store.Profile, recorded bool) (enrollment.Profile, error) {
	entries, err := s.openEntries(ctx, record.TokenID)
	if err != nil {
		return enrollment.Profile{}, err
	}
	out := profileOf(record, recorded)
	definition, err := decode(record.Definition)
	if err != nil {
		return out, err
	}
	if definition != nil {
		keep(&out.EnrollmentURL, present(definition.URL))
	}
	err = s.store.Read(ctx, func(q *store.Queries) error {
		defaults, err := q.Defaults(ctx, record.TokenID)
		if err != nil {
			return err
		}
		for _, d := range defaults {
			if d.ProfileID == record.ID {
				out.IsDefaultFor = append(out.IsDefaultFor, d.Platform)
			}
		}
		current := record.AppleUUID
		if current == "" {
			current = record.ID // no definition of it: an empty id would count the devices that have no profile
		}
		count, err := q.CountProfile(ctx, record.TokenID, record.ID, current)
		out.DeviceCount = count.Current + count.Superseded
		if count.Superseded > 0 {
			out.Status = enrollment.ProfileUpdating
			if count.ReadyAt.After(s.now()) {
				out.ThrottledUntil = count.ReadyAt
			}
		}
		return err
	})
	if record.AppleUUID == "" || slices.ContainsFunc(entries, definesProfile(record.ID)) {
		out.Status = enrollment.ProfileUndefined
	}
	return out, err
}

// profileOf is what the record of a profile says of it.
func profileOf(record store.Profile, recorded bool) enrollment.Profile {
	out := enrollment.Profile{ID: record.ID, ProfileSpec: record.Spec, AppleUUID: record.AppleUUID, Recorded: recorded, Status: enrollment.ProfileCurrent}
	out.TokenID = record.TokenID
	if record.AppleUUID == "" {
		out.Status = enrollment.ProfileUndefined
	}
	return out
}

func definesProfile(id string) func(store.Entry) bool {
	return func(e store.Entry) bool { return e.Defines() && e.ProfileID == id }
}

// profilePage is how many profiles are read from the store at once.
const profilePage = 100

// Profiles lists the recorded profiles of a token, by name. The store is read in pages, so that who looks at a few of many
// does not wait for the rest, and the caller may take its time.
func (s *Service) Profiles(ctx context.Context, tokenID string) iter.Seq2[enrollment.Profile, error] {
	return func(yield func(enrollment.Profile, error) bool) {
		var last store.Profile
		for {
			page, err := s.profilesAfter(ctx, tokenID, last)
			if err != nil {
				yield(enrollment.Profile{}, err)
				return
			}
			for _, record := range page {
				p, err := s.readProfile(ctx, record, true)
				if !yield(p, err) || err != nil {
					return
				}
			}
			if len(page) < profilePage {
				return
			}
			last = page[len(page)-1]
		}
	}
}

func (s *Service) profilesAfter(ctx context.Context, tokenID string, last store.Profile) (page []store.Profile, err error) {
	err = s.store.Read(ctx, func(q *store.Queries) (err error) {
		if _, err = q.Token(ctx, tokenID); err == nil {
			page, err = q.ProfilesAfter(ctx, tokenID, last, profilePage)
		}
		return err
	})
	return page, err
}

// ProfileName gives the name of a recorded profile. That of one that only Apple knows would have to be asked for.
func (s *Service) ProfileName(ctx context.Context, ref enrollment.ProfileRef) (string, error) {
	record, err := s.findRecord(ctx, ref.ID)
	if errors.Is(err, enrollment.ErrNotFound) && isAppleUUID(ref.ID) {
		return "", nil
	}
	return record.Spec.Name, err
}

// DeleteProfile removes the record of a profile that no device has and that is no default. At Apple there is nothing to
// remove: an unused definition has no effect.
func (s *Service) DeleteProfile(ctx context.Context, ref enrollment.ProfileRef) error {
	record, recorded, err := s.findProfile(ctx, ref)
	if err != nil {
		return err
	}
	unlock, err := s.lockProfile(ctx, record.ID)
	if err != nil {
		return err
	}
	defer unlock()
	if err := s.recoverIfOpen(ctx, record.TokenID); err != nil {
		return err
	}
	p, err := s.readProfile(ctx, record, recorded)
	if err != nil {
		return err
	}
	if p.DeviceCount > 0 || len(p.IsDefaultFor) > 0 {
		return profileInUse(p)
	}
	if !recorded {
		return nil
	}
	return s.store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.DropClaims(ctx, record.ID); err != nil {
			return err
		}
		return tx.DeleteProfile(ctx, record.ID)
	})
}

func profileInUse(p enrollment.Profile) error {
	what := fmt.Sprintf("%d devices have enrollment profile %q", p.DeviceCount, p.Name)
	if len(p.IsDefaultFor) > 0 {
		what += fmt.Sprintf(", and it is the default profile of %v", p.IsDefaultFor)
	}
	return &enrollment.Error{
		Kind: enrollment.ErrInUse, What: what,
		Do: "Give the devices another profile or none, and choose another default, first.",
	}
}

// recoverIfOpen finds out what became of earlier requests without asking anything of a token where none is open.
func (s *Service) recoverIfOpen(ctx context.Context, tokenID string) error {
	entries, err := s.openEntries(ctx, tokenID)
	if err != nil || len(entries) == 0 {
		return err
	}
	session, t, err := s.session(ctx, tokenID)
	if err != nil {
		return err
	}
	return s.recover(ctx, session, t)
}

// DefaultProfile gives the id of a token's default profile for a platform, "" for none.
func (s *Service) DefaultProfile(ctx context.Context, tokenID string, platform enrollment.Platform) (string, error) {
	id := ""
	err := s.store.Read(ctx, func(q *store.Queries) error {
		if _, err := q.Token(ctx, tokenID); err != nil {
			return err
		}
		defaults, err := q.Defaults(ctx, tokenID)
		for _, d := range defaults {
			if d.Platform == platform {
				id = d.ProfileID
			}
		}
		return err
	})
	return id, err
}

// SetDefaultProfile makes a profile the default one: devices that later syncs bring get it.
func (s *Service) SetDefaultProfile(ctx context.Context, tokenID string, platform enrollment.Platform, profileID string) error {
	if !slices.Contains(enrollment.Platforms(), platform) {
		return &enrollment.Error{
			Kind: enrollment.ErrInvalid, Field: "platform", What: fmt.Sprintf("%q is no platform", platform),
			Do: fmt.Sprintf("Use one of %v.", enrollment.Platforms()),
		}
	}
	if _, err := s.tokenRow(ctx, tokenID); err != nil {
		return err
	}
	record, _, err := s.findProfile(ctx, enrollment.ProfileRef{TokenID: tokenID, ID: profileID})
	if err != nil {
		return err
	}
	return s.store.Write(ctx, func(tx *store.Tx) error {
		return tx.SetDefault(ctx, tokenID, store.Default{Platform: platform, ProfileID: record.ID, SetAt: s.now()})
	})
}

// UnsetDefaultProfile takes the default profile from a platform.
func (s *Service) UnsetDefaultProfile(ctx context.Context, tokenID string, platform enrollment.Platform) error {
	if _, err := s.tokenRow(ctx, tokenID); err != nil {
		return err
	}
	return s.store.Write(ctx, func(tx *store.Tx) error { return tx.UnsetDefault(ctx, tokenID, platform) })
}
