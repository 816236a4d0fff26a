package assignment_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/assignment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

const kind = "asm_device_assignment"

// school is a service and a provider process that talks to it.
type school struct {
	*fake
	t  *testing.T
	rt *tf.Runtime
	d  *tftest.Driver
}

func newSchool(t *testing.T, devices ...string) *school {
	t.Helper()
	s := &school{fake: newFake(devices...), t: t}
	s.rt = &tf.Runtime{Service: s.fake, Plans: tf.NewPlans(), Now: func() time.Time { return s.clock }}
	s.rt.After = func(d time.Duration) <-chan time.Time {
		s.clock = s.clock.Add(d)
		fired := make(chan time.Time, 1)
		fired <- s.clock
		return fired
	}
	s.d = tftest.New(t, s.rt, []func() resource.Resource{assignment.NewResource}, nil)
	return s
}

// restart is another provider process: what assignments announced is forgotten.
func (s *school) restart() { s.rt.Plans = tf.NewPlans() }

// plan refreshes and plans as a run of its own does.
func (s *school) plan(state tftest.State, config tftest.Config) tftest.Plan {
	s.t.Helper()
	s.restart()
	return s.join(state, config)
}

// join is plan as one more resource of the same run.
func (s *school) join(state tftest.State, config tftest.Config) tftest.Plan {
	s.t.Helper()
	if state.Exists() {
		state, _ = s.refresh(state)
	}
	plan := s.d.Plan(kind, state, config)
	if len(plan.Diags.Errors()) == 0 {
		if bad := plan.Invalid(); bad != "" {
			s.t.Fatalf("core refuses the plan: %s", bad)
		}
	}
	return plan
}

func (s *school) refresh(state tftest.State) (tftest.State, []string) {
	s.t.Helper()
	state, diags := s.d.Refresh(state)
	if errs := diags.Errors(); len(errs) > 0 {
		s.t.Fatalf("refresh: %v", errs)
	}
	return state, diags.Warnings()
}

// apply plans and applies without errors, and gives the warnings of the apply.
func (s *school) apply(state tftest.State, config tftest.Config) (tftest.State, []string) {
	s.t.Helper()
	plan := s.plan(state, config)
	if errs := plan.Diags.Errors(); len(errs) > 0 {
		s.t.Fatalf("plan: %v", errs)
	}
	s.restart()
	state, diags := plan.Apply()
	if errs := diags.Errors(); len(errs) > 0 {
		s.t.Fatalf("apply: %v", errs)
	}
	return state, diags.Warnings()
}

// create applies and expects silence.
func (s *school) create(config tftest.Config) tftest.State {
	s.t.Helper()
	state, warnings := s.apply(tftest.State{}, config)
	if len(warnings) > 0 {
		s.t.Fatalf("apply warns: %v", warnings)
	}
	return state
}

// destroy plans and applies a destruction in a run of its own.
func (s *school) destroy(state tftest.State) (tftest.State, tftest.Diags) {
	s.t.Helper()
	s.restart()
	return s.d.PlanDestroy(state).Apply()
}

// settled expects an empty plan five times in a row, in new processes.
func (s *school) settled(state tftest.State, config tftest.Config) {
	s.t.Helper()
	for range 5 {
		before := len(s.requests)
		plan := s.plan(state, config)
		if !plan.Empty() || len(plan.Diags.Errors()) > 0 {
			s.t.Fatalf("the plan is not empty: count %v, sha256 %v, failed %v; %v",
				plan.Get("device_count"), plan.Get("devices_sha256"), plan.Get("failed_count"), plan.Diags.Errors())
		}
		if len(s.requests) > before {
			s.t.Fatal("a plan sent something")
		}
	}
}

// config assigns devices to p1 in the one-line form.
func config(devices ...string) tftest.Config {
	return tftest.Config{"token_id": "t1", "profile_id": "p1", "serial_number_list": strings.Join(devices, " ")}
}

// file writes a file of serial numbers.
func file(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "ipads.txt")
	rewrite(t, name, text)
	return name
}

func rewrite(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// ipads names n devices, from number first on.
func ipads(first, n int) []string {
	out := make([]string, 0, n)
	for i := first; i < first+n; i++ {
		out = append(out, fmt.Sprintf("IPAD%06d", i))
	}
	return out
}

// elements are names as a set in a configuration.
func elements(names []string) []any {
	out := make([]any, 0, len(names))
	for _, n := range names {
		out = append(out, n)
	}
	return out
}

func digest(devices ...string) string {
	slices.Sort(devices)
	return enrollment.SerialsDigest(devices)
}

// mentions expects exactly one message, with all of these in it.
func mentions(t *testing.T, got []string, parts ...string) {
	t.Helper()
	if len(got) != 1 {
		t.Fatalf("want one message with %q, got %d: %q", parts, len(got), got)
	}
	for _, part := range parts {
		if !strings.Contains(got[0], part) {
			t.Errorf("%q does not mention %q", got[0], part)
		}
	}
}

func equal(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func is(t *testing.T, state tftest.State, name string, want any) {
	t.Helper()
	if got := state.Get(name); got != want {
		t.Errorf("%s is %v, want %v", name, got, want)
	}
}
