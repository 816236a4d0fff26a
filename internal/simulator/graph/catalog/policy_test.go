package catalog_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/graph/catalog"
)

const requiredMissing = "A required Setting in the template is not present in the policy"

func TestAPolicyOfEachTemplateIsCreatedFromItsDefaults(t *testing.T) {
	v := newTenant(t)
	for platform, id := range map[string]string{"iOS": iOS, "macOS": macOS, "tvOS": tvOS, "visionOS": visionOS} {
		v.create(v.policy(platform, id))
	}
}

func TestACreatedPolicyIsReadBack(t *testing.T) {
	v := newTenant(t)
	body := v.iPads()
	id := v.create(body)
	for _, path := range []string{policies + "/" + id, policies + "('" + id + "')"} {
		p := v.get(path)
		for property, want := range map[string]any{
			"name": "test", "description": "test", "platforms": "iOS", "technologies": "enrollment", "isAssigned": false, "settingCount": 40.0,
			"creationSource": "DepTokenId_" + tokenID, "createdDateTime": "2026-11-23T08:00:00.0000000Z", "lastModifiedDateTime": "2026-11-23T08:00:00.0000000Z",
		} {
			if p[property] != want {
				t.Errorf("%s: %v, want %v", property, p[property], want)
			}
		}
		if at(p, "templateReference", "templateFamily") != "enrollmentConfiguration" || at(p, "roleScopeTagIds", 0) != "0" {
			t.Errorf("template %v, scope tags %v", p["templateReference"], p["roleScopeTagIds"])
		}
	}
	first := at(v.get(policies+"/"+id+"/settings?$expand=settingDefinitions"), "value", 0)
	if at(first, "settingInstance", "choiceSettingValue", "children", 0, "choiceSettingValue", "children", 0, "choiceSettingValue", "value") !=
		"ade_modernauth_awaitfinalconfiguration_1" || at(first, "settingDefinitions", 0, "id") != "ade_useraffinity" {
		t.Errorf("the first setting is %v", first)
	}
}

// A type that the metadata declares is not repeated in an answer, whatever was sent.
func TestAnAnswerHasTypesOnlyWhereTheyTellSomething(t *testing.T) {
	v := newTenant(t)
	body := v.iPads()
	const types = "#microsoft.graph.deviceManagementConfiguration"
	locked := instance(body, "ade_lockedenrollment")
	at(locked, "choiceSettingValue", "settingValueTemplateReference").(object)["@odata.type"] = types + "SettingValueTemplateReference"
	locked["settingInstanceTemplateReference"].(object)["@odata.type"] = types + "SettingInstanceTemplateReference"
	answered := at(v.get(policies+"/"+v.create(body)+"/settings"), "value", 1, "settingInstance")
	want := object{
		"@odata.type": types + "ChoiceSettingInstance", "settingDefinitionId": "ade_lockedenrollment", "auditRuleInformation": nil,
		"settingInstanceTemplateReference": object{"settingInstanceTemplateId": "e105d3a4-7318-454a-a231-0d1510ebf1e3"},
		"choiceSettingValue": object{
			"value": "ade_lockedenrollment_1", "children": []any{},
			"settingValueTemplateReference": object{
				"settingValueTemplateId": "49085612-4cce-4305-822d-6a6c793285be", "useTemplateDefault": false,
			},
		},
	}
	if fmt.Sprint(answered) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", answered, want)
	}
}

func TestSettingsComeInPagesOf25UnlessAskedOtherwise(t *testing.T) {
	v := newTenant(t)
	id := v.create(v.iPads())
	var ids []any
	var sizes []int
	for next := any(policies + "('" + id + "')/settings"); next != nil; {
		page := v.get(next.(string))
		for _, row := range rows(page) {
			ids = append(ids, at(row, "id"))
		}
		sizes = append(sizes, len(rows(page)))
		next = page["@odata.nextLink"]
	}
	if !slices.Equal(sizes, []int{25, 15}) || len(ids) != 40 || ids[0] != "0" || ids[39] != "39" {
		t.Errorf("pages of %v: %v", sizes, ids)
	}
	whole := v.get(policies + "('" + id + "')/settings?$top=1000&$count=true")
	if len(rows(whole)) != 40 || whole["@odata.nextLink"] != nil || whole["@odata.count"] != 40.0 {
		t.Errorf("with $top=1000: %d rows, %v", len(rows(whole)), whole["@odata.nextLink"])
	}
	page := v.get(policies + "('" + id + "')/settings?$top=3&$skip=37")
	if len(rows(page)) != 3 || at(page, "value", 0, "id") != "37" || page["@odata.nextLink"] != nil {
		t.Errorf("with $top and $skip: %v", page)
	}
}

