package apple

import (
	"crypto/x509"
	"slices"
	"strings"
	"time"
)

// mdmServer is one MDM server of the portal: the side of Apple's service that one server token sees.
type mdmServer struct {
	id   string // server_uuid: 32 upper-case hex digits
	name string
	cert *x509.Certificate // the uploaded public key

	// The consumer half stays the same for the server's life, the access half is new with every download.
	consumerKey, consumerSecret string
	current                     *token // nil: no server token downloaded yet

	members []member // in the order of assignment, with gaps
	count   int      // devices assigned now
	changes []change // all that sync can tell, in chronological order
	cursors cursors

	calls int // ordinary calls, for Settings.RotateEvery
}

// member is one assignment of a device to a server. It is outdated when the device has since moved.
type member struct{ dev *device }

// change is one event of Apple's sync.
type change struct {
	at                    int64 // Unix seconds
	op                    opType
	dev                   *device
	record                record // as it was right after the event
	releasedByReplacement bool
}

// opType is Apple's op_type (Apple: Device).
type opType string

const (
	opAdded    opType = "added"
	opModified opType = "modified"
	opDeleted  opType = "deleted"
)

// has says whether the i-th member is an assignment in force.
func (m *mdmServer) has(i int) bool {
	d := m.members[i].dev
	return d.server == m && d.membersAt == i
}

// add assigns d, which must be on no server, at Unix second now.
func (m *mdmServer) add(d *device, by string, now int64) {
	d.server, d.membersAt = m, len(m.members)
	d.record = record{assignedBy: by, assignedAt: now, status: statusEmpty}
	m.members = append(m.members, member{d})
	m.count++
	m.note(d, opAdded, now)
}

// remove unassigns d. What the server knew about it, its profile above all, is gone for the server.
func (m *mdmServer) remove(d *device, now int64) {
	d.dropProfile(statusEmpty)
	m.note(d, opDeleted, now)
	d.server, d.record = nil, record{status: statusEmpty}
	m.count--
}

// note appends a change with d's record as it is now.
func (m *mdmServer) note(d *device, op opType, now int64) {
	m.changes = append(m.changes, change{at: now, op: op, dev: d, record: d.record})
}

// assigned lists the devices now on the server in chronological order of their assignment, and closes the gaps.
func (m *mdmServer) assigned() []*device {
	devices := make([]*device, 0, m.count)
	for i := range m.members {
		if m.has(i) {
			devices = append(devices, m.members[i].dev)
		}
	}
	m.members = m.members[:0]
	for i, d := range devices {
		d.membersAt = i
		m.members = append(m.members, member{d})
	}
	return devices
}

// Server is what the portal shows about an MDM server.
type Server struct {
	ID          string     `json:"id"`
	Name        string     `json:"name"`
	UUID        string     `json:"uuid"` // server_uuid of /account; the same as ID
	DeviceCount int        `json:"device_count"`
	ConsumerKey string     `json:"consumer_key"`
	TokenExpiry *time.Time `json:"token_expiry,omitempty"` // absent until a server token is downloaded
	TokenState  string     `json:"token_state"`            // none, valid, expired or revoked
}

func (s *Simulator) describe(m *mdmServer) Server {
	out := Server{
		ID: m.id, Name: m.name, UUID: m.id, DeviceCount: m.count, ConsumerKey: m.consumerKey, TokenState: "none",
	}
	if t := m.current; t != nil {
		expiry := t.expiry
		out.TokenExpiry, out.TokenState = &expiry, "valid"
		switch {
		case t.revoked:
			out.TokenState = "revoked"
		case !s.clock.now().Before(t.expiry):
			out.TokenState = "expired"
		}
	}
	return out
}

// CreateServer adds an MDM server with the public key that its tokens will be encrypted for: an X.509 certificate with an
// RSA key of 2048 bits or more, PEM or DER. The certificate's validity does not matter, as at Apple.
func (s *Simulator) CreateServer(name string, publicKey []byte) (Server, error) {
	cert, err := parsePublicKey(publicKey)
	if err != nil {
		return Server{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.checkServerName(name, nil); err != nil {
		return Server{}, err
	}
	m := &mdmServer{
		id: randomHex(16, true), name: name, cert: cert,
		consumerKey: "CK_" + randomHex(secretBytes, false), consumerSecret: "CS_" + randomHex(secretBytes, false),
		cursors: cursors{},
	}
	s.servers[m.id] = m
	s.order = append(s.order, m)
	return s.describe(m), nil
}

// UpdateServer renames a server (name not empty), gives it a new public key (publicKey not nil), or both. The token in
// use stays valid; the next download is encrypted for the new key.
func (s *Simulator) UpdateServer(id, name string, publicKey []byte) (Server, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.server(id)
	if err != nil {
		return Server{}, err
	}
	if publicKey != nil {
		cert, err := parsePublicKey(publicKey)
		if err != nil {
			return Server{}, err
		}
		m.cert = cert
	}
	if name != "" {
		if err := s.checkServerName(name, m); err != nil {
			return Server{}, err
		}
		m.name = name
	}
	return s.describe(m), nil
}

// checkServerName keeps the portal's rules: unique in the organisation, and not a word that the portal uses itself.
func (s *Simulator) checkServerName(name string, self *mdmServer) error {
	switch {
	case strings.TrimSpace(name) == "":
		return badRequest("an MDM server needs a name")
	case strings.EqualFold(name, "Unassigned") || strings.EqualFold(name, "Reassigned"):
		return badRequest("the name %q is reserved by the portal", name)
	case slices.ContainsFunc(s.order, func(m *mdmServer) bool { return m != self && m.name == name }):
		return conflict("an MDM server named %q exists", name)
	}
	return nil
}

// server finds an MDM server by id.
func (s *Simulator) server(id string) (*mdmServer, error) {
	m, ok := s.servers[id]
	if !ok {
		return nil, notFound("no MDM server with id %q", id)
	}
	return m, nil
}

// Server returns the facts about one MDM server.
func (s *Simulator) Server(id string) (Server, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.server(id)
	if err != nil {
		return Server{}, err
	}
	return s.describe(m), nil
}

// Servers lists the MDM servers in the order of their creation.
func (s *Simulator) Servers() []Server {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Server, 0, len(s.order))
	for _, m := range s.order {
		out = append(out, s.describe(m))
	}
	return out
}

// DeleteServer removes an MDM server. Its devices become unassigned, its profiles are gone, its server token is unknown.
func (s *Simulator) DeleteServer(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.server(id)
	if err != nil {
		return err
	}
	now := s.clock.now().Unix()
	for _, d := range m.assigned() {
		m.remove(d, now)
	}
	s.endSessions(func(other *session) bool { return other.token.server == m })
	for access, t := range s.tokens {
		if t.server == m {
			delete(s.tokens, access)
		}
	}
	s.profileOrder = slices.DeleteFunc(s.profileOrder, func(p *profile) bool {
		if p.server == m {
			delete(s.profiles, p.uuid)
		}
		return p.server == m
	})
	delete(s.servers, id)
	s.order = slices.DeleteFunc(s.order, func(other *mdmServer) bool { return other == m })
	return nil
}
