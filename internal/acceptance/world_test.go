package acceptance

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/asm-enrollment/terraform-provider-asm/internal/cli"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/graph"
)

// storeKey encrypts the secrets of the stores in these tests.
const storeKey = "dGhpcyBpcyBhIGtleSBmb3IgdGVzdHMgb25seSAhISE="

// world is a school: Apple's side, a directory with a configuration, and a
// command line tool.
type world struct {
	*testing.T
	// kind is the enrollment service of its provider block.
	kind  enrollment.Kind
	apple *apple.Simulator
	// graph is Microsoft's side, between the provider and Apple; nil on the
	// embedded service.
	graph *graph.Simulator
	tool  *cli.Tool
	// attached is the setting that has a tool use the provider in this process.
	attached string
	dir      string
	// server is the school's MDM server in the portal, once there is one.
	server string
	// label tells its servers from those of others in the same portal.
	label string
}

// toolPath is the command line tool; a test without one is skipped.
func toolPath(t *testing.T) string {
	t.Helper()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("TF_ACC is not set: acceptance tests need a command line tool")
	}
	name := os.Getenv("TF_ACC_TERRAFORM_PATH")
	if name == "" {
		name = "terraform"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("TF_ACC is set and there is no command line tool: %v", err)
	}
	return path
}

// newWorld makes a school with so many devices in its inventory, on the embedded
// service. The provider runs in this process, on the simulator's clock.
func newWorld(t *testing.T, devices int) *world {
	t.Helper()
	return newWorldOn(t, enrollment.Embedded, devices)
}

// newWorldOn is newWorld on either service.
func newWorldOn(t *testing.T, kind enrollment.Kind, devices int) *world {
	t.Helper()
	path := toolPath(t)
	w := &world{T: t, kind: kind, apple: apple.New(apple.Options{Devices: devices, Seed: 1}), dir: t.TempDir()}
	w.apple.Start(t)
	if kind == enrollment.Intune {
		w.graph = startGraph(t, w.apple)
	}
	w.attached = w.reattach(t)
	w.tool = w.newTool(path, w.dir, w.attached)
	return w
}

// onServices runs a test on each enrollment service.
func onServices(t *testing.T, test func(t *testing.T, kind enrollment.Kind)) {
	for _, kind := range []enrollment.Kind{enrollment.Embedded, enrollment.Intune} {
		t.Run(string(kind), func(t *testing.T) { test(t, kind) })
	}
}

func (w *world) newTool(path, dir string, env ...string) *cli.Tool {
	w.Helper()
	for name, value := range w.environment() {
		env = append(env, name+"="+value)
	}
	tool, err := cli.New(path, dir, builtProvider(w.T), env...)
	if err != nil {
		w.Fatal(err)
	}
	return tool
}

// environment is what the provider is told beside its configuration.
func (w *world) environment() map[string]string {
	env := map[string]string{"CI": ""}
	if w.graph != nil {
		maps.Copy(env, graphEnvironment(w.T, w.graph))
		return env
	}
	maps.Copy(env, map[string]string{"ASM_STORE_KEY": storeKey, "ASM_MDM_URL": "https://mdm.school.example/enroll", "ASM_APPLE_URL": w.apple.AppleURL()})
	return env
}

// reattach serves the provider in this process, on the simulator's clock, and
// gives the setting that has a command line tool use it.
func (w *world) reattach(t *testing.T) string {
	t.Helper()
	// The tool hands its environment to plugins that it starts; one that runs
	// already has to have it.
	t.Setenv("TF_LOG_SDK", "off")
	t.Setenv("TF_LOG_PROVIDER", "off")
	for name, value := range w.environment() {
		t.Setenv(name, value)
	}
	ctx, stop := context.WithCancel(context.Background())
	config, closed := make(chan *plugin.ReattachConfig), make(chan struct{})
	factory := providerserver.NewProtocol6(provider.New("test", provider.WithClock(w.apple.Now, w.after))())
	go func() {
		_ = tf6server.Serve(provider.Address, func() tfprotov6.ProviderServer { return factory() }, tf6server.WithDebug(ctx, config, closed), tf6server.WithGoPluginLogger(hclog.NewNullLogger()))
	}()
	t.Cleanup(func() { stop(); <-closed })
	return "TF_REATTACH_PROVIDERS=" + reattachSetting(t, <-config)
}

