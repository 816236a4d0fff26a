package policy

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

const defaultScopeTag = "0"

// unmanaged says what leaving an attribute out means. Such an attribute is also
// computed: what an import brought and nobody configures stays in the plan.
const unmanaged = " Left out it is not managed. Removing it goes back to the template's default."

// Schema implements resource.Resource.
func (r *policy) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		Version: schemaVersion,
		MarkdownDescription: "An enrollment policy of Microsoft Intune: the successor of the enrollment profile, kept in the settings catalog. **Intune only.** " +
			"Intune's admin center creates only these for iPhone, iPad and Mac since 2026, and Apple TV and Vision Pro never had another kind.\n\n" +
			"Which settings a policy has is read from Intune's template when a plan is made and when it is applied. A setting that Microsoft made required yesterday is therefore sent with its default, " +
			"and told in `defaulted_settings` where this version of the provider has no attribute for it.\n\n" +
			"A device takes a policy when it enrolls. A change reaches a device that is in use after it was wiped and enrolled again; only its name follows by itself. " +
			"A policy that devices still have, or that is a default, cannot be deleted. Use `create_before_destroy` where a change replaces the policy.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed: true, MarkdownDescription: "The policy's id in the settings catalog, a GUID.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"profile_id": schema.StringAttribute{
				Computed: true, MarkdownDescription: "The id by which `asm_device_assignment` and `asm_default_profile` know the policy: `ECV2_{token}_{policy}`, its mirror among the enrollment profiles.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"token_id": schema.StringAttribute{
				Required: true, MarkdownDescription: "Id of the `asm_token` that the policy belongs to. Another token means another policy.",
				PlanModifiers: tf.OfToken(),
				Validators:    []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"platform": schema.StringAttribute{
				Optional: true, Computed: true, Default: stringdefault.StaticString(string(enrollment.IOS)),
				MarkdownDescription: "`ios` (iPhone and iPad, the default), `macos`, `tvos` or `visionos`. Another platform means another policy.",
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
				Validators: []validator.String{stringvalidator.OneOf(
					string(enrollment.IOS), string(enrollment.MacOS), string(enrollment.TVOS), string(enrollment.VisionOS))},
			},
			"name":        schema.StringAttribute{Required: true, MarkdownDescription: "Name of the policy."},
			"description": optionalText("What the policy is for. Removing it empties it."),
			"user_affinity": optionalBool("Whether devices enroll for the user who signs in in Setup Assistant, with modern authentication (`true`), or for nobody (`false`). " +
				"Enrollment policies know no other way to sign in. Not `true` beside `shared_ipad` or `shared_device_mode`, which are values of the same setting. Apple TV and Vision Pro enroll for nobody." + unmanaged),
			"locked_enrollment": optionalBool("Whether users are kept from removing the management profile in Settings." + unmanaged),
			"shared_ipad":       sharedIPadAttribute(),
			"shared_device_mode": optionalBool("Whether devices enroll in Microsoft Entra shared device mode: several people use one, each signs in to apps with an account of their own. Not Shared iPad. iPhone and iPad only. " +
				"`false` only says that they do not." + unmanaged),
			"await_device_configured": optionalBool("Whether devices wait in Setup Assistant until Intune has installed its policies. Not with `shared_ipad`." + unmanaged),
			"device_name_template":    optionalText("Pattern for the names of devices, at most 63 characters: letters, digits, `-`, `.`, `_` and the variables `{{SERIAL}}` and `{{DEVICETYPE}}`. `\"\"` turns naming off. Not on Mac." + unmanaged),
			"carrier_activation_url":  optionalText("Address of the carrier's activation server, for cellular plans by eSIM. `\"\"` turns activation off. iPhone and iPad only." + unmanaged),
			"department":              optionalText("Department that Setup Assistant shows under \"About Configuration\", 1 to 125 characters." + unmanaged),
			"department_phone":        optionalText("Phone number that Setup Assistant shows under \"Need Help\", 1 to 50 characters." + unmanaged),
			"configurator_certificates": schema.ListAttribute{
				Optional: true, Computed: true, ElementType: types.StringType,
				MarkdownDescription: "Certificates, each in PEM, of computers with Apple Configurator that may pair with the devices. Order and line ends do not matter. iPhone and iPad only." + unmanaged,
				Validators:          []validator.List{listvalidator.ValueStringsAre(tf.Certificate{})},
			},
			"skip_setup_items": schema.SetAttribute{
				Optional: true, Computed: true, ElementType: types.StringType,
				MarkdownDescription: "Setup Assistant panes to hide, as Apple's skip keys (`Passcode`, `Location`, `Restore`, `AppleID`, `TOS`, `Biometric`, `Payment`, `Siri`, `Diagnostics` and others). " +
					"Every other pane that this version of the provider knows is shown; panes that it does not know keep the template's default and stand in `defaulted_settings`. " +
					"A key without a pane on the platform, such as `Zoom`, is an error in the plan. An empty set shows every pane. The template's default hides them all." + unmanaged,
				Validators: []validator.Set{setvalidator.ValueStringsAre(stringvalidator.LengthAtLeast(1))},
			},
			"scope_tag_ids": schema.SetAttribute{
				Optional: true, Computed: true, ElementType: types.StringType,
				MarkdownDescription: "Ids of Intune's scope tags. A new policy without them has the default tag, `0`. Left out they are not managed. Removing them goes back to the default tag.",
				Validators:          []validator.Set{setvalidator.SizeAtLeast(1), setvalidator.ValueStringsAre(stringvalidator.LengthAtLeast(1))},
			},
			"settings": schema.MapAttribute{
				Optional: true, Computed: true, ElementType: types.StringType,
				MarkdownDescription: "Any other setting of the template by its definition id, at any depth, such as `ade_accountsettings_adminaccountname`. A choice is the id of its option (`ade_lockedenrollment_1`), a number its digits, " +
					"a list a JSON array of strings (`jsonencode`). Naming a setting below an option chooses that option where nothing else says otherwise. " +
					"What the template does not have, an option or a bound that it does not allow, and a setting that an attribute above sets too, are errors in the plan. Removing a key goes back to the template's default.",
				Validators: []validator.Map{mapvalidator.KeysAre(stringvalidator.LengthAtLeast(1))},
			},
			"defaulted_settings": schema.ListAttribute{
				Computed: true, ElementType: types.StringType,
				MarkdownDescription: "Settings that this version of the provider has no attribute for, that `settings` does not name, and that have the template's default.",
			},
			"timeouts": timeoutsAttribute(ctx),
		},
	}
}

