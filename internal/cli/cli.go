// Package cli runs a real command line tool, Terraform or OpenTofu, in a
// directory, with the provider that was built from this checkout. The demo and
// the acceptance tests share it.
package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// address is the provider's short address, which a configuration names.
const address = "asm-enrollment/asm"

// Tool is a command line tool in a working directory.
type Tool struct {
	// Path is the program, Dir the directory with the configuration.
	Path string
	Dir  string
	// Env is added to the environment of this process.
	Env []string
}

// Result is what a run of the tool left.
type Result struct {
	// Code is the exit code.
	Code int
	// Output is standard output and standard error as they came.
	Output string
}

// New prepares a tool to use the provider built at providerBinary, whose file
// name has to be terraform-provider-asm. The settings go to a file beside the
// configuration's directory, so that nothing of the user's own is read.
func New(path, dir, providerBinary string, env ...string) (*Tool, error) {
	settings := filepath.Join(dir, ".cli.tfrc")
	text := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    %q = %q\n  }\n  direct {}\n}\n", address, filepath.Dir(providerBinary))
	if err := os.WriteFile(settings, []byte(text), 0o600); err != nil {
		return nil, fmt.Errorf("write the command line tool's settings: %w", err)
	}
	own := []string{"TF_CLI_CONFIG_FILE=" + settings, "TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1", "TF_CLI_ARGS="}
	return &Tool{Path: path, Dir: dir, Env: append(own, env...)}, nil
}

// Command makes the command without starting it.
func (t *Tool) Command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, t.Path, args...) //nolint:gosec // the program is the caller's choice
	cmd.Dir = t.Dir
	cmd.Env = append(os.Environ(), t.Env...)
	return cmd
}

// Run runs the tool to its end. A non-zero exit code is no error.
func (t *Tool) Run(ctx context.Context, args ...string) (Result, error) {
	var output bytes.Buffer
	cmd := t.Command(ctx, args...)
	cmd.Stdout, cmd.Stderr = &output, &output
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return Result{}, fmt.Errorf("run %s %s: %w", filepath.Base(t.Path), strings.Join(args, " "), err)
	}
	return Result{Code: cmd.ProcessState.ExitCode(), Output: output.String()}, nil
}

// Apply applies without asking.
func (t *Tool) Apply(ctx context.Context, args ...string) (Result, error) {
	return t.Run(ctx, append([]string{"apply", "-auto-approve", "-input=false", "-no-color"}, args...)...)
}

// Plan plans; the code is 0 for no changes, 1 for an error and 2 for changes.
func (t *Tool) Plan(ctx context.Context, args ...string) (Result, error) {
	return t.Run(ctx, append([]string{"plan", "-detailed-exitcode", "-input=false", "-no-color"}, args...)...)
}

// Outputs reads the outputs of the last apply into the values given by name.
func (t *Tool) Outputs(ctx context.Context, into map[string]any) error {
	cmd := t.Command(ctx, "output", "-json")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	raw, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("read the outputs: %w: %s", err, stderr.String())
	}
	var outputs map[string]struct {
		Value json.RawMessage `json:"value"`
	}
	if err := json.Unmarshal(raw, &outputs); err != nil {
		return fmt.Errorf("read the outputs: %w", err)
	}
	for name, target := range into {
		output, ok := outputs[name]
		if !ok {
			return fmt.Errorf("there is no output %q", name)
		}
		if err := json.Unmarshal(output.Value, target); err != nil {
			return fmt.Errorf("read the output %q: %w", name, err)
		}
	}
	return nil
}
