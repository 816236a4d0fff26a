package acceptance

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	minute = time.Minute
	hour   = time.Hour
)

func TestAnotherStoreChangesNothing(t *testing.T) {
	w := newDistrict(t, 50)
	w.serials("ipads.txt", 0, 50)
	config := []string{
		tokenConfig, profileConfig("classroom", ""), defaultConfig, sdsConfig, fullSyncConfig,
		assignmentConfig("classroom", "ipads.txt", ""),
	}
	w.write(config...)
	w.apply()
	before, err := os.ReadFile(filepath.Join(w.dir, "terraform.tfstate"))
	if err != nil {
		t.Fatal(err)
	}
	devices := w.perProfile()

	stores := map[string]func(dir string){
		"an empty store":         func(string) {},
		"another school's store": func(dir string) { w.anotherSchool(dir) },
	}
	for name, prepare := range stores {
		t.Run(name, func(t *testing.T) {
			away := *w
			away.T, away.dir = t, t.TempDir()
			prepare(away.dir)
			copyDir(t, w.dir, away.dir, "token.p7m", "terraform.tfstate", "ipads.txt")
			away.tool = away.newTool(w.tool.Path, away.dir, away.reattach(t))
			away.write(literal(config, w.output("token_id"), w.output("classroom_id"))...)
			for _, object := range []string{
				"asm_token.district", "asm_enrollment_profile.classroom", "asm_default_profile.classroom",
				"asm_sds_connection.district", "asm_device_sync.now", "asm_device_assignment.classroom",
			} {
				away.says(away.plan(1), "with "+object)
			}
			away.write(config...)
			for _, args := range [][]string{nil, {"-refresh=false"}, {"-destroy"}} {
				away.says(away.plan(1, args...), "This state belongs to store", "Nothing was changed")
			}
			away.applyFails()
			after, err := os.ReadFile(filepath.Join(away.dir, "terraform.tfstate"))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(resources(t, before), resources(t, after)) {
				t.Error("the state has changed")
			}
			if now := away.perProfile(); len(now) != len(devices) || now[""] != devices[""] {
				t.Errorf("devices changed from %v to %v", devices, now)
			}
		})
	}
	w.plan(0)
}

// literal names token and profile by their ids. With references the tool would
// stop at the token and ask for nothing that depends on it.
func literal(config []string, token, profile string) []string {
	ids := strings.NewReplacer(
		"= asm_token.district.id\n", fmt.Sprintf("= %q\n", token),
		"= asm_enrollment_profile.classroom.id\n", fmt.Sprintf("= %q\n", profile))
	out := make([]string, len(config))
	for i, part := range config {
		out[i] = ids.Replace(part)
	}
	return out
}

// anotherSchool fills a directory with the store of another token.
func (w *world) anotherSchool(dir string) {
	w.Helper()
	other := *w
	other.dir = dir
	other.tool = other.newTool(w.tool.Path, dir, w.reattach(w.T))
	other.write(tokenConfig)
	other.apply()
	if err := os.Remove(filepath.Join(dir, "terraform.tfstate")); err != nil {
		w.Fatal(err)
	}
}

// resources is the part of a state file that tells of objects.
func resources(t *testing.T, state []byte) []byte {
	t.Helper()
	var parsed struct {
		Resources json.RawMessage `json:"resources"`
	}
	if err := json.Unmarshal(state, &parsed); err != nil {
		t.Fatal(err)
	}
	return parsed.Resources
}

func TestNoSecretComesOut(t *testing.T) {
	w := newWorld(t, 50)
	// A provider of its own process, whose log the tool collects.
	log := filepath.Join(w.dir, "trace.log")
	w.tool = w.newTool(w.tool.Path, w.dir, "TF_LOG=TRACE", "TF_LOG_SDK=TRACE", "TF_LOG_PROVIDER=TRACE", "TF_LOG_PATH="+log)
	w.write(tokenConfig, fullSyncConfig, `
variable "key" {
  type      = string
  ephemeral = true
  default   = null
}
`)
	w.apply("-target=asm_token.district")
	w.atThePortal(w.output("public_key_pem"), 20)
	w.run("plan", "-input=false", "-out=saved.plan")
	w.apply("saved.plan")
	w.write(tokenConfig, fullSyncConfig, profileConfig("classroom", ""), selectedConfig("classroom"))
	w.apply()
	shown := w.run("show", "-json")

	secrets := w.apple.Secrets(w.server)
	token, err := os.ReadFile(filepath.Join(w.dir, "token.p7m"))
	if err != nil {
		t.Fatal(err)
	}
	secrets = append(secrets, string(token[len(token)/2:len(token)/2+64]), "BEGIN RSA PRIVATE KEY", "BEGIN PRIVATE KEY", storeKey)
	if len(secrets) < 7 {
		t.Fatalf("only %d secrets to look for", len(secrets))
	}
	looked := 0
	err = filepath.WalkDir(w.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Base(path) == "token.p7m" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if filepath.Base(path) == "saved.plan" {
			text = inflated(t, path)
		}
		looked++
		for _, secret := range secrets {
			if bytes.Contains(text, []byte(secret)) || bytes.Contains([]byte(shown), []byte(secret)) {
				t.Errorf("%s holds a secret: %.12s...", filepath.Base(path), secret)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"trace.log", "saved.plan", "terraform.tfstate", ".asm/enrollment.db"} {
		if info, err := os.Stat(filepath.Join(w.dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s was to be looked into: %v", name, err)
		}
	}
	t.Logf("looked for %d secrets in %d files", len(secrets), looked)
}

// inflated gives everything inside a plan file, which is a zip archive.
func inflated(t *testing.T, path string) []byte {
	t.Helper()
	archive, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = archive.Close() }() // only read
	var all []byte
	for _, member := range archive.File {
		content, err := member.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(content)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, text...)
	}
	return all
}
