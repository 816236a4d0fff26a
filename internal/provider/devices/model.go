package devices

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-timetypes/timetypes"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

const (
	// largestSet is the largest set that is given: what sets cost grows with the
	// square of their size.
	largestSet = 1000
	// mostDetails is the largest number of devices with details.
	mostDetails = 5000
)

type model struct {
	TokenID          types.String      `tfsdk:"token_id"`
	Assignment       types.Set         `tfsdk:"assignment"`
	Family           types.String      `tfsdk:"family"`
	Model            types.String      `tfsdk:"model"`
	SerialPrefix     types.String      `tfsdk:"serial_prefix"`
	AssignedSince    timetypes.RFC3339 `tfsdk:"assigned_since"`
	State            types.String      `tfsdk:"state"`
	NeedsReset       types.Bool        `tfsdk:"needs_reset"`
	Details          types.Bool        `tfsdk:"details"`
	SerialNumberList types.String      `tfsdk:"serial_number_list"`
	DeviceCount      types.Int64       `tfsdk:"device_count"`
	SerialNumbers    types.Set         `tfsdk:"serial_numbers"`
	Devices          types.Map         `tfsdk:"devices"`
	LastSyncedAt     timetypes.RFC3339 `tfsdk:"last_synced_at"`
}

func (m *model) filter(ctx context.Context, diags *diag.Diagnostics) enrollment.DeviceFilter {
	f := enrollment.DeviceFilter{
		Family: m.Family.ValueString(), Model: m.Model.ValueString(), SerialPrefix: m.SerialPrefix.ValueString(),
		ProfileStatus: enrollment.ProfileStatus(m.State.ValueString()), NeedsReset: m.NeedsReset.ValueBoolPointer(),
	}
	if !m.Assignment.IsNull() {
		diags.Append(m.Assignment.ElementsAs(ctx, &f.Assignment, false)...)
	}
	if !m.AssignedSince.IsNull() {
		since, d := m.AssignedSince.ValueRFC3339Time()
		diags.Append(d...)
		f.AssignedSince = since
	}
	return f
}

// found is what a look at the devices gave. Details are kept only up to the
// most that are given.
type found struct {
	serials []string
	details []enrollment.Device
	wanted  bool
}

func collect(devices iter.Seq2[enrollment.Device, error], details bool) (found, error) {
	f := found{serials: []string{}, wanted: details}
	for device, err := range devices {
		if err != nil {
			return found{}, err
		}
		f.serials = append(f.serials, device.SerialNumber)
		if details && len(f.details) < mostDetails {
			f.details = append(f.details, device)
		}
	}
	slices.Sort(f.serials)
	return f, nil
}

func (m *model) set(f found, diags *diag.Diagnostics) {
	m.SerialNumberList = types.StringValue(enrollment.JoinSerials(f.serials))
	m.DeviceCount = types.Int64Value(int64(len(f.serials)))
	m.SerialNumbers = serialSet(f.serials, diags)
	m.Devices = types.MapNull(deviceType)
	if !f.wanted {
		return
	}
	if len(f.serials) > mostDetails {
		diags.AddAttributeError(path.Root("details"), "Too many devices for details",
			fmt.Sprintf("%d devices match, and details are given for at most %d. Narrow the filters, or leave details out and use serial_number_list.", len(f.serials), mostDetails))
		return
	}
	elements := make(map[string]attr.Value, len(f.details))
	for _, device := range f.details {
		elements[device.SerialNumber] = deviceObject(device)
	}
	m.Devices = types.MapValueMust(deviceType, elements)
}

func serialSet(serials []string, diags *diag.Diagnostics) types.Set {
	if len(serials) > largestSet {
		diags.AddAttributeWarning(path.Root("serial_numbers"), fmt.Sprintf("serial_numbers is null for %d devices", len(serials)),
			fmt.Sprintf("A set of more than %d serial numbers takes minutes to plan. Use serial_number_list, which holds them all.", largestSet))
		return types.SetNull(types.StringType)
	}
	elements := make([]attr.Value, 0, len(serials))
	for _, serial := range serials {
		elements = append(elements, types.StringValue(serial))
	}
	return types.SetValueMust(types.StringType, elements)
}

var deviceType = types.ObjectType{AttrTypes: map[string]attr.Type{
	"model": types.StringType, "description": types.StringType, "color": types.StringType, "asset_tag": types.StringType,
	"family": types.StringType, "os": types.StringType, "profile_id": types.StringType, "state": types.StringType,
	"profile_assigned_at": timetypes.RFC3339Type{}, "profile_pushed_at": timetypes.RFC3339Type{},
	"assigned_to_server_at": timetypes.RFC3339Type{}, "assigned_to_server_by": types.StringType,
	"on_default": types.BoolType, "needs_reset": types.BoolType, "throttled_until": timetypes.RFC3339Type{},
}}

func deviceObject(d enrollment.Device) attr.Value {
	return types.ObjectValueMust(deviceType.AttrTypes, map[string]attr.Value{
		"model": tf.StringOrNull(d.Model), "description": tf.StringOrNull(d.Description), "color": tf.StringOrNull(d.Color), "asset_tag": tf.StringOrNull(d.AssetTag),
		"family": tf.StringOrNull(d.Family), "os": tf.StringOrNull(d.OS), "profile_id": tf.StringOrNull(d.ProfileID), "state": tf.StringOrNull(string(d.ProfileStatus)),
		"profile_assigned_at": tf.TimeOrNull(d.ProfileAssignedAt), "profile_pushed_at": tf.TimeOrNull(d.ProfilePushedAt),
		"assigned_to_server_at": tf.TimeOrNull(d.AssignedToServerAt), "assigned_to_server_by": tf.StringOrNull(d.AssignedToServerBy),
		"on_default": types.BoolValue(d.OnDefault), "needs_reset": types.BoolValue(d.NeedsReset), "throttled_until": tf.TimeOrNull(d.ThrottledUntil),
	})
}
