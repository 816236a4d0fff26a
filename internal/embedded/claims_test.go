package embedded_test

import (
	"errors"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

func (w *world) assignFor(s *embedded.Service, holder, tokenID, profileID string, serials []string) enrollment.AssignResult {
	w.t.Helper()
	result, err := s.Assign(w.t.Context(), enrollment.AssignRequest{TokenID: tokenID, ProfileID: profileID, SerialNumbers: serials, Holder: holder})
	return check(w.t, result, err)
}

func (w *world) unassignFor(s *embedded.Service, holder, tokenID, profileID string, serials []string) enrollment.AssignResult {
	w.t.Helper()
	result, err := s.Unassign(w.t.Context(), enrollment.UnassignRequest{TokenID: tokenID, ProfileID: profileID, SerialNumbers: serials, Holder: holder})
	return check(w.t, result, err)
}

func TestADeviceThatAnotherAssignmentWantsKeepsItsProfile(t *testing.T) {
	for _, leaving := range [][]string{{"first", "second"}, {"second", "first"}} {
		t.Run(leaving[0]+" leaves", func(t *testing.T) {
			onStores(t, func(t *testing.T, address string) {
				w := newWorld(t, address, 20)
				s := w.open()
				home := w.enroll(s, 3)
				p := w.profile(s, home.id, "Students")
				w.assignFor(s, "first", home.id, p.ID, home.devices)
				w.assignFor(s, "second", home.id, p.ID, home.devices[:2])
				kept := home.devices[:2]
				if result := w.unassignFor(s, leaving[0], home.id, p.ID, kept); len(result.Unchanged) != 2 || result.Requests != 0 {
					t.Fatalf("the result is %+v", result)
				}
				for range 2 { // that the profile is changed meanwhile makes no difference
					if result := w.unassignFor(s, leaving[0], home.id, p.ID, kept); len(result.Unchanged) != 2 {
						t.Fatalf("once more, the result is %+v", result)
					}
					_, err := s.UpdateProfile(t.Context(), enrollment.ProfileRef{ID: p.ID}, spec(home.id, "Pupils"))
					check(t, 0, err)
				}
				if result := w.unassignFor(s, leaving[1], home.id, p.ID, kept); len(result.Done) != 2 {
					t.Fatalf("the last one gets %+v", result)
				}
				if got := w.atApple(home.serverID); got["Pupils"] != 1 {
					t.Fatalf("Apple has %v", got)
				}
			})
		})
	}
}

func TestADeviceThatAnotherAssignmentWantsDoesNotFallBack(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 20)
	s := w.open()
	home := w.enroll(s, 3)
	p, fallback := w.profile(s, home.id, "Students"), w.profile(s, home.id, "Fallback")
	w.assignFor(s, "first", home.id, p.ID, home.devices)
	w.assignFor(s, "second", home.id, p.ID, home.devices[:1])
	result, err := s.Assign(t.Context(), enrollment.AssignRequest{
		TokenID: home.id, ProfileID: fallback.ID, OnlyFrom: p.ID, OnlyHeldBy: "first", SerialNumbers: home.devices,
	})
	if check(t, result, err); len(result.Done) != 2 || len(result.Unchanged) != 1 {
		t.Fatalf("the result is %+v", result)
	}
	if result := w.unassignFor(s, "second", home.id, p.ID, home.devices); len(result.Done) != 1 {
		t.Fatalf("the one that had a claim does not hold it: %+v", result)
	}
}

