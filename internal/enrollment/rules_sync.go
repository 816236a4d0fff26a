package enrollment

import (
	"fmt"
	"time"
)

// Apple's traffic rules, as Microsoft states them for Apple School Manager.
const (
	// FullSyncInterval is the least time between two full syncs of a token, and
	// between two recoveries.
	FullSyncInterval = 7 * 24 * time.Hour
	// SyncDeadline is the time that a sync has to finish.
	SyncDeadline = 15 * time.Minute
	// ManualSyncInterval is the least time between two syncs that Intune is
	// asked for.
	ManualSyncInterval = 15 * time.Minute
	// IntuneDevicesPerMinute is how fast Intune fetches, as Microsoft states it.
	IntuneDevicesPerMinute = 3000
)

// SyncHistory is what the sync rules need to know of a token.
type SyncHistory struct {
	// FullAt and RecoveryAt are when the last full fetch and the last recovery
	// were started; zero is never.
	FullAt     time.Time
	RecoveryAt time.Time
	// Unfinished is the kind of a fetch that was stopped in the middle and has a
	// stored page to go on from; empty when there is none.
	Unfinished SyncKind
	// Forced says why the next sync has to fetch everything anew although no
	// full one is due; empty when nothing forces it.
	Forced string
	// HasCursor: there is a cursor that an incremental sync can start from
	// (Intune: a sync has ended well before).
	HasCursor bool
	// RunningSince is the start of the run that holds the token, and RunningKind
	// its kind; zero when none does.
	RunningSince time.Time
	RunningKind  SyncKind
	// AskedAt is when a sync was last asked for (Intune).
	AskedAt time.Time
	// UploadedAt is when this apply uploaded a server token, zero when it did
	// not, and FinishedAt when the last good run ended.
	UploadedAt time.Time
	FinishedAt time.Time
}

// SyncDecision is what may be done about a sync that somebody asks for.
type SyncDecision struct {
	// Join: somebody's run answers the question; nothing is started. The run
	// may still be under way.
	Join bool
	// Kind is what to run, and Resume whether it goes on from a stored page.
	Kind   SyncKind
	Resume bool
	// Reason says why Kind is not the kind that was asked for.
	Reason string
}

// RunsUntil is when a run that began at since has to be over.
func RunsUntil(since time.Time) time.Time { return since.Add(SyncDeadline) }

// DecideSync applies the traffic rules. The error is a *ThrottledError or a
// *SyncInProgressError. A caller that can wait for a run under way sets
// canJoin. token is how messages name it.
func DecideSync(kind Kind, h SyncHistory, asked SyncKind, canJoin bool, token string, now time.Time) (SyncDecision, error) {
	if running := !h.RunningSince.IsZero() && now.Before(RunsUntil(h.RunningSince)); running {
		if canJoin {
			return SyncDecision{Join: true, Kind: h.RunningKind}, nil
		}
		return SyncDecision{}, &SyncInProgressError{TokenID: token, Since: h.RunningSince, Until: RunsUntil(h.RunningSince)}
	}
	if !h.UploadedAt.IsZero() && !h.FinishedAt.Before(h.UploadedAt) {
		return SyncDecision{Join: true}, nil
	}
	if next := h.AskedAt.Add(ManualSyncInterval); kind == Intune && !h.AskedAt.IsZero() && now.Before(next) {
		return SyncDecision{}, &ThrottledError{What: fmt.Sprintf("Token %s was synced less than 15 minutes ago", token), Until: next}
	}
	if kind == Intune {
		return decideIntune(h, asked), nil
	}
	return decideKind(h, asked, token, now)
}

// IntuneDecides is why a full sync that Intune was asked for counts as an
// incremental one.
const IntuneDecides = "Microsoft Graph has one request for a sync, and Intune itself decides whether it fetches everything, which it does at most once in seven days"

// decideIntune is the case of a service that has one request for both kinds.
// Only the first sync of a token is known to fetch everything.
func decideIntune(h SyncHistory, asked SyncKind) SyncDecision {
	if !h.HasCursor {
		return decideFirstEver(asked)
	}
	d := SyncDecision{Kind: IncrementalSync}
	if asked == FullSync {
		d.Reason = IntuneDecides
	}
	return d
}

