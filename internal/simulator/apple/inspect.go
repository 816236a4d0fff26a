package apple

import (
	"encoding/json"
	"time"
)

// Device is Apple's truth about one device, and the device's own.
type Device struct {
	SerialNumber      string     `json:"serial_number"`
	Family            string     `json:"device_family"`
	Model             string     `json:"model"`
	AssetTag          string     `json:"asset_tag,omitempty"`
	Server            string     `json:"server,omitempty"` // id of the MDM server it is assigned to
	AssignedAt        *time.Time `json:"assigned_at,omitempty"`
	ProfileUUID       string     `json:"profile_uuid,omitempty"`
	ProfileStatus     string     `json:"profile_status"` // empty, assigned, pushed or removed
	ProfileAssignedAt *time.Time `json:"profile_assigned_at,omitempty"`
	ProfilePushedAt   *time.Time `json:"profile_pushed_at,omitempty"`
	Activated         bool       `json:"activated"`
	RunningProfile    string     `json:"running_profile_uuid,omitempty"` // the profile that it fetched when it was activated
	ActivationLocked  bool       `json:"activation_locked"`
	Disowned          bool       `json:"disowned"`
	Replaces          string     `json:"replaces,omitempty"` // serial number of the device that it replaced
}

// Device returns Apple's truth about one device.
func (s *Simulator) Device(serial string) (Device, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.device(serial)
	if err != nil {
		return Device{}, err
	}
	return d.describe(), nil
}

func (d *device) describe() Device {
	out := Device{
		SerialNumber: d.serial, Family: d.model.family, Model: d.model.name, AssetTag: d.assetTag,
		AssignedAt: unixTime(d.record.assignedAt), ProfileStatus: string(d.record.status),
		ProfileAssignedAt: unixTime(d.record.profileAssigned), ProfilePushedAt: unixTime(d.record.profilePushed),
		Activated: d.activated, ActivationLocked: d.locked, Disowned: d.disowned,
		ProfileUUID: d.record.profile.id(), RunningProfile: d.running.id(),
	}
	if d.server != nil {
		out.Server = d.server.id
	}
	if d.replaces != nil {
		out.Replaces = d.replaces.serial
	}
	return out
}

// id is the UUID, or empty for no profile.
func (p *profile) id() string {
	if p == nil {
		return ""
	}
	return p.uuid
}

func unixTime(seconds int64) *time.Time {
	if seconds == 0 {
		return nil
	}
	t := time.Unix(seconds, 0).UTC()
	return &t
}

// Summary counts many devices at once.
type Summary struct {
	Total     int               `json:"total"`
	ByProfile map[string]int    `json:"by_profile"` // devices by profile_uuid; "" is without one
	ByStatus  map[string]int    `json:"by_status"`  // devices by profile_status
	Activated int               `json:"activated"`
	Devices   map[string]string `json:"devices,omitempty"` // with detail: profile_uuid by serial number
}

// Devices counts the devices of an MDM server, or, with an empty id, of the whole organisation; detail adds each one's
// profile.
func (s *Simulator) Devices(id string, detail bool) (Summary, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	devices := s.devices
	if id != "" {
		m, err := s.server(id)
		if err != nil {
			return Summary{}, err
		}
		devices = m.assigned()
	}
	out := Summary{ByProfile: map[string]int{}, ByStatus: map[string]int{}}
	if detail {
		out.Devices = make(map[string]string, len(devices))
	}
	for _, d := range devices {
		out.Total++
		out.ByProfile[d.record.profile.id()]++
		out.ByStatus[string(d.record.status)]++
		if d.activated {
			out.Activated++
		}
		if detail {
			out.Devices[d.serial] = d.record.profile.id()
		}
	}
	return out, nil
}

// SerialNumbers lists the organisation's devices in the order of the inventory.
func (s *Simulator) SerialNumbers() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]string, 0, len(s.devices))
	for _, d := range s.devices {
		out = append(out, d.serial)
	}
	return out
}

// Profile is a defined profile as the service keeps it.
type Profile struct {
	UUID            string          `json:"profile_uuid"`
	Server          string          `json:"server"`
	DefinedAt       time.Time       `json:"defined_at"`
	ProtocolVersion int             `json:"protocol_version"` // of the call that defined it
	DeviceCount     int             `json:"device_count"`     // devices that have it now
	Definition      json.RawMessage `json:"definition"`       // the body of the call, byte for byte
}

// Profile returns a defined profile.
func (s *Simulator) Profile(uuid string) (Profile, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.profiles[uuid]
	if !ok {
		return Profile{}, notFound("no profile %q", uuid)
	}
	return p.describe(), nil
}

func (p *profile) describe() Profile {
	return Profile{
		UUID: p.uuid, Server: p.server.id, DefinedAt: p.defined, ProtocolVersion: p.version,
		DeviceCount: p.devices, Definition: p.raw,
	}
}

// Profiles lists all defined profiles, the oldest first.
func (s *Simulator) Profiles() []Profile {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Profile, 0, len(s.profileOrder))
	for _, p := range s.profileOrder {
		out = append(out, p.describe())
	}
	return out
}
