package acceptance

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

// A pipeline that is triggered at any time, however often, by anybody: what it
// finds to do is what has happened, and no rule about syncs is ever broken.

// year is the time that the runs take, and what an administrator, the portal and
// the runners do meanwhile.
type year struct {
	*pipeline
	random *rand.Rand
	// synced is the end of the last sync, asked the start of the last that Intune
	// was asked for by this pipeline.
	synced, asked time.Time
	// due is something that a run has to find: a change of the configuration or of
	// the secret, or a sync that was put off.
	due string
	// postponed is when a sync that came too early may run.
	postponed time.Time
	// killed is when a runner was; zero once what it has left is settled. Until
	// then what a run finds depends on how far that one came.
	killed  time.Time
	applied int
	events  map[string]int
}

// maxAge is that of the example.
const maxAge = 20 * hour

// steps are the times between two runs. Two of them at once are one event that
// triggers twice.
var steps = []time.Duration{
	0, 0, 7 * time.Second, 40 * time.Second, 3 * minute, 12 * minute, 16 * minute, hour, 5 * hour, 11 * hour, 25 * hour, 3 * day, 8 * day,
}

func newYear(t *testing.T, kind enrollment.Kind) *year {
	t.Helper()
	y := &year{pipeline: bootstrapped(t, kind, 150), random: rand.New(rand.NewPCG(2026, 11)), events: map[string]int{}}
	delete(y.secrets, "PLAN_PASSPHRASE")
	y.secrets["GOGC"] = "400" // the tool is started some 400 times, for half a second each
	y.synced, y.asked = y.apple.Now(), y.apple.Now()
	return y
}

// runsOf is how many runs a year has: all of them on Terraform, fewer where time
// is short.
func (y *year) runsOf() int {
	y.Helper()
	runs, why := 200, ""
	switch {
	case testing.Short():
		runs, why = 15, "the tests are to be short"
	case y.kind == enrollment.Intune:
		runs, why = 25, "the rules of Intune are fewer, and its 200 would take as long again"
	case strings.HasPrefix(y.run("version"), "OpenTofu"):
		runs, why = 40, "all 200 run on Terraform"
	}
	if why != "" {
		y.Logf("%d runs of the pipeline instead of 200: %s", runs, why)
	}
	return runs
}

func TestPipelineRunsOften(t *testing.T) {
	onServices(t, func(t *testing.T, kind enrollment.Kind) {
		y, started := newYear(t, kind), time.Now()
		runs := y.runsOf()
		begin := y.apple.Now()
		for i := range runs {
			y.pass()
			if i > 0 {
				y.happens(i)
			}
			y.trigger(i)
			if v := y.violations(); len(v) > 0 {
				t.Fatalf("run %d, %s: sync rules were broken: %v", i, y.apple.Now().Sub(begin).Round(time.Second), v)
			}
			if (i+1)%50 == 0 {
				t.Logf("%d applies in %s", i+1, time.Since(started).Round(time.Second))
			}
		}
		t.Logf("%d applies, %d of them with changes, over %.0f days in %s: %v; %d full fetches",
			runs, y.applied, y.apple.Now().Sub(begin).Hours()/24, time.Since(started).Round(time.Second), y.events, len(y.apple.Requests(false).FetchChains))
	})
}

// pass lets time pass until the next run. What it finds must not depend on how
// fast this machine is.
func (y *year) pass() {
	y.Helper()
	step := steps[y.random.IntN(len(steps))]
	for _, edge := range []struct {
		at   time.Time
		near time.Duration
	}{{y.synced.Add(maxAge), 20 * minute}, {y.asked.Add(enrollment.ManualSyncInterval), 2 * minute}} {
		if left := edge.at.Sub(y.apple.Now().Add(step)); left.Abs() < edge.near {
			step += 2 * edge.near
		}
	}
	y.advance(step)
}

