package assignment_test

import (
	"context"
	"iter"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

// The profiles of a tenant as Graph lists them: classic ones, and the mirror of an
// enrollment policy.
const (
	tenantToken = "8d3b0a10-6f1e-4c56-9a51-0c2f7d9e1b01"
	classicGUID = "c4d2a7b8-1e63-4f0b-9a55-7d1b0c9e8f22"
	policyGUID  = "1f0e9d8c-7b6a-4958-8776-655443322110"
	spareGUID   = "aaaaaaaa-0000-4000-8000-00000000000a"
	classic     = tenantToken + "_" + classicGUID
	policy      = "ECV2_" + tenantToken + "_" + policyGUID
	spare       = tenantToken + "_" + spareGUID
)

// tenant is a service as Intune is: it records nobody's holding and keeps nothing
// pending, cannot unassign, takes profile ids in any spelling and gives them as
// Graph lists them.
type tenant struct {
	*fake
	// unseen are devices that a request was accepted for and that never show it.
	unseen map[string]bool
	// reads counts looks at devices, and letGos requests to leave them as they are.
	reads, letGos int
	// asks counts requests for assignments, also those that send nothing.
	asks int
	// before happens when a request is on its way that takes devices from one
	// profile.
	before func()
}

func newTenant(t *testing.T, devices ...string) (*school, *tenant) {
	t.Helper()
	s := newSchool(t, devices...)
	s.kind = enrollment.Intune
	s.store = enrollment.Store{ID: "tenant-1", Location: "Intune tenant tenant-1", Kind: enrollment.Intune}
	s.token.ID = tenantToken
	s.profiles = []string{classic, policy, spare}
	i := &tenant{fake: s.fake, unseen: map[string]bool{}}
	s.rt.Service = i
	return s, i
}

// listed is a profile's id as Graph lists it.
func (i *tenant) listed(id string) string {
	for _, known := range i.profiles {
		if enrollment.SameProfile(enrollment.Intune, known, id) {
			return known
		}
	}
	return id
}

func (i *tenant) ReadProfile(ctx context.Context, ref enrollment.ProfileRef) (enrollment.Profile, error) {
	ref.ID = i.listed(ref.ID)
	return i.fake.ReadProfile(ctx, ref)
}

func (i *tenant) Devices(ctx context.Context, tokenID string, filter enrollment.DeviceFilter) iter.Seq2[enrollment.Device, error] {
	for n, selector := range filter.Assignment {
		filter.Assignment[n] = i.listed(selector)
	}
	i.reads++
	return i.fake.Devices(ctx, tokenID, filter)
}

func (i *tenant) Assign(ctx context.Context, req enrollment.AssignRequest) (enrollment.AssignResult, error) {
	i.asks++
	req.ProfileID, req.Holder, req.OnlyHeldBy, req.KeepPending = i.listed(req.ProfileID), "", "", false
	if req.OnlyFrom != "" {
		req.OnlyFrom = i.listed(req.OnlyFrom)
		if i.before != nil {
			i.before()
		}
	}
	for n, id := range req.TakeOver.ProfileIDs {
		req.TakeOver.ProfileIDs[n] = i.listed(id)
	}
	for _, s := range req.SerialNumbers {
		if i.unseen[s] {
			i.refuse[s] = "Intune accepted the request and does not show the profile after 5m0s"
		}
	}
	return i.fake.Assign(ctx, req)
}

func (i *tenant) Unassign(_ context.Context, req enrollment.UnassignRequest) (enrollment.AssignResult, error) {
	if !req.OnlyRelease {
		return enrollment.AssignResult{}, enrollment.Unsupported(enrollment.Intune, "cannot take a profile from a device", "Give it another one.")
	}
	i.letGos++
	return enrollment.AssignResult{Unchanged: req.SerialNumbers}, nil
}

func (i *tenant) Withdraw(context.Context, string, string, []string) error { return nil }

// kept assigns devices to the classic profile and lets them keep it.
func kept(devices ...string) tftest.Config {
	return config(devices...).With(tftest.Config{"token_id": tenantToken, "profile_id": classic, "on_leave": "keep"})
}

// unchanged expects an empty plan; settled is the same five times.
func (s *school) unchanged(state tftest.State, config tftest.Config) {
	s.t.Helper()
	if plan := s.plan(state, config); !plan.Empty() || len(plan.Diags) > 0 {
		s.t.Errorf("the plan is not empty: %v, %v", plan.Diags.Errors(), plan.Diags.Warnings())
	}
}

// falling is kept with a fallback.
func falling(devices ...string) tftest.Config {
	return kept(devices...).With(tftest.Config{"on_leave": "fallback", "fallback_profile_id": spare})
}

func on(id string) tftest.Config { return tftest.Config{"profile_id": id} }
