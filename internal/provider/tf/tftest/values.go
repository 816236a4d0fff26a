package tftest

import (
	"fmt"
	"maps"
	"math/big"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Config is a configuration: strings, bools, ints, []any, map[string]any or
// Config for nested objects, Unknown. What is left out is null.
type Config map[string]any

// With is a copy with more in it; a nil value takes an attribute out.
func (c Config) With(more Config) Config {
	out := Config{}
	for _, part := range []Config{c, more} {
		maps.Copy(out, part)
	}
	return out
}

type unknown struct{}

// String names it in a failure.
func (unknown) String() string { return "(known after apply)" }

// Unknown is a value that is known after apply.
var Unknown = unknown{}

// Diags is what a provider said.
type Diags []*tfprotov6.Diagnostic

// Errors gives each error as "path: summary: detail".
func (d Diags) Errors() []string { return d.of(tfprotov6.DiagnosticSeverityError) }

// Warnings gives each warning as "path: summary: detail".
func (d Diags) Warnings() []string { return d.of(tfprotov6.DiagnosticSeverityWarning) }

func (d Diags) of(severity tfprotov6.DiagnosticSeverity) []string {
	var out []string
	for _, one := range d {
		if one.Severity != severity {
			continue
		}
		text := one.Summary + ": " + one.Detail
		if one.Attribute != nil {
			text = pathText(one.Attribute) + ": " + text
		}
		out = append(out, text)
	}
	return out
}

func pathText(p *tftypes.AttributePath) string {
	var parts []string
	for _, step := range p.Steps() {
		parts = append(parts, fmt.Sprint(step))
	}
	return strings.Join(parts, ".")
}

// proposed merges as core does: the configuration where it says something, the
// prior state for computed attributes that it leaves out, null for write-only.
func proposed(schema *tfprotov6.Schema, prior State, config tftypes.Value) tftypes.Value {
	before := map[string]tftypes.Value{}
	if prior.Exists() {
		before = members(prior.Value)
	}
	return merged(schema.ValueType(), schema.Block.Attributes, before, config)
}

func merged(typ tftypes.Type, attributes []*tfprotov6.SchemaAttribute, before map[string]tftypes.Value, config tftypes.Value) tftypes.Value {
	configured, out := members(config), map[string]tftypes.Value{}
	for _, a := range attributes {
		value := configured[a.Name]
		old, had := before[a.Name]
		switch {
		case a.WriteOnly:
			value = tftypes.NewValue(value.Type(), nil)
		case value.IsNull() && a.Computed && had && (!a.Optional || a.NestedType == nil || !holdsConfigured(a.NestedType.Attributes, old)):
			value = old
		case a.NestedType != nil && a.NestedType.Nesting == tfprotov6.SchemaObjectNestingModeSingle && !value.IsNull() && value.IsKnown():
			value = merged(value.Type(), a.NestedType.Attributes, members(old), value)
		}
		out[a.Name] = value
	}
	return tftypes.NewValue(typ, out)
}

// holdsConfigured tells whether an object has a value that only a configuration
// can have given it: core then takes a configuration without it at its word.
func holdsConfigured(attributes []*tfprotov6.SchemaAttribute, object tftypes.Value) bool {
	values := members(object)
	for _, a := range attributes {
		if v, ok := values[a.Name]; ok && !v.IsNull() && !a.Computed {
			return true
		}
	}
	return false
}

// contradiction names an attribute that was known in the earlier value and is
// different in the later one.
func contradiction(earlier, later tftypes.Value) string {
	if earlier.IsNull() || later.IsNull() {
		if earlier.IsNull() != later.IsNull() {
			return "one is absent"
		}
		return ""
	}
	after := members(later)
	for name, was := range members(earlier) {
		now := after[name]
		switch {
		case was.IsFullyKnown() && !was.Equal(now):
			return fmt.Sprintf(".%s: was %s, but now %s", name, was, now)
		case was.Type().Is(tftypes.Object{}) && was.IsKnown() && !was.IsNull():
			if inner := contradiction(was, now); inner != "" {
				return "." + name + inner
			}
		}
	}
	return ""
}

func members(v tftypes.Value) map[string]tftypes.Value {
	out := map[string]tftypes.Value{}
	if v.Type() != nil && !v.IsNull() && v.IsKnown() {
		if err := v.As(&out); err != nil {
			panic(err)
		}
	}
	return out
}

func attribute(v tftypes.Value, name string) any {
	one, ok := members(v)[name]
	if !ok {
		panic(fmt.Sprintf("there is no attribute %q", name))
	}
	return plain(one)
}

func plain(v tftypes.Value) any {
	switch {
	case !v.IsKnown():
		return Unknown
	case v.IsNull():
		return nil
	case v.Type().Is(tftypes.String):
		return as[string](v)
	case v.Type().Is(tftypes.Bool):
		return as[bool](v)
	case v.Type().Is(tftypes.Number):
		n := as[big.Float](v)
		whole, _ := n.Int64()
		return whole
	case v.Type().Is(tftypes.Object{}), v.Type().Is(tftypes.Map{}):
		out := map[string]any{}
		for name, member := range members(v) {
			out[name] = plain(member)
		}
		return out
	default:
		var out []any
		for _, element := range as[[]tftypes.Value](v) {
			out = append(out, plain(element))
		}
		return out
	}
}

func as[T any](v tftypes.Value) T {
	var out T
	if err := v.As(&out); err != nil {
		panic(err)
	}
	return out
}

func toValue(t testing.TB, typ tftypes.Type, v any) tftypes.Value {
	t.Helper()
	switch v := v.(type) {
	case nil:
		return tftypes.NewValue(typ, nil)
	case unknown:
		return tftypes.NewValue(typ, tftypes.UnknownValue)
	case Config:
		return toComposite(t, typ, v)
	case map[string]any:
		return toComposite(t, typ, v)
	case []any:
		return toSequence(t, typ, v)
	default:
		return tftypes.NewValue(typ, v)
	}
}

func toComposite(t testing.TB, typ tftypes.Type, v map[string]any) tftypes.Value {
	t.Helper()
	out := map[string]tftypes.Value{}
	switch typ := typ.(type) {
	case tftypes.Object:
		for name := range v {
			if _, ok := typ.AttributeTypes[name]; !ok {
				t.Fatalf("there is no attribute %q", name)
			}
		}
		for name, member := range typ.AttributeTypes {
			out[name] = toValue(t, member, v[name])
		}
	case tftypes.Map:
		for name, member := range v {
			out[name] = toValue(t, typ.ElementType, member)
		}
	default:
		t.Fatalf("%v is no %s", v, typ)
	}
	return tftypes.NewValue(typ, out)
}

func toSequence(t testing.TB, typ tftypes.Type, v []any) tftypes.Value {
	t.Helper()
	var element tftypes.Type
	switch typ := typ.(type) {
	case tftypes.List:
		element = typ.ElementType
	case tftypes.Set:
		element = typ.ElementType
	default:
		t.Fatalf("%v is no %s", v, typ)
	}
	out := []tftypes.Value{}
	for _, one := range v {
		out = append(out, toValue(t, element, one))
	}
	return tftypes.NewValue(typ, out)
}
