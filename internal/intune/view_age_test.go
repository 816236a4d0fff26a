package intune

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

func (f *fleetFake) pass(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
}

func TestAnOldViewIsReadAgainByWhoDeletesAProfile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		age   time.Duration
		reads int
	}{"of a minute": {time.Minute, 1}, "older": {time.Minute + time.Second, 2}} {
		f, s := newFleetFake(t)
		id := f.addProfile(studentsID, "Students")
		serials := f.addDevices(3)
		listDevices(t, s, enrollment.DeviceFilter{})
		f.set(serials[0], "requestedEnrollmentProfileId", studentsID) // in the portal
		f.pass(c.age)
		n, err := s.devicesOn(t.Context(), fleetToken, keyOf(id))
		if err != nil || n != c.reads-1 || f.count(fullRead) != c.reads {
			t.Errorf("%s: %d devices, %v, %d reads, want %d", name, n, err, f.count(fullRead), c.reads)
		}
		if c.reads == 2 {
			if err := s.DeleteProfile(t.Context(), enrollment.ProfileRef{TokenID: fleetToken, ID: id}); !errors.Is(err, enrollment.ErrInUse) {
				t.Errorf("error %v", err)
			}
		}
	}
}

func TestAnOldViewIsReadAgainByWhoAssigns(t *testing.T) {
	t.Parallel()
	f, s := newFleetFake(t)
	id, other := f.addProfile(studentsID, "Students"), f.addProfile(teachersID, "Teachers")
	serials := f.addDevices(3)
	listDevices(t, s, enrollment.DeviceFilter{})
	f.pass(time.Minute + time.Second)
	f.set(serials[0], "requestedEnrollmentProfileId", teachersID) // in the portal
	result := f.assign1(s, id, serials)
	if len(result.Conflicts) != 1 || result.Conflicts[0].ProfileID != other || !slices.Equal(result.Done, serials[1:]) || f.count(fullRead) != 3 {
		t.Errorf("%+v in %d reads", result, f.count(fullRead))
	}
	f.pass(time.Minute + time.Second) // who only lists them is content with what there is
	if listDevices(t, s, enrollment.DeviceFilter{}); f.count(fullRead) != 3 {
		t.Errorf("%d reads, want 3", f.count(fullRead))
	}
}

func TestADeviceThatCameSinceTheViewIsNotMissing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ first, came, singles, pages int }{
		"a few are asked for one by one": {2500, 2, 3 + 2, 3},
		"many are read with all":         {10, 5, 0, 3},
	} {
		f, s := newFleetFake(t)
		id := f.addProfile(studentsID, "Students")
		f.addDevices(c.first)
		listDevices(t, s, enrollment.DeviceFilter{})
		came := f.addDevices(c.came)
		result := f.assign1(s, id, append(came, "NOTTHERE1"))
		if !slices.Equal(result.Done, came) || !slices.Equal(result.Missing, []string{"NOTTHERE1"}) {
			t.Errorf("%s: %+v", name, result)
		}
		if f.count(singleRead) != c.singles || f.count(fullRead) != c.pages {
			t.Errorf("%s: %d single requests and %d pages", name, f.count(singleRead), f.count(fullRead))
		}
	}
}

func TestWhatWasReadForARequestIsNotLookedForAgain(t *testing.T) {
	t.Parallel()
	f, s := newFleetFake(t)
	id := f.addProfile(studentsID, "Students")
	serials := f.addDevices(3)
	f.set(serials[0], "requestedEnrollmentProfileId", studentsID)
	result := f.assign1(s, id, []string{serials[0], "NOTTHERE1"})
	if len(result.Missing) != 1 || len(result.Unchanged) != 1 || f.count(fullRead) != 1 || f.count(singleRead) != 0 {
		t.Errorf("%+v in %d reads and %d single requests", result, f.count(fullRead), f.count(singleRead))
	}
}

func TestAFilterThatIsRefusedIsDoneWithout(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 501} {
		f, s := newFleetFake(t)
		serials := f.addDevices(10)
		f.synced = 10_000
		f.fault = func(r *http.Request) (int, string) {
			if strings.Contains(r.URL.Query().Get("$filter"), "serialNumber") {
				return status, `{"error":{"code":"BadRequest","message":"filter is not supported"}}`
			}
			return 0, ""
		}
		for range 2 {
			if got := listDevices(t, s, enrollment.DeviceFilter{SerialNumbers: serials[:1]}); !slices.Equal(serialsIn(got), serials[:1]) {
				t.Errorf("%d: got %v", status, serialsIn(got))
			}
			s.forget(fleetToken)
		}
		if f.count(fullRead) != 2 {
			t.Errorf("%d: %d reads", status, f.count(fullRead))
		}
		before := f.count(singleRead)
		if listDevices(t, s, enrollment.DeviceFilter{SerialNumbers: serials[:1]}); f.count(singleRead) != before {
			t.Errorf("%d: it is asked again", status)
		}
	}
}
