package profile

import (
	"context"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// recordedOnly marks attributes that Apple's profile has no field for.
const recordedOnly = " **Recorded only:** Apple's profile has no field for it, so your MDM has to send it to the devices. " +
	"The provider says so in a plan that sets it, and changing it touches no device."

// unmanaged says what leaving an attribute out means.
const unmanaged = " Left out it is not managed: a profile keeps what it has."

// removable is the same of an attribute that can be taken out again.
const removable = " Left out it is not managed. Removing it takes its value away."

var (
	languageShape = regexp.MustCompile(`^[a-z]{2,3}$`)
	regionShape   = regexp.MustCompile(`^[A-Z]{2}$`)
)

// Schema implements resource.Resource.
func (r *profile) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "An enrollment profile: what Apple tells a device during Setup Assistant, and where the device enrolls.\n\n" +
			"Apple can define a profile and cannot change one. A change of an attribute that Apple knows therefore defines the profile anew at Apple and sends every device of the profile to the new definition; " +
			"the `id` stays. The plan says how many devices that are, and how many of them are already activated: those take the change only after a factory reset. " +
			"A change that is interrupted is finished by the next apply.\n\n" +
			"A profile that devices still have, or that is a default profile, cannot be deleted. Use `create_before_destroy` where a change replaces the profile.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed: true, MarkdownDescription: "The profile's id. It stays when a change defines the profile anew at Apple.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"token_id": schema.StringAttribute{
				Required: true, MarkdownDescription: "Id of the `asm_token` that the profile belongs to. Another token means another profile.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
				Validators:    []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"name":        schema.StringAttribute{Required: true, MarkdownDescription: "Name of the profile, 1 to 125 characters. Apple has it too, so a new name is a new definition."},
			"description": schema.StringAttribute{Optional: true, MarkdownDescription: "What the profile is for." + recordedOnly + removable},
			"user_affinity": schema.BoolAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Whether devices enroll for one user (`true`), as those do that people sign in to with their Managed Apple Account, or for nobody (`false`), as kiosks do. " +
					"Left out it is what the service needs: on the embedded service `true` with `shared_ipad` and `false` without. A value that contradicts `shared_ipad` is refused in the plan." + recordedOnly,
			},
			"supervised": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(true),
				MarkdownDescription: "Supervised devices can be managed in more ways and have Activation Lock off by default. Default `true`. Apple supervises every device from iOS 13 on, whatever is said here.",
			},
			"locked_enrollment": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(false),
				MarkdownDescription: "Whether users are kept from removing the management profile in Settings. Needs `supervised`. Default `false`.",
			},
			"shared_ipad":      sharedIPadAttribute(),
			"pairing":          pairingAttribute(),
			"department":       schema.StringAttribute{Optional: true, MarkdownDescription: "Department that Setup Assistant shows under \"About Configuration\", 1 to 125 characters." + removable},
			"department_phone": schema.StringAttribute{Optional: true, MarkdownDescription: "Phone number that Setup Assistant shows under \"Need Help\", 1 to 50 characters." + removable},
			"skip_setup_items": schema.SetAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Setup Assistant panes to skip, as Apple's skip keys (`Passcode`, `Location`, `Restore`, `AppleID`, `TOS`, `Biometric`, `Payment`, `Zoom`, `Siri`, `Diagnostics` and all later ones): " +
					"every pane that is not listed is shown. The inverse of an MDM portal's \"prompt\" switches. A key that this version of the provider does not know is sent all the same, with a warning that names the nearest known one. " +
					"An empty set shows every pane." + removable,
				Validators: []validator.Set{setvalidator.ValueStringsAre(stringvalidator.LengthAtLeast(1))},
			},
			"await_device_configured": optionalBool("Whether devices wait in Setup Assistant until your MDM says that they are configured. On iPhone and iPad it needs `supervised`. Needed for Shared iPad set-ups and for moving devices between MDMs."),
			"enrollment_url": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Where devices enroll: the address of your MDM's enrollment service, at most 2,000 characters. https, or http to a literal loopback address. " +
					"Default: the provider's `mdm_url`. One of the two is needed.",
				Validators:    []validator.String{webURL{}},
				PlanModifiers: []planmodifier.String{keepSpelling{}},
			},
			"configuration_web_url": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Sign-in page that Setup Assistant shows in a web view before the device enrolls; the page ends with a download of the enrollment profile from the same host. " +
					"https, or http to a literal loopback address, at most 2,000 characters." + removable,
				Validators:    []validator.String{webURL{}},
				PlanModifiers: []planmodifier.String{keepSpelling{}},
			},
			"support_email": schema.StringAttribute{Optional: true, MarkdownDescription: "E-mail address of your support, 1 to 250 characters." + removable},
			"org_magic":     schema.StringAttribute{Optional: true, MarkdownDescription: "A string that tells which of several services inside your organization manages a device, 1 to 256 characters." + removable},
			"language": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Language that Setup Assistant takes, as a lower-case ISO 639 code of two or three letters such as `de`. Apple TV and Mac only; used with `auto_advance`." + removable,
				Validators:          []validator.String{stringvalidator.RegexMatches(languageShape, "must be an ISO 639 code of two or three lower-case letters, such as de")},
			},
			"region": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Region that Setup Assistant takes, as an upper-case ISO 3166-1 code of two letters such as `CH`. Apple TV and Mac only; used with `auto_advance`." + removable,
				Validators:          []validator.String{stringvalidator.RegexMatches(regionShape, "must be an ISO 3166-1 code of two upper-case letters, such as CH")},
			},
			"anchor_certificates": certificates("Certificates, each in PEM, that devices trust when they first talk to `enrollment_url`: the authority of an MDM whose certificate is not publicly trusted. Order and line ends do not matter." + removable),
			"auto_advance":        optionalBool("Whether Setup Assistant goes on by itself, with `language` and `region`. Apple TV, and Mac with macOS 11 or later, on Ethernet."),
			"mandatory":           optionalBool("Whether users cannot skip enrollment. Apple makes it mandatory from iOS 13 on, whatever is said here."),
			"return_to_service":   optionalBool("Whether devices enroll again by themselves after they were erased. iOS, iPadOS and visionOS 26 or later."),
			"do_not_use_profile_from_backup": optionalBool("Whether a device that is restored from a backup ignores the enrollment that is in the backup and enrolls anew. " +
				"iOS, iPadOS and visionOS 26 or later."),
			"status": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "`current`: every device of the profile has its present definition. `updating`: devices are still to be moved to it; the next apply goes on. " +
					"`undefined`: it is not known that Apple has the definition; the next apply finds out and sends it if it has not. Anything but `current` is planned as an update in place.",
			},
			"timeouts": timeoutsAttribute(ctx),
		},
	}
}

