package enrollment

import (
	"fmt"
	"strings"
	"testing"
)

func TestReachCountsWhatNeedsAFactoryReset(t *testing.T) {
	t.Parallel()
	var r Reach
	for _, d := range []Device{{ProfileStatus: StatusAssigned}, {ProfileStatus: StatusPushed}, {ProfileStatus: StatusAssigned, NeedsReset: true}} {
		r = r.With(d)
	}
	for want, got := range map[string]Reach{
		"3 devices, 2 of them after a factory reset": r, "1 device": {Devices: 1}, "0 devices": {},
	} {
		if got.String() != want {
			t.Errorf("%+v is %q, want %q", got, got, want)
		}
	}
}

func TestSourcesNameTheProfilesThatDevicesComeFrom(t *testing.T) {
	t.Parallel()
	many := Sources{}
	for i := range 8 {
		many[fmt.Sprintf("p%d", i)] = 10 - i
	}
	six := Sources{"a": 6, "b": 5, "c": 4, "d": 3, "e": 2, "f": 1}
	for _, c := range []struct {
		from Sources
		want string
	}{
		{nil, ""},
		{Sources{"": 4}, "4 without a profile"},
		{Sources{"library": 3, "": 4, "carts": 12}, `12 from "carts", 3 from "library" and 4 without a profile`},
		{Sources{"b": 1, "a": 1}, `1 from "a" and 1 from "b"`},
		{many, `10 from "p0", 9 from "p1", 8 from "p2", 7 from "p3", 6 from "p4" and 12 from 3 other profiles`},
		{six, `6 from "a", 5 from "b", 4 from "c", 3 from "d", 2 from "e" and 1 from "f"`},
	} {
		if got := c.from.String(); got != c.want {
			t.Errorf("%v is %q, want %q", map[string]int(c.from), got, c.want)
		}
	}
}

func TestTheImpactOfAnAssignmentInItsSummary(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		impact          AssignmentImpact
		summary, detail string
	}{
		"nothing": {AssignmentImpact{Profile: "a"}, "", ""},
		"the first fill": {
			AssignmentImpact{Profile: "a", Get: Reach{Devices: 30}, From: Sources{"": 30}},
			`30 devices get enrollment profile "a"`, "30 without a profile. They take it when they are set up.",
		},
		"of a profile that is made now": {
			AssignmentImpact{Get: Reach{Devices: 1}, From: Sources{"": 1}},
			"1 device gets an enrollment profile that is made in this apply", "",
		},
		"some are in use": {
			AssignmentImpact{Profile: "a", Get: Reach{30, 4}, From: Sources{"": 30}},
			`30 devices get enrollment profile "a", 4 of them after a factory reset`, "4 of the 30 are activated already and take it only after a factory reset",
		},
		"from other profiles": {
			AssignmentImpact{Profile: "a", Get: Reach{15, 4}, From: Sources{"b": 12, "": 3}},
			`15 devices get enrollment profile "a", 4 of them after a factory reset: 12 from "b" and 3 without a profile`, "",
		},
		"a changed profile_id": {
			AssignmentImpact{Profile: "b", Left: "a", Get: Reach{Devices: 12}, From: Sources{"a": 12}, Held: 12, Leave: Reach{Devices: 2, Activated: 1}, OnLeave: LeaveUnassign},
			`12 devices get enrollment profile "b": 12 from "a"; 2 devices leave enrollment profile "a" for none, 1 of them after a factory reset`,
			"moves every device that the assignment holds and keeps (12); max_changes does not limit this.",
		},
		"some leave, and others come": {
			AssignmentImpact{Profile: "a", Left: "a", Get: Reach{Devices: 2}, From: Sources{"": 2}, Leave: Reach{Devices: 1}, OnLeave: LeaveFallback, Fallback: "spare"},
			`2 devices get enrollment profile "a"; 1 device leaves it for enrollment profile "spare"`, "on_leave = \"fallback\"",
		},
		"some leave": {
			AssignmentImpact{Profile: "a", Left: "a", Leave: Reach{7, 2}, OnLeave: LeaveUnassign},
			`7 devices leave enrollment profile "a" for none, 2 of them after a factory reset`, "another assignment of this plan takes",
		},
		"for a profile that is made now": {
			AssignmentImpact{Profile: "a", Left: "a", Leave: Reach{Devices: 7}, OnLeave: LeaveFallback},
			`7 devices leave enrollment profile "a" for an enrollment profile that is made in this apply`, "",
		},
		"some are let go and keep it": {
			AssignmentImpact{Profile: "a", Left: "a", Leave: Reach{7, 2}, OnLeave: LeaveKeep},
			`7 devices leave the assignment and keep enrollment profile "a"`, "no assignment answers for it",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, warned := c.impact.Warning()
			if warned != (c.summary != "") || w.Summary != c.summary || !strings.Contains(w.Detail, c.detail) {
				t.Errorf("%v\n%q, want\n%q\n%q, want in it %q", warned, w.Summary, c.summary, w.Detail, c.detail)
			}
		})
	}
}

