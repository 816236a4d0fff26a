package catalog

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// Template is what policies of a platform may have, and how that is sent.
type Template struct {
	enrollment.PolicyTemplate
	// roots stand at the top of a policy, in the template's order.
	roots []root
	// below lists the settings that an option brings up, in the definition's order.
	below map[string][]string
	// integers are the settings, simple or collections, whose values are numbers.
	integers map[string]bool
}

type root struct {
	definitionID, instanceID, valueID string
}

// ParseTemplate reads the settingTemplates of a policy template, with their definitions expanded.
func ParseTemplate(id string, platform enrollment.Platform, settingTemplates []json.RawMessage) (Template, error) {
	t := Template{
		PolicyTemplate: enrollment.PolicyTemplate{ID: id, Platform: platform, Settings: map[string]enrollment.PolicySetting{}},
		below:          map[string][]string{}, integers: map[string]bool{},
	}
	f := family{required: map[string]bool{}, under: map[string][]string{}}
	var defined []definition
	for _, raw := range settingTemplates {
		var one settingTemplate
		if err := json.Unmarshal(raw, &one); err != nil {
			return Template{}, fmt.Errorf("reading the template %s: %w", id, err)
		}
		t.root(one)
		f.required[one.Instance.DefinitionID] = one.Instance.Required
		for _, d := range one.Definitions {
			t.define(d)
		}
		t.overrideDefault(one)
		defined = append(defined, one.Definitions...)
	}
	if len(t.roots) == 0 {
		return Template{}, fmt.Errorf("the template %s has no settings", id)
	}
	f.connect(defined, t.below)
	t.settle(f)
	return t, nil
}

func (t *Template) root(one settingTemplate) {
	r := root{definitionID: one.Instance.DefinitionID, instanceID: one.Instance.ID}
	for _, value := range []*valueTemplate{one.Instance.Choice, one.Instance.Simple} {
		if value != nil {
			r.valueID = value.ID
		}
	}
	t.roots = append(t.roots, r)
}

// define takes a definition over. Those of settings below another one may come with several templates.
func (t *Template) define(d definition) {
	s := enrollment.PolicySetting{ID: d.ID, DisplayName: d.DisplayName, Kind: d.kind()}
	if s.DisplayName == "" {
		s.DisplayName = d.Name
	}
	switch s.Kind {
	case enrollment.PolicyChoice:
		s.Default = d.DefaultOption
		for _, o := range d.Options {
			s.Options = append(s.Options, enrollment.PolicyOption{ID: o.ID, DisplayName: o.DisplayName, Under: optionsOf(o.DependentOn)})
		}
	case enrollment.PolicyText, enrollment.PolicyNumber:
		s.Default = d.defaultValue()
		d.bound(&s)
	case enrollment.PolicyList:
		s.MaximumCount = d.MaximumCount
		if d.MinimumCount == 0 {
			s.Default = "[]"
		}
		d.bound(&s)
	case enrollment.PolicyOther:
	}
	t.integers[d.ID] = d.Bounds != nil && d.Bounds.Type == typeIntegerBounds
	t.Settings[d.ID] = s
}

// kind is PolicyOther for what cannot be given as text: groups, collections of choices, and secrets, which may not be in state.
func (d definition) kind() enrollment.PolicySettingKind {
	number, text := false, false
	if d.Bounds != nil {
		number = d.Bounds.Type == typeIntegerBounds
		text = d.Bounds.Type == typeStringBounds && !d.Bounds.Secret
	}
	switch {
	case d.Type == typeChoiceDefinition:
		return enrollment.PolicyChoice
	case d.Type == typeSimpleDefinition && number:
		return enrollment.PolicyNumber
	case d.Type == typeSimpleDefinition && text:
		return enrollment.PolicyText
	case d.Type == typeCollectionDefinition && (number || text):
		return enrollment.PolicyList
	}
	return enrollment.PolicyOther
}

func (d definition) defaultValue() string {
	if d.Default == nil {
		return ""
	}
	text, _ := textOf(d.Default.Value) // another kind of default is none
	return text
}

func (d definition) bound(s *enrollment.PolicySetting) {
	s.Pattern = d.Bounds.Pattern
	s.Minimum, s.Maximum = d.Bounds.MinimumLength, d.Bounds.MaximumLength
	if d.Bounds.Type != typeIntegerBounds {
		return
	}
	s.Minimum, s.Maximum = math.MinInt64, math.MaxInt64
	if d.Bounds.MinimumValue != nil {
		s.Minimum = *d.Bounds.MinimumValue
	}
	if d.Bounds.MaximumValue != nil {
		s.Maximum = *d.Bounds.MaximumValue
	}
}

func optionsOf(on []dependentOn) []string {
	var options []string
	for _, one := range on {
		options = append(options, one.Option)
	}
	return options
}

// family is which settings stand below which options, and which of them are required.
type family struct {
	required map[string]bool
	under    map[string][]string
}

// connect notes what stands below which option. The options say it, in their order; a simple setting says it too.
func (f family) connect(defined []definition, below map[string][]string) {
	add := func(option, id string) {
		if option != "" && !slices.Contains(f.under[id], option) {
			f.under[id] = append(f.under[id], option)
			below[option] = append(below[option], id)
		}
	}
	for _, d := range defined {
		for _, o := range d.Options {
			for _, child := range o.DependedOnBy {
				add(o.ID, child.ID)
				f.required[child.ID] = f.required[child.ID] || child.Required
			}
		}
	}
	for _, d := range defined {
		for _, option := range optionsOf(d.DependentOn) {
			add(option, d.ID)
		}
	}
}

// overrideDefault lets the template's own default stand before the definition's, where it is one that can be sent.
func (t *Template) overrideDefault(one settingTemplate) {
	s := t.Settings[one.Instance.DefinitionID]
	for _, value := range []*valueTemplate{one.Instance.Choice, one.Instance.Simple} {
		if value == nil || value.Default == nil {
			continue
		}
		if slices.ContainsFunc(s.Options, func(o enrollment.PolicyOption) bool { return o.ID == value.Default.Option }) {
			s.Default = value.Default.Option
		}
		if text, ok := textOf(value.Default.Constant); ok && (s.Kind == enrollment.PolicyText || s.Kind == enrollment.PolicyNumber) {
			s.Default = text
		}
	}
	if s.ID != "" {
		t.Settings[s.ID] = s
	}
}

// settle writes down what is only known when every definition was read. A setting whose definition did not come cannot be
// sent; one that nothing brings up is none of the template's.
func (t *Template) settle(f family) {
	top := map[string]bool{}
	for _, r := range t.roots {
		top[r.definitionID] = true
		if _, ok := t.Settings[r.definitionID]; !ok {
			t.Settings[r.definitionID] = enrollment.PolicySetting{ID: r.definitionID, DisplayName: r.definitionID, Kind: enrollment.PolicyOther}
		}
	}
	for id, s := range t.Settings {
		s.Required = f.required[id]
		if !top[id] {
			s.Under = f.under[id]
		}
		t.Settings[id] = s
		if !top[id] && len(s.Under) == 0 {
			delete(t.Settings, id)
		}
	}
}

// textOf writes a text or a whole number as settings do.
func textOf(raw json.RawMessage) (string, bool) {
	var text string
	if json.Unmarshal(raw, &text) == nil && string(raw) != "null" {
		return text, true
	}
	var number json.Number
	if json.Unmarshal(raw, &number) == nil && number != "" {
		return number.String(), true
	}
	return "", false
}
