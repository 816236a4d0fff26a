package catalog

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"unicode/utf8"
)

// Only the message about a missing setting is Intune's; the words of the others were chosen here.
const missingSetting = "A required Setting in the template is not present in the policy"

func badRequest(format string, args ...any) *Refusal {
	return &Refusal{Status: http.StatusBadRequest, Code: "BadRequest", Message: fmt.Sprintf(format, args...)}
}

// checker holds a policy's settings against its template.
type checker struct {
	definitions map[string]*definition
	template    *template
}

func (c checker) settings(settings []setting) *Refusal {
	seen := map[string]bool{}
	for _, s := range settings {
		id := s.SettingInstance.DefinitionID
		if seen[id] {
			return badRequest("The setting '%s' is in the policy more than once.", id)
		}
		seen[id] = true
		if refusal := c.topLevel(s); refusal != nil {
			return refusal
		}
	}
	for _, slot := range c.template.settings {
		if slot.required && !seen[slot.definition.ID] {
			return badRequest("%s: '%s'.", missingSetting, slot.definition.ID)
		}
	}
	return nil
}

func (c checker) topLevel(s setting) *Refusal {
	i := s.SettingInstance
	if s.ODataType != "" && s.ODataType != graphType+"Setting" {
		return badRequest("A setting has the type '%s'.", s.ODataType)
	}
	slot := c.template.slot(i.DefinitionID)
	switch {
	case slot == nil && c.definitions[i.DefinitionID] == nil:
		return badRequest("There is no setting definition '%s'.", i.DefinitionID)
	case slot == nil:
		return badRequest("The setting '%s' is not in the template '%s'.", i.DefinitionID, c.template.ID)
	case i.TemplateReference == nil:
		return badRequest("The setting '%s' has no settingInstanceTemplateReference.", i.DefinitionID)
	case i.TemplateReference.TemplateID != slot.instance:
		return badRequest("The setting '%s' has the settingInstanceTemplateId '%s', which is not its own.",
			i.DefinitionID, i.TemplateReference.TemplateID)
	}
	if refusal := valueReferences(i, slot.value); refusal != nil {
		return refusal
	}
	return c.value(i, slot.definition, slot.value, "")
}

// valueReferences: the value of a setting that the template lists names its value template. Of the values of a collection,
// no request was ever captured; they may leave it out.
func valueReferences(i instance, want string) *Refusal {
	var missing bool
	switch {
	case i.Choice != nil:
		missing = i.Choice.TemplateReference == nil
	case i.Simple != nil:
		missing = i.Simple.TemplateReference == nil
	}
	if missing {
		return badRequest("The value of the setting '%s' has no settingValueTemplateReference; it is '%s'.", i.DefinitionID, want)
	}
	return nil
}

// value checks a setting's value, and what stands below it. valueTemplate is that of the setting at the top, which those
// below it may name too, as captured requests for macOS do; parentOption is the option that the setting stands below.
func (c checker) value(i instance, d *definition, valueTemplate, parentOption string) *Refusal {
	if want := instanceTypes[d.Kind]; i.ODataType != want {
		return badRequest("The setting '%s' has the type '%s' instead of '%s'.", d.ID, i.ODataType, want)
	}
	values := 0
	for _, has := range []bool{i.Choice != nil, i.Simple != nil, i.Collection != nil} {
		if has {
			values++
		}
	}
	switch {
	case values != 1:
		return badRequest("The setting '%s' has %d values.", d.ID, values)
	case d.Kind == kindChoice && i.Choice != nil:
		return c.choice(*i.Choice, d, valueTemplate, parentOption)
	case d.Kind == kindSimple && i.Simple != nil:
		return simple(*i.Simple, d, valueTemplate)
	case d.Kind == kindCollection && i.Collection != nil:
		return collection(*i.Collection, d, valueTemplate)
	default:
		return badRequest("The setting '%s' has a value of another kind.", d.ID)
	}
}

var instanceTypes = map[string]string{
	kindChoice: choiceInstanceType, kindSimple: simpleInstanceType, kindCollection: collectionType,
}

