package embedded

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/apple"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/servertoken"
)

const mdmURL = "https://mdm.example.edu/enroll"

func testCertificate(t *testing.T) (certificatePEM string, der string) {
	t.Helper()
	pair, err := servertoken.NewKeyPair("Cart", time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	certs, err := derCertificates("x", []string{string(pair.CertificatePEM)})
	if err != nil {
		t.Fatal(err)
	}
	return string(pair.CertificatePEM), certs[0]
}

func TestDefine(t *testing.T) {
	certificate, der := testCertificate(t)
	yes, no := new(true), new(false)
	minimal := apple.Profile{ProfileName: "Students", URL: mdmURL, IsSupervised: yes, IsMDMRemovable: yes, IsMultiUser: no}
	with := func(change func(p *apple.Profile)) apple.Profile {
		p := minimal
		change(&p)
		return p
	}
	for name, c := range map[string]struct {
		change   func(s *enrollment.ProfileSpec)
		previous *apple.Profile
		want     apple.Profile
	}{
		"what is not managed is left out": {func(*enrollment.ProfileSpec) {}, nil, minimal},
		"locked enrollment is the opposite of removable": {
			func(s *enrollment.ProfileSpec) { s.LockedEnrollment = true }, nil,
			with(func(p *apple.Profile) { p.IsMDMRemovable = no }),
		},
		"not supervised": {func(s *enrollment.ProfileSpec) { s.Supervised = false }, nil, with(func(p *apple.Profile) { p.IsSupervised = no })},
		"Shared iPad is multi user, and how it is shared is recorded": {func(s *enrollment.ProfileSpec) {
			s.SharedIPad = &enrollment.SharedIPad{MaximumCachedUsers: new(int64(6)), UserSessionTimeout: new(int64(60))}
		}, nil, with(func(p *apple.Profile) { p.IsMultiUser = yes })},
		"without Shared iPad it is not multi user any more": {func(*enrollment.ProfileSpec) {}, &apple.Profile{IsMultiUser: yes}, minimal},
		"user affinity and description are recorded only":   {func(s *enrollment.ProfileSpec) { s.UserAffinity, s.Description = yes, new("x") }, nil, minimal},
		"pairing allowed": {
			func(s *enrollment.ProfileSpec) { s.Pairing = &enrollment.Pairing{Mode: enrollment.PairingAllow} }, nil,
			with(func(p *apple.Profile) { p.AllowPairing = yes }),
		},
		"pairing denied takes certificates away": {
			func(s *enrollment.ProfileSpec) { s.Pairing = &enrollment.Pairing{Mode: enrollment.PairingDeny} },
			&apple.Profile{SupervisingHostCerts: []string{der}}, with(func(p *apple.Profile) { p.AllowPairing = no }),
		},
		"pairing by certificate": {func(s *enrollment.ProfileSpec) {
			s.Pairing = &enrollment.Pairing{Mode: enrollment.PairingCertificate, ConfiguratorCertificates: []string{certificate}}
		}, nil, with(func(p *apple.Profile) { p.AllowPairing, p.SupervisingHostCerts = no, []string{der} })},
		"texts": {func(s *enrollment.ProfileSpec) {
			s.Department, s.DepartmentPhone, s.SupportEmail, s.OrgMagic = new("IT"), new("555"), new("it@x"), new("m")
			s.Language, s.Region, s.ConfigurationWebURL, s.EnrollmentURL = new("de"), new("CH"), new("https://w"), new("https://e")
		}, nil, with(func(p *apple.Profile) {
			p.Department, p.SupportPhoneNumber, p.SupportEmailAddress, p.OrgMagic = "IT", "555", "it@x", "m"
			p.Language, p.Region, p.ConfigurationWebURL, p.URL = "de", "CH", "https://w", "https://e"
		})},
		"switches": {func(s *enrollment.ProfileSpec) {
			s.AwaitDeviceConfigured, s.AutoAdvance, s.Mandatory, s.ReturnToService, s.DoNotUseProfileFromBackup = yes, yes, yes, yes, no
		}, nil, with(func(p *apple.Profile) {
			p.AwaitDeviceConfigured, p.AutoAdvanceSetup, p.IsMandatory, p.IsReturnToService, p.DoNotUseProfileFromBackup = yes, yes, yes, yes, no
		})},
		"skip keys in order and once": {
			func(s *enrollment.ProfileSpec) { s.SkipSetupItems = []string{"Siri", "AppleID", "Siri"} }, nil,
			with(func(p *apple.Profile) { p.SkipSetupItems = []string{"AppleID", "Siri"} }),
		},
		"no skip keys shows every pane": {
			func(s *enrollment.ProfileSpec) { s.SkipSetupItems = []string{} }, &apple.Profile{SkipSetupItems: []string{"Siri"}},
			with(func(p *apple.Profile) { p.SkipSetupItems = []string{} }),
		},
		"anchor certificates": {
			func(s *enrollment.ProfileSpec) { s.AnchorCertificates = []string{certificate} }, nil,
			with(func(p *apple.Profile) { p.AnchorCerts = []string{der} }),
		},
		"a change keeps what it does not manage": {
			func(*enrollment.ProfileSpec) {},
			&apple.Profile{ProfileUUID: "U", ProfileName: "Old", URL: "https://old", Department: "IT", AutoAdvanceSetup: yes, SkipSetupItems: []string{"Siri"}, AllowPairing: no},
			with(func(p *apple.Profile) {
				p.URL, p.Department, p.AutoAdvanceSetup, p.SkipSetupItems, p.AllowPairing = "https://old", "IT", yes, []string{"Siri"}, no
			}),
		},
	} {
		t.Run(name, func(t *testing.T) {
			spec := enrollment.ProfileSpec{TokenID: "t", Name: "Students", Supervised: true}
			c.change(&spec)
			got, err := define(spec, c.previous, mdmURL)
			if err != nil {
				t.Fatal(err)
			}
			if string(encode(got)) != string(encode(c.want)) {
				t.Fatalf("got\n%s\nwant\n%s", encode(got), encode(c.want))
			}
		})
	}
}

func TestDefineRefuses(t *testing.T) {
	for field, spec := range map[string]enrollment.ProfileSpec{
		"enrollment_url":                    {Name: "x"},
		"anchor_certificates":               {Name: "x", EnrollmentURL: new("https://e"), AnchorCertificates: []string{"nonsense"}},
		"pairing.configurator_certificates": {Name: "x", EnrollmentURL: new("https://e"), Pairing: &enrollment.Pairing{Mode: enrollment.PairingCertificate, ConfiguratorCertificates: []string{"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}}},
	} {
		_, err := define(spec, nil, "")
		if e := new(enrollment.Error); !errors.As(err, &e) || !errors.Is(err, enrollment.ErrInvalid) || e.Field != field {
			t.Errorf("error %v, want one at %s", err, field)
		}
	}
}

func TestADefinitionReadsBackAsTheSpecification(t *testing.T) {
	certificate, _ := testCertificate(t)
	yes := new(true)
	spec := enrollment.ProfileSpec{
		TokenID: "t", Name: "Students", Supervised: true, LockedEnrollment: true, SharedIPad: &enrollment.SharedIPad{},
		Pairing:    &enrollment.Pairing{Mode: enrollment.PairingCertificate, ConfiguratorCertificates: []string{certificate}},
		Department: new("IT"), DepartmentPhone: new("555"), SkipSetupItems: []string{"AppleID"}, AwaitDeviceConfigured: yes,
		EnrollmentURL: new("https://e"), ConfigurationWebURL: new("https://w"), SupportEmail: new("it@x"), OrgMagic: new("m"),
		Language: new("de"), Region: new("CH"), AnchorCertificates: []string{certificate}, AutoAdvance: yes, Mandatory: yes,
		ReturnToService: yes, DoNotUseProfileFromBackup: yes,
	}
	p, err := define(spec, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	if got := specOf(p, "t"); !reflect.DeepEqual(got, spec) {
		t.Fatalf("got\n%+v\nwant\n%+v", got, spec)
	}
	if got := merge(enrollment.ProfileSpec{TokenID: "t", Name: "Students", Supervised: true, LockedEnrollment: true, SharedIPad: &enrollment.SharedIPad{}}, spec); !reflect.DeepEqual(got, spec) {
		t.Fatalf("merged\n%+v\nwant\n%+v", got, spec)
	}
}

func TestDigest(t *testing.T) {
	base := apple.Profile{ProfileName: "Students", URL: mdmURL}
	for name, same := range map[string]apple.Profile{
		"defaults spelt out": {ProfileName: "Students", URL: mdmURL, AllowPairing: new(true), IsMDMRemovable: new(true), IsSupervised: new(false), IsMultiUser: new(false)},
		"what Apple adds":    {ProfileName: "Students", URL: mdmURL, ProfileUUID: "U", Devices: []string{"S"}},
		"empty lists":        {ProfileName: "Students", URL: mdmURL, SkipSetupItems: []string{}, AnchorCerts: []string{}},
	} {
		if digest(same) != digest(base) {
			t.Errorf("%s: not the same", name)
		}
	}
	for name, other := range map[string]apple.Profile{
		"name": {ProfileName: "Pupils", URL: mdmURL}, "pairing": {ProfileName: "Students", URL: mdmURL, AllowPairing: new(false)},
		"keys": {ProfileName: "Students", URL: mdmURL, SkipSetupItems: []string{"Siri"}},
	} {
		if digest(other) == digest(base) {
			t.Errorf("%s: the same", name)
		}
	}
}
