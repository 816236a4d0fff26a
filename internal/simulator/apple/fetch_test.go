package apple_test

import (
	"encoding/base64"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

func TestFetchGivesEveryDeviceOfTheServerOnceInOrderOfAssignment(t *testing.T) {
	s := newSchool(t, 300, 150)
	last := s.SerialNumbers()[299]
	must(t, s.AdvanceClock(time.Minute))
	_, err := s.AssignDevices(s.server.ID, apple.Selection{SerialNumbers: []string{last}})
	must(t, err)
	var got []string
	for _, p := range s.client.fetchAll(40) {
		got = append(got, p.serials()...)
	}
	same(t, "serial numbers", got, append(s.SerialNumbers()[:150], last))
}

func TestFetchPagesAreCutByLimit(t *testing.T) {
	s := newSchool(t, 1500, 1500)
	for _, test := range []struct{ limit, want int }{
		{0, 100}, {-5, 100}, {1, 1}, {250, 250}, {1000, 1000}, {5000, 1000},
	} {
		equal(t, "devices in a page", len(s.client.page("/server/devices", "", test.limit).Devices), test.want)
	}
	must(t, s.UpdateSettings(func(c *apple.Settings) error { c.LimitDefault, c.LimitMaximum = 700, 1200; return nil }))
	equal(t, "with another default", len(s.client.page("/server/devices", "", 0).Devices), 700)
	equal(t, "with another maximum", len(s.client.page("/server/devices", "", 5000).Devices), 1200)
}

func TestFetchSaysMoreToFollowUntilTheLastPage(t *testing.T) {
	s := newSchool(t, 250, 250)
	var more []bool
	for _, p := range s.client.fetchAll(125) {
		more = append(more, p.More)
		equal(t, "fetched_until", *p.FetchedUntil, opening)
	}
	same(t, "more_to_follow", more, []bool{true, false}) // no empty page at the end
}

func TestFetchOfAnEmptyServer(t *testing.T) {
	got := newSchool(t, 0, 0).client.do("POST", "/server/devices", "{}").wantStatus(200)
	want := regexp.MustCompile(
		`^\{"devices":\[\],"fetched_until":"2026-08-24T07:30:00Z","more_to_follow":false,"cursor":"[A-Za-z0-9+/]+"\}$`)
	if !want.MatchString(got.body) {
		t.Errorf("got %s", got.body)
	}
}

// A recorded cursor is MDowOjE1MzY0Mjc2OTg5MTQ6MTUzNjQyNzY5ODkxNDp0cnVlOjE1MzY0Mjc2OTg5MTQ.
func TestCursorHasTheShapeOfTheRecordings(t *testing.T) {
	s := newSchool(t, 250, 250)
	pages := s.client.fetchAll(200)
	for i, want := range []string{
		`^200:0:1787556600000:1787556600000:false:\d{13}$`,
		`^0:0:1787556600000:1787556600000:true:\d{13}$`,
	} {
		plain, err := base64.RawStdEncoding.DecodeString(pages[i].Cursor)
		must(t, err)
		if !regexp.MustCompile(want).Match(plain) {
			t.Errorf("cursor of page %d: got %q, want a match of %s", i, plain, want)
		}
	}
	equal(t, "length of the last cursor", len(pages[1].Cursor), 67)
}

func TestFetchCanBeResumedFromAStoredCursor(t *testing.T) {
	s := newSchool(t, 300, 300)
	first := s.client.page("/server/devices", "", 100)
	second := s.client.page("/server/devices", first.Cursor, 100)
	must(t, s.AdvanceClock(time.Hour))
	s.client.renew()
	again := s.client.page("/server/devices", first.Cursor, 100)
	same(t, "the page again", again.serials(), second.serials())
	equal(t, "full fetches", len(s.Requests(false).FetchChains), 1)
}

func TestFetchWithAFinishedCursorIsExhausted(t *testing.T) {
	s := newSchool(t, 30, 30)
	end := s.client.fetchEnd()
	s.client.do("POST", "/server/devices", map[string]any{"cursor": end}).wantError(400, "EXHAUSTED_CURSOR")
	synced := s.client.sync(end).Cursor // clients start with their sync cursor, too
	s.client.do("POST", "/server/devices", map[string]any{"cursor": synced}).wantError(400, "EXHAUSTED_CURSOR")
	must(t, s.AdvanceClock(30*24*time.Hour))
	s.client.renew()
	s.client.do("POST", "/server/devices", map[string]any{"cursor": end}).wantError(400, "EXHAUSTED_CURSOR")
}

func TestCursorErrors(t *testing.T) {
	s := newSchool(t, 300, 300)
	other, err := s.CreateServer("Other", schoolKey().pem)
	must(t, err)
	unfinished := s.client.page("/server/devices", "", 100).Cursor
	end := s.client.fetchEnd()
	file, err := s.ServerToken(other.ID)
	must(t, err)
	stranger := s.login(openToken(t, file, schoolKey()))
	for _, test := range []struct {
		name, path, cursor, want string
		as                       *client
	}{
		{"garbage on fetch", "/server/devices", "garbage", "INVALID_CURSOR", s.client},
		{"garbage on sync", "/devices/sync", "garbage", "INVALID_CURSOR", s.client},
		{"over 1000 characters", "/devices/sync", string(make([]byte, 1001)), "INVALID_CURSOR", s.client},
		{"none on sync", "/devices/sync", "", "CURSOR_REQUIRED", s.client},
		{"unfinished on sync", "/devices/sync", unfinished, "INVALID_CURSOR", s.client},
		{"of another server on fetch", "/server/devices", unfinished, "INVALID_CURSOR", stranger},
		{"of another server on sync", "/devices/sync", end, "INVALID_CURSOR", stranger},
	} {
		got := test.as.do("POST", test.path, map[string]any{"cursor": test.cursor})
		if got.status != 400 || got.body != test.want {
			t.Errorf("%s: got %d %q, want 400 %s", test.name, got.status, got.body, test.want)
		}
	}
}

func TestCursorIsGoodForSevenDays(t *testing.T) {
	s := newSchool(t, 300, 300)
	unfinished := s.client.page("/server/devices", "", 100).Cursor
	end := s.client.fetchEnd()
	must(t, s.AdvanceClock(7*24*time.Hour))
	s.client.renew()
	s.client.sync(end)
	s.client.page("/server/devices", unfinished, 100)
	must(t, s.AdvanceClock(time.Second))
	s.client.do("POST", "/devices/sync", map[string]any{"cursor": end}).wantError(400, "EXPIRED_CURSOR")
	s.client.do("POST", "/server/devices", map[string]any{"cursor": unfinished}).wantError(400, "INVALID_CURSOR")
}

func TestFetchLeavesOutWhatLeftMeanwhileAndSyncCatchesUp(t *testing.T) {
	s := newSchool(t, 31, 30)
	all := s.SerialNumbers()
	first := s.client.page("/server/devices", "", 10)
	_, err := s.UnassignDevices(s.server.ID, apple.Selection{SerialNumbers: []string{all[0], all[20]}})
	must(t, err)
	_, err = s.AssignDevices(s.server.ID, apple.Selection{SerialNumbers: []string{all[30]}})
	must(t, err)
	second := s.client.page("/server/devices", first.Cursor, 1000)
	if slices.Contains(second.serials(), all[20]) || slices.Contains(second.serials(), all[30]) || second.More {
		t.Errorf("second page has %v, more %t: want neither %s nor %s", second.serials(), second.More, all[20], all[30])
	}
	same(t, "sync", s.client.sync(second.Cursor).changes(),
		[]string{all[0] + " deleted", all[20] + " deleted", all[30] + " added"})
}

func TestFetchHasNoOperations(t *testing.T) {
	s := newSchool(t, 5, 5)
	for _, d := range s.client.page("/server/devices", "", 0).Devices {
		if _, has := d["op_type"]; has || d["op_date"] != nil {
			t.Errorf("fetch shows op_type or op_date: %v", d)
		}
	}
}