func reattachSetting(t *testing.T, c *plugin.ReattachConfig) string {
	t.Helper()
	entry := map[string]any{
		"Protocol": string(c.Protocol), "ProtocolVersion": c.ProtocolVersion, "Pid": c.Pid, "Test": true,
		"Addr": map[string]string{"Network": c.Addr.Network(), "String": c.Addr.String()},
	}
	all := map[string]any{}
	for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		all[host+"/asm-enrollment/asm"] = entry
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// after is the clock's way to wait: the embedded service does the work itself and
// waits for nobody, while Intune works on by its own clock, which is moved.
func (w *world) after(d time.Duration) <-chan time.Time {
	if w.graph != nil {
		if err := w.apple.AdvanceClock(d); err != nil {
			w.Error(err)
		}
	}
	return immediately(d)
}

// immediately is a wait that is over.
func immediately(time.Duration) <-chan time.Time {
	c := make(chan time.Time, 1)
	c <- time.Time{}
	return c
}

// builtProvider is the provider as a program, built once.
func builtProvider(t *testing.T) string {
	t.Helper()
	path, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var buildOnce = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "asm-acceptance-")
	if err != nil {
		return "", err
	}
	built = dir
	program := filepath.Join(dir, "terraform-provider-asm")
	output, err := exec.Command("go", "build", "-o", program, "../..").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the provider: %w\n%s", err, output)
	}
	return program, nil
})

var built string

func TestMain(m *testing.M) {
	code := m.Run()
	if built != "" {
		_ = os.RemoveAll(built)
	}
	os.Exit(code)
}

// write puts a configuration into the world's directory, in place of the one
// that was there.
func (w *world) write(parts ...string) {
	w.Helper()
	w.file("main.tf", requirements+w.providerBlock()+w.suited(strings.Join(parts, "\n")))
}

const requirements = "terraform {\n  required_providers {\n    asm = { source = \"asm-enrollment/asm\" }\n  }\n}\n\n"

func (w *world) providerBlock() string {
	if w.graph != nil {
		return "provider \"asm\" {\n  intune = {}\n}\n"
	}
	return fmt.Sprintf("provider \"asm\" {\n  embedded = { store = %q }\n}\n", w.store())
}

var assignmentBlock = regexp.MustCompile(`(?ms)^resource "asm_device_assignment" .*?^\}$`)

// suited says in each assignment what is to happen to devices that leave, where
// the service cannot do what is meant when nothing is said: Microsoft Graph does
// not take profiles away.
func (w *world) suited(config string) string {
	if w.graph == nil {
		return config
	}
	return assignmentBlock.ReplaceAllStringFunc(config, func(block string) string {
		if strings.Contains(block, "on_leave") {
			return block
		}
		return strings.TrimSuffix(block, "}") + "  on_leave = \"keep\"\n}"
	})
}

// store is where the world's provider keeps its objects. It is named in full,
// because a provider in this process does not run in the world's directory.
func (w *world) store() string { return "sqlite:" + filepath.Join(w.dir, ".asm", "enrollment.db") }

func (w *world) file(name, text string) {
	w.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600); err != nil {
		w.Fatal(err)
	}
}

// apply applies, and fails the test when that fails. It gives what was printed.
func (w *world) apply(args ...string) string {
	w.Helper()
	r, err := w.tool.Apply(context.Background(), args...)
	if err != nil || r.Code != 0 {
		w.Fatalf("apply %v: %v, exit code %d\n%s", args, err, r.Code, r.Output)
	}
	return r.Output
}

