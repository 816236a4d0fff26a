package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

// stopWithin is how long calls under way may take after a signal.
const stopWithin = 3 * time.Second

// runApple serves Apple's device enrollment service and the portal until ctx ends.
func runApple(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("asm-simulator apple", flag.ContinueOnError)
	flags.SetOutput(stderr)
	listen := flags.String("listen", "127.0.0.1:0", "loopback `address` of Apple's API; port 0 takes a free one")
	portal := flags.String("portal-listen", "127.0.0.1:0", "loopback `address` of the portal API")
	devices := flags.Int("devices", 0, "`number` of devices that the organisation owns, assigned to no MDM server yet")
	seed := flags.Uint64("seed", 1, "`number` that the inventory is made from")
	latency := flags.Duration("latency", 0, "`time` added to every Apple call, for example 200ms")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("reading the flags: %w", err)
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if *devices < 0 || *devices > apple.MaxDevices || *latency < 0 {
		return fmt.Errorf("want 0 to %d devices and no negative latency", apple.MaxDevices)
	}
	simulator := apple.New(apple.Options{
		Devices: *devices, Seed: *seed, Latency: *latency, Logger: slog.New(slog.NewTextHandler(stderr, nil)),
	})
	if err := simulator.Listen(ctx, *listen, *portal); err != nil {
		return fmt.Errorf("starting: %w", err)
	}
	addresses := struct {
		AppleURL  string `json:"apple_url"`
		PortalURL string `json:"portal_url"`
	}{simulator.AppleURL(), simulator.PortalURL()}
	if err := json.NewEncoder(stdout).Encode(addresses); err != nil {
		return fmt.Errorf("printing the addresses: %w", err)
	}
	<-ctx.Done()
	return shutDown(context.WithoutCancel(ctx), simulator)
}

// shutDown lets calls under way finish, and drops those that do not.
func shutDown(ctx context.Context, simulator interface {
	Shutdown(ctx context.Context) error
},
) error {
	grace, cancel := context.WithTimeout(ctx, stopWithin)
	defer cancel()
	if err := simulator.Shutdown(grace); err != nil {
		return fmt.Errorf("stopping: %w", err)
	}
	return nil
}
