// Package devices is the data source asm_devices: the devices of a token, as
// the last sync saw them, selected and in the form that an assignment takes.
package devices

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timetypes/timetypes"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

type dataSource struct{ tf.DataSource }

// NewDataSource makes the data source.
func NewDataSource() datasource.DataSource { return &dataSource{} }

// Metadata implements datasource.DataSource.
func (d *dataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_devices"
}

// Schema implements datasource.DataSource.
func (d *dataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	atLeastOne := stringvalidator.LengthAtLeast(1)
	resp.Schema = schema.Schema{
		MarkdownDescription: "The devices of a token, as the last sync saw them (`last_synced_at` says how old that is). All filters that are set must match. " +
			"Give `serial_number_list` to an `asm_device_assignment`; to assign what is free, select `[\"unassigned\", <the profile's id>]`, " +
			"the union, so that a device which was assigned stays selected.\n\n" +
			"Intune knows less of a device than Apple: what it does not know is null, and a filter on it selects nothing. Each attribute says so.",
		Attributes: map[string]schema.Attribute{
			"token_id": schema.StringAttribute{Required: true, Validators: []validator.String{atLeastOne}, MarkdownDescription: "Id of the `asm_token`."},
			"assignment": schema.SetAttribute{
				Optional: true, ElementType: types.StringType, Validators: []validator.Set{setvalidator.SizeAtLeast(1), setvalidator.ValueStringsAre(atLeastOne)},
				MarkdownDescription: "Which assignment the devices have, any of these: `\"unassigned\"`, `\"default\"` (on the token's default profile), or the id of a profile. Left out: any. " +
					"On Intune the id of a profile in any form that Graph has for it, and `profile_id` of an `asm_enrollment_policy`.",
			},
			"family":        schema.StringAttribute{Optional: true, Validators: []validator.String{atLeastOne}, MarkdownDescription: "Apple's device family: `iPad`, `iPhone`, `iPod`, `Mac`, `AppleTV`, `Vision`. On Intune from the platform, and for iPad, iPhone and iPod from the description; where that names none, the device has no family."},
			"model":         schema.StringAttribute{Optional: true, Validators: []validator.String{atLeastOne}, MarkdownDescription: "A part of the model's name, in any case. On Intune a part of the description."},
			"serial_prefix": schema.StringAttribute{Optional: true, Validators: []validator.String{atLeastOne}, MarkdownDescription: "How the serial number begins, in any case."},
			"assigned_since": schema.StringAttribute{
				Optional: true, CustomType: timetypes.RFC3339Type{},
				MarkdownDescription: "Devices that were given to the token's server at or after this time (RFC 3339). On Intune: that Intune first saw at or after it.",
			},
			"state": schema.StringAttribute{
				Optional: true, Validators: []validator.String{stringvalidator.OneOf(states()...)},
				MarkdownDescription: "Apple's word on the device's profile: `empty`, `assigned` (set up to get it), `pushed` (has taken it) or `removed`. " +
					"On Intune `pushed` is enrolled with that profile, and `removed` selects nothing.",
			},
			"needs_reset": schema.BoolAttribute{
				Optional: true, MarkdownDescription: "`true`: devices that were activated before they got their profile, and take it only after a factory reset. `false`: all others. Left out: both.",
			},
			"details": schema.BoolAttribute{
				Optional: true, MarkdownDescription: "Also give `devices`. An error above 5,000 devices: it makes plans and state large.",
			},
			"serial_number_list": schema.StringAttribute{
				Computed: true, MarkdownDescription: "The serial numbers, sorted, on one line, apart by blanks.",
			},
			"device_count": schema.Int64Attribute{Computed: true, MarkdownDescription: "How many devices match."},
			"serial_numbers": schema.SetAttribute{
				Computed: true, ElementType: types.StringType,
				MarkdownDescription: "The serial numbers as a set; null, with a warning, above 1,000, never a part of them.",
			},
			"devices": schema.MapNestedAttribute{
				Computed: true, NestedObject: schema.NestedAttributeObject{Attributes: deviceAttributes()},
				MarkdownDescription: "The devices by serial number, with `details = true`; else null.",
			},
			"last_synced_at": schema.StringAttribute{
				Computed: true, CustomType: timetypes.RFC3339Type{}, MarkdownDescription: "When the last good sync ended (RFC 3339); null before the first.",
			},
		},
	}
}

func deviceAttributes() map[string]schema.Attribute {
	text := func(what string) schema.Attribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: what}
	}
	when := func(what string) schema.Attribute {
		return schema.StringAttribute{Computed: true, CustomType: timetypes.RFC3339Type{}, MarkdownDescription: what + " (RFC 3339)."}
	}
	return map[string]schema.Attribute{
		"model":                 text("Model, such as `iPad Air`; on Intune the description."),
		"description":           text("Apple's description of the device."),
		"color":                 text("Color; null on Intune."),
		"asset_tag":             text("Asset tag; null on Intune."),
		"family":                text("Apple's device family; null on Intune where neither platform nor description tells it."),
		"os":                    text("Operating system; null on Intune."),
		"profile_id":            text("Id of the profile that the device has; null for none. A profile that only Apple knows is named by its Apple UUID. On Intune the profile that the device is to have, as Graph lists it, also for an enrollment policy."),
		"state":                 text("Apple's word on the device's profile: `empty`, `assigned`, `pushed` or `removed`; on Intune from its enrollment state, and never `removed`."),
		"profile_assigned_at":   when("When the device got its profile"),
		"profile_pushed_at":     when("When the device took its profile; null on Intune"),
		"assigned_to_server_at": when("When the device was given to the token's server; on Intune when it was first seen there"),
		"assigned_to_server_by": text("Who gave it to the server; null on Intune."),
		"on_default":            schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the profile is the token's default one."},
		"needs_reset":           schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the device was activated before it got its profile, so that it takes it only after a factory reset."},
		"throttled_until":       when("Until when Apple takes no assignment of the device; null when it does, and on Intune, which does not tell"),
	}
}

func states() []string {
	return []string{string(enrollment.StatusEmpty), string(enrollment.StatusAssigned), string(enrollment.StatusPushed), string(enrollment.StatusRemoved)}
}

// Read implements datasource.DataSource.
func (d *dataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	diags := &resp.Diagnostics
	var config model
	diags.Append(req.Config.Get(ctx, &config)...)
	if diags.HasError() || !d.RequireService(diags) {
		return
	}
	filter := config.filter(ctx, diags)
	d.RequireServerToken(ctx, config.TokenID, diags)
	if diags.HasError() {
		return
	}
	token, err := d.Service.ReadToken(ctx, config.TokenID.ValueString())
	if err != nil {
		tf.AddError(diags, "read", "the devices", err)
		return
	}
	found, err := collect(d.Service.Devices(ctx, token.ID, filter), config.Details.ValueBool())
	if err != nil {
		tf.AddError(diags, "read", "the devices", err)
		return
	}
	config.set(found, diags)
	config.LastSyncedAt = tf.TimeOrNull(token.LastSyncedAt)
	diags.Append(resp.State.Set(ctx, config)...)
}
