// Package tftest drives resources and data sources through the plugin protocol
// as Terraform and OpenTofu do, without a command line tool: it plans, plans
// again before it applies, and holds the provider to what core holds it to.
// Tests only.
package tftest

import (
	"context"
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

// Driver is a provider process with the objects under test in it.
type Driver struct {
	t       testing.TB
	server  tfprotov6.ProviderServer
	schemas *tfprotov6.GetProviderSchemaResponse
}

// New starts a provider that hands rt to its objects.
func New(t testing.TB, rt *tf.Runtime, resources []func() resource.Resource, dataSources []func() datasource.DataSource) *Driver {
	t.Helper()
	server := providerserver.NewProtocol6(&testProvider{rt: rt, resources: resources, dataSources: dataSources})()
	d := &Driver{t: t, server: server}
	schemas, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	d.must(err)
	d.mustBeClean(schemas.Diagnostics)
	d.schemas = schemas
	config := tftypes.NewValue(schemas.Provider.ValueType(), map[string]tftypes.Value{})
	configured, err := server.ConfigureProvider(t.Context(), &tfprotov6.ConfigureProviderRequest{Config: d.encode(config)})
	d.must(err)
	d.mustBeClean(configured.Diagnostics)
	return d
}

// State is an object as core stores it. The zero value is "there is none".
type State struct {
	Type     string
	Value    tftypes.Value
	Private  []byte
	Identity *tfprotov6.ResourceIdentityData
}

// Exists tells whether there is an object.
func (s State) Exists() bool { return s.Type != "" && !s.Value.IsNull() }

// Get reads an attribute: nil, Unknown, a string, bool, int64, map[string]any
// or []any.
func (s State) Get(name string) any { return attribute(s.Value, name) }

// Plan is a plan for one resource.
type Plan struct {
	State
	Diags Diags
	// Replaces lists the attributes that force a replacement.
	Replaces []*tftypes.AttributePath

	driver *Driver
	prior  State
	config Config
}

// Validate checks a resource's configuration.
func (d *Driver) Validate(typeName string, config Config) Diags {
	d.t.Helper()
	schema := d.resource(typeName)
	resp, err := d.server.ValidateResourceConfig(d.t.Context(), &tfprotov6.ValidateResourceConfigRequest{
		TypeName: typeName, Config: d.encode(toValue(d.t, schema.ValueType(), config)),
		ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{WriteOnlyAttributesAllowed: true},
	})
	d.must(err)
	return Diags(resp.Diagnostics)
}

// Plan plans a change of prior to config.
func (d *Driver) Plan(typeName string, prior State, config Config) Plan {
	d.t.Helper()
	if bad := d.Validate(typeName, config); len(bad.Errors()) > 0 {
		return Plan{Diags: bad, driver: d, prior: prior, config: config}
	}
	schema := d.resource(typeName)
	configured := toValue(d.t, schema.ValueType(), config)
	return d.plan(typeName, prior, config, configured, proposed(schema, prior, configured))
}

// PlanDestroy plans the destruction of prior.
func (d *Driver) PlanDestroy(prior State) Plan {
	d.t.Helper()
	null := tftypes.NewValue(d.resource(prior.Type).ValueType(), nil)
	return d.plan(prior.Type, prior, nil, null, null)
}

func (d *Driver) plan(typeName string, prior State, config Config, configured, proposal tftypes.Value) Plan {
	d.t.Helper()
	resp, err := d.server.PlanResourceChange(d.t.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: typeName, Config: d.encode(configured), PriorState: d.encode(d.valueOf(typeName, prior)),
		ProposedNewState: d.encode(proposal), PriorPrivate: prior.Private, PriorIdentity: prior.Identity,
	})
	d.must(err)
	plan := Plan{Diags: Diags(resp.Diagnostics), Replaces: resp.RequiresReplace, driver: d, prior: prior, config: config}
	plan.Type, plan.Private, plan.Identity = typeName, resp.PlannedPrivate, resp.PlannedIdentity
	plan.Value = d.decode(typeName, resp.PlannedState)
	return plan
}

// Empty tells whether the plan changes nothing.
func (p Plan) Empty() bool { return p.Value.Equal(p.driver.valueOf(p.Type, p.prior)) }

// Apply applies the plan with the configuration that it was made with.
func (p Plan) Apply() (State, Diags) {
	p.driver.t.Helper()
	return p.ApplyWith(p.config)
}

// ApplyWith applies the plan with another configuration, such as one whose
// unknown values have become known or whose ephemeral values are missing. Core
// plans again first and refuses a plan that came out differently.
func (p Plan) ApplyWith(config Config) (State, Diags) {
	d := p.driver
	d.t.Helper()
	final := d.again(p, config)
	if len(final.Diags.Errors()) > 0 {
		return p.prior, final.Diags
	}
	if conflict := contradiction(p.Value, final.Value); conflict != "" {
		d.t.Fatalf("Provider produced inconsistent final plan: %s", conflict)
	}
	configured := tftypes.NewValue(d.resource(p.Type).ValueType(), nil)
	if config != nil {
		configured = toValue(d.t, d.resource(p.Type).ValueType(), config)
	}
	return d.apply(final, p.prior, configured)
}

// ApplyAsPlanned applies without planning again, for what only Create, Update
// and Delete can still see.
func (p Plan) ApplyAsPlanned() (State, Diags) {
	p.driver.t.Helper()
	configured := tftypes.NewValue(p.driver.resource(p.Type).ValueType(), nil)
	if p.config != nil {
		configured = toValue(p.driver.t, p.driver.resource(p.Type).ValueType(), p.config)
	}
	return p.driver.apply(p, p.prior, configured)
}

