package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// Device is a row of the view: a device as Apple told of it last, and what this service did with it.
type Device struct {
	SerialNumber, Model, Description, Color, AssetTag, Family, OS string

	ServerAssignedAt time.Time
	ServerAssignedBy string

	// AppleUUID is Apple's id of the definition that the device has, empty for none.
	AppleUUID         string
	ProfileStatus     enrollment.ProfileStatus
	ProfileAssignedAt time.Time
	ProfilePushedAt   time.Time
	// Activated: it has taken a profile at some time since it came to the server.
	Activated bool

	Holder string
	// ActedAt is when this service last changed the device's profile.
	ActedAt        time.Time
	ThrottledUntil time.Time
	OpDate         time.Time
	Generation     int64
	// FreshAt is when the device was first seen; zero once it got its pending or default profile, if any.
	FreshAt time.Time

	// ProfileID is read only: the profile that AppleUUID is mapped to, else AppleUUID itself.
	ProfileID string
}

const (
	deviceColumns = `serial_number, facts, apple_uuid, profile_status, profile_assigned_at, profile_pushed_at, activated, holder, acted_at,
	throttled_until, op_date, generation, fresh_at`

	selectDevices = "SELECT " + deviceColumns + `, COALESCE((SELECT a.profile_id FROM apple_profiles a WHERE a.apple_uuid = devices.apple_uuid), apple_uuid)
	FROM devices WHERE token_id = ?`
)

func (d *Device) scan(row scanner) error {
	return row.Scan(&d.SerialNumber, factsColumn{d}, &d.AppleUUID, &d.ProfileStatus, timeColumn{&d.ProfileAssignedAt},
		timeColumn{&d.ProfilePushedAt}, &d.Activated, &d.Holder, timeColumn{&d.ActedAt}, timeColumn{&d.ThrottledUntil},
		timeColumn{&d.OpDate}, &d.Generation, timeColumn{&d.FreshAt}, &d.ProfileID)
}

func (q *Queries) devices(ctx context.Context, query string, args ...any) ([]Device, error) {
	var out []Device
	err := q.each(ctx, query, args, func(row scanner) error {
		var d Device
		err := d.scan(row)
		out = append(out, d)
		return err
	})
	return out, err
}

// Devices gives at most limit devices of a token whose serial numbers come after one, by serial number.
func (q *Queries) Devices(ctx context.Context, tokenID, after string, limit int) ([]Device, error) {
	return q.devices(ctx, selectDevices+" AND serial_number > ? ORDER BY serial_number LIMIT ?", tokenID, after, limit)
}

// DevicesByUUID gives at most limit devices that have one of Apple's definitions, by serial number.
func (q *Queries) DevicesByUUID(ctx context.Context, tokenID, appleUUID, after string, limit int) ([]Device, error) {
	return q.devices(ctx, selectDevices+" AND apple_uuid = ? AND apple_uuid <> '' AND serial_number > ? ORDER BY serial_number LIMIT ?", tokenID, appleUUID, after, limit)
}

// DevicesOfProfile gives at most limit devices that have any definition of a profile but one, by serial number.
func (q *Queries) DevicesOfProfile(ctx context.Context, tokenID, profileID, butUUID, after string, limit int) ([]Device, error) {
	return q.devices(ctx, selectDevices+` AND apple_uuid IN (SELECT apple_uuid FROM apple_profiles WHERE profile_id = ? AND apple_uuid <> ?)
		AND serial_number > ? ORDER BY serial_number LIMIT ?`, tokenID, profileID, butUUID, after, limit)
}

// FreshDevices gives at most limit devices that still wait for their first profile, by serial number.
func (q *Queries) FreshDevices(ctx context.Context, tokenID, after string, limit int) ([]Device, error) {
	return q.devices(ctx, selectDevices+" AND fresh_at <> 0 AND serial_number > ? ORDER BY serial_number LIMIT ?", tokenID, after, limit)
}

