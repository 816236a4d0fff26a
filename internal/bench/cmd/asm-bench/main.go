// Command asm-bench measures the embedded enrollment service beside nanodep's depsyncer, against Apple's simulator.
//
//	asm-bench [-short] [-rounds N] [-cpuprofile DIRECTORY]
//
// It prints a table and writes bench.json to the working directory. It fails on what cannot be run and on a wrong number
// of requests, not on a missed time: that is the machine's, too. It needs the go command, and a working directory in
// this module.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime/pprof"
	"syscall"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/bench"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "asm-bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) > 0 && args[0] == bench.SyncCommand {
		return syncOnce(ctx, args[1:])
	}
	flags := flag.NewFlagSet("asm-bench", flag.ContinueOnError)
	short := flags.Bool("short", false, "one round with 10,000 devices")
	rounds := flags.Int("rounds", 0, "how often each sync is measured (default 5, 1 with -short)")
	profiles := flags.String("cpuprofile", "", "`directory` for CPU profiles of the embedded service, which exists")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("reading the flags: %w", err)
	}
	if flags.NArg() > 0 || *rounds < 0 {
		return errors.New("want flags only, and no negative number of rounds")
	}
	settings := bench.Standard(*short)
	settings.ProfileDir, settings.Log, settings.Now = *profiles, os.Stderr, time.Now
	if *rounds > 0 {
		settings.Rounds = *rounds
	}
	return measure(ctx, settings)
}

// measure builds the programs into a directory that goes away with them, measures and reports.
func measure(ctx context.Context, settings bench.Settings) (err error) {
	dir, err := os.MkdirTemp("", "asm-bench-bin-")
	if err != nil {
		return fmt.Errorf("making a directory for programs: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	fmt.Fprintln(os.Stderr, "building the Apple simulator and nanodep")
	if settings.Programs, err = bench.Build(ctx, dir); err != nil {
		return err
	}
	report, err := bench.Run(ctx, settings)
	if err != nil {
		return err
	}
	if err := report.WriteTable(os.Stdout); err != nil {
		return err
	}
	file, err := os.Create("bench.json")
	if err != nil {
		return fmt.Errorf("writing bench.json: %w", err)
	}
	return errors.Join(report.WriteJSON(file), file.Close())
}

// syncOnce is the process that is measured.
func syncOnce(ctx context.Context, args []string) error {
	if len(args) == 2 && args[0] == bench.ProfileFlag {
		file, err := os.Create(args[1]) //nolint:gosec // where the person who profiles wants it
		if err != nil {
			return fmt.Errorf("writing a CPU profile: %w", err)
		}
		defer func() { _ = file.Close() }() // the profile is written out by then
		if err := pprof.StartCPUProfile(file); err != nil {
			return fmt.Errorf("writing a CPU profile: %w", err)
		}
		defer pprof.StopCPUProfile()
	}
	return bench.ServeSync(ctx, os.Stdin, os.Stdout, time.Now)
}
