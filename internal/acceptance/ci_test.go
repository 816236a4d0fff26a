package acceptance

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

// These tests run examples/ci as a pipeline does: its script, as a process, with
// the secrets of the job in the environment.

// pipeline is a checkout of examples/ci for one service, and its runner.
type pipeline struct {
	*world
	// secrets is what the job has beside the provider's own settings.
	secrets map[string]string
	// log is all that was ever printed.
	log strings.Builder
}

const passphrase = "a passphrase for saved plans"

// newPipeline is a school whose repository is examples/ci, before the first run.
// State is in a file.
func newPipeline(t *testing.T, kind enrollment.Kind, devices int) *pipeline {
	t.Helper()
	p := &pipeline{world: newWorldOn(t, kind, devices), secrets: map[string]string{"PLAN_PASSPHRASE": passphrase}}
	if kind == enrollment.Embedded {
		t.Setenv("ASM_STORE", p.store())
	}
	p.example("ci", asItIs)
	p.example("ci/"+string(kind), asItIs)
	p.file("pipeline.sh", read(t, "../../examples/ci/pipeline.sh"))
	p.runs("init")
	return p
}

// command makes a run of the script without starting it.
func (p *pipeline) command(name string) *exec.Cmd {
	cmd := exec.CommandContext(context.Background(), "sh", filepath.Join(p.dir, "pipeline.sh"), name)
	cmd.Env = append(os.Environ(), p.tool.Env...)
	cmd.Env = append(cmd.Env, "TF="+p.tool.Path)
	for secret, value := range p.secrets {
		cmd.Env = append(cmd.Env, secret+"="+value)
	}
	return cmd
}

// job runs the script and gives what it printed, and whether it worked.
func (p *pipeline) job(name string) (string, bool) {
	p.Helper()
	output, err := p.command(name).CombinedOutput()
	p.log.Write(output)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.Fatal(err)
	}
	if err != nil && exit.ExitCode() != 1 {
		p.Errorf("pipeline.sh %s ended with %d, and may end with 0 or 1 only", name, exit.ExitCode())
	}
	return string(output), err == nil
}

// runs demands that the script works.
func (p *pipeline) runs(name string) string {
	p.Helper()
	output, ok := p.job(name)
	if !ok {
		p.Fatalf("pipeline.sh %s failed\n%s", name, output)
	}
	return output
}

// refuses demands that the script fails, and says why.
func (p *pipeline) refuses(name string, texts ...string) {
	p.Helper()
	output, ok := p.job(name)
	if ok {
		p.Fatalf("pipeline.sh %s worked, and should not have\n%s", name, output)
	}
	p.says(output, texts...)
}

// said reads what the last plan left for the pipeline.
func (p *pipeline) said() map[string]string {
	p.Helper()
	out := map[string]string{}
	for line := range strings.Lines(read(p.T, filepath.Join(p.dir, ".pipeline", "plan.env"))) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		out[name] = value
	}
	return out
}

// plans runs a command that plans, and demands what it says of the changes.
func (p *pipeline) plans(command string, changes, routine bool) string {
	p.Helper()
	output := p.runs(command)
	if said := p.said(); said["changes"] != fmt.Sprint(changes) || said["routine"] != fmt.Sprint(routine) {
		p.Fatalf("pipeline.sh %s says %v; want changes %t, routine %t\n%s", command, said, changes, routine, output)
	}
	return output
}

// kept lists the plans that were kept.
func (p *pipeline) kept() []string {
	p.Helper()
	found, err := filepath.Glob(filepath.Join(p.dir, ".pipeline", "tfplan*"))
	if err != nil {
		p.Fatal(err)
	}
	for i, file := range found {
		found[i] = filepath.Base(file)
	}
	return found
}

// secret downloads a server token in the portal into the pipeline's secret. It
// is a file nowhere.
func (p *pipeline) secret(encoded bool) {
	p.Helper()
	p.secrets["SERVER_TOKEN"] = p.downloaded()
	if encoded {
		p.secrets["SERVER_TOKEN"] = base64.StdEncoding.EncodeToString([]byte(p.secrets["SERVER_TOKEN"]))
	}
}

func (p *pipeline) downloaded() string {
	p.Helper()
	token, err := p.apple.ServerToken(p.server)
	if err != nil {
		p.Fatal(err)
	}
	return string(token)
}

// bootstrapped is a pipeline after its first two applies.
func bootstrapped(t *testing.T, kind enrollment.Kind, devices int) *pipeline {
	t.Helper()
	p := newPipeline(t, kind, devices+500)
	p.secrets["BOOTSTRAP"] = "true"
	p.runs("plan")
	p.runs("apply")
	delete(p.secrets, "BOOTSTRAP")
	p.register(devices)
	p.secret(false)
	p.runs("plan")
	p.runs("apply")
	return p
}

