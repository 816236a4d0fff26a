package intune_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune"
)

const (
	policyToken = "59a48111-7836-4822-8bc9-99fe2cfdbd08"
	iosTemplate = "27d20e9c-50c1-48f8-a44c-f37de4510051"
)

// policyFake is a token, its policies and the template they are made from behind Graph's paths, with a clock that only waiting
// moves.
type policyFake struct {
	*testing.T
	mu       sync.Mutex
	now      time.Time
	policies map[string]map[string]any // by id
	// late is how long what was written takes to show, later how much longer the mirror takes, and twice that the settings.
	late, later time.Duration
	pending     []func(now time.Time) bool
	// mirrors are the policies that are listed among the enrollment profiles.
	mirrors map[string]bool
	onPhone []string // ids of the policy that devices have, in any spelling
	preset  string   // id of the default profile for iOS
	// settings of the template, and its versions.
	template []any
	versions []any
	// fault answers in place of the fake where it gives a status; after has the fake do the work first.
	fault, after func(r *http.Request) (status int, body string)
	made         int
	endpoint     string
	requests     []string
	bodies       []string
}

func newPolicyFake(t *testing.T) (*policyFake, *intune.Service) {
	t.Helper()
	f := &policyFake{
		T: t, now: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC), policies: map[string]map[string]any{}, mirrors: map[string]bool{},
		template: aTemplate(), versions: []any{aVersion(iosTemplate, 1, "active")},
	}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	f.endpoint = server.URL
	return f, f.open(server.URL)
}

func (f *policyFake) open(endpoint string) *intune.Service {
	s, err := intune.Open(intune.Config{
		Endpoint: endpoint, Token: func(context.Context) (string, error) { return "secret-token", nil }, VisibleWithin: 2 * time.Minute,
		Now: func() time.Time {
			f.mu.Lock()
			defer f.mu.Unlock()
			return f.now
		},
		Wait: func(ctx context.Context, d time.Duration) error {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.now = f.now.Add(d)
			return ctx.Err()
		},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close() })
	return s
}

func aVersion(base string, version int, state string) map[string]any {
	return map[string]any{"id": fmt.Sprintf("%s_%d", base, version), "baseId": base, "version": version, "lifecycleState": state, "templateFamily": "enrollmentConfiguration"}
}

// aTemplate has user affinity, the lock, the name, and every pane that this version knows: more than a page of settings.
func aTemplate() []any {
	all := []any{
		top(true, choiceOf("ade_useraffinity", 1, map[int][]string{0: {"ade_useraffinity_awaitfinalconfiguration"}, 1: {"ade_authenticationmethod"}, 3: {"ade_requiresharedipadtemporarysessiononly"}}, 0, 1, 2, 3),
			choiceOf("ade_authenticationmethod", 2, map[int][]string{2: {"ade_modernauth_awaitfinalconfiguration"}}, 2),
			choiceOf("ade_modernauth_awaitfinalconfiguration", 1, nil, 0, 1), choiceOf("ade_useraffinity_awaitfinalconfiguration", 1, nil, 0, 1),
			choiceOf("ade_requiresharedipadtemporarysessiononly", 0, nil, 0, 1)),
		top(true, choiceOf("ade_lockedenrollment", 1, nil, 0, 1)),
		top(true, choiceOf("ade_devicenametemplatechoices", 0, map[int][]string{1: {"ade_appledevicenametemplate"}}, 0, 1), map[string]any{
			"@odata.type": "#microsoft.graph.deviceManagementConfigurationSimpleSettingDefinition", "id": "ade_appledevicenametemplate", "displayName": "Device name template",
			"defaultValue":    map[string]any{"value": "{{SERIAL}}"},
			"valueDefinition": map[string]any{"@odata.type": "#microsoft.graph.deviceManagementConfigurationStringSettingValueDefinition", "maximumLength": 63},
		}),
	}
	for _, key := range enrollment.PolicySkipKeys(enrollment.IOS) {
		id, _ := enrollment.PolicyPane(enrollment.IOS, key)
		all = append(all, top(true, choiceOf(id, 0, nil, 0, 1)))
	}
	return all
}

func top(required bool, definitions ...map[string]any) map[string]any {
	id := definitions[0]["id"].(string)
	return map[string]any{
		"settingInstanceTemplate": map[string]any{
			"settingInstanceTemplateId": "instance " + id, "settingDefinitionId": id, "isRequired": required, "choiceSettingValueTemplate": map[string]any{"settingValueTemplateId": "value " + id},
		},
		"settingDefinitions": definitions,
	}
}

