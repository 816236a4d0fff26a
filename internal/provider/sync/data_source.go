package sync

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timetypes/timetypes"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

type syncStatus struct{ tf.DataSource }

// NewDataSource makes the data source asm_sync_status.
func NewDataSource() datasource.DataSource { return &syncStatus{} }

type statusModel struct {
	TokenID              types.String      `tfsdk:"token_id"`
	Running              types.Bool        `tfsdk:"running"`
	CurrentRun           *currentRunModel  `tfsdk:"current_run"`
	LastRun              *lastRunModel     `tfsdk:"last_run"`
	LastSyncedAt         timetypes.RFC3339 `tfsdk:"last_synced_at"`
	LastError            types.String      `tfsdk:"last_error"`
	DeviceCount          types.Int64       `tfsdk:"device_count"`
	CanSync              types.Bool        `tfsdk:"can_sync"`
	CanSyncFull          types.Bool        `tfsdk:"can_sync_full"`
	NextSyncAt           timetypes.RFC3339 `tfsdk:"next_sync_at"`
	NextFullAt           timetypes.RFC3339 `tfsdk:"next_full_at"`
	SecondsUntilNextSync types.Int64       `tfsdk:"seconds_until_next_sync"`
}

type currentRunModel struct {
	Kind      types.String      `tfsdk:"kind"`
	StartedAt timetypes.RFC3339 `tfsdk:"started_at"`
	EndsBy    timetypes.RFC3339 `tfsdk:"ends_by"`
	Pages     types.Int64       `tfsdk:"pages"`
	Devices   types.Int64       `tfsdk:"devices"`
}

type lastRunModel struct {
	Kind       types.String      `tfsdk:"kind"`
	Reason     types.String      `tfsdk:"reason"`
	StartedAt  timetypes.RFC3339 `tfsdk:"started_at"`
	FinishedAt timetypes.RFC3339 `tfsdk:"finished_at"`
	Devices    types.Int64       `tfsdk:"devices"`
	Added      types.Int64       `tfsdk:"added"`
	Removed    types.Int64       `tfsdk:"removed"`
}

func statusModelOf(kind enrollment.Kind, tokenID string, s enrollment.SyncStatus, now time.Time) statusModel {
	m := statusModel{
		TokenID:              types.StringValue(tokenID),
		Running:              types.BoolValue(s.Running != nil),
		CurrentRun:           currentRunOf(s.Running),
		LastRun:              lastRunOf(s.Last),
		LastSyncedAt:         tf.TimeOrNull(finishedAt(s.Last)),
		LastError:            tf.StringOrNull(s.LastError),
		DeviceCount:          types.Int64Value(int64(s.DeviceCount)),
		CanSync:              types.BoolValue(!now.Before(s.NextSyncAt)),
		CanSyncFull:          types.BoolValue(!now.Before(s.NextSyncAt) && !now.Before(s.NextFullAt)),
		NextSyncAt:           tf.TimeOrNull(s.NextSyncAt),
		NextFullAt:           tf.TimeOrNull(s.NextFullAt),
		SecondsUntilNextSync: types.Int64Value(secondsUntil(s.NextSyncAt, now)),
	}
	if kind == enrollment.Intune {
		return m.asIntuneTells()
	}
	return m
}

// asIntuneTells leaves out what no property of Microsoft Graph says: what kind of
// sync runs and when a full one may, and what a sync has brought in.
func (m statusModel) asIntuneTells() statusModel {
	m.CanSyncFull, m.NextFullAt = types.BoolNull(), timetypes.NewRFC3339Null()
	if run := m.CurrentRun; run != nil {
		run.Kind, run.Pages, run.Devices = types.StringNull(), types.Int64Null(), types.Int64Null()
	}
	if run := m.LastRun; run != nil {
		run.Kind, run.Reason = types.StringNull(), types.StringNull()
		run.Devices, run.Added, run.Removed = types.Int64Null(), types.Int64Null(), types.Int64Null()
	}
	return m
}

func currentRunOf(run *enrollment.SyncRun) *currentRunModel {
	if run == nil {
		return nil
	}
	return &currentRunModel{
		Kind: types.StringValue(string(run.Kind)), StartedAt: tf.TimeOrNull(run.StartedAt), EndsBy: tf.TimeOrNull(enrollment.RunsUntil(run.StartedAt)),
		Pages: types.Int64Value(int64(run.Pages)), Devices: types.Int64Value(int64(run.Devices)),
	}
}

