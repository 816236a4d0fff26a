package apple

import (
	"context"
	"net/url"
	"time"
)

// Device is a device of the token (Apple: Device). Fields that Apple left out or sent empty are zero.
type Device struct {
	SerialNumber string `json:"serial_number"`
	Description  string `json:"description,omitempty"`
	Model        string `json:"model,omitempty"`
	Color        string `json:"color,omitempty"`
	AssetTag     string `json:"asset_tag,omitempty"`

	// DeviceFamily is iPad, iPhone, iPod, Mac, AppleTV or Vision.
	DeviceFamily string `json:"device_family,omitempty"`

	// OS is iOS, iPadOS, OSX, tvOS or visionOS.
	OS string `json:"os,omitempty"`

	// DeviceAssignedDate is when the device was assigned to this server; DeviceAssignedBy is an e-mail address, or "-1".
	DeviceAssignedDate time.Time `json:"device_assigned_date,omitzero"`
	DeviceAssignedBy   string    `json:"device_assigned_by,omitempty"`

	ProfileStatus ProfileStatus `json:"profile_status,omitempty"`

	// ProfileUUID is 32 upper-case hex digits without dashes.
	ProfileUUID       string    `json:"profile_uuid,omitempty"`
	ProfileAssignTime time.Time `json:"profile_assign_time,omitzero"`
	ProfilePushTime   time.Time `json:"profile_push_time,omitzero"`

	// OpType and OpDate belong to answers of a sync; a fetch leaves them out.
	OpType OpType    `json:"op_type,omitempty"`
	OpDate time.Time `json:"op_date,omitzero"`

	// MDMMigrationDeadline is set while the device moves here from another server (protocol version 8).
	MDMMigrationDeadline time.Time `json:"mdm_migration_deadline,omitzero"`

	// Protocol version 10.
	WiFiMACAddress      string   `json:"wifi_mac_address,omitempty"`
	BluetoothMACAddress string   `json:"bluetooth_mac_address,omitempty"`
	EthernetMACAddress  string   `json:"ethernet_mac_address,omitempty"`
	EID                 string   `json:"eid,omitempty"`
	IMEI                []string `json:"imei,omitempty"`
	MEID                []string `json:"meid,omitempty"`
	IsReplacementDevice bool     `json:"is_replacement_device,omitempty"`

	// ReleasedByReplacement comes with OpDeleted in a sync only.
	ReleasedByReplacement bool `json:"released_by_replacement,omitempty"`

	// ResponseStatus is in answers of DeviceDetails only; not documented, recorded.
	ResponseStatus DeviceStatus `json:"response_status,omitempty"`
}

// ProfileStatus says how far the profile of a device is.
type ProfileStatus string

// The states of a device's profile (Apple: Device).
const (
	ProfileEmpty    ProfileStatus = "empty"
	ProfileAssigned ProfileStatus = "assigned"
	ProfilePushed   ProfileStatus = "pushed"
	ProfileRemoved  ProfileStatus = "removed"
)

// OpType says what happened to a device since the cursor.
type OpType string

// The kinds of change in a sync (Apple: Device).
const (
	OpAdded    OpType = "added"
	OpModified OpType = "modified"
	OpDeleted  OpType = "deleted"
)

// DeviceStatus is the outcome for one device of a request for several.
type DeviceStatus string

// The outcomes for one device (Apple: Assign a profile, ActivationLockStatusResponse).
const (
	StatusSuccess             DeviceStatus = "SUCCESS"
	StatusNotAccessible       DeviceStatus = "NOT_ACCESSIBLE"
	StatusFailed              DeviceStatus = "FAILED"
	StatusThrottled           DeviceStatus = "THROTTLED"
	StatusOrgNotSupported     DeviceStatus = "ORG_NOT_SUPPORTED"
	StatusDeviceNotSupported  DeviceStatus = "DEVICE_NOT_SUPPORTED"
	StatusDeviceAlreadyLocked DeviceStatus = "DEVICE_ALREADY_LOCKED"
)

// Page is one answer of a fetch or sync (Apple: FetchDeviceResponse).
type Page struct {
	Devices []Device `json:"devices"`

	// Cursor is where the next page begins, and after the last one where a sync begins. Opaque, up to 1000 characters.
	Cursor string `json:"cursor"`

	// FetchedUntil is the time up to which the devices are known.
	FetchedUntil time.Time `json:"fetched_until,omitzero"`

	MoreToFollow bool `json:"more_to_follow"`
}

type pageRequest struct {
	Cursor string `json:"cursor,omitempty"`
	Limit  int    `json:"limit,omitempty"`
}

type devicesRequest struct {
	Devices []string `json:"devices"`
}

