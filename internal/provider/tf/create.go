package tf

import "github.com/hashicorp/terraform-plugin-framework/diag"

// AsWarnings makes warnings of errors, for Create after its first irreversible
// step: an error there would have Terraform destroy and make anew what works.
func AsWarnings(diags diag.Diagnostics) diag.Diagnostics {
	var out diag.Diagnostics
	for _, d := range diags {
		if d.Severity() == diag.SeverityError {
			demoted := diag.NewWarningDiagnostic(d.Summary(), d.Detail())
			if at, ok := d.(diag.DiagnosticWithPath); ok {
				d = diag.WithPath(at.Path(), demoted)
			} else {
				d = demoted
			}
		}
		out.Append(d)
	}
	return out
}
