package intune

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune/graph"
)

// The pauses between two looks at a sync: it takes seconds for a school and minutes for a district.
const (
	firstLook = 5 * time.Second
	mostLook  = 30 * time.Second
)

// follower tells from the dates of a token how one sync stands. All of them are Intune's, so that the clocks need not agree.
type follower struct {
	// before is the token as it was before the sync was asked for.
	before tokenRow
	// askedAt is when it was asked for, by the clock of this machine.
	askedAt time.Time
	kind    enrollment.SyncKind
	// uploadedAt, by Intune's clock, is set where the sync is the one that Intune runs after an upload.
	uploadedAt time.Time

	mu sync.Mutex
	// clear: an error code that shows is this run's. One that was there before may still show for a while.
	clear bool
	// triggeredAt is when Intune says that it was asked for; zero until it shows.
	triggeredAt time.Time
}

// joining follows a run that another process asked for.
func joining(row tokenRow) *follower {
	f := &follower{before: row, askedAt: row.TriggeredAt.Time, triggeredAt: row.TriggeredAt.Time, clear: row.SyncError == 0}
	f.before.TriggeredAt = moment{}
	return f
}

func (f *follower) ofUpload() bool { return !f.uploadedAt.IsZero() }

// shows tells whether Intune shows that it was asked.
func (f *follower) shows(row tokenRow) bool { return row.TriggeredAt.After(f.before.TriggeredAt.Time) }

// see tells how the run stands by the token as it is now.
func (f *follower) see(row tokenRow) enrollment.SyncState {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.shows(row) {
		if f.ofUpload() && row.SyncedAt.After(f.before.SyncedAt.Time) && !row.SyncedAt.Before(f.uploadedAt) {
			return enrollment.SyncFinished
		}
		return enrollment.SyncRunning
	}
	f.triggeredAt = row.TriggeredAt.Time
	switch {
	case !row.SyncedAt.Before(row.TriggeredAt.Time):
		return enrollment.SyncFinished
	case row.SyncError == 0:
		f.clear = true
	case f.clear, row.SyncError != f.before.SyncError:
		return enrollment.SyncFailed
	}
	return enrollment.SyncRunning
}

// startedAt is Intune's date as soon as it shows.
func (f *follower) startedAt() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.triggeredAt.IsZero() {
		return f.askedAt
	}
	return f.triggeredAt
}

// follow reads the token until the run has ended or its 15 minutes have passed. A read that fails for a moment ends nothing:
// the run is Intune's.
func (s *Service) follow(ctx context.Context, run enrollment.SyncRun, f *follower, progress func(enrollment.SyncProgress)) (enrollment.SyncRun, error) {
	defer s.forget(run.TokenID)
	began, waited := s.now(), time.Duration(0)
	limit := min(enrollment.RunsUntil(f.askedAt).Sub(began), enrollment.SyncDeadline)
	row := f.before
	for pause := firstLook; ; pause = min(2*pause, mostLook) {
		read, err := s.tokenRow(ctx, run.TokenID)
		if err != nil && !isPassing(ctx, err) {
			return run, err
		}
		if err == nil {
			row = read
			state := f.see(row)
			run = begun(run, f.startedAt())
			if state != enrollment.SyncRunning {
				return s.ended(run, row, state)
			}
			if progress != nil {
				progress(enrollment.SyncProgress{Kind: run.Kind, StartedAt: run.StartedAt, Devices: row.Devices, Joined: run.Joined})
			}
		}
		left := limit - max(waited, s.now().Sub(began))
		if left <= 0 {
			return s.timeUp(run, row, f)
		}
		if err := s.config.Wait(ctx, min(pause, left)); err != nil {
			return run, err
		}
		waited += min(pause, left)
	}
}

func (s *Service) ended(run enrollment.SyncRun, row tokenRow, state enrollment.SyncState) (enrollment.SyncRun, error) {
	if state == enrollment.SyncFinished {
		return finished(run, row), nil
	}
	err := syncFailed(row)
	run.State, run.FinishedAt, run.Err = enrollment.SyncFailed, s.now(), err.Error()
	return run, err
}

// timeUp is a run that has not ended well in its 15 minutes. The error code that was there before and still shows is then
// its own: Intune shows none for a run that goes well.
func (s *Service) timeUp(run enrollment.SyncRun, row tokenRow, f *follower) (enrollment.SyncRun, error) {
	if row.SyncError != 0 && f.shows(row) {
		return s.ended(run, row, enrollment.SyncFailed)
	}
	run.Devices = row.Devices
	return run, nil
}

// isPassing tells an error of a moment from one that stays.
func isPassing(ctx context.Context, err error) bool {
	return ctx.Err() == nil &&
		(errors.Is(err, enrollment.ErrUnavailable) || errors.Is(err, enrollment.ErrUnanswered) || errors.Is(err, enrollment.ErrThrottled))
}

// syncAfterUpload joins the sync that Intune runs by itself after an upload, and asks for one where it runs none. That the
// sync fails is a warning: the token stands.
func (s *Service) syncAfterUpload(ctx context.Context, before, row tokenRow, result *enrollment.UploadResult) tokenRow {
	run, err := s.runAfterUpload(ctx, before, row)
	if run.ID != "" {
		result.Sync = &run
	}
	interrupted := err != nil && ctx.Err() != nil
	if w, warn := enrollment.SyncAfterUpload(enrollment.Intune, row.Name, run, err, interrupted); warn {
		result.Warnings = append(result.Warnings, w)
	}
	if read, err := s.tokenRow(ctx, row.ID); err == nil {
		return read
	}
	return row
}

func (s *Service) runAfterUpload(ctx context.Context, before, row tokenRow) (enrollment.SyncRun, error) {
	kind := enrollment.IncrementalSync
	if before.SyncedAt.IsZero() {
		kind = enrollment.FullSync
	}
	f := &follower{before: before, askedAt: s.now(), clear: before.SyncError == 0, kind: kind, uploadedAt: row.ModifiedAt.Time}
	n := s.note(row.ID)
	n.set(func(k *known) { k.run = f }) // who asks meanwhile joins
	started, err := s.untilVisible(ctx, func(ctx context.Context) (bool, error) {
		read, err := s.tokenRow(ctx, row.ID)
		return err == nil && (f.shows(read) || f.see(read) == enrollment.SyncFinished), err
	})
	if err != nil {
		return enrollment.SyncRun{}, err
	}
	if !started {
		n.set(func(k *known) { k.run = nil })
		return s.Sync(ctx, enrollment.SyncRequest{TokenID: row.ID, Kind: kind, Wait: true})
	}
	run := enrollment.SyncRun{TokenID: row.ID, Asked: kind, Kind: kind, State: enrollment.SyncRunning}
	return s.follow(ctx, begun(run, f.startedAt()), f, nil)
}

// untilOf is when a refusal says that it may be asked again.
func untilOf(err error) time.Time {
	if answer := new(graph.Error); errors.As(err, &answer) {
		return answer.Until
	}
	return time.Time{}
}
