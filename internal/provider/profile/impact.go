package profile

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

// warnOfImpact counts the devices that a change sends to a new definition at
// Apple.
func (r *profile) warnOfImpact(ctx context.Context, state model, names []string, diags *diag.Diagnostics) {
	reach, ok := r.reached(ctx, state, diags)
	if !ok {
		return
	}
	detail := fmt.Sprintf("The enrollment profile %q is on %s. All of them are sent to its new definition (%s). ",
		state.Name.ValueString(), enrollment.Count(reach.Devices, "device"), strings.Join(names, ", "))
	if reach.Activated > 0 {
		detail += fmt.Sprintf("%d of them are already activated and notice it only after a factory reset; the others take it when they are set up.", reach.Activated)
	} else {
		detail += "They take it when they are set up."
	}
	diags.AddWarning("Enrollment profile change reaches "+reach.String(), detail)
}

// warnOfIntuneImpact counts the devices of a profile that Intune changes in
// place. Devices notice when they enroll the next time, which takes a factory
// reset where they are enrolled; the name template alone does not.
func (r *profile) warnOfIntuneImpact(ctx context.Context, plan, state model, diags *diag.Diagnostics) {
	names, naming := changed(intuneParts(), state, plan), changed([]part{namingPart()}, state, plan)
	if len(names)+len(naming) == 0 {
		return
	}
	reach, ok := r.reached(ctx, state, diags)
	if !ok {
		return
	}
	diags.AddWarning(intuneImpact(state.Name.ValueString(), names, naming, reach))
}

// intuneImpact is the summary and the detail of a change that so many devices
// notice at some time.
func intuneImpact(profile string, names, naming []string, reach enrollment.Reach) (summary, detail string) {
	devices := enrollment.Count(reach.Devices, "device")
	detail = fmt.Sprintf("The enrollment profile %q is on %s. Intune changes it in place and sends the devices nowhere. ", profile, devices)
	switch {
	case len(names) == 0:
		return "Enrollment profile change renames " + devices,
			detail + fmt.Sprintf("Devices that are enrolled are renamed too (%s): this needs no factory reset.", strings.Join(naming, ", "))
	case reach.Activated > 0:
		detail += fmt.Sprintf("%d of them are enrolled and notice it (%s) only after a factory reset; the others take it when they are set up.", reach.Activated, strings.Join(names, ", "))
	default:
		detail += fmt.Sprintf("They take it (%s) when they are set up.", strings.Join(names, ", "))
	}
	summary = "Enrollment profile change reaches " + reach.String()
	if len(naming) > 0 {
		detail += fmt.Sprintf(" The name is the exception: it changes on enrolled devices too (%s).", strings.Join(naming, ", "))
	}
	return summary, detail
}

// reached counts the devices of a profile; false where there is nothing to say
// of them, or where that cannot be told, which is a warning.
func (r *profile) reached(ctx context.Context, state model, diags *diag.Diagnostics) (enrollment.Reach, bool) {
	if !r.Ready() {
		return enrollment.Reach{}, false
	}
	reach, err := r.Reach(ctx, state.TokenID.ValueString(), state.ID.ValueString())
	if err != nil {
		tf.AddErrorAsWarning(diags, "count", "the devices of the enrollment profile", err, "The change is planned without their number.")
		return enrollment.Reach{}, false
	}
	return reach, reach.Devices > 0
}
