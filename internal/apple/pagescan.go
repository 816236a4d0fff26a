package apple

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// pageScanner reads the one large answer of the service, a page of devices, in one pass: encoding/json goes over the body
// three times and makes a string of every value, of which most occur a thousand times a page. Anything unusual (escapes,
// letters beyond ASCII, unknown fields) is left to encoding/json piece by piece. It accepts nothing that is not JSON.
type pageScanner struct {
	data []byte
	pos  int

	texts map[string]string
	times map[string]time.Time
}

var errNotJSON = errors.New("it is not JSON of the documented form")

func (s *pageScanner) page(p *Page) error {
	err := s.object(func(key []byte) error {
		switch string(key) {
		case "devices":
			return s.devices(p)
		case "cursor":
			return s.text(&p.Cursor)
		case "fetched_until":
			return s.time(&p.FetchedUntil)
		case "more_to_follow":
			return s.bool(&p.MoreToFollow)
		default:
			return s.skip()
		}
	})
	if err == nil && s.peek() != 0 {
		err = errNotJSON
	}

	return err
}

func (s *pageScanner) devices(p *Page) error {
	if s.null() {
		return nil
	}
	p.Devices = make([]Device, 0, bytes.Count(s.data[s.pos:], []byte(`"serial_number"`)))

	return s.list(func() error {
		p.Devices = append(p.Devices, Device{})

		return s.device(&p.Devices[len(p.Devices)-1])
	})
}

func (s *pageScanner) device(d *Device) error {
	return s.object(func(key []byte) error {
		switch string(key) {
		case "serial_number":
			return s.unique(&d.SerialNumber)
		case "description":
			return s.text(&d.Description)
		case "model":
			return s.text(&d.Model)
		case "color":
			return s.text(&d.Color)
		case "asset_tag":
			return s.unique(&d.AssetTag)
		case "device_family":
			return s.text(&d.DeviceFamily)
		case "os":
			return s.text(&d.OS)
		case "device_assigned_date":
			return s.time(&d.DeviceAssignedDate)
		case "device_assigned_by":
			return s.text(&d.DeviceAssignedBy)
		case "profile_status":
			return s.text((*string)(&d.ProfileStatus))
		case "profile_uuid":
			return s.text(&d.ProfileUUID)
		case "profile_assign_time":
			return s.time(&d.ProfileAssignTime)
		case "profile_push_time":
			return s.time(&d.ProfilePushTime)
		case "op_type":
			return s.text((*string)(&d.OpType))
		case "op_date":
			return s.time(&d.OpDate)
		default:
			return s.rareField(d, key)
		}
	})
}

func (s *pageScanner) rareField(d *Device, key []byte) error {
	switch string(key) {
	case "mdm_migration_deadline":
		return s.time(&d.MDMMigrationDeadline)
	case "wifi_mac_address":
		return s.unique(&d.WiFiMACAddress)
	case "bluetooth_mac_address":
		return s.unique(&d.BluetoothMACAddress)
	case "ethernet_mac_address":
		return s.unique(&d.EthernetMACAddress)
	case "eid":
		return s.unique(&d.EID)
	case "imei":
		return s.textList(&d.IMEI)
	case "meid":
		return s.textList(&d.MEID)
	case "is_replacement_device":
		return s.bool(&d.IsReplacementDevice)
	case "released_by_replacement":
		return s.bool(&d.ReleasedByReplacement)
	case "response_status":
		return s.text((*string)(&d.ResponseStatus))
	default:
		return s.skip()
	}
}

// peek passes over white space and returns the next octet, or 0 at the end.
func (s *pageScanner) peek() byte {
	for ; s.pos < len(s.data); s.pos++ {
		switch s.data[s.pos] {
		case ' ', '\t', '\r', '\n':
		case 0:
			return 1 // not the end, and nothing that JSON knows
		default:
			return s.data[s.pos]
		}
	}

	return 0
}

func (s *pageScanner) take(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.pos++

	return true
}

func (s *pageScanner) null() bool {
	if s.peek() != 'n' || !bytes.HasPrefix(s.data[s.pos:], []byte("null")) {
		return false
	}
	s.pos += len("null")

	return true
}

