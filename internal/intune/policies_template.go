package intune

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"sync"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune/catalog"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune/graph"
)

const templatesPath = "/deviceManagement/configurationPolicyTemplates"

// knownTemplates are the templates of enrollment policies: a base id, which stays, and a version.
var knownTemplates = map[enrollment.Platform]string{
	enrollment.IOS:      "27d20e9c-50c1-48f8-a44c-f37de4510051_1",
	enrollment.MacOS:    "2e29557d-70fc-405a-8082-d1e5b6be2b8c_1",
	enrollment.TVOS:     "46af9f2a-ea44-41f5-9a93-baeebd93776e_1",
	enrollment.VisionOS: "b974d292-62c4-4853-bdab-166cf42df51c_1",
}

// templates are what was read of the templates, each once. Its zero value is empty.
type templates struct {
	once sync.Once
	gate gate
	// ids of the present version, by platform.
	ids  map[enrollment.Platform]string
	byID map[string]catalog.Template
}

func (t *templates) lock(ctx context.Context) (unlock func(), err error) {
	t.once.Do(func() {
		t.gate, t.ids, t.byID = newGate(), map[enrollment.Platform]string{}, map[string]catalog.Template{}
	})
	return t.gate.lock(ctx)
}

// PolicyTemplate implements enrollment.PolicyService.
func (s *Service) PolicyTemplate(ctx context.Context, platform enrollment.Platform) (enrollment.PolicyTemplate, error) {
	t, err := s.presentTemplate(ctx, platform)
	return t.PolicyTemplate, err
}

// presentTemplate is the template that new policies of a platform are made from.
func (s *Service) presentTemplate(ctx context.Context, platform enrollment.Platform) (catalog.Template, error) {
	if knownTemplates[platform] == "" {
		return catalog.Template{}, &enrollment.Error{
			Kind: enrollment.ErrInvalid, Field: "platform", What: fmt.Sprintf("There are no enrollment policies for the platform %q", platform),
			Do: "Give ios, macos, tvos or visionos.",
		}
	}
	unlock, err := s.templates.lock(ctx)
	if err != nil {
		return catalog.Template{}, s.failed(fmt.Sprintf("read the template of enrollment policies for %s", platform), err)
	}
	defer unlock()
	if s.templates.ids[platform] == "" {
		s.templates.ids[platform] = s.presentVersion(ctx, platform)
	}
	return s.readTemplate(ctx, platform, s.templates.ids[platform])
}

// templateOf is the template that a policy was made from, which may be an older version.
func (s *Service) templateOf(ctx context.Context, platform enrollment.Platform, id string) (catalog.Template, error) {
	unlock, err := s.templates.lock(ctx)
	if err != nil {
		return catalog.Template{}, s.failed(fmt.Sprintf("read the template %s of enrollment policies", id), err)
	}
	defer unlock()
	return s.readTemplate(ctx, platform, id)
}

// listedTemplate is deviceManagementConfigurationPolicyTemplate.
type listedTemplate struct {
	ID             string `json:"id"`
	BaseID         string `json:"baseId"`
	Version        int    `json:"version"`
	LifecycleState string `json:"lifecycleState"`
	TemplateFamily string `json:"templateFamily"`
}

// presentVersion looks for the newest version of a template that is in use. Where the list does not say, it is the known one:
// what is wrong shows when that is read.
func (s *Service) presentVersion(ctx context.Context, platform enrollment.Platform) string {
	id := knownTemplates[platform]
	base, _, _ := strings.Cut(id, "_")
	newest := 0
	query := url.Values{"$filter": {fmt.Sprintf("templateFamily eq '%s'", enrollmentFamily)}}
	for page, err := range s.graph.Pages(ctx, templatesPath, query) {
		if err != nil {
			return knownTemplates[platform]
		}
		for _, raw := range page {
			var t listedTemplate
			if json.Unmarshal(raw, &t) == nil && t.BaseID == base && t.LifecycleState == "active" && t.Version > newest {
				id, newest = t.ID, t.Version
			}
		}
	}
	return id
}

// readTemplate reads a template once. The caller holds the lock.
func (s *Service) readTemplate(ctx context.Context, platform enrollment.Platform, id string) (catalog.Template, error) {
	if t, ok := s.templates.byID[id]; ok {
		return t, nil
	}
	what := fmt.Sprintf("read the template %s of enrollment policies for %s", id, platform)
	var all []json.RawMessage
	path := templatesPath + "('" + graph.Segment(id) + "')/settingTemplates"
	for page, err := range s.graph.Pages(ctx, path, url.Values{"$expand": {"settingDefinitions"}, "$top": {"1000"}}) {
		if err != nil {
			return catalog.Template{}, s.failed(what, err)
		}
		all = append(all, page...)
	}
	t, err := catalog.ParseTemplate(id, platform, all)
	if err != nil {
		return catalog.Template{}, s.failed(what, err)
	}
	s.templates.byID[id] = t
	return t, nil
}
