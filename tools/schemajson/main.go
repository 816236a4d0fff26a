// Command schemajson writes the provider's schemas as the JSON of "terraform providers schema -json", which is what
// tfplugindocs reads. It asks the provider's own protocol server, so no command line tool is needed, and what a given
// command line tool is too old to print (identities, list resources, actions) is there all the same.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/asm-enrollment/terraform-provider-asm/internal/provider"
	"github.com/asm-enrollment/terraform-provider-asm/tools/schemajson/export"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "schemajson:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("schemajson", flag.ContinueOnError)
	// tfplugindocs finds a provider by its bare name or under "hashicorp/" only, hence not the full address.
	address := flags.String("address", "asm", "key of the provider in the output")
	out := flags.String("out", "", "file to write; standard output when empty")

	if err := flags.Parse(args); err != nil {
		return err
	}

	schemas, err := export.JSON(ctx, providerserver.NewProtocol6(provider.New("dev")())(), *address)
	if err != nil {
		return err
	}

	if *out == "" {
		_, err = stdout.Write(schemas)

		return err
	}

	return os.WriteFile(*out, schemas, 0o600)
}
