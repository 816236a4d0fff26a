package check

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/msgpack"
)

// validator asks the provider's protocol server about configurations, as a command line tool does. So blocks that need
// a newer tool than is at hand (actions, lists) are validated all the same, and what a snippet refers to need not be
// in it: it is unknown.
type validator struct {
	server  tfprotov6.ProviderServer
	objects catalog
}

// block checks a snippet: its syntax, its format, the arguments of each block of ours, and what it refers to.
func (v validator) block(ctx context.Context, s snippet) ([]Problem, error) {
	body, problems := s.parse()
	if body == nil {
		return problems, nil
	}

	problems = append(problems, s.problems(v.referencesIn(body))...)

	for _, b := range body.Blocks {
		found, err := v.one(ctx, b)
		if err != nil {
			return nil, fmt.Errorf("validating %s:%d: %w", s.file, b.Range().Start.Line, err)
		}

		problems = append(problems, s.problems(found)...)
	}

	return problems, nil
}

// one checks a block of the highest level, if it is one of ours.
func (v validator) one(ctx context.Context, b *hclsyntax.Block) (hcl.Diagnostics, error) {
	if b.Type == "provider" && len(b.Labels) == 1 && b.Labels[0] == "asm" {
		return v.ask(ctx, object{schema: v.objects.provider}, b.Body, b)
	}

	if len(b.Labels) != 2 || !strings.HasPrefix(b.Labels[0], "asm_") {
		return nil, nil
	}

	for _, k := range kinds {
		if k.block != b.Type {
			continue
		}

		o, ok := v.objects.find(k, b.Labels[0])
		if !ok {
			return wrong(b.TypeRange, "No such "+k.label, "The provider serves no %s %s.", k.label, b.Labels[0]), nil
		}

		body := b.Body
		if k.block == "action" || k.block == "list" {
			body = configOf(b.Body)
		}

		return v.ask(ctx, o, body, b)
	}

	return nil, nil
}

// configOf is the block in which actions and lists have their arguments; nothing at all where it is left out.
func configOf(body *hclsyntax.Body) *hclsyntax.Body {
	for _, b := range body.Blocks {
		if b.Type == "config" {
			return b.Body
		}
	}

	return &hclsyntax.Body{SrcRange: body.SrcRange, EndRange: body.EndRange}
}

// ofTheTool are arguments that the command line tool takes for itself.
var ofTheTool = []string{"count", "for_each", "provider", "depends_on", "alias", "version", "lifecycle", "provisioner", "connection"}

// ask has the provider validate a configuration of an object.
func (v validator) ask(ctx context.Context, o object, body *hclsyntax.Body, b *hclsyntax.Block) (hcl.Diagnostics, error) {
	values := map[string]cty.Value{}

	var diagnostics hcl.Diagnostics

	attributes := o.schema.Block.Attributes

	for name, a := range body.Attributes {
		i := slices.IndexFunc(attributes, func(s *tfprotov6.SchemaAttribute) bool { return s.Name == name })

		switch {
		case i >= 0:
			value, found := valueOf(a.Expr, attributes[i])
			diagnostics = append(diagnostics, found...)
			values[name] = value
		case !slices.Contains(ofTheTool, name):
			diagnostics = append(diagnostics, wrong(a.NameRange, "Unsupported argument", "An argument named %q is not expected here.", name)...)
		}
	}

	for _, nested := range body.Blocks {
		if !slices.Contains(ofTheTool, nested.Type) {
			diagnostics = append(diagnostics, wrong(nested.TypeRange, "Unsupported block type", "Blocks of type %q are not expected here.", nested.Type)...)
		}
	}

	for _, a := range attributes {
		if _, ok := values[a.Name]; ok {
			continue
		}

		if a.Required {
			diagnostics = append(diagnostics, wrong(b.DefRange(), "Missing required argument", "The argument %q is required.", a.Name)...)
		}

		values[a.Name] = cty.NullVal(typeOf(a).WithoutOptionalAttributesDeep())
	}

	if diagnostics.HasErrors() {
		return diagnostics, nil
	}

	config, err := dynamic(cty.ObjectVal(values))
	if err != nil {
		return nil, err
	}

	found, err := v.validate(ctx, o, config)

	return inBlock(found, b), err
}

