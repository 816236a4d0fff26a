package embedded

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/asm-enrollment/terraform-provider-asm/internal/apple"
	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded/store"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// Sync runs, joins or continues a sync, as enrollment.DecideSync decides.
func (s *Service) Sync(ctx context.Context, req enrollment.SyncRequest) (enrollment.SyncRun, error) {
	session, t, err := s.session(ctx, req.TokenID)
	if err != nil {
		return enrollment.SyncRun{}, err
	}
	for {
		seen, err := s.history(ctx, t.ID)
		if err != nil {
			return enrollment.SyncRun{}, err
		}
		decision, err := enrollment.DecideSync(enrollment.Embedded, seen.SyncHistory, req.Kind, req.Wait, t.ID, s.now())
		if err != nil {
			return enrollment.SyncRun{}, err
		}
		if decision.Join {
			if seen.RunningSince.IsZero() {
				return s.lastRun(ctx, t.ID)
			}
			run, ended, err := s.join(ctx, t.ID, seen.lease, req.Progress)
			if ended || err != nil {
				return run, err
			}
			continue
		}
		r, err := s.begin(ctx, session, t, req, decision, seen)
		if err != nil {
			return enrollment.SyncRun{}, err
		}
		if r != nil {
			return s.start(ctx, r, req.Wait)
		}
		// Another was quicker. One that has ended by now answers the question; else look again.
		if run, err := s.lastRun(ctx, t.ID); err != nil || run.ID != seen.lastRun {
			return run, err
		}
	}
}

// begin takes the lease in place of the one that was seen, and gives nil when another was quicker: when it holds the lease,
// or has run since, so that the decision rests on what is past.
func (s *Service) begin(ctx context.Context, session *apple.Session, t store.Token, req enrollment.SyncRequest, decision enrollment.SyncDecision, seen pastSyncs) (*runner, error) {
	owner, err := s.store.Owner(ctx)
	if err != nil {
		return nil, err
	}
	now := s.now()
	r := &runner{
		Service: s, session: session, token: t, resume: decision.Resume, progress: req.Progress,
		run: enrollment.SyncRun{
			ID: uuid.NewString(), TokenID: t.ID, Asked: req.Kind, Kind: decision.Kind, Reason: decision.Reason,
			State: enrollment.SyncRunning, StartedAt: now,
		},
		handle: &runHandle{done: make(chan struct{})},
	}
	s.mu.Lock()
	s.runs[r.run.ID] = r.handle // before others can see the lease
	s.mu.Unlock()
	taken := false
	err = s.store.Write(ctx, func(tx *store.Tx) (err error) {
		taken = false
		if still, err := seen.stillTrue(ctx, tx, t.ID); err != nil || !still {
			return err
		}
		taken, err = tx.TakeLease(ctx, t.ID, seen.lease, store.Lease{RunID: r.run.ID, Owner: owner, StartedAt: now})
		if err != nil || !taken {
			return err
		}
		if err := tx.ForgetRuns(ctx, t.ID, "the process that ran it ended, or the run took more than 15 minutes", now); err != nil {
			return err
		}
		return tx.SaveRun(ctx, r.run)
	})
	if err != nil || !taken {
		s.forget(r)
		return nil, err
	}
	return r, nil
}

func (s *Service) forget(r *runner) {
	s.mu.Lock()
	delete(s.runs, r.run.ID)
	s.mu.Unlock()
	close(r.handle.done)
}

// start runs here, or, for a caller that does not wait, beside it until the service is closed.
func (s *Service) start(ctx context.Context, r *runner, wait bool) (enrollment.SyncRun, error) {
	if wait {
		r.do(ctx)
		return r.run, r.handle.err
	}
	started := r.run
	s.running.Go(func() { r.do(s.background) })
	return started, nil
}

func (s *Service) lastRun(ctx context.Context, tokenID string) (enrollment.SyncRun, error) {
	var run enrollment.SyncRun
	err := s.store.Read(ctx, func(q *store.Queries) error {
		last, err := q.LastRun(ctx, tokenID, true)
		if last != nil {
			run = *last
		}
		return err
	})
	run.Joined = true
	return run, err
}

// pastSyncs is what the sync rules need to know of a token, with what it was read from: the lease, and the id of the last
// run that ended well.
type pastSyncs struct {
	enrollment.SyncHistory
	lease   store.Lease
	lastRun string
}

