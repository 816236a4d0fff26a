package store

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// Op is what a journalled request does at Apple.
type Op string

// The journalled requests.
const (
	// OpDefine makes a definition of a profile, and may give it to devices.
	OpDefine Op = "define"
	// OpAssign gives devices a definition.
	OpAssign Op = "assign"
	// OpRemove takes a definition from devices.
	OpRemove Op = "remove"
)

// Entry is a request to Apple that was written down before it was sent. It is removed in the transaction that writes
// down what it did.
type Entry struct {
	ID, TokenID string
	Op          Op
	ProfileID   string
	// AppleUUID is the definition that is given or taken; empty for OpDefine.
	AppleUUID string
	// Definition is what OpDefine sends, as JSON, and Hash its SHA-256 in hex.
	Definition json.RawMessage
	Hash       string
	Holder     string
	// SerialNumbers are the devices of the request.
	SerialNumbers []string
	// Owner is the process that sent it.
	Owner string
	// Unanswered: its owner gave up on an answer.
	Unanswered bool
	OpenedAt   time.Time
}

const entryColumns = "id, token_id, op, profile_id, apple_uuid, definition, hash, holder, serials, owner, unanswered, opened_at"

// OpenEntry writes down a request that is about to be sent.
func (tx *Tx) OpenEntry(ctx context.Context, e Entry) error {
	serials, err := packSerials(e.SerialNumbers)
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, "INSERT INTO journal ("+entryColumns+") VALUES "+marks(1, 12), e.ID, e.TokenID, string(e.Op), e.ProfileID,
		e.AppleUUID, string(e.Definition), e.Hash, e.Holder, serials, e.Owner, e.Unanswered, nanos(e.OpenedAt))
	return err
}

// CloseEntry removes an entry whose effect is known.
func (tx *Tx) CloseEntry(ctx context.Context, id string) error {
	_, err := tx.exec(ctx, "DELETE FROM journal WHERE id = ?", id)
	return err
}

// SetUnanswered records that nobody waits for the answer to an entry any more.
func (tx *Tx) SetUnanswered(ctx context.Context, id string) error {
	_, err := tx.exec(ctx, "UPDATE journal SET unanswered = ? WHERE id = ?", true, id)
	return err
}

// Entries lists the open entries of a token, oldest first.
func (q *Queries) Entries(ctx context.Context, tokenID string) ([]Entry, error) {
	var out []Entry
	err := q.each(ctx, "SELECT "+entryColumns+" FROM journal WHERE token_id = ? ORDER BY opened_at, id", []any{tokenID}, func(row scanner) error {
		var e Entry
		var serials []byte
		err := row.Scan(&e.ID, &e.TokenID, &e.Op, &e.ProfileID, &e.AppleUUID, jsonColumn{&e.Definition}, &e.Hash, &e.Holder, &serials,
			&e.Owner, &e.Unanswered, timeColumn{&e.OpenedAt})
		if err != nil {
			return err
		}
		e.SerialNumbers, err = unpackSerials(serials)
		out = append(out, e)
		return err
	})
	return out, err
}

func packSerials(serials []string) ([]byte, error) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, strings.Join(serials, "\n")); err != nil {
		return nil, fmt.Errorf("compressing serial numbers: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("compressing serial numbers: %w", err)
	}
	return b.Bytes(), nil
}

func unpackSerials(packed []byte) ([]string, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("reading compressed serial numbers: %w", err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("reading compressed serial numbers: %w", err)
	}
	if len(text) == 0 {
		return nil, nil
	}
	return strings.Split(string(text), "\n"), nil
}
