package graph

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// collection is what a list is answered from. Items are in the order of their positions, which grow and never repeat, so
// that a page goes on where the last one ended whatever comes and goes in between.
type collection[T any] struct {
	fragment   string // of @odata.context
	typeName   string // without the namespace
	properties []string
	items      []T
	position   func(T) int
	property   func(item T, name string) any
	entity     func(T) object
	expand     func(item T, o object, names []string) (object, *reply) // nil: nothing can be expanded
}

// options are the query options of a list.
type options struct {
	top, skip int
	count     bool
	after     int // position that the last page ended with
	match     predicate
	selected  []string
	expanded  []string
	order     string
	descends  bool
}

// The options that are understood; $search is taken and ignored, as Intune does.
var knownOptions = []string{"$top", "$skip", "$count", "$filter", "$orderby", "$select", "$expand", "$skiptoken", "$search"}

func listCollection[T any](c *call, of collection[T]) reply {
	o, refusal := readOptions(c, of.typeName, of.properties)
	if refusal != nil {
		return *refusal
	}
	matches := func(item T) bool {
		return o.match == nil || o.match(func(name string) any { return of.property(item, name) })
	}
	items := of.items
	if o.order != "" {
		items = sorted(of, o)
	}
	body := append(make([]byte, 0, 512*min(len(items), o.top)+256), `{"@odata.context":`...)
	body = appendText(body, c.context(of.fragment))
	if o.count {
		body = append(body, `,"@odata.count":`...)
		body = strconv.AppendInt(body, int64(counted(items, matches)), 10)
	}
	values := append(make([]byte, 0, 512*min(len(items), o.top)), `,"value":[`...)
	taken, last, more := 0, o.after, false
	for i, item := range items {
		position := of.position(item)
		if o.order != "" {
			position = i
		}
		if position <= o.after || !matches(item) {
			continue
		}
		if o.skip > 0 {
			o.skip--
			continue
		}
		if taken == o.top {
			more = true
			break
		}
		entity, refusal := of.shape(c, item, o)
		if refusal != nil {
			return *refusal
		}
		if taken > 0 {
			values = append(values, ',')
		}
		values = appendObject(values, entity)
		taken, last = taken+1, position
	}
	if more && o.top > 0 {
		if c.s.settings.LoopNextLink || c.effects.loopNextLink {
			last = o.after
		}
		body = append(body, `,"@odata.nextLink":`...)
		body = appendText(body, c.nextLink(last))
	}
	body = append(body, values...)
	return jsonReply(http.StatusOK, append(body, "]}"...))
}

// countCollection answers /$count.
func countCollection[T any](c *call, of collection[T]) reply {
	o, refusal := readOptions(c, of.typeName, of.properties)
	if refusal != nil {
		return *refusal
	}
	n := counted(of.items, func(item T) bool {
		return o.match == nil || o.match(func(name string) any { return of.property(item, name) })
	})
	return reply{status: http.StatusOK, body: []byte(strconv.Itoa(n)), contentType: contentTypeText}
}

func counted[T any](items []T, matches func(T) bool) int {
	n := 0
	for _, item := range items {
		if matches(item) {
			n++
		}
	}
	return n
}

// sorted is a copy in the order of $orderby; ties stay as they are.
func sorted[T any](of collection[T], o options) []T {
	items := slices.Clone(of.items)
	slices.SortStableFunc(items, func(a, b T) int {
		x, y := of.property(a, o.order), of.property(b, o.order)
		if o.descends {
			x, y = y, x
		}
		return order(x, y)
	})
	return items
}

// order compares two values of one property; null is first.
func order(x, y any) int {
	a, b := string(appendValue(nil, x)), string(appendValue(nil, y))
	if m, ok := x.(int); ok {
		if n, ok := y.(int); ok {
			return m - n
		}
	}
	if (a == "null") != (b == "null") {
		return truth(b == "null") - truth(a == "null")
	}
	return strings.Compare(strings.ToLower(a), strings.ToLower(b))
}

// shape is an item as the query wants it.
func (of *collection[T]) shape(c *call, item T, o options) (object, *reply) {
	entity := project(of.entity(item), o.selected)
	if len(o.expanded) == 0 {
		return entity, nil
	}
	if of.expand == nil {
		return nil, c.badRequest("The property '" + o.expanded[0] + "' cannot be used in the $expand query option.")
	}
	return of.expand(item, entity, o.expanded)
}

// project keeps the selected properties, and the annotations.
func project(entity object, selected []string) object {
	if len(selected) == 0 {
		return entity
	}
	var out object
	for _, m := range entity {
		if strings.HasPrefix(m.name, "@") || slices.ContainsFunc(selected, func(n string) bool {
			return strings.EqualFold(n, m.name)
		}) {
			out = append(out, m)
		}
	}
	return out
}

