package embedded

import (
	"context"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded/store"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// runHandle lets others in this process wait for a run of it.
type runHandle struct {
	done chan struct{}
	run  enrollment.SyncRun
	err  error
}

func (s *Service) handle(runID string) *runHandle {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.runs[runID]
}

// runningLease gives the lease of the run that holds a token now, and since when; the zero time where none does. A lease
// counts for 15 minutes, and only as long as its holder lives.
func (s *Service) runningLease(ctx context.Context, tokenID string) (store.Lease, time.Time, error) {
	var lease store.Lease
	err := s.store.Read(ctx, func(q *store.Queries) (err error) {
		lease, err = q.Lease(ctx, tokenID)
		return err
	})
	if err != nil || lease.RunID == "" || !s.now().Before(enrollment.RunsUntil(lease.StartedAt)) {
		return lease, time.Time{}, err
	}
	alive, err := s.store.OwnerAlive(ctx, lease.Owner)
	if err != nil || !alive {
		return lease, time.Time{}, err
	}
	return lease, lease.StartedAt, nil
}

const (
	firstPoll = 250 * time.Millisecond
	lastPoll  = 5 * time.Second
)

// join waits for a run that somebody else began and gives it. ended is false when its holder died or lost the lease
// without an end: then it has to be decided anew what to do.
func (s *Service) join(ctx context.Context, tokenID string, lease store.Lease) (run enrollment.SyncRun, ended bool, err error) {
	if h := s.handle(lease.RunID); h != nil {
		select {
		case <-h.done:
			run = h.run // others wait for it, too
			run.Joined = true
			return run, true, h.err
		case <-ctx.Done():
			return run, true, context.Cause(ctx)
		}
	}
	for pause := firstPoll; ; pause = min(2*pause, lastPoll) {
		now, since, err := s.runningLease(ctx, tokenID)
		if err != nil {
			return run, true, err
		}
		if since.IsZero() || now.RunID != lease.RunID {
			break
		}
		if err := s.config.Wait(ctx, pause); err != nil {
			return run, true, err
		}
	}
	err = s.store.Read(ctx, func(q *store.Queries) (err error) {
		run, err = q.Run(ctx, lease.RunID)
		return err
	})
	if err != nil || run.State == enrollment.SyncRunning {
		return run, false, ignoreNotFound(err)
	}
	run.Joined = true
	if run.State == enrollment.SyncFailed {
		err = &enrollment.Error{Kind: enrollment.ErrUnavailable, What: "The sync that another process ran failed: " + run.Err, Do: "Sync again."}
	}
	return run, true, err
}
