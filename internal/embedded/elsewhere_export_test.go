package embedded

import (
	"context"

	"github.com/asm-enrollment/terraform-provider-asm/internal/apple"
)

// Session is the use of a token's server token, as another program that has the same one uses it.
func (s *Service) Session(ctx context.Context, tokenID string) (*apple.Session, error) {
	session, _, err := s.session(ctx, tokenID)
	return session, err
}
