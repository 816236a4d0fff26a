package enrollment

import (
	"slices"
	"strings"
	"time"
)

// Platform groups device families that share a default profile.
type Platform string

// The platforms.
const (
	IOS      Platform = "ios" // iPhone, iPad and iPod touch
	MacOS    Platform = "macos"
	TVOS     Platform = "tvos"
	VisionOS Platform = "visionos"
)

// Platforms lists every platform.
func Platforms() []Platform { return []Platform{IOS, MacOS, TVOS, VisionOS} }

// PlatformOf tells the platform of a device family as Apple spells it; a family
// that Apple adds later counts as IOS, as Apple's own default does.
func PlatformOf(family string) Platform {
	switch family {
	case "Mac":
		return MacOS
	case "AppleTV":
		return TVOS
	case "Vision":
		return VisionOS
	default:
		return IOS
	}
}

// ProfileStatus is Apple's word on a device and its profile.
type ProfileStatus string

// Apple's profile states (Apple: Device, profile_status).
const (
	StatusEmpty    ProfileStatus = "empty"
	StatusAssigned ProfileStatus = "assigned"
	StatusPushed   ProfileStatus = "pushed"
	StatusRemoved  ProfileStatus = "removed"
)

// Device is a device of a token as the last sync saw it.
type Device struct {
	SerialNumber string
	Model        string
	Description  string
	Color        string
	AssetTag     string
	// Family is Apple's device_family: iPad, iPhone, iPod, Mac, AppleTV, Vision.
	Family string
	OS     string
	// ProfileID is the profile that the device has, "" for none. A profile that
	// only Apple knows is named by its Apple UUID.
	ProfileID     string
	ProfileStatus ProfileStatus
	// OnDefault: the profile is the token's default one for the platform.
	OnDefault         bool
	ProfileAssignedAt time.Time
	ProfilePushedAt   time.Time
	// AssignedToServerAt is when somebody gave the device to this server in
	// Apple School Manager.
	AssignedToServerAt time.Time
	AssignedToServerBy string
	// NeedsReset: the device was activated before it got its present profile, so
	// it takes it only after a factory reset.
	NeedsReset bool
	// Holder is the assignment that gave the device its profile, where the
	// service records it.
	Holder string
	// ThrottledUntil is when Apple takes an assignment of this device again.
	ThrottledUntil time.Time
	// InDoubt: a request about this device was sent and its answer never came;
	// the next change finds out first.
	InDoubt bool
}

// Activated tells whether the device has taken its profile: another one will
// have no effect before a factory reset.
func (d Device) Activated() bool { return d.ProfileStatus == StatusPushed || d.NeedsReset }

// The words that select devices without naming a profile.
const (
	SelectUnassigned = "unassigned"
	SelectDefault    = "default"
)

// DeviceFilter selects devices. Its zero value selects all; parts are joined by
// "and".
type DeviceFilter struct {
	// Assignment is the union of SelectUnassigned, SelectDefault and profile
	// ids; nil is any.
	Assignment []string
	// Family and ProfileStatus match exactly, Model as a case-insensitive part.
	Family        string
	Model         string
	ProfileStatus ProfileStatus
	SerialPrefix  string
	// AssignedSince selects devices given to the server at or after that time.
	AssignedSince time.Time
	// NeedsReset selects devices that take their profile only after a factory
	// reset, or those that do not need one; nil is any.
	NeedsReset *bool
	// SerialNumbers, sorted, selects these only; nil is any.
	SerialNumbers []string
}

// Matches is the meaning of the filter; services may select closer to the data,
// to the same effect.
func (f DeviceFilter) Matches(d Device) bool {
	if f.SerialNumbers != nil {
		if _, ok := slices.BinarySearch(f.SerialNumbers, d.SerialNumber); !ok {
			return false
		}
	}
	switch {
	case f.Family != "" && d.Family != f.Family,
		f.Model != "" && !strings.Contains(strings.ToLower(d.Model), strings.ToLower(f.Model)),
		f.ProfileStatus != "" && d.ProfileStatus != f.ProfileStatus,
		!strings.HasPrefix(d.SerialNumber, strings.ToUpper(f.SerialPrefix)),
		!f.AssignedSince.IsZero() && d.AssignedToServerAt.Before(f.AssignedSince),
		f.NeedsReset != nil && d.NeedsReset != *f.NeedsReset:
		return false
	}
	return f.Assignment == nil || slices.ContainsFunc(f.Assignment, d.isOn)
}

func (d Device) isOn(selector string) bool {
	switch selector {
	case SelectUnassigned:
		return d.ProfileID == ""
	case SelectDefault:
		return d.OnDefault
	default:
		return d.ProfileID == selector
	}
}
