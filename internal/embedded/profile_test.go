package embedded_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded"
	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded/store"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	simulator "github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

func TestAProfileWhoseAnswerIsLostIsUndefinedAndThenDefined(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 10)
	s := w.open()
	home := w.enroll(s, 2)
	w.Fault(t, simulator.Fault{Kind: simulator.FaultDropAfter, Path: "/profile", Method: "POST"})
	result, err := s.CreateProfile(t.Context(), spec(home.id, "Students"))
	if check(t, result, err); result.Profile.Status != enrollment.ProfileUndefined || len(result.Warnings) != 1 {
		t.Fatalf("the result is %+v", result)
	}
	w.sim.ClearFaults()
	ref := enrollment.ProfileRef{ID: result.Profile.ID}
	if p, err := s.ReadProfile(t.Context(), ref); err != nil || p.Status != enrollment.ProfileUndefined {
		t.Fatalf("%+v, %v", p, err)
	}
	if _, err := s.Assign(t.Context(), enrollment.AssignRequest{TokenID: home.id, ProfileID: ref.ID, SerialNumbers: home.devices}); !errors.Is(err, enrollment.ErrConflict) {
		t.Fatalf("assigning an undefined profile: %v", err)
	}
	result, err = s.UpdateProfile(t.Context(), ref, spec(home.id, "Students"))
	if check(t, result, err); result.Profile.Status != enrollment.ProfileCurrent || result.Profile.ID != ref.ID {
		t.Fatalf("the result is %+v", result)
	}
	w.assign(s, home.id, ref.ID, home.devices)
}

func TestARefusedProfileLeavesNoRecord(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 10)
	s := w.open()
	home := w.enroll(s, 0)
	bad := spec(home.id, "Students")
	bad.EnrollmentURL = new("not a url")
	_, err := s.CreateProfile(t.Context(), bad)
	if e := new(enrollment.Error); !errors.As(err, &e) || !errors.Is(err, enrollment.ErrInvalid) || e.Field != "enrollment_url" {
		t.Fatalf("error %v", err)
	}
	for p, err := range s.Profiles(t.Context(), home.id) {
		t.Fatalf("profile %+v is recorded, %v", p, err)
	}
}

func TestAChangeWhoseAnswerIsLostIsToldByItsDevices(t *testing.T) {
	for name, kind := range map[string]simulator.FaultKind{"and took effect": simulator.FaultDropAfter, "and did not": simulator.FaultDropBefore} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, stores["sqlite"](t), 100)
			s := w.open()
			home := w.enroll(s, 20)
			p := w.profile(s, home.id, "Students")
			w.assign(s, home.id, p.ID, home.devices)
			w.Fault(t, simulator.Fault{Kind: kind, Path: "/profile", Method: "POST", Times: 1})
			ref := enrollment.ProfileRef{ID: p.ID}
			if _, err := s.UpdateProfile(t.Context(), ref, spec(home.id, "Pupils")); err == nil {
				t.Fatal("no error")
			}
			check(t, 0, s.Close())
			s = w.open()
			defined := w.calls(defineCall)
			result, err := s.UpdateProfile(t.Context(), ref, spec(home.id, "Pupils"))
			if check(t, result, err); result.Profile.Status != enrollment.ProfileCurrent || result.Profile.Name != "Pupils" {
				t.Fatalf("the result is %+v", result)
			}
			want := 0 // it is adopted
			if kind == simulator.FaultDropBefore {
				want = 1
			}
			if got := w.calls(defineCall) - defined; got != want {
				t.Fatalf("it was defined %d times, want %d", got, want)
			}
			if got := w.atApple(home.serverID); got["Pupils"] != 20 {
				t.Fatalf("Apple has %v", got)
			}
			if most := w.sim.Requests(false).MaxAssignSends; most > 2 { // once to Students, once to Pupils
				t.Fatalf("a device was sent %d times", most)
			}
		})
	}
}

