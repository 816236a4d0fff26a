package profile

import (
	"maps"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

const testCertificate = `-----BEGIN CERTIFICATE-----
MIHoMIGboAMCAQICAQEwBQYDK2VwMB0xGzAZBgNVBAMTEkFwcGxlIENvbmZpZ3Vy
YXRvcjAgFw03MDAxMDEwMDAwMDBaGA8yMjQyMDMxNjEyNTYzMlowHTEbMBkGA1UE
AxMSQXBwbGUgQ29uZmlndXJhdG9yMCowBQYDK2VwAyEAwvryGjkmDRvV47z/o6lH
l9UK/xy9Mt6mHkaT0FhCkWAwBQYDK2VwA0EAxlPVKgo3HNhMTEAzQDArYXqpQ/Nr
ON1KJ3g7ldbcpYCUWC5ZIIHjjfuWU8JBHLmrA2FDQnrzh3877fUhz0hZBQ==
-----END CERTIFICATE-----
`

// parsed reads a configuration with the language's own parser.
func parsed(t *testing.T, text string) (label string, values map[string]cty.Value) {
	t.Helper()
	if formatted := string(hclwrite.Format([]byte(text))); formatted != text {
		t.Errorf("terraform fmt makes\n%sof\n%s", formatted, text)
	}
	file, diags := hclsyntax.ParseConfig([]byte(text), "policy.tf", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatalf("%s\n%s", diags, text)
	}
	body, ok := file.Body.(*hclsyntax.Body)
	if !ok || len(body.Blocks) != 1 || body.Blocks[0].Type != "resource" || len(body.Blocks[0].Labels) != 2 || body.Blocks[0].Labels[0] != "asm_enrollment_policy" {
		t.Fatalf("not one policy:\n%s", text)
	}
	values = map[string]cty.Value{}
	for name, attribute := range body.Blocks[0].Body.Attributes {
		value, diags := attribute.Expr.Value(nil)
		if diags.HasErrors() {
			t.Fatalf("%s: %s", name, diags)
		}
		values[name] = value
	}
	return body.Blocks[0].Labels[1], values
}

func tuple(texts ...string) cty.Value {
	var out []cty.Value
	for _, text := range texts {
		out = append(out, cty.StringVal(text))
	}
	return cty.TupleVal(out)
}

func TestEquivalentPolicy(t *testing.T) {
	t.Parallel()
	yes, no, none := cty.True, cty.False, cty.EmptyTupleVal
	base := func(more map[string]cty.Value) map[string]cty.Value {
		out := map[string]cty.Value{"token_id": cty.StringVal("t"), "name": cty.StringVal("Lab"), "locked_enrollment": no, "skip_setup_items": none}
		maps.Copy(out, more)
		return out
	}
	for name, c := range map[string]struct {
		spec enrollment.ProfileSpec
		want map[string]cty.Value
	}{
		"least": {enrollment.ProfileSpec{}, base(nil)},
		"texts": {
			enrollment.ProfileSpec{
				Description: new("d"), Department: new("IT"), DepartmentPhone: new("1"), DeviceNameTemplate: new("{{SERIAL}}"), CarrierActivationURL: new("https://a.example"),
			},
			base(map[string]cty.Value{
				"description": cty.StringVal("d"), "department": cty.StringVal("IT"), "department_phone": cty.StringVal("1"), "device_name_template": cty.StringVal("{{SERIAL}}"),
				"carrier_activation_url": cty.StringVal("https://a.example"),
			}),
		},
		"texts that are nothing": {enrollment.ProfileSpec{Description: new(""), Department: new("")}, base(nil)},
		"with a user": {
			enrollment.ProfileSpec{UserAffinity: new(true), LockedEnrollment: true, AwaitDeviceConfigured: new(true), SharedDeviceMode: new(false)},
			base(map[string]cty.Value{"user_affinity": yes, "locked_enrollment": yes, "await_device_configured": yes}),
		},
		"without one": {enrollment.ProfileSpec{UserAffinity: new(false)}, base(map[string]cty.Value{"user_affinity": no})},
		"shared device mode": {
			enrollment.ProfileSpec{UserAffinity: new(false), SharedDeviceMode: new(true)}, base(map[string]cty.Value{"shared_device_mode": yes}),
		},
		"Shared iPad": {
			enrollment.ProfileSpec{UserAffinity: new(false), AwaitDeviceConfigured: new(false), SharedIPad: &enrollment.SharedIPad{
				MaximumCachedUsers: new(int64(6)), TemporarySessionsOnly: new(false), UserSessionTimeout: new(int64(60)), PasscodeLockGracePeriod: new(int64(0)), TemporarySessionTimeout: new(int64(30)),
			}},
			base(map[string]cty.Value{"shared_ipad": cty.ObjectVal(map[string]cty.Value{
				"maximum_cached_users": cty.NumberIntVal(6), "user_session_timeout": cty.NumberIntVal(60), "passcode_lock_grace_period": cty.NumberIntVal(0),
			})}),
		},
		"guests": {
			enrollment.ProfileSpec{SharedIPad: &enrollment.SharedIPad{TemporarySessionsOnly: new(true), TemporarySessionTimeout: new(int64(60)), UserSessionTimeout: new(int64(90))}},
			base(map[string]cty.Value{"shared_ipad": cty.ObjectVal(map[string]cty.Value{"temporary_sessions_only": yes, "temporary_session_timeout": cty.NumberIntVal(60)})}),
		},
		"Shared iPad, nothing said": {enrollment.ProfileSpec{SharedIPad: &enrollment.SharedIPad{}}, base(map[string]cty.Value{"shared_ipad": cty.EmptyObjectVal})},
		"panes": {
			enrollment.ProfileSpec{SkipSetupItems: []string{"Siri", "Zoom", "Passcode", "HomeButtonSensitivity"}},
			base(map[string]cty.Value{"skip_setup_items": tuple("Siri", "Passcode")}),
		},
		"certificates": {
			enrollment.ProfileSpec{Pairing: &enrollment.Pairing{Mode: enrollment.PairingCertificate, ConfiguratorCertificates: []string{"a\nb", "c"}}},
			base(map[string]cty.Value{"configurator_certificates": tuple("a\nb", "c")}),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.spec.TokenID, c.spec.Name = "t", "Lab"
			_, got := parsed(t, equivalentPolicy(c.spec))
			for name, want := range c.want {
				if value, ok := got[name]; !ok || !value.RawEquals(want) {
					t.Errorf("%s is %#v, want %#v", name, value, want)
				}
				delete(got, name)
			}
			if len(got) > 0 {
				t.Errorf("there is more: %v", got)
			}
		})
	}
}

