package tftest

import (
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// At reads an attribute as Get does, with dots that lead into objects:
// "shared_ipad.maximum_cached_users". Inside an object that is null everything
// is nil, and Unknown inside one that is not known.
func (s State) At(path string) any {
	value := s.Value
	for name := range strings.SplitSeq(path, ".") {
		switch {
		case !value.IsKnown():
			return Unknown
		case value.IsNull():
			return nil
		}
		inner, ok := members(value)[name]
		if !ok {
			panic("there is no attribute " + path)
		}
		value = inner
	}
	return plain(value)
}

// Differences lists the attributes that two states of one type have otherwise,
// sorted: the attribute inside an object that both have, else the object.
func Differences(a, b State) []string {
	var out []string
	differences("", a.Value, b.Value, &out)
	slices.Sort(out)
	return out
}

func differences(prefix string, a, b tftypes.Value, out *[]string) {
	switch {
	case a.Equal(b):
	case prefix != "" && (!a.Type().Is(tftypes.Object{}) || a.IsNull() || b.IsNull() || !a.IsKnown() || !b.IsKnown()):
		*out = append(*out, strings.TrimSuffix(prefix, "."))
	default:
		there := members(b)
		for name, value := range members(a) {
			differences(prefix+name+".", value, there[name], out)
		}
	}
}
