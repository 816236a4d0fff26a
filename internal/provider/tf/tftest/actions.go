package tftest

import (
	"context"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// PlanAction validates an action's configuration and plans the action, as core
// does before it invokes it.
func (d *Driver) PlanAction(typeName string, config Config) Diags {
	d.t.Helper()
	configured := d.actionConfig(typeName, config)
	valid, err := d.actions().ValidateActionConfig(d.t.Context(), &tfprotov6.ValidateActionConfigRequest{ActionType: typeName, Config: configured})
	d.must(err)
	if bad := Diags(valid.Diagnostics); len(bad.Errors()) > 0 {
		return bad
	}
	planned, err := d.actions().PlanAction(d.t.Context(), &tfprotov6.PlanActionRequest{ActionType: typeName, Config: configured})
	d.must(err)
	return append(Diags(valid.Diagnostics), planned.Diagnostics...)
}

// Invoke invokes an action without planning it, hands each line of progress to
// progress, which may be nil, and gives what the action said at its end. ctx is
// what an interrupt cancels.
func (d *Driver) Invoke(ctx context.Context, typeName string, config Config, progress func(line string)) Diags {
	d.t.Helper()
	stream, err := d.actions().InvokeAction(ctx, &tfprotov6.InvokeActionRequest{ActionType: typeName, Config: d.actionConfig(typeName, config)})
	d.must(err)
	var said Diags
	ended := false
	for event := range stream.Events {
		switch event := event.Type.(type) {
		case tfprotov6.ProgressInvokeActionEventType:
			if progress != nil {
				progress(event.Message)
			}
		case tfprotov6.CompletedInvokeActionEventType:
			said, ended = event.Diagnostics, true
		}
	}
	if !ended {
		d.t.Fatalf("the action %s never said that it has ended", typeName)
	}
	return said
}

// InvokeAndLeave invokes an action and stops to read after the first line, as a core that is killed does. The action's
// context is cancelled then, and nobody ever reads again.
func (d *Driver) InvokeAndLeave(typeName string, config Config) {
	d.t.Helper()
	ctx, leave := context.WithCancel(d.t.Context())
	defer leave()
	stream, err := d.actions().InvokeAction(ctx, &tfprotov6.InvokeActionRequest{ActionType: typeName, Config: d.actionConfig(typeName, config)})
	d.must(err)
	for range stream.Events {
		return
	}
}

func (d *Driver) actionConfig(typeName string, config Config) *tfprotov6.DynamicValue {
	d.t.Helper()
	schema, ok := d.schemas.ActionSchemas[typeName]
	if !ok {
		d.t.Fatalf("there is no action %s", typeName)
	}
	return d.encode(toValue(d.t, schema.Schema.ValueType(), config))
}

func (d *Driver) actions() tfprotov6.ActionServer {
	d.t.Helper()
	server, ok := d.server.(tfprotov6.ActionServer)
	if !ok {
		d.t.Fatalf("%T serves no actions", d.server)
	}
	return server
}
