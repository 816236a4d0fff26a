package embedded_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/servertoken"
)

func TestOpeningAndReadingWriteNothing(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 10)
	s := w.open()
	read := func() {
		t.Helper()
		for _, err := range s.Devices(t.Context(), "none", enrollment.DeviceFilter{}) {
			if !errors.Is(err, enrollment.ErrNotFound) {
				t.Fatal(err)
			}
		}
		_, err := s.ListTokens(t.Context())
		check(t, 0, err)
		_, err = s.ReadToken(t.Context(), "none")
		if !errors.Is(err, enrollment.ErrNotFound) {
			t.Fatal(err)
		}
	}
	read()
	if there := files(t, w.config.Store); len(there) != 0 {
		t.Fatalf("reading made %v", slices.Collect(maps.Keys(there)))
	}
	if id, err := s.Store(t.Context()); err != nil || id.ID != "" || id.Tokens != 0 {
		t.Fatalf("an empty store is %+v, %v", id, err)
	}
	home := w.enroll(s, 3)
	check(t, 0, s.Close())
	before := files(t, w.config.Store)
	dir, err := os.Stat(filepath.Dir(strings.TrimPrefix(w.config.Store, "sqlite:")))
	if check(t, 0, err); dir.Mode().Perm() != 0o700 || string(before[".gitignore"]) != "*\n" {
		t.Fatalf("directory %v, .gitignore %q", dir.Mode(), before[".gitignore"])
	}
	s = w.open()
	read()
	_, err = s.ReadToken(t.Context(), home.id)
	check(t, 0, err)
	_, err = s.SyncStatus(t.Context(), home.id)
	check(t, 0, err)
	check(t, 0, s.Close())
	after := files(t, w.config.Store)
	if !maps.EqualFunc(before, after, slices.Equal) {
		t.Fatalf("reading changed the store: %v, before %v", slices.Collect(maps.Keys(after)), slices.Collect(maps.Keys(before)))
	}
}

func TestAStoreIsNeverSilentlyAnotherStore(t *testing.T) {
	onStores(t, func(t *testing.T, address string) {
		w := newWorld(t, address, 1)
		s := w.open()
		w.enroll(s, 0)
		first, err := s.Store(t.Context())
		check(t, first, err)
		check(t, 0, s.Close())
		again, err := w.open().Store(t.Context())
		if check(t, again, err); again != first || first.ID == "" || first.Tokens != 1 {
			t.Fatalf("%+v, and opened again %+v", first, again)
		}
		w.config.Store = stores["sqlite"](t)
		empty, err := w.open().Store(t.Context())
		if check(t, empty, err); !errors.Is(enrollment.CheckStore(first.ID, empty), enrollment.ErrWrongStore) {
			t.Fatalf("an empty store passes for %s: %+v", first.ID, empty)
		}
	})
}

func TestADeadServerTokenNeverReplacesALiveOne(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 10)
	s := w.open()
	home := w.enroll(s, 1)
	before, err := s.ReadToken(t.Context(), home.id)
	check(t, before, err)
	old := w.ServerToken(t, home.serverID)
	w.upload(s, home) // a later download: the old one is dead
	live, err := s.ReadToken(t.Context(), home.id)
	check(t, live, err)
	_, err = s.UploadServerToken(t.Context(), home.id, enrollment.ServerTokenUpload{Contents: old})
	if !errors.Is(err, enrollment.ErrTokenRevoked) {
		t.Fatalf("error %v", err)
	}
	after, err := s.ReadToken(t.Context(), home.id)
	if check(t, after, err); !reflect.DeepEqual(after, live) {
		t.Fatalf("the token changed to %+v", after)
	}
	w.Advance(t, time.Hour)
	w.sync(s, home.id, enrollment.IncrementalSync)
}

func TestABroughtKeyServesTheServerTokenOfAnotherMDM(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 10)
	s := w.open()
	pair, err := servertoken.NewKeyPair("MDM", w.Now())
	check(t, 0, err)
	brought := enrollment.BroughtKey{CertificatePEM: string(pair.CertificatePEM), PrivateKeyPEM: string(pair.PrivateKeyPEM)}
	serverID := w.AddServer(t, "MDM", string(pair.CertificatePEM))
	p7m := w.ServerToken(t, serverID)
	token, err := s.CreateToken(t.Context(), enrollment.TokenSpec{Name: "District"})
	check(t, token, err)
	after, err := s.BringKey(t.Context(), token.ID, brought)
	if check(t, after, err); after.PublicKeySHA256 != servertoken.Fingerprint(pair.Certificate) || after.StagedPublicKeyPEM != "" {
		t.Fatalf("a waiting token takes the brought key at once: %+v", after)
	}
	_, err = s.UploadServerToken(t.Context(), token.ID, enrollment.ServerTokenUpload{Contents: p7m})
	check(t, 0, err)
	if again, err := s.BringKey(t.Context(), token.ID, brought); err != nil || again.StagedPublicKeyPEM != "" {
		t.Fatalf("the serving key brought again: %+v, %v", again, err)
	}
	other, err := servertoken.NewKeyPair("Other", w.Now())
	check(t, 0, err)
	staged, err := s.BringKey(t.Context(), token.ID, enrollment.BroughtKey{CertificatePEM: string(other.CertificatePEM), PrivateKeyPEM: string(other.PrivateKeyPEM)})
	if check(t, staged, err); staged.PublicKeySHA256 != after.PublicKeySHA256 || staged.StagedPublicKeyPEM == "" {
		t.Fatalf("a token in use stages the brought key: %+v", staged)
	}
	_, err = s.BringKey(t.Context(), token.ID, enrollment.BroughtKey{CertificatePEM: string(other.CertificatePEM), PrivateKeyPEM: string(pair.PrivateKeyPEM)})
	if e := new(enrollment.Error); !errors.As(err, &e) || e.Field != "private_key_wo" {
		t.Fatalf("a key that is not the certificate's: %v", err)
	}
}

func TestKeysAreArchivedFor30Days(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 10)
	s := w.open()
	token, err := s.CreateToken(t.Context(), enrollment.TokenSpec{Name: "District"})
	check(t, token, err)
	check(t, 0, s.DeleteToken(t.Context(), token.ID))
	if n := embedded.Keys(t, s, token.ID); n != 1 {
		t.Fatalf("%d keys after the token was deleted, want 1", n)
	}
	w.Advance(t, 29*24*time.Hour)
	_, err = s.CreateToken(t.Context(), enrollment.TokenSpec{Name: "A"})
	check(t, 0, err)
	if n := embedded.Keys(t, s, token.ID); n != 1 {
		t.Fatalf("%d keys after 29 days, want 1", n)
	}
	w.Advance(t, 2*24*time.Hour)
	_, err = s.CreateToken(t.Context(), enrollment.TokenSpec{Name: "B"})
	check(t, 0, err)
	if n := embedded.Keys(t, s, token.ID); n != 0 {
		t.Fatalf("%d keys after 31 days, want none", n)
	}
}

func TestAnUploadWhoseSyncFailsStands(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 10)
	s := w.open()
	home := w.enroll(s, 1)
	w.restore(s, home) // an upload whose sync fails
	token, err := s.ReadToken(t.Context(), home.id)
	if check(t, token, err); token.Status != enrollment.Active {
		t.Fatalf("the token is %+v", token)
	}
	w.sync(s, home.id, enrollment.IncrementalSync)
}
