package store

import (
	"context"
	"time"
)

// insertDevice has the columns that Apple tells; what this service did with a device begins at the defaults.
const insertDevice = "INSERT INTO devices (token_id, serial_number, facts, apple_uuid, profile_status, profile_assigned_at, " +
	"profile_pushed_at, activated, op_date, generation, fresh_at) "

// insertDevices inserts the devices that are not there yet and gives the rows of the others. A row is the values of
// insertDevice, with the serial number as the second. SQLite is given one row at a time: within one process that costs
// less than a statement of a thousand rows, which has to be read first and, because it may fail half-way, journalled by
// itself.
func (tx *Tx) insertDevices(ctx context.Context, rows [][]any) (known [][]any, err error) {
	if tx.numbered {
		return tx.insertDevicesAtOnce(ctx, rows)
	}
	statement, err := tx.db.PrepareContext(ctx, insertDevice+"VALUES "+marks(1, len(rows[0]))+" ON CONFLICT DO NOTHING")
	if err != nil {
		return nil, tx.store.failed("written to", err)
	}
	defer func() { _ = statement.Close() }()
	row := context.WithoutCancel(ctx) // else every row has a goroutine that waits for the context; the transaction heeds it
	for _, values := range rows {
		result, err := statement.ExecContext(row, values...)
		if err != nil {
			return nil, tx.store.failed("written to", err)
		}
		n, err := result.RowsAffected()
		if err != nil {
			return nil, tx.store.failed("written to", err)
		}
		if n == 0 {
			known = append(known, values)
		}
	}
	return known, nil
}

// insertDevicesAtOnce is for a database that is a round trip away.
func (tx *Tx) insertDevicesAtOnce(ctx context.Context, rows [][]any) (known [][]any, err error) {
	values, args := tx.rowsOf(rows)
	inserted, err := tx.strings(ctx, insertDevice+values+" ON CONFLICT DO NOTHING RETURNING serial_number", args...)
	if err != nil {
		return nil, err
	}
	isNew := make(map[any]bool, len(inserted))
	for _, serial := range inserted {
		isNew[serial] = true
	}
	for _, values := range rows {
		if !isNew[values[1]] {
			known = append(known, values)
		}
	}
	return known, nil
}

// updateDevices writes what Apple told of devices that are there, as upsertDevices says.
func (tx *Tx) updateDevices(ctx context.Context, rows [][]any, requestedAt time.Time) error {
	if len(rows) == 0 {
		return nil
	}
	values, args := tx.rowsOf(rows)
	for range 5 {
		args = append(args, nanos(requestedAt))
	}
	_, err := tx.exec(ctx, insertDevice+values+upsertDevices, args...)
	return err
}