// applyFails applies, and fails the test when that works.
func (w *world) applyFails(args ...string) string {
	w.Helper()
	r, err := w.tool.Apply(context.Background(), args...)
	if err != nil || r.Code == 0 {
		w.Fatalf("apply %v: %v, worked, and should not have\n%s", args, err, r.Output)
	}
	return r.Output
}

// plan plans and demands an exit code: 0 no changes, 1 an error, 2 changes.
func (w *world) plan(code int, args ...string) string {
	w.Helper()
	r, err := w.tool.Plan(context.Background(), args...)
	if err != nil || r.Code != code {
		w.Fatalf("plan %v: %v, exit code %d, want %d\n%s", args, err, r.Code, code, r.Output)
	}
	return r.Output
}

// run runs any other command.
func (w *world) run(args ...string) string {
	w.Helper()
	r, err := w.tool.Run(context.Background(), args...)
	if err != nil || r.Code != 0 {
		w.Fatalf("%v: %v, exit code %d\n%s", args, err, r.Code, r.Output)
	}
	return r.Output
}

// emptyPlans demands that nothing is left to do: neither at once, nor after what
// the refresh of the first plan has found.
func (w *world) emptyPlans() {
	w.Helper()
	w.emptyPlansInARow(2)
}

func (w *world) emptyPlansInARow(count int) {
	w.Helper()
	for range count {
		w.plan(0)
	}
}

// output reads an output as a string.
func (w *world) output(name string) string {
	w.Helper()
	var value string
	if err := w.tool.Outputs(context.Background(), map[string]any{name: &value}); err != nil {
		w.Fatal(err)
	}
	return value
}

// atThePortal is what a person does between the two applies: an MDM server with
// the public key, so many devices on it, and its server token in token.p7m.
func (w *world) atThePortal(publicKeyPEM string, devices int) {
	w.Helper()
	server, err := w.apple.CreateServer("District MDM"+w.label, []byte(publicKeyPEM))
	if err != nil {
		w.Fatal(err)
	}
	w.server = server.ID
	if devices > 0 {
		w.giveDevices(devices)
	}
	w.download()
}

// giveDevices assigns devices of the inventory to the school's server.
func (w *world) giveDevices(count int) []string {
	w.Helper()
	serials, err := w.apple.AssignDevices(w.server, apple.Selection{Count: count})
	if err != nil {
		w.Fatal(err)
	}
	return serials
}

// download saves a fresh server token; older ones stop working.
func (w *world) download() {
	w.Helper()
	token, err := w.apple.ServerToken(w.server)
	if err != nil {
		w.Fatal(err)
	}
	w.file("token.p7m", string(token))
}

// truth is Apple's profile of every device on the server.
func (w *world) truth() map[string]string {
	w.Helper()
	devices, err := w.apple.Devices(w.server, true)
	if err != nil {
		w.Fatal(err)
	}
	return devices.Devices
}

// perProfile counts the devices on the server by Apple's profile, "" without.
func (w *world) perProfile() map[string]int {
	w.Helper()
	devices, err := w.apple.Devices(w.server, false)
	if err != nil {
		w.Fatal(err)
	}
	return devices.ByProfile
}

// requests counts the calls of a method and path since the last forget.
func (w *world) requests(methodAndPath string) int {
	return w.apple.Requests(false).Requests[methodAndPath]
}

func (w *world) forget() {
	w.apple.ClearRequests()
	if w.graph != nil {
		w.graph.ClearRequests()
	}
}

func (w *world) fault(faults ...apple.Fault) {
	w.Helper()
	if _, err := w.apple.AddFaults(faults...); err != nil {
		w.Fatal(err)
	}
}

func (w *world) advance(d time.Duration) {
	w.Helper()
	if err := w.apple.AdvanceClock(d); err != nil {
		w.Fatal(err)
	}
}

// says demands texts in what a command printed, which wraps lines.
func (w *world) says(output string, texts ...string) {
	w.Helper()
	flat := strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(output)), " ")
	for _, text := range texts {
		if !strings.Contains(flat, text) {
			w.Errorf("%q is not said in:\n%s", text, output)
		}
	}
}
