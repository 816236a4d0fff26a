package tf

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// AddError turns an error of a service into a diagnostic: the summary says
// "Unable to <verb> <thing>", the detail what happened and what to do. An error
// that blames an attribute is put there.
func AddError(diags *diag.Diagnostics, verb, thing string, err error) {
	AddErrorIn(diags, "", verb, thing, err)
}

// AddErrorIn is AddError where the attributes that errors blame are in the
// object of that name.
func AddErrorIn(diags *diag.Diagnostics, object, verb, thing string, err error) {
	summary := "Unable to " + verb + " " + thing
	detail := Sentence(err)
	var e *enrollment.Error
	if errors.As(err, &e) && e.Field != "" {
		field := e.Field
		if object != "" {
			field = object + "." + field
		}
		diags.AddAttributeError(FieldPath(field), summary, detail)
		return
	}
	diags.AddError(summary, detail)
}

// AddErrorAsWarning is AddError for what may not be an error: what fails in
// Create after the first irreversible step would have Terraform destroy and
// make anew what works.
func AddErrorAsWarning(diags *diag.Diagnostics, verb, thing string, err error, next string) {
	diags.AddWarning("Unable to "+verb+" "+thing, Sentence(err)+" "+next)
}

// AddWarnings hands on what a service warned of.
func AddWarnings(diags *diag.Diagnostics, warnings []enrollment.Warning) {
	for _, w := range warnings {
		diags.AddWarning(w.Summary, w.Detail)
	}
}

// AddViolations puts broken rules at their attributes.
func AddViolations(diags *diag.Diagnostics, violations []enrollment.Violation) {
	for _, v := range violations {
		diags.AddAttributeError(violationPath(v), v.Summary, v.Detail)
	}
}

func violationPath(v enrollment.Violation) path.Path {
	at := FieldPath(v.Field)
	if v.Element != "" {
		at = at.AtSetValue(types.StringValue(v.Element))
	}
	return at
}

// FieldPath reads "pairing.mode" as the path of an attribute.
func FieldPath(field string) path.Path {
	first, rest, nested := strings.Cut(field, ".")
	p := path.Root(first)
	for nested {
		first, rest, nested = strings.Cut(rest, ".")
		p = p.AtName(first)
	}
	return p
}

// Sentence writes an error as a sentence.
func Sentence(err error) string {
	text := err.Error()
	if text == "" {
		return "No reason was given."
	}
	text = strings.ToUpper(text[:1]) + text[1:]
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}

// Named lists up to most names in a sentence, and the number of the rest.
func Named(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
