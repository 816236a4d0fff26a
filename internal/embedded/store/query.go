package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
)

// dialect is how a database spells what is not the same in both.
type dialect struct {
	goose goose.Dialect
	// numbered placeholders: $1 instead of ?.
	numbered bool
	// hasVersions counts the table of schema versions.
	hasVersions string
}

var (
	sqliteDialect = dialect{
		goose:       goose.DialectSQLite3,
		hasVersions: "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'goose_db_version'",
	}
	postgresDialect = dialect{
		goose:       goose.DialectPostgres,
		numbered:    true,
		hasVersions: "SELECT COUNT(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'goose_db_version'",
	}
)

// Queries reads a store.
type Queries struct {
	db interface {
		QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
		ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
		PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
	}
	store    *Store
	numbered bool
}

// Tx is a transaction: it reads and writes.
type Tx struct {
	Queries

	// storesPage: it stores a page of a sync, after which the next one or the end of the sync comes.
	storesPage bool
}

// errNoRow: what was to be there was not.
var errNoRow = sql.ErrNoRows

// each calls scan for every row of a query. Statements are written with ? for both databases.
func (q *Queries) each(ctx context.Context, query string, args []any, scan func(row scanner) error) error {
	rows, err := q.db.QueryContext(ctx, q.spell(query), args...)
	if err != nil {
		return q.store.failed("read", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return q.store.failed("read", err)
		}
	}
	return q.store.failed("read", rows.Err())
}

// one scans the single row of a query; errNoRow when there is none.
func (q *Queries) one(ctx context.Context, query string, args []any, scan func(row scanner) error) error {
	found := false
	err := q.each(ctx, query, args, func(row scanner) error {
		found = true
		return scan(row)
	})
	if err == nil && !found {
		return errNoRow
	}
	return err
}

type scanner interface{ Scan(dest ...any) error }

// exec runs a statement and gives the number of rows that it changed.
func (tx *Tx) exec(ctx context.Context, query string, args ...any) (int, error) {
	result, err := tx.db.ExecContext(ctx, tx.spell(query), args...)
	if err != nil {
		return 0, tx.store.failed("written to", err)
	}
	n, err := result.RowsAffected()
	return int(n), tx.store.failed("written to", err)
}

// spell writes placeholders as the database wants them. No statement has a question mark of its own.
func (q *Queries) spell(query string) string {
	if !q.numbered {
		return query
	}
	var b strings.Builder
	b.Grow(len(query) + 64)
	for n := 1; ; n++ {
		before, after, found := strings.Cut(query, "?")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(n))
		query = after
	}
}

// rowChunk is the number of rows or values in one statement. SQLite takes 32,766 values, PostgreSQL 65,535.
const rowChunk = 1000

// marks gives "(?, ?), (?, ?)" for two rows of two.
func marks(rows, columns int) string {
	row := "(" + strings.TrimSuffix(strings.Repeat("?, ", columns), ", ") + ")"
	return strings.TrimSuffix(strings.Repeat(row+", ", rows), ", ")
}

// among gives the condition that the serial number is one of many, and its arguments after those that stand before it.
// The values are one argument: a statement with a thousand placeholders takes a database longer to read than to run.
func (q *Queries) among(serialNumbers []string, before ...any) (string, []any) {
	if q.numbered {
		return "serial_number = ANY(?)", append(before, serialNumbers)
	}
	list, err := json.Marshal(serialNumbers)
	if err != nil {
		panic(err) // strings only
	}
	return "serial_number IN (SELECT value FROM json_each(?))", append(before, string(list))
}

// rowsOf gives the rows of an INSERT and their arguments: of strings, int64 and bool. There is at least one row.
func (q *Queries) rowsOf(rows [][]any) (string, []any) {
	if q.numbered {
		return columnArrays(rows)
	}
	args := make([]any, 0, len(rows)*len(rows[0]))
	for _, row := range rows {
		args = append(args, row...)
	}
	return "VALUES " + marks(len(rows), len(rows[0])), args
}

// columnArrays gives rows to PostgreSQL as one array for each column.
func columnArrays(rows [][]any) (string, []any) {
	var args []any
	var types []string
	for i, first := range rows[0] {
		switch first.(type) {
		case string:
			args, types = append(args, column[string](rows, i)), append(types, "?::text[]")
		case int64:
			args, types = append(args, column[int64](rows, i)), append(types, "?::bigint[]")
		case bool:
			args, types = append(args, column[bool](rows, i)), append(types, "?::boolean[]")
		default:
			panic(fmt.Sprintf("store: a column of %T", first))
		}
	}
	return "SELECT * FROM unnest(" + strings.Join(types, ", ") + ")", args
}

func column[T any](rows [][]any, i int) []T {
	out := make([]T, len(rows))
	for n, row := range rows {
		out[n], _ = row[i].(T) // all rows are made alike
	}
	return out
}

// nanos and at convert times; the zero time is 0.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func at(nanos int64) time.Time {
	if nanos == 0 {
		return time.Time{}
	}
	return time.Unix(0, nanos).UTC()
}

// timeColumn scans a time.
type timeColumn struct{ to *time.Time }

func (c timeColumn) Scan(value any) error {
	n, ok := value.(int64)
	if !ok {
		return fmt.Errorf("a time is stored as %T", value)
	}
	*c.to = at(n)
	return nil
}

// jsonColumn scans JSON text.
type jsonColumn struct{ to any }

func (c jsonColumn) Scan(value any) error {
	var text []byte
	switch v := value.(type) {
	case string:
		text = []byte(v)
	case []byte:
		text = v
	default:
		return fmt.Errorf("JSON is stored as %T", value)
	}
	if len(text) == 0 {
		return nil
	}
	if err := json.Unmarshal(text, c.to); err != nil {
		return fmt.Errorf("reading stored JSON: %w", err)
	}
	return nil
}

func toJSON(v any) (string, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("writing JSON: %w", err)
	}
	return string(text), nil
}

const (
	metaStoreID = "store_id"
	// MetaStoreKey is the id of the key that the store's secrets are encrypted with.
	MetaStoreKey = "store_key"
)

// Meta reads what is kept of the store itself; "" where nothing is.
func (q *Queries) Meta(ctx context.Context, name string) (string, error) {
	var value string
	err := q.one(ctx, "SELECT value FROM meta WHERE name = ?", []any{name}, func(row scanner) error { return row.Scan(&value) })
	if errors.Is(err, errNoRow) {
		return "", nil
	}
	return value, err
}

// SetMetaOnce keeps a value where there is none yet.
func (tx *Tx) SetMetaOnce(ctx context.Context, name, value string) error {
	_, err := tx.exec(ctx, "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING", name, value)
	return err
}
