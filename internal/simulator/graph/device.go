package graph

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

// row is one importedAppleDeviceIdentity.
type row struct {
	id          string
	seq         int
	serial      string
	description string
	platform    string
	source      string // discoverySource
	created     time.Time
	shows       time.Time // readers see it from then on
	listed      time.Time // the last sync that Apple listed it in
	assignedAt  time.Time // when it was assigned to the MDM server, as that sync said
	deleted     bool
	deletedAt   time.Time
	contacted   time.Time

	wanted      *profile  // requestedEnrollmentProfileId
	wantedAt    time.Time //
	wantedShows time.Time // readers see it from then on; until then they see what was before
	before      *profile
	beforeAt    time.Time
}

const (
	sourceApple = "deviceEnrollmentProgram"
	sourceAdmin = "adminImport"
)

// present says whether the device is one of the token's now.
func (r *row) present() bool { return !r.deleted }

// newRow adds a row that nobody sees yet.
func (s *Simulator) newRow(t *token, serial string, now time.Time) *row {
	s.seq++
	r := &row{id: s.random.next(), seq: s.seq, serial: serial, created: now, platform: "unknown"}
	t.rows = append(t.rows, r)
	t.rowsBySerial[serial] = r
	return r
}

// fromApple makes the row that of a device that a sync found: new, back again, or imported by hand before.
func (r *row) fromApple(d *apple.ServerDevice, shows, now time.Time) {
	if r.shows.IsZero() {
		r.shows = shows
	}
	r.description, r.platform, r.source = d.Description, platformOf(d.OS), sourceApple
	r.listed, r.assignedAt, r.deleted, r.deletedAt = now, d.AssignedAt, false, time.Time{}
	r.want(nil, time.Time{}, shows, now)
}

// want records the profile that a device shall get, for readers from a time on.
func (r *row) want(p *profile, at, shows, now time.Time) {
	if !r.wantedShows.After(now) {
		r.before, r.beforeAt = r.wanted, r.wantedAt
	}
	r.wanted, r.wantedAt, r.wantedShows = p, at, shows
}

// requested is the profile that readers see.
func (r *row) requested(now time.Time) (*profile, time.Time) {
	if r.wantedShows.After(now) {
		return r.before, r.beforeAt
	}
	return r.wanted, r.wantedAt
}

const deviceTypeName = "importedAppleDeviceIdentity"

var deviceWire = wireType{name: deviceTypeName, fields: []field{
	{name: "id", kind: kindText},
	{name: "serialNumber", kind: kindText, nullable: true},
	{name: "requestedEnrollmentProfileId", kind: kindText, nullable: true},
	{name: "requestedEnrollmentProfileAssignmentDateTime", kind: kindDate, nullable: true},
	{name: "isSupervised", kind: kindBool},
	{name: "discoverySource", kind: kindEnum, values: []string{"unknown", sourceAdmin, sourceApple}},
	{name: "isDeleted", kind: kindBool, nullable: true},
	{name: "createdDateTime", kind: kindDate},
	{name: "lastContactedDateTime", kind: kindDate},
	{name: "description", kind: kindText, nullable: true},
	{name: "enrollmentState", kind: kindEnum, values: []string{
		"unknown", "enrolled", "pendingReset", "failed", "notContacted", "blocked",
	}},
	{name: "platform", kind: kindEnum, values: []string{
		"unknown", "ios", "android", "windows", "windowsMobile", "macOS", "visionOS", "tvOS", "unknownFutureValue",
	}},
}}

// deviceReader reads rows of one token for one call.
type deviceReader struct {
	c *call
	t *token
}

func (c *call) deviceCollection(t *token) collection[*row] {
	read := deviceReader{c, t}
	return collection[*row]{
		fragment: c.setting() + "/importedAppleDeviceIdentities", typeName: deviceTypeName,
		properties: deviceWire.names(),
		items:      t.visibleRows(c.now),
		position:   func(r *row) int { return r.seq },
		property:   read.property,
		entity:     read.entity,
	}
}

// visibleRows are the rows that readers see: all of them, as a rule.
func (t *token) visibleRows(now time.Time) []*row {
	hidden := func(r *row) bool { return r.shows.After(now) }
	if !slices.ContainsFunc(t.rows, hidden) {
		return t.rows
	}
	return slices.DeleteFunc(slices.Clone(t.rows), hidden)
}