func lastRunOf(run *enrollment.SyncRun) *lastRunModel {
	if run == nil {
		return nil
	}
	return &lastRunModel{
		Kind: types.StringValue(string(run.Kind)), Reason: tf.StringOrNull(run.Reason),
		StartedAt: tf.TimeOrNull(run.StartedAt), FinishedAt: tf.TimeOrNull(run.FinishedAt),
		Devices: types.Int64Value(int64(run.Devices)), Added: types.Int64Value(int64(run.Added)), Removed: types.Int64Value(int64(run.Removed)),
	}
}

// secondsUntil is rounded up, so that 0 means now.
func secondsUntil(next, now time.Time) int64 {
	if next.IsZero() || !now.Before(next) {
		return 0
	}
	return int64((next.Sub(now) + time.Second - 1) / time.Second)
}

// Metadata implements datasource.DataSource.
func (d *syncStatus) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_sync_status"
}

// Schema implements datasource.DataSource.
func (d *syncStatus) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Which sync of a token may run when: what Intune's portal shows as a progress bar, and how the last syncs went. " +
			"It reads what the service has recorded and asks Apple nothing. Intune tells less than the embedded service: what it does not tell is null.",
		Attributes: map[string]schema.Attribute{
			"token_id": schema.StringAttribute{Required: true, Validators: tokenIDValidators(), MarkdownDescription: "Id of the `asm_token`."},
			"running":  schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether a sync is running now."},
			"current_run": schema.SingleNestedAttribute{
				Computed: true, MarkdownDescription: "The sync that is running; null when none is.",
				Attributes: map[string]schema.Attribute{
					"kind":       text("`full`, `incremental`, or `recovery` (a full fetch that Apple forced); null on Intune."),
					"started_at": when("When it started, RFC 3339 in UTC."),
					"ends_by":    when("When its 15 minutes are over, RFC 3339 in UTC."),
					"pages":      number("Pages fetched so far; null on Intune."),
					"devices":    number("Devices on those pages; null on Intune."),
				},
			},
			"last_run": schema.SingleNestedAttribute{
				Computed: true, MarkdownDescription: "The last sync that ended well; null when none has.",
				Attributes: map[string]schema.Attribute{
					"kind":        text("`full`, `incremental`, or `recovery` (a full fetch that Apple forced); null on Intune."),
					"reason":      text("Why that is not the kind that was asked for; null when it is, and on Intune."),
					"started_at":  when("When it started, RFC 3339 in UTC; null on Intune where another was asked for since."),
					"finished_at": when("When it ended, RFC 3339 in UTC."),
					"devices":     number("Devices that Apple sent; null on Intune."),
					"added":       number("Devices that were new; null on Intune."),
					"removed":     number("Devices that had left the server; null on Intune."),
				},
			},
			"last_synced_at":          when("How old the view of the devices is: the end of the last sync that ended well, RFC 3339 in UTC; null when none has."),
			"last_error":              text("What the last sync failed with; null when it ended well. On Intune new terms of Apple's are named, other errors by their number."),
			"device_count":            number("Number of devices of the token as of the last sync."),
			"can_sync":                schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether a sync may start now."},
			"can_sync_full":           schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether a full sync may start now, and would not run as an incremental one; null on Intune, which decides that itself."},
			"next_sync_at":            when("When any sync may start, RFC 3339 in UTC; null is now. On Intune 15 minutes after the last one was asked for, also by Intune itself."),
			"next_full_at":            when("When a full sync may start, seven days after the start of the last one or of the last recovery, RFC 3339 in UTC; null is now. Null on Intune."),
			"seconds_until_next_sync": number("Seconds until any sync may start, rounded up; 0 is now."),
		},
	}
}

func text(description string) schema.Attribute {
	return schema.StringAttribute{Computed: true, MarkdownDescription: description}
}

func when(description string) schema.Attribute {
	return schema.StringAttribute{Computed: true, CustomType: timetypes.RFC3339Type{}, MarkdownDescription: description}
}

func number(description string) schema.Attribute {
	return schema.Int64Attribute{Computed: true, MarkdownDescription: description}
}

// Read implements datasource.DataSource.
func (d *syncStatus) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	if !d.RequireService(&resp.Diagnostics) {
		return
	}
	var config statusModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	id := config.TokenID.ValueString()
	status, err := d.Service.SyncStatus(ctx, id)
	if err != nil {
		tf.AddError(&resp.Diagnostics, "read", "the sync status", err)
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, statusModelOf(d.Service.Kind(), id, status, d.Now()))...)
}
