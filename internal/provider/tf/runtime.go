// Package tf is what the provider's objects share: the runtime that Configure
// hands them, how errors become diagnostics, the guard against a wrong store,
// and the small conversions between Terraform's values and Go's.
package tf

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// Runtime is what the provider's Configure makes for one run of one provider
// configuration, and every object works with.
type Runtime struct {
	// Service is nil while NotReady says why.
	Service enrollment.Service
	// NotReady names the setting that is not known yet at plan, such as
	// "embedded.store"; empty when the service is there.
	NotReady string
	// MDMURL is the provider's mdm_url, the default of every profile's
	// enrollment_url; "" where there is none.
	MDMURL string
	// Now is the clock.
	Now func() time.Time
	// After is the clock's way to wait: a channel that fires after d.
	After func(d time.Duration) <-chan time.Time
	// Plans is what the objects of this configuration have announced so far in
	// this run.
	Plans *Plans
}

// Ready tells whether there is a service to ask.
func (rt *Runtime) Ready() bool { return rt != nil && rt.Service != nil }

// runtimeOf takes the runtime out of what Configure got; nil, without a
// diagnostic, when the provider has not been configured (validate).
func runtimeOf(data any, diags *diag.Diagnostics) *Runtime {
	if data == nil {
		return nil
	}
	rt, ok := data.(*Runtime)
	if !ok {
		diags.AddError("Unable to configure", fmt.Sprintf("The provider handed over a %T. This is a bug in the provider.", data))
	}
	return rt
}

// Resource is the part of a managed resource, and of a list resource, that all share. Embed it.
type Resource struct{ *Runtime }

// Configure implements resource.ResourceWithConfigure and list.ListResourceWithConfigure.
func (r *Resource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.Runtime = runtimeOf(req.ProviderData, &resp.Diagnostics)
}

// DataSource is the part of a data source that all share. Embed it.
type DataSource struct{ *Runtime }

// Configure implements datasource.DataSourceWithConfigure.
func (d *DataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.Runtime = runtimeOf(req.ProviderData, &resp.Diagnostics)
}

// Action is the part of an action that all share. Embed it.
type Action struct{ *Runtime }

// Configure implements action.ActionWithConfigure.
func (a *Action) Configure(_ context.Context, req action.ConfigureRequest, resp *action.ConfigureResponse) {
	a.Runtime = runtimeOf(req.ProviderData, &resp.Diagnostics)
}

// RequireService refuses to read a data source while the service is not known.
// A data source may not answer "unknown", so this is an error with the way out.
func (d *DataSource) RequireService(diags *diag.Diagnostics) bool {
	if d.Ready() {
		return true
	}
	setting := "the provider configuration"
	if d.Runtime != nil && d.NotReady != "" {
		setting = d.NotReady
	}
	diags.AddError("Unable to read before the provider is configured",
		fmt.Sprintf("The value of %s is known only after apply. Add depends_on to this data source, naming the resource that the value comes from, so that it is read then.", setting))
	return false
}
