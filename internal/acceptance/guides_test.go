package acceptance

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// newGuidesDistrict is a reader's district that has its server token, and so many
// devices; a guide's configuration comes in the place of its own.
func newGuidesDistrict(t *testing.T, kind enrollment.Kind, devices int) *world {
	t.Helper()
	w := newReader(t, kind, devices+1000)
	w.write(tokenConfig)
	w.apply()
	w.atThePortal(w.output("public_key_pem"), devices)
	w.apply()
	return w
}

// onService has the examples of a guide run on either service, as the guide says.
func (w *world) onService() *strings.Replacer {
	if w.graph == nil {
		return asItIs
	}
	return strings.NewReplacer(
		"  embedded = {\n    mdm_url = \"https://mdm.school.example/enroll\"\n  }\n", "  intune = {}\n",
		"  max_changes = var.max_changes\n", "  max_changes = var.max_changes\n  on_leave    = \"keep\"\n",
		"  missing_devices = \"wait\"\n", "  missing_devices = \"wait\"\n  on_leave        = \"keep\"\n",
		"  await_device_configured = true\n", "",
	)
}

// groupsFile writes the file of a school year: the serial numbers of each group.
func (w *world) groupsFile(groups map[string][]string) {
	w.Helper()
	text := "serial,group\n"
	for _, group := range slices.Sorted(maps.Keys(groups)) {
		for _, serial := range groups[group] {
			text += serial + "," + group + "\n"
		}
	}
	w.file("ipads.csv", text)
}

// perGroup counts the devices at Apple by the profile that the configuration's
// groups have.
func (w *world) perGroup(sizes map[string]int) {
	w.Helper()
	got := map[int]int{}
	for uuid, n := range w.perProfile() {
		if uuid != "" {
			got[n]++
		}
	}
	want := map[int]int{}
	for _, n := range sizes {
		want[n]++
	}
	if !maps.Equal(got, want) {
		w.Errorf("devices per profile at Apple: %v, want %v", w.perProfile(), sizes)
	}
}

// The guide "a new school year": the fuse holds until it is raised, the move goes
// through in one apply, and last year's file is the way back.
func TestANewSchoolYear(t *testing.T) {
	onServices(t, func(t *testing.T, kind enrollment.Kind) {
		w := newGuidesDistrict(t, kind, 300)
		serials := slices.Sorted(maps.Keys(w.truth()))
		lastYear := map[string][]string{"cart": serials[:30], "grade-7": serials[30:200], "spare": nil}
		nextYear := map[string][]string{"cart": serials[:40], "grade-7": serials[190:290], "spare": serials[40:190]}

		w.groupsFile(lastYear)
		w.example("new-school-year", w.onService())
		w.apply()
		w.plan(0)
		w.perGroup(map[string]int{"cart": 30, "grade-7": 170})

		w.groupsFile(nextYear)
		w.forget()
		w.says(w.plan(1), "160 devices would leave", "may change in one apply")
		if n := w.sends(); n != 0 {
			t.Errorf("a plan that the fuse stopped sent %d requests", n)
		}
		w.plan(2, "-var", "max_changes=250", "-out", "move.tfplan")
		w.apply("move.tfplan")
		w.perGroup(map[string]int{"cart": 40, "grade-7": 100, "spare": 150})
		w.forget()
		w.apply() // the fuse is back
		w.plan(0)
		if n := w.sends(); n != 0 {
			t.Errorf("putting the fuse back sent %d requests", n)
		}

		w.groupsFile(lastYear)
		w.apply("-var", "max_changes=250")
		w.plan(0, "-var", "max_changes=250")
		if kind == enrollment.Embedded { // on Intune the devices that left keep their profile
			w.perGroup(map[string]int{"cart": 30, "grade-7": 170})
		}
	})
}

// The guide "Shared iPad for a classroom cart": what is in use is named until it
// is erased.
func TestACartOfSharedIPads(t *testing.T) {
	onServices(t, func(t *testing.T, kind enrollment.Kind) {
		w := newGuidesDistrict(t, kind, 60)
		serials := w.serials("cart-3.txt", 0, 30)
		var inUse []string
		if kind == enrollment.Embedded {
			inUse = serials[:3]
			w.usedBefore(inUse)
		}
		w.example("shared-ipad-cart", w.onService())
		w.apply()
		w.plan(0)
		w.perGroup(map[string]int{"cart": 30})
		var erase []string
		if err := w.tool.Outputs(t.Context(), map[string]any{"to_erase": &erase}); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(erase, inUse) {
			t.Errorf("to erase are %v, want %v", erase, inUse)
		}
	})
}

