package embedded_test

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// TestAHundredThousandDevices is about requests, not about time: how long it takes is logged.
func TestAHundredThousandDevices(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	for _, name := range []string{"sqlite", "postgres"} {
		t.Run(name, func(t *testing.T) {
			const many = 100_000
			w := newWorld(t, stores[name](t), 125_000)
			s := w.open()
			home := w.enroll(s, 0)
			home.devices = w.AddDevices(t, home.serverID, many)
			p := w.profile(s, home.id, "Students")
			w.Advance(t, enrollment.FullSyncInterval)
			w.sim.ClearRequests()
			measure := func(what string, f func()) {
				began := time.Now()
				f()
				t.Logf("%s: %.1f s, %s", what, time.Since(began).Seconds(), peakMemory())
			}
			measure("full sync", func() {
				if run := w.sync(s, home.id, enrollment.FullSync); run.Kind != enrollment.FullSync || run.Added != many || len(run.Warnings) != 0 {
					t.Fatalf("the run is %+v", run)
				}
			})
			measure("assign", func() {
				if result := w.assign(s, home.id, p.ID, home.devices); len(result.Done) != many || result.Requests != 100 {
					t.Fatalf("%d done in %d requests", len(result.Done), result.Requests)
				}
			})
			measure("assign again", func() {
				if result := w.assign(s, home.id, p.ID, home.devices); len(result.Unchanged) != many || result.Requests != 0 {
					t.Fatalf("%d unchanged, %d requests", len(result.Unchanged), result.Requests)
				}
			})
			more := w.AddDevices(t, home.serverID, 1)
			w.Advance(t, time.Hour)
			w.sync(s, home.id, enrollment.IncrementalSync)
			if result := w.assign(s, home.id, p.ID, append(more, home.devices...)); len(result.Done) != 1 || result.Requests != 1 {
				t.Fatalf("one more: %d done in %d requests", len(result.Done), result.Requests)
			}
			measure("list", func() {
				if byProfile, _ := w.view(s, home.id); byProfile[p.ID] != many+1 {
					t.Fatalf("the view has %v", byProfile)
				}
			})
			if requests := w.sim.Requests(false); requests.Requests[assignCall] != 101 || requests.Requests[lookCall] != 0 || len(requests.Violations) != 0 {
				t.Fatalf("Apple got %v; violations %v", requests.Requests, requests.Violations)
			}
		})
	}
}

// peakMemory is of this process, with the simulator in it.
func peakMemory() string {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	out := fmt.Sprintf("heap in use %d MB", m.HeapInuse>>20)
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			out += ", peak resident " + strings.TrimSpace(rest)
		}
	}
	return out
}