func (s *pageScanner) object(field func(key []byte) error) error {
	return s.sequence('{', '}', func() error {
		key, err := s.quoted()
		if err != nil {
			return err
		}
		if !s.take(':') {
			return errNotJSON
		}

		return field(key[1 : len(key)-1])
	})
}

func (s *pageScanner) list(element func() error) error { return s.sequence('[', ']', element) }

func (s *pageScanner) sequence(begin, end byte, element func() error) error {
	if !s.take(begin) {
		return errNotJSON
	}
	if s.take(end) {
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		switch {
		case s.take(','):
		case s.take(end):
			return nil
		default:
			return errNotJSON
		}
	}
}

// quoted passes over a string and returns it with its quotes, valid JSON.
func (s *pageScanner) quoted() ([]byte, error) {
	if s.peek() != '"' {
		return nil, errNotJSON
	}
	escaped := false
	for i := s.pos + 1; i < len(s.data); i++ {
		switch c := s.data[i]; {
		case c == '"':
			token := s.data[s.pos : i+1]
			s.pos = i + 1
			if escaped && !json.Valid(token) {
				return nil, errNotJSON
			}

			return token, nil
		case c == '\\':
			escaped = true
			i++
		case c < ' ':
			return nil, errNotJSON
		}
	}

	return nil, errNotJSON
}

func (s *pageScanner) text(to *string) error {
	if s.null() {
		return nil
	}
	token, err := s.quoted()
	if err != nil {
		return err
	}
	if known, ok := s.texts[string(token)]; ok {
		*to = known

		return nil
	}
	if err := unquote(token, to); err != nil {
		return err
	}
	s.texts[string(token)] = *to

	return nil
}

// unique is text for values that differ from device to device, which it would be no use to keep for the next one.
func (s *pageScanner) unique(to *string) error {
	if s.null() {
		return nil
	}
	token, err := s.quoted()
	if err != nil {
		return err
	}

	return unquote(token, to)
}

func unquote(token []byte, to *string) error {
	if inner := token[1 : len(token)-1]; isPlain(inner) {
		*to = string(inner)

		return nil
	}
	if err := json.Unmarshal(token, to); err != nil {
		return errNotJSON
	}

	return nil
}

func isPlain(text []byte) bool {
	for _, c := range text {
		if c == '\\' || c >= 0x80 {
			return false
		}
	}

	return true
}

func (s *pageScanner) textList(to *[]string) error {
	if s.null() {
		return nil
	}
	*to = []string{}

	return s.list(func() error {
		*to = append(*to, "")

		return s.unique(&(*to)[len(*to)-1])
	})
}

func (s *pageScanner) time(to *time.Time) error {
	if s.null() {
		return nil
	}
	token, err := s.quoted()
	if err != nil {
		return err
	}
	if known, ok := s.times[string(token)]; ok {
		*to = known

		return nil
	}
	var value wireTime
	if err := value.UnmarshalJSON(token); err != nil {
		return err
	}
	s.times[string(token)] = value.Time
	*to = value.Time

	return nil
}

func (s *pageScanner) bool(to *bool) error {
	if s.null() {
		return nil
	}
	literal := "false"
	if *to = s.peek() == 't'; *to {
		literal = "true"
	}
	if !bytes.HasPrefix(s.data[s.pos:], []byte(literal)) {
		return errNotJSON
	}
	s.pos += len(literal)

	return nil
}

// skip passes over a value of a field that is not known.
func (s *pageScanner) skip() error {
	s.peek()
	dec := json.NewDecoder(bytes.NewReader(s.data[s.pos:]))
	var value json.RawMessage
	if err := dec.Decode(&value); err != nil {
		return fmt.Errorf("%w: a field that is not known", errNotJSON)
	}
	s.pos += int(dec.InputOffset())

	return nil
}

// UnmarshalJSON reads a page. Fields that are not known are passed over.
func (p *Page) UnmarshalJSON(data []byte) error { return p.decode(data) }

func (p *Page) decode(data []byte) error {
	s := pageScanner{data: data, texts: map[string]string{}, times: map[string]time.Time{}}
	var page Page
	if err := s.page(&page); err != nil {
		return fmt.Errorf("page of devices: at octet %d: %w", s.pos, err)
	}
	*p = page

	return nil
}
