package sync

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

const (
	thing = "the device sync"

	// privateUnfinished is where private state keeps an Unfinished.
	privateUnfinished = "unfinished"
)

type deviceSync struct{ tf.Resource }

// NewResource makes asm_device_sync.
func NewResource() resource.Resource { return &deviceSync{} }

// Metadata implements resource.Resource.
func (r *deviceSync) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_device_sync"
}

// IdentitySchema implements resource.ResourceWithIdentity. A sync has an identity
// as every object has one; it names nothing at Apple, so nothing is imported by it.
func (r *deviceSync) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Version: identityVersion, Attributes: map[string]identityschema.Attribute{
		"id": identityschema.StringAttribute{RequiredForImport: true, Description: "The sync's random id. A sync cannot be imported."},
	}}
}

// ModifyPlan implements resource.ResourceWithModifyPlan.
func (r *deviceSync) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() || r.Ready() && !r.GuardStore(ctx, req.Private, &resp.Diagnostics) {
		return
	}
	var plan model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() || req.State.Raw.IsNull() {
		r.announce(plan)
		r.RequireServerToken(ctx, plan.TokenID, &resp.Diagnostics)
		return
	}
	c := change{plan: plan}
	resp.Diagnostics.Append(req.State.Get(ctx, &c.state)...)
	if resp.Diagnostics.HasError() || !plan.TokenID.Equal(c.state.TokenID) {
		return // a replacement, which is planned anew
	}
	c = r.look(ctx, c, req.Private, &resp.Diagnostics)
	switch {
	case resp.Diagnostics.HasError():
		return
	case c.mayRun():
		r.announce(plan)
		r.RequireServerToken(ctx, plan.TokenID, &resp.Diagnostics)
		plan = plan.withUnknown()
	default:
		plan = plan.asBefore(c.state)
		warnOfPostponed(c, &resp.Diagnostics)
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
}

// announce tells the other objects of this run that a sync comes, which may bring in devices that they miss.
func (r *deviceSync) announce(plan model) {
	if r.Ready() && !plan.TokenID.IsUnknown() {
		r.Plans.Sync(plan.TokenID.ValueString())
	}
}

// look asks the service how the syncs of the token stand. A token that is gone
// is no trouble of this plan: Read removes the sync, or the token is made anew.
func (r *deviceSync) look(ctx context.Context, c change, private tf.PrivateGetter, diags *diag.Diagnostics) change {
	var left Unfinished
	if tf.GetPrivate(ctx, private, privateUnfinished, &left, diags) && !left.Since.IsZero() {
		c.left = &left
	}
	c.now = r.Now()
	if !r.Ready() {
		return c
	}
	status, err := r.Service.SyncStatus(ctx, c.state.TokenID.ValueString())
	switch {
	case errors.Is(err, enrollment.ErrNotFound):
	case err != nil:
		tf.AddError(diags, "read", "the sync status", err)
	default:
		c.status = &status
	}
	return c
}

func warnOfPostponed(c change, diags *diag.Diagnostics) {
	if c.due() && c.postponed() {
		diags.AddAttributeWarning(path.Root("max_age"), "The sync is due and may not run before "+stamp(c.postponedUntil()),
			"The last good sync is older than max_age = \""+c.plan.MaxAge.ValueString()+"\". The first plan after that time runs it.")
	}
}

// Create implements resource.Resource. Once the sync has started nothing is an
// error: what is left to do is a warning, and the next plan does it.
func (r *deviceSync) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	timeout, d := plan.Timeouts.Create(ctx, defaultTimeout)
	resp.Diagnostics.Append(d...)
	if resp.Diagnostics.HasError() {
		return
	}
	out, err := Run(ctx, r.Runtime, plan.options(ctx, timeout))
	if err != nil && !out.Started {
		tf.AddError(&resp.Diagnostics, "run", thing, err)
		return
	}
	if err != nil {
		tf.AddErrorAsWarning(&resp.Diagnostics, "finish", thing, err, "The next plan runs it again.")
	}
	tf.AddWarnings(&resp.Diagnostics, out.Warnings)
	plan.ID = types.StringValue(uuid.NewString())
	setIdentity(ctx, resp.Identity, plan, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan.after(out.LastGood))...)
	var late diag.Diagnostics
	rememberUnfinished(ctx, resp.Private, out.Unfinished, &late)
	r.RememberStore(context.WithoutCancel(ctx), resp.Private, &late)
	resp.Diagnostics.Append(tf.AsWarnings(late, "")...)
}

