package embedded_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded"
	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded/store"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	simulator "github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

// school is a token in use.
type school struct {
	id       string // of the token
	serverID string
	devices  []string
}

// enroll makes a token in use with devices that are synced.
func (w *world) enroll(s *embedded.Service, devices int) school {
	w.t.Helper()
	check(w.t, 0, w.sim.UpdateSettings(func(c *simulator.Settings) error {
		c.SessionLifetime = 0 // faults are counted by calls: none of them is to be spent on a session that has expired
		return nil
	}))
	token, err := s.CreateToken(w.t.Context(), enrollment.TokenSpec{Name: "District", AppleID: "it@school.example", Type: enrollment.School})
	check(w.t, token, err)
	out := school{id: token.ID, serverID: w.AddServer(w.t, "District", token.PublicKeyPEM)}
	if devices > 0 {
		out.devices = w.AddDevices(w.t, out.serverID, devices)
	}
	w.upload(s, out)
	return out
}

func (w *world) upload(s *embedded.Service, to school) enrollment.UploadResult {
	w.t.Helper()
	result, err := s.UploadServerToken(w.t.Context(), to.id, enrollment.ServerTokenUpload{Contents: w.ServerToken(w.t, to.serverID)})
	check(w.t, 0, err)
	for _, warning := range result.Warnings {
		w.t.Fatalf("the upload warns: %+v", warning)
	}
	return result
}

func spec(tokenID, name string) enrollment.ProfileSpec {
	return enrollment.ProfileSpec{TokenID: tokenID, Name: name, Supervised: true, Department: new("IT")}
}

func (w *world) profile(s *embedded.Service, tokenID, name string) enrollment.Profile {
	w.t.Helper()
	result, err := s.CreateProfile(w.t.Context(), spec(tokenID, name))
	return check(w.t, result, err).Profile
}

func (w *world) assign(s *embedded.Service, tokenID, profileID string, serials []string) enrollment.AssignResult {
	w.t.Helper()
	result, err := s.Assign(w.t.Context(), enrollment.AssignRequest{TokenID: tokenID, ProfileID: profileID, SerialNumbers: serials, Holder: "a"})
	return check(w.t, result, err)
}

func (w *world) sync(s *embedded.Service, tokenID string, kind enrollment.SyncKind) enrollment.SyncRun {
	w.t.Helper()
	run, err := s.Sync(w.t.Context(), enrollment.SyncRequest{TokenID: tokenID, Kind: kind, Wait: true})
	return check(w.t, run, err)
}

// view lists the devices of the view by what they have.
func (w *world) view(s *embedded.Service, tokenID string) (byProfile map[string]int, inDoubt int) {
	w.t.Helper()
	byProfile = map[string]int{}
	for d, err := range s.Devices(w.t.Context(), tokenID, enrollment.DeviceFilter{}) {
		check(w.t, 0, err)
		byProfile[d.ProfileID]++
		if d.InDoubt {
			inDoubt++
		}
	}
	return byProfile, inDoubt
}

// atApple counts Apple's devices of a server by the name of their profile.
func (w *world) atApple(serverID string) map[string]int {
	w.t.Helper()
	summary, err := w.sim.Devices(serverID, false)
	check(w.t, 0, err)
	out := map[string]int{}
	for id, n := range summary.ByProfile {
		out[w.nameOf(id)] += n
	}
	return out
}

func (w *world) nameOf(appleUUID string) string {
	if appleUUID == "" {
		return ""
	}
	p, err := w.sim.Profile(appleUUID)
	_, after, _ := strings.Cut(string(check(w.t, p, err).Definition), `"profile_name":"`)
	name, _, _ := strings.Cut(after, `"`)
	return name
}

// calls counts the calls of a method and path that Apple got.
func (w *world) calls(call string) int { return w.sim.Requests(false).Requests[call] }

const (
	assignCall = "POST /profile/devices"
	removeCall = "DELETE /profile/devices"
	defineCall = "POST /profile"
	lookCall   = "POST /devices"
)

