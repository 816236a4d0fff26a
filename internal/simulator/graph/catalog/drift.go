package catalog

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Setting is a Setup Assistant pane that Microsoft has thought of overnight: hidden (_0, the default) or shown (_1).
type Setting struct {
	// ID is ade_setupassistant_ and a name.
	ID, DisplayName string
	// Platforms are those whose templates list it: iOS, macOS, tvOS, visionOS.
	Platforms []string
	// Required policies are refused without it.
	Required bool
}

// AddSetting brings a pane into the catalog and the templates of its platforms. Policies that are there stay as they are; new
// ones, and those that are replaced, have to have it if it is required.
func (c *Catalog) AddSetting(s Setting) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.ID == "" || len(s.Platforms) == 0 {
		return errors.New("catalog simulator: a setting has an id and platforms")
	}
	if c.definitions[s.ID] != nil {
		return fmt.Errorf("catalog simulator: there is a setting %q already; Require lists it", s.ID)
	}
	d := &definition{
		ID: s.ID, Kind: kindChoice, DisplayName: s.DisplayName, RootDefinitionID: s.ID, DefaultOptionID: s.ID + "_0",
		Platform: strings.Join(s.Platforms, ","), BaseURI: "./enrollment/ade", OffsetURI: "/setupAssistant/" + s.ID,
		Options: []option{{ItemID: s.ID + "_0", DisplayName: "Hide", Value: 0}, {ItemID: s.ID + "_1", DisplayName: "Show", Value: 1}},
	}
	if err := c.enlist(d, s.Required); err != nil {
		return err
	}
	c.definitions[d.ID] = d
	return nil
}

// enlist puts a setting into the templates of its platforms. The caller holds the lock.
func (c *Catalog) enlist(d *definition, required bool) error {
	listed := false
	for _, t := range c.templates {
		if len(t.settings) == 0 || !d.onPlatform(t.Platforms) {
			continue
		}
		listed = true
		if s := t.slot(d.ID); s != nil {
			s.required = s.required || required
		} else {
			t.add(loadData(), d, required)
		}
	}
	if !listed {
		return fmt.Errorf("catalog simulator: no template has a platform of %q (%s)", d.ID, d.Platform)
	}
	return nil
}

// Require makes settings required of every new and replaced policy, as Microsoft does from one day to the next. A setting that is
// defined but not in the templates of its platforms yet is put there.
func (c *Catalog) Require(settingIDs ...string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range settingIDs {
		d := c.definitions[id]
		if d == nil || !d.isRoot() {
			return fmt.Errorf("catalog simulator: there is no setting %q that a template could list", id)
		}
		if err := c.enlist(d, true); err != nil {
			return err
		}
	}
	return nil
}

// Withdraw takes settings out of all templates: a policy that has one is refused from now on. That has happened too.
func (c *Catalog) Withdraw(settingIDs ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.templates {
		t.settings = slices.DeleteFunc(t.settings, func(s *slot) bool { return slices.Contains(settingIDs, s.definition.ID) })
	}
}

// SetSetting changes one setting of a policy as somebody in the admin center would: value is an option's itemId, a string, a
// number or a list of strings, in Go's types or as decoded from JSON. What stands below an option that is chosen comes with its defaults; a setting that the policy does
// not have is added where the template lists it. A value that the catalog refuses is an error, and changes nothing.
func (c *Catalog) SetSetting(policyID, settingID string, value any) error {
	changed, err := c.setSetting(policyID, settingID, value)
	if err != nil {
		return err
	}
	tell(c.currentHooks(), ActionChange, changed)
	return nil
}

func (c *Catalog) setSetting(policyID, settingID string, value any) (Policy, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.policy(policyID)
	if p == nil {
		return Policy{}, noPolicy(policyID)
	}
	t := c.template(p.template.ID)
	settings := slices.Clone(p.settings)
	if !c.changed(settings, settingID, value) {
		s := t.slot(settingID)
		if s == nil {
			return Policy{}, badRequest("The policy has no setting '%s', and its template does not list it.", settingID)
		}
		added := c.fresh(s.definition, value, s.value)
		added.TemplateReference = &instanceReference{TemplateID: s.instance}
		settings = append(settings, setting{SettingInstance: added})
	}
	for _, s := range settings {
		if refusal := (checker{c.definitions, t}).topLevel(s); refusal != nil {
			return Policy{}, refusal
		}
	}
	p.settings, p.modified = settings, c.now()
	return p.public(), nil
}

