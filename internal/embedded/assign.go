package embedded

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/apple"
	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded/store"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// Assign gives a profile to the devices of a request that do not have it, in batches of at most MaxBatch. Beside an
// error the result says what became of the batches before; what was not sent is in no list.
func (s *Service) Assign(ctx context.Context, req enrollment.AssignRequest) (enrollment.AssignResult, error) {
	serials, err := enrollment.NormalSerials(req.SerialNumbers)
	if err != nil {
		return enrollment.AssignResult{}, err
	}
	session, t, err := s.session(ctx, req.TokenID)
	if err != nil {
		return enrollment.AssignResult{}, err
	}
	if err := s.recover(ctx, session, t); err != nil {
		return enrollment.AssignResult{}, err
	}
	if err := s.release(ctx, t.ID, req.OnlyFrom, serials, req.OnlyHeldBy); err != nil {
		return enrollment.AssignResult{}, err
	}
	job, err := s.newJob(ctx, req)
	if err != nil {
		return enrollment.AssignResult{}, err
	}
	result, err := s.assign(ctx, session, t, job, serials)
	return result, appleError(fmt.Sprintf("assign enrollment profile %s to devices of token %q", req.ProfileID, t.Name), err)
}

// assignJob is what devices are to get and under which conditions.
type assignJob struct {
	tokenID   string
	profileID string
	// appleUUID is the present definition of the profile.
	appleUUID   string
	holder      string
	takeOver    enrollment.TakeOver
	onlyFrom    string
	onlyHeldBy  string
	keepPending bool
	// moving: from earlier definitions of the same profile to the present one. The holder stays, and nothing is kept
	// pending: having an earlier definition is reason enough to be moved later.
	moving bool
	// refused devices are not sent again.
	refused map[string]bool
	// deadline, when set, is when no further batch may be begun.
	deadline time.Time
	defaults map[enrollment.Platform]string
}

// errTimeUp: the deadline of a job passed first.
var errTimeUp = errors.New("the time was up")

func (s *Service) newJob(ctx context.Context, req enrollment.AssignRequest) (assignJob, error) {
	job := assignJob{
		tokenID: req.TokenID, holder: req.Holder, takeOver: req.TakeOver, onlyFrom: req.OnlyFrom, onlyHeldBy: req.OnlyHeldBy,
		keepPending: req.KeepPending,
	}
	record, _, err := s.findProfile(ctx, enrollment.ProfileRef{TokenID: req.TokenID, ID: req.ProfileID})
	if err != nil {
		return job, err
	}
	if record.AppleUUID == "" {
		return job, &enrollment.Error{
			Kind: enrollment.ErrConflict, Field: "profile_id", What: fmt.Sprintf("Enrollment profile %q is not defined at Apple yet", record.Spec.Name),
			Do: "Apply the profile again: that finds out whether Apple has it and finishes.",
		}
	}
	job.profileID, job.appleUUID = record.ID, record.AppleUUID
	err = s.store.Read(ctx, func(q *store.Queries) (err error) {
		job.defaults, err = defaultsOf(ctx, q, req.TokenID)
		return err
	})
	return job, err
}

// verdict is what is to be done with a device of a request.
type verdict int

const (
	send verdict = iota
	unchanged
	missing
	conflict
	throttled
)

// judge compares a device with what it is to get.
func (j assignJob) judge(d store.Device, known bool, now time.Time) verdict {
	cooling := d.ThrottledUntil.After(now)
	switch {
	case !known:
		return missing
	case d.ProfileID == j.profileID && d.AppleUUID == j.appleUUID:
		return unchanged
	case j.moving && (d.ProfileID != j.profileID || j.refused[d.SerialNumber]),
		j.onlyFrom != "" && (d.ProfileID != j.onlyFrom || heldByAnother(d, j.onlyHeldBy)):
		return unchanged // it is somebody else's by now
	case j.onlyFrom == "" && d.ProfileID != j.profileID && !j.takeOver.From(domainDevice(d, j.defaults)):
		return conflict
	case cooling:
		return throttled
	}
	return send
}

