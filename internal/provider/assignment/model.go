// Package assignment is asm_device_assignment: devices that have one enrollment
// profile.
package assignment

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// mostNamed is how many failed serial numbers state keeps.
const mostNamed = 100

type model struct {
	ID                  types.String   `tfsdk:"id"`
	TokenID             types.String   `tfsdk:"token_id"`
	ProfileID           types.String   `tfsdk:"profile_id"`
	SerialNumbers       types.Set      `tfsdk:"serial_numbers"`
	SerialNumbersFile   types.String   `tfsdk:"serial_numbers_file"`
	SerialNumberList    types.String   `tfsdk:"serial_number_list"`
	TakeOverFrom        types.Set      `tfsdk:"take_over_from"`
	OnLeave             types.String   `tfsdk:"on_leave"`
	FallbackProfileID   types.String   `tfsdk:"fallback_profile_id"`
	MissingDevices      types.String   `tfsdk:"missing_devices"`
	MaxChanges          types.String   `tfsdk:"max_changes"`
	AllowEmpty          types.Bool     `tfsdk:"allow_empty"`
	DevicesSHA256       types.String   `tfsdk:"devices_sha256"`
	DeviceCount         types.Int64    `tfsdk:"device_count"`
	FailedCount         types.Int64    `tfsdk:"failed_count"`
	FailedSerialNumbers types.List     `tfsdk:"failed_serial_numbers"`
	PendingCount        types.Int64    `tfsdk:"pending_count"`
	Timeouts            timeouts.Value `tfsdk:"timeouts"`
}

// What missing_devices can say.
const (
	missingError = "error"
	missingWait  = "wait"
)

// everyProfile in take_over_from stands for all profiles.
const everyProfile = "*"

func (m *model) waitsForMissing() bool { return m.MissingDevices.ValueString() == missingWait }

// takeOver gives whose devices may be taken. Unknown ids are left out: nothing
// can be on a profile that does not exist yet.
func (m *model) takeOver(ctx context.Context, diags *diag.Diagnostics) enrollment.TakeOver {
	var t enrollment.TakeOver
	for _, id := range stringsOf(ctx, m.TakeOverFrom, diags) {
		if id == everyProfile {
			t.Any = true
			continue
		}
		t.ProfileIDs = append(t.ProfileIDs, id)
	}
	return t
}

// changeLimit is the fuse; a text that is no limit was refused by the schema.
func (m *model) changeLimit() enrollment.ChangeLimit {
	if m.MaxChanges.IsNull() || m.MaxChanges.IsUnknown() {
		return enrollment.DefaultChangeLimit()
	}
	limit, err := enrollment.ParseChangeLimit(m.MaxChanges.ValueString())
	if err != nil {
		return enrollment.DefaultChangeLimit()
	}
	return limit
}

// stringsOf gives the known elements of a set; nil when the set is null or
// unknown.
func stringsOf(ctx context.Context, set types.Set, diags *diag.Diagnostics) []string {
	if set.IsNull() || set.IsUnknown() {
		return nil
	}
	var elements []types.String
	diags.Append(set.ElementsAs(ctx, &elements, false)...)
	out := make([]string, 0, len(elements))
	for _, e := range elements {
		if !e.IsUnknown() && !e.IsNull() {
			out = append(out, e.ValueString())
		}
	}
	return out
}

// setDesired writes what is known at plan from the configuration alone.
func (m *model) setDesired(serials []string) {
	m.DevicesSHA256 = types.StringValue(enrollment.SerialsDigest(serials))
	m.DeviceCount = types.Int64Value(int64(len(serials)))
}

// adopt takes over the devices that a profile has, as an import does.
func (m *model) adopt(serials []string) {
	m.setDesired(serials)
	m.SerialNumberList = types.StringValue(enrollment.JoinSerials(serials))
	m.setOutcome(outcome{})
}

// setOutcomeUnknown says that the next apply will tell.
func (m *model) setOutcomeUnknown() {
	m.FailedCount = types.Int64Unknown()
	m.FailedSerialNumbers = types.ListUnknown(types.StringType)
	m.PendingCount = types.Int64Unknown()
}

// setOutcome writes what an apply led to.
func (m *model) setOutcome(o outcome) {
	m.setFailed(o.failed())
	m.PendingCount = types.Int64Value(int64(o.pending()))
}

func (m *model) setFailed(named []string) {
	m.FailedCount = types.Int64Value(int64(len(named)))
	elements := make([]attr.Value, 0, min(len(named), mostNamed))
	for _, serial := range named[:min(len(named), mostNamed)] {
		elements = append(elements, types.StringValue(serial))
	}
	m.FailedSerialNumbers = types.ListValueMust(types.StringType, elements)
}
