package apple_test

import (
	"maps"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

// field is one line of a table of Apple's documentation: the protocol version that brought it, and the form of its
// values as they are recorded.
type field struct {
	since int
	form  string
}

const (
	rfc3339 = `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$` // whole seconds, UTC
	text    = `^.+$`
	mac     = `^([0-9A-F]{2}:){5}[0-9A-F]{2}$`
)

// Apple: Device.
var deviceFields = map[string]field{
	"serial_number":           {1, `^[0-9A-Z]{12}$`},
	"description":             {1, text},
	"model":                   {1, text},
	"color":                   {1, text},
	"asset_tag":               {1, text},
	"device_family":           {2, `^(iPad|iPhone|iPod|Mac|AppleTV|Vision)$`},
	"os":                      {2, `^(iOS|iPadOS|OSX|tvOS|visionOS)$`},
	"device_assigned_date":    {1, rfc3339},
	"device_assigned_by":      {1, `@`},
	"profile_status":          {1, `^(empty|assigned|pushed|removed)$`},
	"profile_uuid":            {1, `^[0-9A-F]{32}$`},
	"profile_assign_time":     {1, rfc3339},
	"profile_push_time":       {1, rfc3339},
	"op_type":                 {1, `^(added|modified|deleted)$`},
	"op_date":                 {1, rfc3339},
	"mdm_migration_deadline":  {8, rfc3339},
	"wifi_mac_address":        {10, mac},
	"bluetooth_mac_address":   {10, mac},
	"ethernet_mac_address":    {10, mac},
	"eid":                     {10, `^\d{32}$`},
	"imei":                    {10, `^\[\d{15}\]$`},
	"meid":                    {10, `^\[\d{14}\]$`},
	"is_replacement_device":   {10, `^true$`},
	"released_by_replacement": {10, `^true$`},
}

// busySchool has a device for every field.
func busySchool(t *testing.T) (s *school, cursor string) {
	t.Helper()
	s = newSchool(t, 400, 399)
	cursor = s.client.fetchEnd()
	n, uuid := s.SerialNumbers(), s.client.define("Carts")
	s.client.assign(uuid, n[0], n[1])
	must(t, s.Activate(n[0]))
	tag, deadline := "CART-7 \"é\"", opening.Add(24*time.Hour)
	must(t, s.ChangeDevice(n[1], apple.DeviceChange{AssetTag: &tag, MDMMigrationDeadline: &deadline}))
	_, err := s.Replace(n[2])
	must(t, err)
	return s, cursor
}

// seen are the fields that occur, with one check of each value.
func seen(t *testing.T, version int, devices []map[string]any) []string {
	t.Helper()
	found := map[string]bool{}
	for _, d := range devices {
		for name, value := range d {
			found[name] = true
			f, known := deviceFields[name]
			if !known || f.since > version {
				t.Errorf("version %d: field %s: known %t, since version %d", version, name, known, f.since)
			} else if shown := sprint(value); !regexp.MustCompile(f.form).MatchString(shown) {
				t.Errorf("version %d: %s is %q, want %s", version, name, shown, f.form)
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

func TestDeviceFieldsByProtocolVersion(t *testing.T) {
	s, cursor := busySchool(t)
	for version := 1; version <= 10; version++ {
		s.client.header.Set("X-Server-Protocol-Version", sprint(version))
		devices := s.client.page("/server/devices", "", 1000).Devices
		devices = append(devices, s.client.sync(cursor).Devices...)
		var want []string
		for name, f := range deviceFields {
			if f.since <= version {
				want = append(want, name)
			}
		}
		slices.Sort(want)
		same(t, "fields that occur at version "+sprint(version), seen(t, version, devices), want)
	}
}

func TestIPadsRunIOSBelowVersion7(t *testing.T) {
	s := newSchool(t, 200, 200)
	for version, want := range map[string]string{"2": "iOS", "6": "iOS", "7": "iPadOS", "10": "iPadOS"} {
		s.client.header.Set("X-Server-Protocol-Version", version)
		for _, d := range s.client.page("/server/devices", "", 1000).Devices {
			if d["device_family"] == "iPad" && d["os"] != want {
				t.Fatalf("version %s: an iPad runs %v, want %s", version, d["os"], want)
			}
			if d["device_family"] == "iPhone" && d["os"] != "iOS" || d["device_family"] == "Mac" && d["os"] != "OSX" {
				t.Fatalf("version %s: %v runs %v", version, d["device_family"], d["os"])
			}
		}
	}
}

func TestVersionIsTheLowestWhenTheHeaderIsAbsent(t *testing.T) {
	s := newSchool(t, 1, 1)
	s.client.header.Del("X-Server-Protocol-Version")
	if d := s.client.page("/server/devices", "", 0).Devices[0]; d["os"] != nil {
		t.Errorf("os is shown without a version: %v", d)
	}
}

// The first device of a recording, with other values.
func TestDeviceIsWrittenAsRecorded(t *testing.T) {
	s := newSchool(t, 1, 1)
	s.client.header.Set("X-Server-Protocol-Version", "7")
	want := regexp.MustCompile(`^\{"devices":\[\{"serial_number":"[0-9A-Z]{12}","description":"[^"]+","model":"[^"]+",` +
		`"os":"\w+","device_family":"\w+","color":"[^"]+","profile_status":"empty",` +
		`"device_assigned_by":"it@school.example","device_assigned_date":"2026-08-24T07:30:00Z"\}\],"fetched_until":`)
	if got := s.client.do("POST", "/server/devices", "{}"); !want.MatchString(got.body) {
		t.Errorf("got  %s\nwant %s", got.body, want)
	}
}

func TestAccountByProtocolVersion(t *testing.T) {
	s := newSchool(t, 0, 0)
	always := []string{"admin_id", "facilitator_id", "org_address", "org_email", "org_name", "org_phone", "server_name", "server_uuid"}
	later := append([]string{"org_id", "org_id_hash", "org_type", "org_version", "urls"}, always...)
	slices.Sort(later)
	for version, want := range map[string][]string{"2": always, "3": later, "10": later} {
		s.client.header.Set("X-Server-Protocol-Version", version)
		var got map[string]any
		s.client.do("GET", "/account", nil).decode(&got)
		same(t, "keys at version "+version, slices.Sorted(maps.Keys(got)), want)
		equal(t, "server_name", got["server_name"], any("District"))
		equal(t, "server_uuid", got["server_uuid"], any(s.server.UUID))
		equal(t, "form of server_uuid", regexp.MustCompile(`^[0-9A-F]{32}$`).MatchString(s.server.UUID), true)
	}
}

func TestAccountAdvertisesURLsAndLimits(t *testing.T) {
	s := newSchool(t, 0, 0)
	var account struct {
		URLs []struct {
			URI     string         `json:"uri"`
			Methods []string       `json:"http_method"`
			Limit   map[string]int `json:"limit"`
		} `json:"urls"`
	}
	s.client.do("GET", "/account", nil).decode(&account)
	limits := map[string]map[string]int{}
	for _, u := range account.URLs {
		if u.Limit != nil {
			limits[u.URI] = u.Limit
		}
		for _, method := range u.Methods {
			if got := s.client.do(method, u.URI, "{}"); got.status == 404 || got.status == 405 {
				t.Errorf("%s %s is advertised and answers %d", method, u.URI, got.status)
			}
		}
	}
	both := map[string]int{"default": 1000, "maximum": 1000}
	same(t, "limits", limits, map[string]map[string]int{"/server/devices": both, "/devices/sync": both})
}

func TestOrganizationCanBeChanged(t *testing.T) {
	s := newSchool(t, 0, 0)
	must(t, s.UpdateOrganization(func(o *apple.Organization) error {
		o.OrgType, o.AdminID, o.OrgName = "org", "new@acme.example", "Acme \"Inc\""
		return nil
	}))
	var got map[string]any
	s.client.do("GET", "/account", nil).decode(&got)
	equal(t, "org_type", got["org_type"], any("org"))
	equal(t, "admin_id", got["admin_id"], any("new@acme.example"))
	equal(t, "org_name", got["org_name"], any("Acme \"Inc\""))
	if err := s.UpdateOrganization(func(o *apple.Organization) error { o.OrgType = "x"; return nil }); err == nil {
		t.Error("org_type x was taken")
	}
}
