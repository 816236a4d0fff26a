package intune

import (
	"regexp"
	"strings"
)

var guid = regexp.MustCompile(`[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}`)

// keyOf is what two spellings of one profile have in common: the last GUID in lower case. Graph lists a classic profile as
// {token}_{profile}, a mirrored policy as ECV2_{token}_{policy}, and names either on a device in a form that is nowhere
// documented. An id without a GUID is its own key.
func keyOf(id string) string {
	all := guid.FindAllString(id, -1)
	if len(all) == 0 {
		return strings.ToLower(id)
	}
	return strings.ToLower(all[len(all)-1])
}

// noProfile tells whether requestedEnrollmentProfileId stands for no profile.
func noProfile(id string) bool {
	return id == "" || keyOf(id) == "00000000-0000-0000-0000-000000000000"
}
