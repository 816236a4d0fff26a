package contract

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// DirectoryVariable names the environment variable that says where reports are kept, so that what several test programs saw can
// be put together. Unset, nothing is kept.
const DirectoryVariable = "ASM_CONTRACT_DIR"

// TB is what FailOn needs of a *testing.T.
type TB interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
}

// FailOn makes the test fail at its end with what was found until then, and keeps the report where DirectoryVariable says.
func (v *Validator) FailOn(t TB) {
	t.Helper()
	t.Cleanup(func() {
		t.Helper()
		for _, violation := range v.Report().Violations {
			t.Errorf("contract: %s", violation)
		}
		if directory := os.Getenv(DirectoryVariable); directory != "" {
			if err := v.Save(directory); err != nil {
				t.Errorf("contract: %v", err)
			}
		}
	})
}

// Save keeps the report in the directory, which is made if need be. A validator has one file there, and saving again replaces
// it.
func (v *Validator) Save(directory string) error {
	content, err := json.MarshalIndent(v.Report(), "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the report: %w", err)
	}
	if err := os.MkdirAll(directory, 0o750); err != nil { //nolint:gosec // keeping it where the caller says is the point
		return fmt.Errorf("making the directory of reports: %w", err)
	}
	file := filepath.Join(directory, v.name+".json")
	if err := os.WriteFile(file, content, 0o600); err != nil { //nolint:gosec // keeping it where the caller says is the point
		return fmt.Errorf("keeping the report: %w", err)
	}
	return nil
}

// ReadReports puts all reports of a directory together. None at all is an error: then nothing was checked.
func ReadReports(directory string) (Report, error) {
	files, err := filepath.Glob(filepath.Join(directory, "*.json"))
	if err != nil {
		return Report{}, fmt.Errorf("listing the reports: %w", err)
	}
	if len(files) == 0 {
		return Report{}, errors.New("there are no reports in " + directory + ": run the tests with " + DirectoryVariable +
			" set to it")
	}
	var all Report
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return Report{}, fmt.Errorf("reading a report: %w", err)
		}
		var one Report
		if err := json.Unmarshal(content, &one); err != nil {
			return Report{}, fmt.Errorf("reading the report %s: %w", file, err)
		}
		all = all.Merge(one)
	}
	return all, nil
}
