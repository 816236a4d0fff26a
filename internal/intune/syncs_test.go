package intune_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune"
)

const syncAction = "/syncWithAppleDeviceEnrollmentProgram"

func ask(kind enrollment.SyncKind) enrollment.SyncRequest {
	return enrollment.SyncRequest{TokenID: districtID, Kind: kind, Wait: true}
}

func TestASyncIsFollowedUntilIntuneShowsItsEnd(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		properties object
		takes      time.Duration
		late, skew time.Duration
		fails      int
		clears     bool
		slow       bool // a failure that cannot be told sooner
		state      enrollment.SyncState
		want       error
	}{
		"in a moment":                         {takes: 10 * time.Second, state: enrollment.SyncFinished},
		"in minutes":                          {takes: 9 * time.Minute, state: enrollment.SyncFinished},
		"shown late":                          {takes: time.Minute, late: 90 * time.Second, state: enrollment.SyncFinished},
		"Intune's clock is behind":            {takes: time.Minute, skew: -10 * time.Minute, state: enrollment.SyncFinished},
		"Intune's clock is ahead":             {takes: time.Minute, skew: 10 * time.Minute, state: enrollment.SyncFinished},
		"not in its 15 minutes":               {takes: time.Hour, state: enrollment.SyncRunning},
		"terms":                               {fails: 3, state: enrollment.SyncFailed, want: enrollment.ErrTermsNotAccepted},
		"another code":                        {fails: 1, state: enrollment.SyncFailed, want: enrollment.ErrUnavailable},
		"an old code shows, and it goes well": {properties: object{"lastSyncErrorCode": 3}, takes: 5 * time.Minute, state: enrollment.SyncFinished},
		"an old code shows late, and it goes well": {properties: object{"lastSyncErrorCode": 3}, late: time.Minute, clears: true, takes: 5 * time.Minute, state: enrollment.SyncFinished},
		"an old code is cleared, and comes again":  {properties: object{"lastSyncErrorCode": 3}, clears: true, fails: 3, state: enrollment.SyncFailed, want: enrollment.ErrTermsNotAccepted},
		"an old code, and another":                 {properties: object{"lastSyncErrorCode": 3}, fails: 1, state: enrollment.SyncFailed, want: enrollment.ErrUnavailable},
		"an old code that stays for 15 minutes":    {properties: object{"lastSyncErrorCode": 3}, fails: 3, slow: true, state: enrollment.SyncFailed, want: enrollment.ErrTermsNotAccepted},
		"the first one":                            {properties: object{"lastSyncTriggeredDateTime": never, "lastSuccessfulSyncDateTime": never}, takes: time.Minute, state: enrollment.SyncFinished},
		"the first one, shown late":                {properties: object{"lastSyncTriggeredDateTime": never, "lastSuccessfulSyncDateTime": never}, late: time.Minute, takes: time.Minute, state: enrollment.SyncFinished},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGraph(t)
			g.addDistrict(c.properties)
			g.syncTakes, g.late, g.skew, g.syncFails, g.clearsCode = max(c.takes, 20*time.Second), c.late, c.skew, c.fails, c.clears
			g.now = g.now.Add(10 * time.Minute)
			asked := g.now
			var progress []enrollment.SyncProgress
			req := ask(enrollment.IncrementalSync)
			req.Progress = func(p enrollment.SyncProgress) { progress = append(progress, p) }
			run, err := g.open().Sync(t.Context(), req)
			if run.State != c.state || !errors.Is(err, c.want) || c.want == nil && err != nil {
				t.Fatalf("%+v, %v; want %s, %v", run, err, c.state, c.want)
			}
			if want := asked.Add(c.skew); !run.StartedAt.Equal(want) || run.ID == "" || run.Joined {
				t.Errorf("started at %s as %q, want %s", run.StartedAt, run.ID, want)
			}
			if c.state == enrollment.SyncFinished && (!run.FinishedAt.Equal(asked.Add(c.skew+g.syncTakes)) || run.Devices != 3) {
				t.Errorf("finished at %s with %d devices", run.FinishedAt, run.Devices)
			}
			if len(progress) == 0 || len(g.posts) != 1 || g.early != 0 {
				t.Errorf("%d times progress, %d syncs asked for, %d too early", len(progress), len(g.posts), g.early)
			}
			most := 15 * time.Minute
			if c.want != nil && !c.slow {
				most = 2 * time.Minute
			}
			if waited := g.now.Sub(asked); waited > most {
				t.Errorf("waited for %s", waited)
			}
		})
	}
}

