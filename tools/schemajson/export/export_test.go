package export_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/asm-enrollment/terraform-provider-asm/tools/schemajson/export"
)

const (
	fakeAddress     = "registry.terraform.io/example/fake"
	openTofuAddress = "registry.opentofu.org/example/fake"
)

var update = flag.Bool("update", false, "write the golden file anew")

// TestMain lets the test binary be the provider that a command line tool starts.
func TestMain(m *testing.M) {
	if os.Getenv("TF_PLUGIN_MAGIC_COOKIE") == "" {
		os.Exit(m.Run())
	}

	if err := tf6server.Serve(fakeAddress, func() tfprotov6.ProviderServer { return fakeProvider{} }); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func TestJSONHasEverySchemaOfTheProvider(t *testing.T) {
	t.Parallel()

	got := exportFake(t)
	golden := filepath.Join("testdata", "fake.json")

	if *update {
		if err := os.WriteFile(golden, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}

	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}

	if string(got) != string(want) {
		t.Errorf("the export differs from %s; look at the difference, then run the test with -update.\ngot:\n%s", golden, got)
	}
}

// What a command line tool prints must be in the export, value by value. What it leaves out may only be what older
// ones and OpenTofu do not know.
func TestJSONEqualsTheCommandLineTool(t *testing.T) {
	t.Parallel()

	cli := commandLineTool(t)
	directory := t.TempDir()
	linkSelfAsProvider(t, directory)
	printed := decode(t, providersSchema(t, cli, directory))

	exported := decode(t, exportFake(t))[fakeAddress]

	address := fakeAddress
	if _, ok := printed[openTofuAddress]; ok {
		address = openTofuAddress
		asOpenTofuPrints(exported["functions"])
	}

	if len(printed[address]) == 0 {
		t.Fatalf("%s printed no schemas of the provider: %v", cli, printed)
	}

	for part, want := range printed[address] {
		if got := exported[part]; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: the export has\n%s\nbut %s prints\n%s", part, indented(t, got), cli, indented(t, want))
		}
	}

	newer := map[string]bool{"resource_identity_schemas": true, "list_resource_schemas": true, "action_schemas": true}
	for part := range exported {
		if _, ok := printed[address][part]; !ok && !newer[part] {
			t.Errorf("the export has %s, which %s does not print", part, cli)
		}
	}
}

func TestJSONRefusesAProviderThatReportsAnError(t *testing.T) {
	t.Parallel()

	_, err := export.JSON(t.Context(), brokenProvider{}, fakeAddress)
	if err == nil || !strings.Contains(err.Error(), "Duplicate Resource: fake_thing") {
		t.Fatalf("want the provider's own diagnostic, got %v", err)
	}
}

func TestJSONReportsAServerThatFails(t *testing.T) {
	t.Parallel()

	_, err := export.JSON(t.Context(), deadProvider{}, fakeAddress)
	if !errors.Is(err, errDead) {
		t.Fatalf("want %v, got %v", errDead, err)
	}
}

func exportFake(t *testing.T) []byte {
	t.Helper()

	got, err := export.JSON(t.Context(), fakeProvider{}, fakeAddress)
	if err != nil {
		t.Fatal(err)
	}

	return got
}

// commandLineTool is the tool the acceptance tests were given, or Terraform or OpenTofu from PATH.
func commandLineTool(t *testing.T) string {
	t.Helper()

	if named := os.Getenv("TF_ACC_TERRAFORM_PATH"); named != "" {
		return named
	}

	for _, name := range []string{"terraform", "tofu"} {
		if found, err := exec.LookPath(name); err == nil {
			return found
		}
	}

	t.Skip("neither terraform nor tofu on PATH")

	return ""
}

// asOpenTofuPrints takes from functions what OpenTofu does not print, and adds the one empty text that it does. The
// export is Terraform's, and tfplugindocs reads both alike.
func asOpenTofuPrints(functions any) {
	for _, function := range functions.(map[string]any) {
		function := function.(map[string]any)
		delete(function, "deprecation_message")

		if variadic, ok := function["variadic_parameter"].(map[string]any); ok && variadic["description"] == nil {
			variadic["description"] = ""
		}
	}
}