// DevicesBySerial looks up devices; those that the token does not have are not in the answer.
func (q *Queries) DevicesBySerial(ctx context.Context, tokenID string, serialNumbers []string) (map[string]Device, error) {
	out := make(map[string]Device, len(serialNumbers))
	for chunk := range slices.Chunk(serialNumbers, rowChunk) {
		list, args := q.among(chunk, tokenID)
		found, err := q.devices(ctx, selectDevices+" AND "+list, args...)
		if err != nil {
			return nil, err
		}
		for _, d := range found {
			out[d.SerialNumber] = d
		}
	}
	return out, nil
}

// CountDevices counts the devices of a token.
func (q *Queries) CountDevices(ctx context.Context, tokenID string) (int, error) {
	var n int
	err := q.one(ctx, "SELECT COUNT(*) FROM devices WHERE token_id = ?", []any{tokenID}, func(row scanner) error { return row.Scan(&n) })
	return n, err
}

// ProfileDevices is how many devices have a profile.
type ProfileDevices struct {
	// Current have its present definition, Superseded an earlier one.
	Current, Superseded int
	// ReadyAt is when Apple takes the first of the superseded ones again: the least of their cooldowns.
	ReadyAt time.Time
}

// CountByUUID counts the devices of a token by Apple's ids, with the earliest end of a cooldown among them.
func (q *Queries) CountByUUID(ctx context.Context, tokenID string) (map[string]ProfileDevices, error) {
	out := map[string]ProfileDevices{}
	err := q.each(ctx, `SELECT apple_uuid, COUNT(*), MIN(throttled_until) FROM devices WHERE token_id = ? AND apple_uuid <> ''
		GROUP BY apple_uuid`, []any{tokenID}, func(row scanner) error {
		var id string
		var c ProfileDevices
		err := row.Scan(&id, &c.Current, timeColumn{&c.ReadyAt})
		out[id] = c
		return err
	})
	return out, err
}

// CountProfile counts the devices that have a profile, on any of its definitions.
func (q *Queries) CountProfile(ctx context.Context, tokenID, profileID, currentUUID string) (ProfileDevices, error) {
	var c ProfileDevices
	err := q.each(ctx, `SELECT apple_uuid, COUNT(*), MIN(throttled_until) FROM devices WHERE token_id = ? AND (apple_uuid = ?
		OR apple_uuid IN (SELECT apple_uuid FROM apple_profiles WHERE profile_id = ?)) GROUP BY apple_uuid`,
		[]any{tokenID, currentUUID, profileID}, func(row scanner) error {
			var id string
			var n int
			var ready time.Time
			if err := row.Scan(&id, &n, timeColumn{&ready}); err != nil {
				return err
			}
			if id == currentUUID {
				c.Current += n
				return nil
			}
			if c.Superseded == 0 || ready.Before(c.ReadyAt) {
				c.ReadyAt = ready
			}
			c.Superseded += n
			return nil
		})
	return c, err
}

// UnmappedUUIDs lists Apple's ids of definitions that devices have and no record knows.
func (q *Queries) UnmappedUUIDs(ctx context.Context, tokenID string) ([]string, error) {
	return q.strings(ctx, `SELECT DISTINCT apple_uuid FROM devices WHERE token_id = ? AND apple_uuid <> ''
		AND apple_uuid NOT IN (SELECT apple_uuid FROM apple_profiles) ORDER BY apple_uuid`, tokenID)
}

// UUIDsOf lists Apple's ids that are mapped to a profile.
func (q *Queries) UUIDsOf(ctx context.Context, profileID string) ([]string, error) {
	return q.strings(ctx, "SELECT apple_uuid FROM apple_profiles WHERE profile_id = ? ORDER BY apple_uuid", profileID)
}

func (q *Queries) strings(ctx context.Context, query string, args ...any) ([]string, error) {
	var out []string
	err := q.each(ctx, query, args, func(row scanner) error {
		var s string
		err := row.Scan(&s)
		out = append(out, s)
		return err
	})
	return out, err
}