func TestASyncIsNotAskedForWithin15Minutes(t *testing.T) {
	t.Parallel()
	g := newGraph(t)
	g.addDistrict(nil)
	last := g.now.Add(-14 * time.Minute)
	g.set(districtID, object{"lastSyncTriggeredDateTime": stamp(last), "lastSuccessfulSyncDateTime": stamp(last.Add(time.Minute))})
	s := g.open()
	_, err := s.Sync(t.Context(), ask(enrollment.IncrementalSync))
	throttled := new(enrollment.ThrottledError)
	if !errors.As(err, &throttled) || !throttled.Until.Equal(last.Add(15*time.Minute)) || len(g.posts) != 0 {
		t.Fatalf("%v, %d syncs asked for", err, len(g.posts))
	}
	if !strings.Contains(err.Error(), `Token "District" (`+districtID+`) was synced`) {
		t.Errorf("not by its name: %v", err)
	}
	status, err := s.SyncStatus(t.Context(), districtID)
	if err != nil || !status.NextSyncAt.Equal(throttled.Until) || status.Running != nil {
		t.Errorf("status %+v, %v", status, err)
	}
	g.advance(time.Minute)
	if run, err := s.Sync(t.Context(), ask(enrollment.IncrementalSync)); err != nil || run.State != enrollment.SyncFinished {
		t.Errorf("a minute later: %+v, %v", run, err)
	}
}

func TestAFullSyncIsIntunesToDecide(t *testing.T) {
	t.Parallel()
	unsynced := object{"lastSyncTriggeredDateTime": never, "lastSuccessfulSyncDateTime": never}
	for name, c := range map[string]struct {
		properties  object
		asked, kind enrollment.SyncKind
		reason      bool
	}{
		"the first one":                      {unsynced, enrollment.FullSync, enrollment.FullSync, false},
		"the first one, asked as the other":  {unsynced, enrollment.IncrementalSync, enrollment.FullSync, true},
		"a later one":                        {nil, enrollment.IncrementalSync, enrollment.IncrementalSync, false},
		"a later one, asked for as full one": {nil, enrollment.FullSync, enrollment.IncrementalSync, true},
	} {
		g := newGraph(t)
		g.addDistrict(c.properties)
		run, err := g.open().Sync(t.Context(), ask(c.asked))
		if err != nil || run.Asked != c.asked || run.Kind != c.kind || (run.Reason != "") != c.reason {
			t.Errorf("%s: %+v, %v", name, run, err)
		}
	}
}

func TestWithoutWaitingASyncIsBackOnceItHasBegun(t *testing.T) {
	t.Parallel()
	g := newGraph(t)
	g.addDistrict(nil)
	g.late = time.Minute
	g.now = g.now.Add(10 * time.Minute)
	s := g.open()
	req := ask(enrollment.IncrementalSync)
	req.Wait = false
	before := g.now
	run, err := s.Sync(t.Context(), req)
	if err != nil || run.State != enrollment.SyncRunning || run.StartedAt.IsZero() || !g.now.Equal(before) {
		t.Fatalf("%+v, %v", run, err)
	}
	// Another that waits joins it, although Intune does not show it yet; another that does not is told.
	if _, err := s.Sync(t.Context(), req); !errors.Is(err, enrollment.ErrSyncInProgress) {
		t.Errorf("without waiting: %v", err)
	}
	if status, err := s.SyncStatus(t.Context(), districtID); err != nil || status.Running == nil {
		t.Errorf("status %+v, %v", status, err)
	}
	joined, err := s.Sync(t.Context(), ask(enrollment.FullSync))
	if err != nil || !joined.Joined || joined.State != enrollment.SyncFinished || joined.Reason == "" || len(g.posts) != 1 {
		t.Errorf("with waiting: %+v, %v, %d syncs asked for", joined, err, len(g.posts))
	}
}

