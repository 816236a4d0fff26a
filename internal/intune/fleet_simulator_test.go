package intune_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/contract"
	simulator "github.com/asm-enrollment/terraform-provider-asm/internal/simulator/graph"
)

// tenant is a token with devices at the simulator. Every exchange is held against the contract, unless there are too many
// devices for that.
type tenant struct {
	*testing.T
	sim     *simulator.Simulator
	service *intune.Service
	token   simulator.Token
}

func newTenant(t *testing.T, devices int, change func(*simulator.Settings)) *tenant {
	t.Helper()
	checked, err := contract.New()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)
	options := simulator.Options{Devices: devices, Seed: 1, Now: func() time.Time { return began }}
	if devices < 1000 {
		options.Middleware = checked.Middleware
	}
	w := &tenant{T: t, sim: simulator.New(options)}
	w.sim.Start(t)
	if w.token, err = w.sim.AddToken(simulator.TokenSeed{Name: "District", Devices: devices}); err != nil {
		t.Fatal(err)
	}
	if err := w.sim.UpdateSettings(func(s *simulator.Settings) error { change(s); return nil }); err != nil {
		t.Fatal(err)
	}
	w.service, err = intune.Open(intune.Config{
		Endpoint: w.sim.GraphURL(), Token: func(context.Context) (string, error) { return w.sim.AccessToken(), nil }, Now: w.sim.Now,
		Wait: func(ctx context.Context, d time.Duration) error { return errors.Join(w.sim.AdvanceClock(d), ctx.Err()) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = w.service.Close()
		for _, violation := range checked.Report().Violations {
			t.Errorf("against the contract: %+v", violation)
		}
	})
	return w
}

func (w *tenant) profile(spec enrollment.ProfileSpec) enrollment.Profile {
	w.Helper()
	spec.TokenID = w.token.ID
	result, err := w.service.CreateProfile(w.Context(), spec)
	if err != nil || len(result.Warnings) > 0 {
		w.Fatalf("%v, %+v", err, result.Warnings)
	}
	return result.Profile
}

func (w *tenant) assign(profileID string, serials []string) enrollment.AssignResult {
	w.Helper()
	result, err := w.service.Assign(w.Context(), enrollment.AssignRequest{TokenID: w.token.ID, ProfileID: profileID, SerialNumbers: serials})
	if err != nil {
		w.Fatal(err)
	}
	return result
}

func (w *tenant) serials() []string {
	w.Helper()
	out, err := w.sim.SerialNumbers(w.token.ID)
	if err != nil {
		w.Fatal(err)
	}
	return out
}

// reads counts requests whose line has a part.
func (w *tenant) requests(part string) int {
	n := 0
	for line, count := range w.sim.Requests(false).Requests {
		if strings.Contains(line, part) {
			n += count
		}
	}
	return n
}

// late is Graph as it is on a slow day, each undocumented thing in its other form.
func late(s *simulator.Settings) {
	s.VisibleAfter = simulator.VisibleAfter{
		Tokens: simulator.Duration(20 * time.Second), Profiles: simulator.Duration(40 * time.Second),
		Devices: simulator.Duration(50 * time.Second), Policies: simulator.Duration(time.Minute),
	}
	s.NotFoundAfterCreate, s.AssignAfter = simulator.Duration(time.Minute), simulator.Duration(10*time.Second)
	s.PatchStatus, s.RequestedProfileForm, s.NoProfileForm = 204, "guid", "zero"
}

var days = map[string]func(*simulator.Settings){
	"at once": func(*simulator.Settings) {},
	"late":    late,
	"small pages, filters ignored": func(s *simulator.Settings) {
		s.PageSize, s.MaximumPageSize, s.IgnoreFilters, s.RequestedProfileForm, s.NoProfileForm = 7, 7, true, "prefixed", "null"
	},
}

