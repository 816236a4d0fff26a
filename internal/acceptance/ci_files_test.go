package acceptance

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	yaml "github.com/oasdiff/yaml3"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

var (
	// commandsOfScript is where pipeline.sh takes its commands.
	commandsOfScript = regexp.MustCompile(`(?m)^([a-z]+(?: \| [a-z]+)+)\) "\$1" ;;$`)
	scriptCalled     = regexp.MustCompile(`pipeline\.sh ?([a-z]*)`)
)

const (
	githubFile = "../../examples/ci/github-actions.yml"
	gitlabFile = "../../examples/ci/gitlab-ci.yml"
)

// parsed reads a file of a CI system as its system does.
func parsed(t *testing.T, file string) map[string]any {
	t.Helper()
	var out map[string]any
	if err := yaml.Unmarshal([]byte(read(t, file)), &out); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return out
}

// shellOf gathers the shell lines below any of the keys, with where they are.
func shellOf(at string, node any, keys ...string) map[string]string {
	out := map[string]string{}
	var walk func(at string, node any, shell bool)
	walk = func(at string, node any, shell bool) {
		switch node := node.(type) {
		case map[string]any:
			for key, value := range node {
				walk(at+"."+key, value, slices.Contains(keys, key))
			}
		case []any:
			for i, value := range node {
				walk(fmt.Sprintf("%s[%d]", at, i), value, shell)
			}
		case string:
			if shell {
				out[at] = node
			}
		}
	}
	walk(at, node, false)
	return out
}

// in follows keys into a parsed file; nil where there is nothing.
func in(node any, keys ...string) any {
	for _, key := range keys {
		m, _ := node.(map[string]any)
		node = m[key]
	}
	return node
}

func TestPipelineFilesCallWhatTheScriptHas(t *testing.T) {
	t.Parallel()
	match := commandsOfScript.FindStringSubmatch(read(t, "../../examples/ci/pipeline.sh"))
	if match == nil {
		t.Fatal("the commands of pipeline.sh are not found")
	}
	commands := strings.Split(match[1], " | ")
	for _, file := range []string{githubFile, gitlabFile} {
		called := map[string]bool{}
		for at, line := range shellOf(filepath.Base(file), parsed(t, file), "run", "script", "before_script") {
			for _, m := range scriptCalled.FindAllStringSubmatch(line, -1) {
				called[m[1]] = true
				if !slices.Contains(commands, m[1]) {
					t.Errorf("%s calls %q, and the script has %v", at, m[0], commands)
				}
			}
			if strings.Contains(line, "secrets.") || strings.Contains(line, "${{") {
				t.Errorf("%s puts an expression into the shell; it belongs in the environment: %s", at, line)
			}
			if strings.Contains(line, "terraform ") || strings.Contains(line, "tofu ") {
				t.Errorf("%s runs the tool itself: %s", at, line)
			}
		}
		for _, command := range commands {
			if !called[command] {
				t.Errorf("%s never calls pipeline.sh %s", file, command)
			}
		}
	}
}

func TestPipelineOfGitHubIsCareful(t *testing.T) {
	t.Parallel()
	workflow := parsed(t, githubFile)
	if permissions, ok := in(workflow, "permissions").(map[string]any); !ok || len(permissions) != 0 {
		t.Errorf("permissions for all jobs are %v, want none", in(workflow, "permissions"))
	}
	if in(workflow, "on", "schedule") == nil || in(workflow, "on", "pull_request_target") != nil {
		t.Error("it is to run by schedule, and never with the secrets of main on the code of a pull request")
	}
	if group, _ := in(workflow, "concurrency", "group").(string); !strings.Contains(group, "'apply'") {
		t.Errorf("runs that apply are in the concurrency group %q", group)
	}
	for name := range in(workflow, "jobs").(map[string]any) {
		job := in(workflow, "jobs", name)
		if in(job, "environment") == nil || in(job, "timeout-minutes") == nil || in(job, "permissions", "id-token") != "write" || in(job, "permissions", "contents") != "read" {
			t.Errorf("job %s has no environment, no time limit, or other permissions than it needs: %v", name, in(job, "permissions"))
		}
		for _, step := range in(job, "steps").([]any) {
			uses, _ := in(step, "uses").(string)
			if strings.HasPrefix(uses, "actions/checkout@") && in(step, "with", "persist-credentials") != false {
				t.Errorf("job %s leaves its token in the checkout", name)
			}
			if strings.HasPrefix(uses, "hashicorp/setup-terraform@") && in(step, "with", "terraform_wrapper") != false {
				t.Errorf("job %s hides exit codes", name)
			}
		}
	}
}

