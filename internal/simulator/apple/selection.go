package apple

import "slices"

// Selection names devices for assigning or unassigning: SerialNumbers, or the next Count. Exactly one is set.
type Selection struct {
	Count         int      `json:"count,omitempty"`
	SerialNumbers []string `json:"serial_numbers,omitempty"`
}

func (sel Selection) validate() error {
	if sel.Count < 0 || (sel.Count > 0) == (len(sel.SerialNumbers) > 0) {
		return badRequest("want either count, above zero, or serial_numbers")
	}
	return nil
}

// AssignDevices assigns devices to an MDM server: the named ones, wherever they are now, or the next Count unassigned
// ones in the order of the inventory. Devices that the server already has stay as they are. It returns the serial
// numbers that were assigned. All or none.
func (s *Simulator) AssignDevices(id string, sel Selection) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.server(id)
	if err != nil {
		return nil, err
	}
	devices, err := s.selected(sel, s.unassigned)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(devices, func(d *device) bool { return d.disowned }); i >= 0 {
		return nil, conflict("device %s is released from the organisation", devices[i].serial)
	}
	now := s.clock.now().Unix()
	serials := make([]string, 0, len(devices))
	for _, d := range devices {
		if d.server == m {
			continue
		}
		if d.server != nil {
			d.server.remove(d, now)
		}
		m.add(d, s.org.AdminID, now)
		serials = append(serials, d.serial)
	}
	return serials, nil
}

// UnassignDevices takes devices off an MDM server: the named ones, which must be on it, or the Count that were assigned
// last. Their profiles are gone. It returns their serial numbers. All or none.
func (s *Simulator) UnassignDevices(id string, sel Selection) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.server(id)
	if err != nil {
		return nil, err
	}
	devices, err := s.selected(sel, m.newest)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(devices, func(d *device) bool { return d.server != m }); i >= 0 {
		return nil, conflict("device %s is not on MDM server %q", devices[i].serial, m.name)
	}
	now := s.clock.now().Unix()
	serials := make([]string, 0, len(devices))
	for _, d := range devices {
		m.remove(d, now)
		serials = append(serials, d.serial)
	}
	return serials, nil
}

// selected finds the devices of a selection; next gives those of a count.
func (s *Simulator) selected(sel Selection, next func(count int) []*device) ([]*device, error) {
	if err := sel.validate(); err != nil {
		return nil, err
	}
	if sel.Count > 0 {
		devices := next(sel.Count)
		if len(devices) < sel.Count {
			return nil, conflict("want %d devices, only %d are left", sel.Count, len(devices))
		}
		return devices, nil
	}
	devices := make([]*device, 0, len(sel.SerialNumbers))
	for _, serial := range unique(sel.SerialNumbers) {
		d, err := s.device(serial)
		if err != nil {
			return nil, err
		}
		devices = append(devices, d)
	}
	return devices, nil
}

// unassigned gives the first count devices that are on no server.
func (s *Simulator) unassigned(count int) []*device {
	devices := make([]*device, 0, min(count, len(s.devices)))
	for _, d := range s.devices {
		if len(devices) == count {
			break
		}
		if d.server == nil && !d.disowned {
			devices = append(devices, d)
		}
	}
	return devices
}

// newest gives the count devices that were assigned last, the latest first.
func (m *mdmServer) newest(count int) []*device {
	devices := m.assigned()
	slices.Reverse(devices)
	return devices[:min(count, len(devices))]
}

// device finds a device of the organisation.
func (s *Simulator) device(serial string) (*device, error) {
	d, ok := s.bySerial[serial]
	if !ok {
		return nil, notFound("the organisation has no device %q", serial)
	}
	return d, nil
}
