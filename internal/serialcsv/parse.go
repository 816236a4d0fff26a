package serialcsv

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// MaxText is the largest file that is read, in bytes: room for 100,000 rows with
// all that an export says of a device.
const MaxText = 64 << 20

// The arguments of Parse, as Field of its errors names the one to blame.
const (
	Text   = "text"
	Column = "column"
)

// Parse reads serial numbers from the text of a CSV file, upper-cased, checked
// and sorted. The column is found by its heading, or by the name in column if
// that is not empty; a single column may have no heading. Commas, semicolons and
// tabs are understood, and so are byte order marks, quotation marks and every
// line end.
//
// The errors are of kind enrollment.ErrInvalid. Serial numbers that cannot be
// one, or come twice, are named with their lines.
func Parse(text, column string) ([]string, error) {
	text, err := cleaned(text)
	if err != nil {
		return nil, err
	}
	rows := newReader(text, delimiterOf(text, column))
	first, err := rows.next()
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	at, err := columnOf(first, column)
	if err != nil {
		return nil, err
	}
	found := findings{first: map[string]int{}}
	if at < 0 { // a plain column: the first row is a device
		at = 0
		found.add(first[at], rows.line(at))
	}
	if err := found.read(rows, at); err != nil {
		return nil, err
	}
	if err := found.check(); err != nil {
		return nil, err
	}
	slices.Sort(found.serials)
	return found.serials, nil
}

// cleaned is the text without what is no part of a row.
func cleaned(text string) (string, error) {
	const save = "Save it as CSV in UTF-8."
	text = strings.TrimPrefix(text, "\ufeff")
	switch {
	case len(text) > MaxText:
		return "", invalid(Text, fmt.Sprintf("The CSV has %d bytes, and %d is the most that is read", len(text), MaxText), "")
	case strings.HasPrefix(text, "PK\x03\x04"):
		return "", invalid(Text, "The text is a spreadsheet or a zip archive, not CSV", save)
	case strings.IndexByte(text, 0) >= 0:
		return "", invalid(Text, "The text is not UTF-8: every other character is missing, as of a file in UTF-16",
			save+` Or read it with textdecodebase64(filebase64("devices.csv"), "UTF-16").`)
	case !utf8.ValidString(text):
		return "", invalid(Text, "The text is not UTF-8", save)
	}
	if !strings.Contains(text, "\n") { // the line ends of Excel's "CSV (Macintosh)"
		text = strings.ReplaceAll(text, "\r", "\n")
	}
	if line, rest, _ := strings.Cut(text, "\n"); strings.HasPrefix(strings.ToLower(line), "sep=") {
		// Excel's own mark for the delimiter. It is found anyway, and its line
		// still counts.
		text = "\n" + rest
	}
	return text, nil
}

// delimiterOf finds what parts the columns: whatever lets the first row have the
// column that is looked for, else what makes most columns of it.
func delimiterOf(text, column string) rune {
	best, most := ',', 0
	for _, delimiter := range []rune{',', ';', '\t'} {
		row, err := newReader(text, delimiter).next()
		if err != nil {
			continue
		}
		if len(matching(row, column)) > 0 {
			return delimiter
		}
		if len(row) > most {
			best, most = delimiter, len(row)
		}
	}
	return best
}

// matching lists the columns of a heading row that are asked for.
func matching(row []string, column string) []int {
	var at []int
	for i, name := range row {
		name = strings.TrimSpace(name)
		if column == "" && isHeading(name) || column != "" && strings.EqualFold(name, strings.TrimSpace(column)) {
			at = append(at, i)
		}
	}
	return at
}

// columnOf finds the serial number column in the first row; -1 is a single
// column without a heading.
func columnOf(row []string, column string) (int, error) {
	at := matching(row, column)
	switch {
	case len(at) == 1:
		return at[0], nil
	case len(at) > 1 && column != "":
		return 0, invalid(Column, fmt.Sprintf("%d columns have the name %q", len(at), column), "Rename the one that is not meant.")
	case len(at) > 1:
		return 0, invalid(Text, fmt.Sprintf("The CSV has %d serial number columns: %s", len(at), names(row, at)), nameIt)
	case column != "":
		return 0, invalid(Column, fmt.Sprintf("The CSV has no column %q", column), "Its first row has: "+names(row, nil)+".")
	case len(row) == 1 && strings.ContainsFunc(row[0], unicode.IsDigit):
		// A word of letters alone may be a serial number, and is nearly always a
		// heading that Parse does not know.
		return -1, nil
	}
	return 0, invalid(Text, "The CSV has no serial number column: its first row has "+names(row, nil),
		`The first row has to have the headings, such as "Serial Number". `+nameIt)
}

const nameIt = "If the column has another heading, give that heading as the second argument."

// names quotes columns of a row, all of them if at is nil; not more than fit a
// message.
func names(row []string, at []int) string {
	const most = 12
	var quoted []string
	for i, name := range row {
		if at == nil || slices.Contains(at, i) {
			quoted = append(quoted, fmt.Sprintf("%q", brief(name)))
		}
	}
	if more := len(quoted) - most; more > 0 {
		quoted = append(quoted[:most], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(quoted, ", ")
}

// brief is a cell in a message.
func brief(cell string) string {
	const most = 40
	cell = strings.TrimSpace(cell)
	if len(cell) <= most {
		return cell
	}
	return strings.ToValidUTF8(cell[:most], "") + "..."
}

func invalid(argument, what, do string) error {
	return &enrollment.Error{Kind: enrollment.ErrInvalid, Field: argument, What: what, Do: do}
}

// reader gives the rows that are not blank.
type reader struct {
	*csv.Reader
	// cells is how many cells the last row was written with.
	cells int
}

func newReader(text string, delimiter rune) *reader {
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.FieldsPerRecord, r.ReuseRecord = delimiter, -1, true
	return &reader{Reader: r}
}

// next gives a row without the empty cells at its end.
func (r *reader) next() ([]string, error) {
	for {
		row, err := r.Read()
		if err != nil {
			return nil, unreadable(err)
		}
		r.cells = len(row)
		for len(row) > 0 && strings.TrimSpace(row[len(row)-1]) == "" {
			row = row[:len(row)-1]
		}
		if len(row) > 0 {
			return row, nil
		}
	}
}

// line is where a cell of the last row begins.
func (r *reader) line(at int) int {
	line, _ := r.FieldPos(at)
	return line
}

// unreadable says what the CSV reader's errors mean; io.EOF stays.
func unreadable(err error) error {
	var broken *csv.ParseError
	if !errors.As(err, &broken) {
		return err
	}
	return invalid(Text, fmt.Sprintf("The CSV cannot be read from line %d on: a quotation mark is missing or not doubled", broken.StartLine),
		`A cell with a quotation mark in it is written "iPad 10.9"" Wi-Fi".`)
}