func TestANextLinkKeepsTheOtherOptions(t *testing.T) {
	v := newTenant(t)
	for i := range 3 {
		body := v.iPads()
		body["name"] = fmt.Sprint("policy ", i)
		v.create(body)
	}
	page := v.get(policies + "?$filter=platforms eq 'iOS'&$top=2&$select=name")
	next := v.get(page["@odata.nextLink"].(string))
	if fmt.Sprint(rows(next)) != "[map[name:policy 2]]" || next["@odata.nextLink"] != nil {
		t.Errorf("the next page is %v", next)
	}
}

func TestPoliciesAreFoundAsTheAdminCenterFindsThem(t *testing.T) {
	v := newTenant(t)
	iPads := v.create(v.iPads())
	v.create(v.policy("macOS", macOS))
	other := v.iPads()
	other["creationSource"] = "DepTokenId_11111111-1111-1111-1111-111111111111"
	v.create(other)
	found := rows(v.get(policies + "?$filter=(technologies has 'enrollment') and (platforms eq 'iOS') and " +
		"(TemplateReference/templateId eq '" + iOS + "') and (creationSource eq 'DepTokenId_" + tokenID + "')"))
	if len(found) != 1 || at(found, 0, "id") != iPads {
		t.Errorf("found %v", found)
	}
	if all := rows(v.get(policies)); len(all) != 3 {
		t.Errorf("without a filter %d", len(all))
	}
	if n := len(v.Policies(tokenID)); n != 2 {
		t.Errorf("%d policies of the token", n)
	}
}