func choiceOf(id string, preset int, below map[int][]string, options ...int) map[string]any {
	var out []any
	for _, o := range options {
		by := []any{}
		for _, child := range below[o] {
			by = append(by, map[string]any{"dependedOnBy": child, "required": true})
		}
		out = append(out, map[string]any{"itemId": fmt.Sprintf("%s_%d", id, o), "displayName": "Option", "dependedOnBy": by})
	}
	return map[string]any{
		"@odata.type": "#microsoft.graph.deviceManagementConfigurationChoiceSettingDefinition", "id": id, "displayName": id, "options": out,
		"defaultOptionId": fmt.Sprintf("%s_%d", id, preset),
	}
}

// count gives the number of requests so far whose line matches.
func (f *policyFake) count(pattern string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, line := range f.requests {
		if regexp.MustCompile(pattern).MatchString(line) {
			n++
		}
	}
	return n
}

// sent is what the last request of a method was sent with.
func (f *policyFake) sent(method string) map[string]any {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, line := range slices.Backward(f.requests) {
		if strings.HasPrefix(line, method+" ") {
			var body map[string]any
			if err := json.Unmarshal([]byte(f.bodies[i]), &body); err != nil {
				f.Fatal(err)
			}
			return body
		}
	}
	f.Fatalf("no %s was sent", method)
	return nil
}

// values are the settings at the top of a body, and those below them.
func values(body map[string]any) map[string]string {
	out := map[string]string{}
	for _, one := range body["settings"].([]any) {
		valuesOf(one.(map[string]any)["settingInstance"].(map[string]any), out)
	}
	return out
}

func valuesOf(instance map[string]any, into map[string]string) {
	value, _ := instance["choiceSettingValue"].(map[string]any)
	if value == nil {
		value, _ = instance["simpleSettingValue"].(map[string]any)
	}
	if value == nil {
		return
	}
	into[instance["settingDefinitionId"].(string)] = fmt.Sprint(value["value"])
	children, _ := value["children"].([]any)
	for _, child := range children {
		valuesOf(child.(map[string]any), into)
	}
}

func (f *policyFake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.settle()
	path := strings.TrimPrefix(r.URL.Path, "/beta/deviceManagement")
	var raw json.RawMessage
	_ = json.NewDecoder(r.Body).Decode(&raw)
	f.requests, f.bodies = append(f.requests, r.Method+" "+path), append(f.bodies, string(raw))
	if f.fault != nil {
		if status, body := f.fault(r); status != 0 {
			reply(w, status, json.RawMessage(body))
			return
		}
	}
	status, body := f.answer(r, path, raw)
	if f.after != nil {
		if other, text := f.after(r); other != 0 {
			status, body = other, json.RawMessage(text)
		}
	}
	reply(w, status, body)
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if body != nil {
		_ = json.NewEncoder(w).Encode(body)
	}
}

const notThere = `{"error":{"code":"ResourceNotFound","message":"There is none."}}`

var keyed = regexp.MustCompile(`^/(configurationPolicies|configurationPolicyTemplates)\('([^']+)'\)(.*)$`)

func (f *policyFake) answer(r *http.Request, path string, raw json.RawMessage) (int, any) {
	token := "/depOnboardingSettings/" + policyToken
	key := keyed.FindStringSubmatch(path)
	switch {
	case path == "/configurationPolicyTemplates":
		return 200, map[string]any{"value": f.versions}
	case key != nil && key[1] == "configurationPolicyTemplates" && r.URL.Query().Get("$expand") == "settingDefinitions":
		return 200, map[string]any{"value": f.template}
	case path == "/configurationPolicies" && r.Method == http.MethodPost:
		return f.create(raw)
	case path == "/configurationPolicies":
		return 200, map[string]any{"value": slices.AppendSeq([]map[string]any{}, maps.Values(f.policies))}
	case key != nil && f.policies[key[2]] == nil:
		return 404, json.RawMessage(notThere)
	case key != nil && key[3] == "/settings":
		return f.settings(r, f.policies[key[2]])
	case key != nil:
		return f.policy(r.Method, key[2], raw)
	case path == token:
		def := map[string]any{"id": f.preset}
		return 200, map[string]any{"id": policyToken, "tokenName": "District", "tokenType": "appleSchoolManager", "syncedDeviceCount": len(f.onPhone), "defaultIosEnrollmentProfile": def}
	case path == token+"/enrollmentProfiles":
		return 200, map[string]any{"value": f.listed()}
	case path == token+"/importedAppleDeviceIdentities":
		return 200, map[string]any{"value": f.devices()}
	case path == "":
		return 200, map[string]any{"id": "deviceManagement", "intuneAccountId": "54fac284-7866-43e5-860a-9c8e10fa3d7d"}
	}
	return 404, json.RawMessage(notThere)
}

