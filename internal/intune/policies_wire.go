package intune

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune/catalog"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune/graph"
)

const (
	policiesPath = "/deviceManagement/configurationPolicies"

	// The words by which the settings catalog tells enrollment policies from all its other policies.
	enrollmentTechnology = "enrollment"
	enrollmentFamily     = "enrollmentConfiguration"
	// sourcePrefix stands before the id of the token that a policy belongs to.
	sourcePrefix = "DepTokenId_"
)

// graphPlatforms are the platforms as the settings catalog spells them.
var graphPlatforms = map[enrollment.Platform]string{
	enrollment.IOS: "iOS", enrollment.MacOS: "macOS", enrollment.TVOS: "tvOS", enrollment.VisionOS: "visionOS",
}

// policyPath has the key in the form that the admin center uses.
func policyPath(id string) string { return policiesPath + "('" + graph.Segment(id) + "')" }

// wirePolicy is deviceManagementConfigurationPolicy without its settings. All of it is sent with every change: a PUT replaces
// the policy, and is refused without creationSource.
type wirePolicy struct {
	ID                string            `json:"id,omitempty"`
	Name              string            `json:"name"`
	Description       *string           `json:"description"`
	Platforms         string            `json:"platforms"`
	Technologies      string            `json:"technologies"`
	TemplateReference templateReference `json:"templateReference"`
	CreationSource    string            `json:"creationSource"`
	RoleScopeTagIDs   []string          `json:"roleScopeTagIds"`
}

type templateReference struct {
	TemplateID     string `json:"templateId"`
	TemplateFamily string `json:"templateFamily"`
}

// sentPolicy is a policy as it is created and replaced.
type sentPolicy struct {
	wirePolicy
	Settings []json.RawMessage `json:"settings"`
}

// newPolicy is a policy that does not exist yet.
func newPolicy(spec enrollment.PolicySpec, templateID string) wirePolicy {
	w := wirePolicy{
		Name: spec.Name, Description: spec.Description, Platforms: graphPlatforms[spec.Platform], Technologies: enrollmentTechnology,
		TemplateReference: templateReference{TemplateID: templateID, TemplateFamily: enrollmentFamily},
		CreationSource:    sourcePrefix + spec.TokenID, RoleScopeTagIDs: spec.ScopeTagIDs,
	}
	if w.Description == nil {
		w.Description = new("")
	}
	if len(w.RoleScopeTagIDs) == 0 {
		w.RoleScopeTagIDs = []string{defaultScopeTag}
	}
	return w
}

// changed is the policy with what a specification says of it besides settings.
func (w wirePolicy) changed(spec enrollment.PolicySpec) wirePolicy {
	w.ID, w.Name = "", spec.Name
	if spec.Description != nil {
		w.Description = spec.Description
	}
	if len(spec.ScopeTagIDs) > 0 {
		w.RoleScopeTagIDs = spec.ScopeTagIDs
	}
	return w
}

// same tells whether two answers say the same besides settings. No description and an empty one are one.
func (w wirePolicy) same(other wirePolicy) bool {
	return w.Name == other.Name && value(w.Description) == value(other.Description) && sameSet(w.RoleScopeTagIDs, other.RoleScopeTagIDs)
}

// tokenID is the token that the policy was made for; "" for a policy of no token.
func (w wirePolicy) tokenID() string {
	id, ok := strings.CutPrefix(w.CreationSource, sourcePrefix)
	if !ok {
		return ""
	}
	return id
}

// platform tells the platform of an enrollment policy; an error says what else it is.
func (w wirePolicy) platform() (enrollment.Platform, error) {
	for platform, name := range graphPlatforms {
		if strings.EqualFold(w.Platforms, name) && strings.Contains(w.Technologies, enrollmentTechnology) && w.tokenID() != "" {
			return platform, nil
		}
	}
	return "", &enrollment.Error{
		Kind: enrollment.ErrInvalid, What: fmt.Sprintf("Policy %q (%s) is no enrollment policy for Apple devices: platforms %q, technologies %q, made from %q", w.Name, w.ID, w.Platforms, w.Technologies, w.CreationSource),
		Do: "Give the id of a policy from Enrollment program tokens, or the id of its mirror, ECV2_{token}_{policy}.",
	}
}

// policy is the domain's view of a policy and its settings.
func (w wirePolicy) policy(platform enrollment.Platform, template catalog.Template, current catalog.Current) enrollment.Policy {
	p := w.named(current.Values.Spec(platform))
	p.DefaultedSettings = current.Values.Defaulted(template.PolicyTemplate, nil)
	p.ImpliedSettings = current.Values.Implied(template.PolicyTemplate)
	return p
}

// brief is what a policy says of itself without its settings.
func (w wirePolicy) brief(platform enrollment.Platform) enrollment.Policy {
	return w.named(enrollment.PolicySpec{Platform: platform})
}

func (w wirePolicy) named(spec enrollment.PolicySpec) enrollment.Policy {
	p := enrollment.Policy{ID: w.ID, PolicySpec: spec}
	p.TokenID, p.Name = w.tokenID(), w.Name
	if value(w.Description) != "" {
		p.Description = w.Description
	}
	p.ScopeTagIDs = w.RoleScopeTagIDs
	p.ProfileID = mirrorPrefix + p.TokenID + "_" + p.ID
	return p
}
