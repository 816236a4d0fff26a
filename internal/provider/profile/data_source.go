package profile

import (
	"cmp"
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-timetypes/timetypes"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

type profiles struct{ tf.DataSource }

// NewDataSource makes the data source.
func NewDataSource() datasource.DataSource { return &profiles{} }

type profilesModel struct {
	TokenID  types.String `tfsdk:"token_id"`
	Profiles []listed     `tfsdk:"profiles"`
}

type listed struct {
	ID               types.String      `tfsdk:"id"`
	Name             types.String      `tfsdk:"name"`
	Description      types.String      `tfsdk:"description"`
	AppleUUID        types.String      `tfsdk:"apple_uuid"`
	Recorded         types.Bool        `tfsdk:"recorded"`
	Status           types.String      `tfsdk:"status"`
	ThrottledUntil   timetypes.RFC3339 `tfsdk:"throttled_until"`
	DeviceCount      types.Int64       `tfsdk:"device_count"`
	DefaultFor       []string          `tfsdk:"default_for"`
	UserAffinity     types.Bool        `tfsdk:"user_affinity"`
	Supervised       types.Bool        `tfsdk:"supervised"`
	LockedEnrollment types.Bool        `tfsdk:"locked_enrollment"`
	SharedIPad       types.Bool        `tfsdk:"shared_ipad"`
	EnrollmentURL    types.String      `tfsdk:"enrollment_url"`
}

// Metadata implements datasource.DataSource.
func (d *profiles) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_enrollment_profiles"
}

// Schema implements datasource.DataSource.
func (d *profiles) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	text := func(description string) schema.Attribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	flag := func(description string) schema.Attribute {
		return schema.BoolAttribute{Computed: true, MarkdownDescription: description}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "The enrollment profiles of a token, by name, with figures that change by themselves. A profile that the service has no record of, where it lists one, has `recorded = false`; " +
			"import it by `TOKEN_ID/APPLE_UUID`.\n\n" +
			"On Intune these are the classic profiles for iPhone and iPad, without enrollment policies. Counting the devices there takes one read of all devices of the token, which everything in the same run shares.",
		Attributes: map[string]schema.Attribute{
			"token_id": schema.StringAttribute{Required: true, Validators: []validator.String{stringvalidator.LengthAtLeast(1)}, MarkdownDescription: "Id of the `asm_token`."},
			"profiles": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "The profiles, ordered by name.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"id":          text("The profile's id, for `profile_id` of other objects."),
					"name":        text("The profile's name."),
					"description": text("What the profile is for. Null where nothing is recorded."),
					"apple_uuid":  text("UUID of the present definition at Apple. A change of the profile is a new definition. Null while Apple has none, and always on Intune."),
					"recorded":    flag("Whether the service has a record of the profile. Of one without it only what Apple keeps is known."),
					"status":      text("`current`, `updating` (devices are still to be moved to the present definition) or `undefined` (it is not known that Apple has the definition)."),
					"throttled_until": schema.StringAttribute{
						Computed: true, CustomType: timetypes.RFC3339Type{},
						MarkdownDescription: "When Apple takes assignments of the devices that are still to be moved again, in RFC 3339 and UTC. Null when nothing waits.",
					},
					"device_count": schema.Int64Attribute{Computed: true, MarkdownDescription: "How many devices have the profile, as of the last sync."},
					"default_for": schema.ListAttribute{
						Computed: true, ElementType: types.StringType,
						MarkdownDescription: "Platforms whose new devices get this profile: `ios`, `macos`, `tvos`, `visionos`. Empty where it is no default.",
					},
					"user_affinity":     flag("Whether devices enroll for one user. Null where nothing is recorded."),
					"supervised":        flag("Whether devices are supervised."),
					"locked_enrollment": flag("Whether users are kept from removing the management profile."),
					"shared_ipad":       flag("Whether several people share the iPad."),
					"enrollment_url":    text("Where devices enroll. Null where it is not known, and always on Intune."),
				}},
			},
		},
	}
}

// Read implements datasource.DataSource.
func (d *profiles) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	if !d.RequireService(&resp.Diagnostics) {
		return
	}
	var m profilesModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	found, err := d.list(ctx, m.TokenID.ValueString())
	if err != nil {
		tf.AddError(&resp.Diagnostics, "list", "the enrollment profiles", err)
		return
	}
	m.Profiles = make([]listed, 0, len(found))
	for _, p := range found {
		m.Profiles = append(m.Profiles, listedOf(p))
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

// list gives the profiles with their numbers of devices, which are counted where
// the service does not tell.
func (d *profiles) list(ctx context.Context, tokenID string) ([]enrollment.Profile, error) {
	var found []enrollment.Profile
	for p, err := range d.Service.Profiles(ctx, tokenID) {
		if err != nil {
			return nil, err
		}
		found = append(found, p)
	}
	slices.SortFunc(found, func(a, b enrollment.Profile) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return found, d.count(ctx, tokenID, found)
}

func (d *profiles) count(ctx context.Context, tokenID string, found []enrollment.Profile) error {
	uncounted := func(p enrollment.Profile) bool { return p.DeviceCount == enrollment.DeviceCountUnknown }
	if !slices.ContainsFunc(found, uncounted) {
		return nil
	}
	devices := map[string]int{}
	for device, err := range d.Service.Devices(ctx, tokenID, enrollment.DeviceFilter{}) {
		if err != nil {
			return err
		}
		devices[device.ProfileID]++
	}
	for i, p := range found {
		if uncounted(p) {
			found[i].DeviceCount = d.countOf(p.ID, devices)
		}
	}
	return nil
}

func (d *profiles) countOf(profileID string, devices map[string]int) int {
	total := 0
	for id, n := range devices {
		if enrollment.SameProfile(d.Service.Kind(), id, profileID) {
			total += n
		}
	}
	return total
}

func listedOf(p enrollment.Profile) listed {
	defaults := platforms(p)
	slices.Sort(defaults)
	return listed{
		ID:               types.StringValue(p.ID),
		Name:             types.StringValue(p.Name),
		Description:      types.StringPointerValue(p.Description),
		AppleUUID:        tf.StringOrNull(p.AppleUUID),
		Recorded:         types.BoolValue(p.Recorded),
		Status:           statusOf(p),
		ThrottledUntil:   tf.TimeOrNull(p.ThrottledUntil),
		DeviceCount:      types.Int64Value(int64(p.DeviceCount)),
		DefaultFor:       defaults,
		UserAffinity:     types.BoolPointerValue(p.UserAffinity),
		Supervised:       types.BoolValue(p.Supervised),
		LockedEnrollment: types.BoolValue(p.LockedEnrollment),
		SharedIPad:       types.BoolValue(p.SharedIPad != nil),
		EnrollmentURL:    types.StringPointerValue(p.EnrollmentURL),
	}
}
