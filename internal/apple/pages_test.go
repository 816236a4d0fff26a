package apple_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/apple"
)

// paging answers page n (from 1) of total, each with a cursor of its own.
func paging(total int) *fake {
	f := &fake{}
	f.onCall = func(n int, w http.ResponseWriter, _ *http.Request) bool {
		_, _ = fmt.Fprintf(w, `{"devices":[{"serial_number":"S%d"}],"cursor":"C%d","more_to_follow":%t}`, n, n, n < total)

		return true
	}

	return f
}

func (f *fake) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()

	return len(f.calls)
}

func TestFetchYieldsAllPagesInOrder(t *testing.T) {
	t.Parallel()
	f := paging(5)
	n := 0
	for page, err := range start(t, f).Fetch(t.Context(), "", 100) {
		if n++; err != nil || page.Devices[0].SerialNumber != fmt.Sprintf("S%d", n) || page.Cursor != fmt.Sprintf("C%d", n) {
			t.Fatalf("page %d: %+v, %v", n, page, err)
		}
	}
	if n != 5 || f.count() != 5 {
		t.Errorf("%d pages of %d calls", n, f.count())
	}
	for i, want := range []string{`{"limit":100}`, `{"cursor":"C1","limit":100}`, `{"cursor":"C2","limit":100}`} {
		if got := f.calls[i]; got.body != want || got.uri != "/server/devices" || got.method != "POST" {
			t.Errorf("call %d: %+v", i, got)
		}
	}
}

// While a page is handled the next one is fetched, and only that one.
func TestExactlyOnePageIsFetchedAhead(t *testing.T) {
	t.Parallel()
	f := paging(10)
	n := 0
	for _, err := range start(t, f).Sync(t.Context(), "C0", 0) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 10 {
			break
		}
		for deadline := time.Now().Add(5 * time.Second); f.count() < n+1; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("page %d is not fetched while page %d is handled", n+1, n)
			}
		}
		time.Sleep(10 * time.Millisecond)
		if got := f.count(); got != n+1 {
			t.Fatalf("%d pages were fetched while page %d is handled", got, n)
		}
	}
}

func TestLeavingEarlyCancelsThePageAhead(t *testing.T) {
	before := runtime.NumGoroutine()
	f := paging(1000)
	plain := f.onCall
	gone := make(chan struct{})
	f.onCall = func(n int, w http.ResponseWriter, r *http.Request) bool {
		if n == 2 {
			<-r.Context().Done()
			close(gone)

			return true
		}

		return plain(n, w, r)
	}
	s := start(t, f)
	for _, err := range s.Fetch(t.Context(), "", 0) {
		if err != nil {
			t.Fatal(err)
		}
		break
	}
	if f.count() > 1 {
		<-gone
	}
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before+20; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}

func TestPagesStopAtTheFirstError(t *testing.T) {
	t.Parallel()
	f := paging(10)
	plain := f.onCall
	f.onCall = func(n int, w http.ResponseWriter, r *http.Request) bool {
		if n == 3 {
			http.Error(w, "EXPIRED_CURSOR", http.StatusBadRequest)

			return true
		}

		return plain(n, w, r)
	}
	pages, failures := 0, 0
	for _, err := range start(t, f).Sync(t.Context(), "C0", 0) {
		if err == nil {
			pages++
		} else if failures++; !errors.Is(err, apple.ErrExpiredCursor) {
			t.Error(err)
		}
	}
	if pages != 2 || failures != 1 || f.count() != 3 {
		t.Errorf("%d pages, %d errors, %d calls", pages, failures, f.count())
	}
}

func TestRepeatedCursorStops(t *testing.T) {
	t.Parallel()
	for name, cursors := range map[string][]string{
		"the one just sent":    {"A", "B", "B"},
		"an older one":         {"A", "B", "A"},
		"the one at the start": {"A", "B", "start"},
	} {
		f := &fake{}
		f.onCall = func(n int, w http.ResponseWriter, _ *http.Request) bool {
			_ = json.NewEncoder(w).Encode(map[string]any{"devices": []any{}, "cursor": cursors[n-1], "more_to_follow": true})

			return true
		}
		pages, failures := 0, 0
		for _, err := range start(t, f).Sync(t.Context(), "start", 0) {
			if err == nil {
				pages++
			} else if failures++; !errors.Is(err, apple.ErrRepeatedCursor) {
				t.Error(err)
			}
		}
		if pages != 3 || failures != 1 || f.count() != 3 {
			t.Errorf("%s: %d pages, %d errors, %d calls", name, pages, failures, f.count())
		}
	}
}

func TestSameCursorAtTheEndIsFine(t *testing.T) {
	t.Parallel()
	f := &fake{answer: []byte(`{"devices":[],"cursor":"start","more_to_follow":false}`)}
	for _, err := range start(t, f).Sync(t.Context(), "start", 0) {
		if err != nil {
			t.Error(err)
		}
	}
}

func TestCancelledFetchEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	for _, err := range start(t, paging(1000)).Fetch(ctx, "", 0) {
		last = err
		cancel()
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("ended with %v", last)
	}
}
