package enrollment_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

var noon = time.Date(2026, 8, 24, 12, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

func TestDecideSync(t *testing.T) {
	t.Parallel()
	ago := func(d time.Duration) time.Time { return noon.Add(-d) }
	synced := enrollment.SyncHistory{HasCursor: true, FullAt: ago(3 * day), FinishedAt: ago(day)}
	with := func(h enrollment.SyncHistory, change func(*enrollment.SyncHistory)) enrollment.SyncHistory {
		change(&h)
		return h
	}
	cases := map[string]struct {
		service enrollment.Kind
		history enrollment.SyncHistory
		asked   enrollment.SyncKind
		canJoin bool
		want    enrollment.SyncDecision
		until   time.Time // of the refusal
	}{
		"the first sync is a full one": {
			asked: enrollment.FullSync, want: enrollment.SyncDecision{Kind: enrollment.FullSync},
		},
		"the first sync is a full one also when an incremental one is asked for": {
			asked: enrollment.IncrementalSync, want: enrollment.SyncDecision{Kind: enrollment.FullSync, Reason: "x"},
		},
		"a full sync within seven days runs as an incremental one and says so": {
			history: synced, asked: enrollment.FullSync, want: enrollment.SyncDecision{Kind: enrollment.IncrementalSync, Reason: "x"},
		},
		"a full sync after seven days runs": {
			history: with(synced, func(h *enrollment.SyncHistory) { h.FullAt = ago(7 * day) }),
			asked:   enrollment.FullSync, want: enrollment.SyncDecision{Kind: enrollment.FullSync},
		},
		"a full sync a second before seven days does not": {
			history: with(synced, func(h *enrollment.SyncHistory) { h.FullAt = ago(7*day - time.Second) }),
			asked:   enrollment.FullSync, want: enrollment.SyncDecision{Kind: enrollment.IncrementalSync, Reason: "x"},
		},
		"a full sync within seven days of a recovery, which fetched everything too, runs as an incremental one": {
			history: with(synced, func(h *enrollment.SyncHistory) { h.FullAt, h.RecoveryAt = ago(8*day), ago(time.Minute) }),
			asked:   enrollment.FullSync, want: enrollment.SyncDecision{Kind: enrollment.IncrementalSync, Reason: "x"},
		},
		"a full sync within seven days of a recovery that left nothing to go on from": {
			history: enrollment.SyncHistory{FullAt: ago(8 * day), RecoveryAt: ago(time.Minute)},
			asked:   enrollment.FullSync, want: enrollment.SyncDecision{Kind: enrollment.FullSync},
		},
		"a fetch stopped in the middle goes on from its page": {
			history: enrollment.SyncHistory{FullAt: ago(time.Hour), Unfinished: enrollment.FullSync},
			asked:   enrollment.FullSync, want: enrollment.SyncDecision{Kind: enrollment.FullSync, Resume: true},
		},
		"a forced fetch is a recovery, also within seven days of a full one": {
			history: with(synced, func(h *enrollment.SyncHistory) { h.Forced = "cursor refused" }),
			asked:   enrollment.IncrementalSync, want: enrollment.SyncDecision{Kind: enrollment.RecoverySync, Reason: "x"},
		},
		"a second recovery within seven days is refused": {
			history: with(synced, func(h *enrollment.SyncHistory) { h.Forced = "cursor refused"; h.RecoveryAt = ago(2 * day) }),
			asked:   enrollment.IncrementalSync, until: noon.Add(5 * day),
		},
		"a run under way refuses another": {
			history: with(synced, func(h *enrollment.SyncHistory) { h.RunningSince = ago(5 * time.Minute) }),
			asked:   enrollment.IncrementalSync, until: noon.Add(10 * time.Minute),
		},
		"a run under way is joined by who can wait": {
			history: with(synced, func(h *enrollment.SyncHistory) {
				h.RunningSince, h.RunningKind = ago(5*time.Minute), enrollment.FullSync
			}),
			asked: enrollment.IncrementalSync, canJoin: true, want: enrollment.SyncDecision{Join: true, Kind: enrollment.FullSync},
		},
		"a run is over after fifteen minutes": {
			history: with(synced, func(h *enrollment.SyncHistory) { h.RunningSince = ago(15 * time.Minute) }),
			asked:   enrollment.IncrementalSync, want: enrollment.SyncDecision{Kind: enrollment.IncrementalSync},
		},
		"a run that finished since this apply uploaded a token is joined": {
			history: with(synced, func(h *enrollment.SyncHistory) { h.UploadedAt = ago(time.Minute); h.FinishedAt = noon }),
			asked:   enrollment.FullSync, want: enrollment.SyncDecision{Join: true},
		},
		"a run that finished before this apply uploaded a token is not": {
			history: with(synced, func(h *enrollment.SyncHistory) { h.UploadedAt = ago(time.Minute) }),
			asked:   enrollment.IncrementalSync, want: enrollment.SyncDecision{Kind: enrollment.IncrementalSync},
		},
		"Intune takes a sync every fifteen minutes": {
			service: enrollment.Intune, history: with(synced, func(h *enrollment.SyncHistory) { h.AskedAt = ago(5 * time.Minute) }),
			asked: enrollment.IncrementalSync, until: noon.Add(10 * time.Minute),
		},
		"Intune is asked for what it decides by itself, and a full sync counts as an incremental one": {
			service: enrollment.Intune, history: enrollment.SyncHistory{HasCursor: true, AskedAt: ago(15 * time.Minute), FinishedAt: ago(30 * day)},
			asked: enrollment.FullSync, want: enrollment.SyncDecision{Kind: enrollment.IncrementalSync, Reason: "x"},
		},
		"an incremental sync at Intune needs no reason": {
			service: enrollment.Intune, history: enrollment.SyncHistory{HasCursor: true},
			asked: enrollment.IncrementalSync, want: enrollment.SyncDecision{Kind: enrollment.IncrementalSync},
		},
		"the first sync at Intune fetches everything": {
			service: enrollment.Intune, asked: enrollment.FullSync, want: enrollment.SyncDecision{Kind: enrollment.FullSync},
		},
		"the first sync at Intune fetches everything also when an incremental one is asked for": {
			service: enrollment.Intune, asked: enrollment.IncrementalSync, want: enrollment.SyncDecision{Kind: enrollment.FullSync, Reason: "x"},
		},
		"the embedded service has no such interval": {
			service: enrollment.Embedded, history: with(synced, func(h *enrollment.SyncHistory) { h.AskedAt = ago(5 * time.Minute) }),
			asked: enrollment.IncrementalSync, want: enrollment.SyncDecision{Kind: enrollment.IncrementalSync},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := enrollment.DecideSync(c.service, c.history, c.asked, c.canJoin, "T", noon)
			if !c.until.IsZero() {
				if until := untilOf(err); !until.Equal(c.until) {
					t.Fatalf("got %+v and %v, want a refusal until %s", got, err, c.until)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if (got.Reason != "") != (c.want.Reason != "") {
				t.Errorf("reason %q, want one: %t", got.Reason, c.want.Reason != "")
			}
			got.Reason, c.want.Reason = "", ""
			if got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestARefusedSyncSaysWhichTokenAndWhatToDo(t *testing.T) {
	t.Parallel()
	h := enrollment.SyncHistory{HasCursor: true, AskedAt: noon.Add(-time.Minute)}
	_, err := enrollment.DecideSync(enrollment.Intune, h, enrollment.IncrementalSync, false, `"District"`, noon)
	if text := err.Error(); !strings.HasPrefix(text, `Token "District" was synced`) || !strings.HasSuffix(text, "Z. Apply again after that time.") {
		t.Error(text)
	}
}

func untilOf(err error) time.Time {
	var throttled *enrollment.ThrottledError
	var busy *enrollment.SyncInProgressError
	switch {
	case errors.As(err, &throttled):
		return throttled.Until
	case errors.As(err, &busy):
		return busy.Until
	}
	return time.Time{}
}

// TestSyncTrafficOverTime lives through random histories of asking for syncs,
// of runs that end, stop in the middle or are killed, of refused cursors and of
// time that passes, and counts what Apple would have seen.
func TestSyncTrafficOverTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		apple := traffic{now: noon}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			apple.step(t)
		}
	})
}

// traffic is a token's history and what Apple saw of it.
type traffic struct {
	now        time.Time
	history    enrollment.SyncHistory
	fulls      []time.Time
	recoveries []time.Time
}

func (a *traffic) step(t *rapid.T) {
	switch rapid.SampledFrom([]string{"wait", "ask", "ask", "refuse cursor"}).Draw(t, "step") {
	case "wait":
		a.now = a.now.Add(time.Duration(rapid.Int64Range(1, int64(4*day)).Draw(t, "for")))
	case "refuse cursor":
		a.history.HasCursor, a.history.Forced = false, "cursor refused"
	case "ask":
		a.ask(t, rapid.SampledFrom([]enrollment.SyncKind{enrollment.FullSync, enrollment.IncrementalSync}).Draw(t, "kind"))
	}
}

func (a *traffic) ask(t *rapid.T, asked enrollment.SyncKind) {
	running := !a.history.RunningSince.IsZero() && a.now.Before(a.history.RunningSince.Add(15*time.Minute))
	d, err := enrollment.DecideSync(enrollment.Embedded, a.history, asked, false, "T", a.now)
	if err != nil {
		if until := untilOf(err); !until.After(a.now) {
			t.Fatalf("refused until %s, which is not after %s", until, a.now)
		}
		return
	}
	if running {
		t.Fatalf("started %+v while a run of %s was under way", d, a.history.RunningSince)
	}
	a.started(t, d)
	switch rapid.SampledFrom([]string{"ends", "stops", "is killed"}).Draw(t, "the run") {
	case "ends":
		a.history.RunningSince, a.history.Unfinished, a.history.Forced = time.Time{}, "", ""
		a.history.HasCursor, a.history.FinishedAt = true, a.now
	case "stops":
		a.history.RunningSince = time.Time{}
	case "is killed": // the lease stays
	}
}

func (a *traffic) started(t *rapid.T, d enrollment.SyncDecision) {
	a.history.RunningSince = a.now
	switch {
	case d.Resume, d.Kind == enrollment.IncrementalSync:
		return
	case d.Kind == enrollment.FullSync:
		if n := len(a.recoveries); a.history.HasCursor && n > 0 && a.now.Sub(a.recoveries[n-1]) < 7*day {
			t.Fatalf("a full sync at %s that nobody needs, after the recovery of %s", a.now, a.recoveries[n-1])
		}
		a.fulls = append(a.fulls, a.now)
		a.history.FullAt = a.now
	case d.Kind == enrollment.RecoverySync:
		a.recoveries = append(a.recoveries, a.now)
		a.history.RecoveryAt = a.now
	}
	a.history.Unfinished, a.history.Forced = d.Kind, ""
	apart(t, "full syncs", a.fulls)
	apart(t, "recoveries", a.recoveries)
}

func apart(t *rapid.T, what string, times []time.Time) {
	if n := len(times); n > 1 && times[n-1].Sub(times[n-2]) < 7*day {
		t.Fatalf("two %s at %s and %s, less than seven days apart", what, times[n-2], times[n-1])
	}
}

func TestNextTimesAgreeWithDecisions(t *testing.T) {
	t.Parallel()
	h := enrollment.SyncHistory{HasCursor: true, FullAt: noon.Add(-2 * day), RunningSince: noon.Add(-time.Minute), AskedAt: noon.Add(-time.Second)}
	if got, want := enrollment.NextFullAt(h, noon), noon.Add(5*day); !got.Equal(want) {
		t.Errorf("next full sync at %s, want %s", got, want)
	}
	if got, want := enrollment.NextSyncAt(enrollment.Embedded, h, noon), noon.Add(14*time.Minute); !got.Equal(want) {
		t.Errorf("embedded: next sync at %s, want %s", got, want)
	}
	if got, want := enrollment.NextSyncAt(enrollment.Intune, h, noon), noon.Add(15*time.Minute-time.Second); !got.Equal(want) {
		t.Errorf("intune: next sync at %s, want %s", got, want)
	}
	h.RecoveryAt = noon.Add(-day)
	if got, want := enrollment.NextFullAt(h, noon), noon.Add(6*day); !got.Equal(want) {
		t.Errorf("after a recovery: next full sync at %s, want %s", got, want)
	}
	for name, unfinished := range map[string]enrollment.SyncHistory{
		"a recovery that goes on":            {RecoveryAt: noon.Add(-day), Unfinished: enrollment.RecoverySync},
		"a recovery that is not allowed yet": {RecoveryAt: noon.Add(-day), Forced: "cursor refused"},
	} {
		if got, want := enrollment.NextFullAt(unfinished, noon), noon.Add(6*day); !got.Equal(want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	if got := enrollment.NextFullAt(enrollment.SyncHistory{}, noon); !got.IsZero() {
		t.Errorf("a token never synced may be synced at once, not at %s", got)
	}
}

// What a plan says of a full sync is what DecideSync does once it may start.
func TestRunsAsLooksPastWhatOnlyDelays(t *testing.T) {
	t.Parallel()
	ago := func(d time.Duration) time.Time { return noon.Add(-d) }
	cases := map[string]struct {
		service enrollment.Kind
		history enrollment.SyncHistory
		want    enrollment.SyncKind
		reason  string
	}{
		"never synced":           {enrollment.Embedded, enrollment.SyncHistory{}, enrollment.FullSync, ""},
		"two days ago":           {enrollment.Embedded, enrollment.SyncHistory{HasCursor: true, FullAt: ago(2 * day)}, enrollment.IncrementalSync, "the next full sync may start at"},
		"seven days ago":         {enrollment.Embedded, enrollment.SyncHistory{HasCursor: true, FullAt: ago(7 * day)}, enrollment.FullSync, ""},
		"while one runs":         {enrollment.Embedded, enrollment.SyncHistory{HasCursor: true, FullAt: ago(2 * day), RunningSince: ago(time.Minute)}, enrollment.IncrementalSync, "the next full sync may"},
		"one is unfinished":      {enrollment.Embedded, enrollment.SyncHistory{FullAt: ago(time.Hour), Unfinished: enrollment.FullSync}, enrollment.FullSync, ""},
		"forced":                 {enrollment.Embedded, enrollment.SyncHistory{HasCursor: true, FullAt: ago(day), Forced: "the cursor was refused"}, enrollment.RecoverySync, "refused"},
		"forced too often":       {enrollment.Embedded, enrollment.SyncHistory{HasCursor: true, Forced: "x", RecoveryAt: ago(day)}, "", ""},
		"after an upload":        {enrollment.Embedded, enrollment.SyncHistory{HasCursor: true, FullAt: ago(day), UploadedAt: ago(time.Hour), FinishedAt: ago(time.Minute)}, enrollment.IncrementalSync, "the next full sync may"},
		"Intune, never synced":   {enrollment.Intune, enrollment.SyncHistory{AskedAt: ago(time.Minute)}, enrollment.FullSync, ""},
		"Intune, synced":         {enrollment.Intune, enrollment.SyncHistory{HasCursor: true}, enrollment.IncrementalSync, enrollment.IntuneDecides},
		"Intune, a minute later": {enrollment.Intune, enrollment.SyncHistory{HasCursor: true, AskedAt: ago(time.Minute)}, enrollment.IncrementalSync, enrollment.IntuneDecides},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := enrollment.RunsAs(c.service, c.history, enrollment.FullSync, noon)
			if got.Kind != c.want || got.Join || !strings.Contains(got.Reason, c.reason) || (got.Reason == "") != (c.reason == "") {
				t.Errorf("runs as %+v", got)
			}
		})
	}
}

func TestNextSyncIsWhenAForcedFetchIsAllowed(t *testing.T) {
	t.Parallel()
	ago := func(d time.Duration) time.Time { return noon.Add(-d) }
	for name, c := range map[string]struct {
		history enrollment.SyncHistory
		want    time.Time
	}{
		"forced, a recovery two days ago":                  {enrollment.SyncHistory{HasCursor: true, Forced: "x", RecoveryAt: ago(2 * day)}, noon.Add(5 * day)},
		"forced, a recovery two days ago, a run under way": {enrollment.SyncHistory{Forced: "x", RecoveryAt: ago(2 * day), RunningSince: ago(time.Minute)}, noon.Add(5 * day)},
		"forced, a recovery seven days ago":                {enrollment.SyncHistory{HasCursor: true, Forced: "x", RecoveryAt: ago(7 * day)}, time.Time{}},
		"forced, never recovered":                          {enrollment.SyncHistory{HasCursor: true, Forced: "x"}, time.Time{}},
		"not forced, a recovery two days ago":              {enrollment.SyncHistory{HasCursor: true, RecoveryAt: ago(2 * day)}, time.Time{}},
		"a fetch goes on":                                  {enrollment.SyncHistory{Unfinished: enrollment.RecoverySync, Forced: "x", RecoveryAt: ago(2 * day)}, time.Time{}},
		"nothing to go on from, a full sync comes first":   {enrollment.SyncHistory{FullAt: ago(6 * day), RecoveryAt: ago(2 * day)}, noon.Add(day)},
		"nothing to go on from, a recovery comes first":    {enrollment.SyncHistory{FullAt: ago(2 * day), RecoveryAt: ago(6 * day)}, noon.Add(day)},
	} {
		if got := enrollment.NextSyncAt(enrollment.Embedded, c.history, noon); !got.Equal(c.want) {
			t.Errorf("%s: next sync at %s, want %s", name, got, c.want)
		}
	}
}

func TestNextSyncAgreesWithDecisions(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		moment := func(label string) time.Time {
			if rapid.Bool().Draw(t, label+" never") {
				return time.Time{}
			}
			return noon.Add(-time.Duration(rapid.Int64Range(0, int64(9*day)).Draw(t, label)))
		}
		h := enrollment.SyncHistory{
			FullAt: moment("full"), RecoveryAt: moment("recovery"), AskedAt: moment("asked"), HasCursor: rapid.Bool().Draw(t, "cursor"),
			Forced:     rapid.SampledFrom([]string{"", "x"}).Draw(t, "forced"),
			Unfinished: rapid.SampledFrom([]enrollment.SyncKind{"", "", enrollment.FullSync}).Draw(t, "unfinished"),
		}
		if rapid.Bool().Draw(t, "runs") {
			h.RunningSince = noon.Add(-time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "running")))
		}
		kind := rapid.SampledFrom([]enrollment.Kind{enrollment.Embedded, enrollment.Intune}).Draw(t, "service")
		for _, asked := range []enrollment.SyncKind{enrollment.FullSync, enrollment.IncrementalSync} {
			next := enrollment.NextSyncAt(kind, h, noon)
			if _, err := enrollment.DecideSync(kind, h, asked, false, "t", noon); (err == nil) != next.IsZero() {
				t.Fatalf("next sync at %s; a %s sync now: %v", next, asked, err)
			}
			if next.IsZero() {
				continue
			}
			if _, err := enrollment.DecideSync(kind, h, asked, false, "t", next); err != nil {
				t.Fatalf("a %s sync at %s, the next time: %v", asked, next, err)
			}
		}
	})
}

func TestSyncDue(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		last   time.Time
		maxAge time.Duration
		due    bool
	}{
		"never synced":         {time.Time{}, 0, true},
		"younger than max_age": {noon.Add(-time.Hour), 2 * time.Hour, false},
		"as old as max_age":    {noon.Add(-2 * time.Hour), 2 * time.Hour, true},
		"no max_age":           {noon.Add(-1000 * time.Hour), 0, false},
	} {
		if got := enrollment.SyncDue(c.last, c.maxAge, noon); got != c.due {
			t.Errorf("%s: due %t, want %t", name, got, c.due)
		}
	}
}
