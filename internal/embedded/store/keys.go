package store

import (
	"context"
	"time"
)

// KeyState is where a key pair is in its life.
type KeyState string

// The states of a key pair.
const (
	// KeyServing: the server token in use, or awaited, is for this key.
	KeyServing KeyState = "serving"
	// KeyStaged: its server token has not arrived yet; another key serves.
	KeyStaged KeyState = "staged"
	// KeyArchived: kept for a while in case that somebody needs it back.
	KeyArchived KeyState = "archived"
)

// Key is a row of a key pair.
type Key struct {
	ID, TokenID    string
	State          KeyState
	CertificatePEM string
	// Fingerprint is the SHA-256 of the certificate's DER in lower-case hex.
	Fingerprint string
	// PrivateKey is encrypted under the store key with id PrivateKeyKey.
	PrivateKey    []byte
	PrivateKeyKey string
	CreatedAt     time.Time
	// ArchivedUntil is when an archived key may be forgotten.
	ArchivedUntil time.Time
}

const keyColumns = "id, token_id, state, certificate_pem, fingerprint, private_key, private_key_key, created_at, archived_until"

// Keys lists the key pairs of a token, archived ones too, oldest first.
func (q *Queries) Keys(ctx context.Context, tokenID string) ([]Key, error) {
	var out []Key
	err := q.each(ctx, "SELECT "+keyColumns+" FROM keys WHERE token_id = ? ORDER BY created_at, id", []any{tokenID}, func(row scanner) error {
		var k Key
		err := row.Scan(&k.ID, &k.TokenID, &k.State, &k.CertificatePEM, &k.Fingerprint, &k.PrivateKey, &k.PrivateKeyKey,
			timeColumn{&k.CreatedAt}, timeColumn{&k.ArchivedUntil})
		out = append(out, k)
		return err
	})
	return out, err
}

// AddKey writes a new key pair.
func (tx *Tx) AddKey(ctx context.Context, k Key) error {
	_, err := tx.exec(ctx, "INSERT INTO keys ("+keyColumns+") VALUES "+marks(1, 9),
		k.ID, k.TokenID, string(k.State), k.CertificatePEM, k.Fingerprint, k.PrivateKey, k.PrivateKeyKey,
		nanos(k.CreatedAt), nanos(k.ArchivedUntil))
	return err
}

// ArchiveKeys archives the key pairs of a token that are in a state; "" is all that are not archived yet.
func (tx *Tx) ArchiveKeys(ctx context.Context, tokenID string, state KeyState, until time.Time) error {
	_, err := tx.exec(ctx, "UPDATE keys SET state = 'archived', archived_until = ? WHERE token_id = ? AND state <> 'archived' AND (state = ? OR ? = '')",
		nanos(until), tokenID, string(state), string(state))
	return err
}

// SetKeyState changes the state of a key pair.
func (tx *Tx) SetKeyState(ctx context.Context, id string, state KeyState) error {
	_, err := tx.exec(ctx, "UPDATE keys SET state = ?, archived_until = 0 WHERE id = ?", string(state), id)
	return err
}

// PurgeKeys forgets archived key pairs whose time is over.
func (tx *Tx) PurgeKeys(ctx context.Context, now time.Time) error {
	_, err := tx.exec(ctx, "DELETE FROM keys WHERE state = 'archived' AND archived_until <= ?", nanos(now))
	return err
}
