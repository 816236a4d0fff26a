// Command docscheck holds the documentation against the provider that it is about: every object that the provider
// serves has its page, its sections and its example; every link leads somewhere; every block of configuration is one
// that the provider takes; every message that is explained is one that it gives. "make docs-check" runs it.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/asm-enrollment/terraform-provider-asm/internal/provider"
	"github.com/asm-enrollment/terraform-provider-asm/tools/docscheck/check"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "docscheck:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("docscheck", flag.ContinueOnError)
	root := flags.String("root", ".", "root of the repository")

	if err := flags.Parse(args); err != nil {
		return err
	}

	problems, err := check.Run(ctx, os.DirFS(*root), providerserver.NewProtocol6(provider.New("dev")())())
	if err != nil {
		return err
	}

	for _, p := range problems {
		fmt.Fprintln(stdout, p)
	}

	if len(problems) > 0 {
		return fmt.Errorf("%d problems in the documentation", len(problems))
	}

	return nil
}
