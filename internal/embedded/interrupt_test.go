package embedded_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

func TestAnInterruptedRunStopsAtAPageAndHasNotFailed(t *testing.T) {
	onStores(t, func(t *testing.T, address string) {
		w := newWorld(t, address, 6000)
		s := w.open()
		home := w.enroll(s, 3500)
		w.due()
		w.sim.ClearRequests()
		ctx, interrupt := context.WithCancel(t.Context())
		run, err := s.Sync(ctx, enrollment.SyncRequest{TokenID: home.id, Kind: enrollment.FullSync, Wait: true, Progress: at(2, interrupt)})
		if !errors.Is(err, context.Canceled) || run.State != enrollment.SyncPaused || run.Pages != 2 || run.Err != "" {
			t.Fatalf("%+v, %v", run, err)
		}
		status, err := s.SyncStatus(t.Context(), home.id)
		if check(t, status, err); status.Running != nil || status.LastError != "" || !status.NextSyncAt.IsZero() || status.FullRunsAs != enrollment.FullSync {
			t.Fatalf("the status is %+v", status)
		}
		next := w.sync(s, home.id, enrollment.IncrementalSync)
		if next.State != enrollment.SyncFinished || next.Kind != enrollment.FullSync || next.Joined || run.Devices+next.Devices < 3500 {
			t.Fatalf("the run that goes on is %+v", next)
		}
		if chains := w.sim.Requests(false).FetchChains; len(chains) != 1 {
			t.Fatalf("%d full fetches were begun, want 1", len(chains))
		}
	})
}

// A store that does not answer does not hold up a process that is told to end.
func TestAnInterruptedRunIsRecordedWithinATime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stores["sqlite"](t), 3000)
	s := w.open()
	home := w.enroll(s, 2500)
	w.due()
	s.RecordWithin(0)
	ctx, interrupt := context.WithCancel(t.Context())
	_, err := s.Sync(ctx, enrollment.SyncRequest{TokenID: home.id, Kind: enrollment.FullSync, Wait: true, Progress: at(2, interrupt)})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if status, err := s.SyncStatus(t.Context(), home.id); err != nil || status.Running == nil {
		t.Errorf("it was recorded, however long that takes: %+v, %v", status, err)
	}
	check(t, 0, s.Close())
	s = w.open() // the lease of a process that ended counts no more
	if run := w.sync(s, home.id, enrollment.IncrementalSync); run.State != enrollment.SyncFinished || run.Kind != enrollment.FullSync {
		t.Errorf("the run that goes on is %+v", run)
	}
}

// Whoever waits for a run sees how far it comes, and where the one that ran it is
// interrupted goes on with it: nobody told the other to stop.
func TestWhoJoinedAnInterruptedRunGoesOnWithIt(t *testing.T) {
	for name, sameProcess := range map[string]bool{"of the same process": true, "of another process": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, stores["sqlite"](t), 6000)
			one := w.open()
			home := w.enroll(one, 3500)
			two := map[bool]*embedded.Service{true: one}[sameProcess]
			if two == nil {
				two = w.open()
			}
			w.due()
			w.sim.ClearRequests()
			ctx, interrupt := context.WithCancel(t.Context())
			joined, second := make(chan enrollment.SyncProgress, 100), make(chan enrollment.SyncRun, 1)
			_, err := one.Sync(ctx, enrollment.SyncRequest{TokenID: home.id, Kind: enrollment.FullSync, Wait: true, Progress: at(2, func() {
				go func() {
					run, err := two.Sync(t.Context(), enrollment.SyncRequest{
						TokenID: home.id, Kind: enrollment.IncrementalSync, Wait: true,
						Progress: func(p enrollment.SyncProgress) { joined <- p },
					})
					if err != nil {
						t.Errorf("who joined: %v", err)
					}
					second <- run
				}()
				if p := <-joined; !p.Joined || p.Kind != enrollment.FullSync || p.Pages != 2 || p.StartedAt.IsZero() {
					t.Errorf("who joined sees %+v", p)
				}
				interrupt()
			})})
			if !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			if run := <-second; run.State != enrollment.SyncFinished || run.Joined || run.Kind != enrollment.FullSync {
				t.Errorf("who joined has %+v", run)
			}
			if chains := w.sim.Requests(false).FetchChains; len(chains) != 1 {
				t.Errorf("%d full fetches were begun, want 1", len(chains))
			}
		})
	}
}

func TestProgressOfAJoinedRunOfTheSameProcess(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 6000)
	s := w.open()
	home := w.enroll(s, 3500)
	w.due()
	joined, pages := make(chan struct{}), []int{}
	done := make(chan struct{})
	first := true
	run, err := s.Sync(t.Context(), enrollment.SyncRequest{TokenID: home.id, Kind: enrollment.FullSync, Wait: true, Progress: at(1, func() {
		go func() {
			defer close(done)
			_, err := s.Sync(t.Context(), enrollment.SyncRequest{TokenID: home.id, Kind: enrollment.FullSync, Wait: true, Progress: func(p enrollment.SyncProgress) {
				if pages = append(pages, p.Pages); first {
					first = false
					close(joined)
				}
			}})
			check(t, 0, err)
		}()
		<-joined
	})})
	check(t, run, err)
	<-done
	if len(pages) < 2 || !slices.IsSorted(pages) || pages[0] != 1 || pages[len(pages)-1] != run.Pages {
		t.Errorf("who joined saw the pages %v of %d", pages, run.Pages)
	}
}