func TestWhatTheTemplateDoesNotTakeIsRefused(t *testing.T) {
	v := newTenant(t)
	choice := func(body object, id string) object { return instance(body, id)["choiceSettingValue"].(object) }
	sharedIPad := func(body object, children ...any) {
		choice(body, "ade_useraffinity")["value"] = "ade_useraffinity_3"
		choice(body, "ade_useraffinity")["children"] = children
	}
	integer := func(id string, value any) object {
		return object{
			"@odata.type": "#microsoft.graph.deviceManagementConfigurationSimpleSettingInstance", "settingDefinitionId": id,
			"simpleSettingValue": object{"@odata.type": "#microsoft.graph.deviceManagementConfigurationIntegerSettingValue", "value": value},
		}
	}
	guests := func(option string, children ...any) object {
		return object{
			"@odata.type":         "#microsoft.graph.deviceManagementConfigurationChoiceSettingInstance",
			"settingDefinitionId": "ade_requiresharedipadtemporarysessiononly",
			"choiceSettingValue":  object{"value": "ade_requiresharedipadtemporarysessiononly_" + option, "children": children},
		}
	}
	cached, idle := "ade_maximumcachedusers", "ade_maximumsecondsinactivityuntiluserlogsout"
	certificates := func(body object, values ...any) {
		list := []any{}
		for _, value := range values {
			list = append(list, object{"@odata.type": "#microsoft.graph.deviceManagementConfigurationStringSettingValue", "value": value})
		}
		template := templateOf(v, "ade_appleconfiguratorcertificates")
		body["settings"] = append(body["settings"].([]any), object{"settingInstance": object{
			"@odata.type":                      "#microsoft.graph.deviceManagementConfigurationSimpleSettingCollectionInstance",
			"settingDefinitionId":              "ade_appleconfiguratorcertificates",
			"settingInstanceTemplateReference": object{"settingInstanceTemplateId": at(template, "settingInstanceTemplateId")},
			"simpleSettingCollectionValue":     list,
		}})
	}
	cases := map[string]struct {
		change func(body object)
		want   string // empty: taken
	}{
		"the request that was captured in July, after August": {func(b object) { b["settings"] = captured(t)["settings"] }, requiredMissing},
		"a required setting left out":                         {func(b object) { without(b, "ade_setupassistant_siri") }, requiredMissing + ": 'ade_setupassistant_siri'"},
		"one that is not required left out":                   {func(b object) { without(b, "ade_setupassistant_department") }, ""},
		"no settings":                                         {func(b object) { b["settings"] = []any{} }, requiredMissing},
		"an unknown setting": {func(b object) {
			instance(b, "ade_setupassistant_siri")["settingDefinitionId"] = "ade_setupassistant_teleport"
		}, "There is no setting definition 'ade_setupassistant_teleport'"},
		"a setting of another template": {func(b object) {
			instance(b, "ade_setupassistant_siri")["settingDefinitionId"] = "ade_setupassistant_filevault"
		}, "is not in the template"},
		"a child at the top": {func(b object) {
			instance(b, "ade_setupassistant_siri")["settingDefinitionId"] = "ade_authenticationmethod"
		}, "is not in the template"},
		"a setting twice": {func(b object) {
			list := b["settings"].([]any)
			b["settings"] = append(list, list[0])
		}, "more than once"},
		"no instance template id": {func(b object) { delete(instance(b, "ade_lockedenrollment"), "settingInstanceTemplateReference") }, "has no settingInstanceTemplateReference"},
		"another setting's instance template id": {func(b object) {
			instance(b, "ade_lockedenrollment")["settingInstanceTemplateReference"] = object{"settingInstanceTemplateId": "f3ddbbae-bb3d-45e8-bb9c-854f674e56ef"}
		}, "which is not its own"},
		"no value template id": {func(b object) { delete(choice(b, "ade_lockedenrollment"), "settingValueTemplateReference") }, "has no settingValueTemplateReference"},
		"no value template id of a text": {func(b object) {
			delete(instance(b, "ade_setupassistant_department")["simpleSettingValue"].(object), "settingValueTemplateReference")
		}, "has no settingValueTemplateReference"},
		"another setting's value template id": {func(b object) {
			choice(b, "ade_lockedenrollment")["settingValueTemplateReference"] = object{"settingValueTemplateId": "e34ab06d-486a-4cc0-a867-295515ac2dfc"}
		}, "which is not its own"},
		"an unknown option": {func(b object) { choice(b, "ade_lockedenrollment")["value"] = "ade_lockedenrollment_7" }, "has no option"},
		"an option that is gone": {func(b object) {
			at(choice(b, "ade_useraffinity"), "children", 0, "choiceSettingValue").(object)["value"] = "ade_authenticationmethod_0"
		}, "has no option"},
		"a required child left out": {func(b object) { choice(b, "ade_useraffinity")["children"] = []any{} }, "'ade_authenticationmethod', which the option 'ade_useraffinity_1' needs"},
		"a child of another option": {func(b object) { choice(b, "ade_useraffinity")["value"] = "ade_useraffinity_0" }, "does not belong below the option"},
		"a child twice": {func(b object) {
			children := choice(b, "ade_useraffinity")["children"].([]any)
			choice(b, "ade_useraffinity")["children"] = append(children, children[0])
		}, "more than once"},
		"an unknown child": {func(b object) {
			at(choice(b, "ade_useraffinity"), "children", 0).(object)["settingDefinitionId"] = "ade_nothing"
		}, "There is no setting definition 'ade_nothing'"},
		"a child with an instance template id": {func(b object) {
			at(choice(b, "ade_useraffinity"), "children", 0).(object)["settingInstanceTemplateReference"] = object{"settingInstanceTemplateId": "f3ddbbae-bb3d-45e8-bb9c-854f674e56ef"}
		}, "stands below an option"},
		"a child with its setting's value template id, as captured for macOS": {func(b object) {
			at(choice(b, "ade_useraffinity"), "children", 0, "choiceSettingValue").(object)["settingValueTemplateReference"] = object{"settingValueTemplateId": "e34ab06d-486a-4cc0-a867-295515ac2dfc"}
		}, ""},
		"a child with another value template id": {func(b object) {
			at(choice(b, "ade_useraffinity"), "children", 0, "choiceSettingValue").(object)["settingValueTemplateReference"] = object{"settingValueTemplateId": "49085612-4cce-4305-822d-6a6c793285be"}
		}, "which is not its own"},
		"Shared iPad": {func(b object) { sharedIPad(b, guests("0", integer(cached, 10), integer(idle, 0))) }, ""},
		"Shared iPad, guests only": {func(b object) {
			sharedIPad(b, guests("1", integer("ade_maximumsecondsinactivityuntiltemporarysessionlogsout", 30)))
		}, ""},
		"cached users of guests":     {func(b object) { sharedIPad(b, guests("1", integer(cached, 10))) }, "does not belong below the option"},
		"too many cached users":      {func(b object) { sharedIPad(b, guests("0", integer(cached, 101), integer(idle, 0))) }, "101 of the setting 'ade_maximumcachedusers' is not between 0 and 100"},
		"fewer than no cached users": {func(b object) { sharedIPad(b, guests("0", integer(cached, -1), integer(idle, 0))) }, "is not between 0 and 100"},
		"a number as text":           {func(b object) { sharedIPad(b, guests("0", integer(cached, "10"), integer(idle, 0))) }, "is not an integer"},
		"half a user":                {func(b object) { sharedIPad(b, guests("0", integer(cached, 1.5), integer(idle, 0))) }, "is not an integer"},
		"no number":                  {func(b object) { sharedIPad(b, guests("0", integer(cached, nil), integer(idle, 0))) }, "is not an integer"},
		"a text that is too short": {func(b object) {
			at(instance(b, "ade_setupassistant_department"), "simpleSettingValue").(object)["value"] = ""
		}, "has 0 characters; it takes 1 to 125"},
		"a text that is too long": {func(b object) {
			at(instance(b, "ade_setupassistant_departmentphone"), "simpleSettingValue").(object)["value"] = strings.Repeat("5", 51)
		}, "has 51 characters; it takes 1 to 50"},
		"letters count, not bytes": {func(b object) {
			at(instance(b, "ade_setupassistant_departmentphone"), "simpleSettingValue").(object)["value"] = strings.Repeat("ü", 50)
		}, ""},
		"a text that is null": {func(b object) {
			at(instance(b, "ade_setupassistant_department"), "simpleSettingValue").(object)["value"] = nil
		}, "is not a string"},
		"a text that is a number": {func(b object) {
			at(instance(b, "ade_setupassistant_department"), "simpleSettingValue").(object)["value"] = 7
		}, "is not a string"},
		"a text of another type": {func(b object) {
			at(instance(b, "ade_setupassistant_department"), "simpleSettingValue").(object)["@odata.type"] = "#microsoft.graph.deviceManagementConfigurationIntegerSettingValue"
		}, "is not a string"},
		"a name template with a space": {func(b object) {
			at(choice(b, "ade_devicenametemplatechoices"), "children", 0, "simpleSettingValue").(object)["value"] = "my iPad"
		}, "does not match"},
		"a carrier that is not an address": {func(b object) {
			at(choice(b, "ade_activatecellulardatachoices"), "children", 0, "simpleSettingValue").(object)["value"] = "carrier"
		}, "does not match"},
		"a carrier with a long address": {func(b object) {
			at(choice(b, "ade_activatecellulardatachoices"), "children", 0, "simpleSettingValue").(object)["value"] = "https://" + strings.Repeat("c", 300)
		}, ""},
		"certificates":                     {func(b object) { certificates(b, "TUlJQg==", "TUlJQw==") }, ""},
		"a certificate that is not base64": {func(b object) { certificates(b, "-----BEGIN") }, "is not base64"},
		"a certificate that is too long":   {func(b object) { certificates(b, strings.Repeat("TUlJ", 2049)) }, "has 8196 characters; it takes 0 to 8192"},
		"too many certificates":            {func(b object) { certificates(b, slices.Repeat([]any{"TUlJQg=="}, 601)...) }, "has 601 values; it takes 0 to 600"},
		"a choice of another type": {func(b object) {
			instance(b, "ade_lockedenrollment")["@odata.type"] = "#microsoft.graph.deviceManagementConfigurationSimpleSettingInstance"
		}, "has the type"},
		"a choice with the value of a text": {func(b object) { delete(instance(b, "ade_lockedenrollment"), "choiceSettingValue") }, "has 0 values"},
		"a value of another kind": {func(b object) {
			i := instance(b, "ade_setupassistant_department")
			i["choiceSettingValue"] = object{"value": "x", "children": []any{}, "settingValueTemplateReference": object{"settingValueTemplateId": groupID}}
			delete(i, "simpleSettingValue")
		}, "has a value of another kind"},
		"a setting that is something else": {func(b object) {
			at(b["settings"], 0).(object)["@odata.type"] = "#microsoft.graph.deviceManagementConfigurationPolicy"
		}, "A setting has the type"},
		"a choice whose value is something else": {func(b object) {
			choice(b, "ade_lockedenrollment")["@odata.type"] = "#microsoft.graph.deviceManagementConfigurationStringSettingValue"
		}, "The value of the setting 'ade_lockedenrollment' has the type"},
		"a body that is something else": {func(b object) {
			b["@odata.type"] = "#microsoft.graph.deviceManagementConfigurationSetting"
		}, "The body has the type"},
		"an unknown property":     {func(b object) { b["colour"] = "red" }, `unknown field "colour"`},
		"no name":                 {func(b object) { b["name"] = " " }, "has no name"},
		"another platform":        {func(b object) { b["platforms"] = "macOS" }, "is for the platform 'iOS', not 'macOS'"},
		"another technology":      {func(b object) { b["technologies"] = "mdm" }, "is for the technology 'enrollment', not 'mdm'"},
		"another template family": {func(b object) { b["templateReference"].(object)["templateFamily"] = "baseline" }, "is not of the family 'baseline'"},
		"an unknown template":     {func(b object) { b["templateReference"].(object)["templateId"] = strings.Replace(iOS, "_1", "_2", 1) }, "does not name a template"},
		"no template":             {func(b object) { delete(b, "templateReference") }, "does not name a template"},
		"a template of another platform": {func(b object) {
			b["templateReference"].(object)["templateId"] = "a6157a7f-aa00-42d9-ac82-7d2479f545db_1"
		}, "does not have the settings"},
		"no token":                     {func(b object) { delete(b, "creationSource") }, "does not name an enrollment program token"},
		"a token without its prefix":   {func(b object) { b["creationSource"] = tokenID }, "does not name an enrollment program token"},
		"a token that does not exist":  {func(b object) { b["creationSource"] = "DepTokenId_" + groupID }, "There is no enrollment program token"},
		"a token id that is not an id": {func(b object) { b["creationSource"] = "DepTokenId_district" }, "does not name an enrollment program token"},
		"scope tags, which are kept":   {func(b object) { b["roleScopeTagIds"] = []any{"0", "7"} }, ""},
	}
	v.SetHooks(catalog.Hooks{TokenExists: func(id string) bool { return id == tokenID }})
	taken := v.iPads()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			body := copied(t, taken)
			c.change(body)
			if c.want != "" {
				v := *v
				v.t = t
				v.refused(http.MethodPost, policies, body, http.StatusBadRequest, c.want)
				return
			}
			if status, answer := v.send(http.MethodPost, policies, body); status != http.StatusCreated {
				t.Errorf("got %d %v", status, answer)
			}
		})
	}
}