// nextLink is the address of the request with another place to go on from.
func (c *call) nextLink(after int) string {
	query := url.Values{}
	for name, values := range c.query {
		if name != "$skiptoken" && name != "$skip" {
			query[name] = values
		}
	}
	query.Set("$skiptoken", skipToken(after))
	return c.root() + c.r.URL.EscapedPath() + "?" + query.Encode()
}

// skipToken is opaque to clients.
func skipToken(after int) string {
	return base64.RawURLEncoding.EncodeToString([]byte("LastPosition=" + strconv.Itoa(after)))
}

func readOptions(c *call, typeName string, properties []string) (options, *reply) {
	o := options{top: c.s.settings.PageSize, after: -1}
	for name := range c.query {
		if strings.HasPrefix(name, "$") && !slices.Contains(knownOptions, name) {
			return o, c.plain(http.StatusBadRequest, "BadRequest", "The query parameter '"+name+"' is not supported.")
		}
	}
	for _, read := range []func(*options, *call) *reply{readPaging, readSkipToken} {
		if refusal := read(&o, c); refusal != nil {
			return o, refusal
		}
	}
	if refusal := o.readNames(c, typeName, properties); refusal != nil {
		return o, refusal
	}
	if text := c.query.Get("$filter"); text != "" && !c.s.settings.IgnoreFilters && !c.effects.ignoreFilter {
		match, err := parseFilter(text, properties)
		if err != nil {
			return o, c.plain(http.StatusBadRequest, "BadRequest",
				"Invalid filter clause: "+err.Error()+" on type 'microsoft.graph."+typeName+"'.")
		}
		o.match = match
	}
	return o, nil
}

func readPaging(o *options, c *call) *reply {
	for name, into := range map[string]*int{"$top": &o.top, "$skip": &o.skip} {
		text := c.query.Get(name)
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return c.plain(http.StatusBadRequest, "BadRequest", "Invalid value '"+text+"' for "+name+" query option found. "+
				"The "+name+" query option requires a non-negative integer value.")
		}
		*into = n
	}
	o.top = min(o.top, c.s.settings.MaximumPageSize)
	if text := c.query.Get("$count"); text != "" {
		count, err := strconv.ParseBool(text)
		if err != nil {
			return c.plain(http.StatusBadRequest, "BadRequest", "Invalid value '"+text+"' for $count query option found.")
		}
		o.count = count
	}
	return nil
}

func readSkipToken(o *options, c *call) *reply {
	text := c.query.Get("$skiptoken")
	if text == "" {
		return nil
	}
	decoded, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		var found bool
		if decoded, found = cutPrefix(decoded, "LastPosition="); found {
			o.after, err = strconv.Atoi(string(decoded))
			if err == nil {
				return nil
			}
		}
	}
	return c.badRequest("Skip token is malformed or not valid for this request.")
}

func cutPrefix(b []byte, prefix string) ([]byte, bool) {
	rest, found := strings.CutPrefix(string(b), prefix)
	return []byte(rest), found
}

// readNames reads $select, $expand and $orderby.
func (o *options) readNames(c *call, typeName string, properties []string) *reply {
	unknown := func(name string) *reply {
		return c.plain(http.StatusBadRequest, "BadRequest",
			"Parsing OData Select and Expand failed: Could not find a property named '"+name+"' on type 'microsoft.graph."+typeName+"'.")
	}
	known := func(name string) bool {
		return slices.ContainsFunc(properties, func(p string) bool { return strings.EqualFold(p, name) })
	}
	for _, name := range namesOf(c.query.Get("$select")) {
		if !known(name) {
			return unknown(name)
		}
		o.selected = append(o.selected, name)
	}
	for _, name := range namesOf(c.query.Get("$expand")) {
		name, _, _ = strings.Cut(name, "(")
		o.expanded = append(o.expanded, name)
	}
	if text := strings.TrimSpace(c.query.Get("$orderby")); text != "" {
		name, direction, _ := strings.Cut(text, " ")
		i := slices.IndexFunc(properties, func(p string) bool { return strings.EqualFold(p, name) })
		if i < 0 || direction != "" && direction != "asc" && direction != "desc" {
			return unknown(text)
		}
		o.order, o.descends = properties[i], direction == "desc"
	}
	return nil
}

func namesOf(list string) []string {
	var out []string
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.TrimSpace(name); name != "" {
			out = append(out, name)
		}
	}
	return out
}

// single answers one entity with $select and $expand.
func single[T any](c *call, fragment string, of collection[T], item T) reply {
	o, refusal := readOptions(c, of.typeName, of.properties)
	if refusal != nil {
		return *refusal
	}
	entity, refusal := of.shape(c, item, o)
	if refusal != nil {
		return *refusal
	}
	return c.entity(http.StatusOK, fragment, entity)
}
