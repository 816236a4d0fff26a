package graph

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"
)

// object is a JSON object with its members in order: Graph's entities are read by people too, and the order of the
// captured answers helps them.
type object []member

type member struct {
	name  string
	value any
}

// get finds a member; it is nil where there is none.
func (o object) get(name string) any {
	for i := range o {
		if o[i].name == name {
			return o[i].value
		}
	}
	return nil
}

// with appends a member to a copy.
func (o object) with(name string, value any) object {
	return append(slices.Clip(o), member{name, value})
}

// MarshalJSON implements json.Marshaler.
func (o object) MarshalJSON() ([]byte, error) { return appendObject(nil, o), nil }

func appendObject(b []byte, o object) []byte {
	b = append(b, '{')
	for i, m := range o {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, m.name)
		b = append(b, ':')
		b = appendValue(b, m.value)
	}
	return append(b, '}')
}

// appendValue writes the kinds of values that entities have; pages of a thousand devices go through it.
func appendValue(b []byte, value any) []byte {
	switch v := value.(type) {
	case nil:
		return append(b, "null"...)
	case string:
		return appendText(b, v)
	case *string:
		if v == nil {
			return append(b, "null"...)
		}
		return appendText(b, *v)
	case bool:
		return strconv.AppendBool(b, v)
	case int:
		return strconv.AppendInt(b, int64(v), 10)
	case time.Time:
		return append(v.UTC().AppendFormat(append(b, '"'), wireTime), '"')
	case object:
		return appendObject(b, v)
	default:
		encoded, err := json.Marshal(v)
		if err != nil {
			panic("graph simulator: encoding a response: " + err.Error()) // our own types always encode
		}
		return append(b, encoded...)
	}
}

// wireTime is Edm.DateTimeOffset as Graph writes it: up to seven decimals, and 0001-01-01T00:00:00Z for never.
const wireTime = "2006-01-02T15:04:05.9999999Z07:00"

// appendText writes a JSON string.
func appendText(b []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < 0x20 || c >= 0x7f || c == '"' || c == '\\' {
			encoded, err := json.Marshal(text)
			if err != nil {
				panic("graph simulator: encoding a string: " + err.Error()) // strings always encode
			}
			return append(b, encoded...)
		}
	}
	b = append(b, '"')
	b = append(b, text...)
	return append(b, '"')
}
