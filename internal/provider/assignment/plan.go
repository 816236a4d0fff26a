package assignment

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

// ModifyPlan implements resource.ResourceWithModifyPlan. What it plans comes
// from the configuration alone, since it is asked again at apply and has to
// answer the same; what it looks up serves errors and warnings only.
func (r *assignment) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	diags := &resp.Diagnostics
	if r.Ready() && !r.GuardStore(ctx, req.Private, diags) {
		return
	}
	held, _ := loadHolding(ctx, req.Private, diags)
	if req.Plan.Raw.IsNull() {
		r.announceDestroy(ctx, req, held, resp)
		return
	}
	var plan model
	diags.Append(req.Plan.Get(ctx, &plan)...)
	var state *model
	if !req.State.Raw.IsNull() {
		state = &model{}
		diags.Append(req.State.Get(ctx, state)...)
	}
	if diags.HasError() {
		return
	}
	plan.keepSpelling(state)
	desired, known := plan.desired(ctx, diags)
	if diags.HasError() {
		return
	}
	if known {
		plan.setDesired(desired)
	} else {
		plan.DevicesSHA256, plan.DeviceCount = types.StringUnknown(), types.Int64Unknown()
	}
	changes := plan.sends(state)
	if changes {
		plan.setOutcomeUnknown()
	} else {
		plan.FailedCount, plan.FailedSerialNumbers, plan.PendingCount = state.FailedCount, state.FailedSerialNumbers, state.PendingCount
	}
	diags.Append(resp.Plan.Set(ctx, plan)...)
	if !r.Ready() {
		return
	}
	if !plan.OnLeave.IsUnknown() {
		tf.AddViolations(diags, enrollment.CheckOnLeave(r.Service.Kind(), enrollment.OnLeave(plan.OnLeave.ValueString()), !plan.FallbackProfileID.IsNull()))
	}
	r.RequireServerToken(ctx, plan.TokenID, diags)
	if !diags.HasError() && r.fallbackIsGone(ctx, plan) {
		missingFallback(plan, diags)
	}
	if state != nil && !plan.TokenID.Equal(state.TokenID) {
		// Another token is another assignment: the old one is destroyed, the new one has its first fill.
		r.giveUp(ctx, *state, held, diags)
		state, held = nil, holding{}
	}
	if !known && state != nil && !plan.TokenID.IsUnknown() && !diags.HasError() {
		r.warnOfMove(ctx, plan, *state, held, diags)
	}
	if !known || plan.TokenID.IsUnknown() || diags.HasError() {
		return
	}
	r.announce(plan, state, held, desired, diags)
	if changes && !diags.HasError() {
		r.checkChange(ctx, plan, state, held, desired, diags)
	}
}

// keepSpelling plans a profile that is only written in another way as it was.
func (m *model) keepSpelling(state *model) {
	if state != nil && tf.SameProfile(m.ProfileID.ValueString(), state.ProfileID.ValueString()) && !m.ProfileID.IsUnknown() {
		m.ProfileID = state.ProfileID
	}
}

// sends tells whether applying the plan may send anything to a device.
func (m *model) sends(state *model) bool {
	return state == nil || !m.TokenID.Equal(state.TokenID) || !m.ProfileID.Equal(state.ProfileID) ||
		m.DevicesSHA256.IsUnknown() || !m.DevicesSHA256.Equal(state.DevicesSHA256)
}

// announceDestroy tells the other assignments of this run what a destroy gives
// up.
func (r *assignment) announceDestroy(ctx context.Context, req resource.ModifyPlanRequest, held holding, resp *resource.ModifyPlanResponse) {
	var state model
	if !r.Ready() || req.State.Get(ctx, &state).HasError() {
		return
	}
	r.giveUp(ctx, state, held, &resp.Diagnostics)
}

func (r *assignment) giveUp(ctx context.Context, state model, held holding, diags *diag.Diagnostics) {
	r.announceLeaving(state, state.leave(), held.owned)
	r.warnOfDestroy(ctx, state, held, diags)
}

// announceLeaving tells the other assignments of this run which devices leave the
// profile that state names, and what they get then.
func (r *assignment) announceLeaving(state model, l leave, leaving []string) {
	r.Plans.Claim(l.tokenID, state.ProfileID.ValueString(), nil, leaving)
	if l.how == enrollment.LeaveFallback && l.fallback != "" {
		r.Plans.Follow(l.tokenID, state.ProfileID.ValueString(), l.fallback)
	}
}

