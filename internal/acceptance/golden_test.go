package acceptance

import (
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/tools/schemajson/export"
)

// goldenStates is set by "make golden-states VERSION=X.Y.Z".
var goldenStates = flag.String("golden-states", "", "version of a release, whose golden states are written")

// golden is an object in a state file, as the golden states of a release keep
// it. Package provider reads it.
type golden struct {
	SchemaVersion         int64                      `json:"schema_version"`
	Attributes            json.RawMessage            `json:"attributes"`
	Private               map[string]json.RawMessage `json:"private,omitempty"`
	IdentitySchemaVersion int64                      `json:"identity_schema_version"`
	Identity              json.RawMessage            `json:"identity,omitempty"`
}

// everything uses every resource of a service, with as many arguments as go
// together, beside the least that does.
func everything(kind enrollment.Kind) string {
	const both = `
resource "asm_token" "awaiting" {
  name                = "Next year"
  apple_id            = "admin@school.example"
  deletion_protection = false
  expiry_warning_days = 45
  key_rotation        = "2026"
  timeouts            = { create = "25m", update = "25m" }
}

resource "asm_enrollment_profile" "least" {
  token_id = asm_token.district.id
  name     = "Least"
}

resource "asm_enrollment_profile" "shared" {
  token_id          = asm_token.district.id
  name              = "Shared iPad"
  locked_enrollment = true
  shared_ipad       = { maximum_cached_users = 6 }
  pairing           = { mode = "deny" }
  department        = "School IT"
  department_phone  = "+1 555 0100"
  skip_setup_items  = ["Siri", "TOS", "Diagnostics"]
  timeouts          = { create = "45m" }
}

resource "asm_device_assignment" "set" {
  token_id        = asm_token.district.id
  profile_id      = asm_enrollment_profile.least.id
  serial_numbers  = slice(local.serials, 0, 3)
  on_leave        = "keep"
  missing_devices = "wait"
  max_changes     = "50%"
  take_over_from  = ["*"]
}

resource "asm_device_assignment" "file" {
  token_id            = asm_token.district.id
  profile_id          = asm_enrollment_profile.shared.id
  serial_numbers_file = "ipads.txt"
  on_leave            = "keep"
}

resource "asm_device_assignment" "list" {
  token_id           = asm_token.district.id
  profile_id         = asm_enrollment_profile.shared.id
  serial_number_list = join(" ", slice(local.serials, 6, 9))
  on_leave           = "fallback"
  fallback_profile_id = asm_enrollment_profile.least.id
}

resource "asm_default_profile" "shared" {
  token_id   = asm_token.district.id
  profile_id = asm_enrollment_profile.shared.id
}

resource "asm_device_sync" "full" {
  token_id     = asm_token.district.id
  kind         = "full"
  max_age      = "24h"
  on_throttled = "wait"
  triggers     = { year = "2026" }
  timeouts     = { create = "30m" }
}

locals { serials = split("\n", file("serials.txt")) }
`
	if kind == enrollment.Intune {
		return both + sdsConfig + `
resource "asm_enrollment_profile" "affinity" {
  token_id                = asm_token.district.id
  name                    = "Staff"
  description             = "For those who teach"
  user_affinity           = true
  authentication          = "modern"
  device_name_template    = "{{DEVICETYPE}}-{{SERIAL}}"
  await_device_configured = true
}

resource "asm_enrollment_policy" "least" {
  token_id = asm_token.district.id
  name     = "Least"
}

resource "asm_enrollment_policy" "shared" {
  token_id          = asm_token.district.id
  name              = "Cart"
  description       = "One cart"
  locked_enrollment = true
  shared_ipad       = { maximum_cached_users = 6, user_session_timeout = 900 }
  department        = "School IT"
  department_phone  = "+1 555 0100"
  skip_setup_items  = ["Siri", "TOS"]
  timeouts          = { create = "15m" }
}
`
	}
	return both + sdsConfig + `
resource "asm_enrollment_profile" "affinity" {
  token_id                = asm_token.district.id
  name                    = "Staff"
  description             = "For those who teach"
  user_affinity           = true
  await_device_configured = true
  support_email           = "it@school.example"
  org_magic               = "district"
  language                = "en"
  region                  = "US"
  mandatory               = true
  configuration_web_url   = "https://mdm.school.example/configure"
}
`
}

