package apple_test

import (
	"regexp"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

func TestSyncTellsChangesInChronologicalOrderAndOneDeviceSeveralTimes(t *testing.T) {
	s := newSchool(t, 3, 2)
	a, b, c := s.SerialNumbers()[0], s.SerialNumbers()[1], s.SerialNumbers()[2]
	cursor := s.client.fetchEnd()
	uuid := s.client.define("Carts")

	step := func(do func()) { must(t, s.AdvanceClock(time.Second)); do() }
	step(func() { s.client.assign(uuid, a) })
	step(func() {
		_, err := s.AssignDevices(s.server.ID, apple.Selection{SerialNumbers: []string{c}})
		must(t, err)
	})
	step(func() { must(t, s.Activate(a)) })
	step(func() {
		s.client.do("DELETE", "/profile/devices", map[string]any{"devices": []string{a}}).wantStatus(200)
	})
	step(func() {
		_, err := s.UnassignDevices(s.server.ID, apple.Selection{SerialNumbers: []string{b}})
		must(t, err)
	})
	got := s.client.sync(cursor)
	same(t, "changes", got.changes(), []string{
		a + " modified " + uuid, c + " added", a + " modified " + uuid, a + " modified", b + " deleted",
	})
	for i, d := range got.Devices {
		equal(t, "op_date", d["op_date"].(string), opening.Add(time.Duration(i+1)*time.Second).Format(time.RFC3339))
	}
	equal(t, "added: op_date is device_assigned_date", got.Devices[1]["op_date"], got.Devices[1]["device_assigned_date"])
	statuses := []any{}
	for _, d := range got.Devices {
		statuses = append(statuses, d["profile_status"])
	}
	same(t, "profile_status of each", statuses, []any{"assigned", "empty", "pushed", "removed", "empty"})
}

func TestSyncWithoutChangesGivesANewCursor(t *testing.T) {
	s := newSchool(t, 3, 3)
	cursor := s.client.fetchEnd()
	got := s.client.do("POST", "/devices/sync", map[string]any{"cursor": cursor}).wantStatus(200)
	want := regexp.MustCompile(
		`^\{"devices":\[\],"fetched_until":"2026-08-24T07:30:00Z","more_to_follow":false,"cursor":"([A-Za-z0-9+/]+)"\}$`)
	match := want.FindStringSubmatch(got.body)
	if match == nil || match[1] == cursor {
		t.Errorf("got %s, want no devices and another cursor than %s", got.body, cursor)
	}
}

func TestSyncIsPagedLikeAFetch(t *testing.T) {
	s := newSchool(t, 250, 0)
	cursor := s.client.fetchEnd()
	_, err := s.AssignDevices(s.server.ID, apple.Selection{Count: 250})
	must(t, err)
	var sizes []int
	for more := true; more; {
		p := s.client.page("/devices/sync", cursor, 100)
		sizes, cursor, more = append(sizes, len(p.Devices)), p.Cursor, p.More
	}
	same(t, "devices in each page", sizes, []int{100, 100, 50})
}

func TestSyncCursorCanBeUsedAgain(t *testing.T) {
	s := newSchool(t, 3, 0)
	cursor := s.client.fetchEnd()
	_, err := s.AssignDevices(s.server.ID, apple.Selection{Count: 3})
	must(t, err)
	first := s.client.sync(cursor)
	same(t, "the same sync again", s.client.sync(cursor).changes(), first.changes())
}

func TestUnassignedDeviceIsDeletedForTheServerAndLosesItsProfile(t *testing.T) {
	s := newSchool(t, 1, 1)
	serial := s.SerialNumbers()[0]
	uuid := s.client.define("Carts")
	s.client.assign(uuid, serial)
	cursor := s.client.fetchEnd()
	_, err := s.UnassignDevices(s.server.ID, apple.Selection{Count: 1})
	must(t, err)
	same(t, "sync", s.client.sync(cursor).changes(), []string{serial + " deleted"})
	same(t, "assign", s.client.assign(uuid, serial).Devices, map[string]string{serial: "NOT_ACCESSIBLE"})

	_, err = s.AssignDevices(s.server.ID, apple.Selection{Count: 1})
	must(t, err)
	device, err := s.Device(serial)
	must(t, err)
	equal(t, "profile after it came back", device.ProfileUUID+device.ProfileStatus, "empty")
	profile, err := s.Profile(uuid)
	must(t, err)
	equal(t, "devices of the profile", profile.DeviceCount, 0)
}

func TestDeviceThatMovesIsDeletedHereAndAddedThere(t *testing.T) {
	s := newSchool(t, 1, 1)
	serial := s.SerialNumbers()[0]
	other, err := s.CreateServer("Other", schoolKey().pem)
	must(t, err)
	file, err := s.ServerToken(other.ID)
	must(t, err)
	there := s.login(openToken(t, file, schoolKey()))
	hereCursor, thereCursor := s.client.fetchEnd(), there.fetchEnd()
	_, err = s.AssignDevices(other.ID, apple.Selection{SerialNumbers: []string{serial}})
	must(t, err)
	same(t, "here", s.client.sync(hereCursor).changes(), []string{serial + " deleted"})
	same(t, "there", there.sync(thereCursor).changes(), []string{serial + " added"})
}
