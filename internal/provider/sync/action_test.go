package sync_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

// invoke invokes the action, and gives what it said while it ran and at its end.
func (w *world) invoke(config tftest.Config) ([]string, tftest.Diags) {
	w.t.Helper()
	return w.invokeIn(w.t.Context(), config)
}

func (w *world) invokeIn(ctx context.Context, config tftest.Config) (lines []string, said tftest.Diags) {
	w.t.Helper()
	said = w.Invoke(ctx, syncType, config, func(line string) { lines = append(lines, line) })
	if len(said) > 1 {
		w.t.Errorf("core makes \"%d problems\" of %v, %v", len(said), said.Errors(), said.Warnings())
	}
	for _, line := range lines {
		if strings.Contains(line, "\n") {
			w.t.Errorf("more than one line: %q", line)
		}
	}
	return lines, said
}

func wantLines(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("said\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func TestInvokeSyncsWithTheDefaultsOfTheResource(t *testing.T) {
	w := newWorld(t)
	lines, said := w.invoke(nightly)
	wantNone(t, "errors", said.Errors())
	wantNone(t, "warnings", said.Warnings())
	if req := w.requests[0]; req.TokenID != "token-1" || req.Kind != enrollment.IncrementalSync || !req.Wait {
		t.Errorf("asked for %+v", req)
	}
	w.wantRequests(1)
	wantLines(t, lines,
		"asking for an incremental sync of token token-1",
		"a full sync may start now",
		"incremental sync finished: 1,500 devices, 0 added, 0 removed, 0 got their default or pending profile, took 1m0s")
}

func TestInvokeTakesEverySetting(t *testing.T) {
	w := newWorld(t)
	w.invoke(nightly.With(tftest.Config{"kind": "full", "wait": false}))
	if req := w.requests[0]; req.Kind != enrollment.FullSync || req.Wait || req.Progress != nil {
		t.Errorf("asked for %+v", req)
	}
	w.answers = []answer{throttles(9 * time.Minute)}
	_, said := w.invoke(nightly.With(tftest.Config{"on_throttled": "wait", "timeouts": tftest.Config{"invoke": "5m"}}))
	wantOne(t, "errors", said.Errors(), "within its timeout of 5m0s")
}

func TestInvokeShowsProgressUpToASummary(t *testing.T) {
	w := newWorld(t)
	w.answers = []answer{throttles(2 * time.Minute), func(w *world, req enrollment.SyncRequest) (enrollment.SyncRun, error) {
		run := w.run(req)
		w.status.NextFullAt = w.now.Add(enrollment.FullSyncInterval)
		for range 40 { // a page a second
			w.now = w.now.Add(time.Second)
			run.Pages++
			run.Devices += 1000
			req.Progress(enrollment.SyncProgress{Kind: req.Kind, StartedAt: run.StartedAt, Pages: run.Pages, Devices: run.Devices})
		}
		run.Added, run.Removed, run.Assigned = 12, 3, 4
		return w.end(run), nil
	}}
	lines, said := w.invoke(nightly.With(tftest.Config{"kind": "full", "on_throttled": "wait"}))
	wantNone(t, "errors", said.Errors())
	want := []string{
		"asking for a full sync of token token-1",
		"waiting 2m0s, until 2026-11-02T08:02:00Z: Token token-1 was fetched anew already",
		"full sync: 2,500 devices on 3 pages so far, about 150,000 a minute, 14m59s left of its 15 minutes",
		"full sync: 7,500 devices on 8 pages so far, about 75,000 a minute, 14m54s left of its 15 minutes",
	}
	if len(lines) != 12 || !slices.Equal(lines[:4], want) {
		t.Errorf("%d lines:\n  %s", len(lines), strings.Join(lines, "\n  "))
	}
	wantLines(t, lines[len(lines)-2:],
		"the next full sync may start at 2026-11-09T08:02:00Z",
		"full sync finished: 41,500 devices, 12 added, 3 removed, 4 got their default or pending profile, took 1m40s")
}

func TestInvokeFollowsARunOfSomebodyElse(t *testing.T) {
	w := newWorld(t)
	w.answers = []answer{keepsRunning}
	w.onWait = func() {
		if w.now.Sub(start) > 45*time.Second {
			w.end(*w.status.Running)
		}
	}
	lines, said := w.invoke(nightly)
	wantNone(t, "errors", said.Errors())
	wantLines(t, lines,
		"asking for an incremental sync of token token-1",
		"joined the incremental sync that was running already, since 2026-11-02T08:00:00Z",
		"incremental sync: 1,500 devices on 2 pages so far, about 6,000 a minute, 14m45s left of its 15 minutes",
		"incremental sync: 1,500 devices on 2 pages so far, about 3,000 a minute, 14m30s left of its 15 minutes",
		"incremental sync: 1,500 devices on 2 pages so far, about 2,000 a minute, 14m15s left of its 15 minutes",
		"a full sync may start now",
		"the incremental sync that was joined finished: 1,500 devices, 0 added, 0 removed, 0 got their default or pending profile, took 2m0s")
	w.wantRequests(1)
}

func TestInvokeOutcomes(t *testing.T) {
	offline := &enrollment.Error{Kind: enrollment.ErrUnavailable, What: "Apple's service could not be reached", Do: "Look at the network."}
	failsWithNotice := func(w *world, req enrollment.SyncRequest) (enrollment.SyncRun, error) {
		run, err := fails(true, offline)(w, req)
		run.Warnings = []enrollment.Warning{{Summary: "2 devices left the token", Detail: "They had no profile yet."}}
		return run, err
	}
	cases := map[string]struct {
		config   tftest.Config
		answer   answer
		errors   []string
		warnings []string
		last     string
	}{
		"skip":  {nil, throttles(time.Hour), nil, []string{"The sync was skipped", "2026-11-02T09:00:00Z", "Nothing runs it later by itself", "max_age"}, "skipped: a sync may not start before 2026-11-02T09:00:00Z"},
		"error": {tftest.Config{"on_throttled": "error"}, throttles(time.Hour), []string{"Unable to run the device sync", "2026-11-02T09:00:00Z"}, nil, "asking for an incremental sync of token token-1"},
		"not waited for": {
			tftest.Config{"wait": false},
			keepsRunning, nil, nil,
			"the incremental sync that was joined started at 2026-11-02T08:00:00Z; the data source asm_sync_status says how it goes. Where it ends early, with the provider's process, the next sync goes on from there",
		},
		"paused": {nil, pauses, nil, []string{"paused after its 15 minutes", "2 pages with 1500 devices", "The next sync, whoever asks for it"}, "incremental sync stopped: 1,500 devices on 2 pages so far, and the next sync goes on from there"},
		"full as incremental": {
			tftest.Config{"kind": "full"},
			runsAsIncremental, nil,
			[]string{"The full sync ran as an incremental one", "started on Monday"},
			"incremental sync finished: 1,500 devices, 0 added, 0 removed, 0 got their default or pending profile, took 1m0s",
		},
		"failed":                   {nil, fails(false, offline), []string{"Unable to run the device sync", "could not be reached. Look at the network."}, nil, "asking for an incremental sync of token token-1"},
		"failed, with a warning":   {nil, failsWithNotice, []string{"could not be reached", "2 devices left the token", "no profile yet"}, nil, "asking for an incremental sync of token token-1"},
		"without its server token": {nil, fails(false, &enrollment.Error{Kind: enrollment.ErrNoServerToken, What: "It awaits its server token"}), []string{"token_id"}, nil, "asking for an incremental sync of token token-1"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.answers = []answer{c.answer}
			lines, said := w.invoke(nightly.With(c.config))
			for _, half := range []struct {
				what      string
				got, want []string
			}{{"errors", said.Errors(), c.errors}, {"warnings", said.Warnings(), c.warnings}} {
				if half.want == nil {
					wantNone(t, half.what, half.got)
				} else {
					wantOne(t, half.what, half.got, half.want...)
				}
			}
			if len(lines) == 0 || lines[len(lines)-1] != c.last {
				t.Errorf("said %q", lines)
			}
		})
	}
}

