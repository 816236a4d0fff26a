package acceptance

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io/fs"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// The ids that the documentation shows; a test puts real ones in their place.
const (
	shownTokenID   = "5b1f6c0e-9d0a-4a57-8a0e-3f0f5d6f2a11"
	shownProfileID = "c4d2a7b8-1e63-4f0b-9a55-7d1b0c9e8f22"
	shownAppleUUID = "88FC4E378CEE4DF88A6C0BE4A28F4B4F"
	shownPolicyID  = "e2b94a61-70d5-4d18-b3c6-0f8a5e7d9144"
)

// elsewhere is what examples refer to and leave to the reader's configuration.
var elsewhere = map[string]string{
	"asm_token.district": withoutOutputs(tokenConfig),
	"data.asm_enrollment_profiles.district": `
data "asm_enrollment_profiles" "district" {
  token_id = asm_token.district.id
}
`,
	"data.asm_devices.classroom": `
data "asm_devices" "classroom" {
  token_id   = asm_token.district.id
  assignment = ["unassigned", asm_enrollment_profile.classroom.id]
}
`,
	"asm_enrollment_profile.classroom": withoutOutputs(profileConfig("classroom", "")),
	"asm_enrollment_profile.library":   withoutOutputs(profileConfig("library", "")),
	"asm_enrollment_profile.staff":     withoutOutputs(profileConfig("staff", "")),
	"asm_enrollment_policy.classroom": `
resource "asm_enrollment_policy" "classroom" {
  token_id = asm_token.district.id
  name     = "Classroom policy"
}
`,
}

var (
	mentioned = regexp.MustCompile(`\b((?:data\.)?asm_[a-z_]+\.[a-z_]+)`)
	resource  = regexp.MustCompile(`(?m)^(resource|data) "(asm_[a-z_]+)" "([a-z_]+)"`)
	fenced    = regexp.MustCompile("(?ms)^```(?:terraform|hcl)\n(.*?)^```$")
	outputs   = regexp.MustCompile(`(?m)^output .*\n`)
	comments  = regexp.MustCompile(`(?m)#.*$|^  from = .*$`)
	importing = regexp.MustCompile(`(?m)^terraform import (\S+) (\S+)$`)
)

// complete adds to an example what it refers to and does not declare, and the
// token, which a reader has and keeps whatever the example is about.
func complete(t *testing.T, example string) string {
	t.Helper()
	for {
		declared := map[string]bool{}
		for _, m := range resource.FindAllStringSubmatch(example, -1) {
			declared[strings.TrimPrefix(m[1]+".", "resource.")+m[2]+"."+m[3]] = true
		}
		missing := ""
		if !declared["asm_token.district"] {
			missing = "asm_token.district"
		}
		for _, m := range mentioned.FindAllStringSubmatch(withoutComments(example), -1) {
			if !declared[m[1]] {
				missing = m[1]
				break
			}
		}
		if missing == "" {
			return example
		}
		more, ok := elsewhere[missing]
		if !ok {
			t.Fatalf("the example refers to %s, and neither it nor this test declares that:\n%s", missing, example)
		}
		example += more
	}
}

// withoutOutputs keeps the names of outputs free for the examples.
func withoutOutputs(config string) string { return outputs.ReplaceAllString(config, "") }

// withoutComments also drops what a removed block names: it is to be nowhere.
func withoutComments(example string) string { return comments.ReplaceAllString(example, "") }

// show makes an example the world's configuration.
func (w *world) show(example string) {
	w.Helper()
	config := complete(w.T, example)
	switch {
	case strings.Contains(example, "\nterraform {"), strings.HasPrefix(example, "terraform {"):
		w.file("main.tf", w.suited(config))
	case strings.Contains(example, `provider "asm" {`):
		w.file("main.tf", requirements+w.suited(config))
	default:
		w.write(config)
	}
}

// kindOf is the service that an example is about.
func kindOf(example string) enrollment.Kind {
	for _, mark := range []string{"intune = {", `"asm_enrollment_policy"`, `"asm_push_certificate"`, `"asm_prerequisites"`, "# Intune"} {
		if strings.Contains(example, mark) {
			return enrollment.Intune
		}
	}
	return enrollment.Embedded
}

// newReader is a world whose provider runs in the world's directory and takes
// its store from the environment, as a reader's does.
func newReader(t *testing.T, kind enrollment.Kind, devices int) *world {
	t.Helper()
	w := newWorldOn(t, kind, devices)
	t.Chdir(w.dir)
	t.Setenv("ASM_STORE", w.store())
	return w
}

