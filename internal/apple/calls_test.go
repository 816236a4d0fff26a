package apple_test

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/apple"
)

func day(d int) time.Time { return time.Date(2026, 2, d, 0, 0, 0, 0, time.UTC) }

func check[T any](t *testing.T, f *fake, got T, err error, want T, method, uri, body string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	last := f.calls[len(f.calls)-1]
	if last.method != method || last.uri != uri || last.body != body {
		t.Errorf("asked %s %s %s\nwant  %s %s %s", last.method, last.uri, last.body, method, uri, body)
	}
}

func TestAccount(t *testing.T) {
	t.Parallel()
	f := &fake{answer: golden(t, "account.json")}
	account, err := start(t, f).Account(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if account.OrgType != apple.OrgTypeEducation || account.AdminID != "it@school.example" || account.OrgName != "District" {
		t.Errorf("%+v", account)
	}
	for path, want := range map[string][2]int{"/server/devices": {1000, 1000}, "/devices/sync": {100, 1000}, "/session": {100, 1000}} {
		if d, m := account.Limit(path); d != want[0] || m != want[1] {
			t.Errorf("%s: %d, %d", path, d, m)
		}
	}
}

func TestDevicePages(t *testing.T) {
	t.Parallel()
	want := apple.Page{
		Cursor: "MDowOjE1MzY0", FetchedUntil: day(5), MoreToFollow: true,
		Devices: []apple.Device{{
			SerialNumber: "DMPXX001", Description: "IPAD 10TH GEN WI-FI 64GB SILVER", Model: "iPad (10th generation)",
			Color: "SILVER", AssetTag: "cart \"7\" é", DeviceFamily: "iPad", OS: "iPadOS",
			DeviceAssignedDate: time.Date(2026, 2, 1, 10, 11, 12, 0, time.UTC), DeviceAssignedBy: "it@school.example",
			ProfileStatus: apple.ProfilePushed, ProfileUUID: "88FC4E378FED4E3F8E3E0D7C5A5C0A11", ProfileAssignTime: day(2),
			ProfilePushTime: day(3), OpType: apple.OpModified, OpDate: day(4),
			MDMMigrationDeadline: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), WiFiMACAddress: "00:11:22:33:44:55",
			BluetoothMACAddress: "00:11:22:33:44:56", EthernetMACAddress: "00:11:22:33:44:57", EID: "89049032",
			IMEI: []string{"35", "36"}, MEID: []string{"A1"}, IsReplacementDevice: true, ReleasedByReplacement: true,
		}, {
			SerialNumber: "DMPXX002", ProfileStatus: apple.ProfileEmpty, OpType: apple.OpDeleted,
			OpDate: day(4).Add(123 * time.Millisecond),
		}},
	}
	f := &fake{answer: golden(t, "page.json")}
	s := start(t, f)
	page, err := s.FetchDevices(t.Context(), "", 0)
	check(t, f, page, err, want, "POST", "/server/devices", `{}`)
	page, err = s.SyncDevices(t.Context(), "C", 1000)
	check(t, f, page, err, want, "POST", "/devices/sync", `{"cursor":"C","limit":1000}`)
	f.answer = golden(t, "empty_page.json")
	page, err = s.SyncDevices(t.Context(), "C", 0)
	check(t, f, page, err, apple.Page{Devices: []apple.Device{}, Cursor: "MTowOjE1MzY0"}, "POST", "/devices/sync", `{"cursor":"C"}`)
}

func TestDeviceCalls(t *testing.T) {
	t.Parallel()
	f := &fake{answer: golden(t, "details.json")}
	s := start(t, f)
	details, err := s.DeviceDetails(t.Context(), []string{"DMPXX001", "DMPXX009"})
	check(t, f, details, err, map[string]apple.Device{
		"DMPXX001": {SerialNumber: "DMPXX001", Model: "iPad", ResponseStatus: apple.StatusSuccess},
		"DMPXX009": {ResponseStatus: apple.StatusNotAccessible},
	}, "POST", "/devices", `{"devices":["DMPXX001","DMPXX009"]}`)

	f.answer = []byte(`{"devices":{"A":"SUCCESS"}}`)
	disowned, err := s.Disown(t.Context(), []string{"A"})
	check(t, f, disowned, err, map[string]apple.DeviceStatus{"A": apple.StatusSuccess}, "POST", "/devices/disown", `{"devices":["A"]}`)

	f.answer = []byte(`{"serial_number":"A","response_status":"DEVICE_ALREADY_LOCKED"}`)
	lock, err := s.ActivationLock(t.Context(), apple.ActivationLock{Device: "A", LostMessage: "call"})
	check(t, f, lock, err, apple.ActivationLockResult{SerialNumber: "A", ResponseStatus: apple.StatusDeviceAlreadyLocked},
		"POST", "/device/activationlock", `{"device":"A","lost_message":"call"}`)

	f.answer = []byte(`{"serial_number":"A","original_device_serial_number":"B","replacement_date":"2026-02-01"}`)
	replacement, err := s.ReplacementDetails(t.Context(), "A&b")
	check(t, f, replacement, err, apple.Replacement{SerialNumber: "A", OriginalSerialNumber: "B", Date: "2026-02-01"},
		"GET", "/device/replacementDetails?device=A%26b", "")

	f.answer = []byte(`{"betaEnrollmentTokens":[{"os":"iOS","title":"iOS 27","token":"t"}],"seedBuildTokens":[]}`)
	beta, err := s.BetaEnrollmentTokens(t.Context())
	check(t, f, beta, err, []apple.BetaEnrollmentToken{{OS: "iOS", Title: "iOS 27", Token: "t"}}, "GET", "/os-beta-enrollment/tokens", "")
}

