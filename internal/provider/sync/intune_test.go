package sync_test

import (
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	asmsync "github.com/asm-enrollment/terraform-provider-asm/internal/provider/sync"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

// newTenant is a world as Intune is: a run has no pages, only the first is known to
// be full, and its clock is not ours.
func newTenant(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.kind, w.store = enrollment.Intune, enrollment.Store{ID: "tenant-a", Location: "Intune tenant tenant-a", Kind: enrollment.Intune}
	return w
}

// asked is a run that Intune was asked for, by its own clock.
func (w *world) asked(req enrollment.SyncRequest, at time.Time) enrollment.SyncRun {
	run := enrollment.SyncRun{
		ID: req.TokenID + "@" + at.Format(time.RFC3339), TokenID: req.TokenID, Asked: req.Kind, Kind: enrollment.IncrementalSync,
		State: enrollment.SyncRunning, StartedAt: at, Devices: 1500,
	}
	if req.Kind == enrollment.FullSync {
		run.Reason = enrollment.IntuneDecides
	}
	return run
}

// shown is a run as a status of Intune has it.
func shown(finishedAt time.Time) *enrollment.SyncRun {
	return &enrollment.SyncRun{ID: "token-1@" + finishedAt.Format(time.RFC3339), State: enrollment.SyncFinished, StartedAt: finishedAt.Add(-time.Minute), FinishedAt: finishedAt, Devices: 1500}
}

// starts is started by Intune, whose clock is off by so much, and is not waited for.
func starts(off time.Duration) answer {
	return func(w *world, req enrollment.SyncRequest) (enrollment.SyncRun, error) {
		run := w.asked(req, w.now.Add(off))
		w.status.Running = &run
		return run, nil
	}
}

// runsOn is still running when its 15 minutes are over.
func runsOn(w *world, req enrollment.SyncRequest) (enrollment.SyncRun, error) {
	run := w.asked(req, w.now)
	w.now = w.now.Add(enrollment.SyncDeadline)
	return run, nil
}

func TestOnIntuneARunOfMoreThanFifteenMinutesIsAWarningAndGoesOnByItself(t *testing.T) {
	w := newTenant(t)
	w.answers = []answer{runsOn}
	state, diags := w.apply(tftest.State{}, nightly)
	wantOne(t, "warnings", diags.Warnings(), "still running", "2026-11-02T08:00:00Z", "goes on without anybody waiting", "3,000 devices a minute")
	if strings.Contains(diags.Warnings()[0], "pages") {
		t.Error("Intune tells of no pages")
	}
	wantAttributes(t, state, map[string]any{"finished_at": nil, "last_kind": nil})
	if len(w.waited) > 0 {
		t.Errorf("waited %v after the service had", w.waited)
	}
	w.requests = nil

	w.status.Last = shown(start.Add(20 * time.Minute))
	w.now = start.Add(time.Hour)
	state = w.refresh(state)
	wantAttributes(t, state, map[string]any{"finished_at": "2026-11-02T08:20:00Z", "last_kind": nil})
	w.wantSettled(state, nightly)
	w.wantRequests(0)
}

func TestOnIntuneARunThatNeverEndedIsAskedForAgain(t *testing.T) {
	w := newTenant(t)
	w.answers = []answer{runsOn}
	state, _ := w.apply(tftest.State{}, nightly)
	w.requests = nil
	w.now = start.Add(time.Hour)
	if w.plan(w.refresh(state), nightly).Empty() {
		t.Error("a sync that never ended is forgotten")
	}
}

// Whatever Intune's clock says: an end that is later than the last one before is
// the end of what was started.
func TestWithoutWaitTheEndIsFoundLaterWhoseverClockIsWrong(t *testing.T) {
	config := nightly.With(tftest.Config{"wait": false})
	for name, off := range map[string]time.Duration{"the same clock": 0, "Intune is behind": -10 * time.Minute, "Intune is ahead": 10 * time.Minute} {
		for _, before := range []*enrollment.SyncRun{nil, shown(start.Add(off - time.Hour))} {
			t.Run(name, func(t *testing.T) {
				w := newTenant(t)
				w.status.Last = before
				w.answers = []answer{starts(off)}
				state, diags := w.apply(tftest.State{}, config)
				wantNone(t, "warnings", diags.Warnings())
				if len(w.waited) > 0 {
					t.Errorf("waited %v", w.waited)
				}
				w.wantRequests(1)
				w.now = start.Add(2 * time.Minute)
				w.wantSettled(state, config) // it is running
				w.status.Running, w.status.Last = nil, shown(start.Add(off+time.Minute))
				w.wantSettled(w.refresh(state), config)
				wantAttributes(t, w.refresh(state), map[string]any{"finished_at": start.Add(off + time.Minute).Format(time.RFC3339)})
				w.wantRequests(0)
			})
		}
	}
}

// The last good run of before is not the end of one that has failed since.
func TestAFailedRunIsNotTakenForAnEarlierGoodOne(t *testing.T) {
	for name, id := range map[string]string{"with an id": "token-1@now", "without one": ""} {
		t.Run(name, func(t *testing.T) {
			w := newTenant(t)
			earlier := shown(start.Add(-time.Hour))
			earlier.ID = strings.Repeat(earlier.ID, len(id)) // none where the runs have none
			w.status.Last = earlier
			w.answers = []answer{func(w *world, req enrollment.SyncRequest) (enrollment.SyncRun, error) {
				run := w.asked(req, w.now)
				run.ID, run.Joined = id, true
				return run, nil
			}}
			w.onWait = func() { w.status.LastError = "Apple has new terms" }
			_, diags := w.plan(tftest.State{}, nightly).Apply()
			wantOne(t, "errors", diags.Errors(), "incremental sync that started at 2026-11-02T08:00:00Z failed", "Apple has new terms")
		})
	}
}

func TestAJoinedRunOfIntuneIsFollowedToItsEnd(t *testing.T) {
	for name, ended := range map[string]time.Time{"later": start.Add(time.Minute), "in the second that it began": start} {
		t.Run(name, func(t *testing.T) {
			w := newTenant(t)
			w.status.Last = shown(start.Add(-time.Hour))
			w.answers = []answer{func(w *world, req enrollment.SyncRequest) (enrollment.SyncRun, error) {
				run, err := starts(0)(w, req)
				run.Joined = true
				return run, err
			}}
			w.onWait = func() {
				w.status.Running, w.status.Last = nil, shown(ended)
				w.status.Last.ID = "named otherwise"
			}
			state, diags := w.apply(tftest.State{}, nightly)
			wantNone(t, "warnings", diags.Warnings())
			wantAttributes(t, state, map[string]any{"finished_at": ended.Format(time.RFC3339)})
			w.wantSettled(state, nightly)
		})
	}
}

func TestFullIsAWishOnIntune(t *testing.T) {
	full := nightly.With(tftest.Config{"kind": "full"})
	for name, c := range map[string]struct {
		config tftest.Config
		ran    enrollment.SyncKind
		reason string
		want   []string
	}{
		"asked for full":            {full, enrollment.IncrementalSync, enrollment.IntuneDecides, []string{"Intune was asked for a full sync and decides itself", "one request for a sync"}},
		"no reason given":           {full, "", "", []string{"decides itself", "one request for a sync"}},
		"the first sync of a token": {full, enrollment.FullSync, "", nil},
		"asked for incremental":     {nightly, enrollment.IncrementalSync, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTenant(t)
			w.answers = []answer{func(w *world, req enrollment.SyncRequest) (enrollment.SyncRun, error) {
				run := w.asked(req, w.now)
				run.Kind, run.Reason = c.ran, c.reason
				return w.end(run), nil
			}}
			state, diags := w.apply(tftest.State{}, c.config)
			if c.want == nil {
				wantNone(t, "warnings", diags.Warnings())
			} else {
				wantOne(t, "warnings", diags.Warnings(), c.want...)
				if strings.Contains(diags.Warnings()[0], "ran as an incremental one") {
					t.Error("it says what nobody knows")
				}
			}
			w.wantSettled(state, c.config)
		})
	}
}

