package token

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

const things = "enrollment program tokens"

// lister is asm_token in a query.
type lister struct{ token }

// NewListResource makes the list resource.
func NewListResource() list.ListResource { return &lister{} }

type query struct {
	tf.NameFilter

	Type   types.String `tfsdk:"type"`
	Status types.String `tfsdk:"status"`
}

// ListResourceConfigSchema implements list.ListResource.
func (r *lister) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	attributes := tf.NameFilterAttributes("tokens")
	attributes["type"] = schema.StringAttribute{
		Optional: true, Validators: []validator.String{stringvalidator.OneOf(string(enrollment.School), string(enrollment.Business))},
		MarkdownDescription: "Only tokens of this type: `school` or `business`. On Intune a token that never had a server token has none.",
	}
	attributes["status"] = schema.StringAttribute{
		Optional: true, Validators: []validator.String{stringvalidator.OneOf(
			string(enrollment.AwaitingServerToken), string(enrollment.Active), string(enrollment.Expired), string(enrollment.Revoked), string(enrollment.TermsNotAccepted))},
		MarkdownDescription: "Only tokens with this status: `awaiting_server_token`, `active`, `expired`, `revoked` or `terms_not_accepted`.",
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the enrollment program tokens of a service, to bring them under management with `terraform query`. Needs Terraform 1.14; OpenTofu has no queries.",
		Attributes:          attributes,
	}
}

// List implements list.ListResource. Tokens come from the brief list; each is
// read by itself only where the resource is asked for.
func (r *lister) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var config query
	r.Runtime.List(ctx, req, stream, things, &config, func(l *tf.Listing) error {
		read := func(t enrollment.Token) (enrollment.Token, error) { return l.Service.ReadToken(ctx, t.ID) }
		return tf.AddEach(ctx, l, enrollment.TokensBriefly(ctx, l.Service), config.matches, read, foundOf)
	})
}

func (q query) matches(t enrollment.Token) bool {
	return q.Matches(t.Name) &&
		(q.Type.IsNull() || q.Type.ValueString() == string(t.Type)) &&
		(q.Status.IsNull() || q.Status.ValueString() == string(t.Status))
}

func foundOf(t enrollment.Token) tf.Found {
	return tf.Found{
		Name: t.Name, ID: t.ID, Identity: identity{ID: types.StringValue(t.ID)},
		Fill: func(ctx context.Context, into tf.Values) diag.Diagnostics {
			diags := beginImport(ctx, into)
			var m model
			diags.Append(into.Get(ctx, &m)...)
			diags.Append(into.Set(ctx, m.refreshed(t))...)
			return diags
		},
	}
}
