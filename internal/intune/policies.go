package intune

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune/catalog"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune/graph"
)

// CreatePolicy implements enrollment.PolicyService. Once Graph has made the policy nothing is a reason to fail: it returns
// when the policy and its mirror show, or when Config.VisibleWithin has passed.
func (s *Service) CreatePolicy(ctx context.Context, spec enrollment.PolicySpec) (enrollment.Policy, error) {
	token, err := s.tokenRow(ctx, spec.TokenID)
	if err != nil {
		return enrollment.Policy{}, err // Graph would take a policy of a token that does not exist
	}
	spec.TokenID = token.ID
	template, err := s.presentTemplate(ctx, spec.Platform)
	if err != nil {
		return enrollment.Policy{}, err
	}
	sent, err := compose(newPolicy(spec, template.ID), spec, template, catalog.Current{})
	if err != nil {
		return enrollment.Policy{}, err
	}
	current, err := catalog.Decode(sent.Settings) // before anything is made
	if err != nil {
		return enrollment.Policy{}, err
	}
	made, err := s.postPolicy(ctx, sent, spec.Platform)
	if err != nil {
		return enrollment.Policy{}, err
	}
	p := made.policy(spec.Platform, template, current)
	s.fleets.of(p.TokenID).directory.add(listedProfile{ID: p.ProfileID, Name: p.Name, platform: spec.Platform})
	_, _ = s.untilVisible(ctx, s.untilPolicyShows(p, made, current.Values)) // late is no failure: the next refresh reads it
	return p, nil
}

// compose makes what is sent of a specification, and refuses what the template would not take.
func compose(w wirePolicy, spec enrollment.PolicySpec, template catalog.Template, current catalog.Current) (sentPolicy, error) {
	violations := enrollment.CheckPolicy(spec, &template.PolicyTemplate)
	values, more := enrollment.ResolvePolicy(spec, template.PolicyTemplate, current.Values)
	if violations = append(violations, more...); len(violations) > 0 {
		v := violations[0]
		return sentPolicy{}, &enrollment.Error{Kind: enrollment.ErrInvalid, Field: v.Field, What: v.Summary, Do: v.Detail}
	}
	settings, err := template.Encode(values, current)
	if err != nil {
		return sentPolicy{}, &enrollment.Error{Kind: enrollment.ErrInvalid, What: fmt.Sprintf("The enrollment policy %q cannot be written", w.Name), Err: err}
	}
	return sentPolicy{wirePolicy: w, Settings: settings}, nil
}

// postPolicy makes a policy. An answer that did not come is made up for by looking for a policy that was not there before.
func (s *Service) postPolicy(ctx context.Context, sent sentPolicy, platform enrollment.Platform) (wirePolicy, error) {
	before, err := s.policiesOf(ctx, sent.tokenID(), platform)
	if err != nil {
		return wirePolicy{}, err
	}
	what := fmt.Sprintf("create enrollment policy %q under token %s", sent.Name, sent.tokenID())
	made := sent.wirePolicy
	var answer wirePolicy
	_, err = s.graph.Send(ctx, http.MethodPost, policiesPath, sent, &answer, false)
	if made.ID = answer.ID; err == nil && made.ID != "" {
		return made, nil
	}
	if err != nil && !inDoubt(err) {
		return wirePolicy{}, s.failed(what, err)
	}
	_, lookErr := s.within(ctx, findOutWithin, func(ctx context.Context) (bool, error) {
		now, err := s.policiesOf(ctx, sent.tokenID(), platform)
		for _, p := range now {
			if p.Name == sent.Name && !slices.ContainsFunc(before, func(b wirePolicy) bool { return b.ID == p.ID }) {
				made.ID = p.ID
			}
		}
		return made.ID != "", err
	})
	switch {
	case made.ID != "":
		return made, nil
	case err == nil || lookErr != nil:
		return wirePolicy{}, &enrollment.Error{
			Kind: enrollment.ErrUnanswered, What: "It is not known whether Microsoft Graph did " + what, Err: errors.Join(err, lookErr),
			Do: "Look in the Intune admin center: if the policy is there, import it; otherwise apply again.",
		}
	}
	return wirePolicy{}, s.failed(what, err)
}

// policiesOf lists the enrollment policies of a token for a platform.
func (s *Service) policiesOf(ctx context.Context, tokenID string, platform enrollment.Platform) ([]wirePolicy, error) {
	var found []wirePolicy
	for w, err := range s.eachPolicy(ctx, tokenID, platform) {
		if err != nil {
			return nil, err
		}
		found = append(found, w)
	}
	return found, nil
}

// eachPolicy yields the enrollment policies of a token for a platform ("" for all), a page at a time. Some of Intune's
// collections ignore a filter, so what comes is looked at again. After an error there is nothing more.
func (s *Service) eachPolicy(ctx context.Context, tokenID string, platform enrollment.Platform) iter.Seq2[wirePolicy, error] {
	what := fmt.Sprintf("list the enrollment policies of token %s", tokenID)
	return func(yield func(wirePolicy, error) bool) {
		for page, err := range s.graph.Pages(ctx, policiesPath, policiesQuery(tokenID, platform)) {
			if err != nil {
				yield(wirePolicy{}, s.failed(what, err))
				return
			}
			for _, raw := range page {
				var w wirePolicy
				if err := json.Unmarshal(raw, &w); err != nil {
					yield(w, s.failed(what, fmt.Errorf("%w: %w", graph.ErrUnexpectedAnswer, err)))
					return
				}
				p, err := w.platform()
				wanted := err == nil && (platform == "" || p == platform) && strings.EqualFold(w.tokenID(), tokenID)
				if wanted && !yield(w, nil) {
					return
				}
			}
		}
	}
}