func optionalBool(description string) schema.Attribute {
	return schema.BoolAttribute{Optional: true, Computed: true, MarkdownDescription: description}
}

func optionalText(description string) schema.Attribute {
	return schema.StringAttribute{Optional: true, Computed: true, MarkdownDescription: description}
}

func sharedIPadAttribute() schema.Attribute {
	seconds := func(description string, most int64) schema.Attribute {
		return schema.Int64Attribute{
			Optional: true, Computed: true, MarkdownDescription: description + unmanaged,
			Validators: []validator.Int64{int64validator.Between(0, most)},
		}
	}
	return schema.SingleNestedAttribute{
		Optional: true, Computed: true,
		MarkdownDescription: "Several people share the iPad, each with a Managed Apple Account, or as guests. `{}` shares it with nothing else said. Not beside `user_affinity = true`, `shared_device_mode = true` " +
			"or `await_device_configured`. iPad only." + unmanaged,
		Attributes: map[string]schema.Attribute{
			maximumCachedUsers: seconds("How many users have a place of their own on the iPad, at most 100; Microsoft advises at most 24 on 32 and 64 GB. Not with `temporary_sessions_only`.", 100),
			temporarySessionsOnly: schema.BoolAttribute{
				Optional: true, Computed: true, MarkdownDescription: "Whether people use the iPad as guests only, and nothing is kept when they leave." + unmanaged,
			},
			userSessionTimeout:      seconds("After how many seconds without use a user is signed out: 0 is never, else at least 30. Not with `temporary_sessions_only`.", 14400),
			temporarySessionTimeout: seconds("After how many seconds without use a guest is signed out: 0 is never, else at least 30. Needs `temporary_sessions_only`.", 14400),
			passcodeLockGracePeriod: seconds("How many seconds after the screen locks the passcode is not asked for. Not with `temporary_sessions_only`.", 14400),
		},
	}
}

func timeoutsAttribute(ctx context.Context) schema.Attribute {
	return tf.Timeouts(ctx, timeouts.Opts{
		Create: true, CreateDescription: "How long creating may take, such as `15m`. Default `10m`. Intune shows a new policy after seconds to minutes; one that does not show by then is in state all the same.",
		Update: true, UpdateDescription: "How long changing may take, until the change shows. Default `10m`.",
	}, "How long the provider waits for Intune.")
}

type identity struct {
	TokenID types.String `tfsdk:"token_id"`
	ID      types.String `tfsdk:"id"`
}

// IdentitySchema implements resource.ResourceWithIdentity.
func (r *policy) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{
		Version: identityVersion,
		Attributes: map[string]identityschema.Attribute{
			"token_id": identityschema.StringAttribute{OptionalForImport: true, Description: "Id of the policy's token."},
			"id":       identityschema.StringAttribute{RequiredForImport: true, Description: "The policy's id, or its profile_id."},
		},
	}
}
