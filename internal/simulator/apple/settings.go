package apple

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"
)

// Organization is what GET /account says about the school. Field names are Apple's (AccountDetail).
type Organization struct {
	AdminID      string `json:"admin_id"`      // Apple Account of whoever downloads server tokens and assigns devices
	OrgName      string `json:"org_name"`      //
	OrgEmail     string `json:"org_email"`     //
	OrgPhone     string `json:"org_phone"`     //
	OrgAddress   string `json:"org_address"`   // one line
	OrgID        string `json:"org_id"`        // customer ID, digits
	OrgIDHash    string `json:"org_id_hash"`   // hex; empty on input: computed from OrgID
	OrgType      string `json:"org_type"`      // edu, org or tvprovider
	OrgVersion   string `json:"org_version"`   // v1 or v2
	AppleSeedOff bool   `json:"appleseed_off"` // AppleSeed for IT is turned off: no beta enrollment tokens
}

func defaultOrganization() Organization {
	return Organization{
		AdminID:    "it@school.example",
		OrgName:    "Example School District",
		OrgEmail:   "it@school.example",
		OrgPhone:   "5550100",
		OrgAddress: "1 School Road, Springfield, IL 62701",
		OrgID:      "2145087",
		OrgType:    "edu",
		OrgVersion: "v2",
	}
}

// idHash stands in for Apple's hash of the organisation id, whose derivation is not published; only its equality with
// the one of the app purchase service matters to clients.
func (o Organization) idHash() string {
	if o.OrgIDHash != "" {
		return o.OrgIDHash
	}
	sum := sha256.Sum256([]byte("org " + o.OrgID))
	return hex.EncodeToString(sum[:])
}

func (o Organization) validate() error {
	if !slices.Contains([]string{"edu", "org", "tvprovider"}, o.OrgType) {
		return badRequest("org_type %q: want edu, org or tvprovider", o.OrgType)
	}
	if !slices.Contains([]string{"v1", "v2"}, o.OrgVersion) {
		return badRequest("org_version %q: want v1 or v2", o.OrgVersion)
	}
	return nil
}

// Organization returns the facts about the school.
func (s *Simulator) Organization() Organization {
	s.mu.Lock()
	defer s.mu.Unlock()
	org := s.org
	org.OrgIDHash = org.idHash()
	return org
}

// UpdateOrganization lets change edit the facts about the school.
func (s *Simulator) UpdateOrganization(change func(*Organization) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	org := s.org
	if err := change(&org); err != nil {
		return err
	}
	if err := org.validate(); err != nil {
		return err
	}
	s.org = org
	return nil
}

// SetTerms records whether the newest terms and conditions are accepted in the portal. While they are not, Apple
// answers 403 T_C_NOT_SIGNED, to /session and to calls in a living session.
func (s *Simulator) SetTerms(signed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.terms = signed
}

// Settings choose between behaviours that Apple does not document or that differ between its deployments.
type Settings struct {
	// Latency is added to every Apple call, in real time.
	Latency Duration `json:"latency"`
	// SessionLifetime on the virtual clock; zero is for ever. Apple gives no figure; 3 minutes is what one shipping
	// client assumes.
	SessionLifetime Duration `json:"session_lifetime"`
	// SingleSession makes a new session end the earlier ones of the same server. Undocumented; off.
	SingleSession bool `json:"single_session"`
	// RotateEvery hands out a new session in the response header of every n-th ordinary call; zero is never.
	RotateEvery int `json:"rotate_every"`
	// KeepRotatedSessions leaves the previous session valid after a rotation. Off: it is dead at once.
	KeepRotatedSessions bool `json:"keep_rotated_sessions"`
	// QuotedErrors wraps error codes in double quotes, as Apple's own old simulator did.
	QuotedErrors bool `json:"quoted_errors"`
	// LimitDefault and LimitMaximum are devices per page: used when limit is absent, and the cap.
	LimitDefault int `json:"limit_default"`
	LimitMaximum int `json:"limit_maximum"`
	// AdvertisedLimitDefault and AdvertisedLimitMaximum are what /account says about them. On the real service they
	// differ from the documentation, so they differ here.
	AdvertisedLimitDefault int `json:"advertised_limit_default"`
	AdvertisedLimitMaximum int `json:"advertised_limit_maximum"`
	// ReplacedTokenError is the body of the 403 for a server token that a newer download replaced: token_rejected, or
	// signature_invalid, which people have seen too.
	ReplacedTokenError string `json:"replaced_token_error"`
	// RefusedUserAgents are substrings that make a User-Agent invalid. Apple refused "nanodep-godep/0" and accepts
	// "nanodep-g-o-dep/0".
	RefusedUserAgents []string `json:"refused_user_agents"`
}

func defaultSettings(latency time.Duration) Settings {
	return Settings{
		Latency:                Duration(latency),
		SessionLifetime:        Duration(3 * time.Minute),
		LimitDefault:           100,
		LimitMaximum:           1000,
		AdvertisedLimitDefault: 1000,
		AdvertisedLimitMaximum: 1000,
		ReplacedTokenError:     "token_rejected",
		RefusedUserAgents:      []string{"godep"},
	}
}

func (c Settings) validate() error {
	if c.Latency < 0 || c.SessionLifetime < 0 || c.RotateEvery < 0 {
		return badRequest("settings: latency, session_lifetime and rotate_every are zero or more")
	}
	if c.LimitDefault < 1 || c.LimitMaximum < c.LimitDefault {
		return badRequest("settings: want 1 <= limit_default (%d) <= limit_maximum (%d)", c.LimitDefault, c.LimitMaximum)
	}
	return nil
}

// Settings returns the settings in force.
func (s *Simulator) Settings() Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings
}

// UpdateSettings lets change edit the settings.
func (s *Simulator) UpdateSettings(change func(*Settings) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.settings
	c.RefusedUserAgents = slices.Clone(c.RefusedUserAgents)
	if err := change(&c); err != nil {
		return err
	}
	if err := c.validate(); err != nil {
		return err
	}
	s.settings = c
	return nil
}
