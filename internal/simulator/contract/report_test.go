package contract

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// recordingTB is a test that is allowed to fail.
type recordingTB struct {
	cleanups []func()
	errors   []string
}

func (*recordingTB) Helper()            {}
func (r *recordingTB) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }
func (r *recordingTB) Errorf(format string, a ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, a...))
}

func (r *recordingTB) end() {
	for _, f := range r.cleanups {
		f()
	}
}

var (
	goodList = call{http.MethodGet, tokens, "", 200, collection()}
	badList  = call{http.MethodGet, tokens, "", 200, `{"value":7}`}
)

func TestFailOnFailsTheTestAtItsEnd(t *testing.T) {
	t.Setenv(DirectoryVariable, "")
	v, tb := newValidator(t), &recordingTB{}
	v.FailOn(tb)
	v.check(badList.exchange())
	if len(tb.errors) > 0 {
		t.Errorf("failed before its end: %v", tb.errors)
	}
	tb.end()
	want := "contract: GET " + tokens + ": response: /value: value must be an array"
	if !slices.Equal(tb.errors, []string{want}) {
		t.Errorf("got %q, want %q", tb.errors, want)
	}
}

func TestReportsOfSeveralTestsAreKeptAndPutTogether(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "new")
	t.Setenv(DirectoryVariable, directory)
	for _, calls := range [][]call{{goodList, goodList}, {badList}, {}} {
		v, tb := newValidator(t), &recordingTB{}
		v.FailOn(tb)
		for _, c := range calls {
			v.check(c.exchange())
		}
		tb.end()
	}
	report, err := ReadReports(directory)
	if err != nil {
		t.Fatal(err)
	}
	const list = "deviceManagement.ListDepOnboardingSettings"
	if report.Messages != 6 || len(report.Violations) != 1 || report.Operations[list] != 3 || slices.Contains(report.Unused, list) || len(report.Unused) != 54 {
		t.Errorf("put together: %+v", report)
	}
}

func TestReportsThatCannotBeReadAreErrors(t *testing.T) {
	empty, spoiled := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(spoiled, "x.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	for directory, want := range map[string]string{empty: "there are no reports", spoiled: "reading the report"} {
		if _, err := ReadReports(directory); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestAnOperationThatOnlyFailedIsUnused(t *testing.T) {
	v := newValidator(t)
	v.check(call{http.MethodGet, tokens, "", 404, graphError("ResourceNotFound")}.exchange())
	report := v.Report()
	if len(report.Operations) > 0 || !slices.Contains(report.Unused, "deviceManagement.ListDepOnboardingSettings") {
		t.Errorf("%+v", report)
	}
}

func TestManyMayCheckAtOnce(t *testing.T) {
	v := newValidator(t)
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() { v.check(badList.exchange()) })
	}
	group.Wait()
	if report := v.Report(); report.Messages != 40 || len(report.Violations) != 20 {
		t.Errorf("%d messages, %d violations", report.Messages, len(report.Violations))
	}
}

func TestEveryOperationIsNeededOrExcused(t *testing.T) {
	coverage, err := Compare(Report{})
	if err != nil {
		t.Fatal(err)
	}
	if len(coverage.Unlisted)+len(coverage.Unknown) > 0 {
		t.Errorf("unlisted: %v\nunknown: %v", coverage.Unlisted, coverage.Unknown)
	}
	if len(coverage.Missing) != len(Needed) || len(coverage.Excused) != len(NotNeeded) || coverage.Complete() {
		t.Errorf("of a report of nothing: %+v", coverage)
	}
}

func TestCompareSortsOperationsOut(t *testing.T) {
	c := compare([]string{"exercised", "missing", "excused", "unlisted", "both", "used all the same"},
		map[string]string{"exercised": "x", "missing": "x", "gone": "x", "both": "x"},
		map[string]string{"excused": "x", "gone too": "x", "both": "x", "used all the same": "x"},
		map[string]int{"exercised": 1, "used all the same": 2})
	got := fmt.Sprint(c)
	if want := "{[exercised used all the same] [missing both] [unlisted] [excused] [both gone gone too]}"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestCompleteNeedsAllThatIsNeeded(t *testing.T) {
	report := Report{Operations: map[string]int{}}
	for id := range Needed {
		report.Operations[id] = 1
	}
	coverage, err := Compare(report)
	if err != nil {
		t.Fatal(err)
	}
	if !coverage.Complete() {
		t.Errorf("%+v", coverage)
	}
}
