package token

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

const (
	thing = "the enrollment program token"

	// defaultTimeout leaves room for the sync that an upload starts, which has
	// 15 minutes.
	defaultTimeout = 20 * time.Minute
)

type token struct{ tf.Resource }

// NewResource makes asm_token.
func NewResource() resource.Resource { return &token{} }

// Metadata implements resource.Resource.
func (r *token) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_token"
}

type identity struct {
	ID types.String `tfsdk:"id"`
}

// IdentitySchema implements resource.ResourceWithIdentity.
func (r *token) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Version: identityVersion, Attributes: map[string]identityschema.Attribute{
		"id": identityschema.StringAttribute{RequiredForImport: true, Description: "The token's id."},
	}}
}

// Create implements resource.Resource. Once the token exists nothing is an
// error, because Terraform would destroy the token and make another: what fails
// is a warning, and the next plan does it.
func (r *token) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	c := change{kind: r.Service.Kind()}
	resp.Diagnostics.Append(req.Config.Get(ctx, &c.config)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &c.plan)...)
	timeout, d := c.plan.Timeouts.Create(ctx, defaultTimeout)
	resp.Diagnostics.Append(d...)
	c.check(&resp.Diagnostics)
	spec := c.spec(ctx, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	created, err := r.Service.CreateToken(ctx, spec)
	if err != nil && created.ID == "" {
		tf.AddError(&resp.Diagnostics, "create", thing, err)
		return
	}
	w := &work{token: created, service: r.Service, private: resp.Private}
	if err != nil {
		w.postpone(ctx, c, err)
	} else {
		w.deliver(ctx, c)
	}
	c.plan.ID = types.StringValue(created.ID)
	c.plan.observed, c.plan.ScopeTagIDs = c.plan.orActual(observe(w.token)), knownOr(c.plan.ScopeTagIDs, scopeTagsOf(w.token))
	resp.Diagnostics.Append(resp.State.Set(ctx, c.plan)...)
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("id"), created.ID)...)
	r.RememberStore(context.WithoutCancel(ctx), resp.Private, &w.diags)
	resp.Diagnostics.Append(tf.AsWarnings(w.diags, "")...)
}

// Read implements resource.Resource.
func (r *token) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state model
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("id"), state.ID)...)
	if resp.Diagnostics.HasError() || !r.Ready() || !r.GuardStore(ctx, req.Private, &resp.Diagnostics) {
		return
	}
	found, err := r.Service.ReadToken(ctx, state.ID.ValueString())
	switch {
	case errors.Is(err, enrollment.ErrNotFound):
		resp.State.RemoveResource(ctx)
		return
	case err != nil:
		tf.AddError(&resp.Diagnostics, "read", thing, err)
		return
	}
	state = readPending(ctx, req.Private, &resp.Diagnostics).hide(state.refreshed(found))
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	r.RememberStore(ctx, resp.Private, &resp.Diagnostics)
}

// Update implements resource.Resource. Each step that succeeds is in state,
// also when a later one fails, so that the next apply does the rest only.
func (r *token) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	if !r.GuardStore(ctx, req.Private, &resp.Diagnostics) {
		return
	}
	c := change{kind: r.Service.Kind(), prior: &model{}, pending: readPending(ctx, req.Private, &resp.Diagnostics)}
	resp.Diagnostics.Append(req.Config.Get(ctx, &c.config)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &c.plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, c.prior)...)
	timeout, d := c.plan.Timeouts.Update(ctx, defaultTimeout)
	resp.Diagnostics.Append(d...)
	c.check(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	w := &work{token: enrollment.Token{ID: c.prior.ID.ValueString()}, service: r.Service, private: resp.Private}
	reached := w.update(ctx, c)
	resp.Diagnostics.Append(w.diags...)
	resp.Diagnostics.Append(resp.State.Set(ctx, reached)...)
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("id"), reached.ID)...)
	r.RememberStore(context.WithoutCancel(ctx), resp.Private, &resp.Diagnostics)
}

// Delete implements resource.Resource.
func (r *token) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	if !r.GuardStore(ctx, req.Private, &resp.Diagnostics) || refuseIfProtected(ctx, req.State.Get, &resp.Diagnostics) {
		return
	}
	var id types.String
	resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root("id"), &id)...)
	if resp.Diagnostics.HasError() {
		return
	}
	err := r.Service.DeleteToken(ctx, id.ValueString())
	if err != nil && !errors.Is(err, enrollment.ErrNotFound) {
		tf.AddError(&resp.Diagnostics, "delete", thing, err)
	}
}

// ImportState implements resource.ResourceWithImportState. What no service
// keeps starts at its default.
func (r *token) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	resource.ImportStatePassthroughWithIdentity(ctx, path.Root("id"), path.Root("id"), req, resp)
	resp.Diagnostics.Append(beginImport(ctx, &resp.State)...)
}

// beginImport writes what configurations say that say nothing. A type that the
// service knows takes the place of the default one.
func beginImport(ctx context.Context, into tf.Values) diag.Diagnostics {
	var diags diag.Diagnostics
	for name, value := range map[string]any{
		"deletion_protection": true, "expiry_warning_days": int64(defaultExpiryWarningDays), "type": string(enrollment.School),
	} {
		diags.Append(into.SetAttribute(ctx, path.Root(name), value)...)
	}
	return diags
}
