package sync

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// What the resource and the action have in common: the settings of a sync. An
// action's schema has no defaults, so that there null means the default.
const (
	defaultKind        = enrollment.IncrementalSync
	defaultWait        = true
	defaultOnThrottled = Skip
	// defaultTimeout is the 15 minutes of a sync and some room.
	defaultTimeout = 20 * time.Minute
)

func tokenIDValidators() []validator.String {
	return []validator.String{stringvalidator.LengthAtLeast(1)}
}

func kindValidators() []validator.String {
	return []validator.String{stringvalidator.OneOf(string(enrollment.FullSync), string(enrollment.IncrementalSync))}
}

func onThrottledValidators() []validator.String {
	return []validator.String{stringvalidator.OneOf(Skip, Wait, Error)}
}

const (
	aboutLimits = "Apple's limits hold whoever asks and however often: a full sync at most every seven days, 15 minutes for a sync, never two at once (a second one joins the first)."

	aboutTokenID = "Id of the `asm_token` whose devices are synced. It must have its server token."

	aboutKind = "`incremental` (default): what has changed since the last sync; the first sync of a token is full in any case. " +
		"`full`: every device; within seven days of the last full sync it runs as an incremental one, with a warning that says so. " +
		"Intune has one request for both and decides itself whether a sync is full: `full` is a wish there, with a warning that says so."

	aboutWait = "Whether to wait for the end of the sync. Default `true`. A sync that is not done after its 15 minutes, or after the timeout, is a warning: what it fetched is kept, and the next sync goes on with it. " +
		"With `false` the sync is only started; one that ends early, as the embedded service's does with the provider process, is gone on with by the next sync. " +
		"Intune's goes on by itself, at about 3,000 devices a minute: a large first sync takes longer than its 15 minutes."

	aboutOnThrottled = "What to do when a sync may not start yet. `skip` (default): a warning that says when it may. " +
		"`wait`: wait for that time, if the timeout leaves room for it. `error`: fail. " +
		"Intune takes one request in 15 minutes for each token, counted from when anybody last asked, Intune's own sync every 12 hours included."

	aboutTimeouts = "How long the provider waits for a sync. One that has not ended by then is a warning: what it fetched is kept, and the next sync goes on with it; one that Intune runs goes on by itself."

	aboutTimeout = "How long to wait, with `on_throttled = \"wait\"` for the start too, such as `45m`. Default `20m`."
)
