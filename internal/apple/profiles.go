package apple

import (
	"context"
	"net/url"
	"time"
)

// Profile is an enrollment profile as Apple keeps it (Apple: Profile). A nil bool, an empty string or a nil slice is left
// out, and Apple's default holds.
type Profile struct {
	// ProfileUUID is in answers only.
	ProfileUUID string `json:"profile_uuid,omitempty"`

	// ProfileName is 1 to 125 characters.
	ProfileName string `json:"profile_name,omitempty"`

	// URL is where the device enrolls, up to 2000 characters; ConfigurationWebURL is a web page to sign in first.
	URL                 string `json:"url,omitempty"`
	ConfigurationWebURL string `json:"configuration_web_url,omitempty"`

	// Defaults: allow_pairing and is_mdm_removable true, all others false.
	AllowPairing              *bool `json:"allow_pairing,omitempty"`
	IsSupervised              *bool `json:"is_supervised,omitempty"`
	IsMandatory               *bool `json:"is_mandatory,omitempty"`
	IsMDMRemovable            *bool `json:"is_mdm_removable,omitempty"`
	IsMultiUser               *bool `json:"is_multi_user,omitempty"`
	AwaitDeviceConfigured     *bool `json:"await_device_configured,omitempty"`
	AutoAdvanceSetup          *bool `json:"auto_advance_setup,omitempty"`
	IsReturnToService         *bool `json:"is_return_to_service,omitempty"`
	DoNotUseProfileFromBackup *bool `json:"do_not_use_profile_from_backup,omitempty"`

	// AnchorCerts and SupervisingHostCerts are base64 of DER certificates.
	AnchorCerts          []string `json:"anchor_certs,omitzero"`
	SupervisingHostCerts []string `json:"supervising_host_certs,omitzero"`

	// SkipSetupItems are Apple's skip keys (Apple: SkipKeys).
	SkipSetupItems []string `json:"skip_setup_items,omitzero"`

	Department          string `json:"department,omitempty"`
	SupportPhoneNumber  string `json:"support_phone_number,omitempty"`
	SupportEmailAddress string `json:"support_email_address,omitempty"`
	OrgMagic            string `json:"org_magic,omitempty"`

	// Language is ISO 639, Region ISO 3166-1 alpha-2.
	Language string `json:"language,omitempty"`
	Region   string `json:"region,omitempty"`

	// Devices are serial numbers that get the profile when it is defined; answers have none.
	Devices []string `json:"devices,omitzero"`
}

// DefinedProfile is the answer to DefineProfile (Apple: DefineProfileResponse).
type DefinedProfile struct {
	// ProfileUUID is 32 upper-case hex digits without dashes.
	ProfileUUID string                  `json:"profile_uuid"`
	Devices     map[string]DeviceStatus `json:"devices"`
}

// DefineProfile makes a new profile (Apple: Define a profile). There is no update and no delete: each call makes another
// one. So it is never repeated by itself; after ErrOutcomeUnknown a profile may or may not have been made. Other errors,
// which mean that none was made: httpx.ErrNotSent, ErrProfileRefused with the field at fault, *Error.
func (s *Session) DefineProfile(ctx context.Context, profile Profile) (DefinedProfile, error) {
	var answer DefinedProfile
	err := s.call(ctx, call{method: "POST", path: pathProfile, body: profile, answer: &answer})

	return answer, err
}

// Profile reads a profile (Apple: Fetch a profile). Repeatable. Errors: ErrNotFound, which Apple sends as 400 NOT_FOUND.
func (s *Session) Profile(ctx context.Context, profileUUID string) (Profile, error) {
	var answer Profile
	err := s.call(ctx, call{
		method: "GET", path: pathProfile, query: url.Values{"profile_uuid": {profileUUID}}, repeatable: true, answer: &answer,
	})

	return answer, err
}

// Assignment is the answer to AssignProfile (Apple: AssignProfileResponse).
type Assignment struct {
	ProfileUUID string

	// Devices has the outcome for each serial number.
	Devices map[string]DeviceStatus

	// RetryAfter is how long the devices with StatusThrottled have to wait; zero if Apple did not say.
	RetryAfter time.Duration
}

type profileDevices struct {
	ProfileUUID string   `json:"profile_uuid,omitempty"`
	Devices     []string `json:"devices"`
}

// AssignProfile gives devices, at most MaxAssign, a profile (Apple: Assign a profile). It takes effect when a device is
// next set up. Repeatable. Errors: ErrNotFound if there is no such profile.
func (s *Session) AssignProfile(ctx context.Context, profileUUID string, serialNumbers []string) (Assignment, error) {
	var answer byDevice[DeviceStatus]
	err := s.call(ctx, call{
		method: "POST", path: pathProfileDevices, repeatable: true, body: profileDevices{profileUUID, serialNumbers},
		answer: &answer,
	})

	return Assignment{
		ProfileUUID: answer.ProfileUUID, Devices: answer.Devices,
		RetryAfter: time.Duration(answer.RetryAfterSeconds) * time.Second,
	}, err
}

// RemoveProfile takes their profile from devices (Apple: Remove a profile). With a profileUUID only devices that have
// that profile lose it. Repeatable.
func (s *Session) RemoveProfile(ctx context.Context, serialNumbers []string, profileUUID string) (map[string]DeviceStatus, error) {
	var answer byDevice[DeviceStatus]
	err := s.call(ctx, call{
		method: "DELETE", path: pathProfileDevices, repeatable: true, body: profileDevices{profileUUID, serialNumbers},
		answer: &answer,
	})

	return answer.Devices, err
}