func TestAnAssignmentThatLetsGoAndLeavesTheProfileStandsInNobodysWay(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 20)
	s := w.open()
	home := w.enroll(s, 2)
	p := w.profile(s, home.id, "Students")
	w.assignFor(s, "first", home.id, p.ID, home.devices)
	result, err := s.Unassign(t.Context(), enrollment.UnassignRequest{
		TokenID: home.id, ProfileID: p.ID, SerialNumbers: home.devices, Holder: "first", OnlyRelease: true,
	})
	if check(t, result, err); len(result.Unchanged) != 2 || w.calls(removeCall) != 0 {
		t.Fatalf("the result is %+v", result)
	}
	w.assignFor(s, "second", home.id, p.ID, home.devices)
	if result := w.unassignFor(s, "second", home.id, p.ID, home.devices); len(result.Done) != 2 {
		t.Fatalf("the result is %+v", result)
	}
}

func TestAnAssignmentTakesNothingFromAnotherOneThatHoldsIt(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 20)
	s := w.open()
	home := w.enroll(s, 1)
	p := w.profile(s, home.id, "Students")
	w.assignFor(s, "first", home.id, p.ID, home.devices)
	if result := w.unassignFor(s, "second", home.id, p.ID, home.devices); len(result.Unchanged) != 1 {
		t.Fatalf("the result is %+v", result)
	}
	if result := w.unassignFor(s, "", home.id, p.ID, home.devices); len(result.Done) != 1 {
		t.Fatalf("without a holder the result is %+v", result)
	}
}

// elsewhere gives devices a profile as another program does: this service's view knows nothing of it.
func (w *world) elsewhere(s *embedded.Service, tokenID string, p enrollment.Profile, serials []string) {
	w.t.Helper()
	session, err := s.Session(w.t.Context(), tokenID)
	check(w.t, 0, err)
	_, err = session.AssignProfile(w.t.Context(), p.AppleUUID, serials)
	check(w.t, 0, err)
}

func TestAMoveFromOneProfileAsksAppleFirst(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 20)
	s := w.open()
	home := w.enroll(s, 5)
	a, b, c := w.profile(s, home.id, "A"), w.profile(s, home.id, "B"), w.profile(s, home.id, "C")
	w.assign(s, home.id, a.ID, home.devices)
	if looked := w.calls(lookCall); looked != 0 {
		t.Fatalf("an assignment looked %d times", looked)
	}
	w.elsewhere(s, home.id, b, home.devices[:2])
	result, err := s.Assign(t.Context(), enrollment.AssignRequest{TokenID: home.id, ProfileID: c.ID, OnlyFrom: a.ID, SerialNumbers: home.devices})
	if check(t, result, err); len(result.Done) != 3 || len(result.Unchanged) != 2 || result.Requests != 1 || w.calls(lookCall) != 1 {
		t.Fatalf("the result is %+v", result)
	}
	if got := w.atApple(home.serverID); got["B"] != 2 || got["C"] != 3 {
		t.Fatalf("Apple has %v", got)
	}
}

func TestARequestThatWasRefusedIsNotCounted(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 20)
	s := w.open()
	home := w.enroll(s, 5)
	p := w.profile(s, home.id, "A")
	assign := func() (enrollment.AssignResult, error) {
		return s.Assign(t.Context(), enrollment.AssignRequest{TokenID: home.id, ProfileID: p.ID, SerialNumbers: home.devices})
	}
	remove := func() (enrollment.AssignResult, error) {
		return s.Unassign(t.Context(), enrollment.UnassignRequest{TokenID: home.id, ProfileID: p.ID, SerialNumbers: home.devices})
	}
	for _, f := range []struct {
		name   string
		status int
		body   string
		want   int
	}{{"refused", 403, "T_C_NOT_SIGNED", 0}, {"broken", 500, "oops", 1}, {"unreadable", 200, "<html>", 1}} {
		for verb, call := range map[string]func() (enrollment.AssignResult, error){"POST": assign, "DELETE": remove} {
			w.sim.ClearFaults()
			if verb == "DELETE" {
				_, err := assign()
				check(t, 0, err)
			}
			w.Fault(t, fault(f.status, f.body, "/profile/devices", verb))
			if result, err := call(); err == nil || result.Requests != f.want {
				t.Errorf("%s %s: %d requests, want %d; error %v", f.name, verb, result.Requests, f.want, err)
			}
			w.sim.ClearFaults()
			_, err := remove()
			check(t, 0, err)
		}
	}
	check(t, 0, s.Close())
	s = w.open() // which signs in anew
	w.Fault(t, fault(200, "<html>", "/session", ""))
	if result, err := assign(); err == nil || result.Requests != 0 {
		t.Errorf("without a session: %d requests; error %v", result.Requests, err)
	}
	w.sim.ClearFaults()
	if _, inDoubt := w.view(s, home.id); inDoubt != 0 {
		t.Errorf("%d devices are in doubt although nothing was sent", inDoubt)
	}
}

