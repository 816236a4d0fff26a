package sync_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

// oneMinuteIn is when the first sync of a test ends.
const oneMinuteIn = "2026-11-02T08:01:00Z"

func TestCreateSyncsAndSaysWhenItEnded(t *testing.T) {
	w := newWorld(t)
	p := w.plan(tftest.State{}, nightly)
	wantAttributes(t, p, map[string]any{
		"id": tftest.Unknown, "finished_at": tftest.Unknown, "last_kind": tftest.Unknown, "kind": "incremental", "wait": true, "on_throttled": "skip",
	})
	w.wantRequests(0)
	state, diags := p.Apply()
	wantNone(t, "errors", diags.Errors())
	wantNone(t, "warnings", diags.Warnings())
	if req := w.requests[0]; req.Kind != enrollment.IncrementalSync || !req.Wait || req.TokenID != "token-1" {
		t.Errorf("asked for %+v", req)
	}
	w.wantRequests(1)
	wantAttributes(t, state, map[string]any{"finished_at": oneMinuteIn, "last_kind": "incremental"})
	for range 5 {
		w.now = w.now.Add(24 * time.Hour)
		w.wantSettled(state, nightly)
	}
	w.wantRequests(0)
}

func TestTriggersRedoItInPlace(t *testing.T) {
	first := nightly.With(tftest.Config{"triggers": tftest.Config{"day": "1"}})
	second := nightly.With(tftest.Config{"triggers": tftest.Config{"day": "2"}})
	cases := map[string]struct {
		before, after tftest.Config
		runs          bool
	}{
		"another value":       {first, second, true},
		"an unknown value":    {first, nightly.With(tftest.Config{"triggers": tftest.Config{"day": tftest.Unknown}}), true},
		"unknown altogether":  {first, nightly.With(tftest.Config{"triggers": tftest.Unknown}), true},
		"the first one":       {nightly, first, true},
		"none any more":       {first, nightly, true},
		"the same":            {first, first, false},
		"only other settings": {first, first.With(tftest.Config{"wait": false, "on_throttled": "error", "kind": "full", "timeouts": tftest.Config{"update": "5m"}}), false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			state, _ := w.apply(tftest.State{}, c.before)
			w.requests = nil
			w.now = w.now.Add(time.Hour)
			p := w.plan(state, c.after)
			if len(p.Replaces) > 0 {
				t.Error("the sync is replaced")
			}
			if unknown := p.Get("finished_at") == tftest.Unknown && p.Get("last_kind") == tftest.Unknown; unknown != c.runs {
				t.Errorf("finished_at is planned as %v", p.Get("finished_at"))
			}
			if !c.runs {
				p.Apply()
				w.wantRequests(0)
				return
			}
			known := c.after
			if strings.HasPrefix(name, "an unknown") || strings.HasPrefix(name, "unknown") {
				known = second
			}
			state, _ = p.ApplyWith(known)
			w.wantRequests(1)
			wantAttributes(t, state, map[string]any{"finished_at": "2026-11-02T09:02:00Z"})
			w.wantSettled(state, known)
		})
	}
}

func TestMaxAgeIsMeasuredAtPlanAgainstWhoeverSynced(t *testing.T) {
	config := nightly.With(tftest.Config{"max_age": "24h"})
	ended := start.Add(time.Minute)
	cases := map[string]struct {
		now  time.Time
		last time.Time // of somebody else, zero is none
		runs bool
	}{
		"younger":                      {ended.Add(24*time.Hour - time.Second), time.Time{}, false},
		"as old":                       {ended.Add(24 * time.Hour), time.Time{}, true},
		"somebody else synced since":   {ended.Add(30 * time.Hour), ended.Add(20 * time.Hour), false},
		"and that is too old as well":  {ended.Add(50 * time.Hour), ended.Add(20 * time.Hour), true},
		"a day later, in a nightly CI": {start.Add(24*time.Hour + 5*time.Minute), time.Time{}, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			state, _ := w.apply(tftest.State{}, config)
			w.requests = nil
			if !c.last.IsZero() {
				w.status.Last = &enrollment.SyncRun{ID: "other", Kind: enrollment.FullSync, FinishedAt: c.last}
			}
			w.now = c.now
			state = w.refresh(state)
			wantAttributes(t, state, map[string]any{"finished_at": oneMinuteIn}) // the figure does not move by itself
			p := w.plan(state, config)
			if p.Empty() == c.runs {
				t.Fatalf("the plan is empty: %v", p.Empty())
			}
			if !c.runs {
				return
			}
			wantAttributes(t, p, map[string]any{"finished_at": tftest.Unknown, "last_kind": tftest.Unknown})
			state, _ = p.Apply()
			w.wantRequests(1)
			wantAttributes(t, state, map[string]any{"finished_at": c.now.Add(time.Minute).Format(time.RFC3339)})
			w.wantSettled(state, config)
		})
	}
}

