package assignment

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

const (
	// releaseWait is how long an assignment waits for another one of the same
	// apply to release devices, and releaseStep how often it looks.
	releaseWait = 30 * time.Second
	releaseStep = time.Second
)

// outcome is what an apply did to devices.
type outcome struct {
	enrollment.AssignResult
	// waits: missing devices are waited for, not failed.
	waits bool
	// unreached were to get the profile and are nowhere in the result, because
	// an error came first.
	unreached []string
	// behind, by profile id, are the assignment's own devices that did not move
	// from there.
	behind map[string][]string
}

// account finds out which devices an error kept from being reached.
func (o *outcome) account(desired []string) {
	o.unreached = enrollment.Without(desired, o.reached())
}

// reached lists the devices that something became of, sorted.
func (o *outcome) reached() []string {
	return sorted(slices.Concat(o.Done, o.Unchanged, o.Missing, serialsOf(o.Failed), conflictsOf(o.Conflicts), throttledOf(o.Throttled))...)
}

// answersFor gives those of the desired devices that the assignment has from now
// on to do with.
func (o *outcome) answersFor(desired []string) []string {
	return enrollment.Without(desired, o.unreached)
}

// failed lists the devices that were to get the profile and did not, sorted.
func (o *outcome) failed() []string {
	out := slices.Concat(o.unreached, serialsOf(o.Failed), conflictsOf(o.Conflicts))
	if !o.waits {
		out = append(out, o.Missing...)
	}
	return sorted(out...)
}

// pending counts the devices that get the profile later.
func (o *outcome) pending() int {
	if o.waits {
		return len(o.Throttled) + len(o.Missing)
	}
	return len(o.Throttled)
}

// assign gives the profile to the devices that are wanted and do not have it.
func (r *assignment) assign(ctx context.Context, plan model, takeOver enrollment.TakeOver, desired []string) (outcome, error) {
	req := enrollment.AssignRequest{
		TokenID: plan.TokenID.ValueString(), ProfileID: plan.ProfileID.ValueString(), Holder: plan.ID.ValueString(),
		SerialNumbers: desired, TakeOver: takeOver, KeepPending: plan.waitsForMissing(),
	}
	result, err := r.Service.Assign(ctx, req)
	if err == nil {
		result, err = r.awaitRelease(ctx, req, result)
	}
	done := outcome{AssignResult: result, waits: plan.waitsForMissing()}
	done.account(desired)
	return done, err
}

// move is assign for devices that the assignment has on another profile: they
// go straight from the one to the other.
func (r *assignment) move(ctx context.Context, plan model, from string, devices []string) (enrollment.AssignResult, error) {
	if len(devices) == 0 {
		return enrollment.AssignResult{}, nil
	}
	return r.Service.Assign(ctx, enrollment.AssignRequest{
		TokenID: plan.TokenID.ValueString(), ProfileID: plan.ProfileID.ValueString(), Holder: plan.ID.ValueString(),
		SerialNumbers: devices, OnlyFrom: from, OnlyHeldBy: plan.ID.ValueString(),
	})
}

// awaitRelease asks again for devices that another assignment holds, which may
// be about to release them in this very apply.
func (r *assignment) awaitRelease(ctx context.Context, req enrollment.AssignRequest, result enrollment.AssignResult) (enrollment.AssignResult, error) {
	result, err := r.takeGivenUp(ctx, req, result)
	for waited := time.Duration(0); err == nil && waited < releaseWait && r.mayBeReleased(req.TokenID, result.Conflicts); waited += releaseStep {
		select {
		case <-ctx.Done():
			return result, nil // the conflicts are reported as they are
		case <-r.After(releaseStep):
		}
		if !r.worthAsking(req.TokenID, result.Conflicts) {
			continue
		}
		req.SerialNumbers, result.Conflicts = sorted(conflictsOf(result.Conflicts)...), nil
		again, failed := r.Service.Assign(ctx, req)
		result, err = merged(result, again), failed
		if err == nil {
			result, err = r.takeGivenUp(ctx, req, result)
		}
	}
	return result, err
}

func (r *assignment) mayBeReleased(tokenID string, conflicts []enrollment.DeviceConflict) bool {
	return slices.ContainsFunc(conflicts, func(c enrollment.DeviceConflict) bool {
		return r.mayHaveHolder(c) || r.Plans.Releases(tokenID, c.ProfileID, c.SerialNumber)
	})
}

