package intune

import (
	"context"
	"strings"
	"sync"
	"time"
)

// fleets holds a fleet for each token. Its zero value is empty.
type fleets struct {
	mu      sync.Mutex
	byToken map[string]*fleet
}

func (f *fleets) of(tokenID string) *fleet {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := strings.ToLower(tokenID)
	if f.byToken[id] == nil {
		if f.byToken == nil {
			f.byToken = map[string]*fleet{}
		}
		f.byToken[id] = &fleet{tokenID: tokenID, writer: newGate(), directory: directory{gate: newGate()}, sent: map[string]string{}}
	}
	return f.byToken[id]
}

// fleet is what this process knows of a token's devices: one read of all of them, shared by everybody who asks, and what was
// sent since and does not show yet.
type fleet struct {
	tokenID string
	// writer is held by whoever compares devices and sends what differs: what was compared holds until it was acted upon.
	writer gate
	// directory is how Graph lists the token's profiles.
	directory directory

	mu   sync.Mutex
	view *view // nil until somebody needed all devices
	// viewBegan is when the read that view comes from began: what changed since it may not have.
	viewBegan time.Time
	// viewRead is the read that view comes from, started the number of those that were begun.
	viewRead, started int
	// reading is the read that is under way.
	reading *reading
	// forgotten counts what made earlier reads useless.
	forgotten int
	// looked is how many devices were asked for one by one.
	looked int
	// unfiltered: Graph gave other devices than the one that was asked for, so asking for one costs as much as for all.
	unfiltered bool
	// sent is the profile, by serial number, that was given to a device and that Graph does not show yet.
	sent map[string]string
}

// reading is one read of all devices.
type reading struct {
	number    int
	began     time.Time
	forgotten int
	done      chan struct{}
	err       error
	// learned is what was read of single devices meanwhile, nil for those that were not found: the page that they are on may
	// have been read before that.
	learned map[string]*identity
}

// forget drops what was read.
func (f *fleet) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.view, f.looked, f.forgotten = nil, 0, f.forgotten+1
}

// next is the number of the first read that has not begun yet.
func (f *fleet) next() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.started + 1
}

// oldestView is how old a view may be that is acted upon: other people assign devices, too.
const oldestView = time.Minute

// recent is the number of the read that will do for who acts upon it: that of the view, or the one that is under way, unless
// it began too long ago.
func (f *fleet) recent(now time.Time) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.view != nil && now.Sub(f.viewBegan) <= oldestView:
		return f.viewRead
	case f.reading != nil && now.Sub(f.reading.began) <= oldestView:
		return f.reading.number
	}
	return f.started + 1
}

// begin gives the read that is to be waited for: nil when there is a view from read number or a later one. mine tells the
// caller to do it.
func (f *fleet) begin(number int, now time.Time) (r *reading, mine bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.view != nil && f.viewRead >= number:
		return nil, false
	case f.reading != nil:
		return f.reading, false
	}
	f.started++
	f.reading = &reading{number: f.started, began: now, forgotten: f.forgotten, done: make(chan struct{})}
	return f.reading, true
}

// end keeps what a read brought, unless it was forgotten meanwhile.
func (f *fleet) end(r *reading, v *view, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil && r.forgotten == f.forgotten {
		f.view, f.viewRead, f.viewBegan, f.looked = v, r.number, r.began, 0
		for serial, d := range r.learned {
			f.view.learn(serial, d)
		}
	}
	r.err, f.reading = err, nil
	close(r.done)
}

// named gives devices by serial number, and the read that they come from; false when there is no view from read number or a
// later one.
func (f *fleet) named(serials []string, number int) (devices map[string]identity, read int, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.view == nil || f.viewRead < number {
		return nil, 0, false
	}
	devices = f.view.named(serials)
	f.mark(devices)
	return devices, f.viewRead, true
}

// shown is named without what was sent: as Graph showed it.
func (f *fleet) shown(serials []string) (map[string]identity, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.view == nil {
		return nil, false
	}
	return f.view.named(serials), true
}

