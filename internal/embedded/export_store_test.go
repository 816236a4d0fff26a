package embedded

import (
	"slices"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded/store"
)

// ForceRecovery records that a token has to be fetched anew, and when it was before.
func ForceRecovery(t *testing.T, s *Service, tokenID string, recoveredAt time.Time) {
	t.Helper()
	err := s.store.Write(t.Context(), func(tx *store.Tx) error {
		state, err := tx.SyncState(t.Context(), tokenID)
		if err != nil {
			return err
		}
		state.Forced, state.RecoveryAt = "Apple refused the cursor of the last sync", recoveredAt
		return tx.SetSyncState(t.Context(), tokenID, state)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// NotActedSince tells for which of some devices it counts what was found then.
func NotActedSince(t *testing.T, s *Service, tokenID string, serials []string, then time.Time) (out []string) {
	t.Helper()
	err := s.store.Write(t.Context(), func(tx *store.Tx) (err error) {
		out, err = notActedSince(t.Context(), tx, tokenID, slices.Clone(serials), then)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
