package tf

import (
	"context"

	actiontimeouts "github.com/hashicorp/terraform-plugin-framework-timeouts/action/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	actionschema "github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
)

// Timeouts is the attribute timeouts with a description of its own, which the
// module that makes it does not take.
func Timeouts(ctx context.Context, opts timeouts.Opts, description string) schema.Attribute {
	made := timeouts.Attributes(ctx, opts)
	if nested, ok := made.(schema.SingleNestedAttribute); ok {
		nested.MarkdownDescription = description
		return nested
	}
	return made
}

// ActionTimeouts is Timeouts for an action.
func ActionTimeouts(ctx context.Context, opts actiontimeouts.Opts, description string) actionschema.Attribute {
	made := actiontimeouts.AttributesWithOpts(ctx, opts)
	if nested, ok := made.(actionschema.SingleNestedAttribute); ok {
		nested.MarkdownDescription = description
		return nested
	}
	return made
}
