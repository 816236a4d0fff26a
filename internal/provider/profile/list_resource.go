package profile

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	listresource "github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

const things = "enrollment profiles"

// lister is asm_enrollment_profile in a query.
type lister struct{ profile }

// NewListResource makes the list resource.
func NewListResource() listresource.ListResource { return &lister{} }

type query struct {
	tf.NameFilter

	TokenID types.String `tfsdk:"token_id"`
}

// ListResourceConfigSchema implements list.ListResource.
func (r *lister) ListResourceConfigSchema(_ context.Context, _ listresource.ListResourceSchemaRequest, resp *listresource.ListResourceSchemaResponse) {
	attributes := tf.NameFilterAttributes("profiles")
	attributes["token_id"] = tf.TokenFilterAttribute("profiles")
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists enrollment profiles, to bring them under management with `terraform query`. On the embedded service these are the profiles that it has a record of, " +
			"on Intune the classic ones for iPhone and iPad; enrollment policies have a list of their own. Needs Terraform 1.14; OpenTofu has no queries.",
		Attributes: attributes,
	}
}

// List implements list.ListResource. What a page says of a profile is all there
// is to know: none is asked for by itself.
func (r *lister) List(ctx context.Context, req listresource.ListRequest, stream *listresource.ListResultsStream) {
	var config query
	r.Runtime.List(ctx, req, stream, things, &config, func(l *tf.Listing) error {
		return l.InTokens(ctx, config.TokenID, func(tokenID string) error {
			for p, err := range l.Service.Profiles(ctx, tokenID) {
				if err != nil {
					return err
				}
				if config.Matches(p.Name) && !l.Add(ctx, r.found(tokenID, p)) {
					return nil
				}
			}
			return nil
		})
	})
}

func (r *lister) found(tokenID string, p enrollment.Profile) tf.Found {
	ref := identity{TokenID: types.StringValue(tokenID), ID: types.StringValue(p.ID)}
	return tf.Found{
		Name: p.Name, ID: p.ID, Identity: ref,
		Fill: func(ctx context.Context, into tf.Values) diag.Diagnostics {
			diags := beginImport(ctx, into, ref)
			var m model
			diags.Append(into.Get(ctx, &m)...)
			diags.Append(into.Set(ctx, m.read(r.Service.Kind(), p))...)
			return diags
		},
	}
}