func TestARunOfAnotherProcessIsJoined(t *testing.T) {
	t.Parallel()
	g := newGraph(t)
	g.addDistrict(nil)
	g.syncTakes = 5 * time.Minute
	if _, err := g.open().Sync(t.Context(), enrollment.SyncRequest{TokenID: districtID, Kind: enrollment.IncrementalSync}); err != nil {
		t.Fatal(err)
	}
	g.advance(time.Minute)
	req, seen := ask(enrollment.IncrementalSync), []enrollment.SyncProgress{}
	req.Progress = func(p enrollment.SyncProgress) { seen = append(seen, p) }
	run, err := g.open().Sync(t.Context(), req)
	if len(seen) == 0 || !seen[0].Joined || seen[0].Devices != 3 || !seen[0].StartedAt.Equal(run.StartedAt) {
		t.Errorf("its progress is %+v", seen)
	}
	if err != nil || !run.Joined || run.State != enrollment.SyncFinished || len(g.posts) != 1 {
		t.Fatalf("%+v, %v, %d syncs asked for", run, err, len(g.posts))
	}
}

func TestARefusedSyncSaysWhenItMayRunAndIsNotRepeated(t *testing.T) {
	t.Parallel()
	const noon = 15 * time.Minute
	for name, c := range map[string]struct {
		status    int
		body      string
		triggered time.Duration // ago, as it shows after the refusal; 0 is not at all
		until     time.Duration // from now; 0 is no such error
		want      error
	}{
		"429, another was quicker":    {429, refusalBody("TooManyRequests", "x"), 4 * time.Minute, 11 * time.Minute, enrollment.ErrThrottled},
		"400, another was quicker":    {400, refusalBody("BadRequest", "x"), 4 * time.Minute, 11 * time.Minute, enrollment.ErrThrottled},
		"429, and nothing shows":      {429, refusalBody("TooManyRequests", "x"), 0, noon, enrollment.ErrThrottled},
		"429, and it says until when": {429, `{"error":{"code":"TooManyRequests","message":"{\"Message\":\"x\",\"RetryAfter\":\"120\"}"}}`, 0, 2 * time.Minute, enrollment.ErrThrottled},
		"400 for another reason":      {400, refusalBody("BadRequest", "x"), 0, 0, enrollment.ErrInvalid},
		"403":                         {403, refusalBody("Forbidden", "x"), 0, 0, enrollment.ErrPermission},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGraph(t)
			g.addDistrict(nil)
			asked := 0
			g.fault = func(r *http.Request) (int, string) {
				if !strings.HasSuffix(r.URL.Path, syncAction) {
					return 0, ""
				}
				if asked++; c.triggered != 0 {
					g.set(districtID, object{"lastSyncTriggeredDateTime": stamp(g.now.Add(-c.triggered)), "lastSuccessfulSyncDateTime": stamp(g.now)})
				}
				return c.status, c.body
			}
			s := g.open()
			now := g.now
			_, err := s.Sync(t.Context(), ask(enrollment.IncrementalSync))
			throttled := new(enrollment.ThrottledError)
			if !errors.Is(err, c.want) || errors.As(err, &throttled) != (c.until != 0) || c.until != 0 && !throttled.Until.Equal(now.Add(c.until)) {
				t.Fatalf("%v, until %s", err, throttled.Until.Sub(now))
			}
			if c.until == 0 {
				return
			}
			if !strings.Contains(err.Error(), "request id") {
				t.Errorf("no request id: %v", err)
			}
			if _, err := s.Sync(t.Context(), ask(enrollment.IncrementalSync)); !errors.Is(err, enrollment.ErrThrottled) || asked != 1 {
				t.Errorf("right again: %v, asked %d times", err, asked)
			}
		})
	}
}

