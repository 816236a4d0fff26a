package store

import (
	"context"
	"errors"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// SyncState is how far the syncs of a token have come.
type SyncState struct {
	// Unfinished is the kind of a fetch that was begun and not ended; Cursor is then where it goes on.
	Unfinished enrollment.SyncKind
	// Cursor is where the next request begins: empty is the beginning of a fetch.
	Cursor string
	// Generation numbers the fetches.
	Generation int64
	// FullAt and RecoveryAt are when the last ones were begun.
	FullAt     time.Time
	RecoveryAt time.Time
	// Forced says why everything has to be fetched anew; empty when nothing forces it.
	Forced string
}

// SyncState reads how far the syncs of a token have come; the zero value where there was none.
func (q *Queries) SyncState(ctx context.Context, tokenID string) (SyncState, error) {
	var s SyncState
	const query = "SELECT unfinished, page_cursor, generation, full_at, recovery_at, forced FROM sync_states WHERE token_id = ?"
	err := q.one(ctx, query, []any{tokenID}, func(row scanner) error {
		return row.Scan(&s.Unfinished, &s.Cursor, &s.Generation, timeColumn{&s.FullAt}, timeColumn{&s.RecoveryAt}, &s.Forced)
	})
	if errors.Is(err, errNoRow) {
		err = nil
	}
	return s, err
}

// SetSyncState writes how far the syncs of a token have come.
func (tx *Tx) SetSyncState(ctx context.Context, tokenID string, s SyncState) error {
	_, err := tx.exec(ctx, `INSERT INTO sync_states (token_id, unfinished, page_cursor, generation, full_at, recovery_at, forced)
		VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (token_id) DO UPDATE SET unfinished = excluded.unfinished,
		page_cursor = excluded.page_cursor, generation = excluded.generation, full_at = excluded.full_at,
		recovery_at = excluded.recovery_at, forced = excluded.forced`,
		tokenID, string(s.Unfinished), s.Cursor, s.Generation, nanos(s.FullAt), nanos(s.RecoveryAt), s.Forced)
	return err
}

// Lease is the right of one run to sync a token.
type Lease struct {
	RunID     string
	Owner     string
	StartedAt time.Time
}

// Lease reads who syncs a token; the zero value where nobody does.
func (q *Queries) Lease(ctx context.Context, tokenID string) (Lease, error) {
	var l Lease
	err := q.one(ctx, "SELECT run_id, owner, started_at FROM leases WHERE token_id = ?", []any{tokenID}, func(row scanner) error {
		return row.Scan(&l.RunID, &l.Owner, timeColumn{&l.StartedAt})
	})
	if errors.Is(err, errNoRow) {
		err = nil
	}
	return l, err
}

// TakeLease takes the lease of a token, in place of the one that the caller saw, and tells whether it got it: another
// may have been quicker.
func (tx *Tx) TakeLease(ctx context.Context, tokenID string, seen, mine Lease) (bool, error) {
	if seen.RunID == "" {
		n, err := tx.exec(ctx, "INSERT INTO leases (token_id, run_id, owner, started_at) VALUES (?, ?, ?, ?) ON CONFLICT (token_id) DO NOTHING",
			tokenID, mine.RunID, mine.Owner, nanos(mine.StartedAt))
		return n == 1, err
	}
	n, err := tx.exec(ctx, "UPDATE leases SET run_id = ?, owner = ?, started_at = ? WHERE token_id = ? AND run_id = ?",
		mine.RunID, mine.Owner, nanos(mine.StartedAt), tokenID, seen.RunID)
	return n == 1, err
}

// HoldLease tells whether a run still has the lease, and keeps others from taking it until the transaction ends.
func (tx *Tx) HoldLease(ctx context.Context, tokenID, runID string) (bool, error) {
	n, err := tx.exec(ctx, "UPDATE leases SET run_id = run_id WHERE token_id = ? AND run_id = ?", tokenID, runID)
	return n == 1, err
}

// ReleaseLease gives a lease back, unless somebody else has it by now.
func (tx *Tx) ReleaseLease(ctx context.Context, tokenID, runID string) error {
	_, err := tx.exec(ctx, "DELETE FROM leases WHERE token_id = ? AND run_id = ?", tokenID, runID)
	return err
}

const runColumns = `id, token_id, asked, kind, state, started_at, finished_at, pages, devices, added, removed, assigned, reason, err, warnings`

// keptRuns is how many runs of a token are remembered.
const keptRuns = 100

// SaveRun writes a run, new or not.
func (tx *Tx) SaveRun(ctx context.Context, r enrollment.SyncRun) error {
	warnings, err := toJSON(r.Warnings)
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, "INSERT INTO sync_runs ("+runColumns+") VALUES "+marks(1, 15)+` ON CONFLICT (id) DO UPDATE SET kind = excluded.kind,
		state = excluded.state, finished_at = excluded.finished_at, pages = excluded.pages, devices = excluded.devices,
		added = excluded.added, removed = excluded.removed, assigned = excluded.assigned, reason = excluded.reason, err = excluded.err,
		warnings = excluded.warnings`,
		r.ID, r.TokenID, string(r.Asked), string(r.Kind), string(r.State), nanos(r.StartedAt), nanos(r.FinishedAt), r.Pages, r.Devices,
		r.Added, r.Removed, r.Assigned, r.Reason, r.Err, warnings)
	return err
}

