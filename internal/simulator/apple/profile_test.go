package apple_test

import (
	"fmt"
	"maps"
	"regexp"
	"strings"
	"testing"
)

// valid is the least that Apple takes.
func valid(change map[string]any) map[string]any {
	out := map[string]any{"profile_name": "Carts", "url": "https://mdm.school.example/enroll"}
	maps.Copy(out, change)
	for key, value := range out {
		if value == nil {
			delete(out, key)
		}
	}
	return out
}

func TestDefineValidates(t *testing.T) {
	c := newSchool(t, 0, 0).client
	long := func(n int) string { return strings.Repeat("é", n) }
	longURL := func(n int) string { return "https://m.example/" + strings.Repeat("a", n-len("https://m.example/")) }
	for _, test := range []struct {
		change map[string]any
		want   string
	}{
		{map[string]any{"profile_name": nil}, "CONFIG_NAME_REQUIRED"},
		{map[string]any{"profile_name": ""}, "CONFIG_NAME_INVALID"},
		{map[string]any{"profile_name": long(125)}, ""},
		{map[string]any{"profile_name": long(126)}, "CONFIG_NAME_INVALID"},
		{map[string]any{"url": nil}, "CONFIG_URL_REQUIRED"},
		{map[string]any{"url": ""}, "CONFIG_URL_INVALID"},
		{map[string]any{"url": "mdm.school.example/enroll"}, "CONFIG_URL_INVALID"},
		{map[string]any{"url": "https://mdm.school.example/a b"}, "CONFIG_URL_INVALID"},
		{map[string]any{"url": "https://mdm.school.example/%zz"}, "CONFIG_URL_INVALID"},
		{map[string]any{"url": "https://mdm.school.example/é"}, "CONFIG_URL_INVALID"},
		{map[string]any{"url": "https:///enroll"}, "CONFIG_URL_INVALID"},
		{map[string]any{"url": "https://[2001:db8::1]:8443/enroll?a=b&c=%20#x"}, ""},
		{map[string]any{"url": "https://mdm.school.example"}, ""},
		{map[string]any{"url": longURL(2000)}, ""},
		{map[string]any{"url": longURL(2001)}, "CONFIG_URL_INVALID"},
		{map[string]any{"configuration_web_url": "no"}, "CONFIG_URL_INVALID"},
		{map[string]any{"department": ""}, "DEPARTMENT_INVALID"},
		{map[string]any{"department": long(125)}, ""},
		{map[string]any{"department": long(126)}, "DEPARTMENT_INVALID"},
		{map[string]any{"support_phone_number": ""}, "SUPPORT_PHONE_INVALID"},
		{map[string]any{"support_phone_number": long(50)}, ""},
		{map[string]any{"support_phone_number": long(51)}, "SUPPORT_PHONE_INVALID"},
		{map[string]any{"support_email_address": ""}, "SUPPORT_EMAIL_INVALID"},
		{map[string]any{"support_email_address": long(250)}, ""},
		{map[string]any{"support_email_address": long(251)}, "SUPPORT_EMAIL_INVALID"},
		{map[string]any{"org_magic": ""}, "MAGIC_INVALID"},
		{map[string]any{"org_magic": long(256)}, ""},
		{map[string]any{"org_magic": long(257)}, "MAGIC_INVALID"},
		{map[string]any{"is_mdm_removable": false}, "FLAGS_INVALID"},
		{map[string]any{"is_mdm_removable": false, "is_supervised": false}, "FLAGS_INVALID"},
		{map[string]any{"is_mdm_removable": false, "is_supervised": true}, ""},
		{map[string]any{"language": "english"}, "LOCALE_INVALID"},
		{map[string]any{"language": "en", "region": "us"}, "LOCALE_INVALID"},
		{map[string]any{"region": "US"}, "LOCALE_INVALID"},
		{map[string]any{"language": "en", "region": "US"}, ""},
		{map[string]any{"language": "haw"}, ""},
		{map[string]any{"skip_setup_items": []string{"NoSuchPane"}}, ""},
		{map[string]any{"no_such_field": 1}, ""},
	} {
		got := c.do("POST", "/profile", valid(test.change))
		if test.want == "" && got.status != 200 || test.want != "" && (got.status != 400 || got.body != test.want) {
			t.Errorf("%.80v: got %d %q, want %q", test.change, got.status, got.body, test.want)
		}
	}
}

func TestDefineGivesANewUUIDEachTime(t *testing.T) {
	c := newSchool(t, 0, 0).client
	first, second := c.define("Same"), c.define("Same")
	for _, uuid := range []string{first, second} {
		if !regexp.MustCompile(`^[0-9A-F]{32}$`).MatchString(uuid) {
			t.Errorf("profile_uuid %q: want 32 upper-case hex digits", uuid)
		}
	}
	if first == second {
		t.Error("the second definition has the UUID of the first")
	}
}

