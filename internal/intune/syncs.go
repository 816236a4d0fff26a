package intune

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune/graph"
)

// Sync asks Intune for a sync, or joins the one that runs. Microsoft Graph has one request for both kinds, answers at once, and
// tells the outcome by the dates and the error code of the token alone, so waiting is reading the token until they say it. A
// run that has not ended after its 15 minutes is given back as running: Intune goes on with it.
func (s *Service) Sync(ctx context.Context, req enrollment.SyncRequest) (enrollment.SyncRun, error) {
	n := s.note(req.TokenID)
	decided, err := n.deciding.lock(ctx)
	if err != nil {
		return enrollment.SyncRun{}, s.failed(fmt.Sprintf("sync token %s", req.TokenID), err)
	}
	run, f, err := s.startOrJoin(ctx, n, req)
	decided()
	if err != nil || f == nil || !req.Wait {
		return run, err
	}
	return s.follow(ctx, run, f, req.Progress)
}

// startOrJoin decides and asks. There is nothing to follow where the answer is a run that has ended.
func (s *Service) startOrJoin(ctx context.Context, n *note, req enrollment.SyncRequest) (enrollment.SyncRun, *follower, error) {
	row, err := s.usableToken(ctx, req.TokenID)
	if err != nil {
		return enrollment.SyncRun{}, nil, err
	}
	k, now := n.get(), s.now()
	running := runningNow(row, k, now)
	decision, err := enrollment.DecideSync(enrollment.Intune, history(row, k, running, now), req.Kind, req.Wait, fmt.Sprintf("%q (%s)", row.Name, row.ID), now)
	if err != nil {
		return enrollment.SyncRun{}, nil, err
	}
	run := enrollment.SyncRun{TokenID: req.TokenID, Asked: req.Kind, Kind: decision.Kind, Reason: decision.Reason, State: enrollment.SyncRunning}
	if !decision.Join {
		f, err := s.askForSync(ctx, n, row, decision.Kind)
		if err != nil {
			return enrollment.SyncRun{}, nil, err
		}
		s.forget(req.TokenID)
		return begun(run, f.startedAt()), f, nil
	}
	run = joined(run)
	if running == nil {
		return finished(begun(run, startOf(row)), row), nil, nil
	}
	return begun(run, running.startedAt()), running, nil
}

// joined is a run of somebody else. Where its kind is not known it is the least that it can be.
func joined(run enrollment.SyncRun) enrollment.SyncRun {
	run.Joined = true
	if run.Kind == "" {
		run.Kind = enrollment.IncrementalSync
	}
	if run.Asked == enrollment.FullSync && run.Kind != enrollment.FullSync {
		run.Reason = enrollment.IntuneDecides
	}
	return run
}

// begun names a run by its token and start: Intune has no ids of runs.
func begun(run enrollment.SyncRun, startedAt time.Time) enrollment.SyncRun {
	run.StartedAt = startedAt
	run.ID = run.TokenID + "@" + startedAt.Format(time.RFC3339)
	return run
}

func finished(run enrollment.SyncRun, row tokenRow) enrollment.SyncRun {
	run.State, run.FinishedAt, run.Devices = enrollment.SyncFinished, row.SyncedAt.Time, row.Devices
	return run
}

// startOf is when the last good sync began, as far as it is known.
func startOf(row tokenRow) time.Time {
	if row.TriggeredAt.After(row.SyncedAt.Time) {
		return row.SyncedAt.Time // another was asked for since
	}
	return row.TriggeredAt.Time
}

// history is what the sync rules need to know, from the token and from what this process has asked for and may not show yet.
func history(row tokenRow, k known, running *follower, now time.Time) enrollment.SyncHistory {
	h := enrollment.SyncHistory{
		HasCursor: !row.SyncedAt.IsZero(), AskedAt: row.TriggeredAt.Time, FinishedAt: row.SyncedAt.Time, UploadedAt: k.uploadedAt,
	}
	if running != nil {
		h.RunningSince, h.RunningKind = running.startedAt(), running.kind
	}
	if k.askedAt.After(h.AskedAt) { // it may not show yet, and the clocks need not agree
		h.AskedAt = k.askedAt
	}
	if asked := k.refusedUntil.Add(-enrollment.ManualSyncInterval); now.Before(k.refusedUntil) && asked.After(h.AskedAt) {
		h.AskedAt = asked
	}
	// Joining the sync of an upload is for what the same apply asks; a service that lives on syncs again.
	if !now.Before(h.FinishedAt.Add(enrollment.SyncDeadline)) {
		h.UploadedAt = time.Time{}
	}
	return h
}

// runningNow is the run that has the token, nil where none has: one of this process, or one that the token shows. Where
// another process asked, an error code may be that run's or the one's before. There is no telling, and as nobody may ask
// again for 15 minutes, nothing is lost by taking it for that run's.
func runningNow(row tokenRow, k known, now time.Time) *follower {
	f := k.run
	if f == nil || !now.Before(enrollment.RunsUntil(f.askedAt)) {
		if row.SyncError != 0 || !row.TriggeredAt.After(row.SyncedAt.Time) {
			return nil
		}
		f = joining(row)
	}
	if f.see(row) != enrollment.SyncRunning || !now.Before(enrollment.RunsUntil(f.startedAt())) {
		return nil
	}
	return f
}

