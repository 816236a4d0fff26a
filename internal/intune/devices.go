package intune

import (
	"context"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// forget drops the view of a token's devices: a sync has changed them.
func (s *Service) forget(tokenID string) {}

// devicesOn counts the devices that have a profile or policy, by its key.
func (s *Service) devicesOn(ctx context.Context, tokenID, key string) (int, error) {
	panic("being written")
}

// defaultKeys gives the key of the default profile of each platform that has one.
func (s *Service) defaultKeys(ctx context.Context, tokenID string) (map[enrollment.Platform]string, error) {
	panic("being written")
}