func TestASyncWithoutAGoodAnswerIsFoundOutNotRepeated(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before, after int
		drop          bool
		want          error // nil is a sync that ran
	}{
		"the connection broke, and it runs": {drop: true},
		"500, and it runs":                  {after: 500},
		"500, and it does not run":          {before: 500, want: enrollment.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGraph(t)
			g.addDistrict(nil)
			g.late = 20 * time.Second
			g.now = g.now.Add(time.Minute)
			asked := 0
			is := func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, syncAction) }
			g.fault = func(r *http.Request) (int, string) {
				if is(r) {
					asked++
					return c.before, refusalBody("X", "x")
				}
				return 0, ""
			}
			g.after = func(r *http.Request) (int, string) {
				if is(r) && c.drop {
					panic(http.ErrAbortHandler)
				}
				if is(r) {
					return c.after, refusalBody("X", "x")
				}
				return 0, ""
			}
			s := g.open()
			run, err := s.Sync(t.Context(), ask(enrollment.IncrementalSync))
			if !errors.Is(err, c.want) || c.want == nil && (err != nil || run.State != enrollment.SyncFinished) || asked != 1 {
				t.Fatalf("%+v, %v, asked %d times", run, err, asked)
			}
			if _, err := s.Sync(t.Context(), enrollment.SyncRequest{TokenID: districtID, Kind: enrollment.IncrementalSync}); err == nil || asked != 1 {
				t.Errorf("right again: %v, asked %d times", err, asked)
			}
		})
	}
}

func TestASyncThatDidNotBeginIsNoRunToJoin(t *testing.T) {
	t.Parallel()
	g := newGraph(t)
	g.addDistrict(nil)
	fails := true
	g.fault = func(r *http.Request) (int, string) {
		if fails && strings.HasSuffix(r.URL.Path, syncAction) {
			return 503, ""
		}
		return 0, ""
	}
	s := g.open()
	if _, err := s.Sync(t.Context(), ask(enrollment.IncrementalSync)); !errors.Is(err, enrollment.ErrUnavailable) {
		t.Fatal(err)
	}
	if status, err := s.SyncStatus(t.Context(), districtID); err != nil || status.Running != nil {
		t.Errorf("%+v runs, %v", status.Running, err)
	}
	fails = false
	if _, err := s.Sync(t.Context(), ask(enrollment.IncrementalSync)); !errors.Is(err, enrollment.ErrThrottled) || len(g.posts) != 0 {
		t.Errorf("within 15 minutes: %v, asked %d times", err, len(g.posts))
	}
	g.advance(15 * time.Minute)
	if run, err := s.Sync(t.Context(), ask(enrollment.IncrementalSync)); err != nil || run.Joined || run.State != enrollment.SyncFinished {
		t.Errorf("after them: %+v, %v", run, err)
	}
}

