package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/contract"
)

func keep(t *testing.T, report contract.Report) string {
	t.Helper()
	content, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	directory := t.TempDir()
	if err := os.WriteFile(filepath.Join(directory, "report.json"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	return directory
}

func TestTheListingSaysWhatIsCoveredAndFailsWhereItIsNot(t *testing.T) {
	all := map[string]int{}
	for id := range contract.Needed {
		all[id] = 3
	}
	some := map[string]int{"deviceManagement.ListDepOnboardingSettings": 1}
	violation := contract.Violation{Method: "GET", Path: "/beta/x", Part: contract.PartResponse, Detail: "is wrong"}
	cases := map[string]struct {
		report contract.Report
		lines  []string
		fails  bool
	}{
		"all that is needed": {
			contract.Report{Messages: 8, Operations: all},
			[]string{"8 messages, 0 violations", "0 missing", "not needed"},
			false,
		},
		"not all": {
			contract.Report{Operations: some},
			[]string{"MISSING", "never succeeded"},
			true,
		},
		"a violation": {
			contract.Report{Operations: all, Violations: []contract.Violation{violation}},
			[]string{"VIOLATION GET /beta/x: response: is wrong", "1 violations"},
			true,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			if err := run(&out, keep(t, c.report)); (err != nil) != c.fails {
				t.Errorf("got the error %v, want one: %t", err, c.fails)
			}
			for _, line := range c.lines {
				if !strings.Contains(out.String(), line) {
					t.Errorf("no %q in\n%s", line, out.String())
				}
			}
		})
	}
}

func TestWithoutReportsItFails(t *testing.T) {
	for directory, want := range map[string]string{"": "say where the reports are", t.TempDir(): "there are no reports"} {
		if err := run(&strings.Builder{}, directory); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
