// Command contract-report puts together what the tests' contract checks saw, and prints which operations of Microsoft Graph
// were exercised, which need not be and why. It fails when a message broke the contract, or an operation is neither
// exercised nor excused.
//
//	ASM_CONTRACT_DIR=$(mktemp -d) go test ./internal/intune/... ./internal/acceptance/...
//	ASM_CONTRACT_DIR=... go run ./internal/simulator/contract/cmd/contract-report
//
// Run only tests in which the provider's own client calls: the simulators' tests call everything.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/contract"
)

func main() {
	directory := flag.String("dir", os.Getenv(contract.DirectoryVariable), "directory with the reports; default is "+
		contract.DirectoryVariable)
	flag.Parse()
	if err := run(os.Stdout, *directory); err != nil {
		fmt.Fprintln(os.Stderr, "contract-report:", err)
		os.Exit(1)
	}
}

func run(w io.Writer, directory string) error {
	if directory == "" {
		return fmt.Errorf("say where the reports are: set %s, or give -dir", contract.DirectoryVariable)
	}
	report, err := contract.ReadReports(directory)
	if err != nil {
		return err
	}
	coverage, err := contract.Compare(report)
	if err != nil {
		return err
	}
	if err := coverage.Print(w, report); err != nil {
		return err
	}
	if len(report.Violations) > 0 || !coverage.Complete() {
		return fmt.Errorf("the contract is broken or not covered; see the listing")
	}
	return nil
}
