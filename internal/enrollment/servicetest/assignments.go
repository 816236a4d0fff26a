package servicetest

import (
	"errors"
	"slices"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

var assignmentRules = map[string]func(*world){
	"only the difference is sent, at most 1,000 devices at once": func(w *world) {
		s := w.open("District", 2001)
		p := w.profile(s.token.ID, "Students")
		req := enrollment.AssignRequest{TokenID: s.token.ID, ProfileID: p.ID, SerialNumbers: s.devices}
		before := w.portal.AssignRequests(w.T)
		sent := func(want int) {
			w.Helper()
			if got := w.portal.AssignRequests(w.T) - before; got != want {
				w.Fatalf("%d requests were sent, want %d", got, want)
			}
			before = w.portal.AssignRequests(w.T)
		}
		if result := w.assign(req); len(result.Done) != 2001 || result.Requests != 3 {
			w.Fatalf("%d done in %d requests", len(result.Done), result.Requests)
		}
		sent(3)
		if result := w.assign(req); len(result.Unchanged) != 2001 || result.Requests != 0 {
			w.Fatalf("again: %d unchanged, %d requests", len(result.Unchanged), result.Requests)
		}
		sent(0)
		req.SerialNumbers = append(req.SerialNumbers, w.portal.AddDevices(w.T, s.serverID, 1)...)
		w.later(s.token.ID)
		if result := w.assign(req); len(result.Done) != 1 || result.Requests != 1 {
			w.Fatalf("one more: %d done, %d requests", len(result.Done), result.Requests)
		}
		sent(1)
		w.haveProfile(req.SerialNumbers[:1], "Students")
	},

	"devices of another profile are conflicts unless they may be taken": func(w *world) {
		s := w.open("District", 3)
		p, other := w.profile(s.token.ID, "Students"), w.profile(s.token.ID, "Teachers")
		w.assign(enrollment.AssignRequest{TokenID: s.token.ID, ProfileID: other.ID, SerialNumbers: s.devices[:1], Holder: "them"})
		req := enrollment.AssignRequest{TokenID: s.token.ID, ProfileID: p.ID, SerialNumbers: s.devices}
		result := w.assign(req)
		if len(result.Done) != 2 || len(result.Conflicts) != 1 || result.Conflicts[0].SerialNumber != s.devices[0] || result.Conflicts[0].ProfileID != other.ID {
			w.Fatalf("the result is %+v", result)
		}
		w.haveProfile(s.devices[:1], "Teachers")
		req.TakeOver = enrollment.TakeOver{ProfileIDs: []string{other.ID}}
		if result := w.assign(req); len(result.Done) != 1 || len(result.Unchanged) != 2 {
			w.Fatalf("with take over: %+v", result)
		}
		w.haveProfile(s.devices, "Students")
	},

	"devices on the default profile are free": func(w *world) {
		s := w.open("District", 0)
		def, p := w.profile(s.token.ID, "Default"), w.profile(s.token.ID, "Students")
		w.ok(w.SetDefaultProfile(w.ctx(), s.token.ID, enrollment.IOS, def.ID))
		added := w.portal.AddDevices(w.T, s.serverID, 2)
		w.later(s.token.ID)
		w.haveProfile(added, "Default")
		if result := w.assign(enrollment.AssignRequest{TokenID: s.token.ID, ProfileID: p.ID, SerialNumbers: added}); len(result.Done) != 2 {
			w.Fatalf("the result is %+v", result)
		}
	},

	"a request that is for devices of one profile touches no others": func(w *world) {
		s := w.open("District", 2)
		p, fallback := w.profile(s.token.ID, "Students"), w.profile(s.token.ID, "Fallback")
		w.assign(enrollment.AssignRequest{TokenID: s.token.ID, ProfileID: p.ID, SerialNumbers: s.devices[:1]})
		result := w.assign(enrollment.AssignRequest{TokenID: s.token.ID, ProfileID: fallback.ID, SerialNumbers: s.devices, OnlyFrom: p.ID})
		if len(result.Done) != 1 || len(result.Unchanged) != 1 {
			w.Fatalf("the result is %+v", result)
		}
		w.haveProfile(s.devices[:1], "Fallback")
		w.haveProfile(s.devices[1:], "")
	},

	"a profile is taken only from devices that still have it": func(w *world) {
		s := w.open("District", 3)
		p, other := w.profile(s.token.ID, "Students"), w.profile(s.token.ID, "Teachers")
		w.assign(enrollment.AssignRequest{TokenID: s.token.ID, ProfileID: p.ID, SerialNumbers: s.devices[:2]})
		w.assign(enrollment.AssignRequest{TokenID: s.token.ID, ProfileID: other.ID, SerialNumbers: s.devices[2:]})
		result, err := w.Unassign(w.ctx(), enrollment.UnassignRequest{TokenID: s.token.ID, ProfileID: p.ID, SerialNumbers: s.devices})
		if w.Kind() == enrollment.Intune {
			if !errors.Is(err, enrollment.ErrUnsupported) {
				w.Fatalf("error %v, want %v", err, enrollment.ErrUnsupported)
			}
			return
		}
		w.ok(err)
		if len(result.Done) != 2 || len(result.Unchanged) != 1 {
			w.Fatalf("the result is %+v", result)
		}
		w.haveProfile(s.devices[:2], "")
		w.haveProfile(s.devices[2:], "Teachers")
		if d := w.device(s.token.ID, s.devices[0]); d.ProfileID != "" {
			w.Fatalf("the view has %+v", d)
		}
	},

	"serial numbers that the token does not have are told apart, and may wait for a sync": func(w *world) {
		s := w.open("District", 1)
		p := w.profile(s.token.ID, "Students")
		late := w.portal.AddDevices(w.T, s.serverID, 2) // not synced yet
		req := enrollment.AssignRequest{TokenID: s.token.ID, ProfileID: p.ID, SerialNumbers: append(slices.Clone(s.devices), late[0])}
		if result := w.assign(req); !slices.Equal(result.Missing, late[:1]) || len(result.Done) != 1 {
			w.Fatalf("the result is %+v", result)
		}
		req.SerialNumbers, req.KeepPending = []string{late[1]}, true
		if result := w.assign(req); !slices.Equal(result.Missing, late[1:]) {
			w.Fatalf("the result is %+v", result)
		}
		run := w.later(s.token.ID)
		if w.Kind() == enrollment.Intune {
			// Intune keeps nothing pending: whoever wants the devices asks again after the sync.
			w.haveProfile(late, "")
			if result := w.assign(req); !slices.Equal(result.Done, late[1:]) {
				w.Fatalf("after the sync: %+v", result)
			}
		} else if run.Assigned != 1 {
			w.Fatalf("the sync assigned %d devices: %+v", run.Assigned, run)
		}
		w.haveProfile(late[:1], "")
		w.haveProfile(late[1:], "Students")
	},

	"what is pending can be withdrawn": func(w *world) {
		s := w.open("District", 1)
		p := w.profile(s.token.ID, "Students")
		late := w.portal.AddDevices(w.T, s.serverID, 1)
		w.assign(enrollment.AssignRequest{TokenID: s.token.ID, ProfileID: p.ID, SerialNumbers: late, KeepPending: true})
		w.ok(w.Withdraw(w.ctx(), s.token.ID, p.ID, late))
		w.later(s.token.ID)
		w.haveProfile(late, "")
	},

	"throttled devices wait for the end of their cooldown": func(w *world) {
		s := w.open("District", 2)
		p := w.profile(s.token.ID, "Students")
		req := enrollment.AssignRequest{TokenID: s.token.ID, ProfileID: p.ID, SerialNumbers: s.devices}
		w.portal.Throttle(w.T, s.devices[:1], 2*time.Hour)
		result := w.assign(req)
		if w.Kind() == enrollment.Intune {
			// Graph answers 204 and never says what Apple did: the device does not show the profile, so it failed, and a later
			// request may have it.
			if len(result.Done) != 1 || len(result.Failed) != 1 || result.Failed[0].SerialNumber != s.devices[0] {
				w.Fatalf("the result is %+v", result)
			}
			w.portal.Unfault(w.T)
			w.portal.Advance(w.T, 2*time.Hour)
			if result := w.assign(req); len(result.Done) != 1 || len(result.Unchanged) != 1 {
				w.Fatalf("after the cooldown: %+v", result)
			}
			w.haveProfile(s.devices, "Students")
			return
		}
		if len(result.Done) != 1 || len(result.Throttled) != 1 || result.Throttled[0].SerialNumber != s.devices[0] {
			w.Fatalf("the result is %+v", result)
		}
		if until := result.Throttled[0].Until; until.Before(w.portal.Now().Add(time.Hour)) || until.After(w.portal.Now().Add(3*time.Hour)) {
			w.Fatalf("throttled until %v, and it is %v", until, w.portal.Now())
		}
		w.portal.Unfault(w.T)
		before := w.portal.AssignRequests(w.T)
		if result := w.assign(req); len(result.Throttled) != 1 || w.portal.AssignRequests(w.T) != before {
			w.Fatalf("during the cooldown it was sent again: %+v", result)
		}
		if d := w.device(s.token.ID, s.devices[0]); d.ThrottledUntil.IsZero() {
			w.Fatalf("the device is not marked: %+v", d)
		}
		w.portal.Advance(w.T, 2*time.Hour)
		w.later(s.token.ID)
		w.haveProfile(s.devices, "Students")
	},

	"devices that are refused are named with the reason": func(w *world) {
		s := w.open("District", 3)
		p := w.profile(s.token.ID, "Students")
		w.portal.Refuse(w.T, s.devices[:1])
		result := w.assign(enrollment.AssignRequest{TokenID: s.token.ID, ProfileID: p.ID, SerialNumbers: s.devices})
		if len(result.Failed) != 1 || result.Failed[0].SerialNumber != s.devices[0] || result.Failed[0].Reason == "" || len(result.Done) != 2 {
			w.Fatalf("the result is %+v", result)
		}
	},

	"serial numbers are taken in any case and once": func(w *world) {
		s := w.open("District", 1)
		p := w.profile(s.token.ID, "Students")
		lower := []byte(s.devices[0])
		for i, c := range lower {
			if c >= 'A' && c <= 'Z' {
				lower[i] = c + 'a' - 'A'
			}
		}
		result := w.assign(enrollment.AssignRequest{TokenID: s.token.ID, ProfileID: p.ID, SerialNumbers: []string{" " + string(lower), s.devices[0]}})
		if !slices.Equal(result.Done, s.devices) {
			w.Fatalf("the result is %+v", result)
		}
		_, err := w.Assign(w.ctx(), enrollment.AssignRequest{TokenID: s.token.ID, ProfileID: p.ID, SerialNumbers: []string{"not a serial"}})
		if !errors.Is(err, enrollment.ErrInvalid) {
			w.Fatalf("error %v, want %v", err, enrollment.ErrInvalid)
		}
	},

	"two assignments at the same time end, and a device that both want goes to one": func(w *world) {
		s := w.open("District", 1500)
		a, b := w.profile(s.token.ID, "Students"), w.profile(s.token.ID, "Teachers")
		results := make(chan enrollment.AssignResult, 2)
		for _, p := range []enrollment.Profile{a, b} {
			go func() {
				result, err := w.Assign(w.ctx(), enrollment.AssignRequest{TokenID: s.token.ID, ProfileID: p.ID, SerialNumbers: s.devices, Holder: p.Name})
				if err != nil {
					w.Errorf("assigning %s: %v", p.Name, err)
				}
				results <- result
			}()
		}
		one, two := <-results, <-results
		if len(one.Done)+len(two.Done) != 1500 || len(one.Conflicts)+len(two.Conflicts) != 1500 {
			w.Fatalf("%d and %d done, %d and %d conflicts", len(one.Done), len(two.Done), len(one.Conflicts), len(two.Conflicts))
		}
	},
}
