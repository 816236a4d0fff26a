package apple_test

import (
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

// credentials are those of the school's newest server token.
func credentials(token serverToken) apple.Credentials {
	return apple.Credentials{
		ConsumerKey: token.ConsumerKey, ConsumerSecret: token.ConsumerSecret,
		AccessToken: token.AccessToken, AccessSecret: token.AccessSecret,
	}
}

func TestANeighbourLearnsWhatATokenIsWorth(t *testing.T) {
	s := newSchool(t, 0, 0)
	old := credentials(s.download())
	current := credentials(s.download())
	forged := current
	forged.AccessSecret = "AS_wrong"
	standing := func(c apple.Credentials, want apple.Standing) {
		t.Helper()
		if got := s.StandingOf(c); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	standing(current, apple.StandingValid)
	standing(old, apple.StandingReplaced)
	standing(forged, apple.StandingUnknown)
	if id, found := s.ServerOf(old); !found || id != s.server.ID {
		t.Errorf("a replaced token's server: %q, %t", id, found)
	}
	if _, found := s.ServerOf(forged); found {
		t.Error("a forged token has a server")
	}
	s.SetTerms(false)
	standing(current, apple.StandingTermsNotSigned)
	s.SetTerms(true)
	must(t, s.AdvanceClock(366*24*time.Hour))
	standing(current, apple.StandingExpired)
	fresh := credentials(s.download())
	must(t, s.RevokeToken(s.server.ID))
	standing(fresh, apple.StandingRevoked)
	must(t, s.DeleteServer(s.server.ID))
	standing(fresh, apple.StandingUnknown)
}

func TestANeighbourDefinesAndAssignsAsOnTheWire(t *testing.T) {
	s := newSchool(t, 6, 4)
	listed, err := s.ServerDevices(s.server.ID)
	must(t, err)
	if len(listed) != 4 || listed[0].SerialNumber == "" || listed[0].OS == "" || !listed[0].AssignedAt.Equal(opening) {
		t.Fatalf("listed: %+v", listed)
	}
	uuid, err := s.DefineProfile(s.server.ID, []byte(`{"profile_name":"Room 1","url":"https://mdm.school.example/enroll"}`))
	must(t, err)
	serials := []string{listed[0].SerialNumber, listed[1].SerialNumber, listed[2].SerialNumber, listed[3].SerialNumber, s.SerialNumbers()[5]}
	_, err = s.AddFaults(
		apple.Fault{Kind: apple.FaultThrottled, Serials: serials[1:2]}, apple.Fault{Kind: apple.FaultFailed, Serials: serials[2:3]},
		apple.Fault{Kind: apple.FaultMissing, Serials: serials[3:4]},
	)
	must(t, err)
	results, err := s.GiveProfile(s.server.ID, uuid, serials)
	must(t, err)
	for i, want := range []string{"SUCCESS", "THROTTLED", "FAILED", "SUCCESS", "NOT_ACCESSIBLE"} {
		if results[serials[i]] != want {
			t.Errorf("device %d: got %s, want %s", i, results[serials[i]], want)
		}
		device, err := s.Device(serials[i])
		must(t, err)
		if (device.ProfileUUID == uuid) != (want == "SUCCESS") {
			t.Errorf("device %d has the profile %q", i, device.ProfileUUID)
		}
	}
	if listed, err = s.ServerDevices(s.server.ID); err != nil || len(listed) != 3 {
		t.Errorf("with a missing device: %d, %v", len(listed), err)
	}
	if sends := s.Requests(true).AssignSends[serials[0]]; sends != 1 {
		t.Errorf("the ledger has %d sends, want 1", sends)
	}
}

func TestANeighbourIsRefusedAsOnTheWire(t *testing.T) {
	s := newSchool(t, 1, 1)
	for name, body := range map[string]string{
		"no name": `{"url":"https://mdm.school.example/enroll"}`, "no JSON": `{`,
		"not supervised": `{"profile_name":"x","url":"https://mdm.school.example/enroll","is_mdm_removable":false}`,
	} {
		if _, err := s.DefineProfile(s.server.ID, []byte(body)); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if _, err := s.GiveProfile(s.server.ID, "no such profile", s.SerialNumbers()); err == nil {
		t.Error("an unknown profile was assigned")
	}
	for name, call := range map[string]func() error{
		"devices": func() error { _, err := s.ServerDevices("x"); return err },
		"define":  func() error { _, err := s.DefineProfile("x", nil); return err },
		"give":    func() error { _, err := s.GiveProfile("x", "y", nil); return err },
		"disown":  func() error { _, err := s.Disown("x", nil); return err },
	} {
		if call() == nil {
			t.Errorf("%s on an unknown server was taken", name)
		}
	}
}

func TestANeighbourSeesWhatDevicesDid(t *testing.T) {
	s := newSchool(t, 3, 3)
	serials := s.SerialNumbers()
	uuid, err := s.DefineProfile(s.server.ID, []byte(`{"profile_name":"Room 1","url":"https://mdm.school.example/enroll"}`))
	must(t, err)
	_, err = s.GiveProfile(s.server.ID, uuid, serials[:1])
	must(t, err)
	must(t, s.Activate(serials[0]))
	must(t, s.Activate(serials[1]))
	got := s.Enrollments(append(serials, "unknown"))
	want := []apple.Enrollment{{Activated: true, ProfileUUID: uuid, PushedAt: opening}, {Activated: true}, {}, {}}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("device %d: got %+v, want %+v", i, got[i], want[i])
		}
	}
	results, err := s.Disown(s.server.ID, serials[2:])
	must(t, err)
	device, err := s.Device(serials[2])
	must(t, err)
	if results[serials[2]] != "SUCCESS" || !device.Disowned {
		t.Errorf("disowned: %v, %t", results, device.Disowned)
	}
}