// register is what a person does in the portal once.
func (p *pipeline) register(devices int) {
	p.Helper()
	server, err := p.apple.CreateServer("District MDM", []byte(p.output("public_key_pem")))
	if err != nil {
		p.Fatal(err)
	}
	p.server = server.ID
	p.giveDevices(devices)
}

// ipadsWithout counts the iPads on the server that have no profile.
func (p *pipeline) ipadsWithout() int {
	p.Helper()
	n := 0
	for serial, uuid := range p.truth() {
		d, err := p.apple.Device(serial)
		if err != nil {
			p.Fatal(err)
		}
		if d.Family == "iPad" && uuid == "" {
			n++
		}
	}
	return n
}

// violations are the rules that the services counted as broken.
func (p *pipeline) violations() []string {
	var out []string
	for _, v := range p.apple.Requests(false).Violations {
		out = append(out, v.Kind+": "+v.Detail)
	}
	if p.graph != nil {
		for _, v := range p.graph.Requests(false).Violations {
			out = append(out, v.Kind+": "+v.Detail)
		}
	}
	return out
}

// edit changes a text of main.tf, as a merged pull request does.
func (p *pipeline) edit(old, changed string) {
	p.Helper()
	text := read(p.T, filepath.Join(p.dir, "main.tf"))
	if !strings.Contains(text, old) {
		p.Fatalf("main.tf has no %q", old)
	}
	p.file("main.tf", strings.ReplaceAll(text, old, changed))
}

func TestPipelineFromNothingToTheNightlyRun(t *testing.T) {
	onServices(t, func(t *testing.T, kind enrollment.Kind) {
		p := newPipeline(t, kind, 300)
		p.runs("check")
		p.refuses("plan", "SERVER_TOKEN is empty", "BOOTSTRAP=true")
		p.refuses("apply", "there is no plan to apply")

		p.secrets["BOOTSTRAP"] = "true"
		p.plans("plan", true, false)
		p.says(p.runs("apply"), "Download Token", "public_key_pem")
		p.plans("plan", false, false)
		p.runs("apply")

		p.register(100)
		p.secret(false)
		p.plans("plan", true, false)
		p.runs("apply")
		p.plans("plan", false, false)
		if n := p.ipadsWithout(); n != 0 {
			t.Errorf("%d iPads are without the profile", n)
		}
		held := p.secrets["SERVER_TOKEN"]
		delete(p.secrets, "SERVER_TOKEN")
		p.refuses("plan", "set up already", "everything would be destroyed") // BOOTSTRAP was left on
		delete(p.secrets, "BOOTSTRAP")
		p.secrets["SERVER_TOKEN"] = base64.StdEncoding.EncodeToString([]byte(held))
		p.plans("plan", false, false) // the same file in one line

		p.renewal()
		p.night()
		p.secretsStayedSecret()
		if v := p.violations(); len(v) > 0 {
			t.Errorf("sync rules were broken: %v", v)
		}
	})
}

// renewal puts another server token into the secret.
func (p *pipeline) renewal() {
	p.Helper()
	p.advance(hour)
	before := p.secrets["SERVER_TOKEN"]
	p.secret(true)
	p.says(p.plans("preview", true, false), "server_token_wo_version", "expires_at")
	if kept := p.kept(); len(kept) != 0 {
		p.Errorf("a preview kept %v", kept)
	}
	p.plans("plan", true, false)
	renewed := p.secrets["SERVER_TOKEN"]
	p.secrets["SERVER_TOKEN"] = before
	p.refuses("apply", "not the one that was planned with")
	p.secrets["SERVER_TOKEN"] = renewed
	p.refuses("apply", "there is no plan to apply") // it was used up
	p.plans("plan", true, false)
	p.runs("apply")
	p.plans("plan", false, false)
}

// night brings new iPads in, with nobody looking.
func (p *pipeline) night() {
	p.Helper()
	p.secrets["ONLY_ROUTINE"] = "true"
	p.giveDevices(40)
	p.plans("plan", false, false) // nobody knows yet
	p.runs("apply")
	p.advance(25 * hour)
	p.plans("plan", true, true)
	p.runs("apply")
	p.plans("plan", false, false)
	if n := p.ipadsWithout(); n != 0 {
		p.Errorf("%d new iPads are without the profile", n)
	}

	p.edit(`on_leave           = "keep"`, `max_changes = "50%"`+"\n"+`on_leave           = "keep"`)
	p.plans("plan", true, false) // a setting of an assignment, and not its devices
	p.edit(`max_changes = "50%"`+"\n", "")

	p.edit(`"School IT"`, `"Library"`)
	p.plans("plan", true, false)
	p.refuses("apply", "more than a night's routine")
	p.plans("plan", true, false)
	delete(p.secrets, "ONLY_ROUTINE")
	p.edit(`"Library"`, `"Somebody else"`) // what was planned is applied, and not what came since
	p.runs("apply")
	p.says(p.plans("plan", true, false), `"Library" -> "Somebody else"`)
}

