package catalog

import (
	"encoding/json"
	"fmt"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// Current is what a policy has.
type Current struct {
	// Values of all settings, at any depth. One that has no form as text (a group, a secret) has "".
	Values enrollment.PolicyValues
	// instances as the service gave them, to send back what has no other form.
	instances map[string]json.RawMessage
}

// Decode reads the settings of a policy.
func Decode(settings []json.RawMessage) (Current, error) {
	c := Current{Values: enrollment.PolicyValues{}, instances: map[string]json.RawMessage{}}
	for _, raw := range settings {
		var one setting
		err := json.Unmarshal(raw, &one)
		if err == nil {
			err = c.read(one.Instance)
		}
		if err != nil {
			return Current{}, fmt.Errorf("reading a setting of the policy: %w", err)
		}
	}
	return c, nil
}

func (c Current) read(raw json.RawMessage) error {
	var i instance
	if err := json.Unmarshal(raw, &i); err != nil {
		return err
	}
	c.instances[i.DefinitionID] = raw
	c.Values[i.DefinitionID] = i.value()
	if i.Choice == nil {
		return nil
	}
	for _, child := range i.Choice.Children {
		if err := c.read(child); err != nil {
			return err
		}
	}
	return nil
}

func (i instance) value() string {
	switch {
	case i.Choice != nil:
		return i.Choice.Value
	case i.Simple != nil:
		text, _ := i.Simple.text()
		return text
	case i.Collection != nil:
		return listOf(*i.Collection)
	}
	return ""
}

// text leaves secrets alone: the service gives their ids only, and state may not have them.
func (v simpleValue) text() (string, bool) {
	if v.Type != typeStringValue && v.Type != typeIntegerValue {
		return "", false
	}
	return textOf(v.Value)
}

func listOf(values []simpleValue) string {
	texts := []string{}
	for _, v := range values {
		text, ok := v.text()
		if !ok {
			return ""
		}
		texts = append(texts, text)
	}
	raw, _ := json.Marshal(texts) // strings always have a JSON form
	return string(raw)
}
