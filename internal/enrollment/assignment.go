package enrollment

import (
	"slices"
	"time"
)

// MaxBatch is the largest number of serial numbers in one assign request
// (Apple: Assign a profile advises at most 1,000).
const MaxBatch = 1000

// TakeOver tells from which profiles an assignment may take devices. Devices
// without a profile and those on the token's default one are always free.
type TakeOver struct {
	Any        bool
	ProfileIDs []string
}

// From tells whether a device may be taken.
func (t TakeOver) From(d Device) bool {
	return d.ProfileID == "" || d.OnDefault || t.Any || slices.Contains(t.ProfileIDs, d.ProfileID)
}

// AssignRequest asks that devices have a profile.
type AssignRequest struct {
	TokenID   string
	ProfileID string
	// Holder names the assignment that asks, for services that record it. It
	// holds the devices that it gives the profile. On those that have it already
	// from another assignment it has a claim: they keep the profile when the
	// other one lets go.
	Holder        string
	SerialNumbers []string
	TakeOver      TakeOver
	// OnlyFrom, when set, restricts the request to devices that have this
	// profile now: compare and act. TakeOver is not looked at then.
	OnlyFrom string
	// OnlyHeldBy, beside OnlyFrom, is the assignment that lets go of the devices
	// there: those that another assignment holds or has a claim on are left
	// alone and count as unchanged. Empty does not look.
	OnlyHeldBy string
	// KeepPending keeps serial numbers that the token does not have, so that the
	// sync that brings them in assigns them.
	KeepPending bool
}

// UnassignRequest asks that devices no longer have a profile.
type UnassignRequest struct {
	TokenID       string
	ProfileID     string
	SerialNumbers []string
	// Holder is the assignment that lets go of the devices: those that another
	// assignment holds or has a claim on keep the profile and count as unchanged.
	// Empty does not look.
	Holder string
	// OnlyRelease leaves all devices their profile: Holder lets go of them, and
	// what is pending is withdrawn. Nothing is sent.
	OnlyRelease bool
}

// AssignResult says what became of each device of a request. A serial number
// is in one list only.
type AssignResult struct {
	// Done were sent and accepted; Unchanged needed nothing, also because they
	// no longer have the profile that was to be taken away.
	Done      []string
	Unchanged []string
	Failed    []DeviceFailure
	// Throttled wait for Apple's cooldown and stay pending.
	Throttled []ThrottledDevice
	// Missing are not devices of the token.
	Missing []string
	// Conflicts have a profile that the request may not take them from.
	Conflicts []DeviceConflict
	// Requests is the number of assign or remove requests that were carried out
	// or, when no good answer came, may have been. Requests that did not go out
	// or were refused do not count.
	Requests int
	Warnings []Warning
}

// DeviceFailure is a device that the service refused.
type DeviceFailure struct {
	SerialNumber string
	// Reason is the service's own word: FAILED, NOT_ACCESSIBLE, ...
	Reason string
}

// ThrottledDevice is a device that Apple takes no assignment for until Until.
type ThrottledDevice struct {
	SerialNumber string
	Until        time.Time
}

// DeviceConflict is a device that somebody else holds.
type DeviceConflict struct {
	SerialNumber string
	ProfileID    string
	// Holder is the assignment that holds it, where known.
	Holder string
}

// Batches cuts serial numbers into runs of at most MaxBatch, in order.
func Batches(serialNumbers []string) [][]string {
	return slices.Collect(slices.Chunk(serialNumbers, MaxBatch))
}
