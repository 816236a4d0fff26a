package tf

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timetypes/timetypes"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// StringOrNull is a string value, null for "".
func StringOrNull(s string) types.String {
	if s == "" {
		return types.StringNull()
	}
	return types.StringValue(s)
}

// TimeOrNull is an RFC 3339 value in UTC with whole seconds, null for the zero
// time.
func TimeOrNull(t time.Time) timetypes.RFC3339 {
	if t.IsZero() {
		return timetypes.NewRFC3339Null()
	}
	return timetypes.NewRFC3339TimeValue(t.UTC().Truncate(time.Second))
}

// PortalSteps says what a person has to click between the two applies.
const PortalSteps = "Save public_key_pem to a file. In Apple School Manager, choose your name and then Preferences, then add an MDM server (or choose the one that is to be renewed), " +
	"upload that file as its public key and save, then choose Download Token. Give the downloaded .p7m to server_token_wo and apply again."
