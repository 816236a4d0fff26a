package sync_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	asmsync "github.com/asm-enrollment/terraform-provider-asm/internal/provider/sync"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

func options() asmsync.Options {
	return asmsync.Options{TokenID: "token-1", Kind: enrollment.FullSync, Wait: true, OnThrottled: asmsync.Wait, Timeout: 20 * time.Minute}
}

func TestRunReportsProgress(t *testing.T) {
	w := newWorld(t)
	w.answers = []answer{throttles(time.Minute), func(w *world, req enrollment.SyncRequest) (enrollment.SyncRun, error) {
		req.Progress(enrollment.SyncProgress{Kind: req.Kind, StartedAt: start, Pages: 2, Devices: 1500})
		run := w.run(req)
		run.Added, run.Removed, run.Assigned = 7, 2, 5
		return w.end(run), nil
	}}
	var lines []string
	o := options()
	o.Progress = func(line string) { lines = append(lines, line) }
	out, err := asmsync.Run(t.Context(), w.rt, o)
	if err != nil || out.LastGood == nil || out.Unfinished != nil {
		t.Fatalf("got %+v, %v", out, err)
	}
	want := []string{
		"asking for a full sync of token token-1",
		"waiting 1m0s, until 2026-11-02T08:01:00Z: Token token-1 was fetched anew already",
		"full sync: 1,500 devices on 2 pages so far, about 1,500 a minute, 14m0s left of its 15 minutes",
		"a full sync may start now",
		"full sync finished: 1,500 devices, 7 added, 2 removed, 5 got their default or pending profile, took 1m0s",
	}
	if !slices.Equal(lines, want) {
		t.Errorf("got %q, want %q", lines, want)
	}
}

// Ctrl-C while a sync runs: the record is kept, and the next plan goes on.
func TestInterruptedRunIsUnfinishedAndNoError(t *testing.T) {
	w := newWorld(t)
	ctx, interrupt := context.WithCancel(t.Context())
	w.status.Last = &enrollment.SyncRun{ID: "old", FinishedAt: start.Add(-time.Hour)}
	w.answers = []answer{func(w *world, req enrollment.SyncRequest) (enrollment.SyncRun, error) {
		interrupt()
		return w.run(req), context.Canceled
	}}
	out, err := asmsync.Run(ctx, w.rt, options())
	if err != nil || out.Unfinished == nil || out.LastGood == nil || out.LastGood.ID != "old" || len(out.Warnings) != 1 {
		t.Fatalf("got %+v, %v", out, err)
	}
}

func TestInterruptedWaitingForTheStartIsUnfinished(t *testing.T) {
	w := newWorld(t)
	ctx, interrupt := context.WithCancel(t.Context())
	w.rt.After = func(time.Duration) <-chan time.Time { interrupt(); return nil }
	w.answers = []answer{throttles(time.Minute)}
	out, err := asmsync.Run(ctx, w.rt, options())
	if err != nil || out.Unfinished == nil || out.Started || len(out.Warnings) != 1 {
		t.Fatalf("got %+v, %v", out, err)
	}
	wantOne(t, "warnings", []string{out.Warnings[0].Summary}, "did not start in time")
}

// A clock that is behind the service's must not make a busy loop.
func TestWaitingMakesProgressWithAnEarlyTime(t *testing.T) {
	w := newWorld(t)
	w.answers = []answer{throttles(-time.Hour), throttles(0)}
	if _, err := asmsync.Run(t.Context(), w.rt, options()); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(w.waited, []time.Duration{time.Second, time.Second}) {
		t.Errorf("waited %v", w.waited)
	}
}

func TestJoiningAnEndedSyncOfAnUploadIsItsEnd(t *testing.T) {
	w := newWorld(t)
	w.answers = []answer{func(w *world, req enrollment.SyncRequest) (enrollment.SyncRun, error) {
		run := w.end(w.run(req))
		run.Kind, run.Joined = enrollment.IncrementalSync, true
		return run, nil
	}}
	out, err := asmsync.Run(t.Context(), w.rt, options())
	if err != nil || out.LastGood == nil || out.Unfinished != nil {
		t.Fatalf("got %+v, %v", out, err)
	}
	wantOne(t, "warnings", []string{out.Warnings[0].Detail}, "was joined")
}

