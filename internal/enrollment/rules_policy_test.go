package enrollment_test

import (
	"encoding/base64"
	"encoding/pem"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// ios is a template as Intune has it for iOS, with fewer panes.
func ios() enrollment.PolicyTemplate {
	const shared = "ade_requiresharedipadtemporarysessiononly"
	return templateOf(enrollment.IOS,
		choice("ade_useraffinity", 1, 4),
		under(choice("ade_authenticationmethod", 2, 0, "_2"), "ade_useraffinity_1"),
		under(choice("ade_modernauth_awaitfinalconfiguration", 1, 2), "ade_authenticationmethod_2"),
		under(choice("ade_useraffinity_awaitfinalconfiguration", 1, 2), "ade_useraffinity_0", "ade_useraffinity_2"),
		under(choice(shared, 0, 2), "ade_useraffinity_3"),
		under(number("ade_maximumcachedusers", "10", 100), shared+"_0"),
		under(number("ade_maximumsecondsinactivityuntiluserlogsout", "0", 14400), shared+"_0"),
		optional(under(number("ade_maximumsecondsafterscreenlockbeofrepasswordisrequired", "0", 14400), shared+"_0")),
		under(number("ade_maximumsecondsinactivityuntiltemporarysessionlogsout", "0", 14400), shared+"_1"),
		choice("ade_lockedenrollment", 1, 2),
		choice("ade_devicenametemplatechoices", 0, 2),
		under(text("ade_appledevicenametemplate", "{{SERIAL}}", 63, `^[a-zA-Z0-9-._{}]*$`), "ade_devicenametemplatechoices_1"),
		choice("ade_activatecellulardatachoices", 0, 2),
		under(text("ade_activatecellulardata", "http://activation.carrier.net", 0, `^https?://`), "ade_activatecellulardatachoices_1"),
		optional(enrollment.PolicySetting{ID: "ade_appleconfiguratorcertificates", DisplayName: "Apple Configurator certificates", Kind: enrollment.PolicyList, Default: "[]", Maximum: 8192, MaximumCount: 2}),
		optional(text("ade_setupassistant_department", "", 125, "")),
		optional(text("ade_setupassistant_departmentphone", "", 50, "")),
		choice("ade_setupassistant_siri", 0, 2),
		choice("ade_setupassistant_passcode", 0, 2),
	)
}

// mac has the accounts, whose options depend on the options above them.
func mac() enrollment.PolicyTemplate {
	const admin, primary = "ade_accountsettings_createlocaladmin", "ade_accountsettings_createlocalprimary"
	accounts := under(choice(primary, 0, 3), admin+"_0", admin+"_1")
	accounts.Options[1].Under = []string{admin + "_1"}
	return templateOf(enrollment.MacOS,
		choice("ade_macos_useraffinity", 1, 2),
		under(choice("ade_macos_authenticationmethod", 2, 0, "_2"), "ade_macos_useraffinity_1"),
		choice("ade_macos_awaitconfiguration", 1, 2),
		under(choice(admin, 0, 2), "ade_macos_awaitconfiguration_1"),
		under(text("ade_accountsettings_adminaccountname", "admin", 255, ""), admin+"_1"),
		accounts,
		choice("ade_lockedenrollment", 1, 2),
		choice("ade_setupassistant_filevault", 0, 2),
	)
}

func templateOf(platform enrollment.Platform, settings ...enrollment.PolicySetting) enrollment.PolicyTemplate {
	t := enrollment.PolicyTemplate{ID: "template_1", Platform: platform, Settings: map[string]enrollment.PolicySetting{}}
	for _, s := range settings {
		t.Settings[s.ID] = s
	}
	return t
}

func choice(id string, preset, options int, suffixes ...string) enrollment.PolicySetting {
	s := enrollment.PolicySetting{ID: id, DisplayName: id, Kind: enrollment.PolicyChoice, Required: true, Default: id + "_" + string(rune('0'+preset))}
	for i := range options {
		suffixes = append(suffixes, "_"+string(rune('0'+i)))
	}
	for _, suffix := range suffixes {
		s.Options = append(s.Options, enrollment.PolicyOption{ID: id + suffix, DisplayName: "Option " + suffix})
	}
	return s
}

func number(id, preset string, most int64) enrollment.PolicySetting {
	return enrollment.PolicySetting{ID: id, DisplayName: id, Kind: enrollment.PolicyNumber, Required: true, Default: preset, Maximum: most}
}

func text(id, preset string, most int64, pattern string) enrollment.PolicySetting {
	return enrollment.PolicySetting{ID: id, DisplayName: id, Kind: enrollment.PolicyText, Required: true, Default: preset, Maximum: most, Pattern: pattern}
}

func under(s enrollment.PolicySetting, options ...string) enrollment.PolicySetting {
	s.Under = options
	return s
}

func optional(s enrollment.PolicySetting) enrollment.PolicySetting {
	s.Required = false
	return s
}

func pemOf(der string) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte(der)}))
}

