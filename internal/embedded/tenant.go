package embedded

import (
	"context"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

func errTenant(what string) error {
	return enrollment.Unsupported(enrollment.Embedded, "has no "+what+" to look at", "Your MDM has it: look there.")
}

// PushCertificate implements enrollment.TenantService.
func (s *Service) PushCertificate(context.Context) (enrollment.PushCertificate, error) {
	return enrollment.PushCertificate{}, errTenant("push certificate")
}

// Prerequisites implements enrollment.TenantService.
func (s *Service) Prerequisites(context.Context, enrollment.PrerequisitesRequest) ([]enrollment.Prerequisite, error) {
	return nil, errTenant("tenant")
}
