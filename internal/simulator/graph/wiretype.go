package graph

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// The types of properties in requests (Edm and Graph's own).
type fieldKind int

const (
	kindText         fieldKind = iota // Edm.String, decoded to *string
	kindBool                          // Edm.Boolean
	kindInt                           // Edm.Int32
	kindDate                          // Edm.DateTimeOffset, decoded to time.Time
	kindEnum                          // decoded to string
	kindTexts                         // Collection(Edm.String), decoded to []string
	kindGUIDs                         // Collection(Edm.Guid), decoded to []string
	kindCertificates                  // Collection(managementCertificateWithThumbprint), decoded to []object
	kindRotation                      // depProfileAdminAccountPasswordRotationSetting, decoded to object
)

// field is one property of a type.
type field struct {
	name     string
	kind     fieldKind
	nullable bool
	values   []string // of an enumeration
	standard any      // what a new entity has; nil: the zero value of the kind
	secret   bool     // never returned
	owned    bool     // set by the service: taken and ignored in requests
}

// zero is what an entity has that nobody has set.
func (f field) zero() any {
	if f.standard != nil {
		return f.standard
	}
	switch f.kind {
	case kindBool:
		return false
	case kindInt:
		if f.nullable {
			return nil
		}
		return 0
	case kindDate:
		return time.Time{}
	case kindEnum:
		return f.values[0]
	case kindTexts, kindGUIDs:
		return []string{}
	case kindCertificates:
		return []object{}
	default:
		return nil
	}
}

// wireType is an entity type of Graph.
type wireType struct {
	name   string // without the namespace
	fields []field
}

func (w wireType) field(name string) (field, bool) {
	i := slices.IndexFunc(w.fields, func(f field) bool { return f.name == name })
	if i < 0 {
		return field{}, false
	}
	return w.fields[i], true
}

func (w wireType) names() []string {
	out := make([]string, 0, len(w.fields))
	for _, f := range w.fields {
		out = append(out, f.name)
	}
	return out
}

// odataType is the type that a request says it is of, "" if it does not; with or without the number sign.
func odataType(body map[string]any) string {
	text, _ := body["@odata.type"].(string)
	return strings.TrimPrefix(strings.TrimPrefix(text, "#"), "microsoft.graph.")
}

// decodeAs reads the body as an entity of a type.
func (c *call) decodeAs(w wireType) (map[string]any, *reply) {
	raw, refusal := c.decode()
	if refusal != nil {
		return nil, refusal
	}
	if named := odataType(raw); named != "" && named != w.name {
		return nil, c.plain(http.StatusBadRequest, "BadRequest",
			"A type named 'microsoft.graph."+named+"' is not compatible with the expected type 'microsoft.graph."+w.name+"'.")
	}
	return c.typed(w, raw)
}

// typed checks a body against a type and decodes it. Annotations are passed over.
func (c *call) typed(w wireType, raw map[string]any) (map[string]any, *reply) {
	out := make(map[string]any, len(raw))
	for name, value := range raw {
		if strings.Contains(name, "@") {
			continue
		}
		f, known := w.field(name)
		if !known {
			return nil, c.plain(http.StatusBadRequest, "BadRequest", "The property '"+name+"' does not exist on type "+
				"'microsoft.graph."+w.name+"'. Make sure to only use property names that are defined by the type.")
		}
		decoded, err := f.decode(value)
		if err != nil {
			return nil, c.plain(http.StatusBadRequest, "BadRequest", "Invalid value for property '"+name+"': "+err.Error())
		}
		out[name] = decoded
	}
	return out, nil
}

// edmNames are for messages.
var edmNames = map[fieldKind]string{
	kindText: "Edm.String", kindBool: "Edm.Boolean", kindInt: "Edm.Int32", kindDate: "Edm.DateTimeOffset",
	kindEnum: "enumeration", kindTexts: "Collection(Edm.String)", kindGUIDs: "Collection(Edm.Guid)",
	kindCertificates: "Collection(microsoft.graph.managementCertificateWithThumbprint)",
	kindRotation:     "microsoft.graph.depProfileAdminAccountPasswordRotationSetting",
}

func (f field) mismatch(value any) error {
	text, _ := json.Marshal(value) // decoded from JSON: encodes again
	return fmt.Errorf("cannot convert the literal '%s' to the expected type '%s'", text, edmNames[f.kind])
}

