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

// notSentError is why a request was not even sent.
type notSentError struct{ err error }

func (e *notSentError) Error() string { return e.err.Error() }
func (e *notSentError) Unwrap() error { return e.err }

// journalled writes an entry down, sends what it stands for, and closes it in the transaction that records the effect.
// A request that may have taken effect without a good answer leaves the entry open: recover finds out. What is written
// after Apple answered is written whether or not the caller still waits. before, if not nil, is written together with the
// entry. A new profile that Apple refused leaves no record.
func (s *Service) journalled(ctx context.Context, e store.Entry, before func(*store.Tx) error, send func(context.Context) (effect func(*store.Tx) error, err error)) error {
	owner, err := s.store.Owner(ctx)
	if err != nil {
		return &notSentError{err}
	}
	e.ID, e.Owner, e.OpenedAt = uuid.NewString(), owner, s.now()
	s.setInFlight(e.ID, true)
	defer s.setInFlight(e.ID, false)
	err = s.store.Write(ctx, func(tx *store.Tx) error {
		if before != nil {
			if err := before(tx); err != nil {
				return err
			}
		}
		return tx.OpenEntry(ctx, e)
	})
	if err != nil {
		return &notSentError{err}
	}
	effect, sendErr := send(ctx)
	ctx = context.WithoutCancel(ctx)
	if s.diesBefore != nil {
		if err := s.diesBefore(e); err != nil {
			return err
		}
	}
	err = s.store.Write(ctx, func(tx *store.Tx) error {
		switch {
		case inDoubt(sendErr):
			return tx.SetUnanswered(ctx, e.ID)
		case sendErr == nil:
			if err := effect(tx); err != nil {
				return err
			}
		case e.Op == store.OpCreate:
			return tx.DeleteProfile(ctx, e.ProfileID) // and the entry with it
		}
		return tx.CloseEntry(ctx, e.ID)
	})
	if sendErr != nil {
		return sendErr
	}
	return err
}

func (s *Service) setInFlight(id string, inFlight bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if inFlight {
		s.inFlight[id] = struct{}{}
	} else {
		delete(s.inFlight, id)
	}
}

// abandoned tells whether nobody waits for the answer to an entry any more: its owner gave up, failed to record the
// answer, or is dead.
func (s *Service) abandoned(ctx context.Context, e store.Entry) (bool, error) {
	if e.Unanswered {
		return true, nil
	}
	alive, err := s.store.OwnerAlive(ctx, e.Owner)
	if err != nil || !alive {
		return err == nil, err
	}
	if !s.store.IsOwner(e.Owner) {
		return false, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, inFlight := s.inFlight[e.ID]
	return !inFlight, nil
}

// openEntries are the entries of a token that nobody waits for any more.
func (s *Service) openEntries(ctx context.Context, tokenID string) ([]store.Entry, error) {
	var entries []store.Entry
	err := s.store.Read(ctx, func(q *store.Queries) (err error) {
		entries, err = q.Entries(ctx, tokenID)
		return err
	})
	if err != nil {
		return nil, err
	}
	var out []store.Entry
	for _, e := range entries {
		gone, err := s.abandoned(ctx, e)
		if err != nil {
			return nil, err
		}
		if gone {
			out = append(out, e)
		}
	}
	return out, nil
}

// recover finds out what became of the requests that nobody waits for any more, and brings the view up to that. Every
// change of a token's devices or profiles begins with it.
func (s *Service) recover(ctx context.Context, session *apple.Session, t store.Token) error {
	unlock, err := s.locks.lock(ctx, "recover "+t.ID)
	if err != nil {
		return err
	}
	defer unlock()
	entries, err := s.openEntries(ctx, t.ID)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := s.findOut(ctx, session, t, e); err != nil {
			return appleError(fmt.Sprintf("find out what became of the last change of token %q", t.Name), err)
		}
	}
	return nil
}

// findOut closes one entry.
func (s *Service) findOut(ctx context.Context, session *apple.Session, t store.Token, e store.Entry) error {
	now := s.now() // before Apple is asked: what is acted upon meanwhile is newer
	found, err := details(ctx, session, e.SerialNumbers)
	s.note(ctx, t, err)
	if err != nil {
		return err
	}
	var defined *store.Profile
	if e.Defines() {
		if defined, err = s.findDefinition(ctx, session, e, found); err != nil {
			return err
		}
	}
	return s.store.Write(ctx, func(tx *store.Tx) error {
		if defined == nil && s.unknownToAnyState(e) {
			return tx.DeleteProfile(ctx, e.ProfileID) // and the entry with it
		}
		if defined != nil {
			if err := tx.SaveProfile(ctx, *defined, now); err != nil {
				return err
			}
		}
		if err := tx.FindDevices(ctx, t.ID, found, now); err != nil {
			return err
		}
		if err := recordFound(ctx, tx, e, found, now); err != nil {
			return err
		}
		return tx.CloseEntry(ctx, e.ID)
	})
}

