package tftest

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Call calls a function with strings, as core does on a provider that nobody
// configured.
func Call(t testing.TB, p provider.Provider, name string, arguments ...string) (any, *tfprotov6.FunctionError) {
	t.Helper()
	d := &Driver{t: t, server: providerserver.NewProtocol6(p)()}
	known, err := d.server.GetFunctions(t.Context(), &tfprotov6.GetFunctionsRequest{})
	d.must(err)
	d.mustBeClean(known.Diagnostics)
	called, served := known.Functions[name]
	if !served {
		t.Fatalf("there is no function %s", name)
	}
	req := &tfprotov6.CallFunctionRequest{Name: name}
	for _, argument := range arguments {
		req.Arguments = append(req.Arguments, d.encode(tftypes.NewValue(tftypes.String, argument)))
	}
	resp, err := d.server.CallFunction(t.Context(), req)
	d.must(err)
	if resp.Error != nil {
		return nil, resp.Error
	}
	result, err := resp.Result.Unmarshal(called.Return.Type)
	d.must(err)
	return plain(result), nil
}
