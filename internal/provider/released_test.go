package provider

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/asm-enrollment/terraform-provider-asm/tools/schemajson/export"
)

// These tests hold what CONTRIBUTING.md promises for state: what a release has
// written, every later version reads.

const states = "testdata/states"

// releases are the versions in the list, oldest first.
func releases(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(states, "releases"))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) == 2 && fields[0] != "#" {
			all = append(all, fields[0])
		}
	}
	if len(all) == 0 {
		t.Fatal("no release is listed")
	}
	return all
}

// releasedSchemas is what the resources of a release write to state.
func releasedSchemas(t *testing.T, version string) map[string]export.State {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(states, version, "schemas.json"))
	if err != nil {
		t.Fatal(err)
	}
	var schemas map[string]export.State
	if err := json.Unmarshal(text, &schemas); err != nil {
		t.Fatal(err)
	}
	return schemas
}

// todaysSchemas is what the resources write to state today.
func todaysSchemas(t *testing.T) map[string]export.State {
	t.Helper()
	document, err := export.JSON(t.Context(), providerserver.NewProtocol6(New("test")())(), "asm")
	if err != nil {
		t.Fatal(err)
	}
	schemas, err := export.States(document)
	if err != nil {
		t.Fatal(err)
	}
	return schemas
}

// upgraders are the versions that a resource upgrades state and identity from.
type upgraders struct{ state, identity []int64 }

func todaysUpgraders(t *testing.T) map[string]upgraders {
	t.Helper()
	out := map[string]upgraders{}
	for _, newResource := range (&asmProvider{}).Resources(t.Context()) {
		r := newResource()
		var meta resource.MetadataResponse
		r.Metadata(t.Context(), resource.MetadataRequest{ProviderTypeName: "asm"}, &meta)
		state, ok := r.(resource.ResourceWithUpgradeState)
		identity, also := r.(resource.ResourceWithUpgradeIdentity)
		if !ok || !also {
			t.Errorf("%s does not upgrade state and identity: give it a versions.go as its neighbours have", meta.TypeName)
			continue
		}
		out[meta.TypeName] = upgraders{
			state:    slices.Sorted(maps.Keys(state.UpgradeState(t.Context()))),
			identity: slices.Sorted(maps.Keys(identity.UpgradeIdentity(t.Context()))),
		}
	}
	return out
}

func TestStateOfEveryReleaseCanBeRead(t *testing.T) {
	today, upgrade := todaysSchemas(t), todaysUpgraders(t)
	for _, version := range releases(t) {
		for name, released := range releasedSchemas(t, version) {
			now, ok := today[name]
			if !ok {
				t.Errorf("release %s has %s, and there is none any more: its state could not even be destroyed", version, name)
				continue
			}
			for _, trouble := range unreadable(released, now, upgrade[name]) {
				t.Errorf("%s of release %s: %s", name, version, trouble)
			}
		}
	}
}

// unreadable says why state of a released schema could not be read, or would
// lose something, with the schema of today.
func unreadable(released, now export.State, has upgraders) []string {
	var out []string
	out = append(out, versionTrouble("schemaVersion", released.Version, now.Version, has.state)...)
	if released.Version == now.Version {
		for _, trouble := range lost("", []any{"object", released.Attributes}, []any{"object", now.Attributes}) {
			out = append(out, trouble+": raise schemaVersion and write an upgrader")
		}
	}
	if released.Identity == nil {
		return out
	}
	out = append(out, versionTrouble("identityVersion", released.IdentityVersion, now.IdentityVersion, has.identity)...)
	// Core reads an identity of the same version by today's types and takes nothing else.
	if released.IdentityVersion == now.IdentityVersion && !reflect.DeepEqual(released.Identity, now.Identity) {
		out = append(out, fmt.Sprintf("the identity was %v and is %v: raise identityVersion and write an upgrader", released.Identity, now.Identity))
	}
	return out
}

