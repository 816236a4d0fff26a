package intune

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

const (
	fullRead   = `^GET /importedAppleDeviceIdentities\?discoverySource eq 'deviceEnrollmentProgram'$`
	singleRead = `^GET /importedAppleDeviceIdentities\?.*serialNumber eq`
)

func listDevices(t *testing.T, s *Service, filter enrollment.DeviceFilter) []enrollment.Device {
	t.Helper()
	var out []enrollment.Device
	for d, err := range s.Devices(t.Context(), fleetToken, filter) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, d)
	}
	return out
}

func serialsIn(devices []enrollment.Device) []string {
	out := []string{}
	for _, d := range devices {
		out = append(out, d.SerialNumber)
	}
	return out
}

func TestAllDevicesAreReadOnceForEverybody(t *testing.T) {
	t.Parallel()
	f, s := newFleetFake(t)
	f.pageSize = 100
	serials := f.addDevices(950)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if got := serialsIn(listDevices(t, s, enrollment.DeviceFilter{})); !slices.Equal(got, serials) {
				t.Errorf("%d devices, sorted %t", len(got), slices.IsSorted(got))
			}
		})
	}
	group.Wait()
	if n := f.count(fullRead); n != 10 {
		t.Errorf("%d pages were read, want 10", n)
	}
	s.forget(fleetToken)
	if listDevices(t, s, enrollment.DeviceFilter{}); f.count(fullRead) != 20 {
		t.Errorf("after a sync %d pages, want 20", f.count(fullRead))
	}
}

func TestASyncThatEndsDuringAReadMakesItReadAgain(t *testing.T) {
	t.Parallel()
	f, s := newFleetFake(t)
	f.addDevices(3)
	f.fault = func(r *http.Request) (int, string) {
		if f.made == 3 && strings.HasSuffix(r.URL.Path, "Identities") {
			f.made = 4
			s.forget(fleetToken)
		}
		return 0, ""
	}
	if got := listDevices(t, s, enrollment.DeviceFilter{}); len(got) != 3 || f.count(fullRead) != 2 {
		t.Errorf("%d devices, %d reads, want 2", len(got), f.count(fullRead))
	}
}

func TestWhoWaitsForAReadThatWasInterruptedReadsByItself(t *testing.T) {
	t.Parallel()
	f, s := newFleetFake(t)
	f.addDevices(3)
	fl := s.fleets.of(fleetToken)
	r, mine := fl.begin(0, f.clock())
	if !mine {
		t.Fatal("no read was begun")
	}
	go fl.end(r, nil, context.Canceled)
	if err := s.load(t.Context(), fl, 0); err != nil {
		t.Error(err)
	}
	r, _ = fl.begin(fl.next(), f.clock())
	go fl.end(r, nil, enrollment.ErrUnavailable)
	<-r.done
	if f.count(fullRead) != 1 {
		t.Errorf("%d reads", f.count(fullRead))
	}
}

func TestAnErrorOfTheDevicesIsSaid(t *testing.T) {
	t.Parallel()
	f, s := newFleetFake(t)
	f.addDevices(3)
	f.fault = func(r *http.Request) (int, string) {
		if strings.HasSuffix(r.URL.Path, "Identities") {
			return 403, `{"error":{"code":"Forbidden","message":"no"}}`
		}
		return 0, ""
	}
	for _, err := range s.Devices(t.Context(), fleetToken, enrollment.DeviceFilter{}) {
		if !errors.Is(err, enrollment.ErrPermission) || !strings.Contains(err.Error(), fleetToken) {
			t.Errorf("error %v", err)
		}
	}
}

func TestAFewDevicesAreAskedForOneByOneWhereThatIsCheaper(t *testing.T) {
	t.Parallel()
	f, s := newFleetFake(t)
	serials := f.addDevices(10)
	f.synced = 200_000
	ask := func(n int) {
		t.Helper()
		if got := listDevices(t, s, enrollment.DeviceFilter{SerialNumbers: serials[:n]}); !slices.Equal(serialsIn(got), serials[:n]) {
			t.Errorf("got %v", serialsIn(got))
		}
	}
	for range 20 {
		ask(10)
	}
	if f.count(singleRead) != 200 || f.count(fullRead) != 0 {
		t.Errorf("%d single requests and %d pages, want 200 and 0", f.count(singleRead), f.count(fullRead))
	}
	ask(1) // by now all of them would have cost as much
	if f.count(singleRead) != 200 || f.count(fullRead) != 1 {
		t.Errorf("%d single requests and %d pages, want 200 and 1", f.count(singleRead), f.count(fullRead))
	}
	ask(3)
	if f.count(fullRead) != 1 || f.count(singleRead) != 200 {
		t.Error("the view was not used")
	}
}