func templateOf(v *tenant, id string) any {
	for _, row := range rows(v.get(templates + "('" + iOS + "')/settingTemplates?$top=1000")) {
		if template := at(row, "settingInstanceTemplate"); at(template, "settingDefinitionId") == id {
			return template
		}
	}
	return nil
}

// On macOS an option can depend on what was chosen above it: a standard primary account needs a local administrator.
func TestAnOptionThatTheOneAboveDoesNotAllowIsRefused(t *testing.T) {
	v := newTenant(t)
	body := v.policy("macOS", macOS)
	admin := at(instance(body, "ade_macos_awaitconfiguration"), "choiceSettingValue", "children", 0)
	primary := at(admin, "choiceSettingValue", "children", 0, "choiceSettingValue").(object)
	primary["value"] = "ade_accountsettings_createlocalprimary_1"
	primary["children"] = []any{object{
		"@odata.type":         "#microsoft.graph.deviceManagementConfigurationChoiceSettingInstance",
		"settingDefinitionId": "ade_accountsettings_prefillaccountinfo",
		"choiceSettingValue":  object{"value": "ade_accountsettings_prefillaccountinfo_0", "children": []any{}},
	}}
	v.refused(http.MethodPost, policies, body, http.StatusBadRequest, "is not to be had below 'ade_accountsettings_createlocaladmin_0'")
	primary["value"] = "ade_accountsettings_createlocalprimary_2"
	v.create(body)
}

