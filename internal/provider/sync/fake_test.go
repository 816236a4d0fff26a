package sync_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	asmsync "github.com/asm-enrollment/terraform-provider-asm/internal/provider/sync"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

var start = time.Date(2026, time.November, 2, 8, 0, 0, 0, time.UTC)

const syncType = "asm_device_sync"

// answer is what the service says to one request for a sync.
type answer func(w *world, req enrollment.SyncRequest) (enrollment.SyncRun, error)

// world is a service in memory, a clock that waiting moves, and a provider over
// both.
type world struct {
	*tftest.Driver
	enrollment.Service
	t      *testing.T
	rt     *tf.Runtime
	now    time.Time
	waited []time.Duration
	// onWait happens each time that somebody has waited.
	onWait func()

	kind      enrollment.Kind
	store     enrollment.Store
	token     enrollment.Token
	status    enrollment.SyncStatus
	statusErr error
	// answers are given to requests in order; then finishes answers.
	answers  []answer
	requests []enrollment.SyncRequest
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		t: t, now: start, kind: enrollment.Embedded, store: enrollment.Store{ID: "store-a", Location: "sqlite:a.db"},
		token: enrollment.Token{ID: "token-1", TokenSpec: enrollment.TokenSpec{Name: "District"}, Status: enrollment.Active},
	}
	w.rt = &tf.Runtime{Service: w, Now: func() time.Time { return w.now }, After: w.after, Plans: tf.NewPlans()}
	w.Driver = tftest.New(t, w.rt, []func() resource.Resource{asmsync.NewResource}, []func() datasource.DataSource{asmsync.NewDataSource}, tftest.WithActions(asmsync.NewAction))
	return w
}

func (w *world) after(d time.Duration) <-chan time.Time {
	w.now = w.now.Add(d)
	w.waited = append(w.waited, d)
	if w.onWait != nil {
		w.onWait()
	}
	fired := make(chan time.Time, 1)
	fired <- w.now
	return fired
}

func (w *world) Kind() enrollment.Kind { return w.kind }

func (w *world) Store(context.Context) (enrollment.Store, error) { return w.store, nil }

func (w *world) ReadToken(_ context.Context, id string) (enrollment.Token, error) {
	if id != w.token.ID {
		return enrollment.Token{}, enrollment.NotFound("token", id)
	}
	return w.token, nil
}

func (w *world) SyncStatus(ctx context.Context, id string) (enrollment.SyncStatus, error) {
	if err := ctx.Err(); err != nil {
		return enrollment.SyncStatus{}, err
	}
	if id != w.token.ID {
		return enrollment.SyncStatus{}, enrollment.NotFound("token", id)
	}
	return w.status, w.statusErr
}

func (w *world) Sync(_ context.Context, req enrollment.SyncRequest) (enrollment.SyncRun, error) {
	w.requests = append(w.requests, req)
	next := answer(finishes)
	if len(w.answers) > 0 {
		next, w.answers = w.answers[0], w.answers[1:]
	}
	return next(w, req)
}

// run is a run that was asked for and takes a minute.
func (w *world) run(req enrollment.SyncRequest) enrollment.SyncRun {
	return enrollment.SyncRun{
		ID: "run-" + w.now.Format("150405"), TokenID: req.TokenID, Asked: req.Kind, Kind: req.Kind, State: enrollment.SyncRunning,
		StartedAt: w.now, Pages: 2, Devices: 1500,
	}
}

// end lets a run end well after a minute.
func (w *world) end(run enrollment.SyncRun) enrollment.SyncRun {
	w.now = w.now.Add(time.Minute)
	run.State, run.FinishedAt = enrollment.SyncFinished, w.now
	last := run
	w.status.Running, w.status.Last = nil, &last
	return run
}

func finishes(w *world, req enrollment.SyncRequest) (enrollment.SyncRun, error) {
	return w.end(w.run(req)), nil
}