func TestSyncStatusDataSource(t *testing.T) {
	idle := map[string]any{
		"running": false, "current_run": nil, "last_run": nil, "last_synced_at": nil, "last_error": nil, "device_count": int64(0),
		"can_sync": true, "can_sync_full": true, "next_sync_at": nil, "next_full_at": nil, "seconds_until_next_sync": int64(0),
	}
	cases := map[string]struct {
		status enrollment.SyncStatus
		now    time.Time
		want   map[string]any
	}{
		"never synced": {enrollment.SyncStatus{}, start, idle},
		"full one recently": {
			enrollment.SyncStatus{NextFullAt: start.Add(time.Hour), DeviceCount: 1500, LastError: "Apple has new terms"},
			start,
			map[string]any{"can_sync": true, "can_sync_full": false, "next_full_at": "2026-11-02T09:00:00Z", "device_count": int64(1500), "last_error": "Apple has new terms"},
		},
		"may start in a moment": {
			enrollment.SyncStatus{NextSyncAt: start.Add(90*time.Second + time.Millisecond)},
			start,
			map[string]any{"can_sync": false, "can_sync_full": false, "seconds_until_next_sync": int64(91)},
		},
		"may start now": {
			enrollment.SyncStatus{NextSyncAt: start, NextFullAt: start},
			start,
			map[string]any{"can_sync": true, "can_sync_full": true, "seconds_until_next_sync": int64(0)},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.status, w.now = c.status, c.now
			got, diags := w.ReadData("asm_sync_status", nightly)
			wantNone(t, "errors", diags.Errors())
			wantAttributes(t, got, c.want)
		})
	}
}

func TestSyncStatusDataSourceShowsTheRuns(t *testing.T) {
	w := newWorld(t)
	w.status.Running = &enrollment.SyncRun{Kind: enrollment.FullSync, StartedAt: start, Pages: 3, Devices: 2400}
	w.status.Last = &enrollment.SyncRun{
		Kind: enrollment.IncrementalSync, Reason: "too early", StartedAt: start.Add(-time.Hour), FinishedAt: start.Add(-59 * time.Minute), Devices: 5, Added: 4, Removed: 1,
	}
	got, diags := w.ReadData("asm_sync_status", nightly)
	wantNone(t, "errors", diags.Errors())
	wantAttributes(t, got, map[string]any{"running": true, "last_synced_at": "2026-11-02T07:01:00Z"})
	wantMap(t, got.Get("current_run"), map[string]any{
		"kind": "full", "started_at": "2026-11-02T08:00:00Z", "ends_by": "2026-11-02T08:15:00Z", "pages": int64(3), "devices": int64(2400),
	})
	wantMap(t, got.Get("last_run"), map[string]any{
		"kind": "incremental", "reason": "too early", "started_at": "2026-11-02T07:00:00Z", "finished_at": "2026-11-02T07:01:00Z",
		"devices": int64(5), "added": int64(4), "removed": int64(1),
	})
}

func wantMap(t *testing.T, got any, want map[string]any) {
	t.Helper()
	members, ok := got.(map[string]any)
	if !ok {
		t.Fatalf("got %v", got)
	}
	for name, value := range want {
		if members[name] != value {
			t.Errorf("%s is %v, want %v", name, members[name], value)
		}
	}
}

func TestSyncStatusDataSourceRefuses(t *testing.T) {
	w := newWorld(t)
	_, diags := w.ReadData("asm_sync_status", tftest.Config{"token_id": "token-9"})
	wantOne(t, "errors", diags.Errors(), "Unable to read the sync status", "token-9")
	w.rt.Service, w.rt.NotReady = nil, "embedded.store"
	_, diags = w.ReadData("asm_sync_status", nightly)
	wantOne(t, "errors", diags.Errors(), "depends_on")
}

// A timeout stops the embedded service's run at a page: it does not go on by
// itself, as Intune's does.
func TestRunThatTheTimeoutStoppedIsNotStillRunning(t *testing.T) {
	w := newWorld(t)
	w.answers = []answer{func(w *world, req enrollment.SyncRequest) (enrollment.SyncRun, error) {
		run := w.run(req)
		run.State = enrollment.SyncPaused
		return run, context.DeadlineExceeded
	}}
	o := options()
	o.Timeout = time.Nanosecond
	out, err := asmsync.Run(t.Context(), w.rt, o)
	if err != nil || out.Unfinished == nil || out.Interrupted {
		t.Fatalf("got %+v, %v", out, err)
	}
	wantOne(t, "warnings", []string{out.Warnings[0].Summary + out.Warnings[0].Detail}, "was stopped", "2 pages with 1500 devices", "from the page where it stopped")
}