func TestProfileCalls(t *testing.T) {
	t.Parallel()
	const uuid = "88FC4E378FED4E3F8E3E0D7C5A5C0A11"
	yes, no := true, false
	f := &fake{answer: golden(t, "define.json")}
	s := start(t, f)
	defined, err := s.DefineProfile(t.Context(), apple.Profile{
		ProfileName: "Classroom", URL: "https://mdm.school.example/?a=1&b=2", IsMDMRemovable: &no, SkipSetupItems: []string{},
	})
	check(t, f, defined, err, apple.DefinedProfile{
		ProfileUUID: uuid, Devices: map[string]apple.DeviceStatus{"DMPXX001": "SUCCESS", "DMPXX002": "FAILED"},
	}, "POST", "/profile", `{"profile_name":"Classroom","url":"https://mdm.school.example/?a=1\u0026b=2","is_mdm_removable":false,"skip_setup_items":[]}`)

	f.answer = golden(t, "profile.json")
	profile, err := s.Profile(t.Context(), uuid)
	check(t, f, profile, err, apple.Profile{
		ProfileUUID: uuid, ProfileName: "Classroom", URL: "https://mdm.school.example/enroll", AllowPairing: &yes,
		IsSupervised: &yes, IsMultiUser: &no, IsMandatory: &yes, IsMDMRemovable: &no, AwaitDeviceConfigured: &yes,
		AnchorCerts: []string{}, SupervisingHostCerts: []string{}, SkipSetupItems: []string{"Siri", "Zoom"}, Department: "IT",
		SupportPhoneNumber: "555", OrgMagic: "m",
	}, "GET", "/profile?profile_uuid="+uuid, "")

	f.answer = golden(t, "assign.json")
	assigned, err := s.AssignProfile(t.Context(), uuid, []string{"DMPXX001"})
	check(t, f, assigned, err, apple.Assignment{
		ProfileUUID: uuid, RetryAfter: time.Hour,
		Devices: map[string]apple.DeviceStatus{"DMPXX001": "SUCCESS", "DMPXX002": "THROTTLED", "DMPXX003": "NOT_ACCESSIBLE"},
	}, "POST", "/profile/devices", `{"profile_uuid":"`+uuid+`","devices":["DMPXX001"]}`)

	f.answer = []byte(`{"devices":{"A":"SUCCESS"}}`)
	removed, err := s.RemoveProfile(t.Context(), []string{"A"}, "")
	check(t, f, removed, err, map[string]apple.DeviceStatus{"A": "SUCCESS"}, "DELETE", "/profile/devices", `{"devices":["A"]}`)
}

// A 200 that is not Apple's, such as the page of a web filter, must not read as an empty answer.
func TestUnexpectedAnswers(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		"", "<html>blocked</html>", "null", "[]", `{"devices":{}}`, `{"devices":[{"op_date":"yesterday"}]}`,
		`{"devices":[]} x`, `{"devices":[`, `{"devices":[{"serial_number":5}]}`, `{}`, "{\"devices\":[],\"cursor\":\"a\nb\"}",
	} {
		f := &fake{answer: []byte(body)}
		s := start(t, f)
		if _, err := s.FetchDevices(context.WithoutCancel(t.Context()), "", 0); !errors.Is(err, apple.ErrUnexpectedAnswer) {
			t.Errorf("%q: got %v", body, err)
		}
	}
	for _, body := range []string{"", "<html>blocked</html>", "null", "{}"} {
		s := start(t, &fake{answer: []byte(body)})
		for name, call := range map[string]func() error{
			"define":  func() error { _, err := s.DefineProfile(t.Context(), apple.Profile{}); return err },
			"profile": func() error { _, err := s.Profile(t.Context(), "X"); return err },
			"assign":  func() error { _, err := s.AssignProfile(t.Context(), "X", []string{"A"}); return err },
			"account": func() error { _, err := s.Account(t.Context()); return err },
			"details": func() error { _, err := s.DeviceDetails(t.Context(), []string{"A"}); return err },
			"remove":  func() error { _, err := s.RemoveProfile(t.Context(), []string{"A"}, ""); return err },
		} {
			if err := call(); !errors.Is(err, apple.ErrUnexpectedAnswer) {
				t.Errorf("%s, %q: got %v", name, body, err)
			}
		}
	}
}

func TestBaseURLIsChecked(t *testing.T) {
	t.Parallel()
	if _, err := apple.NewClient(apple.Options{BaseURL: "http://mdmenrollment.apple.com"}); err == nil {
		t.Error("http to a host was taken")
	}
}
