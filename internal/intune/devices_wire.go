package intune

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// discoveredByApple is the discoverySource of what came in through an enrollment program token; devices of Apple
// Configurator stand in the same collection.
const discoveredByApple = "deviceEnrollmentProgram"

// identity is a device of a token: importedAppleDeviceIdentity, as far as it is of use here.
type identity struct {
	serial      string // upper case
	description string
	// profile is requestedEnrollmentProfileId as Graph spells it, "" for none.
	profile  string
	created  time.Time
	assigned time.Time
	state    enrollmentState
	platform platform
}

// importedIdentity is the wire form.
type importedIdentity struct {
	SerialNumber     *string `json:"serialNumber"`
	Description      *string `json:"description"`
	RequestedProfile *string `json:"requestedEnrollmentProfileId"`
	RequestedAt      moment  `json:"requestedEnrollmentProfileAssignmentDateTime"`
	CreatedAt        moment  `json:"createdDateTime"`
	DiscoverySource  string  `json:"discoverySource"`
	EnrollmentState  string  `json:"enrollmentState"`
	Platform         string  `json:"platform"`
	IsDeleted        *bool   `json:"isDeleted"`
}

// readIdentity decodes a row. It is not one of the token's devices when it is gone from Apple School Manager (Intune keeps
// such rows for 30 to 45 days) or did not come from there: some Intune collections ignore a filter without a word.
func readIdentity(raw json.RawMessage) (d identity, ours bool, err error) {
	var w importedIdentity
	if err := json.Unmarshal(raw, &w); err != nil {
		return d, false, fmt.Errorf("a device that Microsoft Graph listed cannot be read: %w", err)
	}
	d = identity{
		serial: strings.ToUpper(strings.TrimSpace(value(w.SerialNumber))), description: value(w.Description), profile: value(w.RequestedProfile),
		created: w.CreatedAt.Time, assigned: w.RequestedAt.Time,
		state: index[enrollmentState](enrollmentStates, w.EnrollmentState), platform: index[platform](platforms, w.Platform),
	}
	if noProfile(d.profile) {
		d.profile, d.assigned = "", time.Time{}
	}
	return d, d.serial != "" && !value(w.IsDeleted) && strings.EqualFold(w.DiscoverySource, discoveredByApple), nil
}

func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// enrollmentState is how far a device has come, as a place in enrollmentStates.
type enrollmentState uint8

const (
	stateOther    enrollmentState = iota // unknown, failed, blocked, and what comes later
	stateEnrolled                        // with the profile that it is to have
	statePendingReset
	stateNotContacted
)

var enrollmentStates = []string{stateEnrolled: "enrolled", statePendingReset: "pendingReset", stateNotContacted: "notContacted"}

// platform is Graph's platform, as a place in platforms.
type platform uint8

const (
	platformOther platform = iota
	platformIOS
	platformMacOS
	platformVisionOS
	platformTVOS
)

var platforms = []string{platformIOS: "ios", platformMacOS: "macOS", platformVisionOS: "visionOS", platformTVOS: "tvOS"}

// index gives the place of a word, 0 for one that is not in the list.
func index[T ~uint8](words []string, word string) T {
	for i, w := range words {
		if w != "" && strings.EqualFold(w, word) {
			return T(i)
		}
	}
	return 0
}

// family is Apple's device family. Graph knows iPhone, iPad and iPod touch as "ios", so the description, which is Apple's
// text (model and color), tells them apart; where it does not, the family is not known.
func (d identity) family() string {
	switch d.platform {
	case platformMacOS:
		return "Mac"
	case platformTVOS:
		return "AppleTV"
	case platformVisionOS:
		return "Vision"
	case platformIOS, platformOther:
	}
	text := strings.ToLower(d.description)
	for _, f := range []struct{ in, family string }{{"ipad", "iPad"}, {"iphone", "iPhone"}, {"ipod", "iPod"}} {
		if strings.Contains(text, f.in) {
			return f.family
		}
	}
	return ""
}

// device puts it in the words of the domain. profileID is the id under which Graph lists the profile.
//
// createdDateTime is when the device came into Intune, the nearest thing to when somebody gave it to the server. "enrolled"
// is enrolled with the profile that it is to have, "pendingReset" with another: it takes this one after a reset.
func (d identity) device(profileID string) enrollment.Device {
	out := enrollment.Device{
		SerialNumber: d.serial, Model: d.description, Description: d.description, Family: d.family(),
		ProfileID: profileID, ProfileAssignedAt: d.assigned, AssignedToServerAt: d.created,
		ProfileStatus: enrollment.StatusAssigned, NeedsReset: d.state == statePendingReset,
	}
	switch {
	case profileID == "":
		// Nothing is requested, and yet an enrolled device takes the next profile only after a reset.
		out.ProfileStatus, out.NeedsReset = enrollment.StatusEmpty, d.state == stateEnrolled || d.state == statePendingReset
	case d.state == stateEnrolled:
		out.ProfileStatus = enrollment.StatusPushed
	}
	return out
}
