package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

const (
	privateDir  fs.FileMode = 0o700
	privateFile fs.FileMode = 0o600

	// lockPoll is how often a lock that another process holds is tried again.
	lockPoll = 50 * time.Millisecond

	// busyTimeout is how many milliseconds a statement waits for other processes.
	busyTimeout = "30000"

	ownerPart, ownerEnd = "-owner-", ".lock"
)

type sqliteBackend struct {
	shown string // as the person wrote it
	path  string // absolute
}

func newSQLite(path string) (*sqliteBackend, error) {
	path = strings.TrimPrefix(path, "//")
	if path == "" || path == ":memory:" {
		return nil, &enrollment.Error{
			Kind: enrollment.ErrInvalid, Field: "store", What: "The address of the store names no file",
			Do: `Write "sqlite:" and a path, such as "sqlite:.asm/enrollment.db".`,
		}
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("finding the store %s: %w", path, err)
	}
	return &sqliteBackend{shown: path, path: abs}, nil
}

func (b *sqliteBackend) dialect() dialect       { return sqliteDialect }
func (b *sqliteBackend) location() string       { return "sqlite:" + b.shown }
func (b *sqliteBackend) redact(err error) error { return err }

func (b *sqliteBackend) exists() bool {
	info, err := os.Stat(b.path)
	// What cannot be looked at is there as far as we know: opening it says why not.
	return !errors.Is(err, fs.ErrNotExist) && (err != nil || info.Size() > 0)
}

// openReader opens for reading and writing and then promises to write nothing: SQLite cannot read a database in WAL mode
// without its shared memory file, which it makes and takes away again.
func (b *sqliteBackend) openReader(context.Context) (*sql.DB, error) {
	db, err := sql.Open("sqlite", b.dsn("rw", "query_only(1)"))
	if err != nil {
		return nil, fmt.Errorf("opening for reading: %w", err)
	}
	db.SetMaxOpenConns(4)
	return db, nil
}

// writerPragmas: a commit is on the disk when it returns, so that what was journalled is there after a loss of power, too.
// The pages of a sync come in no order and so change the index all over: a cache that holds the index, and a write-ahead
// log (32 MB) that takes several pages of a sync before they are copied, spare writing the same octets many times.
var writerPragmas = []string{
	"journal_mode(WAL)", "synchronous(FULL)", "temp_store(MEMORY)", "cache_size(-6000)", "wal_autocheckpoint(8000)",
}

// openWriter has one connection: SQLite has one writer at a time, and waiting for a connection heeds the context.
func (b *sqliteBackend) openWriter(context.Context) (*sql.DB, error) {
	if err := b.makeFile(); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", b.dsn("rw", writerPragmas...)+"&_txlock=immediate")
	if err != nil {
		return nil, fmt.Errorf("opening for writing: %w", err)
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

func (b *sqliteBackend) dsn(mode string, pragmas ...string) string {
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(b.path)}
	if !strings.HasPrefix(u.Path, "/") {
		u.Path = "/" + u.Path // a drive letter
	}
	query := url.Values{"mode": {mode}, "_pragma": append([]string{"busy_timeout(" + busyTimeout + ")"}, pragmas...)}
	return u.String() + "?" + query.Encode()
}

// makeFile makes the database file, and its directory where there is none: readable by nobody else and kept out of
// version control.
func (b *sqliteBackend) makeFile() error {
	dir := filepath.Dir(b.path)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(dir, privateDir); err != nil {
			return fmt.Errorf("making the directory of the store: %w", err)
		}
		if err := os.WriteFile(filepath.Join(dir, ".gitignore"), []byte("*\n"), privateFile); err != nil {
			return fmt.Errorf("keeping the store out of version control: %w", err)
		}
	}
	file, err := os.OpenFile(b.path, os.O_RDWR|os.O_CREATE, privateFile)
	if err != nil {
		return fmt.Errorf("making the store: %w", err)
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("making the store: %w", err)
	}
	return nil
}

func (b *sqliteBackend) lockSchema(ctx context.Context, _ *sql.DB) (func() error, error) {
	lock := flock.New(b.path+"-schema.lock", flock.SetPermissions(privateFile))
	if _, err := lock.TryLockContext(ctx, lockPoll); err != nil {
		return nil, fmt.Errorf("waiting for another process: %w", err)
	}
	return lock.Unlock, nil
}

// checkpoint copies the write-ahead log into the main file, so that the main file is all that a backup, or the artifact of
// a pipeline, has to have, also when the process is killed next. It waits for readers for a moment only: what it leaves
// is copied after the next change.
func (b *sqliteBackend) checkpoint(ctx context.Context, conn *sql.Conn) {
	for _, pragma := range []string{"busy_timeout(250)", "wal_checkpoint(TRUNCATE)", "busy_timeout(" + busyTimeout + ")"} {
		_, _ = conn.ExecContext(ctx, "PRAGMA "+pragma)
	}
}

func (b *sqliteBackend) lockToken(context.Context, string) (func() error, error) {
	return func() error { return nil }, nil
}

func (b *sqliteBackend) ownerPath(owner string) string { return b.path + ownerPart + owner + ownerEnd }

// lockOwner makes and takes the lock under the lock of the schema, under which the locks of the dead are removed: one
// that was just made and is not taken yet looks dead.
func (b *sqliteBackend) lockOwner(ctx context.Context, db *sql.DB, owner string) (func() error, error) {
	unlock, err := b.lockSchema(ctx, db)
	if err != nil {
		return nil, err
	}
	defer func() { _ = unlock() }()
	b.removeDeadOwners(ctx)
	lock := flock.New(b.ownerPath(owner), flock.SetPermissions(privateFile))
	if ok, err := lock.TryLock(); err != nil || !ok {
		return nil, errors.Join(errors.New("taking the lock of this process"), err)
	}
	return func() error {
		err := lock.Unlock() // first: Windows removes no file that is open
		_ = os.Remove(b.ownerPath(owner))
		return err
	}, nil
}

// removeDeadOwners removes the locks that killed processes left. Nobody takes the lock of an id a second time, so one
// that is free stays free. What cannot be removed now is removed another time.
func (b *sqliteBackend) removeDeadOwners(ctx context.Context) {
	files, _ := os.ReadDir(filepath.Dir(b.path))
	for _, file := range files {
		owner, ours := strings.CutPrefix(file.Name(), filepath.Base(b.path)+ownerPart)
		owner, isLock := strings.CutSuffix(owner, ownerEnd)
		if !ours || !isLock {
			continue
		}
		if alive, err := b.ownerAlive(ctx, nil, owner); err == nil && !alive {
			_ = os.Remove(b.ownerPath(owner))
		}
	}
}

func (b *sqliteBackend) ownerAlive(_ context.Context, _ *sql.DB, owner string) (bool, error) {
	lock := flock.New(b.ownerPath(owner), flock.SetFlag(os.O_RDONLY)) // without O_CREATE: nothing is made
	free, err := lock.TryRLock()
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking at the lock of another process: %w", err)
	}
	if free {
		_ = lock.Unlock()
	}
	return !free, nil
}

func (b *sqliteBackend) transient(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && (e.Code()&0xff == sqlite3.SQLITE_BUSY || e.Code()&0xff == sqlite3.SQLITE_LOCKED)
}
