package embedded

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/apple"
	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded/store"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// runner is one run of a sync.
type runner struct {
	*Service
	session  *apple.Session
	token    store.Token
	run      enrollment.SyncRun
	resume   bool
	progress func(enrollment.SyncProgress)
	handle   *runHandle

	state store.SyncState
	// cutShort: the fetch ended because Apple repeated a cursor.
	cutShort bool
	// gone is when devices were deleted in this run: an older record of them that comes later is void.
	gone map[string]time.Time
}

// errLeaseLost: another run has the token by now.
var errLeaseLost = &enrollment.Error{
	Kind: enrollment.ErrSyncInProgress, What: "The sync took more than 15 minutes and another one has begun", Do: "What was read is kept; the other sync goes on from there.",
}

// defaultPageLimit is asked for where the account names no limit (Apple: FetchDeviceRequest, the maximum).
const defaultPageLimit = 1000

func (r *runner) deadline() time.Time { return enrollment.RunsUntil(r.run.StartedAt) }

// work fetches if that is what the run is, then asks for the changes since, to the end, and then gives new devices
// their profiles. A cursor that Apple refuses leads to a recovery, if one is allowed.
func (r *runner) work(ctx context.Context) error {
	if err := r.recover(ctx, r.session, r.token); err != nil {
		return err
	}
	err := r.store.Read(ctx, func(q *store.Queries) (err error) {
		r.state, err = q.SyncState(ctx, r.token.ID)
		return err
	})
	if err != nil {
		return err
	}
	err = r.chains(ctx)
	if reason := refusedCursor(err); reason != "" {
		if err = r.startOver(ctx, reason); err == nil {
			err = r.chains(ctx)
		}
	}
	if err != nil {
		return err
	}
	return r.settle(ctx)
}

// chains runs the chain of a fetch, if there is to be one, and the chain of changes.
func (r *runner) chains(ctx context.Context) error {
	r.gone = map[string]time.Time{}
	if r.run.Kind != enrollment.IncrementalSync {
		if err := r.fetch(ctx); err != nil {
			return err
		}
	}
	err := r.chain(ctx, r.session.Sync(ctx, r.state.Cursor, r.limit()), false)
	if r.cutShort && refusedCursor(err) != "" {
		// The cursor is one of a fetch that is not over for Apple: the next run goes on with the fetch.
		r.state.Unfinished = r.run.Kind
		return r.saveState(ctx)
	}
	return err
}

// fetch reads every device of the server.
func (r *runner) fetch(ctx context.Context) error {
	if !r.resume {
		if err := r.beginFetch(ctx); err != nil {
			return err
		}
	}
	err := r.chain(ctx, r.session.Fetch(ctx, r.state.Cursor, r.limit()), true)
	if r.resume && errors.Is(err, apple.ErrExhaustedCursor) {
		// Its last page was stored and its end was not: it is complete.
		return r.store.Write(ctx, func(tx *store.Tx) error { return r.endFetch(ctx, tx, true) })
	}
	return err
}

// beginFetch counts the fetch as begun before its first request is sent: one that dies at once counts, too.
func (r *runner) beginFetch(ctx context.Context) error {
	now := r.now()
	r.state.Unfinished, r.state.Cursor, r.state.Forced = r.run.Kind, "", ""
	r.state.Generation++
	if r.run.Kind == enrollment.RecoverySync {
		r.state.RecoveryAt = now
	} else {
		r.state.FullAt = now
	}
	return r.saveState(ctx)
}

func (r *runner) saveState(ctx context.Context) error {
	return r.store.Write(ctx, func(tx *store.Tx) error {
		if held, err := tx.HoldLease(ctx, r.token.ID, r.run.ID); err != nil || !held {
			return errors.Join(err, lostUnless(held))
		}
		if err := tx.SetSyncState(ctx, r.token.ID, r.state); err != nil {
			return err
		}
		return tx.SaveRun(ctx, r.run)
	})
}

func lostUnless(held bool) error {
	if held {
		return nil
	}
	return errLeaseLost
}

