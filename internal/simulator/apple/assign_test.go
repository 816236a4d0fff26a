package apple_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

func TestAssignTakesPostAndPut(t *testing.T) {
	s := newSchool(t, 2, 2)
	uuid := s.client.define("Carts")
	for i, method := range []string{"POST", "PUT"} {
		serial := s.SerialNumbers()[i]
		got := s.client.do(method, "/profile/devices", map[string]any{"profile_uuid": uuid, "devices": []string{serial}})
		equal(t, method, got.body, fmt.Sprintf(`{"profile_uuid":%q,"devices":{%q:"SUCCESS"}}`, uuid, serial))
		device, err := s.Device(serial)
		must(t, err)
		equal(t, method+": profile", device.ProfileUUID, uuid)
		equal(t, method+": status", device.ProfileStatus, "assigned")
		equal(t, method+": time", *device.ProfileAssignedAt, opening)
	}
}

func TestAssignErrors(t *testing.T) {
	s := newSchool(t, 1, 1)
	serial, uuid := s.SerialNumbers()[0], s.client.define("Carts")
	other, err := s.CreateServer("Other", schoolKey().pem)
	must(t, err)
	file, err := s.ServerToken(other.ID)
	must(t, err)
	foreign := s.login(openToken(t, file, schoolKey())).define("Foreign")
	for _, test := range []struct {
		name   string
		body   map[string]any
		status int
		want   string
	}{
		{"no devices", map[string]any{"profile_uuid": uuid}, 400, "DEVICE_ID_REQUIRED"},
		{"empty devices", map[string]any{"profile_uuid": uuid, "devices": []string{}}, 400, "DEVICE_ID_REQUIRED"},
		{"no profile", map[string]any{"devices": []string{serial}}, 400, "PROFILE_UUID_REQUIRED"},
		{"unknown profile", map[string]any{"profile_uuid": "X", "devices": []string{serial}}, 404, "NOT_FOUND"},
		{"profile of another server", map[string]any{"profile_uuid": foreign, "devices": []string{serial}}, 404, "NOT_FOUND"},
	} {
		got := s.client.do("PUT", "/profile/devices", test.body)
		if got.status != test.status || got.body != test.want {
			t.Errorf("%s: got %d %q, want %d %s", test.name, got.status, got.body, test.status, test.want)
		}
	}
	s.client.do("DELETE", "/profile/devices", "{}").wantError(400, "DEVICE_ID_REQUIRED")
}

func TestAssignSaysForEachDeviceHowItWent(t *testing.T) {
	s := newSchool(t, 6, 5)
	n := s.SerialNumbers()
	_, err := s.AddFaults(
		apple.Fault{Kind: apple.FaultThrottled, Serials: []string{n[1]}, RetryAfterSeconds: 3600},
		apple.Fault{Kind: apple.FaultFailed, Serials: []string{n[2]}},
		apple.Fault{Kind: apple.FaultNotAccessible, Serials: []string{n[3]}},
	)
	must(t, err)
	uuid := s.client.define("Carts")
	got := s.client.assign(uuid, append(n, "NOSUCHDEVICE")...)
	same(t, "results", got.Devices, map[string]string{
		n[0]: "SUCCESS", n[1]: "THROTTLED", n[2]: "FAILED", n[3]: "NOT_ACCESSIBLE", n[4]: "SUCCESS",
		n[5]: "NOT_ACCESSIBLE", "NOSUCHDEVICE": "NOT_ACCESSIBLE",
	})
	for i, want := range []string{uuid, "", "", "", uuid, ""} {
		device, err := s.Device(n[i])
		must(t, err)
		equal(t, "profile of device "+n[i], device.ProfileUUID, want)
	}
}

func TestDeviceNamedTwiceInACallIsTakenOnce(t *testing.T) {
	s := newSchool(t, 1, 1)
	serial, uuid, cursor := s.SerialNumbers()[0], s.client.define("Carts"), s.client.fetchEnd()
	s.client.assign(uuid, serial, serial)
	same(t, "changes", s.client.sync(cursor).changes(), []string{serial + " modified " + uuid})
}

func TestThrottledByProtocolVersion(t *testing.T) {
	s := newSchool(t, 1, 1)
	serial := s.SerialNumbers()[0]
	_, err := s.AddFaults(apple.Fault{Kind: apple.FaultThrottled, RetryAfterSeconds: 900})
	must(t, err)
	uuid := s.client.define("Carts")
	for version, want := range map[string]string{
		"8": `{%q:"FAILED"}}`, "9": `{%q:"THROTTLED"}}`, "10": `{%q:"THROTTLED"},"retry_after_seconds":900}`,
	} {
		s.client.header.Set("X-Server-Protocol-Version", version)
		got := s.client.do("POST", "/profile/devices", map[string]any{"profile_uuid": uuid, "devices": []string{serial}})
		equal(t, "version "+version, got.body, fmt.Sprintf(`{"profile_uuid":%q,"devices":`+want, uuid, serial))
	}
}

