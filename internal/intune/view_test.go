package intune

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// device makes the n-th device of a fleet as a school has it: some models, some profiles.
func fleetDevice(n int) identity {
	models := []string{"IPAD 10TH GEN WI-FI 64GB BLUE", "IPAD 9TH GEN WI-FI 64GB SPACE GRAY", "IPHONE SE 64GB BLACK", "MACBOOK AIR 13 256GB"}
	d := identity{
		serial: fmt.Sprintf("DMPX%08d", n), description: models[n%len(models)], created: time.Unix(int64(1_780_000_000+n), 0).UTC(),
		state: stateNotContacted, platform: platformIOS,
	}
	if n%3 > 0 {
		d.profile, d.assigned = fmt.Sprintf("%s_aaaaaaaa-0000-4000-8000-%012d", fleetToken, n%30), time.Unix(int64(1_790_000_000+n), 0).UTC()
		d.state = stateEnrolled
	}
	return d
}

// heap is what is in use after everything that can be was collected.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// It is not run beside others: it looks at the heap of the process.
func TestADeviceTakesAtMostAHundredBytes(t *testing.T) {
	const devices, most = 200_000, 100
	before := heap()
	v := &view{}
	for _, n := range rand.Perm(devices) {
		v.add(fleetDevice(n))
	}
	v.order()
	perDevice := float64(heap()-before) / devices
	t.Logf("%.1f bytes a device", perDevice)
	if perDevice > most {
		t.Errorf("%.1f bytes a device, want at most %d", perDevice, most)
	}

	f := (&fleets{}).of(fleetToken)
	f.view = v
	before = heap()
	n, last, grown := 0, "", int64(0)
	for after := ""; ; {
		chunk, _ := f.after(after, chunkSize)
		if len(chunk) == 0 {
			break
		}
		for _, d := range chunk {
			if d.serial <= last {
				t.Fatalf("%s comes after %s", d.serial, last)
			}
			last = d.serial
			if n++; n == devices/2 {
				grown = heap() - before
			}
		}
		after = last
	}
	if n != devices || grown > devices {
		t.Errorf("%d devices were given, and in the middle of it %d bytes were held", n, grown)
	}
	runtime.KeepAlive(v)
}

func TestAViewGivesBackWhatWasPutIn(t *testing.T) {
	t.Parallel()
	v := &view{}
	want := map[string]identity{}
	for _, n := range rand.Perm(500) {
		d := fleetDevice(n)
		want[d.serial] = d
		v.add(d)
	}
	v.add(identity{})                                                                // of no serial number
	older := identity{serial: fleetDevice(7).serial, created: time.Unix(1, 0).UTC()} // a row that Intune forgot to delete
	v.add(older)
	v.order()
	check := func() {
		t.Helper()
		if len(v.rows) != len(want) {
			t.Fatalf("%d rows, want %d", len(v.rows), len(want))
		}
		for i := range v.rows {
			d := v.at(i)
			if !reflect.DeepEqual(d, want[d.serial]) {
				t.Fatalf("got %+v, want %+v", d, want[d.serial])
			}
			if at, ok := v.find(d.serial); !ok || at != i {
				t.Fatalf("%s is found at %d, %t", d.serial, at, ok)
			}
		}
	}
	check()
	for n := 450; n < 550; n++ { // half of them new
		d := fleetDevice(n)
		d.profile, d.description = "other", "other"
		want[d.serial] = d
		v.put(d)
	}
	check()
	for n := range 100 {
		serial := fleetDevice(5 * n).serial
		delete(want, serial)
		v.drop(serial)
	}
	check()
	size := len(v.serials)
	for range 1000 {
		v.put(v.at(3))
	}
	if check(); len(v.serials) != size {
		t.Errorf("putting a device that is there costs %d bytes", len(v.serials)-size)
	}
}

func TestWhatWasSentCountsUntilItShows(t *testing.T) {
	t.Parallel()
	f := (&fleets{}).of(fleetToken)
	f.view = &view{}
	for n := range 9 {
		f.view.add(fleetDevice(n))
	}
	f.view.order()
	one := fleetToken + "_aaaaaaaa-0000-4000-8000-000000000001"
	counted := func(id string, want int) {
		t.Helper()
		if n, _ := f.count(keyOf(id)); n != want {
			t.Errorf("%d devices on %s, want %d", n, id, want)
		}
	}
	counted(one, 1)
	serials := []string{fleetDevice(0).serial, fleetDevice(1).serial, fleetDevice(2).serial, "NOTTHERE"}
	f.remember(serials, policyID)
	counted(one, 0)
	counted(policyID, 3)
	f.settle(serials[:1], teachersID) // somebody else's
	counted(policyID, 3)
	f.settle(serials, policyID)
	counted(one, 1)
	counted(policyID, 0)
}

