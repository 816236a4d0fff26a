package acceptance

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

// These tests kill the real plugin process under the real command line tool in
// the middle of its work, look at what Apple has, and apply once more.

func TestKilledInTheMiddleOfASync(t *testing.T) {
	w := newWorld(t, 6000)
	w.tool = w.newTool(w.tool.Path, w.dir) // a plugin process of its own
	w.write(tokenConfig, `
data "asm_sync_status" "district" { token_id = asm_token.district.id }
output "devices" { value = tostring(data.asm_sync_status.district.device_count) }
`)
	w.apply()
	w.atThePortal(w.output("public_key_pem"), 5000)
	w.killDuring("/server/devices", 3)
	w.apply()
	w.apply() // the data source sees what the one before brought in
	w.plan(0)
	if got := w.output("devices"); got != "5000" {
		t.Errorf("%s devices are known, want 5000", got)
	}
	if n := len(w.apple.Requests(false).FetchChains); n != 1 {
		t.Errorf("%d full fetches, want the one that was gone on with", n)
	}
}

func TestKilledInTheMiddleOfAChange(t *testing.T) {
	classroom := profileConfig("classroom", `  department = "School IT"`)
	library := profileConfig("classroom", `  department = "Library"`)
	assign := assignmentConfig("classroom", "ipads.txt", "")
	type step []string
	for name, c := range map[string]struct {
		before, after step
		path          string
		count         int // the process is killed during this request to path
		department    string
		without       int // devices without a profile at the end
	}{
		"a profile change":                    {step{classroom, assign}, step{library, assign}, "/profile/devices", 2, "Library", 0},
		"the definition of a changed profile": {step{classroom, assign}, step{library, assign}, "/profile", 1, "Library", 0},
		"an assignment of 5,000":              {step{classroom}, step{classroom, assign}, "/profile/devices", 3, "School IT", 0},
		"the removal of an assignment":        {step{classroom, assign}, step{classroom}, "/profile/devices", 3, "", 5000},
	} {
		t.Run(name, func(t *testing.T) {
			w := newDistrict(t, 5000)
			w.tool = w.newTool(w.tool.Path, w.dir)
			w.serials("ipads.txt", 0, 5000)
			w.write(append(step{tokenConfig}, c.before...)...)
			w.apply()
			w.write(append(step{tokenConfig}, c.after...)...)
			w.killDuring(c.path, c.count)
			if n := w.perProfile()[""]; len(c.before) == 2 && len(c.after) == 2 && n != 0 {
				t.Errorf("right after the kill %d devices are without a profile", n)
			}
			w.apply()
			w.plan(0)
			counts := w.perProfile()
			if counts[""] != c.without {
				t.Errorf("%d devices are without a profile, want %d", counts[""], c.without)
			}
			for uuid, count := range counts {
				if uuid == "" {
					continue
				}
				p, err := w.apple.Profile(uuid)
				if err != nil {
					t.Fatal(err)
				}
				if want := fmt.Sprintf("%q", c.department); !strings.Contains(string(p.Definition), want) {
					t.Errorf("%d devices have a definition without %s: %s", count, want, p.Definition)
				}
			}
		})
	}
}

// killDuring applies, and kills the plugin's process while the count-th request
// to path waits for its answer.
func (w *world) killDuring(path string, count int) {
	w.Helper()
	w.forget()
	w.fault(apple.Fault{Kind: apple.FaultLatency, Path: path, Latency: apple.Duration(300 * time.Millisecond)})
	cmd := w.tool.Command(context.Background(), "apply", "-auto-approve", "-input=false", "-no-color")
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		w.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for w.requestsTo(path) < count {
		select {
		case err := <-ended:
			w.Fatalf("the apply ended before request %d to %s: %v\n%s", count, path, err, output.String())
		case <-look.C:
		}
	}
	plugins := children(w.T, cmd.Process.Pid, "terraform-provider-asm")
	if len(plugins) == 0 {
		w.Fatal("found no plugin process to kill")
	}
	for _, pid := range plugins {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			w.Fatal(err)
		}
	}
	if err := <-ended; err == nil {
		w.Fatalf("the apply worked although its plugin was killed:\n%s", output.String())
	}
	w.apple.ClearFaults()
}

// requestsTo counts the requests to a path, whatever their method.
func (w *world) requestsTo(path string) int {
	n := 0
	for methodAndPath, count := range w.apple.Requests(false).Requests {
		if strings.HasSuffix(methodAndPath, " "+path) {
			n += count
		}
	}
	return n
}

// children finds the processes of a program that a process has started.
func children(t *testing.T, parent int, program string) []int {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || len(stats) == 0 {
		t.Skip("this system has no /proc to find the plugin's process in")
	}
	var found []int
	for _, stat := range stats {
		text, err := os.ReadFile(stat)
		if err != nil {
			continue // it ended meanwhile
		}
		var pid, ppid int
		var state string
		open, shut := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
		if open < 0 || shut < 0 {
			continue
		}
		if _, err := fmt.Sscan(string(text[:open]), &pid); err != nil {
			continue
		}
		if _, err := fmt.Sscan(string(text[shut+1:]), &state, &ppid); err != nil || ppid != parent {
			continue
		}
		if exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)); err == nil && filepath.Base(exe) == program {
			found = append(found, pid)
		}
	}
	return found
}
