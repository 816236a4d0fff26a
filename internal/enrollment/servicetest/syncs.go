package servicetest

import (
	"errors"
	"slices"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

var syncRules = map[string]func(*world){
	"a sync brings devices in and takes them away": func(w *world) {
		s := w.open("District", 3)
		added := w.portal.AddDevices(w.T, s.serverID, 2)
		w.portal.RemoveDevices(w.T, s.serverID, s.devices[:1])
		run := w.later(s.token.ID)
		if run.State != enrollment.SyncFinished || run.Kind != enrollment.IncrementalSync {
			w.Fatalf("the run is %+v", run)
		}
		want := slices.Sorted(slices.Values(append(slices.Clone(s.devices[1:]), added...)))
		if got := w.serials(s.token.ID, enrollment.DeviceFilter{}); !slices.Equal(got, want) {
			w.Fatalf("devices %v, want %v", got, want)
		}
	},

	"a full sync within seven days of the last runs as an incremental one and says so": func(w *world) {
		s := w.open("District", 1)
		w.portal.Advance(w.T, enrollment.FullSyncInterval-time.Hour)
		run := w.sync(s.token.ID, enrollment.FullSync)
		if run.Asked != enrollment.FullSync || run.Kind != enrollment.IncrementalSync || run.Reason == "" {
			w.Fatalf("the run is %+v", run)
		}
		w.portal.Advance(w.T, 2*time.Hour)
		if w.Kind() == enrollment.Intune {
			// Microsoft Graph has one request, and Intune decides and does not say: no sync but a token's first may be called full.
			if run := w.sync(s.token.ID, enrollment.FullSync); run.Kind != enrollment.IncrementalSync || run.Reason == "" || run.State != enrollment.SyncFinished {
				w.Fatalf("after seven days the run is %+v", run)
			}
			return
		}
		if run := w.sync(s.token.ID, enrollment.FullSync); run.Kind != enrollment.FullSync || run.State != enrollment.SyncFinished {
			w.Fatalf("after seven days the run is %+v", run)
		}
	},

	"the status tells what ran and what may run when": func(w *world) {
		s := w.open("District", 2)
		status := must[enrollment.SyncStatus](w)(w.SyncStatus(w.ctx(), s.token.ID))
		now := w.portal.Now()
		if status.Running != nil || status.Last == nil || status.Last.State != enrollment.SyncFinished || status.LastError != "" ||
			status.DeviceCount != 2 {
			w.Fatalf("the status is %+v", status)
		}
		if w.Kind() == enrollment.Intune {
			// Intune does not tell which of its syncs was a full one. It takes one every 15 minutes.
			if next := status.NextSyncAt; !status.LastFullAt.IsZero() || !status.NextFullAt.IsZero() || !next.After(now) || next.After(now.Add(enrollment.ManualSyncInterval)) {
				w.Fatalf("the status is %+v, and it is %v", status, now)
			}
			return
		}
		if status.LastFullAt.IsZero() {
			w.Fatalf("the status is %+v", status)
		}
		if next := status.NextFullAt; next.Before(now.Add(6*24*time.Hour)) || next.After(now.Add(8*24*time.Hour)) {
			w.Fatalf("the next full sync may run at %v, and it is %v", next, now)
		}
	},

	"who asks for a sync after the one of an upload gets that one": func(w *world) {
		s := w.open("District", 1)
		run := w.sync(s.token.ID, enrollment.IncrementalSync)
		if !run.Joined || run.State != enrollment.SyncFinished {
			w.Fatalf("the run is %+v", run)
		}
	},

	"a failed sync is on record, and the next one is not hindered": func(w *world) {
		s := w.open("District", 1)
		w.portal.Advance(w.T, time.Hour)
		w.portal.SetTerms(w.T, false)
		if _, err := w.Sync(w.ctx(), enrollment.SyncRequest{TokenID: s.token.ID, Kind: enrollment.IncrementalSync, Wait: true}); err == nil {
			w.Fatal("no error")
		}
		if status := must[enrollment.SyncStatus](w)(w.SyncStatus(w.ctx(), s.token.ID)); status.LastError == "" || status.Running != nil {
			w.Fatalf("the status is %+v", status)
		}
		w.portal.SetTerms(w.T, true)
		if run := w.later(s.token.ID); run.State != enrollment.SyncFinished {
			w.Fatalf("the run is %+v", run)
		}
	},

	"devices are listed by serial number and can be selected": func(w *world) {
		s := w.open("District", 6)
		p := w.profile(s.token.ID, "Students")
		w.assign(enrollment.AssignRequest{TokenID: s.token.ID, ProfileID: p.ID, SerialNumbers: s.devices[:2]})
		for name, c := range map[string]struct {
			filter enrollment.DeviceFilter
			want   []string
		}{
			"all":                         {enrollment.DeviceFilter{}, s.devices},
			"unassigned":                  {enrollment.DeviceFilter{Assignment: []string{enrollment.SelectUnassigned}}, s.devices[2:]},
			"of a profile":                {enrollment.DeviceFilter{Assignment: []string{p.ID}}, s.devices[:2]},
			"unassigned or of a profile":  {enrollment.DeviceFilter{Assignment: []string{enrollment.SelectUnassigned, p.ID}}, s.devices},
			"by serial number":            {enrollment.DeviceFilter{SerialNumbers: s.devices[3:4]}, s.devices[3:4]},
			"of another family":           {enrollment.DeviceFilter{Family: "Mac"}, nil},
			"of the family, unassigned":   {enrollment.DeviceFilter{Family: "iPad", Assignment: []string{enrollment.SelectUnassigned}}, s.devices[2:]},
			"by the beginning of one":     {enrollment.DeviceFilter{SerialPrefix: s.devices[0]}, s.devices[:1]},
			"assigned to the server then": {enrollment.DeviceFilter{AssignedSince: w.portal.Now().Add(time.Hour)}, nil},
			"that need a reset":           {enrollment.DeviceFilter{NeedsReset: new(true)}, nil},
			"that need none":              {enrollment.DeviceFilter{NeedsReset: new(false)}, s.devices},
		} {
			if got := w.serials(s.token.ID, c.filter); !slices.Equal(got, c.want) {
				w.Errorf("%s: %v, want %v", name, got, c.want)
			}
		}
		for _, err := range w.Devices(w.ctx(), "no-such-token", enrollment.DeviceFilter{}) {
			if !errors.Is(err, enrollment.ErrNotFound) {
				w.Errorf("of no token: %v", err)
			}
		}
	},

	"an activated device needs a reset for another profile": func(w *world) {
		s := w.open("District", 2)
		p, other := w.profile(s.token.ID, "Students"), w.profile(s.token.ID, "Teachers")
		w.assign(enrollment.AssignRequest{TokenID: s.token.ID, ProfileID: p.ID, SerialNumbers: s.devices})
		w.portal.Activate(w.T, s.devices[0])
		w.later(s.token.ID)
		if d := w.device(s.token.ID, s.devices[0]); d.ProfileStatus != enrollment.StatusPushed || !d.Activated() || d.NeedsReset {
			w.Fatalf("after activation: %+v", d)
		}
		w.assign(enrollment.AssignRequest{TokenID: s.token.ID, ProfileID: other.ID, SerialNumbers: s.devices, TakeOver: enrollment.TakeOver{Any: true}})
		if d := w.device(s.token.ID, s.devices[0]); !d.NeedsReset {
			w.Fatalf("the activated device does not need a reset: %+v", d)
		}
		if d := w.device(s.token.ID, s.devices[1]); d.NeedsReset {
			w.Fatalf("a device that was never activated needs a reset: %+v", d)
		}
		if got := w.serials(s.token.ID, enrollment.DeviceFilter{NeedsReset: new(true)}); !slices.Equal(got, s.devices[:1]) {
			w.Errorf("devices that need a reset: %v, want %v", got, s.devices[:1])
		}
	},
}
