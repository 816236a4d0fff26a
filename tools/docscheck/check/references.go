package check

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// functionPrefix is how a configuration calls a function of this provider.
const functionPrefix = "provider::asm::"

// referencesIn finds references to attributes that our objects do not have, and calls of functions that the provider
// does not serve or with another number of arguments.
func (v validator) referencesIn(body *hclsyntax.Body) hcl.Diagnostics {
	var diagnostics hcl.Diagnostics

	visit(body, func(n hclsyntax.Node) {
		switch e := n.(type) {
		case *hclsyntax.ScopeTraversalExpr:
			diagnostics = append(diagnostics, v.reference(e.Traversal)...)
		case *hclsyntax.FunctionCallExpr:
			diagnostics = append(diagnostics, v.call(e)...)
		}
	})

	return diagnostics
}

// reference checks asm_token.district.status and data.asm_devices.all[0].device_count.
func (v validator) reference(t hcl.Traversal) hcl.Diagnostics {
	k, names := resourceKind, namesOf(t)

	switch {
	case len(names) > 0 && (names[0] == "data" || names[0] == "ephemeral"):
		k = dataSourceKind
		if names[0] == "ephemeral" {
			k = ephemeralKind
		}

		names = names[1:]
	case len(names) > 0 && (names[0] == "action" || names[0] == "list"):
		return nil
	}

	if len(names) < 2 || !strings.HasPrefix(names[0], "asm_") {
		return nil
	}

	o, ok := v.objects.find(k, names[0])
	if !ok {
		return wrong(t.SourceRange(), "No such "+k.label, "The provider serves no %s %s.", k.label, names[0])
	}

	return attributePath(t.SourceRange(), o.String(), o.schema.Block.Attributes, names[2:])
}

// namesOf are the names of a reference; an index does not count.
func namesOf(t hcl.Traversal) []string {
	var names []string

	for _, step := range t {
		switch s := step.(type) {
		case hcl.TraverseRoot:
			names = append(names, s.Name)
		case hcl.TraverseAttr:
			names = append(names, s.Name)
		}
	}

	return names
}

func attributePath(at hcl.Range, of string, attributes []*tfprotov6.SchemaAttribute, names []string) hcl.Diagnostics {
	if len(names) == 0 {
		return nil
	}

	i := slices.IndexFunc(attributes, func(a *tfprotov6.SchemaAttribute) bool { return a.Name == names[0] })
	if i < 0 {
		return wrong(at, "Unsupported attribute", "The %s has no attribute %q.", of, names[0])
	}

	// Below a list or a map a name may be a key.
	if nested := attributes[i].NestedType; nested != nil && nested.Nesting == tfprotov6.SchemaObjectNestingModeSingle {
		return attributePath(at, names[0]+" of the "+of, nested.Attributes, names[1:])
	}

	return nil
}

func (v validator) call(e *hclsyntax.FunctionCallExpr) hcl.Diagnostics {
	name, ok := strings.CutPrefix(e.Name, functionPrefix)
	if !ok {
		return nil
	}

	o, ok := v.objects.find(functionKind, name)
	if !ok {
		return wrong(e.NameRange, "No such function", "The provider serves no function %s.", name)
	}

	given, taken := len(e.Args), len(o.function.Parameters)
	if e.ExpandFinal || given == taken || given > taken && o.function.VariadicParameter != nil {
		return nil
	}

	return wrong(e.NameRange, "Wrong number of arguments", "The function %s takes %d arguments, and here are %d.", name, taken, given)
}
