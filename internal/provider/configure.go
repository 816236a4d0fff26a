package provider

import (
	"context"
	"os"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded"
	"github.com/asm-enrollment/terraform-provider-asm/internal/httpx"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

// Defaults of the embedded service's settings.
const (
	defaultStore    = "sqlite:.asm/enrollment.db"
	defaultAppleURL = "https://mdmenrollment.apple.com"
)

type embeddedModel struct {
	Store    types.String `tfsdk:"store"`
	AppleURL types.String `tfsdk:"apple_url"`
	MDMURL   types.String `tfsdk:"mdm_url"`
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
	settings, notReady := embeddedSettings(ctx, config.Embedded, &resp.Diagnostics)
	rt.NotReady = notReady
	if resp.Diagnostics.HasError() {
		return
	}
	if notReady == "" {
		settings.Now, settings.Wait, settings.Version = p.now, p.wait, p.version
		service, err := embedded.Open(ctx, settings)
		if err != nil {
			tf.AddErrorIn(&resp.Diagnostics, "embedded", "open", "the enrollment service", err)
			return
		}
		p.services.add(service)
		rt.Service, rt.MDMURL = service, settings.MDMURL
	}
	resp.ResourceData, resp.DataSourceData = rt, rt
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

// embeddedSettings resolves each setting from the configuration, the
// environment and the default, in that order. The string names a setting that
// is unknown, "" when all are known.
func embeddedSettings(ctx context.Context, object types.Object, diags *diag.Diagnostics) (embedded.Config, string) {
	var model embeddedModel
	if object.IsUnknown() {
		return embedded.Config{}, "embedded"
	}
	if !object.IsNull() {
		diags.Append(object.As(ctx, &model, basetypes.ObjectAsOptions{})...)
	}
	root := path.Root("embedded")
	for name, value := range map[string]types.String{"store": model.Store, "apple_url": model.AppleURL, "mdm_url": model.MDMURL} {
		if value.IsUnknown() {
			return embedded.Config{}, "embedded." + name
		}
	}
	config := embedded.Config{
		Store:    setting(model.Store, "ASM_STORE", defaultStore),
		AppleURL: setting(model.AppleURL, "ASM_APPLE_URL", defaultAppleURL),
		MDMURL:   setting(model.MDMURL, "ASM_MDM_URL", ""),
		StoreKey: os.Getenv("ASM_STORE_KEY"),
		CI:       os.Getenv("CI") == "true",
	}
	if dir, err := os.UserConfigDir(); err == nil {
		config.UserConfigDir = dir
	}
	checkURL(root.AtName("apple_url"), config.AppleURL, diags)
	if config.MDMURL != "" {
		checkURL(root.AtName("mdm_url"), config.MDMURL, diags)
	}
	return config, ""
}

func setting(configured types.String, variable, otherwise string) string {
	if v := configured.ValueString(); v != "" {
		return v
	}
	if v := os.Getenv(variable); v != "" {
		return v
	}
	return otherwise
}

func checkURL(at path.Path, raw string, diags *diag.Diagnostics) {
	if _, err := httpx.CheckURL(raw); err != nil {
		diags.AddAttributeError(at, "Unusable address", tf.Sentence(err))
	}
}
