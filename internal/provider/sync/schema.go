package sync

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-timetypes/timetypes"
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
func (r *deviceSync) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		Version: schemaVersion,
		MarkdownDescription: "One sync: the service asks Apple which devices the MDM server of a token has, and gives new ones the default profile. " +
			"It is done when the resource is created and again when `triggers` change or the last good sync is older than `max_age`, so that an apply every night brings new devices in.\n\n" +
			aboutLimits + " Destroying the resource undoes nothing. It cannot be imported.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed: true, MarkdownDescription: "A random id; it names nothing at Apple.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"token_id": schema.StringAttribute{
				Required: true, Validators: tokenIDValidators(), MarkdownDescription: aboutTokenID + " Another token is another sync (replacement).",
				PlanModifiers: tf.OfToken(),
			},
			"kind": schema.StringAttribute{
				Optional: true, Computed: true, Default: stringdefault.StaticString(string(defaultKind)), Validators: kindValidators(),
				MarkdownDescription: aboutKind + " A change takes effect with the next run and starts none.",
			},
			"wait": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(defaultWait),
				MarkdownDescription: aboutWait + " The next plan looks whether it has ended.",
			},
			"on_throttled": schema.StringAttribute{
				Optional: true, Computed: true, Default: stringdefault.StaticString(defaultOnThrottled), Validators: onThrottledValidators(),
				MarkdownDescription: aboutOnThrottled + " A sync that was skipped is run by the first plan after that time.",
			},
			"triggers": schema.MapAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Any values, such as a date or an attribute of another resource. When one changes, the sync is done again, in place.",
			},
			"max_age": schema.StringAttribute{
				Optional: true, Validators: []validator.String{isMaxAge{}},
				MarkdownDescription: "How old the last good sync may become, whoever ran it, such as `24h`; at least `15m`, the time that one sync may take. " +
					"A plan that finds it older plans the sync again. Hours, minutes and seconds: `h`, `m`, `s`. Default: any age.",
			},
			"finished_at": schema.StringAttribute{
				Computed: true, CustomType: timetypes.RFC3339Type{},
				MarkdownDescription: "When the last good sync ended, RFC 3339 in UTC, as of the last run of this resource; null when none has ended well yet. " +
					"Later syncs of others are in the data source `asm_sync_status`.",
			},
			"last_kind": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "Kind of that sync: `full`, `incremental`, or `recovery` (a full fetch that Apple forced). " +
					"It is `incremental` where `full` was asked for too early. On Intune only the first sync of a token is known to be `full`; else it is `incremental`, or null for a sync that somebody else asked for.",
			},
			"timeouts": tf.Timeouts(ctx, timeouts.Opts{
				Create: true, CreateDescription: aboutTimeout,
				Update: true, UpdateDescription: aboutTimeout,
			}, aboutTimeouts),
		},
	}
}

// minMaxAge: a shorter age would be over before a sync is.
const minMaxAge = enrollment.SyncDeadline

type isMaxAge struct{}

// Description implements validator.String.
func (isMaxAge) Description(context.Context) string {
	return fmt.Sprintf("must be a duration of at least %s, such as 24h or 1h30m", shortDuration(minMaxAge))
}

// MarkdownDescription implements validator.String.
func (v isMaxAge) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

// ValidateString implements validator.String.
func (v isMaxAge) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if d, err := time.ParseDuration(req.ConfigValue.ValueString()); err != nil || d < minMaxAge {
		resp.Diagnostics.AddAttributeError(req.Path, "Unable to use this age", fmt.Sprintf("max_age %s; got %q.", v.Description(ctx), req.ConfigValue.ValueString()))
	}
}

func shortDuration(d time.Duration) string { return fmt.Sprintf("%dm", int(d.Minutes())) }
