package assignment_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

func inUse(s *school, devices ...string) {
	for _, d := range devices {
		s.devices[d].ProfileStatus = enrollment.StatusPushed
	}
}

func TestAPlanSaysWhatBecomesOfTheDevices(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prepare func(*school)
		config  tftest.Config
		says    []string // nil is silent
	}{
		"nothing changes": {func(*school) {}, config(ipads(1, 4)...), nil},
		"two come": {
			func(*school) {}, config(ipads(1, 6)...), []string{`profile_id: 2 devices get enrollment profile "p1": The`},
		},
		"two come, one from a profile that may be taken over": {
			func(s *school) { s.put("p2", "IPAD000005") }, config(ipads(1, 6)...).With(tftest.Config{"take_over_from": []any{"p2"}}),
			[]string{`2 devices get enrollment profile "p1": 1 from "p2" and 1 without a profile:`},
		},
		"two come from the default profile, one in use": {
			func(s *school) {
				s.defaultID = "default"
				s.put("default", "IPAD000005", "IPAD000006")
				inUse(s, "IPAD000005")
			},
			config(ipads(1, 6)...),
			[]string{`2 devices get enrollment profile "p1", 1 of them after a factory reset: 2 from "default":`},
		},
		"two leave, and somebody else has one of them": {
			func(s *school) { s.put("p3", "IPAD000004") }, config(ipads(1, 2)...), []string{`1 device leaves enrollment profile "p1" for none:`},
		},
		"two leave, and another assignment holds one of them": {
			func(s *school) { s.held("p1", "another", "IPAD000004") }, config(ipads(1, 2)...), []string{`1 device leaves enrollment profile "p1" for none:`},
		},
		"another profile for devices that are not known yet, one of which another assignment holds": {
			func(s *school) { s.held("p1", "another", "IPAD000004") },
			config().With(tftest.Config{"profile_id": "p2", "serial_number_list": tftest.Unknown}),
			[]string{`profile_id: Up to 3 devices held move from "p1" to "p2"`},
		},
		"two leave, one in use": {
			func(s *school) { inUse(s, "IPAD000003") }, config(ipads(1, 2)...).With(leaves("fallback")),
			[]string{`2 devices leave enrollment profile "p1" for enrollment profile "spare", 1 of them after a factory reset:`},
		},
		"two are let go": {
			func(*school) {}, config(ipads(1, 2)...).With(leaves("keep")), []string{`2 devices leave the assignment and keep enrollment profile "p1":`},
		},
		"one comes and one leaves": {
			func(*school) {}, config(ipads(2, 4)...), []string{`1 device gets enrollment profile "p1"; 1 device leaves it for none:`},
		},
		"another profile, which one has lost meanwhile": {
			func(s *school) { s.put("", "IPAD000001") }, config(ipads(1, 4)...).With(tftest.Config{"profile_id": "p2"}),
			[]string{`4 devices get enrollment profile "p2": 3 from "p1" and 1 without a profile:`, "holds and keeps (3); max_changes does not limit this"},
		},
		"a profile that is made now": {
			func(*school) {}, config(ipads(1, 4)...).With(tftest.Config{"profile_id": tftest.Unknown}),
			[]string{`4 devices get an enrollment profile that is made in this apply: 4 from "p1":`},
		},
		"another profile for devices that are not known yet": {
			func(s *school) { s.put("", "IPAD000001"); inUse(s, "IPAD000002") },
			config().With(tftest.Config{"profile_id": "p2", "serial_number_list": tftest.Unknown}),
			[]string{`profile_id: Up to 3 devices held move (1 of them after a factory reset) from "p1" to "p2"`},
		},
		"a profile that is made now for devices that are not known yet": {
			func(*school) {}, config().With(tftest.Config{"profile_id": tftest.Unknown, "serial_number_list": tftest.Unknown}),
			[]string{`Up to 4 devices held move from "p1" to a profile that is made in this apply`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSchool(t, ipads(1, 6)...)
			state := s.create(config(ipads(1, 4)...))
			c.prepare(s)
			s.restart()
			plan := s.d.Plan(kind, state, c.config) // not refreshed: what is drift is another matter
			equal(t, "errors", plan.Diags.Errors(), nil)
			if c.says == nil {
				equal(t, "warnings", plan.Diags.Warnings(), nil)
				return
			}
			mentions(t, plan.Diags.Warnings(), c.says...)
		})
	}
}

