package enrollment

import "time"

// ProfileRef names an enrollment profile. TokenID may be left out for a profile
// that the service has a record of; one that only Apple knows, by its UUID, is
// looked for under the token.
type ProfileRef struct {
	TokenID string
	ID      string
}

// PairingMode says which computers a device may pair with.
type PairingMode string

// The pairing modes.
const (
	PairingAllow       PairingMode = "allow"
	PairingDeny        PairingMode = "deny"
	PairingCertificate PairingMode = "certificate"
)

// ProfileSpec is what a person says of an enrollment profile. A nil pointer or
// slice is "not managed": the service's own default, or on a change whatever
// the profile has.
//
// A change takes a value away with a pointer to "" or to false, an empty slice
// that is not nil, or &Pairing{Mode: PairingAllow}; SharedIPad is taken away by
// nil. A text that was taken away reads as nil afterwards, EnrollmentURL as the
// service's own address; a bool reads as false. Authentication is taken away with
// a pointer to "", too.
type ProfileSpec struct {
	TokenID     string
	Name        string
	Description *string

	UserAffinity     *bool
	Supervised       bool
	LockedEnrollment bool
	SharedIPad       *SharedIPad
	Pairing          *Pairing

	Department      *string
	DepartmentPhone *string
	// SkipSetupItems are Apple's skip keys. Nil is unmanaged, empty shows every
	// pane.
	SkipSetupItems        []string
	AwaitDeviceConfigured *bool

	// These have a place in Intune's profiles only.

	// Authentication is how a user signs in while the device enrolls; it needs
	// user affinity.
	Authentication *Authentication
	// RequireCompanyPortal installs the Company Portal on devices that enroll
	// through Setup Assistant.
	RequireCompanyPortal *bool
	// DeviceNameTemplate has at most 63 characters, with {{SERIAL}} and
	// {{DEVICETYPE}}.
	DeviceNameTemplate *string
	// CompanyPortalVPPTokenID names the location token that licenses the Company
	// Portal for the devices.
	CompanyPortalVPPTokenID *string
	// SingleAppMode locks the device in the Company Portal until somebody signs in.
	SingleAppMode *bool
	// SharedDeviceMode is Microsoft Entra shared device mode, not Shared iPad.
	SharedDeviceMode     *bool
	CarrierActivationURL *string
	// EnrollmentTimeGroupIDs are Entra groups that devices join as they enroll.
	EnrollmentTimeGroupIDs []string

	// These have a place in Apple's own profile only; Mandatory has one in
	// Intune's too.
	EnrollmentURL             *string
	ConfigurationWebURL       *string
	SupportEmail              *string
	OrgMagic                  *string
	Language                  *string
	Region                    *string
	AnchorCertificates        []string // PEM
	AutoAdvance               *bool
	Mandatory                 *bool
	ReturnToService           *bool
	DoNotUseProfileFromBackup *bool
}

// Authentication is how a user signs in while a device enrolls (Intune).
type Authentication string

// The ways to sign in.
const (
	// AuthenticationModern is Setup Assistant with modern authentication.
	AuthenticationModern Authentication = "modern"
	// AuthenticationCompanyPortal signs in in the Company Portal app.
	AuthenticationCompanyPortal Authentication = "company_portal"
	// AuthenticationLegacy is Setup Assistant's old sign-in.
	AuthenticationLegacy Authentication = "setup_assistant_legacy"
)

// Authentications lists the ways to sign in.
func Authentications() []Authentication {
	return []Authentication{AuthenticationModern, AuthenticationCompanyPortal, AuthenticationLegacy}
}

// SharedIPad is how several people share an iPad. Timeouts and the grace period
// are in seconds. Nil is not managed.
type SharedIPad struct {
	MaximumCachedUsers      *int64
	TemporarySessionsOnly   *bool
	UserSessionTimeout      *int64
	TemporarySessionTimeout *int64
	PasscodeLockGracePeriod *int64
}

// Pairing is which computers a device may pair with.
type Pairing struct {
	Mode PairingMode
	// ConfiguratorCertificates are PEM certificates of computers with Apple
	// Configurator, for PairingCertificate.
	ConfiguratorCertificates []string
}

// ProfileStatusWord tells how far a profile's last change has come.
type ProfileStatusWord string

// The states of a profile.
const (
	// ProfileCurrent: every device of the profile has its present definition.
	ProfileCurrent ProfileStatusWord = "current"
	// ProfileUpdating: devices are still to be moved to the present definition.
	ProfileUpdating ProfileStatusWord = "updating"
	// ProfileUndefined: it is not known that Apple has the definition.
	ProfileUndefined ProfileStatusWord = "undefined"
)

// Profile is an enrollment profile.
type Profile struct {
	ID string
	ProfileSpec
	Status ProfileStatusWord
	// AppleUUID is the present definition at Apple, where the service has one.
	AppleUUID string
	// IsDefaultFor lists the platforms whose new devices get this profile.
	IsDefaultFor []Platform
	// DeviceCount is DeviceCountUnknown where the service would have to read
	// every device to tell, and nobody has asked for the devices yet.
	DeviceCount int
	// ThrottledUntil is set while all devices that are still to be moved are in
	// Apple's cooldown.
	ThrottledUntil time.Time
	// Recorded: the service has a record of this profile. Without one only what
	// Apple keeps is known.
	Recorded bool
	// OtherKind says what this is where it is none of the profiles that
	// CreateProfile makes: "an enrollment policy", "a macOS enrollment profile".
	// Devices may have it, and it is not changed or deleted as a profile; little
	// more than its name is known.
	OtherKind string
}

// DeviceCountUnknown is a number of devices that was not counted.
const DeviceCountUnknown = -1

// ProfileResult is what a change of a profile led to.
type ProfileResult struct {
	Profile Profile
	// Moved is the number of devices that were sent to the present definition.
	Moved    int
	Failed   []DeviceFailure
	Warnings []Warning
}