// property is the quick way to a value, for filters over 200,000 rows.
func (d deviceReader) property(r *row, name string) any {
	switch name {
	case "serialNumber":
		return r.serial
	case "discoverySource":
		return r.source
	case "requestedEnrollmentProfileId":
		return d.requestedID(r)
	case "platform":
		return r.platform
	case "isDeleted":
		return r.deleted
	}
	return d.entity(r).get(name)
}

// entity is a row as Intune writes it.
func (d deviceReader) entity(r *row) object {
	state, supervised := d.state(r)
	var assigned any
	if p, at := r.requested(d.c.now); p != nil {
		assigned = at
	}
	return object{
		{"id", r.id},
		{"serialNumber", r.serial},
		{"requestedEnrollmentProfileId", d.requestedID(r)},
		{"requestedEnrollmentProfileAssignmentDateTime", assigned},
		{"isSupervised", supervised},
		{"discoverySource", r.source},
		{"isDeleted", r.deleted},
		{"createdDateTime", r.created},
		{"lastContactedDateTime", r.contacted},
		{"description", r.description},
		{"enrollmentState", state},
		{"platform", r.platform},
	}
}

// requestedID is the profile of a row in the form of the settings: no public answer shows a real value.
func (d deviceReader) requestedID(r *row) any {
	p, _ := r.requested(d.c.now)
	if p == nil {
		switch d.c.s.settings.NoProfileForm {
		case "null":
			return nil
		case "zero":
			return "00000000-0000-0000-0000-000000000000"
		default:
			return ""
		}
	}
	switch d.c.s.settings.RequestedProfileForm {
	case "guid":
		return p.guid
	case "prefixed":
		return d.t.id + "_" + p.guid
	default:
		return p.id(d.t)
	}
}

// state is enrollmentState, and whether the device is supervised. A device talks to Intune itself when it is activated,
// so that neither waits for a sync.
func (d deviceReader) state(r *row) (state string, supervised bool) {
	did := d.c.s.apple.Enrollments([]string{r.serial})[0]
	if did.PushedAt.After(r.contacted) {
		r.contacted = did.PushedAt
	}
	ran := d.t.profileOf(did.ProfileUUID)
	wanted, _ := r.requested(d.c.now)
	switch {
	case !did.Activated || ran == nil:
		return "notContacted", false
	case ran.deleted && !ran.deletedAt.After(r.contacted):
		return "failed", false // it fetched the address of a profile that was gone
	case wanted != nil && ran != wanted:
		return "pendingReset", ran.supervises()
	default:
		return "enrolled", ran.supervises()
	}
}

func listDevices(c *call) reply {
	t, refusal := c.token()
	if refusal != nil {
		return *refusal
	}
	return listCollection(c, c.deviceCollection(t))
}

func countDevices(c *call) reply {
	t, refusal := c.token()
	if refusal != nil {
		return *refusal
	}
	return countCollection(c, c.deviceCollection(t))
}

// row finds the device of the path.
func (c *call) row() (*token, *row, *reply) {
	t, refusal := c.token()
	if refusal != nil {
		return nil, nil, refusal
	}
	for _, r := range t.visibleRows(c.now) {
		if strings.EqualFold(r.id, c.vars["device"]) {
			return t, r, nil
		}
	}
	return nil, nil, c.notFound("ImportedAppleDeviceIdentity " + c.vars["device"] + " not found")
}

func getDevice(c *call) reply {
	t, r, refusal := c.row()
	if refusal != nil {
		return *refusal
	}
	return single(c, c.setting()+"/importedAppleDeviceIdentities/$entity", c.deviceCollection(t), r)
}

// updateDevice answers PATCH, of which the documentation has a page; only the description is a client's.
func updateDevice(c *call) reply {
	t, r, refusal := c.row()
	if refusal != nil {
		return *refusal
	}
	body, refusal := c.decodeAs(deviceWire)
	if refusal != nil {
		return *refusal
	}
	if text, given := body["description"].(*string); given {
		r.description = deref(text)
	}
	if c.s.settings.PatchStatus == http.StatusNoContent {
		return noContent()
	}
	return c.entity(http.StatusOK, c.setting()+"/importedAppleDeviceIdentities/$entity", c.deviceCollection(t).entity(r))
}

