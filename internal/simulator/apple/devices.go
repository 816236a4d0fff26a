package apple

import (
	"encoding/hex"
	"net/http"
)

// Per-device results (Apple: AssignProfileResponse, DeviceStatusResponse, ActivationLockStatusResponse).
const (
	resultSuccess       = "SUCCESS"
	resultNotAccessible = "NOT_ACCESSIBLE"
	resultFailed        = "FAILED"
	resultThrottled     = "THROTTLED"
	resultNotSupported  = "DEVICE_NOT_SUPPORTED"
	resultAlreadyLocked = "DEVICE_ALREADY_LOCKED"
)

// deviceList is the body of the calls that take serial numbers (Apple: DeviceListRequest).
type deviceList struct {
	Devices []string `json:"devices"`
}

// on finds a device by serial number if it is on the server, else nil.
func (s *Simulator) on(server *mdmServer, serial string) *device {
	if d := s.bySerial[serial]; d != nil && d.server == server {
		return d
	}
	return nil
}

// deviceDetails answers POST /devices. A real service answered 5,000 serial numbers at once; there is no limit here.
func (s *Simulator) deviceDetails(c *call) reply {
	var request deviceList
	if bad, ok := c.decode(&request); !ok {
		return bad
	}
	if len(request.Devices) == 0 {
		return failure(http.StatusBadRequest, "DEVICE_ID_REQUIRED")
	}
	b := append(make([]byte, 0, 512*len(request.Devices)), `{"devices":{`...)
	for i, serial := range unique(request.Devices) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendQuoted(b, serial), ':')
		b = s.appendDetails(b, c, serial)
	}
	return jsonReply(append(b, "}}"...))
}

// appendDetails appends one device with its response_status, which the documentation leaves out and recordings have.
func (s *Simulator) appendDetails(b []byte, c *call, serial string) []byte {
	status := c.effects.result(serial, c.version)
	d := s.on(c.server, serial)
	if d == nil && status == "" {
		status = resultNotAccessible
	}
	if status != "" {
		b = append(b, `{"serial_number":`...)
		b = appendQuoted(b, serial)
		return append(b, `,"response_status":"`+status+`"}`...)
	}
	b = appendDevice(b, d, &d.record, c.version)
	return append(b[:len(b)-1], `,"response_status":"SUCCESS"}`...)
}

// results answers the calls that do something to each device and say how it went.
func (s *Simulator) results(c *call, serials []string, do func(*device)) map[string]string {
	out := make(map[string]string, len(serials))
	for _, serial := range unique(serials) {
		if status := c.effects.result(serial, c.version); status != "" {
			out[serial] = status
			continue
		}
		d := s.on(c.server, serial)
		if d == nil {
			out[serial] = resultNotAccessible
			continue
		}
		do(d)
		out[serial] = resultSuccess
	}
	return out
}

// disownDevices answers POST /devices/disown: the organisation gives the devices up for good.
func (s *Simulator) disownDevices(c *call) reply {
	var request deviceList
	if bad, ok := c.decode(&request); !ok {
		return bad
	}
	if len(request.Devices) == 0 {
		return failure(http.StatusBadRequest, "DEVICE_ID_REQUIRED")
	}
	return encoded(map[string]any{"devices": s.results(c, request.Devices, func(d *device) {
		c.server.remove(d, c.now.Unix())
		d.disowned = true
	})})
}

// activationLock answers POST /device/activationlock.
func (s *Simulator) activationLock(c *call) reply {
	var request struct {
		Device      string  `json:"device"`
		EscrowKey   *string `json:"escrow_key"`
		LostMessage string  `json:"lost_message"`
	}
	if bad, ok := c.decode(&request); !ok {
		return bad
	}
	if request.Device == "" || request.EscrowKey != nil && !isEscrowKey(*request.EscrowKey) {
		return badBody()
	}
	status := c.effects.result(request.Device, c.version)
	d := s.on(c.server, request.Device)
	switch {
	case status != "":
	case d == nil:
		status = resultNotAccessible
	case d.model.family == "AppleTV":
		status = resultNotSupported
	case d.locked:
		status = resultAlreadyLocked
	default:
		d.locked, status = true, resultSuccess
	}
	return encoded(struct {
		SerialNumber   string `json:"serial_number"`
		ResponseStatus string `json:"response_status"`
	}{request.Device, status})
}

// isEscrowKey: 64 hex digits (Apple: Creating and using bypass codes).
func isEscrowKey(text string) bool {
	key, err := hex.DecodeString(text)
	return err == nil && len(key) == 32
}

// replacementDetails answers GET /device/replacementDetails?device=SERIAL. The document says 404 for an unknown device;
// the real service answers 400.
func (s *Simulator) replacementDetails(c *call) reply {
	serial := c.query("device")
	if serial == "" {
		return failure(http.StatusBadRequest, "DEVICE_ID_REQUIRED")
	}
	d := s.on(c.server, serial)
	if d == nil || d.replaces == nil {
		return failure(http.StatusBadRequest, "DEVICE_NOT_FOUND")
	}
	return encoded(struct {
		SerialNumber string `json:"serial_number"`
		Original     string `json:"original_device_serial_number"`
		Date         string `json:"replacement_date"`
	}{serial, d.replaces.serial, d.replacedOn})
}

// unique drops repetitions and keeps the order.
func unique(serials []string) []string {
	seen := make(map[string]struct{}, len(serials))
	out := make([]string, 0, len(serials))
	for _, serial := range serials {
		if _, again := seen[serial]; !again {
			seen[serial] = struct{}{}
			out = append(out, serial)
		}
	}
	return out
}