// announce tells the other assignments of this run what this one wants and
// gives up, and reports devices that two of them want.
func (r *assignment) announce(plan model, state *model, held holding, desired []string, diags *diag.Diagnostics) {
	tokenID := plan.TokenID.ValueString()
	if state != nil {
		leaving := enrollment.Without(held.owned, desired)
		if !plan.ProfileID.Equal(state.ProfileID) {
			leaving = held.owned
		}
		r.announceLeaving(*state, plan.leave(), leaving)
	}
	if plan.ProfileID.IsUnknown() {
		return
	}
	if both := r.Plans.Share(tokenID, plan.ProfileID.ValueString(), plan.ID.ValueString(), desired); len(both) > 0 {
		diags.AddAttributeWarning(plan.sourcePath(), enrollment.Count(len(both), "device")+" also in another assignment of the same profile",
			"Both assignments answer for them, and "+r.whoLetsGo()+": "+named(both)+". Name each in one assignment.")
	}
	taken := r.Plans.Claim(tokenID, plan.ProfileID.ValueString(), desired, nil)
	if len(taken) == 0 {
		return
	}
	names := make([]string, 0, len(taken))
	for _, c := range taken {
		names = append(names, fmt.Sprintf("%s (also on %s)", c.SerialNumber, c.ProfileID))
	}
	slices.Sort(names)
	diags.AddAttributeError(plan.sourcePath(), "Two assignments claim the same devices",
		fmt.Sprintf("Wanted on two profiles in this configuration (%d): %s. A device has one profile: take each from one of the assignments.",
			len(taken), named(names)))
}

// whoLetsGo says what becomes of a device that two assignments of one profile
// name.
func (r *assignment) whoLetsGo() string {
	if enrollment.RecordsHolder(r.Service.Kind()) {
		return "only the one that assigned a device last lets go of it"
	}
	return "Intune does not record whose a device is, so the one that lets go of it first gives it its fallback profile, if it has one"
}

// sourcePath is the attribute that names the devices.
func (m *model) sourcePath() path.Path {
	switch {
	case !m.SerialNumbersFile.IsNull():
		return path.Root("serial_numbers_file")
	case !m.SerialNumberList.IsNull():
		return path.Root("serial_number_list")
	default:
		return path.Root("serial_numbers")
	}
}

// checkChange looks at the devices that a change is about: the fuse, devices
// that somebody else has, that the token does not have, and what becomes of all
// of them.
func (r *assignment) checkChange(ctx context.Context, plan model, state *model, held holding, desired []string, diags *diag.Diagnostics) {
	spelled := spelledAs(plan.ProfileID.ValueString())
	if state != nil {
		spelled.of(state.ProfileID.ValueString())
	}
	held = spelled.holding(held)
	devices, err := devicesOf(ctx, r.Service, plan.TokenID.ValueString(), enrollment.Union(desired, held.owned), spelled)
	if err != nil {
		tf.AddError(diags, "plan", thing, err)
		return
	}
	look := preview(plan, state, held, desired, devices, spelled.takeOver(plan.takeOver(ctx, diags)))
	if !plan.MaxChanges.IsUnknown() && !plan.AllowEmpty.IsUnknown() {
		if err := enrollment.CheckFuse(look.change, plan.changeLimit(), plan.AllowEmpty.ValueBool()); err != nil {
			tf.AddError(diags, "plan", thing, err)
		}
	}
	r.reportConflicts(plan, look.conflicts, diags)
	r.reportMissing(ctx, plan, look.missing, diags)
	if !diags.HasError() {
		r.warnOfImpact(ctx, plan, state, look, diags)
	}
}

// changePreview is what a change would do, as far as the last sync knows.
type changePreview struct {
	change    enrollment.AssignmentChange
	conflicts []enrollment.DeviceConflict
	missing   []string
	// get and from, by profile id, are the devices that get the profile, and held
	// those of them that come from another profile of the assignment's own.
	get  enrollment.Reach
	from map[string]int
	held int
	// leave are those that leave and still have the profile.
	leave enrollment.Reach
}

