package matrix

import (
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

func policies() specification {
	return specification{
		resource: "asm_enrollment_policy", kinds: []enrollment.Kind{enrollment.Intune},
		base: func(_ *testing.T, w *world, name string) config {
			return config{"token_id": w.tokens[0].id, "name": name}
		},
		importID: func(s tftest.State) string { return fmt.Sprint(s.At("id")) },
		open:     []string{"defaulted_settings"},
		truth: func(t *testing.T, w *world, s tftest.State) map[string]any {
			at := fmt.Sprintf("/configurationPolicies/%s", s.At("id"))
			found := w.atGraph(t, "GET", at, nil)
			settings, _ := w.atGraph(t, "GET", at+"/settings?$top=1000", nil)["value"].([]any)
			for _, one := range settings {
				setting, _ := one.(map[string]any)
				instance, _ := setting["settingInstance"].(map[string]any)
				flatten(instance, found)
			}
			return found
		},
		attributes: append(policyAttributes(), timeoutsOf(true, nil, "create", "update")...),
	}
}

// flatten collects the values of a tree of settings by their ids.
func flatten(instance, into map[string]any) {
	id := fmt.Sprint(instance["settingDefinitionId"])
	if choice, is := instance["choiceSettingValue"].(map[string]any); is {
		into[id] = choice["value"]
		children, _ := choice["children"].([]any)
		for _, child := range children {
			below, _ := child.(map[string]any)
			flatten(below, into)
		}
	}
	if simple, is := instance["simpleSettingValue"].(map[string]any); is {
		into[id] = simple["value"]
	}
	if list, is := instance["simpleSettingCollectionValue"].([]any); is {
		var values []any
		for _, element := range list {
			one, _ := element.(map[string]any)
			values = append(values, one["value"])
		}
		into[id] = values
	}
}

func encodedCertificate(n int) func(any) bool {
	return func(v any) bool {
		list, _ := v.([]any)
		block, _ := pem.Decode([]byte(pems()[n]))
		return len(list) == 1 && (list[0] == base64.StdEncoding.EncodeToString(block.Bytes) || list[0] == base64.StdEncoding.EncodeToString([]byte(pems()[n])))
	}
}

func policyAttributes() []attribute {
	const elsewhere = "Enrollment policies are Intune's"
	shared := config{"shared_ipad": config{}}
	guests := config{"shared_ipad": config{"temporary_sessions_only": true}}
	option := func(id string, set, change, without int) *service {
		return &service{field: id, has: fmt.Sprintf("%s_%d", id, set), becomes: fmt.Sprintf("%s_%d", id, change), without: fmt.Sprintf("%s_%d", id, without)}
	}
	whatever := func(any) bool { return true }
	out := []attribute{
		{path: "token_id", set: firstToken, change: secondToken, leftOut: reasons{removed: required, drifted: "a policy cannot move to another token"}, intune: &service{also: []string{"defaulted_settings"}}},
		{
			path: "platform", set: "ios", change: "tvos", leftOut: reasons{drifted: "a policy cannot move to another platform"},
			intune: &service{field: "platforms", has: "iOS", becomes: "tvOS", without: "iOS", gone: "ios", stays: true, also: []string{"defaulted_settings"}},
		},
		{path: "name", set: "Year 7", change: "Year 8", leftOut: reasons{removed: required}, intune: &service{field: "name"}},
		{path: "description", set: "For year 7", change: "For year 8", intune: &service{field: "description", without: isOff}},
		{path: "user_affinity", set: true, change: false, intune: option("ade_useraffinity", 1, 0, 1)},
		{path: "locked_enrollment", set: false, change: true, intune: option("ade_lockedenrollment", 0, 1, 1)},
		{path: "shared_ipad", set: config{"maximum_cached_users": 5}, change: config{"maximum_cached_users": 6}, intune: option("ade_useraffinity", 3, 3, 1)},
		{path: "shared_ipad.maximum_cached_users", with: shared, set: 5, change: 6, intune: &service{field: "ade_maximumcachedusers", without: whatever}},
		{path: "shared_ipad.temporary_sessions_only", with: shared, set: true, change: false, intune: option("ade_requiresharedipadtemporarysessiononly", 1, 0, 0)},
		{path: "shared_ipad.user_session_timeout", with: shared, set: 600, change: 300, intune: &service{field: "ade_maximumsecondsinactivityuntiluserlogsout", without: whatever}},
		{path: "shared_ipad.temporary_session_timeout", with: guests, set: 600, change: 300, intune: &service{field: "ade_maximumsecondsinactivityuntiltemporarysessionlogsout", without: whatever}},
		{path: "shared_ipad.passcode_lock_grace_period", with: shared, set: 300, change: 60, intune: &service{field: "ade_maximumsecondsafterscreenlockbeofrepasswordisrequired", without: whatever}},
		{path: "shared_device_mode", set: true, change: false, intune: option("ade_useraffinity", 2, 0, 1)},
		{path: "await_device_configured", set: false, change: true, intune: option("ade_modernauth_awaitfinalconfiguration", 0, 1, 1)},
		{path: "device_name_template", set: "{{SERIAL}}", change: "iPad-{{SERIAL}}", intune: &service{field: "ade_appledevicenametemplate"}},
		{path: "carrier_activation_url", set: "https://a.carrier.example", change: "https://b.carrier.example", intune: &service{field: "ade_activatecellulardata"}},
		{path: "department", set: "IT", change: "Library", intune: &service{field: "ade_setupassistant_department", without: isOff}},
		{path: "department_phone", set: "555 0100", change: "555 0199", intune: &service{field: "ade_setupassistant_departmentphone", without: isOff}},
		{
			path: "configurator_certificates", set: certificate(0), change: certificate(1),
			intune: &service{field: "ade_appleconfiguratorcertificates", has: encodedCertificate(0), becomes: encodedCertificate(1), without: isOff},
		},
		{path: "skip_setup_items", set: []any{"Siri", "TOS"}, change: []any{"TOS"}, intune: option("ade_setupassistant_siri", 0, 1, 0)},
		{path: "scope_tag_ids", set: []any{"0", "4"}, change: []any{"4"}, intune: &service{field: "roleScopeTagIds", without: []any{"0"}}},
		{
			path: "settings", with: config{"platform": "macos"},
			set: config{"ade_accountsettings_adminaccountname": "it"}, change: config{"ade_accountsettings_adminaccountname": "staff"},
			intune: &service{
				field: "ade_accountsettings_adminaccountname", has: "it", becomes: "staff", without: "admin",
				alsoOn: map[phase][]string{removed: {"defaulted_settings"}},
			},
		},
		{path: "id", intune: &service{}, reads: func(v any) bool { return v != nil && v != "" }},
		{path: "profile_id", intune: &service{}, reads: func(_ *testing.T, w *world, s tftest.State) any {
			return fmt.Sprintf("ECV2_%s_%s", w.tokens[0].id, s.At("id"))
		}},
		{path: "defaulted_settings", intune: &service{}, reads: []any{}},
	}
	for i := range out {
		out[i].elsewhere, out[i].blames = elsewhere, anywhere
	}
	return out
}
