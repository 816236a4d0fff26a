package sync

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

var eight = time.Date(2026, time.November, 2, 8, 0, 0, 0, time.UTC)

func after(d time.Duration) time.Time { return eight.Add(d) }

func TestProgressLine(t *testing.T) {
	cases := map[string]struct {
		service enrollment.Kind
		p       enrollment.SyncProgress
		now     time.Time
		want    string
	}{
		"the first page at once": {
			enrollment.Embedded,
			enrollment.SyncProgress{Kind: enrollment.FullSync, StartedAt: eight, Pages: 1, Devices: 1000},
			eight,
			"full sync: 1,000 devices on 1 page so far, 15m0s left of its 15 minutes",
		},
		"with a rate": {
			enrollment.Embedded,
			enrollment.SyncProgress{Kind: enrollment.FullSync, StartedAt: eight, Pages: 12, Devices: 12000},
			after(100 * time.Second),
			"full sync: 12,000 devices on 12 pages so far, about 7,200 a minute, 13m20s left of its 15 minutes",
		},
		"nothing new": {
			enrollment.Embedded,
			enrollment.SyncProgress{Kind: enrollment.IncrementalSync, StartedAt: eight, Pages: 1},
			after(time.Second),
			"incremental sync: 0 devices on 1 page so far, 14m59s left of its 15 minutes",
		},
		"one device": {
			enrollment.Embedded,
			enrollment.SyncProgress{Kind: enrollment.RecoverySync, StartedAt: eight, Pages: 2, Devices: 1},
			after(time.Minute),
			"recovery sync: 1 device on 2 pages so far, about 1 a minute, 14m0s left of its 15 minutes",
		},
		"over time": {
			enrollment.Embedded,
			enrollment.SyncProgress{Kind: enrollment.FullSync, StartedAt: eight, Pages: 1, Devices: 1600},
			after(16 * time.Minute),
			"full sync: 1,600 devices on 1 page so far, about 100 a minute, 0s left of its 15 minutes",
		},
		"a clock that is behind": {
			enrollment.Embedded,
			enrollment.SyncProgress{Kind: enrollment.FullSync, StartedAt: eight, Pages: 1, Devices: 10},
			after(-time.Minute),
			"full sync: 10 devices on 1 page so far, 16m0s left of its 15 minutes",
		},
		"Intune": {
			enrollment.Intune,
			enrollment.SyncProgress{StartedAt: eight, Devices: 12000},
			after(130 * time.Second),
			"the sync that started at 2026-11-02T08:00:00Z has been running for 2m10s, 12m50s left of its 15 minutes; " +
				"Intune tells no counts (estimate: 6,500 of the 12,000 devices of before, at about 3,000 a minute)",
		},
		"Intune, longer than that takes": {
			enrollment.Intune,
			enrollment.SyncProgress{StartedAt: eight, Devices: 1},
			after(time.Minute),
			"the sync that started at 2026-11-02T08:00:00Z has been running for 1m0s, 14m0s left of its 15 minutes; " +
				"Intune tells no counts (estimate: all 1 device of before, at about 3,000 a minute)",
		},
		"Intune, the first": {
			enrollment.Intune,
			enrollment.SyncProgress{StartedAt: eight},
			after(time.Minute),
			"the sync that started at 2026-11-02T08:00:00Z has been running for 1m0s, 14m0s left of its 15 minutes; " +
				"Intune tells no counts, and does about 3,000 a minute",
		},
		"Intune, whose clock is ahead": {
			enrollment.Intune,
			enrollment.SyncProgress{StartedAt: after(time.Minute), Devices: 10},
			eight,
			"the sync that started at 2026-11-02T08:01:00Z has been running for 0s, 16m0s left of its 15 minutes; " +
				"Intune tells no counts (estimate: 0 of the 10 devices of before, at about 3,000 a minute)",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := progressLine(c.service, c.p, c.now); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

// A large sync has hundreds of pages: a person wants the first at once, and then
// one line every few seconds.
func TestNarratorSaysTheFirstAndThenNotEveryPage(t *testing.T) {
	var n narrator
	said := 0
	for page := range 400 { // four a second
		p := enrollment.SyncProgress{Kind: enrollment.FullSync, StartedAt: eight, Pages: page + 1, Devices: (page + 1) * 1000}
		now := after(time.Duration(page) * 250 * time.Millisecond)
		lines := n.lines(enrollment.Embedded, p, now)
		if said += len(lines); page == 0 && len(lines) != 1 {
			t.Errorf("the first page: %q", lines)
		}
	}
	if said != 20 {
		t.Errorf("%d lines in 100 seconds, want 20", said)
	}
}

func TestNarratorSaysOnceThatARunWasJoined(t *testing.T) {
	for kind, want := range map[enrollment.SyncKind]string{
		enrollment.FullSync: "joined the full sync that was running already, since 2026-11-02T08:00:00Z",
		"":                  "joined the sync that was running already, since 2026-11-02T08:00:00Z",
	} {
		var n narrator
		p := enrollment.SyncProgress{Kind: kind, StartedAt: eight, Pages: 1, Devices: 7, Joined: true}
		if lines := n.lines(enrollment.Embedded, p, after(time.Minute)); len(lines) != 2 || lines[0] != want {
			t.Errorf("first %q", lines)
		}
		if lines := n.lines(enrollment.Embedded, p, after(time.Hour)); len(lines) != 1 || strings.Contains(lines[0], "joined") {
			t.Errorf("then %q", lines)
		}
	}
}

func TestAskingLine(t *testing.T) {
	for kind, want := range map[enrollment.SyncKind]string{
		enrollment.FullSync: "asking for a full sync of token t", enrollment.IncrementalSync: "asking for an incremental sync of token t",
	} {
		if got := askingLine(Options{TokenID: "t", Kind: kind}); got != want {
			t.Errorf("got %q", got)
		}
	}
}

func TestWaitingLine(t *testing.T) {
	until := after(9 * time.Minute)
	cases := map[string]struct {
		cause error
		now   time.Time
		want  string
	}{
		"throttled":     {&enrollment.ThrottledError{What: "Token \"District\" was synced less than 15 minutes ago", Until: until}, eight, "waiting 9m0s, until 2026-11-02T08:09:00Z: Token \"District\" was synced less than 15 minutes ago"},
		"in progress":   {&enrollment.SyncInProgressError{Since: after(-6 * time.Minute), Until: until}, eight, "waiting 9m0s, until 2026-11-02T08:09:00Z: a sync has been running since 2026-11-02T07:54:00Z"},
		"over already":  {&enrollment.ThrottledError{What: "x", Until: until}, after(time.Hour), "waiting 0s, until 2026-11-02T08:09:00Z: x"},
		"on many lines": {&enrollment.ThrottledError{What: "Intune said:\n  no\n", Until: until}, eight, "waiting 9m0s, until 2026-11-02T08:09:00Z: Intune said: no"},
		"of no kind":    {errors.New("x"), eight, "waiting 9m0s, until 2026-11-02T08:09:00Z: a sync may not start yet"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := waitingLine(c.cause, until, c.now); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestEndLine(t *testing.T) {
	ended := enrollment.SyncRun{
		Kind: enrollment.FullSync, State: enrollment.SyncFinished, StartedAt: eight, FinishedAt: after(123 * time.Second),
		Pages: 12, Devices: 12000, Added: 1034, Removed: 2, Assigned: 30,
	}
	with := func(change func(*enrollment.SyncRun)) enrollment.SyncRun {
		run := ended
		change(&run)
		return run
	}
	running := with(func(r *enrollment.SyncRun) { r.State, r.FinishedAt = enrollment.SyncRunning, time.Time{} })
	cases := map[string]struct {
		service enrollment.Kind
		waited  bool
		run     enrollment.SyncRun
		want    string
	}{
		"finished": {enrollment.Embedded, true, ended, "full sync finished: 12,000 devices, 1,034 added, 2 removed, 30 got their default or pending profile, took 2m3s"},
		"joined": {
			enrollment.Embedded, true, with(func(r *enrollment.SyncRun) { r.Joined = true }),
			"the full sync that was joined finished: 12,000 devices, 1,034 added, 2 removed, 30 got their default or pending profile, took 2m3s",
		},
		"Intune": {
			enrollment.Intune, true, with(func(r *enrollment.SyncRun) { r.Kind, r.Pages = "", 0 }),
			"sync finished: the token has 12,000 devices, and Intune does not tell which are new, took 2m3s",
		},
		"times that say nothing": {
			enrollment.Intune, true, with(func(r *enrollment.SyncRun) { r.Kind, r.StartedAt = enrollment.IncrementalSync, after(time.Hour) }),
			"incremental sync finished: the token has 12,000 devices, and Intune does not tell which are new",
		},
		"paused": {
			enrollment.Embedded, true, with(func(r *enrollment.SyncRun) { r.State, r.Pages, r.Devices = enrollment.SyncPaused, 1, 1000 }),
			"full sync stopped: 1,000 devices on 1 page so far, and the next sync goes on from there",
		},
		"not ended in time": {enrollment.Intune, true, running, "full sync has not ended and goes on; the data source asm_sync_status says when it has"},
		"only started": {
			enrollment.Embedded, false, running,
			"full sync started at 2026-11-02T08:00:00Z; the data source asm_sync_status says how it goes. Where it ends early, with the provider's process, the next sync goes on from there",
		},
		"only started, on Intune": {enrollment.Intune, false, running, "full sync started at 2026-11-02T08:00:00Z; the data source asm_sync_status says how it goes"},
		"none":                    {enrollment.Embedded, true, enrollment.SyncRun{}, "no sync has started"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := endLine(c.service, c.waited, c.run); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestNextFullLine(t *testing.T) {
	for next, want := range map[time.Time]string{
		{}: "a full sync may start now", eight: "a full sync may start now", after(time.Second): "the next full sync may start at 2026-11-02T08:00:01Z",
	} {
		if got := nextFullLine(next, eight); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestGrouped(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 123456: "123,456", 1234567: "1,234,567"} {
		if got := grouped(n); got != want {
			t.Errorf("%d is %q", n, got)
		}
	}
}

// An action says one thing at its end: core folds several into "2 problems", and
// gives each warning the same summary.
func TestVerdictIsOneDiagnosticWithEverythingInIt(t *testing.T) {
	notice := func(n string) enrollment.Warning {
		return enrollment.Warning{Summary: "Notice " + n, Detail: "Detail " + n + "."}
	}
	two := []enrollment.Warning{notice("a"), notice("b")}
	stuck := &enrollment.Error{Kind: enrollment.ErrTermsNotAccepted, What: "Apple has new terms", Do: "Accept them."}
	halfway := enrollment.SyncRun{Kind: enrollment.FullSync, State: enrollment.SyncPaused, StartedAt: eight, Pages: 3, Devices: 3000}
	cases := map[string]struct {
		service  enrollment.Kind
		out      Outcome
		err      error
		severity string
		parts    []string
	}{
		"all is well":       {enrollment.Embedded, Outcome{}, nil, "", nil},
		"one warning":       {enrollment.Embedded, Outcome{Warnings: two[:1]}, nil, "Warning", []string{"Notice a", "Detail a."}},
		"two warnings":      {enrollment.Embedded, Outcome{Warnings: two}, nil, "Warning", []string{"Notice a", "Detail a. Notice b. Detail b."}},
		"an error":          {enrollment.Embedded, Outcome{}, stuck, "Error", []string{"Unable to run the device sync", "Apple has new terms. Accept them."}},
		"and warnings":      {enrollment.Embedded, Outcome{Warnings: two}, stuck, "Error", []string{"Accept them. Notice a. Detail a. Notice b. Detail b."}},
		"no such token":     {enrollment.Embedded, Outcome{}, enrollment.NotFound("token", "t"), "Error", []string{"There is no token \"t\"", "at token_id"}},
		"interrupted":       {enrollment.Embedded, Outcome{Interrupted: true, Run: halfway, Warnings: two}, nil, "Error", []string{"Unable to finish the device sync", "It was interrupted", "3 pages with 3000 devices", "goes on from the page where it stopped"}},
		"before it started": {enrollment.Intune, Outcome{Interrupted: true}, nil, "Error", []string{"It was interrupted", "had not said yet"}},
		"while Intune runs": {enrollment.Intune, Outcome{Interrupted: true, Run: enrollment.SyncRun{State: enrollment.SyncRunning, StartedAt: eight}}, nil, "Error", []string{"goes on without anybody waiting", "asm_sync_status"}},
		"a joined one":      {enrollment.Embedded, Outcome{Interrupted: true, Run: enrollment.SyncRun{State: enrollment.SyncRunning, StartedAt: eight}}, nil, "Error", []string{"has not ended.", "asm_sync_status"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := verdict(c.service, c.out, c.err)
			if c.severity == "" {
				if len(got) != 0 {
					t.Errorf("got %v", got)
				}
				return
			}
			if len(got) != 1 || got[0].Severity().String() != c.severity {
				t.Fatalf("got %v", got)
			}
			text := got[0].Summary() + ": " + got[0].Detail()
			if at, ok := got[0].(diag.DiagnosticWithPath); ok {
				text += " at " + at.Path().String()
			}
			for _, part := range c.parts {
				if !strings.Contains(text, part) {
					t.Errorf("%q does not say %q", text, part)
				}
			}
			if strings.Contains(text, "\n") {
				t.Errorf("%q is more than a line", text)
			}
		})
	}
}

func TestForeseen(t *testing.T) {
	options := func(kind enrollment.SyncKind, onThrottled string, wait bool) Options {
		return Options{TokenID: "t", Kind: kind, OnThrottled: onThrottled, Wait: wait, Timeout: 20 * time.Minute}
	}
	const full, incremental = enrollment.FullSync, enrollment.IncrementalSync
	soon := enrollment.SyncStatus{NextSyncAt: after(9 * time.Minute)}
	busy := enrollment.SyncStatus{NextSyncAt: after(9 * time.Minute), Running: &enrollment.SyncRun{StartedAt: after(-6 * time.Minute)}}
	early := enrollment.SyncStatus{FullRunsAs: incremental, FullReason: "the last full sync was started on Monday"}
	wish := enrollment.SyncStatus{FullRunsAs: incremental, FullReason: enrollment.IntuneDecides}
	cases := map[string]struct {
		service enrollment.Kind
		o       Options
		status  enrollment.SyncStatus
		want    [][]string // a list of parts for each warning
		refused string
	}{
		"nothing":                           {enrollment.Embedded, options(full, Skip, true), enrollment.SyncStatus{FullRunsAs: full}, nil, ""},
		"it may start now":                  {enrollment.Embedded, options(full, Error, true), enrollment.SyncStatus{NextSyncAt: eight, FullRunsAs: full}, nil, ""},
		"skip":                              {enrollment.Intune, options(incremental, Skip, true), soon, [][]string{{"before 2026-11-02T08:09:00Z and would be skipped", "one request in 15 minutes", "max_age"}}, ""},
		"wait":                              {enrollment.Intune, options(incremental, Wait, true), soon, [][]string{{"before 2026-11-02T08:09:00Z and waits", "waits 9m0s first"}}, ""},
		"wait, no room":                     {enrollment.Embedded, Options{OnThrottled: Wait, Timeout: time.Minute}, soon, [][]string{{"before 2026-11-02T08:09:00Z and would fail", "timeout of 1m0s", "timeouts.invoke", "fetched anew"}}, ""},
		"error":                             {enrollment.Intune, options(incremental, Error, true), soon, nil, "before 2026-11-02T08:09:00Z"},
		"on_throttled unknown":              {enrollment.Intune, options(incremental, "", true), soon, nil, ""},
		"one runs and is joined":            {enrollment.Embedded, options(incremental, Error, true), busy, nil, ""},
		"one runs and cannot be":            {enrollment.Embedded, options(incremental, Skip, false), busy, [][]string{{"would be skipped", "running since 2026-11-02T07:54:00Z", "wait = false"}}, ""},
		"full too early":                    {enrollment.Embedded, options(full, Skip, true), early, [][]string{{"The full sync would run as an incremental one", "started on Monday"}}, ""},
		"incremental":                       {enrollment.Embedded, options(incremental, Skip, true), early, nil, ""},
		"kind unknown":                      {enrollment.Embedded, options("", Skip, true), early, nil, ""},
		"full as a recovery":                {enrollment.Embedded, options(full, Skip, true), enrollment.SyncStatus{FullRunsAs: enrollment.RecoverySync}, nil, ""},
		"full on Intune":                    {enrollment.Intune, options(full, Skip, true), wish, [][]string{{"Intune decides itself", "one request for a sync"}}, ""},
		"the first on Intune":               {enrollment.Intune, options(full, Skip, true), enrollment.SyncStatus{FullRunsAs: full}, nil, ""},
		"full on Intune, too early for any": {enrollment.Intune, options(full, Skip, true), enrollment.SyncStatus{NextSyncAt: after(time.Minute), FullRunsAs: incremental, FullReason: "x"}, [][]string{{"skipped"}, {"decides itself"}}, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := foreseen(c.service, c.o, c.status, eight)
			if len(got) != len(c.want) {
				t.Fatalf("got %+v", got)
			}
			for i, parts := range c.want {
				for _, part := range parts {
					if text := got[i].Summary + ": " + got[i].Detail; !strings.Contains(text, part) {
						t.Errorf("%q does not say %q", text, part)
					}
				}
			}
			err := refusedAtPlan(c.service, c.o, c.status, eight)
			if (err != nil) != (c.refused != "") || err != nil && (!strings.Contains(err.Error(), c.refused) || !errors.Is(err, enrollment.ErrThrottled)) {
				t.Errorf("refused with %v", err)
			}
		})
	}
}

func TestTellerKeepsTheOrder(t *testing.T) {
	var sent, want []string
	talk := tell(t.Context(), func(line string) { sent = append(sent, line) })
	for i := range 500 {
		want = append(want, "line "+grouped(i))
		talk.say(want[i])
	}
	talk.end(t.Context())
	if !slices.Equal(sent, want) {
		t.Errorf("%d lines, the last %q", len(sent), sent[len(sent)-1])
	}
}

func TestTellerPutsEachMessageOnOneLine(t *testing.T) {
	var sent []string
	talk := tell(t.Context(), func(line string) { sent = append(sent, line) })
	talk.say("one\n  two\r\nthree ")
	talk.end(t.Context())
	if !slices.Equal(sent, []string{"one two three"}) {
		t.Errorf("sent %q", sent)
	}
}
