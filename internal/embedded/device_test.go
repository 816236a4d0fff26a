package embedded_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	simulator "github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

func TestAFilterMeansTheSameHoweverItIsLookedUp(t *testing.T) {
	onStores(t, func(t *testing.T, address string) {
		w := newWorld(t, address, 12_000)
		s := w.open()
		home := w.enroll(s, 7000)
		a, b := w.profile(s, home.id, "A"), w.profile(s, home.id, "B")
		w.assign(s, home.id, a.ID, home.devices[:4500]) // more than two pages
		w.assign(s, home.id, b.ID, home.devices[4600:6900])
		list := func(filter enrollment.DeviceFilter) (out []enrollment.Device) {
			for d, err := range s.Devices(t.Context(), home.id, filter) {
				out = append(out, check(t, d, err))
			}
			return out
		}
		all := list(enrollment.DeviceFilter{})
		for name, filter := range map[string]enrollment.DeviceFilter{
			"serial numbers":             {SerialNumbers: append([]string{"NOTTHERE0000"}, home.devices[10:3000]...)},
			"no serial numbers":          {SerialNumbers: []string{}},
			"serial numbers and profile": {SerialNumbers: home.devices[4000:5000], Assignment: []string{b.ID}},
			"a profile":                  {Assignment: []string{a.ID}},
			"two profiles":               {Assignment: []string{a.ID, b.ID, a.ID}},
			"profile by Apple's id":      {Assignment: []string{a.AppleUUID}},
			"no profile of that name":    {Assignment: []string{"nobody"}},
			"nothing":                    {Assignment: []string{}},
			"a profile and a prefix":     {Assignment: []string{a.ID, b.ID}, SerialPrefix: home.devices[100][:5]},
			"a profile or none":          {Assignment: []string{a.ID, enrollment.SelectUnassigned}},
		} {
			sortedFilter := filter
			sortedFilter.SerialNumbers = slices.Clone(filter.SerialNumbers)
			slices.Sort(sortedFilter.SerialNumbers)
			var want []enrollment.Device
			for _, d := range all {
				if sortedFilter.Matches(d) {
					want = append(want, d)
				}
			}
			if got := list(filter); !slices.Equal(got, want) {
				t.Errorf("%s: %d devices, want %d", name, len(got), len(want))
			}
		}
	})
}

func TestManyMayJoinOneSync(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 6000)
	s := w.open()
	home := w.enroll(s, 3500)
	w.due()
	w.Fault(t, simulator.Fault{Kind: simulator.FaultLatency, Latency: simulator.Duration(100 * time.Millisecond), Path: "/server/devices"})
	runs := make(chan enrollment.SyncRun, 4)
	var group sync.WaitGroup
	for range cap(runs) {
		group.Go(func() {
			run, err := s.Sync(context.WithoutCancel(t.Context()), enrollment.SyncRequest{TokenID: home.id, Kind: enrollment.FullSync, Wait: true})
			if err != nil {
				t.Error(err)
			}
			runs <- run
		})
	}
	group.Wait()
	close(runs)
	joined := 0
	for run := range runs {
		if run.Joined {
			joined++
		}
	}
	if joined != 3 {
		t.Errorf("%d of 4 joined the run of the first", joined)
	}
}

// TestALookAtOneDeviceReadsNoOther counts allocations, because how long a look takes depends on the machine.
func TestALookAtOneDeviceReadsNoOther(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 6000)
	s := w.open()
	home := w.enroll(s, 4000)
	for name, filter := range map[string]enrollment.DeviceFilter{
		"a serial number": {SerialNumbers: home.devices[2000:2001]},
		"a profile":       {Assignment: []string{"nobody"}},
	} {
		allocations := testing.AllocsPerRun(3, func() {
			for _, err := range s.Devices(t.Context(), home.id, filter) {
				check(t, 0, err)
			}
		})
		if allocations > 4000 {
			t.Errorf("%s: %.0f allocations for a token with 4000 devices", name, allocations)
		}
	}
}

func TestWhatWasFoundIsPastForADeviceActedUponSince(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 200)
	s := w.open()
	home := w.enroll(s, 3)
	p := w.profile(s, home.id, "Students")
	asked := w.Now()
	w.Advance(t, time.Minute)
	w.assign(s, home.id, p.ID, home.devices[:1])
	serials := append([]string{"NOTTHERE0000"}, home.devices...)
	if got, want := embedded.NotActedSince(t, s, home.id, serials, asked), []string{"NOTTHERE0000", home.devices[1], home.devices[2]}; !slices.Equal(got, want) {
		t.Errorf("found for %v, want %v", got, want)
	}
}
