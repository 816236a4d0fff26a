// Package catalog turns the settings of an enrollment policy into the tree of instances that Intune's settings catalog keeps,
// and back. It is pure: the template comes from whoever asked the service for it.
//
// Shapes: Microsoft Graph beta, deviceManagementConfigurationPolicy and what hangs below it; which settings there are, and how
// a policy is sent, from a capture of the admin center that creates one for iOS.
package catalog

import "encoding/json"

const prefix = "#microsoft.graph.deviceManagementConfiguration"

// The types of instances, values and definitions that this package knows.
const (
	typeSetting    = prefix + "Setting"
	typeChoice     = prefix + "ChoiceSettingInstance"
	typeSimple     = prefix + "SimpleSettingInstance"
	typeCollection = prefix + "SimpleSettingCollectionInstance"

	typeChoiceValue  = prefix + "ChoiceSettingValue"
	typeStringValue  = prefix + "StringSettingValue"
	typeIntegerValue = prefix + "IntegerSettingValue"

	typeChoiceDefinition     = prefix + "ChoiceSettingDefinition"
	typeSimpleDefinition     = prefix + "SimpleSettingDefinition"
	typeCollectionDefinition = prefix + "SimpleSettingCollectionDefinition"

	typeStringBounds  = prefix + "StringSettingValueDefinition"
	typeIntegerBounds = prefix + "IntegerSettingValueDefinition"
)

// setting is deviceManagementConfigurationSetting.
type setting struct {
	Type     string          `json:"@odata.type"`
	Instance json.RawMessage `json:"settingInstance"`
}

// instance is a deviceManagementConfigurationSettingInstance of any kind. At the top it refers to the template, below it does
// not.
type instance struct {
	Type         string             `json:"@odata.type"`
	DefinitionID string             `json:"settingDefinitionId"`
	Template     *instanceReference `json:"settingInstanceTemplateReference,omitempty"`
	Choice       *choiceValue       `json:"choiceSettingValue,omitempty"`
	Simple       *simpleValue       `json:"simpleSettingValue,omitempty"`
	Collection   *[]simpleValue     `json:"simpleSettingCollectionValue,omitempty"`
}

type instanceReference struct {
	ID string `json:"settingInstanceTemplateId"`
}

type valueReference struct {
	ID string `json:"settingValueTemplateId"`
}

type choiceValue struct {
	Type     string            `json:"@odata.type"`
	Template *valueReference   `json:"settingValueTemplateReference,omitempty"`
	Value    string            `json:"value"`
	Children []json.RawMessage `json:"children"`
}

// simpleValue is a text or a number, as JSON has them.
type simpleValue struct {
	Type     string          `json:"@odata.type"`
	Template *valueReference `json:"settingValueTemplateReference,omitempty"`
	Value    json.RawMessage `json:"value"`
}

// settingTemplate is deviceManagementConfigurationSettingTemplate with $expand=settingDefinitions: one setting at the top of a
// policy, and the definitions of everything below it.
type settingTemplate struct {
	Instance struct {
		ID           string         `json:"settingInstanceTemplateId"`
		DefinitionID string         `json:"settingDefinitionId"`
		Required     bool           `json:"isRequired"`
		Choice       *valueTemplate `json:"choiceSettingValueTemplate"`
		Simple       *valueTemplate `json:"simpleSettingValueTemplate"`
	} `json:"settingInstanceTemplate"`
	Definitions []definition `json:"settingDefinitions"`
}

// valueTemplate is a ChoiceSettingValueTemplate, or a String- or IntegerSettingValueTemplate. A default in it stands before the
// definition's.
type valueTemplate struct {
	ID      string `json:"settingValueTemplateId"`
	Default *struct {
		Option   string          `json:"settingDefinitionOptionId"`
		Constant json.RawMessage `json:"constantValue"`
	} `json:"defaultValue"`
}

// definition is a deviceManagementConfigurationSettingDefinition of any kind.
type definition struct {
	Type        string             `json:"@odata.type"`
	ID          string             `json:"id"`
	DisplayName string             `json:"displayName"`
	Name        string             `json:"name"`
	DependentOn []dependentOn      `json:"dependentOn"`
	Options     []optionDefinition `json:"options"`
	// DefaultOption of a choice.
	DefaultOption string `json:"defaultOptionId"`
	// Default of a simple setting.
	Default *struct {
		Value json.RawMessage `json:"value"`
	} `json:"defaultValue"`
	Bounds       *bounds `json:"valueDefinition"`
	MinimumCount int64   `json:"minimumCount"`
	MaximumCount int64   `json:"maximumCount"`
}

type bounds struct {
	Type          string `json:"@odata.type"`
	Pattern       string `json:"inputValidationSchema"`
	MinimumLength int64  `json:"minimumLength"`
	MaximumLength int64  `json:"maximumLength"`
	MinimumValue  *int64 `json:"minimumValue"`
	MaximumValue  *int64 `json:"maximumValue"`
	Secret        bool   `json:"isSecret"`
}

type optionDefinition struct {
	ID           string        `json:"itemId"`
	DisplayName  string        `json:"displayName"`
	DependentOn  []dependentOn `json:"dependentOn"`
	DependedOnBy []struct {
		ID       string `json:"dependedOnBy"`
		Required bool   `json:"required"`
	} `json:"dependedOnBy"`
}

type dependentOn struct {
	Option string `json:"dependentOn"`
}
