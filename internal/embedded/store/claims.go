package store

import (
	"context"
	"slices"
)

// A device has one holder: the assignment that gave it its profile. Other assignments that want the same profile for it
// have a claim: when the holder lets go, the device stays and one of them becomes its holder.

// HasClaims tells whether any assignment has a claim on a device of a token that another one holds.
func (q *Queries) HasClaims(ctx context.Context, tokenID string) (bool, error) {
	found, err := q.strings(ctx, "SELECT holder FROM claims WHERE token_id = ? LIMIT 1", tokenID)
	return len(found) > 0, err
}

// AddClaims records that an assignment wants the profile that devices have. Those that nobody holds it holds from now on;
// on those that another one holds it has a claim.
func (tx *Tx) AddClaims(ctx context.Context, tokenID, profileID string, serialNumbers []string, holder string) error {
	for chunk := range slices.Chunk(serialNumbers, rowChunk) {
		list, args := tx.among(chunk, holder, tokenID)
		if _, err := tx.exec(ctx, "UPDATE devices SET holder = ? WHERE token_id = ? AND holder = '' AND "+list, args...); err != nil {
			return err
		}
		list, args = tx.among(chunk, profileID, holder, tokenID, holder)
		_, err := tx.exec(ctx, `INSERT INTO claims (token_id, serial_number, profile_id, holder)
			SELECT token_id, serial_number, CAST(? AS TEXT), CAST(? AS TEXT) FROM devices WHERE token_id = ? AND holder <> ? AND `+list+" ON CONFLICT DO NOTHING", args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// KeepClaims prepares that devices get a definition of a profile from an assignment: who holds them with an earlier
// definition of the same profile keeps a claim, and claims that go with other profiles are void.
func (tx *Tx) KeepClaims(ctx context.Context, tokenID, profileID string, serialNumbers []string, holder string) error {
	for chunk := range slices.Chunk(serialNumbers, rowChunk) {
		list, args := tx.among(chunk, tokenID, profileID)
		if _, err := tx.exec(ctx, "DELETE FROM claims WHERE token_id = ? AND profile_id <> ? AND "+list, args...); err != nil {
			return err
		}
		list, args = tx.among(chunk, profileID, tokenID, holder, profileID)
		_, err := tx.exec(ctx, `INSERT INTO claims (token_id, serial_number, profile_id, holder)
			SELECT token_id, serial_number, CAST(? AS TEXT), holder FROM devices WHERE token_id = ? AND holder NOT IN ('', ?)
			AND apple_uuid IN (SELECT apple_uuid FROM apple_profiles WHERE profile_id = ?) AND `+list+" ON CONFLICT DO NOTHING", args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// Release records that an assignment does not want a profile for devices any more. Where another one has a claim, that
// one holds the device from now on.
func (tx *Tx) Release(ctx context.Context, tokenID, profileID string, serialNumbers []string, holder string) error {
	for chunk := range slices.Chunk(serialNumbers, rowChunk) {
		list, args := tx.among(chunk, tokenID, profileID, holder)
		if _, err := tx.exec(ctx, "DELETE FROM claims WHERE token_id = ? AND profile_id = ? AND holder = ? AND "+list, args...); err != nil {
			return err
		}
		const claim = "FROM claims c WHERE c.token_id = devices.token_id AND c.serial_number = devices.serial_number AND c.profile_id = ?"
		list, args = tx.among(chunk, profileID, tokenID, holder, profileID, profileID, profileID)
		_, err := tx.exec(ctx, "UPDATE devices SET holder = (SELECT MIN(c.holder) "+claim+`) WHERE token_id = ? AND holder IN ('', ?)
			AND (apple_uuid = ? OR apple_uuid IN (SELECT apple_uuid FROM apple_profiles WHERE profile_id = ?))
			AND EXISTS (SELECT 1 `+claim+") AND "+list, args...)
		if err != nil {
			return err
		}
		list, args = tx.among(chunk, tokenID, profileID)
		_, err = tx.exec(ctx, `DELETE FROM claims WHERE token_id = ? AND profile_id = ? AND holder = (SELECT d.holder FROM devices d
			WHERE d.token_id = claims.token_id AND d.serial_number = claims.serial_number) AND `+list, args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// DropClaims forgets who has a claim on the devices of a profile.
func (tx *Tx) DropClaims(ctx context.Context, profileID string) error {
	_, err := tx.exec(ctx, "DELETE FROM claims WHERE profile_id = ?", profileID)
	return err
}
