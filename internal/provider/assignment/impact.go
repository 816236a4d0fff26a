package assignment

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// warnOfImpact says what becomes of the devices of a change, in one warning.
func (r *assignment) warnOfImpact(ctx context.Context, plan model, state *model, look changePreview, diags *diag.Diagnostics) {
	profile := r.nameOf(ctx, plan.TokenID, plan.ProfileID)
	if state == nil && look.change.Wanted == 0 {
		w := enrollment.AssignsNobody(profile)
		diags.AddAttributeWarning(plan.sourcePath(), w.Summary, w.Detail)
		return
	}
	impact := enrollment.AssignmentImpact{
		Profile: profile, Get: look.get, From: r.sources(ctx, plan.TokenID.ValueString(), look.from), Held: look.held,
		Leave: look.leave, OnLeave: enrollment.OnLeave(plan.OnLeave.ValueString()),
	}
	if state != nil && look.leave.Devices > 0 {
		impact.Left = r.nameOf(ctx, plan.TokenID, state.ProfileID)
	}
	if look.leave.Devices > 0 && impact.OnLeave == enrollment.LeaveFallback {
		impact.Fallback = r.nameOf(ctx, plan.TokenID, plan.FallbackProfileID)
	}
	if w, reaches := impact.Warning(); reaches {
		diags.AddAttributeWarning(path.Root("profile_id"), w.Summary, w.Detail)
	}
}

// nameOf is the name of a profile, "" for one that the same apply makes.
func (r *assignment) nameOf(ctx context.Context, tokenID, id types.String) string {
	if id.IsUnknown() {
		return ""
	}
	return r.ProfileName(ctx, tokenID.ValueString(), id.ValueString())
}

// mostAsked is how many profiles a plan asks the names of: a message names no more.
const mostAsked = 6

// sources writes names for the ids of the profiles that most devices come from.
func (r *assignment) sources(ctx context.Context, tokenID string, from map[string]int) enrollment.Sources {
	out := enrollment.Sources{}
	ids := slices.SortedFunc(maps.Keys(from), func(a, b string) int { return cmp.Or(from[b]-from[a], cmp.Compare(a, b)) })
	asked := 0
	for _, id := range ids {
		name := id
		if id != "" && asked < mostAsked {
			name, asked = r.ProfileName(ctx, tokenID, id), asked+1
		}
		out[name] += from[id]
	}
	return out
}

// stillOn counts those devices of a holding that have the profile that they are
// held on: what somebody else has given another one is not touched, nor what the
// service records for an assignment that is none of holders.
func stillOn(held map[string][]string, devices map[string]enrollment.Device, holders []string) enrollment.Reach {
	var reach enrollment.Reach
	for from, serials := range held {
		for _, serial := range serials {
			device, present := devices[serial]
			if present && device.ProfileID == from && slices.Contains(holders, device.Holder) {
				reach = reach.With(device)
			}
		}
	}
	return reach
}

// destroys and changes are whose devices, by the service's records, a destroy and a
// change of an assignment reach: a change first takes over what was imported.
func (m *model) destroys() []string { return []string{"", m.ID.ValueString()} }

func (m *model) changes(held holding) []string { return append(m.destroys(), held.former...) }

// reachOf counts the devices that an assignment holds. Where they cannot be read
// it is what the assignment should have.
func (r *assignment) reachOf(ctx context.Context, state model, held holding, holders []string) enrollment.Reach {
	spelled := spelledAs(state.ProfileID.ValueString())
	held = spelled.holding(held)
	devices, err := devicesOf(ctx, r.Service, state.TokenID.ValueString(), held.owned, spelled)
	if err != nil {
		return enrollment.Reach{Devices: len(enrollment.Without(enrollment.Without(held.owned, held.gone), held.waiting))}
	}
	return stillOn(held.leaving(state.ProfileID.ValueString(), nil), devices, holders)
}

// warnOfMove says how many devices a changed profile_id may reach while it is not
// known yet which the assignment is to have. No fuse stops it, since the change is
// written in the configuration.
func (r *assignment) warnOfMove(ctx context.Context, plan, state model, held holding, diags *diag.Diagnostics) {
	if plan.ProfileID.Equal(state.ProfileID) {
		return
	}
	reach := r.reachOf(ctx, state, held, state.changes(held))
	if reach.Devices == 0 {
		return
	}
	next := "a profile that is made in this apply"
	if name := r.nameOf(ctx, plan.TokenID, plan.ProfileID); name != "" {
		next = fmt.Sprintf("%q", name)
	}
	diags.AddAttributeWarning(path.Root("profile_id"), fmt.Sprintf("Up to %s from %q to %s", moved(reach), r.nameOf(ctx, state.TokenID, state.ProfileID), next),
		"A changed profile_id moves every device that the assignment holds and keeps; which it is to have is known only after apply. max_changes does not limit this.")
}

func moved(reach enrollment.Reach) string {
	out := enrollment.Count(reach.Devices, "device") + " held move"
	if reach.Activated > 0 {
		out += fmt.Sprintf(" (%d of them after a factory reset)", reach.Activated)
	}
	return out
}

// warnOfDestroy says how many devices a destroy reaches: a file that is missing
// can plan one through count, and no fuse stops it.
func (r *assignment) warnOfDestroy(ctx context.Context, state model, held holding, diags *diag.Diagnostics) {
	leave := state.leave()
	if leave.how == enrollment.LeaveKeep {
		return
	}
	reach := r.reachOf(ctx, state, held, state.destroys())
	if reach.Devices == 0 {
		return
	}
	fallback := ""
	if leave.how == enrollment.LeaveFallback {
		fallback = r.nameOf(ctx, state.TokenID, state.FallbackProfileID)
	}
	if w, reaches := enrollment.DestroyedAssignment(r.nameOf(ctx, state.TokenID, state.ProfileID), reach, leave.how, fallback); reaches {
		diags.AddWarning(w.Summary, w.Detail)
	}
}
