package catalog_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune/catalog"
)

var update = flag.Bool("update", false, "write the golden files anew")

func encode(t testing.TB, template catalog.Template, spec enrollment.PolicySpec, current catalog.Current) []json.RawMessage {
	t.Helper()
	spec.Platform, spec.Name = template.Platform, "Golden"
	if broken := enrollment.CheckPolicy(spec, &template.PolicyTemplate); len(broken) > 0 {
		t.Fatalf("refused: %+v", broken)
	}
	values, broken := enrollment.ResolvePolicy(spec, template.PolicyTemplate, current.Values)
	if len(broken) > 0 {
		t.Fatalf("refused: %+v", broken)
	}
	settings, err := template.Encode(values, current)
	if err != nil {
		t.Fatal(err)
	}
	return settings
}

func read(t testing.TB, settings []json.RawMessage) catalog.Current {
	t.Helper()
	current, err := catalog.Decode(settings)
	if err != nil {
		t.Fatal(err)
	}
	return current
}

// Each file is what is sent as "settings" for the specification.
func TestGolden(t *testing.T) {
	t.Parallel()
	type spec = enrollment.PolicySpec
	certificate := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("a certificate")}))
	for name, c := range map[string]struct {
		platform enrollment.Platform
		spec     spec
	}{
		"ios-affinity":           {enrollment.IOS, spec{UserAffinity: new(true), AwaitDeviceConfigured: new(false), Department: new("IT"), DepartmentPhone: new("+1 555 0100"), SkipSetupItems: []string{"Siri", "TOS"}}},
		"ios-userless":           {enrollment.IOS, spec{UserAffinity: new(false), LockedEnrollment: new(false), DeviceNameTemplate: new("iPad-{{SERIAL}}"), ConfiguratorCertificates: []string{certificate}}},
		"ios-shared-device-mode": {enrollment.IOS, spec{SharedDeviceMode: new(true), AwaitDeviceConfigured: new(true), CarrierActivationURL: new("https://carrier.example/activate")}},
		"ios-shared-ipad":        {enrollment.IOS, spec{SharedIPad: &enrollment.SharedIPad{MaximumCachedUsers: new(int64(6)), UserSessionTimeout: new(int64(600)), PasscodeLockGracePeriod: new(int64(60))}}},
		"ios-shared-ipad-guests": {enrollment.IOS, spec{SharedIPad: &enrollment.SharedIPad{TemporarySessionsOnly: new(true), TemporarySessionTimeout: new(int64(300))}}},
		"macos":                  {enrollment.MacOS, spec{UserAffinity: new(true), SkipSetupItems: []string{"FileVault"}, Settings: map[string]string{"ade_accountsettings_adminaccountname": "it"}}},
		"tvos":                   {enrollment.TVOS, spec{UserAffinity: new(false), AwaitDeviceConfigured: new(false), DeviceNameTemplate: new("TV-{{SERIAL}}"), SkipSetupItems: []string{"TVRoom", "Siri"}}},
		"visionos":               {enrollment.VisionOS, spec{LockedEnrollment: new(true), SkipSetupItems: []string{"Tips"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := json.MarshalIndent(encode(t, parse(t, c.platform, settingTemplates(t, c.platform)), c.spec, catalog.Current{}), "", " ")
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", "golden", name+".json")
			if *update {
				if err := os.WriteFile(file, append(got, '\n'), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil || !bytes.Equal(bytes.TrimSpace(want), got) {
				t.Errorf("%v; what is sent is no longer %s:\n%s", err, file, got)
			}
		})
	}
}

// The capture sends 38 settings, the template has 3 more by now, one of them not required: reading it and writing what was
// read gives what the admin center sent, and the two that were added.
func TestTheCaptureComesBackAsItWasSent(t *testing.T) {
	t.Parallel()
	template := parse(t, enrollment.IOS, settingTemplates(t, enrollment.IOS))
	spec := read(t, capture(t)).Values.Spec(enrollment.IOS)
	spec.Settings = nil // the attributes say it all
	want := enrollment.PolicySpec{
		Platform: enrollment.IOS, UserAffinity: new(true), SharedDeviceMode: new(false), AwaitDeviceConfigured: new(true), LockedEnrollment: new(true),
		DeviceNameTemplate: new("{{DEVICETYPE}}-{{SERIAL}}"), CarrierActivationURL: new("http://activation.carrier.net"),
		Department: new("1-125chara length"), DepartmentPhone: new("1-50chara length"), SkipSetupItems: []string{},
	}
	if !reflect.DeepEqual(spec, want) {
		t.Fatalf("read as %+v", spec)
	}
	sent := bySetting(t, encode(t, template, spec, catalog.Current{}))
	for id, captured := range bySetting(t, capture(t)) {
		if !reflect.DeepEqual(sent[id], captured) {
			t.Errorf("%s is sent as %v\nand was captured as %v", id, sent[id], captured)
		}
		delete(sent, id)
	}
	if more := slices.Sorted(maps.Keys(sent)); !slices.Equal(more, []string{"ade_setupassistant_accessibilityappearance", "ade_setupassistant_liquidglass"}) {
		t.Errorf("besides, %v are sent", more)
	}
}

func bySetting(t testing.TB, settings []json.RawMessage) map[string]any {
	t.Helper()
	out := map[string]any{}
	for _, raw := range settings {
		var one map[string]any
		if err := json.Unmarshal(raw, &one); err != nil {
			t.Fatal(err)
		}
		out[one["settingInstance"].(map[string]any)["settingDefinitionId"].(string)] = one
	}
	return out
}

func TestTemplate(t *testing.T) {
	t.Parallel()
	for _, platform := range enrollment.Platforms() {
		template := parse(t, platform, settingTemplates(t, platform))
		if template.ID != "template_1" || template.Platform != platform || len(template.Settings) < 18 {
			t.Errorf("%s: %s with %d settings", platform, template.ID, len(template.Settings))
		}
		for id, s := range template.Settings {
			if s.ID != id || s.DisplayName == "" || s.Kind == enrollment.PolicyOther {
				t.Errorf("%s: %+v", platform, s)
			}
		}
	}
	template := parse(t, enrollment.IOS, settingTemplates(t, enrollment.IOS))
	for _, want := range []enrollment.PolicySetting{
		{ID: "ade_activatecellulardata", DisplayName: "Carrier activation server URL", Kind: enrollment.PolicyText, Default: "http://activation.carrier.net", Required: true, Pattern: "^https?://", Under: []string{"ade_activatecellulardatachoices_1"}},
		{ID: "ade_maximumcachedusers", DisplayName: "Maximum cached users", Kind: enrollment.PolicyNumber, Default: "10", Required: true, Maximum: 100, Under: []string{"ade_requiresharedipadtemporarysessiononly_0"}},
		{ID: "ade_maximumsecondsafterscreenlockbeofrepasswordisrequired", DisplayName: "Maximum seconds after screen lock before password is required", Kind: enrollment.PolicyNumber, Default: "0", Maximum: 14400, Under: []string{"ade_requiresharedipadtemporarysessiononly_0"}},
		{ID: "ade_appleconfiguratorcertificates", DisplayName: "Apple Configurator certificates", Kind: enrollment.PolicyList, Default: "[]", Maximum: 8192, MaximumCount: 600},
		{ID: "ade_setupassistant_department", DisplayName: "Department", Kind: enrollment.PolicyText, Minimum: 1, Maximum: 125},
		{ID: "ade_authenticationmethod", DisplayName: "Intune authentication method", Kind: enrollment.PolicyChoice, Default: "ade_authenticationmethod_2", Required: true, Under: []string{"ade_useraffinity_1"}, Options: []enrollment.PolicyOption{
			{ID: "ade_authenticationmethod_2", DisplayName: "Setup Assistant with modern authentication", Under: []string{"ade_useraffinity_1"}},
		}},
	} {
		if got := template.Settings[want.ID]; !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	}
}

// Microsoft adds required settings to a template without a new version.
func TestTwoMoreRequiredSettingsAreSentWithTheirDefaults(t *testing.T) {
	t.Parallel()
	templates := settingTemplates(t, enrollment.IOS)
	for _, id := range []string{"ade_setupassistant_holodeck", "ade_setupassistant_replicator"} {
		text, err := json.Marshal(templates[len(templates)-1])
		if err != nil {
			t.Fatal(err)
		}
		var more map[string]any
		old := templates[len(templates)-1]["settingInstanceTemplate"].(map[string]any)["settingDefinitionId"].(string)
		if err := json.Unmarshal(bytes.ReplaceAll(text, []byte(old), []byte(id)), &more); err != nil {
			t.Fatal(err)
		}
		templates = append(templates, more)
	}
	template := parse(t, enrollment.IOS, templates)
	current := read(t, encode(t, template, enrollment.PolicySpec{SkipSetupItems: []string{}}, catalog.Current{}))
	for _, id := range []string{"ade_setupassistant_holodeck", "ade_setupassistant_replicator"} {
		if current.Values[id] != id+"_0" {
			t.Errorf("%s is sent as %q", id, current.Values[id])
		}
	}
	if d := current.Values.Defaulted(template.PolicyTemplate, nil); len(d) != 2 {
		t.Errorf("told of %v", d)
	}
}

func TestASettingThatLeftTheTemplateIsNotSent(t *testing.T) {
	t.Parallel()
	templates := slices.DeleteFunc(settingTemplates(t, enrollment.IOS), func(one map[string]any) bool {
		return one["settingInstanceTemplate"].(map[string]any)["settingDefinitionId"] == "ade_setupassistant_safety"
	})
	template := parse(t, enrollment.IOS, templates)
	sent := bySetting(t, encode(t, template, enrollment.PolicySpec{SkipSetupItems: []string{"Siri"}}, read(t, capture(t))))
	if _, there := sent["ade_setupassistant_safety"]; there || len(sent) != 39 {
		t.Errorf("%d settings are sent", len(sent))
	}
}

// The template's own default stands before the definition's, unless it is none of the options: older templates pack several
// into one text.
func TestTheTemplatesOwnDefault(t *testing.T) {
	t.Parallel()
	for option, want := range map[string]string{"ade_lockedenrollment_0": "ade_lockedenrollment_0", "ade_lockedenrollment_0 ade_lockedenrollment_1": "ade_lockedenrollment_1"} {
		templates := settingTemplates(t, enrollment.IOS)
		for _, one := range templates {
			instance := one["settingInstanceTemplate"].(map[string]any)
			switch instance["settingDefinitionId"] {
			case "ade_lockedenrollment":
				instance["choiceSettingValueTemplate"].(map[string]any)["defaultValue"] = map[string]any{"settingDefinitionOptionId": option}
			case "ade_setupassistant_department":
				instance["simpleSettingValueTemplate"].(map[string]any)["defaultValue"] = map[string]any{"constantValue": "IT"}
			}
		}
		template := parse(t, enrollment.IOS, templates)
		if got := template.Settings["ade_lockedenrollment"].Default; got != want {
			t.Errorf("the default is %q", got)
		}
		if got := template.Settings["ade_setupassistant_department"].Default; got != "IT" {
			t.Errorf("the default is %q", got)
		}
	}
}

// A group and a secret have no form as text: a policy that has them keeps them as they are.
func TestWhatHasNoFormIsSentBackAsItIs(t *testing.T) {
	t.Parallel()
	const group, secret, secrets = "ade_group", "ade_secret", "ade_undefined"
	templates := append(settingTemplates(t, enrollment.TVOS),
		map[string]any{
			"settingInstanceTemplate": map[string]any{"settingInstanceTemplateId": "g", "settingDefinitionId": group, "isRequired": true},
			"settingDefinitions":      []any{map[string]any{"@odata.type": "#microsoft.graph.deviceManagementConfigurationSettingGroupDefinition", "id": group, "name": "Group"}},
		},
		map[string]any{
			"settingInstanceTemplate": map[string]any{"settingInstanceTemplateId": "s", "settingDefinitionId": secret},
			"settingDefinitions": []any{map[string]any{
				"@odata.type": "#microsoft.graph.deviceManagementConfigurationSimpleSettingDefinition", "id": secret, "displayName": "Secret",
				"valueDefinition": map[string]any{"@odata.type": "#microsoft.graph.deviceManagementConfigurationStringSettingValueDefinition", "isSecret": true},
			}},
		},
		map[string]any{"settingInstanceTemplate": map[string]any{"settingInstanceTemplateId": "n", "settingDefinitionId": secrets}},
	)
	template := parse(t, enrollment.TVOS, templates)
	for _, id := range []string{group, secret, secrets} {
		if s := template.Settings[id]; s.Kind != enrollment.PolicyOther || s.DisplayName == "" {
			t.Errorf("%s is %+v", id, s)
		}
	}
	had := []json.RawMessage{
		[]byte(`{"id":"7","settingInstance":{"@odata.type":"#microsoft.graph.deviceManagementConfigurationGroupSettingInstance","settingDefinitionId":"ade_group","groupSettingValue":{"children":[]}}}`),
		[]byte(`{"settingInstance":{"@odata.type":"#microsoft.graph.deviceManagementConfigurationSimpleSettingInstance","settingDefinitionId":"ade_secret","simpleSettingValue":{"@odata.type":"#microsoft.graph.deviceManagementConfigurationSecretSettingValue","value":"hidden-id","valueState":"encryptedValueToken"}}}`),
		[]byte(`{"settingInstance":{"@odata.type":"#microsoft.graph.deviceManagementConfigurationSimpleSettingCollectionInstance","settingDefinitionId":"ade_undefined","simpleSettingCollectionValue":[{"@odata.type":"#microsoft.graph.deviceManagementConfigurationSecretSettingValue","value":"hidden-id"}]}}`),
	}
	current := read(t, had)
	if !maps.Equal(current.Values, enrollment.PolicyValues{group: "", secret: "", secrets: ""}) {
		t.Errorf("read as %v", current.Values)
	}
	sent := bySetting(t, encode(t, template, enrollment.PolicySpec{}, current))
	for id, was := range bySetting(t, had) {
		if !reflect.DeepEqual(sent[id].(map[string]any)["settingInstance"], was.(map[string]any)["settingInstance"]) {
			t.Errorf("%s is sent as %v", id, sent[id])
		}
	}
}

func TestWhatCannotBeReadIsAnError(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`7`, `{"settingInstance":7}`, `{"settingInstance":{"settingDefinitionId":"x","choiceSettingValue":{"children":[7]}}}`, `{}`} {
		if current, err := catalog.Decode([]json.RawMessage{[]byte(text)}); err == nil {
			t.Errorf("%s is read as %v", text, current.Values)
		}
	}
	for _, text := range []string{`7`, `{"settingInstanceTemplate":7}`} {
		if _, err := catalog.ParseTemplate("t", enrollment.IOS, []json.RawMessage{[]byte(text)}); err == nil || !strings.Contains(err.Error(), "template t") {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := catalog.ParseTemplate("t", enrollment.IOS, nil); err == nil {
		t.Error("a template without settings is taken")
	}
}

func TestValuesThatDoNotFitAreAnError(t *testing.T) {
	t.Parallel()
	template := parse(t, enrollment.IOS, settingTemplates(t, enrollment.IOS))
	for _, values := range []enrollment.PolicyValues{
		{"ade_appleconfiguratorcertificates": "text"},
		{"ade_useraffinity": "ade_useraffinity_3", "ade_requiresharedipadtemporarysessiononly": "ade_requiresharedipadtemporarysessiononly_0", "ade_maximumcachedusers": "many"},
	} {
		if settings, err := template.Encode(values, catalog.Current{}); err == nil {
			t.Errorf("%v is sent as %s", values, settings)
		}
	}
}

// Whatever a specification says, what was sent reads back as what was resolved, says the same again, and a change that names
// nothing sends the same once more.
func TestWhatIsSentReadsBack(t *testing.T) {
	t.Parallel()
	templates := map[enrollment.Platform]catalog.Template{}
	for _, platform := range enrollment.Platforms() {
		templates[platform] = parse(t, platform, settingTemplates(t, platform))
	}
	rapid.Check(t, func(t *rapid.T) {
		platform := rapid.SampledFrom(enrollment.Platforms()).Draw(t, "platform")
		template := templates[platform]
		spec := drawSpec(t, template)
		values, broken := enrollment.ResolvePolicy(spec, template.PolicyTemplate, nil)
		if len(broken) > 0 {
			t.Fatalf("%+v is refused: %+v", spec, broken)
		}
		settings, err := template.Encode(values, catalog.Current{})
		if err != nil {
			t.Fatal(err)
		}
		current, err := catalog.Decode(settings)
		if err != nil || !maps.Equal(current.Values, values) {
			t.Fatalf("%v; %v was read back as %v", err, values, current.Values)
		}
		for id, value := range spec.Settings {
			if current.Values[id] != value {
				t.Fatalf("%s is %q, and was to be %q", id, current.Values[id], value)
			}
		}
		again, _ := enrollment.ResolvePolicy(enrollment.PolicySpec{Platform: platform, Name: "x"}, template.PolicyTemplate, current.Values)
		if !maps.Equal(again, values) {
			t.Fatalf("a change that names nothing makes %v of %v", again, values)
		}
		said := current.Values.Spec(platform)
		said.Name, said.Settings = "x", nil
		same, broken := enrollment.ResolvePolicy(said, template.PolicyTemplate, current.Values)
		if len(broken) > 0 || !maps.Equal(same, values) {
			t.Fatalf("what was read, %+v, makes %v of %v: %+v", said, same, values, broken)
		}
	})
}

// drawSpec draws attributes that the platform has, and any values for settings that no attribute has.
func drawSpec(t *rapid.T, template catalog.Template) enrollment.PolicySpec {
	spec := enrollment.PolicySpec{Platform: template.Platform, Name: "x"}
	flag := func(name string) *bool {
		return rapid.SampledFrom([]*bool{nil, new(true), new(false)}).Draw(t, name)
	}
	spec.LockedEnrollment, spec.AwaitDeviceConfigured = flag("locked"), flag("await")
	if rapid.Bool().Draw(t, "department") {
		spec.Department = new(rapid.StringN(1, 20, -1).Draw(t, "text"))
	}
	spec.SkipSetupItems = rapid.SliceOfDistinct(rapid.SampledFrom(enrollment.PolicySkipKeys(template.Platform)), rapid.ID[string]).Draw(t, "keys")
	if template.Platform == enrollment.IOS {
		drawIPad(t, &spec)
	}
	spec.Settings = map[string]string{}
	for _, id := range slices.Sorted(maps.Keys(template.Settings)) {
		setting := template.Settings[id]
		if !strings.HasPrefix(id, "ade_accountsettings_") || !rapid.Bool().Draw(t, id) || spec.AwaitDeviceConfigured != nil {
			continue
		}
		// Only what stands under both ways to the accounts, so that nothing contradicts.
		if setting.Kind == enrollment.PolicyText && strings.Contains(id, "adminaccount") {
			spec.Settings[id] = rapid.StringMatching(`[a-z]{1,9}`).Draw(t, id+" text")
		}
		if setting.Kind == enrollment.PolicyNumber {
			spec.Settings[id] = strconv.FormatInt(rapid.Int64Range(setting.Minimum, setting.Maximum).Draw(t, id+" number"), 10)
		}
	}
	return spec
}

func drawIPad(t *rapid.T, spec *enrollment.PolicySpec) {
	number := func(name string, least, most int64) *int64 {
		if !rapid.Bool().Draw(t, name) {
			return nil
		}
		return new(rapid.Int64Range(least, most).Draw(t, name+" value"))
	}
	switch rapid.IntRange(0, 4).Draw(t, "use") {
	case 0:
		spec.UserAffinity = new(rapid.Bool().Draw(t, "affinity"))
	case 1:
		spec.SharedDeviceMode = new(true)
	case 2:
		spec.AwaitDeviceConfigured = nil
		spec.SharedIPad = &enrollment.SharedIPad{
			MaximumCachedUsers: number("users", 0, 100), UserSessionTimeout: number("timeout", 30, 14400), PasscodeLockGracePeriod: number("grace", 0, 14400),
		}
	case 3:
		spec.AwaitDeviceConfigured = nil
		spec.SharedIPad = &enrollment.SharedIPad{TemporarySessionsOnly: new(true), TemporarySessionTimeout: number("guests", 30, 14400)}
	}
	if rapid.Bool().Draw(t, "name template") {
		spec.DeviceNameTemplate = new(rapid.StringMatching(`[a-zA-Z0-9-]{0,20}`).Draw(t, "template"))
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "certificates") {
		spec.ConfiguratorCertificates = append(spec.ConfiguratorCertificates, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte(fmt.Sprint("der", i))})))
	}
}

