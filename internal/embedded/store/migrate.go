package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

//go:embed migrations
var migrations embed.FS

func sqliteMigrations() fs.FS   { return subFS("migrations/sqlite") }
func postgresMigrations() fs.FS { return subFS("migrations/postgres") }

func subFS(dir string) fs.FS {
	sub, err := fs.Sub(migrations, dir)
	if err != nil {
		panic(err) // the directory is embedded
	}
	return sub
}

func (s *Store) migrate(ctx context.Context, db *sql.DB) error {
	return migrate(ctx, db, s.backend.dialect().goose, s.migrations)
}

func migrate(ctx context.Context, db *sql.DB, dialect goose.Dialect, migrations fs.FS) error {
	return migrateTo(ctx, db, dialect, migrations, goose.MaxVersion)
}

func migrateTo(ctx context.Context, db *sql.DB, dialect goose.Dialect, migrations fs.FS, version int64) error {
	p, err := goose.NewProvider(dialect, db, migrations, goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return fmt.Errorf("reading the migrations: %w", err)
	}
	if _, err := p.UpTo(ctx, version); err != nil {
		return fmt.Errorf("migrating: %w", err)
	}
	return nil
}

// latest is the schema version that this program writes: the number of the last migration.
func (s *Store) latest() int64 {
	names, err := fs.Glob(s.migrations, "*.sql")
	if err != nil || len(names) == 0 {
		panic("store: no migrations are embedded")
	}
	version, err := goose.NumericComponent(names[len(names)-1])
	if err != nil {
		panic(err)
	}
	return version
}

// version is the schema version of a database, 0 for one without our schema.
func (s *Store) version(ctx context.Context, db *sql.DB) (int64, error) {
	var tables int
	if err := db.QueryRowContext(ctx, s.backend.dialect().hasVersions).Scan(&tables); err != nil {
		return 0, s.failed("read", err)
	}
	if tables == 0 {
		return 0, nil
	}
	var version sql.NullInt64
	if err := db.QueryRowContext(ctx, "SELECT MAX(version_id) FROM goose_db_version").Scan(&version); err != nil {
		return 0, s.failed("read", err)
	}
	return version.Int64, nil
}

// checkVersion refuses a schema that this program does not know.
func (s *Store) checkVersion(version int64) error {
	latest := s.latest()
	if version <= latest {
		return nil
	}
	return &enrollment.Error{
		Kind: enrollment.ErrStoreVersion,
		What: fmt.Sprintf("The store at %s has schema %d, and this version of the provider knows schema %d", s.Location(), version, latest),
		Do:   "A newer version of the provider has written to it: use that version or a later one.",
	}
}

// openStandIn gives a store without contents, in memory.
func openStandIn(ctx context.Context, migrations fs.FS) (*sql.DB, error) {
	db, err := openMemory()
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, db, goose.DialectSQLite3, migrations); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("opening an empty store: %w", err)
	}
	return db, nil
}

func openMemory() (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file::memory:")
	if err != nil {
		return nil, fmt.Errorf("opening a store in memory: %w", err)
	}
	db.SetMaxOpenConns(1) // each connection to memory is a database of its own
	db.SetConnMaxLifetime(0)
	return db, nil
}
