package graph

import (
	"net/http"
	"time"
)

// assignDevices answers updateDeviceProfileAssignment. deviceIds are serial numbers. Apple is told later, and nothing
// here ever says what Apple answered: a device that it refused goes on showing what it had.
func assignDevices(c *call) reply {
	t, p, refusal := c.profile()
	if refusal != nil {
		return *refusal
	}
	raw, refusal := c.decode()
	if refusal != nil {
		return *refusal
	}
	serials, refusal := c.deviceIDs(raw)
	if refusal != nil {
		return *refusal
	}
	c.s.ledger.assignSent(t.id, serials, c.now)
	if len(serials) > c.s.settings.MaximumDeviceIDs {
		return *c.badRequest("The number of devices exceeds the maximum number of devices in one request")
	}
	if refusal := c.settled(p); refusal != nil {
		return *refusal
	}
	rows, unknown := c.rowsFor(t, p, serials)
	if unknown != "" && c.s.settings.RefuseUnknownSerials {
		return *c.badRequest("Device " + unknown + " not found")
	}
	if c.effects.failHalfway {
		c.s.assignLater(t, p, rows[:len(rows)/2], c.now)
		return *c.plain(http.StatusInternalServerError, "InternalServerError", "An internal server error has occurred.")
	}
	c.s.assignLater(t, p, rows, c.now)
	return noContent()
}

// deviceIDs reads the parameter. The wording for anything but an array of strings is that of captured answers.
func (c *call) deviceIDs(raw map[string]any) ([]string, *reply) {
	for name := range raw {
		if name != "deviceIds" && name[0] != '@' {
			return nil, c.badRequest("Invalid ODataActionParameter '" + name + "'")
		}
	}
	serials, ok := textsOf(raw["deviceIds"])
	if !ok {
		return nil, c.badRequest("Invalid ODataActionParameter 'deviceIds'")
	}
	if len(serials) == 0 {
		return nil, c.badRequest("DeviceIds must not be empty")
	}
	return serials, nil
}

// rowsFor finds the devices; unknown is a serial number that is none of them.
func (c *call) rowsFor(t *token, p *profile, serials []string) (rows []*row, unknown string) {
	seen := make(map[string]bool, len(serials))
	for _, serial := range serials {
		r := t.rowsBySerial[serial]
		switch {
		case seen[serial]:
		case r == nil || !r.present():
			unknown = serial
		case c.effects.skips(serial):
		case c.s.settings.RefuseOtherPlatforms && p.typ.platform != "" && r.platform != p.typ.platform:
		default:
			rows = append(rows, r)
		}
		seen[serial] = true
	}
	return rows, unknown
}

// assignLater gives a profile to devices once the assignment reaches Apple.
func (s *Simulator) assignLater(t *token, p *profile, rows []*row, now time.Time) {
	if s.settings.AssignAfter == 0 {
		s.give(t, p, rows, now)
		return
	}
	due := now.Add(time.Duration(s.settings.AssignAfter))
	s.at(due, t, func() { s.give(t, p, rows, due) })
}

// releaseWire are the parameters of releaseAppleDevices.
var releaseWire = wireType{name: "releaseAppleDevices", fields: []field{
	{name: "depToken", kind: kindText, nullable: true}, {name: "deviceSerialNumbers", kind: kindTexts},
}}

// maximumReleased is what a talk about the call says.
const maximumReleased = 100

// releaseDevices answers releaseAppleDevices: the organisation gives the devices up for good. The rows show it with the
// next sync.
func releaseDevices(c *call) reply {
	t, refusal := c.appleToken()
	if refusal != nil {
		return *refusal
	}
	body, refusal := c.decodeAs(releaseWire)
	if refusal != nil {
		return *refusal
	}
	serials, _ := body["deviceSerialNumbers"].([]string)
	switch {
	case t.server == "":
		return *c.badRequest("The DEP token has not been uploaded")
	case len(serials) == 0 || len(serials) > maximumReleased:
		return *c.badRequest("DeviceSerialNumbers must have 1 to 100 entries")
	}
	if _, err := c.s.apple.Disown(t.server, serials); err != nil {
		return *c.badRequest("Apple did not release the devices")
	}
	return noContent()
}