func optionalBool(description string) schema.Attribute {
	return schema.BoolAttribute{Optional: true, MarkdownDescription: description + removable}
}

func certificates(description string) schema.ListAttribute {
	return schema.ListAttribute{
		Optional: true, ElementType: types.StringType, MarkdownDescription: description,
		Validators:    []validator.List{listvalidator.ValueStringsAre(certificate{})},
		PlanModifiers: []planmodifier.List{keepSpelling{}},
	}
}

func sharedIPadAttribute() schema.Attribute {
	seconds := func(description string) schema.Attribute {
		return schema.Int64Attribute{
			Optional: true, MarkdownDescription: description + " In seconds, 0 to 14400." + recordedOnly + unmanaged,
			Validators: []validator.Int64{int64validator.Between(0, 14400)},
		}
	}
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Several people share the iPad, each with a Managed Apple Account. Left out, the iPad is not shared; `{}` shares it with nothing else said. Needs `supervised`, and user affinity: " +
			"the embedded service, like Apple School Manager's documentation, wants it on. Apple's profile only knows whether the iPad is shared; how it is shared is recorded.",
		Attributes: map[string]schema.Attribute{
			maximumCachedUsers: schema.Int64Attribute{
				Optional: true,
				MarkdownDescription: "How many users have a place of their own on the iPad, at least 1: the number of students who are likely to use it over a period of time. " +
					"Not with `temporary_sessions_only`." + recordedOnly + unmanaged,
			},
			temporarySessionsOnly:   schema.BoolAttribute{Optional: true, MarkdownDescription: "Whether people use the iPad as guests only, and nothing is kept when they leave." + recordedOnly + unmanaged},
			userSessionTimeout:      seconds("How long a user may do nothing before being signed out; 0 is never."),
			temporarySessionTimeout: seconds("How long a guest may do nothing before being signed out; 0 is never."),
			passcodeLockGracePeriod: seconds("How long after the screen locks the passcode is not asked for."),
		},
	}
}

func pairingAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Which computers a device may pair with." + removable,
		Attributes: map[string]schema.Attribute{
			pairingMode: schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "`allow`: every computer. `deny`: none. `certificate`: those with one of `configurator_certificates`. Apple has deprecated this setting for iOS 13 and later in favour of a restriction that the MDM sends.",
				Validators: []validator.String{stringvalidator.OneOf(
					string(enrollment.PairingAllow), string(enrollment.PairingDeny), string(enrollment.PairingCertificate))},
			},
			configuratorCertificates: certificates("Certificates, each in PEM, of computers with Apple Configurator. Needed with mode `certificate`, and refused with every other. Order and line ends do not matter."),
		},
	}
}

func timeoutsAttribute(ctx context.Context) schema.Attribute {
	made := timeouts.Attributes(ctx, timeouts.Opts{
		Create: true, CreateDescription: "How long creating may take, such as `45m`. Default `30m`.",
		Update: true, UpdateDescription: "How long changing the profile and moving its devices may take, such as `2h`. Default `30m`. What is not done by then is done by the next apply.",
	})
	if nested, ok := made.(schema.SingleNestedAttribute); ok {
		nested.MarkdownDescription = "How long the provider waits for the service."
		return nested
	}
	return made
}

type identity struct {
	TokenID types.String `tfsdk:"token_id"`
	ID      types.String `tfsdk:"id"`
}

// IdentitySchema implements resource.ResourceWithIdentity.
func (r *profile) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{
		Attributes: map[string]identityschema.Attribute{
			"token_id": identityschema.StringAttribute{OptionalForImport: true, Description: "Id of the profile's token. Needed for a profile that only Apple knows."},
			"id":       identityschema.StringAttribute{RequiredForImport: true, Description: "The profile's id, or its UUID at Apple."},
		},
	}
}
