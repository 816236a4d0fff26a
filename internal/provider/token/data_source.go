package token

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/datasourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

type oneToken struct{ tf.DataSource }

// NewDataSource makes the data source asm_token.
func NewDataSource() datasource.DataSource { return &oneToken{} }

// Metadata implements datasource.DataSource.
func (d *oneToken) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_token"
}

// Schema implements datasource.DataSource.
func (d *oneToken) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := dataAttributes()
	attributes["id"] = schema.StringAttribute{
		Optional: true, Computed: true, Validators: []validator.String{notBlank},
		MarkdownDescription: "The token's id. Give this or `name`.",
	}
	attributes["name"] = schema.StringAttribute{
		Optional: true, Computed: true, Validators: []validator.String{notBlank},
		MarkdownDescription: "Name of the token, in its exact spelling. Give this or `id`. A name that several tokens have is an error.",
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "One enrollment program token, with the figures that change by themselves: the days that are left, and the counts of the last sync.",
		Attributes:          attributes,
	}
}

// ConfigValidators implements datasource.DataSourceWithConfigValidators.
func (d *oneToken) ConfigValidators(context.Context) []datasource.ConfigValidator {
	return []datasource.ConfigValidator{datasourcevalidator.ExactlyOneOf(path.MatchRoot("id"), path.MatchRoot("name"))}
}

// Read implements datasource.DataSource.
func (d *oneToken) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	if !d.RequireService(&resp.Diagnostics) {
		return
	}
	var config dataModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	found, ok := d.find(ctx, config, &resp.Diagnostics)
	if !ok {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, dataModelOf(found, d.Now()))...)
}

func (d *oneToken) find(ctx context.Context, config dataModel, diags *diag.Diagnostics) (enrollment.Token, bool) {
	if !config.ID.IsNull() {
		found, err := d.Service.ReadToken(ctx, config.ID.ValueString())
		if err != nil {
			tf.AddError(diags, "read", thing, err)
		}
		return found, err == nil
	}
	all, err := d.Service.ListTokens(ctx)
	if err != nil {
		tf.AddError(diags, "list", "the enrollment program tokens", err)
		return enrollment.Token{}, false
	}
	found, err := named(all, config.Name.ValueString())
	if err != nil {
		diags.AddAttributeError(path.Root("name"), "Unable to read "+thing, err.Error())
	}
	return found, err == nil
}

// named is the only token of a name.
func named(all []enrollment.Token, name string) (enrollment.Token, error) {
	var found []enrollment.Token
	var ids []string
	for _, t := range all {
		if t.Name == name {
			found, ids = append(found, t), append(ids, t.ID)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return enrollment.Token{}, &enrollment.Error{
			Kind: enrollment.ErrNotFound, What: fmt.Sprintf("There is no token with the name %q", name),
			Do: "The data source asm_tokens lists the tokens that there are.",
		}
	default:
		return enrollment.Token{}, &enrollment.Error{
			Kind: enrollment.ErrConflict, What: fmt.Sprintf("%d tokens have the name %q: %s", len(found), name, strings.Join(ids, ", ")),
			Do: "Give the id of the one that is meant.",
		}
	}
}