func TestSerialNumbersThatAreWaitedForAreNamed(t *testing.T) {
	t.Parallel()
	for want, serials := range map[string][]string{
		`1 serial number that token "District" does not have: pending until a sync brings them in (A)`:                   {"A"},
		`5 serial numbers that token "District" does not have: pending until a sync brings them in (A, B, C and 2 more)`: {"A", "B", "C", "D", "E"},
	} {
		if w := WaitsFor("District", serials); w.Summary != want || !strings.Contains(w.Detail, strings.Join(serials, ", ")) {
			t.Errorf("%q, want %q; %s", w.Summary, want, w.Detail)
		}
	}
}

func TestANewAssignmentOfNobodyIsSaid(t *testing.T) {
	t.Parallel()
	if w := AssignsNobody("a"); w.Summary != `0 devices get enrollment profile "a": the source of serial numbers is empty` {
		t.Error(w.Summary)
	}
}

func TestTheImpactOfDestroyingAnAssignment(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		reach    Reach
		how      OnLeave
		fallback string
		want     string
	}{
		{Reach{90, 4}, LeaveUnassign, "", `Destroying takes enrollment profile "a" from 90 devices, 4 of them after a factory reset, and leaves them without one (on_leave = "unassign")`},
		{Reach{1, 0}, LeaveFallback, "spare", `Destroying takes enrollment profile "a" from 1 device, and gives them "spare" (on_leave = "fallback")`},
		{Reach{90, 4}, LeaveKeep, "", ""},
		{Reach{}, LeaveUnassign, "", ""},
	} {
		if w, warned := DestroyedAssignment("a", c.reach, c.how, c.fallback); warned != (c.want != "") || w.Summary != c.want {
			t.Errorf("%v %q, want %q", warned, w.Summary, c.want)
		}
	}
}

func TestAnotherDefaultProfileSaysWhoKeepsTheFormerOne(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]DefaultChange{
		`New ios devices get enrollment profile "b" from now on and no longer "a"; 120 devices that have it keep it`:                         {Platform: IOS, Was: "a", Is: "b", Stay: 120},
		`New tvos devices get no enrollment profile from now on and no longer "a"; 1 device that has it keeps it`:                            {Platform: TVOS, Was: "a", Stay: 1},
		`New ios devices get enrollment profile "b" from now on and no longer "a"; devices that have it keep it`:                             {Platform: IOS, Was: "a", Is: "b", Stay: DeviceCountUnknown},
		`New ios devices get an enrollment profile that is made in this apply from now on and no longer "a"; 2 devices that have it keep it`: {Platform: IOS, Was: "a", Stay: 2, Makes: true},
	} {
		if w := c.Warning(); w.Summary != want || !strings.Contains(w.Detail, "take_over_from") {
			t.Errorf("%q, want %q; %s", w.Summary, want, w.Detail)
		}
	}
}

func TestWhatIsInUseIsSaidBeforeItIsDestroyed(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]struct {
		devices  int
		defaults []Platform
	}{
		"": {},
		`Destroying enrollment policy "a" is refused while 30 devices have it`:                                     {30, nil},
		`Destroying enrollment policy "a" is refused while it is the default for ios`:                              {0, []Platform{IOS}},
		`Destroying enrollment policy "a" is refused while 1 device has it and it is the default for ios and tvos`: {1, []Platform{IOS, TVOS}},
	} {
		w, warned := DestroyInUse(Intune, "enrollment policy", "a", c.devices, c.defaults)
		if warned != (want != "") || w.Summary != want || warned && !strings.Contains(w.Detail, "Intune cannot take a profile from a device") {
			t.Errorf("%v %q, want %q; %s", warned, w.Summary, want, w.Detail)
		}
	}
	if do := LetGoOfProfile(Embedded); strings.Contains(do, "Intune") || !strings.Contains(do, "take this one from them") {
		t.Errorf("on the embedded service: %s", do)
	}
}

func TestWhatATokenStillHasIsSaidBeforeItIsDestroyed(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]struct {
		devices, profiles int
		leave             bool
	}{
		"": {},
		`Destroying token "District" is refused while it has 300 devices and 1 enrollment profile`: {300, 1, true},
		`Destroying token "District" is refused while it has 2 enrollment profiles`:                {0, 2, false},
		`Destroying token "District" is refused while it has 1 device`:                             {1, 0, true},
	} {
		w, warned := DestroyedToken(Token{TokenSpec: TokenSpec{Name: "District"}, DeviceCount: c.devices, ProfileCount: c.profiles})
		if warned != (want != "") || w.Summary != want || strings.Contains(w.Detail, "Apple School Manager only") != c.leave {
			t.Errorf("%v %q, want %q; %s", warned, w.Summary, want, w.Detail)
		}
	}
}

func TestTheImpactOfAPolicy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reach  Reach
		names  []string
		naming bool
		want   string
	}{
		"on nobody":      {Reach{}, []string{"department"}, false, ""},
		"of nothing":     {Reach{3, 1}, nil, false, ""},
		"on some in use": {Reach{3, 1}, []string{"department"}, false, "Enrollment policy change reaches 3 devices, 1 of them after a factory reset"},
		"on new ones":    {Reach{3, 0}, []string{"department"}, false, "Enrollment policy change reaches 3 devices"},
		"on their names": {Reach{3, 1}, []string{"device_name_template"}, true, "Enrollment policy change renames 3 devices"},
	} {
		if w, warned := PolicyImpact("Library", c.reach, c.names, c.naming); warned != (c.want != "") || w.Summary != c.want {
			t.Errorf("%s: %v %q, want %q", name, warned, w.Summary, c.want)
		}
	}
}
