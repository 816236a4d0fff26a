package contract

import (
	_ "embed" // the documents
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

var (
	//go:embed graph-beta-dep.strict.openapi.yaml
	enrollmentProgramYAML []byte
	//go:embed configuration-policies.openapi.yaml
	configurationPoliciesYAML []byte
)

// documents is the contract, ready to be checked against. It does not change, and is shared by all validators.
type documents struct {
	routers []routers.Router
	// schemas finds a type by its name on the wire, without "#": microsoft.graph.depIOSEnrollmentProfile.
	schemas openapi3.Schemas
	// complete has each operation with answers in which nothing that is not nullable may be missing.
	complete map[string]*openapi3.Operation
	// functions are the names that the documents write with parentheses, which clients may leave out.
	functions map[string]bool
}

var loadDocuments = sync.OnceValues(func() (*documents, error) {
	d := &documents{
		schemas:   openapi3.Schemas{},
		complete:  map[string]*openapi3.Operation{},
		functions: map[string]bool{},
	}
	for name, source := range map[string][]byte{
		"graph-beta-dep.strict.openapi.yaml":  enrollmentProgramYAML,
		"configuration-policies.openapi.yaml": configurationPoliciesYAML,
	} {
		if err := d.add(source); err != nil {
			return nil, fmt.Errorf("contract document %s: %w", name, err)
		}
	}
	return d, nil
})

func (d *documents) add(source []byte) error {
	doc, err := parse(source)
	if err != nil {
		return err
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		return fmt.Errorf("making its routes: %w", err)
	}
	d.routers = append(d.routers, router)
	for path := range doc.Paths.Map() {
		if name, is := strings.CutSuffix(path[strings.LastIndex(path, "/")+1:], "()"); is {
			d.functions[name] = true
		}
	}
	return d.addComplete(source)
}

// addComplete reads the document a second time, because what is demanded of answers must not be demanded of requests,
// which use the same schemas.
func (d *documents) addComplete(source []byte) error {
	doc, err := parse(source)
	if err != nil {
		return err
	}
	for _, schema := range doc.Components.Schemas {
		requireNotNullable(schema.Value)
	}
	maps.Copy(d.schemas, doc.Components.Schemas)
	for _, item := range doc.Paths.Map() {
		for _, operation := range item.Operations() {
			if operation.OperationID == "" || d.complete[operation.OperationID] != nil {
				return fmt.Errorf("operation id %q is empty or used twice", operation.OperationID)
			}
			d.complete[operation.OperationID] = operation
		}
	}
	return nil
}

// parse gives the document with all paths below /beta, on whichever host.
func parse(source []byte) (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromData(source)
	if err != nil {
		return nil, fmt.Errorf("reading it: %w", err)
	}
	doc.Servers = openapi3.Servers{{URL: "/beta"}}
	if count := doc.Components.Responses["ODataCountResponse"]; count != nil {
		count.Value.Content["text/plain"].Schema = openapi3.NewSchemaRef("", writtenNumber)
	}
	return doc, nil
}

// writtenNumber is what a $count answers. The document calls it an integer, and the validator reads text/plain as text. A byte
// order mark before it is allowed.
var writtenNumber = openapi3.NewStringSchema().WithPattern("^\uFEFF?[0-9]+$")

// requireNotNullable makes an entity's not nullable properties required. An entity is what has a key; complex types
// state themselves what they need. A trimmed type is one that the document has only a part of.
func requireNotNullable(schema *openapi3.Schema) {
	if schema.Properties["id"] == nil || schema.Extensions["x-trimmed"] == true {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		property := schema.Properties[name].Value
		annotation := strings.Contains(name, "@odata.")
		navigation := property.Extensions["x-ms-navigationProperty"] == true // there with $expand only
		if !annotation && !navigation && !property.Nullable && !slices.Contains(schema.Required, name) {
			schema.Required = append(schema.Required, name)
		}
	}
}

// find gives the operation that a request, already normalised, is for.
func (d *documents) find(request *http.Request) (*routers.Route, map[string]string, bool) {
	for _, router := range d.routers {
		route, params, err := router.FindRoute(request)
		if err == nil {
			return route, params, true
		}
		if !errors.Is(err, routers.ErrPathNotFound) && !errors.Is(err, routers.ErrMethodNotAllowed) {
			return nil, nil, false
		}
	}
	return nil, nil, false
}

// answers gives the same route with answers in which nothing may be missing.
func (d *documents) answers(route *routers.Route) *routers.Route {
	whole := *route
	whole.Operation = d.complete[route.Operation.OperationID]
	return &whole
}