// stillTrue tells whether no run has ended, or begun a fetch, since.
func (p pastSyncs) stillTrue(ctx context.Context, tx *store.Tx, tokenID string) (bool, error) {
	last, err := tx.LastRun(ctx, tokenID, true)
	if err != nil {
		return false, err
	}
	state, err := tx.SyncState(ctx, tokenID)
	now := historyOf(state)
	return idOf(last) == p.lastRun && now.FullAt.Equal(p.FullAt) && now.RecoveryAt.Equal(p.RecoveryAt) &&
		now.Unfinished == p.Unfinished && now.Forced == p.Forced, err
}

func idOf(run *enrollment.SyncRun) string {
	if run == nil {
		return ""
	}
	return run.ID
}

func (s *Service) history(ctx context.Context, tokenID string) (pastSyncs, error) {
	var h pastSyncs
	lease, since, err := s.runningLease(ctx, tokenID)
	if err != nil {
		return h, err
	}
	h.lease = lease
	err = s.store.Read(ctx, func(q *store.Queries) error {
		state, err := q.SyncState(ctx, tokenID)
		if err != nil {
			return err
		}
		h.SyncHistory = historyOf(state)
		if !since.IsZero() {
			running, err := q.Run(ctx, lease.RunID)
			if ignoreNotFound(err) != nil {
				return err
			}
			h.RunningSince, h.RunningKind = since, running.Kind
		}
		last, err := q.LastRun(ctx, tokenID, true)
		if h.lastRun = idOf(last); last != nil {
			h.FinishedAt = last.FinishedAt
		}
		return err
	})
	s.mu.Lock()
	h.UploadedAt = s.uploads[tokenID]
	s.mu.Unlock()
	// Joining the sync of an upload is for what the same apply asks; a service that lives on syncs again.
	if !s.now().Before(h.FinishedAt.Add(enrollment.SyncDeadline)) {
		h.UploadedAt = time.Time{}
	}
	return h, err
}

func historyOf(state store.SyncState) enrollment.SyncHistory {
	return enrollment.SyncHistory{
		FullAt: state.FullAt, RecoveryAt: state.RecoveryAt, Unfinished: state.Unfinished, Forced: state.Forced,
		HasCursor: state.Cursor != "" && state.Unfinished == "",
	}
}

// SyncStatus tells what may happen when.
func (s *Service) SyncStatus(ctx context.Context, tokenID string) (enrollment.SyncStatus, error) {
	out := enrollment.SyncStatus{TokenID: tokenID}
	if _, err := s.tokenRow(ctx, tokenID); err != nil {
		return out, err
	}
	h, err := s.history(ctx, tokenID)
	if err != nil {
		return out, err
	}
	lease, now := h.lease, s.now()
	out.LastFullAt, out.LastRecoveryAt = h.FullAt, h.RecoveryAt
	out.NextSyncAt, out.NextFullAt = enrollment.NextSyncAt(enrollment.Embedded, h.SyncHistory, now), enrollment.NextFullAt(h.SyncHistory, now)
	full := enrollment.RunsAs(enrollment.Embedded, h.SyncHistory, enrollment.FullSync, now)
	out.FullRunsAs, out.FullReason = full.Kind, full.Reason
	err = s.store.Read(ctx, func(q *store.Queries) error {
		if !h.RunningSince.IsZero() {
			running, err := q.Run(ctx, lease.RunID)
			if ignoreNotFound(err) != nil {
				return err
			}
			out.Running = &running
		}
		if out.Last, err = q.LastRun(ctx, tokenID, true); err != nil {
			return err
		}
		latest, err := q.LastRun(ctx, tokenID, false)
		if err != nil {
			return err
		}
		if latest != nil {
			out.LastError = latest.Err
		}
		out.DeviceCount, err = q.CountDevices(ctx, tokenID)
		return err
	})
	return out, err
}

// do runs to the end, and records how it ended whether or not anybody still waits.
func (r *runner) do(ctx context.Context) {
	err := r.work(ctx)
	r.note(ctx, r.token, err)
	switch {
	case errors.Is(err, errTimeUp):
		r.run.State, err = enrollment.SyncPaused, nil
	case err != nil && ctx.Err() != nil: // nothing failed: whoever asked does not wait any longer
		r.run.State = enrollment.SyncPaused
	case err != nil:
		err = appleError(fmt.Sprintf("sync token %q", r.token.Name), err)
		r.run.State, r.run.Err = enrollment.SyncFailed, err.Error()
	default:
		r.run.State = enrollment.SyncFinished
	}
	r.run.FinishedAt = r.now()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.recordWithin)
	defer cancel()
	saved := r.store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.SaveRun(ctx, r.run); err != nil {
			return err
		}
		return tx.ReleaseLease(ctx, r.token.ID, r.run.ID)
	})
	if err == nil {
		err = saved
	}
	r.handle.run, r.handle.err = r.run, err
	r.forget(r)
}
