package graph_test

import (
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/graph"
)

const policiesPath = "/deviceManagement/configurationPolicies"

// policyBody is a tvOS policy with the settings that its template requires, as far as the answer to a first try tells.
func (s *tenant) policyBody(token, name string) map[string]any {
	s.t.Helper()
	const template = "46af9f2a-ea44-41f5-9a93-baeebd93776e_1"
	rows := s.get("/deviceManagement/configurationPolicyTemplates('" + template + "')/settingTemplates?$expand=settingDefinitions&$top=1000").values()
	var settings []any
	for _, row := range rows {
		if setting := settingOf(row); setting != nil {
			settings = append(settings, map[string]any{"settingInstance": setting})
		}
	}
	return map[string]any{
		"name": name, "description": "", "platforms": "tvOS", "technologies": "enrollment",
		"templateReference": map[string]any{"templateId": template, "templateFamily": "enrollmentConfiguration"},
		"creationSource":    "DepTokenId_" + token, "settings": settings, "roleScopeTagIds": []string{"0"},
	}
}

// settingOf answers a template with the default of its definition.
func settingOf(row map[string]any) map[string]any {
	instance := row["settingInstanceTemplate"].(map[string]any)
	id := instance["settingDefinitionId"].(string)
	reference := map[string]any{"settingInstanceTemplateId": instance["settingInstanceTemplateId"]}
	if choice, is := instance["choiceSettingValueTemplate"].(map[string]any); is {
		return map[string]any{
			"@odata.type":         "#microsoft.graph.deviceManagementConfigurationChoiceSettingInstance",
			"settingDefinitionId": id, "settingInstanceTemplateReference": reference,
			"choiceSettingValue": map[string]any{
				"value": id + "_0", "children": []any{},
				"settingValueTemplateReference": map[string]any{"settingValueTemplateId": choice["settingValueTemplateId"]},
			},
		}
	}
	if simple, is := instance["simpleSettingValueTemplate"].(map[string]any); is {
		return map[string]any{
			"@odata.type":         "#microsoft.graph.deviceManagementConfigurationSimpleSettingInstance",
			"settingDefinitionId": id, "settingInstanceTemplateReference": reference,
			"simpleSettingValue": map[string]any{
				"@odata.type": "#microsoft.graph.deviceManagementConfigurationStringSettingValue", "value": "IT",
				"settingValueTemplateReference": map[string]any{"settingValueTemplateId": simple["settingValueTemplateId"]},
			},
		}
	}
	return nil
}

// policy creates an enrollment policy.
func (s *tenant) policy(token, name string) string {
	s.t.Helper()
	return s.want(201, "POST", policiesPath, s.policyBody(token, name)).text("id")
}

func TestAPolicyIsMirroredAmongTheProfiles(t *testing.T) {
	s, token := withToken(t, 0)
	classic := s.profile(token.ID, nil)
	id := s.policy(token.ID, "Lobby")
	mirror := "ECV2_" + token.ID + "_" + id
	rows := s.get(profiles(token.ID)).values()
	if len(rows) != 2 || rows[0]["id"] != classic || rows[1]["id"] != mirror || rows[1]["displayName"] != "Lobby" ||
		rows[1]["@odata.type"] != "#microsoft.graph.depTvOSEnrollmentProfile" {
		t.Fatalf("listed: %v", rows)
	}
	for _, name := range []string{mirror, token.ID + "_" + id, id} {
		if got := s.get(profiles(token.ID) + "/" + name).text("id"); got != mirror {
			t.Errorf("%s: got %q", name, got)
		}
	}
	s.want(204, "POST", profiles(token.ID)+"/"+token.ID+"_"+id+"/setDefaultProfile", nil)
	got := s.get(tokensPath + "/" + token.ID + "?$expand=defaultTvOSEnrollmentProfile,defaultIosEnrollmentProfile")
	if got.text("defaultTvOSEnrollmentProfile", "id") != mirror || got.at("defaultIosEnrollmentProfile") != nil {
		t.Errorf("default: %s", got.raw)
	}
	s.refused(400, "configuration policy", "PATCH", profiles(token.ID)+"/"+mirror, map[string]any{"displayName": "x"})
	s.refused(400, "configuration policy", "DELETE", profiles(token.ID)+"/"+mirror, nil)
	s.refused(400, "profiles", "DELETE", tokensPath+"/"+token.ID, nil)

	s.want(204, "DELETE", policiesPath+"('"+id+"')", nil)
	s.want(404, "GET", profiles(token.ID)+"/"+mirror, nil)
	s.want(404, "GET", tokensPath+"/"+token.ID+"/defaultTvOSEnrollmentProfile", nil)
}

