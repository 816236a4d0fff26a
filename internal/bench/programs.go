package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// Programs are the paths of what is measured with.
type Programs struct {
	// Self is asm-bench, which syncs in a process of its own when it is run with SyncCommand.
	Self string
	// Simulator is asm-simulator.
	Simulator string
	// Depserver and Depsyncer are nanodep's.
	Depserver, Depsyncer string
}

// Build builds the programs from this checkout into a directory, all but Self, which is the program that runs. It needs
// the go command and a working directory in the module.
func Build(ctx context.Context, dir string) (Programs, error) {
	var p Programs
	self, err := os.Executable()
	if err != nil {
		return p, fmt.Errorf("finding this program: %w", err)
	}
	root, err := goCommand(ctx, "list", "-m", "-f", "{{.Dir}}")
	if err != nil {
		return p, err
	}
	if _, err := goCommand(ctx, "build", "-C", root, "-o", dir, "./internal/simulator/cmd/asm-simulator"); err != nil {
		return p, err
	}
	if _, err := goCommand(ctx, "build", "-C", filepath.Join(root, "tools", "nanodep"), "-o", dir, "tool"); err != nil {
		return p, err
	}
	program := func(name string) string {
		if runtime.GOOS == "windows" {
			name += ".exe"
		}
		return filepath.Join(dir, name)
	}
	return Programs{Self: self, Simulator: program("asm-simulator"), Depserver: program("depserver"), Depsyncer: program("depsyncer")}, nil
}

func goCommand(ctx context.Context, args ...string) (string, error) {
	var errs strings.Builder
	command := exec.CommandContext(ctx, "go", args...) //nolint:gosec // fixed arguments
	command.Stderr = &errs
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, errs.String())
	}
	return strings.TrimSpace(string(out)), nil
}
