package embedded

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/aead/subtle"

	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded/store"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

const (
	storeKeySize = 32
	// storeKeyHelp tells how to make and give a store key.
	storeKeyHelp = "Set the environment variable ASM_STORE_KEY: for a store that exists already to the key that it was made with, for a new one " +
		"to base64 of 32 random bytes (`openssl rand -base64 32`). Keep it where every machine that applies has it."
	keyDirectory = "terraform-provider-asm"
)

// vault encrypts the secrets of a store: each under a key of its own, which is encrypted under the store key (AES-256-GCM
// both times). Table, row and key are bound in, so that a secret cannot be moved to another row.
type vault struct {
	given     []byte // the store key from the environment, nil without one
	directory string // for key files; empty where there may be none
}

func newVault(c Config) (vault, error) {
	var v vault
	if c.StoreKey != "" {
		key, err := parseStoreKey(c.StoreKey)
		if err != nil {
			return v, &enrollment.Error{Kind: enrollment.ErrInvalid, What: "ASM_STORE_KEY is not base64 of 32 bytes", Do: storeKeyHelp}
		}
		v.given = key
	}
	if c.UserConfigDir != "" && !c.CI {
		v.directory = filepath.Join(c.UserConfigDir, keyDirectory)
	}
	return v, nil
}

func parseStoreKey(text string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil || len(key) != storeKeySize {
		return nil, errors.New("not base64 of 32 bytes") // the cause would quote the key
	}
	return key, nil
}

// storeKey is a key and the id that secrets name it by.
type storeKey struct {
	id  string
	key []byte
}

func newStoreKey(key []byte) storeKey {
	sum := sha256.Sum256(append([]byte("terraform-provider-asm store key "), key...))
	return storeKey{id: hex.EncodeToString(sum[:8]), key: key}
}

// seal encrypts a secret of a row.
func (k storeKey) seal(secret []byte, table, row string) ([]byte, error) {
	envelope, err := k.envelope()
	if err != nil {
		return nil, err
	}
	sealed, err := envelope.Encrypt(secret, k.bind(table, row))
	if err != nil {
		return nil, fmt.Errorf("encrypting a secret: %w", err)
	}
	return sealed, nil
}

// open decrypts a secret of a row that was encrypted under the key with an id.
func (k storeKey) open(sealed []byte, keyID, table, row string) ([]byte, error) {
	if keyID != k.id {
		return nil, wrongStoreKey(keyID, k.id)
	}
	envelope, err := k.envelope()
	if err != nil {
		return nil, err
	}
	secret, err := envelope.Decrypt(sealed, k.bind(table, row))
	if err != nil {
		return nil, &enrollment.Error{
			Kind: enrollment.ErrInvalid, What: fmt.Sprintf("A secret of the store cannot be decrypted (%s %s): it was changed, or moved from another row", table, row),
			Do: "Restore the store from a backup.",
		}
	}
	return secret, nil
}

func (k storeKey) envelope() (*aead.KMSEnvelopeAEAD, error) {
	outer, err := subtle.NewAESGCM(k.key)
	if err != nil {
		return nil, fmt.Errorf("setting up encryption: %w", err)
	}
	return aead.NewKMSEnvelopeAEAD2(aead.AES256GCMKeyTemplate(), outer), nil
}

func (k storeKey) bind(table, row string) []byte { return []byte(table + "|" + row + "|" + k.id) }

func wrongStoreKey(want, got string) error {
	return &enrollment.Error{
		Kind: enrollment.ErrInvalid,
		What: fmt.Sprintf("The secrets of the store are encrypted with the store key %s, and the one that was given is %s", want, got),
		Do:   "Set ASM_STORE_KEY to the key that the store was made with. Nothing was changed.",
	}
}

// keyForWriting gives the store key, makes a key file where the store has no secrets yet and there is no key, and makes
// sure that all secrets of a store are under one key.
func (s *Service) keyForWriting(ctx context.Context) (storeKey, error) {
	if _, err := s.store.Make(ctx); err != nil {
		return storeKey{}, err
	}
	key, err := s.findKey(ctx, true)
	if err != nil {
		return key, err
	}
	var used string
	err = s.store.Write(ctx, func(tx *store.Tx) (err error) {
		if err := tx.SetMetaOnce(ctx, store.MetaStoreKey, key.id); err != nil {
			return err
		}
		used, err = tx.Meta(ctx, store.MetaStoreKey)
		return err
	})
	if err == nil && used != key.id {
		err = wrongStoreKey(used, key.id)
	}
	return key, err
}

func (s *Service) keyForReading(ctx context.Context) (storeKey, error) { return s.findKey(ctx, false) }

func (s *Service) findKey(ctx context.Context, mayMake bool) (storeKey, error) {
	if s.vault.given != nil {
		return newStoreKey(s.vault.given), nil
	}
	if !s.store.Local() || s.vault.directory == "" {
		return storeKey{}, &enrollment.Error{
			Kind: enrollment.ErrInvalid, What: "The store keeps private keys and server tokens encrypted, and no key for that was given", Do: storeKeyHelp,
		}
	}
	id, err := s.store.ID(ctx)
	if err != nil {
		return storeKey{}, err
	}
	path := filepath.Join(s.vault.directory, "store-"+id+".key")
	key, err := readKeyFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	var used string
	err = s.store.Read(ctx, func(q *store.Queries) (err error) {
		used, err = q.Meta(ctx, store.MetaStoreKey)
		return err
	})
	if err != nil {
		return storeKey{}, err
	}
	if used != "" || !mayMake {
		return storeKey{}, &enrollment.Error{
			Kind: enrollment.ErrInvalid, What: fmt.Sprintf("The key that the secrets of the store at %s are encrypted with is not here: there is no %s", s.store.Location(), path),
			Do: "Copy the key file from the machine that made the store, or set ASM_STORE_KEY to its contents.",
		}
	}
	return makeKeyFile(path)
}

func readKeyFile(path string) (storeKey, error) {
	info, err := os.Stat(path)
	if err != nil {
		return storeKey{}, fmt.Errorf("reading the store key: %w", err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return storeKey{}, &enrollment.Error{
			Kind: enrollment.ErrInvalid, What: fmt.Sprintf("The key file %s can be read by others", path), Do: "Run `chmod 600` on it.",
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return storeKey{}, fmt.Errorf("reading the store key: %w", err)
	}
	key, err := parseStoreKey(string(text))
	if err != nil {
		return storeKey{}, &enrollment.Error{Kind: enrollment.ErrInvalid, What: fmt.Sprintf("The key file %s is not base64 of 32 bytes", path), Do: "Restore it from a backup."}
	}
	return newStoreKey(key), nil
}

// makeKeyFile writes a new key beside its place and links it there: whoever finds the file finds all of it, and of two
// processes that make one at the same time both take the first.
func makeKeyFile(path string) (storeKey, error) {
	key := make([]byte, storeKeySize)
	if _, err := rand.Read(key); err != nil {
		return storeKey{}, fmt.Errorf("making a store key: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return storeKey{}, fmt.Errorf("keeping the store key: %w", err)
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".new-*") // readable by nobody else
	if err != nil {
		return storeKey{}, fmt.Errorf("keeping the store key: %w", err)
	}
	defer func() { _ = os.Remove(file.Name()) }()
	_, err = file.WriteString(base64.StdEncoding.EncodeToString(key) + "\n")
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return storeKey{}, fmt.Errorf("keeping the store key: %w", err)
	}
	if err := os.Link(file.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return storeKey{}, fmt.Errorf("keeping the store key: %w", err)
	}
	return readKeyFile(path)
}
