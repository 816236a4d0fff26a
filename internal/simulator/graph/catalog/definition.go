package catalog

import (
	"slices"
	"strings"
)

// Categories of settings, as the dump has them.
const (
	categoryManagement     = "75e27534-3163-45b1-b34e-ca79b077b286"
	categorySetupAssistant = "0d23daec-d948-4eee-8ee5-89ab1c59e440"
	categoryAccounts       = "6c217eb1-e939-4a7d-8a27-da4b6dbf9513"
)

// below gives the definitions of a setting and of all that may stand below it, the setting's own first. The caller holds the lock.
func (c *Catalog) below(rootID, platform string) []object {
	root := c.definitions[rootID]
	found := []object{root.entity()}
	for _, id := range c.sortedDefinitionIDs() {
		d := c.definitions[id]
		if d.RootDefinitionID == rootID && d != root && d.onPlatform(platform) {
			found = append(found, d.entity())
		}
	}
	return found
}

func (c *Catalog) sortedDefinitionIDs() []string {
	ids := make([]string, 0, len(c.definitions))
	for id := range c.definitions {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// entity gives a definition. What the condensed data leaves out (keywords, category, name, the way the portal shows it) is
// as the dump has it for settings of the same sort.
func (d *definition) entity() object {
	category, keyword, behavior := d.place()
	o := object{
		"id": d.ID, "accessTypes": "add,delete,get,replace", "keywords": []string{"ADE profile", "enrollment", keyword},
		"infoUrls": []string{}, "occurrence": nil, "baseUri": d.BaseURI, "offsetUri": d.OffsetURI, "rootDefinitionId": d.RootDefinitionID,
		"categoryId": category, "settingUsage": "configuration", "uxBehavior": behavior, "visibility": "template", "riskLevel": "low",
		"description": d.Description, "helpText": nil, "name": d.name(), "displayName": d.DisplayName,
		"applicability": object{
			"description": nil, "platform": strings.ReplaceAll(d.Platform, ",", ", "), "deviceMode": "none", "technologies": "enrollment",
		},
		"referredSettingInformationList": []object{},
	}
	switch d.Kind {
	case kindChoice:
		o["@odata.type"] = graphType + "ChoiceSettingDefinition"
		o["defaultOptionId"], o["options"] = d.DefaultOptionID, d.optionObjects()
		return o
	case kindCollection:
		o["@odata.type"] = graphType + "SimpleSettingCollectionDefinition"
		o["minimumCount"], o["maximumCount"] = d.MinimumCount, d.MaximumCount
	default:
		o["@odata.type"] = graphType + "SimpleSettingDefinition"
	}
	o["valueDefinition"], o["defaultValue"] = d.ValueDefinition.entity(), valueObject(d.DefaultValue, d.ValueDefinition.isInteger())
	o["dependentOn"], o["dependedOnBy"] = orEmpty(d.DependentOn), []object{}
	return o
}

func (d *definition) place() (category, keyword, behavior string) {
	category, keyword, behavior = categoryManagement, "Management settings", "default"
	switch {
	case strings.HasPrefix(d.ID, "ade_setupassistant_"):
		category, keyword = categorySetupAssistant, "Setup Assistant"
	case strings.HasPrefix(d.ID, "ade_accountsettings_"):
		category, keyword = categoryAccounts, "Account settings"
	}
	if isPane(d) || len(d.Options) == 2 {
		behavior = "toggle"
	} else if d.Kind == kindSimple && !d.ValueDefinition.isInteger() {
		behavior = "smallTextBox"
	}
	return category, keyword, behavior
}

// name is the last part of the URI with a capital letter, as in UserAffinity.
func (d *definition) name() string {
	name := d.OffsetURI[strings.LastIndex(d.OffsetURI, "/")+1:]
	if name == "" {
		return d.ID
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

func (d *definition) optionObjects() []object {
	options := []object{}
	for _, o := range d.Options {
		dependentOn, dependedOnBy := []dependence{}, []object{}
		for _, on := range o.DependentOn {
			dependentOn = append(dependentOn, dependence{DependentOn: on, ParentSettingID: on[:max(0, strings.LastIndex(on, "_"))]})
		}
		for _, below := range o.Children {
			dependedOnBy = append(dependedOnBy, object{"dependedOnBy": below.ID, "required": below.Required})
		}
		_, isText := o.Value.(string)
		options = append(options, object{
			"itemId": o.ItemID, "description": nil, "helpText": nil, "name": strings.ReplaceAll(o.DisplayName, " ", ""),
			"displayName": o.DisplayName, "optionValue": valueObject(o.Value, !isText),
			"dependentOn": dependentOn, "dependedOnBy": dependedOnBy,
		})
	}
	return options
}

// valueObject is a value within a definition. A text may be null there: the setting has no default.
func valueObject(value any, isInteger bool) object {
	kind := stringValueType
	if isInteger {
		kind = integerValueType
	}
	return object{"@odata.type": kind, "settingValueTemplateReference": nil, "value": value}
}

func (v valueDefinition) entity() object {
	if v.isInteger() {
		return object{"@odata.type": v.ODataType, "minimumValue": v.MinimumValue, "maximumValue": v.MaximumValue}
	}
	o := object{
		"@odata.type": v.ODataType, "format": v.Format, "inputValidationSchema": nil, "minimumLength": v.MinimumLength,
		"maximumLength": v.MaximumLength, "isSecret": v.IsSecret, "fileTypes": orEmpty(v.FileTypes),
	}
	if v.InputValidationSchema != "" {
		o["inputValidationSchema"] = v.InputValidationSchema
	}
	return o
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
