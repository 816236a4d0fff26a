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

// sequel says what comes of a sync that has not ended well.
type sequel struct{ skipped, unstarted, running, paused string }

var (
	// A resource keeps it in its state, and a later plan sees to it.
	ofResource = sequel{
		skipped:   "The first plan after that time runs it, unless somebody else has.",
		unstarted: "The next plan runs it, unless somebody else has.",
		running:   "The next plan goes on with it, unless it has ended well by then.",
		paused:    "The next apply goes on from the page where it stopped.",
	}
	// An action keeps nothing.
	ofAction = sequel{
		skipped:   "Nothing runs it later by itself: invoke the action again after that time, or leave it to the resource asm_device_sync with max_age.",
		unstarted: "Nothing runs it later by itself: invoke the action again.",
		running:   "The data source asm_sync_status says when it has ended.",
		paused:    "The next sync, whoever asks for it, goes on from the page where it stopped.",
	}
)

func skipped(err error, next sequel) enrollment.Warning {
	return enrollment.Warning{
		Summary: "The sync was skipped: it may not run yet",
		Detail:  err.Error() + " Nothing was sent. " + next.skipped + " Set on_throttled to \"wait\" or \"error\" for another answer.",
	}
}

func stillRunning(service enrollment.Kind, run enrollment.SyncRun, next sequel) enrollment.Warning {
	if run.StartedAt.IsZero() {
		return enrollment.Warning{
			Summary: "The sync did not start in time and is run next time",
			Detail:  "The time for waiting was up, or the waiting was interrupted, before the service said that a sync had started. " + next.unstarted,
		}
	}
	return enrollment.Warning{
		Summary: "The sync is still running and goes on next time",
		Detail:  soFar(service, run) + " What it brought in is kept. " + next.running,
	}
}

func paused(service enrollment.Kind, run enrollment.SyncRun, next sequel) enrollment.Warning {
	return enrollment.Warning{
		Summary: "The sync paused after its 15 minutes and goes on next time",
		Detail:  soFar(service, run) + " What it brought in is kept. " + next.paused,
	}
}

// stopped is a sync that ended before its 15 minutes, because nobody waits for it
// any longer.
func stopped(service enrollment.Kind, run enrollment.SyncRun, next sequel) enrollment.Warning {
	return enrollment.Warning{
		Summary: "The sync was stopped and goes on next time",
		Detail:  "The time for waiting was up, or the waiting was interrupted. " + soFar(service, run) + " What it brought in is kept. " + next.paused,
	}
}

// interrupted is the error of an action that was interrupted: one that ended as if
// all was well would have a pipeline go on without the devices.
func interrupted(service enrollment.Kind, run enrollment.SyncRun) error {
	e := &enrollment.Error{Kind: enrollment.ErrUnavailable, What: "It was interrupted"}
	switch {
	case run.StartedAt.IsZero():
		e.Do = "The service had not said yet that a sync had started. If one has, the next sync joins it or goes on with it."
	case run.State == enrollment.SyncPaused:
		e.Do = soFar(service, run) + " What it brought in is kept. " + ofAction.paused
	default:
		e.Do = soFar(service, run) + " " + ofAction.running
	}
	return e
}

// soFar says how far a run has come, where the service tells. Intune does not, and
// is as fast as it documents.
func soFar(service enrollment.Kind, run enrollment.SyncRun) string {
	switch {
	case run.Pages > 0:
		return fmt.Sprintf("The %s has fetched %d pages with %d devices so far.", theSync(run), run.Pages, run.Devices)
	case run.State == enrollment.SyncPaused:
		return fmt.Sprintf("The %s has fetched nothing yet.", theSync(run))
	case service == enrollment.Intune:
		return fmt.Sprintf("The %s has not ended. It goes on without anybody waiting; Intune does about 3,000 devices a minute.", theSync(run))
	default:
		return fmt.Sprintf("The %s has not ended.", theSync(run))
	}
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

// told writes warnings as sentences.
func told(warnings []enrollment.Warning) string {
	var out []string
	for _, w := range warnings {
		out = append(out, strings.TrimSpace(w.Summary+". "+w.Detail))
	}
	return strings.Join(out, " ")
}

// blamed is the attribute that an error is to be shown at; "" for none.
func blamed(err error) string {
	if known, ok := errors.AsType[*enrollment.Error](err); ok && known.Field != "" {
		return known.Field
	}
	if errors.Is(err, enrollment.ErrNotFound) || errors.Is(err, enrollment.ErrNoServerToken) {
		return "token_id"
	}
	return ""
}