func (f *policyFake) settle() {
	f.pending = slices.DeleteFunc(f.pending, func(do func(time.Time) bool) bool { return do(f.now) })
}

// in does something later.
func (f *policyFake) in(d time.Duration, do func()) {
	at := f.now.Add(d)
	f.pending = append(f.pending, func(now time.Time) bool {
		if now.Before(at) {
			return false
		}
		do()
		return true
	})
	f.settle()
}

func (f *policyFake) create(raw json.RawMessage) (int, any) {
	p := map[string]any{}
	if err := json.Unmarshal(raw, &p); err != nil {
		return 400, json.RawMessage(`{"error":{"code":"BadRequest","message":"no JSON"}}`)
	}
	f.made++
	id := fmt.Sprintf("cccccccc-0000-4000-8000-%012d", f.made)
	p["id"], p["isAssigned"] = id, false
	f.in(f.late, func() { f.policies[id] = without(p, "settings") })
	f.in(f.late+f.later, func() { f.mirrors[id] = true })
	f.in(f.late+2*f.later, func() { f.policies[id] = p })
	return 201, without(p, "settings")
}

func without(p map[string]any, name string) map[string]any {
	out := maps.Clone(p)
	delete(out, name)
	return out
}

func (f *policyFake) policy(method, id string, raw json.RawMessage) (int, any) {
	switch method {
	case http.MethodPut:
		p := map[string]any{}
		_ = json.Unmarshal(raw, &p)
		if p["creationSource"] != f.policies[id]["creationSource"] {
			return 400, json.RawMessage(`{"error":{"code":"BadRequest","message":"creationSource"}}`)
		}
		p["id"] = id
		f.in(f.late, func() { f.policies[id] = p })
		return 204, nil
	case http.MethodDelete:
		f.in(f.late, func() { delete(f.policies, id) })
		f.in(f.late+f.later, func() { delete(f.mirrors, id) })
		return 204, nil
	}
	return 200, without(f.policies[id], "settings")
}

// settings come 25 at a time, as the service gives them.
func (f *policyFake) settings(r *http.Request, p map[string]any) (int, any) {
	all, _ := p["settings"].([]any)
	from, _ := strconv.Atoi(r.URL.Query().Get("$skiptoken"))
	to := min(from+25, len(all))
	page := map[string]any{"value": append([]any{}, all[from:to]...)}
	if to < len(all) {
		page["@odata.nextLink"] = fmt.Sprintf("http://%s%s?$skiptoken=%d", r.Host, r.URL.Path, to)
	}
	return 200, page
}

func (f *policyFake) listed() []any {
	out := []any{}
	for _, id := range slices.Sorted(maps.Keys(f.mirrors)) {
		out = append(out, map[string]any{"@odata.type": "#microsoft.graph.depIOSEnrollmentProfile", "id": "ECV2_" + policyToken + "_" + id, "displayName": "mirror"})
	}
	return out
}

func (f *policyFake) devices() []any {
	out := []any{}
	for i, id := range f.onPhone {
		serial := fmt.Sprintf("DMPX%04d", i)
		out = append(out, map[string]any{"id": serial, "serialNumber": serial, "platform": "ios", "discoverySource": "deviceEnrollmentProgram", "enrollmentState": "notContacted", "requestedEnrollmentProfileId": id})
	}
	return out
}

// edit changes a setting of a policy at the top, as somebody else would.
func (f *policyFake) edit(id, setting, value string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, one := range f.policies[id]["settings"].([]any) {
		instance := one.(map[string]any)["settingInstance"].(map[string]any)
		if instance["settingDefinitionId"] == setting {
			instance["choiceSettingValue"].(map[string]any)["value"] = value
		}
	}
}
