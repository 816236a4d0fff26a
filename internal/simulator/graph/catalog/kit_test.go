package catalog_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/contract"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/graph/catalog"
)

const (
	tokenID   = "59a48111-7836-4822-8bc9-99fe2cfdbd08"
	iOS       = "27d20e9c-50c1-48f8-a44c-f37de4510051_1"
	macOS     = "2e29557d-70fc-405a-8082-d1e5b6be2b8c_1"
	tvOS      = "46af9f2a-ea44-41f5-9a93-baeebd93776e_1"
	visionOS  = "b974d292-62c4-4853-bdab-166cf42df51c_1"
	policies  = "/configurationPolicies"
	templates = "/configurationPolicyTemplates"
	groupID   = "40000000-0000-0000-0000-000000000004"
)

// tenant is a catalog that is served, with every exchange held against the contract.
type tenant struct {
	t *testing.T
	*catalog.Catalog
	url string
	now time.Time
}

func newTenant(t *testing.T) *tenant {
	t.Helper()
	validator, err := contract.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(contract.DirectoryVariable, "") // what the simulator's own tests call says nothing of the provider
	validator.FailOn(t)
	v := &tenant{t: t, now: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)}
	v.Catalog = catalog.New(func() time.Time { return v.now })
	server := httptest.NewServer(validator.Middleware(v.Handler()))
	t.Cleanup(server.Close)
	v.url = server.URL + "/beta/deviceManagement"
	return v
}

// object is any JSON object.
type object = map[string]any

// at walks into a JSON value: names of properties and indices.
func at(value any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			o, _ := value.(object)
			value = o[step]
		case int:
			list, _ := value.([]any)
			if step >= len(list) {
				return nil
			}
			value = list[step]
		}
	}
	return value
}

func rows(answer object) []any {
	list, _ := answer["value"].([]any)
	return list
}

// send calls the catalog; path may be a whole address.
func (v *tenant) send(method, path string, body any) (int, object) {
	v.t.Helper()
	var content io.Reader = http.NoBody
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			v.t.Fatal(err)
		}
		content = bytes.NewReader(encoded)
	}
	if !strings.HasPrefix(path, "http") {
		path = v.url + strings.NewReplacer(" ", "%20", "$", "%24").Replace(path)
	}
	request, err := http.NewRequest(method, path, content)
	if err != nil {
		v.t.Fatal(err)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		v.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var answer object
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil && err != io.EOF {
		v.t.Fatalf("%s %s: %v", method, path, err)
	}
	return response.StatusCode, answer
}

// get is a read that has to succeed.
func (v *tenant) get(path string) object {
	v.t.Helper()
	status, answer := v.send(http.MethodGet, path, nil)
	if status != http.StatusOK {
		v.t.Fatalf("GET %s: %d %v", path, status, answer)
	}
	return answer
}

// refused is a call that has to fail, with the text in its message.
func (v *tenant) refused(method, path string, body any, status int, text string) {
	v.t.Helper()
	got, answer := v.send(method, path, body)
	message, _ := at(answer, "error", "message").(string)
	if got != status || !strings.Contains(message, text) {
		v.t.Errorf("%s %s: got %d %q, want %d %q", method, path, got, message, status, text)
	}
}

// create makes a policy and gives its id.
func (v *tenant) create(body object) string {
	v.t.Helper()
	status, answer := v.send(http.MethodPost, policies, body)
	if status != http.StatusCreated {
		v.t.Fatalf("create: %d %v", status, answer)
	}
	id, _ := answer["id"].(string)
	return id
}

// captured is the body that the admin center sent in July 2026.
func captured(t *testing.T) object {
	t.Helper()
	content, err := os.ReadFile("../../contract/testdata/har-configurationpolicies-ade-ios-post.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Request struct {
			Body object `json:"body"`
		} `json:"request"`
	}
	if err := json.Unmarshal(content, &file); err != nil {
		t.Fatal(err)
	}
	return file.Request.Body
}

