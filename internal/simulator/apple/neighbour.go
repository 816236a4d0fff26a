package apple

import (
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// What an enrollment service that runs in the same process does with Apple, without the HTTP in between: the Graph
// simulator stands for Intune, and Intune is a client of Apple like any other. Serial faults hit it as they hit clients
// on the wire, and what it does is in the ledger of assignments.

// Credentials are the values inside a server token that tell Apple who calls.
type Credentials struct {
	ConsumerKey    string `json:"consumer_key"`
	ConsumerSecret string `json:"consumer_secret"`
	AccessToken    string `json:"access_token"`
	AccessSecret   string `json:"access_secret"`
}

// Standing says whether Apple still lets a server token in.
type Standing string

// The standings.
const (
	StandingValid          Standing = "valid"
	StandingUnknown        Standing = "unknown"  // no such token, or its MDM server is deleted
	StandingReplaced       Standing = "replaced" // a newer token of the server was downloaded
	StandingRevoked        Standing = "revoked"
	StandingExpired        Standing = "expired"
	StandingTermsNotSigned Standing = "terms_not_signed"
)

// ServerOf finds the MDM server that a server token belongs to, whether or not the token is still let in.
func (s *Simulator) ServerOf(c Credentials) (id string, found bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.tokenOf(c); t != nil {
		return t.server.id, true
	}
	return "", false
}

// StandingOf says whether a server token is let in now.
func (s *Simulator) StandingOf(c Credentials) Standing {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tokenOf(c)
	switch {
	case t == nil:
		return StandingUnknown
	case t.revoked || t.server.current != nil && t.server.current.revoked:
		return StandingRevoked
	case t.replaced:
		return StandingReplaced
	case !s.clock.now().Before(t.expiry):
		return StandingExpired
	case !s.terms:
		return StandingTermsNotSigned
	}
	return StandingValid
}

// tokenOf is nil unless all four values fit.
func (s *Simulator) tokenOf(c Credentials) *token {
	t := s.tokens[c.AccessToken]
	if t == nil || t.accessSecret != c.AccessSecret ||
		t.server.consumerKey != c.ConsumerKey || t.server.consumerSecret != c.ConsumerSecret {
		return nil
	}
	return t
}

// ServerDevice is one device as a fetch lists it.
type ServerDevice struct {
	SerialNumber string
	OS           string // iOS, iPadOS, OSX, tvOS
	Description  string // model and colour, as Apple writes it
	AssignedAt   time.Time
}

// ServerDevices lists the devices of an MDM server in chronological order of their assignment.
func (s *Simulator) ServerDevices(id string) ([]ServerDevice, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.server(id)
	if err != nil {
		return nil, err
	}
	fx := s.strikeNeighbour(m, "/server/devices")
	out := make([]ServerDevice, 0, m.count)
	for _, d := range m.assigned() {
		if fx.missing(d.serial) {
			continue
		}
		out = append(out, ServerDevice{
			SerialNumber: d.serial, OS: d.model.os, Description: d.model.description,
			AssignedAt: time.Unix(d.record.assignedAt, 0).UTC(),
		})
	}
	return out, nil
}

// Enrollment is what a device did at its last activation.
type Enrollment struct {
	Activated   bool
	ProfileUUID string    // the profile that it fetched then; empty: none
	PushedAt    time.Time // when it fetched it; zero once another profile is assigned
}

// Enrollments tells for each serial number what the device did; unknown ones have done nothing.
func (s *Simulator) Enrollments(serials []string) []Enrollment {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Enrollment, len(serials))
	for i, serial := range serials {
		d := s.bySerial[serial]
		if d == nil || !d.activated {
			continue
		}
		out[i] = Enrollment{Activated: true, ProfileUUID: d.running.id()}
		if d.record.profilePushed != 0 {
			out[i].PushedAt = time.Unix(d.record.profilePushed, 0).UTC()
		}
	}
	return out
}

// DefineProfile defines a profile on an MDM server, as POST /profile does, and returns its UUID. What Apple refuses is an
// error with Apple's code.
func (s *Simulator) DefineProfile(id string, body []byte) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.server(id)
	if err != nil {
		return "", err
	}
	var def definition
	if err := json.Unmarshal(body, &def); err != nil {
		return "", badRequest("the profile is not JSON: %v", err)
	}
	if code := def.check(); code != "" {
		return "", badRequest("%s", code)
	}
	def.ProfileUUID = ""
	p := &profile{
		uuid: randomHex(16, true), server: m, defined: s.clock.now(), version: neighbourVersion,
		definition: def, raw: json.RawMessage(body),
	}
	s.profiles[p.uuid] = p
	s.profileOrder = append(s.profileOrder, p)
	return p.uuid, nil
}

// GiveProfile assigns a defined profile to devices of its MDM server and returns Apple's result for each serial number:
// SUCCESS, NOT_ACCESSIBLE, FAILED or THROTTLED.
func (s *Simulator) GiveProfile(id, uuid string, serials []string) (map[string]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.server(id)
	if err != nil {
		return nil, err
	}
	p := s.profiles[uuid]
	if p == nil || p.server != m {
		return nil, notFound("no profile %q on MDM server %q", uuid, m.name)
	}
	c := s.neighbourCall(m, "/profile/devices")
	s.ledger.assignSent(m, serials, c.now)
	return s.results(c, serials, func(d *device) { d.giveProfile(p, c.now.Unix()) }), nil
}

// Disown releases devices of an MDM server from the organisation for good, and returns Apple's result for each.
func (s *Simulator) Disown(id string, serials []string) (map[string]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.server(id)
	if err != nil {
		return nil, err
	}
	c := s.neighbourCall(m, "/devices/disown")
	return s.results(c, serials, func(d *device) {
		m.remove(d, c.now.Unix())
		d.disowned = true
	}), nil
}

// neighbourVersion is the protocol version that a neighbour speaks: the newest.
const neighbourVersion = 10

func (s *Simulator) neighbourCall(m *mdmServer, path string) *call {
	return &call{server: m, version: neighbourVersion, effects: s.strikeNeighbour(m, path), now: s.clock.now()}
}

// strikeNeighbour finds the faults that would hit the same call on the wire.
func (s *Simulator) strikeNeighbour(m *mdmServer, path string) effects {
	return s.strike(&http.Request{Method: http.MethodPost, URL: &url.URL{Path: path}}, m)
}
