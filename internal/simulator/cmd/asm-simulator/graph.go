package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/contract"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/graph"
)

// graphFlags are the flags of "asm-simulator graph".
type graphFlags struct {
	listen, signIn, admin, apple, portal, tenant string
	devices                                      int
	seed                                         uint64
	latency                                      time.Duration
}

func parseGraphFlags(args []string, stderr io.Writer) (graphFlags, error) {
	var f graphFlags
	flags := flag.NewFlagSet("asm-simulator graph", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&f.listen, "listen", "127.0.0.1:0", "loopback `address` of Graph; port 0 takes a free one")
	flags.StringVar(&f.signIn, "sign-in-listen", "127.0.0.1:0", "loopback `address` of the sign-in endpoints, over TLS")
	flags.StringVar(&f.admin, "admin-listen", "127.0.0.1:0", "loopback `address` of the admin API")
	flags.StringVar(&f.apple, "apple-listen", "127.0.0.1:0", "loopback `address` of Apple's API")
	flags.StringVar(&f.portal, "portal-listen", "127.0.0.1:0", "loopback `address` of Apple's portal API")
	flags.StringVar(&f.tenant, "tenant", graph.DefaultTenantID, "`GUID` of the Entra tenant")
	flags.IntVar(&f.devices, "devices", 0, "`number` of devices that the organisation owns, assigned to no MDM server yet")
	flags.Uint64Var(&f.seed, "seed", 1, "`number` that the inventory is made from")
	flags.DurationVar(&f.latency, "latency", 0, "`time` added to every Graph call, for example 200ms")
	if err := flags.Parse(args); err != nil {
		return f, fmt.Errorf("reading the flags: %w", err)
	}
	if flags.NArg() > 0 {
		return f, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if f.devices < 0 || f.devices > apple.MaxDevices || f.latency < 0 {
		return f, fmt.Errorf("want 0 to %d devices and no negative latency", apple.MaxDevices)
	}
	return f, nil
}

// runGraph serves Microsoft Graph as Intune serves it, with Apple behind it, until ctx ends. Every exchange is checked
// against the contract; what was found is at GET /contract of the admin API.
func runGraph(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f, err := parseGraphFlags(args, stderr)
	if err != nil {
		return err
	}
	validator, err := contract.New()
	if err != nil {
		return fmt.Errorf("reading the contract: %w", err)
	}
	log := slog.New(slog.NewTextHandler(stderr, nil))
	upstream := apple.New(apple.Options{Devices: f.devices, Seed: f.seed, Logger: log})
	simulator := graph.New(graph.Options{
		Apple: upstream, Seed: f.seed, Latency: f.latency, TenantID: f.tenant, Logger: log, Middleware: validator.Middleware,
	})
	simulator.HandleAdmin("GET /contract", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(validator.Report()) // a client that went away is its own affair
	}))
	authority, err := authorityFile(simulator.CACertificatePEM())
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(authority) }() // a leftover in the temporary directory does no harm
	if err := upstream.Listen(ctx, f.apple, f.portal); err != nil {
		return fmt.Errorf("starting: %w", err)
	}
	if err := simulator.Listen(ctx, f.listen, f.signIn, f.admin); err != nil {
		return errors.Join(fmt.Errorf("starting: %w", err), upstream.Close())
	}
	if err := announceGraph(stdout, simulator, authority); err != nil {
		return err
	}
	settleUntil(ctx, simulator)
	return errors.Join(shutDown(context.WithoutCancel(ctx), simulator), shutDown(context.WithoutCancel(ctx), upstream))
}

func announceGraph(stdout io.Writer, s *graph.Simulator, authority string) error {
	line := struct {
		GraphURL     string `json:"graph_url"`
		SignInURL    string `json:"sign_in_url"`
		AdminURL     string `json:"admin_url"`
		AppleURL     string `json:"apple_url"`
		PortalURL    string `json:"portal_url"`
		CAFile       string `json:"ca_file"`
		TenantID     string `json:"tenant_id"`
		ClientID     string `json:"client_id"`
		ClientSecret string `json:"client_secret"`
	}{
		s.GraphURL(), s.SignInURL(), s.AdminURL(), s.Apple().AppleURL(), s.Apple().PortalURL(), authority,
		s.TenantID(), s.ClientID(), s.ClientSecret(),
	}
	if err := json.NewEncoder(stdout).Encode(line); err != nil { //nolint:gosec // the secret opens nothing but this simulator
		return fmt.Errorf("printing the addresses: %w", err)
	}
	return nil
}

// settleUntil carries out what is due while nobody asks Graph, so that Apple's portal shows it, until ctx ends.
func settleUntil(ctx context.Context, s *graph.Simulator) {
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			s.Settle()
		}
	}
}

// authorityFile keeps the certificate authority where a client can be pointed at it.
func authorityFile(pem []byte) (string, error) {
	file, err := os.CreateTemp("", "asm-simulator-ca-*.pem")
	if err != nil {
		return "", fmt.Errorf("making a file for the certificate authority: %w", err)
	}
	_, err = file.Write(pem)
	if err := errors.Join(err, file.Close()); err != nil {
		return "", errors.Join(fmt.Errorf("writing the certificate authority: %w", err), os.Remove(file.Name()))
	}
	return file.Name(), nil
}