// newReadersDistrict is a reader whose token has its server token, with the
// files beside the configuration that examples name.
func newReadersDistrict(t *testing.T, kind enrollment.Kind) *world {
	t.Helper()
	w := newReader(t, kind, 200)
	w.write(tokenConfig)
	w.apply()
	w.atThePortal(w.output("public_key_pem"), 60)
	w.apply()
	serials := w.serials("library.txt", 0, 10)
	csv := "serial,cart\n"
	for i, serial := range serials {
		csv += fmt.Sprintf("%s,%s\n", serial, []string{"A", "B"}[i%2])
	}
	w.file("ipads.csv", csv)
	w.bringMDM()
	return w
}

// bringMDM is another MDM of the school: its key pair, its server in the portal
// and its server token.
func (w *world) bringMDM() {
	w.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		w.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "mdm.school.example"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		w.Fatal(err)
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	private := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	server, err := w.apple.CreateServer("Library MDM", certificate)
	if err != nil {
		w.Fatal(err)
	}
	token, err := w.apple.ServerToken(server.ID)
	if err != nil {
		w.Fatal(err)
	}
	for _, name := range []string{"mdm.pem", "configurator.pem", "school-ca.pem"} {
		w.file(name, string(certificate))
	}
	w.file("mdm.p7m", string(token))
	w.Setenv("TF_VAR_mdm_private_key", string(private))
}

// needsMore: it names what these tests do not have, a database or an object of
// the reader's, so that it is only validated.
func needsMore(example string) bool {
	return strings.Contains(example, "postgres://") || strings.Contains(example, shownTokenID) || ownTenant.MatchString(example)
}

// ownTenant is a provider block with settings of the reader's tenant.
var ownTenant = regexp.MustCompile(`(?m)^  intune = \{(\s*$| [a-z])`)

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// files lists the files below a directory of the repository whose name matches,
// as absolute paths.
func files(t *testing.T, below, pattern string) []string {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("../..", below))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if ok, _ := filepath.Match(pattern, filepath.Base(path)); ok && err == nil && !entry.IsDir() {
			found = append(found, path)
		}
		return err
	})
	if err != nil || len(found) == 0 {
		t.Fatalf("%s below %s: %d files, %v", pattern, below, len(found), err)
	}
	return found
}

func nameOf(file string) string {
	return strings.TrimPrefix(filepath.Join(filepath.Base(filepath.Dir(file)), filepath.Base(file)), "examples/")
}

// exampleFiles are the files below examples/ that stand alone; getting-started
// is one configuration of several files, and TestTheWholeWay applies it.
func exampleFiles(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, below := range []string{"examples/provider", "examples/resources", "examples/data-sources"} {
		found = append(found, files(t, below, "*.tf")...)
	}
	return slices.DeleteFunc(found, func(f string) bool { return strings.HasPrefix(filepath.Base(f), "import-by-") })
}

func TestExamplesAreApplied(t *testing.T) {
	for _, file := range exampleFiles(t) {
		example := read(t, file)
		if needsMore(example) {
			continue
		}
		t.Run(nameOf(file), func(t *testing.T) {
			w := newReadersDistrict(t, kindOf(example))
			w.show(example)
			w.apply()
			w.plan(0)
			w.plan(0)
			if v := w.apple.Requests(false).Violations; len(v) > 0 {
				t.Errorf("Apple's rules were broken: %+v", v)
			}
		})
	}
}

// A reader starts with the README's configuration and an empty directory.
func TestExampleOfTheREADME(t *testing.T) {
	blocks := fenced.FindAllStringSubmatch(read(t, "../../README.md"), -1)
	if len(blocks) == 0 {
		t.Fatal("the README has no example")
	}
	w := newReader(t, enrollment.Embedded, 200)
	w.show(blocks[0][1])
	w.says(w.apply(), "Download Token", "public_key_pem")
	w.plan(0)
	w.atThePortal(w.output("public_key_pem"), 80)
	w.apply()
	w.emptyPlans()
	for serial, uuid := range w.truth() {
		if d, err := w.apple.Device(serial); err != nil || d.Family == "iPad" && uuid == "" {
			t.Errorf("iPad %s has no profile: %v", serial, err)
		}
	}
}

// Every block of every page is valid; what is not a file of examples/, which
// are applied above, is applied too.
func TestExamplesInThePages(t *testing.T) {
	pages := append(files(t, "docs", "*.md"), files(t, ".", "README.md")[0])
	known := map[string]bool{}
	for _, file := range files(t, "examples", "*.tf") {
		known[strings.TrimSpace(read(t, file))] = true
	}
	for _, page := range pages {
		for i, m := range fenced.FindAllStringSubmatch(read(t, page), -1) {
			block := m[1]
			if known[strings.TrimSpace(block)] && !needsMore(block) {
				continue
			}
			if strings.HasPrefix(block, "import {") {
				continue // TestExamplesOfImports
			}
			if strings.HasPrefix(block, "list ") {
				continue // TestExamplesOfLists, over the protocol: the tools at hand have no queries
			}
			t.Run(fmt.Sprintf("%s, block %d", nameOf(page), i+1), func(t *testing.T) {
				if needsMore(block) {
					w := newReader(t, kindOf(block), 1)
					w.show(block)
					w.run("validate", "-no-color")
					return
				}
				w := newReadersDistrict(t, kindOf(block))
				w.show(block)
				w.apply()
				w.plan(0)
			})
		}
	}
}