// The 15 minutes of another's run may be over before it has ended.
func TestInvokeGivesUpWaitingWithAWarning(t *testing.T) {
	w := newTenant(t)
	w.answers = []answer{runsOn}
	lines, said := w.invoke(nightly)
	wantOne(t, "warnings", said.Warnings(), "still running", "asm_sync_status says when it has ended")
	if last := lines[len(lines)-1]; !strings.Contains(last, "has not ended and goes on") {
		t.Errorf("the last line is %q", last)
	}
}

func TestInvokeOfAFullSyncOnIntuneIsAWish(t *testing.T) {
	w := newTenant(t)
	w.answers = []answer{func(w *world, req enrollment.SyncRequest) (enrollment.SyncRun, error) {
		run := w.asked(req, w.now)
		req.Progress(enrollment.SyncProgress{Kind: run.Kind, StartedAt: run.StartedAt, Devices: 1500})
		return w.end(run), nil
	}}
	lines, said := w.invoke(nightly.With(tftest.Config{"kind": "full"}))
	wantOne(t, "warnings", said.Warnings(), "decides itself", "one request for a sync")
	wantLines(t, lines,
		"asking for a full sync of token token-1",
		"the sync that started at 2026-11-02T08:00:00Z has been running for 0s, 15m0s left of its 15 minutes; Intune tells no counts (estimate: 0 of the 1,500 devices of before, at about 3,000 a minute)",
		"incremental sync finished: the token has 1,500 devices, and Intune does not tell which are new, took 1m0s")
}

