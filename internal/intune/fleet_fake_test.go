package intune

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	fleetToken = "11111111-2222-4333-8444-555555555555"
	studentsID = "aaaaaaaa-0000-4000-8000-000000000001"
	teachersID = "aaaaaaaa-0000-4000-8000-000000000002"
	policyID   = "bbbbbbbb-0000-4000-8000-000000000003"
)

// fleetFake is a token with profiles and devices behind Graph's paths, with a clock that only waiting moves.
type fleetFake struct {
	*testing.T
	mu       sync.Mutex
	now      time.Time
	profiles map[string]map[string]any // by id as listed
	devices  map[string]map[string]any // by serial number
	defaults map[string]string         // by navigation property
	synced   int                       // syncedDeviceCount; -1 is the number of devices
	expires  string
	// late is how long what was written takes to show; pending is what does not show yet.
	late    time.Duration
	pending []pendingWrite
	// fault answers a request in place of the fake when it gives a status.
	fault func(r *http.Request) (status int, body string)
	// unfiltered: $filter is ignored.
	unfiltered bool
	pageSize   int
	requests   []string // method and path below the token, query left out
	bodies     []string
	made       int
}

type pendingWrite struct {
	at time.Time
	do func()
}

func newFleetFake(t *testing.T) (*fleetFake, *Service) {
	t.Helper()
	f := &fleetFake{
		T: t, now: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC), profiles: map[string]map[string]any{}, devices: map[string]map[string]any{},
		defaults: map[string]string{}, synced: -1, pageSize: 1000, expires: "2027-09-01T08:00:00Z",
	}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	s, err := Open(Config{
		Endpoint: server.URL, Token: func(context.Context) (string, error) { return "secret-token", nil },
		VisibleWithin: 2 * time.Minute, Now: f.clock,
		Wait: func(ctx context.Context, d time.Duration) error {
			f.mu.Lock()
			f.now = f.now.Add(d)
			f.mu.Unlock()
			return ctx.Err()
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return f, s
}

func (f *fleetFake) clock() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

// addProfile gives the id as it is listed.
func (f *fleetFake) addProfile(guid, name string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := fleetToken + "_" + guid
	f.profiles[id] = iosProfile(id, name)
	return id
}

func (f *fleetFake) addPolicy(guid, name string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := mirrorPrefix + fleetToken + "_" + guid
	f.profiles[id] = map[string]any{"@odata.type": "#microsoft.graph.depIOSEnrollmentProfile", "id": id, "displayName": name, "isDefault": false}
	return id
}

// iosProfile has a value for whatever cannot be null, as Graph gives it.
func iosProfile(id, name string) map[string]any {
	p := map[string]any{
		"@odata.type": "#microsoft.graph.depIOSEnrollmentProfile", "id": id, "displayName": name, "description": nil, "isDefault": false,
		"iTunesPairingMode": "allow", "managementCertificates": []any{}, "enabledSkipKeys": []any{}, "enrollmentTimeAzureAdGroupIds": []any{},
		"sharedIPadMaximumUserCount": 0, "userSessionTimeoutInSeconds": 0, "temporarySessionTimeoutInSeconds": 0, "passcodeLockGracePeriodInSeconds": nil,
	}
	for flag := range skipFlags {
		p[flag] = false
	}
	for _, flag := range []string{
		"supervisedModeEnabled", "profileRemovalDisabled", "requiresUserAuthentication", "isMandatory", "configurationWebUrl",
		"enableAuthenticationViaCompanyPortal", "requireCompanyPortalOnSetupAssistantEnrolledDevices", "waitForDeviceConfiguredConfirmation",
		"awaitDeviceConfiguredConfirmation", "enableSharedIPad", "forceTemporarySession", "enableSingleAppEnrollmentMode", "userlessSharedAadModeEnabled",
	} {
		p[flag] = false
	}
	return p
}

func (f *fleetFake) addDevices(n int) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for range n {
		f.made++
		serial := fmt.Sprintf("DMPX%08d", f.made)
		f.devices[serial] = map[string]any{
			"id": serial, "serialNumber": serial, "description": "IPAD 10TH GEN WI-FI 64GB BLUE", "platform": "ios", "discoverySource": "deviceEnrollmentProgram",
			"enrollmentState": "notContacted", "requestedEnrollmentProfileId": "", "createdDateTime": "2026-09-01T10:00:00Z",
			"requestedEnrollmentProfileAssignmentDateTime": nil, "lastContactedDateTime": "0001-01-01T00:00:00Z", "isSupervised": true, "isDeleted": false,
		}
		out = append(out, serial)
	}
	return out
}

func (f *fleetFake) set(serial, property string, value any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.devices[serial][property] = value
}

func (f *fleetFake) profileOf(serial string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.settle(f.now.Add(24 * time.Hour))
	id, _ := f.devices[serial]["requestedEnrollmentProfileId"].(string)
	return id
}

// count gives the number of requests so far whose line matches.
func (f *fleetFake) count(pattern string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, line := range f.requests {
		if regexp.MustCompile(pattern).MatchString(line) {
			n++
		}
	}
	return n
}

// lastBody is what the last request that matches was sent with.
func (f *fleetFake) lastBody(pattern string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, line := range slices.Backward(f.requests) {
		if regexp.MustCompile(pattern).MatchString(line) {
			return f.bodies[i]
		}
	}
	return ""
}

func (f *fleetFake) settle(at time.Time) {
	f.pending = slices.DeleteFunc(f.pending, func(w pendingWrite) bool {
		if w.at.After(at) {
			return false
		}
		w.do()
		return true
	})
}

func (f *fleetFake) write(do func()) {
	f.pending = append(f.pending, pendingWrite{at: f.now.Add(f.late), do: do})
}

func (f *fleetFake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.settle(f.now)
	below, ok := strings.CutPrefix(r.URL.Path, "/beta/deviceManagement/depOnboardingSettings/"+fleetToken)
	var raw json.RawMessage
	_ = json.NewDecoder(r.Body).Decode(&raw)
	f.requests, f.bodies = append(f.requests, r.Method+" "+below+"?"+r.URL.Query().Get("$filter")), append(f.bodies, string(raw))
	if f.fault != nil {
		if status, body := f.fault(r); status != 0 {
			answer(w, status, body)
			return
		}
	}
	parts := strings.Split(strings.TrimPrefix(below, "/"), "/")
	switch {
	case !ok:
		notThere(w)
	case below == "":
		f.token(w)
	case parts[0] == "importedAppleDeviceIdentities":
		f.identities(w, r)
	case parts[0] == "enrollmentProfiles" && len(parts) == 1:
		f.collection(w, r, raw)
	case parts[0] == "enrollmentProfiles":
		f.profile(w, r.Method, parts[1:], raw)
	default:
		notThere(w)
	}
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("request-id", "req-1")
	w.WriteHeader(status)
	switch b := body.(type) {
	case nil:
	case string:
		_, _ = w.Write([]byte(b))
	default:
		_ = json.NewEncoder(w).Encode(b)
	}
}

func notThere(w http.ResponseWriter) {
	answer(w, http.StatusNotFound, `{"error":{"code":"ResourceNotFound","message":"not there"}}`)
}

func (f *fleetFake) token(w http.ResponseWriter) {
	synced := f.synced
	if synced < 0 {
		synced = len(f.devices)
	}
	out := map[string]any{"id": fleetToken, "tokenName": "District", "tokenType": "appleSchoolManager", "syncedDeviceCount": synced, "tokenExpirationDateTime": f.expires}
	for property, id := range f.defaults {
		out[property] = map[string]any{"id": id}
	}
	answer(w, http.StatusOK, out)
}

func (f *fleetFake) collection(w http.ResponseWriter, r *http.Request, raw json.RawMessage) {
	if r.Method == http.MethodPost {
		f.made++
		id := fmt.Sprintf("%s_cccccccc-0000-4000-8000-%012d", fleetToken, f.made)
		p := iosProfile(id, "")
		var body map[string]any
		_ = json.Unmarshal(raw, &body)
		maps.Copy(p, body)
		f.write(func() { f.profiles[id] = p })
		answer(w, http.StatusCreated, p)
		return
	}
	f.page(w, r, f.profiles)
}

func (f *fleetFake) identities(w http.ResponseWriter, r *http.Request) {
	rows := f.devices
	named := regexp.MustCompile(`serialNumber eq '([^']*)'`).FindStringSubmatch(r.URL.Query().Get("$filter"))
	if named != nil && !f.unfiltered {
		rows = map[string]map[string]any{}
		if d := f.devices[named[1]]; d != nil {
			rows[named[1]] = d
		}
	}
	f.page(w, r, rows)
}

func (f *fleetFake) page(w http.ResponseWriter, r *http.Request, rows map[string]map[string]any) {
	keys := slices.Backward(slices.Sorted(maps.Keys(rows))) // in no order that a client may rely upon
	from, _ := strconv.Atoi(r.URL.Query().Get("$skiptoken"))
	list, i := []any{}, 0
	out := map[string]any{}
	for _, key := range keys {
		if i++; i <= from {
			continue
		}
		if len(list) == f.pageSize {
			query := r.URL.Query()
			query.Set("$skiptoken", strconv.Itoa(i-1))
			out["@odata.nextLink"] = "http://" + r.Host + r.URL.Path + "?" + query.Encode()
			break
		}
		list = append(list, rows[key])
	}
	out["value"] = list
	answer(w, http.StatusOK, out)
}

// lookUp finds a profile by its id as listed or, of a mirror, without the prefix.
func (f *fleetFake) lookUp(id string) map[string]any {
	if p := f.profiles[id]; p != nil {
		return p
	}
	return f.profiles[mirrorPrefix+id]
}

func (f *fleetFake) profile(w http.ResponseWriter, method string, parts []string, raw json.RawMessage) {
	p := f.lookUp(parts[0])
	if p == nil {
		notThere(w)
		return
	}
	id, _ := p["id"].(string)
	switch {
	case len(parts) == 2 && parts[1] == "setDefaultProfile":
		f.write(func() {
			f.defaults["defaultIosEnrollmentProfile"] = strings.TrimPrefix(id, mirrorPrefix)
			p["isDefault"] = true
		})
		answer(w, http.StatusNoContent, nil)
	case len(parts) == 2:
		f.assign(w, id, raw)
	case method == http.MethodPatch:
		var body map[string]any
		_ = json.Unmarshal(raw, &body)
		f.write(func() { maps.Copy(p, body) })
		answer(w, http.StatusNoContent, nil)
	case method == http.MethodDelete:
		f.write(func() { delete(f.profiles, id) })
		answer(w, http.StatusNoContent, nil)
	default:
		answer(w, http.StatusOK, p)
	}
}

func (f *fleetFake) assign(w http.ResponseWriter, id string, raw json.RawMessage) {
	var body struct {
		DeviceIDs []string `json:"deviceIds"`
	}
	if json.Unmarshal(raw, &body) != nil || body.DeviceIDs == nil || len(body.DeviceIDs) > 1000 {
		answer(w, http.StatusBadRequest, `{"error":{"code":"BadRequest","message":"Invalid ODataActionParameter 'deviceIds'"}}`)
		return
	}
	f.write(func() {
		for _, serial := range body.DeviceIDs {
			if d := f.devices[serial]; d != nil && d["stuck"] == nil {
				d["requestedEnrollmentProfileId"] = id[strings.LastIndex(id, "_")+1:] // by its GUID alone, as a capture of the portal has it
				d["requestedEnrollmentProfileAssignmentDateTime"] = "2026-11-23T08:00:00Z"
			}
		}
	})
	answer(w, http.StatusNoContent, nil)
}
