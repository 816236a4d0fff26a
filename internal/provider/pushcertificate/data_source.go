// Package pushcertificate is the data source asm_push_certificate: the Apple MDM
// push certificate of an Intune tenant.
package pushcertificate

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timetypes/timetypes"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

const defaultWarningDays = 30

type pushCertificate struct{ tf.DataSource }

// NewDataSource makes the data source.
func NewDataSource() datasource.DataSource { return &pushCertificate{} }

type model struct {
	ExpiryWarningDays types.Int64       `tfsdk:"expiry_warning_days"`
	AppleID           types.String      `tfsdk:"apple_id"`
	SerialNumber      types.String      `tfsdk:"serial_number"`
	Topic             types.String      `tfsdk:"topic"`
	ExpiresAt         timetypes.RFC3339 `tfsdk:"expires_at"`
	DaysLeft          types.Int64       `tfsdk:"days_left"`
	ModifiedAt        timetypes.RFC3339 `tfsdk:"modified_at"`
}

// Metadata implements datasource.DataSource.
func (d *pushCertificate) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_push_certificate"
}

// Schema implements datasource.DataSource.
func (d *pushCertificate) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	text := func(description string) schema.Attribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	when := func(description string) schema.Attribute {
		return schema.StringAttribute{Computed: true, CustomType: timetypes.RFC3339Type{}, MarkdownDescription: description}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "The Apple MDM push certificate of an Intune tenant (Microsoft Graph's `applePushNotificationCertificate`). No Apple device enrolls or is managed without it, and it has to be renewed every year, " +
			"with the Apple account that it was made with. A plan warns when it is about to expire. Intune only: the embedded service has an MDM beside it, which has the certificate.\n\n" +
			"A tenant without a push certificate is an error here; `asm_prerequisites` tells whether there is one.",
		Attributes: map[string]schema.Attribute{
			"expiry_warning_days": schema.Int64Attribute{
				Optional: true, Validators: []validator.Int64{int64validator.Between(0, 365)},
				MarkdownDescription: "From how many days before its expiry reading the certificate gives a warning, 0 to 365. Default 30; 0 warns only after it.",
			},
			"apple_id":      text("The Apple account that the certificate was made with. The same one has to renew it. Null where Intune has none on record."),
			"serial_number": text("The certificate's serial number."),
			"topic":         text("The topic of the push messages. It has to stay the same when the certificate is renewed: a new certificate with another topic loses every device."),
			"expires_at":    when("When the certificate expires, RFC 3339 in UTC."),
			"days_left":     schema.Int64Attribute{Computed: true, MarkdownDescription: "Whole days until then: 0 on the last day, negative afterwards."},
			"modified_at":   when("When the certificate was last uploaded, RFC 3339 in UTC."),
		},
	}
}

// Read implements datasource.DataSource.
func (d *pushCertificate) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	if !d.RequireService(&resp.Diagnostics) {
		return
	}
	var m model
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	certificate, err := d.Service.PushCertificate(ctx)
	if err != nil {
		tf.AddError(&resp.Diagnostics, "read", "the Apple MDM push certificate", err)
		return
	}
	now := d.Now()
	resp.Diagnostics.Append(resp.State.Set(ctx, m.filled(certificate, now))...)
	if warning, soon := enrollment.PushCertificateExpires(certificate, now, m.warningDays()); soon && d.NotePushCertificate() {
		resp.Diagnostics.AddWarning(warning.Summary, warning.Detail)
	}
}

func (m model) warningDays() int {
	if m.ExpiryWarningDays.IsNull() {
		return defaultWarningDays
	}
	return int(m.ExpiryWarningDays.ValueInt64())
}

func (m model) filled(c enrollment.PushCertificate, now time.Time) model {
	m.AppleID = tf.StringOrNull(c.AppleID)
	m.SerialNumber = tf.StringOrNull(c.SerialNumber)
	m.Topic = tf.StringOrNull(c.Topic)
	m.ExpiresAt = tf.TimeOrNull(c.ExpiresAt)
	m.ModifiedAt = tf.TimeOrNull(c.ModifiedAt)
	m.DaysLeft = types.Int64Null()
	if !c.ExpiresAt.IsZero() {
		m.DaysLeft = types.Int64Value(int64(enrollment.DaysLeft(c.ExpiresAt, now)))
	}
	return m
}
