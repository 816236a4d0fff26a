package embedded

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/asm-enrollment/terraform-provider-asm/internal/apple"
	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded/store"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// Unassign takes a profile from the devices that still have it, and withdraws what is pending for it. Apple is asked first
// which definition the devices have: whether it heeds the one that is named in the request is not known for sure, and a
// device that somebody gave another profile since the last sync must keep that. With a holder, devices that another
// assignment wants on the profile, too, keep it.
func (s *Service) Unassign(ctx context.Context, req enrollment.UnassignRequest) (enrollment.AssignResult, error) {
	var result enrollment.AssignResult
	serials, err := enrollment.NormalSerials(req.SerialNumbers)
	if err != nil {
		return result, err
	}
	if req.OnlyRelease {
		return s.letGo(ctx, req, serials)
	}
	session, t, err := s.session(ctx, req.TokenID)
	if err != nil {
		return result, err
	}
	if err := s.recover(ctx, session, t); err != nil {
		return result, err
	}
	if err := s.Withdraw(ctx, req.TokenID, req.ProfileID, serials); err != nil {
		return result, err
	}
	if err := s.release(ctx, t.ID, req.ProfileID, serials, req.Holder); err != nil {
		return result, err
	}
	byUUID := map[string][]string{}
	for _, chunk := range enrollment.Batches(serials) {
		rows, err := s.rows(ctx, t.ID, chunk)
		if err != nil {
			return result, err
		}
		for _, serial := range chunk {
			d, known := rows[serial]
			if v := judgeRemoval(d, known, req); v == send {
				byUUID[d.AppleUUID] = append(byUUID[d.AppleUUID], serial)
			} else {
				add(&result, v, serial, d)
			}
		}
	}
	doing := fmt.Sprintf("take enrollment profile %s from devices of token %q", req.ProfileID, t.Name)
	for _, id := range slices.Sorted(maps.Keys(byUUID)) {
		for _, batch := range enrollment.Batches(byUUID[id]) {
			if err := s.unassignBatch(ctx, session, t, req, id, batch, &result); err != nil {
				return result, appleError(doing, err)
			}
		}
	}
	return result, nil
}

// letGo gives up an assignment's hold on devices and leaves them their profile.
func (s *Service) letGo(ctx context.Context, req enrollment.UnassignRequest, serials []string) (enrollment.AssignResult, error) {
	var result enrollment.AssignResult
	if err := s.Withdraw(ctx, req.TokenID, req.ProfileID, serials); err != nil {
		return result, err
	}
	unlock, err := s.lockToken(ctx, req.TokenID)
	if err != nil {
		return result, err
	}
	defer unlock()
	if err := s.release(ctx, req.TokenID, req.ProfileID, serials, req.Holder); err != nil {
		return result, err
	}
	for _, chunk := range enrollment.Batches(serials) {
		rows, err := s.rows(ctx, req.TokenID, chunk)
		if err != nil {
			return result, err
		}
		var mine []string
		for _, serial := range chunk {
			d, known := rows[serial]
			if !known {
				add(&result, missing, serial, d)
				continue
			}
			add(&result, unchanged, serial, d)
			if req.Holder != "" && d.Holder == req.Holder && hasProfile(d, req.ProfileID) {
				mine = append(mine, serial)
			}
		}
		if len(mine) == 0 {
			continue
		}
		if err := s.store.Write(ctx, func(tx *store.Tx) error { return tx.SetHolder(ctx, req.TokenID, mine, "") }); err != nil {
			return result, err
		}
	}
	return result, nil
}

func hasProfile(d store.Device, profileID string) bool {
	return d.AppleUUID != "" && (d.ProfileID == profileID || d.AppleUUID == profileID)
}

func judgeRemoval(d store.Device, known bool, req enrollment.UnassignRequest) verdict {
	switch {
	case !known:
		return missing
	case !hasProfile(d, req.ProfileID), heldByAnother(d, req.Holder):
		return unchanged
	}
	return send
}

func (s *Service) unassignBatch(ctx context.Context, session *apple.Session, t store.Token, req enrollment.UnassignRequest, appleUUID string, batch []string, result *enrollment.AssignResult) error {
	unlock, err := s.lockToken(ctx, t.ID)
	if err != nil {
		return err
	}
	defer unlock()
	if err := s.lookAgain(ctx, session, t, batch); err != nil {
		return err
	}
	if err := s.release(ctx, t.ID, req.ProfileID, batch, req.Holder); err != nil {
		return err
	}
	rows, err := s.rows(ctx, t.ID, batch)
	if err != nil {
		return err
	}
	batch = slices.DeleteFunc(slices.Clone(batch), func(serial string) bool {
		d, known := rows[serial]
		v := judgeRemoval(d, known, req)
		if v == send && d.AppleUUID != appleUUID {
			v = unchanged // it moved to another definition just now
		}
		add(result, v, serial, d)
		return v != send
	})
	if len(batch) == 0 {
		return nil
	}
	entry := store.Entry{TokenID: t.ID, Op: store.OpRemove, ProfileID: req.ProfileID, AppleUUID: appleUUID, SerialNumbers: batch}
	var out outcome
	err = s.journalled(ctx, entry, nil, func(ctx context.Context) (func(*store.Tx) error, error) {
		answer, err := session.RemoveProfile(ctx, batch, appleUUID)
		s.note(ctx, t, err)
		if err != nil {
			return nil, err
		}
		now := s.now()
		out = sortOutcome(batch, apple.Assignment{Devices: answer}, now)
		return func(tx *store.Tx) error {
			if err := tx.SetThrottled(ctx, t.ID, out.throttled, out.until); err != nil {
				return err
			}
			if err := tx.KeepClaims(ctx, t.ID, "", out.done, ""); err != nil {
				return err
			}
			return tx.SetProfile(ctx, t.ID, out.done, "", new(string), now)
		}, nil
	})
	result.Requests += sent(err)
	if err != nil {
		return err
	}
	result.Done = append(result.Done, out.done...)
	gone, failed := outOfReach(out.failed)
	result.Unchanged, result.Failed = append(result.Unchanged, gone...), append(result.Failed, failed...)
	for _, serial := range out.throttled {
		result.Throttled = append(result.Throttled, enrollment.ThrottledDevice{SerialNumber: serial, Until: out.until})
	}
	return nil
}

// lookAgain brings the view up to what Apple says of devices now.
func (s *Service) lookAgain(ctx context.Context, session *apple.Session, t store.Token, serials []string) error {
	now := s.now()
	found, err := details(ctx, session, serials)
	s.note(ctx, t, err)
	if err != nil {
		return err
	}
	return s.store.Write(ctx, func(tx *store.Tx) error { return tx.FindDevices(ctx, t.ID, found, now) })
}

// Withdraw forgets what is pending for devices: for a profile, or for any when profileID is empty.
func (s *Service) Withdraw(ctx context.Context, tokenID, profileID string, serialNumbers []string) error {
	serials, err := enrollment.NormalSerials(serialNumbers)
	if err != nil || len(serials) == 0 {
		return err
	}
	var pending bool
	err = s.store.Read(ctx, func(q *store.Queries) (err error) {
		if _, err = q.Token(ctx, tokenID); err == nil {
			pending, err = q.HasWishes(ctx, tokenID)
		}
		return err
	})
	if err != nil || !pending {
		return err
	}
	return s.store.Write(ctx, func(tx *store.Tx) error { return tx.DropWishes(ctx, tokenID, profileID, serials) })
}
