package tftest

import (
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// Upgrade reads the attributes of an object as a state file has them, written
// with a version of the schema, as core does before anything else.
func (d *Driver) Upgrade(typeName string, version int64, attributes []byte) (State, Diags) {
	d.t.Helper()
	resp, err := d.server.UpgradeResourceState(d.t.Context(), &tfprotov6.UpgradeResourceStateRequest{
		TypeName: typeName, Version: version, RawState: &tfprotov6.RawState{JSON: attributes},
	})
	d.must(err)
	if resp.UpgradedState == nil {
		return State{}, Diags(resp.Diagnostics)
	}
	return State{Type: typeName, Value: d.decode(typeName, resp.UpgradedState)}, Diags(resp.Diagnostics)
}

// UpgradeIdentity reads an identity as a state file has it, written with a version
// of its schema. Core asks for an upgrade of older versions only.
func (d *Driver) UpgradeIdentity(typeName string, version int64, attributes []byte) (*tfprotov6.ResourceIdentityData, Diags) {
	d.t.Helper()
	typ := d.identityType(typeName)
	if version == d.identityVersion(typeName) {
		value, err := (&tfprotov6.RawState{JSON: attributes}).Unmarshal(typ)
		d.must(err)
		return &tfprotov6.ResourceIdentityData{IdentityData: d.encode(value)}, nil
	}
	resp, err := d.server.UpgradeResourceIdentity(d.t.Context(), &tfprotov6.UpgradeResourceIdentityRequest{
		TypeName: typeName, Version: version, RawIdentity: &tfprotov6.RawState{JSON: attributes},
	})
	d.must(err)
	return resp.UpgradedIdentity, Diags(resp.Diagnostics)
}

// PrivateOf is private state as core stores it, from what is under its keys.
func (d *Driver) PrivateOf(values map[string]json.RawMessage) []byte {
	d.t.Helper()
	encoded := map[string][]byte{}
	for key, value := range values {
		encoded[key] = value
	}
	raw, err := json.Marshal(encoded)
	d.must(err)
	return raw
}

// Configured is the configuration that says every argument as it is in state.
// What an object computes by itself is not in it.
func (d *Driver) Configured(s State) Config {
	config := Config{}
	for _, a := range d.resource(s.Type).Block.Attributes {
		if value := s.Get(a.Name); value != nil && (a.Required || a.Optional) {
			config[a.Name] = value
		}
	}
	return config
}