func TestAProcessThatDiesBeforeItStoresAnAnswerLosesNothing(t *testing.T) {
	onStores(t, func(t *testing.T, address string) {
		w := newWorld(t, address, 3000)
		s := w.open()
		home := w.enroll(s, 1500)
		p := w.profile(s, home.id, "Students")
		batches := 0
		s.DieBefore(func(op store.Op, _ int) bool { batches++; return op == store.OpAssign && batches == 2 })
		result, err := s.Assign(t.Context(), enrollment.AssignRequest{TokenID: home.id, ProfileID: p.ID, SerialNumbers: home.devices})
		if err == nil || len(result.Done) != 1000 {
			t.Fatalf("%d done, error %v", len(result.Done), err)
		}
		check(t, 0, s.Close())

		next := w.open()
		byProfile, inDoubt := w.view(next, home.id)
		if byProfile[p.ID] != 1000 || byProfile[""] != 500 || inDoubt != 500 {
			t.Fatalf("the view before the next change: %v, %d in doubt", byProfile, inDoubt)
		}
		sent, looks := w.calls(assignCall), w.calls(lookCall)
		if result := w.assign(next, home.id, p.ID, home.devices); len(result.Unchanged) != 1500 || result.Requests != 0 {
			t.Fatalf("%d unchanged, %d requests: what Apple had done already was sent again", len(result.Unchanged), result.Requests)
		}
		if w.calls(assignCall) != sent || w.calls(lookCall) != looks+1 {
			t.Fatalf("%d assign calls and %d looks, want none and one", w.calls(assignCall)-sent, w.calls(lookCall)-looks)
		}
		if _, inDoubt = w.view(next, home.id); inDoubt != 0 {
			t.Fatalf("%d devices are still in doubt", inDoubt)
		}
	})
}

func TestALostAnswerIsFoundOutBeforeAnythingIsSent(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 100)
	s := w.open()
	home := w.enroll(s, 10)
	a, b := w.profile(s, home.id, "A"), w.profile(s, home.id, "B")
	w.Fault(t, simulator.Fault{Kind: simulator.FaultDropAfter, Path: "/profile/devices"})
	_, err := s.Assign(t.Context(), enrollment.AssignRequest{TokenID: home.id, ProfileID: a.ID, SerialNumbers: home.devices})
	if !errors.Is(err, enrollment.ErrUnanswered) {
		t.Fatalf("error %v, want %v", err, enrollment.ErrUnanswered)
	}
	if _, inDoubt := w.view(s, home.id); inDoubt != 10 {
		t.Fatalf("%d devices in doubt, want 10", inDoubt)
	}
	w.sim.ClearFaults()
	// Apple gave them A. Who asks for B without a right to take from A must not get them.
	result := w.assign(s, home.id, b.ID, home.devices)
	if len(result.Conflicts) != 10 {
		t.Fatalf("the result is %+v", result)
	}
}

func TestARequestThatIsInFlightIsNotFoundOut(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 100)
	one, two := w.open(), w.open()
	home := w.enroll(one, 10)
	p := w.profile(one, home.id, "A")
	looked, inDoubt := -1, -1
	one.DieBefore(func(store.Op, int) bool { // the answer is there and not stored: the other process looks
		_, inDoubt = w.view(two, home.id)
		before := w.calls(lookCall)
		w.assign(two, home.id, p.ID, home.devices[:1])
		looked = w.calls(lookCall) - before
		return false
	})
	w.assign(one, home.id, p.ID, home.devices[1:])
	if looked != 0 || inDoubt != 0 {
		t.Fatalf("another process looked %d times after a request of a living one, and saw %d devices in doubt", looked, inDoubt)
	}
}

func TestARemovalWhoseAnswerIsLostIsFoundOut(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 100)
	s := w.open()
	home := w.enroll(s, 10)
	p := w.profile(s, home.id, "A")
	w.assign(s, home.id, p.ID, home.devices)
	w.Fault(t, simulator.Fault{Kind: simulator.FaultDropAfter, Method: "DELETE"})
	req := enrollment.UnassignRequest{TokenID: home.id, ProfileID: p.ID, SerialNumbers: home.devices}
	if _, err := s.Unassign(t.Context(), req); !errors.Is(err, enrollment.ErrUnanswered) {
		t.Fatalf("error %v", err)
	}
	w.sim.ClearFaults()
	removals := w.calls(removeCall)
	result, err := s.Unassign(t.Context(), req)
	if check(t, result, err); len(result.Unchanged) != 10 || w.calls(removeCall) != removals {
		t.Fatalf("the result is %+v", result)
	}
}

