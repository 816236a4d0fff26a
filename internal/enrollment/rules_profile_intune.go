package enrollment

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of Intune's enrollment profiles, from the admin center and the
// reference of depIOSEnrollmentProfile.
const (
	mostConfiguratorCertificates = 10
	longestNameTemplate          = 63
	shortestSessionTimeout       = 30
)

var (
	// nameTemplate is the pattern that Intune's settings catalog has for the
	// same template.
	nameTemplate = regexp.MustCompile(`^[a-zA-Z0-9-._{}]*$`)
	otherBraces  = regexp.MustCompile(`\{+[^{} ]*\}*|\}+`)
	guidForm     = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

	// graceSeconds are the grace periods that the admin center offers.
	graceSeconds = []int64{0, 60, 300, 900, 3600, 14400}
)

// CheckForeign lists the attributes that are set and have a place in the other
// service only.
func CheckForeign(kind Kind, p ProfileSpec) []Violation {
	var v violations
	switch kind {
	case Intune:
		for _, f := range embeddedOnly(p) {
			v.foreign(f, "Intune's enrollment profiles", "the embedded service")
		}
	case Embedded:
		for _, f := range intuneOnly(p) {
			v.foreign(f, "Apple's enrollment profiles", "Intune")
		}
	}
	return v
}

// setField is an attribute and whether somebody set it.
type setField struct {
	name string
	set  bool
}

func embeddedOnly(p ProfileSpec) []setField {
	return []setField{
		{"enrollment_url", p.EnrollmentURL != nil},
		{"configuration_web_url", p.ConfigurationWebURL != nil},
		{"support_email", p.SupportEmail != nil},
		{"org_magic", p.OrgMagic != nil},
		{"language", p.Language != nil},
		{"region", p.Region != nil},
		{"anchor_certificates", p.AnchorCertificates != nil},
		{"auto_advance", p.AutoAdvance != nil},
		{"return_to_service", p.ReturnToService != nil},
		{"do_not_use_profile_from_backup", p.DoNotUseProfileFromBackup != nil},
	}
}

func intuneOnly(p ProfileSpec) []setField {
	return []setField{
		{"authentication", p.Authentication != nil},
		{"require_company_portal", p.RequireCompanyPortal != nil},
		{"device_name_template", p.DeviceNameTemplate != nil},
		{"company_portal_vpp_token_id", p.CompanyPortalVPPTokenID != nil},
		{"single_app_mode", p.SingleAppMode != nil},
		{"shared_device_mode", p.SharedDeviceMode != nil},
		{"carrier_activation_url", p.CarrierActivationURL != nil},
		{"enrollment_time_group_ids", p.EnrollmentTimeGroupIDs != nil},
	}
}

func (v *violations) foreign(f setField, here, there string) {
	if f.set {
		v.add(f.name, fmt.Sprintf("%s is an attribute of %s", f.name, there),
			fmt.Sprintf("%s have no place for it, so it would have no effect. Leave it out.", here))
	}
}

// CheckWholeProfile is CheckProfile and CheckForeign, with the rules that are
// broken by something left out. It takes nil for left out, so it is for
// specifications only in which nothing is still unknown.
func CheckWholeProfile(kind Kind, p ProfileSpec) []Violation {
	v := violations(slices.Concat(CheckForeign(kind, p), CheckProfile(kind, p)))
	if kind == Intune {
		v.leftOut(p)
	}
	return v
}

// leftOut lists what else has to be there, as far as CheckProfile has not
// named the contradiction already.
func (v *violations) leftOut(p ProfileSpec) {
	if is(p.Mandatory, false) && p.UserAffinity == nil && !SignInNeedsAffinity(Intune, p.Authentication) && !withoutUser(p) {
		v.mandatory()
	}
	if !has(p.Authentication) {
		v.companyPortal(p, "authentication is left out")
	}
	if is(p.SingleAppMode, true) && !has(p.CompanyPortalVPPTokenID) {
		v.add("single_app_mode", "Single app mode needs the Company Portal from a location token",
			"The device is locked in the Company Portal, which has to be on it by then. Set company_portal_vpp_token_id, or leave single_app_mode out.")
	}
}

