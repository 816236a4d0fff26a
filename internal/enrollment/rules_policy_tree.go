package enrollment

import (
	"maps"
	"slices"
)

// below lists the settings that an option brings up, sorted.
func (t PolicyTemplate) below(option string) []string {
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(t.Settings)) {
		if slices.Contains(t.Settings[id].Under, option) {
			ids = append(ids, id)
		}
	}
	return ids
}

// reach are the settings that an option brings up, at any depth.
func (t PolicyTemplate) reach(option string) map[string]bool {
	found := map[string]bool{}
	t.reachInto(option, found)
	return found
}

func (t PolicyTemplate) reachInto(option string, found map[string]bool) {
	for _, id := range t.below(option) {
		if found[id] {
			continue
		}
		found[id] = true
		for _, o := range t.Settings[id].Options {
			t.reachInto(o.ID, found)
		}
	}
}

// above gives the setting that an option is a value of.
func (t PolicyTemplate) above(option string) (PolicySetting, PolicyOption) {
	for _, setting := range t.Settings {
		if o, ok := setting.option(option); ok {
			return setting, o
		}
	}
	return PolicySetting{}, PolicyOption{}
}

func (s PolicySetting) option(id string) (PolicyOption, bool) {
	for _, o := range s.Options {
		if o.ID == id {
			return o, true
		}
	}
	return PolicyOption{}, false
}

// offered tells whether a value of a choice can be chosen below an option of the
// setting above; parent is empty at the top.
func (s PolicySetting) offered(value, parent string) bool {
	o, ok := s.option(value)
	return ok && (parent == "" || len(o.Under) == 0 || slices.Contains(o.Under, parent))
}