// refusedCursor gives the reason for a recovery when Apple refused the cursor, else "".
func refusedCursor(err error) string {
	switch {
	case errors.Is(err, apple.ErrExpiredCursor):
		return "Apple no longer takes the cursor of the last sync: it is older than 7 days"
	case errors.Is(err, apple.ErrInvalidCursor), errors.Is(err, apple.ErrExhaustedCursor), errors.Is(err, apple.ErrCursorRequired):
		return "Apple refused the cursor of the last sync"
	}
	return ""
}

// startOver forces a recovery, which the traffic rules may forbid for now; that it is needed stays on record.
func (r *runner) startOver(ctx context.Context, reason string) error {
	r.state.Forced, r.state.Unfinished, r.state.Cursor = reason, "", ""
	if err := r.saveState(ctx); err != nil {
		return err
	}
	decision, err := enrollment.DecideSync(enrollment.Embedded, historyOf(r.state), r.run.Asked, false, r.token.ID, r.now())
	if err != nil {
		return err
	}
	r.run.Kind, r.run.Reason, r.resume = decision.Kind, decision.Reason, false
	return nil
}

func (r *runner) limit() int {
	if r.token.PageLimit > 0 {
		return r.token.PageLimit
	}
	return defaultPageLimit
}

// chain stores the pages of a fetch or of a chain of changes, together with the cursor. Apple's next pages are read
// meanwhile.
func (r *runner) chain(ctx context.Context, pages iter.Seq2[apple.Page, error], fetching bool) error {
	ctx, cancel := context.WithCancel(ctx)
	arrivals := r.collect(ctx, pages)
	defer func() {
		cancel()
		for range arrivals { // until the collector has seen that nobody listens
		}
	}()
	for {
		batch, err := waiting(arrivals, r.pagesAhead)
		if len(batch) > 0 {
			if err := r.storePages(ctx, batch, fetching); err != nil {
				return err
			}
			r.report()
		}
		switch more := len(batch) > 0 && batch[len(batch)-1].page.MoreToFollow; {
		case errors.Is(err, apple.ErrRepeatedCursor):
			return r.endRepeated(ctx, fetching)
		case err != nil:
			return err
		case len(batch) == 0:
			return context.Cause(ctx)
		case !r.now().Before(r.deadline()) && (more || fetching):
			return errTimeUp
		}
	}
}

// endRepeated ends a chain in which Apple gave a cursor for the second time, as it is known to do: asking on would never
// end. A fetch that ends so may not have seen all devices, so none is taken for gone.
func (r *runner) endRepeated(ctx context.Context, fetching bool) error {
	r.run.Warnings = append(r.run.Warnings, enrollment.Warning{
		Summary: "Apple repeated a page",
		Detail:  "Apple's service announced more devices and gave the same cursor again. The sync was ended there; devices that are missing come with a later one.",
	})
	if !fetching {
		return nil
	}
	r.cutShort = true
	return r.store.Write(ctx, func(tx *store.Tx) error { return r.endFetch(ctx, tx, false) })
}

// endFetch records that a fetch is over, and takes the devices that it did not see for gone if it saw all.
func (r *runner) endFetch(ctx context.Context, tx *store.Tx, complete bool) error {
	state := r.state
	state.Unfinished = ""
	if err := tx.SetSyncState(ctx, r.token.ID, state); err != nil {
		return err
	}
	r.state = state
	if !complete || state.Generation == 1 { // before the first fetch there was nothing to go
		return nil
	}
	removed, unwished, err := tx.DropUnseen(ctx, r.token.ID, r.state.Generation)
	r.run.Removed += removed
	r.warnGone(unwished)
	return err
}