// intune lists what Intune refuses, as far as it is contradicted by something
// that is set.
func (v *violations) intune(p ProfileSpec) {
	v.signIn(p)
	v.withoutUser(p)
	v.awaits(p)
	v.sessions(p.SharedIPad)
	v.nameTemplate(p.DeviceNameTemplate)
	v.keysOfIntune(p.SkipSetupItems)
	if p.Pairing != nil && len(p.Pairing.ConfiguratorCertificates) > mostConfiguratorCertificates {
		v.add("pairing.configurator_certificates", "Too many Apple Configurator certificates",
			fmt.Sprintf("Intune takes at most %d; these are %d.", mostConfiguratorCertificates, len(p.Pairing.ConfiguratorCertificates)))
	}
	if url := p.CarrierActivationURL; has(url) && !strings.HasPrefix(*url, "http://") && !strings.HasPrefix(*url, "https://") {
		v.add("carrier_activation_url", "The carrier's activation URL is no web address", "It begins with http:// or https://, as the carrier gives it.")
	}
	for _, id := range p.EnrollmentTimeGroupIDs {
		if id != "" && !guidForm.MatchString(id) {
			v.add("enrollment_time_group_ids", fmt.Sprintf("%q is not the object id of a group", id),
				"Give the id (a GUID) that Microsoft Entra shows for the group, not its name.")
		}
	}
}

func (v *violations) signIn(p ProfileSpec) {
	if !has(p.Authentication) {
		return
	}
	if !slices.Contains(Authentications(), *p.Authentication) {
		v.add("authentication", fmt.Sprintf("%q is no way to sign in", *p.Authentication), fmt.Sprintf("Use %s.", either(Authentications())))
		return
	}
	if is(p.UserAffinity, false) || p.SharedIPad != nil {
		v.add("authentication", "Authentication needs user affinity",
			"Nobody signs in where a device enrolls without user affinity, as a Shared iPad does. Leave authentication out, or set user_affinity = true without shared_ipad.")
	}
	if *p.Authentication != AuthenticationCompanyPortal {
		v.companyPortal(p, fmt.Sprintf("authentication is %q", *p.Authentication))
	}
}

// companyPortal refuses what only makes sense where a user signs in in the
// Company Portal.
func (v *violations) companyPortal(p ProfileSpec, but string) {
	const detail = "It works only where users sign in in the Company Portal, and %s. Set authentication = \"company_portal\", or leave %s out."
	if is(p.SingleAppMode, true) {
		v.add("single_app_mode", "Single app mode needs sign-in in the Company Portal", fmt.Sprintf(detail, but, "single_app_mode"))
	}
	if has(p.CompanyPortalVPPTokenID) {
		v.add("company_portal_vpp_token_id", "The Company Portal's location token needs sign-in in the Company Portal",
			fmt.Sprintf(detail, but, "company_portal_vpp_token_id"))
	}
}

// withoutUser tells whether a device of the profile enrolls without a user for
// certain.
func withoutUser(p ProfileSpec) bool {
	return is(p.UserAffinity, false) || p.SharedIPad != nil || is(p.SharedDeviceMode, true)
}

func (v *violations) withoutUser(p ProfileSpec) {
	if is(p.Mandatory, false) && withoutUser(p) {
		v.mandatory()
	}
	if !is(p.SharedDeviceMode, true) {
		return
	}
	if is(p.UserAffinity, true) {
		v.add("shared_device_mode", "Shared device mode contradicts user affinity",
			"A device in Microsoft Entra shared device mode belongs to no user. Set user_affinity = false, or leave shared_device_mode out.")
	}
	if p.SharedIPad != nil {
		v.add("shared_device_mode", "Shared device mode contradicts Shared iPad",
			"Microsoft Entra shared device mode and Apple's Shared iPad are two ways to share a device. Leave one of them out.")
	}
}

func (v *violations) mandatory() {
	v.add("mandatory", "Enrollment without user affinity is mandatory",
		"Microsoft Graph refuses a profile without user affinity that is not mandatory (isMandatory must be true). Set mandatory = true, or leave it out: it is then planned as true.")
}

func (v *violations) awaits(p ProfileSpec) {
	if !is(p.AwaitDeviceConfigured, true) {
		return
	}
	beside := ""
	switch {
	case p.SharedIPad != nil:
		beside = "Shared iPad"
	case is(p.SharedDeviceMode, true):
		beside = "shared device mode"
	default:
		return
	}
	v.add("await_device_configured", "Awaiting the configuration contradicts "+beside,
		fmt.Sprintf("Intune does not hold a device in Setup Assistant beside %s. Set await_device_configured = false, or leave it out.", beside))
}

