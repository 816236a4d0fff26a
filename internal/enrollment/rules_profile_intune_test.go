package enrollment_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

func fieldsOf(violations []enrollment.Violation) []string {
	out := []string{}
	for _, v := range violations {
		out = append(out, v.Field)
	}
	return out
}

func TestWhatIntuneRefusesOfAProfile(t *testing.T) {
	t.Parallel()
	companyPortal, modern := new(enrollment.AuthenticationCompanyPortal), new(enrollment.AuthenticationModern)
	shared := func(change func(*enrollment.SharedIPad)) *enrollment.SharedIPad {
		s := &enrollment.SharedIPad{}
		change(s)
		return s
	}
	type spec = enrollment.ProfileSpec
	cases := map[string]struct {
		change func(*spec)
		// contradicts are the fields that are to blame whatever is not known; whole those of a spec that is wholly known.
		contradicts, whole []string
	}{
		"a plain profile": {change: func(*spec) {}},
		"ten certificates": {change: func(p *spec) {
			p.Pairing = &enrollment.Pairing{Mode: enrollment.PairingCertificate, ConfiguratorCertificates: make([]string, 10)}
		}},
		"eleven certificates": {change: func(p *spec) {
			p.Pairing = &enrollment.Pairing{Mode: enrollment.PairingCertificate, ConfiguratorCertificates: make([]string, 11)}
		}, contradicts: []string{"pairing.configurator_certificates"}},
		"a name template":                  {change: func(p *spec) { p.DeviceNameTemplate = new("{{DEVICETYPE}}-{{SERIAL}}_1.a") }},
		"a name template that is empty":    {change: func(p *spec) { p.DeviceNameTemplate = new("") }},
		"a name template of 63":            {change: func(p *spec) { p.DeviceNameTemplate = new(strings.Repeat("x", 63)) }},
		"a name template of 64":            {change: func(p *spec) { p.DeviceNameTemplate = new(strings.Repeat("x", 64)) }, contradicts: []string{"device_name_template"}},
		"a name template with a blank":     {change: func(p *spec) { p.DeviceNameTemplate = new("iPad {{SERIAL}}") }, contradicts: []string{"device_name_template"}},
		"a name template with a variable":  {change: func(p *spec) { p.DeviceNameTemplate = new("{{SERIAL}}-{{USER}}") }, contradicts: []string{"device_name_template"}},
		"a name template in small letters": {change: func(p *spec) { p.DeviceNameTemplate = new("{{serial}}") }, contradicts: []string{"device_name_template"}},
		"a name template with one brace":   {change: func(p *spec) { p.DeviceNameTemplate = new("{{SERIAL}}}") }, contradicts: []string{"device_name_template"}},
		"a name template with an accent":   {change: func(p *spec) { p.DeviceNameTemplate = new("Gerät") }, contradicts: []string{"device_name_template"}},

		"modern authentication":                   {change: func(p *spec) { p.Authentication, p.UserAffinity = modern, new(true) }},
		"authentication, affinity left out":       {change: func(p *spec) { p.Authentication = modern }},
		"authentication without affinity":         {change: func(p *spec) { p.Authentication, p.UserAffinity = modern, new(false) }, contradicts: []string{"authentication"}},
		"authentication with Shared iPad":         {change: func(p *spec) { p.Authentication, p.SharedIPad = modern, shared(func(*enrollment.SharedIPad) {}) }, contradicts: []string{"authentication"}},
		"authentication by nothing":               {change: func(p *spec) { p.Authentication = new(enrollment.Authentication("magic")) }, contradicts: []string{"authentication"}},
		"authentication taken away with affinity": {change: func(p *spec) { p.Authentication, p.UserAffinity = new(enrollment.Authentication("")), new(false) }},
		"single app mode": {change: func(p *spec) {
			p.SingleAppMode, p.Authentication, p.CompanyPortalVPPTokenID = new(true), companyPortal, new("v")
		}},
		"single app mode without a token":           {change: func(p *spec) { p.SingleAppMode, p.Authentication = new(true), companyPortal }, whole: []string{"single_app_mode"}},
		"single app mode by modern":                 {change: func(p *spec) { p.SingleAppMode, p.Authentication, p.CompanyPortalVPPTokenID = new(true), modern, nil }, contradicts: []string{"single_app_mode"}, whole: []string{"single_app_mode", "single_app_mode"}},
		"single app mode, authentication left out":  {change: func(p *spec) { p.SingleAppMode, p.CompanyPortalVPPTokenID = new(true), new("v") }, whole: []string{"single_app_mode", "company_portal_vpp_token_id"}},
		"no single app mode":                        {change: func(p *spec) { p.SingleAppMode = new(false) }},
		"a location token by modern":                {change: func(p *spec) { p.CompanyPortalVPPTokenID, p.Authentication = new("v"), modern }, contradicts: []string{"company_portal_vpp_token_id"}},
		"a location token, authentication left out": {change: func(p *spec) { p.CompanyPortalVPPTokenID = new("v") }, whole: []string{"company_portal_vpp_token_id"}},
		"a location token taken away":               {change: func(p *spec) { p.CompanyPortalVPPTokenID = new("") }},

		"awaiting": {change: func(p *spec) { p.AwaitDeviceConfigured = new(true) }},
		"awaiting with Shared iPad": {change: func(p *spec) {
			p.AwaitDeviceConfigured, p.SharedIPad = new(true), shared(func(*enrollment.SharedIPad) {})
		}, contradicts: []string{"await_device_configured"}},
		"awaiting with shared device mode": {change: func(p *spec) { p.AwaitDeviceConfigured, p.SharedDeviceMode = new(true), new(true) }, contradicts: []string{"await_device_configured"}},
		"not awaiting with Shared iPad": {change: func(p *spec) {
			p.AwaitDeviceConfigured, p.SharedIPad = new(false), shared(func(*enrollment.SharedIPad) {})
		}},

		"shared device mode":                     {change: func(p *spec) { p.SharedDeviceMode = new(true) }},
		"shared device mode with affinity":       {change: func(p *spec) { p.SharedDeviceMode, p.UserAffinity = new(true), new(true) }, contradicts: []string{"shared_device_mode"}},
		"shared device mode with Shared iPad":    {change: func(p *spec) { p.SharedDeviceMode, p.SharedIPad = new(true), shared(func(*enrollment.SharedIPad) {}) }, contradicts: []string{"shared_device_mode"}},
		"no shared device mode with Shared iPad": {change: func(p *spec) { p.SharedDeviceMode, p.SharedIPad = new(false), shared(func(*enrollment.SharedIPad) {}) }},

		"not mandatory with affinity":       {change: func(p *spec) { p.Mandatory, p.UserAffinity = new(false), new(true) }},
		"not mandatory without affinity":    {change: func(p *spec) { p.Mandatory, p.UserAffinity = new(false), new(false) }, contradicts: []string{"mandatory"}},
		"not mandatory with Shared iPad":    {change: func(p *spec) { p.Mandatory, p.SharedIPad = new(false), shared(func(*enrollment.SharedIPad) {}) }, contradicts: []string{"mandatory"}},
		"not mandatory, affinity left out":  {change: func(p *spec) { p.Mandatory = new(false) }, whole: []string{"mandatory"}},
		"not mandatory with authentication": {change: func(p *spec) { p.Mandatory, p.Authentication = new(false), modern }},
		"mandatory, affinity left out":      {change: func(p *spec) { p.Mandatory = new(true) }},
		"a session timeout of 0": {change: func(p *spec) {
			p.SharedIPad = shared(func(s *enrollment.SharedIPad) { s.UserSessionTimeout = new(int64(0)) })
		}},
		"a session timeout of 30": {change: func(p *spec) {
			p.SharedIPad = shared(func(s *enrollment.SharedIPad) { s.UserSessionTimeout = new(int64(30)) })
		}},
		"a session timeout of 29": {change: func(p *spec) {
			p.SharedIPad = shared(func(s *enrollment.SharedIPad) { s.UserSessionTimeout = new(int64(29)) })
		}, contradicts: []string{"shared_ipad.user_session_timeout"}},
		"a temporary session timeout of 1": {change: func(p *spec) {
			p.SharedIPad = shared(func(s *enrollment.SharedIPad) { s.TemporarySessionTimeout = new(int64(1)) })
		}, contradicts: []string{"shared_ipad.temporary_session_timeout"}},
		"a grace period that Intune has": {change: func(p *spec) {
			p.SharedIPad = shared(func(s *enrollment.SharedIPad) { s.PasscodeLockGracePeriod = new(int64(14400)) })
		}},
		"a grace period that Intune has not": {change: func(p *spec) {
			p.SharedIPad = shared(func(s *enrollment.SharedIPad) { s.PasscodeLockGracePeriod = new(int64(61)) })
		}, contradicts: []string{"shared_ipad.passcode_lock_grace_period"}},
		"temporary sessions with user timeouts": {change: func(p *spec) {
			p.SharedIPad = shared(func(s *enrollment.SharedIPad) {
				s.TemporarySessionsOnly, s.UserSessionTimeout = new(true), new(int64(60))
			})
		}, contradicts: []string{"shared_ipad.user_session_timeout"}},
		"temporary sessions with a grace period": {change: func(p *spec) {
			p.SharedIPad = shared(func(s *enrollment.SharedIPad) {
				s.TemporarySessionsOnly, s.PasscodeLockGracePeriod = new(true), new(int64(60))
			})
		}, contradicts: []string{"shared_ipad.passcode_lock_grace_period"}},
		"temporary sessions with their timeout": {change: func(p *spec) {
			p.SharedIPad = shared(func(s *enrollment.SharedIPad) {
				s.TemporarySessionsOnly, s.TemporarySessionTimeout = new(true), new(int64(60))
			})
		}},

		"a carrier's URL":            {change: func(p *spec) { p.CarrierActivationURL = new("http://activation.carrier.net") }},
		"a carrier's name":           {change: func(p *spec) { p.CarrierActivationURL = new("carrier.net") }, contradicts: []string{"carrier_activation_url"}},
		"a group":                    {change: func(p *spec) { p.EnrollmentTimeGroupIDs = []string{"dddddddd-0000-4000-8000-00000000000A"} }},
		"a group not known yet":      {change: func(p *spec) { p.EnrollmentTimeGroupIDs = []string{""} }},
		"a group by name":            {change: func(p *spec) { p.EnrollmentTimeGroupIDs = []string{"iPads"} }, contradicts: []string{"enrollment_time_group_ids"}},
		"the skip key Registration":  {change: func(p *spec) { p.SkipSetupItems = []string{"Siri", "Registration"} }, contradicts: []string{"skip_setup_items"}},
		"the skip key Privacy":       {change: func(p *spec) { p.SkipSetupItems = []string{"Privacy"} }},
		"an attribute of embedded":   {change: func(p *spec) { p.OrgMagic = new("x") }, whole: []string{"org_magic"}},
		"mandatory is for both of a": {change: func(p *spec) { p.Mandatory = new(true) }},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := spec{Name: "Classroom", Supervised: true}
			c.change(&p)
			if got := fieldsOf(enrollment.CheckProfile(enrollment.Intune, p)); !slices.Equal(got, append([]string{}, c.contradicts...)) {
				t.Errorf("contradicted at %v, want %v", got, c.contradicts)
			}
			if c.whole == nil {
				c.whole = c.contradicts
			}
			if got := fieldsOf(enrollment.CheckWholeProfile(enrollment.Intune, p)); !slices.Equal(got, append([]string{}, c.whole...)) {
				t.Errorf("refused at %v, want %v", got, c.whole)
			}
			embedded := p
			embedded.Pairing = nil
			if got := enrollment.CheckProfile(enrollment.Embedded, embedded); len(got) > 0 && !slices.Contains(fieldsOf(got), "user_affinity") {
				t.Errorf("the embedded service has no such rule: %+v", got)
			}
		})
	}
}

