package intune

import (
	"bytes"
	"slices"
	"strings"
	"time"
)

// view is what Graph said of a token's devices, kept small: a token can have 200,000 of them. Serial numbers lie one after
// the other in one buffer, what repeats (descriptions, profile ids) is kept once, and rows are ordered by serial number. It
// is not safe for concurrent use; a fleet guards it.
type view struct {
	serials []byte
	rows    []row
	texts   texts // descriptions and profile ids
}

// row is a device. Times are seconds since 1970, 0 for none: until 2106 they fit.
type row struct {
	serial      uint32 // where it begins in serials
	description uint32
	profile     uint32 // requestedEnrollmentProfileId
	created     uint32
	assigned    uint32
	length      uint8 // of the serial number
	state       enrollmentState
	platform    platform
}

// texts keeps each string once.
type texts struct {
	all   []string
	index map[string]uint32
}

func (t *texts) keep(s string) uint32 {
	at, known := t.index[s]
	if !known {
		if t.index == nil {
			t.index = map[string]uint32{}
		}
		at = uint32(len(t.all)) //nolint:gosec // a token has 200,000 devices at most
		s = strings.Clone(s)    // else it would hold the page it was read from
		t.all, t.index[s] = append(t.all, s), at
	}
	return at
}

// longestSerial is the longest serial number that a row can have; Apple's have at most 14 characters.
const longestSerial = 255

// add appends a device; order puts it in its place.
func (v *view) add(d identity) {
	if len(d.serial) == 0 || len(d.serial) > longestSerial {
		return // nothing could be assigned to it
	}
	at := len(v.serials)
	v.serials = append(v.serials, d.serial...)
	v.rows = append(v.rows, row{
		serial: uint32(at), length: uint8(len(d.serial)), //nolint:gosec // 200,000 devices at most, and checked above
		description: v.texts.keep(d.description), profile: v.texts.keep(d.profile),
		created: seconds(d.created), assigned: seconds(d.assigned), state: d.state, platform: d.platform,
	})
}

// order sorts what add appended, keeps the latest of several rows with one serial number, and gives back what growing left
// over.
func (v *view) order() {
	slices.SortFunc(v.rows, func(a, b row) int {
		if by := bytes.Compare(v.serialOf(a), v.serialOf(b)); by != 0 {
			return by
		}
		return int(int64(b.created) - int64(a.created))
	})
	rows := slices.CompactFunc(v.rows, func(a, b row) bool { return bytes.Equal(v.serialOf(a), v.serialOf(b)) })
	v.rows, v.serials = slices.Clip(slices.Clone(rows)), slices.Clip(slices.Clone(v.serials))
}

func (v *view) serialOf(r row) []byte { return v.serials[r.serial : r.serial+uint32(r.length)] }

// find gives the place of a serial number, or the one that it would have.
func (v *view) find(serial string) (int, bool) {
	return slices.BinarySearchFunc(v.rows, []byte(serial), func(r row, serial []byte) int { return bytes.Compare(v.serialOf(r), serial) })
}

// at gives the device at a place.
func (v *view) at(i int) identity {
	r := v.rows[i]
	return identity{
		serial: string(v.serialOf(r)), description: v.texts.all[r.description], profile: v.texts.all[r.profile],
		created: dateOf(r.created), assigned: dateOf(r.assigned), state: r.state, platform: r.platform,
	}
}

// named gives the devices that there are of those with a serial number.
func (v *view) named(serials []string) map[string]identity {
	out := make(map[string]identity, len(serials))
	for _, serial := range serials {
		if at, known := v.find(serial); known {
			d := v.at(at)
			d.serial = serial // not a second copy
			out[serial] = d
		}
	}
	return out
}

// put replaces or inserts a device that was read by itself.
func (v *view) put(d identity) {
	at, known := v.find(d.serial)
	last := len(v.rows)
	if v.add(d); len(v.rows) == last {
		return
	}
	added := v.rows[last]
	v.rows = v.rows[:last]
	if known {
		v.serials = v.serials[:added.serial]
		added.serial = v.rows[at].serial
		v.rows[at] = added
		return
	}
	v.rows = slices.Insert(v.rows, at, added)
}

// learn is put, or drop for nil.
func (v *view) learn(serial string, d *identity) {
	if d == nil {
		v.drop(serial)
	} else {
		v.put(*d)
	}
}

// drop takes a device out that the token no longer has.
func (v *view) drop(serial string) {
	if at, known := v.find(serial); known {
		v.rows = slices.Delete(v.rows, at, at+1)
	}
}

func seconds(t time.Time) uint32 {
	if s := t.Unix(); s > 0 && s <= 1<<32-1 {
		return uint32(s)
	}
	return 0
}

func dateOf(s uint32) time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(int64(s), 0).UTC()
}
