package defaultprofile_test

import (
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

func TestAChangeOfTheDefaultSaysWhoGetsWhatFromNowOn(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f)
	state, _ := apply(t, d, tftest.State{}, config)
	f.devices = []enrollment.Device{{SerialNumber: "A", ProfileID: "p1"}, {SerialNumber: "B", ProfileID: "p1"}, {SerialNumber: "C", ProfileID: "p2"}}
	reads := f.reads
	if again := d.Plan(kind, state, config); len(again.Diags) > 0 || f.reads != reads {
		t.Errorf("a plan without a change says %v and reads the devices %d times", again.Diags.Warnings(), f.reads-reads)
	}
	other := config.With(tftest.Config{"profile_id": "p2"})
	expect(t, d.Plan(kind, state, other).Diags.Warnings(), "profile_id", `get enrollment profile "Profile 2" from now on and no longer "Profile 1"; 2 devices that have it keep it`)
	expect(t, d.Plan(kind, state, config.With(tftest.Config{"profile_id": tftest.Unknown})).Diags.Warnings(), "get an enrollment profile that is made in this apply from now on", "2 devices")
	expect(t, d.PlanDestroy(state).Diags.Warnings(), `New ios devices get no enrollment profile from now on and no longer "Profile 1"; 2 devices`)
	for name, value := range map[string]string{"token_id": "t2", "platform": "macos"} {
		expect(t, d.Plan(kind, state, config.With(tftest.Config{name: value})).Diags.Warnings(), "New ios devices get no enrollment profile")
	}
	f.lists = errDown
	expect(t, d.Plan(kind, state, other).Diags.Warnings(), "; devices that have it keep it")
}

func TestDestroyingADefaultThatIntuneCannotUnsetIsSaidAtPlan(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.kind = enrollment.Intune
	d := drive(t, f)
	state, _ := apply(t, d, tftest.State{}, config)
	expect(t, d.PlanDestroy(state).Diags.Warnings(), `Destroying leaves "Profile 1" the default for ios: Intune cannot unset it`, "make another profile the default")
	if f.reads > 0 {
		t.Errorf("the devices were read %d times for it", f.reads)
	}
}
