package tf

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timetypes/timetypes"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
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

// RequireServerToken is an error where a token is known to wait for its server
// token and nothing in this run uploads one: whatever depends on it cannot work
// yet.
func (rt *Runtime) RequireServerToken(ctx context.Context, tokenID types.String, diags *diag.Diagnostics) {
	if !rt.Ready() || tokenID.IsUnknown() || tokenID.IsNull() || rt.Plans.WillBeUsable(tokenID.ValueString()) {
		return
	}
	token, err := rt.Service.ReadToken(ctx, tokenID.ValueString())
	if err != nil {
		return // what is wrong shows when it is used
	}
	if token.Status != enrollment.AwaitingServerToken {
		rt.Plans.Usable(tokenID.ValueString()) // dozens of objects ask, and Intune is asked three things for each token
		return
	}
	AddError(diags, "plan for", "a token without its server token", &enrollment.Error{
		Kind: enrollment.ErrNoServerToken, Field: "token_id", What: "Token \"" + token.Name + "\" is still awaiting its server token", Do: PortalSteps,
	})
}

// PortalSteps says what a person has to click between the two applies.
const PortalSteps = "Save public_key_pem to a file. In Apple School Manager, choose your name and then Preferences, then add an MDM server (or choose the one that is to be renewed), " +
	"upload that file as its public key and save, then choose Download Token. Give the downloaded .p7m to server_token_wo and apply again."
