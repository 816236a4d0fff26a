package enrollment

import (
	"fmt"
	"strings"
)

// CheckOrgType refuses an account that is not a school's where a school's is
// wanted. orgType is Apple's word: edu, org, tvprovider, or "" when Apple did
// not say.
func CheckOrgType(want TokenType, orgType, organization string) error {
	if want != School || orgType == "edu" || orgType == "" {
		return nil
	}
	return &Error{
		Kind: ErrWrongAccount, Field: "type",
		What: fmt.Sprintf("The server token belongs to %q, which Apple lists as %q and not as a school (edu)", organization, orgType),
		Do:   "Download the server token in Apple School Manager, or set type = \"business\" if this account is meant.",
	}
}

// AppleIDChanged warns of a renewal under another Apple ID than the recorded
// one. adminID is what Apple answers for the new server token.
func AppleIDChanged(recorded, adminID string) (Warning, bool) {
	if recorded == "" || adminID == "" || sameAccount(recorded, adminID) {
		return Warning{}, false
	}
	return Warning{
		Summary: "Server token of another Apple ID",
		Detail: fmt.Sprintf("The token is recorded under the Apple ID %s, and this server token was downloaded by %s. "+
			"Renew with the recorded account, or set apple_id to the new one: a server token stops working when the account that downloaded it leaves.", recorded, adminID),
	}, true
}

// MixedPrograms warns when a School Manager token stands beside a token of the
// Device Enrollment Program, which the service cannot combine. A token whose
// type is not known yet counts as neither.
func MixedPrograms(name string, kind TokenType, others []Token) (Warning, bool) {
	for _, o := range others {
		if o.Type != "" && o.Type != kind {
			school, other := name, o.Name
			if kind != School {
				school, other = other, school
			}
			return Warning{
				Summary: "School Manager enrollment beside a Device Enrollment Program token",
				Detail: fmt.Sprintf("%q enrolls through Apple School Manager and %q through the Device Enrollment Program (business). "+
					"Enrollment through Apple School Manager cannot be combined with a Device Enrollment Program token or a device enrollment manager account: "+
					"keep them in separate services.", school, other),
			}, true
		}
	}
	return Warning{}, false
}

// InUse is the refusal to delete a token with what remains in it.
func InUse(token string, devices, profiles, defaults int) error {
	if devices == 0 && profiles == 0 && defaults == 0 {
		return nil
	}
	var has, do []string
	remains := func(n int, noun, then string) {
		if n > 0 {
			has, do = append(has, Count(n, noun)), append(do, then)
		}
	}
	remains(devices, "device", "give the devices to another server in Apple School Manager and sync")
	remains(profiles, "enrollment profile", "delete the profiles")
	remains(defaults, "default profile", "unset the default profiles")
	return &Error{
		Kind: ErrInUse, What: fmt.Sprintf("Token %q still has %s", token, list(has)), Do: "First " + list(do) + ".",
	}
}

func sameAccount(a, b string) bool {
	return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b))
}
