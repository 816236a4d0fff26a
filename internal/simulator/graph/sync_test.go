package graph_test

import (
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/graph"
)

// sync asks for a sync and waits for its end.
func (s *tenant) sync(token string) {
	s.t.Helper()
	s.want(204, "POST", syncPath(token), nil)
	s.advance(16 * time.Minute)
}

func syncPath(token string) string {
	return tokensPath + "/" + token + "/syncWithAppleDeviceEnrollmentProgram"
}

func (s *tenant) lastGood(token string) string {
	return s.get(tokensPath + "/" + token).text("lastSuccessfulSyncDateTime")
}

func TestASyncEndsLaterAndTakesTimeByTheDevice(t *testing.T) {
	s, token := withToken(t, 12_000)
	s.want(204, "POST", syncPath(token.ID), nil)
	before := s.lastGood(token.ID)
	if got := s.get(tokensPath + "/" + token.ID).text("lastSyncTriggeredDateTime"); got != "2026-08-24T07:30:00Z" {
		t.Errorf("lastSyncTriggeredDateTime: got %s", got)
	}
	s.advance(4*time.Minute - time.Second)
	if got := s.lastGood(token.ID); got != before {
		t.Errorf("too early: %s", got)
	}
	s.advance(time.Second)
	if got := s.lastGood(token.ID); got != "2026-08-24T07:34:00Z" {
		t.Errorf("12,000 devices take four minutes: %s", got)
	}
}

func TestASyncAskedForTooEarlyIsRefused(t *testing.T) {
	s, token := withToken(t, 0)
	s.want(204, "POST", syncPath(token.ID), nil)
	s.advance(15*time.Minute - time.Second)
	a := s.refused(429, "Try again later", "POST", syncPath(token.ID), nil)
	if a.text("error", "code") != "TooManyRequests" || a.header.Get("Retry-After") != "" {
		t.Errorf("refusal: %s, Retry-After %q", a.raw, a.header.Get("Retry-After"))
	}
	s.set(func(c *graph.Settings) { c.TooEarlyStatus = 400 })
	s.refused(400, "Try again later", "POST", syncPath(token.ID), nil)
	if v := s.Requests(false).Violations; len(v) != 2 || v[0].Kind != graph.ViolationEarlySync {
		t.Errorf("violations: %v", v)
	}
	s.advance(time.Second)
	s.want(204, "POST", syncPath(token.ID), nil)
	id := s.newToken("awaiting")
	s.refused(400, "not been uploaded", "POST", syncPath(id), nil)
}

func TestASyncBringsNewDevicesTheDefaultOfTheirPlatform(t *testing.T) {
	s := newTenant(t, 300)
	token, err := s.AddToken(graph.TokenSeed{Name: "District", Devices: 100})
	must(t, err)
	id := s.profile(token.ID, nil)
	s.want(204, "POST", profiles(token.ID)+"/"+id+"/setDefaultProfile", nil)
	_, err = s.Apple().AssignDevices(token.ServerID, apple.Selection{Count: 100})
	must(t, err)
	s.sync(token.ID)
	rows := s.get(devices(token.ID)).values()
	if len(rows) != 200 {
		t.Fatalf("%d rows, want 200", len(rows))
	}
	truth := s.truth()
	for i, row := range rows {
		want := ""
		if i >= 100 && row["platform"] == "ios" {
			want = "Classroom"
		}
		if serial := row["serialNumber"].(string); truth[serial] != want || (row["requestedEnrollmentProfileId"] == id) != (want != "") {
			t.Errorf("row %d (%v): Apple has %q, the row %v, want %q", i, row["platform"], truth[serial], row["requestedEnrollmentProfileId"], want)
		}
	}
	if got := s.get(tokensPath + "/" + token.ID).at("syncedDeviceCount"); got != 200.0 {
		t.Errorf("syncedDeviceCount: got %v", got)
	}
}

