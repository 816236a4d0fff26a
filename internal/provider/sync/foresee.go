package sync

import (
	"fmt"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// blockedUntil is when a sync may start that may not start now; the zero time
// where one may, or one runs that can be joined.
func blockedUntil(o Options, status enrollment.SyncStatus, now time.Time) time.Time {
	if !now.Before(status.NextSyncAt) || status.Running != nil && o.Wait {
		return time.Time{}
	}
	return status.NextSyncAt
}

// whyBlocked says what keeps a sync from starting.
func whyBlocked(service enrollment.Kind, status enrollment.SyncStatus) string {
	switch {
	case status.Running != nil:
		return fmt.Sprintf("A sync of the token has been running since %s, and with wait = false there is no joining it.", stamp(status.Running.StartedAt))
	case service == enrollment.Intune:
		return "Intune takes one request in 15 minutes for each token, whoever asks, itself included."
	default:
		return "Every device of the token has to be fetched anew, and that was done once less than seven days ago."
	}
}

// refusedAtPlan is the error of a plan for a sync that would be refused.
func refusedAtPlan(service enrollment.Kind, o Options, status enrollment.SyncStatus, now time.Time) error {
	until := blockedUntil(o, status, now)
	if o.OnThrottled != Error || until.IsZero() {
		return nil
	}
	return &enrollment.Error{
		Kind: enrollment.ErrThrottled, Field: "on_throttled",
		What: fmt.Sprintf("The sync may not start before %s, and on_throttled = \"error\" makes that an error. %s", stamp(until), whyBlocked(service, status)),
		Do:   fmt.Sprintf("Plan again after that time, or set on_throttled to %q or %q.", Skip, Wait),
	}
}

// foreseen is what a plan warns of: the sync may not start yet, or is not of the
// kind that is asked for.
func foreseen(service enrollment.Kind, o Options, status enrollment.SyncStatus, now time.Time) []enrollment.Warning {
	var out []enrollment.Warning
	if until := blockedUntil(o, status, now); !until.IsZero() {
		if w, ok := delayed(o, until, now); ok {
			w.Detail = whyBlocked(service, status) + " " + w.Detail
			out = append(out, w)
		}
	}
	if w, differs := foreseenKind(service, o.Kind, status); differs {
		out = append(out, w)
	}
	return out
}

// delayed says what becomes of a sync that may not start yet.
func delayed(o Options, until, now time.Time) (enrollment.Warning, bool) {
	before := "The sync may not start before " + stamp(until)
	switch {
	case o.OnThrottled == Skip:
		return enrollment.Warning{Summary: before + " and would be skipped", Detail: "Invoked before that time the action sends nothing and ends with a warning. " + ofAction.skipped}, true
	case o.OnThrottled == Wait && until.After(now.Add(o.Timeout)):
		return enrollment.Warning{
			Summary: before + " and would fail",
			Detail:  fmt.Sprintf("The timeout of %s leaves no room for waiting until then. Raise timeouts.invoke, or invoke the action later.", length(o.Timeout)),
		}, true
	case o.OnThrottled == Wait:
		return enrollment.Warning{Summary: before + " and waits for that time", Detail: fmt.Sprintf("Invoked now the action waits %s first.", length(until.Sub(now)))}, true
	default: // an error, or not known yet
		return enrollment.Warning{}, false
	}
}

func foreseenKind(service enrollment.Kind, asked enrollment.SyncKind, status enrollment.SyncStatus) (enrollment.Warning, bool) {
	if asked != enrollment.FullSync || status.FullRunsAs != enrollment.IncrementalSync {
		return enrollment.Warning{}, false // a recovery fetches everything, too
	}
	if service == enrollment.Intune {
		return enrollment.Warning{
			Summary: "Intune decides itself whether the full sync is one",
			Detail:  upperFirst(status.FullReason) + ". Intune does not tell what it did. Where nothing depends on a full sync, leave kind out.",
		}, true
	}
	return enrollment.Warning{
		Summary: "The full sync would run as an incremental one",
		Detail: fmt.Sprintf("The reason: %s. Apple allows one full sync in seven days. An incremental sync brings in what has changed since the last one.",
			status.FullReason),
	}, true
}
