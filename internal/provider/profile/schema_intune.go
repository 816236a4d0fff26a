package profile

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func authenticationAttribute() schema.Attribute {
	return schema.StringAttribute{
		Optional: true,
		MarkdownDescription: "How a user signs in while the device enrolls; with user affinity only. `modern`: in Setup Assistant, with modern authentication. `company_portal`: in the Company Portal app. " +
			"`setup_assistant_legacy`: Setup Assistant's old sign-in, which knows no second factor; a new profile with user affinity that leaves the attribute out gets it." +
			intuneOnly + "`configurationWebUrl` and `enableAuthenticationViaCompanyPortal`." + unmanaged,
	}
}

func nameTemplateAttribute() schema.Attribute {
	return schema.StringAttribute{
		Optional: true,
		MarkdownDescription: "How devices are named, in at most 63 letters, digits, dots, dashes and underscores; `{{SERIAL}}` and `{{DEVICETYPE}}` stand for the device's own. " +
			"The one change that enrolled devices notice without a factory reset." + intuneOnly + "`deviceNameTemplate`." + removable,
	}
}

func vppTokenAttribute() schema.Attribute {
	return schema.StringAttribute{
		Optional: true,
		MarkdownDescription: "Id of the location token (VPP) that licenses the Company Portal for the devices. Only with `authentication = \"company_portal\"`." +
			intuneOnly + "`companyPortalVppTokenId`." + removable,
	}
}

func carrierAttribute() schema.Attribute {
	return schema.StringAttribute{
		Optional:            true,
		MarkdownDescription: "Address of the carrier's server that activates the eSIM: http or https." + intuneOnly + "`carrierActivationUrl`." + removable,
	}
}

func groupsAttribute() schema.Attribute {
	return schema.SetAttribute{
		Optional: true, ElementType: types.StringType,
		MarkdownDescription: "Ids (GUIDs) of the static Microsoft Entra groups that devices join as they enroll. \"Intune Provisioning Client\" (application id `f1346770-5b25-470b-88bd-d5744ab7952c`) has to own each: " +
			"without it nothing happens, and nobody says so." + intuneOnly + "`enrollmentTimeAzureAdGroupIds`." + removable,
		Validators:    []validator.Set{setvalidator.NoNullValues(), setvalidator.ValueStringsAre(stringvalidator.LengthAtLeast(1))},
		PlanModifiers: []planmodifier.Set{keepSpelling{}},
	}
}
