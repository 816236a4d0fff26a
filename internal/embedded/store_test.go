package embedded_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

func TestACopyOfTheMainFileIsTheWholeStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".asm", "enrollment.db")
	w := newWorld(t, "sqlite:"+path, 2000)
	s := w.open() // and not closed, as in a process that is killed
	home := w.enroll(s, 1200)
	p := w.profile(s, home.id, "Students")
	w.assign(s, home.id, p.ID, home.devices)
	data, err := os.ReadFile(path)
	check(t, 0, err)
	copyTo := filepath.Join(t.TempDir(), "copy.db")
	check(t, 0, os.WriteFile(copyTo, data, 0o600))
	config := w.config
	config.Store = "sqlite:" + copyTo
	restored, err := embedded.Open(t.Context(), config)
	check(t, 0, err)
	t.Cleanup(func() { _ = restored.Close() })
	want, err := s.Store(t.Context())
	check(t, 0, err)
	if got, err := restored.Store(t.Context()); err != nil || got.ID != want.ID || got.Tokens != 1 {
		t.Errorf("the copy is %+v, %v; the store is %+v", got, err, want)
	}
	if byProfile, _ := w.view(restored, home.id); byProfile[p.ID] != 1200 {
		t.Errorf("the copy has %v", byProfile)
	}
}

func TestTheStatusSaysWhenARecoveryIsAllowed(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 200)
	s := w.open()
	home := w.enroll(s, 5)
	until := w.Now().Add(5 * time.Hour)
	embedded.ForceRecovery(t, s, home.id, until.Add(-enrollment.FullSyncInterval))
	w.Advance(t, 20*time.Minute)
	status, err := s.SyncStatus(t.Context(), home.id)
	check(t, 0, err)
	if got := status.NextSyncAt; !got.Equal(until) {
		t.Errorf("the next sync may start at %s, want %s", got, until)
	}
}
