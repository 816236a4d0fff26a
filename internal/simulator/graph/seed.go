package graph

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

// What a test begins with: a tenant that has been on Intune for a while.

// TokenSeed describes a token that is already there.
type TokenSeed struct {
	Name        string   `json:"name"`
	AppleID     string   `json:"apple_id"`
	ScopeTagIDs []string `json:"scope_tag_ids"` // empty: the default tag
	// Devices assigns the next so many unassigned devices at Apple to the token's MDM server.
	Devices int `json:"devices"`
	// Awaiting leaves the token without a server token: its public key is made, nothing is uploaded.
	Awaiting bool `json:"awaiting"`
}

// Token is a token that AddToken made, or that is there.
type Token struct {
	ID           string `json:"id"`
	ServerID     string `json:"server_id"` // of the MDM server at Apple
	PublicKeyPEM string `json:"public_key_pem"`
	DeviceCount  int    `json:"device_count"`
}

// AddToken adds a token with an MDM server of its own at Apple. Its first sync has ended an hour ago, so that a new one
// may be asked for.
func (s *Simulator) AddToken(seed TokenSeed) (Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	t, err := s.seedToken(seed)
	if err != nil {
		return Token{}, err
	}
	server, err := s.apple.CreateServer(seed.Name, t.key.pem)
	if err != nil {
		return Token{}, err
	}
	if !seed.Awaiting {
		if err := s.seedServerToken(t, server, seed); err != nil {
			return Token{}, err
		}
	}
	t.publishFrom(s, longAgo)
	out := t.describe()
	out.ServerID = server.ID
	return out, nil
}

func (s *Simulator) seedToken(seed TokenSeed) (*token, error) {
	if seed.Name == "" {
		return nil, badRequest("a token needs a name")
	}
	t, err := s.newToken()
	if err != nil {
		return nil, err
	}
	if t.key == nil {
		if err := t.newKey(); err != nil {
			return nil, err
		}
	}
	t.name, t.consent = new(seed.Name), true
	if len(seed.ScopeTagIDs) > 0 {
		t.scopeTags = slices.Clone(seed.ScopeTagIDs)
	}
	if seed.AppleID == "" {
		seed.AppleID = s.apple.Organization().AdminID
	}
	t.appleID = &seed.AppleID
	return t, nil
}

// seedServerToken goes the way that a person goes, an hour ago.
func (s *Simulator) seedServerToken(t *token, server apple.Server, seed TokenSeed) error {
	if seed.Devices > 0 {
		if _, err := s.apple.AssignDevices(server.ID, apple.Selection{Count: seed.Devices}); err != nil {
			return err
		}
	}
	file, err := s.apple.ServerToken(server.ID)
	if err != nil {
		return err
	}
	if err := s.acceptServerToken(t, string(file), t.appleID); err != nil {
		return err
	}
	before := s.apple.Now().Add(-time.Hour)
	t.triggered = before
	t.sync = &syncRun{ends: before}
	s.endSync(t, t.sync)
	for _, r := range t.rows {
		r.shows = before
	}
	return nil
}

func (t *token) describe() Token {
	out := Token{ID: t.id, ServerID: t.server, DeviceCount: t.synced}
	if t.key != nil {
		out.PublicKeyPEM = string(t.key.pem)
	}
	return out
}

// Tokens lists the tokens in the order of their creation, as they are.
func (s *Simulator) Tokens() []Token {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	out := []Token{}
	for _, t := range s.tokens {
		if !t.deleted {
			out = append(out, t.describe())
		}
	}
	return out
}

// AddClassicProfile adds a classic profile to a token. fields are Graph's properties, with "@odata.type"; without it the
// profile is for iOS. Where fields are silent it is supervised, mandatory and without user affinity. Readers see it at
// once.
func (s *Simulator) AddClassicProfile(tokenID string, fields map[string]any) (id string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tokenByID(tokenID)
	if t == nil {
		return "", notFound("no token %q", tokenID)
	}
	all := map[string]any{"supervisedModeEnabled": true, "isMandatory": true, "requiresUserAuthentication": false}
	maps.Copy(all, fields)
	typ := profileTypes["depIOSEnrollmentProfile"]
	if named := odataType(all); named != "" {
		typ = profileTypes[named]
	}
	if typ == nil {
		return "", badRequest("no profile type %v", fields["@odata.type"])
	}
	values, err := typ.wire.decodeFields(all)
	if err != nil {
		return "", err
	}
	p, err := s.newProfile(t, typ, values)
	if err != nil {
		return "", badRequest("%v", err)
	}
	p.created = longAgo
	p.shown = history[object]{}
	p.shown.put(longAgo, p.entity(t))
	return p.id(t), nil
}

