package embedded

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/asm-enrollment/terraform-provider-asm/internal/apple"
	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded/store"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// checkProfile holds a profile against the rules that the plan has too.
func checkProfile(spec enrollment.ProfileSpec) error {
	violations := slices.Concat(enrollment.CheckForeign(enrollment.Embedded, spec), enrollment.CheckProfile(enrollment.Embedded, spec))
	if len(violations) == 0 {
		return nil
	}
	v := violations[0]
	return &enrollment.Error{Kind: enrollment.ErrInvalid, Field: v.Field, What: v.Summary, Do: v.Detail}
}

// CreateProfile records a profile and defines it at Apple. A refusal takes the record away again; an answer that never
// came leaves it, undefined: a later change finds out.
func (s *Service) CreateProfile(ctx context.Context, spec enrollment.ProfileSpec) (enrollment.ProfileResult, error) {
	var none enrollment.ProfileResult
	if err := checkProfile(spec); err != nil {
		return none, err
	}
	definition, err := define(spec, nil, s.config.MDMURL)
	if err != nil {
		return none, err
	}
	session, t, err := s.session(ctx, spec.TokenID)
	if err != nil {
		return none, err
	}
	if err := s.recover(ctx, session, t); err != nil {
		return none, err
	}
	record := store.Profile{ID: uuid.NewString(), TokenID: t.ID, Spec: spec, CreatedAt: s.now()}
	err = s.sendDefinition(ctx, session, t, store.OpCreate, &record, definition, nil, nil)
	result := enrollment.ProfileResult{}
	switch {
	case err != nil && !inDoubt(err):
		return none, appleError(fmt.Sprintf("create enrollment profile %q", spec.Name), err)
	case err != nil:
		result.Warnings = append(result.Warnings, undefinedWarning(spec.Name, err))
	}
	// It may exist by now, so that nothing more is a reason to fail: without its id nobody could find it again.
	if result.Profile, err = s.readProfile(context.WithoutCancel(ctx), record, true); err != nil {
		result.Profile = profileOf(record, true)
		result.Warnings = append(result.Warnings, unreadWarning(spec.Name, err))
	}
	return result, nil
}

func unreadWarning(name string, err error) enrollment.Warning {
	return enrollment.Warning{
		Summary: fmt.Sprintf("Enrollment profile %q could not be read back", name),
		Detail:  fmt.Sprintf("It was sent to Apple, and its record could not be read afterwards: %v. The next refresh reads it.", err),
	}
}

func undefinedWarning(name string, err error) enrollment.Warning {
	return enrollment.Warning{
		Summary: fmt.Sprintf("It is not known whether Apple has enrollment profile %q", name),
		Detail:  fmt.Sprintf("The definition was sent and no answer came: %v. The next apply finds out and finishes.", err),
	}
}

// sendDefinition defines a profile at Apple, gives it to the first of its devices at once, and records both. The error
// is Apple's own. store.OpCreate makes the record, too: together with the entry, so that a process that dies leaves both.
func (s *Service) sendDefinition(ctx context.Context, session *apple.Session, t store.Token, op store.Op, record *store.Profile, definition apple.Profile, devices []string, result *enrollment.ProfileResult) error {
	entry := store.Entry{
		TokenID: t.ID, Op: op, ProfileID: record.ID, Definition: encode(definition), Hash: digest(definition), SerialNumbers: devices,
	}
	defined := *record
	var before func(*store.Tx) error
	if op == store.OpCreate {
		before = func(tx *store.Tx) error { return tx.SaveProfile(ctx, *record, record.CreatedAt) }
	}
	err := s.journalled(ctx, entry, before, func(ctx context.Context) (func(*store.Tx) error, error) {
		sent := definition
		sent.Devices = devices
		answer, err := session.DefineProfile(ctx, sent)
		s.note(ctx, t, err)
		if err != nil {
			return nil, err
		}
		now := s.now()
		defined.Definition, defined.AppleUUID = entry.Definition, answer.ProfileUUID
		outcome := sortOutcome(devices, apple.Assignment{Devices: answer.Devices}, now)
		if result != nil {
			result.Moved += len(outcome.done)
			result.Failed = append(result.Failed, outcome.failed...)
		}
		return func(tx *store.Tx) error {
			if err := tx.SaveProfile(ctx, defined, now); err != nil {
				return err
			}
			return outcome.record(ctx, tx, assignJob{tokenID: t.ID, profileID: record.ID, appleUUID: answer.ProfileUUID, moving: true}, now)
		}, nil
	})
	if err == nil {
		*record = defined
	}
	return err
}

