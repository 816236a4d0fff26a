package assignment

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/resourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

// Schema implements resource.Resource.
func (r *assignment) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		Version: schemaVersion,
		MarkdownDescription: "Which devices have an enrollment profile. Only the difference is sent, in batches of at most 1,000, " +
			"and what became of each device is kept. A device takes its profile when it is set up: one in use needs a factory reset first.\n\n" +
			"The devices are named in one of three forms. There is no selection inside the resource, because only configuration and data sources carry " +
			"what a plan showed into its apply: select with the `asm_devices` data source and give its `serial_number_list` here.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed: true, MarkdownDescription: "Random id of the assignment.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"token_id": schema.StringAttribute{
				Required: true, MarkdownDescription: "Id of the `asm_token` whose devices these are.",
				Validators:    []validator.String{stringvalidator.LengthAtLeast(1)},
				PlanModifiers: tf.OfToken(),
			},
			"profile_id": schema.StringAttribute{
				Required: true, Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
				MarkdownDescription: "Id of the enrollment profile that the devices get. Changing it moves them in place, all of them: the plan warns with the number, and `max_changes` does not limit it. " +
					"On Intune the id of an `asm_enrollment_profile` or the `profile_id` of an `asm_enrollment_policy`; the same profile written in another of Graph's forms is no change.",
			},
			"serial_numbers": schema.SetAttribute{
				Optional: true, ElementType: types.StringType, Validators: []validator.Set{mostSerials{}, serialNumbers{}},
				MarkdownDescription: "The devices, at most 1,000. For more use one of the other two forms: sets of that size take minutes to plan.",
			},
			"serial_numbers_file": schema.StringAttribute{
				Optional: true, Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
				MarkdownDescription: "Path of a text file with the devices' serial numbers, one a line, in any order and case. Read at plan and again at apply; " +
					"a file that changed in between stops the apply. Begin the path with `path.module`.",
			},
			"serial_number_list": schema.StringAttribute{
				Optional: true, Validators: []validator.String{serialList{}},
				MarkdownDescription: "The devices' serial numbers in one string on one line, apart by blanks or commas: what `asm_devices` gives.",
			},
			"take_over_from": schema.SetAttribute{
				Optional: true, ElementType: types.StringType, Validators: []validator.Set{setvalidator.ValueStringsAre(stringvalidator.LengthAtLeast(1))},
				MarkdownDescription: "Ids of the profiles whose devices this assignment may take, or `\"*\"` for all. Devices without a profile and devices on the " +
					"token's default profile are always free. Others are an error that names them: at plan where nobody in this run can release them, else at apply. " +
					"Intune does not record whose a device is, so there they are a warning at plan; devices that another assignment of the same apply gives up are taken.",
			},
			"on_leave": schema.StringAttribute{
				Optional: true, Computed: true, Default: stringdefault.StaticString(string(enrollment.LeaveUnassign)),
				Validators: []validator.String{stringvalidator.OneOf(string(enrollment.LeaveUnassign), string(enrollment.LeaveFallback), string(enrollment.LeaveKeep))},
				MarkdownDescription: "What happens to devices that leave the assignment, on destroy too: `unassign` (default) takes the profile from them, " +
					"`fallback` gives them `fallback_profile_id`, `keep` lets them keep it. Only devices that still have the profile are touched. " +
					"Intune cannot unassign: set `fallback` or `keep` there, or the plan is an error. After an import from Intune it is `keep`.",
			},
			"fallback_profile_id": schema.StringAttribute{
				Optional: true, MarkdownDescription: "Id of the profile that leaving devices get with `on_leave = \"fallback\"`.",
			},
			"missing_devices": schema.StringAttribute{
				Optional: true, Computed: true, Default: stringdefault.StaticString(missingError),
				Validators: []validator.String{stringvalidator.OneOf(missingError, missingWait)},
				MarkdownDescription: "What to do about serial numbers that the token does not have: `error` (default; at plan if the last sync is fresh, that is under a day old), " +
					"or `wait`, which keeps them pending until a later sync brings them in; Intune keeps nothing pending, so there the first plan after that sync shows them and its apply assigns them. A device that leaves the token is reported once and never sent again.",
			},
			"max_changes": schema.StringAttribute{
				Optional: true, Validators: []validator.String{changeLimit{}},
				MarkdownDescription: "The fuse: the most devices that may leave, or be moved here from other profiles, in one apply, as a number (`\"200\"`) or a share of those held (`\"25%\"`). " +
					"More is an error at plan with both numbers, because a file that was cut short must not empty a school. " +
					"Left out it is 10 % of what is held, and at least 50. The first fill is exempt, and so is a changed `profile_id`.",
			},
			"allow_empty": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(false),
				MarkdownDescription: "An empty source over devices that are held is an error unless this is true.",
			},
			"devices_sha256": schema.StringAttribute{
				Computed: true, MarkdownDescription: "SHA-256 of the sorted serial numbers, each followed by a line feed: of those wanted at plan, of those that really have the profile after a refresh.",
			},
			"device_count": schema.Int64Attribute{
				Computed: true, MarkdownDescription: "How many devices those are.",
			},
			"failed_count": schema.Int64Attribute{
				Computed: true, MarkdownDescription: "How many devices the last apply that changed something could not give the profile, without those that a refresh has found on it since: Microsoft Graph may show late what it took. The next apply tries them again. " +
					"Put a `postcondition` on it to fail the pipeline.",
			},
			"failed_serial_numbers": schema.ListAttribute{
				Computed: true, ElementType: types.StringType, MarkdownDescription: "The first 100 of them.",
			},
			"pending_count": schema.Int64Attribute{
				Computed: true, MarkdownDescription: "How many devices the last apply that changed something left for later: in Apple's cooldown (embedded service), or waited for with `missing_devices = \"wait\"`.",
			},
			"timeouts": tf.Timeouts(ctx, timeouts.Opts{
				Create: true, CreateDescription: "How long assigning the devices may take, such as `1h`. Default `30m`.",
				Update: true, UpdateDescription: "How long assigning and releasing devices may take, such as `1h`. Default `30m`. What is not done by then is done by the next apply.",
				Delete: true, DeleteDescription: "How long releasing the devices may take, such as `1h`. Default `30m`. It has to be in state, by an apply, before the destroy.",
			}, "How long the provider waits for the service."),
		},
	}
}

// ConfigValidators implements resource.ResourceWithConfigValidators.
func (r *assignment) ConfigValidators(context.Context) []resource.ConfigValidator {
	return []resource.ConfigValidator{resourcevalidator.ExactlyOneOf(
		path.MatchRoot("serial_numbers"), path.MatchRoot("serial_numbers_file"), path.MatchRoot("serial_number_list"),
	)}
}
