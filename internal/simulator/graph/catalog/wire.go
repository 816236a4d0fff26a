package catalog

import "encoding/json"

// Type names as Graph writes them.
const (
	graphType             = "#microsoft.graph.deviceManagementConfiguration"
	choiceInstanceType    = graphType + "ChoiceSettingInstance"
	simpleInstanceType    = graphType + "SimpleSettingInstance"
	collectionType        = graphType + "SimpleSettingCollectionInstance"
	stringValueType       = graphType + "StringSettingValue"
	integerValueType      = graphType + "IntegerSettingValue"
	stringDefinitionType  = graphType + "StringSettingValueDefinition"
	integerDefinitionType = graphType + "IntegerSettingValueDefinition"
)

// policyBody is a policy as it is sent. What is not in it is unknown to an enrollment policy, or not for a client to set.
type policyBody struct {
	ODataType         string             `json:"@odata.type"`
	Name              string             `json:"name"`
	Description       *string            `json:"description"`
	Platforms         string             `json:"platforms"`
	Technologies      string             `json:"technologies"`
	CreationSource    string             `json:"creationSource"`
	RoleScopeTagIDs   []string           `json:"roleScopeTagIds"`
	TemplateReference *templateReference `json:"templateReference"`
	Settings          []setting          `json:"settings"`
}

type templateReference struct {
	ODataType              string  `json:"@odata.type,omitempty"`
	TemplateID             string  `json:"templateId"`
	TemplateFamily         string  `json:"templateFamily"`
	TemplateDisplayName    *string `json:"templateDisplayName"`
	TemplateDisplayVersion *string `json:"templateDisplayVersion"`
}

// setting is one setting of a policy. The same types are sent and answered; what an answer has in addition is made on the way out.
type setting struct {
	ODataType       string   `json:"@odata.type,omitempty"`
	ID              string   `json:"id,omitempty"`
	SettingInstance instance `json:"settingInstance"`
}

// instance is a setting with its value. Which of the three values it has goes with its type.
type instance struct {
	ODataType         string             `json:"@odata.type"`
	DefinitionID      string             `json:"settingDefinitionId"`
	TemplateReference *instanceReference `json:"settingInstanceTemplateReference"`
	Audit             *struct{}          `json:"auditRuleInformation"`
	Choice            *choiceValue       `json:"choiceSettingValue,omitempty"`
	Simple            *simpleValue       `json:"simpleSettingValue,omitempty"`
	Collection        *[]simpleValue     `json:"simpleSettingCollectionValue,omitempty"`
}

type choiceValue struct {
	ODataType         string          `json:"@odata.type,omitempty"`
	TemplateReference *valueReference `json:"settingValueTemplateReference"`
	Value             string          `json:"value"`
	Children          []instance      `json:"children"`
}

// simpleValue is a text or a number, in the form in which it was sent.
type simpleValue struct {
	ODataType         string          `json:"@odata.type"`
	TemplateReference *valueReference `json:"settingValueTemplateReference"`
	Value             json.RawMessage `json:"value"`
}

type instanceReference struct {
	ODataType  string `json:"@odata.type,omitempty"`
	TemplateID string `json:"settingInstanceTemplateId"`
}

type valueReference struct {
	ODataType          string `json:"@odata.type,omitempty"`
	TemplateID         string `json:"settingValueTemplateId"`
	UseTemplateDefault bool   `json:"useTemplateDefault"`
}
