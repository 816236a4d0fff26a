package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// Store is an open store. It is safe for concurrent use.
type Store struct {
	backend    backend
	migrations fs.FS
	// standIn are the migrations of what is read in place of the store: always SQLite's, with the same numbers.
	standIn fs.FS

	mu      sync.Mutex
	reader  *sql.DB // of the store itself, nil as long as it does not exist
	present bool    // reader sees the schema of this program
	empty   *sql.DB // stands in for a store that does not exist
	copied  *sql.DB // stands in for a store with an older schema
	writer  *sql.DB
	atEnd   func() // before writer is closed
	owner   *ownerLock
	closed  bool
}

// backend is what SQLite and PostgreSQL do differently.
type backend interface {
	dialect() dialect
	location() string
	// exists tells whether there is a database to connect to, without making one.
	exists() bool
	openReader(ctx context.Context) (*sql.DB, error)
	// openWriter makes what has to be there before a database can be used.
	openWriter(ctx context.Context) (*sql.DB, error)
	// lockSchema keeps other processes from changing the schema at the same time.
	lockSchema(ctx context.Context, db *sql.DB) (unlock func() error, err error)
	// lockOwner takes the lock that shows others that this owner lives.
	lockOwner(ctx context.Context, db *sql.DB, owner string) (unlock func() error, err error)
	// ownerAlive tells whether anybody holds the lock of an owner. It writes nothing.
	ownerAlive(ctx context.Context, db *sql.DB, owner string) (bool, error)
	// lockToken keeps other processes that take the lock from changing a token's devices.
	lockToken(ctx context.Context, tokenID string) (unlock func() error, err error)
	// checkpoint brings what was committed to where a copy of the store is made from, as far as others let it.
	checkpoint(ctx context.Context, conn *sql.Conn)
	// transient tells whether a transaction that failed like this is to be tried again.
	transient(err error) bool
	// redact takes what must not be shown out of an error.
	redact(err error) error
}

// Open reads the address of a store: "sqlite:PATH" or a "postgres://" URL. It connects to nothing and writes nothing.
// The error is of kind enrollment.ErrInvalid and never holds the address, which may have a password in it.
func Open(address string) (*Store, error) {
	switch {
	case strings.HasPrefix(address, "sqlite:"):
		b, err := newSQLite(strings.TrimPrefix(address, "sqlite:"))
		if err != nil {
			return nil, err
		}
		return &Store{backend: b, migrations: sqliteMigrations(), standIn: sqliteMigrations()}, nil
	case strings.HasPrefix(address, "postgres://"), strings.HasPrefix(address, "postgresql://"):
		b, err := newPostgres(address)
		if err != nil {
			return nil, err
		}
		return &Store{backend: b, migrations: postgresMigrations(), standIn: sqliteMigrations()}, nil
	}
	return nil, &enrollment.Error{
		Kind: enrollment.ErrInvalid, Field: "store", What: "The address of the store is neither SQLite nor PostgreSQL",
		Do: `Write "sqlite:" and a path, such as "sqlite:.asm/enrollment.db", or a URL that begins with "postgres://".`,
	}
}

// Location says where the store is, without credentials.
func (s *Store) Location() string { return s.backend.location() }

// Local tells whether the store is a file of this machine.
func (s *Store) Local() bool { return s.backend.dialect() == sqliteDialect }

// Read gives f the store to read from. Statements see what is committed when they run.
func (s *Store) Read(ctx context.Context, f func(*Queries) error) error {
	db, numbered, err := s.forReading(ctx)
	if err != nil {
		return err
	}
	return f(&Queries{db: db, store: s, numbered: numbered})
}

// Write gives f a transaction and commits it when f returns nil. Where the database gave up on a conflict between
// transactions f is called again: it must do nothing but write.
func (s *Store) Write(ctx context.Context, f func(*Tx) error) error {
	db, err := s.forWriting(ctx)
	if err != nil {
		return err
	}
	const attempts = 5
	for i := 1; ; i++ {
		err = s.write(ctx, db, f)
		if err == nil || i == attempts || !s.backend.transient(err) {
			return err
		}
	}
}

func (s *Store) write(ctx context.Context, db *sql.DB, f func(*Tx) error) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return s.failed("written to", err)
	}
	defer func() { _ = conn.Close() }()
	sqlTx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return s.failed("written to", err)
	}
	defer func() { _ = sqlTx.Rollback() }()
	tx := &Tx{Queries: Queries{db: sqlTx, store: s, numbered: s.backend.dialect().numbered}}
	if err := f(tx); err != nil {
		return err
	}
	if err := sqlTx.Commit(); err != nil {
		return s.failed("written to", err)
	}
	if !tx.storesPage {
		s.backend.checkpoint(context.WithoutCancel(ctx), conn)
	}
	return nil
}