// ForgetRuns forgets the oldest runs of a token, and ends those that a dead process left running.
func (tx *Tx) ForgetRuns(ctx context.Context, tokenID, why string, now time.Time) error {
	_, err := tx.exec(ctx, "UPDATE sync_runs SET state = 'failed', err = ?, finished_at = ? WHERE token_id = ? AND state = 'running'", why, nanos(now), tokenID)
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, `DELETE FROM sync_runs WHERE token_id = ? AND id NOT IN
		(SELECT id FROM sync_runs WHERE token_id = ? ORDER BY started_at DESC, id LIMIT ?)`, tokenID, tokenID, keptRuns)
	return err
}

// Run reads a run; ErrNotFound when there is none.
func (q *Queries) Run(ctx context.Context, id string) (enrollment.SyncRun, error) {
	runs, err := q.runs(ctx, "id = ?", id)
	if err == nil && len(runs) == 0 {
		return enrollment.SyncRun{}, enrollment.NotFound("sync", id)
	}
	if err != nil {
		return enrollment.SyncRun{}, err
	}
	return runs[0], nil
}

// LastRun reads the last run of a token that ended, of those that ended well if good; nil where there is none.
func (q *Queries) LastRun(ctx context.Context, tokenID string, good bool) (*enrollment.SyncRun, error) {
	where := "token_id = ? AND state <> 'running' ORDER BY finished_at DESC, started_at DESC LIMIT 1"
	if good {
		where = "token_id = ? AND state = 'finished' ORDER BY finished_at DESC, started_at DESC LIMIT 1"
	}
	runs, err := q.runs(ctx, where, tokenID)
	if err != nil || len(runs) == 0 {
		return nil, err
	}
	return &runs[0], nil
}

func (q *Queries) runs(ctx context.Context, where string, args ...any) ([]enrollment.SyncRun, error) {
	var out []enrollment.SyncRun
	err := q.each(ctx, "SELECT "+runColumns+" FROM sync_runs WHERE "+where, args, func(row scanner) error {
		var r enrollment.SyncRun
		err := row.Scan(&r.ID, &r.TokenID, &r.Asked, &r.Kind, &r.State, timeColumn{&r.StartedAt}, timeColumn{&r.FinishedAt},
			&r.Pages, &r.Devices, &r.Added, &r.Removed, &r.Assigned, &r.Reason, &r.Err, jsonColumn{&r.Warnings})
		out = append(out, r)
		return err
	})
	return out, err
}