// upsertDevices: what Apple says wins, but for the profile of a device that this service acted on after Apple was asked
// (the last placeholder of each column is that time), and for a record that is older than the one that is there. A
// holder stays for as long as the definition does. That the device was seen counts whatever the age of its record.
var upsertDevices = strings.ReplaceAll(` ON CONFLICT (token_id, serial_number) DO UPDATE SET
	facts = CASE WHEN $older THEN devices.facts ELSE excluded.facts END,
	apple_uuid = CASE WHEN devices.acted_at >= ? OR $older THEN devices.apple_uuid ELSE excluded.apple_uuid END,
	profile_status = CASE WHEN devices.acted_at >= ? OR $older THEN devices.profile_status ELSE excluded.profile_status END,
	profile_assigned_at = CASE WHEN devices.acted_at >= ? OR $older THEN devices.profile_assigned_at ELSE excluded.profile_assigned_at END,
	profile_pushed_at = CASE WHEN devices.acted_at >= ? OR $older THEN devices.profile_pushed_at ELSE excluded.profile_pushed_at END,
	activated = (devices.activated OR (excluded.activated AND NOT $older)),
	holder = CASE WHEN devices.acted_at >= ? OR $older OR devices.apple_uuid = excluded.apple_uuid THEN devices.holder ELSE '' END,
	op_date = CASE WHEN excluded.op_date > devices.op_date THEN excluded.op_date ELSE devices.op_date END,
	generation = excluded.generation`, "$older", "(excluded.op_date <> 0 AND excluded.op_date < devices.op_date)")

// SeeDevices writes devices as Apple told of them in answer to a request that was sent at requestedAt, and gives the
// number of those that are new. A serial number may be in it once.
func (tx *Tx) SeeDevices(ctx context.Context, tokenID string, devices []Device, requestedAt time.Time) (added int, err error) {
	tx.storesPage = true
	for chunk := range slices.Chunk(inOrder(devices), rowChunk) {
		// Rows that are there keep what only this service knows: holder, acted_at, throttled_until, fresh_at.
		rows := make([][]any, 0, len(chunk))
		for _, d := range chunk {
			rows = append(rows, []any{
				tokenID, d.SerialNumber, facts(d), d.AppleUUID, string(d.ProfileStatus), nanos(d.ProfileAssignedAt),
				nanos(d.ProfilePushedAt), d.Activated, nanos(d.OpDate), d.Generation, nanos(d.FreshAt),
			})
		}
		known, err := tx.insertDevices(ctx, rows)
		if err != nil {
			return 0, err
		}
		if err := tx.updateDevices(ctx, known, requestedAt); err != nil {
			return 0, err
		}
		added += len(chunk) - len(known)
	}
	return added, nil
}

// inOrder is the one order in which devices are written everywhere, so that two transactions do not wait for each other.
func inOrder(devices []Device) []*Device {
	out := make([]*Device, len(devices))
	for i := range devices {
		out[i] = &devices[i]
	}
	slices.SortFunc(out, func(a, b *Device) int { return strings.Compare(a.SerialNumber, b.SerialNumber) })
	return out
}

// DropDevices removes devices that left the token and what is pending for them. It gives the serial numbers that
// something was pending for.
func (tx *Tx) DropDevices(ctx context.Context, tokenID string, serialNumbers []string) (removed int, unwished []string, err error) {
	for chunk := range slices.Chunk(slices.Sorted(slices.Values(serialNumbers)), rowChunk) {
		list, args := tx.among(chunk, tokenID)
		lost, err := tx.strings(ctx, "SELECT serial_number FROM wishes WHERE token_id = ? AND "+list+
			" AND EXISTS (SELECT 1 FROM devices d WHERE d.token_id = wishes.token_id AND d.serial_number = wishes.serial_number) ORDER BY serial_number", args...)
		if err != nil {
			return 0, nil, err
		}
		if err := tx.dropWishes(ctx, tokenID, lost); err != nil {
			return 0, nil, err
		}
		n, err := tx.exec(ctx, "DELETE FROM devices WHERE token_id = ? AND "+list, args...)
		if err != nil {
			return 0, nil, err
		}
		removed, unwished = removed+n, append(unwished, lost...)
	}
	return removed, unwished, nil
}

