package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// Wish is a profile that a device is to get as soon as it can: when it comes to the token, or after Apple's cooldown. A
// device has one at most.
type Wish struct {
	SerialNumber string
	ProfileID    string
	Holder       string
	// TakeOver is from which profiles the device may be taken when the time has come.
	TakeOver enrollment.TakeOver
	// OnlyFrom, when set, is the one profile that it may be taken from.
	OnlyFrom string
	MadeAt   time.Time
}

// condition is what a wish keeps as JSON.
type condition struct {
	Any        bool     `json:"any,omitempty"`
	ProfileIDs []string `json:"profile_ids,omitempty"`
	OnlyFrom   string   `json:"only_from,omitempty"`
}

// Wishes gives at most limit wishes of a token for devices that are there, by serial number.
func (q *Queries) Wishes(ctx context.Context, tokenID, after string, limit int) ([]Wish, error) {
	return q.wishes(ctx, ` AND EXISTS (SELECT 1 FROM devices d WHERE d.token_id = wishes.token_id AND d.serial_number = wishes.serial_number)
		AND serial_number > ? ORDER BY serial_number LIMIT ?`, tokenID, after, limit)
}

// AllWishes gives at most limit wishes of a token, by serial number.
func (q *Queries) AllWishes(ctx context.Context, tokenID, after string, limit int) ([]Wish, error) {
	return q.wishes(ctx, " AND serial_number > ? ORDER BY serial_number LIMIT ?", tokenID, after, limit)
}

func (q *Queries) wishes(ctx context.Context, where string, args ...any) ([]Wish, error) {
	var out []Wish
	query := "SELECT serial_number, profile_id, holder, take_over, made_at FROM wishes WHERE token_id = ?" + where
	err := q.each(ctx, query, args, func(row scanner) error {
		var w Wish
		var c condition
		err := row.Scan(&w.SerialNumber, &w.ProfileID, &w.Holder, jsonColumn{&c}, timeColumn{&w.MadeAt})
		w.TakeOver, w.OnlyFrom = enrollment.TakeOver{Any: c.Any, ProfileIDs: c.ProfileIDs}, c.OnlyFrom
		out = append(out, w)
		return err
	})
	return out, err
}

// HasWishes tells whether anything is pending for a token.
func (q *Queries) HasWishes(ctx context.Context, tokenID string) (bool, error) {
	found, err := q.AllWishes(ctx, tokenID, "", 1)
	return len(found) > 0, err
}

// AddWishes writes wishes, each in place of an earlier one for the same device.
func (tx *Tx) AddWishes(ctx context.Context, tokenID string, wishes []Wish) error {
	slices.SortFunc(wishes, func(a, b Wish) int {
		return strings.Compare(a.SerialNumber, b.SerialNumber)
	})
	for chunk := range slices.Chunk(wishes, rowChunk) {
		rows := make([][]any, 0, len(chunk))
		for _, w := range chunk {
			text, err := toJSON(condition{Any: w.TakeOver.Any, ProfileIDs: w.TakeOver.ProfileIDs, OnlyFrom: w.OnlyFrom})
			if err != nil {
				return err
			}
			rows = append(rows, []any{tokenID, w.SerialNumber, w.ProfileID, w.Holder, text, nanos(w.MadeAt)})
		}
		values, args := tx.rowsOf(rows)
		_, err := tx.exec(ctx, "INSERT INTO wishes (token_id, serial_number, profile_id, holder, take_over, made_at) "+values+
			` ON CONFLICT (token_id, serial_number) DO UPDATE SET profile_id = excluded.profile_id, holder = excluded.holder,
			take_over = excluded.take_over, made_at = excluded.made_at`, args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// DropWishes forgets what is pending for devices: for a profile, or for any when profileID is empty.
func (tx *Tx) DropWishes(ctx context.Context, tokenID, profileID string, serialNumbers []string) error {
	if profileID == "" {
		return tx.dropWishes(ctx, tokenID, serialNumbers)
	}
	return tx.eachChunk(ctx, serialNumbers, "DELETE FROM wishes WHERE token_id = ? AND profile_id = ? AND ", tokenID, profileID)
}

func (tx *Tx) dropWishes(ctx context.Context, tokenID string, serialNumbers []string) error {
	return tx.eachChunk(ctx, serialNumbers, "DELETE FROM wishes WHERE token_id = ? AND ", tokenID)
}

// eachChunk runs a statement that ends in "AND " for all serial numbers, a chunk at a time.
func (tx *Tx) eachChunk(ctx context.Context, values []string, statement string, before ...any) error {
	for chunk := range slices.Chunk(values, rowChunk) {
		list, args := tx.among(chunk, slices.Clone(before)...)
		if _, err := tx.exec(ctx, statement+list, args...); err != nil {
			return err
		}
	}
	return nil
}
