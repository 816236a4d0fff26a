package graph_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/graph"
)

func TestAClassicProfileIsCreatedWithAPrefixedIDAndEveryProperty(t *testing.T) {
	s, token := withToken(t, 0)
	a := s.want(201, "POST", profiles(token.ID), iosProfile(map[string]any{
		"supportDepartment": "IT", "enabledSkipKeys": []string{"Siri"}, "isDefault": true, "id": "mine",
		"iTunesPairingMode":      "requiresCertificate",
		"managementCertificates": []map[string]any{{"thumbprint": "AB", "certificate": "MIIB"}},
	}))
	id := a.text("id")
	if !strings.HasPrefix(id, token.ID+"_") || len(id) != 73 {
		t.Errorf("id: got %q, want {token}_{guid}", id)
	}
	if a.text("@odata.type") != "#microsoft.graph.depIOSEnrollmentProfile" || a.at("isDefault") != false {
		t.Errorf("created: %s", a.raw)
	}
	got := s.get(profiles(token.ID) + "/" + id)
	if len(got.body) != 60 { // 6 + 22 + 29 properties, id, type and context
		t.Errorf("got %d members, want 60: %s", len(got.body), got.raw)
	}
	for property, want := range map[string]any{
		"supportDepartment": "IT", "zoomDisabled": false, "sharedIPadMaximumUserCount": 0.0, "deviceNameTemplate": nil,
		"passcodeLockGracePeriodInSeconds": nil, "iTunesPairingMode": "requiresCertificate",
	} {
		if got.at(property) != want {
			t.Errorf("%s: got %v, want %v", property, got.at(property), want)
		}
	}
	if rows := s.get(profiles(token.ID)).values(); len(rows) != 1 || rows[0]["id"] != id {
		t.Errorf("listed: %v", rows)
	}
	if n := s.get(profiles(token.ID) + "/$count").raw; n != "1" {
		t.Errorf("$count: got %s", n)
	}
}

func TestAMacProfileKeepsItsPasswordToItself(t *testing.T) {
	s, token := withToken(t, 0)
	a := s.want(201, "POST", profiles(token.ID), map[string]any{
		"@odata.type": "#microsoft.graph.depMacOSEnrollmentProfile", "displayName": "Staff", "requiresUserAuthentication": true,
		"adminAccountUserName": "admin", "adminAccountPassword": "hunter2",
		"depProfileAdminAccountPasswordRotationSetting": map[string]any{
			"autoRotationPeriodInDays": 30, "depProfileDelayAutoRotationSetting": map[string]any{"onRetrievalAutoRotatePasswordEnabled": true},
		},
	})
	if strings.Contains(a.raw, "hunter2") || strings.Contains(s.get(profiles(token.ID)).raw, "hunter2") {
		t.Error("the password came back")
	}
	if a.at("depProfileAdminAccountPasswordRotationSetting", "autoRotationPeriodInDays") != 30.0 {
		t.Errorf("rotation: %s", a.raw)
	}
}

