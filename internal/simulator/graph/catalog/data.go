package catalog

import (
	_ "embed" // the data
	"encoding/json"
	"slices"
	"strings"
	"sync"
)

var (
	//go:embed settings.json
	settingsJSON []byte
	//go:embed template-ids.json
	templateIDsJSON []byte
)

// Kinds of settings, as settings.json names them.
const (
	kindChoice     = "Choice"
	kindSimple     = "Simple"
	kindCollection = "SimpleSettingCollectionDefinition"
)

// definition is what a setting may be. It does not change once made; AddSetting makes new ones.
type definition struct {
	ID               string          `json:"id"`
	Kind             string          `json:"kind"`
	DisplayName      string          `json:"displayName"`
	Description      *string         `json:"description"`
	Platform         string          `json:"platform"` // several are separated by commas
	RootDefinitionID string          `json:"rootDefinitionId"`
	BaseURI          string          `json:"baseUri"`
	OffsetURI        string          `json:"offsetUri"`
	DefaultOptionID  string          `json:"defaultOptionId"`
	Options          []option        `json:"options"`
	MinimumCount     int             `json:"minimumCount"`
	MaximumCount     int             `json:"maximumCount"`
	DefaultValue     any             `json:"defaultValue"`
	ValueDefinition  valueDefinition `json:"valueDefinition"`
	DependentOn      []dependence    `json:"dependentOn"`
}

type option struct {
	ItemID      string   `json:"itemId"`
	DisplayName string   `json:"displayName"`
	Value       any      `json:"value"`
	DependentOn []string `json:"dependentOn"` // itemIds of the parent's options
	Children    []child  `json:"children"`
}

type child struct {
	ID       string `json:"id"`
	Required bool   `json:"required"`
}

type dependence struct {
	DependentOn     string `json:"dependentOn"`
	ParentSettingID string `json:"parentSettingId"`
}

// valueDefinition bounds a text or a number. Both kinds have fields of their own; the rest is zero.
type valueDefinition struct {
	ODataType             string   `json:"@odata.type"`
	Format                string   `json:"format"`
	InputValidationSchema string   `json:"inputValidationSchema"`
	MinimumLength         int      `json:"minimumLength"`
	MaximumLength         int      `json:"maximumLength"`
	IsSecret              bool     `json:"isSecret"`
	FileTypes             []string `json:"fileTypes"`
	MinimumValue          int64    `json:"minimumValue"`
	MaximumValue          int64    `json:"maximumValue"`
}

func (v valueDefinition) isInteger() bool { return v.ODataType == integerDefinitionType }

func (d *definition) onPlatform(platform string) bool {
	return slices.Contains(strings.Split(d.Platform, ","), platform)
}

// isRoot tells a setting that a template lists from one that stands below an option.
func (d *definition) isRoot() bool { return d.RootDefinitionID == d.ID }

func (d *definition) option(itemID string) *option {
	for i := range d.Options {
		if d.Options[i].ItemID == itemID {
			return &d.Options[i]
		}
	}
	return nil
}

// templateRecord is a template as settings.json has it.
type templateRecord struct {
	ID                     string `json:"id"`
	DisplayName            string `json:"displayName"`
	Description            string `json:"description"`
	Platforms              string `json:"platforms"`
	Technologies           string `json:"technologies"`
	Version                int    `json:"version"`
	DisplayVersion         string `json:"displayVersion"`
	LifecycleState         string `json:"lifecycleState"`
	SettingTemplateCount   int    `json:"settingTemplateCount"`
	AllowUnmanagedSettings bool   `json:"allowUnmanagedSettings"`
}

// capturedID are the template ids of one setting.
type capturedID struct {
	ID       string `json:"id"`
	Instance string `json:"instance"`
	Value    string `json:"value"`
}

type data struct {
	templates   []templateRecord
	definitions []*definition
	captured    []capturedID
}

// loadData reads the embedded files. They are ours: that they cannot be read is a mistake in this package.
var loadData = sync.OnceValue(func() data {
	var settings struct {
		Templates []templateRecord `json:"templates"`
		Settings  []*definition    `json:"settings"`
	}
	var ids struct {
		Settings []capturedID `json:"settings"`
	}
	for _, one := range []struct {
		source []byte
		into   any
	}{{settingsJSON, &settings}, {templateIDsJSON, &ids}} {
		if err := json.Unmarshal(one.source, one.into); err != nil {
			panic("catalog simulator: reading the embedded data: " + err.Error())
		}
	}
	return data{templates: settings.Templates, definitions: settings.Settings, captured: ids.Settings}
})