// askForSync asks Intune for a sync, once. Where no good answer comes it finds out whether the sync was started.
func (s *Service) askForSync(ctx context.Context, n *note, row tokenRow, kind enrollment.SyncKind) (*follower, error) {
	f := &follower{before: row, askedAt: s.now(), clear: row.SyncError == 0, kind: kind}
	_, err := s.graph.Send(graph.ThrottledIsFinal(ctx), http.MethodPost, tokenPath(row.ID, "syncWithAppleDeviceEnrollmentProgram"), nil, nil, false)
	if err != nil && !inDoubt(err) {
		return nil, s.syncRefused(ctx, n, row, err)
	}
	n.set(func(k *known) { k.run, k.askedAt = f, f.askedAt })
	if err == nil {
		return f, nil
	}
	started, lookErr := s.untilVisible(ctx, func(ctx context.Context) (bool, error) {
		read, err := s.tokenRow(ctx, row.ID)
		return err == nil && f.shows(read), err
	})
	if started {
		return f, nil
	}
	if lookErr == nil { // it was not started: there is none to join, and askedAt keeps the next one away
		n.set(func(k *known) {
			if k.run == f {
				k.run = nil
			}
		})
	}
	return nil, s.failed(fmt.Sprintf("sync token %q", row.Name), err)
}

// syncRefused makes an error of a refused sync. How Intune answers one that comes too early is not documented: 429 is, and 400
// may be. It is never asked again by itself; the time is 15 minutes after the last one was asked for, as the token shows it.
func (s *Service) syncRefused(ctx context.Context, n *note, row tokenRow, err error) error {
	what, status := fmt.Sprintf("sync token %q", row.Name), graph.StatusOf(err)
	if status != http.StatusTooManyRequests && status != http.StatusBadRequest {
		return s.failed(what, err)
	}
	if read, readErr := s.tokenRow(ctx, row.ID); readErr == nil {
		row = read
	}
	now := s.now()
	until := row.TriggeredAt.Add(enrollment.ManualSyncInterval)
	if row.TriggeredAt.IsZero() || !now.Before(until) {
		if status == http.StatusBadRequest {
			return s.failed(what, err)
		}
		if until = untilOf(err); until.IsZero() {
			until = now.Add(enrollment.ManualSyncInterval)
		}
	}
	n.set(func(k *known) { k.refusedUntil = until })
	return &enrollment.ThrottledError{What: fmt.Sprintf("Unable to %s: %v", what, err), Until: until}
}

// SyncStatus reads the token. Intune does not tell when it last fetched everything, what kind a run was, or how far one has
// come.
func (s *Service) SyncStatus(ctx context.Context, tokenID string) (enrollment.SyncStatus, error) {
	row, err := s.tokenRow(ctx, tokenID)
	if err != nil {
		return enrollment.SyncStatus{TokenID: tokenID}, err
	}
	k, now := s.note(tokenID).get(), s.now()
	running := runningNow(row, k, now)
	h := history(row, k, running, now)
	out := enrollment.SyncStatus{
		TokenID: tokenID, DeviceCount: row.Devices, LastError: syncErrorText(row), NextSyncAt: enrollment.NextSyncAt(enrollment.Intune, h, now),
	}
	full := enrollment.RunsAs(enrollment.Intune, h, enrollment.FullSync, now)
	out.FullRunsAs, out.FullReason = full.Kind, full.Reason
	if running != nil {
		out.Running = new(begun(enrollment.SyncRun{TokenID: tokenID, State: enrollment.SyncRunning}, running.startedAt()))
	}
	if !row.SyncedAt.IsZero() {
		out.Last = new(finished(begun(enrollment.SyncRun{TokenID: tokenID}, startOf(row)), row))
	}
	return out, nil
}

// syncErrorText says what the last sync failed with, "" where it did not.
func syncErrorText(row tokenRow) string {
	switch row.SyncError {
	case 0:
		return ""
	case errorTerms:
		return "Apple has new terms that nobody has accepted yet (Intune's error code 3)"
	}
	return fmt.Sprintf("Intune shows error code %d, whose meaning Microsoft does not document", row.SyncError)
}

// syncFailed is the error of a run that ended with an error code.
func syncFailed(row tokenRow) error {
	e := &enrollment.Error{
		Kind: enrollment.ErrUnavailable, What: fmt.Sprintf("Intune's sync of token %q failed: %s", row.Name, syncErrorText(row)),
		Do: "Look at the token in the Intune admin center and at its server in Apple School Manager: the server token may have been replaced by a later download, revoked, or its server deleted. " +
			"Then upload a fresh server token.",
	}
	if row.SyncError == errorTerms {
		e.Kind = enrollment.ErrTermsNotAccepted
		e.Do = "Sign in to Apple School Manager as an administrator and accept the new terms; it can take a while until Apple's service knows. Then sync again."
	}
	return e
}
