package enrollment_test

import (
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

func TestCheckProfile(t *testing.T) {
	t.Parallel()
	long := func(n int) *string { return new(strings.Repeat("ü", n)) }
	shared := &enrollment.SharedIPad{}
	cases := map[string]struct {
		service enrollment.Kind
		change  func(*enrollment.ProfileSpec)
		field   string // "" is allowed
	}{
		"a plain profile":                        {change: func(*enrollment.ProfileSpec) {}},
		"a name of 125 characters":               {change: func(p *enrollment.ProfileSpec) { p.Name = *long(125) }},
		"a name of 126 characters":               {change: func(p *enrollment.ProfileSpec) { p.Name = *long(126) }, field: "name"},
		"an empty name":                          {change: func(p *enrollment.ProfileSpec) { p.Name = "" }, field: "name"},
		"a department of 125":                    {change: func(p *enrollment.ProfileSpec) { p.Department = long(125) }},
		"a department of 126":                    {change: func(p *enrollment.ProfileSpec) { p.Department = long(126) }, field: "department"},
		"an empty department":                    {change: func(p *enrollment.ProfileSpec) { p.Department = new("") }, field: "department"},
		"a phone of 50":                          {change: func(p *enrollment.ProfileSpec) { p.DepartmentPhone = long(50) }},
		"a phone of 51":                          {change: func(p *enrollment.ProfileSpec) { p.DepartmentPhone = long(51) }, field: "department_phone"},
		"an e-mail address of 251":               {change: func(p *enrollment.ProfileSpec) { p.SupportEmail = long(251) }, field: "support_email"},
		"a magic of 257":                         {change: func(p *enrollment.ProfileSpec) { p.OrgMagic = long(257) }, field: "org_magic"},
		"locked and supervised":                  {change: func(p *enrollment.ProfileSpec) { p.LockedEnrollment = true }},
		"locked and not supervised":              {change: func(p *enrollment.ProfileSpec) { p.LockedEnrollment, p.Supervised = true, false }, field: "locked_enrollment"},
		"Shared iPad and supervised":             {change: func(p *enrollment.ProfileSpec) { p.SharedIPad = shared }},
		"Shared iPad and not supervised":         {change: func(p *enrollment.ProfileSpec) { p.SharedIPad, p.Supervised = shared, false }, field: "shared_ipad"},
		"Shared iPad with affinity, embedded":    {change: func(p *enrollment.ProfileSpec) { p.SharedIPad, p.UserAffinity = shared, new(true) }},
		"Shared iPad without affinity, embedded": {change: func(p *enrollment.ProfileSpec) { p.SharedIPad, p.UserAffinity = shared, new(false) }, field: "user_affinity"},
		"Shared iPad with affinity, intune": {
			service: enrollment.Intune, change: func(p *enrollment.ProfileSpec) { p.SharedIPad, p.UserAffinity = shared, new(true) }, field: "user_affinity",
		},
		"Shared iPad without affinity, intune": {
			service: enrollment.Intune, change: func(p *enrollment.ProfileSpec) { p.SharedIPad, p.UserAffinity = shared, new(false) },
		},
		"no user is cached": {
			change: func(p *enrollment.ProfileSpec) {
				p.SharedIPad = &enrollment.SharedIPad{MaximumCachedUsers: new(int64(0))}
			}, field: "shared_ipad.maximum_cached_users",
		},
		"cached users without users": {
			change: func(p *enrollment.ProfileSpec) {
				p.SharedIPad = &enrollment.SharedIPad{MaximumCachedUsers: new(int64(6)), TemporarySessionsOnly: new(true)}
			}, field: "shared_ipad.maximum_cached_users",
		},
		"pairing by certificate": {
			change: func(p *enrollment.ProfileSpec) {
				p.Pairing = &enrollment.Pairing{Mode: enrollment.PairingCertificate, ConfiguratorCertificates: []string{"pem"}}
			},
		},
		"pairing by certificate without one": {
			change: func(p *enrollment.ProfileSpec) {
				p.Pairing = &enrollment.Pairing{Mode: enrollment.PairingCertificate}
			}, field: "pairing.configurator_certificates",
		},
		"a certificate without pairing by it": {
			change: func(p *enrollment.ProfileSpec) {
				p.Pairing = &enrollment.Pairing{Mode: enrollment.PairingDeny, ConfiguratorCertificates: []string{"pem"}}
			}, field: "pairing.configurator_certificates",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := c.service
			if service == "" {
				service = enrollment.Embedded
			}
			spec := enrollment.ProfileSpec{Name: "Classroom", Supervised: true}
			c.change(&spec)
			got := enrollment.CheckProfile(service, spec)
			switch {
			case c.field == "" && len(got) > 0:
				t.Errorf("refused: %+v", got)
			case c.field != "" && (len(got) != 1 || got[0].Field != c.field):
				t.Errorf("got %+v, want one violation at %s", got, c.field)
			}
		})
	}
}