// mayHaveHolder: an assignment has the device, or the service cannot tell.
func (r *assignment) mayHaveHolder(c enrollment.DeviceConflict) bool {
	return c.Holder != "" || !enrollment.RecordsHolder(r.Service.Kind())
}

// worthAsking: the service may answer otherwise than before. One that records who
// holds a device does so when that has changed; another only if an assignment of
// this run has let go of one, and each question is a request to Microsoft Graph.
func (r *assignment) worthAsking(tokenID string, conflicts []enrollment.DeviceConflict) bool {
	return enrollment.RecordsHolder(r.Service.Kind()) || slices.ContainsFunc(conflicts, func(c enrollment.DeviceConflict) bool {
		return r.Plans.GivenUp(tokenID, c.ProfileID, c.SerialNumber)
	})
}

// takeGivenUp takes devices that another assignment of this run has announced to
// give up. A service that records who holds a device tells when that has
// happened; elsewhere on_leave = "keep" leaves no trace, and the device is taken
// from where it is.
func (r *assignment) takeGivenUp(ctx context.Context, req enrollment.AssignRequest, result enrollment.AssignResult) (enrollment.AssignResult, error) {
	if enrollment.RecordsHolder(r.Service.Kind()) {
		return result, nil
	}
	free := map[string][]string{}
	for _, c := range result.Conflicts {
		if r.Plans.GivenUp(req.TokenID, c.ProfileID, c.SerialNumber) {
			free[c.ProfileID] = append(free[c.ProfileID], c.SerialNumber)
		}
	}
	for _, from := range slices.Sorted(maps.Keys(free)) {
		req.SerialNumbers, req.OnlyFrom = sorted(free[from]...), from
		taken, err := r.Service.Assign(ctx, req)
		taken.Unchanged, taken.Missing, taken.Conflicts = nil, nil, nil // conflicts as before, and asked again
		settled := sorted(slices.Concat(taken.Done, serialsOf(taken.Failed), throttledOf(taken.Throttled))...)
		if err != nil {
			settled = req.SerialNumbers // not reached, which is no conflict
		}
		result = merged(result, taken)
		result.Conflicts = slices.DeleteFunc(result.Conflicts, func(c enrollment.DeviceConflict) bool { return contains(settled, c.SerialNumber) })
		if err != nil {
			return result, err //nolint:wrapcheck // says what and what to do already
		}
	}
	return result, nil
}

// leave is how devices go.
type leave struct {
	// holder is the assignment that they leave: what another one of the same
	// profile answers for stays.
	tokenID, holder, fallback string
	how                       enrollment.OnLeave
}

func (m *model) leave() leave {
	return leave{
		tokenID: m.TokenID.ValueString(), holder: m.ID.ValueString(),
		how: enrollment.OnLeave(m.OnLeave.ValueString()), fallback: m.FallbackProfileID.ValueString(),
	}
}

// release lets devices go, given by the profile that they leave, those only that
// still have it.
func (r *assignment) release(ctx context.Context, l leave, leaving map[string][]string) (enrollment.AssignResult, error) {
	var result enrollment.AssignResult
	for _, from := range slices.Sorted(maps.Keys(leaving)) {
		one, err := r.releaseFrom(ctx, l, from, leaving[from])
		result = merged(result, one)
		if err != nil {
			return result, err
		}
	}
	return result, nil
}

// releaseFrom lets the devices of one profile go. One that another assignment of
// this run wants goes straight to it, so that it is never without a profile; one
// that another assignment of the same profile wants stays, and stays pending.
func (r *assignment) releaseFrom(ctx context.Context, l leave, from string, leaving []string) (enrollment.AssignResult, error) {
	var result enrollment.AssignResult
	spelled := spelledAs(from)
	l.fallback = spelled.of(l.fallback)
	wanted := map[string][]string{}
	for _, serial := range leaving {
		to := spelled.of(r.Plans.ClaimedBy(l.tokenID, serial))
		wanted[to] = append(wanted[to], serial)
	}
	stays := wanted[from]
	delete(wanted, from)
	result.Unchanged = stays
	if err := r.handOver(ctx, l, from, stays); err != nil {
		return result, err
	}
	goes := enrollment.Without(leaving, stays)
	if len(goes) == 0 {
		return result, nil
	}
	if err := r.Service.Withdraw(ctx, l.tokenID, from, goes); err != nil {
		return result, err
	}
	for _, to := range slices.Sorted(maps.Keys(wanted)) {
		one, err := r.releaseTo(ctx, l, from, to, wanted[to])
		result = merged(result, one)
		if err != nil {
			return result, err
		}
	}
	return result, nil
}