// TestTheRulesOfClassicProfiles has a body that breaks each rule, and beside it the nearest that keeps it.
func TestTheRulesOfClassicProfiles(t *testing.T) {
	s, token := withToken(t, 0)
	certificates := func(n int) []map[string]any {
		return slices.Repeat([]map[string]any{{"thumbprint": "AB", "certificate": "MIIB"}}, n)
	}
	for _, test := range []struct {
		rule        string
		breaks, fix map[string]any
	}{
		{"The displayName of", map[string]any{"displayName": ""}, map[string]any{"displayName": "x"}},
		{"displayName", map[string]any{"displayName": strings.Repeat("x", 126)}, map[string]any{"displayName": strings.Repeat("ü", 125)}},
		{"IsMandatory", map[string]any{"isMandatory": false}, map[string]any{"isMandatory": false, "requiresUserAuthentication": true}},
		{"EnableSharedIPad", map[string]any{"enableSharedIPad": true, "requiresUserAuthentication": true}, map[string]any{"enableSharedIPad": true}},
		{"EnableSharedIPad", map[string]any{"enableSharedIPad": true, "supervisedModeEnabled": false}, map[string]any{"supervisedModeEnabled": false}},
		{"ProfileRemovalDisabled", map[string]any{"profileRemovalDisabled": true, "supervisedModeEnabled": false}, map[string]any{"profileRemovalDisabled": true}},
		{"UserlessSharedAadModeEnabled", map[string]any{"userlessSharedAadModeEnabled": true, "requiresUserAuthentication": true}, map[string]any{"userlessSharedAadModeEnabled": true}},
		{"Privacy", map[string]any{"enabledSkipKeys": []string{"Siri", "Privacy"}}, map[string]any{"enabledSkipKeys": []string{"Siri"}, "privacyPaneDisabled": true}},
		{"Registration", map[string]any{"enabledSkipKeys": []string{"Registration"}}, map[string]any{"enabledSkipKeys": []string{}}},
		{"At most 10", map[string]any{"iTunesPairingMode": "requiresCertificate", "managementCertificates": certificates(11)}, map[string]any{"iTunesPairingMode": "requiresCertificate", "managementCertificates": certificates(10)}},
		{"at least one", map[string]any{"iTunesPairingMode": "requiresCertificate"}, map[string]any{"iTunesPairingMode": "allow"}},
		{"has no certificate", map[string]any{"managementCertificates": []map[string]any{{"thumbprint": "AB"}}}, map[string]any{"managementCertificates": certificates(1)}},
		{"deviceNameTemplate", map[string]any{"deviceNameTemplate": strings.Repeat("x", 64)}, map[string]any{"deviceNameTemplate": strings.Repeat("x", 63)}},
		{"supportDepartment", map[string]any{"supportDepartment": strings.Repeat("x", 126)}, map[string]any{"supportDepartment": strings.Repeat("x", 125)}},
		{"supportPhoneNumber", map[string]any{"supportPhoneNumber": strings.Repeat("1", 51)}, map[string]any{"supportPhoneNumber": strings.Repeat("1", 50)}},
		{"CompanyPortalVppTokenId", map[string]any{"companyPortalVppTokenId": "x"}, map[string]any{"companyPortalVppTokenId": "x", "enableAuthenticationViaCompanyPortal": true}},
		{"EnableSingleAppEnrollmentMode", map[string]any{"enableSingleAppEnrollmentMode": true, "enableAuthenticationViaCompanyPortal": true}, map[string]any{"enableSingleAppEnrollmentMode": true, "companyPortalVppTokenId": "x", "enableAuthenticationViaCompanyPortal": true}},
		{"Await", map[string]any{"awaitDeviceConfiguredConfirmation": true, "enableSharedIPad": true}, map[string]any{"awaitDeviceConfiguredConfirmation": true}},
		{"Await", map[string]any{"waitForDeviceConfiguredConfirmation": true, "userlessSharedAadModeEnabled": true}, map[string]any{"waitForDeviceConfiguredConfirmation": true}},
		{"userSessionTimeoutInSeconds", map[string]any{"userSessionTimeoutInSeconds": 29}, map[string]any{"userSessionTimeoutInSeconds": 30}},
		{"temporarySessionTimeoutInSeconds", map[string]any{"temporarySessionTimeoutInSeconds": -1}, map[string]any{"temporarySessionTimeoutInSeconds": 0}},
		{"passcodeLockGracePeriodInSeconds", map[string]any{"passcodeLockGracePeriodInSeconds": 61}, map[string]any{"passcodeLockGracePeriodInSeconds": nil}},
		{"SharedIPadMaximumUserCount", map[string]any{"sharedIPadMaximumUserCount": -1}, map[string]any{"sharedIPadMaximumUserCount": 24}},
		{"does not exist", map[string]any{"registrationDisabled": true}, map[string]any{"zoomDisabled": true}},
		{"Edm.Int32", map[string]any{"sharedIPadMaximumUserCount": "10"}, map[string]any{"sharedIPadMaximumUserCount": 10}},
		{"Edm.Boolean", map[string]any{"zoomDisabled": "true"}, map[string]any{"zoomDisabled": true}},
		{"null value", map[string]any{"zoomDisabled": nil}, map[string]any{"supportDepartment": nil}},
		{"Edm.Guid", map[string]any{"enrollmentTimeAzureAdGroupIds": []string{"staff"}}, map[string]any{"enrollmentTimeAzureAdGroupIds": []string{"a7bf2f07-1fd4-4d6c-9ad6-3e5d0a1b2c3d"}}},
		{"enumeration", map[string]any{"iTunesPairingMode": "sometimes"}, map[string]any{"iTunesPairingMode": "disallow"}},
		{"could not be resolved", map[string]any{"@odata.type": "#microsoft.graph.depWatchEnrollmentProfile"}, nil},
		{"cannot be created", map[string]any{"@odata.type": "#microsoft.graph.depTvOSEnrollmentProfile"}, nil},
		{"cannot be created", map[string]any{"@odata.type": absent}, nil},
	} {
		s.refused(400, test.rule, "POST", profiles(token.ID), iosProfile(test.breaks))
		s.profile(token.ID, test.fix)
	}
}