// TestWriteGoldenStates writes what a release leaves in state. It is a tool and
// no test: it runs only when it is asked to, on a command line tool that writes
// identities.
func TestWriteGoldenStates(t *testing.T) {
	if *goldenStates == "" {
		t.Skip("-golden-states is not given")
	}
	r := release{version: *goldenStates, tree: "HEAD^{tree}"}
	listed := releases(t)
	if i := slices.IndexFunc(listed, func(one release) bool { return one.version == r.version }); i >= 0 {
		r = listed[i]
	}
	dir := filepath.Join(states, r.version)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	r.writeSchemas(t, filepath.Join(dir, "schemas.json"))
	onServices(t, func(t *testing.T, kind enrollment.Kind) {
		w := newReleasedWorld(t, r, func(t *testing.T) *world { t.Helper(); return newWorldOn(t, kind, 40) })
		w.apply()
		w.atThePortal(w.output("public_key_pem"), 30)
		all := strings.Join(w.serials("serials.txt", 0, 20), "\n")
		w.file("serials.txt", all)
		w.serials("ipads.txt", 3, 6)
		w.write(tokenConfig, everything(kind))
		w.apply()
		w.plan(0)
		w.saveGolden(dir)
	})
	if r.tree == "HEAD^{tree}" && !t.Failed() {
		r.list(t)
	}
}

// writeSchemas asks the release itself what its resources write to state.
func (r release) writeSchemas(t *testing.T, file string) {
	t.Helper()
	r.program(t)
	document, err := exec.Command("go", "run", "-C", filepath.Join(built, "source-"+r.version), "./tools/schemajson").Output()
	if err != nil {
		t.Fatal(err)
	}
	schemas, err := export.States(document)
	if err != nil {
		t.Fatal(err)
	}
	writeJSON(t, file, schemas)
}

// list adds the release to the list, with the tree that it was built from: it
// stays what it is where commits are written anew.
func (r release) list(t *testing.T) {
	t.Helper()
	tree, err := exec.Command("git", "rev-parse", r.tree).Output()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(states, "releases")
	text := read(t, file) + r.version + " " + strings.TrimSpace(string(tree)) + "\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// saveGolden writes each object of the world's state to a file of its own.
func (w *world) saveGolden(dir string) {
	w.Helper()
	text := read(w.T, filepath.Join(w.dir, "terraform.tfstate"))
	w.withoutSecrets(text)
	var state struct {
		Resources []struct {
			Mode, Type, Name string
			Instances        []struct {
				golden
				Private string `json:"private"`
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &state); err != nil {
		w.Fatal(err)
	}
	for _, resource := range state.Resources {
		if resource.Mode != "managed" {
			continue
		}
		one := resource.Instances[0].golden
		if one.Identity == nil && resource.Type != "asm_device_sync" {
			w.Fatalf("%s.%s has no identity: use a command line tool that writes them", resource.Type, resource.Name)
		}
		one.Private = w.private(resource.Instances[0].Private)
		writeJSON(w.T, filepath.Join(dir, fmt.Sprintf("%s-%s-%s.json", resource.Type, w.kind, resource.Name)), one)
	}
}

// private decodes private state, and leaves out what is there to recognise
// secrets.
func (w *world) private(encoded string) map[string]json.RawMessage {
	w.Helper()
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		w.Fatal(err)
	}
	var values map[string][]byte
	if err := json.Unmarshal(raw, &values); err != nil {
		w.Fatal(err)
	}
	out := map[string]json.RawMessage{}
	for key, value := range values {
		if key != "server_token" && key != "private_key" {
			out[key] = value
		}
	}
	return out
}

// withoutSecrets fails where a state has what nobody may read, or what only this
// machine knows.
func (w *world) withoutSecrets(state string) {
	w.Helper()
	unwanted := map[string]string{
		"the server token": strings.TrimSpace(read(w.T, filepath.Join(w.dir, "token.p7m"))), "the store's key": storeKey,
		"a private key": "PRIVATE KEY", "the folder of this run": w.dir, "an address of this run": "127.0.0.1",
	}
	if w.graph != nil {
		unwanted["the client secret"] = w.graph.ClientSecret()
	}
	for what, text := range unwanted {
		encoded, _ := json.Marshal(text)
		if strings.Contains(state, strings.Trim(string(encoded), `"`)) {
			w.Fatalf("%s is in the state", what)
		}
	}
}

func writeJSON(t *testing.T, file string, v any) {
	t.Helper()
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(text, '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
}
