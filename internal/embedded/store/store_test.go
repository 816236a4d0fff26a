package store_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
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

// later makes an open store one of a program with a migration after the last one of this.
func later(s *store.Store) *store.Store {
	store.AddMigration(s, "99999_later.sql", "-- +goose Up\nUPDATE tokens SET name = 'migrated ' || name;\nCREATE TABLE later (id TEXT);\n")
	return s
}

func TestAStoreOfAnOlderVersionIsReadAndMigratedWithTheFirstChange(t *testing.T) {
	onStores(t, func(t *testing.T, address string) {
		old := open(t, address)
		write(t, old, func(tx *store.Tx) error {
			if err := tx.SaveToken(t.Context(), store.Token{ID: "t", Name: "Home", ServerToken: []byte{0, 1, 255}, SharedWithSDS: true, CreatedAt: now}); err != nil {
				return err
			}
			if _, err := tx.SeeDevices(t.Context(), "t", []store.Device{device(1)}, now); err != nil {
				return err
			}
			return tx.OpenEntry(t.Context(), store.Entry{ID: "e", TokenID: "t", Op: store.OpAssign, SerialNumbers: []string{"A"}, OpenedAt: now})
		})
		owner, err := old.Owner(t.Context())
		check(t, err)
		id, err := old.ID(t.Context())
		check(t, err)
		newer := later(open(t, address))
		looks := func(when string) {
			t.Helper()
			read(t, newer, func(q *store.Queries) error {
				got, err := q.Token(t.Context(), "t")
				if err != nil {
					return err
				}
				want := store.Token{ID: "t", Name: "migrated Home", ServerToken: []byte{0, 1, 255}, SharedWithSDS: true, CreatedAt: now}
				if !reflect.DeepEqual(got, want) {
					t.Errorf("%s: token %+v, want %+v", when, got, want)
				}
				found, err := q.DevicesBySerial(t.Context(), "t", []string{device(1).SerialNumber})
				if got := found[device(1).SerialNumber]; got != device(1) {
					t.Errorf("%s: device %+v", when, got)
				}
				entries, entriesErr := q.Entries(t.Context(), "t")
				if len(entries) != 1 || !slices.Equal(entries[0].SerialNumbers, []string{"A"}) {
					t.Errorf("%s: entries %+v", when, entries)
				}
				return errors.Join(err, entriesErr)
			})
			if got, err := newer.ID(t.Context()); err != nil || got != id {
				t.Errorf("%s: store %q, %v; want %q", when, got, err, id)
			}
			if alive, err := newer.OwnerAlive(t.Context(), owner); err != nil || !alive {
				t.Errorf("%s: the owner lives: %t, %v", when, alive, err)
			}
		}
		looks("before the first change")
		looks("again")
		read(t, old, func(q *store.Queries) error { // nothing was written to it
			got, err := q.Token(t.Context(), "t")
			if got.Name != "Home" {
				t.Errorf("reading changed the token to %q", got.Name)
			}
			return err
		})
		if _, err := newer.Make(t.Context()); err != nil {
			t.Fatalf("the first change migrates: %v", err)
		}
		looks("after the first change")
		write(t, newer, func(tx *store.Tx) error { return tx.DeleteToken(t.Context(), "t") })
		read(t, newer, func(q *store.Queries) error {
			if _, err := q.Token(t.Context(), "t"); !errors.Is(err, enrollment.ErrNotFound) {
				t.Errorf("what is changed afterwards is not seen: %v", err)
			}
			return nil
		})
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

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
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

func TestADeviceWhoseRecordIsOlderWasSeenAllTheSame(t *testing.T) {
	onStores(t, func(t *testing.T, address string) {
		s := open(t, address)
		first := device(1)
		first.OpDate, first.Color = now, "BLUE"
		older := device(1)
		older.OpDate, older.Color, older.Generation = now.Add(-time.Hour), "RED", 2
		write(t, s, func(tx *store.Tx) error {
			for _, d := range []store.Device{first, older} {
				if _, err := tx.SeeDevices(t.Context(), "t", []store.Device{d}, now); err != nil {
					return err
				}
			}
			removed, _, err := tx.DropUnseen(t.Context(), "t", 2)
			if removed != 0 {
				t.Errorf("%d devices that the fetch saw were removed", removed)
			}
			return err
		})
		read(t, s, func(q *store.Queries) error {
			all, err := q.DevicesBySerial(t.Context(), "t", []string{first.SerialNumber})
			first.Generation = 2
			if got := all[first.SerialNumber]; got != first {
				t.Errorf("stored\n%+v, want\n%+v", got, first)
			}
			return err
		})
	})
}

func TestWhatWasFoundDoesNotUndoWhatWasDoneAfterwards(t *testing.T) {
	onStores(t, func(t *testing.T, address string) {
		s := open(t, address)
		asked := now.Add(time.Minute)
		serials := []string{device(0).SerialNumber, device(1).SerialNumber}
		write(t, s, func(tx *store.Tx) error {
			if _, err := tx.SeeDevices(t.Context(), "t", devices(2), now); err != nil {
				return err
			}
			for i, acted := range []time.Time{asked.Add(-time.Second), asked.Add(time.Second)} {
				if err := tx.SetProfile(t.Context(), "t", serials[i:i+1], "OURS", new("holder"), acted); err != nil {
					return err
				}
			}
			return tx.FindDevices(t.Context(), "t", devices(2), asked)
		})
		read(t, s, func(q *store.Queries) error {
			all, err := q.DevicesBySerial(t.Context(), "t", serials)
			if got := all[serials[0]]; got.AppleUUID != "" || got.Holder != "" {
				t.Errorf("acted on before the look: %+v", got)
			}
			if got := all[serials[1]]; got.AppleUUID != "OURS" || got.Holder != "holder" || !got.ActedAt.Equal(asked.Add(time.Second)) {
				t.Errorf("acted on after the look: %+v", got)
			}
			return err
		})
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

func TestProfilesAreReadInPagesByNameAndID(t *testing.T) {
	onStores(t, func(t *testing.T, address string) {
		s := open(t, address)
		now := time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)
		var want []string
		write(t, s, func(tx *store.Tx) error {
			for i := range 23 {
				p := store.Profile{ID: fmt.Sprintf("p%02d", 22-i), TokenID: "t", CreatedAt: now}
				p.Spec.Name = fmt.Sprintf("Profile %d", i/10) // ten have the same name
				if err := tx.SaveProfile(t.Context(), p, now); err != nil {
					return err
				}
				want = append(want, p.Spec.Name+" "+p.ID)
			}
			return tx.SaveProfile(t.Context(), store.Profile{ID: "p00x", TokenID: "other", CreatedAt: now}, now)
		})
		slices.Sort(want)
		var got []string
		for last := (store.Profile{}); ; {
			var page []store.Profile
			read(t, s, func(q *store.Queries) (err error) {
				page, err = q.ProfilesAfter(t.Context(), "t", last, 4)
				return err
			})
			for _, p := range page {
				got = append(got, p.Spec.Name+" "+p.ID)
			}
			if len(page) == 0 {
				break
			}
			last = page[len(page)-1]
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %v\nwant %v", got, want)
		}
	})
}