// deleteDevice answers DELETE. What is still assigned at Apple comes back with the next full sync.
func deleteDevice(c *call) reply {
	t, r, refusal := c.row()
	if refusal != nil {
		return *refusal
	}
	if r.source == sourceApple && r.present() {
		t.forgotten[r.serial] = true
	}
	delete(t.rowsBySerial, r.serial)
	t.rows = slices.DeleteFunc(t.rows, func(other *row) bool { return other == r })
	t.synced = counted(t.rows, (*row).present)
	t.publish(c.s)
	return noContent()
}

func deref(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// deviceIDs makes the ids of devices: GUIDs, reproducible, and cheap by the hundred thousand.
type deviceIDs struct{ random *rand.Rand }

func newDeviceIDs(seed uint64) *deviceIDs {
	return &deviceIDs{rand.New(rand.NewPCG(seed, 3))} //nolint:gosec // reproducible, not secret
}

func (d *deviceIDs) next() string {
	const hex = "0123456789abcdef"
	b := make([]byte, 0, 36)
	for i, word := range [2]uint64{d.random.Uint64(), d.random.Uint64()} {
		for digit := range 16 {
			switch at := 16*i + digit; at {
			case 8, 12, 16, 20:
				b = append(b, '-')
			}
			b = append(b, hex[word>>(4*digit)&0xf])
		}
	}
	b[14], b[19] = '4', "89ab"[b[19]&3]
	return string(b)
}

// importWire are the parameters of importAppleDeviceIdentityList, but for the list itself.
var importWire = wireType{name: "importAppleDeviceIdentityList", fields: []field{
	{name: "overwriteImportedDeviceIdentities", kind: kindBool},
}}

// importDevices answers importAppleDeviceIdentityList: devices that an administrator adds from Apple Configurator. Those
// of the enrollment program come only through a sync.
func importDevices(c *call) reply {
	t, refusal := c.token()
	if refusal != nil {
		return *refusal
	}
	raw, refusal := c.decode()
	if refusal != nil {
		return *refusal
	}
	list, ok := raw["importedAppleDeviceIdentities"].([]any)
	if !ok {
		return *c.badRequest("Invalid ODataActionParameter 'importedAppleDeviceIdentities'")
	}
	delete(raw, "importedAppleDeviceIdentities")
	parameters, refusal := c.typed(importWire, raw)
	if refusal != nil {
		return *refusal
	}
	entity := c.deviceCollection(t).entity
	results := make([]object, 0, len(list))
	for i, entry := range list {
		r, accepted, refusal := c.importDevice(t, entry, parameters["overwriteImportedDeviceIdentities"] == true)
		if refusal != nil {
			return *refusal
		}
		if r == nil {
			return *c.badRequest(fmt.Sprintf("Entry %d has no serialNumber", i))
		}
		results = append(results, entity(r).with("status", accepted))
	}
	return c.value("Collection(microsoft.graph.importedAppleDeviceIdentityResult)", results)
}

// importDevice adds one device; it is not accepted where there is one that may not be overwritten.
func (c *call) importDevice(t *token, entry any, overwrite bool) (*row, bool, *reply) {
	fields, ok := entry.(map[string]any)
	if !ok {
		return nil, false, c.badRequest("Invalid ODataActionParameter 'importedAppleDeviceIdentities'")
	}
	typed, refusal := c.typed(deviceWire, fields)
	if refusal != nil {
		return nil, false, refusal
	}
	serial, _ := typed["serialNumber"].(*string)
	if deref(serial) == "" {
		return nil, false, nil
	}
	r := t.rowsBySerial[*serial]
	if r != nil && (!overwrite || r.source == sourceApple) {
		return r, false, nil
	}
	if r == nil {
		r = c.s.newRow(t, *serial, c.now)
		r.source, r.shows, r.platform = sourceAdmin, c.now, platformIOS
	}
	if text, given := typed["description"].(*string); given {
		r.description = deref(text)
	}
	if platform, given := typed["platform"].(string); given {
		r.platform = platform
	}
	return r, true, nil
}
