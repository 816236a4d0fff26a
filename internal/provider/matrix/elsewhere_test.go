package matrix

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// shown is a test in the package of an object that shows what one of its
// attributes does. It is not written a second time here; that it is there is
// checked.
type shown struct {
	// file is below internal/provider.
	file, test string
	// by are names and texts, in quotation marks, of one call in the test.
	by []string
}

// inLists is a test of the filters of a list resource: what is listed with the
// attribute is less than what is listed without.
func inLists(test, typeConstant, attribute string) shown {
	return shown{"lists_test.go", test, []string{"wantNames", typeConstant, strconv.Quote(attribute)}}
}

// inInvocations is a test of what the action does with the attribute.
func inInvocations(test string, attributes ...string) shown {
	by := []string{"invoke"}
	for _, attribute := range attributes {
		by = append(by, strconv.Quote(attribute))
	}
	return shown{"sync/action_test.go", test, by}
}

// showings are, by the list or the action and its attribute, the tests that show
// what it does.
var showings = map[string]map[string]shown{
	"list asm_token": {
		"name": inLists(filters, "tokenType", "name"), "name_prefix": inLists(filters, "tokenType", "name_prefix"),
		"type": inLists(filters, "tokenType", "type"), "status": inLists(filters, "tokenType", "status"),
	},
	"list asm_enrollment_profile": {
		"token_id": inLists(filters, "profileType", "token_id"),
		"name":     inLists(filters, "profileType", "name"), "name_prefix": inLists(filters, "profileType", "name_prefix"),
	},
	"list asm_enrollment_policy": {
		"token_id": inLists(policyFilters, "policyType", "token_id"), "platform": inLists(policyFilters, "policyType", "platform"),
		"name": inLists(policyFilters, "policyType", "name"), "name_prefix": inLists(policyFilters, "policyType", "name_prefix"),
	},
	"list asm_device_assignment": {
		"token_id": inLists(filters, "assignmentType", "token_id"), "profile_id": inLists(filters, "assignmentType", "profile_id"),
		"minimum_device_count": inLists(filters, "assignmentType", "minimum_device_count"),
	},
	"action asm_device_sync": {
		"token_id":        {"matrix/invocation_test.go", "TestTheActionSyncsTheTokenThatItNames", []string{"Invoke", `"token_id"`}},
		"kind":            inInvocations(settings, "kind"),
		"wait":            inInvocations(settings, "wait"),
		"on_throttled":    inInvocations(settings, "on_throttled"),
		"timeouts":        inInvocations(settings, "timeouts"),
		"timeouts.invoke": inInvocations(settings, "timeouts", "invoke"),
	},
}

// The tests that most showings are in.
const (
	filters       = "TestFiltersOfLists"
	policyFilters = "TestFiltersOfPolicies"
	settings      = "TestInvokeTakesEverySetting"
)

// TestEveryAttributeOfListsAndActionsIsShown fails for an attribute of a list
// resource or an action that no test shows to do something, for a showing whose
// test is not there any more, and for one of something that is not served.
func TestEveryAttributeOfListsAndActionsIsShown(t *testing.T) {
	t.Parallel()
	served := map[string]object{}
	for name, o := range lists(t.Context()) {
		served["list "+name] = o
	}
	for name, o := range actions(t.Context()) {
		served["action "+name] = o
	}
	for of, attributes := range showings {
		for path, s := range attributes {
			if _, there := served[of].attributes[path]; !there {
				t.Errorf("%s: %s is shown and is not in the schema", of, path)
			}
			if !s.exists(t) {
				t.Errorf("%s: %s is shown by no call with %s in %s of %s", of, path, s.by, s.test, s.file)
			}
		}
	}
	for of, o := range served {
		for _, path := range o.paths() {
			if _, is := showings[of][path]; !is {
				t.Errorf("%s: nothing shows what %s does", of, path)
			}
		}
	}
}

// exists tells whether the file has the test and the test the call.
func (s shown) exists(t *testing.T) bool {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), "../"+s.file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Error(err)
		return false
	}
	at := slices.IndexFunc(parsed.Decls, func(d ast.Decl) bool {
		f, is := d.(*ast.FuncDecl)
		return is && f.Recv == nil && f.Name.Name == s.test && strings.HasPrefix(s.test, "Test")
	})
	found := false
	if at >= 0 {
		ast.Inspect(parsed.Decls[at], func(n ast.Node) bool {
			call, is := n.(*ast.CallExpr)
			found = found || is && s.within(call)
			return !found
		})
	}
	return found
}

// within tells whether a call has everything that it is known by. What it is in,
// such as a subtest, is not the call.
func (s shown) within(call *ast.CallExpr) bool {
	has := map[string]bool{}
	ast.Inspect(call, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.Ident:
			has[n.Name] = true
		case *ast.BasicLit:
			has[n.Value] = true
		}
		return true
	})
	return !slices.ContainsFunc(s.by, func(part string) bool { return !has[part] })
}