// The comment on a pull request is edited where this workflow has made one, and shows the plan as it is.
func TestPipelineCommentOfGitHub(t *testing.T) {
	t.Parallel()
	step := stepOf(parsed(t, githubFile), "preview", "Comment")
	script, _ := in(step, "run").(string)
	marker, _ := in(step, "env", "MARKER").(string)
	if !strings.HasPrefix(marker, "<!--") || !strings.Contains(script, "startswith(env.MARKER)") {
		t.Fatalf("the comment has no marker to find it by: %q", marker)
	}
	const plan = "Plan: 1 to add\n```\n<b>````</b>\n\n  + x = 1\n"
	const shown = "\n\n    Plan: 1 to add\n    ```\n    <b>````</b>\n    \n      + x = 1\n"
	const stub = "#!/bin/sh\ncase \"$*\" in *--jq*) printf \"$FOUND\" ;; *) echo \"$*\" >>called ;; esac\n"
	for found, want := range map[string]string{
		"":         "pr comment 7 --body-file .pipeline/comment.md\n",
		`11\n12\n`: "api --silent --method PATCH repos/school/ipads/issues/comments/12 --field body=@.pipeline/comment.md\n",
	} {
		dir := t.TempDir()
		for name, text := range map[string]string{"gh": stub, ".pipeline/plan.txt": plan} {
			if err := errors.Join(os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o700), os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700)); err != nil {
				t.Fatal(err)
			}
		}
		command := exec.CommandContext(t.Context(), "bash", "-e", "-c", script)
		command.Dir = dir
		command.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "MARKER="+marker, "NUMBER=7", "GH_REPO=school/ipads", "FOUND="+found)
		if output, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, output)
		}
		if got := read(t, filepath.Join(dir, "called")); got != want {
			t.Errorf("where %q are found gh is called %q, want %q", found, got, want)
		}
		if got := read(t, filepath.Join(dir, ".pipeline/comment.md")); got != marker+shown {
			t.Errorf("the comment is %q", got)
		}
	}
}

// stepOf finds a step of a job by its name; nil where there is none.
func stepOf(workflow map[string]any, job, name string) any {
	steps, _ := in(workflow, "jobs", job, "steps").([]any)
	for _, step := range steps {
		if in(step, "name") == name {
			return step
		}
	}
	return nil
}

func TestPipelineOfGitLabIsCareful(t *testing.T) {
	t.Parallel()
	file := parsed(t, gitlabFile)
	for _, name := range []string{"plan", "apply", "nightly"} {
		if group := in(file, name, "resource_group"); group != "enrollment" {
			t.Errorf("%s is in resource group %v", name, group)
		}
	}
	for _, name := range []string{"preview", "plan", "apply", "nightly"} {
		if in(file, name, "environment") == nil || in(file, name, "extends") != ".enrollment" {
			t.Errorf("%s has no environment, or another base", name)
		}
	}
	if in(file, "nightly", "variables", "ONLY_ROUTINE") != "true" || in(file, ".enrollment", "id_tokens", "ARM_OIDC_TOKEN", "aud") == nil {
		t.Error("the nightly job may do the routine only, and jobs sign in with an ID token")
	}
}

