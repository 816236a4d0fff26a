package catalog_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestTemplatesListAsManySettingsAsTheDumpCounted(t *testing.T) {
	v := newTenant(t)
	for id, want := range map[string]int{iOS: 41, macOS: 29, tvOS: 16, visionOS: 19} {
		template := v.get(templates + "('" + id + "')")
		if template["settingTemplateCount"] != float64(want) {
			t.Errorf("%s says %v settings, want %d", template["platforms"], template["settingTemplateCount"], want)
		}
		all := rows(v.get(templates + "/" + id + "/settingTemplates?$top=1000"))
		if len(all) != want {
			t.Errorf("%s lists %d settings, want %d", template["platforms"], len(all), want)
		}
	}
}

func TestTemplatesAreFilteredAndSelected(t *testing.T) {
	v := newTenant(t)
	for filter, want := range map[string]int{
		"templateFamily eq 'enrollmentConfiguration'":                               7,
		"templateFamily eq 'baseline'":                                              0,
		"(platforms eq 'iOS') and (technologies has 'enrollment')":                  1,
		"platforms has 'macOS' or platforms has 'tvOS'":                             2,
		"not (platforms eq 'windows10') and lifecycleState eq 'active'":             4,
		"startswith(displayName,'apple') and contains(displayName, 'Vision')":       1,
		"baseId eq '27d20e9c-50c1-48f8-a44c-f37de4510051' and platforms ne 'macOS'": 1,
	} {
		if got := len(rows(v.get(templates + "?$filter=" + filter))); got != want {
			t.Errorf("%s: %d templates, want %d", filter, got, want)
		}
	}
	row := at(v.get(templates+"?$select=id,platforms&$top=1&$count=true"), "value", 0)
	if len(row.(object)) != 2 {
		t.Errorf("selected %v", row)
	}
}

func TestEverySettingTemplateComesWithItsDefinitions(t *testing.T) {
	v := newTenant(t)
	for _, row := range rows(v.get(templates + "('" + iOS + "')/settingTemplates?$expand=settingDefinitions&$top=1000")) {
		id := at(row, "settingInstanceTemplate", "settingDefinitionId")
		if at(row, "settingDefinitions", 0, "id") != id {
			t.Errorf("%v: its own definition is not the first", id)
		}
		if id != "ade_useraffinity" {
			continue
		}
		var below []string
		for _, d := range at(row, "settingDefinitions").([]any) {
			below = append(below, d.(object)["id"].(string))
		}
		for _, want := range []string{"ade_authenticationmethod", "ade_modernauth_awaitfinalconfiguration", "ade_maximumcachedusers", "ade_requiresharedipadtemporarysessiononly"} {
			if !slices.Contains(below, want) {
				t.Errorf("below user affinity there is no %s: %v", want, below)
			}
		}
	}
	if first := at(v.get(templates+"('"+iOS+"')/settingTemplates"), "value", 0); at(first, "settingDefinitions") != nil {
		t.Error("definitions came without being asked for")
	}
}

func TestTemplateIDsAreThoseOfTheCapturedRequest(t *testing.T) {
	v := newTenant(t)
	body := captured(t)
	templatesByID := map[any]any{}
	for _, row := range rows(v.get(templates + "('" + iOS + "')/settingTemplates?$top=1000")) {
		templatesByID[at(row, "settingInstanceTemplate", "settingDefinitionId")] = at(row, "settingInstanceTemplate")
	}
	for _, s := range body["settings"].([]any) {
		i := at(s, "settingInstance")
		template := templatesByID[at(i, "settingDefinitionId")]
		if at(i, "settingInstanceTemplateReference", "settingInstanceTemplateId") != at(template, "settingInstanceTemplateId") {
			t.Errorf("%v has another instance template: %v", at(i, "settingDefinitionId"), at(template, "settingInstanceTemplateId"))
		}
		value := at(i, "choiceSettingValue", "settingValueTemplateReference", "settingValueTemplateId")
		want := at(template, "choiceSettingValueTemplate", "settingValueTemplateId")
		if value == nil {
			value = at(i, "simpleSettingValue", "settingValueTemplateReference", "settingValueTemplateId")
			want = at(template, "simpleSettingValueTemplate", "settingValueTemplateId")
		}
		if value != want {
			t.Errorf("%v has another value template: %v, want %v", at(i, "settingDefinitionId"), want, value)
		}
	}
}