func TestWhatBecomesDueBetweenPlanAndApplyIsNoInconsistentPlan(t *testing.T) {
	w := newWorld(t)
	config := nightly.With(tftest.Config{"max_age": "24h"})
	state, _ := w.apply(tftest.State{}, config)
	w.requests = nil
	changed := config.With(tftest.Config{"wait": false})
	w.now = start.Add(24 * time.Hour) // one minute too early
	p := w.plan(state, changed)
	wantAttributes(t, p, map[string]any{"finished_at": tftest.Unknown})
	t.Run("still young", func(t *testing.T) {
		kept, _ := p.Apply()
		w.wantRequests(0)
		wantAttributes(t, kept, map[string]any{"finished_at": oneMinuteIn, "wait": false})
	})
	t.Run("due", func(*testing.T) {
		w.now = w.now.Add(time.Hour)
		p.Apply() // the driver fails on an inconsistent final plan
		w.wantRequests(1)
	})
}

func TestWhatSomebodyDidBetweenPlanAndApplyIsNotDoneAgain(t *testing.T) {
	w := newWorld(t)
	config := nightly.With(tftest.Config{"max_age": "24h"})
	state, _ := w.apply(tftest.State{}, config)
	w.requests = nil
	w.now = start.Add(48 * time.Hour)
	p := w.plan(state, config)
	w.status.Last = &enrollment.SyncRun{ID: "other", Kind: enrollment.FullSync, FinishedAt: w.now}
	_, diags := p.Apply()
	wantNone(t, "errors", diags.Errors())
	w.wantRequests(0)
	if _, diags := p.ApplyAsPlanned(); len(diags.Errors()) > 0 {
		t.Error(diags.Errors())
	}
	w.wantRequests(0)
}

func TestUnknownMaxAgeMayRun(t *testing.T) {
	w := newWorld(t)
	state, _ := w.apply(tftest.State{}, nightly)
	w.requests = nil
	p := w.plan(state, nightly.With(tftest.Config{"max_age": tftest.Unknown}))
	wantAttributes(t, p, map[string]any{"finished_at": tftest.Unknown})
	p.ApplyWith(nightly.With(tftest.Config{"max_age": "24h"}))
	w.wantRequests(0)
}

func TestEarlyFullSyncRunsAsIncrementalAndSaysSo(t *testing.T) {
	w := newWorld(t)
	w.answers = []answer{runsAsIncremental}
	state, diags := w.apply(tftest.State{}, nightly.With(tftest.Config{"kind": "full"}))
	wantOne(t, "warnings", diags.Warnings(), "The full sync ran as an incremental one", "the last full sync was started on Monday", "seven days")
	wantAttributes(t, state, map[string]any{"last_kind": "incremental", "kind": "full"})
	w.wantSettled(state, nightly.With(tftest.Config{"kind": "full"}))
}

func TestFirstIncrementalSyncIsFullWithoutAWarning(t *testing.T) {
	w := newWorld(t)
	w.answers = []answer{func(w *world, req enrollment.SyncRequest) (enrollment.SyncRun, error) {
		run := w.run(req)
		run.Kind, run.Reason = enrollment.FullSync, "the token has never been synced"
		run.Warnings = []enrollment.Warning{{Summary: "Apple sent a device twice", Detail: "It was counted once."}}
		return w.end(run), nil
	}}
	state, diags := w.apply(tftest.State{}, nightly)
	wantOne(t, "warnings", diags.Warnings(), "Apple sent a device twice")
	wantAttributes(t, state, map[string]any{"last_kind": "full"})
}