func TestAProfileChangeThatIsKilledInTheMiddleIsFinished(t *testing.T) {
	onStores(t, func(t *testing.T, address string) {
		w := newWorld(t, address, 4000)
		s := w.open()
		home := w.enroll(s, 2500)
		p := w.profile(s, home.id, "Students")
		w.assign(s, home.id, p.ID, home.devices)
		s.DieBefore(func(op store.Op, _ int) bool { return op == store.OpAssign })
		ref := enrollment.ProfileRef{ID: p.ID}
		if _, err := s.UpdateProfile(t.Context(), ref, spec(home.id, "Pupils")); err == nil {
			t.Fatal("no error")
		}
		check(t, 0, s.Close())

		s = w.open()
		if byProfile, inDoubt := w.view(s, home.id); byProfile[p.ID] != 2500 || inDoubt != 1000 {
			t.Fatalf("no device may be without the profile: %v, %d in doubt", byProfile, inDoubt)
		}
		if got, err := s.ReadProfile(t.Context(), ref); err != nil || got.Status != enrollment.ProfileUpdating || got.DeviceCount != 2500 {
			t.Fatalf("%+v, %v", got, err)
		}
		result, err := s.UpdateProfile(t.Context(), ref, spec(home.id, "Pupils"))
		if check(t, result, err); result.Moved != 500 || result.Profile.Status != enrollment.ProfileCurrent {
			t.Fatalf("%d moved; %+v", result.Moved, result.Profile)
		}
		if got := w.atApple(home.serverID); got["Pupils"] != 2500 {
			t.Fatalf("Apple has %v", got)
		}
		for serial, sends := range w.sim.Requests(true).AssignSends {
			if sends > 2 { // once to Students, once to Pupils
				t.Fatalf("device %s was sent %d times", serial, sends)
			}
		}
	})
}

func TestThrottledDevicesOfAChangedProfileFollowLater(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 100)
	s := w.open()
	home := w.enroll(s, 10)
	p := w.profile(s, home.id, "Students")
	w.assign(s, home.id, p.ID, home.devices)
	w.Throttle(t, home.devices[:2], 2*time.Hour)
	ref := enrollment.ProfileRef{ID: p.ID}
	result, err := s.UpdateProfile(t.Context(), ref, spec(home.id, "Pupils"))
	if check(t, result, err); result.Profile.Status != enrollment.ProfileUpdating || result.Profile.ThrottledUntil.IsZero() || result.Moved != 8 {
		t.Fatalf("the result is %+v", result)
	}
	w.sim.ClearFaults()
	sent := w.calls(assignCall)
	if result, err = s.UpdateProfile(t.Context(), ref, spec(home.id, "Pupils")); err != nil || w.calls(assignCall) != sent {
		t.Fatalf("during the cooldown: %v, %d requests", err, w.calls(assignCall)-sent)
	}
	w.Advance(t, 2*time.Hour)
	w.sync(s, home.id, enrollment.IncrementalSync)
	if got := w.atApple(home.serverID); got["Pupils"] != 10 {
		t.Fatalf("Apple has %v", got)
	}
	if got, err := s.ReadProfile(t.Context(), ref); err != nil || got.Status != enrollment.ProfileCurrent || !got.ThrottledUntil.IsZero() {
		t.Fatalf("%+v, %v", got, err)
	}
}

func TestWhatIsOnlyRecordedSendsNothing(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 100)
	s := w.open()
	home := w.enroll(s, 3)
	p := w.profile(s, home.id, "Students")
	w.assign(s, home.id, p.ID, home.devices)
	total := w.calls(defineCall) + w.calls(assignCall)
	changed := spec(home.id, "Students")
	changed.Description, changed.UserAffinity = new("carts"), new(true)
	result, err := s.UpdateProfile(t.Context(), enrollment.ProfileRef{ID: p.ID}, changed)
	if check(t, result, err); w.calls(defineCall)+w.calls(assignCall) != total || *result.Profile.Description != "carts" {
		t.Fatalf("%d requests; %+v", w.calls(defineCall)+w.calls(assignCall)-total, result.Profile)
	}
}