func TestAFewDevicesOfASmallTokenAreReadWithAll(t *testing.T) {
	t.Parallel()
	f, s := newFleetFake(t)
	serials := f.addDevices(900)
	f.set(serials[3], "isDeleted", true)
	got := serialsIn(listDevices(t, s, enrollment.DeviceFilter{SerialNumbers: []string{"NOTTHERE", " " + strings.ToLower(serials[7]), serials[3], serials[2]}}))
	if !slices.Equal(got, []string{serials[2], serials[7]}) || f.count(singleRead) != 0 || f.count(fullRead) != 1 {
		t.Errorf("got %v in %d single requests and %d pages", got, f.count(singleRead), f.count(fullRead))
	}
	if got := listDevices(t, s, enrollment.DeviceFilter{SerialNumbers: []string{}}); len(got) != 0 {
		t.Errorf("no serial number selects no device: %v", got)
	}
}

func TestAFilterThatIsIgnoredIsNoticed(t *testing.T) {
	t.Parallel()
	f, s := newFleetFake(t)
	serials := f.addDevices(10)
	f.set(serials[0], "discoverySource", "adminImport")
	f.synced, f.unfiltered, f.pageSize = 10_000, true, 4
	for _, serial := range serials[1:4] {
		if got := listDevices(t, s, enrollment.DeviceFilter{SerialNumbers: []string{serial}}); !slices.Equal(serialsIn(got), []string{serial}) {
			t.Errorf("got %v", serialsIn(got))
		}
		s.forget(fleetToken)
	}
	if f.count(singleRead) != 1 {
		t.Errorf("%d single requests, want 1: after the first it is known", f.count(singleRead))
	}
	if got := listDevices(t, s, enrollment.DeviceFilter{}); !slices.Equal(serialsIn(got), serials[1:]) {
		t.Errorf("got %v", serialsIn(got))
	}
}

