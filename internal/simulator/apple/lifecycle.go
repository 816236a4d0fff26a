package apple

import "time"

// What happens to devices in a classroom, and what else a person does in the portal.

// Activate takes a device through Setup Assistant: it fetches the profile that it has at that moment, whose status
// becomes pushed. A profile assigned later takes effect only after Erase and another Activate.
func (s *Simulator) Activate(serial string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.device(serial)
	if err != nil {
		return err
	}
	if d.activated {
		return conflict("device %s is activated: erase it first", serial)
	}
	d.activated, d.running = true, d.record.profile
	if d.running != nil {
		now := s.clock.now().Unix()
		d.record.status, d.record.profilePushed = statusPushed, now
		d.server.note(d, opModified, now)
	}
	return nil
}

// Erase resets a device to factory settings. Apple's record does not change.
func (s *Simulator) Erase(serial string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.device(serial)
	if err != nil {
		return err
	}
	d.activated, d.running = false, nil
	return nil
}

// DeviceChange is what can be set on a device; nil leaves a field as it is.
type DeviceChange struct {
	AssetTag             *string    `json:"asset_tag,omitempty"`
	MDMMigrationDeadline *time.Time `json:"mdm_migration_deadline,omitempty"` // the zero time removes it
}

// ChangeDevice sets facts about a device. A sync then shows it as modified.
func (s *Simulator) ChangeDevice(serial string, change DeviceChange) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.device(serial)
	if err != nil {
		return err
	}
	if change.AssetTag != nil {
		d.assetTag = *change.AssetTag
	}
	if t := change.MDMMigrationDeadline; t != nil {
		d.migrationDeadline = 0
		if !t.IsZero() {
			d.migrationDeadline = t.Unix()
		}
	}
	if d.server != nil {
		d.server.note(d, opModified, s.clock.now().Unix())
	}
	return nil
}

// Replace has Apple exchange a device under repair for the next unassigned one, which takes its place on the MDM server.
// It returns the new device's serial number.
func (s *Simulator) Replace(serial string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, err := s.device(serial)
	if err != nil {
		return "", err
	}
	if old.server == nil {
		return "", conflict("device %s is on no MDM server", serial)
	}
	spare := s.unassigned(1)
	if len(spare) == 0 {
		return "", conflict("no unassigned device is left to replace %s", serial)
	}
	now, m := s.clock.now(), old.server
	m.remove(old, now.Unix())
	m.changes[len(m.changes)-1].releasedByReplacement = true
	old.disowned = true
	spare[0].replaces, spare[0].replacedOn = old, now.Format(time.DateOnly)
	m.add(spare[0], s.org.AdminID, now.Unix())
	return spare[0].serial, nil
}
