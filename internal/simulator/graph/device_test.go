package graph_test

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/graph"
)

func TestDevicesAreRowsAsIntuneHasThem(t *testing.T) {
	s, token := withToken(t, 200)
	rows := s.get(devices(token.ID)).values()
	platforms := map[any]int{}
	for _, row := range rows {
		platforms[row["platform"]]++
		for property, want := range map[string]any{
			"discoverySource": "deviceEnrollmentProgram", "enrollmentState": "notContacted", "isDeleted": false,
			"requestedEnrollmentProfileId": "", "requestedEnrollmentProfileAssignmentDateTime": nil,
			"lastContactedDateTime": never, "createdDateTime": "2026-08-24T06:30:00Z",
		} {
			if row[property] != want {
				t.Fatalf("%s of %v: got %v, want %v", property, row["serialNumber"], row[property], want)
			}
		}
	}
	if len(rows) != 200 || platforms["ios"] < 150 || platforms["macOS"] == 0 || platforms["tvOS"] == 0 {
		t.Errorf("%d rows, platforms %v", len(rows), platforms)
	}
	if text := rows[0]["description"].(string); !strings.HasPrefix(text, "IPAD") {
		t.Errorf("description: %q", text)
	}
	if got := s.get(devices(token.ID) + "/" + rows[3]["id"].(string)).text("serialNumber"); got != rows[3]["serialNumber"] {
		t.Errorf("by id: got %s", got)
	}
	s.want(404, "GET", devices(token.ID)+"/x", nil)
}

// pages follows nextLink from a query and gives the serial numbers of each page.
func (s *tenant) pages(token, query string) [][]string {
	s.t.Helper()
	var out [][]string
	next := s.GraphURL() + "/beta" + devices(token) + query
	for next != "" {
		a := s.send("GET", next, nil)
		if a.status != 200 || len(out) > 300 {
			s.t.Fatalf("page %d: %d %s", len(out), a.status, a.raw)
		}
		page := []string{}
		for _, row := range a.values() {
			page = append(page, row["serialNumber"].(string))
		}
		out, next = append(out, page), a.text("@odata.nextLink")
	}
	return out
}

func TestPagesLeadToEveryDeviceOnce(t *testing.T) {
	s, token := withToken(t, 2500)
	for query, want := range map[string]int{"": 3, "?$top=999": 3, "?$top=5000": 3, "?$top=500&$count=true": 5, "?$skip=2000": 1} {
		pages := s.pages(token.ID, query)
		all := slices.Concat(pages...)
		if len(pages) != want {
			t.Errorf("%s: got %d pages, want %d", query, len(pages), want)
		}
		if query != "?$skip=2000" && !slices.Equal(all, s.serials(token.ID)) {
			t.Errorf("%s: the pages do not have every device once", query)
		}
	}
	s.set(func(c *graph.Settings) { c.PageSize = 100 })
	if n := len(s.pages(token.ID, "")); n != 25 {
		t.Errorf("page_size 100: got %d pages", n)
	}
	a := s.get(devices(token.ID) + "?$top=1&$count=true")
	if a.at("@odata.count") != 2500.0 || !strings.HasPrefix(a.text("@odata.nextLink"), s.GraphURL()+"/beta/") {
		t.Errorf("first page: %v %s", a.at("@odata.count"), a.text("@odata.nextLink"))
	}
	if a := s.get(devices(token.ID) + "?$top=0"); len(a.values()) != 0 || a.at("@odata.nextLink") != nil {
		t.Errorf("$top=0: %s", a.raw)
	}
}

