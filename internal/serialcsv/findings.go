package serialcsv

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// named is how many serial numbers or lines of a kind an error names; more would
// hide the message.
const named = 10

// findings are the serial numbers of a file, and what is wrong with them.
type findings struct {
	serials []string
	// first is the line of each serial number.
	first map[string]int
	// repeated lists the serial numbers that come again, in order, and again
	// their further lines.
	repeated []string
	again    map[string][]int
	// bad are cells that hold no serial number, with their lines.
	bad []string
	// short are lines that end before the column.
	short []string
}

// read takes the rows that are left. A row with an empty cell is no device:
// resellers list cases and services too. One that ends before the column was
// cut.
func (f *findings) read(rows *reader, at int) error {
	for {
		row, err := rows.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case at < len(row):
			f.add(row[at], rows.line(at))
		case at >= rows.cells:
			f.short = append(f.short, strconv.Itoa(rows.line(0)))
		}
	}
}

func (f *findings) add(cell string, line int) {
	if strings.TrimSpace(cell) == "" {
		return
	}
	serial, ok := enrollment.NormalSerial(cell)
	if !ok {
		f.bad = append(f.bad, fmt.Sprintf("%q in line %d", brief(cell), line))
		return
	}
	if _, known := f.first[serial]; known {
		f.repeat(serial, line)
		return
	}
	serial = strings.Clone(serial) // or each would keep its whole row in memory
	f.first[serial] = line
	f.serials = append(f.serials, serial)
}

func (f *findings) repeat(serial string, line int) {
	if f.again == nil {
		f.again = map[string][]int{}
	}
	if len(f.again[serial]) == 0 {
		f.repeated = append(f.repeated, serial)
	}
	f.again[serial] = append(f.again[serial], line)
}

// check makes one error of everything that is wrong, so that a file is mended
// once.
func (f *findings) check() error {
	var what, do []string
	if len(f.bad) > 0 {
		what = append(what, "The CSV has cells that are no serial numbers: "+some(f.bad))
		do = append(do, enrollment.SerialForm)
	}
	if len(f.short) > 0 {
		what = append(what, "The CSV has lines that end before the serial number column: "+some(f.short))
		do = append(do, "Take out lines that are no devices; if the file was cut short, get it again.")
	}
	if len(f.repeated) > 0 {
		what = append(what, "The CSV has serial numbers more than once: "+some(f.repetitions()))
		do = append(do, "Name each device once.")
	}
	if len(what) == 0 {
		return nil
	}
	return invalid(Text, strings.Join(what, ". "), strings.Join(do, " "))
}

// repetitions writes each serial number that comes again with its lines.
func (f *findings) repetitions() []string {
	var out []string
	for _, serial := range f.repeated {
		lines := []string{strconv.Itoa(f.first[serial])}
		for _, line := range f.again[serial] {
			lines = append(lines, strconv.Itoa(line))
		}
		if more := len(lines) - named; more > 0 {
			lines = append(lines[:named], fmt.Sprintf("%d more", more))
		}
		last := len(lines) - 1
		out = append(out, fmt.Sprintf("%s in lines %s and %s", serial, strings.Join(lines[:last], ", "), lines[last]))
	}
	return out
}

// some joins the first of many.
func some(all []string) string {
	if more := len(all) - named; more > 0 {
		return strings.Join(all[:named], "; ") + fmt.Sprintf("; and %d more", more)
	}
	return strings.Join(all, "; ")
}