func TestCheckPolicy(t *testing.T) {
	t.Parallel()
	type spec = enrollment.PolicySpec
	sharing := func(s enrollment.SharedIPad) func(*spec) { return func(p *spec) { p.SharedIPad = &s } }
	set := func(id, value string) func(*spec) { return func(p *spec) { p.Settings = map[string]string{id: value} } }
	skip := func(keys ...string) func(*spec) { return func(p *spec) { p.SkipSetupItems = keys } }
	cases := map[string]struct {
		platform enrollment.Platform
		change   func(*spec)
		field    string // "" is allowed
		says     string
		offline  bool // told without a template, too
	}{
		"a plain policy":                     {change: func(*spec) {}},
		"no name":                            {change: func(p *spec) { p.Name = " " }, field: "name", offline: true},
		"a department of 126":                {change: func(p *spec) { p.Department = new(strings.Repeat("ü", 126)) }, field: "department", offline: true},
		"a department of 125":                {change: func(p *spec) { p.Department = new(strings.Repeat("ü", 125)) }},
		"a phone of 51":                      {change: func(p *spec) { p.DepartmentPhone = new(strings.Repeat("1", 51)) }, field: "department_phone", offline: true},
		"affinity":                           {change: func(p *spec) { p.UserAffinity = new(true) }},
		"affinity and Shared iPad":           {change: func(p *spec) { p.UserAffinity, p.SharedIPad = new(true), &enrollment.SharedIPad{} }, field: "shared_ipad", says: "user_affinity and shared_ipad", offline: true},
		"affinity and shared device mode":    {change: func(p *spec) { p.UserAffinity, p.SharedDeviceMode = new(true), new(true) }, field: "shared_device_mode", offline: true},
		"Shared iPad and shared device mode": {change: func(p *spec) { p.SharedIPad, p.SharedDeviceMode = &enrollment.SharedIPad{}, new(true) }, field: "shared_device_mode", offline: true},
		"what is off is not a second use": {change: func(p *spec) {
			p.SharedIPad, p.UserAffinity, p.SharedDeviceMode = &enrollment.SharedIPad{}, new(false), new(false)
		}},
		"await and Shared iPad": {change: func(p *spec) { p.SharedIPad, p.AwaitDeviceConfigured = &enrollment.SharedIPad{}, new(false) }, field: "await_device_configured", says: "cannot make devices wait (await_device_configured) with Shared iPad", offline: true},
		"await and Shared iPad by settings": {change: func(p *spec) {
			p.Settings, p.AwaitDeviceConfigured = map[string]string{"ade_useraffinity": "ade_useraffinity_3"}, new(true)
		}, field: "await_device_configured", says: "ade_useraffinity_0"},
		"await and affinity":                  {change: func(p *spec) { p.UserAffinity, p.AwaitDeviceConfigured = new(true), new(false) }},
		"await and no affinity":               {change: func(p *spec) { p.UserAffinity, p.AwaitDeviceConfigured = new(false), new(false) }},
		"await by itself":                     {change: func(p *spec) { p.AwaitDeviceConfigured = new(false) }},
		"cached users":                        {change: sharing(enrollment.SharedIPad{MaximumCachedUsers: new(int64(100))})},
		"too many cached users":               {change: sharing(enrollment.SharedIPad{MaximumCachedUsers: new(int64(101))}), field: "shared_ipad.maximum_cached_users", says: "0 to 100"},
		"cached users of guests":              {change: sharing(enrollment.SharedIPad{MaximumCachedUsers: new(int64(5)), TemporarySessionsOnly: new(true)}), field: "shared_ipad.maximum_cached_users", offline: true},
		"a grace period of guests":            {change: sharing(enrollment.SharedIPad{PasscodeLockGracePeriod: new(int64(5)), TemporarySessionsOnly: new(true)}), field: "shared_ipad.passcode_lock_grace_period", offline: true},
		"a user timeout of guests":            {change: sharing(enrollment.SharedIPad{UserSessionTimeout: new(int64(60)), TemporarySessionsOnly: new(true)}), field: "shared_ipad.user_session_timeout", offline: true},
		"a guest timeout of guests":           {change: sharing(enrollment.SharedIPad{TemporarySessionTimeout: new(int64(60)), TemporarySessionsOnly: new(true)})},
		"a guest timeout of users":            {change: sharing(enrollment.SharedIPad{TemporarySessionTimeout: new(int64(60)), TemporarySessionsOnly: new(false)}), field: "shared_ipad.temporary_session_timeout", offline: true},
		"a guest timeout of nobody said whom": {change: sharing(enrollment.SharedIPad{TemporarySessionTimeout: new(int64(60))}), field: "shared_ipad.temporary_session_timeout", offline: true},
		"a timeout of 29 that never is one":   {change: sharing(enrollment.SharedIPad{UserSessionTimeout: new(int64(29))}), field: "shared_ipad.user_session_timeout", says: "0 for never", offline: true},
		"a timeout of 30":                     {change: sharing(enrollment.SharedIPad{UserSessionTimeout: new(int64(30))})},
		"no timeout":                          {change: sharing(enrollment.SharedIPad{UserSessionTimeout: new(int64(0))})},
		"a grace period of 5":                 {change: sharing(enrollment.SharedIPad{PasscodeLockGracePeriod: new(int64(5))})},
		"a certificate":                       {change: func(p *spec) { p.ConfiguratorCertificates = []string{pemOf("der")} }},
		"no certificate":                      {change: func(p *spec) { p.ConfiguratorCertificates = []string{} }},
		"what is no certificate":              {change: func(p *spec) { p.ConfiguratorCertificates = []string{pemOf("der"), "der"} }, field: "configurator_certificates", says: "Element 1", offline: true},
		"two certificates in one":             {change: func(p *spec) { p.ConfiguratorCertificates = []string{pemOf("a") + pemOf("b")} }, field: "configurator_certificates", says: "Element 0 holds more", offline: true},
		"too many certificates":               {change: func(p *spec) { p.ConfiguratorCertificates = []string{pemOf("a"), pemOf("b"), pemOf("c")} }, field: "configurator_certificates", says: "at most 2"},
		"a certificate that is too long":      {change: func(p *spec) { p.ConfiguratorCertificates = []string{pemOf(strings.Repeat("d", 8000))} }, field: "configurator_certificates", says: "8192"},
		"a name template":                     {change: func(p *spec) { p.DeviceNameTemplate = new("{{DEVICETYPE}}-{{SERIAL}}") }},
		"no name template":                    {change: func(p *spec) { p.DeviceNameTemplate = new("") }},
		"a name template of 64":               {change: func(p *spec) { p.DeviceNameTemplate = new(strings.Repeat("a", 64)) }, field: "device_name_template", says: "63"},
		"a name template with a space":        {change: func(p *spec) { p.DeviceNameTemplate = new("my iPad") }, field: "device_name_template", says: "letters without accents"},
		"a name template with a variable":     {change: func(p *spec) { p.DeviceNameTemplate = new("{{SERIAL}}-{{USER}}") }, field: "device_name_template", says: "{{SERIAL}} and {{DEVICETYPE}}"},
		"one in settings":                     {change: set("ade_appledevicenametemplate", "{{USER}}"), field: "settings.ade_appledevicenametemplate", says: `"{{USER}}"`},
		"a carrier's address":                 {change: func(p *spec) { p.CarrierActivationURL = new("https://carrier.example/activate") }},
		"a carrier's name":                    {change: func(p *spec) { p.CarrierActivationURL = new("carrier.example") }, field: "carrier_activation_url"},

		"keys with a pane":                     {change: skip("Siri", "Passcode")},
		"Zoom":                                 {change: skip("Zoom"), field: "skip_setup_items", says: "asm_enrollment_profile", offline: true},
		"DisplayTone":                          {change: skip("DisplayTone"), field: "skip_setup_items", says: "asm_enrollment_profile", offline: true},
		"HomeButtonSensitivity":                {change: skip("HomeButtonSensitivity"), field: "skip_setup_items", says: "asm_enrollment_profile", offline: true},
		"OnBoarding":                           {change: skip("OnBoarding"), field: "skip_setup_items", says: "asm_enrollment_profile", offline: true},
		"Registration":                         {change: skip("Registration"), field: "skip_setup_items", says: "asm_enrollment_profile", offline: true},
		"ExpressLanguage":                      {change: skip("ExpressLanguage"), field: "skip_setup_items", says: "asm_enrollment_profile", offline: true},
		"a misspelt key":                       {change: skip("Siry"), field: "skip_setup_items", says: `Did you mean "Siri"?`, offline: true},
		"a key that nobody knows":              {change: skip("Quasar"), field: "skip_setup_items", says: "Passcode", offline: true},
		"FileVault on an iPad":                 {change: skip("FileVault"), field: "skip_setup_items", says: "on macos", offline: true},
		"FileVault on a Mac":                   {platform: enrollment.MacOS, change: skip("FileVault")},
		"a pane that the template has no more": {change: skip("Restore"), field: "skip_setup_items", says: "taken the pane (ade_setupassistant_restore)"},

		"Shared iPad on a Mac":        {platform: enrollment.MacOS, change: sharing(enrollment.SharedIPad{}), field: "shared_ipad", offline: true},
		"shared device mode on a Mac": {platform: enrollment.MacOS, change: func(p *spec) { p.SharedDeviceMode = new(true) }, field: "shared_device_mode", offline: true},
		"name template on a Mac":      {platform: enrollment.MacOS, change: func(p *spec) { p.DeviceNameTemplate = new("x") }, field: "device_name_template", offline: true},
		"carrier on a Mac":            {platform: enrollment.MacOS, change: func(p *spec) { p.CarrierActivationURL = new("https://x") }, field: "carrier_activation_url", offline: true},
		"certificates on a Mac":       {platform: enrollment.MacOS, change: func(p *spec) { p.ConfiguratorCertificates = []string{pemOf("x")} }, field: "configurator_certificates", offline: true},
		"affinity on a Mac":           {platform: enrollment.MacOS, change: func(p *spec) { p.UserAffinity = new(true) }},
		"department on a Mac today":   {platform: enrollment.MacOS, change: func(p *spec) { p.Department = new("IT") }, field: "department", says: "no setting for it"},

		"a setting":                   {change: set("ade_lockedenrollment", "ade_lockedenrollment_0")},
		"a setting that there is not": {change: set("ade_lockedenrolment", "x"), field: "settings.ade_lockedenrolment", says: `"ade_lockedenrollment"`},
		"a setting that is like several": {
			change: set("ade_setupassistant_depart", "x"), field: "settings.ade_setupassistant_depart",
			says: `Did you mean "ade_setupassistant_department", "ade_setupassistant_siri" or "ade_setupassistant_passcode"?`,
		},
		"a setting that is like none": {change: set("foo", "x"), field: "settings.foo", says: "lists for the template (configurationPolicyTemplates, settingTemplates)"},
		"an option that there is not": {change: set("ade_lockedenrollment", "yes"), field: "settings.ade_lockedenrollment", says: `"ade_lockedenrollment_0" (Option _0), "ade_lockedenrollment_1" (Option _1)`},
		"a setting that an attribute sets too": {change: func(p *spec) {
			p.LockedEnrollment = new(true)
			set("ade_lockedenrollment", "ade_lockedenrollment_1")(p)
		}, field: "settings.ade_lockedenrollment", says: "locked_enrollment sets the setting ade_lockedenrollment too"},
		"a pane that skip_setup_items sets": {change: func(p *spec) { skip("Siri")(p); set("ade_setupassistant_siri", "ade_setupassistant_siri_1")(p) }, field: "settings.ade_setupassistant_siri", says: "skip_setup_items"},
		"a number":                          {change: set("ade_maximumcachedusers", "24")},
		"what is no number":                 {change: set("ade_maximumcachedusers", "many"), field: "settings.ade_maximumcachedusers", says: "whole number"},
		"a number below the least":          {change: set("ade_maximumcachedusers", "-1"), field: "settings.ade_maximumcachedusers", says: "0 to 100"},
		"a list":                            {change: set("ade_appleconfiguratorcertificates", `["YQ=="]`)},
		"what is no list":                   {change: set("ade_appleconfiguratorcertificates", "YQ=="), field: "settings.ade_appleconfiguratorcertificates", says: "JSON array"},
		"null for a list":                   {change: set("ade_appleconfiguratorcertificates", "null"), field: "settings.ade_appleconfiguratorcertificates", says: "JSON array"},
		"a child of another option": {
			change: func(p *spec) {
				p.UserAffinity = new(true)
				set("ade_maximumcachedusers", "5")(p)
			}, says: "", // the tree finds that out: two steps lie between
		},
		"a child of the option beside": {
			change: func(p *spec) {
				p.SharedIPad = &enrollment.SharedIPad{TemporarySessionsOnly: new(true)}
				set("ade_maximumcachedusers", "5")(p)
			}, field: "settings.ade_maximumcachedusers", says: "ade_requiresharedipadtemporarysessiononly_0",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			template := ios()
			if c.platform == enrollment.MacOS {
				template = mac()
			}
			p := spec{Platform: template.Platform, Name: "iPads"}
			c.change(&p)
			expectViolation(t, enrollment.CheckPolicy(p, &template), c.field, c.says)
			if c.offline {
				expectViolation(t, enrollment.CheckPolicy(p, nil), c.field, c.says)
			}
			if c.field == "" && len(enrollment.CheckPolicy(p, nil)) > 0 {
				t.Error("refused without a template")
			}
		})
	}
}

