package sync

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// sayEvery is the least time between two lines about how far a run has come: a
// large sync has hundreds of pages.
const sayEvery = 5 * time.Second

// narrator says how far a run has come, not with every page. The zero value has
// said nothing yet.
type narrator struct {
	joined bool
	saidAt time.Time
}

// lines are what there is to say about a report.
func (n *narrator) lines(service enrollment.Kind, p enrollment.SyncProgress, now time.Time) []string {
	var out []string
	if p.Joined && !n.joined {
		n.joined = true
		out = append(out, joinedLine(p))
	}
	if n.saidAt.IsZero() || now.Sub(n.saidAt) >= sayEvery {
		n.saidAt = now
		out = append(out, progressLine(service, p, now))
	}
	return out
}

func askingLine(o Options) string {
	return fmt.Sprintf("asking for %s %s sync of token %s", article(o.Kind), o.Kind, o.TokenID)
}

func article(kind enrollment.SyncKind) string {
	if kind == enrollment.IncrementalSync {
		return "an"
	}
	return "a"
}

// waitingLine says what keeps a sync from starting, how long, and until when.
func waitingLine(cause error, until, now time.Time) string {
	reason := "a sync may not start yet"
	if throttled, ok := errors.AsType[*enrollment.ThrottledError](cause); ok {
		reason = throttled.What
	}
	if running, ok := errors.AsType[*enrollment.SyncInProgressError](cause); ok {
		reason = fmt.Sprintf("a sync has been running since %s", stamp(running.Since))
	}
	return fmt.Sprintf("waiting %s, until %s: %s", length(until.Sub(now)), stamp(until), oneLine(reason))
}

// joinedLine names nobody: who runs the sync cannot be known, and it may be that of an
// upload in the same apply.
func joinedLine(p enrollment.SyncProgress) string {
	return fmt.Sprintf("joined the %s that was running already, since %s", syncOf(p.Kind), stamp(p.StartedAt))
}

// progressLine says how far a run has come. Intune does not tell: what can be
// said of it is how long it has been running, and an estimate.
func progressLine(service enrollment.Kind, p enrollment.SyncProgress, now time.Time) string {
	elapsed := now.Sub(p.StartedAt)
	left := fmt.Sprintf("%s left of its 15 minutes", length(enrollment.RunsUntil(p.StartedAt).Sub(now)))
	if service == enrollment.Intune {
		return fmt.Sprintf("the sync that started at %s has been running for %s, %s; %s", stamp(p.StartedAt), length(elapsed), left, estimate(p.Devices, elapsed))
	}
	return fmt.Sprintf("%s: %s on %s so far%s, %s", syncOf(p.Kind), count(p.Devices, "device"), count(p.Pages, "page"), rate(p.Devices, elapsed), left)
}

// rate is how many devices a minute come; empty as long as that says nothing.
func rate(devices int, elapsed time.Duration) string {
	if devices == 0 || elapsed < time.Second {
		return ""
	}
	return fmt.Sprintf(", about %s a minute", grouped(int(float64(devices)/elapsed.Minutes())))
}

// estimate is how far Intune would be by the speed that Microsoft states, if it
// fetches the devices that are known, which an incremental sync does not.
func estimate(known int, elapsed time.Duration) string {
	done := int(elapsed.Minutes() * enrollment.IntuneDevicesPerMinute)
	speed := grouped(enrollment.IntuneDevicesPerMinute) + " a minute"
	switch {
	case known <= 0:
		return "Intune tells no counts, and does about " + speed
	case done >= known:
		return fmt.Sprintf("Intune tells no counts (estimate: all %s of before, at about %s)", count(known, "device"), speed)
	default:
		return fmt.Sprintf("Intune tells no counts (estimate: %s of the %s of before, at about %s)", grouped(max(done, 0)), count(known, "device"), speed)
	}
}

func nextFullLine(nextFullAt, now time.Time) string {
	if !now.Before(nextFullAt) {
		return "a full sync may start now"
	}
	return fmt.Sprintf("the next full sync may start at %s", stamp(nextFullAt))
}

// endLine is the last line: how a run that did not fail ended, or that it has not.
func endLine(service enrollment.Kind, waited bool, run enrollment.SyncRun) string {
	switch {
	case run.State == enrollment.SyncFinished:
		return fmt.Sprintf("%s finished: %s%s", whose(run), result(service, run), took(run))
	case run.State == enrollment.SyncPaused:
		return fmt.Sprintf("%s stopped: %s on %s so far, and the next sync goes on from there", whose(run), count(run.Devices, "device"), count(run.Pages, "page"))
	case run.StartedAt.IsZero():
		return "no sync has started"
	case waited:
		return fmt.Sprintf("%s has not ended and goes on; the data source asm_sync_status says when it has", whose(run))
	case service == enrollment.Intune:
		return fmt.Sprintf("%s started at %s; the data source asm_sync_status says how it goes", whose(run), stamp(run.StartedAt))
	default:
		return fmt.Sprintf("%s started at %s; the data source asm_sync_status says how it goes. "+
			"Where it ends early, with the provider's process, the next sync goes on from there", whose(run), stamp(run.StartedAt))
	}
}

func skippedLine(until time.Time) string {
	return fmt.Sprintf("skipped: a sync may not start before %s", stamp(until))
}

func whose(run enrollment.SyncRun) string {
	if run.Joined {
		return "the " + syncOf(run.Kind) + " that was joined"
	}
	return syncOf(run.Kind)
}

// result is what a run brought in, as far as the service tells.
func result(service enrollment.Kind, run enrollment.SyncRun) string {
	if service == enrollment.Intune {
		return "the token has " + count(run.Devices, "device") + ", and Intune does not tell which are new"
	}
	return fmt.Sprintf("%s, %s added, %s removed, %s got their default or pending profile",
		count(run.Devices, "device"), grouped(run.Added), grouped(run.Removed), grouped(run.Assigned))
}

func took(run enrollment.SyncRun) string {
	if run.StartedAt.IsZero() || run.FinishedAt.Before(run.StartedAt) {
		return ""
	}
	return ", took " + length(run.FinishedAt.Sub(run.StartedAt))
}

func syncOf(kind enrollment.SyncKind) string { return strings.TrimSpace(string(kind) + " sync") }

// length is a time in whole seconds, at least none.
func length(d time.Duration) string { return max(d, 0).Round(time.Second).String() }

// count is a number of things, in English.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return grouped(n) + " " + thing + "s"
}

// grouped writes 12000 as "12,000".
func grouped(n int) string { return message.NewPrinter(language.English).Sprint(n) }

// oneLine keeps a message on one line: the command line tool puts the name of
// the action before the first one only.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
