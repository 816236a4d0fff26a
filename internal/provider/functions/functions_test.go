package functions_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/asm-enrollment/terraform-provider-asm/internal/provider"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/functions"
)

// call calls a function with strings, as a command line tool does on a provider
// that nobody configured, and once more without the protocol: both have to say
// the same.
func call(t testing.TB, name string, arguments ...string) (tftypes.Value, *tfprotov6.FunctionError) {
	t.Helper()
	server := providerserver.NewProtocol6(provider.New("test")())()
	known, err := server.GetFunctions(t.Context(), &tfprotov6.GetFunctionsRequest{})
	if err != nil || len(known.Diagnostics) > 0 || known.Functions[name] == nil {
		t.Fatalf("there is no function %s: %v, %v", name, err, known)
	}
	req := &tfprotov6.CallFunctionRequest{Name: name}
	for _, argument := range arguments {
		value, err := tfprotov6.NewDynamicValue(tftypes.String, tftypes.NewValue(tftypes.String, argument))
		if err != nil {
			t.Fatal(err)
		}
		req.Arguments = append(req.Arguments, &value)
	}
	resp, err := server.CallFunction(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	direct, directError := run(t, name, arguments...)
	if resp.Error != nil {
		if directError == nil || directError.Text != resp.Error.Text {
			t.Fatalf("over the protocol %v, directly %v", resp.Error, directError)
		}
		return tftypes.Value{}, resp.Error
	}
	result, err := resp.Result.Unmarshal(known.Functions[name].Return.Type)
	if err != nil || !result.Equal(direct) {
		t.Fatalf("over the protocol %s, directly %s: %v", result, direct, err)
	}
	return result, nil
}

// run calls Run itself.
func run(t testing.TB, name string, arguments ...string) (tftypes.Value, *function.FuncError) {
	t.Helper()
	f := named(t, name)
	var def function.DefinitionResponse
	f.Definition(t.Context(), function.DefinitionRequest{}, &def)
	var fixed, more []attr.Value
	var moreTypes []attr.Type
	for i, argument := range arguments {
		value := types.StringValue(argument)
		if i < len(def.Definition.Parameters) {
			fixed = append(fixed, value)
			continue
		}
		more, moreTypes = append(more, value), append(moreTypes, types.StringType)
	}
	if def.Definition.VariadicParameter != nil {
		fixed = append(fixed, types.TupleValueMust(moreTypes, more))
	}
	resp := &function.RunResponse{}
	result, funcErr := def.Definition.Return.NewResultData(t.Context())
	if funcErr != nil {
		t.Fatal(funcErr)
	}
	resp.Result = result
	f.Run(t.Context(), function.RunRequest{Arguments: function.NewArgumentsData(fixed)}, resp)
	if resp.Error != nil {
		return tftypes.Value{}, resp.Error
	}
	value, err := resp.Result.Value().ToTerraformValue(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return value, nil
}

func named(t testing.TB, name string) function.Function {
	t.Helper()
	for _, build := range functions.All() {
		f := build()
		var meta function.MetadataResponse
		f.Metadata(t.Context(), function.MetadataRequest{}, &meta)
		if meta.Name == name {
			return f
		}
	}
	t.Fatalf("there is no function %s", name)
	return nil
}

// fails demands an error that blames an argument, counted from 0, and says
// something.
func fails(t *testing.T, err *tfprotov6.FunctionError, argument int64, says ...string) {
	t.Helper()
	if err == nil || err.FunctionArgument == nil || *err.FunctionArgument != argument {
		t.Fatalf("want an error of argument %d with %q, got %+v", argument, says, err)
	}
	if strings.HasSuffix(err.Text, ".") {
		t.Errorf("the command line tool adds a stop: %s", err.Text)
	}
	for _, part := range says {
		if !strings.Contains(err.Text, part) {
			t.Errorf("%q is not in: %s", part, err.Text)
		}
	}
}

func text(t *testing.T, value tftypes.Value) string {
	t.Helper()
	var s string
	if err := value.As(&s); err != nil {
		t.Fatal(err)
	}
	return s
}

// What the documentation says of a function comes from its definition.
func TestEveryFunctionIsDescribed(t *testing.T) {
	t.Parallel()
	for _, build := range functions.All() {
		f := build()
		var meta function.MetadataResponse
		f.Metadata(t.Context(), function.MetadataRequest{}, &meta)
		var def function.DefinitionResponse
		f.Definition(t.Context(), function.DefinitionRequest{}, &def)
		parameters := def.Definition.Parameters
		if v := def.Definition.VariadicParameter; v != nil {
			parameters = append(parameters, v)
		}
		if def.Definition.Summary == "" || def.Definition.MarkdownDescription == "" || len(parameters) == 0 {
			t.Errorf("%s is not described", meta.Name)
		}
		for _, p := range parameters {
			if p.GetName() == "" || p.GetMarkdownDescription() == "" {
				t.Errorf("%s: parameter %q is not described", meta.Name, p.GetName())
			}
		}
	}
}
