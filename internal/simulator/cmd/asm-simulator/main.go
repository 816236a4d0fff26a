// Command asm-simulator serves the simulators that tests, the demo and a dry run talk to.
//
//	asm-simulator apple [--listen 127.0.0.1:0] [--portal-listen 127.0.0.1:0] [--devices N] [--seed N] [--latency D]
//	asm-simulator graph [--listen 127.0.0.1:0] [--sign-in-listen 127.0.0.1:0] [--admin-listen 127.0.0.1:0]
//	                    [--apple-listen 127.0.0.1:0] [--portal-listen 127.0.0.1:0] [--tenant GUID]
//	                    [--devices N] [--seed N] [--latency D]
//
// The second is Microsoft Graph as Intune serves it, with Apple behind it in the same process.
//
// It prints one line of JSON with the addresses on standard output, logs on standard error, and stops on SIGINT or
// SIGTERM.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

// commands are the simulators by name.
var commands = map[string]func(ctx context.Context, args []string, stdout, stderr io.Writer) error{
	"apple": runApple,
	"graph": runGraph,
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "asm-simulator:", err)
		}
		stop()
		os.Exit(2) //nolint:gocritic // stop has been called
	}
}

// run executes one command until ctx ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	names := strings.Join(slices.Sorted(maps.Keys(commands)), ", ")
	if len(args) == 0 {
		return fmt.Errorf("want a command, one of: %s", names)
	}
	command, known := commands[args[0]]
	if !known {
		return fmt.Errorf("unknown command %q, want one of: %s", args[0], names)
	}
	return command(ctx, args[1:], stdout, stderr)
}
