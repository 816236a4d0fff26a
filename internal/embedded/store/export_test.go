package store

import (
	"io/fs"
	"testing"
)

// SetMigrations makes an open store one of a program with other migrations.
func SetMigrations(s *Store, migrations fs.FS) { s.migrations = migrations }

// Migrations gives the migrations of a store by name.
func Migrations(t *testing.T, s *Store) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	names, err := fs.Glob(s.migrations, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if out[name], err = fs.ReadFile(s.migrations, name); err != nil {
			t.Fatal(err)
		}
	}
	return out
}