func TestDevicesAreFiltered(t *testing.T) {
	s, token := withToken(t, 60)
	all := s.serials(token.ID)
	profile := s.profile(token.ID, nil)
	guid := strings.TrimPrefix(profile, token.ID+"_")
	s.assign(token.ID, profile, all[:7]...)
	must(t, s.Apple().Activate(all[2]))
	part := all[5][3:8]
	matching := 0
	for _, serial := range all {
		if strings.Contains(serial, part) {
			matching++
		}
	}
	for filter, want := range map[string]int{
		"serialNumber eq '" + all[9] + "'":                                                                   1,
		"SerialNumber eq '" + strings.ToLower(all[9]) + "'":                                                  1,
		"contains(serialNumber,'" + part + "')":                                                              matching,
		"startswith(serialNumber, '" + all[9] + "')":                                                         1,
		"discoverySource eq 'deviceEnrollmentProgram'":                                                       60,
		"discoverySource eq 'AdminImport'":                                                                   0,
		"requestedEnrollmentProfileId eq '" + profile + "'":                                                  7,
		"requestedEnrollmentProfileId eq ''":                                                                 53,
		"discoverySource eq 'deviceEnrollmentProgram' and requestedEnrollmentProfileId eq '" + profile + "'": 7,
		"enrollmentState eq 'enrolled'":                                                                      1,
		"isDeleted eq false and not(enrollmentState eq 'enrolled')":                                          59,
		"serialNumber eq '" + all[9] + "' or serialNumber eq '" + all[10] + "'":                              2,
		"(serialNumber eq '" + all[9] + "' or serialNumber eq '" + all[10] + "') and platform eq 'x'":        0,
		"createdDateTime lt 2026-08-24T07:00:00Z":                                                            60,
		"createdDateTime ge 2026-08-24T07:00:00Z":                                                            0,
		"requestedEnrollmentProfileAssignmentDateTime ne null":                                               7,
		"requestedEnrollmentProfileAssignmentDateTime eq null":                                               53,
		"serialNumber eq 'it''s'":                                                                            0,
	} {
		query := "?$count=true&$top=3&$filter=" + url.QueryEscape(filter)
		if got := s.get(devices(token.ID) + query).at("@odata.count"); got != float64(want) {
			t.Errorf("%s: @odata.count is %v, want %d", filter, got, want)
		}
		if got := len(slices.Concat(s.pages(token.ID, query)...)); got != want {
			t.Errorf("%s: got %d rows, want %d", filter, got, want)
		}
	}
	for _, bad := range []string{
		"colour eq 'red'", "serialNumber is 'x'", "serialNumber eq", "serialNumber eq 'x", "(serialNumber eq 'x'", "serialNumber eq 'x' 'y'",
		"length(serialNumber)", "contains(serialNumber)", "serialNumber eq x", "and", "contains(serialNumber,x)",
	} {
		s.refused(400, "Invalid filter clause", "GET", devices(token.ID)+"?$filter="+url.QueryEscape(bad), nil)
	}
	s.set(func(c *graph.Settings) { c.RequestedProfileForm = "guid" })
	if got := s.get(devices(token.ID) + "?$count=true&$filter=" + url.QueryEscape("requestedEnrollmentProfileId eq '"+guid+"'")).at("@odata.count"); got != 7.0 {
		t.Errorf("by GUID: got %v", got)
	}
	if got := s.get(devices(token.ID) + "/$count?$filter=" + url.QueryEscape("requestedEnrollmentProfileId eq '"+guid+"'")).raw; got != "7" {
		t.Errorf("$count with a filter: got %s", got)
	}
}

func TestFiltersAndLinksCanMisbehave(t *testing.T) {
	s, token := withToken(t, 20)
	filter := "?$filter=serialNumber eq '" + s.serials(token.ID)[0] + "'"
	s.fault(graph.Fault{Kind: graph.FaultIgnoreFilter, Path: "/importedAppleDeviceIdentities", Times: 1})
	if n := len(s.get(devices(token.ID) + filter).values()); n != 20 {
		t.Errorf("fault: got %d rows, want 20", n)
	}
	if n := len(s.get(devices(token.ID) + filter).values()); n != 1 {
		t.Errorf("after the fault: got %d rows, want 1", n)
	}
	s.set(func(c *graph.Settings) { c.IgnoreFilters, c.LoopNextLink = true, true })
	if n := len(s.get(devices(token.ID) + filter).values()); n != 20 {
		t.Errorf("setting: got %d rows, want 20", n)
	}
	first := s.get(devices(token.ID) + "?$top=8")
	second := s.send("GET", first.text("@odata.nextLink"), nil)
	if first.values()[0]["id"] != second.values()[0]["id"] || first.text("@odata.nextLink") != second.text("@odata.nextLink") {
		t.Error("the link does not loop")
	}
}

func TestTheFormOfTheRequestedProfileIsASetting(t *testing.T) {
	s, token := withToken(t, 2)
	serials := s.serials(token.ID)
	id := s.profile(token.ID, nil)
	s.assign(token.ID, id, serials[0])
	for form, want := range map[string]string{"listed": id, "prefixed": id, "guid": strings.TrimPrefix(id, token.ID+"_")} {
		s.set(func(c *graph.Settings) { c.RequestedProfileForm = form })
		if got := s.device(token.ID, serials[0])["requestedEnrollmentProfileId"]; got != want {
			t.Errorf("%s: got %v, want %s", form, got, want)
		}
	}
	for form, want := range map[string]any{"empty": "", "null": nil, "zero": "00000000-0000-0000-0000-000000000000"} {
		s.set(func(c *graph.Settings) { c.NoProfileForm = form })
		if got := s.device(token.ID, serials[1])["requestedEnrollmentProfileId"]; got != want {
			t.Errorf("%s: got %v, want %v", form, got, want)
		}
	}
}