// usedBefore: iPads that were set up with another profile, which was taken from
// them since.
func (w *world) usedBefore(serials []string) {
	w.Helper()
	w.file("used.txt", strings.Join(serials, "\n")+"\n")
	w.write(tokenConfig, profileConfig("old", ""), assignmentConfig("old", "used.txt", ""), fullSyncConfig)
	w.apply()
	for _, serial := range serials {
		if err := w.apple.Activate(serial); err != nil {
			w.Fatal(err)
		}
	}
	w.apply("-var", "run=2")
	w.write(tokenConfig, profileConfig("old", ""))
	w.apply()
}

// The guide "beside an MDM": one server token serves both, and a device that the
// MDM gave a profile is not taken.
func TestBesideAnMDM(t *testing.T) {
	w := newReader(t, enrollment.Embedded, 200)
	w.bringMDM()
	w.server = w.apple.Servers()[0].ID
	serials := w.giveDevices(60)
	theirs, err := w.apple.DefineProfile(w.server, []byte(`{"profile_name": "The MDM's", "url": "https://mdm.school.example/enroll"}`))
	if err == nil {
		_, err = w.apple.GiveProfile(w.server, theirs, serials[10:30])
	}
	if err != nil {
		t.Fatal(err)
	}
	w.file("library.txt", strings.Join(serials[:10], "\n")+"\n")
	w.example("beside-an-mdm", asItIs)
	w.apply()
	w.plan(0)
	if got := w.perProfile(); got[theirs] != 20 || got[""] != 30 {
		t.Errorf("devices per profile at Apple: %v; the MDM gave 20 their profile, and 30 have none", got)
	}
	var shown []string
	if err := w.tool.Outputs(t.Context(), map[string]any{"profiles_at_apple": &shown}); err != nil || !slices.Contains(shown, theirs) {
		t.Errorf("the profiles are %v and lack the MDM's, %s: %v", shown, theirs, err)
	}
	// One of the MDM's in the file: an error that names it, and nobody moved.
	w.file("library.txt", strings.Join(serials[:11], "\n")+"\n")
	w.says(w.plan(1), "Devices of other profiles", serials[10])
}

// The guide "getting started (Intune)".
func TestGettingStartedWithIntune(t *testing.T) {
	w, token, classroom, _ := newTenant(t, 120)
	w.held(token, classroom, 20)
	w.example("getting-started-intune", strings.NewReplacer(shownTokenID, token))
	w.says(w.apply(), "1 imported, 4 added, 0 changed, 0 destroyed")
	w.plan(0)
	if n := w.perName()["Classroom"]; n != 20 {
		t.Errorf("%d devices have the profile that they had, want 20", n)
	}
	if n := w.perName()["Student iPad"]; n == 0 {
		t.Errorf("no iPad has the policy: %v", w.perName())
	}
}

// The guide "without Terraform 1.14": one import block takes many in.
func TestImportsWithoutAQuery(t *testing.T) {
	w, token, _, _ := newTenant(t, 10)
	fields := map[string]any{"description": "", "profileRemovalDisabled": true, "supportDepartment": "School IT"}
	ids := []string{}
	for _, name := range []string{"Classroom", "Library"} {
		ids = append(ids, w.classic(token, with(fields, "displayName", name)))
	}
	w.example("without-terraform-1-14", strings.NewReplacer(
		shownTokenID+"_"+shownProfileID, ids[0], shownTokenID+"_d7e1a0c2-5b2f-4c37-8e0a-91f6c3b2a433", ids[1], shownTokenID, token))
	w.says(w.plan(2), "2 to import, 0 to add, 0 to change, 0 to destroy")
	w.apply()
	w.plan(0)
}

func with(fields map[string]any, name string, value any) map[string]any {
	out := maps.Clone(fields)
	out[name] = value
	return out
}
