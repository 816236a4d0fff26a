package apple

import (
	"encoding/json"
	"strconv"
	"time"
)

// Devices are written by hand into one buffer: a page of a thousand takes a fraction of a millisecond.

// appendDevice appends d as Apple's Device object, showing rec, for a client of a protocol version. Absent dates are left
// out: clients decode dates strictly.
func appendDevice(b []byte, d *device, rec *record, version int) []byte {
	b = append(b, `{"serial_number":"`...)
	b = append(b, d.serial...)
	b = appendString(b, "description", d.model.description)
	b = appendString(b, "model", d.model.name)
	if version >= 2 {
		b = appendString(b, "os", d.model.osAt(version))
		b = appendString(b, "device_family", d.model.family)
	}
	b = appendString(b, "color", d.model.color)
	b = append(b, '"')
	if d.assetTag != "" {
		b = append(b, `,"asset_tag":`...)
		b = appendQuoted(b, d.assetTag)
	}
	if rec.profile != nil {
		b = append(b, `,"profile_uuid":"`...)
		b = append(b, rec.profile.uuid...)
		b = append(b, '"')
	}
	b = appendTime(b, "profile_assign_time", rec.profileAssigned)
	b = appendTime(b, "profile_push_time", rec.profilePushed)
	b = append(b, `,"profile_status":"`...)
	b = append(b, rec.status...)
	b = append(b, `","device_assigned_by":`...)
	b = appendQuoted(b, rec.assignedBy)
	b = appendTime(b, "device_assigned_date", rec.assignedAt)
	if version >= 8 {
		b = appendTime(b, "mdm_migration_deadline", d.migrationDeadline)
	}
	if version >= 10 {
		b = appendAddresses(b, d)
	}
	return append(b, '}')
}

// appendAddresses appends what protocol version 10 added.
func appendAddresses(b []byte, d *device) []byte {
	b = append(b, `,"wifi_mac_address":"`...)
	b = append(b, d.wifiMAC()...)
	b = appendString(b, "bluetooth_mac_address", d.bluetoothMAC())
	if d.model.ethernet {
		b = appendString(b, "ethernet_mac_address", d.ethernetMAC())
	}
	b = append(b, '"')
	if d.model.cellular {
		b = append(b, `,"eid":"`+d.eid()+`","imei":["`+d.imei()+`"],"meid":["`+d.meid()+`"]`...)
	}
	if d.replaces != nil {
		b = append(b, `,"is_replacement_device":true`...)
	}
	return b
}

// appendChange appends a device as a line of a sync, with op_type and op_date.
func appendChange(b []byte, ch *change, version int) []byte {
	b = appendDevice(b, ch.dev, &ch.record, version)
	b = append(b[:len(b)-1], `,"op_type":"`...)
	b = append(b, ch.op...)
	b = append(b, '"')
	b = appendTime(b, "op_date", ch.at)
	if version >= 10 && ch.releasedByReplacement {
		b = append(b, `,"released_by_replacement":true`...)
	}
	return append(b, '}')
}

// osAt is the operating system as a protocol version names it: iPadOS exists from version 7.
func (m *model) osAt(version int) string {
	if m.os == "iPadOS" && version < 7 {
		return "iOS"
	}
	return m.os
}

// appendString ends the string before and begins the next: values here are from the catalogue and need no escaping.
func appendString(b []byte, name, value string) []byte {
	b = append(b, `","`...)
	b = append(b, name...)
	b = append(b, `":"`...)
	return append(b, value...)
}

// appendTime appends an RFC 3339 time in UTC with whole seconds, or nothing for 0.
func appendTime(b []byte, name string, unix int64) []byte {
	if unix == 0 {
		return b
	}
	b = append(b, `,"`...)
	b = append(b, name...)
	b = append(b, `":"`...)
	b = time.Unix(unix, 0).UTC().AppendFormat(b, time.RFC3339)
	return append(b, '"')
}

// appendQuoted appends any text as a JSON string.
func appendQuoted(b []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			quoted, err := json.Marshal(text)
			if err != nil {
				panic("apple simulator: encoding a string: " + err.Error())
			}
			return append(b, quoted...)
		}
	}
	return strconv.AppendQuote(b, text)
}
