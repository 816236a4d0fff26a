package sync_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

const examples = "../../../examples/actions/asm_device_sync/"

// The command line tools that run the other examples may know no actions, so
// these are read here, and their actions planned and invoked over the protocol.
func TestExamplesOfTheActionAreInvoked(t *testing.T) {
	files, err := filepath.Glob(examples + "*.tf")
	if err != nil || len(files) < 3 {
		t.Fatalf("%q, %v", files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			declared, triggered := readExample(t, file)
			if len(declared) == 0 {
				t.Error("no action")
			}
			for name, config := range declared {
				w := newWorld(t)
				said := w.PlanAction(syncType, config)
				wantNone(t, "said at plan of "+name, append(said.Errors(), said.Warnings()...))
				_, said = w.invoke(config)
				wantNone(t, "said by "+name, append(said.Errors(), said.Warnings()...))
			}
			for _, name := range triggered {
				if declared[name] == nil {
					t.Errorf("%s is triggered and not declared", name)
				}
			}
		})
	}
}

// Each example that is there is on the page, and what the page invokes is in one.
func TestExamplesOfTheActionAreOnItsPage(t *testing.T) {
	page, err := os.ReadFile("../../../templates/actions/device_sync.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	var shown, there []string
	declared := map[string]tftest.Config{}
	for _, m := range regexp.MustCompile(`tffile "examples/actions/asm_device_sync/([^"]+)"`).FindAllSubmatch(page, -1) {
		shown = append(shown, string(m[1]))
	}
	files, _ := filepath.Glob(examples + "*.tf")
	for _, file := range files {
		there = append(there, filepath.Base(file))
		more, _ := readExample(t, file)
		maps.Copy(declared, more)
	}
	if slices.Sort(shown); !slices.Equal(shown, there) {
		t.Errorf("the page shows %q, and there is %q", shown, there)
	}
	invoked := regexp.MustCompile(`-invoke=action\.asm_device_sync\.(\w+)`).FindSubmatch(page)
	if invoked == nil || declared[string(invoked[1])] == nil {
		t.Errorf("the page invokes %q", invoked)
	}
}

// readExample gives the configuration of each action, and the actions that
// resources trigger.
func readExample(t *testing.T, file string) (declared map[string]tftest.Config, triggered []string) {
	t.Helper()
	parsed, diags := hclparse.NewParser().ParseHCLFile(file)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	declared = map[string]tftest.Config{}
	for _, block := range parsed.Body.(*hclsyntax.Body).Blocks {
		for _, inner := range block.Body.Blocks {
			switch block.Type + "." + inner.Type {
			case "action.config":
				if block.Labels[0] != syncType {
					t.Errorf("an example of %s", block.Labels[0])
				}
				declared[block.Labels[1]] = configOf(t, inner.Body)
			case "resource.lifecycle":
				triggered = append(triggered, triggers(t, inner.Body)...)
			}
		}
	}
	return declared, triggered
}

// configOf reads attributes of the token that the world has.
func configOf(t *testing.T, body *hclsyntax.Body) tftest.Config {
	t.Helper()
	token := cty.ObjectVal(map[string]cty.Value{"district": cty.ObjectVal(map[string]cty.Value{"id": cty.StringVal("token-1")})})
	config := tftest.Config{}
	for name, attribute := range body.Attributes {
		value, diags := attribute.Expr.Value(&hcl.EvalContext{Variables: map[string]cty.Value{"asm_token": token}})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		config[name] = plain(t, value)
	}
	return config
}

func plain(t *testing.T, value cty.Value) any {
	t.Helper()
	switch {
	case value.Type() == cty.String:
		return value.AsString()
	case value.Type() == cty.Bool:
		return value.True()
	case value.Type().IsObjectType():
		out := tftest.Config{}
		for name, member := range value.AsValueMap() {
			out[name] = plain(t, member)
		}
		return out
	}
	t.Fatalf("an example has a %s", value.Type().FriendlyName())
	return nil
}

// triggers gives the actions that the triggers of a lifecycle block name.
func triggers(t *testing.T, lifecycle *hclsyntax.Body) (names []string) {
	t.Helper()
	known := []string{"before_create", "after_create", "before_update", "after_update"}
	for _, block := range lifecycle.Blocks {
		if block.Type != "action_trigger" {
			t.Errorf("an example has a %s block", block.Type)
			continue
		}
		for _, event := range block.Body.Attributes["events"].Expr.Variables() {
			if !slices.Contains(known, event.RootName()) {
				t.Errorf("there is no event %s", event.RootName())
			}
		}
		for _, action := range block.Body.Attributes["actions"].Expr.Variables() {
			names = append(names, action[2].(hcl.TraverseAttr).Name)
		}
	}
	return names
}
