package assignment

import (
	"context"
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
}

// failed lists the devices that were to get the profile and did not, sorted.
func (o outcome) failed() []string {
	var out []string
	for _, f := range o.Failed {
		out = append(out, f.SerialNumber)
	}
	for _, c := range o.Conflicts {
		out = append(out, c.SerialNumber)
	}
	if !o.waits {
		out = append(out, o.Missing...)
	}
	slices.Sort(out)
	return out
}

// pending counts the devices that get the profile later.
func (o outcome) pending() int {
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
	return outcome{AssignResult: result, waits: plan.waitsForMissing()}, err //nolint:wrapcheck // says what and what to do already
}

// move is assign for devices that the assignment has on another profile: they
// go straight from the one to the other.
func (r *assignment) move(ctx context.Context, plan model, from string, devices []string) (outcome, error) {
	result, err := r.Service.Assign(ctx, enrollment.AssignRequest{
		TokenID: plan.TokenID.ValueString(), ProfileID: plan.ProfileID.ValueString(), Holder: plan.ID.ValueString(),
		SerialNumbers: devices, OnlyFrom: from,
	})
	return outcome{AssignResult: result, waits: plan.waitsForMissing()}, err //nolint:wrapcheck // says what and what to do already
}

// awaitRelease asks again for devices that another assignment holds, which may
// be about to release them in this very apply.
func (r *assignment) awaitRelease(ctx context.Context, req enrollment.AssignRequest, result enrollment.AssignResult) (enrollment.AssignResult, error) {
	for waited := time.Duration(0); waited < releaseWait && r.mayBeReleased(req.TokenID, result.Conflicts); waited += releaseStep {
		select {
		case <-ctx.Done():
			return result, nil // the conflicts are reported as they are
		case <-r.After(releaseStep):
		}
		req.SerialNumbers = nil
		for _, c := range result.Conflicts {
			req.SerialNumbers = append(req.SerialNumbers, c.SerialNumber)
		}
		result.Conflicts = nil
		again, err := r.Service.Assign(ctx, req)
		result = merged(result, again)
		if err != nil {
			return result, err //nolint:wrapcheck // says what and what to do already
		}
	}
	return result, nil
}

func (r *assignment) mayBeReleased(tokenID string, conflicts []enrollment.DeviceConflict) bool {
	return slices.ContainsFunc(conflicts, func(c enrollment.DeviceConflict) bool {
		return c.Holder != "" || r.Plans.Releases(tokenID, c.ProfileID, c.SerialNumber)
	})
}

// leave is how devices go.
type leave struct {
	tokenID, from, fallback string
	how                     enrollment.OnLeave
}

func (m model) leave() leave {
	return leave{
		tokenID: m.TokenID.ValueString(), from: m.ProfileID.ValueString(),
		how: enrollment.OnLeave(m.OnLeave.ValueString()), fallback: m.FallbackProfileID.ValueString(),
	}
}

// release lets devices go, those only that still have the profile. One that
// another assignment of this run wants goes straight to it, so that it is never
// without a profile; one that another assignment of the same profile wants
// stays.
func (r *assignment) release(ctx context.Context, l leave, leaving []string) (enrollment.AssignResult, error) {
	var result enrollment.AssignResult
	if len(leaving) == 0 {
		return result, nil
	}
	if err := r.Service.Withdraw(ctx, l.tokenID, l.from, leaving); err != nil {
		return result, err //nolint:wrapcheck // says what and what to do already
	}
	wanted := map[string][]string{}
	for _, serial := range leaving {
		to := r.Plans.ClaimedBy(l.tokenID, serial)
		wanted[to] = append(wanted[to], serial)
	}
	for _, to := range sortedKeys(wanted) {
		one, err := r.releaseTo(ctx, l, to, wanted[to])
		result = merged(result, one)
		if err != nil {
			return result, err
		}
	}
	return result, nil
}

func (r *assignment) releaseTo(ctx context.Context, l leave, to string, leaving []string) (enrollment.AssignResult, error) {
	if to == "" && l.how == enrollment.LeaveFallback {
		to = l.fallback
	}
	switch {
	case to == l.from, to == "" && l.how == enrollment.LeaveKeep:
		return enrollment.AssignResult{Unchanged: leaving}, nil
	case to == "":
		return r.Service.Unassign(ctx, enrollment.UnassignRequest{TokenID: l.tokenID, ProfileID: l.from, SerialNumbers: leaving}) //nolint:wrapcheck // says what and what to do already
	default:
		return r.Service.Assign(ctx, enrollment.AssignRequest{TokenID: l.tokenID, ProfileID: to, OnlyFrom: l.from, SerialNumbers: leaving}) //nolint:wrapcheck // says what and what to do already
	}
}

func sortedKeys(m map[string][]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
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

// stillOwned are the devices that were to leave and could not.
func stillOwned(released enrollment.AssignResult) []string {
	var out []string
	for _, f := range released.Failed {
		out = append(out, f.SerialNumber)
	}
	slices.Sort(out)
	return out
}