func versionTrouble(name string, released, now int64, has []int64) []string {
	var out []string
	switch {
	case now < released:
		out = append(out, fmt.Sprintf("%s was %d and is %d: a version never goes back", name, released, now))
	case now > released && !slices.Contains(has, released):
		out = append(out, fmt.Sprintf("%s is %d, and there is no upgrader from %d", name, now, released))
	}
	for _, from := range has {
		if from >= now {
			out = append(out, fmt.Sprintf("the upgrader from version %d is never used while %s is %d", from, name, now))
		}
	}
	return out
}

// lost names what a type of state had and another does not have. The framework
// drops attributes that it does not know without a word, gives new ones null, and
// fails on a value of another type.
func lost(at string, before, after any) []string {
	was, is := members(before), members(after)
	if was == nil || is == nil {
		if reflect.DeepEqual(before, after) {
			return nil
		}
		if element, other, ok := elements(before, after); ok {
			return lost(at+"[]", element, other)
		}
		return []string{fmt.Sprintf("%s was %v and is %v", strings.TrimPrefix(at, "."), before, after)}
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(was)) {
		where := at + "." + name
		if other, ok := is[name]; ok {
			out = append(out, lost(where, was[name], other)...)
		} else {
			out = append(out, strings.TrimPrefix(where, ".")+" is gone")
		}
	}
	return out
}

// members are the attributes of an object type, nil for another type.
func members(typ any) map[string]any {
	if parts, ok := typ.([]any); ok && len(parts) == 2 && parts[0] == "object" {
		attributes, _ := parts[1].(map[string]any)
		return attributes
	}
	return nil
}

// elements are the element types of two collections of one kind.
func elements(before, after any) (element, other any, ok bool) {
	a, isA := before.([]any)
	b, isB := after.([]any)
	if !isA || !isB || len(a) != 2 || len(b) != 2 || a[0] != b[0] {
		return nil, nil, false
	}
	return a[1], b[1], true
}

