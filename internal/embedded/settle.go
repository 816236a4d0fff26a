package embedded

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded/store"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// settlePage is how many wishes or new devices are looked at at once: several batches, so that batches get full.
const settlePage = 10 * enrollment.MaxBatch

// settle gives devices, after the view is up to date, what waits for them: first what assignments asked for, then the
// rest of profile changes, then the default profile to those that are new. What fails is a warning and waits for the
// next sync: the sync itself has succeeded.
func (r *runner) settle(ctx context.Context) error {
	for _, step := range []func(context.Context) error{r.grantWishes, r.finishChanges, r.giveDefaults} {
		err := step(ctx)
		switch {
		case errors.Is(err, errTimeUp):
			r.warn("Devices still wait for their profiles", "The 15 minutes of the sync were over. The next sync gives them.")
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			r.note(ctx, r.token, err)
			r.warn("Devices still wait for their profiles", fmt.Sprintf("The next sync tries again: %v", appleError(fmt.Sprintf("give devices of token %q their profiles", r.token.Name), err)))
		}
	}
	return nil
}

func (r *runner) warn(summary, detail string) {
	r.run.Warnings = append(r.run.Warnings, enrollment.Warning{Summary: summary, Detail: detail})
}

// order is what several wishes have in common: the request that they come from.
type order struct {
	profileID, holder, onlyFrom, takeOver string
}

// grantWishes gives devices that came to the token, or whose cooldown is over, the profile that is pending for them.
func (r *runner) grantWishes(ctx context.Context) error {
	for after := ""; ; {
		var wishes []store.Wish
		err := r.store.Read(ctx, func(q *store.Queries) (err error) {
			wishes, err = q.Wishes(ctx, r.token.ID, after, settlePage)
			return err
		})
		if err != nil || len(wishes) == 0 {
			return err
		}
		for _, group := range groupWishes(wishes) {
			if err := r.grant(ctx, group); err != nil {
				return err
			}
		}
		after = wishes[len(wishes)-1].SerialNumber
	}
}

func groupWishes(wishes []store.Wish) [][]store.Wish {
	index := map[order]int{}
	var out [][]store.Wish
	for _, w := range wishes {
		key := order{w.ProfileID, w.Holder, w.OnlyFrom, fmt.Sprint(w.TakeOver)}
		i, ok := index[key]
		if !ok {
			i = len(out)
			index[key], out = i, append(out, nil)
		}
		out[i] = append(out[i], w)
	}
	return out
}

func (r *runner) grant(ctx context.Context, wishes []store.Wish) error {
	first := wishes[0]
	serials := make([]string, len(wishes))
	for i, w := range wishes {
		serials[i] = w.SerialNumber
	}
	result, err := r.give(ctx, enrollment.AssignRequest{
		TokenID: r.token.ID, ProfileID: first.ProfileID, Holder: first.Holder, TakeOver: first.TakeOver, OnlyFrom: first.OnlyFrom, KeepPending: true,
	}, serials)
	r.run.Assigned += len(result.Done)
	if len(result.Conflicts) > 0 {
		var taken []string
		for _, c := range result.Conflicts {
			taken = append(taken, c.SerialNumber)
		}
		r.warn(fmt.Sprintf("%d devices did not get their pending profile", len(taken)),
			"They have another profile by now, which may not be taken from them; what was pending is dropped: "+first100(taken))
		if err := r.store.Write(ctx, func(tx *store.Tx) error { return tx.DropWishes(ctx, r.token.ID, first.ProfileID, taken) }); err != nil {
			return err
		}
	}
	r.warnFailed(result.Failed)
	return err
}

func (r *runner) warnFailed(failed []enrollment.DeviceFailure) {
	if len(failed) == 0 {
		return
	}
	var serials []string
	for _, f := range failed {
		serials = append(serials, fmt.Sprintf("%s (%s)", f.SerialNumber, f.Reason))
	}
	r.warn(fmt.Sprintf("Apple refused the profile for %d devices", len(failed)), "The next sync tries again: "+first100(serials))
}

// give assigns within the time of the run.
func (r *runner) give(ctx context.Context, req enrollment.AssignRequest, serials []string) (enrollment.AssignResult, error) {
	job, err := r.newJob(ctx, req)
	if errors.Is(err, enrollment.ErrNotFound) { // the profile is gone, and so is the wish
		err = r.store.Write(ctx, func(tx *store.Tx) error { return tx.DropWishes(ctx, r.token.ID, req.ProfileID, serials) })
		return enrollment.AssignResult{}, err
	}
	if err != nil {
		return enrollment.AssignResult{}, err
	}
	job.deadline = r.deadline()
	return r.assign(ctx, r.session, r.token, job, serials)
}

// finishChanges moves devices that have an earlier definition of a profile: those whose cooldown was not over when the
// profile was changed, or that a process did not come to.
func (r *runner) finishChanges(ctx context.Context) error {
	var records []store.Profile
	err := r.store.Read(ctx, func(q *store.Queries) (err error) {
		records, err = q.Profiles(ctx, r.token.ID)
		return err
	})
	for i := 0; err == nil && i < len(records); i++ {
		var result enrollment.ProfileResult
		err = r.moveDevices(ctx, r.session, r.token, records[i], r.deadline(), &result)
		r.run.Assigned += result.Moved
		r.warnFailed(result.Failed)
	}
	return err
}

// giveDefaults gives new devices that nothing else gave a profile the default one of their platform, if it was set
// before they came. A device is new until then, so that a process that dies loses none.
func (r *runner) giveDefaults(ctx context.Context) error {
	var defaults []store.Default
	err := r.store.Read(ctx, func(q *store.Queries) (err error) {
		defaults, err = q.Defaults(ctx, r.token.ID)
		return err
	})
	if err != nil || len(defaults) == 0 { // what is new then is not eligible for a default that is set later
		return err
	}
	for after := ""; ; {
		var fresh []store.Device
		err := r.store.Read(ctx, func(q *store.Queries) (err error) {
			fresh, err = q.FreshDevices(ctx, r.token.ID, after, settlePage)
			return err
		})
		if err != nil || len(fresh) == 0 {
			return err
		}
		if err := r.welcome(ctx, fresh, defaults); err != nil {
			return err
		}
		after = fresh[len(fresh)-1].SerialNumber
	}
}

// welcome gives new devices their default profile, and takes all but those that Apple refused off the list of new ones.
func (r *runner) welcome(ctx context.Context, fresh []store.Device, defaults []store.Default) error {
	var waiting []string // they stay new
	for _, byDefault := range defaults {
		var serials []string
		for _, d := range fresh {
			if d.AppleUUID == "" && enrollment.PlatformOf(d.Family) == byDefault.Platform && !d.FreshAt.Before(byDefault.SetAt) {
				serials = append(serials, d.SerialNumber)
			}
		}
		if len(serials) == 0 {
			continue
		}
		result, err := r.give(ctx, enrollment.AssignRequest{TokenID: r.token.ID, ProfileID: byDefault.ProfileID}, serials)
		r.run.Assigned += len(result.Done)
		r.warnFailed(result.Failed)
		for _, f := range result.Failed {
			waiting = append(waiting, f.SerialNumber)
		}
		if err != nil {
			return err
		}
	}
	var settled []string
	for _, d := range fresh {
		if !slices.Contains(waiting, d.SerialNumber) {
			settled = append(settled, d.SerialNumber)
		}
	}
	return r.store.Write(ctx, func(tx *store.Tx) error { return tx.SetSettled(ctx, r.token.ID, settled) })
}