func TestANewAssignmentFromAnEmptySourceIsSaid(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 2)...)
	mentions(t, s.plan(tftest.State{}, config()).Diags.Warnings(), `serial_number_list: 0 devices get enrollment profile "p1": the source of serial numbers is empty`, "asm_devices")
	state := s.create(config())
	s.unchanged(state, config()) // and nothing of it later: nobody can act on it for ever
}

func TestDestroyingCountsOnlyDevicesThatStillHaveTheProfile(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 4)...)
	state := s.create(config(ipads(1, 4)...))
	s.put("p2", "IPAD000001")
	inUse(s, "IPAD000002")
	mentions(t, s.d.PlanDestroy(state).Diags.Warnings(), `from 3 devices, 1 of them after a factory reset, and leaves them without one`)
	s.put("", ipads(2, 3)...)
	equal(t, "warnings", s.d.PlanDestroy(state).Diags.Warnings(), nil)
	s.rt.Service = &unreadable{fake: s.fake}
	mentions(t, s.d.PlanDestroy(state).Diags.Warnings(), "from 4 devices") // as far as state knows
}

// What another assignment of the profile holds stays, at apply too. A change of an
// import takes it over, a destroy does not.
func TestOnlyAChangeOfAnImportCountsWhatAnotherAssignmentHolds(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 4)...)
	s.put("p1", "IPAD000001")
	s.held("p1", "another", ipads(2, 3)...)
	imported, _ := s.d.Import(kind, "t1/p1")
	mentions(t, s.d.PlanDestroy(imported).Diags.Warnings(), "from 1 device")
	s.restart()
	mentions(t, s.d.Plan(kind, imported, config(ipads(1, 1)...)).Diags.Warnings(), `3 devices leave enrollment profile "p1" for none:`)
	s.held("p1", "another", "IPAD000001")
	s.restart()
	equal(t, "warnings of a destroy that reaches none", s.d.PlanDestroy(imported).Diags.Warnings(), nil)
}

// unreadable cannot read devices.
type unreadable struct{ *fake }

func (u *unreadable) Devices(context.Context, string, enrollment.DeviceFilter) iter.Seq2[enrollment.Device, error] {
	return func(yield func(enrollment.Device, error) bool) {
		yield(enrollment.Device{}, errors.New("the service is down"))
	}
}

// The numbers of the detail add up to that of the summary.
func TestABatchThatFailsBesideRefusedDevicesIsCountedOnce(t *testing.T) {
	t.Parallel()
	s := newSchool(t, ipads(1, 2100)...)
	s.refuse["IPAD000001"], s.refuse["IPAD000002"] = "FAILED", "FAILED"
	s.token.LastSyncedAt = s.clock.AddDate(0, 0, -2)
	s.failAt = 2
	state, diags := s.plan(tftest.State{}, config(append(ipads(1, 2100), "NOTHERE001")...)).Apply()
	equal(t, "errors", diags.Errors(), nil)
	is(t, state, "failed_count", int64(1103))
	var headline []string
	for _, w := range diags.Warnings() {
		if strings.Contains(w, "Unable to finish") {
			headline = append(headline, w)
		}
	}
	mentions(t, headline, "1103 of 2101 devices did not get the profile", "Without the profile (1103): 1100 devices in the request that failed or not sent any more, 2 refused, 1 not on the token.")
}
