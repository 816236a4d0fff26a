package signin

import "github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"

// invalid blames a setting of the provider's intune configuration.
func invalid(field, what, do string, err error) error {
	return &enrollment.Error{Kind: enrollment.ErrSignIn, Field: field, What: what, Do: do, Err: err}
}
