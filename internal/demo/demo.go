// Package demo shows the whole way of an enrollment program token against a
// simulator, as a person would go it: first apply, the steps in Apple School
// Manager, second apply, and a plan that changes nothing. It checks every figure
// it prints against what Apple's side says.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/cli"
)

// Settings of a run.
type Settings struct {
	// Provider and Simulator are the built programs; the provider's file name
	// is terraform-provider-asm.
	Provider  string
	Simulator string
	// Tool is terraform or tofu.
	Tool string
	// Service is the enrollment service: embedded or intune.
	Service string
	// Examples is the directory with the configurations.
	Examples string
	// Devices is how many iPads the school gives to the server.
	Devices int
	// Out gets the timeline and the table.
	Out io.Writer
	// Now is the clock of the timeline.
	Now func() time.Time
}

// Run goes the whole way in a directory of its own, which it removes, together
// with the simulator, when it ends.
func Run(ctx context.Context, s Settings) (err error) {
	dir, err := os.MkdirTemp("", "asm-demo-")
	if err != nil {
		return fmt.Errorf("make a working directory: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	world, err := start(ctx, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, world.apple.Stop()) }()
	if err := copyExample(dir, s.Examples, world.example); err != nil {
		return err
	}
	tool, err := cli.New(s.Tool, dir, s.Provider, world.environment...)
	if err != nil {
		return err
	}
	d := &demo{Settings: s, world: world, tool: tool, dir: dir, started: s.Now()}
	return d.run(ctx)
}

// copyExample copies files and directories below examples, each into dir itself.
func copyExample(dir, examples string, parts []string) error {
	for _, part := range parts {
		files, err := filepath.Glob(filepath.Join(examples, part, "*.tf"))
		if err != nil || len(files) == 0 {
			return fmt.Errorf("copy the example %s: no files (%w)", part, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, filepath.Base(file)), text, 0o600) //nolint:gosec // a file of this checkout, into a directory of our own
			}
			if err != nil {
				return fmt.Errorf("copy the example %s: %w", part, err)
			}
		}
	}
	return nil
}

type demo struct {
	Settings
	world
	tool    *cli.Tool
	dir     string
	started time.Time
}

func (d *demo) run(ctx context.Context) error {
	d.say("%s applies examples/%s", filepath.Base(d.Tool), d.example[0])
	if err := d.apply(ctx); err != nil {
		return err
	}
	d.say("a key pair is made; the token awaits its server token")
	server, err := d.atThePortal(ctx)
	if err != nil {
		return err
	}
	if err := d.apply(ctx); err != nil {
		return err
	}
	d.say("server token uploaded, devices synced, profile defined and made the default, shared with SDS, iPads assigned")
	if err := d.planIsEmpty(ctx); err != nil {
		return err
	}
	d.say("a second plan says: no changes")
	if err := d.report(ctx, server); err != nil {
		return err
	}
	return d.contract(ctx)
}

// say prints a line of the timeline.
func (d *demo) say(format string, args ...any) {
	fmt.Fprintf(d.Out, "%6.1f s  %s\n", d.Now().Sub(d.started).Seconds(), fmt.Sprintf(format, args...))
}

func (d *demo) apply(ctx context.Context) error {
	result, err := d.tool.Apply(ctx)
	if err != nil {
		return err
	}
	if result.Code != 0 {
		return fmt.Errorf("apply ended with %d:\n%s", result.Code, result.Output)
	}
	return nil
}

func (d *demo) planIsEmpty(ctx context.Context) error {
	result, err := d.tool.Plan(ctx)
	if err != nil {
		return err
	}
	if result.Code != 0 {
		return fmt.Errorf("the plan after the last apply ended with %d, not empty:\n%s", result.Code, result.Output)
	}
	return nil
}

// atThePortal is what a person does in Apple School Manager between the two
// applies.
func (d *demo) atThePortal(ctx context.Context) (string, error) {
	var publicKey string
	if err := d.tool.Outputs(ctx, map[string]any{"public_key_pem": &publicKey}); err != nil {
		return "", err
	}
	server, err := d.apple.AddServer(ctx, "District MDM", publicKey)
	if err != nil {
		return "", err
	}
	d.say("portal: MDM server added with the public key")
	if err := d.apple.AssignDevices(ctx, server, d.Devices); err != nil {
		return "", err
	}
	d.say("portal: %d devices assigned to the server", d.Devices)
	token, err := d.apple.ServerToken(ctx, server)
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(d.dir, "token.p7m"), token, 0o600); err != nil {
		return "", fmt.Errorf("save the server token: %w", err)
	}
	d.say("portal: server token downloaded to token.p7m")
	return server, nil
}
