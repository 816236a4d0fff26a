// Command asm-demo builds the provider and the simulators from this
// checkout and goes the whole way of an enrollment program token.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/demo"
)

func main() {
	devices := flag.Int("devices", 250, "how many iPads the school gives to the server")
	tool := flag.String("cli", "terraform", "terraform or tofu, a name on PATH or a path")
	service := flag.String("service", "embedded", "the enrollment service: embedded or intune")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *devices, *tool, *service)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, devices int, tool, service string) (err error) {
	if devices < 1 {
		return fmt.Errorf("%d devices: at least one is needed", devices)
	}
	if service != "embedded" && service != "intune" {
		return fmt.Errorf("service %q: want embedded or intune", service)
	}
	path, err := exec.LookPath(tool)
	if err != nil {
		return fmt.Errorf("find the command line tool: %w", err)
	}
	if path, err = filepath.Abs(path); err != nil {
		return fmt.Errorf("find the command line tool: %w", err)
	}
	bin, err := os.MkdirTemp("", "asm-demo-bin-")
	if err != nil {
		return fmt.Errorf("make a directory for programs: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(bin)) }()
	settings := demo.Settings{
		Provider: filepath.Join(bin, "terraform-provider-asm"), Simulator: filepath.Join(bin, "asm-simulator"),
		Tool: path, Service: service, Examples: "examples", Devices: devices, Out: os.Stdout, Now: time.Now,
	}
	fmt.Println("building the provider and the simulators")
	for program, source := range map[string]string{settings.Provider: ".", settings.Simulator: "./internal/simulator/cmd/asm-simulator"} {
		if output, err := exec.CommandContext(ctx, "go", "build", "-o", program, source).CombinedOutput(); err != nil { //nolint:gosec // fixed arguments
			return fmt.Errorf("build %s: %w\n%s", source, err, output)
		}
	}
	return demo.Run(ctx, settings)
}
