// Package demo shows the whole way of an enrollment program token against the
// Apple simulator, as a person would go it: first apply, the steps in Apple
// School Manager, second apply, and a plan that changes nothing. It checks
// every figure it prints against the simulator's truth.
package demo

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/cli"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/program"
)

// Settings of a run.
type Settings struct {
	// Provider and Simulator are the built programs; the provider's file name
	// is terraform-provider-asm.
	Provider  string
	Simulator string
	// Tool is terraform or tofu.
	Tool string
	// Example is the directory with the configuration.
	Example string
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
	if err := os.CopyFS(dir, os.DirFS(s.Example)); err != nil {
		return fmt.Errorf("copy the example: %w", err)
	}
	apple, err := program.StartApple(ctx, s.Simulator, s.Devices)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, apple.Stop()) }()
	key, err := storeKey()
	if err != nil {
		return err
	}
	tool, err := cli.New(s.Tool, dir, s.Provider, "ASM_APPLE_URL="+apple.AppleURL, "ASM_STORE_KEY="+key)
	if err != nil {
		return err
	}
	d := &demo{Settings: s, tool: tool, apple: apple, dir: dir, started: s.Now()}
	return d.run(ctx)
}

// storeKey makes a key for the secrets in the demo's store, so that nothing is
// written outside its directory.
func storeKey() (string, error) {
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return "", fmt.Errorf("make a key: %w", err)
	}
	return base64.StdEncoding.EncodeToString(key), nil
}

type demo struct {
	Settings
	tool    *cli.Tool
	apple   *program.Apple
	dir     string
	started time.Time
}

func (d *demo) run(ctx context.Context) error {
	d.say("%s applies examples/getting-started", filepath.Base(d.Tool))
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
	return d.report(ctx, server)
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