func TestAPolicyNeedsATokenThatExists(t *testing.T) {
	s, token := withToken(t, 0)
	body := s.policyBody(token.ID, "Lobby")
	body["creationSource"] = "DepTokenId_a7bf2f07-1fd4-4d6c-9ad6-3e5d0a1b2c3d"
	s.want(400, "POST", policiesPath, body)
}

func TestAPolicyIsAssignedAndChangesAtApple(t *testing.T) {
	s, token := withToken(t, 200)
	tv := s.get(devices(token.ID) + "?$filter=platform eq 'tvOS'").values()[0]["serialNumber"].(string)
	id := s.policy(token.ID, "Lobby")
	mirror := "ECV2_" + token.ID + "_" + id
	s.assign(token.ID, mirror, tv)
	if got := s.truth()[tv]; got != "Lobby" {
		t.Errorf("at Apple: %q", got)
	}
	for form, want := range map[string]string{"listed": mirror, "prefixed": token.ID + "_" + id, "guid": id} {
		s.set(func(c *graph.Settings) { c.RequestedProfileForm = form })
		if got := s.device(token.ID, tv)["requestedEnrollmentProfileId"]; got != want {
			t.Errorf("%s: got %v, want %s", form, got, want)
		}
	}
	body := s.policyBody(token.ID, "Hall")
	s.want(204, "PUT", policiesPath+"('"+id+"')", body)
	if got := s.truth()[tv]; got != "Hall" {
		t.Errorf("at Apple after the PUT: %q", got)
	}
	s.set(func(c *graph.Settings) { c.RefuseUsedProfileDelete = true })
	a := s.refused(400, "cannot be deleted", "DELETE", policiesPath+"('"+id+"')", nil)
	if !strings.Contains(a.text("error", "message"), `"_version": 3`) {
		t.Errorf("not an Intune error: %s", a.raw)
	}
}

func TestTheCatalogChangesOvernight(t *testing.T) {
	s, token := withToken(t, 0)
	body := s.policyBody(token.ID, "Lobby")
	id := s.want(201, "POST", policiesPath, body).text("id")
	if status, out := s.admin("POST", "/catalog/settings", `{"ID":"ade_setupassistant_telepathy","DisplayName":"Telepathy","Platforms":["tvOS"],"Required":true}`); status != 200 {
		t.Fatalf("adding a setting: %d %v", status, out)
	}
	s.refused(400, "A required Setting in the template is not present in the policy", "POST", policiesPath, body)
	s.want(201, "POST", policiesPath, s.policyBody(token.ID, "Hall"))
	if status, out := s.admin("PUT", "/policies/"+id+"/settings/ade_lockedenrollment", `{"value":"ade_lockedenrollment_1"}`); status != 200 {
		t.Errorf("changing a setting: %d %v", status, out)
	}
	for _, bad := range [][3]string{
		{"PUT", "/policies/x/settings/ade_lockedenrollment", `{"value":"ade_lockedenrollment_1"}`},
		{"POST", "/catalog/required", `["ade_nothing"]`},
		{"POST", "/catalog/settings", `{}`},
	} {
		if status, _ := s.admin(bad[0], bad[1], bad[2]); status != 400 {
			t.Errorf("%v: got %d, want 400", bad, status)
		}
	}
}

func TestAMirrorShowsLate(t *testing.T) {
	s, token := withToken(t, 0)
	s.set(func(c *graph.Settings) {
		c.VisibleAfter.Policies, c.NotFoundAfterCreate = graph.Duration(time.Minute), graph.Duration(2*time.Minute)
	})
	id := s.policy(token.ID, "Lobby")
	s.get(policiesPath + "('" + id + "')")
	path := profiles(token.ID) + "/ECV2_" + token.ID + "_" + id
	s.want(404, "GET", path, nil)
	s.advance(time.Minute)
	s.get(path)
	s.refused(404, "Profile not found", "POST", path+"/setDefaultProfile", nil)
	s.advance(time.Minute)
	s.want(204, "POST", path+"/setDefaultProfile", nil)
}
