package sync

import (
	"errors"
	"fmt"
	"strings"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// otherKind tells of a full sync that ran as an incremental one. The other way
// round nobody has lost anything.
func otherKind(service enrollment.Kind, asked enrollment.SyncKind, run enrollment.SyncRun) (enrollment.Warning, bool) {
	if service == enrollment.Intune {
		return undecidedKind(asked, run)
	}
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

// undecidedKind tells that nobody but Intune knows whether the full sync that was
// asked for is one.
func undecidedKind(asked enrollment.SyncKind, run enrollment.SyncRun) (enrollment.Warning, bool) {
	if asked != enrollment.FullSync || run.Kind == enrollment.FullSync {
		return enrollment.Warning{}, false
	}
	reason := run.Reason
	if reason == "" {
		reason = enrollment.IntuneDecides
	}
	return enrollment.Warning{
		Summary: "Intune was asked for a full sync and decides itself whether this is one",
		Detail:  upperFirst(reason) + ". Intune does not tell what it did. Where nothing depends on a full sync, leave kind out.",
	}, true
}

func skipped(err error) enrollment.Warning {
	return enrollment.Warning{
		Summary: "The sync was skipped: it may not run yet",
		Detail:  err.Error() + " Nothing was sent. The first plan after that time runs it, unless somebody else has. Set on_throttled to \"wait\" or \"error\" for another answer.",
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

// soFar says how far a run has come, where the service tells. Intune does not, and
// is as fast as it documents.
func soFar(run enrollment.SyncRun) string {
	if run.Pages == 0 {
		return fmt.Sprintf("The %s has not ended. It goes on without anybody waiting; Intune does about 3,000 devices a minute.", theSync(run))
	}
	return fmt.Sprintf("The %s has fetched %d pages with %d devices so far.", theSync(run), run.Pages, run.Devices)
}

// theSync names a run; of one that Intune runs the kind may not be known.
func theSync(run enrollment.SyncRun) string {
	kind := ""
	if run.Kind != "" {
		kind = string(run.Kind) + " "
	}
	if run.StartedAt.IsZero() {
		return kind + "sync"
	}
	return fmt.Sprintf("%ssync that started at %s", kind, stamp(run.StartedAt))
}

func upperFirst(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

func failed(run enrollment.SyncRun) error {
	reason := errors.New("no reason was given")
	if run.Err != "" {
		reason = errors.New(run.Err)
	}
	return &enrollment.Error{
		Kind: enrollment.ErrUnavailable, Err: reason,
		What: fmt.Sprintf("The %s failed", theSync(run)),
		Do:   "Apply again when the cause is gone; what was fetched is kept.",
	}
}
