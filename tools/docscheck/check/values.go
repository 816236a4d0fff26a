package check

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
)

// valueOf is what an argument is set to. What only a run knows is unknown: variables, other objects, functions.
func valueOf(e hclsyntax.Expression, a *tfprotov6.SchemaAttribute) (cty.Value, hcl.Diagnostics) {
	unknown := cty.UnknownVal(typeOf(a).WithoutOptionalAttributesDeep())

	if diagnostics := namesIn(e, a); diagnostics.HasErrors() {
		return unknown, diagnostics
	}

	value, diagnostics := e.Value(nothingKnown(e))
	if diagnostics.HasErrors() {
		return unknown, diagnostics
	}

	value, err := convert.Convert(value, typeOf(a))
	if err != nil {
		return unknown, wrong(e.Range(), "Incorrect attribute value type", "Inappropriate value for attribute %q: %s.", a.Name, err)
	}

	return value, nil
}

// nothingKnown lets an expression be evaluated whatever it names.
func nothingKnown(e hclsyntax.Expression) *hcl.EvalContext {
	ctx := &hcl.EvalContext{Variables: map[string]cty.Value{}, Functions: map[string]function.Function{}}
	for _, traversal := range e.Variables() {
		ctx.Variables[traversal.RootName()] = cty.DynamicVal
	}

	visit(e, func(n hclsyntax.Node) {
		if call, ok := n.(*hclsyntax.FunctionCallExpr); ok {
			ctx.Functions[call.Name] = anyFunction
		}
	})

	return ctx
}

var anyFunction = function.New(&function.Spec{
	VarParam: &function.Parameter{Name: "any", Type: cty.DynamicPseudoType, AllowDynamicType: true, AllowNull: true, AllowUnknown: true},
	Type:     func([]cty.Value) (cty.Type, error) { return cty.DynamicPseudoType, nil },
	Impl:     func([]cty.Value, cty.Type) (cty.Value, error) { return cty.DynamicVal, nil },
})

// visit goes through an expression and everything in it.
func visit(node hclsyntax.Node, do func(hclsyntax.Node)) {
	_ = hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics {
		do(n)

		return nil
	})
}

// namesIn finds misspelt names inside a nested attribute. Converting drops them without a word, and so does
// "terraform validate".
func namesIn(e hclsyntax.Expression, a *tfprotov6.SchemaAttribute) hcl.Diagnostics {
	if a.NestedType == nil {
		return nil
	}

	switch e := e.(type) {
	case *hclsyntax.TupleConsExpr:
		return namesInAll(e.Exprs, a)
	case *hclsyntax.ObjectConsExpr:
		if a.NestedType.Nesting == tfprotov6.SchemaObjectNestingModeMap {
			var values []hclsyntax.Expression
			for _, item := range e.Items {
				values = append(values, item.ValueExpr)
			}

			return namesInAll(values, a)
		}

		return namesInObject(e, a.NestedType.Attributes)
	}

	return nil
}

func namesInAll(all []hclsyntax.Expression, a *tfprotov6.SchemaAttribute) hcl.Diagnostics {
	var diagnostics hcl.Diagnostics

	for _, e := range all {
		if object, ok := e.(*hclsyntax.ObjectConsExpr); ok {
			diagnostics = append(diagnostics, namesInObject(object, a.NestedType.Attributes)...)
		}
	}

	return diagnostics
}

func namesInObject(e *hclsyntax.ObjectConsExpr, attributes []*tfprotov6.SchemaAttribute) hcl.Diagnostics {
	var diagnostics hcl.Diagnostics

	for _, item := range e.Items {
		key, ok := literalKey(item.KeyExpr)
		if !ok {
			continue
		}

		i := slices.IndexFunc(attributes, func(a *tfprotov6.SchemaAttribute) bool { return a.Name == key })
		if i < 0 {
			diagnostics = append(diagnostics, wrong(item.KeyExpr.Range(), "Unsupported argument", "An argument named %q is not expected here.", key)...)

			continue
		}

		diagnostics = append(diagnostics, namesIn(item.ValueExpr, attributes[i])...)
	}

	return diagnostics
}

func literalKey(e hclsyntax.Expression) (string, bool) {
	value, diagnostics := e.Value(nil)
	if diagnostics.HasErrors() || !value.IsKnown() || value.Type() != cty.String {
		return "", false
	}

	return value.AsString(), true
}

// typeOf is an attribute's type, in which everything inside that is not required may be left out.
func typeOf(a *tfprotov6.SchemaAttribute) cty.Type {
	if a.NestedType == nil {
		return ctyType(a.Type)
	}

	types, optional := map[string]cty.Type{}, []string{}

	for _, inner := range a.NestedType.Attributes {
		types[inner.Name] = typeOf(inner)
		if !inner.Required {
			optional = append(optional, inner.Name)
		}
	}

	object := cty.ObjectWithOptionalAttrs(types, optional)

	switch a.NestedType.Nesting {
	case tfprotov6.SchemaObjectNestingModeList:
		return cty.List(object)
	case tfprotov6.SchemaObjectNestingModeSet:
		return cty.Set(object)
	case tfprotov6.SchemaObjectNestingModeMap:
		return cty.Map(object)
	default:
		return object
	}
}

// ctyType is a type of the protocol in the words of HCL.
func ctyType(t tftypes.Type) cty.Type {
	switch t := t.(type) {
	case tftypes.List:
		return cty.List(ctyType(t.ElementType))
	case tftypes.Set:
		return cty.Set(ctyType(t.ElementType))
	case tftypes.Map:
		return cty.Map(ctyType(t.ElementType))
	case tftypes.Object:
		types := map[string]cty.Type{}
		for name, attribute := range t.AttributeTypes {
			types[name] = ctyType(attribute)
		}

		return cty.Object(types)
	}

	switch {
	case t.Is(tftypes.String):
		return cty.String
	case t.Is(tftypes.Number):
		return cty.Number
	case t.Is(tftypes.Bool):
		return cty.Bool
	case t.Is(tftypes.DynamicPseudoType):
		return cty.DynamicPseudoType
	}

	panic(fmt.Sprintf("no type of HCL for %s", t))
}