func TestAProfileThatOnlyAppleKnows(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 100)
	first := w.open()
	home := w.enroll(first, 5)
	there := w.profile(first, home.id, "Students")
	w.assign(first, home.id, there.ID, home.devices)
	check(t, 0, first.Close())

	w.config.Store = stores["sqlite"](t) // a store that knows nothing of it
	s := w.open()
	tokenID := w.enrollOn(s, home.serverID)
	if byProfile, _ := w.view(s, tokenID); byProfile[there.AppleUUID] != 5 {
		t.Fatalf("the view has %v", byProfile)
	}
	for _, ref := range []enrollment.ProfileRef{{ID: there.AppleUUID}, {TokenID: tokenID, ID: there.AppleUUID}} {
		p, err := s.ReadProfile(t.Context(), ref)
		if check(t, p, err); p.Recorded || p.Name != "Students" || p.ID != there.AppleUUID || p.DeviceCount != 5 || *p.Department != "IT" || p.TokenID != tokenID {
			t.Fatalf("read %+v", p)
		}
	}
	for p, err := range s.Profiles(t.Context(), tokenID) {
		t.Fatalf("reading made a record: %+v, %v", p, err)
	}
	result, err := s.UpdateProfile(t.Context(), enrollment.ProfileRef{TokenID: tokenID, ID: there.AppleUUID}, spec(tokenID, "Pupils"))
	if check(t, result, err); result.Profile.ID != there.AppleUUID || !result.Profile.Recorded || result.Profile.AppleUUID == there.AppleUUID || result.Moved != 5 {
		t.Fatalf("the result is %+v", result)
	}
	if byProfile, _ := w.view(s, tokenID); byProfile[there.AppleUUID] != 5 {
		t.Fatalf("the view has %v", byProfile)
	}
	if got := w.atApple(home.serverID); got["Pupils"] != 5 {
		t.Fatalf("Apple has %v", got)
	}
	if _, err := s.ReadProfile(t.Context(), enrollment.ProfileRef{ID: strings.Repeat("0", 32)}); !errors.Is(err, enrollment.ErrNotFound) {
		t.Fatalf("error %v, want %v", err, enrollment.ErrNotFound)
	}
}

// A list that is left early, or stays for long at one profile, has not read the
// profiles of later pages.
func TestAListOfProfilesReadsPagesAsTheyAreWanted(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 10)
	s := w.open()
	home := w.enroll(s, 0)
	s.Record(t, home.id, embedded.ProfilePage+1)
	seen, added := 0, false
	for p, err := range s.Profiles(t.Context(), home.id) {
		check(t, p, err)
		if seen++; seen == 1 {
			w.profile(s, home.id, "Zoo") // the last by name, after the first page was read
		}
		added = added || p.Name == "Zoo"
	}
	if !added || seen != embedded.ProfilePage+2 {
		t.Errorf("%d profiles, the late one among them: %t", seen, added)
	}
}

// What the plan refuses the service refuses too: a value that is known only at
// apply comes here first.
func TestAnAttributeOfTheOtherServiceIsRefused(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 10)
	s := w.open()
	home := w.enroll(s, 0)
	foreign := spec(home.id, "Students")
	foreign.SingleAppMode = new(true)
	refused := func(err error) {
		t.Helper()
		if e := new(enrollment.Error); !errors.As(err, &e) || !errors.Is(err, enrollment.ErrInvalid) || e.Field != "single_app_mode" {
			t.Fatalf("error %v", err)
		}
	}
	_, err := s.CreateProfile(t.Context(), foreign)
	refused(err)
	p := w.profile(s, home.id, "Students")
	_, err = s.UpdateProfile(t.Context(), enrollment.ProfileRef{ID: p.ID}, foreign)
	refused(err)
}