func TestDevicesAreSelectedByProfilesInAnySpelling(t *testing.T) {
	t.Parallel()
	f, s := newFleetFake(t)
	classic, mirror := f.addProfile(studentsID, "Students"), f.addPolicy(policyID, "Pupils")
	f.defaults["defaultIosEnrollmentProfile"] = fleetToken + "_" + policyID
	serials := f.addDevices(5)
	f.set(serials[0], "requestedEnrollmentProfileId", strings.ToUpper(studentsID))
	f.set(serials[1], "requestedEnrollmentProfileId", classic)
	f.set(serials[2], "requestedEnrollmentProfileId", policyID)
	f.set(serials[3], "requestedEnrollmentProfileId", teachersID) // of a profile that is gone
	for name, c := range map[string]struct {
		assignment []string
		want       []string
	}{
		"any":             {nil, serials},
		"none":            {[]string{}, []string{}},
		"as listed":       {[]string{classic}, serials[:2]},
		"GUID":            {[]string{studentsID}, serials[:2]},
		"upper case":      {[]string{strings.ToUpper(classic)}, serials[:2]},
		"mirror":          {[]string{mirror}, serials[2:3]},
		"policy":          {[]string{policyID}, serials[2:3]},
		"default":         {[]string{enrollment.SelectDefault}, serials[2:3]},
		"unassigned":      {[]string{enrollment.SelectUnassigned}, serials[4:]},
		"two of them":     {[]string{enrollment.SelectUnassigned, studentsID}, []string{serials[0], serials[1], serials[4]}},
		"of another name": {[]string{"x"}, []string{}},
	} {
		if got := serialsIn(listDevices(t, s, enrollment.DeviceFilter{Assignment: c.assignment})); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
	devices := listDevices(t, s, enrollment.DeviceFilter{})
	for i, want := range []string{classic, classic, mirror, fleetToken + "_" + teachersID, ""} {
		if devices[i].ProfileID != want || devices[i].OnDefault != (i == 2) {
			t.Errorf("%s has profile %q, default %t, want %q", devices[i].SerialNumber, devices[i].ProfileID, devices[i].OnDefault, want)
		}
	}
	since := enrollment.DeviceFilter{AssignedSince: time.Date(2026, 9, 2, 0, 0, 0, 0, time.UTC)}
	f.set(serials[4], "createdDateTime", "2026-09-02T00:00:00Z")
	s.forget(fleetToken)
	if got := serialsIn(listDevices(t, s, since)); !slices.Equal(got, serials[4:]) {
		t.Errorf("since: got %v", got)
	}
}

func TestACallerMayStopEarly(t *testing.T) {
	t.Parallel()
	f, s := newFleetFake(t)
	f.addDevices(1200)
	n := 0
	for _, err := range s.Devices(t.Context(), fleetToken, enrollment.DeviceFilter{}) {
		if n++; err != nil || n == 700 {
			break
		}
	}
	if n != 700 {
		t.Errorf("%d devices", n)
	}
}

func TestTheDefaultProfile(t *testing.T) {
	t.Parallel()
	f, s := newFleetFake(t)
	classic, mirror := f.addProfile(studentsID, "Students"), f.addPolicy(policyID, "Pupils")
	if id, err := s.DefaultProfile(t.Context(), fleetToken, enrollment.IOS); err != nil || id != "" {
		t.Errorf("%v, default %q", err, id)
	}
	f.late = 50 * time.Second
	for _, id := range []string{classic, mirror} {
		if err := s.SetDefaultProfile(t.Context(), fleetToken, enrollment.IOS, id); err != nil {
			t.Fatal(err)
		}
		if got, err := s.DefaultProfile(t.Context(), fleetToken, enrollment.IOS); err != nil || got != id {
			t.Errorf("%v, default %q, want %q", err, got, id)
		}
	}
	before := f.count("setDefaultProfile")
	if err := s.SetDefaultProfile(t.Context(), fleetToken, enrollment.IOS, policyID); err != nil || f.count("setDefaultProfile") != before {
		t.Errorf("%v, and it was sent again", err)
	}
	if f.count("setDefaultProfile.*") == 0 || f.count("ECV2_.*/setDefaultProfile") != 0 {
		t.Error("a mirrored policy is named without its prefix")
	}
	if keys, err := s.defaultKeys(t.Context(), fleetToken); err != nil || len(keys) != 1 || keys[enrollment.IOS] != policyID {
		t.Errorf("%v, %v", err, keys)
	}
	if err := s.SetDefaultProfile(t.Context(), fleetToken, enrollment.MacOS, classic); !errors.Is(err, enrollment.ErrInvalid) {
		t.Errorf("of another platform: %v", err)
	}
	if err := s.SetDefaultProfile(t.Context(), fleetToken, "watchos", classic); !errors.Is(err, enrollment.ErrInvalid) {
		t.Errorf("of no platform: %v", err)
	}
	if err := s.UnsetDefaultProfile(t.Context(), fleetToken, enrollment.IOS); !errors.Is(err, enrollment.ErrUnsupported) {
		t.Errorf("unset: %v", err)
	}
}

func TestADefaultIsWaitedForRightAfterTheProfileWasMade(t *testing.T) {
	t.Parallel()
	f, s := newFleetFake(t)
	id := f.addProfile(studentsID, "Students")
	until := f.clock().Add(40 * time.Second)
	f.fault = func(r *http.Request) (int, string) {
		if strings.HasSuffix(r.URL.Path, "setDefaultProfile") && f.now.Before(until) {
			return 404, `{"error":{"code":"ResourceNotFound","message":"Profile not found"}}`
		}
		return 0, ""
	}
	if err := s.SetDefaultProfile(t.Context(), fleetToken, enrollment.IOS, id); err != nil {
		t.Error(err)
	}
	until = f.clock().Add(time.Hour)
	f.defaults = map[string]string{}
	if err := s.SetDefaultProfile(t.Context(), fleetToken, enrollment.IOS, id); !errors.Is(err, enrollment.ErrNotFound) {
		t.Errorf("error %v", err)
	}
	began := f.clock()
	if err := s.SetDefaultProfile(t.Context(), fleetToken, enrollment.IOS, teachersID); !errors.Is(err, enrollment.ErrNotFound) || f.clock().After(began) {
		t.Errorf("a profile that is not there: error %v after %s", err, f.clock().Sub(began))
	}
	until, f.late = time.Time{}, time.Hour
	if err := s.SetDefaultProfile(t.Context(), fleetToken, enrollment.IOS, id); !errors.Is(err, enrollment.ErrNotShown) {
		t.Errorf("that never shows: error %v", err)
	}
}