func runsAsIncremental(w *world, req enrollment.SyncRequest) (enrollment.SyncRun, error) {
	run := w.run(req)
	run.Kind, run.Reason = enrollment.IncrementalSync, "the last full sync was started on Monday"
	return w.end(run), nil
}

func pauses(w *world, req enrollment.SyncRequest) (enrollment.SyncRun, error) {
	run := w.run(req)
	w.now = w.now.Add(enrollment.SyncDeadline)
	run.State, run.FinishedAt = enrollment.SyncPaused, w.now
	return run, nil
}

func keepsRunning(w *world, req enrollment.SyncRequest) (enrollment.SyncRun, error) {
	run := w.run(req)
	run.Joined = true
	w.status.Running = &run
	return run, nil
}

// throttles refuses for a time.
func throttles(length time.Duration) answer {
	return func(w *world, _ enrollment.SyncRequest) (enrollment.SyncRun, error) {
		return enrollment.SyncRun{}, &enrollment.ThrottledError{What: "Token token-1 was fetched anew already", Until: w.now.Add(length)}
	}
}

func isInProgress(w *world, _ enrollment.SyncRequest) (enrollment.SyncRun, error) {
	return enrollment.SyncRun{}, &enrollment.SyncInProgressError{TokenID: "token-1", Since: w.now, Until: enrollment.RunsUntil(w.now)}
}

// fails answers with an error, of a run that had begun where started is set.
func fails(started bool, err error) answer {
	return func(w *world, req enrollment.SyncRequest) (enrollment.SyncRun, error) {
		if !started {
			return enrollment.SyncRun{}, err
		}
		run := w.run(req)
		run.State, run.Err = enrollment.SyncFailed, err.Error()
		return run, err
	}
}

var nightly = tftest.Config{"token_id": "token-1"}

func (w *world) plan(prior tftest.State, config tftest.Config) tftest.Plan {
	w.t.Helper()
	p := w.Plan(syncType, prior, config)
	wantNone(w.t, "errors at plan", p.Diags.Errors())
	return p
}

func (w *world) apply(prior tftest.State, config tftest.Config) (tftest.State, tftest.Diags) {
	w.t.Helper()
	state, diags := w.plan(prior, config).Apply()
	wantNone(w.t, "errors at apply", diags.Errors())
	return state, diags
}

func (w *world) refresh(state tftest.State) tftest.State {
	w.t.Helper()
	read, diags := w.Refresh(state)
	wantNone(w.t, "errors at refresh", diags.Errors())
	return read
}

func (w *world) wantSettled(state tftest.State, config tftest.Config) {
	w.t.Helper()
	if p := w.plan(w.refresh(state), config); !p.Empty() {
		w.t.Errorf("the plan is not empty: %s", p.Value)
	}
}

// wantRequests expects that so many syncs were asked for since the last look.
func (w *world) wantRequests(n int) {
	w.t.Helper()
	if len(w.requests) != n {
		w.t.Errorf("%d syncs were asked for, want %d", len(w.requests), n)
	}
	w.requests = nil
}

func wantNone(t *testing.T, what string, got []string) {
	t.Helper()
	if len(got) > 0 {
		t.Fatalf("%s: %s", what, strings.Join(got, "\n"))
	}
}

func wantOne(t *testing.T, what string, got []string, parts ...string) {
	t.Helper()
	if len(got) != 1 {
		t.Fatalf("%s: got %d, want 1: %s", what, len(got), strings.Join(got, "\n"))
	}
	for _, part := range parts {
		if !strings.Contains(got[0], part) {
			t.Errorf("%s: %q does not say %q", what, got[0], part)
		}
	}
}

func wantAttributes(t *testing.T, got interface{ Get(string) any }, want map[string]any) {
	t.Helper()
	var names []string
	for name := range want {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if got.Get(name) != want[name] {
			t.Errorf("%s is %v, want %v", name, got.Get(name), want[name])
		}
	}
}
