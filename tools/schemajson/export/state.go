package export

import (
	"encoding/json"
	"fmt"
)

// State is what a resource writes to state: the versions that stand in it, and the types of its attributes and of its
// identity as Terraform writes types. It is all of a schema that a later version has to be able to read.
type State struct {
	Version         int64          `json:"version"`
	Attributes      map[string]any `json:"attributes"`
	IdentityVersion int64          `json:"identity_version"`
	Identity        map[string]any `json:"identity,omitempty"` // nil: the resource has no identity
}

// States takes out of the document that JSON writes what each resource writes to state, by resource.
func States(doc []byte) (map[string]State, error) {
	var all document
	if err := json.Unmarshal(doc, &all); err != nil {
		return nil, fmt.Errorf("reading schemas: %w", err)
	}

	out := map[string]State{}

	for _, provider := range all.Schemas {
		for name, schema := range provider.Resources {
			if len(schema.Block.BlockTypes) > 0 {
				return nil, fmt.Errorf("resource %s has blocks, and only nested attributes are understood", name)
			}

			state := State{Version: schema.Version, Attributes: attributeTypes(schema.Block.Attributes)}
			if id, ok := provider.Identities[name]; ok {
				state.IdentityVersion = id.Version
				state.Identity = mapValues(id.Attributes, func(a identityAttributeJSON) any { return a.Type })
			}

			out[name] = state
		}
	}

	return out, nil
}

func attributeTypes(attributes map[string]attributeJSON) map[string]any {
	return mapValues(attributes, func(a attributeJSON) any {
		switch nested := a.NestedType; {
		case nested == nil:
			return a.Type
		case nested.NestingMode == "single":
			return []any{"object", attributeTypes(nested.Attributes)}
		default:
			return []any{nested.NestingMode, []any{"object", attributeTypes(nested.Attributes)}}
		}
	})
}
