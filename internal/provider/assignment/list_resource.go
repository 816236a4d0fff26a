package assignment

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

const things = "device assignments"

// lister is asm_device_assignment in a query.
type lister struct{ assignment }

// NewListResource makes the list resource.
func NewListResource() list.ListResource { return &lister{} }

type query struct {
	TokenID            types.String `tfsdk:"token_id"`
	ProfileID          types.String `tfsdk:"profile_id"`
	MinimumDeviceCount types.Int64  `tfsdk:"minimum_device_count"`
}

// ListResourceConfigSchema implements list.ListResource.
func (r *lister) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists which devices have which profile, to bring that under management with `terraform query`: one result for each enrollment profile or policy that devices have. " +
			"The embedded service records which devices an assignment holds already; their number is in the name of the result. " +
			"Needs Terraform 1.14; OpenTofu has no queries.",
		Attributes: map[string]schema.Attribute{
			"token_id": tf.TokenFilterAttribute("devices"),
			"profile_id": schema.StringAttribute{
				Optional: true, Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
				MarkdownDescription: "Only the devices of this enrollment profile or policy.",
			},
			"minimum_device_count": schema.Int64Attribute{
				Optional: true, Validators: []validator.Int64{int64validator.AtLeast(1)},
				MarkdownDescription: "Only profiles that at least this many devices have. Default `1`: a profile that no device has needs no assignment.",
			},
		},
	}
}

// List implements list.ListResource. The devices of a token are read once for all
// of its profiles.
func (r *lister) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var config query
	r.Runtime.List(ctx, req, stream, things, &config, func(l *tf.Listing) error {
		return l.InTokens(ctx, config.token(), func(tokenID string) error {
			groups, err := config.groups(ctx, l.Service, tokenID)
			if err != nil {
				return err
			}
			for _, g := range groups {
				if !l.Add(ctx, g.found(l.Service.Kind(), tokenID)) {
					return nil
				}
			}
			return nil
		})
	})
}

// token is the token to look through; an id of Microsoft Graph's names its own.
func (q query) token() types.String {
	if q.TokenID.IsNull() {
		return tf.StringOrNull(enrollment.TokenOfProfile(q.ProfileID.ValueString()))
	}
	return q.TokenID
}

// group are the devices of one profile.
type group struct {
	profileID, name string
	serials         []string
	// held of them are recorded for an assignment, as far as the service records that.
	held int
}

// groups gives the devices of a token by their profiles, in the order of the
// profiles' names.
func (q query) groups(ctx context.Context, service enrollment.Service, tokenID string) ([]group, error) {
	filter := enrollment.DeviceFilter{}
	if !q.ProfileID.IsNull() {
		filter.Assignment = []string{q.ProfileID.ValueString()}
	}
	devices, held := map[string][]string{}, map[string]int{}
	for d, err := range service.Devices(ctx, tokenID, filter) {
		if err != nil {
			return nil, err
		}
		if d.ProfileID != "" {
			devices[d.ProfileID] = append(devices[d.ProfileID], d.SerialNumber)
		}
		if d.Holder != "" {
			held[d.ProfileID]++
		}
	}
	var found []group
	for id, serials := range devices {
		if int64(len(serials)) < q.MinimumDeviceCount.ValueInt64() {
			continue
		}
		name, err := service.ProfileName(ctx, enrollment.ProfileRef{TokenID: tokenID, ID: id})
		if err != nil {
			return nil, err
		}
		found = append(found, group{profileID: id, name: name, serials: sorted(serials...), held: held[id]})
	}
	slices.SortFunc(found, func(a, b group) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.profileID, b.profileID))
	})
	return found, nil
}

// title says what is managed already, perhaps in another state: importing that too
// would have two assignments answer for it.
func (g group) title() string {
	title := fmt.Sprintf("%s: %s", cmp.Or(g.name, g.profileID), enrollment.Count(len(g.serials), "device"))
	if g.held > 0 {
		title += fmt.Sprintf(" (%d held by an assignment)", g.held)
	}
	return title
}

func (g group) found(kind enrollment.Kind, tokenID string) tf.Found {
	ref := identity{TokenID: types.StringValue(tokenID), ProfileID: types.StringValue(g.profileID)}
	return tf.Found{
		Name: g.title(), Identity: ref,
		Fill: func(ctx context.Context, into tf.Values) diag.Diagnostics {
			diags := beginImport(ctx, into, kind, ref)
			var m model
			diags.Append(into.Get(ctx, &m)...)
			m.adopt(g.serials)
			diags.Append(into.Set(ctx, m)...)
			return diags
		},
	}
}
