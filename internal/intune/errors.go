package intune

import "fmt"

// failed turns an error of a request into one of the domain: what was to be done ("read token X"), what was answered, what to
// do. A permission that is missing is named.
func (s *Service) failed(what string, err error) error {
	return fmt.Errorf("%s: %w", what, err)
}
