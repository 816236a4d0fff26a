package tftest

import (
	"context"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Query is what "terraform query" asks of a list resource.
type Query struct {
	Config Config
	// Limit is 100 where it is 0, as in Terraform.
	Limit           int64
	IncludeResource bool
}

// Listed is an object that a list resource gave.
type Listed struct {
	Name string
	// State has the object where it was asked for, and its identity always.
	State State
}

// List validates a list block and reads what the list resource streams. Like
// core it stops at an error; results and diagnostics are what had come by then.
// Unlike core it does not stop at the limit, which the provider has to keep: what
// core no longer takes would have been read for nothing.
func (d *Driver) List(typeName string, q Query) ([]Listed, Diags) {
	d.t.Helper()
	var out []Listed
	said := d.ListEach(d.t.Context(), typeName, q, func(one Listed) bool {
		out = append(out, one)
		return true
	})
	return out, said
}

// ListEach is List for who looks at the results as they come, and may stop with
// false. ctx is what an interrupt cancels.
func (d *Driver) ListEach(ctx context.Context, typeName string, q Query, each func(Listed) bool) Diags {
	d.t.Helper()
	if q.Limit == 0 {
		q.Limit = 100
	}
	said := d.validateList(ctx, typeName, q)
	if len(said.Errors()) > 0 {
		return said
	}
	stream, err := d.lists().ListResource(ctx, &tfprotov6.ListResourceRequest{
		TypeName: typeName, Config: d.listConfig(typeName, q.Config), Limit: q.Limit, IncludeResource: q.IncludeResource,
	})
	d.must(err)
	count := int64(0)
	for result := range stream.Results {
		said = append(said, result.Diagnostics...)
		if len(said.Errors()) > 0 {
			break
		}
		if result.Identity == nil {
			continue // a warning of its own
		}
		one := Listed{Name: result.DisplayName, State: State{Type: typeName, Identity: result.Identity}}
		one.State.Value = d.decode(typeName, result.Resource)
		if count++; count > q.Limit {
			d.t.Errorf("%s sends more than %d results", typeName, q.Limit)
			break
		}
		if !each(one) {
			break
		}
	}
	return said
}

// ValidateList checks a list block.
func (d *Driver) ValidateList(typeName string, q Query) Diags {
	d.t.Helper()
	return d.validateList(d.t.Context(), typeName, q)
}

func (d *Driver) validateList(ctx context.Context, typeName string, q Query) Diags {
	d.t.Helper()
	valid, err := d.lists().ValidateListResourceConfig(ctx, &tfprotov6.ValidateListResourceConfigRequest{
		TypeName: typeName, Config: d.listConfig(typeName, q.Config), Limit: d.encode(tftypes.NewValue(tftypes.Number, q.Limit)),
		IncludeResourceObject: d.encode(tftypes.NewValue(tftypes.Bool, q.IncludeResource)),
	})
	d.must(err)
	return Diags(valid.Diagnostics)
}

// Generate gives the configuration that core writes for an object that was
// listed or imported.
func (d *Driver) Generate(s State) (tftypes.Value, Diags) {
	d.t.Helper()
	resp, err := d.server.GenerateResourceConfig(d.t.Context(), &tfprotov6.GenerateResourceConfigRequest{TypeName: s.Type, State: d.encode(s.Value)})
	d.must(err)
	return d.decode(s.Type, resp.Config), Diags(resp.Diagnostics)
}

func (d *Driver) listConfig(typeName string, config Config) *tfprotov6.DynamicValue {
	d.t.Helper()
	schema, ok := d.schemas.ListResourceSchemas[typeName]
	if !ok {
		d.t.Fatalf("there is no list resource %s", typeName)
	}
	return d.encode(toValue(d.t, schema.ValueType(), config))
}

func (d *Driver) lists() tfprotov6.ListResourceServer {
	d.t.Helper()
	server, ok := d.server.(tfprotov6.ListResourceServer)
	if !ok {
		d.t.Fatalf("%T serves no list resources", d.server)
	}
	return server
}
