package embedded

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/asm-enrollment/terraform-provider-asm/internal/apple"
	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded/store"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/servertoken"
)

const tokensTable = "tokens"

// UploadServerToken opens a server token, tries it at Apple, and only then takes it in place of the one before: a dead
// token never replaces a live one. Then it syncs.
func (s *Service) UploadServerToken(ctx context.Context, id string, upload enrollment.ServerTokenUpload) (enrollment.UploadResult, error) {
	t, err := s.tokenRow(ctx, id)
	if err != nil {
		return enrollment.UploadResult{}, err
	}
	sum := sha256.Sum256(upload.Contents)
	digest := hex.EncodeToString(sum[:])
	if t.ServerToken != nil && t.ServerTokenSHA256 == digest {
		return s.sameServerToken(ctx, t)
	}
	opened, key, err := s.openServerToken(ctx, t, upload.Contents)
	if err != nil {
		return enrollment.UploadResult{}, err
	}
	account, err := s.apple.Session(credentialsOf(opened)).Account(ctx)
	if err != nil {
		return enrollment.UploadResult{}, appleError(fmt.Sprintf("use the new server token of token %q; the one before stays in use", t.Name), err)
	}
	if err := enrollment.CheckOrgType(t.Type, string(account.OrgType), account.OrgName); err != nil {
		return enrollment.UploadResult{}, err
	}
	warnings, err := s.uploadWarnings(ctx, t, account)
	if err != nil {
		return enrollment.UploadResult{}, err
	}
	if err := s.storeServerToken(ctx, t, opened, account, key, digest); err != nil {
		return enrollment.UploadResult{}, err
	}
	result := enrollment.UploadResult{Warnings: warnings}
	s.syncAfterUpload(ctx, t, &result)
	result.Token, err = s.ReadToken(context.WithoutCancel(ctx), id) // it is in force, whoever still waits
	return result, err
}

// sameServerToken answers for a file that is in force already. The sync that belongs to its upload is made up for where it
// never ended: the process that uploaded was killed, or the sync failed.
func (s *Service) sameServerToken(ctx context.Context, t store.Token) (enrollment.UploadResult, error) {
	var result enrollment.UploadResult
	status, err := s.SyncStatus(ctx, t.ID)
	if err != nil {
		return result, err
	}
	if status.Last == nil || status.Last.FinishedAt.Before(t.UploadedAt) {
		s.syncAfterUpload(ctx, t, &result)
	}
	result.Token, err = s.ReadToken(context.WithoutCancel(ctx), t.ID)
	return result, err
}

// openServerToken decrypts a server token with the serving key or the staged one, whichever it is for.
func (s *Service) openServerToken(ctx context.Context, t store.Token, p7m []byte) (servertoken.Token, store.Key, error) {
	info, err := servertoken.Inspect(p7m)
	if err != nil {
		return servertoken.Token{}, store.Key{}, badServerToken(t, err)
	}
	key, err := s.keyFor(ctx, t, info)
	if err != nil {
		return servertoken.Token{}, key, err
	}
	cert, private, err := s.openKey(ctx, key)
	if err != nil {
		return servertoken.Token{}, key, err
	}
	opened, err := servertoken.Decrypt(p7m, cert, private)
	if err != nil {
		return opened, key, badServerToken(t, err)
	}
	if err := opened.CheckExpiry(s.now()); err != nil {
		return opened, key, &enrollment.Error{
			Kind: enrollment.ErrTokenExpired, Field: "server_token_wo", What: fmt.Sprintf("Unable to upload the server token of token %q", t.Name), Err: err,
		}
	}
	return opened, key, nil
}

func badServerToken(t store.Token, err error) error {
	return &enrollment.Error{
		Kind: enrollment.ErrBadServerToken, Field: "server_token_wo", What: fmt.Sprintf("Unable to read the server token of token %q", t.Name), Err: err,
	}
}

// keyFor finds the key pair that a server token was made for.
func (s *Service) keyFor(ctx context.Context, t store.Token, info servertoken.Info) (store.Key, error) {
	var keys []store.Key
	err := s.store.Read(ctx, func(q *store.Queries) (err error) {
		keys, err = q.Keys(ctx, t.ID)
		return err
	})
	if err != nil {
		return store.Key{}, err
	}
	var have []string
	earlier := false
	for _, k := range keys {
		cert, err := servertoken.ParseCertificate([]byte(k.CertificatePEM))
		if err != nil {
			return store.Key{}, fmt.Errorf("reading a stored certificate: %w", err)
		}
		switch forThis := info.EncryptedFor(cert); {
		case k.State == store.KeyArchived:
			earlier = earlier || forThis
		case forThis:
			return k, nil
		default:
			have = append(have, describeKey(k, cert))
		}
	}
	return store.Key{}, wrongKey(t, info, have, earlier)
}

func describeKey(k store.Key, cert *x509.Certificate) string {
	word := "current"
	if k.State == store.KeyStaged {
		word = "staged"
	}
	return fmt.Sprintf("%X (%s)", cert.SerialNumber, word)
}

func wrongKey(t store.Token, info servertoken.Info, have []string, earlier bool) error {
	var made []string
	for _, r := range info.Recipients {
		made = append(made, fmt.Sprintf("%X", r.SerialNumber))
	}
	what := fmt.Sprintf("The server token was encrypted for the public key with certificate serial number %s, and token %q has %s",
		strings.Join(made, ", "), t.Name, strings.Join(have, " and "))
	if earlier {
		what += ": it is for an earlier public key of this token"
	}
	return &enrollment.Error{
		Kind: enrollment.ErrWrongKey, Field: "server_token_wo", What: what,
		Do: "Upload this token's public key (public_key_pem, or staged_public_key_pem after a key rotation) to its MDM server in Apple School Manager, then download the server token (.p7m) again and give that file.",
	}
}

