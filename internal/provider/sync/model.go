package sync

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-timetypes/timetypes"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

// model is asm_device_sync in configuration, plan and state.
type model struct {
	ID          types.String      `tfsdk:"id"`
	TokenID     types.String      `tfsdk:"token_id"`
	Kind        types.String      `tfsdk:"kind"`
	Wait        types.Bool        `tfsdk:"wait"`
	OnThrottled types.String      `tfsdk:"on_throttled"`
	Triggers    types.Map         `tfsdk:"triggers"`
	MaxAge      types.String      `tfsdk:"max_age"`
	FinishedAt  timetypes.RFC3339 `tfsdk:"finished_at"`
	LastKind    types.String      `tfsdk:"last_kind"`
	Timeouts    timeouts.Value    `tfsdk:"timeouts"`
}

// options has the progress in the log: a resource cannot show it.
func (m model) options(ctx context.Context, timeout time.Duration) Options {
	return Options{
		TokenID: m.TokenID.ValueString(), Kind: enrollment.SyncKind(m.Kind.ValueString()),
		Wait: m.Wait.ValueBool(), OnThrottled: m.OnThrottled.ValueString(), Timeout: timeout,
		Progress: func(line string) { tflog.Info(ctx, line) },
	}
}

// after is the model once the last good run is known; nil is none.
func (m model) after(lastGood *enrollment.SyncRun) model {
	if lastGood == nil {
		m.FinishedAt, m.LastKind = timetypes.NewRFC3339Null(), types.StringNull()
		return m
	}
	m.FinishedAt, m.LastKind = tf.TimeOrNull(lastGood.FinishedAt), tf.StringOrNull(string(lastGood.Kind))
	return m
}

func (m model) asBefore(state model) model {
	m.FinishedAt, m.LastKind = state.FinishedAt, state.LastKind
	return m
}

func (m model) withUnknown() model {
	m.FinishedAt, m.LastKind = timetypes.NewRFC3339Unknown(), types.StringUnknown()
	return m
}

// maxAge is how old the last good sync may become; false where that is not said
// or not known.
func (m model) maxAge() (time.Duration, bool) {
	if m.MaxAge.IsNull() || m.MaxAge.IsUnknown() {
		return 0, false
	}
	d, err := time.ParseDuration(m.MaxAge.ValueString())
	return d, err == nil
}

func finishedAt(run *enrollment.SyncRun) time.Time {
	if run == nil {
		return time.Time{}
	}
	return run.FinishedAt
}
