package enrollment_test

import (
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

func TestDeviceFilter(t *testing.T) {
	t.Parallel()
	device := enrollment.Device{
		SerialNumber: "DMPXK1ABCDEF", Model: "iPad Air", Family: "iPad", ProfileID: "p", OnDefault: true,
		ProfileStatus: enrollment.StatusAssigned, AssignedToServerAt: noon,
	}
	for name, c := range map[string]struct{ yes, no enrollment.DeviceFilter }{
		"family":        {enrollment.DeviceFilter{Family: "iPad"}, enrollment.DeviceFilter{Family: "Mac"}},
		"model":         {enrollment.DeviceFilter{Model: "AIR"}, enrollment.DeviceFilter{Model: "mini"}},
		"status":        {enrollment.DeviceFilter{ProfileStatus: enrollment.StatusAssigned}, enrollment.DeviceFilter{ProfileStatus: enrollment.StatusPushed}},
		"serial prefix": {enrollment.DeviceFilter{SerialPrefix: "dmp"}, enrollment.DeviceFilter{SerialPrefix: "F9F"}},
		"since":         {enrollment.DeviceFilter{AssignedSince: noon}, enrollment.DeviceFilter{AssignedSince: noon.Add(time.Second)}},
		"needs a reset": {enrollment.DeviceFilter{NeedsReset: new(false)}, enrollment.DeviceFilter{NeedsReset: new(true)}},
		"serials":       {enrollment.DeviceFilter{SerialNumbers: []string{"DMPXK1ABCDEF"}}, enrollment.DeviceFilter{SerialNumbers: []string{}}},
		"a profile":     {enrollment.DeviceFilter{Assignment: []string{enrollment.SelectUnassigned, "p"}}, enrollment.DeviceFilter{Assignment: []string{"q"}}},
		"the default":   {enrollment.DeviceFilter{Assignment: []string{enrollment.SelectDefault}}, enrollment.DeviceFilter{Assignment: []string{enrollment.SelectUnassigned}}},
	} {
		if !c.yes.Matches(device) || c.no.Matches(device) {
			t.Errorf("%s: %t and %t, want true and false", name, c.yes.Matches(device), c.no.Matches(device))
		}
	}
	if !(enrollment.DeviceFilter{}).Matches(device) {
		t.Error("a filter that names nothing selects all")
	}
}

func TestAViewIsFreshForADay(t *testing.T) {
	t.Parallel()
	for age, fresh := range map[time.Duration]bool{0: true, day - time.Second: true, day: false} {
		if got := enrollment.IsFresh(noon.Add(-age), noon); got != fresh {
			t.Errorf("%s old: fresh %t", age, got)
		}
	}
	if enrollment.IsFresh(time.Time{}, noon) {
		t.Error("a view that was never made is not fresh")
	}
}
