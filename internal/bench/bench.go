package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// pageLimit is the number of devices a page, for both: the maximum that Apple takes.
const pageLimit = 1000

// Settings of a run.
type Settings struct {
	// Devices are the sizes of school that are synced, in rising order; the last one is that of the assignment.
	Devices []int
	// Latencies are what the simulator adds to every call.
	Latencies []time.Duration
	// Rounds is how often each is measured; medians are compared.
	Rounds int
	// Programs are what was built to measure with.
	Programs Programs
	// ProfileDir, when not empty, gets a CPU profile of each sync of the embedded service.
	ProfileDir string
	// Log gets a line for each measurement.
	Log io.Writer
	// Now is the clock.
	Now func() time.Time
}

// Standard is what is measured: all of it, or the short form, one round with the smaller school.
func Standard(short bool) Settings {
	s := Settings{Devices: []int{10_000, 100_000}, Latencies: []time.Duration{0, 20 * time.Millisecond}, Rounds: 5}
	if short {
		s.Devices, s.Rounds = s.Devices[:1], 1
	}
	return s
}

// bench is a run.
type bench struct {
	Settings
	dir         string // goes away with the run
	apple       *simulator
	contestants [2]contestant
}

// contestant is a program that syncs.
type contestant interface {
	// prepare makes an MDM server at Apple, without devices, and a program that is ready for its first sync with it.
	prepare(ctx context.Context, dir string, apple *simulator) (server string, sync syncFunc, err error)
}

// syncFunc runs a first sync, to its end.
type syncFunc func(ctx context.Context) (measurement, error)

// measurement is what one sync took.
type measurement struct {
	// Wall and CPU are of the whole process; CPU is that of all its threads.
	Wall, CPU time.Duration
	// PeakBytes is the most memory that the process had, zero where the system does not tell.
	PeakBytes int64
	// Devices is how many devices it got.
	Devices int
}

// Run measures, and gives what it found. The error is of what could not be run and of wrong counts; a missed target is
// none, because times are the machine's, too.
func Run(ctx context.Context, s Settings) (report Report, err error) {
	dir, err := os.MkdirTemp("", "asm-bench-")
	if err != nil {
		return Report{}, fmt.Errorf("making a working directory: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	apple, err := startSimulator(ctx, s.Programs.Simulator, s.Devices[len(s.Devices)-1]+1)
	if err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, apple.Stop()) }()
	theirs, err := startDepserver(ctx, s.Programs, dir, s.Now)
	if err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, theirs.stop()) }()
	ours := embeddedService{now: s.Now, sync: inAProcess(s.Programs.Self, s.ProfileDir, s.Now)}
	b := bench{Settings: s, dir: dir, apple: apple, contestants: [2]contestant{ours, theirs}}
	return b.run(ctx)
}

func (b *bench) run(ctx context.Context) (Report, error) {
	report := newReport(b.Settings)
	for _, devices := range b.Devices {
		for _, latency := range b.Latencies {
			comparison, err := b.compare(ctx, devices, latency)
			if err != nil {
				return report, err
			}
			report.Sync = append(report.Sync, comparison)
		}
	}
	report.Memory = append(report.Memory, report.compareMemory()...)
	var err error
	report.Assign, err = b.assign(ctx, b.Devices[len(b.Devices)-1])
	return report, err
}

// compare lets both sync in turn, so that what else the machine does is shared out among them.
func (b *bench) compare(ctx context.Context, devices int, latency time.Duration) (Comparison, error) {
	var all [2][]measurement
	for round := range b.Rounds {
		for i, c := range b.contestants {
			m, err := b.measure(ctx, c, devices, latency)
			if err != nil {
				return Comparison{}, fmt.Errorf("%s, %d devices, latency %s, round %d: %w", names[i], devices, latency, round+1, err)
			}
			fmt.Fprintf(b.Log, "%d devices, latency %s, round %d: %s %s\n", devices, latency, round+1, names[i], m.Wall.Round(time.Millisecond))
			all[i] = append(all[i], m)
		}
	}
	return newComparison(devices, latency, all), nil
}

// measure syncs once, with an MDM server that was never synced before: a full fetch is allowed once in 7 days.
func (b *bench) measure(ctx context.Context, c contestant, devices int, latency time.Duration) (m measurement, err error) {
	dir, err := os.MkdirTemp(b.dir, "round-")
	if err != nil {
		return m, fmt.Errorf("making a directory for the round: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	server, sync, err := c.prepare(ctx, dir, b.apple)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, b.apple.deleteServer(ctx, server)) }()
	if err := b.apple.AssignDevices(ctx, server, devices); err != nil {
		return m, err
	}
	if err := errors.Join(b.apple.clearRequests(ctx), b.apple.setLatency(ctx, latency)); err != nil {
		return m, err
	}
	if m, err = sync(ctx); err != nil {
		return m, err
	}
	if err := b.apple.setLatency(ctx, 0); err != nil {
		return m, err
	}
	return m, b.checkSync(ctx, m, devices)
}

// checkSync makes sure that what was measured is one whole fetch in pages of the agreed size.
func (b *bench) checkSync(ctx context.Context, m measurement, devices int) error {
	requests, err := b.apple.requests(ctx)
	if err != nil {
		return err
	}
	pages := (devices + pageLimit - 1) / pageLimit
	switch {
	case m.Devices != devices:
		return fmt.Errorf("it got %d devices, not %d", m.Devices, devices)
	case len(requests.FetchChains) != 1 || requests.Requests[fetchCall] != pages:
		return fmt.Errorf("it began %d fetches and asked for %d pages: want 1 and %d", len(requests.FetchChains), requests.Requests[fetchCall], pages)
	case len(requests.Violations) > 0:
		return fmt.Errorf("it broke Apple's rules: %s", requests.Violations)
	}
	return nil
}