func TestTheRulesOfMacProfiles(t *testing.T) {
	s, token := withToken(t, 0)
	rotation := func(days, hours int) map[string]any {
		return map[string]any{"depProfileAdminAccountPasswordRotationSetting": map[string]any{
			"autoRotationPeriodInDays":           days,
			"depProfileDelayAutoRotationSetting": map[string]any{"onRetrievalDelayAutoRotatePasswordInHours": hours},
		}}
	}
	body := func(changes map[string]any) map[string]any {
		b := iosProfile(changes)
		b["@odata.type"], b["requiresUserAuthentication"] = "#microsoft.graph.depMacOSEnrollmentProfile", true
		return b
	}
	for rule, breaks := range map[string]map[string]any{
		"AutoAdvanceSetupEnabled":                   {"autoAdvanceSetupEnabled": true, "isMandatory": false},
		"UsePlatformSSO":                            {"usePlatformSSODuringSetupAssistant": true, "configurationWebUrl": true},
		"AutoRotationPeriodInDays":                  rotation(181, 1),
		"OnRetrievalDelayAutoRotatePasswordInHours": rotation(180, 25),
		"does not exist":                            {"enableSharedIPad": true},
	} {
		s.refused(400, rule, "POST", profiles(token.ID), body(breaks))
	}
	s.want(201, "POST", profiles(token.ID), body(rotation(180, 24)))
}

func TestAPatchKeepsWhatItDoesNotName(t *testing.T) {
	s, token := withToken(t, 0)
	id := s.profile(token.ID, map[string]any{"supportDepartment": "IT", "siriDisabled": true})
	path := profiles(token.ID) + "/" + id
	typed := func(changes map[string]any) map[string]any {
		changes["@odata.type"] = "#microsoft.graph.depIOSEnrollmentProfile"
		return changes
	}
	a := s.want(200, "PATCH", path, typed(map[string]any{"displayName": "New", "id": id, "supportDepartment": nil}))
	if a.text("displayName") != "New" || a.at("siriDisabled") != true || a.at("supportDepartment") != nil {
		t.Errorf("after the PATCH: %s", a.raw)
	}
	s.set(func(c *graph.Settings) { c.PatchStatus = 204 })
	s.want(204, "PATCH", path, typed(map[string]any{"siriDisabled": false}))
	if s.get(path).at("siriDisabled") != false {
		t.Error("the second PATCH did not take")
	}
	s.refused(400, "EnableSharedIPad", "PATCH", path, typed(map[string]any{"enableSharedIPad": true, "supervisedModeEnabled": false}))
	s.refused(400, "does not exist on type 'microsoft.graph.enrollmentProfile'", "PATCH", path, map[string]any{"siriDisabled": true})
	s.refused(400, "type", "PATCH", path, map[string]any{"@odata.type": "#microsoft.graph.depMacOSEnrollmentProfile"})
	s.refused(400, "id", "PATCH", path, typed(map[string]any{"id": "other"}))
	s.want(204, "PATCH", path, map[string]any{"description": "by the plain type"})
}

func TestAProfileHasSeveralNames(t *testing.T) {
	s, token := withToken(t, 0)
	id := s.profile(token.ID, nil)
	guid := strings.TrimPrefix(id, token.ID+"_")
	for _, path := range []string{
		"/" + id, "/" + guid, "/" + strings.ToUpper(id), "('" + id + "')", "/" + id + "?$select=id",
	} {
		if got := s.get(profiles(token.ID) + path).text("id"); got != id {
			t.Errorf("%s: got %q", path, got)
		}
	}
	other, err := s.AddToken(graph.TokenSeed{Name: "Other"})
	must(t, err)
	for _, path := range []string{"/ECV2_" + id, "/" + other.ID + "_" + guid, "/x"} {
		s.want(404, "GET", profiles(token.ID)+path, nil)
	}
	s.want(404, "GET", profiles(other.ID)+"/"+guid, nil)
}