func TestWhatWasLearnedDuringAReadIsNotLostWithIt(t *testing.T) {
	t.Parallel()
	f := (&fleets{}).of(fleetToken)
	r, _ := f.begin(0, time.Time{})
	old := &view{}
	for n := range 3 {
		old.add(fleetDevice(n))
	}
	old.order()
	moved := fleetDevice(1)
	moved.profile = policyID
	f.learn([]string{moved.serial, fleetDevice(2).serial}, map[string]identity{moved.serial: moved})
	f.end(r, old, nil)
	got, _ := f.after("", 10)
	if len(got) != 2 || got[0].profile != "" || got[1].profile != policyID {
		t.Errorf("the view has %+v", got)
	}
}

func TestADeviceInTheWordsOfTheDomain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		wire  string
		ours  bool
		check func(d enrollment.Device) bool
	}{
		"an iPad":    {`"platform":"ios","description":"IPAD AIR BLUE"`, true, func(d enrollment.Device) bool { return d.Family == "iPad" && d.Model == "IPAD AIR BLUE" }},
		"an iPhone":  {`"platform":"ios","description":"iPhone SE"`, true, func(d enrollment.Device) bool { return d.Family == "iPhone" }},
		"an iPod":    {`"platform":"ios","description":"iPod touch"`, true, func(d enrollment.Device) bool { return d.Family == "iPod" }},
		"a Mac":      {`"platform":"macOS","description":null`, true, func(d enrollment.Device) bool { return d.Family == "Mac" && d.Model == "" }},
		"a TV":       {`"platform":"tvOS"`, true, func(d enrollment.Device) bool { return d.Family == "AppleTV" }},
		"a Vision":   {`"platform":"visionOS"`, true, func(d enrollment.Device) bool { return d.Family == "Vision" }},
		"not told":   {`"platform":"ios","description":"TABLET"`, true, func(d enrollment.Device) bool { return d.Family == "" }},
		"gone":       {`"isDeleted":true`, false, nil},
		"no serial":  {`"serialNumber":null`, false, nil},
		"by hand":    {`"discoverySource":"adminImport"`, false, nil},
		"not gone":   {`"isDeleted":null`, true, nil},
		"unassigned": {`"enrollmentState":"notContacted"`, true, func(d enrollment.Device) bool { return d.ProfileStatus == enrollment.StatusEmpty && !d.Activated() }},
		"no profile in zeros": {
			`"requestedEnrollmentProfileId":"00000000-0000-0000-0000-000000000000"`, true,
			func(d enrollment.Device) bool { return d.ProfileStatus == enrollment.StatusEmpty },
		},
		"enrolled without one": {`"enrollmentState":"enrolled"`, true, func(d enrollment.Device) bool { return d.ProfileStatus == enrollment.StatusEmpty && d.Activated() }},
		"waiting": {
			`"requestedEnrollmentProfileId":"` + studentsID + `","enrollmentState":"notContacted"`, true,
			func(d enrollment.Device) bool { return d.ProfileStatus == enrollment.StatusAssigned && !d.Activated() },
		},
		"enrolled": {
			`"requestedEnrollmentProfileId":"` + studentsID + `","enrollmentState":"enrolled"`, true,
			func(d enrollment.Device) bool { return d.ProfileStatus == enrollment.StatusPushed && !d.NeedsReset },
		},
		"pending reset": {
			`"requestedEnrollmentProfileId":"` + studentsID + `","enrollmentState":"pendingReset"`, true,
			func(d enrollment.Device) bool { return d.ProfileStatus == enrollment.StatusAssigned && d.NeedsReset },
		},
		"failed": {
			`"requestedEnrollmentProfileId":"` + studentsID + `","enrollmentState":"failed"`, true,
			func(d enrollment.Device) bool { return d.ProfileStatus == enrollment.StatusAssigned && !d.NeedsReset },
		},
		"dates": {
			`"createdDateTime":"2026-09-01T10:00:00.5Z","requestedEnrollmentProfileAssignmentDateTime":"0001-01-01T00:00:00Z"`, true,
			func(d enrollment.Device) bool {
				return d.AssignedToServerAt.Equal(time.Date(2026, 9, 1, 10, 0, 0, 0, time.UTC)) && d.ProfileAssignedAt.IsZero()
			},
		},
	} {
		wire := `{"serialNumber":" dmpx1 ","discoverySource":"DeviceEnrollmentProgram",` + c.wire + `}`
		read, ours, err := readIdentity([]byte(wire))
		if err != nil || ours != c.ours {
			t.Errorf("%s: %v, ours %t", name, err, ours)
			continue
		}
		v := &view{} // what is kept is what counts
		v.add(read)
		if c.check == nil {
			continue
		}
		id := ""
		if !noProfile(read.profile) {
			id = fleetToken + "_" + keyOf(read.profile)
		}
		if d := v.at(0).device(id); d.SerialNumber != "DMPX1" || !c.check(d) {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

func TestTextsAreKeptOnce(t *testing.T) {
	t.Parallel()
	var kept texts
	a, b := kept.keep("x"), kept.keep("y")
	if again := kept.keep("x"); again != a || a == b || !slices.Equal(kept.all, []string{"x", "y"}) {
		t.Errorf("%d, %d, %d, %v", a, b, again, kept.all)
	}
}
