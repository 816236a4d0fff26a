package serialcsv_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/serialcsv"
)

const one, two = "DMPXK1ABCDEF", "F9FXK2ABCDEG"

func TestParse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, column string }{
		{"a column with a heading", "Serial Number\nDMPXK1ABCDEF\nF9FXK2ABCDEG\n", ""},
		{"a column without a heading", "F9FXK2ABCDEG\nDMPXK1ABCDEF\n", ""},
		{"a column without a last line end", "DMPXK1ABCDEF\nF9FXK2ABCDEG", ""},
		{"a spreadsheet's empty columns beside it", "DMPXK1ABCDEF,,\nF9FXK2ABCDEG,,\n,,\n,,\n", ""},
		{"one column of many, in any place", "Model,Serial Number,Order\niPad,DMPXK1ABCDEF,4711\niPad,F9FXK2ABCDEG,4711\n", ""},
		{"semicolons", "Gerät;Seriennummer;Preis\niPad;DMPXK1ABCDEF;429,00\niPad;F9FXK2ABCDEG;1.429,00\n", ""},
		{"tabs", "Model\tSerial No.\niPad, 10.9\tDMPXK1ABCDEF\niPad\tF9FXK2ABCDEG\n", ""},
		{"semicolons with more commas in the first row", "Serial Number;Price, net, per item, in EUR\nDMPXK1ABCDEF;1\nF9FXK2ABCDEG;1\n", ""},
		{"quotation marks, and what they protect", "\"Model\",\"Serial Number\"\n\"iPad 10.9\"\" Wi-Fi, silver\",\"DMPXK1ABCDEF\"\n\"two\nlines\",\"F9FXK2ABCDEG\"\n", ""},
		{"line ends of Windows", "Serial Number,Model\r\nDMPXK1ABCDEF,iPad\r\nF9FXK2ABCDEG,iPad\r\n\r\n\r\n", ""},
		{"line ends of old Macs", "Serial Number,Model\rDMPXK1ABCDEF,iPad\rF9FXK2ABCDEG,iPad\r", ""},
		{"a byte order mark", "\ufeffSerial Number\nDMPXK1ABCDEF\nF9FXK2ABCDEG\n", ""},
		{"a byte order mark before a quotation mark", "\ufeff\"Serial Number\"\n\"DMPXK1ABCDEF\"\n\"F9FXK2ABCDEG\"\n", ""},
		{"Excel's mark for the delimiter", "sep=;\r\nModel;Serial Number\r\niPad;DMPXK1ABCDEF\r\niPad;F9FXK2ABCDEG\r\n", ""},
		{"blank lines above, between and below", "\n\nSerial Number\n\nDMPXK1ABCDEF\n  \nF9FXK2ABCDEG\n\n\n", ""},
		{"lower case and blanks around", "serial\n dmpxk1abcdef \n\u00a0f9fxk2abcdeg\n", ""},
		{"rows that are no devices", "Serial Number,Item\nDMPXK1ABCDEF,iPad\n,Case\n\" \",Delivery\nF9FXK2ABCDEG,iPad\n", ""},
		{"rows without their empty cells at the end", "Serial Number,Item,Remark\nDMPXK1ABCDEF\nF9FXK2ABCDEG,iPad\n", ""},
		{"a column by its name", "Asset Tag,Old,Serial Number\n1,DMPXK1ABCDEF,X\n2,F9FXK2ABCDEG,Y\n", "Old"},
		{"a column by its name, in another case", "Asset;Kennung\n1;DMPXK1ABCDEF\n2;F9FXK2ABCDEG\n", " kennung"},
		{"one of two serial number columns by its name", "Serial Number,Device Serial Number\nX,DMPXK1ABCDEF\nY,F9FXK2ABCDEG\n", "Device Serial Number"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := serialcsv.Parse(c.text, c.column)
			if err != nil || !slices.Equal(got, []string{one, two}) {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
}

func TestNothingIsAnEmptyList(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "\n \n", "\ufeff", "Serial Number\n", "Model,Serial Number\niPad,\n"} {
		if got, err := serialcsv.Parse(text, ""); err != nil || len(got) > 0 {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

func TestHeadings(t *testing.T) {
	t.Parallel()
	for _, heading := range []string{
		"Serial Number", "Serial number", "SERIAL NUMBER", "serial_number", "SerialNumber", "serialNumber", "serial-number", " Serial  Number ", "Serial",
		"Serial No", "Serial No.", "S/N", "SN", "Serial #", "Device Serial", "Device Serial Number", "DeviceSerialNumber", "Hardware Serial Number",
		"Seriennummer", "Serien-Nr.", "Geräteseriennummer", "Numéro de série", "Nume\u0301ro de se\u0301rie", "N° de série", "Nº de serie",
		"Número de serie", "Número de série", "Numero di serie", "Serienummer", "Sarjanumero", "Numer seryjny", "Seri Numarası",
		"Серийный номер", "序列号", "シリアル番号", "ｼﾘｱﾙ番号", "일련번호",
	} {
		got, err := serialcsv.Parse("Model,"+heading+"\niPad,DMPXK1ABCDEF\n", "")
		if err != nil || !slices.Equal(got, []string{one}) {
			t.Errorf("%q: %v, %v", heading, got, err)
		}
	}
	for _, heading := range []string{"Series", "Order Number", "Part Number", "Asset Tag", "IMEI", "#", "Serial Number Count", ""} {
		if got, err := serialcsv.Parse("Model,"+heading+"\niPad,DMPXK1ABCDEF\n", ""); err == nil {
			t.Errorf("%q: %v", heading, got)
		}
	}
}

func TestWhatIsWrongIsNamedWithItsLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text, column, argument string
		says                         []string
	}{
		{"no serial number column", "Model,Order\niPad,1\n", "", serialcsv.Text, []string{`"Model", "Order"`, "second argument"}},
		{"a table without headings", "DMPXK1ABCDEF,iPad\nF9FXK2ABCDEG,iPad\n", "", serialcsv.Text, []string{`"DMPXK1ABCDEF", "iPad"`}},
		{"a heading that is not known", "Identifier\nDMPXK1ABCDEF\n", "", serialcsv.Text, []string{`"Identifier"`}},
		{"a title above the headings", "Delivery note,\nModel,Serial Number\niPad,DMPXK1ABCDEF\n", "", serialcsv.Text, []string{`"Delivery note"`, "first row"}},
		{"two serial number columns", "Serial,Model,S/N\nDMPXK1ABCDEF,iPad,X\n", "", serialcsv.Text, []string{`2 serial number columns: "Serial", "S/N"`, "second argument"}},
		{"no column of that name", "Model,Serial Number\niPad,DMPXK1ABCDEF\n", "Serial", serialcsv.Column, []string{`no column "Serial"`, `"Model", "Serial Number"`}},
		{"two columns of that name", "A,A\n1,2\n", "a", serialcsv.Column, []string{`2 columns have the name "a"`}},
		{"serial numbers that cannot be one", "Serial Number\nDMPXK1ABCDEF\nroom-12\n\nABC123\n1.23E+11\n", "", serialcsv.Text, []string{
			`no serial numbers: "room-12" in line 3; "ABC123" in line 5; "1.23E+11" in line 6.`, "8 to 14 letters and digits",
		}},
		{"the first of a plain column", "DMPXK1-ABCDEF\nF9FXK2ABCDEG\n", "", serialcsv.Text, []string{`"DMPXK1-ABCDEF" in line 1`}},
		{"headings in the middle", "Serial Number\nDMPXK1ABCDEF\nSerial Number\nF9FXK2ABCDEG\n", "", serialcsv.Text, []string{`"Serial Number" in line 3`}},
		{"serial numbers that come again", "sep=,\nSerial Number,Cart\nDMPXK1ABCDEF,A\n\"F9FXK2ABCDEG\",\"two\nlines\"\ndmpxk1abcdef,B\nF9FXK2ABCDEG,B\nDMPXK1ABCDEF,C\n", "", serialcsv.Text, []string{
			"more than once: DMPXK1ABCDEF in lines 3, 6 and 8; F9FXK2ABCDEG in lines 4 and 7.",
		}},
		{"everything at once", "Model,Serial Number\niPad,X\niPad\niPad,DMPXK1ABCDEF\niPad,DMPXK1ABCDEF\n", "", serialcsv.Text, []string{
			`"X" in line 2`, "end before the serial number column: 3.", "in lines 4 and 5", "cut short",
		}},
		{"a quotation mark that never ends", "Model,Serial Number\niPad,DMPXK1ABCDEF\n\"iPad,F9FXK2ABCDEG\niPad,C02XK3ABCDEH\n", "", serialcsv.Text, []string{"line 3", "quotation mark"}},
		{"a quotation mark that is not doubled", "Model,Serial Number\niPad 10.9\" silver,DMPXK1ABCDEF\n", "", serialcsv.Text, []string{"line 2", "not doubled"}},
		{"UTF-16", "S\x00e\x00r\x00i\x00a\x00l\x00", "", serialcsv.Text, []string{"UTF-16", "textdecodebase64"}},
		{"a spreadsheet", "PK\x03\x04....", "", serialcsv.Text, []string{"spreadsheet"}},
		{"another encoding", "Ger\xe4t,Serial Number\n", "", serialcsv.Text, []string{"not UTF-8"}},
		{"a text that is too large", strings.Repeat("A", serialcsv.MaxText+1), "", serialcsv.Text, []string{"the most that is read"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := serialcsv.Parse(c.text, c.column)
			wrong, ok := errors.AsType[*enrollment.Error](err)
			if !ok || got != nil || !errors.Is(err, enrollment.ErrInvalid) || wrong.Field != c.argument {
				t.Fatalf("%v, %#v", got, err)
			}
			for _, part := range c.says {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q is not in: %v", part, err)
				}
			}
		})
	}
}

// A file of the wrong kind must not print a whole fleet.
func TestMessagesStayShort(t *testing.T) {
	t.Parallel()
	var bad, wide, again strings.Builder
	bad.WriteString("Serial Number\n")
	for i := range 5000 {
		fmt.Fprintf(&bad, "%s-%d\n", strings.Repeat("x", 500), i)
		fmt.Fprintf(&wide, "Column %d,", i)
		again.WriteString(one + "\n")
	}
	for name, c := range map[string]struct{ text, says string }{
		"bad cells": {bad.String(), "and 4990 more"}, "columns": {wide.String(), "and 4988 more"}, "repetitions": {again.String(), "and 4990 more"},
	} {
		_, err := serialcsv.Parse(c.text, "")
		if err == nil || len(err.Error()) > 1500 || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// export is what a portal's export of so many devices looks like.
func export(rows int) string {
	var b strings.Builder
	b.WriteString("\ufeffSerial Number,Model,Part Number,Order Number,Added\r\n")
	for i := range rows {
		fmt.Fprintf(&b, "\"DMPX%08d\",\"iPad (10th generation), 64 GB\",MPQ03FD/A,4711%06d,2026-08-%02d\r\n", i, i/30, i%28+1)
	}
	return b.String()
}

func BenchmarkParse100000(b *testing.B) {
	text := export(100_000)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if serials, err := serialcsv.Parse(text, ""); err != nil || len(serials) != 100_000 {
			b.Fatal(len(serials), err)
		}
	}
}

// Whatever Parse takes is sorted, unique and made of serial numbers, and reads
// the same again.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"Serial Number\nDMPXK1ABCDEF\n", "a;Seriennummer\n1;DMPXK1ABCDEF", "\ufeff\"S/N\"\tModel\r\nDMPXK1ABCDEF\t\"a\n\"", "sep=;\nDMPXK1ABCDEF", "DMPXK1ABCDEF\rF9FXK2ABCDEG",
	} {
		f.Add(seed, "")
		f.Add(seed, "Model")
	}
	f.Fuzz(func(t *testing.T, text, column string) {
		got, err := serialcsv.Parse(text, column)
		if err != nil {
			if _, ok := errors.AsType[*enrollment.Error](err); !ok {
				t.Fatalf("%q is an error that says nothing: %v", text, err)
			}
			return
		}
		for i, serial := range got {
			if normal, ok := enrollment.NormalSerial(serial); !ok || normal != serial || i > 0 && got[i-1] >= serial {
				t.Fatalf("%q reads as %v", text, got)
			}
		}
		again, err := serialcsv.Parse("Serial Number\n"+strings.Join(got, "\n"), "")
		if err != nil || !slices.Equal(got, again) {
			t.Fatalf("%q reads as %v and that as %v, %v", text, got, again, err)
		}
	})
}
