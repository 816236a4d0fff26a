package assignment

import (
	"context"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

// change sends what is different. Whatever happens, private state afterwards
// tells what the assignment answers for. True means that the plan was carried
// out, be it with devices that failed; false that the rest of it is still to do.
func (r *assignment) change(ctx context.Context, plan *model, state model, held holding, desired []string, resp *resource.UpdateResponse) bool {
	diags := &resp.Diagnostics
	takeOver := plan.takeOver(ctx, diags)
	if diags.HasError() {
		return false
	}
	if err := r.takeAdopted(ctx, state, held); err != nil {
		tf.AddError(diags, "take the imported devices of", thing, err)
		return false
	}
	held.former = nil // whoever has one of the devices from now on has it rightly
	released, err := r.release(ctx, plan.leave(), held.leaving(state.ProfileID.ValueString(), desired))
	if err != nil {
		held.owned = enrollment.Without(held.owned, sorted(released.Done...))
		held.save(ctx, resp.Private, diags)
		reportLeaving(released, diags)
		tf.AddError(diags, "release devices from", thing, err)
		return false
	}
	wanted := enrollment.Without(desired, held.gone)
	done, err := r.take(ctx, *plan, held.own(state.ProfileID, plan.ProfileID), takeOver, wanted)
	stuck := stillOwned(released)
	kept := holding{
		owned:   enrollment.Union(desired, stuck),
		waiting: sorted(done.Missing...), gone: enrollment.Common(held.gone, desired),
		elsewhere: done.elsewhere(held.elsewhere, stuck), cooling: sorted(throttledOf(released.Throttled)...),
		failed: done.failed(),
	}
	reportLeaving(released, diags)
	done.report(diags)
	if err != nil {
		held.cooling = kept.cooling
		kept = held.interrupted(done, state.ProfileID.ValueString(), plan.ProfileID.ValueString(), desired, stuck)
		kept.save(ctx, resp.Private, diags)
		done.reportConflicts(diag.SeverityWarning, diags)
		tf.AddError(diags, "finish", done.unfinished(wanted), done.tally(err))
		return false
	}
	kept.save(ctx, resp.Private, diags)
	done.reportConflicts(diag.SeverityError, diags)
	plan.setOutcome(done)
	return true
}

// takeAdopted makes devices that an import brought the assignment's own. The
// service may still record the assignment that gave them their profile, which is
// in no state any more, and they would neither leave nor move: it lets go of them.
// What another assignment has got since the import stays with that one. Nothing
// is sent to a device.
func (r *assignment) takeAdopted(ctx context.Context, state model, held holding) error {
	recorded, err := r.recorded(ctx, state, held)
	if err != nil {
		return err
	}
	for _, holder := range slices.Sorted(maps.Keys(recorded)) {
		request := enrollment.UnassignRequest{
			TokenID: state.TokenID.ValueString(), ProfileID: state.ProfileID.ValueString(), Holder: holder,
			SerialNumbers: sorted(recorded[holder]...), OnlyRelease: true,
		}
		if _, err := r.Service.Unassign(ctx, request); err != nil {
			return err //nolint:wrapcheck // says what and what to do already
		}
	}
	return nil
}

// recorded gives, by assignment, the imported devices on the profile that the
// service still records for those that it did at the import.
func (r *assignment) recorded(ctx context.Context, state model, held holding) (map[string][]string, error) {
	recorded := map[string][]string{}
	if len(held.former) == 0 {
		return recorded, nil
	}
	profileID := state.ProfileID.ValueString()
	devices, err := devicesOf(ctx, r.Service, state.TokenID.ValueString(), held.owned, spelledAs(profileID))
	for serial, device := range devices {
		if device.ProfileID == profileID && contains(held.former, device.Holder) {
			recorded[device.Holder] = append(recorded[device.Holder], serial)
		}
	}
	return recorded, err
}

// interrupted is the holding after a change that an error stopped: what it held
// and still wants, and what the change came to. State keeps the old profile then.
func (h holding) interrupted(done outcome, was, is string, desired, stuck []string) holding {
	reached := done.answersFor(desired)
	kept := holding{
		owned:   enrollment.Union(enrollment.Union(enrollment.Common(h.owned, desired), reached), stuck),
		waiting: enrollment.Union(enrollment.Common(h.waiting, desired), sorted(done.Missing...)),
		gone:    enrollment.Common(h.gone, desired), elsewhere: maps.Clone(h.elsewhere), filling: h.filling, cooling: h.cooling, failed: h.failed,
	}
	if was != is {
		if kept.elsewhere == nil {
			kept.elsewhere = map[string]tf.Packed{}
		}
		kept.elsewhere[is] = enrollment.Union(kept.elsewhere[is], sorted(done.Done...))
	}
	return kept
}

// take moves what the assignment has on other profiles, then gives the profile
// to the rest.
func (r *assignment) take(ctx context.Context, plan model, own map[string][]string, takeOver enrollment.TakeOver, desired []string) (outcome, error) {
	total := outcome{waits: plan.waitsForMissing(), behind: map[string][]string{}}
	rest := desired
	for _, from := range slices.Sorted(maps.Keys(own)) {
		moved, err := r.move(ctx, plan, from, enrollment.Common(own[from], rest))
		total.behind[from] = sorted(append(serialsOf(moved.Failed), throttledOf(moved.Throttled)...)...)
		rest = enrollment.Without(rest, sorted(append(moved.Done, total.behind[from]...)...))
		moved.Unchanged, moved.Missing, moved.Conflicts = nil, nil, nil // asked again below
		total.AssignResult = merged(total.AssignResult, moved)
		if err != nil {
			total.account(desired)
			return total, err
		}
	}
	assigned, err := r.assign(ctx, plan, takeOver, rest)
	total.AssignResult = merged(total.AssignResult, assigned.AssignResult)
	total.account(desired)
	return total, err
}

// elsewhere gives what a finished change left on other profiles: devices that
// did not move, and stuck ones that could not be released from there.
func (o *outcome) elsewhere(before map[string]tf.Packed, stuck []string) map[string]tf.Packed {
	left := map[string]tf.Packed{}
	for from, serials := range o.behind {
		if len(serials) > 0 {
			left[from] = serials
		}
	}
	for from, serials := range before {
		if still := enrollment.Common(serials, stuck); len(still) > 0 {
			left[from] = enrollment.Union(left[from], still)
		}
	}
	return left
}