// happens is what others do before a run.
func (y *year) happens(i int) {
	y.Helper()
	switch event := y.random.IntN(12); {
	case event == 0:
		y.events["devices bought"]++
		y.giveDevices(1 + y.random.IntN(5))
	case event == 1:
		y.events["full sync asked for"]++
		y.asksForFull(i)
	case event == 2 && i%3 == 0:
		y.events["token renewed"]++
		y.secret(i%2 == 0)
		y.due = renewedToken
	}
}

// asksForFull is an administrator who wants every device fetched anew, now.
func (y *year) asksForFull(i int) {
	y.Helper()
	y.edit(askedFor.FindString(read(y.T, filepath.Join(y.dir, "main.tf"))), fmt.Sprintf("asked_for = %q", fmt.Sprint("run ", i)))
	if y.due == "" {
		y.due = askedFull
	}
}

var askedFor = regexp.MustCompile(`asked_for = "[^"]*"`)

// What a run has to find.
const (
	askedFull    = "a full sync that was asked for"
	renewedToken = "another server token"
)

// finds says what a run has to find; empty is nothing.
func (y *year) finds() string {
	now := y.apple.Now()
	switch {
	case y.due != "":
		return y.due
	case !now.Before(y.synced.Add(maxAge)):
		return "a sync that is older than max_age"
	case !y.postponed.IsZero() && !now.Before(y.postponed):
		return "a sync that was put off"
	default:
		return ""
	}
}

// trigger is one run of the pipeline.
func (y *year) trigger(i int) {
	y.Helper()
	want, settled := y.finds(), y.killed.IsZero()
	output := y.runs("plan")
	changes := y.said()["changes"] == "true"
	if settled && changes != (want != "") {
		y.Fatalf("run %d at %s: there is to be %q, and the plan says changes %t (last sync %s)\n%s", i, y.apple.Now(), want, changes, y.synced, output)
	}
	if !settled && y.apple.Now().After(y.killed.Add(enrollment.SyncDeadline)) {
		y.killed = time.Time{}
	}
	switch event := y.random.IntN(8); {
	case changes && settled && event == 0:
		y.events["two runs at once"]++
		y.beside()
	case changes && settled && event == 1 && y.due == "" && y.kind == enrollment.Embedded:
		y.events["runner killed"]++
		y.kill()
		return
	default:
		y.runs("apply")
	}
	if changes {
		y.applied++
		y.settle()
	}
}

// settle notes what an apply with changes has done.
func (y *year) settle() {
	now := y.apple.Now()
	early := y.kind == enrollment.Intune && now.Before(y.asked.Add(enrollment.ManualSyncInterval))
	if early && y.due == askedFull {
		y.due, y.postponed = "", y.asked.Add(enrollment.ManualSyncInterval)
		return
	}
	y.due, y.postponed, y.synced, y.asked = "", time.Time{}, now, now
}

// beside applies while another run has planned the same: whose plan comes second
// changes nothing.
func (y *year) beside() {
	y.Helper()
	y.secrets["PLAN_DIR"] = ".second"
	y.runs("plan")
	delete(y.secrets, "PLAN_DIR")
	y.runs("apply")
	y.secrets["PLAN_DIR"] = ".second"
	y.refuses("apply", "stale")
	delete(y.secrets, "PLAN_DIR")
}

// kill applies, and kills the runner with all that it has started while Apple is
// asked for the devices.
func (y *year) kill() {
	y.Helper()
	const path = "/devices/sync"
	before := y.requestsTo(path)
	y.fault(apple.Fault{Kind: apple.FaultLatency, Path: path, Latency: apple.Duration(300 * time.Millisecond)})
	cmd := y.command("apply")
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		y.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for y.requestsTo(path) == before {
		select {
		case err := <-ended:
			y.Fatalf("the apply ended before it asked for devices: %v\n%s", err, output.String())
		case <-look.C:
		}
	}
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil {
		y.Fatal(err)
	}
	if err := <-ended; err == nil {
		y.Fatalf("the apply worked although it was killed\n%s", output.String())
	}
	y.apple.ClearFaults()
	y.killed, y.synced = y.apple.Now(), y.apple.Now()
}
