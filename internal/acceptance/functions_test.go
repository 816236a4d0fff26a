package acceptance

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/asm-enrollment/terraform-provider-asm/internal/servertoken"
)

// asUTF16 is a text as Excel's "Unicode Text" has it.
func asUTF16(text string) string {
	out := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(text)) {
		out = binary.LittleEndian.AppendUint16(out, unit)
	}
	return string(out)
}

// Functions work in a configuration that has no provider block, and so no store,
// no sign-in and no server.
func TestFunctionsWithoutAProviderBlock(t *testing.T) {
	w := newWorld(t, 1)
	pair, err := servertoken.NewKeyPair("District", w.apple.Now())
	if err != nil {
		t.Fatal(err)
	}
	w.atThePortal(string(pair.CertificatePEM), 0)
	w.file("public_key.pem", string(pair.CertificatePEM))
	w.file("utf16.txt", asUTF16("Modell\tSeriennummer\r\niPad\tF9FXK2ABCDEG\r\niPad\tDMPXK1ABCDEF\r\n"))
	var fleet strings.Builder
	fleet.WriteString("\ufeffSerial Number,Model\r\n")
	for i := range 100_000 {
		fmt.Fprintf(&fleet, "DMPX%08d,\"iPad (10th generation), 64 GB\"\r\n", i)
	}
	w.file("fleet.csv", fleet.String())
	w.file("main.tf", requirements+`
output "info" {
  value = provider::asm::server_token_info(file("token.p7m"), compact([file("public_key.pem"), null])...)
}
output "csv" {
  value = provider::asm::serial_numbers_from_csv(textdecodebase64(filebase64("utf16.txt"), "UTF-16"))
}
output "fleet" {
  value = length(provider::asm::serial_numbers_from_csv(file("fleet.csv"), "serial number"))
}
output "keys" {
  value = provider::asm::skip_setup_items("tvos", "10.2")
}
`)
	w.apply()
	var info struct {
		Recipients []map[string]string `json:"recipients"`
		Cipher     string              `json:"content_cipher"`
		Matches    bool                `json:"matches"`
	}
	var csv string
	var fleetLength int
	var keys []string
	if err := w.tool.Outputs(context.Background(), map[string]any{"info": &info, "csv": &csv, "fleet": &fleetLength, "keys": &keys}); err != nil {
		t.Fatal(err)
	}
	if len(info.Recipients) != 1 || info.Recipients[0]["serial_number"] != fmt.Sprintf("%X", pair.Certificate.SerialNumber) ||
		info.Recipients[0]["issuer"] != "CN=District" || info.Cipher != "AES-128-CBC" || !info.Matches {
		t.Errorf("server_token_info: %+v", info)
	}
	if csv != "DMPXK1ABCDEF F9FXK2ABCDEG" || fleetLength != 100_000*len("DMPX00000000 ")-1 {
		t.Errorf("serial_numbers_from_csv: %q, %d characters", csv, fleetLength)
	}
	if got := strings.Join(keys, " "); got != "AppleID Diagnostics Location ScreenSaver Siri TOS TapToSetup" {
		t.Errorf("skip_setup_items: %s", got)
	}
	w.plan(0)
}

// The tool shows the message of a function, and which argument it is about.
func TestFunctionsSayWhatIsWrongAndWhere(t *testing.T) {
	w := newWorld(t, 1)
	for _, c := range []struct{ call, argument, says string }{
		{`server_token_info("<!DOCTYPE html>")`, "p7m", "the file is a web page"},
		{`serial_numbers_from_csv("Serial Number\nDMPXK1ABCDEF\nDMPXK1ABCDEF\n")`, "text", "DMPXK1ABCDEF in lines 2 and 3. Name each device once."},
		{`serial_numbers_from_csv("Serial Number\n", "Serie")`, "column", `no column "Serie"`},
		{`skip_setup_items("watchos", "26")`, "platform", `"watchos" is not a platform`},
		{`skip_setup_items("ios", "latest")`, "os_version", `"latest" is not the version`},
	} {
		w.file("main.tf", requirements+"output \"it\" {\n  value = provider::asm::"+c.call+"\n}\n")
		output := w.plan(1)
		w.says(output, c.says, `"`+c.argument+`"`)
		if strings.Contains(strings.ReplaceAll(output, "...", ""), "..") {
			t.Errorf("a stop too many: %s", output)
		}
	}
}