func (f field) decode(value any) (any, error) {
	if value == nil {
		return f.decodeNull()
	}
	switch f.kind {
	case kindText:
		if v, ok := value.(string); ok {
			return &v, nil
		}
	case kindBool:
		if v, ok := value.(bool); ok {
			return v, nil
		}
	case kindInt:
		if v, ok := int32Of(value); ok {
			return v, nil
		}
	case kindDate:
		if text, ok := value.(string); ok {
			if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
				return t, nil
			}
		}
	case kindEnum:
		if v, ok := value.(string); ok && slices.Contains(f.values, v) {
			return v, nil
		}
	case kindTexts, kindGUIDs:
		if v, ok := textsOf(value); ok && (f.kind == kindTexts || allGUIDs(v)) {
			return v, nil
		}
	case kindCertificates:
		return f.decodeCertificates(value)
	case kindRotation:
		return f.decodeRotation(value)
	}
	return nil, f.mismatch(value)
}

func (f field) decodeNull() (any, error) {
	if !f.nullable {
		return nil, fmt.Errorf("a null value was found for the property named '%s', which has the expected type '%s[Nullable=False]'",
			f.name, edmNames[f.kind])
	}
	if f.kind == kindText {
		return (*string)(nil), nil
	}
	return nil, nil //nolint:nilnil // null is the value
}

func int32Of(value any) (int, bool) {
	number, ok := value.(json.Number)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(number.String(), 10, 32)
	return int(n), err == nil
}

func textsOf(value any) ([]string, bool) {
	list, ok := value.([]any)
	if !ok {
		return nil, false
	}
	out := make([]string, 0, len(list))
	for _, entry := range list {
		text, ok := entry.(string)
		if !ok {
			return nil, false
		}
		out = append(out, text)
	}
	return out, true
}

func allGUIDs(texts []string) bool {
	return !slices.ContainsFunc(texts, func(t string) bool { return uuid.Validate(t) != nil || len(t) != 36 })
}

// members reads an object with the given members, all of them optional and nullable.
func (f field) members(value any, decode map[string]func(any) (any, bool)) (map[string]any, error) {
	raw, ok := value.(map[string]any)
	if !ok {
		return nil, f.mismatch(value)
	}
	out := map[string]any{}
	for name, inner := range raw {
		if strings.Contains(name, "@") {
			continue
		}
		read, known := decode[name]
		if !known {
			return nil, fmt.Errorf("the property '%s' does not exist on type '%s'", name, edmNames[f.kind])
		}
		if inner == nil {
			continue
		}
		decoded, ok := read(inner)
		if !ok {
			return nil, f.mismatch(inner)
		}
		out[name] = decoded
	}
	return out, nil
}

func anyText(v any) (any, bool) { s, ok := v.(string); return s, ok }
func anyInt(v any) (any, bool)  { return int32Of(v) }
func anyBool(v any) (any, bool) { b, ok := v.(bool); return b, ok }
func anyMap(v any) (any, bool)  { m, ok := v.(map[string]any); return m, ok }

func (f field) decodeCertificates(value any) (any, error) {
	list, ok := value.([]any)
	if !ok {
		return nil, f.mismatch(value)
	}
	out := make([]object, 0, len(list))
	for _, entry := range list {
		m, err := f.members(entry, map[string]func(any) (any, bool){"thumbprint": anyText, "certificate": anyText})
		if err != nil {
			return nil, err
		}
		out = append(out, object{{"thumbprint", m["thumbprint"]}, {"certificate", m["certificate"]}})
	}
	return out, nil
}

func (f field) decodeRotation(value any) (any, error) {
	m, err := f.members(value, map[string]func(any) (any, bool){
		"autoRotationPeriodInDays": anyInt, "depProfileDelayAutoRotationSetting": anyMap,
	})
	if err != nil {
		return nil, err
	}
	out := object{{"autoRotationPeriodInDays", m["autoRotationPeriodInDays"]}, {"depProfileDelayAutoRotationSetting", nil}}
	if inner, given := m["depProfileDelayAutoRotationSetting"]; given {
		d, err := f.members(inner, map[string]func(any) (any, bool){
			"onRetrievalAutoRotatePasswordEnabled": anyBool, "onRetrievalDelayAutoRotatePasswordInHours": anyInt,
		})
		if err != nil {
			return nil, err
		}
		out[1].value = object{
			{"onRetrievalAutoRotatePasswordEnabled", d["onRetrievalAutoRotatePasswordEnabled"]},
			{"onRetrievalDelayAutoRotatePasswordInHours", d["onRetrievalDelayAutoRotatePasswordInHours"]},
		}
	}
	return out, nil
}