// Every field of a profile belongs to both services or to one of them, and to be foreign it has to be set.
func TestAttributesOfTheOtherServiceAreForeign(t *testing.T) {
	t.Parallel()
	intuneOnly := []string{
		"Authentication", "RequireCompanyPortal", "DeviceNameTemplate", "CompanyPortalVPPTokenID", "SingleAppMode", "SharedDeviceMode",
		"CarrierActivationURL", "EnrollmentTimeGroupIDs",
	}
	embeddedOnly := []string{
		"EnrollmentURL", "ConfigurationWebURL", "SupportEmail", "OrgMagic", "Language", "Region", "AnchorCertificates", "AutoAdvance",
		"ReturnToService", "DoNotUseProfileFromBackup",
	}
	for field := range reflect.TypeFor[enrollment.ProfileSpec]().Fields() {
		var p enrollment.ProfileSpec
		v := reflect.ValueOf(&p).Elem().FieldByIndex(field.Index)
		switch v.Kind() {
		case reflect.Pointer:
			v.Set(reflect.New(v.Type().Elem()))
		case reflect.Slice:
			v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		default: // the name and what both services require
		}
		for kind, foreign := range map[enrollment.Kind][]string{enrollment.Embedded: intuneOnly, enrollment.Intune: embeddedOnly} {
			want := 0
			if slices.Contains(foreign, field.Name) {
				want = 1
			}
			got := enrollment.CheckForeign(kind, p)
			if len(got) != want {
				t.Errorf("%s on %s: %d violations, want %d", field.Name, kind, len(got), want)
			}
			for _, violation := range got {
				if strings.ReplaceAll(violation.Field, "_", "") != strings.ToLower(field.Name) {
					t.Errorf("%s is called %s", field.Name, violation.Field)
				}
			}
		}
	}
	if got := enrollment.CheckForeign(enrollment.Intune, enrollment.ProfileSpec{Language: new("de")}); !strings.Contains(got[0].Summary, "embedded service") {
		t.Errorf("the service is not named: %+v", got)
	}
}