func TestClassicCreationCanBeRefused(t *testing.T) {
	s, token := withToken(t, 0)
	id := s.profile(token.ID, nil)
	s.set(func(c *graph.Settings) { c.ClassicCreateRefused = true })
	a := s.want(500, "POST", profiles(token.ID), iosProfile(nil))
	if a.text("error", "code") != "InternalServerError" || strings.Contains(a.text("error", "message"), "_version") {
		t.Errorf("want a bare 500: %s", a.raw)
	}
	s.want(200, "GET", profiles(token.ID)+"/"+id, nil)
	s.want(200, "PATCH", profiles(token.ID)+"/"+id, map[string]any{"displayName": "still changes"})
}

func TestOneDefaultPerPlatform(t *testing.T) {
	s, token := withToken(t, 0)
	first, second := s.profile(token.ID, nil), s.profile(token.ID, nil)
	mac := s.want(201, "POST", profiles(token.ID), map[string]any{
		"@odata.type": "#microsoft.graph.depMacOSEnrollmentProfile", "displayName": "Mac", "isMandatory": true,
	}).text("id")
	expand := "?$expand=defaultIosEnrollmentProfile,defaultMacOsEnrollmentProfile"
	if a := s.get(tokensPath + "/" + token.ID + expand); a.at("defaultIosEnrollmentProfile") != nil {
		t.Errorf("a default before there is one: %s", a.raw)
	}
	s.want(404, "GET", tokensPath+"/"+token.ID+"/defaultIosEnrollmentProfile", nil)
	for _, id := range []string{first, mac, second} {
		s.want(204, "POST", profiles(token.ID)+"/"+id+"/setDefaultProfile", nil)
	}
	a := s.get(tokensPath + "/" + token.ID + expand)
	if a.text("defaultIosEnrollmentProfile", "id") != second || a.text("defaultMacOsEnrollmentProfile", "id") != mac {
		t.Errorf("defaults: %s", a.raw)
	}
	if got := s.get(tokensPath + "/" + token.ID + "/defaultIosEnrollmentProfile").text("id"); got != second {
		t.Errorf("defaultIosEnrollmentProfile: got %s", got)
	}
	var defaults []string
	for _, row := range s.get(profiles(token.ID)).values() {
		if row["isDefault"] == true {
			defaults = append(defaults, row["id"].(string))
		}
	}
	if want := []string{second, mac}; !slices.Equal(slices.Sorted(slices.Values(defaults)), slices.Sorted(slices.Values(want))) {
		t.Errorf("isDefault: got %v, want %v", defaults, want)
	}
	s.want(204, "DELETE", profiles(token.ID)+"/"+second, nil)
	s.want(404, "GET", tokensPath+"/"+token.ID+"/defaultIosEnrollmentProfile", nil)
}

func TestANewProfileIsNotFoundByActionsForAWhile(t *testing.T) {
	s, token := withToken(t, 1)
	s.set(func(c *graph.Settings) { c.NotFoundAfterCreate = graph.Duration(40 * time.Second) })
	id := s.profile(token.ID, nil)
	s.get(profiles(token.ID) + "/" + id)
	s.refused(404, "Profile not found", "POST", profiles(token.ID)+"/"+id+"/setDefaultProfile", nil)
	s.refused(404, "Profile not found", "POST", profiles(token.ID)+"/"+id+"/updateDeviceProfileAssignment", map[string]any{"deviceIds": s.serials(token.ID)})
	s.advance(40 * time.Second)
	s.want(204, "POST", profiles(token.ID)+"/"+id+"/setDefaultProfile", nil)
}