func TestADeviceEnrollsAndWaitsForAReset(t *testing.T) {
	s, token := withToken(t, 2)
	serial := s.serials(token.ID)[0]
	first, second := s.profile(token.ID, nil), s.profile(token.ID, map[string]any{"displayName": "Other"})
	s.assign(token.ID, first, serial)
	state := func() any { return s.device(token.ID, serial)["enrollmentState"] }
	if state() != "notContacted" {
		t.Errorf("before: %v", state())
	}
	s.advance(time.Hour)
	must(t, s.Apple().Activate(serial))
	row := s.device(token.ID, serial)
	if row["enrollmentState"] != "enrolled" || row["isSupervised"] != true || row["lastContactedDateTime"] != "2026-08-24T08:30:00Z" {
		t.Errorf("activated: %v", row)
	}
	s.want(200, "PATCH", profiles(token.ID)+"/"+first, map[string]any{"description": "changed"})
	if state() != "enrolled" {
		t.Errorf("its profile changed: %v", state())
	}
	s.assign(token.ID, second, serial)
	if row := s.device(token.ID, serial); row["enrollmentState"] != "pendingReset" || row["lastContactedDateTime"] != "2026-08-24T08:30:00Z" {
		t.Errorf("another profile: %v", row)
	}
	must(t, s.Apple().Erase(serial))
	must(t, s.Apple().Activate(serial))
	if state() != "enrolled" {
		t.Errorf("erased and activated: %v", state())
	}
}

func TestAContactIsKeptThoughNobodyLookedBeforeTheNextAssignment(t *testing.T) {
	s, token := withToken(t, 1)
	serial := s.serials(token.ID)[0]
	first, second := s.profile(token.ID, nil), s.profile(token.ID, map[string]any{"displayName": "Other"})
	s.assign(token.ID, first, serial)
	s.advance(time.Hour)
	must(t, s.Apple().Activate(serial))
	s.assign(token.ID, second, serial)
	if got := s.device(token.ID, serial)["lastContactedDateTime"]; got != "2026-08-24T08:30:00Z" {
		t.Errorf("lastContactedDateTime: got %v", got)
	}
}

func TestADeletedRowComesBackWithAFullSync(t *testing.T) {
	s, token := withToken(t, 3)
	row := s.get(devices(token.ID)).values()[1]
	s.want(204, "DELETE", devices(token.ID)+"/"+row["id"].(string), nil)
	s.sync(token.ID)
	if n := len(s.get(devices(token.ID)).values()); n != 2 {
		t.Errorf("after a sync of changes: %d rows, want 2", n)
	}
	s.advance(7 * 24 * time.Hour)
	s.sync(token.ID)
	back := s.get(devices(token.ID)).values()
	if len(back) != 3 || back[2]["serialNumber"] != row["serialNumber"] {
		t.Errorf("after a full sync: %v", back)
	}
}

func TestARenewalIsFollowedByAFullSync(t *testing.T) {
	s, token := withToken(t, 2)
	s.want(204, "DELETE", devices(token.ID)+"/"+s.get(devices(token.ID)).values()[0]["id"].(string), nil)
	s.upload(token.ID, s.download(token.ServerID))
	s.advance(time.Minute)
	if n := len(s.get(devices(token.ID)).values()); n != 2 {
		t.Errorf("%d rows, want 2: a deleted row comes back with a full sync", n)
	}
}