// UpdateProfile changes a profile. Apple has no change of a definition: a new one is defined, and the devices are moved
// to it, a batch at a time. Called again it goes on where it stopped. A change of what Apple has no field for is recorded
// and sends nothing.
func (s *Service) UpdateProfile(ctx context.Context, ref enrollment.ProfileRef, spec enrollment.ProfileSpec) (enrollment.ProfileResult, error) {
	var result enrollment.ProfileResult
	record, recorded, err := s.findProfile(ctx, ref)
	if err != nil {
		return result, err
	}
	unlock, err := s.lockProfile(ctx, record.ID)
	if err != nil {
		return result, err
	}
	defer unlock()
	doing := fmt.Sprintf("change enrollment profile %q", record.Spec.Name)
	err = s.updateProfile(ctx, &record, recorded, spec, &result)
	if err != nil {
		return result, appleError(doing, err)
	}
	result.Profile, err = s.readProfile(context.WithoutCancel(ctx), record, true)
	return result, err
}

func (s *Service) updateProfile(ctx context.Context, record *store.Profile, recorded bool, spec enrollment.ProfileSpec, result *enrollment.ProfileResult) error {
	session, t, err := s.session(ctx, record.TokenID)
	if err != nil {
		return err
	}
	if err := s.recover(ctx, session, t); err != nil {
		return err
	}
	if recorded { // what was found out may have changed it
		if *record, _, err = s.findProfile(ctx, enrollment.ProfileRef{ID: record.ID}); err != nil {
			return err
		}
	}
	previous, err := decode(record.Definition)
	if err != nil {
		return err
	}
	spec = merge(spec, record.Spec)
	spec.TokenID = record.TokenID
	definition, err := define(spec, previous, s.config.MDMURL)
	if err != nil {
		return err
	}
	spec = withoutCleared(spec)
	if err := checkProfile(spec); err != nil {
		return err
	}
	if !recorded {
		record.CreatedAt = s.now()
	}
	if previous != nil && record.AppleUUID != "" && digest(*previous) == digest(definition) {
		record.Spec = spec
		if err := s.store.Write(ctx, func(tx *store.Tx) error { return tx.SaveProfile(ctx, *record, s.now()) }); err != nil {
			return err
		}
		return s.moveDevices(ctx, session, t, *record, time.Time{}, result)
	}
	return s.redefine(ctx, session, t, record, recorded, spec, definition, result)
}

// redefine defines a profile anew and moves its devices. The first batch goes with the definition: so a definition whose
// answer was lost can be told by its devices.
func (s *Service) redefine(ctx context.Context, session *apple.Session, t store.Token, record *store.Profile, recorded bool, spec enrollment.ProfileSpec, definition apple.Profile, result *enrollment.ProfileResult) error {
	if !recorded { // first as it is, so that its devices are known as the profile's whatever happens next
		if err := s.store.Write(ctx, func(tx *store.Tx) error { return tx.SaveProfile(ctx, *record, s.now()) }); err != nil {
			return err
		}
	}
	unlock, err := s.lockToken(ctx, t.ID)
	if err != nil {
		return err
	}
	first, err := s.movable(ctx, t.ID, record.ID, "", "")
	if err == nil {
		changed := *record
		changed.Spec = spec
		if err = s.sendDefinition(ctx, session, t, store.OpDefine, &changed, definition, first, result); err == nil {
			*record = changed
		}
	}
	unlock()
	if err != nil {
		return err
	}
	return s.moveDevices(ctx, session, t, *record, time.Time{}, result)
}

// movable gives the next batch of a profile's devices that do not have a definition and are not in Apple's cooldown.
func (s *Service) movable(ctx context.Context, tokenID, profileID, butUUID, after string) ([]string, error) {
	var out []string
	for now := s.now(); len(out) < enrollment.MaxBatch; {
		var page []store.Device
		err := s.store.Read(ctx, func(q *store.Queries) (err error) {
			page, err = q.DevicesOfProfile(ctx, tokenID, profileID, butUUID, after, enrollment.MaxBatch)
			return err
		})
		if err != nil || len(page) == 0 {
			return out, err
		}
		for _, d := range page {
			if len(out) < enrollment.MaxBatch && !d.ThrottledUntil.After(now) {
				out = append(out, d.SerialNumber)
			}
		}
		after = page[len(page)-1].SerialNumber
	}
	return out, nil
}

// moveDevices sends the devices that have an earlier definition of a profile to the present one. Those in Apple's
// cooldown stay: a later change of the profile, or a sync, moves them.
func (s *Service) moveDevices(ctx context.Context, session *apple.Session, t store.Token, record store.Profile, deadline time.Time, result *enrollment.ProfileResult) error {
	job := assignJob{
		tokenID: t.ID, profileID: record.ID, appleUUID: record.AppleUUID, moving: true, deadline: deadline, refused: map[string]bool{},
	}
	for _, f := range result.Failed {
		job.refused[f.SerialNumber] = true
	}
	for after := ""; ; {
		batch, err := s.movable(ctx, t.ID, record.ID, record.AppleUUID, after)
		if err != nil || len(batch) == 0 {
			return err
		}
		var outcome enrollment.AssignResult
		err = s.assignBatch(ctx, session, t, job, batch, &outcome)
		result.Moved += len(outcome.Done)
		result.Failed = append(result.Failed, outcome.Failed...)
		if err != nil {
			return err
		}
		after = batch[len(batch)-1]
	}
}
