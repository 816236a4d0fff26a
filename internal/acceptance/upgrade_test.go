package acceptance

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

// These tests apply with the last release, installed from a mirror as a user
// installs it, and go on with today's build. Both are processes of their own, on
// the machine's clock.

const syncConfig = `
resource "asm_device_sync" "daily" {
  token_id = asm_token.district.id
  max_age  = "24h"
}
`

// releasedDistrict is a district that the last release has applied, and its
// configuration but for the token.
func releasedDistrict(t *testing.T, kind enrollment.Kind) (*world, release, []string) {
	t.Helper()
	r := lastRelease(t)
	w := newReleasedWorld(t, r, func(t *testing.T) *world { t.Helper(); return newWorldOn(t, kind, 60) })
	w.apply()
	w.atThePortal(w.output("public_key_pem"), 40)
	w.serials("ipads.txt", 0, 30)
	objects := []string{
		profileConfig("classroom", `  department = "School IT"`), defaultConfig, sdsConfig, syncConfig, assignmentConfig("classroom", "ipads.txt", ""),
	}
	w.write(append([]string{tokenConfig}, objects...)...)
	w.apply()
	w.plan(0)
	return w, r, objects
}

func TestUpgradeFromTheLastRelease(t *testing.T) {
	onServices(t, func(t *testing.T, kind enrollment.Kind) {
		w, r, objects := releasedDistrict(t, kind)
		w.upgrade(r)
		w.plan(0)
		w.stripIdentities()
		w.plan(0)
		before := w.perProfile()
		w.write(append([]string{tokenConfig, profileConfig("classroom", `  department = "Library"`)}, objects[1:]...)...)
		w.says(w.apply(), "0 added, 1 changed, 0 destroyed")
		w.plan(0)
		if now := w.perProfile(); len(now) != len(before) || now[""] != before[""] {
			t.Errorf("devices by profile were %v and are %v", before, now)
		}
	})
}

// Somebody else has destroyed objects, with a state of their own, before the
// upgrade. Their state has no identities, which the removal needs.
func TestUpgradeAfterObjectsWereDeletedRemotely(t *testing.T) {
	w, r, objects := releasedDistrict(t, enrollment.Embedded)
	w.stripIdentities()
	other := *w
	other.dir = t.TempDir()
	copyDir(t, w.dir, other.dir, "token.p7m", "ipads.txt", "terraform.tfstate")
	other.file("main.tf", strings.Replace(read(t, filepath.Join(w.dir, "main.tf")), strings.Join(objects, "\n"), "", 1))
	other.installs(map[string]string{r.version: r.program(t)})
	other.says(other.apply(), "0 added, 0 changed, 5 destroyed")

	w.upgrade(r)
	// The devices are still there to be assigned, and a sync is done whoever has forgotten it.
	w.says(w.plan(2), "3 to add, 1 to change, 0 to destroy")

	// Then the token: it can go once its devices have left it.
	if _, err := w.apple.UnassignDevices(w.server, apple.Selection{Count: 40}); err != nil {
		t.Fatal(err)
	}
	other.file("sync.tf", syncConfig)
	other.apply()
	other.run("destroy", "-auto-approve", "-input=false", "-no-color")
	// Its server token is of no use to another key pair, so the way begins anew.
	if err := os.Remove(filepath.Join(w.dir, "token.p7m")); err != nil {
		t.Fatal(err)
	}
	w.write(tokenConfig)
	w.says(w.plan(2), "1 to add, 0 to change, 0 to destroy")
}

// A release before this one can read the state, so that an upgrade can be taken
// back.
func TestDowngradeToTheLastRelease(t *testing.T) {
	w, r, _ := releasedDistrict(t, enrollment.Embedded)
	w.upgrade(r)
	w.write(tokenConfig, profileConfig("classroom", `  department = "Library"`), defaultConfig, sdsConfig, syncConfig, assignmentConfig("classroom", "ipads.txt", ""))
	w.apply() // today's build writes every object that it touches
	w.apply("-refresh-only")
	w.downgrade(r)
	w.plan(0)
}

// What a newer version has written is refused in words that say what to do.
func TestStateOfANewerVersionIsRefused(t *testing.T) {
	w := newWorld(t, 10)
	w.write(tokenConfig)
	w.apply()
	w.editState(func(instance map[string]any) { instance["schema_version"] = 99 })
	w.says(w.plan(1), "newer provider version", "asm_token.district")
}

// stripIdentities leaves a state as tools before Terraform 1.12 and OpenTofu 1.12
// write it.
func (w *world) stripIdentities() {
	w.Helper()
	w.editState(func(instance map[string]any) {
		maps.DeleteFunc(instance, func(name string, _ any) bool { return strings.HasPrefix(name, "identity") })
	})
}

// editState changes every instance in the state.
func (w *world) editState(change func(instance map[string]any)) {
	w.Helper()
	file := filepath.Join(w.dir, "terraform.tfstate")
	var state map[string]any
	if err := json.Unmarshal([]byte(read(w.T, file)), &state); err != nil {
		w.Fatal(err)
	}
	resources, _ := state["resources"].([]any)
	changed := 0
	for _, resource := range resources {
		fields, _ := resource.(map[string]any)
		instances, _ := fields["instances"].([]any)
		for _, instance := range instances {
			if one, ok := instance.(map[string]any); ok {
				change(one)
				changed++
			}
		}
	}
	text, err := json.Marshal(state)
	if err == nil && changed > 0 {
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil || changed == 0 {
		w.Fatalf("%d instances changed: %v", changed, err)
	}
}
