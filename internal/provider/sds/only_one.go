package sds

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

const onlyOne = "A tenant can share one token with School Data Sync: sharing another takes it away from the first. "

// checkOnlyOne refuses two connections in one configuration, which would take
// the sharing from each other in every apply, and warns of a token that loses it.
func (r *connection) checkOnlyOne(ctx context.Context, tokenID string, diags *diag.Diagnostics) {
	at := path.Root("token_id")
	tokens, err := enrollment.ListTokensBriefly(ctx, r.Service)
	name := func(id string) string {
		for _, t := range tokens {
			if strings.EqualFold(t.ID, id) {
				return fmt.Sprintf("%q (%s)", t.Name, t.ID)
			}
		}
		return id
	}
	if others := r.Plans.ShareWithSDS(tokenID); len(others) > 0 {
		diags.AddAttributeError(at, "Two tokens cannot be shared with School Data Sync",
			onlyOne+fmt.Sprintf("This configuration shares %s and %s; both cannot be. Keep one asm_sds_connection.", name(tokenID), name(others[0])))
		return
	}
	if err != nil {
		tf.AddErrorAsWarning(diags, "list", "the tokens of the tenant", err, "Another token may lose its sharing with School Data Sync by this plan.")
		return
	}
	if other, ok := losing(tokens, tokenID); ok {
		diags.AddAttributeWarning(at, "Another token loses its sharing with School Data Sync",
			onlyOne+fmt.Sprintf("Token %s is shared now, and is no longer when %s is.", name(other.ID), name(tokenID)))
	}
}

// losing is the token that is shared now, where it is another one.
func losing(tokens []enrollment.Token, tokenID string) (enrollment.Token, bool) {
	for _, t := range tokens {
		if t.SharedWithSDS && !strings.EqualFold(t.ID, tokenID) {
			return t, true
		}
	}
	return enrollment.Token{}, false
}
