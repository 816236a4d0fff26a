package embedded

import (
	"context"
	"sync"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded/store"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// runHandle lets others in this process wait for a run of it.
type runHandle struct {
	done chan struct{}
	run  enrollment.SyncRun
	err  error

	mu        sync.Mutex
	listeners map[*listener]struct{}
}

// listener gets the progress of a run that it waits for.
type listener struct{ progress func(enrollment.SyncProgress) }

// listen hands on progress until the answer is called.
func (h *runHandle) listen(progress func(enrollment.SyncProgress)) (stop func()) {
	if progress == nil {
		return func() {}
	}
	l := &listener{progress}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.listeners == nil {
		h.listeners = map[*listener]struct{}{}
	}
	h.listeners[l] = struct{}{}
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.listeners, l)
	}
}

func (h *runHandle) tell(p enrollment.SyncProgress) {
	p.Joined = true
	h.mu.Lock()
	defer h.mu.Unlock()
	for l := range h.listeners {
		l.progress(p)
	}
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

// join waits for a run that somebody else began and gives it. ended is false when its holder died, was interrupted or lost
// the lease without an end: then it has to be decided anew what to do.
func (s *Service) join(ctx context.Context, tokenID string, lease store.Lease, progress func(enrollment.SyncProgress)) (run enrollment.SyncRun, ended bool, err error) {
	if h := s.handle(lease.RunID); h != nil {
		return s.joinHere(ctx, lease, h, progress)
	}
	for pause := firstPoll; ; pause = min(2*pause, lastPoll) {
		now, since, err := s.runningLease(ctx, tokenID)
		if err != nil {
			return run, true, err
		}
		if since.IsZero() || now.RunID != lease.RunID {
			break
		}
		run = s.look(ctx, lease, progress)
		if err := s.config.Wait(ctx, pause); err != nil {
			return run, true, err
		}
	}
	err = s.store.Read(ctx, func(q *store.Queries) (err error) {
		run, err = q.Run(ctx, lease.RunID)
		return err
	})
	if err != nil || run.State == enrollment.SyncRunning || stopped(run) {
		return run, false, ignoreNotFound(err)
	}
	run.Joined = true
	if run.State == enrollment.SyncFailed {
		err = &enrollment.Error{Kind: enrollment.ErrUnavailable, What: "The sync that another process ran failed: " + run.Err, Do: "Sync again."}
	}
	return run, true, err
}

// joinHere is join for a run of this process.
func (s *Service) joinHere(ctx context.Context, lease store.Lease, h *runHandle, progress func(enrollment.SyncProgress)) (run enrollment.SyncRun, ended bool, err error) {
	run = s.look(ctx, lease, progress)
	defer h.listen(progress)()
	select {
	case <-h.done:
		run = h.run // others wait for it, too
		run.Joined = true
		if stopped(run) {
			return run, false, nil
		}
		return run, true, h.err
	case <-ctx.Done():
		return run, true, context.Cause(ctx)
	}
}

// stopped tells a run whose owner was interrupted from one that took too long: it may be gone on with at once.
func stopped(run enrollment.SyncRun) bool {
	return run.State == enrollment.SyncPaused && run.FinishedAt.Before(enrollment.RunsUntil(run.StartedAt))
}

// look says how far a run of somebody else has come. That is a courtesy: what cannot be read is not said.
func (s *Service) look(ctx context.Context, lease store.Lease, progress func(enrollment.SyncProgress)) (run enrollment.SyncRun) {
	err := s.store.Read(ctx, func(q *store.Queries) (err error) {
		run, err = q.Run(ctx, lease.RunID)
		return err
	})
	run.Joined = true
	if err == nil && progress != nil {
		progress(enrollment.SyncProgress{Kind: run.Kind, StartedAt: run.StartedAt, Pages: run.Pages, Devices: run.Devices, Joined: true})
	}
	return run
}