func TestADeletedDefaultIsNobodysDefault(t *testing.T) {
	s := newTenant(t, 5)
	token, err := s.AddToken(graph.TokenSeed{Name: "District"})
	must(t, err)
	id := s.profile(token.ID, nil)
	s.want(204, "POST", profiles(token.ID)+"/"+id+"/setDefaultProfile", nil)
	s.want(204, "DELETE", profiles(token.ID)+"/"+id, nil)
	_, err = s.Apple().AssignDevices(token.ServerID, apple.Selection{Count: 5})
	must(t, err)
	s.sync(token.ID)
	for serial, name := range s.truth() {
		if name != "" {
			t.Errorf("device %s got %q", serial, name)
		}
	}
}

func TestReleasedDevicesAreMarkedAndDroppedLater(t *testing.T) {
	s, token := withToken(t, 4)
	gone := s.serials(token.ID)[1]
	id := s.profile(token.ID, nil)
	s.assign(token.ID, id, gone)
	_, err := s.Apple().UnassignDevices(token.ServerID, apple.Selection{SerialNumbers: []string{gone}})
	must(t, err)
	if s.device(token.ID, gone)["isDeleted"] != false {
		t.Error("marked before the sync")
	}
	s.sync(token.ID)
	if s.device(token.ID, gone)["isDeleted"] != true || s.get(tokensPath+"/"+token.ID).at("syncedDeviceCount") != 3.0 {
		t.Error("not marked by the sync")
	}
	_, err = s.Apple().AssignDevices(token.ServerID, apple.Selection{SerialNumbers: []string{gone}})
	must(t, err)
	s.sync(token.ID)
	if row := s.device(token.ID, gone); row["isDeleted"] != false || row["requestedEnrollmentProfileId"] != "" {
		t.Errorf("back again: %v", row)
	}
	_, err = s.Apple().UnassignDevices(token.ServerID, apple.Selection{SerialNumbers: []string{gone}})
	must(t, err)
	s.sync(token.ID)
	s.advance(29 * 24 * time.Hour)
	s.sync(token.ID)
	if n := len(s.get(devices(token.ID)).values()); n != 4 {
		t.Errorf("after 29 days: %d rows, want 4", n)
	}
	s.advance(24 * time.Hour)
	s.sync(token.ID)
	if n := len(s.get(devices(token.ID)).values()); n != 3 {
		t.Errorf("after 30 days: %d rows, want 3", n)
	}
}

func TestADeviceThatLeftAndCameBackBetweenSyncsIsNew(t *testing.T) {
	s, token := withToken(t, 1)
	serial := s.serials(token.ID)[0]
	s.assign(token.ID, s.profile(token.ID, nil), serial)
	s.advance(time.Hour)
	_, err := s.Apple().UnassignDevices(token.ServerID, apple.Selection{SerialNumbers: []string{serial}})
	must(t, err)
	_, err = s.Apple().AssignDevices(token.ServerID, apple.Selection{SerialNumbers: []string{serial}})
	must(t, err)
	s.sync(token.ID)
	if got := s.device(token.ID, serial)["requestedEnrollmentProfileId"]; got != "" {
		t.Errorf("Apple has dropped its profile, the row says %v", got)
	}
}