func linkSelfAsProvider(t *testing.T, directory string) {
	t.Helper()

	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}

	if err := os.Symlink(self, filepath.Join(directory, "terraform-provider-fake")); err != nil {
		t.Skip("no symbolic links here: ", err)
	}
}

func providersSchema(t *testing.T, cli, directory string) []byte {
	t.Helper()

	write(t, filepath.Join(directory, "cli.tfrc"),
		fmt.Sprintf("provider_installation {\n  dev_overrides { \"example/fake\" = %q }\n  direct {}\n}\n", directory))
	write(t, filepath.Join(directory, "main.tf"),
		"terraform {\n  required_providers {\n    fake = { source = \"example/fake\" }\n  }\n}\n")

	cmd := exec.CommandContext(t.Context(), cli, "providers", "schema", "-json")
	cmd.Dir = directory
	cmd.Env = append(os.Environ(),
		"TF_CLI_CONFIG_FILE="+filepath.Join(directory, "cli.tfrc"), "TF_REATTACH_PROVIDERS=", "CHECKPOINT_DISABLE=1")

	out, err := cmd.Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}

		t.Fatalf("%s providers schema: %v", cli, err)
	}

	return out
}

func write(t *testing.T, path, text string) {
	t.Helper()

	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func decode(t *testing.T, text []byte) map[string]map[string]any {
	t.Helper()

	var document struct {
		FormatVersion string                    `json:"format_version"`
		Schemas       map[string]map[string]any `json:"provider_schemas"`
	}

	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}

	if document.FormatVersion != "1.0" {
		t.Fatalf("format version %q, want 1.0", document.FormatVersion)
	}

	return document.Schemas
}

func indented(t *testing.T, value any) string {
	t.Helper()

	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		t.Fatal(err)
	}

	return string(text)
}

var errDead = errors.New("no answer")

type deadProvider struct{ export.Server }

func (deadProvider) GetProviderSchema(context.Context, *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error) {
	return nil, errDead
}

type brokenProvider struct{ export.Server }

func (brokenProvider) GetProviderSchema(context.Context, *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error) {
	return &tfprotov6.GetProviderSchemaResponse{Diagnostics: []*tfprotov6.Diagnostic{
		{Severity: tfprotov6.DiagnosticSeverityError, Summary: "Duplicate Resource", Detail: "fake_thing"},
	}}, nil
}

// fakeProvider has one of everything that a schema can say. Nothing but schemas is asked of it, so the other calls of
// the protocol stay nil.
type fakeProvider struct{ tfprotov6.ProviderServer }

func (fakeProvider) GetMetadata(context.Context, *tfprotov6.GetMetadataRequest) (*tfprotov6.GetMetadataResponse, error) {
	return &tfprotov6.GetMetadataResponse{Resources: []tfprotov6.ResourceMetadata{{TypeName: "fake_thing"}}}, nil
}

func (fakeProvider) StopProvider(context.Context, *tfprotov6.StopProviderRequest) (*tfprotov6.StopProviderResponse, error) {
	return &tfprotov6.StopProviderResponse{}, nil
}

func (fakeProvider) GetProviderSchema(context.Context, *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error) {
	name := &tfprotov6.SchemaAttribute{Name: "name", Type: tftypes.String, Required: true}
	named := &tfprotov6.Schema{Block: &tfprotov6.SchemaBlock{Attributes: []*tfprotov6.SchemaAttribute{name}}}

	return &tfprotov6.GetProviderSchemaResponse{
		Provider:                 named,
		ResourceSchemas:          map[string]*tfprotov6.Schema{"fake_thing": thing()},
		DataSourceSchemas:        map[string]*tfprotov6.Schema{"fake_thing": named, "fake_empty": {Block: &tfprotov6.SchemaBlock{}}},
		EphemeralResourceSchemas: map[string]*tfprotov6.Schema{"fake_secret": named},
		ListResourceSchemas:      map[string]*tfprotov6.Schema{"fake_thing": named},
		ActionSchemas:            map[string]*tfprotov6.ActionSchema{"fake_do": {Schema: named}},
		Functions:                map[string]*tfprotov6.Function{"shout": shout()},
	}, nil
}

