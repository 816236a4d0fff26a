package enrollment

import (
	"fmt"
	"unicode/utf8"
)

// Violation is a rule that a specification breaks, at an attribute.
type Violation struct {
	// Field is the attribute in the provider's words; a dot leads into an
	// object.
	Field string
	// Element is the element of the attribute, a set, that is to blame; empty for
	// the whole of it.
	Element string
	Summary string
	Detail  string
}

// sharedIPadAffinity says what each service demands of user affinity beside
// Shared iPad, and who says so. The services contradict each other.
var sharedIPadAffinity = map[Kind]struct {
	wants bool
	rule  string
}{
	Embedded: {true, "Apple School Manager's Shared iPad mode requires that users enroll with user affinity"},
	Intune:   {false, "Microsoft Graph today refuses Shared iPad together with user affinity (requiresUserAuthentication must be false)"},
}

// PlannedUserAffinity is the user affinity that a service will have: what is
// configured, else what the service needs.
func PlannedUserAffinity(kind Kind, configured *bool, sharedIPad bool) bool {
	if configured != nil {
		return *configured
	}
	return sharedIPad && sharedIPadAffinity[kind].wants
}

// CheckProfile lists the rules that a profile breaks by what is set in it: nil is
// left out or not known yet. CheckWholeProfile knows more of a profile that is
// wholly known.
func CheckProfile(kind Kind, p ProfileSpec) []Violation {
	var v violations
	v.length("name", &p.Name, 125)
	v.length("department", p.Department, 125)
	v.length("department_phone", p.DepartmentPhone, 50)
	v.length("support_email", p.SupportEmail, 250)
	v.length("org_magic", p.OrgMagic, 256)
	v.supervision(p)
	v.sharing(kind, p)
	v.pairing(p.Pairing)
	if p.ConfigurationWebURL != nil && *p.ConfigurationWebURL == "" {
		v.add("configuration_web_url", "Configuration web URL is empty", "Leave the attribute out, or give the https address of the sign-in page.")
	}
	if kind == Intune {
		v.intune(p)
	}
	return v
}

type violations []Violation

func (v *violations) add(field, summary, detail string) {
	*v = append(*v, Violation{Field: field, Summary: summary, Detail: detail})
}

func (v *violations) addElement(field, element, summary, detail string) {
	*v = append(*v, Violation{Field: field, Element: element, Summary: summary, Detail: detail})
}

// length counts characters, as Apple does (Apple: Define a profile).
func (v *violations) length(field string, value *string, most int) {
	if value == nil {
		return
	}
	if n := utf8.RuneCountInString(*value); n < 1 || n > most {
		v.add(field, "Wrong length of "+field, fmt.Sprintf("Apple takes 1 to %d characters here; this has %d.", most, n))
	}
}

func (v *violations) supervision(p ProfileSpec) {
	if p.LockedEnrollment && !p.Supervised {
		v.add("locked_enrollment", "Locked enrollment needs supervised",
			"Only a supervised device can be kept from removing the management profile. Set supervised = true, or locked_enrollment = false.")
	}
	if p.SharedIPad != nil && !p.Supervised {
		v.add("shared_ipad", "Shared iPad needs supervised",
			"Only a supervised iPad can be shared. Set supervised = true, or leave shared_ipad out.")
	}
}

func (v *violations) sharing(kind Kind, p ProfileSpec) {
	if p.SharedIPad == nil {
		return
	}
	need := sharedIPadAffinity[kind]
	if p.UserAffinity != nil && *p.UserAffinity != need.wants {
		v.add("user_affinity", "Shared iPad contradicts user affinity",
			fmt.Sprintf("%s. Set user_affinity = %t, or leave it out: it is then planned as %[2]t.", need.rule, need.wants))
	}
	n := p.SharedIPad.MaximumCachedUsers
	if only := p.SharedIPad.TemporarySessionsOnly; n != nil && only != nil && *only {
		v.add("shared_ipad.maximum_cached_users", "Maximum cached users needs a Shared iPad that keeps users",
			"With temporary_sessions_only nobody is kept on the iPad. Leave maximum_cached_users out, or set temporary_sessions_only = false.")
	}
	if n != nil && *n < 1 {
		v.add("shared_ipad.maximum_cached_users", "Maximum cached users is too small",
			fmt.Sprintf("At least one user has to have a place on the iPad; this is %d.", *n))
	}
}

func (v *violations) pairing(p *Pairing) {
	if p == nil {
		return
	}
	switch {
	case p.Mode == PairingCertificate && len(p.ConfiguratorCertificates) == 0:
		v.add("pairing.configurator_certificates", "Pairing by certificate needs a certificate",
			"Give the certificate of at least one computer with Apple Configurator, or choose mode allow or deny.")
	case p.Mode != PairingCertificate && len(p.ConfiguratorCertificates) > 0:
		v.add("pairing.configurator_certificates", "Apple Configurator certificates need pairing by certificate",
			fmt.Sprintf("With mode %q the certificates have no effect. Set mode = \"certificate\", or leave them out.", p.Mode))
	}
}