func TestWhatMakesStateUnreadable(t *testing.T) {
	object := func(more map[string]any) map[string]any {
		all := map[string]any{"id": "string", "days": "number", "shared": []any{"object", map[string]any{"users": "number"}}, "rules": []any{"list", []any{"object", map[string]any{"a": "bool"}}}}
		maps.Copy(all, more)
		return all
	}
	id := map[string]any{"id": "string"}
	released := export.State{Version: 1, Attributes: object(nil), IdentityVersion: 2, Identity: id}
	without := object(nil)
	delete(without, "days")
	for name, c := range map[string]struct {
		now  export.State
		has  upgraders
		want string
	}{
		"nothing has changed":            {released, upgraders{}, ""},
		"an attribute more":              {export.State{Version: 1, Attributes: object(map[string]any{"new": "string"}), IdentityVersion: 2, Identity: id}, upgraders{}, ""},
		"a nested attribute more":        {export.State{Version: 1, Attributes: object(map[string]any{"shared": []any{"object", map[string]any{"users": "number", "more": "bool"}}}), IdentityVersion: 2, Identity: id}, upgraders{}, ""},
		"an attribute less":              {export.State{Version: 1, Attributes: without, IdentityVersion: 2, Identity: id}, upgraders{}, "days is gone: raise schemaVersion and write an upgrader"},
		"another type":                   {export.State{Version: 1, Attributes: object(map[string]any{"days": "string"}), IdentityVersion: 2, Identity: id}, upgraders{}, "days was number and is string: raise"},
		"a nested attribute less":        {export.State{Version: 1, Attributes: object(map[string]any{"shared": []any{"object", map[string]any{}}}), IdentityVersion: 2, Identity: id}, upgraders{}, "shared.users is gone: raise"},
		"an attribute less in a list":    {export.State{Version: 1, Attributes: object(map[string]any{"rules": []any{"list", []any{"object", map[string]any{}}}}), IdentityVersion: 2, Identity: id}, upgraders{}, "rules[].a is gone: raise"},
		"a set in place of a list":       {export.State{Version: 1, Attributes: object(map[string]any{"rules": []any{"set", []any{"object", map[string]any{"a": "bool"}}}}), IdentityVersion: 2, Identity: id}, upgraders{}, "rules was [list"},
		"a version without its upgrader": {export.State{Version: 2, Attributes: without, IdentityVersion: 2, Identity: id}, upgraders{}, "schemaVersion is 2, and there is no upgrader from 1"},
		"a version with its upgrader":    {export.State{Version: 2, Attributes: without, IdentityVersion: 2, Identity: id}, upgraders{state: []int64{0, 1}}, ""},
		"an upgrader from today":         {released, upgraders{state: []int64{1}}, "the upgrader from version 1 is never used"},
		"an older version":               {export.State{Version: 0, Attributes: object(nil), IdentityVersion: 2, Identity: id}, upgraders{}, "schemaVersion was 1 and is 0"},
		"another identity":               {export.State{Version: 1, Attributes: object(nil), IdentityVersion: 2, Identity: map[string]any{"id": "string", "token_id": "string"}}, upgraders{}, "raise identityVersion"},
		"no identity any more":           {export.State{Version: 1, Attributes: object(nil), IdentityVersion: 2}, upgraders{}, "raise identityVersion"},
		"an identity without upgrader":   {export.State{Version: 1, Attributes: object(nil), IdentityVersion: 3, Identity: id}, upgraders{}, "identityVersion is 3, and there is no upgrader from 2"},
		"an identity with its upgrader":  {export.State{Version: 1, Attributes: object(nil), IdentityVersion: 3, Identity: id}, upgraders{identity: []int64{2}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := unreadable(released, c.now, c.has)
			if c.want == "" && len(got) > 0 || c.want != "" && (len(got) != 1 || !strings.Contains(got[0], c.want)) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// A resource of a release has golden states on each service that it exists on.
func TestEveryResourceOfEveryReleaseHasGoldenStates(t *testing.T) {
	for _, version := range releases(t) {
		for name := range releasedSchemas(t, version) {
			for _, service := range []string{"embedded", "intune"} {
				found, err := filepath.Glob(filepath.Join(states, version, name+"-"+service+"-*.json"))
				if err != nil || len(found) == 0 && (name != "asm_enrollment_policy" || service != "embedded") {
					t.Errorf("release %s has no golden state of %s on the %s service (%v): run make golden-states VERSION=%s", version, name, service, err, version)
				}
			}
		}
	}
}

// Whoever writes a release into the changelog is reminded of its golden states.
func TestEveryReleaseInTheChangelogIsListed(t *testing.T) {
	text, err := os.ReadFile("../../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	listed, seen := releases(t), 0
	for _, heading := range regexp.MustCompile(`(?m)^## \[(\d[^\]]*)\]`).FindAllSubmatch(text, -1) {
		seen++
		if !slices.Contains(listed, string(heading[1])) {
			t.Errorf("release %s is in CHANGELOG.md and has no golden states: run make golden-states VERSION=%s", heading[1], heading[1])
		}
	}
	if seen != len(listed) {
		t.Errorf("%d releases are in CHANGELOG.md and %d have golden states", seen, len(listed))
	}
}

// What has to be secret was never in state; what a machine is called does not
// belong there either.
func TestGoldenStatesHoldNoSecret(t *testing.T) {
	unwanted := [][]byte{
		[]byte("PRIVATE KEY"), []byte("PKCS7"), []byte("application/pkcs7-mime"), []byte("consumer_secret"), []byte("access_secret"), []byte("client_secret"),
		[]byte("127.0.0.1"), []byte("/tmp"), []byte("/home"),
	}
	for _, g := range goldens(t, "") {
		text, err := os.ReadFile(g.file)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range unwanted {
			if bytes.Contains(text, one) {
				t.Errorf("%s has %q in it", g.file, one)
			}
		}
		for name, value := range g.attributes(t) {
			if strings.HasSuffix(name, "_wo") && value != nil {
				t.Errorf("%s keeps %s", g.file, name)
			}
		}
		for key := range g.Private {
			if !slices.Contains([]string{
				"store", "owned", "waiting", "gone", "elsewhere", "filling", "cooling", "failed", "unfinished", "pending", "untouched",
			}, key) {
				t.Errorf("%s keeps private state %q, which this test does not know to be harmless", g.file, key)
			}
		}
	}
}