// unknownToAnyState tells whether the profile of an entry was being made by a process that died before it could tell
// anybody. One that gave up on the answer has told: the profile is undefined and known.
func (s *Service) unknownToAnyState(e store.Entry) bool {
	return e.Op == store.OpCreate && !e.Unanswered && !s.store.IsOwner(e.Owner)
}

// recordFound records who holds the devices that an entry turned out to have reached, but for those that were acted
// upon after Apple was asked.
func recordFound(ctx context.Context, tx *store.Tx, e store.Entry, found []store.Device, asked time.Time) error {
	if e.Op != store.OpAssign {
		return nil
	}
	arrived, err := notActedSince(ctx, tx, e.TokenID, having(found, e.AppleUUID), asked)
	if err != nil {
		return err
	}
	if err := tx.KeepClaims(ctx, e.TokenID, e.ProfileID, arrived, e.Holder); err != nil {
		return err
	}
	if err := tx.SetHolder(ctx, e.TokenID, arrived, e.Holder); err != nil {
		return err
	}
	return tx.DropWishes(ctx, e.TokenID, e.ProfileID, arrived)
}

// notActedSince leaves out the devices that were acted upon after a time: what was found then is past.
func notActedSince(ctx context.Context, tx *store.Tx, tokenID string, serials []string, then time.Time) ([]string, error) {
	rows, err := tx.DevicesBySerial(ctx, tokenID, serials)
	return slices.DeleteFunc(serials, func(serial string) bool { return rows[serial].ActedAt.After(then) }), err
}

func having(devices []store.Device, appleUUID string) []string {
	var out []string
	for _, d := range devices {
		if d.AppleUUID == appleUUID {
			out = append(out, d.SerialNumber)
		}
	}
	return out
}

// details asks Apple about devices, those that it still has, at most MaxBatch in a request.
func details(ctx context.Context, session *apple.Session, serialNumbers []string) ([]store.Device, error) {
	var out []store.Device
	for _, batch := range enrollment.Batches(serialNumbers) {
		answer, err := session.DeviceDetails(ctx, batch)
		if err != nil {
			return nil, err
		}
		for _, serial := range batch {
			d, ok := answer[serial]
			if ok && (d.ResponseStatus == "" || d.ResponseStatus == apple.StatusSuccess) {
				d.SerialNumber = serial
				out = append(out, deviceRow(d))
			}
		}
	}
	return out, nil
}

// findDefinition looks for the definition that an entry sent: on its devices, or, where it had none, on any device of
// the view. It gives the record of the profile with the definition, or nil: then it did not arrive, or on no device.
func (s *Service) findDefinition(ctx context.Context, session *apple.Session, e store.Entry, found []store.Device) (*store.Profile, error) {
	sent, err := decode(e.Definition)
	if err != nil || sent == nil {
		return nil, err
	}
	var candidates []string
	for _, d := range found {
		if d.AppleUUID != "" {
			candidates = append(candidates, d.AppleUUID)
		}
	}
	var record store.Profile
	var unmapped []string
	err = s.store.Read(ctx, func(q *store.Queries) (err error) {
		if record, err = q.Profile(ctx, e.ProfileID); err != nil {
			return err
		}
		if len(e.SerialNumbers) == 0 {
			candidates, err = q.UnmappedUUIDs(ctx, e.TokenID)
		}
		for _, id := range sorted(candidates) {
			known, err := q.ProfileOf(ctx, id)
			if err != nil {
				return err
			}
			if known == "" {
				unmapped = append(unmapped, id)
			}
		}
		return err
	})
	if err != nil {
		return nil, ignoreNotFound(err)
	}
	for _, id := range slices.Compact(unmapped) {
		there, err := session.Profile(ctx, id)
		if err != nil {
			if ignoreAppleNotFound(err) == nil {
				continue
			}
			return nil, err
		}
		if digest(there) == e.Hash {
			record.Definition, record.AppleUUID = encode(*sent), id
			return &record, nil
		}
	}
	return nil, nil
}