// claims tells whether a device has the profile already and is held by somebody else than the assignment that asks, or by
// nobody.
func (j assignJob) claims(v verdict, d store.Device) bool {
	return v == unchanged && d.ProfileID == j.profileID && j.holder != "" && d.Holder != j.holder
}

// heldByAnother tells whether another assignment holds a device; without a holder nobody looks.
func heldByAnother(d store.Device, holder string) bool {
	return holder != "" && d.Holder != "" && d.Holder != holder
}

// add puts a device that is not sent into the list that it belongs in.
func add(result *enrollment.AssignResult, v verdict, serial string, d store.Device) {
	switch v {
	case send:
	case unchanged:
		result.Unchanged = append(result.Unchanged, serial)
	case missing:
		result.Missing = append(result.Missing, serial)
	case conflict:
		result.Conflicts = append(result.Conflicts, enrollment.DeviceConflict{SerialNumber: serial, ProfileID: d.ProfileID, Holder: d.Holder})
	case throttled:
		result.Throttled = append(result.Throttled, enrollment.ThrottledDevice{SerialNumber: serial, Until: d.ThrottledUntil})
	}
}

// assign compares all devices with the view first, so that what differs fills whole batches, and then sends those.
func (s *Service) assign(ctx context.Context, session *apple.Session, t store.Token, job assignJob, serials []string) (enrollment.AssignResult, error) {
	var result enrollment.AssignResult
	var different, claimed []string
	for _, chunk := range enrollment.Batches(serials) {
		rows, err := s.rows(ctx, t.ID, chunk)
		if err != nil {
			return result, err
		}
		for _, serial := range chunk {
			d, known := rows[serial]
			v := job.judge(d, known, s.now())
			switch {
			case v == send:
				different = append(different, serial)
			case job.claims(v, d):
				claimed = append(claimed, serial)
			default:
				add(&result, v, serial, d)
			}
		}
	}
	if err := s.recordUnsent(ctx, job, result, nil); err != nil {
		return result, err
	}
	for _, batch := range enrollment.Batches(claimed) {
		taken, err := s.claimBatch(ctx, t, job, batch, &result)
		if err != nil {
			return result, err
		}
		different = append(different, taken...)
	}
	for _, batch := range enrollment.Batches(different) {
		if err := s.assignBatch(ctx, session, t, job, batch, &result); err != nil {
			return result, err
		}
	}
	return result, nil
}

func (s *Service) rows(ctx context.Context, tokenID string, serials []string) (rows map[string]store.Device, err error) {
	err = s.store.Read(ctx, func(q *store.Queries) error {
		rows, err = q.DevicesBySerial(ctx, tokenID, serials)
		return err
	})
	return rows, err
}

// claimBatch records that an assignment wants what devices have already. Nothing else of this process takes it from them
// meanwhile; those that it was taken from just now are given back.
func (s *Service) claimBatch(ctx context.Context, t store.Token, job assignJob, batch []string, result *enrollment.AssignResult) (taken []string, err error) {
	unlock, err := s.lockToken(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	defer unlock()
	rows, err := s.rows(ctx, t.ID, batch)
	if err != nil {
		return nil, err
	}
	var there enrollment.AssignResult
	for _, serial := range batch {
		if d, known := rows[serial]; job.judge(d, known, s.now()) == unchanged {
			there.Unchanged = append(there.Unchanged, serial)
		} else {
			taken = append(taken, serial)
		}
	}
	merged(result, there)
	return taken, s.recordUnsent(ctx, job, there, there.Unchanged)
}

// release records that an assignment does not want a profile for devices any more, where that makes a difference: where
// another one has a claim on a device.
func (s *Service) release(ctx context.Context, tokenID, profileID string, serials []string, holder string) error {
	if profileID == "" || holder == "" {
		return nil
	}
	var claimed bool
	err := s.store.Read(ctx, func(q *store.Queries) (err error) {
		claimed, err = q.HasClaims(ctx, tokenID)
		return err
	})
	if err != nil || !claimed {
		return err
	}
	return s.store.Write(ctx, func(tx *store.Tx) error { return tx.Release(ctx, tokenID, profileID, serials, holder) })
}

// recordUnsent records what a request means for the devices that nothing is sent for: who holds them, what is pending
// and what no longer is.
func (s *Service) recordUnsent(ctx context.Context, job assignJob, result enrollment.AssignResult, claimed []string) error {
	wishes := job.wishes(result, s.now())
	var pending bool
	err := s.store.Read(ctx, func(q *store.Queries) (err error) {
		pending, err = q.HasWishes(ctx, job.tokenID)
		return err
	})
	if err != nil || (len(wishes) == 0 && len(claimed) == 0 && (!pending || len(result.Unchanged) == 0)) {
		return err
	}
	return s.store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.AddClaims(ctx, job.tokenID, job.profileID, claimed, job.holder); err != nil {
			return err
		}
		if pending { // this request is newer than what was wished before
			if err := tx.DropWishes(ctx, job.tokenID, "", result.Unchanged); err != nil {
				return err
			}
		}
		return tx.AddWishes(ctx, job.tokenID, wishes)
	})
}