func TestMessagesListWhatThereIsToChooseFrom(t *testing.T) {
	t.Parallel()
	for says, p := range map[string]enrollment.ProfileSpec{
		"It takes 0, 60, 300, 900, 3600 or 14400 seconds; this is 61.": {SharedIPad: &enrollment.SharedIPad{PasscodeLockGracePeriod: new(int64(61))}},
		" or ": {Authentication: new(enrollment.Authentication("magic"))},
		`{{SERIAL}} and {{DEVICETYPE}}, in capitals, and braces have no other use: "{{USER}}" is neither`: {DeviceNameTemplate: new("{{SERIAL}}-{{USER}}-x")},
	} {
		p.Name, p.Supervised = "iPads", true
		if got := enrollment.CheckProfile(enrollment.Intune, p); len(got) != 1 || !strings.Contains(got[0].Detail, says) || strings.Contains(got[0].Detail, "[") {
			t.Errorf("%+v does not say %q", got, says)
		}
	}
}

func TestKeysThatOlderListsHaveAreWithdrawn(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"ExpressLanguage", "PreferredLanguage"} { // properties of Intune's profiles
		if w, warned := enrollment.UnknownSkipKey(key); !warned || !strings.Contains(w.Detail, "withdrew") {
			t.Errorf("%s: %+v", key, w)
		}
	}
}
