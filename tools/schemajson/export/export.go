// Package export turns what a provider's protocol server says about its schemas into the JSON of
// "terraform providers schema -json", format version 1.0.
package export

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// Server is the part of a protocol 6 provider server that tells schemas.
type Server interface {
	GetProviderSchema(context.Context, *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error)
	GetResourceIdentitySchemas(context.Context, *tfprotov6.GetResourceIdentitySchemasRequest) (*tfprotov6.GetResourceIdentitySchemasResponse, error)
}

// JSON asks the server for every schema it has and writes them under the given provider address. An error diagnostic
// of the provider is an error here: documentation of half a provider must not be generated.
func JSON(ctx context.Context, server Server, address string) ([]byte, error) {
	schemas, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return nil, fmt.Errorf("asking for the schemas: %w", err)
	}

	if err := diagnosticsError(schemas.Diagnostics); err != nil {
		return nil, fmt.Errorf("asking for the schemas: %w", err)
	}

	identities, err := server.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		return nil, fmt.Errorf("asking for the resource identities: %w", err)
	}

	if err := diagnosticsError(identities.Diagnostics); err != nil {
		return nil, fmt.Errorf("asking for the resource identities: %w", err)
	}

	out := document{FormatVersion: "1.0", Schemas: map[string]providerJSON{address: newProvider(schemas, identities)}}

	text, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the schemas of %s: %w", address, err)
	}

	return append(text, '\n'), nil
}

func diagnosticsError(diagnostics []*tfprotov6.Diagnostic) error {
	var all []error

	for _, d := range diagnostics {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			all = append(all, fmt.Errorf("%s: %s", d.Summary, d.Detail))
		}
	}

	return errors.Join(all...)
}