// decodeFields decodes Go values as if they had come in a request.
func (w wireType) decodeFields(fields map[string]any) (map[string]any, error) {
	text, err := json.Marshal(fields)
	if err != nil {
		return nil, badRequest("the fields are not JSON: %v", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var raw map[string]any
	if err := decoder.Decode(&raw); err != nil {
		return nil, badRequest("the fields are not JSON: %v", err)
	}
	out := map[string]any{}
	for name, value := range raw {
		if name == "@odata.type" {
			continue
		}
		f, known := w.field(name)
		if !known {
			return nil, badRequest("%s has no property %q", w.name, name)
		}
		decoded, err := f.decode(value)
		if err != nil {
			return nil, badRequest("property %q: %v", name, err)
		}
		out[name] = decoded
	}
	return out, nil
}

// AssignProfile gives a profile or policy to devices of a token at once, as an administrator did some time ago. Readers
// see it at once.
func (s *Simulator) AssignProfile(tokenID, profileID string, serials ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	t, p, err := s.seeded(tokenID, profileID)
	if err != nil {
		return err
	}
	rows := make([]*row, 0, len(serials))
	for _, serial := range serials {
		r := t.rowsBySerial[serial]
		if r == nil {
			return notFound("token %s has no device %q", tokenID, serial)
		}
		rows = append(rows, r)
	}
	now := s.apple.Now()
	s.give(t, p, rows, now)
	for _, r := range rows {
		r.wantedShows = now
	}
	return nil
}

// SetDefault makes a profile or policy the default of its platform at once.
func (s *Simulator) SetDefault(tokenID, profileID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, p, err := s.seeded(tokenID, profileID)
	if err != nil {
		return err
	}
	t.makeDefault(s, p)
	return nil
}

func (s *Simulator) seeded(tokenID, profileID string) (*token, *profile, error) {
	t := s.tokenByID(tokenID)
	if t == nil {
		return nil, nil, notFound("no token %q", tokenID)
	}
	s.mirror(t)
	for _, p := range t.profiles {
		if !p.deleted && t.names(profileID, p) {
			return t, p, nil
		}
	}
	return nil, nil, notFound("token %s has no profile %q", tokenID, profileID)
}

// Truth is the name of the profile that each device of the organisation has at Apple, by serial number; empty is none.
func (s *Simulator) Truth() (map[string]string, error) {
	s.Settle()
	devices, err := s.apple.Devices("", true)
	if err != nil {
		return nil, err
	}
	names := map[string]string{"": ""}
	out := make(map[string]string, len(devices.Devices))
	for serial, uuid := range devices.Devices {
		name, known := names[uuid]
		if !known {
			if name, err = s.profileName(uuid); err != nil {
				return nil, err
			}
			names[uuid] = name
		}
		out[serial] = name
	}
	return out, nil
}

// profileName is the name in a definition at Apple.
func (s *Simulator) profileName(uuid string) (string, error) {
	p, err := s.apple.Profile(uuid)
	if err != nil {
		return "", err
	}
	var definition struct {
		Name string `json:"profile_name"`
	}
	if err := json.Unmarshal(p.Definition, &definition); err != nil {
		return "", badRequest("definition %s: %v", uuid, err)
	}
	return definition.Name, nil
}

// SerialNumbers lists the devices of a token as Intune has them, in the order of their rows; those that left are left out.
func (s *Simulator) SerialNumbers(tokenID string) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	t := s.tokenByID(tokenID)
	if t == nil {
		return nil, notFound("no token %q", tokenID)
	}
	out := make([]string, 0, len(t.rows))
	for _, r := range t.rows {
		if r.present() {
			out = append(out, r.serial)
		}
	}
	return out, nil
}
