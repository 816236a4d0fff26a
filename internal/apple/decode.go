package apple

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// answer is a decoded body that can tell whether it holds what the call was made for. A 200 from something else than
// Apple's service may well be JSON; an empty answer must not read as "no devices" or "no profile".
type answer interface{ complete() bool }

func decode(body []byte, into answer) error {
	unmarshal := func(body []byte) error { return json.Unmarshal(body, into) }
	if page, ok := into.(*Page); ok { // else encoding/json checks the whole body before and after
		unmarshal = page.decode
	}
	err := unmarshal(body)
	switch {
	case err == nil && into.complete():
		return nil
	case looksLikeHTML(body):
		return fmt.Errorf("%w but a web page: a web filter or a proxy with a sign-in page may be in between",
			ErrUnexpectedAnswer)
	case err == nil:
		return fmt.Errorf("%w: what the call is for is missing", ErrUnexpectedAnswer)
	}

	return fmt.Errorf("%w: %w", ErrUnexpectedAnswer, err)
}

func (a *Account) complete() bool              { return a.ServerName != "" || a.ServerUUID != "" }
func (p *Page) complete() bool                 { return p.Cursor != "" }
func (p *Profile) complete() bool              { return p.ProfileUUID != "" || p.ProfileName != "" }
func (d *DefinedProfile) complete() bool       { return d.ProfileUUID != "" }
func (r *ActivationLockResult) complete() bool { return r.ResponseStatus != "" }
func (r *Replacement) complete() bool          { return r.OriginalSerialNumber != "" }

// byDevice is the answer of every call about a list of serial numbers.
type byDevice[T any] struct {
	ProfileUUID       string       `json:"profile_uuid"`
	Devices           map[string]T `json:"devices"`
	RetryAfterSeconds int64        `json:"retry_after_seconds"`
}

func (b *byDevice[T]) complete() bool { return b.Devices != nil }

// wireTime reads the dates of the service: RFC 3339, and empty, null or absent where there is none.
type wireTime struct{ time.Time }

func (t *wireTime) UnmarshalJSON(data []byte) error {
	if len(data) <= len(`""`) || bytes.Equal(data, []byte("null")) {
		return nil
	}
	if data[0] != '"' {
		return errors.New("a date is not a string")
	}
	text := string(data[1 : len(data)-1])
	parsed, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return fmt.Errorf("%.40q is not a date", text)
	}
	t.Time = parsed.UTC()

	return nil
}

type plainDevice Device // without its UnmarshalJSON

// wireDevice shadows the dates of Device, which time.Time would not read when they are empty.
type wireDevice struct {
	*plainDevice

	DeviceAssignedDate   wireTime `json:"device_assigned_date"`
	ProfileAssignTime    wireTime `json:"profile_assign_time"`
	ProfilePushTime      wireTime `json:"profile_push_time"`
	OpDate               wireTime `json:"op_date"`
	MDMMigrationDeadline wireTime `json:"mdm_migration_deadline"`
}

// UnmarshalJSON reads a device, with dates that may be empty. Fields that are not known are passed over.
func (d *Device) UnmarshalJSON(data []byte) error {
	wire := wireDevice{plainDevice: (*plainDevice)(d)}
	if err := json.Unmarshal(data, &wire); err != nil {
		return fmt.Errorf("device: %w", err)
	}
	d.DeviceAssignedDate = wire.DeviceAssignedDate.Time
	d.ProfileAssignTime = wire.ProfileAssignTime.Time
	d.ProfilePushTime = wire.ProfilePushTime.Time
	d.OpDate = wire.OpDate.Time
	d.MDMMigrationDeadline = wire.MDMMigrationDeadline.Time

	return nil
}