func TestCertificatesAreBase64(t *testing.T) {
	t.Parallel()
	template := parse(t, enrollment.IOS, settingTemplates(t, enrollment.IOS))
	text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("der")}))
	sent, err := json.Marshal(encode(t, template, enrollment.PolicySpec{ConfiguratorCertificates: []string{text}}, catalog.Current{}))
	if err != nil || !bytes.Contains(sent, []byte(`"value":"`+base64.StdEncoding.EncodeToString([]byte("der"))+`"`)) {
		t.Errorf("%v: %s", err, sent)
	}
}

func TestWhereSettingsStand(t *testing.T) {
	t.Parallel()
	brings := func(id string, required bool) any { return map[string]any{"dependedOnBy": id, "required": required} }
	option := func(id string, children ...any) any {
		return map[string]any{"itemId": id, "displayName": id, "dependedOnBy": children}
	}
	choice := func(id string, options ...any) any {
		return map[string]any{"@odata.type": "#microsoft.graph.deviceManagementConfigurationChoiceSettingDefinition", "id": id, "displayName": id, "options": options}
	}
	text := func(id, under string) any {
		return map[string]any{
			"@odata.type": "#microsoft.graph.deviceManagementConfigurationSimpleSettingDefinition", "id": id, "displayName": id, "dependentOn": []any{map[string]any{"dependentOn": under}},
			"valueDefinition": map[string]any{"@odata.type": "#microsoft.graph.deviceManagementConfigurationStringSettingValueDefinition"},
		}
	}
	top := func(id string, definitions ...any) map[string]any {
		return map[string]any{"settingInstanceTemplate": map[string]any{"settingInstanceTemplateId": "i", "settingDefinitionId": id}, "settingDefinitions": definitions}
	}
	template := parse(t, enrollment.IOS, []map[string]any{
		top("a", choice("a", option("a_0", brings("child", true), brings("b", false)), option("a_1", brings("child", false))), choice("child"), text("quiet", "a_1"), choice("orphan")),
		top("b", choice("b")),
	})
	bare := map[string]any{
		"settingInstanceTemplate": map[string]any{
			"settingDefinitionId": "bare", "simpleSettingValueTemplate": map[string]any{"settingValueTemplateId": "v", "defaultValue": map[string]any{"constantValue": nil}},
		},
		"settingDefinitions": []any{map[string]any{
			"@odata.type": "#microsoft.graph.deviceManagementConfigurationSimpleSettingDefinition", "id": "bare", "name": "Bare", "defaultValue": map[string]any{"value": "x"},
			"valueDefinition": map[string]any{"@odata.type": "#microsoft.graph.deviceManagementConfigurationStringSettingValueDefinition"},
		}},
	}
	if got := parse(t, enrollment.IOS, []map[string]any{bare}).Settings["bare"].Default; got != "x" {
		t.Errorf("a default that the template leaves open is %q", got)
	}
	for id, want := range map[string][]string{"a": nil, "b": nil, "child": {"a_0", "a_1"}, "quiet": {"a_1"}} {
		if s, ok := template.Settings[id]; !ok || !slices.Equal(s.Under, want) {
			t.Errorf("%s stands under %v", id, s.Under)
		}
	}
	if !template.Settings["child"].Required {
		t.Error("what one option insists on is not required")
	}
	if _, there := template.Settings["orphan"]; there || len(template.Settings) != 4 {
		t.Errorf("%d settings, with one that nothing brings up", len(template.Settings))
	}
}
