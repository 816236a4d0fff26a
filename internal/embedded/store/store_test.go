package store_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded/store"
	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded/store/storetest"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var now = time.Date(2026, 9, 1, 8, 0, 0, 123456789, time.UTC)

func onStores(t *testing.T, test func(t *testing.T, address string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, "sqlite:"+filepath.Join(t.TempDir(), "a dir", "100%#?.db")) })
	t.Run("postgres", func(t *testing.T) { test(t, storetest.Postgres(t)) })
}

func open(t *testing.T, address string) *store.Store {
	t.Helper()
	s, err := store.Open(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func write(t *testing.T, s *store.Store, f func(tx *store.Tx) error) {
	t.Helper()
	if err := s.Write(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, s *store.Store, f func(q *store.Queries) error) {
	t.Helper()
	if err := s.Read(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

func device(i int) store.Device {
	return store.Device{
		SerialNumber: fmt.Sprintf("SERIAL%06d", i), Model: "iPad", Family: "iPad", ProfileStatus: enrollment.StatusEmpty,
		ServerAssignedAt: now, FreshAt: now, Generation: 1,
	}
}

func devices(n int) []store.Device {
	out := make([]store.Device, n)
	for i := range out {
		out[i] = device(n - 1 - i)
	}
	return out
}

func TestAStoreHasOneIDForEver(t *testing.T) {
	onStores(t, func(t *testing.T, address string) {
		if id, err := open(t, address).ID(t.Context()); err != nil || id != "" {
			t.Fatalf("before the first write: %q, %v", id, err)
		}
		var group sync.WaitGroup
		ids := make(chan string, 4)
		for range 4 { // all make it at once
			s := open(t, address)
			group.Go(func() {
				id, err := s.Make(t.Context())
				if err != nil {
					t.Error(err)
				}
				ids <- id
			})
		}
		group.Wait()
		close(ids)
		seen := map[string]bool{}
		for id := range ids {
			seen[id] = true
		}
		if len(seen) != 1 || seen[""] {
			t.Fatalf("ids %v", slices.Collect(maps.Keys(seen)))
		}
	})
}

func TestAnOpenStoreSeesThatItWasMade(t *testing.T) {
	onStores(t, func(t *testing.T, address string) {
		early, maker := open(t, address), open(t, address)
		if id, err := early.ID(t.Context()); err != nil || id != "" {
			t.Fatalf("%q, %v", id, err)
		}
		want, err := maker.Make(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if id, err := early.ID(t.Context()); err != nil || id != want {
			t.Fatalf("%q, %v; want %q", id, err, want)
		}
	})
}

// later is the store's schema with a migration after the last one of this program.
func later(t *testing.T, s *store.Store) fstest.MapFS {
	t.Helper()
	out := fstest.MapFS{"99999_later.sql": {Data: []byte("-- +goose Up\nCREATE TABLE later (id TEXT);\n")}}
	for name, contents := range store.Migrations(t, s) {
		out[name] = &fstest.MapFile{Data: contents}
	}
	return out
}

func TestAStoreOfAnotherVersionIsNotRead(t *testing.T) {
	onStores(t, func(t *testing.T, address string) {
		old := open(t, address)
		if _, err := old.Make(t.Context()); err != nil {
			t.Fatal(err)
		}
		newer := open(t, address)
		store.SetMigrations(newer, later(t, newer))
		if _, err := newer.ID(t.Context()); !errors.Is(err, enrollment.ErrStoreVersion) || !strings.Contains(err.Error(), "Apply once with this version") {
			t.Fatalf("reading an older schema: %v", err)
		}
		if _, err := newer.Make(t.Context()); err != nil {
			t.Fatalf("the first change migrates: %v", err)
		}
		if _, err := newer.ID(t.Context()); err != nil {
			t.Fatalf("after the migration: %v", err)
		}
		left := open(t, address)
		_, readErr := left.ID(t.Context())
		_, writeErr := left.Make(t.Context())
		for _, err := range []error{readErr, writeErr} {
			if !errors.Is(err, enrollment.ErrStoreVersion) || !strings.Contains(err.Error(), "newer version") {
				t.Fatalf("a newer schema: %v", err)
			}
		}
	})
}

func TestTheTwoSchemasHaveTheSameColumns(t *testing.T) {
	columns := func(dir string) []string {
		files, err := filepath.Glob(filepath.Join("migrations", dir, "*.sql"))
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		var out []string
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, filepath.Base(f))
			for line := range strings.Lines(string(text)) {
				if fields := strings.Fields(line); len(fields) > 1 && strings.HasPrefix(line, "    ") || strings.HasPrefix(line, "CREATE") {
					out = append(out, strings.Join(fields[:min(len(fields), 3)], " "))
				}
			}
		}
		return out
	}
	same := strings.NewReplacer("BYTEA", "BLOB", ",", "", " COLLATE", "", " NOT", "")
	a, b := columns("sqlite"), columns("postgres")
	if len(a) != len(b) {
		t.Fatalf("%d and %d lines", len(a), len(b))
	}
	for i := range a {
		if same.Replace(a[i]) != same.Replace(b[i]) {
			t.Errorf("%q and %q", a[i], b[i])
		}
	}
}

func TestAPageIsWrittenOverWhatItMayChange(t *testing.T) {
	onStores(t, func(t *testing.T, address string) {
		s := open(t, address)
		asked := now.Add(time.Minute)
		see := func(requestedAt time.Time, d store.Device) (added int) {
			write(t, s, func(tx *store.Tx) (err error) {
				added, err = tx.SeeDevices(t.Context(), "t", []store.Device{d}, requestedAt)
				return err
			})
			return added
		}
		stored := func() (out store.Device) {
			read(t, s, func(q *store.Queries) error {
				all, err := q.DevicesBySerial(t.Context(), "t", []string{device(1).SerialNumber})
				out = all[device(1).SerialNumber]
				return err
			})
			return out
		}
		first := device(1)
		first.ProfileID = ""
		if added := see(now, first); added != 1 {
			t.Fatalf("%d added", added)
		}
		if got := stored(); got != first {
			t.Fatalf("stored\n%+v, want\n%+v", got, first)
		}
		write(t, s, func(tx *store.Tx) error {
			return tx.SetProfile(t.Context(), "t", []string{first.SerialNumber}, "OURS", new("holder"), asked)
		})
		page := first
		page.AppleUUID, page.ProfileStatus, page.Model = "THEIRS", enrollment.StatusAssigned, "iPad Air"
		if added := see(asked, page); added != 0 {
			t.Fatalf("%d added", added)
		}
		if got := stored(); got.AppleUUID != "OURS" || got.Holder != "holder" || got.Model != "iPad Air" {
			t.Fatalf("a page that was asked for before: %+v", got)
		}
		see(asked.Add(time.Second), page)
		if got := stored(); got.AppleUUID != "THEIRS" || got.Holder != "" {
			t.Fatalf("a page that was asked for afterwards: %+v", got)
		}
		page.OpDate, page.Color = now.Add(time.Hour), "BLUE"
		see(asked.Add(time.Second), page)
		page.OpDate, page.Color = now, "RED"
		see(asked.Add(time.Second), page)
		if got := stored(); got.Color != "BLUE" {
			t.Fatalf("an older record won: %+v", got)
		}
	})
}

func TestManyDevices(t *testing.T) {
	onStores(t, func(t *testing.T, address string) {
		s := open(t, address)
		write(t, s, func(tx *store.Tx) error {
			added, err := tx.SeeDevices(t.Context(), "t", devices(2500), now)
			if added != 2500 {
				t.Errorf("%d added", added)
			}
			return err
		})
		var serials []string
		for after := ""; ; after = serials[len(serials)-1] {
			var page []store.Device
			read(t, s, func(q *store.Queries) (err error) {
				page, err = q.Devices(t.Context(), "t", after, 999)
				return err
			})
			if len(page) == 0 {
				break
			}
			for _, d := range page {
				serials = append(serials, d.SerialNumber)
			}
		}
		if len(serials) != 2500 || !slices.IsSorted(serials) {
			t.Fatalf("%d devices, sorted: %t", len(serials), slices.IsSorted(serials))
		}
		write(t, s, func(tx *store.Tx) error {
			fresh := device(0)
			fresh.Generation = 2
			if _, err := tx.SeeDevices(t.Context(), "t", []store.Device{fresh}, now); err != nil {
				return err
			}
			if err := tx.AddWishes(t.Context(), "t", []store.Wish{{SerialNumber: serials[7], ProfileID: "p"}, {SerialNumber: "NEVERSEEN", ProfileID: "p"}}); err != nil {
				return err
			}
			removed, unwished, err := tx.DropUnseen(t.Context(), "t", 2)
			if removed != 2499 || !slices.Equal(unwished, serials[7:8]) {
				t.Errorf("%d removed, wishes of %v dropped", removed, unwished)
			}
			return err
		})
		read(t, s, func(q *store.Queries) error {
			left, err := q.AllWishes(t.Context(), "t", "", 10)
			if len(left) != 1 || left[0].SerialNumber != "NEVERSEEN" {
				t.Errorf("wishes left: %+v", left)
			}
			return err
		})
	})
}

func TestOnlyOneTakesALease(t *testing.T) {
	onStores(t, func(t *testing.T, address string) {
		services := []*store.Store{open(t, address), open(t, address)}
		for _, seen := range []store.Lease{{}, {RunID: "winner"}} {
			var group sync.WaitGroup
			won := make(chan string, 20)
			for i := range 20 {
				group.Go(func() {
					mine := store.Lease{RunID: fmt.Sprintf("%s%d", seen.RunID, i), Owner: "o", StartedAt: now}
					err := services[i%2].Write(t.Context(), func(tx *store.Tx) error {
						taken, err := tx.TakeLease(t.Context(), "t", seen, mine)
						if taken {
							won <- mine.RunID
						}
						return err
					})
					if err != nil {
						t.Error(err)
					}
				})
			}
			group.Wait()
			if len(won) != 1 {
				t.Fatalf("%d took the lease", len(won))
			}
			id := <-won
			write(t, services[0], func(tx *store.Tx) error {
				if held, err := tx.HoldLease(t.Context(), "t", "somebody else"); held || err != nil {
					t.Errorf("%t, %v", held, err)
				}
				_, err := tx.TakeLease(t.Context(), "t", store.Lease{RunID: id}, store.Lease{RunID: "winner", Owner: "o", StartedAt: now})
				return err
			})
		}
	})
}

func TestAnOwnerLivesAsLongAsItsStoreIsOpen(t *testing.T) {
	onStores(t, func(t *testing.T, address string) {
		one, two := open(t, address), open(t, address)
		owner, err := one.Owner(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		alive := func(want bool) {
			t.Helper()
			if got, err := two.OwnerAlive(t.Context(), owner); err != nil || got != want {
				t.Fatalf("alive: %t, %v; want %t", got, err, want)
			}
		}
		alive(true)
		alive(true) // looking takes no lock away
		if err := one.Close(); err != nil {
			t.Fatal(err)
		}
		alive(false)
	})
}

func TestAddressesAreNotShown(t *testing.T) {
	const secret = "p4ssw0rd"
	for address, location := range map[string]string{
		"sqlite:.asm/enrollment.db":                            "sqlite:.asm/enrollment.db",
		"postgres://user:" + secret + "@db.example.edu/school": "postgres://db.example.edu:5432/school",
	} {
		s := open(t, address)
		if s.Location() != location {
			t.Errorf("location %q, want %q", s.Location(), location)
		}
	}
	for _, bad := range []string{"postgres://user:" + secret + "@host:port/db", "mysql://user:" + secret + "@host/db", "sqlite:", ""} {
		_, err := store.Open(bad)
		if !errors.Is(err, enrollment.ErrInvalid) || strings.Contains(err.Error(), secret) {
			t.Errorf("error %v", err)
		}
	}
	s := open(t, "postgres://user:"+secret+"@127.0.0.1:1/school?connect_timeout=2")
	_, readErr := s.ID(t.Context())
	_, writeErr := s.Make(t.Context())
	for _, err := range []error{readErr, writeErr} {
		if !errors.Is(err, enrollment.ErrUnavailable) || strings.Contains(err.Error(), secret) {
			t.Errorf("error %v", err)
		}
	}
}

func TestAFileThatIsNoStoreIsAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(path, []byte(strings.Repeat("these are notes and no database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, "sqlite:"+path)
	if _, err := s.ID(t.Context()); !errors.Is(err, enrollment.ErrUnavailable) {
		t.Errorf("error %v", err)
	}
}
