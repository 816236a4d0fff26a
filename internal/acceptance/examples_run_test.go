package acceptance

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// notRun are the examples that no test applies, with the reason. All of them are
// validated: tools/docscheck asks the provider about every block.
var notRun = map[string]string{
	"examples/provider/provider_intune.tf":     "it names a tenant of the reader's",
	"examples/provider/provider_postgresql.tf": "it names a database of the reader's",
	"examples/actions/":                        "actions need Terraform 1.14; the tests of the protocol server invoke them",
	"examples/list-resources/":                 "queries need Terraform 1.14; the tests of the protocol server run them",
}

// Every example is applied by a test, or says why not.
func TestEveryExampleIsRun(t *testing.T) {
	alone := exampleFiles(t)
	tests := ""
	for _, file := range files(t, "internal/acceptance", "*_test.go") {
		if filepath.Base(file) != "examples_run_test.go" {
			tests += read(t, file)
		}
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	all := slices.Concat(files(t, "examples", "*.tf"), files(t, "examples", "*.sh"), hclFiles(t))
	for _, file := range all {
		name, err := filepath.Rel(root, file)
		if err != nil {
			t.Fatal(err)
		}
		run := slices.Contains(alone, file) && !needsMore(read(t, file)) || // TestExamplesAreApplied
			isImport.MatchString(name) || // TestExamplesOfImports
			applied(name, tests)
		switch reason := reasonFor(name); {
		case !run && reason == "":
			t.Errorf("%s: no test applies it, and no reason is stated", name)
		case run && reason != "":
			t.Errorf("%s is applied, so that %q is no reason", name, reason)
		}
	}
	for name := range notRun {
		if _, err := os.Stat(filepath.Join(root, name)); err != nil && !strings.HasSuffix(name, "/") {
			t.Errorf("%s is not there any more: %v", name, err)
		}
	}
}

var isImport = regexp.MustCompile(`^examples/resources/asm_[a-z_]+/import(_intune)?\.sh$|/import-by-identity\.tf$`)

// applied: a test names its directory, which is one configuration.
func applied(name, tests string) bool {
	dir, _, _ := strings.Cut(strings.TrimPrefix(name, "examples/"), "/")
	return slices.ContainsFunc([]string{`"../../examples/` + dir + `/`, `.example("` + dir + `"`, `.example("` + dir + `/`}, func(use string) bool {
		return strings.Contains(tests, use)
	})
}

func reasonFor(name string) string {
	for at, reason := range notRun {
		if name == at || strings.HasSuffix(at, "/") && strings.HasPrefix(name, at) {
			return reason
		}
	}
	return ""
}

// hclFiles are the queries, of which there may be none.
func hclFiles(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob("../../examples/*/*/*.tfquery.hcl")
	if err != nil {
		t.Fatal(err)
	}
	for i, file := range found {
		if found[i], err = filepath.Abs(file); err != nil {
			t.Fatal(err)
		}
	}
	return found
}
