package enrollment

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxSerialText is the largest list of serial numbers that is read, in bytes:
// room for about a million.
const MaxSerialText = 16 << 20

// serialLength is the range of lengths of Apple's serial numbers: 8 to 14
// characters have been given out so far.
const (
	shortestSerial = 8
	longestSerial  = 14
)

// SerialForm says in a message what NormalSerial takes.
var SerialForm = fmt.Sprintf("Apple's serial numbers are %d to %d letters and digits.", shortestSerial, longestSerial)

// NormalSerial trims and upper-cases a serial number and tells whether it can
// be one: letters and digits only.
func NormalSerial(s string) (string, bool) {
	s = strings.ToUpper(strings.TrimSpace(s))
	if len(s) < shortestSerial || len(s) > longestSerial {
		return s, false
	}
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return s, false
		}
	}
	return s, true
}

// NormalSerials normalises serial numbers, sorts them and drops repetitions and
// empty ones. The error is of kind ErrInvalid and names the first bad one.
func NormalSerials(in []string) ([]string, error) {
	out := make([]string, 0, len(in))
	for _, s := range in {
		if strings.TrimSpace(s) == "" {
			continue
		}
		serial, ok := NormalSerial(s)
		if !ok {
			return nil, badSerial(s, 0)
		}
		out = append(out, serial)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// ParseSerials reads serial numbers from text: one or more to a line, apart by
// blanks, commas or semicolons, in any order and case. A heading such as
// "Serial Number" is passed over, and so is what follows a "#". The result is
// sorted and without repetitions.
func ParseSerials(text []byte) ([]string, error) {
	if err := checkSerialText(text); err != nil {
		return nil, err
	}
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	var out []string
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, MaxSerialText+1)
	for n := 1; lines.Scan(); n++ {
		line, _, _ := strings.Cut(lines.Text(), "#")
		if isHeading(line) {
			continue
		}
		for word := range strings.FieldsFuncSeq(line, betweenSerials) {
			serial, ok := NormalSerial(word)
			if !ok {
				return nil, badSerial(word, n)
			}
			out = append(out, serial)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, &Error{Kind: ErrInvalid, What: "The list of serial numbers cannot be read", Err: err}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

func checkSerialText(text []byte) error {
	const save = "Save it as plain text or CSV in UTF-8, one serial number a line."
	switch {
	case len(text) > MaxSerialText:
		return &Error{Kind: ErrInvalid, What: fmt.Sprintf("The list of serial numbers has %d bytes, and %d is the most that is read", len(text), MaxSerialText)}
	case bytes.HasPrefix(text, []byte{0xff, 0xfe}), bytes.HasPrefix(text, []byte{0xfe, 0xff}):
		return &Error{Kind: ErrInvalid, What: "The list of serial numbers is in UTF-16", Do: save}
	case bytes.HasPrefix(text, []byte("PK\x03\x04")):
		return &Error{Kind: ErrInvalid, What: "The list of serial numbers is a spreadsheet or a zip archive", Do: save}
	case bytes.IndexByte(text, 0) >= 0, !utf8.Valid(text):
		return &Error{Kind: ErrInvalid, What: "The list of serial numbers is not text", Do: save}
	}
	return nil
}

func isHeading(line string) bool {
	line = strings.Trim(strings.ToLower(strings.TrimSpace(line)), `"',;`)
	line = strings.NewReplacer("_", " ", "-", " ").Replace(line)
	return line == "serial number" || line == "serial numbers" || line == "serial" || line == "serialnumber"
}

func betweenSerials(r rune) bool {
	return r == ' ' || r == '\t' || r == '\r' || r == ',' || r == ';' || r == '"' || r == '\''
}

func badSerial(word string, line int) error {
	at := ""
	if line > 0 {
		at = fmt.Sprintf(" in line %d", line)
	}
	if len(word) > 40 {
		word = strings.ToValidUTF8(word[:40], "") + "..."
	}
	return &Error{
		Kind: ErrInvalid,
		What: fmt.Sprintf("%q%s is not a serial number", word, at),
		Do:   SerialForm,
	}
}

// SerialsDigest is the SHA-256, in lower-case hex, of sorted serial numbers
// without repetitions, each followed by a line feed.
func SerialsDigest(sorted []string) string {
	h := sha256.New()
	for _, s := range sorted {
		h.Write([]byte(s))
		h.Write([]byte{'\n'})
	}
	return hex.EncodeToString(h.Sum(nil))
}

// JoinSerials writes serial numbers on one line, the form that
// serial_number_list takes.
func JoinSerials(sorted []string) string { return strings.Join(sorted, " ") }
