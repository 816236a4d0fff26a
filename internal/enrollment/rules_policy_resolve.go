package enrollment

import (
	"fmt"
	"maps"
	"slices"
)

// PolicyValues are the settings that a policy has: its value by definition id,
// in the form of PolicySpec.Settings.
type PolicyValues map[string]string

// Defaulted lists the settings of a policy that this version has no attribute
// for, that are not in managed, and that have the template's default, sorted.
func (v PolicyValues) Defaulted(template PolicyTemplate, managed map[string]string) []string {
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(v)) {
		setting, ok := template.Settings[id]
		if _, named := managed[id]; ok && !named && !HasPolicyAttribute(template.Platform, id) && v[id] == setting.Default {
			ids = append(ids, id)
		}
	}
	return ids
}

// Implied lists the choices of a policy that this version has no attribute for
// and that follow from what stands below them: nobody has to name them, and the
// policy would have them all the same. Sorted.
func (v PolicyValues) Implied(template PolicyTemplate) []string {
	named := maps.Clone(v)
	for _, id := range v.Defaulted(template, nil) {
		delete(named, id)
	}
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(named)) {
		if template.Settings[id].Kind != PolicyChoice || HasPolicyAttribute(template.Platform, id) {
			continue
		}
		fewer, more := maps.Clone(named), slices.Concat(ids, []string{id})
		delete(fewer, id)
		if v.resolvesFrom(fewer, more, template) {
			named, ids = fewer, more
		}
	}
	return ids
}

// resolvesFrom tells whether a new policy that names only some settings has all
// that they name, and others as v has them.
func (v PolicyValues) resolvesFrom(named PolicyValues, others []string, template PolicyTemplate) bool {
	values, broken := ResolvePolicy(PolicySpec{Platform: template.Platform, Settings: named}, template, nil)
	return len(broken) == 0 && !slices.ContainsFunc(others, func(id string) bool { return values[id] != v[id] })
}

// ResolvePolicy says which settings a policy will have: what the specification
// names, then what the policy has already (nil for a new one), then the
// template's default for every setting that the service insists on, those below
// chosen options included. Settings that the template does not have any more are
// left out.
func ResolvePolicy(spec PolicySpec, template PolicyTemplate, current PolicyValues) (PolicyValues, []Violation) {
	kept := maps.Clone(current)
	if kept == nil {
		kept = PolicyValues{}
	}
	for _, id := range spec.resetSettings() {
		delete(kept, id)
	}
	r := resolution{template: template, values: PolicyValues{}, kept: kept}
	r.named = spec.named(template, kept)
	for _, id := range slices.Sorted(maps.Keys(template.Settings)) {
		if len(template.Settings[id].Under) == 0 {
			r.place(id, "")
		}
	}
	r.leftOver()
	return r.values, r.broken
}

type resolution struct {
	template PolicyTemplate
	named    namedSettings
	kept     PolicyValues
	values   PolicyValues
	broken   violations
}

// place gives a setting its value, and those below it theirs. parent is the
// option that brings it up.
func (r *resolution) place(id, parent string) {
	setting := r.template.Settings[id]
	value, ok := r.valueOf(setting, parent)
	if !ok {
		return
	}
	r.values[id] = value
	if setting.Kind != PolicyChoice {
		return
	}
	for _, child := range r.template.below(value) {
		r.place(child, value)
	}
}

func (r *resolution) valueOf(setting PolicySetting, parent string) (string, bool) {
	if named, ok := r.named[setting.ID]; ok {
		return r.namedValue(setting, named, parent)
	}
	if option, ok := r.optionForNamed(setting, parent); ok {
		return option, true
	}
	if value, ok := r.keptValue(setting, parent); ok {
		return value, true
	}
	if !setting.Required {
		return "", false
	}
	return r.defaultValue(setting, parent)
}

// namedValue: nothing is sent for nothing, unless the service insists.
func (r *resolution) namedValue(setting PolicySetting, named namedSetting, parent string) (string, bool) {
	if setting.Kind == PolicyChoice && !setting.offered(named.value, parent) {
		r.broken.notOffered(r.template, setting, named, parent)
		return "", false
	}
	if setting.Kind == PolicyText && named.value == "" || setting.Kind == PolicyList && named.value == "[]" {
		return named.value, setting.Required
	}
	return named.value, true
}

// optionForNamed chooses for a setting that nobody names and below which
// somebody names some: what it has if that brings them up, else the default if
// that does, else the first option that does.
func (r *resolution) optionForNamed(setting PolicySetting, parent string) (string, bool) {
	var fitting []string
	most := 0
	for _, o := range setting.Options {
		n := r.namedBelow(o.ID)
		if n == 0 || n < most || !setting.offered(o.ID, parent) {
			continue
		}
		if n > most {
			fitting, most = nil, n
		}
		fitting = append(fitting, o.ID)
	}
	for _, preferred := range []string{r.kept[setting.ID], setting.Default} {
		if slices.Contains(fitting, preferred) {
			return preferred, true
		}
	}
	if len(fitting) == 0 {
		return "", false
	}
	return fitting[0], true
}

// namedBelow counts the named settings that an option can bring up.
func (r *resolution) namedBelow(option string) int {
	n := 0
	for id := range r.template.reach(option) {
		if _, ok := r.named[id]; ok {
			n++
		}
	}
	return n
}

// keptValue drops what the template no longer offers.
func (r *resolution) keptValue(setting PolicySetting, parent string) (string, bool) {
	value, ok := r.kept[setting.ID]
	if ok && setting.Kind == PolicyChoice {
		ok = setting.offered(value, parent)
	}
	return value, ok
}

func (r *resolution) defaultValue(setting PolicySetting, parent string) (string, bool) {
	switch {
	case setting.Kind == PolicyOther:
		r.broken.add(fieldOf(setting.ID), fmt.Sprintf("The setting %q is required", setting.ID),
			"Enrollment policies must have this setting now, and this version of the provider cannot give it a value. Use a newer version, or make the policy in the admin center and import it.")
		return "", false
	case setting.Kind == PolicyChoice && !setting.offered(setting.Default, parent):
		for _, o := range setting.Options {
			if setting.offered(o.ID, parent) {
				return o.ID, true
			}
		}
	case setting.Default != "":
		return setting.Default, true
	}
	r.broken.add(fieldOf(setting.ID), fmt.Sprintf("%s is missing", setting.DisplayName),
		fmt.Sprintf("The template of enrollment policies requires the setting %s, and has no default for it. Give it a value.", setting.ID))
	return "", false
}

// leftOver tells of settings that were named and have no place below what is
// chosen.
func (r *resolution) leftOver() {
	for _, id := range slices.Sorted(maps.Keys(r.named)) {
		setting, known := r.template.Settings[id]
		if _, placed := r.values[id]; placed || r.broken.has(r.named[id].attribute) {
			continue
		}
		if !known {
			r.broken.noSetting(r.template, id, r.named[id].attribute)
			continue
		}
		if len(setting.Under) > 0 {
			r.broken.noPlace(r.template, setting, r.named[id].attribute)
		}
	}
}

// fieldOf is where a person gives a setting its value.
func fieldOf(id string) string {
	for _, attribute := range []string{"department", "department_phone", "configurator_certificates", "locked_enrollment"} {
		if slices.Contains(attributeSettings[attribute], id) {
			return attribute
		}
	}
	return "settings"
}
