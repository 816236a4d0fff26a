package matrix

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/list"
	frameworkprovider "github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/asm-enrollment/terraform-provider-asm/internal/provider"
)

// schemaAttribute is one attribute of a schema, at whatever depth.
type schemaAttribute struct {
	path       string
	required   bool
	optional   bool
	validators []any
}

// object is something that the provider serves: its schema, and the validators
// of its whole configuration.
type object struct {
	attributes map[string]schemaAttribute
	whole      []any
}

// paths lists the attributes, sorted.
func (o object) paths() []string { return slices.Sorted(maps.Keys(o.attributes)) }

// resources are the resources that the provider serves, by type.
func resources(ctx context.Context) map[string]object {
	out := map[string]object{}
	for _, made := range provider.New("test")().Resources(ctx) {
		r := made()
		var name resource.MetadataResponse
		r.Metadata(ctx, resource.MetadataRequest{ProviderTypeName: "asm"}, &name)
		var served resource.SchemaResponse
		r.Schema(ctx, resource.SchemaRequest{}, &served)
		o := object{attributes: attributesOf(served.Schema)}
		if with, has := r.(resource.ResourceWithConfigValidators); has {
			o.whole = anys(with.ConfigValidators(ctx))
		}
		out[name.TypeName] = o
	}
	return out
}

// dataSources are the data sources that the provider serves, by type.
func dataSources(ctx context.Context) map[string]object {
	out := map[string]object{}
	for _, made := range provider.New("test")().DataSources(ctx) {
		d := made()
		var name datasource.MetadataResponse
		d.Metadata(ctx, datasource.MetadataRequest{ProviderTypeName: "asm"}, &name)
		var served datasource.SchemaResponse
		d.Schema(ctx, datasource.SchemaRequest{}, &served)
		o := object{attributes: attributesOf(served.Schema)}
		if with, has := d.(datasource.DataSourceWithConfigValidators); has {
			o.whole = anys(with.ConfigValidators(ctx))
		}
		out[name.TypeName] = o
	}
	return out
}

// servedLists are the list resources of the provider.
func servedLists(ctx context.Context) []func() list.ListResource {
	p, serves := provider.New("test")().(frameworkprovider.ProviderWithListResources)
	if !serves {
		return nil
	}
	return p.ListResources(ctx)
}

// lists are the list resources that the provider serves, by type.
func lists(ctx context.Context) map[string]object {
	out := map[string]object{}
	for _, made := range servedLists(ctx) {
		l := made()
		var name resource.MetadataResponse
		l.Metadata(ctx, resource.MetadataRequest{ProviderTypeName: "asm"}, &name)
		var served list.ListResourceSchemaResponse
		l.ListResourceConfigSchema(ctx, list.ListResourceSchemaRequest{}, &served)
		o := object{attributes: attributesOf(served.Schema)}
		if with, has := l.(list.ListResourceWithConfigValidators); has {
			o.whole = anys(with.ListResourceConfigValidators(ctx))
		}
		out[name.TypeName] = o
	}
	return out
}

// servedActions are the actions of the provider.
func servedActions(ctx context.Context) []func() action.Action {
	p, serves := provider.New("test")().(frameworkprovider.ProviderWithActions)
	if !serves {
		return nil
	}
	return p.Actions(ctx)
}

// actions are the actions that the provider serves, by type.
func actions(ctx context.Context) map[string]object {
	out := map[string]object{}
	for _, made := range servedActions(ctx) {
		a := made()
		var name action.MetadataResponse
		a.Metadata(ctx, action.MetadataRequest{ProviderTypeName: "asm"}, &name)
		var served action.SchemaResponse
		a.Schema(ctx, action.SchemaRequest{}, &served)
		o := object{attributes: attributesOf(served.Schema)}
		if with, has := a.(action.ActionWithConfigValidators); has {
			o.whole = anys(with.ConfigValidators(ctx))
		}
		out[name.TypeName] = o
	}
	return out
}

// functionParameters are the names of the parameters of each function that the
// provider serves, the variadic one last.
func functionParameters(ctx context.Context) map[string][]string {
	out := map[string][]string{}
	p, serves := provider.New("test")().(frameworkprovider.ProviderWithFunctions)
	if !serves {
		return out
	}
	for _, made := range p.Functions(ctx) {
		f := made()
		var name function.MetadataResponse
		f.Metadata(ctx, function.MetadataRequest{}, &name)
		var served function.DefinitionResponse
		f.Definition(ctx, function.DefinitionRequest{}, &served)
		out[name.Name] = []string{}
		for _, parameter := range served.Definition.Parameters {
			out[name.Name] = append(out[name.Name], parameter.GetName())
		}
		if rest := served.Definition.VariadicParameter; rest != nil {
			out[name.Name] = append(out[name.Name], rest.GetName())
		}
	}
	return out
}

