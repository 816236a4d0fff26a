// Package sync is asm_device_sync, which has a service ask Apple for the devices
// of a token, and asm_sync_status, which says what sync may run when.
package sync

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

// What to do when a sync may not start yet.
const (
	// Skip lets it be, with a warning that says when it may run.
	Skip = "skip"
	// Wait waits until it may run, where the timeout leaves room for that.
	Wait = "wait"
	// Error fails.
	Error = "error"
)

// pollInterval is how often a run of somebody else is looked at.
const pollInterval = 15 * time.Second

// Options are what a person asks of a sync.
type Options struct {
	TokenID string
	Kind    enrollment.SyncKind
	// Wait waits for the end of the run.
	Wait bool
	// OnThrottled is Skip, Wait or Error.
	OnThrottled string
	// Timeout limits all waiting.
	Timeout time.Duration
	// Progress, when not nil, gets a line for each step, the last one a summary. It
	// must not wait: the sync waits for it.
	Progress func(string)
	// Unrecorded: nothing keeps the outcome, so none is looked up for that, and no
	// later plan goes on with what is left to do.
	Unrecorded bool
}

// Outcome is what a sync led to.
type Outcome struct {
	// LastGood is the last run that ended well, whoever ran it; nil when none did.
	LastGood *enrollment.SyncRun
	// Started tells, beside an error, that the run had brought something in, or
	// may go on: a sign-in that Apple refused has started nothing.
	Started bool
	// Unfinished is set when the sync is still to be done or to be ended.
	Unfinished *Unfinished
	// Interrupted: the caller's context ended before the sync did. Then Run is the
	// run as it stood.
	Interrupted bool
	Run         enrollment.SyncRun
	Warnings    []enrollment.Warning
	// asOf is the end of LastGood, and now where that cannot be told.
	asOf time.Time
}

// Unfinished is a sync that was asked for and has not ended well.
type Unfinished struct {
	// Since is the end of the last good run when it was given up: one that ends
	// later settles it. It is in the time of the service; our clock may be another.
	Since time.Time `json:"since"`
	// Until is when trying again makes sense; zero is at once.
	Until time.Time `json:"until"`
}

// Run asks for a sync, or joins the one that runs, and waits for its end if it
// is asked to. It never starts a second one beside another.
func Run(ctx context.Context, rt *tf.Runtime, o Options) (Outcome, error) {
	timed, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	r := runner{rt: rt, o: o, deadline: rt.Now().Add(o.Timeout), narrator: &narrator{}}
	r.say(askingLine(o))
	run, err := r.start(timed)
	if err == nil && o.Wait {
		run, err = r.follow(timed, run)
	}
	out, err := r.conclude(timed, run, err)
	out.Run, out.Interrupted = run, ctx.Err() != nil && (err != nil || out.Unfinished != nil)
	if err == nil && !out.Interrupted {
		r.sum(timed, out)
	}
	return out, err
}

type runner struct {
	rt       *tf.Runtime
	o        Options
	deadline time.Time
	narrator *narrator
}

// start asks for the run, as often as on_throttled allows.
func (r runner) start(ctx context.Context) (enrollment.SyncRun, error) {
	for {
		run, err := r.rt.Service.Sync(ctx, r.request())
		until, refused := refusedUntil(err)
		if !refused || r.o.OnThrottled != Wait {
			return run, err
		}
		if until.After(r.deadline) {
			return run, r.tooLate(until, err)
		}
		r.say(waitingLine(err, until, r.rt.Now()))
		if err := r.sleep(ctx, until.Sub(r.rt.Now())); err != nil {
			return run, err
		}
	}
}

// request has progress only where Run waits: a run that goes on by itself would
// report to somebody who has gone.
func (r runner) request() enrollment.SyncRequest {
	req := enrollment.SyncRequest{TokenID: r.o.TokenID, Kind: r.o.Kind, Wait: r.o.Wait}
	if r.o.Wait && r.o.Progress != nil {
		req.Progress = r.progress
	}
	return req
}

// follow waits for the end of a run that somebody else has in hand. Its 15
// minutes, and the timeout, are the limit.
func (r runner) follow(ctx context.Context, run enrollment.SyncRun) (enrollment.SyncRun, error) {
	for run.State == enrollment.SyncRunning && r.rt.Now().Before(r.followUntil(run)) {
		if err := r.sleep(ctx, pollInterval); err != nil {
			return run, err
		}
		status, err := r.rt.Service.SyncStatus(ctx, r.o.TokenID)
		if err != nil {
			return run, err
		}
		run = ended(r.rt.Service.Kind(), run, status)
		if now := status.Running; now != nil && run.State == enrollment.SyncRunning {
			r.progress(enrollment.SyncProgress{Kind: now.Kind, StartedAt: run.StartedAt, Pages: now.Pages, Devices: now.Devices, Joined: run.Joined})
		}
	}
	return run, nil
}

func (r runner) followUntil(run enrollment.SyncRun) time.Time {
	if until := enrollment.RunsUntil(run.StartedAt); until.Before(r.deadline) {
		return until
	}
	return r.deadline
}

