// Package provider is what Terraform sees: the provider's configuration and the
// list of its objects, each in a package of its own below this one.
package provider

import (
	"context"
	"net/http"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/assignment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/defaultprofile"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/devices"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/functions"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/policy"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/prerequisites"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/profile"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/pushcertificate"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/sds"
	asmsync "github.com/asm-enrollment/terraform-provider-asm/internal/provider/sync"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/token"
)

// Address is the provider's address in the registry.
const Address = "registry.terraform.io/asm-enrollment/asm"

type asmProvider struct {
	version   string
	now       func() time.Time
	after     func(time.Duration) <-chan time.Time
	services  *Services
	transport http.RoundTripper
}

// Option changes how a provider is made.
type Option func(*asmProvider)

// WithClock replaces the clock, for tests that move time themselves.
func WithClock(now func() time.Time, after func(time.Duration) <-chan time.Time) Option {
	return func(p *asmProvider) { p.now, p.after = now, after }
}

// New gives what makes a provider of this version.
func New(version string, options ...Option) func() provider.Provider {
	return func() provider.Provider {
		p := &asmProvider{version: version, now: time.Now, after: time.After}
		for _, option := range options {
			option(p)
		}
		return p
	}
}

// Metadata implements provider.Provider.
func (p *asmProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "asm"
	resp.Version = p.version
}

type providerModel struct {
	Embedded types.Object `tfsdk:"embedded"`
	Intune   types.Object `tfsdk:"intune"`
}

// Schema implements provider.Provider.
func (p *asmProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Apple School Manager enrollment as code: enrollment program tokens, enrollment profiles, " +
			"School Data Sync sharing, and which devices get which profile, with Apple's traffic rules kept for you.",
		Attributes: map[string]schema.Attribute{
			"embedded": embeddedSchema(),
			"intune":   intuneSchema(),
		},
	}
}

// Resources implements provider.Provider.
func (p *asmProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		token.NewResource,
		profile.NewResource,
		policy.NewResource,
		defaultprofile.NewResource,
		sds.NewResource,
		assignment.NewResource,
		asmsync.NewResource,
	}
}

// DataSources implements provider.Provider.
func (p *asmProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{
		token.NewDataSource,
		token.NewListDataSource,
		profile.NewDataSource,
		devices.NewDataSource,
		asmsync.NewDataSource,
		pushcertificate.NewDataSource,
		prerequisites.NewDataSource,
	}
}

// ListResources implements provider.ProviderWithListResources.
func (p *asmProvider) ListResources(context.Context) []func() list.ListResource {
	return []func() list.ListResource{
		token.NewListResource,
		profile.NewListResource,
		policy.NewListResource,
		assignment.NewListResource,
	}
}

// Actions implements provider.ProviderWithActions.
func (p *asmProvider) Actions(context.Context) []func() action.Action {
	return []func() action.Action{asmsync.NewAction}
}

// Functions implements provider.ProviderWithFunctions.
func (p *asmProvider) Functions(context.Context) []func() function.Function { return functions.All() }