// wishes are what stays pending of a result.
func (j assignJob) wishes(result enrollment.AssignResult, now time.Time) []store.Wish {
	if j.moving {
		return nil
	}
	var out []store.Wish
	wish := func(serial string) {
		out = append(out, store.Wish{
			SerialNumber: serial, ProfileID: j.profileID, Holder: j.holder, TakeOver: j.takeOver, OnlyFrom: j.onlyFrom, MadeAt: now,
		})
	}
	for _, d := range result.Throttled {
		wish(d.SerialNumber)
	}
	if j.keepPending {
		for _, serial := range result.Missing {
			wish(serial)
		}
	}
	return out
}

// assignBatch sends one batch. What it compares holds until the answer is recorded, because nothing else of this process
// changes the token's devices meanwhile. Where only devices with a certain profile are to be sent, Apple is asked first: one
// that somebody gave another profile since the last sync must keep that.
func (s *Service) assignBatch(ctx context.Context, session *apple.Session, t store.Token, job assignJob, batch []string, result *enrollment.AssignResult) error {
	if !job.deadline.IsZero() && !s.now().Before(job.deadline) {
		return errTimeUp
	}
	unlock, err := s.lockToken(ctx, t.ID)
	if err != nil {
		return err
	}
	defer unlock()
	if job.onlyFrom != "" {
		if err := s.lookAgain(ctx, session, t, batch); err != nil {
			return err
		}
		if err := s.release(ctx, t.ID, job.onlyFrom, batch, job.onlyHeldBy); err != nil {
			return err
		}
	}
	rows, err := s.rows(ctx, t.ID, batch)
	if err != nil {
		return err
	}
	var changed enrollment.AssignResult
	var claimed []string
	batch = slices.DeleteFunc(slices.Clone(batch), func(serial string) bool {
		d, known := rows[serial]
		v := job.judge(d, known, s.now())
		add(&changed, v, serial, d)
		if job.claims(v, d) {
			claimed = append(claimed, serial)
		}
		return v != send
	})
	merged(result, changed)
	if err := s.recordUnsent(ctx, job, changed, claimed); err != nil || len(batch) == 0 {
		return err
	}
	outcome, err := s.sendBatch(ctx, session, t, job, batch)
	result.Requests += sent(err)
	if err != nil {
		return err
	}
	result.Done = append(result.Done, outcome.done...)
	failed := outcome.failed
	if job.onlyFrom != "" {
		var gone []string
		gone, failed = outOfReach(failed)
		result.Unchanged = append(result.Unchanged, gone...)
	}
	result.Failed = append(result.Failed, failed...)
	for _, serial := range outcome.throttled {
		result.Throttled = append(result.Throttled, enrollment.ThrottledDevice{SerialNumber: serial, Until: outcome.until})
	}
	return nil
}

// sent is the number of requests, one or none, that were carried out or may have been.
func sent(err error) int {
	if err == nil || inDoubt(err) {
		return 1
	}
	return 0
}