func TestWhoWaitsForTheDecisionAboutASyncCanBeInterrupted(t *testing.T) {
	t.Parallel()
	g := newGraph(t)
	g.addDistrict(nil)
	deciding, decide, decided := make(chan struct{}), make(chan struct{}), make(chan struct{})
	g.after = func(r *http.Request) (int, string) {
		if strings.HasSuffix(r.URL.Path, syncAction) {
			close(deciding)
			<-decide
		}
		return 0, ""
	}
	s := g.open()
	go func() {
		defer close(decided)
		_, _ = s.Sync(t.Context(), ask(enrollment.IncrementalSync))
	}()
	<-deciding
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Sync(ctx, ask(enrollment.IncrementalSync))
	close(decide)
	<-decided
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestAFollowedSyncOutlivesABadMoment(t *testing.T) {
	t.Parallel()
	g := newGraph(t)
	g.addDistrict(nil)
	g.syncTakes = 3 * time.Minute
	began := g.now
	g.fault = func(r *http.Request) (int, string) {
		if at := g.now.Sub(began); r.Method == http.MethodGet && at > 30*time.Second && at < 2*time.Minute {
			return 500, ""
		}
		return 0, ""
	}
	if run, err := g.open().Sync(t.Context(), ask(enrollment.IncrementalSync)); err != nil || run.State != enrollment.SyncFinished {
		t.Fatalf("%+v, %v", run, err)
	}
	g.fault = func(r *http.Request) (int, string) {
		if r.Method == http.MethodGet && len(g.posts) > 1 {
			return 403, refusalBody("Forbidden", "x")
		}
		return 0, ""
	}
	g.advance(20 * time.Minute)
	if _, err := g.open().Sync(t.Context(), ask(enrollment.IncrementalSync)); !errors.Is(err, enrollment.ErrPermission) {
		t.Errorf("an error that stays: %v", err)
	}
}

func TestAnInterruptedWaitSaysWhichSyncRuns(t *testing.T) {
	t.Parallel()
	g := newGraph(t)
	g.addDistrict(nil)
	g.syncTakes = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	req := ask(enrollment.IncrementalSync)
	req.Progress = func(enrollment.SyncProgress) { cancel() }
	run, err := g.open().Sync(ctx, req)
	if !errors.Is(err, context.Canceled) || run.State != enrollment.SyncRunning || run.StartedAt.IsZero() {
		t.Fatalf("%+v, %v", run, err)
	}
}

func TestATokenWithoutAServerTokenIsNotSynced(t *testing.T) {
	t.Parallel()
	for want, properties := range map[error]object{
		enrollment.ErrNoServerToken: {"tokenExpirationDateTime": never, "tokenType": "none"},
		enrollment.ErrTokenExpired:  {"tokenExpirationDateTime": "2026-01-01T00:00:00Z"},
	} {
		g := newGraph(t)
		g.addDistrict(properties)
		if _, err := g.open().Sync(t.Context(), ask(enrollment.FullSync)); !errors.Is(err, want) || len(g.posts) != 0 {
			t.Errorf("error %v, want %v", err, want)
		}
	}
}

func TestTheStatusIsReadFromTheToken(t *testing.T) {
	t.Parallel()
	g := newGraph(t)
	now := g.now
	at := func(ago time.Duration) string { return stamp(now.Add(-ago)) }
	for name, c := range map[string]struct {
		properties object
		running    time.Duration // since; 0 is none
		last       time.Duration // finished; 0 is none
		next       time.Duration // from now
		lastError  string
	}{
		"never synced":       {object{"lastSyncTriggeredDateTime": never, "lastSuccessfulSyncDateTime": never}, 0, 0, 0, ""},
		"synced":             {object{"lastSyncTriggeredDateTime": at(time.Hour), "lastSuccessfulSyncDateTime": at(50 * time.Minute)}, 0, 50 * time.Minute, 0, ""},
		"synced just now":    {object{"lastSyncTriggeredDateTime": at(5 * time.Minute), "lastSuccessfulSyncDateTime": at(4 * time.Minute)}, 0, 4 * time.Minute, 10 * time.Minute, ""},
		"running":            {object{"lastSyncTriggeredDateTime": at(5 * time.Minute), "lastSuccessfulSyncDateTime": at(time.Hour)}, 5 * time.Minute, time.Hour, 10 * time.Minute, ""},
		"running, the first": {object{"lastSyncTriggeredDateTime": at(5 * time.Minute), "lastSuccessfulSyncDateTime": never}, 5 * time.Minute, 0, 10 * time.Minute, ""},
		"it never ended":     {object{"lastSyncTriggeredDateTime": at(time.Hour), "lastSuccessfulSyncDateTime": at(5 * time.Hour)}, 0, 5 * time.Hour, 0, ""},
		"it failed":          {object{"lastSyncTriggeredDateTime": at(5 * time.Minute), "lastSuccessfulSyncDateTime": at(time.Hour), "lastSyncErrorCode": 3}, 0, time.Hour, 10 * time.Minute, "new terms"},
		"of unknown cause":   {object{"lastSyncTriggeredDateTime": at(time.Hour), "lastSuccessfulSyncDateTime": at(2 * time.Hour), "lastSyncErrorCode": 17}, 0, 2 * time.Hour, 0, "error code 17"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGraph(t)
			g.addDistrict(c.properties)
			got, err := g.open().SyncStatus(t.Context(), districtID)
			wantRunsAs := enrollment.IncrementalSync
			if c.last == 0 {
				wantRunsAs = enrollment.FullSync
			}
			if got.FullRunsAs != wantRunsAs || (got.FullReason == "") != (c.last == 0) {
				t.Errorf("a full sync runs as %q: %s", got.FullRunsAs, got.FullReason)
			}
			if err != nil || got.DeviceCount != 3 || !got.LastFullAt.IsZero() || !got.NextFullAt.IsZero() {
				t.Fatalf("%+v, %v", got, err)
			}
			if (got.Running != nil) != (c.running != 0) || got.Running != nil && !got.Running.StartedAt.Equal(now.Add(-c.running)) {
				t.Errorf("running %+v", got.Running)
			}
			if (got.Last != nil) != (c.last != 0) || got.Last != nil && (!got.Last.FinishedAt.Equal(now.Add(-c.last)) || got.Last.StartedAt.After(got.Last.FinishedAt) || got.Last.State != enrollment.SyncFinished) {
				t.Errorf("last %+v", got.Last)
			}
			if next := got.NextSyncAt; next.IsZero() != (c.next == 0) || c.next != 0 && !next.Equal(now.Add(c.next)) {
				t.Errorf("next at %s", next)
			}
			if (got.LastError == "") != (c.lastError == "") || !strings.Contains(got.LastError, c.lastError) {
				t.Errorf("last error %q", got.LastError)
			}
		})
	}
}