func TestAProfilesLifeAtTheSimulator(t *testing.T) {
	t.Parallel()
	for name, day := range days {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTenant(t, 30, day)
			shared := w.profile(enrollment.ProfileSpec{
				Name: "Cart", Supervised: true, SkipSetupItems: []string{"Siri", "Privacy", "TapToSetup"}, Department: new("IT"),
				SharedIPad: &enrollment.SharedIPad{MaximumCachedUsers: new(int64(8)), UserSessionTimeout: new(int64(600)), PasscodeLockGracePeriod: new(int64(60))},
			})
			teachers := w.profile(enrollment.ProfileSpec{
				Name: "Teachers", Supervised: true, LockedEnrollment: true, Authentication: new(enrollment.AuthenticationCompanyPortal), SingleAppMode: new(true),
				CompanyPortalVPPTokenID: new("99999999-0000-4000-8000-000000000009"), DeviceNameTemplate: new("{{SERIAL}}"), AwaitDeviceConfigured: new(true),
			})
			if !slices.Equal(shared.SkipSetupItems, []string{"Privacy", "Siri", "TapToSetup"}) || !*shared.Mandatory || *shared.UserAffinity || !*teachers.UserAffinity {
				t.Errorf("made %+v and %+v", shared, teachers)
			}
			ref := enrollment.ProfileRef{TokenID: w.token.ID, ID: shared.ID}
			change := enrollment.ProfileSpec{Name: "Trolley", Supervised: true, UserAffinity: new(true), Authentication: new(enrollment.AuthenticationModern), Mandatory: new(false)}
			changed, err := w.service.UpdateProfile(t.Context(), ref, change)
			if err != nil || len(changed.Warnings) > 0 || changed.Profile.SharedIPad != nil || *changed.Profile.Department != "IT" || *changed.Profile.Mandatory {
				t.Fatalf("%v, %+v", err, changed)
			}
			if err := w.service.SetDefaultProfile(t.Context(), w.token.ID, enrollment.IOS, teachers.ID); err != nil {
				t.Fatal(err)
			}
			serials := w.serials()
			if result := w.assign(shared.ID, serials[:12]); len(result.Done) != 12 {
				t.Fatalf("%+v", result)
			}
			if read, err := w.service.ReadProfile(t.Context(), enrollment.ProfileRef{TokenID: w.token.ID, ID: teachers.ID}); err != nil || len(read.IsDefaultFor) != 1 {
				t.Errorf("%v, %+v", err, read)
			}
			for id, want := range map[string]string{shared.ID: "12 devices", teachers.ID: "default profile for ios"} {
				if err := w.service.DeleteProfile(t.Context(), enrollment.ProfileRef{TokenID: w.token.ID, ID: id}); !errors.Is(err, enrollment.ErrInUse) || !strings.Contains(err.Error(), want) {
					t.Errorf("error %v, want %q", err, want)
				}
			}
			spare := w.profile(enrollment.ProfileSpec{Name: "Spare", Supervised: true})
			if err := w.service.DeleteProfile(t.Context(), enrollment.ProfileRef{TokenID: w.token.ID, ID: spare.ID}); err != nil {
				t.Error(err)
			}
			var names []string
			for p, err := range w.service.Profiles(t.Context(), w.token.ID) {
				if err != nil {
					t.Fatal(err)
				}
				names = append(names, p.Name)
			}
			if !slices.Equal(names, []string{"Trolley", "Teachers"}) { // as Graph lists them
				t.Errorf("listed %v", names)
			}
		})
	}
}

func TestClassicProfilesRefusedAtTheSimulator(t *testing.T) {
	t.Parallel()
	w := newTenant(t, 0, func(s *simulator.Settings) { s.ClassicCreateRefused = true })
	_, err := w.service.CreateProfile(t.Context(), enrollment.ProfileSpec{TokenID: w.token.ID, Name: "Cart", Supervised: true})
	if !errors.Is(err, enrollment.ErrClassicRefused) || !strings.Contains(err.Error(), "asm_enrollment_policy") {
		t.Errorf("error %v", err)
	}
}

func TestAssignmentsAtTheSimulator(t *testing.T) {
	t.Parallel()
	for name, day := range days {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTenant(t, 60, day)
			students := w.profile(enrollment.ProfileSpec{Name: "Students", Supervised: true})
			serials := w.serials()
			if _, err := w.sim.AddFaults(simulator.Fault{Kind: simulator.FaultSkipDevices, Serials: serials[:2]}); err != nil {
				t.Fatal(err)
			}
			result := w.assign(students.ID, serials[:40])
			if len(result.Done) != 38 || len(result.Failed) != 2 || result.Requests != 1 {
				t.Errorf("%d done, %d requests, failed %+v", len(result.Done), result.Requests, result.Failed)
			}
			w.sim.ClearFaults()
			if result := w.assign(students.ID, serials[:40]); len(result.Done) != 2 || len(result.Unchanged) != 38 {
				t.Errorf("again: %+v", result)
			}
			n := 0
			for d, err := range w.service.Devices(t.Context(), w.token.ID, enrollment.DeviceFilter{Assignment: []string{students.ID}}) {
				if n++; err != nil || d.ProfileID != students.ID || d.Description == "" || d.AssignedToServerAt.IsZero() {
					t.Fatalf("%v, %+v", err, d)
				}
			}
			truth, err := w.sim.Truth()
			if err != nil || n != 40 {
				t.Errorf("%v, %d devices", err, n)
			}
			for i, serial := range serials {
				if (truth[serial] == "Students") != (i < 40) {
					t.Errorf("Apple has %q for %s", truth[serial], serial)
				}
			}
		})
	}
}

func TestFiftyThousandDevicesTakeAHundredAndFiftyRequests(t *testing.T) {
	if testing.Short() {
		t.Skip("assigns 50,000 devices")
	}
	t.Parallel()
	const devices = 50_000
	w := newTenant(t, devices, func(*simulator.Settings) {})
	students := w.profile(enrollment.ProfileSpec{Name: "Students", Supervised: true})
	w.sim.ClearRequests()
	if result := w.assign(students.ID, w.serials()); len(result.Done) != devices || result.Requests != 50 {
		t.Errorf("%d done in %d requests", len(result.Done), result.Requests)
	}
	pages, posts := w.requests("importedAppleDeviceIdentities"), w.requests("updateDeviceProfileAssignment")
	if pages != 100 || posts != 50 {
		t.Errorf("%d pages and %d posts, want 100 and 50: %s", pages, posts, fmt.Sprint(w.sim.Requests(false).Requests))
	}
}
