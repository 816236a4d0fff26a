package graph

import (
	"net/http"
	"strings"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

// syncRun is a sync under way. Nothing of it shows before it ends.
type syncRun struct{ ends time.Time }

// errorTerms is lastSyncErrorCode for terms that nobody has accepted at Apple: the one value that several public monitors
// agree on.
const errorTerms = 3

// fullSyncEvery is how often a sync asks Apple for every device instead of changes.
const fullSyncEvery = 7 * 24 * time.Hour

// startSync answers syncWithAppleDeviceEnrollmentProgram: 204 at once, the work comes later. What Intune answers to one
// asked for too early is not known; the nearest relative, Autopilot's sync, answers 429.
func startSync(c *call) reply {
	t, refusal := c.appleToken()
	if refusal != nil {
		return *refusal
	}
	if t.server == "" {
		return *c.badRequest("The DEP token has not been uploaded")
	}
	if gap := c.now.Sub(t.triggered); gap < time.Duration(c.s.settings.SyncInterval) {
		c.s.ledger.violate(ViolationEarlySync, t.id, c.now, gap.String()+" after the sync before it")
		code := "TooManyRequests"
		if c.s.settings.TooEarlyStatus == http.StatusBadRequest {
			code = "BadRequest"
		}
		return *c.refuse(c.s.settings.TooEarlyStatus, code,
			"A sync with the Apple Device Enrollment Program was requested recently. Try again later")
	}
	c.s.beginSync(t, c.now)
	return noContent()
}

// beginSync starts a sync; one that is under way goes on.
func (s *Simulator) beginSync(t *token, now time.Time) {
	t.triggered = now
	t.publishFrom(s, now)
	if t.sync != nil {
		return
	}
	run := &syncRun{ends: now.Add(s.syncTakes(t))}
	t.sync = run
	s.at(run.ends, t, func() { s.endSync(t, run) })
}

func (s *Simulator) syncTakes(t *token) time.Duration {
	var devices int
	if server, err := s.apple.Server(t.server); err == nil {
		devices = server.DeviceCount
	}
	takes := time.Duration(devices) * time.Minute / time.Duration(s.settings.SyncPerMinute)
	return max(takes, time.Duration(s.settings.SyncMinimum))
}

// endSync does the work of a sync, at its end.
func (s *Simulator) endSync(t *token, run *syncRun) {
	if t.sync != run {
		return
	}
	t.sync = nil
	standing := s.apple.StandingOf(t.credentials)
	if standing != apple.StandingValid {
		t.errorCode, t.fullNext = s.settings.TokenErrorCode, true // after a failure the next one is full
		if standing == apple.StandingTermsNotSigned {
			t.errorCode = errorTerms
		}
		t.publishFrom(s, run.ends)
		return
	}
	full := t.fullNext || run.ends.Sub(t.lastFull) >= fullSyncEvery
	s.compare(t, full, run.ends)
	if full {
		t.lastFull, t.fullNext = run.ends, false
	}
	t.errorCode, t.lastGood = 0, run.ends
	t.synced = counted(t.rows, (*row).present)
	t.publishFrom(s, run.ends)
	s.ledger.synced(t.id, full, run.ends)
}

// compare makes the rows what Apple lists. New devices, and only they, get the default profile of their platform; one that
// left the MDM server and came back in between is new again, as Apple has dropped its profile.
func (s *Simulator) compare(t *token, full bool, now time.Time) {
	listed, err := s.apple.ServerDevices(t.server)
	if err != nil {
		return // the server is gone: its token would not have been let in
	}
	if full {
		t.forgotten = map[string]bool{}
	}
	shows := now.Add(time.Duration(s.settings.VisibleAfter.Devices))
	arrivals := map[string][]*row{}
	t.makeRoom(len(listed))
	for i := range listed {
		d := &listed[i]
		if t.forgotten[d.SerialNumber] {
			continue
		}
		r := t.rowsBySerial[d.SerialNumber]
		if r != nil && r.present() && r.assignedAt.Equal(d.AssignedAt) {
			r.listed = now
			continue
		}
		if r == nil {
			r = s.newRow(t, d.SerialNumber, now)
		}
		r.fromApple(d, shows, now)
		arrivals[r.platform] = append(arrivals[r.platform], r)
	}
	s.retire(t, now)
	for platform, rows := range arrivals {
		if p := t.defaults[platform]; p != nil {
			s.give(t, p, rows, now)
		}
	}
}

// makeRoom spares a first sync of 200,000 devices the growing.
func (t *token) makeRoom(devices int) {
	if len(t.rows) == 0 {
		t.rows, t.rowsBySerial = make([]*row, 0, devices), make(map[string]*row, devices)
	}
}

// retire marks the devices that Apple no longer lists, and drops those that have been gone for long.
func (s *Simulator) retire(t *token, now time.Time) {
	kept := t.rows[:0]
	for _, r := range t.rows {
		if r.source == sourceApple && r.listed.Before(now) {
			if !r.deleted {
				r.deleted, r.deletedAt = true, now
			}
			if now.Sub(r.deletedAt) >= time.Duration(s.settings.ReleasedKept) {
				delete(t.rowsBySerial, r.serial)
				continue
			}
		}
		kept = append(kept, r)
	}
	clear(t.rows[len(kept):])
	t.rows = kept
}

// platformOf maps Apple's names of operating systems.
func platformOf(os string) string {
	switch strings.ToLower(os) {
	case "ios", "ipados":
		return platformIOS
	case "osx", "macos":
		return platformMacOS
	case "tvos":
		return platformTvOS
	case "visionos":
		return platformVisionOS
	}
	return "unknown"
}
