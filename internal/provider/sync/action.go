package sync

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/action/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

type syncAction struct{ tf.Action }

// NewAction makes the action asm_device_sync.
func NewAction() action.Action { return &syncAction{} }

// actionModel is the action's configuration. Null is the default.
type actionModel struct {
	TokenID     types.String   `tfsdk:"token_id"`
	Kind        types.String   `tfsdk:"kind"`
	Wait        types.Bool     `tfsdk:"wait"`
	OnThrottled types.String   `tfsdk:"on_throttled"`
	Timeouts    timeouts.Value `tfsdk:"timeouts"`
}

// options are those of the configuration; what is unknown is the zero value.
func (m actionModel) options(ctx context.Context, diags *diag.Diagnostics) Options {
	timeout, d := m.Timeouts.Invoke(ctx, defaultTimeout)
	diags.Append(d...)
	o := Options{
		TokenID: m.TokenID.ValueString(), Kind: enrollment.SyncKind(m.Kind.ValueString()), Wait: m.Wait.ValueBool(),
		OnThrottled: m.OnThrottled.ValueString(), Timeout: timeout, Unrecorded: true,
	}
	if m.Kind.IsNull() {
		o.Kind = defaultKind
	}
	if m.Wait.IsNull() {
		o.Wait = defaultWait
	}
	if m.OnThrottled.IsNull() {
		o.OnThrottled = defaultOnThrottled
	}
	return o
}

// unknown names the settings that are not known yet.
func (m actionModel) unknown(ctx context.Context) []string {
	var out []string
	settings := []struct {
		name  string
		value attr.Value
	}{{"token_id", m.TokenID}, {"kind", m.Kind}, {"wait", m.Wait}, {"on_throttled", m.OnThrottled}, {"timeouts", m.Timeouts}}
	for _, s := range settings {
		known, err := s.value.ToTerraformValue(ctx)
		if err == nil && !known.IsFullyKnown() {
			out = append(out, s.name)
		}
	}
	return out
}

// Metadata implements action.Action.
func (a *syncAction) Metadata(_ context.Context, req action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_device_sync"
}

// Schema implements action.Action.
func (a *syncAction) Schema(ctx context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "One sync at the moment when somebody wants it, with its progress on the screen: the service asks Apple which devices the MDM server of a token has, and gives new ones the default profile. " +
			"It runs with `terraform apply -invoke` or when an `action_trigger` of a resource fires, and keeps nothing in state.\n\n" + aboutLimits,
		Attributes: map[string]schema.Attribute{
			"token_id":     schema.StringAttribute{Required: true, Validators: tokenIDValidators(), MarkdownDescription: aboutTokenID},
			"kind":         schema.StringAttribute{Optional: true, Validators: kindValidators(), MarkdownDescription: aboutKind},
			"wait":         schema.BoolAttribute{Optional: true, MarkdownDescription: aboutWait + " The data source `asm_sync_status` says when it has ended."},
			"on_throttled": schema.StringAttribute{Optional: true, Validators: onThrottledValidators(), MarkdownDescription: aboutOnThrottled},
			"timeouts":     tf.ActionTimeouts(ctx, timeouts.Opts{InvokeDescription: aboutTimeout}, aboutTimeouts),
		},
	}
}

// ModifyPlan implements action.ActionWithModifyPlan. It says what is known of the
// sync before it runs, and is silent about what is not known yet.
func (a *syncAction) ModifyPlan(ctx context.Context, req action.ModifyPlanRequest, resp *action.ModifyPlanResponse) {
	var m actionModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() || !a.Ready() || m.TokenID.IsUnknown() {
		return
	}
	a.Plans.Sync(m.TokenID.ValueString())
	a.RequireServerToken(ctx, m.TokenID, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || a.Plans.WillUpload(m.TokenID.ValueString()) {
		return // after an upload, which syncs by itself, everything is otherwise
	}
	a.foresee(ctx, m, &resp.Diagnostics)
}

func (a *syncAction) foresee(ctx context.Context, m actionModel, diags *diag.Diagnostics) {
	o := m.options(ctx, diags)
	status, err := a.Service.SyncStatus(ctx, o.TokenID)
	if err != nil {
		tf.AddError(diags, "read", "the sync status", err)
		return
	}
	if m.Wait.IsUnknown() {
		o.Wait = true // what runs may be joined
	}
	now := a.Now()
	if refused := refusedAtPlan(a.Service.Kind(), o, status, now); refused != nil {
		tf.AddError(diags, "run", thing, refused)
	}
	tf.AddWarnings(diags, foreseen(a.Service.Kind(), o, status, now))
}

// Invoke implements action.Action.
func (a *syncAction) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	var m actionModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	o := m.options(ctx, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || !a.ready(ctx, m, &resp.Diagnostics) {
		return
	}
	t := tell(ctx, func(line string) { resp.SendProgress(action.InvokeProgressEvent{Message: line}) })
	o.Progress = t.say
	out, err := Run(ctx, a.Runtime, o)
	t.end(ctx)
	resp.Diagnostics.Append(verdict(a.Service.Kind(), out, err)...)
}

// ready refuses what is silent at plan.
func (a *syncAction) ready(ctx context.Context, m actionModel, diags *diag.Diagnostics) bool {
	for _, name := range m.unknown(ctx) {
		diags.AddAttributeError(path.Root(name), "Unable to run "+thing, fmt.Sprintf("The value of %s is not known when the action is invoked. Apply what it comes from first.", name))
	}
	if !a.Ready() && !diags.HasError() {
		setting := "the provider configuration"
		if a.Runtime != nil && a.NotReady != "" {
			setting = a.NotReady
		}
		diags.AddError("Unable to run "+thing, fmt.Sprintf("The value of %s is not known when the action is invoked. Apply what it comes from first.", setting))
	}
	return !diags.HasError()
}

// verdict is at most one diagnostic with everything in it: core folds several
// into one that says "2 problems", and gives every warning the same summary.
func verdict(service enrollment.Kind, out Outcome, err error) diag.Diagnostics {
	var diags diag.Diagnostics
	switch {
	case out.Interrupted:
		tf.AddError(&diags, "finish", thing, interrupted(service, out.Run))
	case err != nil:
		summary, detail := "Unable to run "+thing, strings.TrimSpace(tf.Sentence(err)+" "+told(out.Warnings))
		if field := blamed(err); field != "" {
			diags.AddAttributeError(tf.FieldPath(field), summary, detail)
			break
		}
		diags.AddError(summary, detail)
	case len(out.Warnings) > 0:
		diags.AddWarning(out.Warnings[0].Summary, strings.TrimSpace(out.Warnings[0].Detail+" "+told(out.Warnings[1:])))
	}
	return diags
}
