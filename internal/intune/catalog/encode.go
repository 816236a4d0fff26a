package catalog

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// Encode makes the settings of a policy, in the template's order. What has no form as text is sent as current has it.
func (t *Template) Encode(values enrollment.PolicyValues, current Current) ([]json.RawMessage, error) {
	settings := []json.RawMessage{}
	for _, r := range t.roots {
		if _, ok := values[r.definitionID]; !ok {
			continue
		}
		one, err := t.encode(r, values, current)
		if err != nil {
			return nil, fmt.Errorf("writing the setting %s: %w", r.definitionID, err)
		}
		raw, err := json.Marshal(setting{Type: typeSetting, Instance: one})
		if err != nil {
			return nil, fmt.Errorf("writing the setting %s: %w", r.definitionID, err)
		}
		settings = append(settings, raw)
	}
	return settings, nil
}

// encode makes one instance. It refers to the template where r has references: the admin center does so at the top, and nowhere
// below. Values of a collection have none: a policy appends them to those of the template.
func (t *Template) encode(r root, values enrollment.PolicyValues, current Current) (json.RawMessage, error) {
	id, value := r.definitionID, values[r.definitionID]
	one := instance{DefinitionID: id}
	if r.instanceID != "" {
		one.Template = &instanceReference{ID: r.instanceID}
	}
	var err error
	switch t.Settings[id].Kind {
	case enrollment.PolicyChoice:
		one.Type = typeChoice
		one.Choice, err = t.choice(r, values, current)
	case enrollment.PolicyText, enrollment.PolicyNumber:
		one.Type = typeSimple
		one.Simple, err = t.simple(id, value)
		if err == nil {
			one.Simple.Template = r.value()
		}
	case enrollment.PolicyList:
		one.Type = typeCollection
		one.Collection, err = t.collection(id, value)
	case enrollment.PolicyOther:
		return current.instances[id], nil
	}
	if err != nil {
		return nil, err
	}
	return json.Marshal(one)
}

func (r root) value() *valueReference {
	if r.valueID == "" {
		return nil
	}
	return &valueReference{ID: r.valueID}
}

func (t *Template) choice(r root, values enrollment.PolicyValues, current Current) (*choiceValue, error) {
	chosen := values[r.definitionID]
	c := &choiceValue{Type: typeChoiceValue, Template: r.value(), Value: chosen, Children: []json.RawMessage{}}
	for _, child := range t.below[chosen] {
		if _, ok := values[child]; !ok {
			continue
		}
		below, err := t.encode(root{definitionID: child}, values, current)
		if err != nil {
			return nil, err
		}
		c.Children = append(c.Children, below)
	}
	return c, nil
}

func (t *Template) collection(id, value string) (*[]simpleValue, error) {
	var texts []string
	if err := json.Unmarshal([]byte(value), &texts); err != nil {
		return nil, fmt.Errorf("it is no JSON array of strings: %w", err)
	}
	list := []simpleValue{}
	for _, text := range texts {
		v, err := t.simple(id, text)
		if err != nil {
			return nil, err
		}
		list = append(list, *v)
	}
	return &list, nil
}

func (t *Template) simple(id, value string) (*simpleValue, error) {
	if t.integers[id] {
		number, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("it is no whole number: %w", err)
		}
		return &simpleValue{Type: typeIntegerValue, Value: json.RawMessage(strconv.FormatInt(number, 10))}, nil
	}
	raw, err := json.Marshal(value)
	return &simpleValue{Type: typeStringValue, Value: raw}, err
}