func decideKind(h SyncHistory, asked SyncKind, token string, now time.Time) (SyncDecision, error) {
	switch {
	case h.Unfinished != "":
		d := SyncDecision{Kind: h.Unfinished, Resume: true}
		if asked != h.Unfinished {
			d.Reason = fmt.Sprintf("a %s sync was stopped in the middle and goes on from its last page", h.Unfinished)
		}
		return d, nil
	case h.Forced != "":
		if next := h.RecoveryAt.Add(FullSyncInterval); !h.RecoveryAt.IsZero() && now.Before(next) {
			return SyncDecision{}, &ThrottledError{
				What:  fmt.Sprintf("Token %s needs every device fetched anew (%s), and that was done once less than seven days ago", token, h.Forced),
				Until: next,
			}
		}
		return SyncDecision{Kind: RecoverySync, Reason: h.Forced}, nil
	case !h.HasCursor:
		return decideFirst(h, asked, token, now)
	case asked == FullSync && !NextFullAt(h, now).IsZero():
		next := NextFullAt(h, now)
		return SyncDecision{
			Kind: IncrementalSync,
			Reason: fmt.Sprintf("every device was fetched anew at %s and the next full sync may start at %s",
				next.Add(-FullSyncInterval).UTC().Format(time.RFC3339), next.UTC().Format(time.RFC3339)),
		}, nil
	default:
		return SyncDecision{Kind: asked}, nil
	}
}

// decideFirst is the case without a cursor: nothing but a fetch of everything
// helps, whatever was asked for.
func decideFirst(h SyncHistory, asked SyncKind, token string, now time.Time) (SyncDecision, error) {
	if next := h.FullAt.Add(FullSyncInterval); !h.FullAt.IsZero() && now.Before(next) {
		h.Forced = "the last full sync left nothing to go on from"
		return decideKind(h, asked, token, now)
	}
	return decideFirstEver(asked), nil
}

func decideFirstEver(asked SyncKind) SyncDecision {
	d := SyncDecision{Kind: FullSync}
	if asked == IncrementalSync {
		d.Reason = "the token has never been synced, so there is nothing to go on from"
	}
	return d
}

// RunsAs is what a sync that is asked for is run as once nothing keeps it from
// starting any more; the zero value where Apple's rules forbid it whoever waits.
func RunsAs(kind Kind, h SyncHistory, asked SyncKind, now time.Time) SyncDecision {
	h.RunningSince, h.AskedAt, h.UploadedAt = time.Time{}, time.Time{}, time.Time{}
	decision, err := DecideSync(kind, h, asked, false, "", now)
	if err != nil {
		return SyncDecision{}
	}
	return decision
}

// NextFullAt is when a full sync may start; the zero time is now. A recovery has
// fetched everything too, and Apple sees no difference, so that a full sync that
// nobody needs keeps its distance from both, also while a recovery is to go on or
// to be allowed. Where nothing at all is left to go on from, somebody needs it.
func NextFullAt(h SyncHistory, now time.Time) time.Time {
	last := h.FullAt
	if nothing := !h.HasCursor && h.Unfinished == "" && h.Forced == ""; !nothing && h.RecoveryAt.After(last) {
		last = h.RecoveryAt
	}
	if next := last.Add(FullSyncInterval); !last.IsZero() && now.Before(next) {
		return next
	}
	return time.Time{}
}

// NextSyncAt is when any sync may start; the zero time is now.
func NextSyncAt(kind Kind, h SyncHistory, now time.Time) time.Time {
	var next time.Time
	if until := RunsUntil(h.RunningSince); !h.RunningSince.IsZero() && now.Before(until) {
		next = until
	}
	if until := h.AskedAt.Add(ManualSyncInterval); kind == Intune && !h.AskedAt.IsZero() && now.Before(until) && until.After(next) {
		next = until
	}
	// Intune forces nothing that can be seen.
	if until := nextForced(h); kind != Intune && now.Before(until) && until.After(next) {
		next = until
	}
	return next
}

// nextForced is when everything may be fetched anew where nothing else helps;
// the zero time where something does.
func nextForced(h SyncHistory) time.Time {
	lost := !h.HasCursor && !h.FullAt.IsZero()
	if h.Unfinished != "" || h.RecoveryAt.IsZero() || (h.Forced == "" && !lost) {
		return time.Time{}
	}
	next := h.RecoveryAt.Add(FullSyncInterval)
	if full := h.FullAt.Add(FullSyncInterval); h.Forced == "" && full.Before(next) {
		return full // then a full sync may start, which needs no recovery
	}
	return next
}

// SyncDue tells whether a sync that is kept fresh by max_age has to be redone.
func SyncDue(lastGood time.Time, maxAge time.Duration, now time.Time) bool {
	return lastGood.IsZero() || (maxAge > 0 && now.Sub(lastGood) >= maxAge)
}

// FreshView is how old the last sync may be for its silence about a serial
// number to count as "the token does not have it".
const FreshView = 24 * time.Hour

// IsFresh tells whether a view of the devices is recent enough to say that a
// device is missing.
func IsFresh(lastSynced, now time.Time) bool {
	return !lastSynced.IsZero() && now.Sub(lastSynced) < FreshView
}