// DropUnseen removes the devices that a completed fetch did not see: those of an earlier generation.
func (tx *Tx) DropUnseen(ctx context.Context, tokenID string, generation int64) (removed int, unwished []string, err error) {
	gone, err := tx.strings(ctx, "SELECT serial_number FROM devices WHERE token_id = ? AND generation < ? ORDER BY serial_number", tokenID, generation)
	if err != nil {
		return 0, nil, err
	}
	return tx.DropDevices(ctx, tokenID, gone)
}

// SetProfile records that devices have a definition since now, because this service gave it to them. An empty id records
// that they have none. A nil holder leaves the one that is recorded. Their cooldown and their newness are over.
func (tx *Tx) SetProfile(ctx context.Context, tokenID string, serialNumbers []string, appleUUID string, holder *string, now time.Time) error {
	status, assigned := enrollment.StatusAssigned, now
	if appleUUID == "" {
		status, assigned = enrollment.StatusRemoved, time.Time{}
	}
	for chunk := range slices.Chunk(serialNumbers, rowChunk) {
		list, args := tx.among(chunk, appleUUID, string(status), nanos(assigned), nanos(now), tokenID)
		_, err := tx.exec(ctx, `UPDATE devices SET activated = (activated OR profile_status = 'pushed'), apple_uuid = ?, profile_status = ?,
			profile_assigned_at = ?, profile_pushed_at = 0, acted_at = ?, throttled_until = 0, fresh_at = 0
			WHERE token_id = ? AND `+list, args...)
		if err != nil {
			return err
		}
	}
	if holder == nil {
		return nil
	}
	return tx.SetHolder(ctx, tokenID, serialNumbers, *holder)
}

// FindDevices writes down which profile devices turned out to have when Apple was asked about them at now. What this
// service did with a device after that stays. A device that the view does not have stays out of it: the next sync brings it.
func (tx *Tx) FindDevices(ctx context.Context, tokenID string, devices []Device, now time.Time) error {
	for _, d := range devices {
		_, err := tx.exec(ctx, `UPDATE devices SET activated = (activated OR ?), holder = CASE WHEN apple_uuid = ? THEN holder ELSE '' END,
			apple_uuid = ?, profile_status = ?, profile_assigned_at = ?, profile_pushed_at = ?, acted_at = ?
			WHERE token_id = ? AND serial_number = ? AND acted_at <= ?`,
			d.Activated, d.AppleUUID, d.AppleUUID, string(d.ProfileStatus), nanos(d.ProfileAssignedAt), nanos(d.ProfilePushedAt), nanos(now),
			tokenID, d.SerialNumber, nanos(now))
		if err != nil {
			return err
		}
	}
	return nil
}

// SetHolder records which assignment holds devices.
func (tx *Tx) SetHolder(ctx context.Context, tokenID string, serialNumbers []string, holder string) error {
	return tx.setDevices(ctx, tokenID, serialNumbers, "holder = ?", holder)
}

// SetThrottled records until when Apple takes no assignment of devices.
func (tx *Tx) SetThrottled(ctx context.Context, tokenID string, serialNumbers []string, until time.Time) error {
	return tx.setDevices(ctx, tokenID, serialNumbers, "throttled_until = ?", nanos(until))
}

// SetSettled records that devices are not new any more.
func (tx *Tx) SetSettled(ctx context.Context, tokenID string, serialNumbers []string) error {
	return tx.setDevices(ctx, tokenID, serialNumbers, "fresh_at = ?", int64(0))
}

func (tx *Tx) setDevices(ctx context.Context, tokenID string, serialNumbers []string, set string, value any) error {
	for chunk := range slices.Chunk(serialNumbers, rowChunk) {
		list, args := tx.among(chunk, value, tokenID)
		if _, err := tx.exec(ctx, "UPDATE devices SET "+set+" WHERE token_id = ? AND "+list, args...); err != nil {
			return err
		}
	}
	return nil
}