func (s *Service) uploadWarnings(ctx context.Context, t store.Token, account apple.Account) ([]enrollment.Warning, error) {
	var out []enrollment.Warning
	if w, warn := enrollment.AppleIDChanged(t.AppleID, account.AdminID); warn {
		out = append(out, w)
	}
	all, err := s.ListTokens(ctx)
	if err != nil {
		return nil, err
	}
	var others []enrollment.Token
	for _, o := range all {
		if o.ID != t.ID {
			others = append(others, o)
		}
	}
	if w, warn := enrollment.MixedPrograms(t.Name, t.Type, others); warn {
		out = append(out, w)
	}
	return out, nil
}

// storeServerToken puts a tried server token in force, with its key and what Apple says of the account.
func (s *Service) storeServerToken(ctx context.Context, t store.Token, opened servertoken.Token, account apple.Account, key store.Key, digest string) error {
	sealed, keyID, err := s.sealCredentials(ctx, t.ID, opened)
	if err != nil {
		return err
	}
	now := s.now()
	err = s.store.Write(ctx, func(tx *store.Tx) error {
		row, err := tx.Token(ctx, t.ID)
		if err != nil {
			return err
		}
		if err := changeServer(ctx, tx, row, account); err != nil {
			return err
		}
		row.ServerToken, row.ServerTokenKey, row.ServerTokenSHA256 = sealed, keyID, digest
		row.UploadedAt, row.ExpiresAt, row.Refusal = now, opened.Expiry, ""
		row.Organization, row.OrganizationID, row.OrgType = account.OrgName, account.OrgID, string(account.OrgType)
		row.ServerName, row.ServerUUID, row.AdminID = account.ServerName, account.ServerUUID, account.AdminID
		_, row.PageLimit = account.Limit("/server/devices")
		if err := tx.SaveToken(ctx, row); err != nil {
			return err
		}
		if err := tx.PurgeKeys(ctx, now); err != nil || key.State == store.KeyServing {
			return err
		}
		if err := tx.ArchiveKeys(ctx, t.ID, store.KeyServing, now.Add(keyArchive)); err != nil {
			return err
		}
		return tx.SetKeyState(ctx, key.ID, store.KeyServing)
	})
	if err == nil {
		s.mu.Lock()
		s.uploads[t.ID] = now
		s.mu.Unlock()
	}
	return err
}

// changeServer forces everything to be fetched anew when the server token stands for another MDM server than before: view
// and cursor are that one's, and so are the definitions. The profiles are undefined until they are changed or applied again.
func changeServer(ctx context.Context, tx *store.Tx, before store.Token, account apple.Account) error {
	if before.ServerUUID == "" || before.ServerUUID == account.ServerUUID {
		return nil
	}
	if err := tx.ForgetDefinitions(ctx, before.ID); err != nil {
		return err
	}
	state, err := tx.SyncState(ctx, before.ID)
	if err != nil {
		return err
	}
	state.Forced, state.Cursor, state.Unfinished = "the server token now stands for another server", "", ""
	return tx.SetSyncState(ctx, before.ID, state)
}

// syncAfterUpload syncs. That it fails or has to go on later is a warning: the token stands.
func (s *Service) syncAfterUpload(ctx context.Context, t store.Token, result *enrollment.UploadResult) {
	kind := enrollment.IncrementalSync
	if t.ServerToken == nil {
		kind = enrollment.FullSync
	}
	run, err := s.Sync(ctx, enrollment.SyncRequest{TokenID: t.ID, Kind: kind, Wait: true})
	if run.ID != "" {
		result.Sync = &run
	}
	interrupted := err != nil && ctx.Err() != nil
	if w, warn := enrollment.SyncAfterUpload(enrollment.Embedded, t.Name, run, err, interrupted); warn {
		result.Warnings = append(result.Warnings, w)
	}
}

// storedCredentials is what is kept of a server token, encrypted.
type storedCredentials struct {
	ConsumerKey    string `json:"consumer_key"`
	ConsumerSecret string `json:"consumer_secret"`
	AccessToken    string `json:"access_token"`
	AccessSecret   string `json:"access_secret"`
}

func credentialsOf(t servertoken.Token) apple.Credentials {
	return apple.Credentials{
		ConsumerKey: t.ConsumerKey, ConsumerSecret: t.ConsumerSecret, AccessToken: t.AccessToken, AccessSecret: t.AccessSecret,
	}
}

func (s *Service) sealCredentials(ctx context.Context, tokenID string, t servertoken.Token) (sealed []byte, keyID string, err error) {
	key, err := s.keyForWriting(ctx)
	if err != nil {
		return nil, "", err
	}
	text, err := json.Marshal(storedCredentials(credentialsOf(t))) //nolint:gosec // to be encrypted right away
	if err != nil {
		return nil, "", errors.New("encoding a server token") // the cause could quote it
	}
	sealed, err = key.seal(text, tokensTable, tokenID)
	return sealed, key.id, err
}

func (s *Service) credentials(ctx context.Context, t store.Token) (apple.Credentials, error) {
	key, err := s.keyForReading(ctx)
	if err != nil {
		return apple.Credentials{}, err
	}
	text, err := key.open(t.ServerToken, t.ServerTokenKey, tokensTable, t.ID)
	if err != nil {
		return apple.Credentials{}, err
	}
	var c storedCredentials
	if json.Unmarshal(text, &c) != nil {
		return apple.Credentials{}, errors.New("reading a stored server token")
	}
	return apple.Credentials(c), nil
}