// providerConfiguration is the configuration of the provider itself.
func providerConfiguration(ctx context.Context) object {
	p := provider.New("test")()
	var served frameworkprovider.SchemaResponse
	p.Schema(ctx, frameworkprovider.SchemaRequest{}, &served)
	o := object{attributes: attributesOf(served.Schema)}
	if with, has := p.(frameworkprovider.ProviderWithConfigValidators); has {
		o.whole = anys(with.ConfigValidators(ctx))
	}
	return o
}

func anys[T any](in []T) []any {
	out := make([]any, 0, len(in))
	for _, one := range in {
		out = append(out, one)
	}
	return out
}

// attributesOf walks a schema of the framework. Resources, data sources, actions,
// lists and the provider each have Go types of their own for the same things, so
// it goes by the names of their fields.
func attributesOf(schema any) map[string]schemaAttribute {
	out := map[string]schemaAttribute{}
	walk("", reflect.ValueOf(schema), out)
	return out
}

func walk(prefix string, schema reflect.Value, out map[string]schemaAttribute) {
	attributes := schema.FieldByName("Attributes")
	if !attributes.IsValid() {
		return
	}
	for iterator := attributes.MapRange(); iterator.Next(); {
		path := prefix + iterator.Key().String()
		one := reflect.ValueOf(iterator.Value().Interface())
		out[path] = schemaAttribute{
			path: path, required: flagOf(one, "Required"), optional: flagOf(one, "Optional"), validators: validatorsOf(one),
		}
		walk(path+".", one, out)
		if nested := one.FieldByName("NestedObject"); nested.IsValid() {
			if inner := validatorsOf(nested); len(inner) > 0 {
				out[path+".*"] = schemaAttribute{path: path + ".*", validators: inner}
			}
			walk(path+".", nested, out)
		}
	}
}

func flagOf(attribute reflect.Value, name string) bool {
	field := attribute.FieldByName(name)
	return field.IsValid() && field.Bool()
}

func validatorsOf(of reflect.Value) []any {
	field := of.FieldByName("Validators")
	var out []any
	for i := 0; field.IsValid() && i < field.Len(); i++ {
		out = append(out, field.Index(i).Interface())
	}
	return out
}

// TestEveryAttributeOfEveryResourceHasItsCases fails for an attribute without a
// case, for a case without an attribute, and for a phase that is left out without
// a reason.
func TestEveryAttributeOfEveryResourceHasItsCases(t *testing.T) {
	t.Parallel()
	specified := map[string][]attribute{}
	for _, s := range specifications() {
		specified[s.resource] = s.attributes
	}
	served := resources(t.Context())
	for name := range specified {
		if _, there := served[name]; !there {
			t.Errorf("%s has cases and is not served", name)
		}
	}
	for name, o := range served {
		cases := map[string]attribute{}
		for _, a := range specified[name] {
			if _, twice := cases[a.path]; twice {
				t.Errorf("%s.%s has two cases", name, a.path)
			}
			cases[a.path] = a
		}
		for path, schema := range o.attributes {
			a, has := cases[path]
			if !has {
				t.Errorf("%s.%s has no case", name, path)
				continue
			}
			for _, problem := range a.incomplete(schema) {
				t.Errorf("%s.%s: %s", name, path, problem)
			}
		}
		for path := range cases {
			if _, there := o.attributes[path]; !there {
				t.Errorf("%s.%s has a case and is not in the schema", name, path)
			}
		}
	}
}

// incomplete says what is missing in a case, or contradicts the schema.
func (a attribute) incomplete(schema schemaAttribute) []string {
	var out []string
	if a.embedded == nil && a.intune == nil {
		out = append(out, "the case is for no service")
	}
	for name, s := range map[string]*service{"embedded": a.embedded, "intune": a.intune} {
		if s == nil {
			if a.elsewhere == "" {
				out = append(out, "nothing says what the attribute is on "+name)
			}
			continue
		}
		for p, why := range s.allReasons(a) {
			if strings.TrimSpace(why) == "" || !slices.Contains(phases, p) {
				out = append(out, fmt.Sprintf("%s is left out on %s without a reason, or is no phase", p, name))
			}
		}
		computed := !schema.required && !schema.optional
		if a.valueOf(s, set) == nil && s.allReasons(a)[set] == "" && !computed {
			out = append(out, "there is no value to set on "+name)
		}
		if computed != (a.reads != nil) {
			out = append(out, "a computed attribute, and no other, says what it reads")
		}
		if schema.required != (s.allReasons(a)[removed] == required) {
			out = append(out, "a required attribute, and no other, cannot be removed on "+name)
		}
	}
	return out
}
