package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/pressly/goose/v3"
)

// copyMigrated copies a store of an older schema into memory and brings the copy to the present schema, so that a plan
// can be made before the first change brings the store itself there. The copy is in SQLite whatever the store is: the
// two have the same tables and the same versions.
func (s *Store) copyMigrated(ctx context.Context, version int64) (*sql.DB, error) {
	db, err := openMemory()
	if err != nil {
		return nil, err
	}
	err = migrateTo(ctx, db, goose.DialectSQLite3, s.standIn, version)
	if err == nil {
		err = copyTables(ctx, s.reader, db)
	}
	if err == nil {
		err = migrate(ctx, db, goose.DialectSQLite3, s.standIn)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("copying schema %d: %w", version, err), db.Close())
	}
	return db, nil
}

// copyTables copies all rows as they are at one time.
func copyTables(ctx context.Context, from, to *sql.DB) error {
	source, err := from.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return fmt.Errorf("reading: %w", err)
	}
	defer func() { _ = source.Rollback() }()
	target, err := to.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	defer func() { _ = target.Rollback() }()
	tables, err := ourTables(ctx, target)
	if err != nil {
		return err
	}
	for _, table := range tables {
		if err := copyTable(ctx, source, target, table); err != nil {
			return fmt.Errorf("table %s: %w", table, err)
		}
	}
	return target.Commit()
}

func ourTables(ctx context.Context, tx *sql.Tx) ([]string, error) {
	rows, err := tx.QueryContext(ctx, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name <> 'goose_db_version'`)
	if err != nil {
		return nil, fmt.Errorf("listing tables: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, fmt.Errorf("listing tables: %w", err)
		}
		out = append(out, name)
	}
	return out, rows.Err()
}

// copyTable names the columns: those that a migration added stand last in one database and need not in the other.
func copyTable(ctx context.Context, source, target *sql.Tx, table string) error {
	rows, err := source.QueryContext(ctx, "SELECT * FROM "+table) //nolint:gosec // a table of ours
	if err != nil {
		return fmt.Errorf("reading: %w", err)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		return fmt.Errorf("reading: %w", err)
	}
	//nolint:gosec // tables and columns of ours
	insert, err := target.PrepareContext(ctx, "INSERT INTO "+table+" ("+strings.Join(columns, ", ")+") VALUES "+marks(1, len(columns)))
	if err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	defer func() { _ = insert.Close() }()
	values, places := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		places[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(places...); err != nil {
			return fmt.Errorf("reading: %w", err)
		}
		if _, err := insert.ExecContext(ctx, values...); err != nil {
			return fmt.Errorf("writing: %w", err)
		}
	}
	return rows.Err()
}