// after gives up to n devices of the view that follow a serial number; false when there is no view.
func (f *fleet) after(serial string, n int) ([]identity, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.view == nil {
		return nil, false
	}
	at, known := f.view.find(serial)
	if known {
		at++
	}
	out := make([]identity, 0, n)
	for ; at < len(f.view.rows) && len(out) < n; at++ {
		d := f.view.at(at)
		if profile, sent := f.sent[d.serial]; sent {
			d.profile = profile
		}
		out = append(out, d)
	}
	return out, true
}

// marked gives devices that were read by themselves the profile that was sent for them.
func (f *fleet) marked(devices map[string]identity) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mark(devices)
}

func (f *fleet) mark(devices map[string]identity) {
	for serial, d := range devices {
		if profile, sent := f.sent[serial]; sent {
			d.profile = profile
			devices[serial] = d
		}
	}
}

// remember keeps what was sent until settle.
func (f *fleet) remember(serials []string, profileID string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, serial := range serials {
		f.sent[serial] = profileID
	}
}

// settle forgets what was sent: it shows, or never will. What somebody else sent since stays.
func (f *fleet) settle(serials []string, profileID string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, serial := range serials {
		if f.sent[serial] == profileID {
			delete(f.sent, serial)
		}
	}
}

// learn brings the view, and the read that is under way, up to what was read of some devices; those that were not found are
// gone.
func (f *fleet) learn(serials []string, found map[string]identity) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, serial := range serials {
		var now *identity
		if d, there := found[serial]; there {
			now = &d
		}
		if f.view != nil {
			f.view.learn(serial, now)
		}
		if f.reading != nil {
			f.reading.learn(serial, now)
		}
	}
}

func (r *reading) learn(serial string, d *identity) {
	if r.learned == nil {
		r.learned = map[string]*identity{}
	}
	r.learned[serial] = d
}

// count gives the number of devices on a profile; false when there is no view.
func (f *fleet) count(key string) (int, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.view == nil {
		return 0, false
	}
	on := make([]bool, len(f.view.texts.all)) // spellings of the profile among the texts
	for i, text := range f.view.texts.all {
		on[i] = !noProfile(text) && keyOf(text) == key
	}
	n := 0
	for _, r := range f.view.rows {
		if on[r.profile] {
			n++
		}
	}
	for serial, profile := range f.sent {
		at, known := f.view.find(serial)
		if !known {
			continue
		}
		if on[f.view.rows[at].profile] {
			n--
		}
		if keyOf(profile) == key {
			n++
		}
	}
	return n, true
}

// spend tells whether asking for n devices one by one costs no more requests, with those asked for before, than reading all
// of size.
func (f *fleet) spend(n, size int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.unfiltered || f.looked+n > max(1, pagesOf(size)) {
		return false
	}
	f.looked += n
	return true
}

// cheap is spend for a look that is repeated after pauses, until what was sent shows: it counts by itself.
func (f *fleet) cheap(n, size int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.view != nil {
		size = len(f.view.rows)
	}
	return !f.unfiltered && n <= min(mostSingles, max(1, pagesOf(size)))
}

// sampleSize is how many devices are looked at in place of many.
const sampleSize = 3

// sample gives some of many devices, from all over them: nil where looking at all of them costs little more.
func (f *fleet) sample(serials []string, size int) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.view != nil {
		size = len(f.view.rows)
	}
	if f.unfiltered || len(serials) <= sampleSize || pagesOf(size) <= sampleSize {
		return nil
	}
	return []string{serials[0], serials[len(serials)/2], serials[len(serials)-1]}
}

func (f *fleet) ignoresFilter() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.unfiltered = true
}

// mostSingles is how many devices are looked at one by one in a row, however many pages all of them have.
const mostSingles = 50

func pagesOf(devices int) int { return (devices + devicesPerPage - 1) / devicesPerPage }

// gate is a mutex that heeds a context.
type gate chan struct{}

func newGate() gate { return make(gate, 1) }

func (g gate) lock(ctx context.Context) (unlock func(), err error) {
	select {
	case g <- struct{}{}:
		return func() { <-g }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
