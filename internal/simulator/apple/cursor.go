package apple

import (
	"encoding/base64"
	"fmt"
	"time"
)

// cursorLifetime is how long a cursor is good for a sync (Apple: Sync the list of devices).
const cursorLifetime = 7 * 24 * time.Hour

// cursor is a place in a fetch, or in the changes of a server.
type cursor struct {
	text   string
	issued time.Time

	snapshot *snapshot // of the fetch that this cursor continues; nil when it has been finished
	offset   int       // in snapshot
	position int       // in mdmServer.changes, where a sync goes on
}

// snapshot is what a fetch walks over: the devices of its first call. Those that leave the server meanwhile are left out
// of later pages; those that come are found by the sync that follows.
type snapshot struct {
	started  time.Time
	devices  []*device
	position int // in mdmServer.changes when it was taken
}

// cursors are all that a server has handed out, by text.
type cursors map[string]*cursor

// issue makes a cursor of the shape that is recorded from the real service: unpadded base64 of
// offset:0:since:until:finished:now, times in milliseconds.
func (cs cursors) issue(c cursor, now time.Time) *cursor {
	c.issued = now
	since := now
	if c.snapshot != nil {
		since = c.snapshot.started
	}
	for serial := now.UnixMilli(); ; serial++ { // a clock that stands still must not repeat a cursor
		plain := fmt.Sprintf("%d:0:%d:%d:%t:%d", c.offset, since.UnixMilli(), since.UnixMilli(), c.snapshot == nil, serial)
		c.text = base64.RawStdEncoding.EncodeToString([]byte(plain))
		if _, taken := cs[c.text]; !taken {
			break
		}
	}
	cs[c.text] = &c
	return &c
}

// expired says whether a sync refuses the cursor for its age.
func (c *cursor) expired(now time.Time) bool { return now.Sub(c.issued) > cursorLifetime }