func TestDevicesOfAppleConfiguratorAreImported(t *testing.T) {
	s, token := withToken(t, 1)
	known := s.serials(token.ID)[0]
	path := devices(token.ID) + "/importAppleDeviceIdentityList"
	body := func(overwrite bool) map[string]any {
		return map[string]any{"overwriteImportedDeviceIdentities": overwrite, "importedAppleDeviceIdentities": []map[string]any{
			{"serialNumber": "C02ABCDEFGHJ", "description": "cart " + strconv.FormatBool(overwrite), "platform": "macOS"},
			{"serialNumber": known, "description": "mine"},
		}}
	}
	for _, overwrite := range []bool{false, false, true} {
		s.want(200, "POST", path, body(overwrite))
	}
	row := s.device(token.ID, "C02ABCDEFGHJ")
	if row["discoverySource"] != "adminImport" || row["description"] != "cart true" || row["platform"] != "macOS" {
		t.Errorf("imported: %v", row)
	}
	if s.device(token.ID, known)["description"] == "mine" {
		t.Error("a device of the enrollment program was overwritten")
	}
	results := s.want(200, "POST", path, body(false)).values()
	if len(results) != 2 || results[0]["status"] != false {
		t.Errorf("results: %v", results)
	}
	s.refused(400, "importedAppleDeviceIdentities", "POST", path, map[string]any{"importedAppleDeviceIdentities": "C02"})
	s.refused(400, "serialNumber", "POST", path, map[string]any{"importedAppleDeviceIdentities": []map[string]any{{}}})
	a := s.want(400, "POST", devices(token.ID), map[string]any{"serialNumber": "C02"})
	if a.text("error", "code") != "No method match route template" || !strings.Contains(a.message(), "No OData route exists") {
		t.Errorf("POST of a device: %s", a.raw)
	}
	id := row["id"].(string)
	if got := s.want(200, "PATCH", devices(token.ID)+"/"+id, map[string]any{"description": "new"}).text("description"); got != "new" {
		t.Errorf("PATCH: got %q", got)
	}
}

func TestReleasedDevicesLeaveTheOrganisation(t *testing.T) {
	s, token := withToken(t, 3)
	serial := s.serials(token.ID)[1]
	path := tokensPath + "/" + token.ID + "/releaseAppleDevices"
	s.want(204, "POST", path, map[string]any{"depToken": "x", "deviceSerialNumbers": []string{serial}})
	device, err := s.Apple().Device(serial)
	must(t, err)
	if !device.Disowned {
		t.Error("Apple still owns it")
	}
	s.refused(400, "1 to 100", "POST", path, map[string]any{"deviceSerialNumbers": []string{}})
	s.refused(400, "1 to 100", "POST", path, map[string]any{"deviceSerialNumbers": slices.Repeat([]string{serial}, 101)})
}

func TestAssignmentReachesAppleAndTheRow(t *testing.T) {
	s, token := withToken(t, 4)
	serials := s.serials(token.ID)
	id := s.profile(token.ID, nil)
	s.assign(token.ID, strings.TrimPrefix(id, token.ID+"_"), serials[0], serials[1], serials[0])
	truth := s.truth()
	for i, want := range []string{"Classroom", "Classroom", "", ""} {
		if truth[serials[i]] != want {
			t.Errorf("device %d at Apple: got %q, want %q", i, truth[serials[i]], want)
		}
	}
	row := s.device(token.ID, serials[0])
	if row["requestedEnrollmentProfileId"] != id || row["requestedEnrollmentProfileAssignmentDateTime"] != "2026-08-24T07:30:00Z" {
		t.Errorf("row: %v", row)
	}
}

func TestAnAssignmentIsCheckedAsTheServiceDoes(t *testing.T) {
	s, token := withToken(t, 3)
	id := s.profile(token.ID, nil)
	path := profiles(token.ID) + "/" + id + "/updateDeviceProfileAssignment"
	serials := s.serials(token.ID)
	for name, body := range map[string]any{
		"a string": map[string]any{"deviceIds": serials[0]}, "missing": map[string]any{}, "null": map[string]any{"deviceIds": nil},
		"a number inside": map[string]any{"deviceIds": []any{1}},
	} {
		if a := s.refused(400, "Invalid ODataActionParameter 'deviceIds'", "POST", path, body); a.text("error", "code") != "BadRequest" {
			t.Errorf("%s: %s", name, a.raw)
		}
	}
	s.refused(400, "Invalid ODataActionParameter 'profile'", "POST", path, map[string]any{"deviceIds": serials, "profile": 1})
	s.refused(400, "must not be empty", "POST", path, map[string]any{"deviceIds": []string{}})
	many := make([]string, 1001)
	for i := range many {
		many[i] = "SERIAL" + strconv.Itoa(i)
	}
	s.refused(400, "maximum number of devices", "POST", path, map[string]any{"deviceIds": many})
	s.want(204, "POST", path, map[string]any{"deviceIds": many[:1000]})
	s.refused(404, "Profile not found", "POST", profiles(token.ID)+"/x/updateDeviceProfileAssignment", map[string]any{"deviceIds": serials})
	s.set(func(c *graph.Settings) { c.RefuseUnknownSerials = true })
	s.refused(400, "SERIAL0", "POST", path, map[string]any{"deviceIds": append(serials[:2:2], "SERIAL0")})
	if got := s.truth()[serials[0]]; got != "" {
		t.Errorf("a refused assignment reached Apple: %q", got)
	}
	ledger := s.Requests(true)
	if ledger.MaxAssignDevices != 1001 || ledger.AssignSends["SERIAL0"] != 3 || ledger.Violations[0].Kind != graph.ViolationAssign {
		t.Errorf("ledger: %d %d %v", ledger.MaxAssignDevices, ledger.AssignSends["SERIAL0"], ledger.Violations)
	}
}

