package catalog

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

const (
	policiesSegment  = "configurationPolicies"
	templatesSegment = "configurationPolicyTemplates"
)

// maxBody is far beyond a policy, and only protects the process.
const maxBody = 8 << 20

// Serves tells whether a path of Graph is the catalog's.
func Serves(path string) bool {
	_, segments := parsePath(path)
	return len(segments) > 0
}

// Handler serves the catalog's paths below any prefix that ends in /deviceManagement.
func (c *Catalog) Handler() http.Handler { return http.HandlerFunc(c.serve) }

// request is a call with its path taken apart.
type request struct {
	*http.Request
	// base is the address up to and with the version segment: http://127.0.0.1:1234/beta.
	base string
	// action is the last segment where there are three.
	segment, id, action string
	query               url.Values
}

func (c *Catalog) serve(w http.ResponseWriter, r *http.Request) {
	prefix, segments := parsePath(r.URL.EscapedPath())
	call := request{Request: r, base: "http://" + r.Host + prefix, query: r.URL.Query()}
	if r.TLS != nil {
		call.base = "https://" + r.Host + prefix
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	answer, refusal := c.answer(call, segments)
	if refusal != nil {
		c.refuse(w, r, refusal)
		return
	}
	if answer.body == nil {
		w.WriteHeader(answer.status)
		return
	}
	content, err := json.Marshal(answer.body)
	if err != nil {
		panic("catalog simulator: encoding a response: " + err.Error()) // our own types always encode
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(answer.status)
	_, _ = w.Write(content) // a client that went away is no fault of ours
}

const contentType = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"

// reply is an answer that is not an error.
type reply struct {
	status int
	body   any
}

func ok(body any) (reply, *Refusal) { return reply{http.StatusOK, body}, nil }

func (c *Catalog) refuse(w http.ResponseWriter, r *http.Request, refusal *Refusal) {
	if write := c.currentHooks().Error; write != nil {
		write(w, r, refusal.Status, refusal.Code, refusal.Message)
		return
	}
	content, err := json.Marshal(map[string]any{"error": map[string]any{"code": refusal.Code, "message": refusal.Message}})
	if err != nil {
		panic("catalog simulator: encoding an error: " + err.Error()) // two strings always encode
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(refusal.Status)
	_, _ = w.Write(content)
}

// A key in parentheses: configurationPolicies('id').
var keyed = regexp.MustCompile(`^([A-Za-z]+)\('([^']*)'\)$`)

// parsePath gives the prefix before /deviceManagement, and what comes after it as segments; none if it is not the catalog's.
// OData takes a key in parentheses, and a function or action with or without its own.
func parsePath(escaped string) (prefix string, segments []string) {
	prefix, rest, found := strings.Cut(escaped, "/deviceManagement/")
	if !found {
		return "", nil
	}
	for segment := range strings.SplitSeq(rest, "/") {
		if plain, err := url.PathUnescape(segment); err == nil {
			segment = plain
		}
		if match := keyed.FindStringSubmatch(segment); match != nil {
			segments = append(segments, match[1], match[2])
			continue
		}
		segments = append(segments, strings.TrimSuffix(segment, "()"))
	}
	if segments[0] != policiesSegment && segments[0] != templatesSegment {
		return "", nil
	}
	return prefix, segments
}

// route is one operation: method, first segment, whether it has an id, and what follows the id.
type route struct {
	method, segment string
	withID          bool
	action          string
}

var routes = map[route]func(*Catalog, request) (reply, *Refusal){
	{http.MethodGet, policiesSegment, false, ""}:                 (*Catalog).listPolicies,
	{http.MethodPost, policiesSegment, false, ""}:                (*Catalog).createPolicy,
	{http.MethodGet, policiesSegment, true, ""}:                  (*Catalog).getPolicy,
	{http.MethodPut, policiesSegment, true, ""}:                  (*Catalog).replacePolicy,
	{http.MethodDelete, policiesSegment, true, ""}:               (*Catalog).deletePolicy,
	{http.MethodGet, policiesSegment, true, "settings"}:          (*Catalog).listSettings,
	{http.MethodPost, policiesSegment, true, "set" + target}:     (*Catalog).setTarget,
	{http.MethodGet, policiesSegment, true, "retrieve" + target}: (*Catalog).retrieveTarget,
	{http.MethodDelete, policiesSegment, true, "clear" + target}: (*Catalog).clearTarget,
	{http.MethodGet, templatesSegment, false, ""}:                (*Catalog).listTemplates,
	{http.MethodGet, templatesSegment, true, ""}:                 (*Catalog).getTemplate,
	{http.MethodGet, templatesSegment, true, "settingTemplates"}: (*Catalog).listSettingTemplates,
}

func (c *Catalog) answer(r request, segments []string) (reply, *Refusal) {
	if len(segments) == 0 || len(segments) > 3 {
		return reply{}, noRoute(r)
	}
	r.segment = segments[0]
	if len(segments) > 1 {
		r.id = segments[1]
	}
	if len(segments) > 2 {
		r.action = segments[2]
	}
	do := routes[route{r.Method, r.segment, r.id != "", r.action}]
	if do == nil {
		return reply{}, noRoute(r)
	}
	return do(c, r)
}

// noRoute is what Intune answers to a method that it does not have for a path, in the words of a captured answer.
func noRoute(r request) *Refusal {
	return &Refusal{
		http.StatusBadRequest, "No method match route template", "No OData route exists that match template ~/singleton/navigation with http verb " +
			r.Method + " for request /DeviceConfigV2/StatelessDeviceConfigV2FEService" + r.URL.Path + ".",
	}
}

func (c *Catalog) createPolicy(r request) (reply, *Refusal) {
	sent, refusal := decodePolicy(r.Body)
	if refusal != nil {
		return reply{}, refusal
	}
	p, refusal := c.create(sent)
	if refusal != nil {
		return reply{}, refusal
	}
	return reply{http.StatusCreated, p.entity(r, policiesSegment+"/$entity")}, nil
}

func (c *Catalog) replacePolicy(r request) (reply, *Refusal) {
	sent, refusal := decodePolicy(r.Body)
	if refusal != nil {
		return reply{}, refusal
	}
	p, refusal := c.replace(r.id, sent)
	if refusal != nil {
		return reply{}, refusal
	}
	if c.Settings().ReplaceAnswers == http.StatusOK {
		return ok(p.entity(r, policiesSegment+"/$entity"))
	}
	return reply{status: http.StatusNoContent}, nil
}

func (c *Catalog) deletePolicy(r request) (reply, *Refusal) {
	if refusal := c.remove(r.id); refusal != nil {
		return reply{}, refusal
	}
	return reply{status: http.StatusNoContent}, nil
}

func (c *Catalog) getPolicy(r request) (reply, *Refusal) {
	shape, refusal := readShape(r, policyProperties, "settings", "assignments")
	if refusal != nil {
		return reply{}, refusal
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.policy(r.id)
	if p == nil {
		return reply{}, noPolicy(r.id)
	}
	return ok(shape.apply(p.entity(r, policiesSegment+"/$entity"), p.expandable))
}

func (c *Catalog) listPolicies(r request) (reply, *Refusal) {
	list, refusal := readList(r, policyProperties, "settings", "assignments")
	if refusal != nil {
		return reply{}, refusal
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var rows []object
	for _, p := range c.policies {
		if list.filter.matches(p.filterable()) {
			rows = append(rows, list.apply(p.entity(r, ""), p.expandable))
		}
	}
	return ok(list.page(r, policiesSegment, rows))
}

func (c *Catalog) listSettings(r request) (reply, *Refusal) {
	list, refusal := readList(r, nil, "settingDefinitions")
	if refusal != nil {
		return reply{}, refusal
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.policy(r.id)
	if p == nil {
		return reply{}, noPolicy(r.id)
	}
	var rows []object
	for i, s := range p.settings {
		rows = append(rows, list.apply(settingObject(i, s), func(string) any {
			return c.below(s.SettingInstance.DefinitionID, p.template.Platforms)
		}))
	}
	return ok(list.page(r, policiesSegment+"('"+r.id+"')/settings", rows))
}

func (c *Catalog) listTemplates(r request) (reply, *Refusal) {
	list, refusal := readList(r, templateProperties)
	if refusal != nil {
		return reply{}, refusal
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var rows []object
	for _, t := range c.templates {
		if list.filter.matches(t.filterable()) {
			rows = append(rows, list.apply(t.entity(r, ""), nil))
		}
	}
	return ok(list.page(r, templatesSegment, rows))
}

func (c *Catalog) getTemplate(r request) (reply, *Refusal) {
	shape, refusal := readShape(r, templateProperties)
	if refusal != nil {
		return reply{}, refusal
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.template(r.id)
	if t == nil {
		return reply{}, noTemplate(r.id)
	}
	return ok(shape.apply(t.entity(r, templatesSegment+"/$entity"), nil))
}

func (c *Catalog) listSettingTemplates(r request) (reply, *Refusal) {
	list, refusal := readList(r, nil, "settingDefinitions")
	if refusal != nil {
		return reply{}, refusal
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.template(r.id)
	switch {
	case t == nil:
		return reply{}, noTemplate(r.id)
	case len(t.settings) == 0:
		return reply{}, badRequest("The simulator does not have the settings of the template '%s'.", t.ID)
	}
	var rows []object
	for i, s := range t.settings {
		rows = append(rows, list.apply(s.entity(i), func(string) any { return c.below(s.definition.ID, t.Platforms) }))
	}
	return ok(list.page(r, templatesSegment+"('"+r.id+"')/settingTemplates", rows))
}

func noTemplate(id string) *Refusal {
	return &Refusal{http.StatusNotFound, "ResourceNotFound", "There is no configuration policy template '" + id + "'."}
}