// Destroy destroys without a plan of its own, as the first half of a
// replacement does.
func (d *Driver) Destroy(prior State) (State, Diags) {
	d.t.Helper()
	null := tftypes.NewValue(d.resource(prior.Type).ValueType(), nil)
	planned := Plan{State: State{Type: prior.Type, Value: null, Private: prior.Private, Identity: prior.Identity}}
	return d.apply(planned, prior, null)
}

func (d *Driver) apply(final Plan, prior State, configured tftypes.Value) (State, Diags) {
	d.t.Helper()
	resp, err := d.server.ApplyResourceChange(d.t.Context(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: final.Type, Config: d.encode(configured), PriorState: d.encode(d.valueOf(final.Type, prior)),
		PlannedState: d.encode(final.Value), PlannedPrivate: final.Private, PlannedIdentity: final.Identity,
	})
	d.must(err)
	state := State{Type: final.Type, Value: d.decode(final.Type, resp.NewState), Private: resp.Private, Identity: resp.NewIdentity}
	diags := Diags(resp.Diagnostics)
	if len(diags.Errors()) > 0 {
		return state, diags
	}
	if conflict := contradiction(final.Value, state.Value); conflict != "" {
		d.t.Fatalf("Provider produced inconsistent result after apply: %s", conflict)
	}
	if !state.Value.IsFullyKnown() {
		d.t.Fatalf("Provider returned unknown values after apply: %s", state.Value)
	}
	return state, diags
}

// again plans p once more.
func (d *Driver) again(p Plan, config Config) Plan {
	d.t.Helper()
	if config == nil {
		return d.PlanDestroy(p.prior)
	}
	return d.Plan(p.Type, p.prior, config)
}

// Refresh reads an object.
func (d *Driver) Refresh(state State) (State, Diags) {
	d.t.Helper()
	resp, err := d.server.ReadResource(d.t.Context(), &tfprotov6.ReadResourceRequest{
		TypeName: state.Type, CurrentState: d.encode(state.Value), Private: state.Private, CurrentIdentity: state.Identity,
	})
	d.must(err)
	return State{Type: state.Type, Value: d.decode(state.Type, resp.NewState), Private: resp.Private, Identity: resp.NewIdentity}, Diags(resp.Diagnostics)
}

// Import imports an object by its id and reads it, as core does.
func (d *Driver) Import(typeName, id string) (State, Diags) {
	d.t.Helper()
	resp, err := d.server.ImportResourceState(d.t.Context(), &tfprotov6.ImportResourceStateRequest{TypeName: typeName, ID: id})
	d.must(err)
	if len(Diags(resp.Diagnostics).Errors()) > 0 || len(resp.ImportedResources) != 1 {
		return State{}, Diags(resp.Diagnostics)
	}
	one := resp.ImportedResources[0]
	return d.Refresh(State{Type: typeName, Value: d.decode(typeName, one.State), Private: one.Private, Identity: one.Identity})
}

// ReadData validates and reads a data source.
func (d *Driver) ReadData(typeName string, config Config) (State, Diags) {
	d.t.Helper()
	schema, ok := d.schemas.DataSourceSchemas[typeName]
	if !ok {
		d.t.Fatalf("there is no data source %s", typeName)
	}
	configured := d.encode(toValue(d.t, schema.ValueType(), config))
	valid, err := d.server.ValidateDataResourceConfig(d.t.Context(), &tfprotov6.ValidateDataResourceConfigRequest{TypeName: typeName, Config: configured})
	d.must(err)
	if bad := Diags(valid.Diagnostics); len(bad.Errors()) > 0 {
		return State{}, bad
	}
	resp, err := d.server.ReadDataSource(d.t.Context(), &tfprotov6.ReadDataSourceRequest{TypeName: typeName, Config: configured})
	d.must(err)
	if resp.State == nil {
		return State{}, Diags(resp.Diagnostics)
	}
	value, err := resp.State.Unmarshal(schema.ValueType())
	d.must(err)
	return State{Type: typeName, Value: value}, Diags(resp.Diagnostics)
}

func (d *Driver) resource(typeName string) *tfprotov6.Schema {
	schema, ok := d.schemas.ResourceSchemas[typeName]
	if !ok {
		d.t.Fatalf("there is no resource %s", typeName)
	}
	return schema
}

func (d *Driver) valueOf(typeName string, s State) tftypes.Value {
	if s.Type == "" {
		return tftypes.NewValue(d.resource(typeName).ValueType(), nil)
	}
	return s.Value
}

func (d *Driver) encode(v tftypes.Value) *tfprotov6.DynamicValue {
	dynamic, err := tfprotov6.NewDynamicValue(v.Type(), v)
	d.must(err)
	return &dynamic
}

func (d *Driver) decode(typeName string, v *tfprotov6.DynamicValue) tftypes.Value {
	typ := d.resource(typeName).ValueType()
	if v == nil {
		return tftypes.NewValue(typ, nil)
	}
	value, err := v.Unmarshal(typ)
	d.must(err)
	return value
}

func (d *Driver) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *Driver) mustBeClean(diags []*tfprotov6.Diagnostic) {
	d.t.Helper()
	if errs := Diags(diags).Errors(); len(errs) > 0 {
		d.t.Fatal(fmt.Sprint(errs))
	}
}

type testProvider struct {
	rt          *tf.Runtime
	resources   []func() resource.Resource
	dataSources []func() datasource.DataSource
}

func (p *testProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "asm"
}

func (p *testProvider) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse) {}

func (p *testProvider) Configure(_ context.Context, _ provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	resp.ResourceData, resp.DataSourceData = p.rt, p.rt
}

func (p *testProvider) Resources(context.Context) []func() resource.Resource { return p.resources }

func (p *testProvider) DataSources(context.Context) []func() datasource.DataSource {
	return p.dataSources
}