func expectViolation(t *testing.T, got []enrollment.Violation, field, says string) {
	t.Helper()
	switch {
	case field == "" && len(got) > 0:
		t.Errorf("refused: %+v", got)
	case field != "" && (len(got) != 1 || got[0].Field != field):
		t.Errorf("got %+v, want one violation at %s", got, field)
	case field != "" && !strings.Contains(got[0].Summary+got[0].Detail, says):
		t.Errorf("%q does not say %q", got[0].Summary+": "+got[0].Detail, says)
	}
}

func TestEveryKnownKeyHasAPaneOrAReason(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, platform := range enrollment.Platforms() {
		keys := enrollment.PolicySkipKeys(platform)
		if !slices.IsSorted(keys) || len(keys) == 0 {
			t.Errorf("%s: %v", platform, keys)
		}
		for _, key := range keys {
			id, ok := enrollment.PolicyPane(platform, key)
			if !ok || !strings.HasPrefix(id, "ade_setupassistant_") {
				t.Errorf("%s has no pane on %s", key, platform)
			}
			if w, unknown := enrollment.UnknownSkipKey(key); unknown {
				t.Errorf("%s: %s", key, w.Summary)
			}
			if other := seen[id]; other != "" && other != key {
				t.Errorf("%s is the pane of %s and %s", id, other, key)
			}
			seen[id] = key
		}
	}
	for key, want := range map[string]string{"Welcome": "getstarted", "Biometric": "touchfaceid", "TOS": "termsandconditions", "Payment": "applepay", "Android": "androidmigration", "UpdateCompleted": "softwareupdatecompleted"} {
		if id, _ := enrollment.PolicyPane(enrollment.IOS, key); id != "ade_setupassistant_"+want {
			t.Errorf("%s is %s", key, id)
		}
	}
	if _, ok := enrollment.PolicyPane(enrollment.IOS, "Zoom"); ok {
		t.Error("Zoom has a pane")
	}
}