// Read implements resource.Resource. finished_at stays what this sync, or the
// one that it joined, ended with: what others sync later would make every plan
// a change. The exception is the end of a sync that was still running.
func (r *deviceSync) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var c change
	resp.Diagnostics.Append(req.State.Get(ctx, &c.state)...)
	setIdentity(ctx, resp.Identity, c.state, &resp.Diagnostics) // the framework wants one whatever else becomes of the read
	if resp.Diagnostics.HasError() || !r.Ready() || !r.GuardStore(ctx, req.Private, &resp.Diagnostics) {
		return
	}
	_, err := r.Service.ReadToken(ctx, c.state.TokenID.ValueString())
	switch {
	case errors.Is(err, enrollment.ErrNotFound):
		resp.State.RemoveResource(ctx)
		return
	case err != nil:
		tf.AddError(&resp.Diagnostics, "read", thing, err)
		return
	}
	if c = r.look(ctx, c, req.Private, &resp.Diagnostics); c.settled() {
		resp.Diagnostics.Append(resp.State.Set(ctx, c.state.after(c.status.Last))...)
		rememberUnfinished(ctx, resp.Private, nil, &resp.Diagnostics)
	}
	r.RememberStore(ctx, resp.Private, &resp.Diagnostics)
}

// Update implements resource.Resource.
func (r *deviceSync) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var c change
	resp.Diagnostics.Append(req.Plan.Get(ctx, &c.plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &c.state)...)
	setIdentity(ctx, resp.Identity, c.state, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || !r.GuardStore(ctx, req.Private, &resp.Diagnostics) {
		return
	}
	timeout, d := c.plan.Timeouts.Update(ctx, defaultTimeout)
	resp.Diagnostics.Append(d...)
	c = r.look(ctx, c, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	done := c.plan
	switch {
	case !c.plan.FinishedAt.IsUnknown():
	case c.runs():
		out, err := Run(ctx, r.Runtime, c.plan.options(ctx, timeout))
		tf.AddWarnings(&resp.Diagnostics, out.Warnings)
		if err != nil {
			tf.AddError(&resp.Diagnostics, "run", thing, err)
			return
		}
		rememberUnfinished(ctx, resp.Private, out.Unfinished, &resp.Diagnostics)
		done = c.plan.after(out.LastGood)
	default: // it was due when this was planned, and somebody has done it since
		done = c.plan.asBefore(c.state)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, done)...)
}

// Delete implements resource.Resource. A sync cannot be undone: only the record
// of it goes.
func (r *deviceSync) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}

// ImportState implements resource.ResourceWithImportState only to say why not.
func (r *deviceSync) ImportState(_ context.Context, _ resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	resp.Diagnostics.AddError("Unable to import "+thing,
		"A device sync is something that happens, not something that is there: there is nothing to import. Add the resource to the configuration and apply; Apple's limits hold for it.")
}

func setIdentity(ctx context.Context, to *tfsdk.ResourceIdentity, m model, diags *diag.Diagnostics) {
	if to != nil {
		diags.Append(to.SetAttribute(ctx, path.Root("id"), m.ID)...)
	}
}

func rememberUnfinished(ctx context.Context, private tf.PrivateSetter, left *Unfinished, diags *diag.Diagnostics) {
	if left == nil {
		left = &Unfinished{}
	}
	tf.SetPrivate(ctx, private, privateUnfinished, left, diags)
}
