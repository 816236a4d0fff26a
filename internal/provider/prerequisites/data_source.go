// Package prerequisites is the data source asm_prerequisites: what has to stand
// around the tokens of an Intune tenant before a first device can enroll.
package prerequisites

import (
	"context"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

const defaultWarningDays = 30

// domainShape is a DNS name with at least two labels.
var domainShape = regexp.MustCompile(`^([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z0-9-]{2,63}$`)

type prerequisites struct{ tf.DataSource }

// NewDataSource makes the data source.
func NewDataSource() datasource.DataSource { return &prerequisites{} }

type model struct {
	TokenID           types.String    `tfsdk:"token_id"`
	FederatedDomains  types.Set       `tfsdk:"federated_domains"`
	ExpiryWarningDays types.Int64     `tfsdk:"expiry_warning_days"`
	Ready             types.Bool      `tfsdk:"ready"`
	Items             map[string]item `tfsdk:"items"`
}

type item struct {
	Verdict types.String `tfsdk:"verdict"`
	Found   types.String `tfsdk:"found"`
	Do      types.String `tfsdk:"do"`
}

// Metadata implements datasource.DataSource.
func (d *prerequisites) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_prerequisites"
}

// Schema implements datasource.DataSource.
func (d *prerequisites) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	text := func(description string) schema.Attribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "What Apple School Manager enrollment with Intune still needs: the Apple MDM push certificate, the consent to share data with Apple, a token of Apple School Manager that has not expired, " +
			"and, where users of federated domains enroll devices with user affinity, the WS-Trust 1.3 Username/Mixed endpoint of their sign-in server. " +
			"Something that is missing is no error: `items` says what was found and what to do, and a `check` block can show it. Intune only.\n\n" +
			"What Microsoft Graph does not tell is not among them: whether the school has signed up for Apple School Manager, and device enrollment manager accounts, which Apple School Manager enrollment cannot be combined with.",
		Attributes: map[string]schema.Attribute{
			"token_id": schema.StringAttribute{
				Optional: true, Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
				MarkdownDescription: "Id of the `asm_token` that is looked at. Left out, only what the tenant has.",
			},
			"federated_domains": schema.SetAttribute{
				Optional: true, ElementType: types.StringType,
				Validators: []validator.Set{setvalidator.NoNullValues(), setvalidator.ValueStringsAre(
					stringvalidator.RegexMatches(domainShape, "must be a domain such as school.example, without a scheme and without what is before an @"))},
				MarkdownDescription: "Domains of users who enroll devices with user affinity. Each is looked at: one that Microsoft Entra manages itself needs nothing, a federated one the WS-Trust 1.3 Username/Mixed endpoint. " +
					"It takes the permission `Domain.Read.All`; without it the verdict is `unknown`.",
			},
			"expiry_warning_days": schema.Int64Attribute{
				Optional: true, Validators: []validator.Int64{int64validator.Between(0, 365)},
				MarkdownDescription: "From how many days before their expiry the push certificate and the token have the verdict `warning`, 0 to 365. Default 30.",
			},
			"ready": schema.BoolAttribute{
				Computed: true, MarkdownDescription: "Whether every verdict is `met` or `warning`. What could not be found out is not ready.",
			},
			"items": schema.MapNestedAttribute{
				Computed: true,
				MarkdownDescription: "What was looked at, by name: `push_certificate`, `data_sharing_consent`, with a token `token_type` and `token_expiry`, and `ws_trust:DOMAIN` for each of `federated_domains`, in lower case. " +
					"Later versions of the provider may look at more.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"verdict": text("`met`, `warning` (met and soon not any more, or a domain that Microsoft Graph does not show), `unmet` or `unknown` (it could not be found out)."),
					"found":   text("What is there."),
					"do":      text("What to do about it; `\"\"` where nothing is."),
				}},
			},
		},
	}
}

// Read implements datasource.DataSource.
func (d *prerequisites) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	if !d.RequireService(&resp.Diagnostics) {
		return
	}
	var m model
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ask, diags := m.request(ctx)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	found, err := d.Service.Prerequisites(ctx, ask)
	if err != nil {
		tf.AddError(&resp.Diagnostics, "look at", "the prerequisites of enrollment", err)
		return
	}
	m.Ready, m.Items = types.BoolValue(enrollment.Ready(found)), items(found)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}