func TestReplacingKeepsWhatTiesAPolicyToItsToken(t *testing.T) {
	v := newTenant(t)
	id := v.create(v.iPads())
	path := policies + "('" + id + "')"
	for name, c := range map[string]struct {
		change func(object)
		want   string
	}{
		"without its token":          {func(b object) { delete(b, "creationSource") }, "is not that of the policy"},
		"with another token":         {func(b object) { b["creationSource"] = "DepTokenId_" + groupID }, "is not that of the policy"},
		"without a required setting": {func(b object) { without(b, "ade_lockedenrollment") }, requiredMissing},
	} {
		body := v.iPads()
		c.change(body)
		t.Log(name)
		v.refused(http.MethodPut, path, body, http.StatusBadRequest, c.want)
	}
	v.refused(http.MethodPut, path, with(v.policy("macOS", macOS), "creationSource", "DepTokenId_"+tokenID), http.StatusBadRequest, "was made from the template")
	v.refused(http.MethodPut, policies+"/"+groupID, v.iPads(), http.StatusNotFound, "There is no configuration policy")
	if p := v.get(path); p["lastModifiedDateTime"] != p["createdDateTime"] {
		t.Error("a refused PUT changed the policy")
	}
}

func with(body object, property string, value any) object {
	body[property] = value
	return body
}

