package embedded

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"slices"

	"github.com/asm-enrollment/terraform-provider-asm/internal/apple"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// define makes Apple's definition of a profile. What the specification does not manage is taken from the previous
// definition, or left out where there is none; the enrollment URL is then the MDM's. What it clears is left out, too. What Apple has no field for is not
// in it: user affinity, description, and how a Shared iPad is shared. Errors are of kind enrollment.ErrInvalid with the
// attribute.
func define(spec enrollment.ProfileSpec, previous *apple.Profile, mdmURL string) (apple.Profile, error) {
	var p apple.Profile
	if previous != nil {
		p = *previous
	}
	p.ProfileUUID, p.Devices = "", nil
	p.ProfileName = spec.Name
	p.IsSupervised, p.IsMDMRemovable, p.IsMultiUser = new(spec.Supervised), new(!spec.LockedEnrollment), new(spec.SharedIPad != nil)
	for _, f := range []struct {
		to   *string
		from *string
	}{
		{&p.Department, spec.Department},
		{&p.SupportPhoneNumber, spec.DepartmentPhone},
		{&p.URL, spec.EnrollmentURL},
		{&p.ConfigurationWebURL, spec.ConfigurationWebURL},
		{&p.SupportEmailAddress, spec.SupportEmail},
		{&p.OrgMagic, spec.OrgMagic},
		{&p.Language, spec.Language},
		{&p.Region, spec.Region},
	} {
		if f.from != nil {
			*f.to = *f.from
		}
	}
	for _, f := range []struct {
		to   **bool
		from *bool
	}{
		{&p.AwaitDeviceConfigured, spec.AwaitDeviceConfigured},
		{&p.AutoAdvanceSetup, spec.AutoAdvance},
		{&p.IsMandatory, spec.Mandatory},
		{&p.IsReturnToService, spec.ReturnToService},
		{&p.DoNotUseProfileFromBackup, spec.DoNotUseProfileFromBackup},
	} {
		if f.from != nil {
			*f.to = new(*f.from)
		}
	}
	if spec.SkipSetupItems != nil {
		p.SkipSetupItems = sorted(spec.SkipSetupItems)
	}
	if p.URL == "" {
		p.URL = mdmURL
	}
	if p.URL == "" {
		return p, &enrollment.Error{
			Kind: enrollment.ErrInvalid, Field: "enrollment_url", What: fmt.Sprintf("Enrollment profile %q has no enrollment URL", spec.Name),
			Do: "Set enrollment_url in the profile, or mdm_url in the provider's `embedded` configuration: the address where devices enroll in your MDM.",
		}
	}
	return p, defineCertificates(&p, spec)
}

func defineCertificates(p *apple.Profile, spec enrollment.ProfileSpec) (err error) {
	if spec.AnchorCertificates != nil {
		if p.AnchorCerts, err = derCertificates("anchor_certificates", spec.AnchorCertificates); err != nil {
			return err
		}
	}
	if spec.Pairing == nil {
		return nil
	}
	p.AllowPairing = new(spec.Pairing.Mode == enrollment.PairingAllow)
	p.SupervisingHostCerts = nil
	if spec.Pairing.Mode == enrollment.PairingCertificate {
		p.SupervisingHostCerts, err = derCertificates("pairing.configurator_certificates", spec.Pairing.ConfiguratorCertificates)
	}
	return err
}

// specOf reads a definition that nobody has a record of: as much as Apple keeps. Apple spells its defaults out, so what has
// the default counts as never said.
func specOf(p apple.Profile, tokenID string) enrollment.ProfileSpec {
	spec := enrollment.ProfileSpec{
		TokenID: tokenID, Name: p.ProfileName,
		Supervised: is(p.IsSupervised, false), LockedEnrollment: !is(p.IsMDMRemovable, true),
		Department: present(p.Department), DepartmentPhone: present(p.SupportPhoneNumber), SkipSetupItems: p.SkipSetupItems,
		AwaitDeviceConfigured: unlessDefault(p.AwaitDeviceConfigured), EnrollmentURL: present(p.URL), ConfigurationWebURL: present(p.ConfigurationWebURL),
		SupportEmail: present(p.SupportEmailAddress), OrgMagic: present(p.OrgMagic), Language: present(p.Language), Region: present(p.Region),
		AnchorCertificates: pemCertificates(p.AnchorCerts), AutoAdvance: unlessDefault(p.AutoAdvanceSetup), Mandatory: unlessDefault(p.IsMandatory),
		ReturnToService: unlessDefault(p.IsReturnToService), DoNotUseProfileFromBackup: unlessDefault(p.DoNotUseProfileFromBackup),
	}
	if is(p.IsMultiUser, false) {
		spec.SharedIPad = &enrollment.SharedIPad{}
	}
	switch {
	case len(p.SupervisingHostCerts) > 0 && !is(p.AllowPairing, true):
		spec.Pairing = &enrollment.Pairing{Mode: enrollment.PairingCertificate, ConfiguratorCertificates: pemCertificates(p.SupervisingHostCerts)}
	case !is(p.AllowPairing, true):
		spec.Pairing = &enrollment.Pairing{Mode: enrollment.PairingDeny}
	}
	return spec
}

// unlessDefault is a flag of Apple's whose default is false, nil where it has it.
func unlessDefault(flag *bool) *bool {
	if !is(flag, false) {
		return nil
	}
	return flag
}