func TestPausedSyncIsAWarningAndGoesOnNextTime(t *testing.T) {
	w := newWorld(t)
	w.answers = []answer{pauses}
	state, diags := w.apply(tftest.State{}, nightly)
	wantOne(t, "warnings", diags.Warnings(), "paused after its 15 minutes and goes on next time", "2 pages with 1500 devices")
	wantAttributes(t, state, map[string]any{"finished_at": nil})
	w.requests = nil
	p := w.plan(w.refresh(state), nightly)
	wantAttributes(t, p, map[string]any{"finished_at": tftest.Unknown})
	state, diags = p.Apply()
	wantNone(t, "warnings", diags.Warnings())
	w.wantRequests(1)
	wantAttributes(t, state, map[string]any{"finished_at": w.now.Format(time.RFC3339)})
	w.wantSettled(state, nightly)
}

func TestUpdateThatPausesGoesOnNextTime(t *testing.T) {
	w := newWorld(t)
	state, _ := w.apply(tftest.State{}, nightly)
	again := nightly.With(tftest.Config{"triggers": tftest.Config{"day": "2"}})
	w.answers = []answer{pauses}
	state, diags := w.apply(state, again)
	wantOne(t, "warnings", diags.Warnings(), "paused after its 15 minutes")
	wantAttributes(t, state, map[string]any{"finished_at": oneMinuteIn})
	w.requests = nil
	state, _ = w.apply(w.refresh(state), again)
	w.wantRequests(1)
	w.wantSettled(state, again)
}

func TestWaitFollowsTheRunOfSomebodyElse(t *testing.T) {
	t.Run("to its end", func(t *testing.T) {
		w := newWorld(t)
		w.answers = []answer{keepsRunning}
		w.onWait = func() {
			if w.now.Sub(start) >= 2*time.Minute && w.status.Running != nil {
				w.end(*w.status.Running)
			}
		}
		state, diags := w.apply(tftest.State{}, nightly)
		wantNone(t, "warnings", diags.Warnings())
		w.wantRequests(1)
		wantAttributes(t, state, map[string]any{"finished_at": "2026-11-02T08:03:00Z"})
	})
	t.Run("15 minutes at most", func(t *testing.T) {
		w := newWorld(t)
		w.answers = []answer{keepsRunning}
		state, diags := w.apply(tftest.State{}, nightly)
		wantOne(t, "warnings", diags.Warnings(), "The sync is still running and goes on next time", "1500 devices")
		if w.now != start.Add(15*time.Minute) {
			t.Errorf("waited until %s", w.now)
		}
		w.wantSettled(state, nightly) // while it runs there is nothing to plan
		w.status.Running = nil
		if w.plan(state, nightly).Empty() {
			t.Error("a run that ended without success is forgotten")
		}
	})
	t.Run("as long as the timeout", func(t *testing.T) {
		w := newWorld(t)
		w.answers = []answer{keepsRunning}
		_, diags := w.apply(tftest.State{}, nightly.With(tftest.Config{"timeouts": tftest.Config{"create": "5m"}}))
		wantOne(t, "warnings", diags.Warnings(), "still running")
		if w.now != start.Add(5*time.Minute) {
			t.Errorf("waited until %s", w.now)
		}
	})
	t.Run("into its failure", func(t *testing.T) {
		w := newWorld(t)
		w.answers = []answer{keepsRunning}
		w.onWait = func() { w.status.Running, w.status.LastError = nil, "Apple has new terms" }
		_, diags := w.apply(tftest.State{}, nightly)
		wantOne(t, "warnings", diags.Warnings(), "Unable to finish the device sync", "Apple has new terms")
	})
}

