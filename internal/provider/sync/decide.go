package sync

import (
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// change is what a plan for an existing asm_device_sync asks for. It is pure.
type change struct {
	plan, state model
	// left is a sync that an earlier apply could not finish; nil is none.
	left *Unfinished
	// status is nil where the service cannot be asked yet.
	status *enrollment.SyncStatus
	now    time.Time
}

// runs: a sync has to be run now.
func (c change) runs() bool {
	return c.triggered() || c.goesOn() || c.due() && !c.postponed()
}

// mayRun: a sync has to be run now, or the answer depends on the time and on
// others, and may be another when the plan is applied. That counts only where
// something is applied at all.
func (c change) mayRun() bool {
	if c.runs() || c.plan.MaxAge.IsUnknown() {
		return true
	}
	_, ages := c.plan.maxAge()
	return c.settingsChange() && (ages || c.left != nil)
}

func (c change) triggered() bool { return !c.plan.Triggers.Equal(c.state.Triggers) }

func (c change) settingsChange() bool {
	p, s := c.plan, c.state
	return !p.Kind.Equal(s.Kind) || !p.Wait.Equal(s.Wait) || !p.OnThrottled.Equal(s.OnThrottled) || !p.MaxAge.Equal(s.MaxAge) || !p.Timeouts.Equal(s.Timeouts)
}

// due: the last good sync, whoever ran it, is older than max_age.
func (c change) due() bool {
	age, ages := c.plan.maxAge()
	return ages && c.status != nil && enrollment.SyncDue(finishedAt(c.status.Last), age, c.now)
}

// open: the sync that an earlier apply could not finish has not been finished
// by anybody since.
func (c change) open() bool {
	return c.left != nil && c.status != nil && !finishedAt(c.status.Last).After(c.left.Since)
}

// settled: it has.
func (c change) settled() bool { return c.left != nil && c.status != nil && !c.open() }

// goesOn: what an earlier apply could not finish may be done now, and nobody is
// at it.
func (c change) goesOn() bool {
	return c.open() && c.status.Running == nil && !c.now.Before(c.left.Until)
}

// postponed: a sync that is due would only be skipped, so there is no use in
// planning one. Its time is postponedUntil.
func (c change) postponed() bool { return !c.postponedUntil().IsZero() }

func (c change) postponedUntil() time.Time {
	if c.plan.OnThrottled.ValueString() != Skip || c.status == nil || c.status.Running != nil {
		return time.Time{}
	}
	var until time.Time
	if c.open() && c.now.Before(c.left.Until) {
		until = c.left.Until
	}
	if next := c.status.NextSyncAt; c.now.Before(next) && next.After(until) {
		until = next
	}
	return until
}