func policiesQuery(tokenID string, platform enrollment.Platform) url.Values {
	filter := fmt.Sprintf("(technologies has '%s')", enrollmentTechnology)
	if platform != "" {
		filter += fmt.Sprintf(" and (platforms eq '%s')", graphPlatforms[platform])
	}
	return url.Values{"$filter": {filter + fmt.Sprintf(" and (creationSource eq '%s')", sourcePrefix+tokenID)}}
}

// Policies implements enrollment.PolicyService: a request for each page of policies, and none for each policy.
func (s *Service) Policies(ctx context.Context, tokenID string, platform enrollment.Platform) iter.Seq2[enrollment.Policy, error] {
	return func(yield func(enrollment.Policy, error) bool) {
		token, err := s.tokenRow(ctx, tokenID)
		if err != nil {
			yield(enrollment.Policy{}, err) // of a token that does not exist Graph would list none
			return
		}
		for w, err := range s.eachPolicy(ctx, token.ID, platform) {
			if err != nil {
				yield(enrollment.Policy{}, err)
				return
			}
			on, _ := w.platform() // what has none is not among them
			if !yield(w.brief(on), nil) {
				return
			}
		}
	}
}

// untilPolicyShows looks for a policy, its settings, and its mirror among the enrollment profiles, by which devices and
// defaults know it. What has shown once is not asked for again.
func (s *Service) untilPolicyShows(p enrollment.Policy, sent wirePolicy, values enrollment.PolicyValues) func(context.Context) (bool, error) {
	written := false
	return func(ctx context.Context) (bool, error) {
		if !written {
			w, current, err := s.readPolicy(ctx, p.ID)
			if errors.Is(err, enrollment.ErrNotFound) {
				return false, nil
			}
			if written = err == nil && w.same(sent) && maps.Equal(current.Values, values); !written {
				return false, err
			}
		}
		return s.mirrored(ctx, p)
	}
}

func (s *Service) mirrored(ctx context.Context, p enrollment.Policy) (bool, error) {
	all, err := s.readProfiles(ctx, p.TokenID, "")
	return slices.ContainsFunc(all, func(entry listedProfile) bool { return keyOf(entry.ID) == keyOf(p.ID) }), err
}

// ReadPolicy implements enrollment.PolicyService. The id may be the mirror's. All attributes and all settings are read.
func (s *Service) ReadPolicy(ctx context.Context, id string) (enrollment.Policy, error) {
	w, current, err := s.readPolicy(ctx, id)
	if err != nil {
		return enrollment.Policy{}, err
	}
	platform, err := w.platform()
	if err != nil {
		return enrollment.Policy{}, err
	}
	template, err := s.templateOf(ctx, platform, w.TemplateReference.TemplateID)
	if err != nil && !errors.Is(err, enrollment.ErrNotFound) { // a template that is gone has no defaults
		return enrollment.Policy{}, err
	}
	p := w.policy(platform, template, current)
	p.IsDefaultFor, err = s.defaultFor(ctx, p)
	return p, err
}

func (s *Service) readPolicy(ctx context.Context, id string) (wirePolicy, catalog.Current, error) {
	key := keyOf(id)
	if guid.FindString(key) != key || key == "" {
		return wirePolicy{}, catalog.Current{}, enrollment.NotFound("enrollment policy", id) // nothing else can be its id
	}
	what := fmt.Sprintf("read enrollment policy %s", key)
	var w wirePolicy
	err := s.graph.Get(ctx, policyPath(key), nil, &w)
	if isGone(err) {
		return w, catalog.Current{}, enrollment.NotFound("enrollment policy", id)
	}
	var settings []json.RawMessage
	if err == nil {
		settings, err = s.policySettings(ctx, key)
	}
	if err != nil {
		return w, catalog.Current{}, s.failed(what, err)
	}
	current, err := catalog.Decode(settings)
	return w, current, s.failed(what, err)
}

// policySettings reads all pages: the first has 25 settings, and an enrollment policy has more.
func (s *Service) policySettings(ctx context.Context, id string) ([]json.RawMessage, error) {
	var all []json.RawMessage
	for page, err := range s.graph.Pages(ctx, policyPath(id)+"/settings", nil) {
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
	}
	return all, nil
}

func (s *Service) defaultFor(ctx context.Context, p enrollment.Policy) ([]enrollment.Platform, error) {
	defaults, err := s.defaultKeys(ctx, p.TokenID)
	var on []enrollment.Platform
	for _, platform := range enrollment.Platforms() {
		if defaults[platform] == keyOf(p.ID) {
			on = append(on, platform)
		}
	}
	return on, err
}
