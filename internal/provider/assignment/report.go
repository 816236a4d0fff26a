package assignment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

// sent are the devices that Apple or Graph was asked about.
func (o outcome) sent() []string {
	out := append([]string(nil), o.Done...)
	for _, t := range o.Throttled {
		out = append(out, t.SerialNumber)
	}
	return out
}

// report warns of every device that did not get the profile. -compact-warnings
// shows summaries only, so the numbers are in them.
func (o outcome) report(diags *diag.Diagnostics) {
	tf.AddWarnings(diags, o.Warnings)
	if n := len(o.Failed); n > 0 {
		diags.AddWarning(fmt.Sprintf("%d devices were refused", n),
			"They did not get the profile: "+named(reasons(o.Failed))+". The next apply tries them again; take out those that are no longer yours.")
	}
	if n := len(o.Conflicts); n > 0 {
		diags.AddAttributeWarning(path.Root("take_over_from"), fmt.Sprintf("%d devices were left with another profile", n),
			"Another profile has them, and take_over_from does not name it: "+named(owners(o.Conflicts))+".")
	}
	if n := len(o.Missing); n > 0 && !o.waits {
		diags.AddWarning(fmt.Sprintf("%d devices are not on the token", n),
			"The token does not have them, so they did not get the profile: "+named(o.Missing)+". Assign them to the server in Apple School Manager and sync.")
	}
	if n := len(o.Throttled); n > 0 {
		diags.AddWarning(fmt.Sprintf("%d devices wait for Apple's cooldown", n),
			fmt.Sprintf("Apple takes no assignment for them until %s at the earliest. They stay pending, and a later apply or sync finishes them.", soonest(o.Throttled)))
	}
}

// report warns of what a read found out.
func (s sighting) report(diags *diag.Diagnostics) {
	if n := len(s.newlyGone); n > 0 {
		diags.AddWarning(fmt.Sprintf("%d devices have left the token", n),
			"Somebody gave them to another server or released them in Apple School Manager: "+named(s.newlyGone)+
				". They are not sent again; take them out of the configuration.")
	}
	if s.cooling > 0 {
		diags.AddWarning(fmt.Sprintf("%d devices wait for Apple's cooldown", s.cooling),
			fmt.Sprintf("Apple takes no assignment for them yet. From %s on a plan shows them again.", s.coolUntil.UTC().Format(time.RFC3339)))
	}
}

func reportLeaving(released enrollment.AssignResult, diags *diag.Diagnostics) {
	tf.AddWarnings(diags, released.Warnings)
	if n := len(released.Failed); n > 0 {
		diags.AddWarning(fmt.Sprintf("%d devices could not be released", n),
			"They still have the profile: "+named(reasons(released.Failed))+". The next apply tries them again.")
	}
	if n := len(released.Throttled); n > 0 {
		diags.AddWarning(fmt.Sprintf("%d leaving devices wait for Apple's cooldown", n),
			"They get their next profile with a later apply or sync.")
	}
}

func reportStuck(released enrollment.AssignResult, diags *diag.Diagnostics) {
	diags.AddError("Unable to release devices from "+thing, fmt.Sprintf("%d devices were refused and still have the profile: %s. "+
		"Destroy again later, or set on_leave = \"keep\" to let them keep it.", len(released.Failed), named(reasons(released.Failed))))
}

func (r *assignment) readFailed(ctx context.Context, err error, resp *resource.ReadResponse) {
	if isGone(err) {
		resp.State.RemoveResource(ctx)
		return
	}
	tf.AddError(&resp.Diagnostics, "read", thing, err)
}

func isGone(err error) bool { return errors.Is(err, enrollment.ErrNotFound) }

func reasons(failures []enrollment.DeviceFailure) []string {
	out := make([]string, 0, len(failures))
	for _, f := range failures {
		out = append(out, fmt.Sprintf("%s (%s)", f.SerialNumber, f.Reason))
	}
	return out
}

func owners(conflicts []enrollment.DeviceConflict) []string {
	out := make([]string, 0, len(conflicts))
	for _, c := range conflicts {
		out = append(out, fmt.Sprintf("%s (on %s)", c.SerialNumber, c.ProfileID))
	}
	return out
}

func soonest(throttled []enrollment.ThrottledDevice) string {
	first := throttled[0].Until
	for _, t := range throttled {
		if t.Until.Before(first) {
			first = t.Until
		}
	}
	return first.UTC().Format(time.RFC3339)
}
