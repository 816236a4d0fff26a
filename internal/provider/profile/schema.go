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
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

// recordedOnly marks attributes that Apple's profile has no field for.
const recordedOnly = " **Recorded only** on the embedded service: Apple's profile has no field for it, so your MDM has to send it to the devices. " +
	"The provider says so in a plan that sets it, and changing it touches no device."

// What the other service makes of an attribute is a plan-time error.
const (
	embeddedOnly = " Embedded service only."
	intuneOnly   = " Intune only: "
)

// onIntune names Microsoft Graph's property.
func onIntune(property string) string { return " On Intune: `" + property + "`." }

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
		Version: schemaVersion,
		MarkdownDescription: "An enrollment profile: what Apple tells a device during Setup Assistant, and where the device enrolls.\n\n" +
			"**Embedded service.** Apple can define a profile and cannot change one. A change of an attribute that Apple knows therefore defines the profile anew at Apple and sends every device of the profile to the new definition; " +
			"the `id` stays. The plan says how many devices that are, and how many of them are already activated: those take the change only after a factory reset. " +
			"A change that is interrupted is finished by the next apply.\n\n" +
			"**Intune.** This is the classic profile for iPhone and iPad (Microsoft Graph's `depIOSEnrollmentProfile`). It is changed in place, and no device is sent anywhere: devices that are enrolled notice a change only after a factory reset, " +
			"but for their name. The plan says how many these are. Some tenants make no more classic profiles; the error then shows the equivalent `asm_enrollment_policy`.\n\n" +
			"An attribute that the service has no place for is an error in the plan. " +
			"A profile that devices still have, or that is a default profile, cannot be deleted. Use `create_before_destroy` where a change replaces the profile.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed: true, MarkdownDescription: "The profile's id, on Intune as Microsoft Graph lists it (`TOKEN_PROFILE`, two GUIDs). It stays when the profile changes.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"token_id": schema.StringAttribute{
				Required: true, MarkdownDescription: "Id of the `asm_token` that the profile belongs to. Another token means another profile.",
				PlanModifiers: tf.OfToken(),
				Validators:    []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"name":        schema.StringAttribute{Required: true, MarkdownDescription: "Name of the profile, 1 to 125 characters. On the embedded service Apple has it too, so a new name is a new definition." + onIntune("displayName")},
			"description": schema.StringAttribute{Optional: true, MarkdownDescription: "What the profile is for." + onIntune("description") + recordedOnly + removable},
			"user_affinity": schema.BoolAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Whether devices enroll for one user (`true`), as those do that people sign in to with their Managed Apple Account, or for nobody (`false`), as kiosks do. " +
					"Left out it is what the service needs: on the embedded service `true` with `shared_ipad` and `false` without; on Intune `true` with `authentication` and `false` without. " +
					"A value that contradicts `shared_ipad` is refused in the plan: the embedded service wants it on there, Intune off." + onIntune("requiresUserAuthentication") + recordedOnly,
			},
			"supervised": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(true),
				MarkdownDescription: "Supervised devices can be managed in more ways and have Activation Lock off by default. Default `true`. Apple supervises every device from iOS 13 on, whatever is said here." + onIntune("supervisedModeEnabled"),
			},
			"locked_enrollment": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(false),
				MarkdownDescription: "Whether users are kept from removing the management profile in Settings. Needs `supervised`. Default `false`." + onIntune("profileRemovalDisabled"),
			},
			"shared_ipad":      sharedIPadAttribute(),
			"pairing":          pairingAttribute(),
			"department":       schema.StringAttribute{Optional: true, MarkdownDescription: "Department that Setup Assistant shows under \"About Configuration\", 1 to 125 characters." + onIntune("supportDepartment") + removable},
			"department_phone": schema.StringAttribute{Optional: true, MarkdownDescription: "Phone number that Setup Assistant shows under \"Need Help\", 1 to 50 characters." + onIntune("supportPhoneNumber") + removable},
			"skip_setup_items": schema.SetAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Setup Assistant panes to skip, as Apple's skip keys (`Passcode`, `Location`, `Restore`, `AppleID`, `TOS`, `Biometric`, `Payment`, `Zoom`, `Siri`, `Diagnostics` and all later ones): " +
					"every pane that is not listed is shown. The inverse of an MDM portal's \"prompt\" switches. A key that this version of the provider does not know is sent all the same, with a warning that names the nearest known one. " +
					"An empty set shows every pane. On Intune: the pane's own property (`passCodeDisabled`, ...), and `enabledSkipKeys` for panes without one; it refuses `Registration`." + removable,
				Validators: []validator.Set{setvalidator.ValueStringsAre(stringvalidator.LengthAtLeast(1))},
			},
			"await_device_configured": optionalBool("Whether devices wait in Setup Assistant until your MDM says that they are configured. On iPhone and iPad it needs `supervised`. Needed for Shared iPad set-ups and for moving devices between MDMs, " +
				"but on Intune refused beside `shared_ipad` and `shared_device_mode`." + onIntune("waitForDeviceConfiguredConfirmation")),
			"authentication":              authenticationAttribute(),
			"require_company_portal":      optionalBool("Whether the Company Portal app is installed on devices that enroll through Setup Assistant." + intuneOnly + "`requireCompanyPortalOnSetupAssistantEnrolledDevices`."),
			"device_name_template":        nameTemplateAttribute(),
			"company_portal_vpp_token_id": vppTokenAttribute(),
			"single_app_mode": optionalBool("Whether the device is locked in the Company Portal until somebody has signed in. Needs `authentication = \"company_portal\"` and `company_portal_vpp_token_id`." +
				intuneOnly + "`enableSingleAppEnrollmentMode`."),
			"shared_device_mode": optionalBool("Whether the device enrolls in Microsoft Entra shared device mode, in which people take turns. This is not Shared iPad, and stands neither beside `shared_ipad` nor beside user affinity." +
				intuneOnly + "`userlessSharedAadModeEnabled`."),
			"carrier_activation_url":    carrierAttribute(),
			"enrollment_time_group_ids": groupsAttribute(),
			"enrollment_url": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Where devices enroll: the address of your MDM's enrollment service, at most 2,000 characters. https, or http to a literal loopback address. " +
					"Default: the provider's `mdm_url`. One of the two is needed." + embeddedOnly,
				Validators:    []validator.String{webURL{}},
				PlanModifiers: []planmodifier.String{keepSpelling{}},
			},
			"configuration_web_url": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Sign-in page that Setup Assistant shows in a web view before the device enrolls; the page ends with a download of the enrollment profile from the same host. " +
					"https, or http to a literal loopback address, at most 2,000 characters." + embeddedOnly + removable,
				Validators:    []validator.String{webURL{}},
				PlanModifiers: []planmodifier.String{keepSpelling{}},
			},
			"support_email": schema.StringAttribute{Optional: true, MarkdownDescription: "E-mail address of your support, 1 to 250 characters." + embeddedOnly + removable},
			"org_magic":     schema.StringAttribute{Optional: true, MarkdownDescription: "A string that tells which of several services inside your organization manages a device, 1 to 256 characters." + embeddedOnly + removable},
			"language": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Language that Setup Assistant takes, as a lower-case ISO 639 code of two or three letters such as `de`. Apple TV and Mac only; used with `auto_advance`." + embeddedOnly + removable,
				Validators:          []validator.String{stringvalidator.RegexMatches(languageShape, "must be an ISO 639 code of two or three lower-case letters, such as de")},
			},
			"region": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Region that Setup Assistant takes, as an upper-case ISO 3166-1 code of two letters such as `CH`. Apple TV and Mac only; used with `auto_advance`." + embeddedOnly + removable,
				Validators:          []validator.String{stringvalidator.RegexMatches(regionShape, "must be an ISO 3166-1 code of two upper-case letters, such as CH")},
			},
			"anchor_certificates": certificates("Certificates, each in PEM, that devices trust when they first talk to `enrollment_url`: the authority of an MDM whose certificate is not publicly trusted. Order and line ends do not matter." + embeddedOnly + removable),
			"auto_advance":        optionalBool("Whether Setup Assistant goes on by itself, with `language` and `region`. Apple TV, and Mac with macOS 11 or later, on Ethernet." + embeddedOnly),
			"mandatory": schema.BoolAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Whether users cannot skip enrollment. Apple makes it mandatory from iOS 13 on, whatever is said here. " +
					"On the embedded service it is not managed when left out, and removing it takes its value away. " +
					"On Intune (`isMandatory`) it is planned as `true` without user affinity, where nothing else is taken; beside user affinity a profile keeps what it has.",
			},
			"return_to_service": optionalBool("Whether devices enroll again by themselves after they were erased. iOS, iPadOS and visionOS 26 or later." + embeddedOnly),
			"do_not_use_profile_from_backup": optionalBool("Whether a device that is restored from a backup ignores the enrollment that is in the backup and enrolls anew. " +
				"iOS, iPadOS and visionOS 26 or later." + embeddedOnly),
			"status": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "`current`: every device of the profile has its present definition; on Intune it is always this. `updating`: devices are still to be moved to it; the next apply goes on. " +
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
		Validators:    []validator.List{listvalidator.ValueStringsAre(tf.Certificate{})},
		PlanModifiers: []planmodifier.List{keepSpelling{}},
	}
}

