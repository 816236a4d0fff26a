package tf

import "github.com/hashicorp/terraform-plugin-framework/diag"

// AsWarnings makes warnings of errors, for Create after its first irreversible
// step: an error there would have Terraform destroy and make anew what works.
// next, if there is something, is said after each: what becomes of it.
func AsWarnings(diags diag.Diagnostics, next string) diag.Diagnostics {
	var out diag.Diagnostics
	for _, d := range diags {
		if d.Severity() == diag.SeverityError {
			d = asWarning(d, next)
		}
		out.Append(d)
	}
	return out
}

func asWarning(d diag.Diagnostic, next string) diag.Diagnostic {
	detail := d.Detail()
	if next != "" {
		detail += " " + next
	}
	warning := diag.NewWarningDiagnostic(d.Summary(), detail)
	if at, ok := d.(diag.DiagnosticWithPath); ok {
		return diag.WithPath(at.Path(), warning)
	}
	return warning
}