// ID is the random identifier of the store, made with it; empty for one that nothing was ever written to.
func (s *Store) ID(ctx context.Context) (string, error) {
	var id string
	err := s.Read(ctx, func(q *Queries) (err error) {
		id, err = q.Meta(ctx, metaStoreID)
		return err
	})
	return id, err
}

// Make makes the store if it does not exist yet, brings it to the present schema and gives its id.
func (s *Store) Make(ctx context.Context) (string, error) {
	if _, err := s.forWriting(ctx); err != nil {
		return "", err
	}
	return s.ID(ctx)
}

// Close gives back connections and locks.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	var errs []error
	if s.owner != nil {
		errs = append(errs, s.owner.unlock())
	}
	if s.writer != nil {
		s.atEnd()
	}
	for _, db := range []*sql.DB{s.reader, s.empty, s.copied, s.writer} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	s.reader, s.empty, s.copied, s.writer, s.owner = nil, nil, nil, nil, nil
	if err := errors.Join(errs...); err != nil {
		return s.failed("closed", err)
	}
	return nil
}

// checkpointAtEnd gives what takes along the pages of a sync that was stopped.
func (s *Store) checkpointAtEnd(ctx context.Context, db *sql.DB) func() {
	const patience = 5 * time.Second
	ctx = context.WithoutCancel(ctx)
	return func() {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		if conn, err := db.Conn(ctx); err == nil {
			s.backend.checkpoint(ctx, conn)
			_ = conn.Close()
		}
	}
}

// forReading gives what is to be read: the store itself, or what stands in for one that does not exist or has an older
// schema. A stand-in is SQLite, whatever the store is; numbered is about what is given.
func (s *Store) forReading(ctx context.Context) (db *sql.DB, numbered bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	version, err := s.openExisting(ctx)
	switch {
	case err != nil:
		return nil, false, err
	case version == s.latest():
		s.present = true
		return s.reader, s.backend.dialect().numbered, nil
	case version > 0:
		if s.copied == nil {
			s.copied, err = s.copyMigrated(ctx, version)
		}
		return s.copied, false, s.failed("read", err)
	}
	if s.empty == nil {
		s.empty, err = openStandIn(ctx, s.standIn)
	}
	return s.empty, false, err
}

// openExisting opens the store for reading, if it exists, and gives its schema version, 0 for none.
func (s *Store) openExisting(ctx context.Context) (version int64, err error) {
	if s.closed {
		return 0, errClosed
	}
	if s.present {
		return s.latest(), nil
	}
	db := s.reader
	if db == nil {
		if !s.backend.exists() {
			return 0, nil
		}
		if db, err = s.backend.openReader(ctx); err != nil {
			return 0, s.failed("opened", err)
		}
	}
	version, err = s.version(ctx, db)
	if err == nil {
		err = s.checkVersion(version)
	}
	if err != nil || version == 0 {
		s.reader = nil
		_ = db.Close()
		return 0, err
	}
	s.reader = db
	return version, nil
}

func (s *Store) forWriting(ctx context.Context) (*sql.DB, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	if s.writer != nil {
		return s.writer, nil
	}
	db, err := s.backend.openWriter(ctx)
	if err != nil {
		return nil, s.failed("opened", err)
	}
	if err := s.prepare(ctx, db); err != nil {
		_ = db.Close()
		return nil, err
	}
	s.writer, s.atEnd = db, s.checkpointAtEnd(ctx, db)
	return db, nil
}

// prepare migrates and names the store.
func (s *Store) prepare(ctx context.Context, db *sql.DB) error {
	unlock, err := s.backend.lockSchema(ctx, db)
	if err != nil {
		return s.failed("locked", err)
	}
	defer func() { _ = unlock() }()
	version, err := s.version(ctx, db)
	if err != nil {
		return err
	}
	if version > s.latest() {
		return s.checkVersion(version)
	}
	if version < s.latest() {
		if err := s.migrate(ctx, db); err != nil {
			return s.failed("brought to the present schema", err)
		}
	}
	return s.write(ctx, db, func(tx *Tx) error {
		return tx.SetMetaOnce(ctx, metaStoreID, uuid.NewString())
	})
}

var errClosed = &enrollment.Error{Kind: enrollment.ErrUnavailable, What: "The store was closed"}

// failed wraps an error of the database.
func (s *Store) failed(verb string, err error) error {
	if err == nil {
		return nil
	}
	if e := new(enrollment.Error); errors.As(err, &e) {
		return err
	}
	return &enrollment.Error{
		Kind: enrollment.ErrUnavailable, What: fmt.Sprintf("The store at %s could not be %s", s.Location(), verb),
		Err: s.backend.redact(err),
	}
}