func TestOnIntuneThrottledIsFifteenMinutesAfterSomebodyAsked(t *testing.T) {
	t.Run("skip", func(t *testing.T) {
		w := newTenant(t)
		config := nightly.With(tftest.Config{"max_age": "24h"})
		w.status.Last = shown(start.Add(-48 * time.Hour))
		w.answers = []answer{throttles(9 * time.Minute)}
		state, diags := w.apply(tftest.State{}, config)
		wantOne(t, "warnings", diags.Warnings(), "may not run yet", "2026-11-02T08:09:00Z", "Nothing was sent")
		w.now = start.Add(8 * time.Minute)
		if p := w.plan(w.refresh(state), config); !p.Empty() {
			t.Error("it is planned while it would be refused")
		}
		w.now = start.Add(9 * time.Minute)
		state, _ = w.apply(w.refresh(state), config)
		w.wantSettled(state, config)
	})
	t.Run("wait", func(t *testing.T) {
		w := newTenant(t)
		w.answers = []answer{throttles(9 * time.Minute)}
		_, diags := w.apply(tftest.State{}, nightly.With(tftest.Config{"on_throttled": "wait"}))
		wantNone(t, "warnings", diags.Warnings())
		w.wantRequests(2)
		if len(w.waited) != 1 || w.waited[0] != 9*time.Minute {
			t.Errorf("waited %v", w.waited)
		}
	})
	t.Run("error", func(t *testing.T) {
		w := newTenant(t)
		w.answers = []answer{throttles(9 * time.Minute)}
		state, diags := w.plan(tftest.State{}, nightly.With(tftest.Config{"on_throttled": "error"})).Apply()
		wantOne(t, "errors", diags.Errors(), "2026-11-02T08:09:00Z")
		if state.Exists() {
			t.Error("a sync that never started is in state")
		}
	})
}

