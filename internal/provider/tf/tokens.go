package tf

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// RequireServerToken is an error where a token is known not to exist, or to wait
// for its server token while nothing in this run uploads one: whatever depends on
// it cannot work yet. A server token that is of no use is a warning, one a run.
func (rt *Runtime) RequireServerToken(ctx context.Context, tokenID types.String, diags *diag.Diagnostics) {
	if !rt.Ready() || tokenID.IsUnknown() || tokenID.IsNull() || rt.Plans.WillBeUsable(tokenID.ValueString()) {
		return
	}
	id := tokenID.ValueString()
	token, err := rt.Service.ReadToken(ctx, id)
	switch {
	case errors.Is(err, enrollment.ErrNotFound):
		diags.AddAttributeError(path.Root("token_id"), fmt.Sprintf("There is no token %q", id), "Give the id of an asm_token; the data source asm_tokens lists those that there are.")
	case err != nil: // what is wrong shows when it is used
	case token.Status == enrollment.AwaitingServerToken:
		AddError(diags, "plan for", "a token without its server token", &enrollment.Error{
			Kind: enrollment.ErrNoServerToken, Field: "token_id", What: "Token \"" + token.Name + "\" is still awaiting its server token", Do: PortalSteps,
		})
	default:
		rt.Plans.Usable(id) // dozens of objects ask, and Intune is asked three things for each token
		rt.warnOfTrouble(id, token, diags)
	}
}

func (rt *Runtime) warnOfTrouble(id string, token enrollment.Token, diags *diag.Diagnostics) {
	if warning, trouble := enrollment.TokenTrouble(token.Name, token.Status, token.ExpiresAt, rt.Now()); trouble && rt.NoteTrouble(id) {
		diags.AddAttributeWarning(path.Root("token_id"), warning.Summary, warning.Detail)
	}
}

// NoteTrouble notes that a warning of a token was given; false when one was
// before in this run.
func (rt *Runtime) NoteTrouble(tokenID string) bool {
	return rt.Plans.First("token " + strings.ToLower(tokenID))
}

// pushCertificateWithin is how long a plan waits for the push certificate, which
// it only warns of.
const pushCertificateWithin = 30 * time.Second

// WarnOfPushCertificate warns of a push certificate of the tenant that is about to
// expire. It is asked for once a run. Where it may not be read nothing is said:
// nothing of the plan depends on it.
func (rt *Runtime) WarnOfPushCertificate(ctx context.Context, warningDays int, diags *diag.Diagnostics) {
	certificate, ok := rt.Plans.pushCertificate(func() (enrollment.PushCertificate, error) {
		ctx, cancel := context.WithTimeout(ctx, pushCertificateWithin)
		defer cancel()
		return rt.Service.PushCertificate(ctx)
	})
	if !ok {
		return
	}
	if warning, soon := enrollment.PushCertificateExpires(certificate, rt.Now(), warningDays); soon && rt.NotePushCertificate() {
		diags.AddWarning(warning.Summary, warning.Detail)
	}
}

// NotePushCertificate notes that a warning of the push certificate was given;
// false when one was before in this run.
func (rt *Runtime) NotePushCertificate() bool { return rt.Plans.First("push certificate") }