// FetchDevices reads a page of all devices of the token (Apple: Get a list of devices). The first page has an empty
// cursor; a limit of zero leaves the size to Apple. Repeatable. Errors: ErrInvalidCursor, ErrExhaustedCursor.
func (s *Session) FetchDevices(ctx context.Context, cursor string, limit int) (Page, error) {
	return s.page(ctx, pathFetch, cursor, limit)
}

// SyncDevices reads a page of the changes since a cursor, which is required (Apple: Sync the list of devices). The same
// device may come several times: the latest OpDate counts. Repeatable. Errors: ErrCursorRequired, ErrInvalidCursor,
// ErrExhaustedCursor, ErrExpiredCursor (older than 7 days).
func (s *Session) SyncDevices(ctx context.Context, cursor string, limit int) (Page, error) {
	return s.page(ctx, pathSync, cursor, limit)
}

func (s *Session) page(ctx context.Context, path, cursor string, limit int) (Page, error) {
	var page Page
	err := s.call(ctx, call{
		method: "POST", path: path, repeatable: true, body: pageRequest{Cursor: cursor, Limit: limit}, answer: &page,
	})

	return page, err
}

// DeviceDetails reads devices by serial number (Apple: Get device details). A serial number that the token does not have
// comes back with a ResponseStatus of StatusNotAccessible. Repeatable.
func (s *Session) DeviceDetails(ctx context.Context, serialNumbers []string) (map[string]Device, error) {
	var answer byDevice[Device]
	err := s.call(ctx, call{
		method: "POST", path: pathDetails, repeatable: true, body: devicesRequest{serialNumbers}, answer: &answer,
	})

	return answer.Devices, err
}

// Disown gives devices up for good: the organisation loses them (Apple: Disown devices). Not repeated by itself:
// ErrOutcomeUnknown leaves open whether it was done.
func (s *Session) Disown(ctx context.Context, serialNumbers []string) (map[string]DeviceStatus, error) {
	var answer byDevice[DeviceStatus]
	err := s.call(ctx, call{method: "POST", path: pathDisown, body: devicesRequest{serialNumbers}, answer: &answer})

	return answer.Devices, err
}

// ActivationLock is the request to lock a device (Apple: ActivationLockRequest).
type ActivationLock struct {
	Device string `json:"device"`

	// EscrowKey is 64 hex digits made of a bypass code; without it the lock belongs to the person who made the server in the
	// portal. A secret.
	EscrowKey   string `json:"escrow_key,omitempty"`
	LostMessage string `json:"lost_message,omitempty"`
}

// ActivationLockResult is the answer to it. A status other than StatusSuccess is an answer, not an error.
type ActivationLockResult struct {
	SerialNumber   string       `json:"serial_number"`
	ResponseStatus DeviceStatus `json:"response_status"`
}

// ActivationLock locks a device (Apple: Activation lock a device). Not repeated by itself: ErrOutcomeUnknown leaves open
// whether it was done.
func (s *Session) ActivationLock(ctx context.Context, lock ActivationLock) (ActivationLockResult, error) {
	var answer ActivationLockResult
	err := s.call(ctx, call{method: "POST", path: pathActivationLock, body: lock, answer: &answer})

	return answer, err
}

// Replacement says which device another one replaced (Apple: Get replacement details).
type Replacement struct {
	SerialNumber         string `json:"serial_number"`
	OriginalSerialNumber string `json:"original_device_serial_number"`

	// Date is YYYY-MM-DD.
	Date string `json:"replacement_date"`
}

// ReplacementDetails reads what a device replaced. Repeatable. Errors: ErrNotFound, which Apple documents as 404 and
// sends as 400.
func (s *Session) ReplacementDetails(ctx context.Context, serialNumber string) (Replacement, error) {
	var answer Replacement
	err := s.call(ctx, call{
		method: "GET", path: pathReplacement, query: url.Values{"device": {serialNumber}}, repeatable: true, answer: &answer,
	})

	return answer, err
}

// BetaEnrollmentToken lets devices install beta releases (Apple: Get beta enrollment tokens).
type BetaEnrollmentToken struct {
	// OS is homePodOS, iOS, OSX, tvOS, visionOS or watchOS.
	OS    string `json:"os"`
	Title string `json:"title"`
	Token string `json:"token"`
}

type betaTokens struct {
	Tokens []BetaEnrollmentToken `json:"betaEnrollmentTokens"`
}

func (b *betaTokens) complete() bool { return b.Tokens != nil }

// BetaEnrollmentTokens reads the tokens for beta releases. Repeatable. Errors: ErrForbidden with the code
// APPLE_SEED_FOR_IT_TURNED_OFF.
func (s *Session) BetaEnrollmentTokens(ctx context.Context) ([]BetaEnrollmentToken, error) {
	var answer betaTokens
	err := s.call(ctx, call{method: "GET", path: pathBetaTokens, repeatable: true, answer: &answer})

	return answer.Tokens, err
}