func TestThrottlingEndsOnTheVirtualClock(t *testing.T) {
	s := newSchool(t, 1, 1)
	serial, uuid := s.SerialNumbers()[0], s.client.define("Carts")
	_, err := s.AddFaults(apple.Fault{Kind: apple.FaultThrottled, For: apple.Duration(time.Hour)})
	must(t, err)
	must(t, s.AdvanceClock(time.Hour-time.Second))
	s.client.renew()
	equal(t, "within the hour", s.client.assign(uuid, serial).Devices[serial], "THROTTLED")
	must(t, s.AdvanceClock(time.Second))
	equal(t, "after the hour", s.client.assign(uuid, serial).Devices[serial], "SUCCESS")
}

func TestRemoveTakesABodyAndIgnoresItsProfile(t *testing.T) {
	s := newSchool(t, 2, 2)
	n, uuid := s.SerialNumbers(), s.client.define("Carts")
	s.client.assign(uuid, n[0])
	var got assignment
	s.client.do("DELETE", "/profile/devices", map[string]any{
		"profile_uuid": "ANOTHER", "devices": []string{n[0], n[1], "NOSUCHDEVICE"},
	}).decode(&got)
	same(t, "results", got.Devices, map[string]string{n[0]: "SUCCESS", n[1]: "SUCCESS", "NOSUCHDEVICE": "NOT_ACCESSIBLE"})
	for i, want := range []string{"removed", "empty"} {
		device, err := s.Device(n[i])
		must(t, err)
		equal(t, "status of "+n[i], device.ProfileUUID+device.ProfileStatus, want)
	}
}

func TestMoreThan1000InOneAssignAreTakenAndCountedAsAViolation(t *testing.T) {
	s := newSchool(t, 1001, 1001)
	uuid := s.client.define("Carts")
	s.client.assign(uuid, s.SerialNumbers()[:1000]...)
	equal(t, "violations at 1000", len(s.Requests(false).Violations), 0)
	got := s.client.assign(uuid, s.SerialNumbers()...)
	equal(t, "results", len(got.Devices), 1001)
	ledger := s.Requests(true)
	equal(t, "violations at 1001", len(ledger.Violations), 1)
	equal(t, "kind", ledger.Violations[0].Kind, apple.ViolationAssign)
	equal(t, "largest", ledger.MaxAssignDevices, 1001)
	equal(t, "sends of the first", ledger.AssignSends[s.SerialNumbers()[0]], 2)
	equal(t, "sends of the last", ledger.AssignSends[s.SerialNumbers()[1000]], 1)
}

func TestActivatedDeviceTakesANewProfileOnlyAfterErase(t *testing.T) {
	s := newSchool(t, 1, 1)
	serial := s.SerialNumbers()[0]
	first, second := s.client.define("First"), s.client.define("Second")
	s.client.assign(first, serial)
	must(t, s.AdvanceClock(time.Minute))
	must(t, s.Activate(serial))
	want := func(step, uuid, status, running string) {
		t.Helper()
		device, err := s.Device(serial)
		must(t, err)
		equal(t, step, fmt.Sprint(device.ProfileUUID, device.ProfileStatus, device.RunningProfile), uuid+status+running)
	}
	want("activated", first, "pushed", first)
	s.client.assign(second, serial)
	want("assigned anew", second, "assigned", first)
	if err := s.Activate(serial); err == nil {
		t.Error("a device can be activated twice without being erased")
	}
	must(t, s.Erase(serial))
	want("erased", second, "assigned", "")
	must(t, s.Activate(serial))
	want("activated again", second, "pushed", second)
}

func TestPushTimeIsThatOfTheActivation(t *testing.T) {
	s := newSchool(t, 1, 1)
	s.client.assign(s.client.define("Carts"), s.SerialNumbers()[0])
	must(t, s.AdvanceClock(time.Minute))
	must(t, s.Activate(s.SerialNumbers()[0]))
	got := s.client.page("/server/devices", "", 0).Devices[0]
	equal(t, "profile_assign_time", got["profile_assign_time"], any("2026-08-24T07:30:00Z"))
	equal(t, "profile_push_time", got["profile_push_time"], any("2026-08-24T07:31:00Z"))
}

func TestDeviceWithoutProfileActivatesWithoutOne(t *testing.T) {
	s := newSchool(t, 1, 1)
	must(t, s.Activate(s.SerialNumbers()[0]))
	device, err := s.Device(s.SerialNumbers()[0])
	must(t, err)
	equal(t, "status", device.ProfileStatus, "empty")
	equal(t, "activated", device.Activated, true)
}
