package sync_test

import (
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

func TestSkip(t *testing.T) {
	config := nightly.With(tftest.Config{"max_age": "24h"})
	for name, refuses := range map[string]answer{"throttled": throttles(15 * time.Minute), "in progress": isInProgress} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.status.Last = &enrollment.SyncRun{ID: "old", Kind: enrollment.FullSync, FinishedAt: start.Add(-48 * time.Hour)}
			w.answers = []answer{refuses}
			state, diags := w.apply(tftest.State{}, config)
			wantOne(t, "warnings", diags.Warnings(), "The sync was skipped: it may not run yet", "2026-11-02T08:15:00Z")
			wantAttributes(t, state, map[string]any{"finished_at": "2026-10-31T08:00:00Z", "last_kind": "full"})
			w.requests = nil

			w.now = start.Add(14 * time.Minute)
			p := w.plan(w.refresh(state), config)
			if !p.Empty() {
				t.Error("the plan is not empty before the sync may run")
			}
			wantOne(t, "warnings", p.Diags.Warnings(), "max_age", "may not run before 2026-11-02T08:15:00Z")

			w.now = start.Add(15 * time.Minute)
			state, diags = w.apply(w.refresh(state), config)
			wantNone(t, "warnings", diags.Warnings())
			w.wantRequests(1)
			wantAttributes(t, state, map[string]any{"finished_at": "2026-11-02T08:16:00Z"})
			w.wantSettled(state, config)
		})
	}
}

func TestSkippedSyncIsSettledByAnybody(t *testing.T) {
	w := newWorld(t)
	w.answers = []answer{throttles(time.Hour)}
	state, _ := w.apply(tftest.State{}, nightly)
	wantAttributes(t, state, map[string]any{"finished_at": nil, "last_kind": nil})
	w.now = start.Add(2 * time.Hour)
	if w.plan(state, nightly).Empty() {
		t.Error("a skipped sync is forgotten")
	}
	w.status.Last = &enrollment.SyncRun{ID: "other", Kind: enrollment.FullSync, FinishedAt: start.Add(time.Hour)}
	state = w.refresh(state)
	wantAttributes(t, state, map[string]any{"finished_at": "2026-11-02T09:00:00Z", "last_kind": "full"})
	w.wantSettled(state, nightly)
}

func TestSyncThatIsDueIsNotPlannedWhileItWouldBeSkipped(t *testing.T) {
	w := newWorld(t)
	config := nightly.With(tftest.Config{"max_age": "24h"})
	state, _ := w.apply(tftest.State{}, config)
	w.now = start.Add(48 * time.Hour)
	w.status.NextSyncAt = w.now.Add(10 * time.Minute)
	if p := w.plan(state, config); !p.Empty() || len(p.Diags.Warnings()) != 1 {
		t.Errorf("want an empty plan with a warning, got %v", p.Diags.Warnings())
	}
	patient := config.With(tftest.Config{"on_throttled": "wait"})
	w.now = start.Add(2 * time.Minute)
	waits, _ := w.apply(state, patient)
	w.now = start.Add(48 * time.Hour)
	if w.plan(waits, patient).Empty() {
		t.Error("with wait it has to be planned")
	}
	w.status.Running = &enrollment.SyncRun{ID: "other", StartedAt: w.now}
	if w.plan(state, config).Empty() {
		t.Error("a running sync can be joined, so it has to be planned")
	}
}

func TestOnThrottledError(t *testing.T) {
	config := nightly.With(tftest.Config{"on_throttled": "error", "triggers": tftest.Config{"day": "1"}})
	w := newWorld(t)
	w.answers = []answer{throttles(time.Hour)}
	state, diags := w.plan(tftest.State{}, config).Apply()
	wantOne(t, "errors", diags.Errors(), "Unable to run the device sync", "2026-11-02T09:00:00Z")
	if state.Exists() {
		t.Error("a sync that never started is in state")
	}
	state, _ = w.apply(tftest.State{}, config)
	w.answers = []answer{throttles(time.Hour)}
	again := config.With(tftest.Config{"triggers": tftest.Config{"day": "2"}})
	state, diags = w.plan(state, again).Apply()
	wantOne(t, "errors", diags.Errors(), "Unable to run the device sync")
	if w.plan(state, again).Empty() {
		t.Error("a failed update is forgotten")
	}
}

func TestOnThrottledWait(t *testing.T) {
	config := nightly.With(tftest.Config{"on_throttled": "wait"})
	t.Run("waits until it may", func(t *testing.T) {
		w := newWorld(t)
		w.answers = []answer{throttles(5 * time.Minute), isInProgress}
		state, diags := w.apply(tftest.State{}, config)
		wantNone(t, "warnings", diags.Warnings())
		w.wantRequests(3)
		wantAttributes(t, state, map[string]any{"finished_at": "2026-11-02T08:21:00Z"})
	})
	t.Run("fails at once where the timeout leaves no room", func(t *testing.T) {
		w := newWorld(t)
		w.answers = []answer{throttles(21 * time.Minute)}
		_, diags := w.plan(tftest.State{}, config).Apply()
		wantOne(t, "errors", diags.Errors(), "cannot start within its timeout of 20m0s", "2026-11-02T08:21:00Z", "on_throttled")
		if len(w.waited) > 0 {
			t.Errorf("waited %v for nothing", w.waited)
		}
	})
	t.Run("with a longer timeout it waits", func(t *testing.T) {
		w := newWorld(t)
		w.answers = []answer{throttles(21 * time.Minute)}
		w.apply(tftest.State{}, config.With(tftest.Config{"timeouts": tftest.Config{"create": "45m"}}))
		w.wantRequests(2)
	})
}