func TestReplacingReplacesTheWholePolicy(t *testing.T) {
	for answers, hasBody := range map[int]bool{http.StatusNoContent: false, http.StatusOK: true} {
		v := newTenant(t)
		v.UpdateSettings(func(s *catalog.Settings) { s.ReplaceAnswers = answers })
		id := v.create(v.iPads())
		v.now = v.now.AddDate(0, 0, 1)
		body := with(without(v.iPads(), "ade_setupassistant_department"), "name", "iPads of 2027")
		instance(body, "ade_setupassistant_siri")["choiceSettingValue"].(object)["value"] = "ade_setupassistant_siri_0"
		delete(body, "description")
		status, answer := v.send(http.MethodPut, policies+"('"+id+"')", body)
		if status != answers || (answer["name"] == "iPads of 2027") != hasBody {
			t.Errorf("got %d %v", status, answer)
		}
		p, _ := v.Policy(id)
		if p.Name != "iPads of 2027" || p.Description != "" || p.Settings["ade_setupassistant_siri"] != "ade_setupassistant_siri_0" ||
			p.Settings["ade_setupassistant_department"] != nil || p.Modified.Equal(p.Created) || p.TokenID != tokenID || p.Platform != "iOS" {
			t.Errorf("replaced: %+v", p)
		}
	}
}

func TestAPolicyIsShownToItsHostWithAllItsSettings(t *testing.T) {
	v := newTenant(t)
	id := v.create(v.iPads())
	if err := v.SetSetting(id, "ade_appleconfiguratorcertificates", []string{"TUlJQg=="}); err != nil {
		t.Fatal(err)
	}
	if err := v.SetSetting(id, "ade_useraffinity", "ade_useraffinity_3"); err != nil {
		t.Fatal(err)
	}
	p := v.Policies(tokenID)[0]
	for setting, want := range map[string]any{
		"ade_useraffinity": "ade_useraffinity_3", "ade_requiresharedipadtemporarysessiononly": "ade_requiresharedipadtemporarysessiononly_0",
		"ade_maximumcachedusers": int64(10), "ade_setupassistant_department": "1-125chara length", "ade_authenticationmethod": nil,
	} {
		if p.Settings[setting] != want {
			t.Errorf("%s: %v, want %v", setting, p.Settings[setting], want)
		}
	}
	if fmt.Sprint(p.Settings["ade_appleconfiguratorcertificates"]) != "[TUlJQg==]" {
		t.Errorf("certificates: %v", p.Settings["ade_appleconfiguratorcertificates"])
	}
}

func TestADeletedPolicyIsGone(t *testing.T) {
	v := newTenant(t)
	id := v.create(v.iPads())
	if status, _ := v.send(http.MethodDelete, policies+"/"+id, nil); status != http.StatusNoContent {
		t.Errorf("got %d", status)
	}
	for _, call := range []struct{ method, path string }{
		{http.MethodGet, ""},
		{http.MethodDelete, ""},
		{http.MethodGet, "/settings"},
		{http.MethodGet, "/retrieveEnrollmentTimeDeviceMembershipTarget"},
		{http.MethodDelete, "/clearEnrollmentTimeDeviceMembershipTarget"},
	} {
		v.refused(call.method, policies+"/"+id+call.path, nil, http.StatusNotFound, "There is no configuration policy")
	}
	if len(v.Policies("")) != 0 {
		t.Error("the host still sees it")
	}
}