// iPads is a body that the iOS template takes today: what was captured, and what the template requires since.
func (v *tenant) iPads() object {
	v.t.Helper()
	return v.completed(captured(v.t), iOS)
}

// policy is a body for any template, with the default of every required setting, made from the template as a client would.
func (v *tenant) policy(platform, templateID string) object {
	v.t.Helper()
	return v.completed(object{
		"name": platform, "platforms": platform, "technologies": "enrollment", "settings": []any{},
		"templateReference": object{"templateId": templateID}, "creationSource": "DepTokenId_" + tokenID,
	}, templateID)
}

func (v *tenant) completed(body object, templateID string) object {
	v.t.Helper()
	list, _ := body["settings"].([]any)
	has := map[any]bool{}
	for _, s := range list {
		has[at(s, "settingInstance", "settingDefinitionId")] = true
	}
	for _, row := range rows(v.get(templates + "('" + templateID + "')/settingTemplates?$expand=settingDefinitions&$top=1000")) {
		template := at(row, "settingInstanceTemplate")
		if id := at(template, "settingDefinitionId"); at(template, "isRequired") == true && !has[id] {
			list = append(list, fromTemplate(row))
		}
	}
	body["settings"] = list
	return body
}

// fromTemplate is a choice with its default, and below it what its option requires.
func fromTemplate(row any) object {
	definitions := map[any]any{}
	list, _ := at(row, "settingDefinitions").([]any)
	for _, d := range list {
		definitions[at(d, "id")] = d
	}
	template := at(row, "settingInstanceTemplate")
	instance := fromDefinition(definitions, at(template, "settingDefinitionId"))
	instance["settingInstanceTemplateReference"] = object{"settingInstanceTemplateId": at(template, "settingInstanceTemplateId")}
	value, _ := instance["choiceSettingValue"].(object)
	value["settingValueTemplateReference"] = object{
		"settingValueTemplateId": at(template, "choiceSettingValueTemplate", "settingValueTemplateId"),
	}
	return object{"settingInstance": instance}
}

func fromDefinition(definitions map[any]any, id any) object {
	const types = "#microsoft.graph.deviceManagementConfiguration"
	d := definitions[id]
	if at(d, "@odata.type") != types+"ChoiceSettingDefinition" {
		return object{"@odata.type": types + "SimpleSettingInstance", "settingDefinitionId": id, "simpleSettingValue": at(d, "defaultValue")}
	}
	children := []any{}
	options, _ := at(d, "options").([]any)
	for _, o := range options {
		if at(o, "itemId") != at(d, "defaultOptionId") {
			continue
		}
		below, _ := at(o, "dependedOnBy").([]any)
		for _, b := range below {
			children = append(children, fromDefinition(definitions, at(b, "dependedOnBy")))
		}
	}
	return object{
		"@odata.type": types + "ChoiceSettingInstance", "settingDefinitionId": id,
		"choiceSettingValue": object{"value": at(d, "defaultOptionId"), "children": children},
	}
}

// copied is a body of its own.
func copied(t *testing.T, body object) object {
	t.Helper()
	content, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	var other object
	if err := json.Unmarshal(content, &other); err != nil {
		t.Fatal(err)
	}
	return other
}

// instance finds a top-level setting of a body.
func instance(body object, id string) object {
	list, _ := body["settings"].([]any)
	for _, s := range list {
		if at(s, "settingInstance", "settingDefinitionId") == id {
			found, _ := at(s, "settingInstance").(object)
			return found
		}
	}
	return nil
}

// without leaves a top-level setting out.
func without(body object, id string) object {
	var kept []any
	list, _ := body["settings"].([]any)
	for _, s := range list {
		if at(s, "settingInstance", "settingDefinitionId") != id {
			kept = append(kept, s)
		}
	}
	body["settings"] = kept
	return body
}