func TestDefineAssignsItsDevices(t *testing.T) {
	s := newSchool(t, 1, 1)
	serial := s.SerialNumbers()[0]
	got := s.client.do("POST", "/profile", valid(map[string]any{"devices": []string{serial, "NOSUCHDEVICE"}}))
	var out assignment
	got.decode(&out)
	same(t, "results", out.Devices, map[string]string{serial: "SUCCESS", "NOSUCHDEVICE": "NOT_ACCESSIBLE"})
	device, err := s.Device(serial)
	must(t, err)
	equal(t, "profile", device.ProfileUUID, out.UUID)

	empty := s.client.do("POST", "/profile", valid(map[string]any{"devices": []string{}}))
	if !regexp.MustCompile(`^\{"profile_uuid":"[0-9A-F]{32}","devices":\{\}\}$`).MatchString(empty.body) {
		t.Errorf("without devices: got %s", empty.body)
	}
}

func TestFetchProfileGivesDefaultsAndWhatWasDefined(t *testing.T) {
	c := newSchool(t, 0, 0).client
	uuid := c.define("Least")
	equal(t, "the least", c.do("GET", "/profile?profile_uuid="+uuid, nil).body, `{"url":"https://mdm.school.example/enroll",`+
		`"is_supervised":false,"allow_pairing":true,"is_mandatory":false,"is_mdm_removable":true,`+
		`"await_device_configured":false,"is_multi_user":false,"auto_advance_setup":false,`+
		`"profile_uuid":"`+uuid+`","profile_name":"Least"}`)

	full := map[string]any{
		"profile_name": "All", "url": "https://mdm.school.example/enroll", "configuration_web_url": "https://sso.school.example/",
		"allow_pairing": false, "is_supervised": true, "is_mandatory": true, "is_mdm_removable": false, "is_multi_user": true,
		"await_device_configured": true, "auto_advance_setup": true, "is_return_to_service": true,
		"do_not_use_profile_from_backup": true, "anchor_certs": []any{"QQ=="}, "supervising_host_certs": []any{"Qg=="},
		"skip_setup_items": []any{"AppleID", "Siri"}, "department": "IT", "support_phone_number": "1",
		"support_email_address": "it@school.example", "org_magic": "m", "language": "en", "region": "US",
	}
	var defined assignment
	c.do("POST", "/profile", full).decode(&defined)
	var got map[string]any
	c.do("GET", "/profile?profile_uuid="+defined.UUID, nil).decode(&got)
	full["profile_uuid"] = defined.UUID
	same(t, "all fields", got, full)
}

func TestFetchProfileErrors(t *testing.T) {
	c := newSchool(t, 0, 0).client
	c.do("GET", "/profile", nil).wantError(400, "PROFILE_UUID_REQUIRED")
	c.do("GET", "/profile?profile_uuid=0123", nil).wantError(400, "NOT_FOUND")
}

func TestProfileFieldsOfVersion2AreUnknownToVersion1(t *testing.T) {
	c := newSchool(t, 0, 0).client
	fields := map[string]any{
		"auto_advance_setup": true, "await_device_configured": true, "is_multi_user": true,
		"support_email_address": "it@school.example",
	}
	for _, test := range []struct{ defined, read, want string }{
		{"1", "2", "map[auto_advance_setup:false await_device_configured:false is_multi_user:false]"},
		{"2", "1", "map[]"},
		{"2", "2", "map[auto_advance_setup:true await_device_configured:true is_multi_user:true " +
			"support_email_address:it@school.example]"},
	} {
		var defined assignment
		c.header.Set("X-Server-Protocol-Version", test.defined)
		c.do("POST", "/profile", valid(fields)).decode(&defined)
		c.header.Set("X-Server-Protocol-Version", test.read)
		var got map[string]any
		c.do("GET", "/profile?profile_uuid="+defined.UUID, nil).decode(&got)
		maps.DeleteFunc(got, func(key string, _ any) bool { _, has := fields[key]; return !has })
		equal(t, "defined at "+test.defined+", read at "+test.read, fmt.Sprint(got), test.want)
	}
}

func TestPortalKeepsTheDefinitionByteForByte(t *testing.T) {
	s := newSchool(t, 0, 0)
	body := `{ "profile_name": "Odd",  "url":"https://mdm.school.example", "extra": [1] }`
	var defined assignment
	s.client.do("POST", "/profile", body).decode(&defined)
	got, err := s.Profile(defined.UUID)
	must(t, err)
	equal(t, "definition", string(got.Definition), body)
	equal(t, "server", got.Server, s.server.ID)
	equal(t, "protocol version", got.ProtocolVersion, 10)
}
