package catalog

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// object is an entity on its way out; encoding sorts its properties, which OData allows.
type object map[string]any

// What can be filtered by and selected.
var (
	policyProperties = []string{
		"id", "name", "description", "platforms", "technologies", "createdDateTime", "lastModifiedDateTime", "settingCount",
		"creationSource", "roleScopeTagIds", "isAssigned", "disableEntraGroupPolicyAssignment", "templateReference", "priorityMetaData",
	}
	templateProperties = []string{
		"id", "baseId", "version", "displayName", "description", "displayVersion", "lifecycleState", "platforms", "technologies",
		"templateFamily", "allowUnmanagedSettings", "settingTemplateCount", "disableEntraGroupPolicyAssignment",
	}
)

func (r request) context(fragment string) string {
	return r.base + "/$metadata#deviceManagement/" + fragment
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.0000000Z") }

// entity gives a policy without its settings; context is empty within a collection. A policy of this kind is never assigned
// to groups, so isAssigned stays false.
func (p *policy) entity(r request, context string) object {
	o := object{
		"id": p.id, "name": p.name, "description": p.description, "platforms": p.template.Platforms,
		"technologies": p.template.Technologies, "createdDateTime": stamp(p.created), "lastModifiedDateTime": stamp(p.modified),
		"settingCount": len(p.settings), "creationSource": p.creationSource(), "roleScopeTagIds": p.scopeTags, "isAssigned": false,
		"disableEntraGroupPolicyAssignment": false, "priorityMetaData": nil,
		"templateReference": templateReference{
			TemplateID: p.template.ID, TemplateFamily: templateFamily,
			TemplateDisplayName: &p.template.DisplayName, TemplateDisplayVersion: &p.template.DisplayVersion,
		},
	}
	if context != "" {
		o["@odata.context"] = r.context(context)
	}
	return o
}

// filterable gives what a $filter may ask, by the lower-case name of the property.
func (p *policy) filterable() map[string]string {
	return map[string]string{
		"id": p.id, "name": p.name, "description": p.public().Description, "platforms": p.template.Platforms,
		"technologies": p.template.Technologies, "creationsource": p.creationSource(), "isassigned": "false",
		"templatereference/templateid": p.template.ID, "templatereference/templatefamily": templateFamily,
		"templatereference/templatedisplayname": p.template.DisplayName,
	}
}

func (p *policy) expandable(name string) any {
	rows := []object{}
	if name == "settings" {
		for i, s := range p.settings {
			rows = append(rows, settingObject(i, s))
		}
	}
	return rows
}

// settingObject gives a setting as it is answered: with its place, and without the types that the metadata declares.
func settingObject(place int, s setting) object {
	return object{"id": strconv.Itoa(place), "settingInstance": answered(s.SettingInstance)}
}

func answered(i instance) instance {
	if i.Choice != nil {
		choice := *i.Choice
		choice.ODataType, choice.Children = "", make([]instance, 0, len(choice.Children))
		for _, below := range i.Choice.Children {
			choice.Children = append(choice.Children, answered(below))
		}
		choice.TemplateReference = choice.TemplateReference.answered()
		i.Choice = &choice
	}
	if i.Simple != nil {
		simple := i.Simple.answered()
		i.Simple = &simple
	}
	if i.Collection != nil {
		values := make([]simpleValue, 0, len(*i.Collection))
		for _, v := range *i.Collection {
			values = append(values, v.answered())
		}
		i.Collection = &values
	}
	if i.TemplateReference != nil {
		i.TemplateReference = &instanceReference{TemplateID: i.TemplateReference.TemplateID}
	}
	return i
}

func (v simpleValue) answered() simpleValue {
	v.TemplateReference = v.TemplateReference.answered()
	return v
}

func (r *valueReference) answered() *valueReference {
	if r == nil {
		return nil
	}
	return &valueReference{TemplateID: r.TemplateID, UseTemplateDefault: r.UseTemplateDefault}
}

// count is how many settings the template lists; of templates whose settings are not known here, what the dump says.
func (t *template) count() int {
	if len(t.settings) == 0 {
		return t.SettingTemplateCount
	}
	return len(t.settings)
}

func (t *template) entity(r request, context string) object {
	baseID, _, _ := strings.Cut(t.ID, "_")
	o := object{
		"id": t.ID, "baseId": baseID, "version": t.Version, "displayName": t.DisplayName, "description": t.Description,
		"displayVersion": t.DisplayVersion, "lifecycleState": t.LifecycleState, "platforms": t.Platforms,
		"technologies": t.Technologies, "templateFamily": templateFamily, "allowUnmanagedSettings": t.AllowUnmanagedSettings,
		"settingTemplateCount": t.count(), "disableEntraGroupPolicyAssignment": false,
	}
	if context != "" {
		o["@odata.context"] = r.context(context)
	}
	return o
}

func (t *template) filterable() map[string]string {
	baseID, _, _ := strings.Cut(t.ID, "_")
	return map[string]string{
		"id": t.ID, "baseid": baseID, "displayname": t.DisplayName, "platforms": t.Platforms, "technologies": t.Technologies,
		"templatefamily": templateFamily, "lifecyclestate": t.LifecycleState, "version": strconv.Itoa(t.Version),
	}
}

// entity gives the place of a setting in its template.
func (s *slot) entity(place int) object {
	common := object{
		"settingInstanceTemplateId": s.instance, "settingDefinitionId": s.definition.ID, "isRequired": s.required,
	}
	switch s.definition.Kind {
	case kindChoice:
		common["@odata.type"] = choiceInstanceType + "Template"
		common["choiceSettingValueTemplate"] = s.choiceTemplate()
	case kindSimple:
		common["@odata.type"] = simpleInstanceType + "Template"
		common["simpleSettingValueTemplate"] = s.valueTemplate()
	default:
		common["@odata.type"] = collectionType + "Template"
		common["simpleSettingCollectionValueTemplate"] = []object{s.valueTemplate()}
		common["allowUnmanagedValues"] = true
	}
	return object{"id": strconv.Itoa(place), "settingInstanceTemplate": common}
}

// choiceTemplate leaves out the default where an option has children: that default would need them, and no template is known
// to spell them out. The definition's defaultOptionId is there in any case.
func (s *slot) choiceTemplate() object {
	o := object{
		"settingValueTemplateId": s.value, "recommendedValueDefinition": nil, "requiredValueDefinition": nil, "defaultValue": nil,
	}
	hasChildren := slices.ContainsFunc(s.definition.Options, func(o option) bool { return len(o.Children) > 0 })
	if s.definition.DefaultOptionID != "" && !hasChildren {
		o["defaultValue"] = object{
			"@odata.type":               graphType + "ChoiceSettingValueConstantDefaultTemplate",
			"settingDefinitionOptionId": s.definition.DefaultOptionID, "children": []object{},
		}
	}
	return o
}

func (s *slot) valueTemplate() object {
	kind := "String"
	o := object{"settingValueTemplateId": s.value, "defaultValue": nil}
	if s.definition.ValueDefinition.isInteger() {
		kind = "Integer"
		o["recommendedValueDefinition"], o["requiredValueDefinition"] = nil, nil
	}
	o["@odata.type"] = graphType + kind + "SettingValueTemplate"
	if s.definition.DefaultValue != nil {
		o["defaultValue"] = object{
			"@odata.type":   graphType + kind + "SettingValueConstantDefaultTemplate",
			"constantValue": s.definition.DefaultValue,
		}
	}
	return o
}