// resolve expects no violation.
func resolve(t *testing.T, template enrollment.PolicyTemplate, p enrollment.PolicySpec, current enrollment.PolicyValues) enrollment.PolicyValues {
	t.Helper()
	p.Platform, p.Name = template.Platform, "iPads"
	values, broken := enrollment.ResolvePolicy(p, template, current)
	if len(broken) > 0 {
		t.Fatalf("refused: %+v", broken)
	}
	return values
}

// affinityOnly is what of a policy hangs on user affinity.
func affinityOnly(values enrollment.PolicyValues) map[string]string {
	got := map[string]string{}
	for id, value := range values {
		if strings.Contains(id, "affinity") || strings.Contains(id, "auth") || strings.Contains(id, "await") || strings.Contains(id, "maximum") || strings.Contains(id, "sharedipad") {
			got[strings.TrimPrefix(id, "ade_")] = strings.TrimPrefix(value, id)
		}
	}
	return got
}

func TestKindsOfUse(t *testing.T) {
	t.Parallel()
	const guests = "requiresharedipadtemporarysessiononly"
	type spec = enrollment.PolicySpec
	users := map[string]string{"useraffinity": "_3", guests: "_0", "maximumcachedusers": "10", "maximumsecondsinactivityuntiluserlogsout": "0"}
	with := func(id, value string) map[string]string {
		out := maps.Clone(users)
		out[id] = value
		return out
	}
	for name, c := range map[string]struct {
		spec spec
		want map[string]string
	}{
		"nothing said":       {spec{}, map[string]string{"useraffinity": "_1", "authenticationmethod": "_2", "modernauth_awaitfinalconfiguration": "_1"}},
		"a wait":             {spec{AwaitDeviceConfigured: new(false)}, map[string]string{"useraffinity": "_1", "authenticationmethod": "_2", "modernauth_awaitfinalconfiguration": "_0"}},
		"affinity":           {spec{UserAffinity: new(true)}, map[string]string{"useraffinity": "_1", "authenticationmethod": "_2", "modernauth_awaitfinalconfiguration": "_1"}},
		"affinity, no wait":  {spec{UserAffinity: new(true), AwaitDeviceConfigured: new(false)}, map[string]string{"useraffinity": "_1", "authenticationmethod": "_2", "modernauth_awaitfinalconfiguration": "_0"}},
		"userless":           {spec{UserAffinity: new(false)}, map[string]string{"useraffinity": "_0", "useraffinity_awaitfinalconfiguration": "_1"}},
		"userless, no wait":  {spec{UserAffinity: new(false), AwaitDeviceConfigured: new(false)}, map[string]string{"useraffinity": "_0", "useraffinity_awaitfinalconfiguration": "_0"}},
		"shared device mode": {spec{SharedDeviceMode: new(true), AwaitDeviceConfigured: new(false)}, map[string]string{"useraffinity": "_2", "useraffinity_awaitfinalconfiguration": "_0"}},
		"Shared iPad":        {spec{SharedIPad: &enrollment.SharedIPad{}}, users},
		"Shared iPad beside what is off": {
			spec{SharedIPad: &enrollment.SharedIPad{}, UserAffinity: new(false), SharedDeviceMode: new(false)}, users,
		},
		"Shared iPad for 6": {spec{SharedIPad: &enrollment.SharedIPad{MaximumCachedUsers: new(int64(6))}}, with("maximumcachedusers", "6")},
		"Shared iPad with a grace period": {
			spec{SharedIPad: &enrollment.SharedIPad{PasscodeLockGracePeriod: new(int64(60))}}, with("maximumsecondsafterscreenlockbeofrepasswordisrequired", "60"),
		},
		"Shared iPad for guests": {
			spec{SharedIPad: &enrollment.SharedIPad{TemporarySessionsOnly: new(true), TemporarySessionTimeout: new(int64(300))}},
			map[string]string{"useraffinity": "_3", guests: "_1", "maximumsecondsinactivityuntiltemporarysessionlogsout": "300"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := affinityOnly(resolve(t, ios(), c.spec, nil)); !maps.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestANewPolicyHasWhatIsRequiredAndNoMore(t *testing.T) {
	t.Parallel()
	values := resolve(t, ios(), enrollment.PolicySpec{}, nil)
	for id, want := range map[string]string{
		"ade_lockedenrollment": "ade_lockedenrollment_1", "ade_devicenametemplatechoices": "ade_devicenametemplatechoices_0",
		"ade_setupassistant_siri": "ade_setupassistant_siri_0", "ade_setupassistant_department": "", "ade_appleconfiguratorcertificates": "",
		"ade_appledevicenametemplate": "",
	} {
		if values[id] != want {
			t.Errorf("%s is %q, want %q", id, values[id], want)
		}
	}
	if _, there := values["ade_setupassistant_department"]; there {
		t.Error("a department that nobody named is sent")
	}
	if d := values.Defaulted(ios(), nil); len(d) > 0 {
		t.Errorf("nothing is unknown, and %v is told", d)
	}
}

func TestTypedAttributesBecomeSettings(t *testing.T) {
	t.Parallel()
	values := resolve(t, ios(), enrollment.PolicySpec{
		LockedEnrollment: new(false), DeviceNameTemplate: new("iPad-{{SERIAL}}"), CarrierActivationURL: new("https://carrier.example"),
		Department: new("IT"), DepartmentPhone: new("1"), ConfiguratorCertificates: []string{pemOf("der")}, SkipSetupItems: []string{"Siri"},
	}, nil)
	for id, want := range map[string]string{
		"ade_lockedenrollment": "ade_lockedenrollment_0", "ade_devicenametemplatechoices": "ade_devicenametemplatechoices_1",
		"ade_appledevicenametemplate": "iPad-{{SERIAL}}", "ade_activatecellulardatachoices": "ade_activatecellulardatachoices_1", "ade_activatecellulardata": "https://carrier.example",
		"ade_setupassistant_department": "IT", "ade_setupassistant_departmentphone": "1",
		"ade_appleconfiguratorcertificates": `["` + base64.StdEncoding.EncodeToString([]byte("der")) + `"]`,
		"ade_setupassistant_siri":           "ade_setupassistant_siri_0", "ade_setupassistant_passcode": "ade_setupassistant_passcode_1",
	} {
		if values[id] != want {
			t.Errorf("%s is %q, want %q", id, values[id], want)
		}
	}
}

func TestAChangeKeepsWhatNobodyManages(t *testing.T) {
	t.Parallel()
	current := resolve(t, ios(), enrollment.PolicySpec{
		UserAffinity: new(false), AwaitDeviceConfigured: new(false), LockedEnrollment: new(false), DeviceNameTemplate: new("x"), Department: new("IT"), SkipSetupItems: []string{"Siri"},
	}, nil)
	type spec = enrollment.PolicySpec
	for name, c := range map[string]struct {
		spec   spec
		differ map[string]string // "-" is gone
	}{
		"nothing":                       {spec{}, nil},
		"locked":                        {spec{LockedEnrollment: new(true)}, map[string]string{"ade_lockedenrollment": "ade_lockedenrollment_1"}},
		"no name template":              {spec{DeviceNameTemplate: new("")}, map[string]string{"ade_devicenametemplatechoices": "ade_devicenametemplatechoices_0", "ade_appledevicenametemplate": "-"}},
		"no name template any more":     {spec{Reset: []string{"device_name_template"}}, map[string]string{"ade_devicenametemplatechoices": "ade_devicenametemplatechoices_0", "ade_appledevicenametemplate": "-"}},
		"no department any more":        {spec{Reset: []string{"department"}}, map[string]string{"ade_setupassistant_department": "-"}},
		"locked managed no more":        {spec{Reset: []string{"locked_enrollment"}}, map[string]string{"ade_lockedenrollment": "ade_lockedenrollment_1"}},
		"panes managed no more":         {spec{Reset: []string{"skip_setup_items"}}, map[string]string{"ade_setupassistant_passcode": "ade_setupassistant_passcode_0"}},
		"a setting managed no more":     {spec{Reset: []string{"settings.ade_setupassistant_passcode"}}, map[string]string{"ade_setupassistant_passcode": "ade_setupassistant_passcode_0"}},
		"given and managed no more":     {spec{LockedEnrollment: new(false), Reset: []string{"locked_enrollment"}}, nil},
		"the wait of a userless policy": {spec{AwaitDeviceConfigured: new(true)}, map[string]string{"ade_useraffinity_awaitfinalconfiguration": "ade_useraffinity_awaitfinalconfiguration_1"}},
		"userless is not shared mode":   {spec{SharedDeviceMode: new(false)}, nil},
		"affinity: the wait stays off": {
			spec{UserAffinity: new(true)},
			map[string]string{
				"ade_useraffinity": "ade_useraffinity_1", "ade_useraffinity_awaitfinalconfiguration": "-", "ade_authenticationmethod": "ade_authenticationmethod_2",
				"ade_modernauth_awaitfinalconfiguration": "ade_modernauth_awaitfinalconfiguration_0",
			},
		},
		"use managed no more, and the wait": {
			spec{Reset: []string{"user_affinity", "await_device_configured"}},
			map[string]string{
				"ade_useraffinity": "ade_useraffinity_1", "ade_useraffinity_awaitfinalconfiguration": "-", "ade_authenticationmethod": "ade_authenticationmethod_2",
				"ade_modernauth_awaitfinalconfiguration": "ade_modernauth_awaitfinalconfiguration_1",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := maps.Clone(current)
			got := resolve(t, ios(), c.spec, current)
			want := maps.Clone(current)
			for id, value := range c.differ {
				want[id] = value
				if value == "-" {
					delete(want, id)
				}
			}
			if !maps.Equal(got, want) {
				t.Errorf("got %v\nwant %v", got, want)
			}
			if !maps.Equal(current, before) {
				t.Error("what the policy has was changed on the way")
			}
		})
	}
}

func TestSharedDeviceModeIsTurnedOff(t *testing.T) {
	t.Parallel()
	shared := resolve(t, ios(), enrollment.PolicySpec{SharedDeviceMode: new(true)}, nil)
	affinity := resolve(t, ios(), enrollment.PolicySpec{UserAffinity: new(true)}, nil)
	for want, current := range map[string]enrollment.PolicyValues{"ade_useraffinity_0": shared, "ade_useraffinity_1": affinity} {
		if got := resolve(t, ios(), enrollment.PolicySpec{SharedDeviceMode: new(false)}, current)["ade_useraffinity"]; got != want {
			t.Errorf("%s became %s", current["ade_useraffinity"], got)
		}
	}
}

func TestUsersChooseASharedIPadForUsers(t *testing.T) {
	t.Parallel()
	guests := resolve(t, ios(), enrollment.PolicySpec{SharedIPad: &enrollment.SharedIPad{TemporarySessionsOnly: new(true)}}, nil)
	values := resolve(t, ios(), enrollment.PolicySpec{SharedIPad: &enrollment.SharedIPad{MaximumCachedUsers: new(int64(3))}}, guests)
	if got := values["ade_requiresharedipadtemporarysessiononly"]; got != "ade_requiresharedipadtemporarysessiononly_0" || values["ade_maximumcachedusers"] != "3" {
		t.Errorf("%s with %s users", got, values["ade_maximumcachedusers"])
	}
}

func TestSettingsThatMicrosoftAddsAreSentAndTold(t *testing.T) {
	t.Parallel()
	current := resolve(t, ios(), enrollment.PolicySpec{LockedEnrollment: new(false)}, nil)
	template := ios()
	template.Settings["ade_setupassistant_holodeck"] = choice("ade_setupassistant_holodeck", 1, 2)
	template.Settings["ade_quantum"] = optional(text("ade_quantum", "x", 9, ""))
	for name, values := range map[string]enrollment.PolicyValues{
		"a new policy": resolve(t, template, enrollment.PolicySpec{SkipSetupItems: []string{}}, nil), "a change": resolve(t, template, enrollment.PolicySpec{}, current),
	} {
		if values["ade_setupassistant_holodeck"] != "ade_setupassistant_holodeck_1" {
			t.Errorf("%s: sent as %q", name, values["ade_setupassistant_holodeck"])
		}
		if _, there := values["ade_quantum"]; there {
			t.Errorf("%s: what is not required is sent", name)
		}
		if d := values.Defaulted(template, nil); !slices.Equal(d, []string{"ade_setupassistant_holodeck"}) {
			t.Errorf("%s: told of %v", name, d)
		}
		if d := values.Defaulted(template, map[string]string{"ade_setupassistant_holodeck": "x"}); len(d) > 0 {
			t.Errorf("%s: %v has a name in settings", name, d)
		}
	}
	other := resolve(t, template, enrollment.PolicySpec{Settings: map[string]string{"ade_setupassistant_holodeck": "ade_setupassistant_holodeck_0"}}, nil)
	if d := other.Defaulted(template, nil); len(d) > 0 {
		t.Errorf("%v has not the default", d)
	}
}

func TestSettingsThatMicrosoftTakesAwayAreDropped(t *testing.T) {
	t.Parallel()
	current := resolve(t, ios(), enrollment.PolicySpec{SkipSetupItems: []string{}}, nil)
	template := ios()
	delete(template.Settings, "ade_setupassistant_siri")
	values := resolve(t, template, enrollment.PolicySpec{SkipSetupItems: []string{}}, current)
	if _, there := values["ade_setupassistant_siri"]; there {
		t.Error("it is still sent")
	}
	current["ade_lockedenrollment"] = "ade_lockedenrollment_7"
	if got := resolve(t, template, enrollment.PolicySpec{}, current)["ade_lockedenrollment"]; got != "ade_lockedenrollment_1" {
		t.Errorf("an option that is gone became %q", got)
	}
}

func TestANamedChildChoosesTheOptionsAboveIt(t *testing.T) {
	t.Parallel()
	set := func(pairs ...string) enrollment.PolicySpec {
		p := enrollment.PolicySpec{Settings: map[string]string{}}
		for i := 0; i < len(pairs); i += 2 {
			p.Settings[pairs[i]] = pairs[i+1]
		}
		return p
	}
	values := resolve(t, mac(), set("ade_accountsettings_adminaccountname", "it"), enrollment.PolicyValues{"ade_macos_awaitconfiguration": "ade_macos_awaitconfiguration_0"})
	for id, want := range map[string]string{
		"ade_macos_awaitconfiguration": "ade_macos_awaitconfiguration_1", "ade_accountsettings_createlocaladmin": "ade_accountsettings_createlocaladmin_1",
		"ade_accountsettings_adminaccountname": "it", "ade_accountsettings_createlocalprimary": "ade_accountsettings_createlocalprimary_0",
	} {
		if values[id] != want {
			t.Errorf("%s is %q, want %q", id, values[id], want)
		}
	}
	// A child of two options leaves the one that is the default, or that the policy has.
	values = resolve(t, mac(), set("ade_accountsettings_createlocalprimary", "ade_accountsettings_createlocalprimary_2"), nil)
	if got := values["ade_accountsettings_createlocaladmin"]; got != "ade_accountsettings_createlocaladmin_0" {
		t.Errorf("the default gave way to %s", got)
	}
	values = resolve(t, mac(), set("ade_accountsettings_createlocalprimary", "ade_accountsettings_createlocalprimary_2"),
		enrollment.PolicyValues{"ade_macos_awaitconfiguration": "ade_macos_awaitconfiguration_1", "ade_accountsettings_createlocaladmin": "ade_accountsettings_createlocaladmin_1"})
	if got := values["ade_accountsettings_createlocaladmin"]; got != "ade_accountsettings_createlocaladmin_1" {
		t.Errorf("what the policy has gave way to %s", got)
	}
	// Of two named children the option that has both is chosen.
	values = resolve(t, mac(), set("ade_accountsettings_createlocalprimary", "ade_accountsettings_createlocalprimary_1", "ade_accountsettings_adminaccountname", "it"), nil)
	if got := values["ade_accountsettings_createlocaladmin"]; got != "ade_accountsettings_createlocaladmin_1" {
		t.Errorf("with two children it is %s", got)
	}
}

func TestImpliedAreTheChoicesThatFollowFromWhatIsBelow(t *testing.T) {
	t.Parallel()
	const admin, name, primary = "ade_accountsettings_createlocaladmin", "ade_accountsettings_adminaccountname", "ade_accountsettings_createlocalprimary"
	for _, c := range []struct {
		says    string
		named   map[string]string
		implied []string
	}{
		{"nothing is named", nil, nil},
		{"a name brings the account up", map[string]string{name: "it"}, []string{admin}},
		{"the name that it has anyway does not", map[string]string{admin: admin + "_1"}, nil},
		{"an option that is not the default", map[string]string{primary: primary + "_2"}, nil},
		{"the account follows, what is beside the name does not", map[string]string{name: "it", primary: primary + "_1"}, []string{admin}},
		{"it was named too", map[string]string{admin: admin + "_1", name: "it"}, []string{admin}},
	} {
		values := resolve(t, mac(), enrollment.PolicySpec{Settings: c.named}, nil)
		if got := values.Implied(mac()); !slices.Equal(got, c.implied) {
			t.Errorf("%s: implied are %v, want %v, of %v", c.says, got, c.implied, values)
		}
		// What it is for: without the implied ones it is the same policy.
		fewer := maps.Clone(values)
		for _, id := range slices.Concat(values.Implied(mac()), values.Defaulted(mac(), nil)) {
			delete(fewer, id)
		}
		if again := resolve(t, mac(), enrollment.PolicySpec{Settings: fewer}, nil); !maps.Equal(again, values) {
			t.Errorf("%s: without what is implied %v becomes %v", c.says, values, again)
		}
	}
}

func TestWhatHasNoPlaceIsRefused(t *testing.T) {
	t.Parallel()
	brokenMac := mac()
	brokenMac.Settings["ade_group"] = enrollment.PolicySetting{ID: "ade_group", DisplayName: "Group", Kind: enrollment.PolicyOther, Required: true}
	brokenIOS := ios()
	brokenIOS.Settings["ade_setupassistant_department"] = text("ade_setupassistant_department", "", 125, "")
	brokenIOS.Settings["ade_new"] = text("ade_new", "", 125, "")
	for name, c := range map[string]struct {
		template enrollment.PolicyTemplate
		spec     enrollment.PolicySpec
		fields   []string
		says     string
	}{
		"a child whose option is not chosen": {
			mac(),
			enrollment.PolicySpec{AwaitDeviceConfigured: new(false), Settings: map[string]string{"ade_accountsettings_adminaccountname": "it"}},
			[]string{"settings.ade_accountsettings_adminaccountname"},
			"ade_accountsettings_createlocaladmin_1",
		},
		"an option that is not offered there": {
			mac(),
			enrollment.PolicySpec{Settings: map[string]string{
				"ade_accountsettings_createlocaladmin": "ade_accountsettings_createlocaladmin_0", "ade_accountsettings_createlocalprimary": "ade_accountsettings_createlocalprimary_1",
			}},
			[]string{"settings.ade_accountsettings_createlocalprimary"},
			"ade_accountsettings_createlocalprimary_2",
		},
		"a group":            {brokenMac, enrollment.PolicySpec{}, []string{"settings"}, "newer version"},
		"required, and bare": {brokenIOS, enrollment.PolicySpec{}, []string{"settings", "department"}, "no default"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.spec.Platform = c.template.Platform
			_, broken := enrollment.ResolvePolicy(c.spec, c.template, nil)
			var fields []string
			for _, v := range broken {
				fields = append(fields, v.Field)
				if !strings.Contains(v.Detail, c.says) {
					t.Errorf("%q does not say %q", v.Detail, c.says)
				}
			}
			if !slices.Equal(fields, c.fields) {
				t.Errorf("broken at %v, want %v: %+v", fields, c.fields, broken)
			}
		})
	}
	// A policy that has the group, and the department, keeps them.
	values := resolve(t, brokenMac, enrollment.PolicySpec{}, enrollment.PolicyValues{"ade_group": ""})
	if _, there := values["ade_group"]; !there {
		t.Error("the group is dropped")
	}
	p := enrollment.PolicySpec{Platform: enrollment.MacOS, Name: "Macs", Settings: map[string]string{"ade_group": "x"}}
	expectViolation(t, enrollment.CheckPolicy(p, &brokenMac), "settings.ade_group", "keeps what it has")
}

func TestAnUnboundedNumberAndAPatternOfAnotherDialectPass(t *testing.T) {
	t.Parallel()
	template := ios()
	template.Settings["ade_n"] = enrollment.PolicySetting{ID: "ade_n", Kind: enrollment.PolicyNumber, Minimum: math.MinInt64, Maximum: math.MaxInt64}
	template.Settings["ade_t"] = enrollment.PolicySetting{ID: "ade_t", Kind: enrollment.PolicyText, Pattern: `(?<=a)b`}
	p := enrollment.PolicySpec{Platform: enrollment.IOS, Name: "x", Settings: map[string]string{"ade_n": "-99999999999", "ade_t": "anything"}}
	expectViolation(t, enrollment.CheckPolicy(p, &template), "", "")
}

func TestAttributesAreReadBack(t *testing.T) {
	t.Parallel()
	type spec = enrollment.PolicySpec
	for name, want := range map[string]spec{
		"affinity":           {UserAffinity: new(true), SharedDeviceMode: new(false), AwaitDeviceConfigured: new(false)},
		"userless":           {UserAffinity: new(false), SharedDeviceMode: new(false), AwaitDeviceConfigured: new(true)},
		"shared device mode": {UserAffinity: new(false), SharedDeviceMode: new(true), AwaitDeviceConfigured: new(true)},
		"Shared iPad": {UserAffinity: new(false), SharedDeviceMode: new(false), SharedIPad: &enrollment.SharedIPad{
			TemporarySessionsOnly: new(false), MaximumCachedUsers: new(int64(4)), UserSessionTimeout: new(int64(60)), PasscodeLockGracePeriod: new(int64(30)),
		}},
		"guests": {UserAffinity: new(false), SharedDeviceMode: new(false), SharedIPad: &enrollment.SharedIPad{
			TemporarySessionsOnly: new(true), TemporarySessionTimeout: new(int64(60)),
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want.LockedEnrollment, want.DeviceNameTemplate, want.CarrierActivationURL = new(false), new("x"), new("https://x")
			want.Department, want.DepartmentPhone, want.SkipSetupItems = new("IT"), new("1"), []string{"Siri"}
			want.ConfiguratorCertificates = []string{pemOf("der")}
			values := resolve(t, ios(), want, nil)
			got := values.Spec(enrollment.IOS)
			if !maps.Equal(got.Settings, values) {
				t.Error("not all settings are read")
			}
			want.Platform, want.Settings = enrollment.IOS, got.Settings
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestWhatAPolicyDoesNotHaveIsNotRead(t *testing.T) {
	t.Parallel()
	got := enrollment.PolicyValues{}.Spec(enrollment.IOS)
	if !reflect.DeepEqual(got, enrollment.PolicySpec{Platform: enrollment.IOS, Settings: map[string]string{}}) {
		t.Errorf("read %+v", got)
	}
	got = enrollment.PolicyValues{
		"ade_setupassistant_siri": "ade_setupassistant_siri_1", "ade_devicenametemplatechoices": "ade_devicenametemplatechoices_0",
		"ade_lockedenrollment": "ade_lockedenrollment_5", "ade_macos_useraffinity": "ade_macos_useraffinity_1",
	}.Spec(enrollment.MacOS)
	if got.SkipSetupItems == nil || len(got.SkipSetupItems) > 0 || got.DeviceNameTemplate != nil || got.LockedEnrollment != nil || got.SharedDeviceMode != nil || !*got.UserAffinity {
		t.Errorf("read %+v", got)
	}
}

func TestWhichOptionIsChosenAboveNamedSettings(t *testing.T) {
	t.Parallel()
	template := templateOf(enrollment.IOS,
		choice("ade_kind", 1, 3),
		under(number("ade_both", "1", 9), "ade_kind_0", "ade_kind_1"), under(number("ade_first", "1", 9), "ade_kind_0"),
	)
	for want, settings := range map[string]map[string]string{
		"ade_kind_1": {"ade_both": "2"}, // the default will do
		"ade_kind_0": {"ade_both": "2", "ade_first": "3"},
	} {
		if got := resolve(t, template, enrollment.PolicySpec{Settings: settings}, nil)["ade_kind"]; got != want {
			t.Errorf("%v chooses %s", settings, got)
		}
	}
}

func TestADefaultThatIsNotOfferedGivesWayToOneThatIs(t *testing.T) {
	t.Parallel()
	inner := under(choice("ade_inner", 0, 2), "ade_outer_0", "ade_outer_1")
	inner.Options[0].Under = []string{"ade_outer_1"}
	template := templateOf(enrollment.IOS, choice("ade_outer", 0, 2), inner)
	if got := resolve(t, template, enrollment.PolicySpec{}, nil)["ade_inner"]; got != "ade_inner_1" {
		t.Errorf("it became %s", got)
	}
}

func TestNothingIsSentForNothing(t *testing.T) {
	t.Parallel()
	values := resolve(t, ios(), enrollment.PolicySpec{ConfiguratorCertificates: []string{}}, enrollment.PolicyValues{"ade_appleconfiguratorcertificates": `["YQ=="]`})
	if got, there := values["ade_appleconfiguratorcertificates"]; there {
		t.Errorf("certificates that were taken away are sent as %s", got)
	}
	template := ios()
	required := template.Settings["ade_appleconfiguratorcertificates"]
	required.Required = true
	template.Settings[required.ID] = required
	if got := resolve(t, template, enrollment.PolicySpec{ConfiguratorCertificates: []string{}}, nil)[required.ID]; got != "[]" {
		t.Errorf("a list that has to be sent is %q", got)
	}
}