func TestAUsedProfileIsDeletedOrRefused(t *testing.T) {
	s, token := withToken(t, 2)
	used, standard := s.profile(token.ID, nil), s.profile(token.ID, map[string]any{"displayName": "Default"})
	s.assign(token.ID, used, s.serials(token.ID)[0])
	s.want(204, "POST", profiles(token.ID)+"/"+standard+"/setDefaultProfile", nil)
	s.set(func(c *graph.Settings) { c.RefuseUsedProfileDelete = true })
	s.refused(400, "cannot be deleted", "DELETE", profiles(token.ID)+"/"+used, nil)
	s.refused(400, "cannot be deleted", "DELETE", profiles(token.ID)+"/"+standard, nil)
	s.set(func(c *graph.Settings) { c.RefuseUsedProfileDelete = false })
	s.want(204, "DELETE", profiles(token.ID)+"/"+used, nil)
	s.want(404, "GET", profiles(token.ID)+"/"+used, nil)
	s.want(404, "DELETE", profiles(token.ID)+"/"+used, nil)
	serial := s.serials(token.ID)[0]
	s.advance(time.Hour)
	must(t, s.Apple().Activate(serial))
	if got := s.device(token.ID, serial)["enrollmentState"]; got != "failed" {
		t.Errorf("a device whose profile is gone: got %v, want failed", got)
	}
}

func TestAChangedProfileGoesToAppleAgain(t *testing.T) {
	s, token := withToken(t, 3)
	id := s.profile(token.ID, map[string]any{"siriDisabled": true, "enabledSkipKeys": []string{"Zoom"}, "supportDepartment": "IT", "profileRemovalDisabled": true})
	s.assign(token.ID, id, s.serials(token.ID)[:2]...)
	definition := func() map[string]any {
		defined := s.Apple().Profiles()
		var out map[string]any
		must(t, json.Unmarshal(defined[len(defined)-1].Definition, &out))
		if n := defined[len(defined)-1].DeviceCount; n != 2 {
			t.Errorf("the newest definition has %d devices, want 2", n)
		}
		return out
	}
	got := definition()
	items, _ := json.Marshal(got["skip_setup_items"])
	if got["department"] != "IT" || got["is_mdm_removable"] != false || got["is_supervised"] != true || string(items) != `["Siri","Zoom"]` {
		t.Errorf("at Apple: %v", got)
	}
	s.want(200, "PATCH", profiles(token.ID)+"/"+id, map[string]any{"displayName": "Renamed"})
	if got := definition(); got["profile_name"] != "Renamed" {
		t.Errorf("after the PATCH: %v", got)
	}
}

func TestWritesBecomeVisibleLate(t *testing.T) {
	s, token := withToken(t, 2)
	s.set(func(c *graph.Settings) {
		delay := graph.Duration(time.Minute)
		c.VisibleAfter = graph.VisibleAfter{Tokens: delay, Profiles: delay, Devices: delay}
	})
	serial := s.serials(token.ID)[0]
	id := s.profile(token.ID, nil)
	s.want(200, "PATCH", tokensPath+"/"+token.ID, map[string]any{"tokenName": "New"})
	fresh := s.newToken("Fresh")
	s.assign(token.ID, id, serial)
	if s.truth()[serial] != "Classroom" {
		t.Error("Apple has it at once")
	}
	for range 2 {
		s.want(404, "GET", profiles(token.ID)+"/"+id, nil)
		s.want(404, "GET", tokensPath+"/"+fresh, nil)
		if n := len(s.get(profiles(token.ID)).values()); n != 0 {
			t.Errorf("%d profiles are listed, want 0", n)
		}
		if got := s.get(tokensPath + "/" + token.ID).text("tokenName"); got != "District" {
			t.Errorf("tokenName: got %s", got)
		}
		if got := s.device(token.ID, serial)["requestedEnrollmentProfileId"]; got != "" {
			t.Errorf("requestedEnrollmentProfileId: got %v", got)
		}
		s.advance(29 * time.Second)
	}
	s.advance(2 * time.Second)
	s.get(profiles(token.ID) + "/" + id)
	s.get(tokensPath + "/" + fresh)
	if got := s.get(tokensPath + "/" + token.ID).text("tokenName"); got != "New" {
		t.Errorf("tokenName: got %s", got)
	}
	if got := s.device(token.ID, serial)["requestedEnrollmentProfileId"]; got != id {
		t.Errorf("requestedEnrollmentProfileId: got %v", got)
	}
	s.want(204, "DELETE", profiles(token.ID)+"/"+id, nil)
	s.get(profiles(token.ID) + "/" + id)
	s.advance(time.Minute)
	s.want(404, "GET", profiles(token.ID)+"/"+id, nil)
}
