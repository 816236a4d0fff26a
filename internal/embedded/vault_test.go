package embedded_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/servertoken"
)

const otherKey = "HxwdHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA="

// files gives the contents of all files of a SQLite store, by name.
func files(t *testing.T, address string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	dir := filepath.Dir(strings.TrimPrefix(address, "sqlite:"))
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return out
	}
	check(t, 0, err)
	for _, e := range entries {
		contents, err := os.ReadFile(filepath.Join(dir, e.Name()))
		out[e.Name()] = check(t, contents, err)
	}
	return out
}

func TestNoSecretIsStoredInClear(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 10)
	s := w.open()
	pair, err := servertoken.NewKeyPair("Brought", w.Now())
	check(t, 0, err)
	token, err := s.CreateToken(t.Context(), enrollment.TokenSpec{Name: "District", Type: enrollment.School})
	check(t, token, err)
	_, err = s.BringKey(t.Context(), token.ID, enrollment.BroughtKey{CertificatePEM: string(pair.CertificatePEM), PrivateKeyPEM: string(pair.PrivateKeyPEM)})
	check(t, 0, err)
	serverID := w.AddServer(t, "District", string(pair.CertificatePEM))
	p7m := w.ServerToken(t, serverID)
	_, err = s.UploadServerToken(t.Context(), token.ID, enrollment.ServerTokenUpload{Contents: p7m})
	check(t, 0, err)
	opened, err := servertoken.Decrypt(p7m, pair.Certificate, pair.PrivateKey)
	check(t, 0, err)

	secrets := map[string][]byte{
		"consumer key": []byte(opened.ConsumerKey), "consumer secret": []byte(opened.ConsumerSecret),
		"access token": []byte(opened.AccessToken), "access secret": []byte(opened.AccessSecret),
		"private key (PEM)": bytes.Split(pair.PrivateKeyPEM, []byte("\n"))[5], "private key (prime)": pair.PrivateKey.Primes[0].Bytes(),
		"any private key": []byte("PRIVATE KEY"), "store key": []byte(storeKey),
	}
	stored := files(t, w.config.Store)
	for name, contents := range stored {
		for what, secret := range secrets {
			if bytes.Contains(contents, secret) {
				t.Errorf("%s holds the %s in clear", name, what)
			}
		}
	}
	if !bytes.Contains(stored["enrollment.db"], []byte("BEGIN CERTIFICATE")) {
		t.Error("the search finds nothing at all")
	}
}

func TestTheWrongStoreKeyIsRefusedBeforeAnythingIsWritten(t *testing.T) {
	onStores(t, func(t *testing.T, address string) {
		w := newWorld(t, address, 10)
		s := w.open()
		home := w.enroll(s, 1)
		check(t, 0, s.Close())
		w.config.StoreKey = otherKey
		s = w.open()
		_, syncErr := s.Sync(t.Context(), enrollment.SyncRequest{TokenID: home.id, Kind: enrollment.IncrementalSync, Wait: true})
		_, createErr := s.CreateToken(t.Context(), enrollment.TokenSpec{Name: "Second"})
		for what, err := range map[string]error{"sync": syncErr, "create": createErr} {
			if !errors.Is(err, enrollment.ErrInvalid) || !strings.Contains(err.Error(), "ASM_STORE_KEY") || strings.Contains(err.Error(), otherKey) {
				t.Errorf("%s: error %v", what, err)
			}
		}
		if tokens, err := s.ListTokens(t.Context()); err != nil || len(tokens) != 1 {
			t.Errorf("reading needs no key: %v, %v", tokens, err)
		}
	})
}

func TestASecretThatWasMovedToAnotherRowIsRefused(t *testing.T) {
	key := embedded.StoreKey(bytes.Repeat([]byte{7}, 32))
	sealed, err := key.Seal([]byte("secret"), "keys", "one")
	check(t, sealed, err)
	if opened, err := key.Open(sealed, key.ID(), "keys", "one"); err != nil || string(opened) != "secret" {
		t.Fatalf("%q, %v", opened, err)
	}
	for _, place := range [][2]string{{"keys", "two"}, {"tokens", "one"}} {
		if _, err := key.Open(sealed, key.ID(), place[0], place[1]); err == nil {
			t.Errorf("it opens as %v", place)
		}
	}
}

func TestOnAWorkstationTheKeyIsAFileOfTheUser(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 10)
	w.config.StoreKey = ""
	s := w.open()
	w.enroll(s, 1)
	id, err := s.Store(t.Context())
	path := filepath.Join(w.config.UserConfigDir, "terraform-provider-asm", "store-"+check(t, id, err).ID+".key")
	info, err := os.Stat(path)
	if check(t, 0, err); info.Mode().Perm() != 0o600 {
		t.Fatalf("the key file has mode %v", info.Mode())
	}
	check(t, 0, s.Close())
	s = w.open()
	if _, err := s.RotateKey(t.Context(), w.onlyToken(s)); err != nil {
		t.Fatalf("with the key file: %v", err)
	}
	check(t, 0, os.Remove(path))
	if _, err := s.RotateKey(t.Context(), w.onlyToken(s)); !errors.Is(err, enrollment.ErrInvalid) || !strings.Contains(err.Error(), path) {
		t.Fatalf("without the key file: %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Fatal("another key was made over secrets that are there")
	}
}

func (w *world) onlyToken(s *embedded.Service) string {
	w.t.Helper()
	tokens, err := s.ListTokens(w.t.Context())
	if check(w.t, tokens, err); len(tokens) != 1 {
		w.t.Fatalf("%d tokens", len(tokens))
	}
	return tokens[0].ID
}

func TestElsewhereTheKeyIsAsked(t *testing.T) {
	for name, change := range map[string]func(*embedded.Config){
		"in CI":                 func(c *embedded.Config) { c.CI = true },
		"with PostgreSQL":       func(c *embedded.Config) { c.Store = stores["postgres"](t) },
		"without a user's home": func(c *embedded.Config) { c.UserConfigDir = "" },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, stores["sqlite"](t), 1)
			w.config.StoreKey = ""
			change(&w.config)
			_, err := w.open().CreateToken(t.Context(), enrollment.TokenSpec{Name: "District"})
			if !errors.Is(err, enrollment.ErrInvalid) || !strings.Contains(err.Error(), "openssl rand -base64 32") {
				t.Fatalf("error %v", err)
			}
		})
	}
	w := newWorld(t, stores["sqlite"](t), 1)
	for _, bad := range []string{"short", "bm90IDMyIGJ5dGVz"} {
		w.config.StoreKey = bad
		if _, err := embedded.Open(t.Context(), w.config); !errors.Is(err, enrollment.ErrInvalid) || strings.Contains(err.Error(), bad) {
			t.Errorf("key %q: error %v", bad, err)
		}
	}
}
