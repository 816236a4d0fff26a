package provider

import (
	"context"
	"net/http"
	"os"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/httpx"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

// WithTransport replaces the way to the network of the intune service and its sign-in, for tests.
func WithTransport(transport http.RoundTripper) Option {
	return func(p *asmProvider) { p.transport = transport }
}

// oneService refuses a configuration of both services.
type oneService struct{}

func (oneService) Description(context.Context) string { return "not together with embedded" }

func (oneService) MarkdownDescription(context.Context) string { return "not together with `embedded`" }

func (oneService) ValidateObject(ctx context.Context, req validator.ObjectRequest, resp *validator.ObjectResponse) {
	var embedded types.Object
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("embedded"), &embedded)...)
	if !req.ConfigValue.IsNull() && !req.ConfigValue.IsUnknown() && !embedded.IsNull() && !embedded.IsUnknown() {
		resp.Diagnostics.AddAttributeError(req.Path, "Two enrollment services",
			"One provider has one enrollment service. Keep embedded or intune; for both, use two provider blocks, one with an alias.")
	}
}

// Configure implements provider.Provider. It asks nobody anything. While a
// setting is unknown (at plan, when it comes from another resource) it makes a
// runtime without a service, and the objects keep still.
func (p *asmProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var config providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	rt := &tf.Runtime{Now: p.now, After: p.after, Plans: tf.NewPlans()}
	if config.Intune.IsNull() {
		p.openEmbedded(ctx, config.Embedded, rt, &resp.Diagnostics)
	} else {
		p.openIntune(config.Intune, rt, &resp.Diagnostics)
	}
	if !resp.Diagnostics.HasError() {
		resp.ResourceData, resp.DataSourceData, resp.ListResourceData, resp.ActionData = rt, rt, rt, rt
	}
}

// wait waits for d on the provider's clock, or until ctx is done.
func (p *asmProvider) wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-p.after(d):
		return nil
	}
}

// setting is a configured value, else that of the first environment variable
// that has one, else the default.
func setting(configured types.String, otherwise string, variables ...string) string {
	if v := configured.ValueString(); v != "" {
		return v
	}
	for _, variable := range variables {
		if v := os.Getenv(variable); v != "" {
			return v
		}
	}
	return otherwise
}

func checkURL(at path.Path, raw string, diags *diag.Diagnostics) {
	if _, err := httpx.CheckURL(raw); err != nil {
		diags.AddAttributeError(at, "Unusable address", tf.Sentence(err))
	}
}
