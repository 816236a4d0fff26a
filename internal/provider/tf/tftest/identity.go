package tftest

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// ImportIdentity imports an object by its identity and reads it, as core does.
func (d *Driver) ImportIdentity(typeName string, identity Config) (State, Diags) {
	d.t.Helper()
	value := toValue(d.t, d.identityType(typeName), identity)
	resp, err := d.server.ImportResourceState(d.t.Context(), &tfprotov6.ImportResourceStateRequest{
		TypeName: typeName, Identity: &tfprotov6.ResourceIdentityData{IdentityData: d.encode(value)},
	})
	d.must(err)
	if len(Diags(resp.Diagnostics).Errors()) > 0 || len(resp.ImportedResources) != 1 {
		return State{}, Diags(resp.Diagnostics)
	}
	one := resp.ImportedResources[0]
	return d.Refresh(State{Type: typeName, Value: d.decode(typeName, one.State), Private: one.Private, Identity: one.Identity})
}

// IdentityOf gives the identity of an object, nil for none.
func (d *Driver) IdentityOf(s State) map[string]any {
	d.t.Helper()
	if s.Identity == nil || s.Identity.IdentityData == nil {
		return nil
	}
	value, err := s.Identity.IdentityData.Unmarshal(d.identityType(s.Type))
	d.must(err)
	identity, _ := plain(value).(map[string]any)
	return identity
}

func (d *Driver) identityType(typeName string) tftypes.Type {
	d.t.Helper()
	return d.identitySchema(typeName).ValueType()
}

func (d *Driver) identityVersion(typeName string) int64 {
	d.t.Helper()
	return d.identitySchema(typeName).Version
}

func (d *Driver) identitySchema(typeName string) *tfprotov6.ResourceIdentitySchema {
	d.t.Helper()
	resp, err := d.server.GetResourceIdentitySchemas(d.t.Context(), &tfprotov6.GetResourceIdentitySchemasRequest{})
	d.must(err)
	schema, ok := resp.IdentitySchemas[typeName]
	if !ok {
		d.t.Fatalf("%s has no identity", typeName)
	}
	return schema
}

// Invalid says where a plan is one that core refuses: an attribute that is not
// computed has to be planned as it is configured, or as it was where the
// configuration only spells the same value differently. It is "" for a good one.
func (p Plan) Invalid() string {
	if p.config == nil {
		return ""
	}
	d := p.driver
	schema := d.resource(p.Type)
	return refused(schema.Block.Attributes, p.Value, toValue(d.t, schema.ValueType(), p.config), d.valueOf(p.Type, p.prior))
}

func refused(attributes []*tfprotov6.SchemaAttribute, planned, configured, prior tftypes.Value) string {
	plans, configs, priors := members(planned), members(configured), members(prior)
	for _, a := range attributes {
		plan, config := plans[a.Name], configs[a.Name]
		before, had := priors[a.Name]
		switch {
		case plan.Equal(config), a.Computed && config.IsNull(), a.WriteOnly && plan.IsNull():
		case had && plan.Equal(before) && !before.IsNull() && !config.IsNull():
		case a.NestedType != nil && !plan.IsNull() && plan.IsKnown() && !config.IsNull():
			if inner := refused(a.NestedType.Attributes, plan, config, before); inner != "" {
				return a.Name + "." + inner
			}
		default:
			return fmt.Sprintf("%s: planned %s, configured %s", a.Name, plan, config)
		}
	}
	return ""
}

// Descriptions gives the description of every attribute of resources and data
// sources, by "type.attribute.attribute", and of each type by its name.
func (d *Driver) Descriptions(typeNames ...string) map[string]string {
	out := map[string]string{}
	for _, name := range typeNames {
		schema := d.schemas.ResourceSchemas[name]
		if schema == nil {
			schema = d.schemas.DataSourceSchemas[name]
		}
		out[name] = schema.Block.Description
		describe(name, schema.Block.Attributes, out)
	}
	return out
}

func describe(prefix string, attributes []*tfprotov6.SchemaAttribute, out map[string]string) {
	for _, a := range attributes {
		out[prefix+"."+a.Name] = a.Description
		if a.NestedType != nil {
			describe(prefix+"."+a.Name, a.NestedType.Attributes, out)
		}
	}
}

// PlanUnvalidated plans without validating the configuration first, so that
// what ModifyPlan refuses by itself can be told apart.
func (d *Driver) PlanUnvalidated(typeName string, prior State, config Config) Plan {
	d.t.Helper()
	schema := d.resource(typeName)
	configured := toValue(d.t, schema.ValueType(), config)
	return d.plan(typeName, prior, config, configured, proposed(schema, prior, configured))
}