// Without a secret nothing is planned unless it is certain that nothing would be destroyed.
func TestPipelineWithoutASecretPlansOnlyWhereNothingIsSetUp(t *testing.T) {
	t.Parallel()
	script := filepath.Join(t.TempDir(), "pipeline.sh")
	if err := os.WriteFile(script, []byte(read(t, "../../examples/ci/pipeline.sh")), 0o600); err != nil {
		t.Fatal(err)
	}
	tool := filepath.Join(t.TempDir(), "tool")
	const stub = "#!/bin/sh\n[ \"$1\" = state ] || exit 0\nprintf '%s\\n' \"$LISTED\"\n[ -z \"$FAILS\" ] || { echo \"$FAILS\" >&2; exit 1; }\n"
	if err := os.WriteFile(tool, []byte(stub), 0o700); err != nil {
		t.Fatal(err)
	}
	const setUp = "everything would be destroyed"
	for name, c := range map[string]struct{ listed, fails, refused string }{
		"no state":                        {"", "\x1b[31mNo state file was found!\n\nState management commands require a state file.", ""},
		"no state for OpenTofu":           {"", "Error: No state file was found\n\nState management commands require a state file.", ""},
		"an empty state":                  {"", "", ""},
		"the token":                       {"asm_token.district", "", ""},
		"the token in a module":           {`module.school["a.b c"].asm_token.district[0]`, "", ""},
		"data of a module":                {"module.school.data.asm_devices.all\nmodule.school.asm_token.district", "", ""},
		"what is not ours":                {"azurerm_storage_account.asm_state", "", ""},
		"an assignment":                   {"asm_token.district\nasm_device_assignment.carts[0]", "", setUp},
		"an assignment in a module":       {`module.school["a.b c"].module.b.asm_device_assignment.carts`, "", setUp},
		"an assignment with an odd key":   {`asm_device_assignment.carts["module.x.asm_token.y"]`, "", setUp},
		"a state that cannot be read":     {"", "Error: Failed to load state: 403", "cannot be read: "},
		"a state that is read by half":    {"asm_token.district", "Error: Failed to load state: 403", "Failed to load state: 403"},
		"a directory without a state yet": {"", "Error: Backend initialization required", "Backend initialization required"},
	} {
		command := exec.CommandContext(t.Context(), "sh", script, "preview")
		command.Env = append(os.Environ(), "TF="+tool, "SERVER_TOKEN=", "SERVER_TOKEN_FILE=", "BOOTSTRAP=true", "LISTED="+c.listed, "FAILS="+c.fails)
		output, err := command.CombinedOutput()
		if (err != nil) != (c.refused != "") || !strings.Contains(string(output), c.refused) {
			t.Errorf("%s: %v, %s", name, err, output)
		}
	}
}

// The script is for any POSIX shell.
func TestPipelineScriptIsClean(t *testing.T) {
	t.Parallel()
	const script = "../../examples/ci/pipeline.sh"
	for _, args := range [][]string{{"sh", "-n", script}, {"dash", "-n", script}, {"shellcheck", "--shell=sh", script}} {
		if _, err := exec.LookPath(args[0]); err != nil {
			t.Logf("not checked with %s: %v", args[0], err)
			continue
		}
		if output, err := exec.CommandContext(t.Context(), args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Errorf("%v: %v\n%s", args, err, output)
		}
	}
}

// Each service with each place for the state.
func TestPipelineConfigurationsAreValid(t *testing.T) {
	onServices(t, func(t *testing.T, kind enrollment.Kind) {
		w := newWorldOn(t, kind, 1)
		for _, state := range files(t, "examples/ci/state", "*.tf") {
			w.example("ci", asItIs)
			w.example("ci/"+string(kind), asItIs)
			w.file("state.tf", read(t, state))
			if err := os.RemoveAll(filepath.Join(w.dir, ".terraform")); err != nil {
				t.Fatal(err)
			}
			w.run("init", "-backend=false", "-input=false", "-no-color")
			w.run("validate", "-no-color")
		}
	})
}