func dynamic(value cty.Value) (*tfprotov6.DynamicValue, error) {
	packed, err := msgpack.Marshal(value, value.Type())
	if err != nil {
		return nil, fmt.Errorf("packing the configuration: %w", err)
	}

	return &tfprotov6.DynamicValue{MsgPack: packed}, nil
}

// validate is the question of the protocol for each kind.
func (v validator) validate(ctx context.Context, o object, config *tfprotov6.DynamicValue) ([]*tfprotov6.Diagnostic, error) {
	switch o.kind.label {
	case resourceKind.label:
		r, err := v.server.ValidateResourceConfig(ctx, &tfprotov6.ValidateResourceConfigRequest{
			TypeName: o.name, Config: config,
			ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{WriteOnlyAttributesAllowed: true},
		})

		return unless(err, func() []*tfprotov6.Diagnostic { return r.Diagnostics })
	case dataSourceKind.label:
		r, err := v.server.ValidateDataResourceConfig(ctx, &tfprotov6.ValidateDataResourceConfigRequest{TypeName: o.name, Config: config})

		return unless(err, func() []*tfprotov6.Diagnostic { return r.Diagnostics })
	case ephemeralKind.label:
		r, err := v.server.ValidateEphemeralResourceConfig(ctx, &tfprotov6.ValidateEphemeralResourceConfigRequest{TypeName: o.name, Config: config})

		return unless(err, func() []*tfprotov6.Diagnostic { return r.Diagnostics })
	case listKind.label:
		lists, ok := v.server.(tfprotov6.ListResourceServer)
		if !ok {
			return nil, errors.New("the provider's server knows no list resources")
		}

		r, err := lists.ValidateListResourceConfig(ctx, &tfprotov6.ValidateListResourceConfigRequest{TypeName: o.name, Config: config})

		return unless(err, func() []*tfprotov6.Diagnostic { return r.Diagnostics })
	case actionKind.label:
		actions, ok := v.server.(tfprotov6.ActionServer)
		if !ok {
			return nil, errors.New("the provider's server knows no actions")
		}

		r, err := actions.ValidateActionConfig(ctx, &tfprotov6.ValidateActionConfigRequest{ActionType: o.name, Config: config})

		return unless(err, func() []*tfprotov6.Diagnostic { return r.Diagnostics })
	}

	r, err := v.server.ValidateProviderConfig(ctx, &tfprotov6.ValidateProviderConfigRequest{Config: config})

	return unless(err, func() []*tfprotov6.Diagnostic { return r.Diagnostics })
}

// unless there is an error, an answer has diagnostics.
func unless(err error, diagnostics func() []*tfprotov6.Diagnostic) ([]*tfprotov6.Diagnostic, error) {
	if err != nil {
		return nil, fmt.Errorf("asking the provider: %w", err)
	}

	return diagnostics(), nil
}

func inBlock(diagnostics []*tfprotov6.Diagnostic, b *hclsyntax.Block) hcl.Diagnostics {
	var found hcl.Diagnostics

	for _, d := range diagnostics {
		if d.Severity != tfprotov6.DiagnosticSeverityError {
			continue
		}

		at := b.DefRange()

		if path := d.Attribute.String(); path != "" {
			found = append(found, wrong(at, d.Summary, "%s (%s)", d.Detail, path)...)
		} else {
			found = append(found, wrong(at, d.Summary, "%s", d.Detail)...)
		}
	}

	return found
}

func wrong(at hcl.Range, summary, detail string, args ...any) hcl.Diagnostics {
	return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: summary, Detail: fmt.Sprintf(detail, args...), Subject: &at}}
}
