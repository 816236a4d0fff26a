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
	// Progress, when not nil, gets a line for each step.
	Progress func(string)
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
	Warnings   []enrollment.Warning
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
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	r := runner{rt: rt, o: o, deadline: rt.Now().Add(o.Timeout)}
	run, err := r.start(ctx)
	if err == nil && o.Wait {
		run, err = r.follow(ctx, run)
	}
	return r.conclude(ctx, run, err)
}

type runner struct {
	rt       *tf.Runtime
	o        Options
	deadline time.Time
}

// start asks for the run, as often as on_throttled allows.
func (r runner) start(ctx context.Context) (enrollment.SyncRun, error) {
	for {
		run, err := r.rt.Service.Sync(ctx, enrollment.SyncRequest{
			TokenID: r.o.TokenID, Kind: r.o.Kind, Wait: r.o.Wait, Progress: r.progress,
		})
		until, refused := refusedUntil(err)
		if !refused || r.o.OnThrottled != Wait {
			return run, err
		}
		if until.After(r.deadline) {
			return run, r.tooLate(until, err)
		}
		r.say(fmt.Sprintf("waiting until %s, when a sync may start", stamp(until)))
		if err := r.sleep(ctx, until.Sub(r.rt.Now())); err != nil {
			return run, err
		}
	}
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
		run = ended(run, status)
	}
	return run, nil
}

func (r runner) followUntil(run enrollment.SyncRun) time.Time {
	if until := enrollment.RunsUntil(run.StartedAt); until.Before(r.deadline) {
		return until
	}
	return r.deadline
}

// ended is a run as a later status shows it.
func ended(run enrollment.SyncRun, status enrollment.SyncStatus) enrollment.SyncRun {
	switch {
	case status.Running != nil && status.Running.ID == run.ID:
	case status.Last != nil && (run.ID != "" && status.Last.ID == run.ID || !status.Last.FinishedAt.Before(run.StartedAt)):
		run = *status.Last
		run.Joined = true
	case status.LastError != "":
		run.State, run.Err = enrollment.SyncFailed, status.LastError
	default:
		run.State = enrollment.SyncPaused
	}
	return run
}

// conclude makes an outcome of how the run stands. Where the time was up, and
// where a person interrupted, the run goes on with the next sync.
func (r runner) conclude(ctx context.Context, run enrollment.SyncRun, err error) (Outcome, error) {
	underWay := run.State == enrollment.SyncRunning || run.State == enrollment.SyncPaused
	out := Outcome{Started: run.Pages > 0 || underWay, Warnings: run.Warnings}
	if w, differs := otherKind(r.rt.Service.Kind(), r.o.Kind, run); differs && err == nil && run.State != enrollment.SyncFailed {
		out.Warnings = append(out.Warnings, w)
	}
	if run.State == enrollment.SyncFinished && err == nil && !run.FinishedAt.IsZero() {
		out.LastGood = &run
		return out, nil
	}
	out.LastGood, out.asOf = r.lastGood(ctx)
	until, refused := refusedUntil(err)
	switch {
	case refused && r.o.OnThrottled == Skip:
		return r.unfinished(out, until, skipped(err)), nil
	case refused, err != nil && ctx.Err() == nil:
		return r.unfinished(out, time.Time{}), err
	case err != nil: // the time is up
		return r.unfinished(out, time.Time{}, stillRunning(run)), nil //nolint:nilerr // it is told as a warning
	case run.State == enrollment.SyncFailed:
		return r.unfinished(out, time.Time{}), failed(run)
	case run.State == enrollment.SyncPaused:
		return r.unfinished(out, time.Time{}, paused(run)), nil
	case run.State == enrollment.SyncRunning && r.o.Wait:
		return r.unfinished(out, time.Time{}, stillRunning(run)), nil
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
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	status, err := r.rt.Service.SyncStatus(ctx, r.o.TokenID)
	switch {
	case err != nil:
		return nil, r.rt.Now()
	case status.Last == nil:
		return nil, time.Unix(0, 0) // any good run is a later one
	default:
		return status.Last, status.Last.FinishedAt
	}
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
	if p.Pages == 0 { // Intune does not tell how far it is
		r.say(fmt.Sprintf("the sync that started at %s is running", stamp(p.StartedAt)))
		return
	}
	r.say(fmt.Sprintf("%s sync: %d pages, %d devices so far", p.Kind, p.Pages, p.Devices))
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
