package graph

import (
	"net/http"
	"slices"
	"time"
)

// Settings choose between behaviours that Microsoft does not document, or that differ between tenants.
type Settings struct {
	// Latency is added to every Graph call, in real time.
	Latency Duration `json:"latency"`

	// PageSize is how many items a page has when $top is absent; $top is cut to MaximumPageSize.
	PageSize        int `json:"page_size"`
	MaximumPageSize int `json:"maximum_page_size"`
	// IgnoreFilters makes collections answer as if there were no $filter, as some Intune collections do.
	IgnoreFilters bool `json:"ignore_filters"`
	// LoopNextLink makes each nextLink lead to the page that it is on.
	LoopNextLink bool `json:"loop_next_link"`

	// PatchStatus is the answer to a PATCH of a token or profile: 200 with the entity (documentation) or 204 (seen).
	PatchStatus int `json:"patch_status"`
	// VisibleAfter is how long a write may not be seen by readers.
	VisibleAfter VisibleAfter `json:"visible_after"`
	// NotFoundAfterCreate is how long a new profile or policy answers 404 "Profile not found" to setDefaultProfile and
	// updateDeviceProfileAssignment. It was seen to take seconds to a minute.
	NotFoundAfterCreate Duration `json:"not_found_after_create"`

	// PublicKeyForm is the text form of a token's public key: pem, or base64 (of the PEM text).
	PublicKeyForm string `json:"public_key_form"`
	// KeyAtCreation gives a new token a key pair at once. Off: getEncryptionPublicKey answers NoPublicKey until
	// generateEncryptionPublicKey is called: null (200 with a null value), empty (200 with ""), or not_found (404).
	KeyAtCreation bool   `json:"key_at_creation"`
	NoPublicKey   string `json:"no_public_key"`
	// MaximumDepTokens is what the deviceManagement singleton says and how many tokens can be made.
	MaximumDepTokens int `json:"maximum_dep_tokens"`
	// ListNoneToken lists a depOnboardingSetting of type none with the id of the Intune account, the one that the Apple
	// Configurator profiles are under.
	ListNoneToken bool `json:"list_none_token"`

	// ClassicCreateRefused answers 500 to the creation of a classic enrollment profile, as some tenants do.
	ClassicCreateRefused bool `json:"classic_create_refused"`
	// RefuseUsedProfileDelete answers 400 to the deletion of a profile that devices have or that is a default. Off: it is
	// deleted, and its devices fail to enroll.
	RefuseUsedProfileDelete bool `json:"refuse_used_profile_delete"`

	// RequestedProfileForm is how a device names its profile: listed (the id as the profiles are listed), prefixed
	// ({token}_{guid} for both kinds) or guid. NoProfileForm is what stands there for none: empty, null or zero (GUID).
	RequestedProfileForm string `json:"requested_profile_form"`
	NoProfileForm        string `json:"no_profile_form"`
	// MaximumDeviceIDs is the most serial numbers in one updateDeviceProfileAssignment; more are 400.
	MaximumDeviceIDs int `json:"maximum_device_ids"`
	// RefuseUnknownSerials answers 400 when a serial number is not on the token. Off: it is passed over in silence.
	RefuseUnknownSerials bool `json:"refuse_unknown_serials"`
	// RefuseOtherPlatforms passes over devices of another platform than the profile's.
	RefuseOtherPlatforms bool `json:"refuse_other_platforms"`
	// AssignAfter is how long an assignment takes to reach Apple.
	AssignAfter Duration `json:"assign_after"`

	// SyncPerMinute and SyncMinimum say how long a sync takes. SyncInterval is how far apart manual ones must be, and
	// TooEarlyStatus what one asked for too early is answered: 429 or 400.
	SyncPerMinute  int      `json:"sync_per_minute"`
	SyncMinimum    Duration `json:"sync_minimum"`
	SyncInterval   Duration `json:"sync_interval"`
	TooEarlyStatus int      `json:"too_early_status"`
	// AutomaticSync is how often Intune syncs by itself, 12 h in real life; zero is never.
	AutomaticSync Duration `json:"automatic_sync"`
	// TokenErrorCode is lastSyncErrorCode for a token that Apple does not let in. Only 3 (terms) is known.
	TokenErrorCode int `json:"token_error_code"`
	// ReleasedKept is how long the row of a device stays after it left the MDM server; 30 to 45 days in real life.
	ReleasedKept Duration `json:"released_kept"`

	// NoPushCertificate is the answer where no push certificate is uploaded: not_found (404) or empty (an entity without
	// values).
	NoPushCertificate string `json:"no_push_certificate"`

	// Roles are the application permissions that access tokens carry when they are issued.
	Roles []string `json:"roles"`
	// AccessTokenLifetime is on the virtual clock.
	AccessTokenLifetime Duration `json:"access_token_lifetime"`
	// Throttle limits requests per window; zero is no limit.
	Throttle Throttle `json:"throttle"`
}

// VisibleAfter is how long a write may not be seen by readers, by what was written.
type VisibleAfter struct {
	Tokens   Duration `json:"tokens"`
	Profiles Duration `json:"profiles"`
	Devices  Duration `json:"devices"`
	Policies Duration `json:"policies"` // a policy's mirror among the enrollment profiles
}

