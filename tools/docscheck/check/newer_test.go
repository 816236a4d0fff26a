package check_test

import (
	"context"
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// newer is the provider with one more object of each kind that needs a newer command line tool than may be at hand.
type newer struct {
	tfprotov6.ProviderServer
	tfprotov6.ListResourceServer
	tfprotov6.ActionServer
	description string
}

func (n newer) schema() *tfprotov6.Schema {
	return &tfprotov6.Schema{Block: &tfprotov6.SchemaBlock{
		Description: n.description,
		Attributes: []*tfprotov6.SchemaAttribute{
			{Name: "token_id", Type: tftypes.String, Required: true, Description: n.description},
			{Name: "kind", Type: tftypes.String, Optional: true, Description: n.description},
		},
	}}
}

func (n newer) GetProviderSchema(ctx context.Context, req *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error) {
	resp, err := n.ProviderServer.GetProviderSchema(ctx, req)
	if err != nil {
		return nil, err
	}

	resp.ActionSchemas = map[string]*tfprotov6.ActionSchema{"asm_thing": {Schema: n.schema()}}
	resp.ListResourceSchemas = map[string]*tfprotov6.Schema{"asm_thing": n.schema()}
	resp.EphemeralResourceSchemas = map[string]*tfprotov6.Schema{"asm_thing": n.schema()}
	resp.Functions = map[string]*tfprotov6.Function{"thing": {
		Description: n.description,
		Parameters:  []*tfprotov6.FunctionParameter{{Name: "of", Type: tftypes.String, Description: n.description}},
		Return:      &tfprotov6.FunctionReturn{Type: tftypes.String},
	}}

	return resp, nil
}

func (n newer) refuse(what string, config *tfprotov6.DynamicValue) ([]*tfprotov6.Diagnostic, error) {
	object, err := config.Unmarshal(n.schema().ValueType())
	if err != nil {
		return nil, err
	}

	var values map[string]tftypes.Value
	if err := object.As(&values); err != nil {
		return nil, err
	}

	if !values["kind"].IsKnown() || values["kind"].IsNull() {
		return nil, nil
	}

	return []*tfprotov6.Diagnostic{{
		Severity: tfprotov6.DiagnosticSeverityError, Summary: "Refused", Detail: what + " has no kind",
		Attribute: tftypes.NewAttributePath().WithAttributeName("kind"),
	}}, nil
}

func (n newer) ValidateActionConfig(_ context.Context, req *tfprotov6.ValidateActionConfigRequest) (*tfprotov6.ValidateActionConfigResponse, error) {
	diagnostics, err := n.refuse("the action", req.Config)

	return &tfprotov6.ValidateActionConfigResponse{Diagnostics: diagnostics}, err
}

func (n newer) ValidateListResourceConfig(_ context.Context, req *tfprotov6.ValidateListResourceConfigRequest) (*tfprotov6.ValidateListResourceConfigResponse, error) {
	diagnostics, err := n.refuse("the list", req.Config)

	return &tfprotov6.ValidateListResourceConfigResponse{Diagnostics: diagnostics}, err
}

func (n newer) ValidateEphemeralResourceConfig(_ context.Context, req *tfprotov6.ValidateEphemeralResourceConfigRequest) (*tfprotov6.ValidateEphemeralResourceConfigResponse, error) {
	diagnostics, err := n.refuse("the ephemeral resource", req.Config)

	return &tfprotov6.ValidateEphemeralResourceConfigResponse{Diagnostics: diagnostics}, err
}

// Actions, list resources, ephemeral resources and functions have pages and examples of their own.
func TestEveryKindOfObjectIsDemanded(t *testing.T) {
	t.Parallel()

	found := problemsOf(t, repository(t), newer{ProviderServer: server(), description: ""})

	for _, want := range []string{
		"docs/actions/thing.md: the action asm_thing has no page",
		"docs/list-resources/thing.md: the list resource asm_thing has no page",
		"docs/ephemeral-resources/thing.md: the ephemeral resource asm_thing has no page",
		"docs/functions/thing.md: the function thing has no page",
		"examples/actions/asm_thing/action.tf: the action asm_thing has no example",
		"examples/list-resources/asm_thing/list-resource.tfquery.hcl: the list resource asm_thing has no example",
		"examples/ephemeral-resources/asm_thing/ephemeral-resource.tf: the ephemeral resource asm_thing has no example",
		"examples/functions/thing/function.tf: the function thing has no example",
		"the action asm_thing has no description in its schema",
		"token_id of the action asm_thing has no description in its schema",
		"token_id of the list resource asm_thing has no description in its schema",
		"the function thing has no description in its schema",
		"parameter of of the function thing has no description in its schema",
		"docs/guides/permissions.md: the table has no row for asm_thing",
	} {
		if !strings.Contains(found, want) {
			t.Errorf("not found: %s", want)
		}
	}

	if t.Failed() {
		t.Log(found)
	}
}

// Blocks of a newer Terraform are validated by the provider, in pages and in files.
func TestBlocksOfANewerToolAreValidated(t *testing.T) {
	t.Parallel()

	all := repository(t)

	for name, test := range map[string]struct{ file, text, want string }{
		"an action": {
			"examples/actions/asm_thing/action.tf", "action \"asm_thing\" \"now\" {\n  config {\n    token_id = asm_token.district.id\n    kind     = \"full\"\n  }\n}\n",
			`examples/actions/asm_thing/action.tf:1: Refused: the action has no kind (AttributeName("kind"))`,
		},
		"an action without what it needs": {
			"examples/actions/asm_thing/action.tf", "action \"asm_thing\" \"now\" {\n}\n",
			`examples/actions/asm_thing/action.tf:1: Missing required argument: The argument "token_id" is required.`,
		},
		"an action that does not exist": {
			"examples/actions/asm_thing/action.tf", "action \"asm_other\" \"now\" {\n}\n",
			`examples/actions/asm_thing/action.tf:1: No such action: The provider serves no action asm_other.`,
		},
		"a list": {
			"examples/list-resources/asm_thing/list-resource.tfquery.hcl", "list \"asm_thing\" \"all\" {\n  provider = asm\n  limit    = 10\n\n  config {\n    token_id = var.token\n    kind     = \"full\"\n  }\n}\n",
			`list-resource.tfquery.hcl:1: Refused: the list has no kind`,
		},
		"a list with an argument that does not exist": {
			"examples/list-resources/asm_thing/list-resource.tfquery.hcl", "list \"asm_thing\" \"all\" {\n  provider = asm\n\n  config {\n    token_id = var.token\n    king     = \"full\"\n  }\n}\n",
			`list-resource.tfquery.hcl:6: Unsupported argument: An argument named "king" is not expected here.`,
		},
		"an ephemeral resource": {
			"examples/x/main.tf", "ephemeral \"asm_thing\" \"all\" {\n  token_id = var.token\n  kind     = \"full\"\n}\n",
			`examples/x/main.tf:1: Refused: the ephemeral resource has no kind`,
		},
		"a call with too many arguments": {
			"examples/x/main.tf", "output \"thing\" {\n  value = provider::asm::thing(\"a\", \"b\")\n}\n",
			`examples/x/main.tf:2: Wrong number of arguments: The function thing takes 1 arguments, and here are 2.`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			files := maps.Clone(all)
			files[test.file] = &fstest.MapFile{Data: []byte(test.text)}

			if found := problemsOf(t, files, newer{ProviderServer: server(), description: "It is there."}); !strings.Contains(found, test.want) {
				t.Errorf("not found: %s\nfound:\n%s", test.want, found)
			}
		})
	}
}