func TestInterruptedInvokeIsAnErrorThatSaysWhatWasDone(t *testing.T) {
	stop := func(state enrollment.SyncState, pages int) answer {
		return func(w *world, req enrollment.SyncRequest) (enrollment.SyncRun, error) {
			run := w.run(req)
			run.State, run.Pages, run.Devices = state, pages, 1000*pages
			return run, context.Canceled
		}
	}
	cases := map[string]struct {
		kind   enrollment.Kind
		answer answer
		want   []string
	}{
		"at a page":         {enrollment.Embedded, stop(enrollment.SyncPaused, 3), []string{"It was interrupted", "3 pages with 3000 devices", "goes on from the page where it stopped"}},
		"before a page":     {enrollment.Embedded, stop(enrollment.SyncPaused, 0), []string{"has fetched nothing yet"}},
		"while Intune runs": {enrollment.Intune, stop(enrollment.SyncRunning, 0), []string{"goes on without anybody waiting", "asm_sync_status"}},
		"before it started": {enrollment.Embedded, func(*world, enrollment.SyncRequest) (enrollment.SyncRun, error) {
			return enrollment.SyncRun{}, context.Canceled
		}, []string{"had not said yet that a sync had started"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.kind = c.kind
			w.statusErr = errors.New("nobody has the time to answer")
			ctx, interrupt := context.WithCancel(t.Context())
			w.answers = []answer{func(w *world, req enrollment.SyncRequest) (enrollment.SyncRun, error) {
				interrupt()
				return c.answer(w, req)
			}}
			_, said := w.invokeIn(ctx, nightly)
			wantOne(t, "errors", said.Errors(), append(c.want, "Unable to finish the device sync")...)
		})
	}
}

func TestInterruptedAfterTheEndIsNoError(t *testing.T) {
	w := newWorld(t)
	ctx, interrupt := context.WithCancel(t.Context())
	w.answers = []answer{func(w *world, req enrollment.SyncRequest) (enrollment.SyncRun, error) {
		defer interrupt()
		return finishes(w, req)
	}}
	_, said := w.invokeIn(ctx, nightly)
	wantNone(t, "errors", said.Errors())
}

func TestInterruptedWhileItWaitsToStart(t *testing.T) {
	w := newWorld(t)
	ctx, interrupt := context.WithCancel(t.Context())
	w.rt.After = func(time.Duration) <-chan time.Time { interrupt(); return nil }
	w.answers = []answer{throttles(5 * time.Minute)}
	_, said := w.invokeIn(ctx, nightly.With(tftest.Config{"on_throttled": "wait"}))
	wantOne(t, "errors", said.Errors(), "It was interrupted")
	w.wantRequests(1)
}

