package intune_test

import (
	"encoding/pem"
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/graph/catalog"
)

// Every kind of policy, at a service that was written by others from the same facts, with the template as it is today.
func TestAPolicysLifeAtTheSimulator(t *testing.T) {
	t.Parallel()
	type spec = enrollment.PolicySpec
	for name, c := range map[string]spec{
		"affinity":           {Platform: enrollment.IOS, UserAffinity: new(true), AwaitDeviceConfigured: new(false), Department: new("IT"), DepartmentPhone: new("1"), SkipSetupItems: []string{"Siri", "TOS"}},
		"userless":           {Platform: enrollment.IOS, UserAffinity: new(false), DeviceNameTemplate: new("iPad-{{SERIAL}}"), CarrierActivationURL: new("https://carrier.example")},
		"shared device mode": {Platform: enrollment.IOS, SharedDeviceMode: new(true), LockedEnrollment: new(false)},
		"Shared iPad":        {Platform: enrollment.IOS, SharedIPad: &enrollment.SharedIPad{MaximumCachedUsers: new(int64(6)), UserSessionTimeout: new(int64(600)), PasscodeLockGracePeriod: new(int64(60))}},
		"guests":             {Platform: enrollment.IOS, SharedIPad: &enrollment.SharedIPad{TemporarySessionsOnly: new(true), TemporarySessionTimeout: new(int64(300))}},
		"certificates":       {Platform: enrollment.IOS, ConfiguratorCertificates: []string{string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("der")}))}},
		"Mac":                {Platform: enrollment.MacOS, UserAffinity: new(true), SkipSetupItems: []string{"FileVault"}, Settings: map[string]string{"ade_accountsettings_adminaccountname": "it"}},
		"Apple TV":           {Platform: enrollment.TVOS, AwaitDeviceConfigured: new(false), SkipSetupItems: []string{"TVRoom"}},
		"Vision Pro":         {Platform: enrollment.VisionOS, LockedEnrollment: new(true), SkipSetupItems: []string{"Tips"}},
	} {
		for day, change := range days {
			t.Run(name+", "+day, func(t *testing.T) {
				t.Parallel()
				w, c := newTenant(t, 3, change), c
				c.TokenID, c.Name, c.Description = w.token.ID, name, new("for "+name)
				made := create(t, w.service, c)
				read, err := w.service.ReadPolicy(t.Context(), made.ProfileID)
				if err != nil || !reflect.DeepEqual(read, made) {
					t.Fatalf("%v\nread %+v\nmade %+v", err, read, made)
				}
				if _, err := w.service.UpdatePolicy(t.Context(), made.ID, c); err != nil || w.requests("PUT ") > 0 {
					t.Errorf("%v; a change of nothing: %v", err, w.sim.Requests(false).Requests)
				}
				locked := made.LockedEnrollment == nil || !*made.LockedEnrollment
				changed, err := w.service.UpdatePolicy(t.Context(), made.ID, enrollment.PolicySpec{TokenID: w.token.ID, Name: "Renamed", LockedEnrollment: &locked})
				if err != nil || *changed.LockedEnrollment != locked || changed.Name != "Renamed" {
					t.Fatalf("%v, %+v", err, changed)
				}
				read, err = w.service.ReadPolicy(t.Context(), made.ID)
				made.Name, made.LockedEnrollment, made.Settings = "Renamed", &locked, read.Settings
				if err != nil || !reflect.DeepEqual(read, changed) || !reflect.DeepEqual(read, made) {
					t.Errorf("%v\nread %+v\nmade %+v", err, read, made)
				}
				if err := w.service.DeletePolicy(t.Context(), made.ID); err != nil {
					t.Error(err)
				}
				if _, err := w.service.ReadPolicy(t.Context(), made.ID); !errors.Is(err, enrollment.ErrNotFound) {
					t.Error(err)
				}
			})
		}
	}
}

func TestAPolicyForDevicesAndAsTheDefaultAtTheSimulator(t *testing.T) {
	t.Parallel()
	w := newTenant(t, 3, late)
	p := create(t, w.service, enrollment.PolicySpec{TokenID: w.token.ID, Platform: enrollment.IOS, Name: "Cart", SharedIPad: &enrollment.SharedIPad{}})
	w.assign(p.ProfileID, w.serials()[:2])
	if err := w.service.SetDefaultProfile(t.Context(), w.token.ID, enrollment.IOS, p.ProfileID); err != nil {
		t.Fatal(err)
	}
	if read, err := w.service.ReadPolicy(t.Context(), p.ID); err != nil || !slices.Equal(read.IsDefaultFor, []enrollment.Platform{enrollment.IOS}) {
		t.Errorf("%v, default for %v", err, read.IsDefaultFor)
	}
	if err := w.service.DeletePolicy(t.Context(), p.ID); !errors.Is(err, enrollment.ErrInUse) {
		t.Error(err)
	}
	n := 0
	for d, err := range w.service.Devices(t.Context(), w.token.ID, enrollment.DeviceFilter{Assignment: []string{p.ProfileID}}) {
		if err != nil || d.ProfileID != p.ProfileID {
			t.Errorf("%v, %+v", err, d)
		}
		n++
	}
	if n != 2 {
		t.Errorf("%d devices have the policy", n)
	}
}

func TestATemplateThatChangesAtTheSimulator(t *testing.T) {
	t.Parallel()
	w := newTenant(t, 1, late)
	for _, id := range []string{"ade_setupassistant_holodeck", "ade_setupassistant_replicator"} {
		if err := w.sim.Catalog().AddSetting(catalog.Setting{ID: id, DisplayName: id, Platforms: []string{"iOS"}, Required: true}); err != nil {
			t.Fatal(err)
		}
	}
	p := create(t, w.service, enrollment.PolicySpec{TokenID: w.token.ID, Platform: enrollment.IOS, Name: "Cart", SkipSetupItems: []string{"Siri"}})
	if !slices.Equal(p.DefaultedSettings, []string{"ade_setupassistant_holodeck", "ade_setupassistant_replicator"}) || !slices.Equal(p.SkipSetupItems, []string{"Siri"}) {
		t.Errorf("%v by default, %v skipped", p.DefaultedSettings, p.SkipSetupItems)
	}
}
