package servicetest

import (
	"errors"
	"reflect"
	"slices"
	"strings"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

var profileRules = map[string]func(*world){
	"a profile reads back as it was created": func(w *world) {
		s := w.open("District", 0)
		spec := profileSpec(s.token.ID, "Students")
		spec.Description, spec.LockedEnrollment = new("carts 1 to 4"), true
		spec.SkipSetupItems = []string{"AppleID", "Siri"}
		created := must[enrollment.ProfileResult](w)(w.CreateProfile(w.ctx(), spec))
		read := must[enrollment.Profile](w)(w.ReadProfile(w.ctx(), enrollment.ProfileRef{TokenID: s.token.ID, ID: created.Profile.ID}))
		items := slices.Sorted(slices.Values(read.SkipSetupItems))
		if read.Name != "Students" || *read.Description != "carts 1 to 4" || !read.LockedEnrollment || !read.Supervised ||
			!slices.Equal(items, spec.SkipSetupItems) || *read.Department != "IT" || read.Status != enrollment.ProfileCurrent || !read.Recorded {
			w.Fatalf("read back %+v", read)
		}
	},

	"the profiles of a token are listed, each once, as they read by themselves": func(w *world) {
		s, other := w.open("District", 0), w.open("Other", 0)
		made := map[string]bool{}
		for _, name := range []string{"Teachers", "Students", "Students"} {
			made[w.profile(s.token.ID, name).ID] = true
		}
		w.profile(other.token.ID, "Elsewhere")
		for p, err := range w.Profiles(w.ctx(), s.token.ID) {
			w.ok(err)
			if !made[p.ID] {
				w.Errorf("listed %q (%s), which is not there or was listed before", p.Name, p.ID)
			}
			delete(made, p.ID)
			if read := must[enrollment.Profile](w)(w.ReadProfile(w.ctx(), enrollment.ProfileRef{TokenID: s.token.ID, ID: p.ID})); !reflect.DeepEqual(p, read) {
				w.Errorf("listed as %+v and read as %+v", p, read)
			}
		}
		if len(made) > 0 {
			w.Errorf("not listed: %v", made)
		}
	},

	"a list of profiles may be left early": func(w *world) {
		s := w.open("District", 0)
		w.profile(s.token.ID, "Teachers")
		w.profile(s.token.ID, "Students")
		seen := 0
		for _, err := range w.Profiles(w.ctx(), s.token.ID) {
			w.ok(err)
			seen++
			break
		}
		if seen != 1 {
			w.Errorf("%d profiles were seen", seen)
		}
		for _, err := range w.Profiles(w.ctx(), "5b1f6c0e-9d0a-4a57-8a0e-3f0f5d6f2a11") {
			if !errors.Is(err, enrollment.ErrNotFound) {
				w.Errorf("of a token that does not exist: error %v, want %v", err, enrollment.ErrNotFound)
			}
		}
	},

	"the name of the profile that a device has is known": func(w *world) {
		s := w.open("District", 2)
		p := w.profile(s.token.ID, "Students")
		w.assign(enrollment.AssignRequest{TokenID: s.token.ID, ProfileID: p.ID, SerialNumbers: s.devices})
		has := w.device(s.token.ID, s.devices[0]).ProfileID
		if name := must[string](w)(w.ProfileName(w.ctx(), enrollment.ProfileRef{TokenID: s.token.ID, ID: has})); name != "Students" {
			w.Errorf("the name of %s is %q", has, name)
		}
	},

	"a profile that breaks a rule is refused at the attribute": func(w *world) {
		s := w.open("District", 0)
		for field, change := range map[string]func(*enrollment.ProfileSpec){
			"locked_enrollment": func(p *enrollment.ProfileSpec) { p.Supervised, p.LockedEnrollment = false, true },
			"name":              func(p *enrollment.ProfileSpec) { p.Name = strings.Repeat("x", 126) },
		} {
			spec := profileSpec(s.token.ID, "Students")
			change(&spec)
			_, err := w.CreateProfile(w.ctx(), spec)
			if e := new(enrollment.Error); !errors.As(err, &e) || !errors.Is(err, enrollment.ErrInvalid) || e.Field != field {
				w.Errorf("error %v, want one at %s", err, field)
			}
		}
		for p, err := range w.Profiles(w.ctx(), s.token.ID) {
			w.Errorf("profile %q was created, %v", p.Name, err)
		}
	},

	"a changed profile keeps its id and its devices get the change": func(w *world) {
		s := w.open("District", 3)
		p := w.profile(s.token.ID, "Students")
		w.assign(enrollment.AssignRequest{TokenID: s.token.ID, ProfileID: p.ID, SerialNumbers: s.devices, Holder: "a"})
		spec := profileSpec(s.token.ID, "Pupils")
		result := must[enrollment.ProfileResult](w)(w.UpdateProfile(w.ctx(), enrollment.ProfileRef{TokenID: s.token.ID, ID: p.ID}, spec))
		if result.Profile.ID != p.ID || result.Profile.Status != enrollment.ProfileCurrent || !w.counts(result.Profile, 3) {
			w.Fatalf("after the change: %+v", result.Profile)
		}
		w.haveProfile(s.devices, "Pupils")
		if d := w.device(s.token.ID, s.devices[0]); d.ProfileID != p.ID {
			w.Fatalf("device %s has profile %q, want %q", d.SerialNumber, d.ProfileID, p.ID)
		}
	},

	"the same profile again sends nothing": func(w *world) {
		s := w.open("District", 2)
		p := w.profile(s.token.ID, "Students")
		w.assign(enrollment.AssignRequest{TokenID: s.token.ID, ProfileID: p.ID, SerialNumbers: s.devices})
		before := w.portal.AssignRequests(w.T)
		ref := enrollment.ProfileRef{TokenID: s.token.ID, ID: p.ID}
		result := must[enrollment.ProfileResult](w)(w.UpdateProfile(w.ctx(), ref, profileSpec(s.token.ID, "Students")))
		if sent := w.portal.AssignRequests(w.T) - before; sent != 0 || result.Moved != 0 || result.Profile.AppleUUID != p.AppleUUID {
			w.Fatalf("%d requests, %d devices moved, from %q to %q", sent, result.Moved, p.AppleUUID, result.Profile.AppleUUID)
		}
	},

	"what a change does not manage stays as it is": func(w *world) {
		s := w.open("District", 0)
		p := w.profile(s.token.ID, "Students")
		spec := enrollment.ProfileSpec{TokenID: s.token.ID, Name: "Pupils", Supervised: true}
		got := must[enrollment.ProfileResult](w)(w.UpdateProfile(w.ctx(), enrollment.ProfileRef{TokenID: s.token.ID, ID: p.ID}, spec)).Profile
		if got.Department == nil || *got.Department != "IT" {
			w.Fatalf("department %v", got.Department)
		}
	},

	"a profile that devices have, or that is a default, is not deleted": func(w *world) {
		s := w.open("District", 2)
		p, other := w.profile(s.token.ID, "Students"), w.profile(s.token.ID, "Teachers")
		ref := enrollment.ProfileRef{TokenID: s.token.ID, ID: p.ID}
		w.assign(enrollment.AssignRequest{TokenID: s.token.ID, ProfileID: p.ID, SerialNumbers: s.devices})
		if err := w.DeleteProfile(w.ctx(), ref); !errors.Is(err, enrollment.ErrInUse) || !strings.Contains(err.Error(), "2 devices") {
			w.Fatalf("error %v", err)
		}
		w.assign(enrollment.AssignRequest{TokenID: s.token.ID, ProfileID: other.ID, SerialNumbers: s.devices, TakeOver: enrollment.TakeOver{Any: true}})
		w.ok(w.SetDefaultProfile(w.ctx(), s.token.ID, enrollment.IOS, p.ID))
		if err := w.DeleteProfile(w.ctx(), ref); !errors.Is(err, enrollment.ErrInUse) {
			w.Fatalf("error %v", err)
		}
		w.ok(w.SetDefaultProfile(w.ctx(), s.token.ID, enrollment.IOS, other.ID))
		w.ok(w.DeleteProfile(w.ctx(), ref))
		if _, err := w.ReadProfile(w.ctx(), ref); !errors.Is(err, enrollment.ErrNotFound) {
			w.Fatalf("error %v, want %v", err, enrollment.ErrNotFound)
		}
	},

	"the default profile goes to devices that a later sync adds, and to no others": func(w *world) {
		s := w.open("District", 2)
		p := w.profile(s.token.ID, "Students")
		w.ok(w.SetDefaultProfile(w.ctx(), s.token.ID, enrollment.IOS, p.ID))
		if got := must[string](w)(w.DefaultProfile(w.ctx(), s.token.ID, enrollment.IOS)); got != p.ID {
			w.Fatalf("the default is %q", got)
		}
		added := w.portal.AddDevices(w.T, s.serverID, 3)
		w.later(s.token.ID)
		w.haveProfile(added, "Students")
		w.haveProfile(s.devices, "")
		if d := w.device(s.token.ID, added[0]); !d.OnDefault {
			w.Fatalf("device %+v is not marked as on the default profile", d)
		}
		if got := must[enrollment.Profile](w)(w.ReadProfile(w.ctx(), enrollment.ProfileRef{TokenID: s.token.ID, ID: p.ID})); !slices.Equal(got.IsDefaultFor, []enrollment.Platform{enrollment.IOS}) {
			w.Fatalf("default for %v", got.IsDefaultFor)
		}
	},

	"a default that is unset is given no more, where that can be": func(w *world) {
		s := w.open("District", 0)
		p := w.profile(s.token.ID, "Students")
		w.ok(w.SetDefaultProfile(w.ctx(), s.token.ID, enrollment.IOS, p.ID))
		err := w.UnsetDefaultProfile(w.ctx(), s.token.ID, enrollment.IOS)
		if errors.Is(err, enrollment.ErrUnsupported) {
			return
		}
		w.ok(err)
		added := w.portal.AddDevices(w.T, s.serverID, 1)
		w.later(s.token.ID)
		w.haveProfile(added, "")
	},

	"policies work or are refused as unsupported": func(w *world) {
		if w.Kind() != enrollment.Embedded {
			w.Skip("the service has policies: its own tests are about them")
		}
		_, create := w.CreatePolicy(w.ctx(), enrollment.PolicySpec{})
		_, read := w.ReadPolicy(w.ctx(), "x")
		_, update := w.UpdatePolicy(w.ctx(), "x", enrollment.PolicySpec{})
		for _, list := range w.Policies(w.ctx(), "x", "") {
			if !errors.Is(list, enrollment.ErrUnsupported) {
				w.Errorf("error %v, want %v", list, enrollment.ErrUnsupported)
			}
		}
		for _, err := range []error{create, read, update, w.DeletePolicy(w.ctx(), "x")} {
			if !errors.Is(err, enrollment.ErrUnsupported) {
				w.Errorf("error %v, want %v", err, enrollment.ErrUnsupported)
			}
		}
	},
}