func TestAForeign404MeansNothingIsGone(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 20)
	s := w.open()
	home := w.enroll(s, 2)
	p := w.profile(s, home.id, "A")
	w.assign(s, home.id, p.ID, home.devices)
	check(t, 0, s.Close())
	s = w.open()
	w.Fault(t, fault(404, "404 page not found\n", "/session", ""))
	for name, call := range map[string]func() error{
		"read": func() error {
			_, err := s.ReadProfile(t.Context(), enrollment.ProfileRef{TokenID: home.id, ID: "0123456789ABCDEF0123456789ABCDEF"})
			return err
		},
		"unassign": func() error {
			_, err := s.Unassign(t.Context(), enrollment.UnassignRequest{TokenID: home.id, ProfileID: p.ID, SerialNumbers: home.devices})
			return err
		},
	} {
		if err := call(); errors.Is(err, enrollment.ErrNotFound) || !errors.Is(err, enrollment.ErrUnavailable) {
			t.Errorf("%s: %v, want %v", name, err, enrollment.ErrUnavailable)
		}
	}
}

func TestProfilesAreDefinedAnewForAnotherServer(t *testing.T) {
	onStores(t, func(t *testing.T, address string) {
		w := newWorld(t, address, 200)
		s := w.open()
		home := w.enroll(s, 3)
		p := w.profile(s, home.id, "Students")
		check(t, 0, s.SetDefaultProfile(t.Context(), home.id, enrollment.IOS, p.ID))
		w.assign(s, home.id, p.ID, home.devices)
		token, err := s.ReadToken(t.Context(), home.id)
		check(t, token, err)

		other := school{id: home.id, serverID: w.AddServer(t, "Other", token.PublicKeyPEM)}
		other.devices = w.AddDevices(t, other.serverID, 3)
		w.Advance(t, time.Hour)
		_, err = s.UploadServerToken(t.Context(), home.id, enrollment.ServerTokenUpload{Contents: w.ServerToken(t, other.serverID)})
		check(t, 0, err)
		ref := enrollment.ProfileRef{TokenID: home.id, ID: p.ID}
		if got, err := s.ReadProfile(t.Context(), ref); err != nil || got.Status != enrollment.ProfileUndefined {
			t.Fatalf("after the upload: %+v, %v", got, err)
		}
		result, err := s.UpdateProfile(t.Context(), ref, spec(home.id, "Students"))
		if check(t, result, err); result.Profile.Status != enrollment.ProfileCurrent || result.Profile.AppleUUID == p.AppleUUID {
			t.Fatalf("the result is %+v", result)
		}
		fresh := w.AddDevices(t, other.serverID, 2)
		w.Advance(t, 24*time.Hour)
		w.sync(s, home.id, enrollment.IncrementalSync)
		if got := w.atApple(other.serverID); got["Students"] < len(fresh) {
			t.Fatalf("new devices did not get the default: %v", got)
		}
		if got := w.assign(s, home.id, p.ID, other.devices); len(got.Done)+len(got.Unchanged) != 3 {
			t.Fatalf("the result is %+v", got)
		}
		if got := w.atApple(other.serverID); got["Students"] != 5 {
			t.Fatalf("Apple has %v", got)
		}
	})
}