func TestEquivalentPolicyNamesWhatHasNoPlaceInOne(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spec enrollment.ProfileSpec
		want string
	}{
		"not supervised":     {enrollment.ProfileSpec{}, "supervised = false"},
		"pairing denied":     {enrollment.ProfileSpec{Supervised: true, Pairing: &enrollment.Pairing{Mode: enrollment.PairingDeny}}, "pairing.mode"},
		"company portal":     {enrollment.ProfileSpec{Supervised: true, Authentication: new(enrollment.AuthenticationCompanyPortal)}, "authentication"},
		"legacy":             {enrollment.ProfileSpec{Supervised: true, Authentication: new(enrollment.AuthenticationLegacy)}, "authentication"},
		"company portal app": {enrollment.ProfileSpec{Supervised: true, RequireCompanyPortal: new(true)}, "require_company_portal"},
		"location token":     {enrollment.ProfileSpec{Supervised: true, CompanyPortalVPPTokenID: new("v")}, "company_portal_vpp_token_id"},
		"single app":         {enrollment.ProfileSpec{Supervised: true, SingleAppMode: new(true)}, "single_app_mode"},
		"not mandatory":      {enrollment.ProfileSpec{Supervised: true, Mandatory: new(false)}, "mandatory"},
		"groups":             {enrollment.ProfileSpec{Supervised: true, EnrollmentTimeGroupIDs: []string{"g"}}, "enrollment_time_group_ids"},
		"panes":              {enrollment.ProfileSpec{Supervised: true, SkipSetupItems: []string{"DisplayTone"}}, `skip_setup_items "DisplayTone"`},
	} {
		text := equivalentPolicy(c.spec)
		if !strings.Contains(text, "\n  # * "+c.want) || strings.Count(text, "# *") != 1 {
			t.Errorf("%s: want %q alone in\n%s", name, c.want, text)
		}
		parsed(t, text)
	}
	everywhere := enrollment.ProfileSpec{
		Supervised: true, Pairing: &enrollment.Pairing{Mode: enrollment.PairingAllow}, Authentication: new(enrollment.AuthenticationModern), RequireCompanyPortal: new(false),
		CompanyPortalVPPTokenID: new(""), SingleAppMode: new(false), Mandatory: new(true), EnrollmentTimeGroupIDs: []string{}, SkipSetupItems: []string{"Siri"},
	}
	if text := equivalentPolicy(everywhere); strings.Contains(text, "#") {
		t.Errorf("nothing is lost, and the text says otherwise:\n%s", text)
	}
}

func TestCertificatesOfThePolicyAreWithoutWhatStandsAroundThem(t *testing.T) {
	t.Parallel()
	const text = "subject=me\n" + testCertificate
	_, got := parsed(t, equivalentPolicy(enrollment.ProfileSpec{Pairing: &enrollment.Pairing{ConfiguratorCertificates: []string{text}}}))
	if want := tuple(testCertificate); !got["configurator_certificates"].RawEquals(want) {
		t.Errorf("%#v", got["configurator_certificates"])
	}
}

func TestQuotedIsWhatTheLanguageReads(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", `say "hi"`, `back\slash`, "two\nlines\r\n\ttab", "${var.x}", "%{ if true }", "$", "%", "$ {", "$${x}", "$$${x}", "%%{x}", "{{SERIAL}}", "Größe 中 😀", "\x00\x1b\x7f", "a$", "a%{",
	} {
		expression, diags := hclsyntax.ParseExpression([]byte(quoted(text)), "x", hcl.InitialPos)
		if diags.HasErrors() {
			t.Errorf("%q is written as %s: %s", text, quoted(text), diags)
			continue
		}
		value, diags := expression.Value(nil)
		if diags.HasErrors() || !value.RawEquals(cty.StringVal(text)) {
			t.Errorf("%q is written as %s and read as %#v", text, quoted(text), value)
		}
	}
}

func TestLabelIsANameOfTheLanguage(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Classroom": "classroom", "Shared iPad (Grade 7)": "shared_ipad_grade_7", "7b": "profile_7b", "中": "profile", "": "profile", "--": "profile", "É-paper": "paper",
	} {
		if got := label(name); got != want || !hclsyntax.ValidIdentifier(got) {
			t.Errorf("%q is called %q, want %q", name, got, want)
		}
	}
}