// Throttle is how many requests a window on the virtual clock may have. Published for Intune enrollment, per application
// and tenant: 100 writes and 1,000 requests in 20 seconds.
type Throttle struct {
	Window     Duration `json:"window"`
	Writes     int      `json:"writes"`
	Requests   int      `json:"requests"`
	RetryAfter string   `json:"retry_after"` // the header; empty leaves it out, as Intune often does
}

// The permissions that the simulator's application has unless told otherwise.
const (
	roleServiceReadWrite = "DeviceManagementServiceConfig.ReadWrite.All"
	roleServiceRead      = "DeviceManagementServiceConfig.Read.All"
	roleConfigReadWrite  = "DeviceManagementConfiguration.ReadWrite.All"
	roleConfigRead       = "DeviceManagementConfiguration.Read.All"
	roleDomainRead       = "Domain.Read.All"
	roleDomainReadWrite  = "Domain.ReadWrite.All"
)

func defaultSettings(latency time.Duration) Settings {
	return Settings{
		Latency:              Duration(latency),
		PageSize:             1000,
		MaximumPageSize:      1000,
		PatchStatus:          http.StatusOK,
		PublicKeyForm:        "pem",
		NoPublicKey:          "null",
		MaximumDepTokens:     100,
		RequestedProfileForm: "listed",
		NoProfileForm:        "empty",
		MaximumDeviceIDs:     1000,
		SyncPerMinute:        3000,
		SyncMinimum:          Duration(30 * time.Second),
		SyncInterval:         Duration(15 * time.Minute),
		TooEarlyStatus:       http.StatusTooManyRequests,
		TokenErrorCode:       1,
		ReleasedKept:         Duration(30 * 24 * time.Hour),
		NoPushCertificate:    "not_found",
		Roles:                []string{roleServiceReadWrite, roleConfigReadWrite, roleDomainRead},
		AccessTokenLifetime:  Duration(time.Hour),
		Throttle:             Throttle{Window: Duration(20 * time.Second)},
	}
}

func (c Settings) validate() error {
	for _, choice := range []struct {
		name, value string
		allowed     []string
	}{
		{"public_key_form", c.PublicKeyForm, []string{"pem", "base64"}},
		{"no_public_key", c.NoPublicKey, []string{"null", "empty", "not_found"}},
		{"requested_profile_form", c.RequestedProfileForm, []string{"listed", "prefixed", "guid"}},
		{"no_profile_form", c.NoProfileForm, []string{"empty", "null", "zero"}},
		{"no_push_certificate", c.NoPushCertificate, []string{"not_found", "empty"}},
	} {
		if !slices.Contains(choice.allowed, choice.value) {
			return badRequest("settings: %s %q: want one of %v", choice.name, choice.value, choice.allowed)
		}
	}
	if !slices.Contains([]int{http.StatusOK, http.StatusNoContent}, c.PatchStatus) {
		return badRequest("settings: patch_status %d: want 200 or 204", c.PatchStatus)
	}
	if !slices.Contains([]int{http.StatusTooManyRequests, http.StatusBadRequest}, c.TooEarlyStatus) {
		return badRequest("settings: too_early_status %d: want 429 or 400", c.TooEarlyStatus)
	}
	if c.PageSize < 1 || c.MaximumPageSize < c.PageSize {
		return badRequest("settings: want 1 <= page_size (%d) <= maximum_page_size (%d)", c.PageSize, c.MaximumPageSize)
	}
	if c.SyncPerMinute < 1 || c.MaximumDeviceIDs < 1 || c.MaximumDepTokens < 0 || c.TokenErrorCode == 0 {
		return badRequest("settings: sync_per_minute and maximum_device_ids are 1 or more, maximum_dep_tokens 0 or more, " +
			"token_error_code is not 0")
	}
	return c.validateTimes()
}

func (c Settings) validateTimes() error {
	for _, d := range []Duration{
		c.Latency, c.VisibleAfter.Tokens, c.VisibleAfter.Profiles, c.VisibleAfter.Devices, c.VisibleAfter.Policies,
		c.NotFoundAfterCreate, c.AssignAfter, c.SyncMinimum, c.SyncInterval, c.AutomaticSync, c.ReleasedKept,
	} {
		if d < 0 {
			return badRequest("settings: durations are zero or more")
		}
	}
	if c.AccessTokenLifetime <= 0 || c.Throttle.Window <= 0 || c.Throttle.Writes < 0 || c.Throttle.Requests < 0 {
		return badRequest("settings: access_token_lifetime and throttle.window are above zero, the limits zero or more")
	}
	return nil
}

// Settings returns the settings in force.
func (s *Simulator) Settings() Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.settings
	c.Roles = slices.Clone(c.Roles)
	return c
}

// UpdateSettings lets change edit the settings.
func (s *Simulator) UpdateSettings(change func(*Settings) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	c := s.settings
	c.Roles = slices.Clone(c.Roles)
	if err := change(&c); err != nil {
		return err
	}
	if err := c.validate(); err != nil {
		return err
	}
	s.settings = c
	return nil
}
