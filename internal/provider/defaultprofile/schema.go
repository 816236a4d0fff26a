package defaultprofile

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

// Schema implements resource.Resource.
func (r *defaultProfile) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		Version: schemaVersion,
		MarkdownDescription: "The default enrollment profile of a token: devices of the platform that a later sync adds get it. " +
			"Devices that are known already are not touched, whether they have a profile or not; give them one with `asm_device_assignment`, which counts a device on the default profile as free.\n\n" +
			"There is one default for each token and platform, so there should be one resource for it. Destroying the resource unsets the default. Where the service cannot do that, the default stays and a warning says so. " +
			"A default that somebody else has set meanwhile stays too.\n\n" +
			"Intune cannot unset a default: destroying the resource keeps it there, and a profile or policy can be deleted only when another one is the default. " +
			"Classic profiles and enrollment policies share the one default of a platform.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed: true, MarkdownDescription: "`TOKEN_ID/PLATFORM`.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"token_id": schema.StringAttribute{
				Required: true, MarkdownDescription: "Id of the `asm_token`. Another token means another default.",
				PlanModifiers: tf.OfToken(),
				Validators:    []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"platform": schema.StringAttribute{
				Optional: true, Computed: true, Default: stringdefault.StaticString(string(enrollment.IOS)),
				MarkdownDescription: "Whose devices get the profile: `ios` (iPhone, iPad and iPod touch; the default), `macos`, `tvos` or `visionos`. Another platform means another default.",
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
				Validators:          []validator.String{stringvalidator.OneOf(platforms()...)},
			},
			"profile_id": schema.StringAttribute{
				Required: true, MarkdownDescription: "Id of the `asm_enrollment_profile` that new devices get, or on Intune `profile_id` of an `asm_enrollment_policy`. Another spelling of the same id is no change. It changes in place, and devices that got the former default keep it.",
				Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
			},
		},
	}
}

// IdentitySchema implements resource.ResourceWithIdentity.
func (r *defaultProfile) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{
		Version: identityVersion,
		Attributes: map[string]identityschema.Attribute{
			"token_id": identityschema.StringAttribute{RequiredForImport: true, Description: "Id of the token."},
			"platform": identityschema.StringAttribute{RequiredForImport: true, Description: "ios, macos, tvos or visionos."},
		},
	}
}