// changed replaces the setting within the tree, and tells whether it was there.
func (c *Catalog) changed(settings []setting, id string, value any) bool {
	for i, s := range settings {
		if next, found := c.changedBelow(s.SettingInstance, id, value); found {
			settings[i].SettingInstance = next
			return true
		}
	}
	return false
}

func (c *Catalog) changedBelow(i instance, id string, value any) (instance, bool) {
	if i.DefinitionID == id {
		next := c.fresh(c.definitions[id], value, "")
		next.TemplateReference = i.TemplateReference
		keepReference(&next, i)
		return next, true
	}
	if i.Choice == nil {
		return i, false
	}
	for at, below := range i.Choice.Children {
		if next, found := c.changedBelow(below, id, value); found {
			choice := *i.Choice
			choice.Children = slices.Clone(choice.Children)
			choice.Children[at] = next
			i.Choice = &choice
			return i, true
		}
	}
	return i, false
}

// keepReference gives the new value the template reference that the old one had.
func keepReference(next *instance, old instance) {
	if next.Choice != nil && old.Choice != nil {
		next.Choice.TemplateReference = old.Choice.TemplateReference
	}
	if next.Simple != nil && old.Simple != nil {
		next.Simple.TemplateReference = old.Simple.TemplateReference
	}
}

// fresh makes a setting with the value, and below it what the option needs, with defaults.
func (c *Catalog) fresh(d *definition, value any, valueTemplate string) instance {
	i := instance{ODataType: instanceTypes[d.Kind], DefinitionID: d.ID}
	var reference *valueReference
	if valueTemplate != "" {
		reference = &valueReference{TemplateID: valueTemplate}
	}
	switch d.Kind {
	case kindChoice:
		chosen := fmt.Sprint(value)
		i.Choice = &choiceValue{Value: chosen, TemplateReference: reference, Children: c.defaultsBelow(d.option(chosen))}
	case kindSimple:
		simple := simpleOf(value)
		simple.TemplateReference = reference
		i.Simple = &simple
	default:
		values := valuesOf(value)
		i.Collection = &values
	}
	return i
}

func (c *Catalog) defaultsBelow(chosen *option) []instance {
	below := []instance{}
	if chosen == nil {
		return below
	}
	for _, wanted := range chosen.Children {
		if d := c.definitions[wanted.ID]; wanted.Required {
			below = append(below, c.fresh(d, d.preset(), ""))
		}
	}
	return below
}

// preset is the value that a setting has of itself.
func (d *definition) preset() any {
	if d.Kind == kindChoice {
		return d.DefaultOptionID
	}
	if n, isNumber := d.DefaultValue.(float64); isNumber {
		return int64(n)
	}
	return d.DefaultValue
}

func valuesOf(list any) []simpleValue {
	values := []simpleValue{}
	switch list := list.(type) {
	case []string:
		for _, text := range list {
			values = append(values, simpleOf(text))
		}
	case []any:
		for _, one := range list {
			values = append(values, simpleOf(one))
		}
	}
	return values
}

func simpleOf(value any) simpleValue {
	switch v := value.(type) {
	case int:
		return simpleValue{ODataType: integerValueType, Value: json.RawMessage(strconv.Itoa(v))}
	case int64:
		return simpleValue{ODataType: integerValueType, Value: json.RawMessage(strconv.FormatInt(v, 10))}
	case float64: // a number out of JSON
		return simpleValue{ODataType: integerValueType, Value: json.RawMessage(strconv.FormatFloat(v, 'f', -1, 64))}
	default:
		text, _ := json.Marshal(fmt.Sprint(v)) // a string always encodes
		return simpleValue{ODataType: stringValueType, Value: text}
	}
}

// SettingIDs are the settings that a platform's template lists, sorted; with required, only those.
func (c *Catalog) SettingIDs(platform string, required bool) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	ids := map[string]bool{}
	for _, t := range c.templates {
		for _, s := range t.settings {
			if t.Platforms == platform && (s.required || !required) {
				ids[s.definition.ID] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(ids))
}
