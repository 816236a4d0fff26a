package embedded

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded/store"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/servertoken"
)

// keyArchive is how long a key pair is kept that is no longer used.
const keyArchive = 30 * 24 * time.Hour

const keysTable = "keys"

func (s *Service) sealKey(ctx context.Context, tokenID string, state store.KeyState, certificatePEM, fingerprint string, privatePEM []byte) (store.Key, error) {
	k := store.Key{
		ID: uuid.NewString(), TokenID: tokenID, State: state, CertificatePEM: certificatePEM, Fingerprint: fingerprint, CreatedAt: s.now(),
	}
	key, err := s.keyForWriting(ctx)
	if err != nil {
		return k, err
	}
	k.PrivateKey, err = key.seal(privatePEM, keysTable, k.ID)
	k.PrivateKeyKey = key.id
	return k, err
}

// openKey gives certificate and private key of a key pair.
func (s *Service) openKey(ctx context.Context, k store.Key) (*x509.Certificate, *rsa.PrivateKey, error) {
	cert, err := servertoken.ParseCertificate([]byte(k.CertificatePEM))
	if err != nil {
		return nil, nil, fmt.Errorf("reading a stored certificate: %w", err)
	}
	key, err := s.keyForReading(ctx)
	if err != nil {
		return nil, nil, err
	}
	text, err := key.open(k.PrivateKey, k.PrivateKeyKey, keysTable, k.ID)
	if err != nil {
		return nil, nil, err
	}
	private, err := servertoken.ParsePrivateKey(text)
	if err != nil {
		return nil, nil, fmt.Errorf("reading a stored private key: %w", err)
	}
	return cert, private, nil
}

// RotateKey stages a new key pair. One that was staged before and never used is archived.
func (s *Service) RotateKey(ctx context.Context, id string) (enrollment.Token, error) {
	t, err := s.tokenRow(ctx, id)
	if err != nil {
		return enrollment.Token{}, err
	}
	key, err := s.newKey(ctx, t, store.KeyStaged)
	if err != nil {
		return enrollment.Token{}, err
	}
	return s.replaceKey(ctx, key)
}

// BringKey stages the key pair of an MDM that already has a token. Where no server token was uploaded yet it takes the
// place of the key pair that was made with the token. The pair that serves, brought again, changes nothing.
func (s *Service) BringKey(ctx context.Context, id string, brought enrollment.BroughtKey) (enrollment.Token, error) {
	t, err := s.tokenRow(ctx, id)
	if err != nil {
		return enrollment.Token{}, err
	}
	cert, privatePEM, err := parseBroughtKey(brought)
	if err != nil {
		return enrollment.Token{}, err
	}
	fingerprint := servertoken.Fingerprint(cert)
	current, err := s.ReadToken(ctx, id)
	if err != nil || current.PublicKeySHA256 == fingerprint {
		return current, err
	}
	state := store.KeyStaged
	if t.ServerToken == nil {
		state = store.KeyServing
	}
	certificatePEM := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}))
	key, err := s.sealKey(ctx, id, state, certificatePEM, fingerprint, privatePEM)
	if err != nil {
		return enrollment.Token{}, err
	}
	return s.replaceKey(ctx, key)
}

// parseBroughtKey gives the certificate and the private key in PKCS#8 PEM. Errors name the attribute, and never the key.
func parseBroughtKey(brought enrollment.BroughtKey) (*x509.Certificate, []byte, error) {
	invalid := func(field string, err error) error {
		return &enrollment.Error{Kind: enrollment.ErrInvalid, Field: field, What: "The key pair cannot be used", Err: err}
	}
	cert, err := servertoken.ParseCertificate([]byte(brought.CertificatePEM))
	if err != nil {
		return nil, nil, invalid("certificate_pem", err)
	}
	private, err := servertoken.ParsePrivateKey([]byte(brought.PrivateKeyPEM))
	if err != nil {
		return nil, nil, invalid("private_key_wo", err)
	}
	if err := servertoken.Matches(cert, private); err != nil {
		return nil, nil, invalid("private_key_wo", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, nil, invalid("private_key_wo", err)
	}
	return cert, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// replaceKey writes a key pair in place of the one in the same state, which is archived.
func (s *Service) replaceKey(ctx context.Context, key store.Key) (enrollment.Token, error) {
	err := s.store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.PurgeKeys(ctx, s.now()); err != nil {
			return err
		}
		if err := tx.ArchiveKeys(ctx, key.TokenID, key.State, s.now().Add(keyArchive)); err != nil {
			return err
		}
		return tx.AddKey(ctx, key)
	})
	if err != nil {
		return enrollment.Token{}, err
	}
	return s.ReadToken(ctx, key.TokenID)
}
