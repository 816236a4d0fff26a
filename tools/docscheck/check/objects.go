package check

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// kind is a sort of object that a provider serves, with the places that tfplugindocs has for it.
type kind struct {
	// label is the word for people, folder the one below docs/ and examples/.
	label, folder string
	// block is the type of its block in a configuration; "" for a function.
	block string
	// example is the file that its page is made with.
	example string
	// sections are the headings of the second level that its page has to have.
	sections []string
}

const (
	why, example, limits, permissions, imports = "Why", "Example", "Limits", "Permissions", "Import"
)

var (
	resourceKind   = kind{"resource", "resources", "resource", "resource.tf", []string{why, example, limits, permissions, imports}}
	dataSourceKind = kind{"data source", "data-sources", "data", "data-source.tf", []string{why, example, limits, permissions}}
	ephemeralKind  = kind{"ephemeral resource", "ephemeral-resources", "ephemeral", "ephemeral-resource.tf", []string{why, example, limits, permissions}}
	actionKind     = kind{"action", "actions", "action", "action.tf", []string{why, example, limits, permissions}}
	listKind       = kind{"list resource", "list-resources", "list", "list-resource.tfquery.hcl", []string{why, example, limits, permissions}}
	// A function asks nobody, so it needs no permission.
	functionKind = kind{"function", "functions", "", "function.tf", []string{why, example, limits}}

	kinds = []kind{resourceKind, dataSourceKind, ephemeralKind, actionKind, listKind, functionKind}
)

// object is one thing that the provider serves.
type object struct {
	kind kind
	// name is the type name, such as asm_token, or the function's name.
	name        string
	description string
	// schema is nil for a function, function for everything else.
	schema   *tfprotov6.Schema
	function *tfprotov6.Function
	// identity is what an import names a resource by; nil where it has none.
	identity *tfprotov6.ResourceIdentitySchema
}

// catalog is everything that the provider serves.
type catalog struct {
	objects  []object
	provider *tfprotov6.Schema
}

// find gives the object of a kind and name, and whether there is one.
func (c *catalog) find(k kind, name string) (object, bool) {
	for _, o := range c.objects {
		if o.kind.label == k.label && o.name == name {
			return o, true
		}
	}

	return object{}, false
}

func objectsOf(ctx context.Context, server tfprotov6.ProviderServer) (catalog, error) {
	schemas, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return catalog{}, fmt.Errorf("asking for the schemas: %w", err)
	}

	identities, err := server.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		return catalog{}, fmt.Errorf("asking for the identities: %w", err)
	}

	for _, d := range slices.Concat(schemas.Diagnostics, identities.Diagnostics) {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			return catalog{}, fmt.Errorf("asking for the schemas: %s: %s", d.Summary, d.Detail)
		}
	}

	c := catalog{provider: schemas.Provider}
	c.add(resourceKind, schemas.ResourceSchemas)
	c.add(dataSourceKind, schemas.DataSourceSchemas)
	c.add(ephemeralKind, schemas.EphemeralResourceSchemas)
	c.add(listKind, schemas.ListResourceSchemas)

	for name, action := range schemas.ActionSchemas {
		c.add(actionKind, map[string]*tfprotov6.Schema{name: action.Schema})
	}

	for name, f := range schemas.Functions {
		c.objects = append(c.objects, object{kind: functionKind, name: name, description: f.Description, function: f})
	}

	for i, o := range c.objects {
		if o.kind.label == resourceKind.label {
			c.objects[i].identity = identities.IdentitySchemas[o.name]
		}
	}

	slices.SortFunc(c.objects, func(a, b object) int {
		return cmp.Or(cmp.Compare(a.kind.folder, b.kind.folder), cmp.Compare(a.name, b.name))
	})

	return c, nil
}

func (c *catalog) add(k kind, schemas map[string]*tfprotov6.Schema) {
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		s := schemas[name]
		c.objects = append(c.objects, object{kind: k, name: name, description: s.Block.Description, schema: s})
	}
}
