package matrix

import "strings"

// What the validators of the framework's collection say of themselves.
const (
	notEmpty   = "string length must be at least 1"
	allOf      = "element value must satisfy all validations: "
	notBlank   = "must not be blank"
	aDuration  = "must be a string containing a sequence of decimal numbers, each with optional fraction and a unit suffix, such as \"300ms\", \"-1.5h\" or \"2h45m\". Valid time units are \"ns\", \"us\" (or \"µs\"), \"ms\", \"s\", \"m\", \"h\"."
	aPlatform  = `value must be one of: ["ios" "macos" "tvos" "visionos"]`
	aPEM       = "must be one X.509 certificate in PEM"
	anAddress  = "must be an https URL, or an http one to a loopback address such as 127.0.0.1"
	aStatus    = `value must be one of: ["awaiting_server_token" "active" "expired" "revoked" "terms_not_accepted"]`
	seconds    = "value must be between 0 and 14400"
	severalSet = "set must contain at least 1 elements"
)

// timeoutRefusals: every timeout is a duration.
func timeoutRefusals(names ...string) []refusal {
	var out []refusal
	for _, name := range names {
		out = append(out, refusal{path: "timeouts." + name, validator: aDuration, value: "half an hour", says: "Valid time units"})
	}
	return out
}

// nameFilterRefusals are those of a list of things with names.
func nameFilterRefusals() []refusal {
	return []refusal{
		{path: "name", validator: notEmpty, value: "", says: "at least 1"},
		{
			path: "name", validator: `Ensure that if an attribute is set, these are not set: "[name_prefix]"`, value: "Carts", with: config{"name_prefix": "C"},
			says: `"name_prefix" cannot be specified`,
		},
		{path: "name_prefix", validator: notEmpty, value: "", says: "at least 1"},
	}
}

func tooLong(path, limit string) refusal {
	return refusal{path: path, validator: limit, value: 20000, says: limit}
}