func (fakeProvider) GetResourceIdentitySchemas(context.Context, *tfprotov6.GetResourceIdentitySchemasRequest) (*tfprotov6.GetResourceIdentitySchemasResponse, error) {
	return &tfprotov6.GetResourceIdentitySchemasResponse{IdentitySchemas: map[string]*tfprotov6.ResourceIdentitySchema{
		"fake_thing": {Version: 1, IdentityAttributes: []*tfprotov6.ResourceIdentitySchemaAttribute{
			{Name: "id", Type: tftypes.String, Description: "The id.", RequiredForImport: true},
			{Name: "zones", Type: tftypes.List{ElementType: tftypes.String}, OptionalForImport: true},
		}},
	}}, nil
}

func thing() *tfprotov6.Schema {
	object := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"a": tftypes.Number, "b": tftypes.Bool}}
	inner := []*tfprotov6.SchemaAttribute{{Name: "seconds", Type: tftypes.Number, Optional: true, Computed: true}}

	return &tfprotov6.Schema{Version: 3, Block: &tfprotov6.SchemaBlock{
		Description:     "A **thing**.",
		DescriptionKind: tfprotov6.StringKindMarkdown,
		Deprecated:      true,
		Attributes: []*tfprotov6.SchemaAttribute{
			{Name: "id", Type: tftypes.String, Computed: true, Description: "Plain."},
			{Name: "secret_wo", Type: tftypes.String, Optional: true, Sensitive: true, WriteOnly: true},
			{Name: "old", Type: tftypes.Bool, Optional: true, Deprecated: true, Description: "*Old.*", DescriptionKind: tfprotov6.StringKindMarkdown},
			{Name: "any", Type: tftypes.DynamicPseudoType, Optional: true},
			{Name: "list", Type: tftypes.List{ElementType: object}, Optional: true},
			{Name: "set", Type: tftypes.Set{ElementType: tftypes.Number}, Optional: true},
			{Name: "map", Type: tftypes.Map{ElementType: tftypes.Tuple{ElementTypes: []tftypes.Type{tftypes.String, object}}}, Optional: true},
			{Name: "one", NestedType: &tfprotov6.SchemaObject{Attributes: inner, Nesting: tfprotov6.SchemaObjectNestingModeSingle}, Optional: true},
			{Name: "many", NestedType: &tfprotov6.SchemaObject{Attributes: inner, Nesting: tfprotov6.SchemaObjectNestingModeMap}, Computed: true},
		},
		BlockTypes: []*tfprotov6.SchemaNestedBlock{
			{TypeName: "timeouts", Nesting: tfprotov6.SchemaNestedBlockNestingModeSingle, Block: &tfprotov6.SchemaBlock{Attributes: inner}},
			{TypeName: "rule", Nesting: tfprotov6.SchemaNestedBlockNestingModeList, MinItems: 1, MaxItems: 2, Block: &tfprotov6.SchemaBlock{
				Attributes: inner, Description: "A rule.",
			}},
		},
	}}
}

func shout() *tfprotov6.Function {
	return &tfprotov6.Function{
		Summary:            "Shouts.",
		Description:        "Shouts, loudly.",
		DescriptionKind:    tfprotov6.StringKindMarkdown,
		DeprecationMessage: "Whisper.",
		Parameters: []*tfprotov6.FunctionParameter{
			{Name: "text", Description: "What to shout.", Type: tftypes.String, AllowNullValue: true},
		},
		VariadicParameter: &tfprotov6.FunctionParameter{Name: "more", Type: tftypes.Map{ElementType: tftypes.Number}},
		Return:            &tfprotov6.FunctionReturn{Type: tftypes.List{ElementType: tftypes.String}},
	}
}