func TestExamplesOfImports(t *testing.T) {
	for _, file := range files(t, "examples/resources", "import*.sh") {
		t.Run(nameOf(file), func(t *testing.T) {
			dir := filepath.Dir(file)
			resource := read(t, filepath.Join(dir, "resource.tf"))
			kind := kindOf(resource)
			if strings.HasSuffix(file, "_intune.sh") {
				kind = enrollment.Intune
			}
			w := newReadersDistrict(t, kind)
			w.show(resource + `
data "asm_tokens" "shown" {}

data "asm_enrollment_profiles" "shown" {
  token_id = data.asm_tokens.shown.tokens[0].id
}

output "shown" {
  value = {
    token    = data.asm_tokens.shown.tokens[0].id
    profiles = { for p in data.asm_enrollment_profiles.shown.profiles : p.id => p.apple_uuid }
    policy   = ` + policyShown(resource) + `
  }
}
`)
			w.apply()
			w.apply()
			actual := w.actualIDs()
			commands := importing.FindAllStringSubmatch(read(t, file), -1)
			if len(commands) == 0 {
				t.Fatal("no import command")
			}
			for _, command := range commands {
				w.run("state", "rm", command[1])
				w.run("import", "-input=false", "-no-color", command[1], actual.Replace(command[2]))
				w.apply()
				w.plan(0)
			}
			if filepath.Base(file) == "import.sh" {
				w.importByIdentity(filepath.Join(dir, "import-by-identity.tf"), commands[0][1], actual)
			}
		})
	}
}

var policyName = regexp.MustCompile(`(?m)^resource "asm_enrollment_policy" "([a-z_]+)"`)

// policyShown is the id of the policy in an example, as an expression.
func policyShown(example string) string {
	if m := policyName.FindStringSubmatch(example); m != nil {
		return "asm_enrollment_policy." + m[1] + ".id"
	}
	return `""`
}

func (w *world) actualIDs() *strings.Replacer {
	w.Helper()
	var shown struct {
		Token    string            `json:"token"`
		Profiles map[string]string `json:"profiles"`
		Policy   string            `json:"policy"`
	}
	if err := w.tool.Outputs(w.Context(), map[string]any{"shown": &shown}); err != nil {
		w.Fatal(err)
	}
	var pairs []string
	for _, id := range slices.Sorted(maps.Keys(shown.Profiles)) {
		// On Intune the token's id is part of the profile's.
		pairs = append(pairs, shownTokenID+"_"+shownProfileID, id, shownProfileID, strings.TrimPrefix(id, shown.Token+"_"))
		pairs = append(pairs, shownAppleUUID, shown.Profiles[id])
	}
	pairs = append(pairs, shownTokenID, shown.Token, shownPolicyID, shown.Policy)
	return strings.NewReplacer(pairs...)
}

// importByIdentity needs Terraform or OpenTofu 1.12; older tools do not know it.
func (w *world) importByIdentity(file, address string, actual *strings.Replacer) {
	w.Helper()
	block := read(w.T, file)
	if version := w.run("version", "-json"); regexp.MustCompile(`"terraform_version": "1\.(\d|1[01])\.`).MatchString(version) {
		w.Logf("import by identity is not known to this tool: %s", strings.TrimSpace(version))
		return
	}
	w.run("state", "rm", address)
	w.file("import.tf", actual.Replace(block))
	w.says(w.apply(), "1 imported")
	w.plan(0)
}

// What the troubleshooting guide and the README explain is what the provider
// says: the guide's headings, and the first column of the README's table, are
// pieces of messages.
func TestExamplesOfMessagesAreTheProviders(t *testing.T) {
	sources := "Provider produced inconsistent final plan" // Terraform's own
	for _, file := range files(t, "internal", "*.go") {
		if !strings.HasSuffix(file, "_test.go") {
			sources += read(t, file)
		}
	}
	for file, pattern := range map[string]string{
		"../../templates/guides/troubleshooting.md.tmpl": "(?m)^### `(.*)`$",
		"../../README.md": "(?m)^\\| `([^`]{20,})` \\|",
	} {
		messages := regexp.MustCompile(pattern).FindAllStringSubmatch(read(t, file), -1)
		if len(messages) < 9 {
			t.Fatalf("%s explains %d messages", file, len(messages))
		}
		for _, m := range messages {
			for _, part := range strings.FieldsFunc(strings.ReplaceAll(m[1], "...", "…"), func(r rune) bool { return r == '…' }) {
				if part = strings.TrimSpace(part); !strings.Contains(sources, part) {
					t.Errorf("%s: the provider never says %q", file, part)
				}
			}
		}
	}
}