func (v *violations) sessions(s *SharedIPad) {
	if s == nil {
		return
	}
	for _, t := range []struct {
		field string
		value *int64
	}{
		{"user_session_timeout", s.UserSessionTimeout},
		{"temporary_session_timeout", s.TemporarySessionTimeout},
	} {
		if t.value != nil && *t.value != 0 && *t.value < shortestSessionTimeout {
			v.add("shared_ipad."+t.field, "Session timeout is too short",
				fmt.Sprintf("Intune takes 0 (never) or %d seconds and more; this is %d.", shortestSessionTimeout, *t.value))
		}
	}
	if grace := s.PasscodeLockGracePeriod; grace != nil && !slices.Contains(graceSeconds, *grace) {
		v.add("shared_ipad.passcode_lock_grace_period", "Intune does not have this grace period",
			fmt.Sprintf("It takes %s seconds; this is %d.", either(graceSeconds), *grace))
	}
	if !is(s.TemporarySessionsOnly, true) {
		return
	}
	const detail = "With temporary_sessions_only nobody signs in with an account, so it would have no effect. Leave %s out, or set temporary_sessions_only = false."
	if s.UserSessionTimeout != nil {
		v.add("shared_ipad.user_session_timeout", "User session timeout needs users", fmt.Sprintf(detail, "user_session_timeout"))
	}
	if s.PasscodeLockGracePeriod != nil {
		v.add("shared_ipad.passcode_lock_grace_period", "Passcode grace period needs users", fmt.Sprintf(detail, "passcode_lock_grace_period"))
	}
}

func (v *violations) nameTemplate(template *string) {
	if template == nil {
		return
	}
	if n := utf8.RuneCountInString(*template); n > longestNameTemplate {
		v.add("device_name_template", "Device name template is too long",
			fmt.Sprintf("Intune takes at most %d characters; this has %d.", longestNameTemplate, n))
	}
	if !nameTemplate.MatchString(*template) {
		v.nameCharacters("device_name_template")
		return
	}
	v.nameVariables("device_name_template", *template)
}

func (v *violations) nameCharacters(attribute string) {
	v.add(attribute, "Device name template has characters that Intune refuses",
		"Use letters without accents, digits, hyphen, dot and underscore, and the variables {{SERIAL}} and {{DEVICETYPE}}.")
}

// nameVariables refuses braces that the pattern lets pass: the admin center names
// these two variables only.
func (v *violations) nameVariables(attribute, template string) {
	rest := strings.NewReplacer("{{SERIAL}}", " ", "{{DEVICETYPE}}", " ").Replace(template)
	if other := otherBraces.FindString(rest); other != "" {
		v.add(attribute, "Device name template has a variable that Intune does not have",
			fmt.Sprintf("The variables are {{SERIAL}} and {{DEVICETYPE}}, in capitals, and braces have no other use: %q is neither. Write one of them, or leave the braces out.", other))
	}
}

// keysOfIntune refuses the one key that Graph does: Registration has a property
// on macOS profiles only. (Privacy is refused in enabledSkipKeys too, and has a
// property of its own.)
func (v *violations) keysOfIntune(keys []string) {
	if slices.ContainsFunc(keys, IntuneRefusesSkipKey) {
		v.addElement("skip_setup_items", "Registration", "Intune refuses the Setup Assistant key Registration",
			"Microsoft Graph takes it on macOS profiles only, and no iPad shows that pane. Leave it out.")
	}
}

// IntuneRefusesSkipKey tells whether Intune's profiles cannot have a key that the
// embedded service sends as it is.
func IntuneRefusesSkipKey(key string) bool { return key == "Registration" }

// either joins what there is to choose from: "a", "a or b", "a, b or c".
func either[T any](values []T) string {
	var texts []string
	for _, value := range values {
		texts = append(texts, fmt.Sprint(value))
	}
	if len(texts) < 2 {
		return strings.Join(texts, "")
	}
	last := len(texts) - 1
	return strings.Join(texts[:last], ", ") + " or " + texts[last]
}

func has[T ~string](value *T) bool { return value != nil && *value != "" }

func is(value *bool, what bool) bool { return value != nil && *value == what }
