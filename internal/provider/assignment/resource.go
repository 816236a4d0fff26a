package assignment

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
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
	done, err := r.assign(ctx, plan, plan.takeOver(ctx, diags), desired)
	if err != nil && done.Requests == 0 {
		tf.AddError(diags, "create", thing, err)
		return
	}
	if err != nil {
		tf.AddErrorAsWarning(diags, "finish", thing, err, "What was assigned is kept, and the next apply assigns the rest.")
	}
	done.report(diags)
	plan.setOutcome(done)
	diags.Append(resp.State.Set(ctx, plan)...)
	holding{owned: desired, waiting: sorted(done.Missing)}.save(ctx, resp.Private, diags)
	r.RememberStore(ctx, resp.Private, diags)
}

// Read implements resource.Resource. It tells by digest and number what the
// assignment really holds; the devices themselves are in private state.
func (r *assignment) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	diags := &resp.Diagnostics
	if !r.Ready() || !r.GuardStore(ctx, req.Private, diags) {
		return
	}
	var state model
	diags.Append(req.State.Get(ctx, &state)...)
	held, known := loadHolding(ctx, req.Private, diags)
	if diags.HasError() {
		return
	}
	if !known {
		r.adopt(ctx, state, resp)
		return
	}
	devices, err := devicesOf(ctx, r.Service, state.TokenID.ValueString(), held.owned)
	if err != nil {
		r.readFailed(ctx, err, resp)
		return
	}
	seen, held := held.look(devices, state.ProfileID.ValueString(), state.waitsForMissing(), r.Now())
	seen.report(diags)
	state.setDesired(seen.held)
	diags.Append(resp.State.Set(ctx, state)...)
	held.save(ctx, resp.Private, diags)
	r.RememberStore(ctx, resp.Private, diags)
}

// adopt is the first read after an import: all devices of the profile become
// the assignment's.
func (r *assignment) adopt(ctx context.Context, state model, resp *resource.ReadResponse) {
	diags := &resp.Diagnostics
	serials, err := devicesOn(ctx, r.Service, state.TokenID.ValueString(), state.ProfileID.ValueString())
	if err != nil {
		r.readFailed(ctx, err, resp)
		return
	}
	state.setDesired(serials)
	state.SerialNumberList = types.StringValue(enrollment.JoinSerials(serials))
	state.setOutcome(outcome{})
	diags.Append(resp.State.Set(ctx, state)...)
	holding{owned: serials}.save(ctx, resp.Private, diags)
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
	if plan.FailedCount.IsUnknown() {
		r.change(ctx, &plan, state, held, desired, resp)
	}
	if diags.HasError() {
		return
	}
	diags.Append(resp.State.Set(ctx, plan)...)
}

// change sends what is different. Whatever happens, private state afterwards
// tells what the assignment answers for.
func (r *assignment) change(ctx context.Context, plan *model, state model, held holding, desired []string, resp *resource.UpdateResponse) {
	diags := &resp.Diagnostics
	leave := plan.leave()
	leave.from = state.ProfileID.ValueString()
	leaving := enrollment.Without(held.owned, desired)
	released, err := r.release(ctx, leave, leaving)
	if err != nil {
		gone := sorted(append(slices.Clone(released.Done), released.Unchanged...))
		holding{owned: enrollment.Without(held.owned, gone), waiting: held.waiting, gone: held.gone}.save(ctx, resp.Private, diags)
		tf.AddError(diags, "release devices from", thing, err)
		return
	}
	takeOver := plan.takeOver(ctx, diags)
	done, err := r.take(ctx, *plan, state, held, takeOver, enrollment.Without(desired, held.gone))
	kept := holding{
		owned:   enrollment.Union(desired, stillOwned(released)),
		waiting: sorted(done.Missing), gone: enrollment.Common(held.gone, desired),
	}
	kept.save(ctx, resp.Private, diags)
	reportLeaving(released, diags)
	done.report(diags)
	if err != nil {
		tf.AddError(diags, "update", thing, err)
		return
	}
	plan.setOutcome(done)
}

// take moves what the assignment has on another profile, then gives the profile
// to the rest.
func (r *assignment) take(ctx context.Context, plan, state model, held holding, takeOver enrollment.TakeOver, desired []string) (outcome, error) {
	var moved outcome
	if !plan.ProfileID.Equal(state.ProfileID) {
		var err error
		moved, err = r.move(ctx, plan, state.ProfileID.ValueString(), enrollment.Common(held.owned, desired))
		if err != nil {
			return moved, err
		}
		desired = enrollment.Without(desired, sorted(append(moved.failed(), moved.sent()...)))
		moved.Unchanged, moved.Missing = nil, nil // asked again below
	}
	rest, err := r.assign(ctx, plan, takeOver, desired)
	rest.AssignResult = merged(moved.AssignResult, rest.AssignResult)
	return rest, err
}

// Delete implements resource.Resource.
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
	released, err := r.release(ctx, state.leave(), held.owned)
	switch {
	case isGone(err):
		return
	case err != nil:
		tf.AddError(diags, "release devices from", thing, err)
	case len(released.Failed) > 0:
		reportStuck(released, diags)
	default:
		reportLeaving(released, diags)
	}
}

func sorted(serials []string) []string {
	out := slices.Clone(serials)
	slices.Sort(out)
	return slices.Compact(out)
}
