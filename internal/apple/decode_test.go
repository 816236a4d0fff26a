package apple_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/apple"
)

func bigPage(devices int) []byte {
	var b strings.Builder
	b.WriteString(`{"devices":[`)
	for i := range devices {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"serial_number":"DMP%09d","description":"IPAD 10TH GEN WI-FI 64GB SILVER","model":"iPad (10th generation)",`+
			`"color":"SILVER","asset_tag":"","device_family":"iPad","os":"iPadOS","device_assigned_date":"2026-02-01T10:11:12Z",`+
			`"device_assigned_by":"it@school.example","profile_status":"pushed","profile_uuid":"88FC4E378FED4E3F8E3E0D7C5A5C0A11",`+
			`"profile_assign_time":"2026-02-02T00:00:00Z","profile_push_time":"2026-02-03T00:00:00Z",`+
			`"wifi_mac_address":"00:11:22:%02x:%02x:55","bluetooth_mac_address":"00:11:22:%02x:%02x:56"}`, i, i/256%256, i%256, i/256%256, i%256)
	}
	b.WriteString(`],"cursor":"MDowOjE1MzY0","fetched_until":"2026-02-05T00:00:00Z","more_to_follow":true}`)

	return []byte(b.String())
}

// One operation is a page of 1,000 devices: 100,000 devices are 100 of them.
func BenchmarkPage(b *testing.B) {
	body := bigPage(1000)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		var page apple.Page
		if err := page.UnmarshalJSON(body); err != nil || len(page.Devices) != 1000 {
			b.Fatal(err)
		}
	}
}

// Whatever is accepted is JSON, and reads as encoding/json reads it after being written again.
func FuzzPage(f *testing.F) {
	for _, name := range []string{"page.json", "empty_page.json", "details.json"} {
		f.Add(golden(f, name))
	}
	f.Add(bigPage(2))
	f.Add([]byte(`{"devices":[{"serial_number":"a\ud800\n","imei":[null,""]}],"x":[1e5,{"y":"\""}],"cursor":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var page, again apple.Page
		if err := page.UnmarshalJSON(body); err != nil {
			return
		}
		if !json.Valid(body) {
			t.Fatalf("accepted what is not JSON: %q", body)
		}
		written, err := json.Marshal(page)
		if err != nil {
			return // a year beyond 9999
		}
		if err := json.Unmarshal(written, &again); err != nil {
			t.Fatalf("%s does not read back: %v", written, err)
		}
		var devices struct{ Devices []apple.Device }
		if err := json.Unmarshal(written, &devices); err != nil || len(devices.Devices) != len(page.Devices) {
			t.Fatalf("encoding/json reads %s otherwise: %v", written, err)
		}
		for i, d := range devices.Devices {
			if got, _ := json.Marshal(page.Devices[i]); !jsonEqual(t, got, d) {
				t.Fatalf("device %d: %s, encoding/json reads %+v", i, got, d)
			}
		}
	})
}

func jsonEqual(t *testing.T, text []byte, d apple.Device) bool {
	t.Helper()
	other, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}

	return string(text) == string(other)
}
