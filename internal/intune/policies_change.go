package intune

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune/catalog"
)

// UpdatePolicy implements enrollment.PolicyService. Graph replaces the whole policy: what nobody manages is sent as it is.
// Where nothing differs nothing is sent.
func (s *Service) UpdatePolicy(ctx context.Context, id string, spec enrollment.PolicySpec) (enrollment.Policy, error) {
	w, current, err := s.readPolicy(ctx, id)
	if err != nil {
		return enrollment.Policy{}, err
	}
	platform, err := w.platform()
	if err != nil {
		return enrollment.Policy{}, err
	}
	template, err := s.templateOf(ctx, platform, w.TemplateReference.TemplateID)
	if err != nil {
		return enrollment.Policy{}, err
	}
	spec.Platform = platform
	sent, err := compose(w.changed(spec), spec, template, current)
	if err != nil {
		return enrollment.Policy{}, err
	}
	wanted, err := catalog.Decode(sent.Settings)
	if err != nil {
		return enrollment.Policy{}, err
	}
	if !w.same(sent.wirePolicy) || !maps.Equal(current.Values, wanted.Values) {
		if err := s.putPolicy(ctx, w.ID, sent, wanted); err != nil {
			return enrollment.Policy{}, err
		}
	}
	sent.ID = w.ID
	return sent.policy(platform, template, wanted), nil
}

// putPolicy replaces a policy and waits until that shows. An answer of success proves nothing: what does not show is an error,
// or every plan would show the change again and every apply report that it was made.
func (s *Service) putPolicy(ctx context.Context, id string, sent sentPolicy, wanted catalog.Current) error {
	what := fmt.Sprintf("change enrollment policy %q (%s)", sent.Name, id)
	if _, err := s.graph.Send(ctx, http.MethodPut, policyPath(id), sent, nil, true); err != nil {
		return s.failed(what, err)
	}
	var differing []string
	shows, err := s.untilVisible(ctx, func(ctx context.Context) (bool, error) {
		now, current, err := s.readPolicy(ctx, id)
		differing = differingSettings(current.Values, wanted.Values)
		return err == nil && now.same(sent.wirePolicy) && len(differing) == 0, err
	})
	if err == nil && !shows {
		where := ""
		if len(differing) > 0 {
			where = " in " + strings.Join(differing, ", ")
		}
		err = &enrollment.Error{
			Kind: enrollment.ErrUnavailable, What: fmt.Sprintf("Unable to %s: Intune took the change and does not show it after %s%s", what, s.config.VisibleWithin, where),
			Do: "Plan again later. If the change is still not there, look at the policy in the Intune admin center.",
		}
	}
	return s.failed(what, err)
}

func differingSettings(a, b enrollment.PolicyValues) []string {
	ids := map[string]bool{}
	for _, values := range []enrollment.PolicyValues{a, b} {
		for id := range values {
			if a[id] != b[id] {
				ids[id] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

// DeletePolicy implements enrollment.PolicyService. A device whose policy is gone fails to enroll.
func (s *Service) DeletePolicy(ctx context.Context, id string) error {
	w, _, err := s.readPolicy(ctx, id)
	if err != nil {
		return err
	}
	if _, err := w.platform(); err != nil {
		return err
	}
	p := enrollment.Policy{ID: w.ID, PolicySpec: enrollment.PolicySpec{TokenID: w.tokenID(), Name: w.Name}}
	if err := s.checkPolicyUnused(ctx, p); err != nil {
		return err
	}
	what := fmt.Sprintf("delete enrollment policy %q (%s)", p.Name, p.ID)
	if _, err := s.graph.Send(ctx, http.MethodDelete, policyPath(p.ID), nil, nil, true); err != nil && !isGone(err) {
		return s.failed(what, err)
	}
	gone := false
	_, err = s.untilVisible(ctx, func(ctx context.Context) (bool, error) {
		if !gone {
			err := s.graph.Get(ctx, policyPath(p.ID), nil, new(wirePolicy))
			if gone = isGone(err); !gone {
				return false, err
			}
		}
		still, err := s.mirrored(ctx, p) // the token cannot be deleted before
		return !still, err
	})
	if err == nil && !gone {
		err = &enrollment.Error{
			Kind: enrollment.ErrUnavailable, What: fmt.Sprintf("Unable to %s: Intune took the request and still shows the policy after %s", what, s.config.VisibleWithin),
			Do: "Apply again, and look in the Intune admin center if it stays.",
		}
	}
	return s.failed(what, err)
}

func (s *Service) checkPolicyUnused(ctx context.Context, p enrollment.Policy) error {
	defaults, err := s.defaultFor(ctx, p)
	if err != nil {
		return err
	}
	n, err := s.devicesOn(ctx, p.TokenID, keyOf(p.ID))
	if err != nil || n == 0 && len(defaults) == 0 {
		return err
	}
	var uses []string
	if n > 0 {
		uses = append(uses, "is on "+enrollment.Count(n, "device"))
	}
	for _, platform := range defaults {
		uses = append(uses, fmt.Sprintf("is the default for %s", platform))
	}
	return &enrollment.Error{
		Kind: enrollment.ErrInUse, What: fmt.Sprintf("Enrollment policy %q %s", p.Name, strings.Join(uses, " and ")),
		Do: "Give the devices another policy or profile (asm_device_assignment), make another the default (asm_default_profile), apply, and destroy then: " +
			"a device whose policy is gone fails to enroll. Where a change replaces the policy, set create_before_destroy in its lifecycle block.",
	}
}