func TestTheHostMayRefuseAndIsTold(t *testing.T) {
	v := newTenant(t)
	var refuse catalog.Action
	var told []string
	v.SetHooks(catalog.Hooks{
		Refuse: func(action catalog.Action, p catalog.Policy) *catalog.Refusal {
			if action == refuse {
				return &catalog.Refusal{Status: http.StatusConflict, Code: "Conflict", Message: "no: " + p.Name}
			}
			return nil
		},
		OnChange: func(action catalog.Action, p catalog.Policy) {
			told = append(told, fmt.Sprint(int(action), " ", p.Name, " ", len(v.Policies(p.TokenID)))) // it may ask back
		},
	})
	refuse = catalog.ActionCreate
	v.refused(http.MethodPost, policies, v.iPads(), http.StatusConflict, "no: test")
	refuse = 0
	id := v.create(v.iPads())
	for action, method := range map[catalog.Action]string{catalog.ActionReplace: http.MethodPut, catalog.ActionDelete: http.MethodDelete} {
		refuse = action
		var body any
		if method == http.MethodPut {
			body = with(v.iPads(), "name", "next")
		}
		v.refused(method, policies+"/"+id, body, http.StatusConflict, "no: ")
	}
	refuse = 0
	v.send(http.MethodPut, policies+"/"+id, with(v.iPads(), "name", "next"))
	if err := v.SetSetting(id, "ade_setupassistant_siri", "ade_setupassistant_siri_0"); err != nil {
		t.Fatal(err)
	}
	v.send(http.MethodDelete, policies+"/"+id, nil)
	if want := []string{"1 test 1", "2 next 1", "4 next 1", "3 next 0"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}

func TestTheHostWritesErrorsInItsOwnShape(t *testing.T) {
	v := newTenant(t)
	v.SetHooks(catalog.Hooks{Error: func(w http.ResponseWriter, _ *http.Request, status int, code, message string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"error":{"code":%q,"message":"Intune says: %s"}}`, code, message)
	}})
	v.refused(http.MethodGet, policies+"/"+groupID, nil, http.StatusNotFound, "Intune says: There is no")
}

func TestWhatHasNoRouteIsRefusedAsIntuneDoes(t *testing.T) {
	v := newTenant(t)
	id := v.create(v.iPads())
	for _, call := range []struct{ method, path string }{
		{http.MethodPatch, policies + "/" + id},
		{http.MethodPost, policies + "/" + id},
		{http.MethodDelete, policies},
		{http.MethodPost, policies + "/" + id + "/settings"},
		{http.MethodPost, policies + "/" + id + "/retrieveEnrollmentTimeDeviceMembershipTarget"},
		{http.MethodPost, policies + "/" + id + "/clearEnrollmentTimeDeviceMembershipTarget"},
		{http.MethodGet, policies + "/" + id + "/settings/0/nothing"},
		{http.MethodPost, templates},
	} {
		v.refused(call.method, call.path, object{}, http.StatusBadRequest, "No OData route exists")
	}
	v.refused(http.MethodPost, policies, "text", http.StatusBadRequest, "is not a deviceManagementConfigurationPolicy")
}

func TestExpandAddsSettingsToPolicies(t *testing.T) {
	v := newTenant(t)
	id := v.create(v.iPads())
	if p := v.get(policies + "/" + id + "?$expand=settings,assignments"); len(p["settings"].([]any)) != 40 || len(p["assignments"].([]any)) != 0 {
		t.Errorf("expanded: %v", p)
	}
	if p := v.get(policies + "/" + id + "?$select=name,id"); len(p) != 3 {
		t.Errorf("selected: %v", p)
	}
	v.refused(http.MethodGet, policies+"/"+id+"?$expand=devices", nil, http.StatusBadRequest, "is not a navigation property")
	v.refused(http.MethodGet, policies+"/"+id+"?$filter=x", nil, http.StatusBadRequest, "The query option '$filter'")
}

func TestServesTellsTheCatalogsPaths(t *testing.T) {
	for path, want := range map[string]bool{
		"/beta/deviceManagement/configurationPolicies":               true,
		"/beta/deviceManagement/configurationPolicies('x')/settings": true,
		"/beta/deviceManagement/configurationPolicyTemplates/x":      true,
		"/beta/deviceManagement/configurationPoliciesOther":          false,
		"/beta/deviceManagement/depOnboardingSettings":               false,
		"/beta/configurationPolicies":                                false,
	} {
		if catalog.Serves(path) != want {
			t.Errorf("%s: %t", path, !want)
		}
	}
}
