package catalog_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/graph/catalog"
)

func TestTwoPanesMadeRequiredOvernight(t *testing.T) {
	v := newTenant(t)
	yesterday := v.iPads()
	id := v.create(yesterday)
	if err := v.AddSetting(catalog.Setting{ID: "ade_setupassistant_hologram", DisplayName: "Hologram", Platforms: []string{"iOS"}, Required: true}); err != nil {
		t.Fatal(err)
	}
	if err := v.Require("ade_setupassistant_voiceselection"); err != nil {
		t.Fatal(err)
	}
	v.refused(http.MethodPost, policies, yesterday, http.StatusBadRequest, requiredMissing)
	v.refused(http.MethodPut, policies+"/"+id, yesterday, http.StatusBadRequest, requiredMissing)
	if n := len(rows(v.get(policies + "/" + id + "/settings?$top=1000"))); n != 40 {
		t.Errorf("the policy of yesterday has %d settings now", n)
	}
	if n := v.get(templates + "/" + iOS)["settingTemplateCount"]; n != 43.0 {
		t.Errorf("the template counts %v settings", n)
	}
	today := v.iPads()
	for _, pane := range []string{"ade_setupassistant_hologram", "ade_setupassistant_voiceselection"} {
		if value := at(instance(today, pane), "choiceSettingValue", "value"); value != pane+"_0" {
			t.Errorf("%s has the default %v", pane, value)
		}
	}
	if status, answer := v.send(http.MethodPut, policies+"/"+id, today); status != http.StatusNoContent {
		t.Errorf("got %d %v", status, answer)
	}
	v.create(v.policy("macOS", macOS)) // the panes are not for Macs
}

func TestRequireTurnsAnOptionalSettingIntoARequiredOne(t *testing.T) {
	v := newTenant(t)
	if err := v.Require("ade_setupassistant_department"); err != nil {
		t.Fatal(err)
	}
	for _, platform := range []string{"iOS", "macOS", "tvOS", "visionOS"} {
		if !slices.Contains(v.SettingIDs(platform, true), "ade_setupassistant_department") {
			t.Errorf("not required on %s", platform)
		}
	}
	v.refused(http.MethodPost, policies, without(v.iPads(), "ade_setupassistant_department"), http.StatusBadRequest, "'ade_setupassistant_department'")
}

func TestASettingThatIsWithdrawnIsRefused(t *testing.T) {
	v := newTenant(t)
	yesterday := v.iPads()
	v.Withdraw("ade_setupassistant_siri")
	v.refused(http.MethodPost, policies, yesterday, http.StatusBadRequest, "'ade_setupassistant_siri' is not in the template")
	v.create(without(yesterday, "ade_setupassistant_siri"))
}

func TestDriftOfTheTemplateRefuses(t *testing.T) {
	v := newTenant(t)
	for want, err := range map[string]error{
		`there is no setting "ade_nothing"`:              v.Require("ade_nothing"),
		`there is no setting "ade_authenticationmethod"`: v.Require("ade_authenticationmethod"), // stands below an option
		"there is a setting":                             v.AddSetting(catalog.Setting{ID: "ade_setupassistant_siri", Platforms: []string{"iOS"}}),
		"no template has a platform of":                  v.AddSetting(catalog.Setting{ID: "ade_new", Platforms: []string{"watchOS"}}),
		"has an id and platforms":                        v.AddSetting(catalog.Setting{ID: "ade_new"}),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if err := v.Require("ade_new"); err == nil {
		t.Error("a setting that was refused is there")
	}
}

func TestOneSettingIsChangedInTheAdminCenter(t *testing.T) {
	v := newTenant(t)
	id := v.create(v.iPads())
	before, _ := v.Policy(id)
	v.now = v.now.AddDate(0, 0, 1)
	if err := v.SetSetting(id, "ade_modernauth_awaitfinalconfiguration", "ade_modernauth_awaitfinalconfiguration_0"); err != nil {
		t.Fatal(err)
	}
	after, _ := v.Policy(id)
	for setting, value := range after.Settings {
		changed := setting == "ade_modernauth_awaitfinalconfiguration"
		if text, isText := value.(string); isText && (before.Settings[setting] != text) != changed {
			t.Errorf("%s: %v became %v", setting, before.Settings[setting], value)
		}
	}
	if !after.Modified.After(before.Modified) {
		t.Error("lastModifiedDateTime stayed")
	}
	if err := v.SetSetting(id, "ade_setupassistant_department", "Library"); err != nil {
		t.Fatal(err)
	}
	// What was changed there can be sent back as it is read.
	settings := rows(v.get(policies + "/" + id + "/settings?$top=1000"))
	for _, s := range settings {
		delete(s.(object), "id")
		if i := at(s, "settingInstance").(object); i["settingDefinitionId"] == "ade_setupassistant_department" && at(i, "simpleSettingValue", "value") != "Library" {
			t.Errorf("the department is %v", i)
		}
	}
	if status, answer := v.send(http.MethodPut, policies+"/"+id, with(v.iPads(), "settings", settings)); status != http.StatusNoContent {
		t.Errorf("got %d %v", status, answer)
	}
}

func TestASettingIsChangedToWhatJSONHas(t *testing.T) {
	v := newTenant(t)
	id := v.create(v.iPads())
	for _, change := range []struct {
		setting string
		value   any
		want    string
	}{
		{"ade_useraffinity", "ade_useraffinity_3", "ade_useraffinity_3"},
		{"ade_maximumcachedusers", 24.0, "24"},
		{"ade_appleconfiguratorcertificates", []any{"TUlJQg==", "TUlJQw=="}, "[TUlJQg== TUlJQw==]"},
		{"ade_appleconfiguratorcertificates", []any{}, "[]"},
	} {
		if err := v.SetSetting(id, change.setting, change.value); err != nil {
			t.Errorf("%s: %v", change.setting, err)
		}
		if p, _ := v.Policy(id); fmt.Sprint(p.Settings[change.setting]) != change.want {
			t.Errorf("%s: %v, want %s", change.setting, p.Settings[change.setting], change.want)
		}
	}
	if err := v.SetSetting(id, "ade_maximumcachedusers", 2.5); err == nil || !strings.Contains(err.Error(), "is not an integer") {
		t.Errorf("half a user: %v", err)
	}
}

func TestAChangeThatTheCatalogRefusesChangesNothing(t *testing.T) {
	v := newTenant(t)
	id := v.create(v.iPads())
	for want, err := range map[string]error{
		"has no option 'ade_modernauth_awaitfinalconfiguration_9'": v.SetSetting(id, "ade_modernauth_awaitfinalconfiguration", "ade_modernauth_awaitfinalconfiguration_9"),
		"has no option":                    v.SetSetting(id, "ade_lockedenrollment", "ade_lockedenrollment_9"),
		"is not a string":                  v.SetSetting(id, "ade_setupassistant_department", 7),
		"There is no configuration policy": v.SetSetting(groupID, "ade_lockedenrollment", "ade_lockedenrollment_1"),
		"its template does not list it":    v.SetSetting(id, "ade_setupassistant_filevault", "ade_setupassistant_filevault_1"),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	p, _ := v.Policy(id)
	for _, setting := range []string{"ade_lockedenrollment", "ade_modernauth_awaitfinalconfiguration"} {
		if p.Settings[setting] != setting+"_1" {
			t.Errorf("%s was changed to %v", setting, p.Settings[setting])
		}
	}
}