func TestPlanOfAnActionSaysWhatIsKnown(t *testing.T) {
	cases := map[string]struct {
		config   tftest.Config
		change   func(w *world)
		errors   []string
		warnings []string
	}{
		"nothing":          {nightly, func(*world) {}, nil, nil},
		"no such token":    {tftest.Config{"token_id": "token-9"}, func(*world) {}, []string{"token_id: ", "There is no token \"token-9\""}, nil},
		"awaiting":         {nightly, func(w *world) { w.token.Status = enrollment.AwaitingServerToken }, []string{"token_id: ", "awaiting its server token", "Download Token"}, nil},
		"awaiting, upload": {nightly, func(w *world) { w.token.Status = enrollment.AwaitingServerToken; w.rt.Plans.Upload("token-1") }, nil, nil},
		"an upload comes":  {nightly, func(w *world) { w.status.NextSyncAt = start.Add(time.Minute); w.rt.Plans.Upload("token-1") }, nil, nil},
		"too early":        {nightly, func(w *world) { w.status.NextSyncAt = start.Add(time.Minute) }, nil, []string{"may not start before 2026-11-02T08:01:00Z and would be skipped"}},
		"too early, error": {
			nightly.With(tftest.Config{"on_throttled": "error"}), func(w *world) { w.status.NextSyncAt = start.Add(time.Minute) },
			[]string{"on_throttled: ", "Unable to run the device sync", "2026-11-02T08:01:00Z"},
			nil,
		},
		"too early, it depends": {nightly.With(tftest.Config{"on_throttled": tftest.Unknown}), func(w *world) { w.status.NextSyncAt = start.Add(time.Minute) }, nil, nil},
		"runs, wait unknown": {nightly.With(tftest.Config{"wait": tftest.Unknown}), func(w *world) {
			w.status.NextSyncAt, w.status.Running = start.Add(time.Minute), &enrollment.SyncRun{StartedAt: start}
		}, nil, nil},
		"runs, not waited for": {nightly.With(tftest.Config{"wait": false}), func(w *world) {
			w.status.NextSyncAt, w.status.Running = start.Add(time.Minute), &enrollment.SyncRun{StartedAt: start}
		}, nil, []string{"wait = false"}},
		"full too early":   {nightly.With(tftest.Config{"kind": "full"}), func(w *world) { w.status.FullRunsAs, w.status.FullReason = enrollment.IncrementalSync, "on Monday" }, nil, []string{"would run as an incremental one", "on Monday"}},
		"full, it depends": {nightly.With(tftest.Config{"kind": tftest.Unknown}), func(w *world) { w.status.FullRunsAs = enrollment.IncrementalSync }, nil, nil},
		"full on Intune": {nightly.With(tftest.Config{"kind": "full"}), func(w *world) {
			w.kind = enrollment.Intune
			w.status.FullRunsAs, w.status.FullReason = enrollment.IncrementalSync, enrollment.IntuneDecides
		}, nil, []string{"Intune decides itself"}},
		"token unknown":            {tftest.Config{"token_id": tftest.Unknown}, func(w *world) { w.statusErr = errors.New("x") }, nil, nil},
		"timeouts unknown":         {nightly.With(tftest.Config{"timeouts": tftest.Unknown}), func(*world) {}, nil, nil},
		"provider not ready":       {nightly, func(w *world) { w.rt.Service, w.rt.NotReady = nil, "embedded.store" }, nil, nil},
		"a status that is refused": {nightly, func(w *world) { w.statusErr = errors.New("the store is locked") }, []string{"Unable to read the sync status", "The store is locked."}, nil},
		"a kind that is none":      {nightly.With(tftest.Config{"kind": "recovery"}), func(*world) {}, []string{"kind: ", "\"full\""}, nil},
		"an answer that is none":   {nightly.With(tftest.Config{"on_throttled": "retry"}), func(*world) {}, []string{"on_throttled: ", "\"skip\""}, nil},
		"a timeout that is none":   {nightly.With(tftest.Config{"timeouts": tftest.Config{"invoke": "soon"}}), func(*world) {}, []string{"timeouts.invoke: "}, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c.change(w)
			said := w.PlanAction(syncType, c.config)
			if c.errors == nil {
				wantNone(t, "errors", said.Errors())
			} else {
				wantOne(t, "errors", said.Errors(), c.errors...)
			}
			if c.warnings == nil {
				wantNone(t, "warnings", said.Warnings())
			} else {
				wantOne(t, "warnings", said.Warnings(), c.warnings...)
			}
			w.wantRequests(0)
		})
	}
}

func TestPlanOfAnActionAnnouncesTheSync(t *testing.T) {
	w := newWorld(t)
	w.PlanAction(syncType, tftest.Config{"token_id": tftest.Unknown})
	if w.rt.Plans.WillSync("token-1") || w.rt.Plans.WillSync("") {
		t.Error("a sync of nobody knows which token is announced")
	}
	w.PlanAction(syncType, nightly)
	if !w.rt.Plans.WillSync("token-1") {
		t.Error("the sync is not announced")
	}
}

func TestInvokeRefusesWhatThePlanWasSilentAbout(t *testing.T) {
	for name, c := range map[string]struct {
		config tftest.Config
		ready  bool
		want   []string
	}{
		"token_id":     {tftest.Config{"token_id": tftest.Unknown}, true, []string{"token_id: Unable to run the device sync", "token_id is not known"}},
		"kind":         {nightly.With(tftest.Config{"kind": tftest.Unknown}), true, []string{"kind: ", "kind is not known"}},
		"wait":         {nightly.With(tftest.Config{"wait": tftest.Unknown}), true, []string{"wait: ", "wait is not known"}},
		"on_throttled": {nightly.With(tftest.Config{"on_throttled": tftest.Unknown}), true, []string{"on_throttled: ", "not known"}},
		"timeouts":     {nightly.With(tftest.Config{"timeouts": tftest.Config{"invoke": tftest.Unknown}}), true, []string{"timeouts: ", "not known"}},
		"provider":     {nightly, false, []string{"embedded.store is not known"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if !c.ready {
				w.rt.Service, w.rt.NotReady = nil, "embedded.store"
			}
			_, said := w.invoke(c.config)
			wantOne(t, "errors", said.Errors(), c.want...)
			w.wantRequests(0)
		})
	}
}
