package token

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"

	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

type allTokens struct{ tf.DataSource }

// NewListDataSource makes the data source asm_tokens.
func NewListDataSource() datasource.DataSource { return &allTokens{} }

type listModel struct {
	Tokens []dataModel `tfsdk:"tokens"`
}

// Metadata implements datasource.DataSource.
func (d *allTokens) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_tokens"
}

// Schema implements datasource.DataSource.
func (d *allTokens) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "All enrollment program tokens of the service.",
		Attributes: map[string]schema.Attribute{
			"tokens": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "The tokens, by name and then by id; empty where there is none.",
				NestedObject: schema.NestedAttributeObject{Attributes: dataAttributes()},
			},
		},
	}
}

// Read implements datasource.DataSource.
func (d *allTokens) Read(ctx context.Context, _ datasource.ReadRequest, resp *datasource.ReadResponse) {
	if !d.RequireService(&resp.Diagnostics) {
		return
	}
	all, err := d.Service.ListTokens(ctx)
	if err != nil {
		tf.AddError(&resp.Diagnostics, "list", "the enrollment program tokens", err)
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, listModel{Tokens: dataModels(all, d.Now())})...)
}
