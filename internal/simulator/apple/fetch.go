package apple

import (
	"net/http"
	"strconv"
	"time"
)

// pageRequest is the body of a fetch and of a sync (Apple: FetchDeviceRequest, SyncDeviceRequest).
type pageRequest struct {
	Cursor string `json:"cursor"`
	Limit  int    `json:"limit"`
}

// page collects the devices of one response (Apple: FetchDeviceResponse).
type page struct {
	body    []byte
	count   int
	limit   int
	version int
}

func (s *Simulator) newPage(c *call, limit int) *page {
	if limit <= 0 {
		limit = s.settings.LimitDefault
	}
	limit = min(limit, s.settings.LimitMaximum)
	return &page{
		body: append(make([]byte, 0, 512*(limit+1)), `{"devices":[`...), limit: limit, version: c.version,
	}
}

func (p *page) full() bool { return p.count >= p.limit }

func (p *page) separate() {
	if p.count > 0 {
		p.body = append(p.body, ',')
	}
	p.count++
}

func (p *page) addDevice(d *device) {
	p.separate()
	p.body = appendDevice(p.body, d, &d.record, p.version)
}

func (p *page) addChange(ch *change) {
	p.separate()
	p.body = appendChange(p.body, ch, p.version)
}

// finish ends the response. until is how far it reaches.
func (p *page) finish(until time.Time, more bool, cursor string) reply {
	b := p.body
	b = append(b, ']')
	b = appendTime(b, "fetched_until", until.Unix())
	b = append(b, `,"more_to_follow":`...)
	b = strconv.AppendBool(b, more)
	b = append(b, `,"cursor":`...)
	b = appendQuoted(b, cursor)
	return jsonReply(append(b, '}'))
}

// maxCursorLength is Apple's limit (Apple: FetchDeviceRequest).
const maxCursorLength = 1000

// fetchDevices answers POST /server/devices: every device now assigned to the server, in pages.
//
// A cursor that a fetch or a sync ended with is EXHAUSTED_CURSOR, which sends clients on to a sync. A cursor of an
// unfinished fetch can be used again, and gives its page again; older than 7 days it is INVALID_CURSOR, because
// EXPIRED_CURSOR is not among the errors of this call.
func (s *Simulator) fetchDevices(c *call) reply {
	var request pageRequest
	if bad, ok := c.decode(&request); !ok {
		return bad
	}
	if code := c.effects.cursorError(request.Cursor); code != "" {
		return failure(http.StatusBadRequest, code)
	}
	from := &cursor{}
	if request.Cursor == "" {
		from.snapshot = s.startFetch(c)
	} else {
		known, ok := c.server.cursors[request.Cursor]
		switch {
		case !ok || len(request.Cursor) > maxCursorLength:
			return failure(http.StatusBadRequest, "INVALID_CURSOR")
		case known.snapshot == nil:
			return failure(http.StatusBadRequest, "EXHAUSTED_CURSOR")
		case known.expired(c.now):
			return failure(http.StatusBadRequest, "INVALID_CURSOR")
		}
		from = known
	}
	return s.fetchPage(c, from, request)
}

// startFetch begins a full fetch and counts it.
func (s *Simulator) startFetch(c *call) *snapshot {
	s.ledger.fetchStarted(c.server, c.now)
	return &snapshot{started: c.now, devices: c.server.assigned(), position: len(c.server.changes)}
}

func (s *Simulator) fetchPage(c *call, from *cursor, request pageRequest) reply {
	p := s.newPage(c, request.Limit)
	snap, offset := from.snapshot, from.offset
	for ; offset < len(snap.devices) && !p.full(); offset++ {
		if d := snap.devices[offset]; d.server == c.server && !c.effects.missing(d.serial) {
			p.addDevice(d)
		}
	}
	next := cursor{snapshot: snap, offset: offset, position: snap.position}
	more := offset < len(snap.devices)
	if !more {
		next.snapshot, next.offset = nil, 0
	}
	if c.effects.repeatCursor && request.Cursor != "" {
		return p.finish(snap.started, true, request.Cursor)
	}
	return p.finish(snap.started, more, c.server.cursors.issue(next, c.now).text)
}

// syncDevices answers POST /devices/sync: what changed since the cursor, in chronological order. One device may be in it
// several times. A cursor of an unfinished fetch is INVALID_CURSOR: there is nothing yet to be in step with.
func (s *Simulator) syncDevices(c *call) reply {
	var request pageRequest
	if bad, ok := c.decode(&request); !ok {
		return bad
	}
	if request.Cursor == "" {
		return failure(http.StatusBadRequest, "CURSOR_REQUIRED")
	}
	if code := c.effects.cursorError(request.Cursor); code != "" {
		return failure(http.StatusBadRequest, code)
	}
	from, ok := c.server.cursors[request.Cursor]
	switch {
	case !ok || len(request.Cursor) > maxCursorLength || from.snapshot != nil:
		return failure(http.StatusBadRequest, "INVALID_CURSOR")
	case from.expired(c.now):
		return failure(http.StatusBadRequest, "EXPIRED_CURSOR")
	}
	return s.syncPage(c, from, request)
}

func (s *Simulator) syncPage(c *call, from *cursor, request pageRequest) reply {
	p := s.newPage(c, request.Limit)
	changes, position := c.server.changes, from.position
	for ; position < len(changes) && !p.full(); position++ {
		if ch := &changes[position]; !c.effects.missing(ch.dev.serial) {
			p.addChange(ch)
		}
	}
	if c.effects.repeatCursor {
		return p.finish(c.now, true, request.Cursor)
	}
	more := position < len(changes)
	return p.finish(c.now, more, c.server.cursors.issue(cursor{position: position}, c.now).text)
}