// TestSyncsAreNeverAskedForWithin15Minutes lives through random days of a service: its own syncs and those of another, late
// and wrong clocks, lost answers, failures, uploads and pauses.
func TestSyncsAreNeverAskedForWithin15Minutes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		g := newGraph(t)
		g.addDistrict(object{"lastSyncErrorCode": rapid.SampledFrom([]int{0, 3}).Draw(rt, "old code")})
		g.now = g.now.Add(10 * time.Minute)
		g.clearsCode, g.uploadSyncs = rapid.Bool().Draw(rt, "clears"), rapid.Bool().Draw(rt, "upload syncs")
		g.late = time.Duration(rapid.IntRange(0, 200).Draw(rt, "late")) * time.Second
		g.skew = time.Duration(rapid.IntRange(-20, 0).Draw(rt, "skew")) * time.Minute
		lost := rapid.SliceOfN(rapid.Bool(), 8, 8).Draw(rt, "lost")
		g.after = func(r *http.Request) (int, string) {
			if n := len(g.posts); strings.HasSuffix(r.URL.Path, syncAction) && n <= len(lost) && lost[n-1] {
				return 500, ""
			}
			return 0, ""
		}
		s := g.open()
		for range rapid.IntRange(1, 8).Draw(rt, "steps") {
			g.step(rt, s)
		}
		times := slices.Clone(g.posts)
		for i := 1; i < len(times); i++ {
			if apart := times[i].Sub(times[i-1]); apart < 15*time.Minute {
				rt.Fatalf("two syncs %s apart", apart)
			}
		}
	})
}

func (g *graphFake) step(rt *rapid.T, s *intune.Service) {
	g.mu.Lock()
	g.syncTakes = time.Duration(rapid.IntRange(1, 1500).Draw(rt, "takes")) * time.Second
	g.syncFails = rapid.SampledFrom([]int{0, 0, 1, 3}).Draw(rt, "fails")
	g.mu.Unlock()
	kind := rapid.SampledFrom([]enrollment.SyncKind{enrollment.FullSync, enrollment.IncrementalSync}).Draw(rt, "kind")
	switch rapid.SampledFrom([]string{"sync", "sync", "start", "pause", "upload"}).Draw(rt, "step") {
	case "sync":
		before := g.clock()
		run, err := s.Sync(g.t.Context(), ask(kind))
		if waited := g.clock().Sub(before); waited > 15*time.Minute+2*time.Minute { // a lost answer is looked for first
			rt.Fatalf("waited for %s", waited)
		}
		if err == nil && run.State == enrollment.SyncFinished && run.FinishedAt.Before(run.StartedAt) {
			rt.Fatalf("finished before it began: %+v", run)
		}
	case "start":
		_, _ = s.Sync(g.t.Context(), enrollment.SyncRequest{TokenID: districtID, Kind: kind})
	case "pause":
		g.advance(time.Duration(rapid.IntRange(1, 3000).Draw(rt, "pause")) * time.Second)
	case "upload":
		if _, err := s.UploadServerToken(g.t.Context(), districtID, upload(g.t, 0)); err != nil {
			rt.Fatal(fmt.Errorf("upload: %w", err))
		}
	}
}