func sharedIPadAttribute() schema.Attribute {
	seconds := func(description, property, bounds string) schema.Attribute {
		return schema.Int64Attribute{
			Optional: true, MarkdownDescription: description + " In seconds, 0 to 14400. On Intune: `" + property + "`, " + bounds + "." + recordedOnly + unmanaged,
			Validators: []validator.Int64{int64validator.Between(0, 14400)},
		}
	}
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Several people share the iPad, each with a Managed Apple Account. Left out, the iPad is not shared; `{}` shares it with nothing else said. Needs `supervised`, and user affinity as the service wants it: " +
			"the embedded service, like Apple School Manager's documentation, on; Microsoft Graph off. Apple's profile only knows whether the iPad is shared; on the embedded service how it is shared is recorded." + onIntune("enableSharedIPad"),
		Attributes: map[string]schema.Attribute{
			maximumCachedUsers: schema.Int64Attribute{
				Optional: true,
				MarkdownDescription: "How many users have a place of their own on the iPad, at least 1: the number of students who are likely to use it over a period of time. " +
					"Not with `temporary_sessions_only`." + onIntune("sharedIPadMaximumUserCount") + recordedOnly + unmanaged,
			},
			temporarySessionsOnly:   schema.BoolAttribute{Optional: true, MarkdownDescription: "Whether people use the iPad as guests only, and nothing is kept when they leave." + onIntune("forceTemporarySession") + recordedOnly + unmanaged},
			userSessionTimeout:      seconds("How long a user may do nothing before being signed out; 0 is never.", "userSessionTimeoutInSeconds", "0, or 30 and more"),
			temporarySessionTimeout: seconds("How long a guest may do nothing before being signed out; 0 is never.", "temporarySessionTimeoutInSeconds", "0, or 30 and more"),
			passcodeLockGracePeriod: seconds("How long after the screen locks the passcode is not asked for.", "passcodeLockGracePeriodInSeconds", "0, 60, 300, 900, 3600 or 14400"),
		},
	}
}

func pairingAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Which computers a device may pair with." + onIntune("iTunesPairingMode") + " Left out it is not managed, and a new profile allows every computer. Removing it allows every computer again.",
		Attributes: map[string]schema.Attribute{
			pairingMode: schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "`allow`: every computer. `deny`: none. `certificate`: those with one of `configurator_certificates`. Apple has deprecated this setting for iOS 13 and later in favour of a restriction that the MDM sends.",
				Validators: []validator.String{stringvalidator.OneOf(
					string(enrollment.PairingAllow), string(enrollment.PairingDeny), string(enrollment.PairingCertificate))},
			},
			configuratorCertificates: certificates("Certificates, each in PEM, of computers with Apple Configurator. Needed with mode `certificate`, and refused with every other; on Intune (`managementCertificates`) at most 10. Order and line ends do not matter."),
		},
	}
}

func timeoutsAttribute(ctx context.Context) schema.Attribute {
	return tf.Timeouts(ctx, timeouts.Opts{
		Create: true, CreateDescription: "How long creating may take, such as `45m`. Default `30m`.",
		Update: true, UpdateDescription: "How long changing the profile and moving its devices may take, such as `2h`. Default `30m`. What is not done by then is done by the next apply.",
	}, "How long the provider waits for the service.")
}

type identity struct {
	TokenID types.String `tfsdk:"token_id"`
	ID      types.String `tfsdk:"id"`
}

// IdentitySchema implements resource.ResourceWithIdentity.
func (r *profile) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{
		Version: identityVersion,
		Attributes: map[string]identityschema.Attribute{
			"token_id": identityschema.StringAttribute{OptionalForImport: true, Description: "Id of the profile's token. Needed for a profile that only Apple knows."},
			"id":       identityschema.StringAttribute{RequiredForImport: true, Description: "The profile's id, or its UUID at Apple; on Intune with or without the token's id in front."},
		},
	}
}
