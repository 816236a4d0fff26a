package sync

import (
	"errors"
	"fmt"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// otherKind tells of a full sync that ran as an incremental one. The other way
// round nobody has lost anything.
func otherKind(asked enrollment.SyncKind, run enrollment.SyncRun) (enrollment.Warning, bool) {
	if asked != enrollment.FullSync || run.Kind != enrollment.IncrementalSync {
		return enrollment.Warning{}, false
	}
	reason := run.Reason
	if reason == "" && run.Joined {
		reason = "an incremental sync was running already and was joined"
	}
	detail := "Apple allows one full sync in seven days."
	if reason != "" {
		detail = fmt.Sprintf("The reason: %s. %s", reason, detail)
	}
	return enrollment.Warning{
		Summary: "The full sync ran as an incremental one",
		Detail:  detail + " An incremental sync brings in what has changed since the last one.",
	}, true
}

func skipped(err error) enrollment.Warning {
	return enrollment.Warning{
		Summary: "The sync was skipped: it may not run yet",
		Detail:  err.Error() + " Nothing was asked of Apple. The first plan after that time runs it, unless somebody else has. Set on_throttled to \"wait\" or \"error\" for another answer.",
	}
}

func stillRunning(run enrollment.SyncRun) enrollment.Warning {
	if run.StartedAt.IsZero() {
		return enrollment.Warning{
			Summary: "The sync did not start in time and is run next time",
			Detail:  "The time for waiting was up, or the waiting was interrupted, before the service said that a sync had started. The next plan runs it, unless somebody else has.",
		}
	}
	return enrollment.Warning{
		Summary: "The sync is still running and goes on next time",
		Detail:  soFar(run) + " What it brought in is kept. The next plan goes on with it, unless it has ended well by then.",
	}
}

func paused(run enrollment.SyncRun) enrollment.Warning {
	return enrollment.Warning{
		Summary: "The sync paused after its 15 minutes and goes on next time",
		Detail:  soFar(run) + " What it brought in is kept. The next apply goes on from the page where it stopped.",
	}
}

func soFar(run enrollment.SyncRun) string {
	return fmt.Sprintf("The %s sync that started at %s has fetched %d pages with %d devices so far.", run.Kind, stamp(run.StartedAt), run.Pages, run.Devices)
}

func failed(run enrollment.SyncRun) error {
	reason := errors.New("no reason was given")
	if run.Err != "" {
		reason = errors.New(run.Err)
	}
	return &enrollment.Error{
		Kind: enrollment.ErrUnavailable, Err: reason,
		What: fmt.Sprintf("The %s sync that started at %s failed", run.Kind, stamp(run.StartedAt)),
		Do:   "Apply again when the cause is gone; what was fetched is kept.",
	}
}
