package catalog_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune/catalog"
)

// dump is testdata/ade-settings.json: Microsoft's definitions of Apple's enrollment settings, shortened.
type dump struct {
	Settings []struct {
		ID            string            `json:"id"`
		Kind          string            `json:"kind"`
		DisplayName   string            `json:"displayName"`
		Platform      string            `json:"platform"`
		Root          string            `json:"rootDefinitionId"`
		DefaultOption string            `json:"defaultOptionId"`
		DefaultValue  json.RawMessage   `json:"defaultValue"`
		Bounds        map[string]any    `json:"valueDefinition"`
		MaximumCount  int               `json:"maximumCount"`
		DependentOn   []json.RawMessage `json:"dependentOn"`
		Options       []struct {
			ID          string   `json:"itemId"`
			DisplayName string   `json:"displayName"`
			DependentOn []string `json:"dependentOn"`
			Children    []struct {
				ID       string `json:"id"`
				Required bool   `json:"required"`
			} `json:"children"`
		} `json:"options"`
	} `json:"settings"`
}

// Which settings stand at the top of a template today: Microsoft defines more than it uses. What is not required is a guess.
var (
	unused = map[enrollment.Platform][]string{
		enrollment.IOS:   {"ade_setupassistant_voiceselection", "ade_setupassistant_taptosetup"},
		enrollment.MacOS: {"ade_useraffinity"},
	}
	notRequired = []string{"ade_appleconfiguratorcertificates", "ade_setupassistant_department", "ade_setupassistant_departmentphone"}
	wireNames   = map[enrollment.Platform]string{enrollment.IOS: "iOS", enrollment.MacOS: "macOS", enrollment.TVOS: "tvOS", enrollment.VisionOS: "visionOS"}
)

// settingTemplates writes a template as Microsoft Graph answers: one object for each setting at the top, with the definitions of
// all that is below it. The ids of the instance and value templates for iOS are those of the capture, where it has them.
func settingTemplates(t testing.TB, platform enrollment.Platform) []map[string]any {
	t.Helper()
	var all dump
	decode(t, "testdata/ade-settings.json", &all)
	ids := capturedIDs(t)
	definitions, tops := map[string][]map[string]any{}, []string{}
	for _, s := range all.Settings {
		if !slices.Contains(strings.Split(s.Platform, ","), wireNames[platform]) || slices.Contains(unused[platform], s.Root) {
			continue
		}
		if s.ID == s.Root {
			tops = append(tops, s.ID)
		}
		d := map[string]any{"id": s.ID, "displayName": s.DisplayName, "name": "Name", "rootDefinitionId": s.Root, "dependentOn": s.DependentOn, "dependedOnBy": []any{}}
		switch s.Kind {
		case "Choice":
			d["@odata.type"], d["defaultOptionId"] = "#microsoft.graph.deviceManagementConfigurationChoiceSettingDefinition", s.DefaultOption
			var options []any
			for _, o := range s.Options {
				on, by := []any{}, []any{}
				for _, option := range o.DependentOn {
					on = append(on, map[string]any{"dependentOn": option, "parentSettingId": option[:strings.LastIndex(option, "_")]})
				}
				for _, child := range o.Children {
					by = append(by, map[string]any{"dependedOnBy": child.ID, "required": child.Required})
				}
				options = append(options, map[string]any{"itemId": o.ID, "displayName": o.DisplayName, "dependentOn": on, "dependedOnBy": by})
			}
			d["options"] = options
		case "Simple":
			d["@odata.type"], d["valueDefinition"] = "#microsoft.graph.deviceManagementConfigurationSimpleSettingDefinition", s.Bounds
			d["defaultValue"] = map[string]any{"settingValueTemplateReference": nil, "value": s.DefaultValue}
		case "SimpleSettingCollectionDefinition":
			d["@odata.type"], d["valueDefinition"] = "#microsoft.graph.deviceManagementConfigurationSimpleSettingCollectionDefinition", s.Bounds
			d["defaultValue"] = map[string]any{"value": nil}
			d["minimumCount"], d["maximumCount"] = 0, s.MaximumCount
		default:
			t.Fatalf("%s is a %s", s.ID, s.Kind)
		}
		definitions[s.Root] = append(definitions[s.Root], d)
	}
	slices.SortStableFunc(tops, func(a, b string) int { return ids.order(a) - ids.order(b) })
	var out []map[string]any
	for i, id := range tops {
		out = append(out, map[string]any{
			"id": string(rune('0' + i)), "settingInstanceTemplate": ids.instance(id, definitions[id]), "settingDefinitions": definitions[id],
		})
	}
	return out
}

// captured are the references in the capture, by setting.
type captured map[string]reference

type reference struct {
	order           int
	instance, value string
}

func (c captured) order(id string) int {
	if r, ok := c[id]; ok {
		return r.order
	}
	return len(c)
}

func (c captured) instance(id string, definitions []map[string]any) map[string]any {
	r, ok := c[id]
	if !ok {
		r = reference{instance: "instance of " + id, value: "value of " + id}
	}
	out := map[string]any{"settingInstanceTemplateId": r.instance, "settingDefinitionId": id, "isRequired": !slices.Contains(notRequired, id)}
	for _, d := range definitions {
		if d["id"] != id {
			continue
		}
		switch kind := d["@odata.type"].(string); {
		case strings.HasSuffix(kind, "ChoiceSettingDefinition"):
			out["choiceSettingValueTemplate"] = map[string]any{"settingValueTemplateId": r.value, "defaultValue": nil}
		case strings.HasSuffix(kind, "SimpleSettingDefinition"):
			out["simpleSettingValueTemplate"] = map[string]any{"settingValueTemplateId": r.value, "defaultValue": nil}
		default:
			out["simpleSettingCollectionValueTemplate"], out["allowUnmanagedValues"] = []any{}, true
		}
	}
	return out
}

type valueTemplate struct {
	Template struct {
		ID string `json:"settingValueTemplateId"`
	} `json:"settingValueTemplateReference"`
}

func capturedIDs(t testing.TB) captured {
	t.Helper()
	out := captured{}
	for i, raw := range capture(t) {
		var one struct {
			Instance struct {
				ID       string `json:"settingDefinitionId"`
				Template struct {
					ID string `json:"settingInstanceTemplateId"`
				} `json:"settingInstanceTemplateReference"`
				Choice valueTemplate `json:"choiceSettingValue"`
				Simple valueTemplate `json:"simpleSettingValue"`
			} `json:"settingInstance"`
		}
		if err := json.Unmarshal(raw, &one); err != nil {
			t.Fatal(err)
		}
		out[one.Instance.ID] = reference{i, one.Instance.Template.ID, one.Instance.Choice.Template.ID + one.Instance.Simple.Template.ID}
	}
	return out
}

// capture are the settings that the admin center sends for a policy with everything in it.
func capture(t testing.TB) []json.RawMessage {
	t.Helper()
	var file struct {
		Request struct {
			Body struct {
				Settings []json.RawMessage `json:"settings"`
			} `json:"body"`
		} `json:"request"`
	}
	decode(t, "testdata/capture-ios.json", &file)
	return file.Request.Body.Settings
}

func parse(t testing.TB, platform enrollment.Platform, templates []map[string]any) catalog.Template {
	t.Helper()
	var raw []json.RawMessage
	for _, one := range templates {
		text, err := json.Marshal(one)
		if err != nil {
			t.Fatal(err)
		}
		raw = append(raw, text)
	}
	template, err := catalog.ParseTemplate("template_1", platform, raw)
	if err != nil {
		t.Fatal(err)
	}
	return template
}

func decode(t testing.TB, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}
