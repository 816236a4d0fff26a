package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"
)

// names of the contestants.
var names = [2]string{"embedded", "nanodep"}

// The targets. Stored devices are worth some time where Apple answers at once, and none where it does not: the next page
// is on its way while one is stored.
const (
	targetAtOnce      = 2.0
	targetWithLatency = 1.0
	targetMemory      = 1.5
)

// Milliseconds is a duration that is written in JSON as a number of milliseconds.
type Milliseconds time.Duration

// MarshalJSON writes microseconds as fractions.
func (m Milliseconds) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, m.float(), 'f', -1, 64), nil
}

func (m Milliseconds) float() float64 { return float64(time.Duration(m).Microseconds()) / 1000 }

func (m Milliseconds) String() string { return fmt.Sprintf("%.0f ms", m.float()) }

// Report is what a run found; bench.json.
type Report struct {
	System    System         `json:"system"`
	Rounds    int            `json:"rounds"`
	PageLimit int            `json:"page_limit"`
	Sync      []Comparison   `json:"sync"`
	Memory    []MemoryGrowth `json:"memory"`
	Assign    Assignment     `json:"assign"`
}

// System is what it ran on.
type System struct {
	Go   string `json:"go"`
	OS   string `json:"os"`
	Arch string `json:"arch"`
	CPUs int    `json:"cpus"`
}

// Ratio is one figure divided by another, and the most that it should be.
type Ratio struct {
	Ratio  float64 `json:"ratio"`
	Target float64 `json:"target"`
	Met    bool    `json:"met"`
}

func newRatio(a, b, target float64) Ratio {
	if b == 0 {
		return Ratio{Target: target}
	}
	ratio := math.Round(100*a/b) / 100 // as it is shown
	return Ratio{Ratio: ratio, Target: target, Met: ratio <= target}
}

func (r Ratio) String() string {
	if r.Ratio == 0 {
		return "not known"
	}
	word := "met"
	if !r.Met {
		word = "MISSED"
	}
	return fmt.Sprintf("%.2f\t<= %.1f\t%s", r.Ratio, r.Target, word)
}

// Comparison is a first sync by both.
type Comparison struct {
	Devices  int          `json:"devices"`
	Latency  Milliseconds `json:"latency_ms"`
	Embedded Figures      `json:"embedded"`
	Nanodep  Figures      `json:"nanodep"`
	// Ratio is of the medians of the time, embedded to nanodep.
	Ratio
}

// Figures are the medians of one contestant, and the time of each round.
type Figures struct {
	Wall      Milliseconds   `json:"wall_ms"`
	CPU       Milliseconds   `json:"cpu_ms"`
	PeakBytes int64          `json:"peak_rss_bytes"`
	Rounds    []Milliseconds `json:"rounds_wall_ms"`
}

// MemoryGrowth is how much more memory the embedded service needs for the most devices than for the fewest.
type MemoryGrowth struct {
	Latency     Milliseconds `json:"latency_ms"`
	FewDevices  int          `json:"few_devices"`
	FewBytes    int64        `json:"few_peak_rss_bytes"`
	ManyDevices int          `json:"many_devices"`
	ManyBytes   int64        `json:"many_peak_rss_bytes"`
	Ratio
}

func newReport(s Settings) Report {
	return Report{
		System: System{Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU()},
		Rounds: s.Rounds, PageLimit: pageLimit, Sync: []Comparison{}, Memory: []MemoryGrowth{},
	}
}

func newComparison(devices int, latency time.Duration, all [2][]measurement) Comparison {
	c := Comparison{Devices: devices, Latency: Milliseconds(latency), Embedded: newFigures(all[0]), Nanodep: newFigures(all[1])}
	target := targetAtOnce
	if latency > 0 {
		target = targetWithLatency
	}
	c.Ratio = newRatio(c.Embedded.Wall.float(), c.Nanodep.Wall.float(), target)
	return c
}

func newFigures(all []measurement) Figures {
	f := Figures{
		Wall:      Milliseconds(median(all, func(m measurement) time.Duration { return m.Wall })),
		CPU:       Milliseconds(median(all, func(m measurement) time.Duration { return m.CPU })),
		PeakBytes: median(all, func(m measurement) int64 { return m.PeakBytes }),
	}
	for _, m := range all {
		f.Rounds = append(f.Rounds, Milliseconds(m.Wall))
	}
	return f
}

// median of an even number is the mean of the two in the middle; of none it is zero.
func median[T ~int64](all []measurement, of func(measurement) T) T {
	if len(all) == 0 {
		return 0
	}
	values := make([]T, len(all))
	for i, m := range all {
		values[i] = of(m)
	}
	slices.Sort(values)
	middle := len(values) / 2
	if len(values)%2 == 1 {
		return values[middle]
	}
	return (values[middle-1] + values[middle]) / 2
}

// compareMemory compares the most devices with the fewest, at each latency.
func (r Report) compareMemory() (out []MemoryGrowth) {
	for i, few := range r.Sync {
		if few.Devices != r.Sync[0].Devices {
			break
		}
		for _, many := range r.Sync[i+1:] {
			if many.Latency != few.Latency || many.Devices <= few.Devices || many.Devices != r.Sync[len(r.Sync)-1].Devices {
				continue
			}
			out = append(out, MemoryGrowth{
				Latency: few.Latency, FewDevices: few.Devices, FewBytes: few.Embedded.PeakBytes, ManyDevices: many.Devices,
				ManyBytes: many.Embedded.PeakBytes,
				Ratio:     newRatio(float64(many.Embedded.PeakBytes), float64(few.Embedded.PeakBytes), targetMemory),
			})
		}
	}
	return out
}

// WriteJSON writes the report as bench.json has it.
func (r Report) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(r); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// WriteTable writes the report for people.
func (r Report) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "first sync, medians of %d\tlatency\tembedded\tCPU\tnanodep\tCPU\tratio\ttarget\t\t\n", r.Rounds)
	for _, c := range r.Sync {
		fmt.Fprintf(t, "%d devices\t%s\t%s\t%s\t%s\t%s\t%s\t\n", c.Devices, c.Latency, c.Embedded.Wall, c.Embedded.CPU, c.Nanodep.Wall,
			c.Nanodep.CPU, c.Ratio)
	}
	if len(r.Memory) > 0 {
		fmt.Fprint(t, "\t\t\t\t\t\t\t\t\t\npeak memory, embedded\tlatency\tfew\t\tmany\t\tratio\ttarget\t\t\n")
	}
	for _, m := range r.Memory {
		fmt.Fprintf(t, "%d and %d devices\t%s\t%s\t\t%s\t\t%s\t\n", m.FewDevices, m.ManyDevices, m.Latency, mebibytes(m.FewBytes),
			mebibytes(m.ManyBytes), m.Ratio)
	}
	fmt.Fprint(t, "\t\t\t\t\t\t\t\t\t\nassign requests\ttime\trequests\twant\t\t\t\t\t\t\n")
	for _, step := range []struct {
		what string
		Count
	}{
		{fmt.Sprintf("%d devices", r.Assign.Devices), r.Assign.All}, {"one more", r.Assign.OneMore}, {"the same again", r.Assign.Unchanged},
	} {
		fmt.Fprintf(t, "%s\t%s\t%d\t%d\t\t\t\t\t\t\n", step.what, step.Wall, step.Requests, step.Want)
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("writing the table: %w", err)
	}
	return nil
}

func mebibytes(bytes int64) string { return fmt.Sprintf("%.0f MiB", float64(bytes)/(1<<20)) }