// merge takes what a change does not manage from what the profile has. What it clears stays an empty text: see
// withoutCleared.
func merge(spec, previous enrollment.ProfileSpec) enrollment.ProfileSpec {
	keep(&spec.Description, previous.Description)
	keep(&spec.UserAffinity, previous.UserAffinity)
	keep(&spec.Pairing, previous.Pairing)
	keep(&spec.Department, previous.Department)
	keep(&spec.DepartmentPhone, previous.DepartmentPhone)
	keep(&spec.AwaitDeviceConfigured, previous.AwaitDeviceConfigured)
	keep(&spec.EnrollmentURL, previous.EnrollmentURL)
	keep(&spec.ConfigurationWebURL, previous.ConfigurationWebURL)
	keep(&spec.SupportEmail, previous.SupportEmail)
	keep(&spec.OrgMagic, previous.OrgMagic)
	keep(&spec.Language, previous.Language)
	keep(&spec.Region, previous.Region)
	keep(&spec.AutoAdvance, previous.AutoAdvance)
	keep(&spec.Mandatory, previous.Mandatory)
	keep(&spec.ReturnToService, previous.ReturnToService)
	keep(&spec.DoNotUseProfileFromBackup, previous.DoNotUseProfileFromBackup)
	if spec.SkipSetupItems == nil {
		spec.SkipSetupItems = previous.SkipSetupItems
	}
	if spec.AnchorCertificates == nil {
		spec.AnchorCertificates = previous.AnchorCertificates
	}
	if spec.SharedIPad != nil && previous.SharedIPad != nil {
		shared, before := *spec.SharedIPad, previous.SharedIPad
		keep(&shared.MaximumCachedUsers, before.MaximumCachedUsers)
		keep(&shared.TemporarySessionsOnly, before.TemporarySessionsOnly)
		keep(&shared.UserSessionTimeout, before.UserSessionTimeout)
		keep(&shared.TemporarySessionTimeout, before.TemporarySessionTimeout)
		keep(&shared.PasscodeLockGracePeriod, before.PasscodeLockGracePeriod)
		spec.SharedIPad = &shared
	}
	return spec
}

// withoutCleared is a specification in which what a change cleared was never said.
func withoutCleared(spec enrollment.ProfileSpec) enrollment.ProfileSpec {
	for _, text := range []**string{
		&spec.Description, &spec.Department, &spec.DepartmentPhone, &spec.EnrollmentURL, &spec.ConfigurationWebURL, &spec.SupportEmail,
		&spec.OrgMagic, &spec.Language, &spec.Region,
	} {
		if *text != nil && **text == "" {
			*text = nil
		}
	}
	return spec
}

func keep[T any](field **T, previous *T) {
	if *field == nil {
		*field = previous
	}
}

// normal writes a definition in the one form that all definitions of the same meaning have: Apple's defaults spelt out
// (Apple: Profile), keys and certificates in order.
func normal(p apple.Profile) apple.Profile {
	p.ProfileUUID, p.Devices = "", nil
	p.AllowPairing, p.IsMDMRemovable = new(is(p.AllowPairing, true)), new(is(p.IsMDMRemovable, true))
	for _, b := range []**bool{
		&p.IsSupervised, &p.IsMandatory, &p.IsMultiUser, &p.AwaitDeviceConfigured, &p.AutoAdvanceSetup, &p.IsReturnToService,
		&p.DoNotUseProfileFromBackup,
	} {
		*b = new(is(*b, false))
	}
	for _, list := range []*[]string{&p.SkipSetupItems, &p.AnchorCerts, &p.SupervisingHostCerts} {
		if *list = sorted(*list); len(*list) == 0 {
			*list = nil
		}
	}
	return p
}

// digest is the same for two definitions exactly when they mean the same.
func digest(p apple.Profile) string {
	sum := sha256.Sum256(encode(normal(p)))
	return hex.EncodeToString(sum[:])
}

func encode(p apple.Profile) json.RawMessage {
	text, err := json.Marshal(p)
	if err != nil {
		panic(err) // strings and bools only
	}
	return text
}

// decode reads a stored definition; nil where there is none.
func decode(text json.RawMessage) (*apple.Profile, error) {
	if len(text) == 0 {
		return nil, nil
	}
	p := new(apple.Profile)
	if err := json.Unmarshal(text, p); err != nil {
		return nil, fmt.Errorf("reading a stored definition: %w", err)
	}
	return p, nil
}

func derCertificates(field string, certificates []string) ([]string, error) {
	out := make([]string, 0, len(certificates))
	for i, text := range certificates {
		block, _ := pem.Decode([]byte(text))
		if block == nil || block.Type != "CERTIFICATE" {
			return nil, badCertificate(field, i, nil)
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return nil, badCertificate(field, i, err)
		}
		out = append(out, base64.StdEncoding.EncodeToString(block.Bytes))
	}
	return out, nil
}

func badCertificate(field string, i int, err error) error {
	return &enrollment.Error{
		Kind: enrollment.ErrInvalid, Field: field, What: fmt.Sprintf("Element %d of %s is not a certificate in PEM form", i+1, field), Err: err,
		Do: "Give the text of a file that begins with -----BEGIN CERTIFICATE-----.",
	}
}

// pemCertificates writes Apple's base64 of DER as PEM; what is not base64 is left as it is.
func pemCertificates(certificates []string) []string {
	var out []string
	for _, text := range certificates {
		if der, err := base64.StdEncoding.DecodeString(text); err == nil {
			text = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
		}
		out = append(out, text)
	}
	return out
}

func sorted(in []string) []string {
	if in == nil {
		return nil
	}
	out := append([]string{}, in...)
	slices.Sort(out)
	return slices.Compact(out)
}

func is(b *bool, otherwise bool) bool {
	if b == nil {
		return otherwise
	}
	return *b
}

func present(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