func TestWithoutWaitTheSyncIsOnlyStarted(t *testing.T) {
	w := newWorld(t)
	w.answers = []answer{keepsRunning}
	config := nightly.With(tftest.Config{"wait": false})
	state, diags := w.apply(tftest.State{}, config)
	wantNone(t, "warnings", diags.Warnings())
	if len(w.waited) > 0 || w.requests[0].Wait {
		t.Error("it waited")
	}
	wantAttributes(t, state, map[string]any{"finished_at": nil})
	w.wantSettled(state, config)
	w.end(*w.status.Running)
	state = w.refresh(state)
	wantAttributes(t, state, map[string]any{"finished_at": oneMinuteIn})
	w.wantSettled(state, config)
}

func TestCreateFailsOnlyBeforeTheSyncStarts(t *testing.T) {
	terms := &enrollment.Error{Kind: enrollment.ErrTermsNotAccepted, What: "Apple has new terms", Do: "Accept them in Apple School Manager."}
	w := newWorld(t)
	w.answers = []answer{fails(false, terms), fails(true, terms)}
	state, diags := w.plan(tftest.State{}, nightly).Apply()
	wantOne(t, "errors", diags.Errors(), "Unable to run the device sync", "Accept them")
	if state.Exists() {
		t.Error("a sync that never started is in state")
	}
	state, diags = w.plan(tftest.State{}, nightly).Apply()
	wantNone(t, "errors", diags.Errors())
	wantOne(t, "warnings", diags.Warnings(), "Unable to finish the device sync", "Apple has new terms", "next plan runs it again")
	w.requests = nil
	w.apply(w.refresh(state), nightly)
	w.wantRequests(1)
}

func TestUpdateReturnsErrorsAndIsPlannedAgain(t *testing.T) {
	w := newWorld(t)
	first, second := nightly.With(tftest.Config{"triggers": tftest.Config{"day": "1"}}), nightly.With(tftest.Config{"triggers": tftest.Config{"day": "2"}})
	state, _ := w.apply(tftest.State{}, first)
	w.answers = []answer{fails(true, errors.New("connection reset"))}
	state, diags := w.plan(state, second).Apply()
	wantOne(t, "errors", diags.Errors(), "Unable to run the device sync", "Connection reset")
	wantAttributes(t, state, map[string]any{"finished_at": oneMinuteIn})
	w.requests = nil
	w.apply(state, second)
	w.wantRequests(1)
}

func TestTokenWithoutItsServerTokenIsAPlanError(t *testing.T) {
	w := newWorld(t)
	w.token.Status = enrollment.AwaitingServerToken
	wantOne(t, "errors", w.Plan(syncType, tftest.State{}, nightly).Diags.Errors(), "token_id", "awaiting its server token")
	w.rt.Plans.Upload("token-1")
	w.plan(tftest.State{}, nightly)
	w.plan(tftest.State{}, nightly.With(tftest.Config{"token_id": tftest.Unknown}))
}

func TestAnotherTokenIsAnotherSync(t *testing.T) {
	w := newWorld(t)
	state, _ := w.apply(tftest.State{}, nightly)
	if p := w.plan(state, nightly.With(tftest.Config{"token_id": "token-2"})); len(p.Replaces) != 1 {
		t.Errorf("want a replacement for token_id, got %v", p.Replaces)
	}
}

func TestReadKeepsOrRemoves(t *testing.T) {
	w := newWorld(t)
	state, _ := w.apply(tftest.State{}, nightly)
	w.rt.Service = nil
	if !w.refresh(state).Value.Equal(state.Value) || !w.plan(state, nightly.With(tftest.Config{"max_age": nil})).Empty() {
		t.Error("the state changed without a service")
	}
	w.rt.Service = w
	w.token.ID = "token-9"
	w.store = enrollment.Store{ID: "store-b", Location: "sqlite:b.db"}
	read, diags := w.Refresh(state)
	wantOne(t, "errors", diags.Errors(), "belongs to store store-a")
	if !read.Exists() {
		t.Error("the state was given up for another store")
	}
	wantOne(t, "errors at plan", w.Plan(syncType, state, nightly).Diags.Errors(), "belongs to store store-a")
	w.store = enrollment.Store{ID: "store-a", Tokens: 1}
	if w.refresh(state).Exists() {
		t.Error("the token is gone and its sync is still in state")
	}
}

