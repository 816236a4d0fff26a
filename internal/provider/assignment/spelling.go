package assignment

import (
	"maps"
	"slices"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

// spelling writes every profile id as the first one that named the same profile,
// so that ids can be compared as texts: Graph has several for one profile, and
// names it on a device in a form of its own.
type spelling struct {
	first []string
	known map[string]string
}

// spelledAs begins with the ids that an assignment itself uses.
func spelledAs(ids ...string) *spelling {
	s := &spelling{known: map[string]string{}}
	for _, id := range ids {
		s.of(id)
	}
	return s
}

func (s *spelling) of(id string) string {
	if id == "" {
		return ""
	}
	if known, ok := s.known[id]; ok {
		return known
	}
	written := id
	if i := slices.IndexFunc(s.first, func(other string) bool { return tf.SameProfile(other, id) }); i >= 0 {
		written = s.first[i]
	} else {
		s.first = append(s.first, id)
	}
	s.known[id] = written
	return written
}

func (s *spelling) takeOver(t enrollment.TakeOver) enrollment.TakeOver {
	ids := make([]string, 0, len(t.ProfileIDs))
	for _, id := range t.ProfileIDs {
		ids = append(ids, s.of(id))
	}
	t.ProfileIDs = ids
	return t
}

// holding writes the profiles of what is elsewhere.
func (s *spelling) holding(h holding) holding {
	elsewhere := make(map[string]tf.Packed, len(h.elsewhere))
	for _, from := range slices.Sorted(maps.Keys(h.elsewhere)) {
		written := s.of(from)
		elsewhere[written] = enrollment.Union(elsewhere[written], h.elsewhere[from])
	}
	if h.elsewhere != nil {
		h.elsewhere = elsewhere
	}
	return h
}
