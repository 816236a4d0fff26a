// Package profile is asm_enrollment_profile, an enrollment profile of a token,
// and asm_enrollment_profiles, which lists them.
package profile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

const (
	thing          = "the enrollment profile"
	defaultTimeout = 30 * time.Minute
	// mostNamed is how many serial numbers a message lists.
	mostNamed = 20
)

type profile struct{ tf.Resource }

// NewResource makes the resource.
func NewResource() resource.Resource { return &profile{} }

// Metadata implements resource.Resource.
func (r *profile) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_enrollment_profile"
}

// Create implements resource.Resource. Once the profile exists nothing is an
// error any more.
func (r *profile) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	timeout, d := plan.Timeouts.Create(ctx, defaultTimeout)
	resp.Diagnostics.Append(d...)
	if resp.Diagnostics.HasError() {
		return
	}
	within, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	result, err := r.Service.CreateProfile(within, plan.spec())
	tf.AddWarnings(&resp.Diagnostics, result.Warnings)
	switch {
	case err != nil && result.Profile.ID == "" && errors.Is(err, enrollment.ErrClassicRefused):
		resp.Diagnostics.AddError("Unable to create "+thing, tf.Sentence(err)+"\n\n"+insteadOf(plan.spec()))
		return
	case err != nil && result.Profile.ID == "":
		tf.AddError(&resp.Diagnostics, "create", thing, err)
		return
	}
	if err != nil {
		tf.AddErrorAsWarning(&resp.Diagnostics, "finish", thing, err, "The profile exists; the next apply goes on.")
	}
	created := plan.filled(r.Service.Kind(), result.Profile)
	resp.Diagnostics.Append(resp.State.Set(ctx, created)...)
	setIdentity(ctx, resp.Identity, created, &resp.Diagnostics)
	warnOfStatus(result.Profile, &resp.Diagnostics)
	if len(result.Failed) > 0 {
		resp.Diagnostics.AddWarning(failed(result))
	}
	var remembering diag.Diagnostics
	r.RememberStore(context.WithoutCancel(ctx), resp.Private, &remembering)
	resp.Diagnostics.Append(tf.AsWarnings(remembering, "The profile exists; the next refresh makes up for it.")...)
}

// Read implements resource.Resource.
func (r *profile) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state model
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	setIdentity(ctx, resp.Identity, state, &resp.Diagnostics) // also state of older tools has one then, and a removal needs it
	if !r.Ready() && state.imported() {
		resp.Diagnostics.AddError("Unable to import before the provider is configured",
			"A value in the provider configuration is known only after apply. Apply what it comes from first, then import.")
	}
	if resp.Diagnostics.HasError() || !r.Ready() || !r.GuardStore(ctx, req.Private, &resp.Diagnostics) {
		return
	}
	p, err := r.find(ctx, state)
	switch {
	case errors.Is(err, enrollment.ErrNotFound) && state.imported():
		r.notFoundOnImport(state.ref(), &resp.Diagnostics)
		return
	case errors.Is(err, enrollment.ErrNotFound):
		resp.State.RemoveResource(ctx)
		return
	case err != nil:
		tf.AddError(&resp.Diagnostics, "read", thing, err)
		return
	}
	if p.OtherKind != "" && state.imported() {
		otherKindOnImport(p, &resp.Diagnostics)
		return
	}
	state = state.read(r.Service.Kind(), p)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	setIdentity(ctx, resp.Identity, state, &resp.Diagnostics)
	r.RememberStore(ctx, resp.Private, &resp.Diagnostics)
}

// find reads the profile of a state. An import may spell Apple's UUID in its own
// way; since an id of ours may be a UUID too, that is tried second. Intune knows
// no UUID of Apple's.
func (r *profile) find(ctx context.Context, state model) (enrollment.Profile, error) {
	ref := state.ref()
	p, err := r.Service.ReadProfile(ctx, ref)
	if !state.imported() || !errors.Is(err, enrollment.ErrNotFound) || r.Service.Kind() == enrollment.Intune {
		return p, err
	}
	uuid, ok := appleUUID(ref.ID)
	if !ok || uuid == ref.ID {
		return p, err
	}
	ref.ID = uuid
	return r.Service.ReadProfile(ctx, ref)
}

