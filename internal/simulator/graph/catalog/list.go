package catalog

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// pageSize is how many rows of a collection are answered unless $top asks for another number. Of settings it was seen; for
// the other collections it was chosen here, so that a client that does not follow a nextLink is found out.
const pageSize = 25

// maxTop is the largest page.
const maxTop = 1000

// shape is what $select and $expand make of an entity.
type shape struct {
	selected []string
	expanded []string
}

// list is what the query options make of a collection.
type list struct {
	shape
	filter    expression
	top       int
	skip      int
	withCount bool
}

// readShape reads $select and $expand. properties nil: nothing can be selected.
func readShape(r request, properties []string, expandable ...string) (shape, *Refusal) {
	var s shape
	for name, values := range r.query {
		switch name {
		case "$select":
			s.selected = strings.Split(values[0], ",")
		case "$expand":
			s.expanded = strings.Split(values[0], ",")
		default:
			if strings.HasPrefix(name, "$") {
				return s, badRequest("The query option '%s' is not supported here.", name)
			}
		}
	}
	for _, name := range s.selected {
		if !slices.Contains(properties, name) {
			return s, badRequest("Could not find a property named '%s'.", name)
		}
	}
	for _, name := range s.expanded {
		if !slices.Contains(expandable, name) {
			return s, badRequest("'%s' is not a navigation property.", name)
		}
	}
	return s, nil
}

// readList reads all options of a collection. Those that cannot be filtered have no properties either.
func readList(r request, properties []string, expandable ...string) (list, *Refusal) {
	l := list{top: pageSize}
	rest := r
	rest.query = url.Values{}
	for name, values := range r.query {
		var refusal *Refusal
		switch name {
		case "$top":
			l.top, refusal = number(name, values[0], 1)
		case "$skip":
			l.skip, refusal = number(name, values[0], 0)
		case "$skiptoken":
			l.skip, refusal = fromToken(values[0])
		case "$count":
			l.withCount = values[0] == "true"
		case "$filter":
			if properties != nil {
				l.filter, refusal = parseFilter(values[0])
			}
		default:
			rest.query[name] = values
		}
		if refusal != nil {
			return l, refusal
		}
	}
	if properties == nil && r.query.Has("$filter") {
		return l, badRequest("The query option '$filter' is not supported here.")
	}
	l.top = min(l.top, maxTop)
	var refusal *Refusal
	l.shape, refusal = readShape(rest, properties, expandable...)
	return l, refusal
}

func number(name, value string, least int) (int, *Refusal) {
	n, err := strconv.Atoi(value)
	if err != nil || n < least {
		return 0, badRequest("Invalid value '%s' for %s.", value, name)
	}
	return n, nil
}

// The token is opaque to clients: where the next page begins.
func toToken(start int) string {
	return base64.RawURLEncoding.EncodeToString([]byte("next=" + strconv.Itoa(start)))
}

func fromToken(token string) (int, *Refusal) {
	plain, err := base64.RawURLEncoding.DecodeString(token)
	start, has := strings.CutPrefix(string(plain), "next=")
	if n, parseErr := strconv.Atoi(start); err == nil && has && parseErr == nil && n >= 0 {
		return n, nil
	}
	return 0, badRequest("The $skiptoken is not one of this service.")
}

// apply selects and expands.
func (s shape) apply(o object, expand func(name string) any) object {
	if len(s.selected) > 0 {
		for name := range o {
			if !strings.HasPrefix(name, "@odata.") && !slices.Contains(s.selected, name) {
				delete(o, name)
			}
		}
	}
	for _, name := range s.expanded {
		o[name] = expand(name)
	}
	return o
}

// page cuts one page out of the rows that matched. A page whose size the client asked for still has a next one.
func (l list) page(r request, fragment string, rows []object) object {
	start := min(l.skip, len(rows))
	end := min(start+l.top, len(rows))
	o := object{"@odata.context": r.context(fragment), "value": rows[start:end:end]}
	if start == end {
		o["value"] = []object{}
	}
	if l.withCount {
		o["@odata.count"] = len(rows)
	}
	if end < len(rows) {
		next := url.Values{}
		for name, values := range r.query {
			if name != "$skip" && name != "$skiptoken" {
				next[name] = values
			}
		}
		next.Set("$skiptoken", toToken(end))
		scheme, _, _ := strings.Cut(r.base, "://")
		o["@odata.nextLink"] = scheme + "://" + r.Host + r.URL.EscapedPath() + "?" + next.Encode()
	}
	return o
}