// refusals has, by what has the validators, one case for each.
var refusals = map[string][]refusal{
	"provider": {
		{path: "intune", validator: "not together with embedded", value: config{}, with: config{"embedded": config{}}, says: "use two provider blocks"},
		{
			path: "intune", validator: "at most one method of sign-in", value: config{"client_secret": "s", "use_msi": true},
			at: "intune.use_msi", says: "Keep the one to sign in with",
		},
		{path: "intune.endpoint", validator: "provider.checked", value: "http://graph.example", says: "https"},
		{path: "intune.environment", validator: "provider.checked", value: "moon", says: "usgovernment"},
		{path: "intune.authority_host", validator: "provider.checked", value: "http://login.example", says: "https"},
		{path: "intune.assignment_batch_size", validator: "value must be between 1 and 1000", value: 0, says: "between 1 and 1000"},
	},
	"resource asm_token": append([]refusal{
		{path: "name", validator: notBlank, value: " ", says: notBlank},
		{path: "apple_id", validator: notBlank, value: "", says: notBlank},
		{path: "key_rotation", validator: notBlank, value: "", says: notBlank},
		{path: "type", validator: `value must be one of: ["school" "business"]`, value: "university", says: `"school" "business"`},
		{path: "scope_tag_ids", validator: severalSet, value: []any{}, says: "at least 1"},
		{
			path: "scope_tag_ids", validator: allOf + `must be the id of a scope tag, a number such as "0", and not its name`, value: []any{"Default"}, says: "and not its name",
		},
		{path: "expiry_warning_days", validator: "value must be between 0 and 365", value: 366, says: "between 0 and 365"},
		{
			path: "server_token_wo", validator: `Ensure that if an attribute is set, also these are set: "[server_token_wo_version]"`, value: "token", says: `"server_token_wo_version" must be specified`,
		},
		{path: "server_token_wo_version", validator: notBlank, value: "", says: notBlank},
		{path: "certificate_pem", validator: "must be a certificate in PEM form with an RSA key", value: "no certificate", says: "certificate"},
		{
			path: "certificate_pem", validator: `Ensure that if an attribute is set, also these are set: "[private_key_wo_version]"`, value: "x", says: `"private_key_wo_version" must be specified`,
		},
		{
			path: "private_key_wo", validator: `Ensure that if an attribute is set, also these are set: "[private_key_wo_version,certificate_pem]"`, value: "key", says: `"certificate_pem" must be specified`,
		},
		{path: "private_key_wo_version", validator: notBlank, value: "", says: notBlank},
		{
			path: "private_key_wo_version", validator: `Ensure that if an attribute is set, also these are set: "[certificate_pem]"`, value: "1", says: `"certificate_pem" must be specified`,
		},
	}, timeoutRefusals("create", "update")...),
	"resource asm_enrollment_profile": append([]refusal{
		{path: "token_id", validator: notEmpty, value: "", says: "at least 1"},
		{path: "skip_setup_items", validator: allOf + notEmpty, value: []any{""}, says: "at least 1"},
		{path: "enrollment_time_group_ids", validator: "All values in the set must be configured", value: []any{nil}, says: "contains a null value"},
		{path: "enrollment_time_group_ids", validator: allOf + notEmpty, value: []any{""}, says: "at least 1"},
		{path: "enrollment_url", validator: anAddress, value: "http://mdm.school.example", says: "neither https nor http to a literal loopback address"},
		{path: "configuration_web_url", validator: anAddress, value: "https://user:secret@mdm.school.example", says: "user name or password"},
		{
			path: "language", validator: "must be an ISO 639 code of two or three lower-case letters, such as de", value: "German", says: "such as de",
		},
		{path: "region", validator: "must be an ISO 3166-1 code of two upper-case letters, such as CH", value: "ch", says: "such as CH"},
		{path: "anchor_certificates", validator: allOf + aPEM, value: []any{"no certificate"}, says: "-----BEGIN CERTIFICATE-----"},
		{path: "pairing.mode", validator: `value must be one of: ["allow" "deny" "certificate"]`, value: "maybe", says: `"allow" "deny" "certificate"`},
		{path: "pairing.configurator_certificates", validator: allOf + aPEM, value: []any{"no certificate"}, says: "-----BEGIN CERTIFICATE-----"},
		tooLong("shared_ipad.user_session_timeout", seconds), tooLong("shared_ipad.temporary_session_timeout", seconds), tooLong("shared_ipad.passcode_lock_grace_period", seconds),
	}, timeoutRefusals("create", "update")...),
	"resource asm_enrollment_policy": append([]refusal{
		{path: "token_id", validator: notEmpty, value: "", says: "at least 1"},
		{path: "platform", validator: aPlatform, value: "android", says: `"ios" "macos" "tvos" "visionos"`},
		{path: "configurator_certificates", validator: allOf + aPEM, value: []any{"no certificate"}, says: "CERTIFICATE"},
		{path: "skip_setup_items", validator: allOf + notEmpty, value: []any{""}, says: "at least 1"},
		{path: "scope_tag_ids", validator: severalSet, value: []any{}, says: "at least 1"},
		{path: "scope_tag_ids", validator: allOf + notEmpty, value: []any{""}, says: "at least 1"},
		{path: "settings", validator: "key must satisfy all validations: " + notEmpty, value: config{"": "x"}, says: "at least 1"},
		tooLong("shared_ipad.maximum_cached_users", "value must be between 0 and 100"),
		tooLong("shared_ipad.user_session_timeout", seconds), tooLong("shared_ipad.temporary_session_timeout", seconds), tooLong("shared_ipad.passcode_lock_grace_period", seconds),
	}, timeoutRefusals("create", "update")...),
	"resource asm_default_profile": {
		{path: "token_id", validator: notEmpty, value: "", says: "at least 1"},
		{path: "platform", validator: aPlatform, value: "android", says: `"ios" "macos" "tvos" "visionos"`},
		{path: "profile_id", validator: notEmpty, value: "", says: "at least 1"},
	},
	"resource asm_device_assignment": append([]refusal{
		{path: "token_id", validator: notEmpty, value: "", says: "at least 1"},
		{path: "profile_id", validator: notEmpty, value: "", says: "at least 1"},
		{validator: "Exactly one of these attributes must be configured: [serial_numbers,serial_numbers_file,serial_number_list]", says: "serial_numbers_file"},
		{path: "serial_numbers", validator: "at most 1,000 serial numbers", value: manySerials(1001), says: "give serial_numbers_file"},
		{path: "serial_numbers", validator: "serial numbers", value: []any{"not a serial number"}, says: "not a serial number"},
		{path: "serial_numbers_file", validator: notEmpty, value: "", says: "at least 1"},
		{path: "serial_number_list", validator: "serial numbers on one line", value: "A1\nB2", says: "Put the serial numbers on one line"},
		{path: "take_over_from", validator: allOf + notEmpty, value: []any{""}, says: "at least 1"},
		{path: "on_leave", validator: `value must be one of: ["unassign" "fallback" "keep"]`, value: "wipe", says: `"unassign" "fallback" "keep"`},
		{path: "missing_devices", validator: `value must be one of: ["error" "wait"]`, value: "ignore", says: `"error" "wait"`},
		{path: "max_changes", validator: "a number of devices or a percentage", value: "many", says: "%"},
	}, timeoutRefusals("create", "update", "delete")...),
	"resource asm_sds_connection": {{path: "token_id", validator: notEmpty, value: "", says: "at least 1"}},
	"resource asm_device_sync": append([]refusal{
		{path: "token_id", validator: notEmpty, value: "", says: "at least 1"},
		{path: "kind", validator: `value must be one of: ["full" "incremental"]`, value: "partial", says: `"full" "incremental"`},
		{path: "on_throttled", validator: `value must be one of: ["skip" "wait" "error"]`, value: "retry", says: `"skip" "wait" "error"`},
		{path: "max_age", validator: "must be a duration of at least 15m, such as 24h or 1h30m", value: "5m", says: "at least 15m"},
	}, timeoutRefusals("create", "update")...),
	"data asm_token": {
		{validator: "Exactly one of these attributes must be configured: [id,name]", says: "[id,name]"},
		{path: "id", validator: notBlank, value: "", says: notBlank},
		{path: "name", validator: notBlank, value: " ", says: notBlank},
	},
	"data asm_enrollment_profiles": {{path: "token_id", validator: notEmpty, value: "", says: "at least 1"}},
	"data asm_sync_status":         {{path: "token_id", validator: notEmpty, value: "", says: "at least 1"}},
	"data asm_devices": {
		{path: "token_id", validator: notEmpty, value: "", says: "at least 1"},
		{path: "assignment", validator: severalSet, value: []any{}, says: "at least 1"},
		{path: "assignment", validator: allOf + notEmpty, value: []any{""}, says: "at least 1"},
		{path: "family", validator: notEmpty, value: "", says: "at least 1"},
		{path: "model", validator: notEmpty, value: "", says: "at least 1"},
		{path: "serial_prefix", validator: notEmpty, value: "", says: "at least 1"},
		{path: "state", validator: `value must be one of: ["empty" "assigned" "pushed" "removed"]`, value: "lost", says: `"empty" "assigned" "pushed" "removed"`},
	},
	"data asm_prerequisites": {
		{path: "token_id", validator: notEmpty, value: "", says: "at least 1"},
		{path: "federated_domains", validator: "All values in the set must be configured", value: []any{nil}, says: "contains a null value"},
		{
			path: "federated_domains", validator: allOf + "must be a domain such as school.example, without a scheme and without what is before an @",
			value: []any{"https://school.example"}, says: "such as school.example",
		},
		{path: "expiry_warning_days", validator: "value must be between 0 and 365", value: -1, says: "between 0 and 365"},
	},
	"list asm_token": append([]refusal{
		{path: "type", validator: `value must be one of: ["school" "business"]`, value: "college", says: `"school" "business"`},
		{path: "status", validator: aStatus, value: "fine", says: `"awaiting_server_token"`},
	}, nameFilterRefusals()...),
	"list asm_enrollment_profile": append([]refusal{{path: "token_id", validator: notEmpty, value: "", says: "at least 1"}}, nameFilterRefusals()...),
	"list asm_enrollment_policy": append([]refusal{
		{path: "token_id", validator: notEmpty, value: "", says: "at least 1"},
		{path: "platform", validator: aPlatform, value: "android", says: `"ios" "macos" "tvos" "visionos"`},
	}, nameFilterRefusals()...),
	"list asm_device_assignment": {
		{path: "token_id", validator: notEmpty, value: "", says: "at least 1"},
		{path: "profile_id", validator: notEmpty, value: "", says: "at least 1"},
		{path: "minimum_device_count", validator: "value must be at least 1", value: 0, says: "at least 1"},
	},
	"action asm_device_sync": append([]refusal{
		{path: "token_id", validator: notEmpty, value: "", says: "at least 1"},
		{path: "kind", validator: `value must be one of: ["full" "incremental"]`, value: "partial", says: `"full" "incremental"`},
		{path: "on_throttled", validator: `value must be one of: ["skip" "wait" "error"]`, value: "retry", says: `"skip" "wait" "error"`},
	}, timeoutRefusals("invoke")...),
	"data asm_push_certificate": {
		{path: "expiry_warning_days", validator: "value must be between 0 and 365", value: 366, says: "between 0 and 365"},
	},
}

// manySerials is a set of n serial numbers.
func manySerials(n int) []any {
	out := make([]any, 0, n)
	for i := range n {
		out = append(out, "A"+strings.Repeat("0", 3)+string(rune('A'+i/676))+string(rune('A'+i/26%26))+string(rune('A'+i%26)))
	}
	return out
}
