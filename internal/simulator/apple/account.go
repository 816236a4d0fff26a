package apple

import (
	"maps"
	"slices"
	"strings"
)

// account answers GET /account (Apple: AccountDetail). Key order and the set of keys are those of a recorded response.
func (s *Simulator) account(c *call) reply {
	type limit struct {
		Default int `json:"default"`
		Maximum int `json:"maximum"`
	}
	type url struct {
		URI     string   `json:"uri"`
		Methods []string `json:"http_method"`
		Limit   *limit   `json:"limit,omitempty"`
	}
	detail := struct {
		ServerName    string `json:"server_name"`
		ServerUUID    string `json:"server_uuid"`
		FacilitatorID string `json:"facilitator_id"`
		AdminID       string `json:"admin_id"`
		OrgName       string `json:"org_name"`
		OrgEmail      string `json:"org_email"`
		OrgPhone      string `json:"org_phone"`
		OrgAddress    string `json:"org_address"`
		OrgID         string `json:"org_id,omitempty"`
		OrgIDHash     string `json:"org_id_hash,omitempty"`
		URLs          []url  `json:"urls,omitempty"`
		OrgType       string `json:"org_type,omitempty"`
		OrgVersion    string `json:"org_version,omitempty"`
	}{
		ServerName: c.server.name, ServerUUID: c.server.id, FacilitatorID: s.org.AdminID, AdminID: s.org.AdminID,
		OrgName: s.org.OrgName, OrgEmail: s.org.OrgEmail, OrgPhone: s.org.OrgPhone, OrgAddress: s.org.OrgAddress,
	}
	if c.version >= 3 {
		detail.OrgID, detail.OrgIDHash = s.org.OrgID, s.org.idHash()
		detail.OrgType, detail.OrgVersion = s.org.OrgType, s.org.OrgVersion
		for _, r := range s.routes {
			if c.version < r.since {
				continue
			}
			u := url{URI: r.path, Methods: slices.Sorted(maps.Keys(r.methods))}
			if r.limited {
				u.Limit = &limit{s.settings.AdvertisedLimitDefault, s.settings.AdvertisedLimitMaximum}
			}
			detail.URLs = append(detail.URLs, u)
		}
	}
	return encoded(detail)
}

// betaTokens answers GET /os-beta-enrollment/tokens.
func (s *Simulator) betaTokens(*call) reply {
	if s.org.AppleSeedOff {
		return failure(403, "APPLE_SEED_FOR_IT_TURNED_OFF")
	}
	type seed struct {
		OS    string `json:"os"`
		Title string `json:"title"`
		Token string `json:"token"`
	}
	var seeds []seed
	for _, name := range []string{"homePodOS", "iOS", "OSX", "tvOS", "visionOS", "watchOS"} {
		seeds = append(seeds, seed{name, name + " AppleSeed Beta", strings.Repeat("0", 8) + s.org.OrgID + name})
	}
	return encoded(map[string][]seed{"betaEnrollmentTokens": seeds})
}
