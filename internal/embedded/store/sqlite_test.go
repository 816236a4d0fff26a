package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded/store"
)

// copied opens a copy of the main file of a store alone.
func copied(t *testing.T, path string) *store.Store {
	t.Helper()
	data, err := os.ReadFile(path)
	check(t, err)
	to := filepath.Join(t.TempDir(), "copy.db")
	check(t, os.WriteFile(to, data, 0o600))
	return open(t, "sqlite:"+to)
}

func TestTheMainFileAloneIsComplete(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".asm", "enrollment.db")
	s := open(t, "sqlite:"+path)
	for _, name := range []string{"First", "Second"} {
		write(t, s, func(tx *store.Tx) error { return tx.SaveToken(t.Context(), store.Token{ID: name, Name: name}) })
		read(t, copied(t, path), func(q *store.Queries) error { // s is not closed
			_, err := q.Token(t.Context(), name)
			return err
		})
	}
	see := func(i int) {
		write(t, s, func(tx *store.Tx) error {
			_, err := tx.SeeDevices(t.Context(), "First", []store.Device{device(i)}, now)
			return err
		})
	}
	count := func(when string, want int) {
		t.Helper()
		read(t, copied(t, path), func(q *store.Queries) error {
			n, err := q.CountDevices(t.Context(), "First")
			if n != want {
				t.Errorf("%s the main file has %d devices, want %d", when, n, want)
			}
			return err
		})
	}
	see(1)
	count("during a sync", 0) // which need not be copied page by page
	write(t, s, func(tx *store.Tx) error { return tx.ReleaseLease(t.Context(), "First", "run") })
	count("after a sync", 1)
	see(2)
	check(t, s.Close())
	count("after Close", 2)
}

func TestTheMainFileIsCompleteWhileOthersHaveTheStoreOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".asm", "enrollment.db")
	s, other := open(t, "sqlite:"+path), open(t, "sqlite:"+path)
	_, err := s.Make(t.Context())
	check(t, err)
	_, err = other.ID(t.Context())
	check(t, err)
	write(t, s, func(tx *store.Tx) error {
		_, err := tx.SeeDevices(t.Context(), "t", []store.Device{device(1)}, now)
		return err
	})
	check(t, s.Close())
	read(t, copied(t, path), func(q *store.Queries) error {
		n, err := q.CountDevices(t.Context(), "t")
		if n != 1 {
			t.Errorf("the main file has %d devices", n)
		}
		return err
	})
}

func TestLocksOfTheDeadAreRemoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".asm", "100%#?.db")
	owners := func() (out []string) {
		files, err := os.ReadDir(filepath.Dir(path))
		check(t, err)
		for _, f := range files {
			if strings.Contains(f.Name(), "-owner-") {
				out = append(out, f.Name())
			}
		}
		return out
	}
	living, later := open(t, "sqlite:"+path), open(t, "sqlite:"+path)
	id, err := living.Owner(t.Context())
	check(t, err)
	check(t, os.WriteFile(path+"-owner-dead.lock", nil, 0o600))
	check(t, os.WriteFile(path+"-owner-notes.txt", nil, 0o600))
	_, err = later.Owner(t.Context())
	check(t, err)
	if got := owners(); len(got) != 3 || strings.Contains(strings.Join(got, " "), "dead") {
		t.Errorf("beside the store are %q", got)
	}
	if alive, err := later.OwnerAlive(t.Context(), id); err != nil || !alive {
		t.Errorf("the other one lives: %t, %v", alive, err)
	}
	check(t, living.Close())
	check(t, later.Close())
	if got := owners(); len(got) != 1 {
		t.Errorf("after Close %q are left", got)
	}
}

func TestManyOwnersBeginAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "enrollment.db")
	looker := open(t, "sqlite:"+path)
	_, err := looker.Make(t.Context())
	check(t, err)
	ids := make(chan string)
	const many = 12
	for range many {
		s := open(t, "sqlite:"+path)
		go func() {
			id, err := s.Owner(t.Context())
			if err != nil {
				t.Error(err)
			}
			ids <- id
		}()
	}
	for range many {
		if alive, err := looker.OwnerAlive(t.Context(), <-ids); err != nil || !alive {
			t.Errorf("an owner that began beside others lives: %t, %v", alive, err)
		}
	}
}
