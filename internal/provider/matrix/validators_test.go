package matrix

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/provider"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

// refusal is a configuration that one validator refuses.
type refusal struct {
	// path is the attribute that has the validator, "" for one of the whole
	// configuration.
	path string
	// validator is what it says of itself, or its Go type where it says nothing.
	validator string
	// value is what the attribute has, beside with.
	value any
	with  config
	// at is the path of the error where it is another, says a part of its text that
	// tells what to do.
	at, says string
}

// TestEveryValidatorRefuses fails for a validator that no case makes refuse
// something, and for a case whose validator is not there any more.
func TestEveryValidatorRefuses(t *testing.T) {
	t.Parallel()
	served := map[string]map[string]object{"resource": resources(t.Context()), "data": dataSources(t.Context()), "list": lists(t.Context()), "action": actions(t.Context())}
	d := tftest.New(t, &tf.Runtime{}, provider.New("test")().Resources(t.Context()), provider.New("test")().DataSources(t.Context()),
		tftest.WithListResources(servedLists(t.Context())...), tftest.WithActions(servedActions(t.Context())...))
	validate := map[string]func(name string, c config) tftest.Diags{
		"resource": d.Validate,
		"data":     func(name string, c config) tftest.Diags { _, diags := d.ReadData(name, c); return diags },
		"list":     func(name string, c config) tftest.Diags { return d.ValidateList(name, tftest.Query{Config: c}) },
		"action":   d.PlanAction,
	}
	for kind, objects := range served {
		for name, o := range objects {
			t.Run(kind+" "+name, func(t *testing.T) {
				refuse(t, o, refusals[kind+" "+name], func(c config) tftest.Diags { return validate[kind](name, c) })
			})
		}
	}
	t.Run("provider", func(t *testing.T) {
		refuse(t, providerConfiguration(t.Context()), refusals["provider"], func(c config) tftest.Diags {
			return tftest.ValidateProvider(t, provider.New("test")(), c)
		})
	})
	for of := range refusals {
		kind, name, named := strings.Cut(of, " ")
		if _, there := served[kind][name]; named && !there {
			t.Errorf("there are cases for %s, which is not served", of)
		}
	}
}

func refuse(t *testing.T, o object, cases []refusal, validate func(config) tftest.Diags) {
	t.Helper()
	key := func(path, validator string) string { return path + ": " + validator }
	open := map[string]bool{}
	for _, v := range o.whole {
		open[key("", described(v))] = true
	}
	for path, a := range o.attributes {
		for _, v := range a.validators {
			open[key(path, described(v))] = true
		}
	}
	for _, c := range cases {
		if _, there := open[key(c.path, c.validator)]; !there {
			t.Errorf("there is no validator %q", key(c.path, c.validator))
			continue
		}
		open[key(c.path, c.validator)] = false
		cfg := config{}
		maps.Copy(cfg, c.with)
		if c.path != "" {
			put(cfg, strings.ReplaceAll(c.path, ".*", ""), c.value)
		}
		at := c.path
		if c.at != "" {
			at = c.at
		}
		if diags := validate(cfg); !refused(diags.Errors(), at, c.says) {
			t.Errorf("%s: %v is refused with\n  %s\nwant an error at %q that says %q", c.path, c.value, strings.Join(diags.Errors(), "\n  "), at, c.says)
		}
	}
	for missing, yes := range open {
		if yes {
			t.Errorf("no case makes this validator refuse anything: %q", missing)
		}
	}
}

// refused: one error is at the attribute, or inside it, and says what to do.
func refused(problems []string, at, says string) bool {
	for _, problem := range problems {
		where, _, _ := strings.Cut(problem, ": ")
		if (where == at || strings.HasPrefix(where, at+".") || at == "") && strings.Contains(problem, says) {
			return true
		}
	}
	return false
}

func described(v any) string {
	if d, is := v.(interface{ Description(context.Context) string }); is {
		if text := d.Description(context.Background()); text != "" {
			return text
		}
	}
	return fmt.Sprintf("%T", v)
}