func TestASyncThatAppleRefusesLeavesAnErrorCode(t *testing.T) {
	for name, test := range map[string]struct {
		break_, mend func(*tenant, graph.Token)
		code         float64
	}{
		"terms": {
			func(s *tenant, _ graph.Token) { s.Apple().SetTerms(false) },
			func(s *tenant, _ graph.Token) { s.Apple().SetTerms(true) }, 3,
		},
		"revoked": {
			func(s *tenant, token graph.Token) { must(s.t, s.Apple().RevokeToken(token.ServerID)) },
			func(s *tenant, token graph.Token) { s.upload(token.ID, s.download(token.ServerID)) }, 7,
		},
		"replaced": {
			func(s *tenant, token graph.Token) { s.download(token.ServerID) },
			func(s *tenant, token graph.Token) { s.upload(token.ID, s.download(token.ServerID)) }, 7,
		},
		"expired": {
			func(s *tenant, _ graph.Token) { s.advance(366 * 24 * time.Hour) },
			func(s *tenant, token graph.Token) { s.upload(token.ID, s.download(token.ServerID)) }, 7,
		},
		"deleted": {
			func(s *tenant, token graph.Token) { must(s.t, s.Apple().DeleteServer(token.ServerID)) }, nil, 7,
		},
	} {
		s, token := withToken(t, 2)
		s.set(func(c *graph.Settings) { c.TokenErrorCode = 7 })
		before := s.lastGood(token.ID)
		test.break_(s, token)
		s.sync(token.ID)
		got := s.get(tokensPath + "/" + token.ID)
		if got.at("lastSyncErrorCode") != test.code || got.text("lastSuccessfulSyncDateTime") != before {
			t.Errorf("%s: %s", name, got.raw)
		}
		if test.mend == nil {
			continue
		}
		test.mend(s, token)
		s.advance(16 * time.Minute)
		if s.get(tokensPath+"/"+token.ID).at("lastSyncErrorCode") != 0.0 {
			s.sync(token.ID)
		}
		if got := s.get(tokensPath + "/" + token.ID); got.at("lastSyncErrorCode") != 0.0 {
			t.Errorf("%s, mended: %s", name, got.raw)
		}
	}
}

func TestAFullSyncComesAfterSevenDaysOrAFailure(t *testing.T) {
	s, token := withToken(t, 1)
	s.ClearRequests()
	s.sync(token.ID)
	s.advance(7 * 24 * time.Hour)
	s.sync(token.ID)
	s.sync(token.ID)
	s.Apple().SetTerms(false)
	s.sync(token.ID)
	s.Apple().SetTerms(true)
	s.sync(token.ID)
	var full []bool
	for _, done := range s.Requests(false).Syncs {
		full = append(full, done.Full)
	}
	if want := []bool{false, true, false, true}; len(full) != 4 || full[0] != want[0] || full[1] != want[1] || full[2] != want[2] || full[3] != want[3] {
		t.Errorf("full syncs: got %v, want %v", full, want)
	}
}

func TestIntuneSyncsByItself(t *testing.T) {
	s, token := withToken(t, 1)
	s.advance(30 * time.Hour)
	if got := s.lastGood(token.ID); got != "2026-08-24T06:30:00Z" {
		t.Errorf("off: %s", got)
	}
	s.set(func(c *graph.Settings) { c.AutomaticSync = graph.Duration(12 * time.Hour) })
	s.advance(0)
	if got := s.lastGood(token.ID); got != "2026-08-25T06:30:30Z" {
		t.Errorf("on: %s", got)
	}
}

func TestWhatASyncFindsShowsLate(t *testing.T) {
	s := newTenant(t, 2)
	token, err := s.AddToken(graph.TokenSeed{Name: "District"})
	must(t, err)
	s.set(func(c *graph.Settings) { c.VisibleAfter.Devices = graph.Duration(time.Hour) })
	_, err = s.Apple().AssignDevices(token.ServerID, apple.Selection{Count: 2})
	must(t, err)
	s.sync(token.ID)
	if got := s.get(tokensPath + "/" + token.ID).at("syncedDeviceCount"); got != 2.0 {
		t.Errorf("syncedDeviceCount: got %v", got)
	}
	if n := len(s.get(devices(token.ID)).values()); n != 0 {
		t.Errorf("at once: %d rows, want 0", n)
	}
	s.advance(time.Hour)
	if n := len(s.get(devices(token.ID)).values()); n != 2 {
		t.Errorf("an hour later: %d rows, want 2", n)
	}
}
