package embedded

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded/store"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/servertoken"
)

// CreateToken makes a key pair. The token waits for the server token that Apple makes for it.
func (s *Service) CreateToken(ctx context.Context, spec enrollment.TokenSpec) (enrollment.Token, error) {
	spec, err := checkTokenSpec(spec)
	if err != nil {
		return enrollment.Token{}, err
	}
	t := store.Token{ID: uuid.NewString(), Name: spec.Name, AppleID: spec.AppleID, Type: spec.Type, CreatedAt: s.now()}
	key, err := s.newKey(ctx, t, store.KeyServing)
	if err != nil {
		return enrollment.Token{}, err
	}
	err = s.store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.PurgeKeys(ctx, t.CreatedAt); err != nil {
			return err
		}
		if err := tx.SaveToken(ctx, t); err != nil {
			return err
		}
		return tx.AddKey(ctx, key)
	})
	if err != nil {
		return enrollment.Token{}, err
	}
	return s.ReadToken(ctx, t.ID)
}

func checkTokenSpec(spec enrollment.TokenSpec) (enrollment.TokenSpec, error) {
	if spec.Type == "" {
		spec.Type = enrollment.School
	}
	if spec.Type != enrollment.School && spec.Type != enrollment.Business {
		return spec, &enrollment.Error{
			Kind: enrollment.ErrInvalid, Field: "type", What: fmt.Sprintf("%q is no type of token", spec.Type), Do: `Use "school" or "business".`,
		}
	}
	if strings.TrimSpace(spec.Name) == "" {
		return spec, &enrollment.Error{Kind: enrollment.ErrInvalid, Field: "name", What: "The token has no name", Do: "Give it one."}
	}
	return spec, nil
}

// ReadToken reads a token as the store knows it.
func (s *Service) ReadToken(ctx context.Context, id string) (enrollment.Token, error) {
	var out enrollment.Token
	err := s.store.Read(ctx, func(q *store.Queries) error {
		t, err := q.Token(ctx, id)
		if err == nil {
			out, err = s.readToken(ctx, q, t)
		}
		return err
	})
	return out, err
}

// ListTokens lists all tokens, by name.
func (s *Service) ListTokens(ctx context.Context) ([]enrollment.Token, error) {
	var out []enrollment.Token
	err := s.store.Read(ctx, func(q *store.Queries) error {
		rows, err := q.Tokens(ctx)
		for i := 0; err == nil && i < len(rows); i++ {
			var t enrollment.Token
			t, err = s.readToken(ctx, q, rows[i])
			out = append(out, t)
		}
		return err
	})
	return out, err
}

// readToken puts together what the store knows of a token.
func (s *Service) readToken(ctx context.Context, q *store.Queries, t store.Token) (enrollment.Token, error) {
	out := enrollment.Token{
		ID:        t.ID,
		TokenSpec: enrollment.TokenSpec{Name: t.Name, AppleID: t.AppleID, Type: t.Type},
		Status:    tokenStatus(t, s.now()),
		ExpiresAt: t.ExpiresAt, UploadedAt: t.UploadedAt, ServerTokenSHA256: t.ServerTokenSHA256,
		Organization: t.Organization, OrganizationID: t.OrganizationID, OrgType: t.OrgType,
		ServerName: t.ServerName, ServerUUID: t.ServerUUID, AdminID: t.AdminID, SharedWithSDS: t.SharedWithSDS,
	}
	keys, err := q.Keys(ctx, t.ID)
	if err != nil {
		return out, err
	}
	for _, k := range keys {
		switch k.State {
		case store.KeyServing:
			out.PublicKeyPEM, out.PublicKeySHA256 = k.CertificatePEM, k.Fingerprint
		case store.KeyStaged:
			out.StagedPublicKeyPEM = k.CertificatePEM
		case store.KeyArchived:
		}
	}
	held, err := q.Holdings(ctx, t.ID)
	if err != nil {
		return out, err
	}
	out.DeviceCount, out.ProfileCount = held.Devices, held.Profiles
	last, err := q.LastRun(ctx, t.ID, true)
	if last != nil {
		out.LastSyncedAt = last.FinishedAt
	}
	return out, err
}

// tokenStatus derives where a token is from what Apple answered last and from the time.
func tokenStatus(t store.Token, now time.Time) enrollment.TokenStatus {
	switch {
	case t.ServerToken == nil:
		return enrollment.AwaitingServerToken
	case !now.Before(t.ExpiresAt):
		return enrollment.Expired
	case t.Refusal != "":
		return t.Refusal
	}
	return enrollment.Active
}

// UpdateToken changes what a person says of a token.
func (s *Service) UpdateToken(ctx context.Context, id string, spec enrollment.TokenSpec) (enrollment.Token, error) {
	spec, err := checkTokenSpec(spec)
	if err != nil {
		return enrollment.Token{}, err
	}
	err = s.store.Write(ctx, func(tx *store.Tx) error {
		t, err := tx.Token(ctx, id)
		if err != nil {
			return err
		}
		if err := enrollment.CheckOrgType(spec.Type, t.OrgType, t.Organization); err != nil {
			return err
		}
		t.Name, t.AppleID, t.Type = spec.Name, spec.AppleID, spec.Type
		return tx.SaveToken(ctx, t)
	})
	if err != nil {
		return enrollment.Token{}, err
	}
	return s.ReadToken(ctx, id)
}

// DeleteToken removes a token that nothing hangs on any more. Its key pairs are kept for keyArchive.
func (s *Service) DeleteToken(ctx context.Context, id string) error {
	if _, since, err := s.runningLease(ctx, id); err != nil {
		return err
	} else if !since.IsZero() {
		return &enrollment.SyncInProgressError{TokenID: id, Since: since, Until: enrollment.RunsUntil(since)}
	}
	// What a killed process left may be nothing but a record. Where Apple cannot be asked it counts as in use, below.
	_ = s.recoverIfOpen(ctx, id)
	return s.store.Write(ctx, func(tx *store.Tx) error {
		t, err := tx.Token(ctx, id)
		if err != nil {
			return err
		}
		held, err := tx.Holdings(ctx, id)
		if err != nil {
			return err
		}
		if err := enrollment.InUse(t.Name, held.Devices, held.Profiles, held.Defaults); err != nil {
			return err
		}
		if err := tx.ArchiveKeys(ctx, id, "", s.now().Add(keyArchive)); err != nil {
			return err
		}
		if err := tx.PurgeKeys(ctx, s.now()); err != nil {
			return err
		}
		return tx.DeleteToken(ctx, id)
	})
}

// SetSDSSharing records whether School Data Sync may use a token.
func (s *Service) SetSDSSharing(ctx context.Context, tokenID string, shared bool) error {
	return s.store.Write(ctx, func(tx *store.Tx) error { return tx.SetSharing(ctx, tokenID, shared) })
}

// newKey makes a key pair for a token, encrypted and ready to be written.
func (s *Service) newKey(ctx context.Context, t store.Token, state store.KeyState) (store.Key, error) {
	pair, err := servertoken.NewKeyPair(commonName(t.Name), s.now())
	if err != nil {
		return store.Key{}, err
	}
	return s.sealKey(ctx, t.ID, state, string(pair.CertificatePEM), servertoken.Fingerprint(pair.Certificate), pair.PrivateKeyPEM)
}

// commonName cuts a name to what X.509 has room for (RFC 5280: ub-common-name, 64).
func commonName(name string) string {
	runes := []rune(name)
	return string(runes[:min(len(runes), 64)])
}