// handOver lets go of devices that stay on the profile for another assignment.
// Those that do not have it yet are pending, now for the other one.
func (r *assignment) handOver(ctx context.Context, l leave, from string, stays []string) error {
	if !enrollment.RecordsHolder(r.Service.Kind()) {
		return nil
	}
	devices, err := devicesOf(ctx, r.Service, l.tokenID, stays, spelledAs(from))
	if err != nil {
		return err
	}
	there := slices.DeleteFunc(slices.Clone(stays), func(serial string) bool { return devices[serial].ProfileID != from })
	if len(there) == 0 {
		return nil
	}
	_, err = r.letGo(ctx, l, from, there)
	return err
}

// letGo leaves devices their profile. Where nobody records who holds them there is
// nothing to say, and asking would have a whole fleet read.
func (r *assignment) letGo(ctx context.Context, l leave, from string, devices []string) (enrollment.AssignResult, error) {
	if !enrollment.RecordsHolder(r.Service.Kind()) {
		return enrollment.AssignResult{Unchanged: devices}, nil
	}
	return r.Service.Unassign(ctx, enrollment.UnassignRequest{TokenID: l.tokenID, ProfileID: from, Holder: l.holder, SerialNumbers: devices, OnlyRelease: true})
}

func (r *assignment) releaseTo(ctx context.Context, l leave, from, to string, leaving []string) (enrollment.AssignResult, error) {
	if to == "" && l.how == enrollment.LeaveFallback {
		to = l.fallback
	}
	switch {
	case to == from, to == "" && l.how == enrollment.LeaveKeep:
		return r.letGo(ctx, l, from, leaving)
	case to == "":
		return r.Service.Unassign(ctx, enrollment.UnassignRequest{TokenID: l.tokenID, ProfileID: from, Holder: l.holder, SerialNumbers: leaving})
	default:
		return r.giveTo(ctx, l, from, to, leaving)
	}
}

// giveTo gives leaving devices another profile. The service keeps those in
// Apple's cooldown pending for it, so nobody has to come back to them; what is
// to lose its profile without getting another nobody keeps.
func (r *assignment) giveTo(ctx context.Context, l leave, from, to string, leaving []string) (enrollment.AssignResult, error) {
	result, err := r.Service.Assign(ctx, enrollment.AssignRequest{TokenID: l.tokenID, ProfileID: to, OnlyFrom: from, OnlyHeldBy: l.holder, SerialNumbers: leaving})
	if n := len(result.Throttled); n > 0 {
		result.Warnings = append(result.Warnings, enrollment.Warning{
			Summary: enrollment.Count(n, "leaving device") + " waiting for Apple's cooldown", Detail: "A later sync gives them their next profile.",
		})
		result.Throttled = nil
	}
	return result, err //nolint:wrapcheck // says what and what to do already
}

// merged joins the results of two requests about different devices.
func merged(a, b enrollment.AssignResult) enrollment.AssignResult {
	return enrollment.AssignResult{
		Done: append(a.Done, b.Done...), Unchanged: append(a.Unchanged, b.Unchanged...),
		Failed: append(a.Failed, b.Failed...), Throttled: append(a.Throttled, b.Throttled...),
		Missing: append(a.Missing, b.Missing...), Conflicts: append(a.Conflicts, b.Conflicts...),
		Requests: a.Requests + b.Requests, Warnings: append(a.Warnings, b.Warnings...),
	}
}

// stillOwned are the devices that were to leave and could not, or not yet.
func stillOwned(released enrollment.AssignResult) []string {
	return sorted(append(serialsOf(released.Failed), throttledOf(released.Throttled)...)...)
}

func serialsOf(failures []enrollment.DeviceFailure) []string {
	out := make([]string, 0, len(failures))
	for _, f := range failures {
		out = append(out, f.SerialNumber)
	}
	return out
}

func throttledOf(throttled []enrollment.ThrottledDevice) []string {
	out := make([]string, 0, len(throttled))
	for _, t := range throttled {
		out = append(out, t.SerialNumber)
	}
	return out
}

func conflictsOf(conflicts []enrollment.DeviceConflict) []string {
	out := make([]string, 0, len(conflicts))
	for _, c := range conflicts {
		out = append(out, c.SerialNumber)
	}
	return out
}