func (c checker) choice(v choiceValue, d *definition, valueTemplate, parentOption string) *Refusal {
	if v.ODataType != "" && v.ODataType != graphType+"ChoiceSettingValue" {
		return badRequest("The value of the setting '%s' has the type '%s'.", d.ID, v.ODataType)
	}
	if refusal := namedTemplate(v.TemplateReference, d, valueTemplate); refusal != nil {
		return refusal
	}
	chosen := d.option(v.Value)
	if chosen == nil {
		return badRequest("The setting '%s' has no option '%s'.", d.ID, v.Value)
	}
	if parentOption != "" && len(chosen.DependentOn) > 0 && !slices.Contains(chosen.DependentOn, parentOption) {
		return badRequest("The option '%s' is not to be had below '%s'.", v.Value, parentOption)
	}
	return c.children(v.Children, chosen, valueTemplate)
}

func (c checker) children(children []instance, chosen *option, valueTemplate string) *Refusal {
	seen := map[string]bool{}
	for _, below := range children {
		id := below.DefinitionID
		known := slices.ContainsFunc(chosen.Children, func(allowed child) bool { return allowed.ID == id })
		switch {
		case c.definitions[id] == nil:
			return badRequest("There is no setting definition '%s'.", id)
		case !known:
			return badRequest("The setting '%s' does not belong below the option '%s'.", id, chosen.ItemID)
		case seen[id]:
			return badRequest("The setting '%s' is in the policy more than once.", id)
		case below.TemplateReference != nil:
			return badRequest("The setting '%s' stands below an option and has no settingInstanceTemplateReference.", id)
		}
		seen[id] = true
		if refusal := c.value(below, c.definitions[id], valueTemplate, chosen.ItemID); refusal != nil {
			return refusal
		}
	}
	for _, wanted := range chosen.Children {
		if wanted.Required && !seen[wanted.ID] {
			return badRequest("%s: '%s', which the option '%s' needs.", missingSetting, wanted.ID, chosen.ItemID)
		}
	}
	return nil
}

func namedTemplate(reference *valueReference, d *definition, want string) *Refusal {
	if reference != nil && reference.TemplateID != want {
		return badRequest("The value of the setting '%s' has the settingValueTemplateId '%s', which is not its own.", d.ID, reference.TemplateID)
	}
	return nil
}

func collection(values []simpleValue, d *definition, valueTemplate string) *Refusal {
	if len(values) < d.MinimumCount || len(values) > d.MaximumCount {
		return badRequest("The setting '%s' has %d values; it takes %d to %d.", d.ID, len(values), d.MinimumCount, d.MaximumCount)
	}
	for _, v := range values {
		if refusal := simple(v, d, valueTemplate); refusal != nil {
			return refusal
		}
	}
	return nil
}

func simple(v simpleValue, d *definition, valueTemplate string) *Refusal {
	if refusal := namedTemplate(v.TemplateReference, d, valueTemplate); refusal != nil {
		return refusal
	}
	if d.ValueDefinition.isInteger() {
		return integer(v, d)
	}
	return text(v, d)
}

func integer(v simpleValue, d *definition) *Refusal {
	var n int64
	if v.ODataType != integerValueType || isNull(v.Value) || json.Unmarshal(v.Value, &n) != nil {
		return badRequest("The value of the setting '%s' is not an integer.", d.ID)
	}
	if least, most := d.ValueDefinition.MinimumValue, d.ValueDefinition.MaximumValue; n < least || n > most {
		return badRequest("The value %d of the setting '%s' is not between %d and %d.", n, d.ID, least, most)
	}
	return nil
}

func text(v simpleValue, d *definition) *Refusal {
	var s string
	if v.ODataType != stringValueType || isNull(v.Value) || json.Unmarshal(v.Value, &s) != nil {
		return badRequest("The value of the setting '%s' is not a string.", d.ID)
	}
	rule := d.ValueDefinition
	length := utf8.RuneCountInString(s)
	// A maximum of 0, as the carrier's URL has, is none: its own default is longer.
	if length < rule.MinimumLength || rule.MaximumLength > 0 && length > rule.MaximumLength {
		return badRequest("The value of the setting '%s' has %d characters; it takes %d to %d.", d.ID, length, rule.MinimumLength, rule.MaximumLength)
	}
	if rule.InputValidationSchema != "" && !regexp.MustCompile(rule.InputValidationSchema).MatchString(s) {
		return badRequest("The value of the setting '%s' does not match '%s'.", d.ID, rule.InputValidationSchema)
	}
	if _, err := base64.StdEncoding.DecodeString(s); rule.Format == "base64" && err != nil {
		return badRequest("The value of the setting '%s' is not base64.", d.ID)
	}
	return nil
}

func isNull(value json.RawMessage) bool { return len(value) == 0 || string(value) == "null" }
