package apple

import (
	"encoding/json"
	"net/http"
	"regexp"
	"time"
	"unicode/utf8"
)

// profile is a defined enrollment profile. Apple has no update and no delete.
type profile struct {
	uuid       string // 32 upper-case hex digits
	server     *mdmServer
	defined    time.Time
	version    int // protocol version of the definition
	definition definition
	raw        json.RawMessage // as it was sent, for the portal
	devices    int             // that have it now
}

// definition is Apple's Profile object (Apple: Profile). A pointer tells absent from empty: several codes depend on it.
// The order of the keys is that of a recorded response.
type definition struct {
	SupportPhoneNumber        *string  `json:"support_phone_number,omitempty"`
	SupportEmailAddress       *string  `json:"support_email_address,omitempty"` // version 2
	Department                *string  `json:"department,omitempty"`
	OrgMagic                  *string  `json:"org_magic,omitempty"`
	URL                       *string  `json:"url,omitempty"`
	ConfigurationWebURL       *string  `json:"configuration_web_url,omitempty"`
	IsSupervised              *bool    `json:"is_supervised,omitempty"`           // default false
	AllowPairing              *bool    `json:"allow_pairing,omitempty"`           // default true
	IsMandatory               *bool    `json:"is_mandatory,omitempty"`            // default false
	IsMDMRemovable            *bool    `json:"is_mdm_removable,omitempty"`        // default true
	AwaitDeviceConfigured     *bool    `json:"await_device_configured,omitempty"` // default false; version 2
	IsMultiUser               *bool    `json:"is_multi_user,omitempty"`           // default false; version 2
	AutoAdvanceSetup          *bool    `json:"auto_advance_setup,omitempty"`      // default false; version 2
	IsReturnToService         *bool    `json:"is_return_to_service,omitempty"`
	DoNotUseProfileFromBackup *bool    `json:"do_not_use_profile_from_backup,omitempty"`
	SkipSetupItems            []string `json:"skip_setup_items,omitempty"` // unknown keys are taken: no check is documented
	AnchorCerts               []string `json:"anchor_certs,omitempty"`
	SupervisingHostCerts      []string `json:"supervising_host_certs,omitempty"`
	Language                  *string  `json:"language,omitempty"`
	Region                    *string  `json:"region,omitempty"`
	ProfileUUID               string   `json:"profile_uuid,omitempty"` // in responses only
	ProfileName               *string  `json:"profile_name,omitempty"`
}

// defineProfile answers POST /profile: a new profile with a new UUID, however often the same one is sent.
func (s *Simulator) defineProfile(c *call) reply {
	var request struct {
		definition
		Devices []string `json:"devices"`
	}
	if bad, ok := c.decode(&request); !ok {
		return bad
	}
	def := request.definition
	if c.version < 2 {
		def.hideVersion2()
	}
	if code := def.check(); code != "" {
		return failure(http.StatusBadRequest, code)
	}
	p := &profile{
		uuid: randomHex(16, true), server: c.server, defined: c.now, version: c.version,
		definition: def, raw: json.RawMessage(c.body),
	}
	p.definition.ProfileUUID = ""
	s.profiles[p.uuid] = p
	s.profileOrder = append(s.profileOrder, p)
	return s.assigned(c, p, request.Devices)
}

// fetchProfile answers GET /profile?profile_uuid=U. The seven switches are always in it, as recorded; the rest only if
// it was defined.
func (s *Simulator) fetchProfile(c *call) reply {
	uuid := c.query("profile_uuid")
	if uuid == "" {
		return failure(http.StatusBadRequest, "PROFILE_UUID_REQUIRED")
	}
	p := s.profiles[uuid]
	if p == nil || p.server != c.server {
		return failure(http.StatusBadRequest, "NOT_FOUND")
	}
	def := p.definition
	def.ProfileUUID = p.uuid
	def.fillDefaults()
	if c.version < 2 {
		def.hideVersion2()
	}
	return encoded(def)
}

func (d *definition) fillDefaults() {
	for _, field := range []struct {
		value    **bool
		standard bool
	}{
		{&d.IsSupervised, false},
		{&d.AllowPairing, true},
		{&d.IsMandatory, false},
		{&d.IsMDMRemovable, true},
		{&d.AwaitDeviceConfigured, false},
		{&d.IsMultiUser, false},
		{&d.AutoAdvanceSetup, false},
	} {
		if *field.value == nil {
			*field.value = &field.standard
		}
	}
}

// hideVersion2 drops what a client of protocol version 1 can neither set nor see.
func (d *definition) hideVersion2() {
	d.AutoAdvanceSetup, d.AwaitDeviceConfigured, d.IsMultiUser, d.SupportEmailAddress = nil, nil, nil, nil
}

// check gives Apple's code for what is wrong with a definition, or empty (Apple: Define a profile).
func (d *definition) check() string {
	switch {
	case d.ProfileName == nil:
		return "CONFIG_NAME_REQUIRED"
	case !within(d.ProfileName, 125):
		return "CONFIG_NAME_INVALID"
	case d.URL == nil:
		return "CONFIG_URL_REQUIRED"
	case !isProfileURL(*d.URL):
		return "CONFIG_URL_INVALID"
	case d.ConfigurationWebURL != nil && !isProfileURL(*d.ConfigurationWebURL):
		return "CONFIG_URL_INVALID" // not documented for this field; nothing else fits
	case !within(d.Department, 125):
		return "DEPARTMENT_INVALID"
	case !within(d.SupportPhoneNumber, 50):
		return "SUPPORT_PHONE_INVALID"
	case !within(d.SupportEmailAddress, 250):
		return "SUPPORT_EMAIL_INVALID"
	case !within(d.OrgMagic, 256):
		return "MAGIC_INVALID"
	case d.IsMDMRemovable != nil && !*d.IsMDMRemovable && (d.IsSupervised == nil || !*d.IsSupervised):
		return "FLAGS_INVALID"
	case !isLocale(d.Language, d.Region):
		return "LOCALE_INVALID"
	}
	return ""
}

// within: absent, or 1 to limit characters.
func within(text *string, limit int) bool {
	return text == nil || *text != "" && utf8.RuneCountInString(*text) <= limit
}

// profileURL is an absolute hierarchical URI of RFC 2396 with the bracketed addresses of RFC 2732.
var profileURL = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://` + // scheme
	`([A-Za-z0-9_.!~*'();:&=+$,%-]+@)?` + // user information
	`(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]*)?` + // host and port
	`([/?#]([A-Za-z0-9_.!~*'();:@&=+$,/?#-]|%[0-9A-Fa-f]{2})*)?$`) // path, query, fragment

func isProfileURL(text string) bool { return len(text) <= 2000 && profileURL.MatchString(text) }

var (
	languageCode = regexp.MustCompile(`^[a-z]{2,3}$`)
	regionCode   = regexp.MustCompile(`^[A-Z]{2}$`)
)

// isLocale checks the form of ISO 639 and ISO 3166 codes. Which combinations Apple refuses is not documented; here a
// region without a language is one.
func isLocale(language, region *string) bool {
	if language == nil {
		return region == nil
	}
	return languageCode.MatchString(*language) && (region == nil || regionCode.MatchString(*region))
}
