package assignment

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

const (
	thing          = "the device assignment"
	defaultTimeout = 30 * time.Minute
)

type assignment struct{ tf.Resource }

// NewResource makes the resource.
func NewResource() resource.Resource { return &assignment{} }

// Metadata implements resource.Resource.
func (r *assignment) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_device_assignment"
	resp.ResourceBehavior.MutableIdentity = true // profile_id changes in place
}

// Create implements resource.Resource. Once a request went out nothing is an
// error any more: Terraform would take the devices away and begin anew.
func (r *assignment) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	diags := &resp.Diagnostics
	var plan model
	diags.Append(req.Plan.Get(ctx, &plan)...)
	if diags.HasError() {
		return
	}
	timeout, d := plan.Timeouts.Create(ctx, defaultTimeout)
	diags.Append(d...)
	desired, ok := plan.desired(ctx, diags)
	if !ok || diags.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if !plan.DevicesSHA256.IsUnknown() {
		if err := plan.unchanged(desired); err != nil {
			tf.AddError(diags, "create", thing, err)
			return
		}
	}
	plan.setDesired(desired)
	plan.ID = types.StringValue(uuid.NewString())
	takeOver := plan.takeOver(ctx, diags)
	r.RememberStore(ctx, resp.Private, diags) // before the first request: after it this may not fail any more
	if diags.HasError() {
		return
	}
	done, err := r.assign(ctx, plan, takeOver, desired)
	if err != nil && done.Requests == 0 {
		tf.AddError(diags, "create", thing, err)
		return
	}
	done.report(diags)
	if err != nil {
		tf.AddErrorAsWarning(diags, "finish", done.unfinished(desired), done.tally(err), "What was assigned is kept, and the next apply assigns the rest.")
	}
	done.reportConflicts(diag.SeverityWarning, diags)
	plan.setOutcome(done)
	diags.Append(resp.State.Set(ctx, plan)...)
	setIdentity(ctx, resp.Identity, plan, diags)
	holding{owned: done.answersFor(desired), waiting: sorted(done.Missing...), filling: err != nil, failed: done.failed()}.save(ctx, resp.Private, diags)
}

// Read implements resource.Resource. It tells by digest and number what the
// assignment really holds; the devices themselves are in private state.
func (r *assignment) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	diags := &resp.Diagnostics
	var state model
	diags.Append(req.State.Get(ctx, &state)...)
	setIdentity(ctx, resp.Identity, state, diags) // the framework wants one whatever else becomes of the read
	if diags.HasError() || !r.Ready() || !r.GuardStore(ctx, req.Private, diags) {
		return
	}
	held, known := loadHolding(ctx, req.Private, diags)
	if diags.HasError() {
		return
	}
	if !known {
		r.adopt(ctx, state, resp)
		return
	}
	spelled := spelledAs(state.ProfileID.ValueString())
	devices, err := devicesOf(ctx, r.Service, state.TokenID.ValueString(), enrollment.Union(held.owned, held.failed), spelled)
	if err != nil {
		r.readFailed(ctx, state, err, resp)
		return
	}
	seen, held := spelled.holding(held).look(devices, state.ProfileID.ValueString(), state.waitsForMissing(), r.Now())
	seen.report(diags)
	state.setDesired(seen.held)
	if len(seen.recovered) > 0 {
		state.setFailed(held.failed)
	}
	diags.Append(resp.State.Set(ctx, state)...)
	held.save(ctx, resp.Private, diags)
	r.RememberStore(ctx, resp.Private, diags)
}

// adopt is the first read after an import: all devices of the profile become
// the assignment's.
func (r *assignment) adopt(ctx context.Context, state model, resp *resource.ReadResponse) {
	diags := &resp.Diagnostics
	profile := enrollment.ProfileRef{TokenID: state.TokenID.ValueString(), ID: state.ProfileID.ValueString()}
	if _, err := r.Service.ReadProfile(ctx, profile); err != nil {
		r.readFailed(ctx, state, err, resp) // else a mistyped id would be imported as an assignment of nothing
		return
	}
	serials, recorded, err := devicesOn(ctx, r.Service, state.TokenID.ValueString(), state.ProfileID.ValueString())
	if err != nil {
		r.readFailed(ctx, state, err, resp)
		return
	}
	state.adopt(serials)
	diags.Append(resp.State.Set(ctx, state)...)
	warnOfFormer(recorded, diags)
	holding{owned: serials, former: slices.Sorted(maps.Keys(recorded))}.save(ctx, resp.Private, diags)
	r.RememberStore(ctx, resp.Private, diags)
}

// Update implements resource.Resource: devices that leave first, so that
// another assignment can have them, then those that come.
func (r *assignment) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	diags := &resp.Diagnostics
	var plan, state model
	diags.Append(req.Plan.Get(ctx, &plan)...)
	diags.Append(req.State.Get(ctx, &state)...)
	held, _ := loadHolding(ctx, req.Private, diags)
	if diags.HasError() || !r.GuardStore(ctx, req.Private, diags) {
		return
	}
	timeout, d := plan.Timeouts.Update(ctx, defaultTimeout)
	diags.Append(d...)
	desired, ok := plan.desired(ctx, diags)
	if !ok || diags.HasError() {
		return
	}
	if !plan.DevicesSHA256.IsUnknown() {
		if err := plan.unchanged(desired); err != nil {
			tf.AddError(diags, "update", thing, err)
			return
		}
	}
	plan.setDesired(desired)
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	held = spelledAs(plan.ProfileID.ValueString(), state.ProfileID.ValueString()).holding(held)
	if plan.FailedCount.IsUnknown() && !r.change(ctx, &plan, state, held, desired, resp) {
		return
	}
	diags.Append(resp.State.Set(ctx, plan)...)
	setIdentity(ctx, resp.Identity, plan, diags)
}

// Delete implements resource.Resource. Devices that the service recorded for
// another assignment when an import brought them stay, since that one may still be
// managed somewhere; only a change of this one takes them from there.
func (r *assignment) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	diags := &resp.Diagnostics
	var state model
	diags.Append(req.State.Get(ctx, &state)...)
	held, _ := loadHolding(ctx, req.Private, diags)
	if diags.HasError() || !r.GuardStore(ctx, req.Private, diags) {
		return
	}
	timeout, d := state.Timeouts.Delete(ctx, defaultTimeout)
	diags.Append(d...)
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	held = spelledAs(state.ProfileID.ValueString()).holding(held)
	r.announceLeaving(state, state.leave(), held.owned) // a destroy is not planned again before it is applied
	recorded, err := r.recorded(ctx, state, held)
	if err != nil && !errors.Is(err, enrollment.ErrNotFound) {
		tf.AddError(diags, "release devices from", thing, err)
		return
	}
	released, err := r.release(ctx, state.leave(), held.leaving(state.ProfileID.ValueString(), nil))
	switch {
	case errors.Is(err, enrollment.ErrNotFound) && r.tokenIsGone(ctx, state):
		return // and its devices with it
	case errors.Is(err, enrollment.ErrNotFound) && r.fallbackIsGone(ctx, state):
		missingFallback(state, diags)
	case err != nil:
		tf.AddError(diags, "release devices from", thing, err)
	case len(stillOwned(released)) > 0:
		reportStuck(released, diags)
	default:
		reportLeaving(released, diags)
		warnOfKept(state.leave(), recorded, diags)
	}
}