func TestUpdateOfAnotherStoreIsRefused(t *testing.T) {
	w := newWorld(t)
	state, _ := w.apply(tftest.State{}, nightly)
	p := w.plan(state, nightly.With(tftest.Config{"triggers": tftest.Config{"day": "2"}}))
	w.requests = nil
	w.store = enrollment.Store{ID: "store-b"}
	_, diags := p.ApplyAsPlanned()
	wantOne(t, "errors", diags.Errors(), "belongs to store store-a")
	w.wantRequests(0)
}

func TestStatusThatCannotBeReadIsAPlanError(t *testing.T) {
	w := newWorld(t)
	config := nightly.With(tftest.Config{"max_age": "24h"})
	state, _ := w.apply(tftest.State{}, config)
	w.statusErr = enrollment.ErrUnavailable
	wantOne(t, "errors", w.Plan(syncType, state, config).Diags.Errors(), "Unable to read the sync status")
	wantNone(t, "errors at destroy", w.PlanDestroy(state).Diags.Errors())
}

func TestDestroyAsksNothing(t *testing.T) {
	w := newWorld(t)
	state, _ := w.apply(tftest.State{}, nightly)
	w.requests = nil
	gone, diags := w.PlanDestroy(state).Apply()
	wantNone(t, "errors", diags.Errors())
	if gone.Exists() {
		t.Error("the sync is still in state")
	}
	w.wantRequests(0)
}

func TestImportSaysWhyNot(t *testing.T) {
	w := newWorld(t)
	_, diags := w.Import(syncType, "token-1")
	wantOne(t, "errors", diags.Errors(), "Unable to import the device sync", "nothing to import")
	_, diags = w.ImportIdentity(syncType, tftest.Config{"id": "7b0e36a4-8d0c-4a39-9a8e-3f1c52f4a7d1"})
	wantOne(t, "errors", diags.Errors(), "Unable to import the device sync", "nothing to import")
}

// A tool or version without identities leaves none in state: the first read and
// the first update make up for it.
func TestTheIdentityIsTheID(t *testing.T) {
	w := newWorld(t)
	state, _ := w.apply(tftest.State{}, nightly)
	wanted := func(of string, s tftest.State) {
		t.Helper()
		if got := w.IdentityOf(s)["id"]; got != state.Get("id") {
			t.Errorf("the identity after the %s is %v, want %v", of, got, state.Get("id"))
		}
	}
	wanted("create", state)
	old := state
	old.Identity = nil
	wanted("read", w.refresh(old))
	updated, _ := w.apply(old, nightly.With(tftest.Config{"triggers": tftest.Config{"day": "2"}}))
	wanted("update", updated)
	w.token.ID = "another"
	if gone := w.refresh(old); gone.Exists() {
		t.Error("the sync of a token that is gone is still in state")
	}
}

func TestValidators(t *testing.T) {
	cases := map[string]tftest.Config{
		"kind":         {"kind": "recovery"},
		"on_throttled": {"on_throttled": "retry"},
		"max_age":      {"max_age": "1d"},
		"max_age: U":   {"max_age": "14m59s"},
		"max_age: Un":  {"max_age": "-24h"},
		"max_age: Una": {"max_age": ""},
		"timeouts":     {"timeouts": tftest.Config{"create": "soon"}},
		"token_id":     {"token_id": nil},
	}
	w := newWorld(t)
	wantNone(t, "errors for a good configuration", w.Validate(syncType, nightly.With(tftest.Config{"max_age": "15m", "kind": "full", "on_throttled": "wait"})).Errors())
	for want, with := range cases {
		t.Run(want, func(t *testing.T) {
			if errs := strings.Join(w.Validate(syncType, nightly.With(with)).Errors(), "\n"); !strings.Contains(errs, want) {
				t.Errorf("got %q, want an error at %q", errs, want)
			}
		})
	}
}