func TestAContradictionQuotesTheServicesRule(t *testing.T) {
	t.Parallel()
	spec := enrollment.ProfileSpec{Name: "Cart", Supervised: true, SharedIPad: &enrollment.SharedIPad{}, UserAffinity: new(false)}
	got := enrollment.CheckProfile(enrollment.Embedded, spec)
	if len(got) != 1 || !strings.Contains(got[0].Detail, "Apple School Manager's Shared iPad mode requires") {
		t.Errorf("the embedded service's rule is not quoted: %+v", got)
	}
	spec.UserAffinity = new(true)
	got = enrollment.CheckProfile(enrollment.Intune, spec)
	if len(got) != 1 || !strings.Contains(got[0].Detail, "Microsoft Graph") {
		t.Errorf("Intune's rule is not quoted: %+v", got)
	}
}

func TestUserAffinityLeftOutIsWhatTheServiceNeeds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		service    enrollment.Kind
		configured *bool
		shared     bool
		want       bool
	}{
		{enrollment.Embedded, nil, true, true},
		{enrollment.Embedded, nil, false, false},
		{enrollment.Intune, nil, true, false},
		{enrollment.Intune, new(true), false, true},
		{enrollment.Embedded, new(false), true, false}, // refused elsewhere, never changed silently
	} {
		if got := enrollment.PlannedUserAffinity(c.service, c.configured, c.shared); got != c.want {
			t.Errorf("%s, configured %v, shared %t: planned %t", c.service, c.configured, c.shared, got)
		}
	}
}

func TestUnknownSkipKey(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		"AppleID":              "",
		"TOS":                  "",
		"Appleid":              `"AppleID"`,
		"Diagnostic":           `"Diagnostics"`,
		"Passcod":              `"Passcode"`,
		"siri":                 `Did you mean "Siri"?`,
		"SIRI":                 `Did you mean "Siri"?`,
		"applePay":             `Did you mean "Payment"?`,
		"Touch ID":             `Did you mean "Biometric"?`,
		"touchFaceID":          `Did you mean "Biometric"?`,
		"Terms and Conditions": `Did you mean "TOS"?`,
		"AgeAssurance":         "withdrew",
		"ageassurance":         `Did you mean "AgeAssurance"?`,
		"Quasar":               "Apple adds names",
	} {
		w, warned := enrollment.UnknownSkipKey(key)
		if warned != (want != "") || !strings.Contains(w.Detail, want) {
			t.Errorf("%s: warned %t with %q, want %q", key, warned, w.Detail, want)
		}
	}
	for _, key := range []string{"Quasar", "Foo", "X"} {
		if w, _ := enrollment.UnknownSkipKey(key); strings.Contains(w.Detail, "Did you mean") {
			t.Errorf("a name that resembles none is not corrected: %q", w.Detail)
		}
	}
}
