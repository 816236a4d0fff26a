package prerequisites

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

func (m model) request(ctx context.Context) (enrollment.PrerequisitesRequest, diag.Diagnostics) {
	ask := enrollment.PrerequisitesRequest{TokenID: m.TokenID.ValueString(), WarningDays: defaultWarningDays}
	if !m.ExpiryWarningDays.IsNull() {
		ask.WarningDays = int(m.ExpiryWarningDays.ValueInt64())
	}
	diags := m.FederatedDomains.ElementsAs(ctx, &ask.FederatedDomains, false)
	slices.Sort(ask.FederatedDomains)
	return ask, diags
}

func items(found []enrollment.Prerequisite) map[string]item {
	out := map[string]item{}
	for _, p := range found {
		out[p.Name] = item{
			Verdict: types.StringValue(string(p.Verdict)),
			Found:   types.StringValue(p.Found),
			Do:      types.StringValue(p.Do),
		}
	}
	return out
}
