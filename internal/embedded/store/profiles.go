package store

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// Profile is a row of an enrollment profile.
type Profile struct {
	ID      string
	TokenID string
	Spec    enrollment.ProfileSpec
	// Definition is the present one as JSON, empty before Apple has one.
	Definition json.RawMessage
	// AppleUUID is the present definition at Apple, empty before there is one.
	AppleUUID string
	CreatedAt time.Time
}

const profileColumns = "id, token_id, spec, definition, apple_uuid, created_at"

func (p *Profile) scan(row scanner) error {
	return row.Scan(&p.ID, &p.TokenID, jsonColumn{&p.Spec}, jsonColumn{&p.Definition}, &p.AppleUUID, timeColumn{&p.CreatedAt})
}

// Profile reads the record of a profile; ErrNotFound when there is none.
func (q *Queries) Profile(ctx context.Context, id string) (Profile, error) {
	var p Profile
	err := q.one(ctx, "SELECT "+profileColumns+" FROM profiles WHERE id = ?", []any{id}, p.scan)
	if errors.Is(err, errNoRow) {
		err = enrollment.NotFound("enrollment profile", id)
	}
	return p, err
}

// Profiles lists the records of a token's profiles, by name.
func (q *Queries) Profiles(ctx context.Context, tokenID string) ([]Profile, error) {
	var out []Profile
	err := q.each(ctx, "SELECT "+profileColumns+" FROM profiles WHERE token_id = ? ORDER BY name, id", []any{tokenID}, func(row scanner) error {
		var p Profile
		err := p.scan(row)
		out = append(out, p)
		return err
	})
	return out, err
}

// ProfilesAfter gives at most limit records of a token's profiles that come after one, by name and then by id. Its zero
// value is before all of them.
func (q *Queries) ProfilesAfter(ctx context.Context, tokenID string, last Profile, limit int) ([]Profile, error) {
	var out []Profile
	const query = "SELECT " + profileColumns + " FROM profiles WHERE token_id = ? AND (name, id) > (?, ?) ORDER BY name, id LIMIT ?"
	err := q.each(ctx, query, []any{tokenID, last.Spec.Name, last.ID, limit}, func(row scanner) error {
		var p Profile
		err := p.scan(row)
		out = append(out, p)
		return err
	})
	return out, err
}

// SaveProfile writes a record, new or not. The present definition, when there is one, is mapped to it, and earlier ones
// are marked as superseded.
func (tx *Tx) SaveProfile(ctx context.Context, p Profile, now time.Time) error {
	spec, err := toJSON(p.Spec)
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, "INSERT INTO profiles (name, "+profileColumns+") VALUES "+marks(1, 7)+` ON CONFLICT (id) DO UPDATE SET
		name = excluded.name, spec = excluded.spec, definition = excluded.definition, apple_uuid = excluded.apple_uuid`,
		p.Spec.Name, p.ID, p.TokenID, spec, string(p.Definition), p.AppleUUID, nanos(p.CreatedAt))
	if err != nil || p.AppleUUID == "" {
		return err
	}
	if _, err := tx.exec(ctx, "UPDATE apple_profiles SET state = 'superseded' WHERE profile_id = ? AND apple_uuid <> ?", p.ID, p.AppleUUID); err != nil {
		return err
	}
	_, err = tx.exec(ctx, `INSERT INTO apple_profiles (apple_uuid, profile_id, state, since) VALUES (?, ?, 'current', ?)
		ON CONFLICT (apple_uuid) DO UPDATE SET profile_id = excluded.profile_id, state = excluded.state`, p.AppleUUID, p.ID, nanos(now))
	return err
}

// DeleteProfile removes a record, what is pending for it and the mapping of Apple's ids to it.
func (tx *Tx) DeleteProfile(ctx context.Context, id string) error {
	for _, statement := range []string{
		"DELETE FROM profiles WHERE id = ?", "DELETE FROM apple_profiles WHERE profile_id = ?",
		"DELETE FROM wishes WHERE profile_id = ?", "DELETE FROM journal WHERE profile_id = ?",
	} {
		if _, err := tx.exec(ctx, statement, id); err != nil {
			return err
		}
	}
	return nil
}

// ProfileOf gives the id of the profile that one of Apple's ids belongs to, "" for an id that is not known.
func (q *Queries) ProfileOf(ctx context.Context, appleUUID string) (string, error) {
	var id string
	err := q.one(ctx, "SELECT profile_id FROM apple_profiles WHERE apple_uuid = ?", []any{appleUUID}, func(row scanner) error { return row.Scan(&id) })
	if errors.Is(err, errNoRow) {
		return "", nil
	}
	return id, err
}

// Default is a token's default profile for a platform.
type Default struct {
	Platform  enrollment.Platform
	ProfileID string
	SetAt     time.Time
}

// Defaults lists the default profiles of a token.
func (q *Queries) Defaults(ctx context.Context, tokenID string) ([]Default, error) {
	var out []Default
	const query = "SELECT platform, profile_id, set_at FROM default_profiles WHERE token_id = ? ORDER BY platform"
	err := q.each(ctx, query, []any{tokenID}, func(row scanner) error {
		var d Default
		err := row.Scan(&d.Platform, &d.ProfileID, timeColumn{&d.SetAt})
		out = append(out, d)
		return err
	})
	return out, err
}

// SetDefault makes a profile the default one of a platform. Setting the one that is set changes nothing.
func (tx *Tx) SetDefault(ctx context.Context, tokenID string, d Default) error {
	_, err := tx.exec(ctx, `INSERT INTO default_profiles (token_id, platform, profile_id, set_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (token_id, platform) DO UPDATE SET profile_id = excluded.profile_id, set_at = excluded.set_at
		WHERE default_profiles.profile_id <> excluded.profile_id`, tokenID, string(d.Platform), d.ProfileID, nanos(d.SetAt))
	return err
}

// UnsetDefault takes the default profile from a platform.
func (tx *Tx) UnsetDefault(ctx context.Context, tokenID string, platform enrollment.Platform) error {
	_, err := tx.exec(ctx, "DELETE FROM default_profiles WHERE token_id = ? AND platform = ?", tokenID, string(platform))
	return err
}

// SetSharing records whether School Data Sync may use a token.
func (tx *Tx) SetSharing(ctx context.Context, tokenID string, shared bool) error {
	n, err := tx.exec(ctx, "UPDATE tokens SET shared_with_sds = ? WHERE id = ?", shared, tokenID)
	if err == nil && n == 0 {
		err = enrollment.NotFound("token", tokenID)
	}
	return err
}