func TestARemovalLooksFirst(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 100)
	s := w.open()
	home := w.enroll(s, 10)
	a, b := w.profile(s, home.id, "A"), w.profile(s, home.id, "B")
	w.assign(s, home.id, a.ID, home.devices)
	// Another machine with a store of its own gives three of them B.
	other := *w
	other.config.Store = stores["sqlite"](t)
	foreign := other.open()
	elsewhere := other.enrollOn(foreign, home.serverID)
	result, err := foreign.Assign(t.Context(), enrollment.AssignRequest{
		TokenID: elsewhere, ProfileID: b.AppleUUID, SerialNumbers: home.devices[:3], TakeOver: enrollment.TakeOver{Any: true},
	})
	if check(t, result, err); len(result.Done) != 3 {
		t.Fatalf("the result is %+v", result)
	}
	w.restore(s, home)
	result, err = s.Unassign(t.Context(), enrollment.UnassignRequest{TokenID: home.id, ProfileID: a.ID, SerialNumbers: home.devices})
	if check(t, result, err); len(result.Done) != 7 || len(result.Unchanged) != 3 {
		t.Fatalf("the result is %+v", result)
	}
	if got := w.atApple(home.serverID); got["B"] != 3 || got[""] != 7 {
		t.Fatalf("Apple has %v", got)
	}
}

// enrollOn gives another store a token of a server that is there already.
func (w *world) enrollOn(s *embedded.Service, serverID string) (tokenID string) {
	w.t.Helper()
	token, err := s.CreateToken(w.t.Context(), enrollment.TokenSpec{Name: "Elsewhere", Type: enrollment.School})
	check(w.t, token, err)
	w.SetPublicKey(w.t, serverID, token.PublicKeyPEM)
	w.upload(s, school{id: token.ID, serverID: serverID})
	return token.ID
}

// restore gives a server its first public key back, and the token a server token that works. It does not sync.
func (w *world) restore(s *embedded.Service, home school) {
	w.t.Helper()
	token, err := s.ReadToken(w.t.Context(), home.id)
	w.SetPublicKey(w.t, home.serverID, check(w.t, token, err).PublicKeyPEM)
	w.Fault(w.t, simulator.Fault{Kind: simulator.FaultStatus, Status: 500, Path: "/devices/sync"})
	result, err := s.UploadServerToken(w.t.Context(), home.id, enrollment.ServerTokenUpload{Contents: w.ServerToken(w.t, home.serverID)})
	if check(w.t, result, err); !slices.ContainsFunc(result.Warnings, func(x enrollment.Warning) bool { return strings.Contains(x.Summary, "sync") }) {
		w.t.Fatalf("the sync after the upload did not fail: %+v", result)
	}
	w.sim.ClearFaults()
}

func TestAnAnswerThatCouldNotBeStoredIsFoundOutByTheSameProcess(t *testing.T) {
	w := newWorld(t, stores["sqlite"](t), 100)
	s := w.open()
	home := w.enroll(s, 10)
	p := w.profile(s, home.id, "A")
	failing := true
	s.DieBefore(func(store.Op, int) bool { return failing })
	req := enrollment.AssignRequest{TokenID: home.id, ProfileID: p.ID, SerialNumbers: home.devices}
	if _, err := s.Assign(t.Context(), req); err == nil {
		t.Fatal("no error")
	}
	failing = false
	if _, inDoubt := w.view(s, home.id); inDoubt != 10 {
		t.Fatalf("%d devices in doubt, want 10", inDoubt)
	}
	if result := w.assign(s, home.id, p.ID, home.devices); len(result.Unchanged) != 10 || result.Requests != 0 {
		t.Fatalf("the result is %+v", result)
	}
}
