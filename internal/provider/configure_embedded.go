package provider

import (
	"context"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded"
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

func embeddedSchema() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "The enrollment service inside the provider: it keeps the key pair, decrypts the server token and talks to Apple itself. " +
			"It is the default, with every setting below at its default, when neither it nor `intune` is given.",
		Attributes: map[string]schema.Attribute{
			"store": schema.StringAttribute{
				Optional:  true,
				Sensitive: true,
				MarkdownDescription: "Where the service keeps keys, tokens and its view of the devices: `sqlite:PATH` (default `sqlite:.asm/enrollment.db`), " +
					"or `postgres://...` where several machines apply. Environment: `ASM_STORE`. " +
					"Secrets in it are encrypted with the key in `ASM_STORE_KEY` (required for PostgreSQL and where `CI=true`), or a key file in your user configuration directory.",
			},
			"apple_url": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Address of Apple's device enrollment service. https, or http to a literal loopback address. " +
					"Default `https://mdmenrollment.apple.com`. Environment: `ASM_APPLE_URL`.",
			},
			"mdm_url": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Where devices enroll: the default of every profile's `enrollment_url`. " +
					"https, or http to a literal loopback address. Environment: `ASM_MDM_URL`.",
			},
		},
	}
}

func (p *asmProvider) openEmbedded(ctx context.Context, object types.Object, rt *tf.Runtime, diags *diag.Diagnostics) {
	settings, notReady := embeddedSettings(ctx, object, diags)
	rt.NotReady = notReady
	if diags.HasError() || notReady != "" {
		return
	}
	settings.Now, settings.Wait, settings.Version = p.now, p.wait, p.version
	service, err := embedded.Open(ctx, settings)
	if err != nil {
		tf.AddErrorIn(diags, "embedded", "open", "the enrollment service", err)
		return
	}
	p.services.add(service)
	rt.Service, rt.MDMURL = service, settings.MDMURL
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
		Store:    setting(model.Store, defaultStore, "ASM_STORE"),
		AppleURL: setting(model.AppleURL, defaultAppleURL, "ASM_APPLE_URL"),
		MDMURL:   setting(model.MDMURL, "", "ASM_MDM_URL"),
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