func preview(plan model, state *model, held holding, desired []string, devices map[string]enrollment.Device, takeOver enrollment.TakeOver) changePreview {
	here := enrollment.Without(held.owned, held.gone) // what has left the token cannot leave the assignment
	p := changePreview{from: map[string]int{}, change: enrollment.AssignmentChange{
		Held: len(here), Wanted: len(desired), Leaving: len(enrollment.Without(here, desired)),
	}}
	profileID := plan.ProfileID.ValueString()
	var own map[string][]string
	if state != nil {
		own = held.own(state.ProfileID, plan.ProfileID)
		p.leave = stillOn(held.leaving(state.ProfileID.ValueString(), desired), devices, state.changes(held))
	}
	for _, serial := range desired {
		device, present := devices[serial]
		switch {
		case !present:
			if !contains(held.gone, serial) {
				p.missing = append(p.missing, serial)
			}
			continue
		case !plan.ProfileID.IsUnknown() && device.ProfileID == profileID:
			continue
		case contains(own[device.ProfileID], serial):
			p.held++
		case !takeOver.From(device):
			p.conflicts = append(p.conflicts, enrollment.DeviceConflict{SerialNumber: serial, ProfileID: device.ProfileID, Holder: device.Holder})
			continue
		case device.ProfileID != "" && !device.OnDefault:
			p.change.Moving++
		}
		p.get = p.get.With(device)
		p.from[device.ProfileID]++
	}
	if held.filling {
		p.change.Moving = 0
	}
	return p
}

// reportConflicts names devices that another profile has. Only where nobody in
// this run can release them is that known to be an error.
func (r *assignment) reportConflicts(plan model, conflicts []enrollment.DeviceConflict, diags *diag.Diagnostics) {
	var hopeless, hopeful []string
	undecided := plan.TakeOverFrom.IsUnknown() || hasUnknown(plan.TakeOverFrom)
	for _, c := range conflicts {
		text := fmt.Sprintf("%s (on %s)", c.SerialNumber, c.ProfileID)
		if undecided || r.mayHaveHolder(c) || r.Plans.Releases(plan.TokenID.ValueString(), c.ProfileID, c.SerialNumber) {
			hopeful = append(hopeful, text)
			continue
		}
		hopeless = append(hopeless, text)
	}
	if len(hopeless) > 0 {
		diags.AddAttributeError(path.Root("take_over_from"), "Devices of other profiles",
			fmt.Sprintf("On another profile, which this assignment may not take them from (%d): %s. "+
				"Name the profiles in take_over_from if they are really to move, or take the serial numbers out.", len(hopeless), named(hopeless)))
	}
	if len(hopeful) > 0 {
		whose := " held by another assignment"
		if !enrollment.RecordsHolder(r.Service.Kind()) {
			whose = " on another profile"
		}
		diags.AddAttributeWarning(path.Root("take_over_from"), enrollment.Count(len(hopeful), "device")+whose,
			fmt.Sprintf("They are taken only if their assignment releases them in the same apply, or take_over_from then names its profile: %s. "+
				"Name it to move them directly.", named(hopeful)))
	}
}

func (r *assignment) reportMissing(ctx context.Context, plan model, missing []string, diags *diag.Diagnostics) {
	if len(missing) == 0 || plan.MissingDevices.IsUnknown() {
		return
	}
	tokenID := plan.TokenID.ValueString()
	token, err := r.Service.ReadToken(ctx, tokenID)
	if err != nil {
		tf.AddError(diags, "plan", thing, err)
		return
	}
	if plan.waitsForMissing() {
		w := enrollment.WaitsFor(token.Name, missing)
		diags.AddAttributeWarning(plan.sourcePath(), w.Summary, w.Detail)
		return
	}
	detail := fmt.Sprintf("Not devices of token %q (%d): %s. Assign them to the token's server in Apple School Manager and sync, "+
		"take them out, or set missing_devices = \"wait\".", token.Name, len(missing), named(missing))
	if enrollment.IsFresh(token.LastSyncedAt, r.Now()) && !r.Plans.WillSync(tokenID) {
		diags.AddAttributeError(plan.sourcePath(), "Devices that the token does not have", detail)
		return
	}
	diags.AddAttributeWarning(plan.sourcePath(), enrollment.Count(len(missing), "device")+" that the token may not have",
		"The last sync is not fresh, or another comes first. "+detail)
}
