package embedded

import (
	"fmt"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded/store"
)

// DieBefore makes the service stop, as a process that is killed, after Apple answered a journalled request and before the
// answer is stored, where f says so.
func (s *Service) DieBefore(f func(op store.Op, serials int) bool) {
	s.diesBefore = func(e store.Entry) error {
		if f(e.Op, len(e.SerialNumbers)) {
			return errDied
		}
		return nil
	}
}

type died struct{}

func (died) Error() string { return "killed" }

var errDied = died{}

// Kill does to the store what the death of the process does: locks and connections are gone, and nothing is tidied up.
func (s *Service) Kill() error { return s.store.Close() }

// StoreKey is a store key made of bytes.
func StoreKey(key []byte) storeKey { return newStoreKey(key) }

func (k storeKey) ID() string { return k.id }

func (k storeKey) Seal(secret []byte, table, row string) ([]byte, error) {
	return k.seal(secret, table, row)
}

func (k storeKey) Open(sealed []byte, id, table, row string) ([]byte, error) {
	return k.open(sealed, id, table, row)
}

// Keys counts the key pairs that the store has for a token.
func Keys(t *testing.T, s *Service, tokenID string) int {
	t.Helper()
	var keys []store.Key
	err := s.store.Read(t.Context(), func(q *store.Queries) (err error) {
		keys, err = q.Keys(t.Context(), tokenID)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return len(keys)
}

// RecordWithin sets how long a run that ended may take to be recorded.
func (s *Service) RecordWithin(d time.Duration) { s.recordWithin = d }

// PageByPage stores each page of a sync by itself, also where several wait, so that a test can tell what is stored when.
func (s *Service) PageByPage() { s.pagesAhead = 0 }

// ProfilePage is how many profiles are read from the store at once.
const ProfilePage = profilePage

// Record writes the records of so many profiles of a token, of which Apple knows
// nothing.
func (s *Service) Record(t *testing.T, tokenID string, profiles int) {
	t.Helper()
	err := s.store.Write(t.Context(), func(tx *store.Tx) error {
		for i := range profiles {
			p := store.Profile{ID: fmt.Sprintf("p%04d", i), TokenID: tokenID, CreatedAt: s.now()}
			p.Spec.Name = fmt.Sprintf("Profile %04d", i)
			if err := tx.SaveProfile(t.Context(), p, s.now()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