func TestAnAssignmentCanFailInPart(t *testing.T) {
	s, token := withToken(t, 8)
	all := s.serials(token.ID)
	id := s.profile(token.ID, nil)
	s.fault(graph.Fault{Kind: graph.FaultSkipDevices, Serials: all[:1], Times: 1})
	s.appleFault(apple.Fault{Kind: apple.FaultThrottled, Serials: all[1:2]})
	s.appleFault(apple.Fault{Kind: apple.FaultFailed, Serials: all[2:3]})
	s.appleFault(apple.Fault{Kind: apple.FaultNotAccessible, Serials: all[3:4]})
	s.assign(token.ID, id, all[:5]...)
	truth := s.truth()
	for i, serial := range all[:5] {
		want := map[bool]string{true: "Classroom"}[i == 4]
		if truth[serial] != want {
			t.Errorf("device %d at Apple: got %q, want %q", i, truth[serial], want)
		}
		if has := s.device(token.ID, serial)["requestedEnrollmentProfileId"] == id; has != (i == 4) {
			t.Errorf("device %d shows the profile: %t", i, has)
		}
	}
	s.Apple().ClearFaults()
	s.fault(graph.Fault{Kind: graph.FaultFailHalfway, Times: 1})
	s.want(500, "POST", profiles(token.ID)+"/"+id+"/updateDeviceProfileAssignment", map[string]any{"deviceIds": all[4:8]})
	truth = s.truth()
	if truth[all[5]] != "Classroom" || truth[all[6]] != "" {
		t.Errorf("after the half: %q, %q", truth[all[5]], truth[all[6]])
	}
	s.fault(graph.Fault{Kind: graph.FaultSkipDevices, Every: 2, Times: 1})
	s.assign(token.ID, id, all[0], all[1], all[2], all[3])
	truth = s.truth()
	for i, want := range []string{"Classroom", "", "Classroom", ""} {
		if truth[all[i]] != want {
			t.Errorf("every second, device %d: got %q, want %q", i, truth[all[i]], want)
		}
	}
}

func TestAnAssignmentCanTakeItsTime(t *testing.T) {
	s, token := withToken(t, 1)
	serial := s.serials(token.ID)[0]
	id := s.profile(token.ID, nil)
	s.set(func(c *graph.Settings) { c.AssignAfter = graph.Duration(2 * time.Minute) })
	s.assign(token.ID, id, serial)
	s.advance(119 * time.Second)
	if got := s.truth()[serial]; got != "" {
		t.Errorf("too early: %q", got)
	}
	s.advance(time.Second)
	if at, err := s.Apple().Device(serial); err != nil || at.ProfileUUID == "" {
		t.Errorf("in time: Apple has %q, %v", at.ProfileUUID, err)
	}
	if got := s.device(token.ID, serial)["requestedEnrollmentProfileAssignmentDateTime"]; got != "2026-08-24T07:32:00Z" {
		t.Errorf("assigned at %v", got)
	}
}

func TestAnotherPlatformsDevicesCanBeLeftAlone(t *testing.T) {
	s, token := withToken(t, 200)
	mac := s.get(devices(token.ID) + "?$filter=platform eq 'macOS'").values()[0]["serialNumber"].(string)
	id := s.profile(token.ID, nil)
	s.set(func(c *graph.Settings) { c.RefuseOtherPlatforms = true })
	s.assign(token.ID, id, mac)
	if got := s.truth()[mac]; got != "" {
		t.Errorf("a Mac got %q", got)
	}
	s.set(func(c *graph.Settings) { c.RefuseOtherPlatforms = false })
	s.assign(token.ID, id, mac)
	if got := s.truth()[mac]; got != "Classroom" {
		t.Errorf("a Mac got %q", got)
	}
}