// secretsStayedSecret looks for every secret in what was printed, and in what a
// runner keeps.
func (p *pipeline) secretsStayedSecret() {
	p.Helper()
	token := p.secrets["SERVER_TOKEN"]
	decoded, err := base64.StdEncoding.DecodeString(token)
	if err != nil {
		p.Fatal(err)
	}
	secrets := append(p.apple.Secrets(p.server), passphrase, storeKey, token[len(token)/2:len(token)/2+40], string(decoded[len(decoded)/2:len(decoded)/2+40]))
	p.runs("plan")
	looked := map[string]string{"the log": p.log.String()}
	for _, name := range []string{"plan.env", "plan.txt", "plan.json", "tfplan.enc"} {
		looked[name] = read(p.T, filepath.Join(p.dir, ".pipeline", name))
	}
	looked["state"] = read(p.T, filepath.Join(p.dir, "terraform.tfstate"))
	if kept := p.kept(); len(kept) != 1 || strings.HasPrefix(looked["tfplan.enc"], "PK") {
		p.Errorf("the kept plan is not encrypted: %v", kept)
	}
	p.secrets["PLAN_PASSPHRASE"] = "another"
	p.refuses("apply", "PLAN_PASSPHRASE is another one")
	delete(p.secrets, "PLAN_PASSPHRASE")
	p.runs("plan")
	looked["tfplan"] = string(inflated(p.T, filepath.Join(p.dir, ".pipeline", "tfplan")))
	for where, text := range looked {
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				p.Errorf("%s holds a secret: %.8s...", where, secret)
			}
		}
	}
	var counts map[string]int
	if err := json.Unmarshal([]byte(looked["plan.json"]), &counts); err != nil || len(counts) != 3 {
		p.Errorf("plan.json is %q: %v", looked["plan.json"], err)
	}
}

// OpenTofu applies a saved plan without the ephemeral variable that it was made
// with, and Terraform refuses to; the provider refuses in any case.
func TestPipelineASavedPlanWithoutTheSecret(t *testing.T) {
	onServices(t, func(t *testing.T, kind enrollment.Kind) {
		p := bootstrapped(t, kind, 20)
		delete(p.secrets, "PLAN_PASSPHRASE")
		p.advance(hour)
		p.secret(false)
		p.plans("plan", true, false)
		p.forget()
		p.applyFails(filepath.Join(".pipeline", "tfplan"))
		p.plans("plan", true, false) // and the version is not recorded as uploaded
		p.runs("apply")
		p.plans("plan", false, false)
	})
}

func TestPipelineFailsWhereIPadsFail(t *testing.T) {
	p := bootstrapped(t, enrollment.Embedded, 60)
	p.giveDevices(60)
	p.advance(25 * hour)
	failing := p.newIPads()[:2]
	p.fault(apple.Fault{Kind: apple.FaultFailed, Serials: failing})
	p.runs("plan")
	p.refuses("apply", "2 iPads did not get the profile", failing[0], failing[1])
	p.apple.ClearFaults()
	p.advance(hour)
	p.runs("plan")
	p.runs("apply")
	p.plans("plan", false, false)
	if n := p.ipadsWithout(); n != 0 {
		t.Errorf("%d iPads are without the profile", n)
	}
}

// newIPads are the iPads without a profile, in order.
func (p *pipeline) newIPads() []string {
	p.Helper()
	var found []string
	for serial, uuid := range p.truth() {
		if d, err := p.apple.Device(serial); err == nil && d.Family == "iPad" && uuid == "" {
			found = append(found, serial)
		}
	}
	if len(found) < 3 {
		p.Fatalf("%d new iPads are too few", len(found))
	}
	slices.Sort(found)
	return found
}

// A job that only plans has no key to the secrets of the store.
func TestPipelinePlansWithoutTheStoreKey(t *testing.T) {
	p := bootstrapped(t, enrollment.Embedded, 30)
	p.tool = p.newTool(p.tool.Path, p.dir) // a plugin process, with the environment of the job
	p.advance(hour)
	p.secret(false)
	p.secrets["ASM_STORE_KEY"], p.secrets["CI"] = "", "true"
	p.plans("preview", true, false)
	p.plans("plan", true, false)
	p.refuses("apply", "ASM_STORE_KEY")
}

// Whoever plans first and applies last changes nothing.
func TestPipelineOfTwoRunsAtOnce(t *testing.T) {
	p := bootstrapped(t, enrollment.Embedded, 30)
	p.advance(25 * hour)
	second := &pipeline{world: p.world, secrets: maps.Clone(p.secrets)}
	second.secrets["PLAN_DIR"] = ".second"
	p.plans("plan", true, true)
	second.runs("plan")
	p.runs("apply")
	p.forget()
	second.refuses("apply", "stale")
	if n := p.apple.Requests(false).Total; n != 0 {
		t.Errorf("a stale plan made %d requests", n)
	}
	p.plans("plan", false, false)
}
