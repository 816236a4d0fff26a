package apple_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

func sprint(v any) string { return fmt.Sprint(v) }

func TestDeviceDetails(t *testing.T) {
	s := newSchool(t, 2, 1)
	n := s.SerialNumbers()
	var got struct {
		Devices map[string]map[string]any `json:"devices"`
	}
	s.client.do("POST", "/devices", map[string]any{"devices": []string{n[0], n[1], `odd"one`, n[0]}}).decode(&got)
	equal(t, "devices", len(got.Devices), 3)
	equal(t, "of the server", got.Devices[n[0]]["response_status"], any("SUCCESS"))
	equal(t, "with its fields", got.Devices[n[0]]["device_assigned_date"], any("2026-08-24T07:30:00Z"))
	same(t, "of no server", got.Devices[n[1]], map[string]any{"serial_number": n[1], "response_status": "NOT_ACCESSIBLE"})
	equal(t, "unknown", got.Devices[`odd"one`]["response_status"], any("NOT_ACCESSIBLE"))
	s.client.do("POST", "/devices", "{}").wantError(400, "DEVICE_ID_REQUIRED")
}

func TestDisownIsForGood(t *testing.T) {
	s := newSchool(t, 2, 1)
	serial, cursor := s.SerialNumbers()[0], s.client.fetchEnd()
	var got assignment
	s.client.do("POST", "/devices/disown", map[string]any{"devices": []string{serial, "NOSUCHDEVICE"}}).decode(&got)
	same(t, "results", got.Devices, map[string]string{serial: "SUCCESS", "NOSUCHDEVICE": "NOT_ACCESSIBLE"})
	same(t, "sync", s.client.sync(cursor).changes(), []string{serial + " deleted"})
	if _, err := s.AssignDevices(s.server.ID, apple.Selection{SerialNumbers: []string{serial}}); err == nil {
		t.Error("a disowned device can be assigned")
	}
	next, err := s.AssignDevices(s.server.ID, apple.Selection{Count: 1})
	must(t, err)
	same(t, "the next free device", next, s.SerialNumbers()[1:])
	s.client.do("POST", "/devices/disown", "{}").wantError(400, "DEVICE_ID_REQUIRED")
}

func TestActivationLock(t *testing.T) {
	s := newSchool(t, 400, 400)
	iPad, tv := "", ""
	for _, d := range s.client.page("/server/devices", "", 1000).Devices {
		switch d["device_family"] {
		case "iPad":
			iPad = d["serial_number"].(string)
		case "AppleTV":
			tv = d["serial_number"].(string)
		}
	}
	for _, test := range []struct{ body, want string }{
		{`{"device":"` + iPad + `","escrow_key":"` + strings.Repeat("0a", 32) + `","lost_message":"x"}`, "SUCCESS"},
		{`{"device":"` + iPad + `"}`, "DEVICE_ALREADY_LOCKED"},
		{`{"device":"` + tv + `"}`, "DEVICE_NOT_SUPPORTED"},
		{`{"device":"NOSUCHDEVICE"}`, "NOT_ACCESSIBLE"},
	} {
		var got map[string]string
		s.client.do("POST", "/device/activationlock", test.body).decode(&got)
		equal(t, test.body, got["response_status"], test.want)
		if got["serial_number"] == "" {
			t.Errorf("%s: no serial_number", test.body)
		}
	}
	s.client.do("POST", "/device/activationlock", "{}").wantError(400, "MALFORMED_REQUEST_BODY")
	s.client.do("POST", "/device/activationlock", `{"device":"`+iPad+`","escrow_key":"short"}`).
		wantError(400, "MALFORMED_REQUEST_BODY")
	device, err := s.Device(iPad)
	must(t, err)
	equal(t, "locked in the portal", device.ActivationLocked, true)
}

func TestReplacement(t *testing.T) {
	s := newSchool(t, 2, 1)
	old, cursor := s.SerialNumbers()[0], s.client.fetchEnd()
	must(t, s.AdvanceClock(24*time.Hour))
	s.client.renew()
	fresh, err := s.Replace(old)
	must(t, err)
	changes := s.client.sync(cursor).Devices
	equal(t, "the old one is", fmt.Sprint(changes[0]["serial_number"], changes[0]["op_type"], changes[0]["released_by_replacement"]),
		old+"deletedtrue")
	equal(t, "the new one is", fmt.Sprint(changes[1]["serial_number"], changes[1]["op_type"], changes[1]["is_replacement_device"]),
		fresh+"addedtrue")
	equal(t, "details", s.client.do("GET", "/device/replacementDetails?device="+fresh, nil).body, fmt.Sprintf(
		`{"serial_number":%q,"original_device_serial_number":%q,"replacement_date":"2026-08-25"}`, fresh, old))
	s.client.do("GET", "/device/replacementDetails?device="+old, nil).wantError(400, "DEVICE_NOT_FOUND")
	s.client.do("GET", "/device/replacementDetails", nil).wantError(400, "DEVICE_ID_REQUIRED")
	s.client.header.Set("X-Server-Protocol-Version", "9")
	s.client.do("GET", "/device/replacementDetails?device="+fresh, nil).wantStatus(404)
}

func TestBetaTokens(t *testing.T) {
	s := newSchool(t, 0, 0)
	var got struct {
		Tokens []map[string]string `json:"betaEnrollmentTokens"`
	}
	s.client.do("GET", "/os-beta-enrollment/tokens", nil).decode(&got)
	equal(t, "tokens", len(got.Tokens), 6)
	for _, token := range got.Tokens {
		if token["os"] == "" || token["title"] == "" || token["token"] == "" || len(token) != 3 {
			t.Errorf("got %v, want os, title and token", token)
		}
	}
	must(t, s.UpdateOrganization(func(o *apple.Organization) error { o.AppleSeedOff = true; return nil }))
	s.client.do("GET", "/os-beta-enrollment/tokens", nil).wantError(403, "APPLE_SEED_FOR_IT_TURNED_OFF")
}

func TestInventoryIsReproducibleAndUnique(t *testing.T) {
	first := apple.New(apple.Options{Devices: 100_000, Seed: 5}).SerialNumbers()
	same(t, "a shorter inventory of the same seed", apple.New(apple.Options{Devices: 10, Seed: 5}).SerialNumbers(), first[:10])
	if other := apple.New(apple.Options{Devices: 1, Seed: 6}).SerialNumbers(); other[0] == first[0] {
		t.Error("another seed gives the same serial numbers")
	}
	seen := map[string]bool{}
	for _, serial := range first {
		seen[serial] = true
	}
	equal(t, "different serial numbers", len(seen), 100_000)
}

func TestInventoryIsMostlyIPads(t *testing.T) {
	s := newSchool(t, 1000, 1000)
	families := map[any]int{}
	for _, d := range s.client.page("/server/devices", "", 1000).Devices {
		families[d["device_family"]]++
	}
	if families["iPad"] < 900 || families["Mac"] == 0 || families["AppleTV"] == 0 {
		t.Errorf("families: %v", families)
	}
}
