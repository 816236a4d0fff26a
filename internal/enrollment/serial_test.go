package enrollment_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

func TestParseSerials(t *testing.T) {
	t.Parallel()
	want := []string{"DMPXK1ABCDEF", "F9FXK2ABCDEG"}
	for name, text := range map[string]string{
		"one a line":           "DMPXK1ABCDEF\nF9FXK2ABCDEG\n",
		"order and repetition": "F9FXK2ABCDEG\nDMPXK1ABCDEF\nDMPXK1ABCDEF",
		"lower case":           "dmpxk1abcdef f9fxk2abcdeg",
		"Windows line ends":    "DMPXK1ABCDEF\r\nF9FXK2ABCDEG\r\n",
		"byte order mark":      "\xef\xbb\xbfDMPXK1ABCDEF\nF9FXK2ABCDEG",
		"a heading":            "Serial Number\nDMPXK1ABCDEF\nF9FXK2ABCDEG",
		"quoted, with commas":  "\"serial_number\",\n\"DMPXK1ABCDEF\",\n\"F9FXK2ABCDEG\",",
		"remarks":              "# room 12\nDMPXK1ABCDEF # cart\n\nF9FXK2ABCDEG",
		"semicolons":           "DMPXK1ABCDEF;F9FXK2ABCDEG",
	} {
		got, err := enrollment.ParseSerials([]byte(text))
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestParseSerialsSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, says string }{
		"a word":        {"DMPXK1ABCDEF\nroom-12\n", `"room-12" in line 2`},
		"too short":     {"ABC123", `"ABC123" in line 1`},
		"an umlaut":     {"DMPXK1ABCDÖF", "line 1"},
		"UTF-16":        {"\xff\xfeD\x00M\x00", "UTF-16"},
		"a spreadsheet": {"PK\x03\x04....", "spreadsheet"},
		"not text":      {"\x00\x01", "not text"},
		"too large":     {strings.Repeat("A", enrollment.MaxSerialText+1), "the most that is read"},
	} {
		_, err := enrollment.ParseSerials([]byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSerialsDigestIsOfTheSortedLines(t *testing.T) {
	t.Parallel()
	// printf 'DMPXK1ABCDEF\nF9FXK2ABCDEG\n' | sha256sum
	const want = "1d8c8f2c3fea8bce9d635e2bf78fe5293c35dc73a5e5cd59b6aa14cfeeb1172f"
	if got := enrollment.SerialsDigest([]string{"DMPXK1ABCDEF", "F9FXK2ABCDEG"}); got != want {
		t.Errorf("got %s", got)
	}
}

func FuzzParseSerials(f *testing.F) {
	for _, seed := range []string{"DMPXK1ABCDEF\n", "a,b;c", "\xef\xbb\xbfSerial Number\nDMPXK1ABCDEF", "# x"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := enrollment.ParseSerials(text)
		if err != nil {
			return
		}
		again, err := enrollment.ParseSerials([]byte(enrollment.JoinSerials(got)))
		if err != nil || !slices.Equal(got, again) {
			t.Fatalf("%q reads as %v and that as %v, %v", text, got, again, err)
		}
	})
}
