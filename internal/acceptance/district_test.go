package acceptance

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// newDistrict is a world whose token has its server token and so many devices,
// synced.
func newDistrict(t *testing.T, devices int) *world {
	t.Helper()
	return newDistrictOn(t, enrollment.Embedded, devices)
}

// newDistrictOn is newDistrict on either service.
func newDistrictOn(t *testing.T, kind enrollment.Kind, devices int) *world {
	t.Helper()
	w := newWorldOn(t, kind, devices+1000)
	w.write(tokenConfig)
	w.apply()
	w.atThePortal(w.output("public_key_pem"), devices)
	w.apply()
	return w
}

// serials writes a file with the serial numbers of the server's devices from
// the i-th to before the j-th, in order, and gives them.
func (w *world) serials(file string, i, j int) []string {
	w.Helper()
	all := slices.Sorted(maps.Keys(w.truth()))
	w.file(file, strings.Join(all[i:j], "\n")+"\n")
	return all[i:j]
}

func TestTheWholeWay(t *testing.T) {
	w := newWorld(t, 400)
	t.Setenv("ASM_STORE", w.store())
	for _, name := range []string{"main.tf", "outputs.tf"} {
		text, err := os.ReadFile("../../examples/getting-started/" + name)
		if err != nil {
			t.Fatal(err)
		}
		w.file(name, string(text))
	}
	first := w.apply()
	w.says(first, "Apple School Manager", "Download Token", "public_key_pem")
	w.says(w.plan(0))
	w.atThePortal(w.output("public_key_pem"), 300)
	w.apply()
	w.emptyPlansInARow(5)

	var withProfile int
	for uuid, count := range w.perProfile() {
		if uuid != "" {
			withProfile += count
		}
	}
	families := map[string]int{}
	for serial := range w.truth() {
		d, err := w.apple.Device(serial)
		if err != nil {
			t.Fatal(err)
		}
		families[d.Family]++
	}
	if withProfile != families["iPad"] || withProfile == 0 {
		t.Errorf("%d devices have the profile, and the school has %d iPads", withProfile, families["iPad"])
	}
	if v := w.apple.Requests(false).Violations; len(v) > 0 {
		t.Errorf("Apple's rules were broken: %+v", v)
	}

	// New iPads come with the next sync and get the default profile.
	w.giveDevices(50)
	w.advance(25 * time.Hour)
	w.apply()
	w.emptyPlans()
	for serial, uuid := range w.truth() {
		if d, _ := w.apple.Device(serial); uuid == "" && d.Family == "iPad" {
			t.Errorf("new iPad %s has no profile", serial)
		}
	}
}

func TestEveryObjectIsImported(t *testing.T) {
	onServices(t, func(t *testing.T, kind enrollment.Kind) {
		w := newDistrictOn(t, kind, 120)
		w.serials("ipads.txt", 0, 100)
		config := []string{
			tokenConfig, profileConfig("classroom", `
  supervised        = true
  locked_enrollment = true
  shared_ipad       = { maximum_cached_users = 6 }
  department        = "School IT"
  skip_setup_items  = ["Siri", "TOS"]`), defaultConfig, sdsConfig,
			assignmentConfig("classroom", "ipads.txt", ""),
		}
		w.write(config...)
		w.apply()
		w.emptyPlansInARow(5)
		token, profile := w.output("token_id"), w.output("classroom_id")
		for address, id := range map[string]string{
			"asm_token.district":               token,
			"asm_enrollment_profile.classroom": profile,
			"asm_default_profile.classroom":    token + "/ios",
			"asm_sds_connection.district":      token,
		} {
			w.run("state", "rm", address)
			w.run("import", "-input=false", "-no-color", address, id)
		}
		// The token file is in the configuration, and a state that was imported has
		// no version of it yet: importing it is uploading the same file again.
		w.apply()
		w.emptyPlans()

		w.run("state", "rm", "asm_device_assignment.classroom")
		w.run("import", "-input=false", "-no-color", "asm_device_assignment.classroom", token+"/"+profile)
		w.forget()
		w.apply() // the form changes from a list to a file
		if n := w.sends(); n != 0 {
			t.Errorf("changing the form sent %d assign requests", n)
		}
		w.emptyPlans()
	})
}

func TestAnImportedTokenAndProfileNeedNoChange(t *testing.T) {
	w := newDistrict(t, 10)
	const bare = `
resource "asm_token" "district" {
  name     = "District"
  apple_id = "admin@school.example"
}
output "token_id" { value = asm_token.district.id }
`
	profile := profileConfig("classroom", `  department = "School IT"`)
	w.write(tokenConfig, profile)
	w.apply()
	token, id := w.output("token_id"), w.output("classroom_id")
	w.write(bare, profile)
	w.run("state", "rm", "asm_token.district", "asm_enrollment_profile.classroom")
	w.run("import", "-input=false", "-no-color", "asm_token.district", token)
	w.run("import", "-input=false", "-no-color", "asm_enrollment_profile.classroom", id)
	w.plan(0)
}

func TestAProfileThatOnlyAppleKnowsIsImportedByItsUUID(t *testing.T) {
	w := newDistrict(t, 30)
	w.serials("ipads.txt", 0, 30)
	w.write(tokenConfig, profileConfig("classroom", `  department = "School IT"`), assignmentConfig("classroom", "ipads.txt", `  on_leave = "keep"`))
	w.apply()
	uuid := slices.Sorted(maps.Keys(w.perProfile()))[0]
	// A store that knows nothing of the profile: another directory, the same
	// server with a key of its own.
	other := *w
	other.dir = t.TempDir()
	other.tool = w.newTool(w.tool.Path, other.dir, w.reattach(t))
	other.write(tokenConfig)
	other.apply()
	if _, err := w.apple.UpdateServer(w.server, "", []byte(other.output("public_key_pem"))); err != nil {
		t.Fatal(err)
	}
	other.download()
	other.apply()
	other.write(tokenConfig, profileConfig("classroom", `  department = "School IT"`))
	other.run("import", "-input=false", "-no-color", "asm_enrollment_profile.classroom", other.output("token_id")+"/"+uuid)
	other.plan(0)
	// Its first change keeps the id and moves the devices.
	other.write(tokenConfig, profileConfig("classroom", `  department = "Library"`))
	other.apply()
	if got := other.output("classroom_id"); got != uuid {
		t.Errorf("the id is %s now, and was %s", got, uuid)
	}
	if n := other.perProfile()[uuid]; n != 0 {
		t.Errorf("%d devices still have the old definition", n)
	}
	other.emptyPlans()
}
