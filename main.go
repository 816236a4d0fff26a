// Command terraform-provider-asm serves the provider to Terraform and OpenTofu.
package main

import (
	"context"
	"errors"
	"flag"
	"log"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/asm-enrollment/terraform-provider-asm/internal/provider"
)

// version is set when a release is built.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "run so that a debugger can be attached")
	flag.Parse()
	var services provider.Services
	err := providerserver.Serve(context.Background(), provider.New(version, provider.WithServices(&services)),
		providerserver.ServeOpts{Address: provider.Address, Debug: *debug})
	if err := errors.Join(err, services.Close()); err != nil {
		log.Fatal(err)
	}
}
