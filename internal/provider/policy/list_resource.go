package policy

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

const things = "enrollment policies"

// lister is asm_enrollment_policy in a query.
type lister struct{ policy }

// NewListResource makes the list resource.
func NewListResource() list.ListResource { return &lister{} }

type query struct {
	tf.NameFilter

	TokenID  types.String `tfsdk:"token_id"`
	Platform types.String `tfsdk:"platform"`
}

// ListResourceConfigSchema implements list.ListResource.
func (r *lister) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	attributes := tf.NameFilterAttributes("policies")
	attributes["token_id"] = tf.TokenFilterAttribute("policies")
	attributes["platform"] = schema.StringAttribute{
		Optional: true, Validators: []validator.String{stringvalidator.OneOf(platforms()...)},
		MarkdownDescription: "Only policies for this platform: `ios` (iPhone and iPad), `macos`, `tvos` or `visionos`.",
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the enrollment policies of Microsoft Intune, to bring them under management with `terraform query`. The embedded service has none, which is an error. " +
			"Needs Terraform 1.14; OpenTofu has no queries.",
		Attributes: attributes,
	}
}

func platforms() []string {
	var all []string
	for _, p := range enrollment.Platforms() {
		all = append(all, string(p))
	}
	return all
}

// List implements list.ListResource. A policy's settings are read, with requests
// of its own, only where the resource is asked for.
func (r *lister) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var config query
	r.Runtime.List(ctx, req, stream, things, &config, func(l *tf.Listing) error {
		if l.Service.Kind() != enrollment.Intune {
			return noPolicies(ctx, l.Service) // also where there is no token to look through
		}
		return l.InTokens(ctx, config.TokenID, func(tokenID string) error { return config.find(ctx, l, tokenID) })
	})
}

// noPolicies is what a service says that has none.
func noPolicies(ctx context.Context, service enrollment.Service) error {
	for _, err := range service.Policies(ctx, "", "") {
		return err
	}
	return nil
}

func (q query) find(ctx context.Context, l *tf.Listing, tokenID string) error {
	matches := func(p enrollment.Policy) bool { return q.Matches(p.Name) }
	read := func(p enrollment.Policy) (enrollment.Policy, error) { return l.Service.ReadPolicy(ctx, p.ID) }
	return tf.AddEach(ctx, l, l.Service.Policies(ctx, tokenID, enrollment.Platform(q.Platform.ValueString())), matches, read, foundOf)
}

func foundOf(p enrollment.Policy) tf.Found {
	ref := identity{TokenID: types.StringValue(p.TokenID), ID: types.StringValue(p.ID)}
	return tf.Found{
		Name: p.Name, ID: p.ID, Identity: ref,
		Fill: func(ctx context.Context, into tf.Values) diag.Diagnostics {
			diags := beginImport(ctx, into, ref)
			var m model
			diags.Append(into.Get(ctx, &m)...)
			diags.Append(into.Set(ctx, m.read(p))...)
			return diags
		},
	}
}
