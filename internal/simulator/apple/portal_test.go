package apple_test

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

// portal calls the portal API and checks the status.
func (s *school) portal(method, path string, body any, want int) answer {
	s.t.Helper()
	request, err := http.NewRequest(method, s.PortalURL()+path, strings.NewReader(string(encode(s.t, body))))
	must(s.t, err)
	resp, err := http.DefaultClient.Do(request)
	must(s.t, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	must(s.t, err)
	got := answer{t: s.t, what: method + " " + path, status: resp.StatusCode, header: resp.Header, body: string(text)}
	return got.wantStatus(want)
}

func (a answer) wantJSON(want string) {
	a.t.Helper()
	equal(a.t, a.what, strings.TrimSpace(a.body), want)
}

func TestPortalServers(t *testing.T) {
	s := newSchool(t, 0, 0)
	pem := string(schoolKey().pem)
	var made apple.Server
	s.portal("POST", "/mdm-servers", map[string]string{"name": "Carts", "public_key_pem": pem}, 200).decode(&made)
	s.portal("GET", "/mdm-servers/"+made.ID, nil, 200).wantJSON(`{"id":"` + made.ID + `","name":"Carts","uuid":"` + made.ID +
		`","device_count":0,"consumer_key":"` + made.ConsumerKey + `","token_state":"none"}`)
	for name, status := range map[string]int{"Carts": 409, "Unassigned": 400, "reassigned": 400, " ": 400, "": 400} {
		s.portal("POST", "/mdm-servers", map[string]string{"name": name, "public_key_pem": pem}, status)
		if name != "" {
			s.portal("PUT", "/mdm-servers/"+s.server.ID, map[string]string{"name": name}, status)
		}
	}
	s.portal("PUT", "/mdm-servers/"+made.ID, map[string]string{"name": "Carts"}, 200) // its own name
	next := newKeyPair("next", 2048)
	s.portal("PUT", "/mdm-servers/"+made.ID, map[string]string{"public_key_pem": string(next.pem), "name": "Labs"}, 200)
	file := s.portal("GET", "/mdm-servers/"+made.ID+"/server-token", nil, 200)
	s.login(openToken(t, []byte(file.body), next)).do("GET", "/account", nil).wantStatus(200)
	equal(t, "servers", strings.Count(s.portal("GET", "/mdm-servers", nil, 200).body, `"id"`), 2)
	s.portal("POST", "/mdm-servers/"+made.ID+"/revoke", nil, 200).wantJSON(`{"ok":true}`)
	s.portal("DELETE", "/mdm-servers/"+made.ID, nil, 200)
	for _, call := range []string{"GET ", "DELETE ", "GET /server-token", "POST /revoke", "POST /devices", "DELETE /devices"} {
		method, path, _ := strings.Cut(call, " ")
		s.portal(method, "/mdm-servers/"+made.ID+path, `{"count":1}`, 404)
	}
	s.portal("POST", "/mdm-servers/"+s.server.ID+"/revoke", nil, 200)
}

func TestDeletedServerFreesItsDevicesAndForgetsItsToken(t *testing.T) {
	s := newSchool(t, 5, 5)
	uuid := s.client.define("Carts")
	s.client.assign(uuid, s.SerialNumbers()...)
	must(t, s.DeleteServer(s.server.ID))
	s.client.do("GET", "/account", nil).wantError(401, "")
	s.client.openSession().wantError(401, "oauth_problem_adviceUnauthorized")
	device, err := s.Device(s.SerialNumbers()[0])
	must(t, err)
	equal(t, "server and profile", device.Server+device.ProfileUUID, "")
	equal(t, "profiles", len(s.Profiles()), 0)
	if _, err := s.Profile(uuid); err == nil {
		t.Error("the profile of a deleted server is still there")
	}
}

func TestPortalAssignsAndUnassigns(t *testing.T) {
	s := newSchool(t, 10, 0)
	n, path := s.SerialNumbers(), "/mdm-servers/"+s.server.ID+"/devices"
	s.portal("POST", path, `{"count":4}`, 200).wantJSON(`{"count":4}`)
	s.portal("POST", path, map[string]any{"serial_numbers": []string{n[0], n[9], n[9]}}, 200).wantJSON(`{"count":1}`)
	s.portal("DELETE", path, `{"count":2}`, 200).wantJSON(`{"count":2}`) // the last two: n[9] and n[3]
	s.portal("DELETE", path, map[string]any{"serial_numbers": []string{n[1]}}, 200)
	same(t, "left", s.client.page("/server/devices", "", 0).serials(), []string{n[0], n[2]})
	for body, status := range map[string]int{
		`{"count":99}`: 409, `{}`: 400, `{"count":1,"serial_numbers":["` + n[5] + `"]}`: 400,
		`{"serial_numbers":["NOSUCHDEVICE"]}`: 404, `{"cuont":1}`: 400,
	} {
		s.portal("POST", path, body, status)
	}
	s.portal("DELETE", path, `{"serial_numbers":["`+n[5]+`"]}`, 409)
	s.portal("DELETE", path, `{"count":3}`, 409)
}

func TestPortalShowsApplesTruth(t *testing.T) {
	s := newSchool(t, 3, 2)
	n, uuid := s.SerialNumbers(), s.client.define("Carts")
	s.client.assign(uuid, n[0])
	s.portal("POST", "/devices/"+n[0]+"/activate", nil, 200)
	got := s.portal("GET", "/devices/"+n[0], nil, 200).body
	want := regexp.MustCompile(`^\{"serial_number":"` + n[0] + `","device_family":"\w+","model":"[^"]+","server":"` + s.server.ID +
		`","assigned_at":"2026-08-24T07:30:00Z","profile_uuid":"` + uuid + `","profile_status":"pushed",` +
		`"profile_assigned_at":"2026-08-24T07:30:00Z","profile_pushed_at":"2026-08-24T07:30:00Z","activated":true,` +
		`"running_profile_uuid":"` + uuid + `","activation_locked":false,"disowned":false\}\n$`)
	if !want.MatchString(got) {
		t.Errorf("got %s", got)
	}
	s.portal("GET", "/devices?server="+s.server.ID, nil, 200).wantJSON(
		`{"total":2,"by_profile":{"":1,"` + uuid + `":1},"by_status":{"empty":1,"pushed":1},"activated":1}`)
	var detail apple.Summary
	s.portal("GET", "/devices?server="+s.server.ID+"&detail=true", nil, 200).decode(&detail)
	same(t, "detail", detail.Devices, map[string]string{n[0]: uuid, n[1]: ""})
	s.portal("GET", "/devices", nil, 200).wantJSON(
		`{"total":3,"by_profile":{"":2,"` + uuid + `":1},"by_status":{"empty":2,"pushed":1},"activated":1}`)
	s.portal("POST", "/devices/"+n[0]+"/erase", nil, 200)
	s.portal("PATCH", "/devices/"+n[0], `{"asset_tag":"CART-1"}`, 200)
	s.portal("POST", "/devices/"+n[0]+"/replace", nil, 200).wantJSON(`{"serial_number":"` + n[2] + `"}`)
	for _, path := range []string{"/devices/NOSUCHDEVICE", "/devices?server=none", "/profiles/none"} {
		s.portal("GET", path, nil, 404)
	}
	s.portal("GET", "/devices?detail=perhaps", nil, 400)
}

func TestPortalShowsProfiles(t *testing.T) {
	s := newSchool(t, 1, 1)
	uuid := s.client.define("Carts")
	s.client.assign(uuid, s.SerialNumbers()[0])
	want := `{"profile_uuid":"` + uuid + `","server":"` + s.server.ID + `","defined_at":"2026-08-24T07:30:00Z",` +
		`"protocol_version":10,"device_count":1,"definition":{"profile_name":"Carts","url":"https://mdm.school.example/enroll"}}`
	s.portal("GET", "/profiles/"+uuid, nil, 200).wantJSON(want)
	s.portal("GET", "/profiles", nil, 200).wantJSON("[" + want + "]")
}

func TestPortalClockTermsOrganizationAndSettings(t *testing.T) {
	s := newSchool(t, 0, 0)
	s.portal("GET", "/clock", nil, 200).wantJSON(`{"now":"2026-08-24T07:30:00Z"}`)
	s.portal("POST", "/clock", `{"advance":"168h"}`, 200).wantJSON(`{"now":"2026-08-31T07:30:00Z"}`)
	s.portal("POST", "/clock", `{"advance":"-1h"}`, 400)
	s.portal("POST", "/clock", `{"advance":"soon"}`, 400)
	equal(t, "Now", s.Now(), opening.Add(168*time.Hour))

	s.portal("POST", "/terms", `{"signed":false}`, 200)
	s.client.openSession().wantError(403, "T_C_NOT_SIGNED")
	s.portal("POST", "/terms", `{}`, 400)

	s.portal("POST", "/organization", `{"org_type":"org","admin_id":"new@school.example"}`, 200)
	equal(t, "org_type", s.Organization().OrgType, "org")
	equal(t, "what was not set stays", s.Organization().OrgName, "Example School District")
	s.portal("POST", "/organization", `{"org_type":"x"}`, 400)
	equal(t, "organization", strings.Contains(s.portal("GET", "/organization", nil, 200).body, `"org_type":"org"`), true)

	s.portal("POST", "/settings", `{"session_lifetime":"1h","quoted_errors":true,"limit_default":50}`, 200)
	equal(t, "session lifetime", time.Duration(s.Settings().SessionLifetime), time.Hour)
	equal(t, "what was not set stays", s.Settings().LimitMaximum, 1000)
	s.portal("POST", "/settings", `{"limit_default":5000}`, 400)
	s.portal("POST", "/settings", `{"latency":"-1s"}`, 400)
	s.portal("POST", "/settings", `{"latenzy":"1s"}`, 400)
	equal(t, "settings", strings.Contains(s.portal("GET", "/settings", nil, 200).body, `"limit_default":50,`), true)
}

func TestPortalFaultsAndRequests(t *testing.T) {
	s := newSchool(t, 1, 1)
	serial := s.SerialNumbers()[0]
	s.portal("POST", "/faults", `[{"kind":"throttled","serials":["`+serial+`"],"retry_after_seconds":60,"times":1,"for":"1h"}]`,
		200).wantJSON(`[{"id":"fault-1","kind":"throttled","times":1,"for":"1h0m0s","serials":["` + serial +
		`"],"retry_after_seconds":60,"matched":0,"hit":0}]`)
	s.portal("POST", "/faults", `[{"kind":"explode"}]`, 400)
	s.client.assign(s.client.define("Carts"), serial)
	equal(t, "hit", strings.Contains(s.portal("GET", "/faults", nil, 200).body, `"hit":1`), true)
	s.portal("DELETE", "/faults", nil, 200)
	s.portal("GET", "/faults", nil, 200).wantJSON(`[]`)

	s.portal("DELETE", "/requests", nil, 200)
	s.client.assign(s.client.define("Carts"), serial)
	s.portal("GET", "/requests?serials=true", nil, 200).wantJSON(`{"requests":{"POST /profile":1,"POST /profile/devices":1},` +
		`"total":2,"max_in_flight":1,"fetch_chains":[],"violations":[],"max_devices_per_assign":1,` +
		`"assign_sends":{"` + serial + `":1},"max_assign_sends":1}`)
	equal(t, "without serials", strings.Contains(s.portal("GET", "/requests", nil, 200).body, serial), false)
	s.portal("GET", "/nothing", nil, 404)
}

func TestOnlyLoopbackIsListenedOn(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "example.com:0", "127.0.0.1"} {
		sim := apple.New(apple.Options{})
		for _, pair := range [][2]string{{addr, "127.0.0.1:0"}, {"127.0.0.1:0", addr}} {
			if err := sim.Listen(t.Context(), pair[0], pair[1]); err == nil {
				t.Errorf("listening on %v was allowed", pair)
			}
		}
		must(t, sim.Close())
	}
}
