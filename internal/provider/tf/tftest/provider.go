package tftest

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// ValidateProvider checks a configuration of a provider.
func ValidateProvider(t testing.TB, p provider.Provider, config Config) Diags {
	t.Helper()
	d := &Driver{t: t, server: providerserver.NewProtocol6(p)()}
	schemas, err := d.server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	d.must(err)
	d.mustBeClean(schemas.Diagnostics)
	resp, err := d.server.ValidateProviderConfig(t.Context(), &tfprotov6.ValidateProviderConfigRequest{
		Config: d.encode(toValue(t, schemas.Provider.ValueType(), config)),
	})
	d.must(err)
	return Diags(resp.Diagnostics)
}
