package apple

import "net/http"

// maxAdvisedDevices is Apple's advice for one assign call. More are taken, and counted as a violation.
const maxAdvisedDevices = 1000

// assignProfile answers POST and PUT /profile/devices (Apple: Assign a profile).
func (s *Simulator) assignProfile(c *call) reply {
	var request struct {
		ProfileUUID string   `json:"profile_uuid"`
		Devices     []string `json:"devices"`
	}
	if bad, ok := c.decode(&request); !ok {
		return bad
	}
	s.ledger.assignSent(c.server, request.Devices, c.now)
	switch {
	case len(request.Devices) == 0:
		return failure(http.StatusBadRequest, "DEVICE_ID_REQUIRED")
	case request.ProfileUUID == "":
		return failure(http.StatusBadRequest, "PROFILE_UUID_REQUIRED")
	}
	p := s.profiles[request.ProfileUUID]
	if p == nil || p.server != c.server {
		return failure(http.StatusNotFound, "NOT_FOUND")
	}
	return s.assigned(c, p, request.Devices)
}

// assigned gives p to the devices and answers with each one's result, as assign and define do.
func (s *Simulator) assigned(c *call, p *profile, serials []string) reply {
	results := s.results(c, serials, func(d *device) { d.giveProfile(p, c.now.Unix()) })
	answer := struct {
		ProfileUUID       string            `json:"profile_uuid"`
		Devices           map[string]string `json:"devices"`
		RetryAfterSeconds *int              `json:"retry_after_seconds,omitempty"`
	}{ProfileUUID: p.uuid, Devices: results}
	if c.version >= 10 {
		for _, status := range results {
			if status == resultThrottled {
				answer.RetryAfterSeconds = &c.effects.retryAfterSeconds
			}
		}
	}
	return encoded(answer)
}

// giveProfile assigns p. A device that is activated goes on with what it fetched then, until it is erased.
func (d *device) giveProfile(p *profile, now int64) {
	d.dropProfile(statusAssigned)
	p.devices++
	d.record.profile, d.record.profileAssigned = p, now
	d.server.note(d, opModified, now)
}

// dropProfile takes the profile away from Apple's record.
func (d *device) dropProfile(status profileStatus) {
	if d.record.profile != nil {
		d.record.profile.devices--
	}
	d.record.profile, d.record.status = nil, status
	d.record.profileAssigned, d.record.profilePushed = 0, 0
}

// removeProfile answers DELETE /profile/devices, which has a body. Apple ignores the profile_uuid in it: whatever profile
// a device has is removed.
func (s *Simulator) removeProfile(c *call) reply {
	var request deviceList
	if bad, ok := c.decode(&request); !ok {
		return bad
	}
	if len(request.Devices) == 0 {
		return failure(http.StatusBadRequest, "DEVICE_ID_REQUIRED")
	}
	return encoded(map[string]any{"devices": s.results(c, request.Devices, func(d *device) {
		if d.record.profile != nil {
			d.dropProfile(statusRemoved)
			d.server.note(d, opModified, c.now.Unix())
		}
	})})
}