func TestOtherPlatformsShareTheIDsOfPanesOnly(t *testing.T) {
	v := newTenant(t)
	ids := map[string]map[any]any{}
	for _, template := range []string{iOS, macOS, tvOS, visionOS} {
		ids[template] = map[any]any{}
		for _, row := range rows(v.get(templates + "('" + template + "')/settingTemplates?$top=1000")) {
			one := at(row, "settingInstanceTemplate")
			ids[template][at(one, "settingDefinitionId")] = at(one, "settingInstanceTemplateId")
		}
	}
	for _, c := range []struct {
		setting, template string
		shared            bool
	}{
		{"ade_setupassistant_siri", visionOS, true},
		{"ade_setupassistant_siri", tvOS, true},
		{"ade_lockedenrollment", macOS, true},
		{"ade_lockedenrollment", visionOS, false},
		{"ade_setupassistant_department", tvOS, false},
	} {
		if (ids[iOS][c.setting] == ids[c.template][c.setting]) != c.shared {
			t.Errorf("%s: %v on iOS, %v in %s", c.setting, ids[iOS][c.setting], ids[c.template][c.setting], c.template)
		}
	}
}

func TestATemplateHasADefaultUnlessThatWouldNeedChildren(t *testing.T) {
	v := newTenant(t)
	for setting, want := range map[string]any{"ade_setupassistant_siri": "ade_setupassistant_siri_0", "ade_useraffinity": nil} {
		if got := at(templateOf(v, setting), "choiceSettingValueTemplate", "defaultValue", "settingDefinitionOptionId"); got != want {
			t.Errorf("%s has the default %v, want %v", setting, got, want)
		}
	}
}

func TestATemplateIDIsTheSameInEachRun(t *testing.T) {
	ids := func() string {
		return fmt.Sprint(rows(newTenant(t).get(templates + "('" + visionOS + "')/settingTemplates?$top=1000")))
	}
	if one, other := ids(), ids(); one != other {
		t.Error("another tenant has other ids")
	}
}

func TestWhatIsRequiredIsWhatHasADefault(t *testing.T) {
	v := newTenant(t)
	required, all := v.SettingIDs("iOS", true), v.SettingIDs("iOS", false)
	optional := slices.DeleteFunc(all, func(id string) bool { return slices.Contains(required, id) })
	want := []string{"ade_appleconfiguratorcertificates", "ade_setupassistant_department", "ade_setupassistant_departmentphone"}
	if !slices.Equal(optional, want) {
		t.Errorf("optional: %v, want %v", optional, want)
	}
}

func TestTemplatesRefuse(t *testing.T) {
	v := newTenant(t)
	const unknown = "/configurationPolicyTemplates('00000000-0000-0000-0000-000000000000_1')"
	for path, want := range map[string]string{
		unknown:                       "404 There is no configuration policy template",
		unknown + "/settingTemplates": "404 There is no configuration policy template",
		templates + "('80d33118-b7b4-40d8-b15f-81be745e053f_1')/settingTemplates": "400 The simulator does not have the settings",
		templates + "?$filter=colour eq 'red'":                                    "400 Invalid filter clause",
		templates + "?$filter=platforms eq":                                       "400 Invalid filter clause",
		templates + "?$filter=platforms eq 'iOS') or (":                           "400 Invalid filter clause",
		templates + "?$filter=platforms like 'iOS'":                               "400 Invalid filter clause",
		templates + "?$filter=platforms eq iOS":                                   "400 Invalid filter clause",
		templates + "?$select=colour":                                             "400 Could not find a property named 'colour'",
		templates + "?$orderby=id":                                                "400 The query option '$orderby'",
		templates + "('" + iOS + "')/settingTemplates?$expand=settings":           "400 'settings' is not a navigation property",
		templates + "('" + iOS + "')/settingTemplates?$filter=id eq '1'":          "400 The query option '$filter'",
		templates + "?$top=0":                                                     "400 Invalid value '0' for $top",
		templates + "?$skiptoken=next":                                            "400 The $skiptoken is not one of this service",
	} {
		status, text, _ := strings.Cut(want, " ")
		v.refused(http.MethodGet, path, nil, map[string]int{"400": 400, "404": 404}[status], text)
	}
}
