package export

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// typeJSON is a type in Terraform's own notation: "string" for a primitive, ["list", "string"] for a collection,
// ["object", {...}] for a structure. It panics on a type that Terraform does not have, which only a new
// terraform-plugin-go could bring.
func typeJSON(t tftypes.Type) any {
	switch t := t.(type) {
	case tftypes.List:
		return []any{"list", typeJSON(t.ElementType)}
	case tftypes.Set:
		return []any{"set", typeJSON(t.ElementType)}
	case tftypes.Map:
		return []any{"map", typeJSON(t.ElementType)}
	case tftypes.Tuple:
		return []any{"tuple", tupleJSON(t)}
	case tftypes.Object:
		return objectJSON(t)
	}

	for name, primitive := range map[string]tftypes.Type{
		"string": tftypes.String, "number": tftypes.Number, "bool": tftypes.Bool, "dynamic": tftypes.DynamicPseudoType,
	} {
		if t.Is(primitive) {
			return name
		}
	}

	panic(fmt.Sprintf("no JSON notation for the type %s", t))
}

func tupleJSON(t tftypes.Tuple) []any {
	out := make([]any, 0, len(t.ElementTypes))
	for _, element := range t.ElementTypes {
		out = append(out, typeJSON(element))
	}

	return out
}

func objectJSON(t tftypes.Object) []any {
	attributes := make(map[string]any, len(t.AttributeTypes))
	for name, attribute := range t.AttributeTypes {
		attributes[name] = typeJSON(attribute)
	}

	return []any{"object", attributes}
}
