package embedded

import (
	"context"
	"iter"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

func errPolicies() error {
	return enrollment.Unsupported(enrollment.Embedded, "has no enrollment policies", "Use an enrollment profile (asm_enrollment_profile), or the intune service.")
}

// CreatePolicy is not supported.
func (s *Service) CreatePolicy(context.Context, enrollment.PolicySpec) (enrollment.Policy, error) {
	return enrollment.Policy{}, errPolicies()
}

// ReadPolicy is not supported.
func (s *Service) ReadPolicy(context.Context, string) (enrollment.Policy, error) {
	return enrollment.Policy{}, errPolicies()
}

// Policies is not supported.
func (s *Service) Policies(context.Context, string, enrollment.Platform) iter.Seq2[enrollment.Policy, error] {
	return func(yield func(enrollment.Policy, error) bool) { yield(enrollment.Policy{}, errPolicies()) }
}

// UpdatePolicy is not supported.
func (s *Service) UpdatePolicy(context.Context, string, enrollment.PolicySpec) (enrollment.Policy, error) {
	return enrollment.Policy{}, errPolicies()
}

// DeletePolicy is not supported.
func (s *Service) DeletePolicy(context.Context, string) error { return errPolicies() }

// PolicyTemplate implements enrollment.PolicyService.
func (s *Service) PolicyTemplate(context.Context, enrollment.Platform) (enrollment.PolicyTemplate, error) {
	return enrollment.PolicyTemplate{}, errPolicies()
}
