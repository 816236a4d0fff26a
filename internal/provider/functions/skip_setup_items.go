package functions

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

type skipSetupItems struct{}

// NewSkipSetupItems makes the function skip_setup_items.
func NewSkipSetupItems() function.Function { return skipSetupItems{} }

// Metadata implements function.Function.
func (skipSetupItems) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "skip_setup_items"
}

// Definition implements function.Function.
func (skipSetupItems) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "All Setup Assistant keys of a platform and version",
		MarkdownDescription: "Lists Apple's keys of all Setup Assistant panes that a platform has in a version of its operating system, sorted: what " +
			"`skip_setup_items` takes to hide every pane. Apple adds panes with each version and takes others away; with this function the " +
			"version stands in the configuration, and not a list of fifty names that has to be kept up.",
		Parameters: []function.Parameter{
			function.StringParameter{Name: "platform", MarkdownDescription: "`ios` or `ipados` (the panes are the same), `macos`, `tvos` or `visionos`."},
			function.StringParameter{
				Name: "os_version",
				MarkdownDescription: "The version of the operating system: up to three numbers, such as `\"26\"`, `\"18.4\"` or `\"10.12.4\"`. A missing number is 0: " +
					"`\"26\"` is 26.0. For a version newer than this provider knows it is the panes that it knows.",
			},
		},
		Return: function.ListReturn{ElementType: types.StringType},
	}
}

// Run implements function.Function.
func (skipSetupItems) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var name, version string
	if resp.Error = req.Arguments.Get(ctx, &name, &version); resp.Error != nil {
		return
	}
	platform, err := platformOf(name)
	if err != nil {
		resp.Error = blame(0, err)
		return
	}
	keys, err := enrollment.SkipKeysFor(platform, version)
	if err != nil {
		resp.Error = blame(1, err)
		return
	}
	resp.Error = resp.Result.Set(ctx, keys)
}

// iPadOS is the domain's iOS: Apple's page of skip keys has both, always with the
// same versions.
const iPadOS enrollment.Platform = "ipados"

func platformOf(name string) (enrollment.Platform, error) {
	platform := enrollment.Platform(name)
	switch {
	case platform == iPadOS:
		return enrollment.IOS, nil
	case slices.Contains(enrollment.Platforms(), platform):
		return platform, nil
	}
	var allowed []string
	for _, p := range slices.Insert(enrollment.Platforms(), 1, iPadOS) {
		allowed = append(allowed, fmt.Sprintf("%q", p))
	}
	return "", fmt.Errorf("%q is not a platform with Setup Assistant keys. The platforms are %s", name, strings.Join(allowed, ", "))
}
