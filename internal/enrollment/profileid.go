package enrollment

import (
	"regexp"
	"strings"
)

var profileGUID = regexp.MustCompile(`[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}`)

// graphProfileID is how Microsoft Graph lists a profile: {token}_{profile}, and
// ECV2_{token}_{policy} for the mirror of an enrollment policy.
var graphProfileID = regexp.MustCompile(`^(ECV2_)?(` + profileGUID.String() + `)_` + profileGUID.String() + `$`)

// SameProfile tells whether two ids name one profile. On Intune a profile has
// several: Graph lists it with its token's id in front, takes it without, and
// names it on a device in a form that is nowhere documented. What they have in
// common is the last GUID.
func SameProfile(kind Kind, a, b string) bool {
	return a == b || kind == Intune && lastGUID(a) != "" && lastGUID(a) == lastGUID(b)
}

func lastGUID(id string) string {
	all := profileGUID.FindAllString(id, -1)
	if len(all) == 0 {
		return ""
	}
	return strings.ToLower(all[len(all)-1])
}

// TokenOfProfile gives the token that a Graph profile id names, "" for an id
// that names none.
func TokenOfProfile(id string) string {
	parts := graphProfileID.FindStringSubmatch(id)
	if parts == nil {
		return ""
	}
	return strings.ToLower(parts[2])
}

// IsPolicyID tells whether Graph listed the id for the mirror of an enrollment
// policy.
func IsPolicyID(id string) bool { return strings.HasPrefix(id, "ECV2_") }
