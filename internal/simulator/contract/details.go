package contract

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
)

// maxDetails is enough to see what is wrong with one message.
const maxDetails = 10

// details says what is wrong in as many sentences: the place in the body and the rule. Bodies are not quoted, as they
// may hold a server token.
func (d *documents) details(err error) []string {
	details := slices.Compact(d.flatten(err))
	if len(details) > maxDetails {
		more := fmt.Sprintf("and %d more", len(details)-maxDetails)
		details = append(details[:maxDetails:maxDetails], more)
	}
	return details
}

func (d *documents) flatten(err error) []string {
	switch e := err.(type) { //nolint:errorlint // Unwrap would lose the levels in between, which say where
	case nil:
		return nil
	case openapi3.MultiError:
		var all []string
		for _, one := range e {
			all = append(all, d.flatten(one)...)
		}
		return all
	case *openapi3filter.RequestError:
		return prefixed(place(e), e.Reason, d.flatten(e.Err))
	case *openapi3filter.ResponseError:
		return prefixed("", e.Reason, d.flatten(e.Err))
	case *openapi3.SchemaError:
		return d.schemaError(e)
	case *openapi3filter.ParseError:
		return []string{"is not of the form that its type has"}
	default:
		return []string{err.Error()}
	}
}

// place names the parameter that is wrong; a body's own error says where.
func place(err *openapi3filter.RequestError) string {
	if err.Parameter == nil {
		return ""
	}
	return fmt.Sprintf("%s parameter %s: ", err.Parameter.In, err.Parameter.Name)
}

func prefixed(place, reason string, inner []string) []string {
	if len(inner) == 0 {
		return []string{place + reason}
	}
	for i := range inner {
		inner[i] = place + inner[i]
	}
	return inner
}

func (d *documents) schemaError(err *openapi3.SchemaError) []string {
	at := "/" + strings.Join(err.JSONPointer(), "/")
	if err.SchemaField == "anyOf" {
		if inner := d.ofNamedType(err); len(inner) > 0 {
			return prefixed(strings.TrimSuffix(at, "/"), "", inner)
		}
	}
	if nested, isMany := errors.AsType[openapi3.MultiError](err.Origin); isMany {
		return d.flatten(nested)
	}
	if inner, isOne := errors.AsType[*openapi3.SchemaError](err.Origin); isOne {
		return d.schemaError(inner)
	}
	return []string{fmt.Sprintf("%s: %s", at, err.Reason)}
}

// ofNamedType says what is wrong with a value of one of several types by the type that it says it has, or the first where it
// says none, instead of "matches none".
func (d *documents) ofNamedType(err *openapi3.SchemaError) []string {
	object, isObject := err.Value.(map[string]any)
	if !isObject {
		return nil
	}
	name, named := object["@odata.type"].(string)
	schema := d.schemas[strings.TrimPrefix(name, "#")]
	if !named {
		schema = err.Schema.AnyOf[0]
	}
	if schema == nil {
		return nil
	}
	return d.flatten(schema.Value.VisitJSON(err.Value, openapi3.MultiErrors()))
}
