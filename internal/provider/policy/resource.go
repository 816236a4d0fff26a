// Package policy is asm_enrollment_policy, an enrollment policy of Microsoft
// Intune.
package policy

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

const (
	thing          = "the enrollment policy"
	defaultTimeout = 10 * time.Minute
)

type policy struct{ tf.Resource }

// NewResource makes the resource.
func NewResource() resource.Resource { return &policy{} }

// Metadata implements resource.Resource.
func (r *policy) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_enrollment_policy"
}

// Create implements resource.Resource. Once the policy exists nothing is an
// error any more.
func (r *policy) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	timeout, d := plan.Timeouts.Create(ctx, defaultTimeout)
	resp.Diagnostics.Append(d...)
	if resp.Diagnostics.HasError() {
		return
	}
	within, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	p, err := r.Service.CreatePolicy(within, plan.spec())
	if err != nil && p.ID == "" {
		addError(&resp.Diagnostics, "create", err)
		return
	}
	if err != nil {
		tf.AddErrorAsWarning(&resp.Diagnostics, "finish", thing, err, "The policy exists; the next refresh reads it.")
	}
	created := plan.filled(p)
	resp.Diagnostics.Append(resp.State.Set(ctx, created)...)
	setIdentity(ctx, resp.Identity, created, &resp.Diagnostics)
	var remembering diag.Diagnostics
	r.RememberStore(context.WithoutCancel(ctx), resp.Private, &remembering)
	resp.Diagnostics.Append(tf.AsWarnings(remembering, "The policy exists; the next refresh makes up for it.")...)
}

// Read implements resource.Resource.
func (r *policy) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state model
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	setIdentity(ctx, resp.Identity, state, &resp.Diagnostics) // a removal needs it
	imported := state.imported()
	if !r.Ready() && imported {
		resp.Diagnostics.AddError("Unable to import before the provider is configured",
			"A value in the provider configuration is known only after apply. Apply what it comes from first, then import.")
	}
	if resp.Diagnostics.HasError() || !r.Ready() || !r.GuardStore(ctx, req.Private, &resp.Diagnostics) {
		return
	}
	p, err := r.Service.ReadPolicy(ctx, state.ID.ValueString())
	if err == nil && imported && !state.TokenID.IsNull() && !strings.EqualFold(state.TokenID.ValueString(), p.TokenID) {
		err = enrollment.NotFound("enrollment policy", state.ID.ValueString())
	}
	switch {
	case errors.Is(err, enrollment.ErrNotFound) && imported:
		notFoundOnImport(state, &resp.Diagnostics)
		return
	case errors.Is(err, enrollment.ErrNotFound):
		resp.State.RemoveResource(ctx)
		return
	case err != nil:
		addError(&resp.Diagnostics, "read", err)
		return
	}
	state = state.read(p)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	setIdentity(ctx, resp.Identity, state, &resp.Diagnostics)
	r.RememberStore(ctx, resp.Private, &resp.Diagnostics)
	if imported {
		tf.SetPrivate(ctx, resp.Private, untouchedKey, state.names(), &resp.Diagnostics)
		tf.SetPrivate(ctx, resp.Private, impliedKey, impliedIn(p), &resp.Diagnostics)
	}
}

// Update implements resource.Resource. What an import brought and nobody
// configures is not managed.
func (r *policy) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var config, plan, state model
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, d := plan.Timeouts.Update(ctx, defaultTimeout)
	resp.Diagnostics.Append(d...)
	setIdentity(ctx, resp.Identity, state, &resp.Diagnostics)
	untouched := r.untouched(ctx, req.Private, config, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || !r.GuardStore(ctx, req.Private, &resp.Diagnostics) {
		return
	}
	within, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	p, err := r.Service.UpdatePolicy(within, state.ID.ValueString(), plan.without(untouched).change(state.without(untouched)))
	if err != nil {
		addError(&resp.Diagnostics, "update", err)
		return
	}
	updated := plan.filled(p)
	resp.Diagnostics.Append(resp.State.Set(ctx, updated)...)
	still := slices.DeleteFunc(untouched, func(name string) bool { return !slices.Contains(updated.names(), name) })
	tf.SetPrivate(ctx, resp.Private, untouchedKey, still, &resp.Diagnostics)
}

// Delete implements resource.Resource.
func (r *policy) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state model
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || !r.GuardStore(ctx, req.Private, &resp.Diagnostics) {
		return
	}
	if err := r.Service.DeletePolicy(ctx, state.ID.ValueString()); err != nil && !errors.Is(err, enrollment.ErrNotFound) {
		addError(&resp.Diagnostics, "delete", err)
	}
}

func setIdentity(ctx context.Context, to *tfsdk.ResourceIdentity, m model, diags *diag.Diagnostics) {
	if to != nil {
		diags.Append(to.Set(ctx, identity{TokenID: m.TokenID, ID: m.ID})...)
	}
}
