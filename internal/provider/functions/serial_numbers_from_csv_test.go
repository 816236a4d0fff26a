package functions_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

const fromCSV = "serial_numbers_from_csv"

func TestSerialNumbersFromCSVAreOneLineThatAnAssignmentTakes(t *testing.T) {
	t.Parallel()
	for name, arguments := range map[string][]string{
		"by heading":  {"Model;Serial Number\niPad;f9fxk2abcdeg\niPad;DMPXK1ABCDEF\n"},
		"by name":     {"Serial Number,Old\nX,F9FXK2ABCDEG\nY,DMPXK1ABCDEF\n", "old"},
		"no headings": {"F9FXK2ABCDEG\r\nDMPXK1ABCDEF\r\n"},
	} {
		got, err := call(t, fromCSV, arguments...)
		if err != nil {
			t.Errorf("%s: %+v", name, err)
			continue
		}
		line := text(t, got)
		serials, parseErr := enrollment.ParseSerials([]byte(line))
		if line != "DMPXK1ABCDEF F9FXK2ABCDEG" || len(serials) != 2 || parseErr != nil {
			t.Errorf("%s: %q, %v", name, line, parseErr)
		}
	}
	if got, err := call(t, fromCSV, "Serial Number\n"); err != nil || text(t, got) != "" {
		t.Errorf("no device: %s, %+v", got, err)
	}
}

func TestSerialNumbersFromCSVBlamesTheArgument(t *testing.T) {
	t.Parallel()
	const good = "Serial Number\nDMPXK1ABCDEF\n"
	for _, c := range []struct {
		name      string
		arguments []string
		blamed    int64
		says      []string
	}{
		{"a bad serial number", []string{good + "room-12\n"}, 0, []string{`"room-12" in line 3`}},
		{"one that comes again", []string{good + "DMPXK1ABCDEF\n"}, 0, []string{"DMPXK1ABCDEF in lines 2 and 3"}},
		{"no column of that name", []string{good, "Serie"}, 1, []string{`no column "Serie"`, `"Serial Number"`}},
		{"an empty name", []string{good, ""}, 1, []string{"empty"}},
		{"two names", []string{good, "Serial Number", "Old"}, 2, []string{"alone"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := call(t, fromCSV, c.arguments...)
			fails(t, err, c.blamed, c.says...)
		})
	}
}

// The whole way of 100,000 devices, protocol included.
func BenchmarkSerialNumbersFromCSV100000(b *testing.B) {
	var csv strings.Builder
	csv.WriteString("Serial Number,Model\n")
	for i := range 100_000 {
		fmt.Fprintf(&csv, "DMPX%08d,\"iPad (10th generation), 64 GB\"\n", i)
	}
	for b.Loop() {
		if _, err := run(b, fromCSV, csv.String()); err != nil {
			b.Fatal(err)
		}
	}
}
