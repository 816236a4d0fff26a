package export_test

import (
	"encoding/json"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/tools/schemajson/export"
)

func TestStatesAreVersionsAndTypesAlone(t *testing.T) {
	t.Parallel()

	const document = `{"provider_schemas": {"x": {
		"resource_schemas": {"x_thing": {"version": 2, "block": {"attributes": {
			"id":   {"type": "string", "computed": true, "description": "Its id."},
			"tags": {"type": ["set", "string"], "optional": true},
			"one":  {"nested_type": {"nesting_mode": "single", "attributes": {"a": {"type": "bool"}}}},
			"many": {"nested_type": {"nesting_mode": "list", "attributes": {"b": {"type": "number"}}}}
		}}}},
		"resource_identity_schemas": {"x_thing": {"version": 1, "attributes": {"id": {"type": "string", "required_for_import": true}}}}
	}}}`

	const want = `{"x_thing":{"version":2,"attributes":{"id":"string","many":["list",["object",{"b":"number"}]],` +
		`"one":["object",{"a":"bool"}],"tags":["set","string"]},"identity_version":1,"identity":{"id":"string"}}}`

	states, err := export.States([]byte(document))
	if err != nil {
		t.Fatal(err)
	}

	if got, err := json.Marshal(states); err != nil || string(got) != want {
		t.Errorf("got %s, %v\nwant %s", got, err, want)
	}
}

func TestStatesRefuseABlock(t *testing.T) {
	t.Parallel()

	const document = `{"provider_schemas": {"x": {"resource_schemas": {"x_thing": {"block": {"block_types": {"rule": {}}}}}}}}`

	if _, err := export.States([]byte(document)); err == nil {
		t.Error("a block was left out without a word")
	}
}
