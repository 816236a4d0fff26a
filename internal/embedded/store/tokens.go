package store

import (
	"context"
	"errors"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// Token is a row of an enrollment program token.
type Token struct {
	ID, Name, AppleID string
	Type              enrollment.TokenType
	// Refusal is the status that Apple's last answer gave the server token; empty when it was accepted.
	Refusal enrollment.TokenStatus
	// ServerToken is encrypted under the store key with id ServerTokenKey; nil before there is one.
	ServerToken       []byte
	ServerTokenKey    string
	ServerTokenSHA256 string
	UploadedAt        time.Time
	ExpiresAt         time.Time
	Organization      string
	OrganizationID    string
	OrgType           string
	ServerName        string
	ServerUUID        string
	AdminID           string
	// PageLimit is the number of devices that Apple gives in one page at most; 0 where it did not say.
	PageLimit     int
	SharedWithSDS bool
	CreatedAt     time.Time
}

const tokenColumns = `id, name, apple_id, type, refusal, server_token, server_token_key, server_token_sha256, uploaded_at, expires_at,
	organization, organization_id, org_type, server_name, server_uuid, admin_id, page_limit, shared_with_sds, created_at`

func (t *Token) scan(row scanner) error {
	return row.Scan(&t.ID, &t.Name, &t.AppleID, &t.Type, &t.Refusal, &t.ServerToken, &t.ServerTokenKey, &t.ServerTokenSHA256,
		timeColumn{&t.UploadedAt}, timeColumn{&t.ExpiresAt}, &t.Organization, &t.OrganizationID, &t.OrgType, &t.ServerName,
		&t.ServerUUID, &t.AdminID, &t.PageLimit, &t.SharedWithSDS, timeColumn{&t.CreatedAt})
}

// Token reads a token; ErrNotFound when there is none.
func (q *Queries) Token(ctx context.Context, id string) (Token, error) {
	var t Token
	err := q.one(ctx, "SELECT "+tokenColumns+" FROM tokens WHERE id = ?", []any{id}, t.scan)
	if errors.Is(err, errNoRow) {
		err = enrollment.NotFound("token", id)
	}
	return t, err
}

// Tokens lists all tokens, by name.
func (q *Queries) Tokens(ctx context.Context) ([]Token, error) {
	var out []Token
	err := q.each(ctx, "SELECT "+tokenColumns+" FROM tokens ORDER BY name, id", nil, func(row scanner) error {
		var t Token
		err := t.scan(row)
		out = append(out, t)
		return err
	})
	return out, err
}

// SaveToken writes a token, new or not.
func (tx *Tx) SaveToken(ctx context.Context, t Token) error {
	_, err := tx.exec(ctx, "INSERT INTO tokens ("+tokenColumns+") VALUES "+marks(1, 19)+` ON CONFLICT (id) DO UPDATE SET
		name = excluded.name, apple_id = excluded.apple_id, type = excluded.type, refusal = excluded.refusal,
		server_token = excluded.server_token, server_token_key = excluded.server_token_key,
		server_token_sha256 = excluded.server_token_sha256, uploaded_at = excluded.uploaded_at, expires_at = excluded.expires_at,
		organization = excluded.organization, organization_id = excluded.organization_id, org_type = excluded.org_type,
		server_name = excluded.server_name, server_uuid = excluded.server_uuid, admin_id = excluded.admin_id,
		page_limit = excluded.page_limit, shared_with_sds = excluded.shared_with_sds`,
		t.ID, t.Name, t.AppleID, string(t.Type), string(t.Refusal), t.ServerToken, t.ServerTokenKey, t.ServerTokenSHA256,
		nanos(t.UploadedAt), nanos(t.ExpiresAt), t.Organization, t.OrganizationID, t.OrgType, t.ServerName, t.ServerUUID,
		t.AdminID, t.PageLimit, t.SharedWithSDS, nanos(t.CreatedAt))
	return err
}

// SetRefusal records what Apple's last answer means for the server token.
func (tx *Tx) SetRefusal(ctx context.Context, tokenID string, refusal enrollment.TokenStatus) error {
	_, err := tx.exec(ctx, "UPDATE tokens SET refusal = ? WHERE id = ?", string(refusal), tokenID)
	return err
}

// DeleteToken removes a token and all that hangs on it but its keys.
func (tx *Tx) DeleteToken(ctx context.Context, id string) error {
	if _, err := tx.exec(ctx, "DELETE FROM tokens WHERE id = ?", id); err != nil {
		return err
	}
	for _, table := range []string{"default_profiles", "devices", "claims", "wishes", "journal", "sync_states", "leases", "sync_runs"} {
		if _, err := tx.exec(ctx, "DELETE FROM "+table+" WHERE token_id = ?", id); err != nil {
			return err
		}
	}
	return nil
}

// Holdings counts what hangs on a token.
type Holdings struct{ Devices, Profiles, Defaults int }

// Holdings counts what hangs on a token.
func (q *Queries) Holdings(ctx context.Context, tokenID string) (Holdings, error) {
	var h Holdings
	err := q.one(ctx, `SELECT (SELECT COUNT(*) FROM devices WHERE token_id = ?), (SELECT COUNT(*) FROM profiles WHERE token_id = ?),
		(SELECT COUNT(*) FROM default_profiles WHERE token_id = ?)`, []any{tokenID, tokenID, tokenID}, func(row scanner) error {
		return row.Scan(&h.Devices, &h.Profiles, &h.Defaults)
	})
	return h, err
}