// Update implements resource.Resource.
func (r *profile) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, d := plan.Timeouts.Update(ctx, defaultTimeout)
	resp.Diagnostics.Append(d...)
	setIdentity(ctx, resp.Identity, state, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || !r.GuardStore(ctx, req.Private, &resp.Diagnostics) {
		return
	}
	within, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	result, err := r.Service.UpdateProfile(within, state.ref(), plan.change(state))
	tf.AddWarnings(&resp.Diagnostics, result.Warnings)
	if err != nil {
		tf.AddError(&resp.Diagnostics, "update", thing, err)
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan.filled(r.Service.Kind(), result.Profile))...)
	warnOfStatus(result.Profile, &resp.Diagnostics)
	if len(result.Failed) > 0 {
		resp.Diagnostics.AddError(failed(result))
	}
}

// Delete implements resource.Resource.
func (r *profile) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state model
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || !r.GuardStore(ctx, req.Private, &resp.Diagnostics) {
		return
	}
	err := r.Service.DeleteProfile(ctx, state.ref())
	switch {
	case err == nil, errors.Is(err, enrollment.ErrNotFound):
	case errors.Is(err, enrollment.ErrInUse):
		tf.AddError(&resp.Diagnostics, "delete", thing, r.inUse(ctx, state, err))
	default:
		tf.AddError(&resp.Diagnostics, "delete", thing, err)
	}
}

// warnOfStatus says what is left to do after a change.
func warnOfStatus(p enrollment.Profile, diags *diag.Diagnostics) {
	switch {
	case p.Status == enrollment.ProfileUndefined:
		diags.AddWarning("Enrollment profile is not known to be defined at Apple",
			fmt.Sprintf("The definition of %q was sent, and Apple's answer never came. The profile is in state with status \"undefined\"; the next apply finds out what Apple has and updates the profile in place.", p.Name))
	case p.Status == enrollment.ProfileUpdating && !p.ThrottledUntil.IsZero():
		until := p.ThrottledUntil.UTC().Format(time.RFC3339)
		diags.AddWarning("Enrollment profile waits for Apple until "+until,
			fmt.Sprintf("Some devices of %q are still on its former definition, since Apple takes no assignment of them before %s. A plan made later goes on.", p.Name, until))
	case p.Status == enrollment.ProfileUpdating:
		diags.AddWarning("Enrollment profile is still being changed",
			fmt.Sprintf("Some devices of %q are still on its former definition. The next apply goes on.", p.Name))
	}
}

// failed is the summary and the detail of devices that could not be moved.
func failed(result enrollment.ProfileResult) (summary, detail string) {
	names := make([]string, 0, len(result.Failed))
	for _, f := range result.Failed {
		names = append(names, fmt.Sprintf("%s (%s)", f.SerialNumber, f.Reason))
	}
	return fmt.Sprintf("Unable to move %s to the changed enrollment profile", enrollment.Count(len(names), "device")),
		fmt.Sprintf("%s of %q moved to its present definition, and %d did not: %s. Devices that are NOT_ACCESSIBLE have left this server in Apple School Manager. The next apply tries those again that are still here.",
			enrollment.Count(result.Moved, "device"), result.Profile.Name, len(names), tf.Named(names, mostNamed))
}

func setIdentity(ctx context.Context, to *tfsdk.ResourceIdentity, m model, diags *diag.Diagnostics) {
	if to != nil {
		diags.Append(to.Set(ctx, identity{TokenID: m.TokenID, ID: m.ID})...)
	}
}

func platforms(p enrollment.Profile) []string {
	out := make([]string, 0, len(p.IsDefaultFor))
	for _, platform := range p.IsDefaultFor {
		out = append(out, string(platform))
	}
	return out
}