// storePages stores pages and the cursor of the last in one transaction.
func (r *runner) storePages(ctx context.Context, batch []arrival, fetching bool) error {
	run, state, now := r.run, r.state, r.now()
	return r.store.Write(ctx, func(tx *store.Tx) error {
		r.run, r.state = run, state // a transaction may be tried again
		r.run.Warnings = slices.Clone(run.Warnings)
		if held, err := tx.HoldLease(ctx, r.token.ID, r.run.ID); err != nil || !held {
			return errors.Join(err, lostUnless(held))
		}
		defaults, err := tx.Defaults(ctx, r.token.ID)
		if err != nil {
			return err
		}
		for _, a := range batch {
			if err := r.storePage(ctx, tx, a, defaults, now); err != nil {
				return err
			}
		}
		last := batch[len(batch)-1].page
		r.state.Cursor = last.Cursor
		if fetching && !last.MoreToFollow {
			if err := r.endFetch(ctx, tx, true); err != nil {
				return err
			}
		} else if err := tx.SetSyncState(ctx, r.token.ID, r.state); err != nil {
			return err
		}
		return tx.SaveRun(ctx, r.run)
	})
}

func (r *runner) storePage(ctx context.Context, tx *store.Tx, a arrival, defaults []store.Default, now time.Time) error {
	seen, gone := r.sortPage(a.page.Devices)
	added, err := tx.SeeDevices(ctx, r.token.ID, markNew(seen, defaults, now), a.requestedAt)
	if err != nil {
		return err
	}
	removed, unwished, err := tx.DropDevices(ctx, r.token.ID, gone)
	if err != nil {
		return err
	}
	r.run.Pages++
	r.run.Devices += len(a.page.Devices)
	r.run.Added += added
	r.run.Removed += removed
	r.warnGone(unwished)
	return nil
}

// markNew marks the devices that may get a default profile as new. The rest has nothing to wait for, and need not be
// looked at again after the sync.
func markNew(devices []store.Device, defaults []store.Default, now time.Time) []store.Device {
	for i := range devices {
		d := &devices[i]
		d.FreshAt = time.Time{}
		if d.AppleUUID == "" && slices.ContainsFunc(defaults, func(p store.Default) bool { return p.Platform == enrollment.PlatformOf(d.Family) }) {
			d.FreshAt = now
		}
	}
	return devices
}

// sortPage gives the devices of a page that are on the server and the serial numbers of those that left it. Of several
// records of one device the latest counts.
func (r *runner) sortPage(devices []apple.Device) (seen []store.Device, gone []string) {
	latest := make(map[string]int, len(devices)) // where in devices
	for i := range devices {
		d := &devices[i]
		serial, ok := enrollment.NormalSerial(d.SerialNumber)
		if !ok {
			continue // nothing could name it
		}
		d.SerialNumber = serial
		if before, twice := latest[serial]; !twice || !d.OpDate.Before(devices[before].OpDate) {
			latest[serial] = i
		}
	}
	seen = make([]store.Device, 0, len(latest))
	for serial, i := range latest {
		d := devices[i]
		left, hasLeft := r.gone[serial]
		switch {
		case d.OpType == apple.OpDeleted:
			gone = append(gone, serial)
			r.gone[serial] = d.OpDate
		case hasLeft && d.OpDate.Before(left):
		default:
			row := deviceRow(d)
			row.Generation = r.state.Generation
			seen = append(seen, row)
		}
	}
	return seen, gone
}

// warnGone says which devices left although something was pending for them.
func (r *runner) warnGone(serials []string) {
	if len(serials) == 0 {
		return
	}
	r.run.Warnings = append(r.run.Warnings, enrollment.Warning{
		Summary: fmt.Sprintf("%d devices left the token before they got their profile", len(serials)),
		Detail:  "They are no longer assigned to its MDM server in Apple School Manager, and what was pending for them is dropped: " + first100(serials),
	})
}

func first100(serials []string) string {
	const most = 100
	if len(serials) <= most {
		return strings.Join(serials, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(serials[:most], ", "), len(serials)-most)
}

func (r *runner) report() {
	p := enrollment.SyncProgress{Kind: r.run.Kind, StartedAt: r.run.StartedAt, Pages: r.run.Pages, Devices: r.run.Devices}
	if r.progress != nil {
		r.progress(p)
	}
	r.handle.tell(p)
}
