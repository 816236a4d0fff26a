package acceptance

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/cli"
)

// states is where the releases are listed and what they wrote is kept.
const states = "../provider/testdata/states"

// todaysVersion is the version that today's build has in a mirror: newer than
// every release.
const todaysVersion = "99.0.0"

// errNoHistory is a clone that does not have the tree of a release.
var errNoHistory = errors.New("the history is not there")

// release is a released version of the provider.
type release struct{ version, tree string }

// releases reads the list, oldest first.
func releases(t *testing.T) []release {
	t.Helper()
	var all []release
	for line := range strings.Lines(read(t, filepath.Join(states, "releases"))) {
		if fields := strings.Fields(line); len(fields) == 2 && fields[0] != "#" {
			all = append(all, release{version: fields[0], tree: fields[1]})
		}
	}
	if len(all) == 0 {
		t.Fatal("no release is listed")
	}
	return all
}

// source is what git knows the release by: its tag, where the clone has it.
func (r release) source() (string, error) {
	for _, ref := range []string{"refs/tags/v" + r.version, r.tree} {
		if exec.Command("git", "cat-file", "-e", ref+"^{tree}").Run() == nil {
			return ref, nil
		}
	}
	return "", fmt.Errorf("%w: neither the tag v%s nor the tree %s is in this clone", errNoHistory, r.version, r.tree)
}

// build builds the release into dir, from a copy of its files.
func (r release) build(dir string) (string, error) {
	ref, err := r.source()
	if err != nil {
		return "", err
	}
	root, err := exec.Command("git", "rev-parse", "--show-toplevel").Output()
	if err != nil {
		return "", fmt.Errorf("find the clone: %w", err)
	}
	files, program := filepath.Join(dir, "source-"+r.version), filepath.Join(dir, "v"+r.version, "terraform-provider-asm")
	archive := filepath.Join(dir, r.version+".tar")
	for _, command := range [][]string{
		{"git", "-C", strings.TrimSpace(string(root)), "archive", "-o", archive, ref},
		{"mkdir", files},
		{"tar", "-x", "-C", files, "-f", archive},
		{"go", "build", "-C", files, "-buildvcs=false", "-ldflags", "-X main.version=" + r.version, "-o", program, "."},
	} {
		if output, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			return "", fmt.Errorf("build release %s: %v: %w\n%s", r.version, command, err, output)
		}
	}
	return program, nil
}

// inCI is taken before a test says otherwise to the provider.
var inCI = os.Getenv("CI") == "true"

var builtReleases sync.Map // of func() (string, error), by version

// program is the release as a program, built once for all tests. Where the clone
// is a shallow one the test is skipped; in continuous integration a full clone
// without the release is a failure.
func (r release) program(t *testing.T) string {
	t.Helper()
	builtProvider(t) // makes the directory that is removed at the end
	once, _ := builtReleases.LoadOrStore(r.version, sync.OnceValues(func() (string, error) { return r.build(built) }))
	path, err := once.(func() (string, error))()
	switch {
	case err == nil:
		return path
	case errors.Is(err, errNoHistory) && (shallow() || !inCI):
		t.Skipf("Release %s cannot be built: %v. Get the history (git fetch --unshallow --tags) to test upgrades.", r.version, err)
	default:
		t.Fatal(err)
	}
	return ""
}

// shallow tells whether the clone lacks history; no clone at all, as in an
// archive of the sources, is the same.
func shallow() bool {
	answer, err := exec.Command("git", "rev-parse", "--is-shallow-repository").Output()
	return err != nil || strings.TrimSpace(string(answer)) == "true"
}

// lastRelease is the newest one.
func lastRelease(t *testing.T) release {
	t.Helper()
	all := releases(t)
	return all[len(all)-1]
}

// mirror is a directory of providers, by version, that a command line tool
// installs from in place of a registry.
func mirror(t *testing.T, programs map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		for version, program := range programs {
			at := filepath.Join(dir, host, "asm-enrollment", "asm", version, runtime.GOOS+"_"+runtime.GOARCH)
			if err := os.MkdirAll(at, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(program, filepath.Join(at, "terraform-provider-asm_v"+version)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// installs has the world's tool install the provider from a mirror with these
// programs and nothing else, the newest version that is there. The plugin is a
// process of its own, on the machine's clock: a simulator's clock may not be
// moved then.
func (w *world) installs(programs map[string]string) {
	w.Helper()
	settings := filepath.Join(w.dir, ".mirror.tfrc")
	w.file(".mirror.tfrc", fmt.Sprintf("provider_installation {\n  filesystem_mirror { path = %q }\n}\n", mirror(w.T, programs)))
	env := []string{"TF_CLI_CONFIG_FILE=" + settings, "TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1", "TF_CLI_ARGS=", "TF_REATTACH_PROVIDERS="}
	for name, value := range w.environment() {
		env = append(env, name+"="+value)
	}
	w.tool = &cli.Tool{Path: w.tool.Path, Dir: w.dir, Env: env}
	w.run("init", "-upgrade", "-input=false", "-no-color")
	if output := w.run("version"); !strings.Contains(output, newest(programs)) {
		w.Fatalf("%s is not what was installed:\n%s", newest(programs), output)
	}
}

// newest is the highest of the versions: today's, or the only release.
func newest(programs map[string]string) string {
	last := ""
	for version := range programs {
		if last == "" || version == todaysVersion {
			last = version
		}
	}
	return "v" + last
}

// newReleasedWorld is a world whose provider is a release.
func newReleasedWorld(t *testing.T, r release, school func(*testing.T) *world) *world {
	t.Helper()
	toolPath(t) // a run without a tool builds nothing
	program := r.program(t)
	w := school(t)
	w.write(tokenConfig)
	w.installs(map[string]string{r.version: program})
	return w
}

// upgrade gives the world today's build beside the release.
func (w *world) upgrade(r release) {
	w.Helper()
	w.installs(map[string]string{r.version: r.program(w.T), todaysVersion: builtProvider(w.T)})
}

// downgrade gives the world the release alone. A person who goes back changes
// the version constraint; the lock file would refuse it otherwise.
func (w *world) downgrade(r release) {
	w.Helper()
	if err := os.Remove(filepath.Join(w.dir, ".terraform.lock.hcl")); err != nil {
		w.Fatal(err)
	}
	w.installs(map[string]string{r.version: r.program(w.T)})
}
