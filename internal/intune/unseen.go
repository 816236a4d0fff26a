package intune

import (
	"fmt"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// unseen is the error of a request that Graph took and that was not seen to be carried out, by what untilVisible gave; nil if
// it was.
func (s *Service) unseen(what string, shows bool, err error) error {
	if shows && err == nil {
		return nil
	}
	out := &enrollment.Error{
		Kind: enrollment.ErrNotShown, What: fmt.Sprintf("Microsoft Graph took the request to %s and did not show it within %s", what, s.config.VisibleWithin),
		Do: "Look at the token in the Intune admin center, and plan again: nothing is sent where it shows by then.",
	}
	if err != nil {
		out.What, out.Err = fmt.Sprintf("Microsoft Graph took the request to %s, and it could not be read back", what), err
	}
	return out
}
