package bench

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	apple "github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/program"
)

// inThisProcess is the short form against a simulator of this process, which runs the embedded service, too.
func inThisProcess(t *testing.T) bench {
	t.Helper()
	settings := Standard(true)
	settings.Log, settings.Now = t.Output(), time.Now
	devices := settings.Devices[0]
	sim := apple.New(apple.Options{Devices: devices + 1, Seed: 1})
	sim.Start(t)
	ours := embeddedService{now: time.Now, sync: func(ctx context.Context, job SyncJob) (measurement, error) {
		began := time.Now()
		devices, err := job.Sync(ctx, time.Now)
		return measurement{Wall: time.Since(began), Devices: devices}, err
	}}
	return bench{
		Settings: settings, dir: t.TempDir(), apple: &simulator{&program.Apple{AppleURL: sim.AppleURL(), PortalURL: sim.PortalURL()}},
		contestants: [2]contestant{ours, ours},
	}
}

func TestTheShortFormSyncsAllDevicesAndCountsAssignRequests(t *testing.T) {
	b := inThisProcess(t)
	report, err := b.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Sync) != len(b.Latencies) {
		t.Errorf("%d comparisons, want %d", len(report.Sync), len(b.Latencies))
	}
	for what, got := range map[string][2]int{
		"10,000 devices": {report.Assign.All.Requests, 10},
		"one more":       {report.Assign.OneMore.Requests, 1},
		"the same again": {report.Assign.Unchanged.Requests, 0},
	} {
		if got[0] != got[1] {
			t.Errorf("%s: %d assign requests, want %d", what, got[0], got[1])
		}
	}
}

func TestAWrongNumberOfDevicesIsAnError(t *testing.T) {
	b := inThisProcess(t)
	b.contestants[0] = halfHearted{b.contestants[0]}
	if _, err := b.compare(t.Context(), 3000, 0); err == nil || !strings.Contains(err.Error(), "2999 devices, not 3000") {
		t.Errorf("got error %v", err)
	}
}

// halfHearted loses a device.
type halfHearted struct{ contestant }

func (h halfHearted) prepare(ctx context.Context, dir string, apple *simulator) (string, syncFunc, error) {
	server, sync, err := h.contestant.prepare(ctx, dir, apple)
	return server, func(ctx context.Context) (measurement, error) {
		m, err := sync(ctx)
		m.Devices--
		return m, err
	}, err
}

func TestDepsyncerFetchesAllDevices(t *testing.T) {
	if testing.Short() {
		t.Skip("builds nanodep")
	}
	b := inThisProcess(t)
	programs, err := Build(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	nanodep, err := startDepserver(t.Context(), programs, b.dir, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nanodep.stop() })
	for range 2 { // a second round begins anew
		if _, err := b.measure(t.Context(), nanodep, 2500, 0); err != nil {
			t.Fatal(err)
		}
	}
}

func TestMediansAreComparedWithTheTargets(t *testing.T) {
	took := func(walls ...int64) (out []measurement) {
		for _, wall := range walls {
			out = append(out, measurement{Wall: time.Duration(wall) * time.Millisecond, PeakBytes: wall})
		}
		return out
	}
	report := newReport(Settings{Rounds: 3})
	report.Sync = []Comparison{
		newComparison(10, 0, [2][]measurement{took(100, 900, 300), took(150)}),
		newComparison(10, time.Second, [2][]measurement{took(100, 200), took(100)}),
		newComparison(100, 0, [2][]measurement{took(450), took(100)}),
		newComparison(100, time.Second, [2][]measurement{took(100), took(100)}),
	}
	report.Memory = append(report.Memory, report.compareMemory()...)
	want := []struct {
		got   Ratio
		ratio float64
		met   bool
	}{
		{report.Sync[0].Ratio, 2, true},
		{report.Sync[1].Ratio, 1.5, false},
		{report.Sync[2].Ratio, 4.5, false},
		{report.Sync[3].Ratio, 1, true},
		{report.Memory[0].Ratio, 1.5, true},
		{report.Memory[1].Ratio, 0.67, true},
	}
	for i, w := range want {
		if w.got.Ratio != w.ratio || w.got.Met != w.met {
			t.Errorf("ratio %d is %+v, want %v, met %t", i, w.got, w.ratio, w.met)
		}
	}
}

func TestTheReportIsReadByPeopleAndPrograms(t *testing.T) {
	report := newReport(Settings{Rounds: 1})
	report.Sync = []Comparison{newComparison(10, 20*time.Millisecond, [2][]measurement{
		{{Wall: 1500 * time.Microsecond, PeakBytes: 1 << 20}}, {{Wall: time.Millisecond}},
	})}
	var text, table strings.Builder
	if err := report.WriteJSON(&text); err != nil {
		t.Fatal(err)
	}
	if err := report.WriteTable(&table); err != nil {
		t.Fatal(err)
	}
	var read struct {
		Sync []struct {
			Latency  float64 `json:"latency_ms"`
			Ratio    float64
			Target   float64
			Met      bool
			Embedded struct {
				Wall float64 `json:"wall_ms"`
				Peak int64   `json:"peak_rss_bytes"`
			}
		}
	}
	if err := json.Unmarshal([]byte(text.String()), &read); err != nil {
		t.Fatalf("%v\n%s", err, text.String())
	}
	if s := read.Sync[0]; s.Latency != 20 || s.Ratio != 1.5 || s.Target != 1 || s.Met || s.Embedded.Wall != 1.5 || s.Embedded.Peak != 1<<20 {
		t.Errorf("got %+v from\n%s", s, text.String())
	}
	if !strings.Contains(table.String(), "MISSED") {
		t.Errorf("the table does not tell that the target is missed:\n%s", table.String())
	}
}