// ended is a run as a later status shows it. Intune names no running sync once its
// 15 minutes are over, and goes on with it all the same.
func ended(service enrollment.Kind, run enrollment.SyncRun, status enrollment.SyncStatus) enrollment.SyncRun {
	switch {
	case status.Running != nil && status.Running.ID == run.ID:
	case status.Last != nil && (run.ID != "" && status.Last.ID == run.ID || !status.Last.FinishedAt.Before(run.StartedAt)):
		run = *status.Last
		run.Joined = true
	case status.LastError != "":
		run.State, run.Err = enrollment.SyncFailed, status.LastError
	case service != enrollment.Intune:
		run.State = enrollment.SyncPaused
	}
	return run
}

// conclude makes an outcome of how the run stands. Where the time was up, and
// where a person interrupted, the run goes on with the next sync.
func (r runner) conclude(ctx context.Context, run enrollment.SyncRun, err error) (Outcome, error) {
	next, service := r.sequel(), r.rt.Service.Kind()
	underWay := run.State == enrollment.SyncRunning || run.State == enrollment.SyncPaused
	out := Outcome{Started: run.Pages > 0 || underWay, Warnings: run.Warnings}
	if w, differs := otherKind(service, r.o.Kind, run); differs && err == nil && run.State != enrollment.SyncFailed {
		out.Warnings = append(out.Warnings, w)
	}
	if run.State == enrollment.SyncFinished && err == nil && !run.FinishedAt.IsZero() {
		out.LastGood = &run
		return out, nil
	}
	if !r.o.Unrecorded {
		out.LastGood, out.asOf = r.lastGood(ctx)
	}
	until, refused := refusedUntil(err)
	switch {
	case refused && r.o.OnThrottled == Skip:
		return r.unfinished(out, until, skipped(err, next)), nil
	case refused, err != nil && ctx.Err() == nil:
		return r.unfinished(out, time.Time{}), err
	case err != nil && run.State == enrollment.SyncPaused: // the time is up
		return r.unfinished(out, time.Time{}, stopped(service, run, next)), nil
	case err != nil:
		return r.unfinished(out, time.Time{}, stillRunning(service, run, next)), nil //nolint:nilerr // it is told as a warning
	case run.State == enrollment.SyncFailed:
		return r.unfinished(out, time.Time{}), failed(run)
	case run.State == enrollment.SyncPaused:
		return r.unfinished(out, time.Time{}, paused(service, run, next)), nil
	case run.State == enrollment.SyncRunning && r.o.Wait:
		return r.unfinished(out, time.Time{}, stillRunning(service, run, next)), nil
	case run.State == enrollment.SyncRunning:
		return r.unfinished(out, time.Time{}), nil
	default:
		return out, nil
	}
}

func (r runner) unfinished(out Outcome, until time.Time, warnings ...enrollment.Warning) Outcome {
	out.Unfinished = &Unfinished{Since: out.asOf.UTC(), Until: until.UTC()}
	out.Warnings = append(out.Warnings, warnings...)
	return out
}

// lastGood is a courtesy: what cannot be read is not known.
func (r runner) lastGood(ctx context.Context) (*enrollment.SyncRun, time.Time) {
	status, err := r.status(ctx)
	switch {
	case err != nil:
		return nil, r.rt.Now()
	case status.Last == nil:
		return nil, time.Unix(0, 0) // any good run is a later one
	default:
		return status.Last, status.Last.FinishedAt
	}
}

// status is read also where the time is up.
func (r runner) status(ctx context.Context) (enrollment.SyncStatus, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	return r.rt.Service.SyncStatus(ctx, r.o.TokenID)
}

// sum says the last lines. When a full sync may run next Intune does not tell.
func (r runner) sum(ctx context.Context, out Outcome) {
	if r.o.Progress == nil {
		return
	}
	if r.rt.Service.Kind() != enrollment.Intune {
		if status, err := r.status(ctx); err == nil {
			r.say(nextFullLine(status.NextFullAt, r.rt.Now()))
		}
	}
	if left := out.Unfinished; left != nil && !left.Until.IsZero() {
		r.say(skippedLine(left.Until))
		return
	}
	r.say(endLine(r.rt.Service.Kind(), r.o.Wait, out.Run))
}

func (r runner) sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-r.rt.After(max(d, time.Second)):
		return nil
	}
}

func (r runner) say(line string) {
	if r.o.Progress != nil {
		r.o.Progress(line)
	}
}

func (r runner) progress(p enrollment.SyncProgress) {
	for _, line := range r.narrator.lines(r.rt.Service.Kind(), p, r.rt.Now()) {
		r.say(line)
	}
}

func (r runner) sequel() sequel {
	if r.o.Unrecorded {
		return ofAction
	}
	return ofResource
}

func (r runner) tooLate(until time.Time, cause error) error {
	return &enrollment.Error{
		Kind: enrollment.ErrThrottled, Err: cause,
		What: fmt.Sprintf("The sync cannot start within its timeout of %s", r.o.Timeout),
		Do:   fmt.Sprintf("Apply after %s, raise the timeout, or set on_throttled = \"skip\".", stamp(until)),
	}
}

// refusedUntil tells that a sync may not start yet, and when it may.
func refusedUntil(err error) (time.Time, bool) {
	if throttled, ok := errors.AsType[*enrollment.ThrottledError](err); ok {
		return throttled.Until, true
	}
	if running, ok := errors.AsType[*enrollment.SyncInProgressError](err); ok {
		return running.Until, true
	}
	return time.Time{}, false
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