func TestMaxAgeOnIntuneLooksAtTheLastGoodSyncOfAnybody(t *testing.T) {
	w := newTenant(t)
	config := nightly.With(tftest.Config{"max_age": "24h"})
	state, _ := w.apply(tftest.State{}, config)
	w.now = start.Add(26 * time.Hour)
	w.status.Last = shown(start.Add(14 * time.Hour)) // Intune's own
	w.wantSettled(state, config)
	w.status.Last = shown(start.Add(2 * time.Hour))
	if w.plan(w.refresh(state), config).Empty() {
		t.Error("a sync that is due is not planned")
	}
}

func TestTermsThatNobodyAcceptedFailTheSync(t *testing.T) {
	w := newTenant(t)
	terms := &enrollment.Error{Kind: enrollment.ErrTermsNotAccepted, What: "Apple has new terms", Do: "Accept them in Apple School Manager."}
	w.answers = []answer{func(w *world, req enrollment.SyncRequest) (enrollment.SyncRun, error) {
		run := w.asked(req, w.now)
		run.State, run.Err = enrollment.SyncFailed, terms.Error()
		return run, terms
	}}
	state, diags := w.plan(tftest.State{}, nightly).Apply()
	wantOne(t, "errors", diags.Errors(), "Unable to run the device sync", "new terms", "Accept them")
	if state.Exists() {
		t.Error("a sync that brought nothing in is in state, and tainted")
	}
}

func TestProgressOfIntuneNamesNoPages(t *testing.T) {
	w := newTenant(t)
	w.answers = []answer{func(w *world, req enrollment.SyncRequest) (enrollment.SyncRun, error) {
		req.Progress(enrollment.SyncProgress{StartedAt: w.now, Devices: 1500})
		return finishes(w, req)
	}}
	var lines []string
	o := options()
	o.Kind, o.Progress = enrollment.IncrementalSync, func(line string) { lines = append(lines, line) }
	if _, err := asmsync.Run(t.Context(), w.rt, o); err != nil || len(lines) != 3 ||
		lines[1] != "the sync that started at 2026-11-02T08:00:00Z has been running for 0s, 15m0s left of its 15 minutes; Intune tells no counts (estimate: 0 of the 1,500 devices of before, at about 3,000 a minute)" {
		t.Errorf("said %q, %v", lines, err)
	}
}

func TestSyncStatusOfIntuneHasNullsForWhatIntuneDoesNotTell(t *testing.T) {
	w := newTenant(t)
	running := w.asked(enrollment.SyncRequest{TokenID: "token-1"}, start)
	w.status = enrollment.SyncStatus{Running: &running, Last: shown(start.Add(-time.Hour)), NextSyncAt: start.Add(15 * time.Minute), DeviceCount: 1500}
	got, diags := w.ReadData("asm_sync_status", nightly)
	wantNone(t, "errors", diags.Errors())
	wantAttributes(t, got, map[string]any{
		"running": true, "can_sync": false, "can_sync_full": nil, "next_full_at": nil, "next_sync_at": "2026-11-02T08:15:00Z",
		"seconds_until_next_sync": int64(900), "device_count": int64(1500), "last_synced_at": "2026-11-02T07:00:00Z", "last_error": nil,
	})
	wantMap(t, got.Get("current_run"), map[string]any{"kind": nil, "started_at": "2026-11-02T08:00:00Z", "ends_by": "2026-11-02T08:15:00Z", "pages": nil, "devices": nil})
	wantMap(t, got.Get("last_run"), map[string]any{
		"kind": nil, "reason": nil, "started_at": "2026-11-02T06:59:00Z", "finished_at": "2026-11-02T07:00:00Z", "devices": nil, "added": nil, "removed": nil,
	})
	w.status = enrollment.SyncStatus{LastError: "Apple has new terms"}
	got, _ = w.ReadData("asm_sync_status", nightly)
	wantAttributes(t, got, map[string]any{"running": false, "can_sync": true, "current_run": nil, "last_run": nil, "last_synced_at": nil, "last_error": "Apple has new terms"})
}
