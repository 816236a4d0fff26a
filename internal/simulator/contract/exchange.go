package contract

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// exchange is a request and its answer, both with their bodies read.
type exchange struct {
	request *http.Request
	sent    []byte
	status  int
	header  http.Header
	body    []byte
}

func (x exchange) succeeded() bool { return x.status >= 200 && x.status <= 299 }

// blamesRequest tells whether the request had to be valid: it was taken, or what failed was not the request.
func (x exchange) blamesRequest() bool {
	return x.succeeded() || x.status == http.StatusTooManyRequests || x.status >= 500
}

// fromGateway is an answer from in front of Graph, which has no contract.
func (x exchange) fromGateway() bool {
	gateway := []int{http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}
	return slices.Contains(gateway, x.status) && !strings.HasPrefix(x.header.Get("Content-Type"), "application/json")
}

// options of every check. Who may call is not the contract's business, and a check changes nothing.
func options() *openapi3filter.Options {
	return &openapi3filter.Options{
		MultiError:                        true,
		IncludeResponseStatus:             true,
		RejectWhenRequestBodyNotSpecified: true,
		SkipSettingDefaults:               true,
		AuthenticationFunc:                openapi3filter.NoopAuthenticationFunc,
	}
}

// check looks at one exchange and records it.
func (v *Validator) check(x exchange) {
	if !isGraph(x.request.URL.Path) {
		return
	}
	violation := Violation{Method: x.request.Method, Path: x.request.URL.Path}
	request := v.documents.normalised(x.request)
	route, params, known := v.documents.find(request)
	if !known || leftOut.MatchString(x.request.URL.Path) {
		v.record(2, "", false, v.checkUnknown(x, violation))
		return
	}
	violation.Operation = route.Operation.OperationID
	input := &openapi3filter.RequestValidationInput{
		Request: request, PathParams: params, Route: route, Options: options(),
	}
	var found []Violation
	if x.blamesRequest() {
		found = append(found, violation.each(PartRequest, v.checkRequest(x, input))...)
	}
	found = append(found, violation.each(PartResponse, v.checkResponse(x, input))...)
	v.record(2, route.Operation.OperationID, x.succeeded(), found)
}

// checkUnknown: a path that is not in the documents has to fail, and in Graph's words.
func (v *Validator) checkUnknown(x exchange, violation Violation) []Violation {
	switch {
	case x.status < 400 && leftOut.MatchString(violation.Path):
		return nil
	case x.status < 400:
		return violation.each(PartRequest, []string{
			fmt.Sprintf("the contract has no such path or method, yet the answer was %d", x.status),
		})
	}
	return violation.each(PartResponse, v.checkError(x))
}

func (v *Validator) checkRequest(x exchange, input *openapi3filter.RequestValidationInput) []string {
	input.Request.Body = io.NopCloser(bytes.NewReader(x.sent))
	input.Request.ContentLength = int64(len(x.sent))
	details := v.documents.details(openapi3filter.ValidateRequest(x.request.Context(), input))
	return append(details, unknownOptions(input)...)
}

// unknownOptions: Graph ignores some query options that it does not know and refuses others; neither is wanted.
func unknownOptions(input *openapi3filter.RequestValidationInput) []string {
	var details []string
	for name := range input.Request.URL.Query() {
		if strings.HasPrefix(name, "$") && input.Route.Operation.Parameters.GetByInAndName("query", name) == nil {
			details = append(details, fmt.Sprintf("the operation has no query option %s", name))
		}
	}
	slices.Sort(details)
	return details
}

func (v *Validator) checkResponse(x exchange, input *openapi3filter.RequestValidationInput) []string {
	if x.fromGateway() {
		return nil
	}
	details := checkStatus(x, input.Route)
	chosen := input.Request.URL.Query().Has("$select")
	if !chosen && !v.partial {
		input.Route = v.documents.answers(input.Route)
	}
	body, err := x.plainBody()
	if err != nil {
		return append(details, err.Error())
	}
	err = openapi3filter.ValidateResponse(x.request.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input,
		Status:                 x.status,
		Header:                 x.header,
		Body:                   io.NopCloser(bytes.NewReader(sampled(body))),
		Options:                options(),
	})
	return append(details, v.documents.details(err)...)
}

// checkStatus: the documents allow any 2xx; the documentation page shows one, and the document names what else is seen.
func checkStatus(x exchange, route *routers.Route) []string {
	if !x.succeeded() {
		return nil
	}
	status := fmt.Sprint(x.status)
	named := route.Operation.Responses.Value(status)
	if documented, has := route.Operation.Extensions["x-documented-status"]; has &&
		named == nil && fmt.Sprint(documented) != status {
		return []string{fmt.Sprintf("a success is answered with %v, not %s", documented, status)}
	}
	if named != nil && len(named.Value.Content) == 0 && len(x.body) > 0 {
		return []string{fmt.Sprintf("an answer with status %s has no body", status)}
	}
	return nil
}

// checkError looks at an error on a path that no document has.
func (v *Validator) checkError(x exchange) []string {
	if x.fromGateway() {
		return nil
	}
	if !strings.HasPrefix(x.header.Get("Content-Type"), "application/json") {
		return []string{fmt.Sprintf("an error has the content type %q", x.header.Get("Content-Type"))}
	}
	body, err := x.plainBody()
	if err != nil {
		return []string{err.Error()}
	}
	value, err := decodeJSON(body)
	if err != nil {
		return []string{err.Error()}
	}
	schema := v.documents.schemas["microsoft.graph.ODataErrors.ODataError"].Value
	return v.documents.details(schema.VisitJSON(value, openapi3.MultiErrors(), openapi3.VisitAsResponse()))
}

// each makes one violation of each detail.
func (v Violation) each(part string, details []string) []Violation {
	found := make([]Violation, 0, len(details))
	for _, detail := range details {
		v.Part, v.Detail = part, detail
		found = append(found, v)
	}
	return found
}
