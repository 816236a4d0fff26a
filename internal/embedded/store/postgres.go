package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// defaultSchema is where the tables are when the address has no search_path: they share a database with others' tables
// without a clash of names.
const defaultSchema = "asm_enrollment"

type postgresBackend struct {
	config *pgx.ConnConfig
	schema string
}

func newPostgres(address string) (*postgresBackend, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		// The parser's error quotes the address.
		return nil, &enrollment.Error{
			Kind: enrollment.ErrInvalid, Field: "store", What: "The address of the PostgreSQL store cannot be read",
			Do: `Write a URL such as "postgres://user@host:5432/database"; characters such as @, / and % in a password have to be percent-encoded.`,
		}
	}
	schema, _, _ := strings.Cut(config.RuntimeParams["search_path"], ",")
	schema = strings.Trim(strings.TrimSpace(schema), `"`)
	if schema == "" {
		schema = defaultSchema
	}
	config.RuntimeParams["search_path"] = pgx.Identifier{schema}.Sanitize()
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "terraform-provider-asm"
	}
	return &postgresBackend{config: config, schema: schema}, nil
}

func (b *postgresBackend) dialect() dialect { return postgresDialect }
func (b *postgresBackend) exists() bool     { return true }

func (b *postgresBackend) location() string {
	host := b.config.Host
	if !strings.HasPrefix(host, "/") {
		host = fmt.Sprintf("%s:%d", host, b.config.Port)
	}
	u := url.URL{Scheme: "postgres", Host: host, Path: "/" + b.config.Database}
	if strings.HasPrefix(host, "/") { // a directory with a socket
		u.Host, u.RawQuery = "", url.Values{"host": {host}}.Encode()
	}
	return u.String()
}

// redact takes the password out of an error, wherever the driver or the server put it.
func (b *postgresBackend) redact(err error) error {
	if err == nil || b.config.Password == "" || !strings.Contains(err.Error(), b.config.Password) {
		return err
	}
	return errors.New(strings.ReplaceAll(err.Error(), b.config.Password, "(redacted)"))
}

func (b *postgresBackend) openReader(context.Context) (*sql.DB, error) {
	return b.open(4), nil
}

func (b *postgresBackend) openWriter(ctx context.Context) (*sql.DB, error) {
	db := b.open(8)
	if err := db.PingContext(ctx); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("connecting: %w", err)
	}
	return db, nil
}

func (b *postgresBackend) open(most int) *sql.DB {
	db := stdlib.OpenDB(*b.config)
	db.SetMaxOpenConns(most)
	return db
}

// lockSchema holds an advisory lock on a connection of its own, and makes the schema under it: CREATE SCHEMA IF NOT
// EXISTS fails when two do it at once.
func (b *postgresBackend) lockSchema(ctx context.Context, db *sql.DB) (func() error, error) {
	unlock, err := b.lock(ctx, db, "schema")
	if err != nil {
		return nil, err
	}
	if err := b.makeSchema(ctx, db); err != nil {
		return nil, errors.Join(fmt.Errorf("making the schema %s: %w", b.schema, err), unlock())
	}
	return unlock, nil
}

// makeSchema looks first: CREATE SCHEMA IF NOT EXISTS wants the right to make schemas also where there is nothing to make,
// and an administrator may well have made this one.
func (b *postgresBackend) makeSchema(ctx context.Context, db *sql.DB) error {
	var exists bool
	if err := db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)", b.schema).Scan(&exists); err != nil || exists {
		return err //nolint:wrapcheck // the caller says what it was for
	}
	_, err := db.ExecContext(ctx, "CREATE SCHEMA IF NOT EXISTS "+pgx.Identifier{b.schema}.Sanitize())
	return err //nolint:wrapcheck // as above
}

// checkpoint: PostgreSQL sees to that itself.
func (b *postgresBackend) checkpoint(context.Context, *sql.Conn) {}

// lockToken has a connection beside the pool: those who hold a lock need one of the pool, too, and would wait for those
// who wait for the lock.
func (b *postgresBackend) lockToken(ctx context.Context, tokenID string) (func() error, error) {
	db := b.open(1)
	unlock, err := b.lock(ctx, db, "token "+tokenID)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return func() error { return errors.Join(unlock(), db.Close()) }, nil
}

func (b *postgresBackend) lockOwner(ctx context.Context, db *sql.DB, owner string) (func() error, error) {
	return b.lock(ctx, db, "owner "+owner)
}

// lock takes an advisory lock that ends with its connection, so at the latest when the process dies.
func (b *postgresBackend) lock(ctx context.Context, db *sql.DB, name string) (func() error, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", b.lockID(name)); err != nil {
		return nil, errors.Join(fmt.Errorf("taking a lock: %w", err), conn.Close())
	}
	ctx = context.WithoutCancel(ctx)
	return func() error {
		_, err := conn.ExecContext(ctx, "SELECT pg_advisory_unlock($1)", b.lockID(name))
		return errors.Join(err, conn.Close())
	}, nil
}

func (b *postgresBackend) ownerAlive(ctx context.Context, db *sql.DB, owner string) (bool, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return false, fmt.Errorf("connecting: %w", err)
	}
	defer func() { _ = conn.Close() }()
	var free bool
	id := b.lockID("owner " + owner)
	if err := conn.QueryRowContext(ctx, "SELECT pg_try_advisory_lock_shared($1)", id).Scan(&free); err != nil {
		return false, fmt.Errorf("looking at the lock of another process: %w", err)
	}
	if !free {
		return true, nil
	}
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_unlock_shared($1)", id); err != nil {
		return false, fmt.Errorf("looking at the lock of another process: %w", err)
	}
	return false, nil
}

// lockID makes a number of a name; the schema is part of it, because advisory locks are one space for a database.
func (b *postgresBackend) lockID(name string) int64 {
	sum := sha256.Sum256([]byte("terraform-provider-asm " + b.schema + " " + name))
	return int64(binary.BigEndian.Uint64(sum[:8])) //nolint:gosec // any 64 bits make an id
}

// transient: serialization_failure and deadlock_detected (PostgreSQL: Appendix A).
func (b *postgresBackend) transient(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01")
}