func merged(into *enrollment.AssignResult, from enrollment.AssignResult) {
	into.Unchanged = append(into.Unchanged, from.Unchanged...)
	into.Missing = append(into.Missing, from.Missing...)
	into.Conflicts = append(into.Conflicts, from.Conflicts...)
	into.Throttled = append(into.Throttled, from.Throttled...)
}

func (s *Service) sendBatch(ctx context.Context, session *apple.Session, t store.Token, job assignJob, batch []string) (outcome, error) {
	entry := store.Entry{
		TokenID: t.ID, Op: store.OpAssign, ProfileID: job.profileID, AppleUUID: job.appleUUID, Holder: job.holder, SerialNumbers: batch,
	}
	var out outcome
	err := s.journalled(ctx, entry, nil, func(ctx context.Context) (func(*store.Tx) error, error) {
		answer, err := session.AssignProfile(ctx, job.appleUUID, batch)
		s.note(ctx, t, err)
		if err != nil {
			return nil, err
		}
		now := s.now()
		out = sortOutcome(batch, answer, now)
		return func(tx *store.Tx) error { return out.record(ctx, tx, job, now) }, nil
	})
	return out, err
}

// outcome is what Apple did with the devices of a batch.
type outcome struct {
	done      []string
	failed    []enrollment.DeviceFailure
	throttled []string
	// until is when Apple takes the throttled ones again.
	until time.Time
}

const (
	// defaultCooldown is assumed where Apple throttles and does not say for how long.
	defaultCooldown = time.Hour
	// notAnswered is the reason of a device that Apple's answer does not mention.
	notAnswered = "NOT_ANSWERED"
)

func sortOutcome(batch []string, answer apple.Assignment, now time.Time) outcome {
	cooldown := answer.RetryAfter
	if cooldown <= 0 {
		cooldown = defaultCooldown
	}
	out := outcome{until: now.Add(cooldown)}
	for _, serial := range batch {
		switch status := answer.Devices[serial]; status {
		case apple.StatusSuccess:
			out.done = append(out.done, serial)
		case apple.StatusThrottled:
			out.throttled = append(out.throttled, serial)
		case "":
			out.failed = append(out.failed, enrollment.DeviceFailure{SerialNumber: serial, Reason: notAnswered})
		default:
			out.failed = append(out.failed, enrollment.DeviceFailure{SerialNumber: serial, Reason: string(status)})
		}
	}
	return out
}

// outOfReach takes out the devices that are no longer on the server: they have lost its profiles, so nothing is left to be
// taken from them. The next sync takes them out of the view.
func outOfReach(failed []enrollment.DeviceFailure) (gone []string, rest []enrollment.DeviceFailure) {
	for _, f := range failed {
		if f.Reason == string(apple.StatusNotAccessible) {
			gone = append(gone, f.SerialNumber)
			continue
		}
		rest = append(rest, f)
	}
	return gone, rest
}

// record brings the view up to an outcome.
func (o outcome) record(ctx context.Context, tx *store.Tx, job assignJob, now time.Time) error {
	holder, wishesFor := &job.holder, ""
	if job.moving {
		holder, wishesFor = nil, job.profileID
	} else if err := tx.KeepClaims(ctx, job.tokenID, job.profileID, o.done, job.holder); err != nil {
		return err
	}
	if err := tx.SetProfile(ctx, job.tokenID, o.done, job.appleUUID, holder, now); err != nil {
		return err
	}
	if err := tx.DropWishes(ctx, job.tokenID, wishesFor, o.done); err != nil {
		return err
	}
	if err := tx.SetThrottled(ctx, job.tokenID, o.throttled, o.until); err != nil {
		return err
	}
	waiting := enrollment.AssignResult{}
	for _, serial := range o.throttled {
		waiting.Throttled = append(waiting.Throttled, enrollment.ThrottledDevice{SerialNumber: serial})
	}
	return tx.AddWishes(ctx, job.tokenID, job.wishes(waiting, now))
}
