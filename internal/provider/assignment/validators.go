package assignment

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// largestSet is the largest set of serial numbers: what sets cost grows with
// the square of their size.
const largestSet = 1000

func hasUnknown(set types.Set) bool {
	for _, e := range set.Elements() {
		if e.IsUnknown() {
			return true
		}
	}
	return false
}

type mostSerials struct{}

// Description implements validator.Describer.
func (mostSerials) Description(context.Context) string { return "at most 1,000 serial numbers" }

// MarkdownDescription implements validator.Describer.
func (v mostSerials) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

// ValidateSet implements validator.Set.
func (mostSerials) ValidateSet(_ context.Context, req validator.SetRequest, resp *validator.SetResponse) {
	if n := len(req.ConfigValue.Elements()); n > largestSet {
		resp.Diagnostics.AddAttributeError(req.Path, "Too many serial numbers in a set",
			fmt.Sprintf("The set has %d and at most %d are taken: sets of that size take minutes to plan. "+
				"Put them in a file and give serial_numbers_file, or join them with blanks and give serial_number_list.", n, largestSet))
	}
}

type serialNumbers struct{}

// Description implements validator.Describer.
func (serialNumbers) Description(context.Context) string { return "serial numbers" }

// MarkdownDescription implements validator.Describer.
func (v serialNumbers) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

// ValidateSet implements validator.Set.
func (serialNumbers) ValidateSet(ctx context.Context, req validator.SetRequest, resp *validator.SetResponse) {
	if req.ConfigValue.IsUnknown() {
		return
	}
	if _, err := enrollment.NormalSerials(stringsOf(ctx, req.ConfigValue, &resp.Diagnostics)); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Unable to read the serial numbers", err.Error())
	}
}

type serialList struct{}

// Description implements validator.Describer.
func (serialList) Description(context.Context) string { return "serial numbers on one line" }

// MarkdownDescription implements validator.Describer.
func (v serialList) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

// ValidateString implements validator.String.
func (serialList) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsUnknown() || req.ConfigValue.IsNull() {
		return
	}
	list := strings.TrimSpace(req.ConfigValue.ValueString())
	if strings.ContainsAny(list, "\r\n") {
		resp.Diagnostics.AddAttributeError(req.Path, "Serial numbers on several lines",
			"A change of a long text of many lines takes minutes to show. Put the serial numbers on one line, for example with "+
				`join(" ", ...) or replace(trimspace(file("ipads.txt")), "\n", " "), or give the path of the file as serial_numbers_file.`)
		return
	}
	if strings.Contains(list, "#") {
		resp.Diagnostics.AddAttributeError(req.Path, "A comment among serial numbers on one line",
			"On one line a \"#\" would hide every serial number after it. Take comments out, or give the path of the file as serial_numbers_file, where each ends with its line.")
		return
	}
	if _, err := enrollment.ParseSerials([]byte(list)); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Unable to read the serial numbers", err.Error())
	}
}

type changeLimit struct{}

// Description implements validator.Describer.
func (changeLimit) Description(context.Context) string { return "a number of devices or a percentage" }

// MarkdownDescription implements validator.Describer.
func (v changeLimit) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

// ValidateString implements validator.String.
func (changeLimit) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsUnknown() || req.ConfigValue.IsNull() {
		return
	}
	if _, err := enrollment.ParseChangeLimit(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Unusable limit", err.Error())
	}
}
