package assignment

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

// unfinished is what an error cut short, with the numbers.
func (o *outcome) unfinished(desired []string) string {
	return fmt.Sprintf("%s: %d of %d devices did not get the profile", thing, len(o.failed()), len(desired))
}

// tallied is what stopped an apply, with the devices that it did not reach: the
// numbers of the detail add up to that of the summary.
type tallied struct {
	error
	tally string
}

func (t tallied) Error() string { return t.error.Error() + t.tally }

func (t tallied) Unwrap() error { return t.error }

func (o *outcome) tally(err error) error {
	parts := []string{enrollment.Count(len(o.unreached), "device") + " in the request that failed or not sent any more"}
	more := func(n int, what string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	more(len(o.Failed), "refused")
	more(len(o.Conflicts), "with another profile")
	if !o.waits {
		more(len(o.Missing), "not on the token")
	}
	return tallied{err, fmt.Sprintf(" Without the profile (%d): %s.", len(o.failed()), strings.Join(parts, ", "))}
}

// report warns of every device that did not get the profile. -compact-warnings
// shows summaries only, so the numbers are in them.
func (o *outcome) report(diags *diag.Diagnostics) {
	tf.AddWarnings(diags, o.Warnings)
	if n := len(o.Failed); n > 0 {
		diags.AddWarning(enrollment.Count(n, "device")+" did not get the profile: refused",
			"What the service says of them: "+named(reasons(o.Failed))+". The next apply tries them again; take out those that are no longer yours.")
	}
	if n := len(o.Missing); n > 0 && !o.waits {
		diags.AddWarning(enrollment.Count(n, "device")+" not on the token",
			"The token does not have them, so they did not get the profile: "+named(o.Missing)+". Assign them to the server in Apple School Manager and sync.")
	}
	if n := len(o.Throttled); n > 0 {
		diags.AddWarning(enrollment.Count(n, "device")+" waiting for Apple's cooldown",
			fmt.Sprintf("Apple takes no assignment for them until %s at the earliest. They stay pending, and a later apply or sync finishes them.", soonest(o.Throttled)))
	}
}

// reportConflicts names the devices that somebody else kept: an error, but not
// in Create, where an error would have everything taken away again.
func (o *outcome) reportConflicts(severity diag.Severity, diags *diag.Diagnostics) {
	n := len(o.Conflicts)
	if n == 0 {
		return
	}
	summary := enrollment.Count(n, "device") + " left with another profile"
	detail := "Another profile has them, take_over_from does not name it, and nobody released them: " + named(owners(o.Conflicts)) +
		". Name the profiles in take_over_from if they are really to move, or take the serial numbers out."
	if severity == diag.SeverityError {
		diags.AddAttributeError(path.Root("take_over_from"), summary, detail)
		return
	}
	diags.AddAttributeWarning(path.Root("take_over_from"), summary, detail)
}

// report warns of what a read found out.
func (s *sighting) report(diags *diag.Diagnostics) {
	if n := len(s.newlyGone); n > 0 {
		diags.AddWarning(enrollment.Count(n, "device")+" gone from the token",
			"Somebody gave them to another server or released them in Apple School Manager: "+named(s.newlyGone)+
				". They are not sent again; take them out of the configuration.")
	}
	if s.cooling > 0 {
		diags.AddWarning(enrollment.Count(s.cooling, "device")+" waiting for Apple's cooldown",
			fmt.Sprintf("Apple takes no assignment for them yet. From %s on a plan shows them again.", s.coolUntil.UTC().Format(time.RFC3339)))
	}
}

func reportLeaving(released enrollment.AssignResult, diags *diag.Diagnostics) {
	tf.AddWarnings(diags, released.Warnings)
	if n := len(released.Failed); n > 0 {
		diags.AddWarning(enrollment.Count(n, "device")+" not released",
			"They still have the profile: "+named(reasons(released.Failed))+". The next apply tries them again.")
	}
	if n := len(released.Throttled); n > 0 {
		diags.AddWarning(enrollment.Count(n, "leaving device")+" waiting for Apple's cooldown",
			"They keep the profile until then. From "+soonest(released.Throttled)+" on a plan shows them again.")
	}
}

func reportStuck(released enrollment.AssignResult, diags *diag.Diagnostics) {
	why := reasons(released.Failed)
	for _, t := range released.Throttled {
		why = append(why, fmt.Sprintf("%s (in Apple's cooldown until %s)", t.SerialNumber, t.Until.UTC().Format(time.RFC3339)))
	}
	diags.AddError("Unable to release devices from "+thing, fmt.Sprintf("Refused and still with the profile (%d): %s. "+
		"Destroy again later, or set on_leave = \"keep\" to let them keep it.", len(why), named(why)))
}

// readFailed drops the assignment only where its token or its profile is gone;
// something else that is not found says nothing about its devices.
func (r *assignment) readFailed(ctx context.Context, state model, err error, resp *resource.ReadResponse) {
	if errors.Is(err, enrollment.ErrNotFound) && (r.tokenIsGone(ctx, state) || r.profileIsGone(ctx, state, state.ProfileID)) {
		resp.State.RemoveResource(ctx)
		return
	}
	tf.AddError(&resp.Diagnostics, "read", thing, err)
}

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

// warnOfFormer tells of imported devices that another assignment is recorded for:
// nobody but a person knows whether that one is lost, or is managed elsewhere.
func warnOfFormer(recorded map[string][]string, diags *diag.Diagnostics) {
	serials := serialsIn(recorded)
	if len(serials) == 0 {
		return
	}
	diags.AddWarning(enrollment.Count(len(serials), "imported device")+" recorded as held by another device assignment",
		"Where the state of that one is lost, or it was taken out of the state, all is well: the first change of this one, of its devices or of profile_id, takes them over; destroying it does not. "+
			"Where it is still managed, in this state or in another, do not import its devices: what leaves this assignment after that change would lose its profile there. "+
			"Take this one out of the state (a removed block, or state rm) then. The devices: "+named(serials)+".")
}

// warnOfKept tells of imported devices that a destroy left their profile, because
// another assignment is recorded for them.
func warnOfKept(l leave, recorded map[string][]string, diags *diag.Diagnostics) {
	serials := serialsIn(recorded)
	if len(serials) == 0 || l.how == enrollment.LeaveKeep {
		return
	}
	diags.AddWarning(enrollment.Count(len(serials), "device")+" left with the profile: recorded as held by another device assignment",
		"This assignment was imported and never changed, so it has not taken them from the one that gave them the profile, which may still be managed in some state. "+
			"Where that one is lost and they are to be released too, import them again, apply one change of the devices or of profile_id, which takes them over, and destroy after that. "+
			"The devices: "+named(serials)+".")
}

// serialsIn lists the devices of all assignments, sorted.
func serialsIn(recorded map[string][]string) []string {
	var serials []string
	for _, of := range recorded {
		serials = append(serials, of...)
	}
	return sorted(serials...)
}
