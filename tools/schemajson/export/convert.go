package export

import (
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// The types below carry the field names and the omitted zero values of Terraform's own output.

type document struct {
	FormatVersion string                  `json:"format_version"`
	Schemas       map[string]providerJSON `json:"provider_schemas"`
}

type providerJSON struct {
	Provider           *schemaJSON             `json:"provider,omitempty"`
	Resources          map[string]schemaJSON   `json:"resource_schemas,omitempty"`
	DataSources        map[string]schemaJSON   `json:"data_source_schemas,omitempty"`
	EphemeralResources map[string]schemaJSON   `json:"ephemeral_resource_schemas,omitempty"`
	ListResources      map[string]schemaJSON   `json:"list_resource_schemas,omitempty"`
	Functions          map[string]functionJSON `json:"functions,omitempty"`
	Identities         map[string]identityJSON `json:"resource_identity_schemas,omitempty"`
	Actions            map[string]actionJSON   `json:"action_schemas,omitempty"`
}

type schemaJSON struct {
	Version int64     `json:"version"`
	Block   blockJSON `json:"block"`
}

// An action has no version: it has no state that could be of an older one.
type actionJSON struct {
	Block blockJSON `json:"block"`
}

type blockJSON struct {
	Attributes      map[string]attributeJSON   `json:"attributes,omitempty"`
	BlockTypes      map[string]nestedBlockJSON `json:"block_types,omitempty"`
	Description     string                     `json:"description,omitempty"`
	DescriptionKind string                     `json:"description_kind"`
	Deprecated      bool                       `json:"deprecated,omitempty"`
}

type nestedBlockJSON struct {
	NestingMode string    `json:"nesting_mode"`
	Block       blockJSON `json:"block"`
	MinItems    int64     `json:"min_items,omitempty"`
	MaxItems    int64     `json:"max_items,omitempty"`
}

type attributeJSON struct {
	Type            any             `json:"type,omitempty"`
	NestedType      *nestedTypeJSON `json:"nested_type,omitempty"`
	Description     string          `json:"description,omitempty"`
	DescriptionKind string          `json:"description_kind"`
	Deprecated      bool            `json:"deprecated,omitempty"`
	Required        bool            `json:"required,omitempty"`
	Optional        bool            `json:"optional,omitempty"`
	Computed        bool            `json:"computed,omitempty"`
	Sensitive       bool            `json:"sensitive,omitempty"`
	WriteOnly       bool            `json:"write_only,omitempty"`
}

type nestedTypeJSON struct {
	Attributes  map[string]attributeJSON `json:"attributes,omitempty"`
	NestingMode string                   `json:"nesting_mode"`
}

type functionJSON struct {
	Description        string          `json:"description,omitempty"`
	Summary            string          `json:"summary,omitempty"`
	DeprecationMessage string          `json:"deprecation_message,omitempty"`
	ReturnType         any             `json:"return_type"`
	Parameters         []parameterJSON `json:"parameters,omitempty"`
	VariadicParameter  *parameterJSON  `json:"variadic_parameter,omitempty"`
}

type parameterJSON struct {
	Name        string `json:"name,omitempty"`
	Description string `json:"description,omitempty"`
	IsNullable  bool   `json:"is_nullable,omitempty"`
	Type        any    `json:"type"`
}

type identityJSON struct {
	Version    int64                            `json:"version"`
	Attributes map[string]identityAttributeJSON `json:"attributes,omitempty"`
}

type identityAttributeJSON struct {
	Type              any    `json:"type"`
	Description       string `json:"description,omitempty"`
	RequiredForImport bool   `json:"required_for_import,omitempty"`
	OptionalForImport bool   `json:"optional_for_import,omitempty"`
}

func newProvider(s *tfprotov6.GetProviderSchemaResponse, ids *tfprotov6.GetResourceIdentitySchemasResponse) providerJSON {
	p := providerJSON{
		Resources:          mapValues(s.ResourceSchemas, newSchema),
		DataSources:        mapValues(s.DataSourceSchemas, newSchema),
		EphemeralResources: mapValues(s.EphemeralResourceSchemas, newSchema),
		ListResources:      mapValues(s.ListResourceSchemas, newSchema),
		Functions:          mapValues(s.Functions, newFunction),
		Identities:         mapValues(ids.IdentitySchemas, newIdentity),
		Actions: mapValues(s.ActionSchemas, func(a *tfprotov6.ActionSchema) actionJSON {
			return actionJSON{Block: newBlock(a.Schema.Block)}
		}),
	}

	if s.Provider != nil {
		provider := newSchema(s.Provider)
		p.Provider = &provider
	}

	return p
}

func newSchema(s *tfprotov6.Schema) schemaJSON {
	return schemaJSON{Version: s.Version, Block: newBlock(s.Block)}
}

func newBlock(b *tfprotov6.SchemaBlock) blockJSON {
	if b == nil {
		return blockJSON{DescriptionKind: kind(tfprotov6.StringKindPlain)}
	}

	out := blockJSON{
		Attributes:      newAttributes(b.Attributes),
		BlockTypes:      make(map[string]nestedBlockJSON, len(b.BlockTypes)),
		Description:     b.Description,
		DescriptionKind: kind(b.DescriptionKind),
		Deprecated:      b.Deprecated,
	}

	for _, nested := range b.BlockTypes {
		out.BlockTypes[nested.TypeName] = nestedBlockJSON{
			NestingMode: strings.ToLower(nested.Nesting.String()),
			Block:       newBlock(nested.Block),
			MinItems:    nested.MinItems,
			MaxItems:    nested.MaxItems,
		}
	}

	return out
}

func newAttributes(attributes []*tfprotov6.SchemaAttribute) map[string]attributeJSON {
	out := make(map[string]attributeJSON, len(attributes))
	for _, a := range attributes {
		out[a.Name] = newAttribute(a)
	}

	return out
}

func newAttribute(a *tfprotov6.SchemaAttribute) attributeJSON {
	out := attributeJSON{
		Description:     a.Description,
		DescriptionKind: kind(a.DescriptionKind),
		Deprecated:      a.Deprecated,
		Required:        a.Required,
		Optional:        a.Optional,
		Computed:        a.Computed,
		Sensitive:       a.Sensitive,
		WriteOnly:       a.WriteOnly,
	}

	if a.NestedType == nil {
		out.Type = typeJSON(a.Type)

		return out
	}

	out.NestedType = &nestedTypeJSON{
		Attributes:  newAttributes(a.NestedType.Attributes),
		NestingMode: strings.ToLower(a.NestedType.Nesting.String()),
	}

	return out
}

func newFunction(f *tfprotov6.Function) functionJSON {
	out := functionJSON{
		Description:        f.Description,
		Summary:            f.Summary,
		DeprecationMessage: f.DeprecationMessage,
		ReturnType:         typeJSON(f.Return.Type),
	}

	for _, p := range f.Parameters {
		out.Parameters = append(out.Parameters, newParameter(p))
	}

	if f.VariadicParameter != nil {
		variadic := newParameter(f.VariadicParameter)
		out.VariadicParameter = &variadic
	}

	return out
}

func newParameter(p *tfprotov6.FunctionParameter) parameterJSON {
	return parameterJSON{Name: p.Name, Description: p.Description, IsNullable: p.AllowNullValue, Type: typeJSON(p.Type)}
}

func newIdentity(s *tfprotov6.ResourceIdentitySchema) identityJSON {
	out := identityJSON{Version: s.Version, Attributes: make(map[string]identityAttributeJSON, len(s.IdentityAttributes))}

	for _, a := range s.IdentityAttributes {
		out.Attributes[a.Name] = identityAttributeJSON{
			Type:              typeJSON(a.Type),
			Description:       a.Description,
			RequiredForImport: a.RequiredForImport,
			OptionalForImport: a.OptionalForImport,
		}
	}

	return out
}

// kind names the markup of a description. Terraform writes it for an empty description too.
func kind(k tfprotov6.StringKind) string {
	return strings.ToLower(k.String())
}

func mapValues[From, To any](in map[string]From, convert func(From) To) map[string]To {
	out := make(map[string]To, len(in))
	for name, value := range in {
		out[name] = convert(value)
	}

	return out
}
