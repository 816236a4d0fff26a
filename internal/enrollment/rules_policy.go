package enrollment

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// CheckPolicy lists the rules that a policy breaks. template is what the service
// offers for its platform; nil leaves out what only the service can say. What a
// policy has already is not looked at: that is ResolvePolicy's.
func CheckPolicy(spec PolicySpec, template *PolicyTemplate) []Violation {
	var v violations
	if strings.TrimSpace(spec.Name) == "" {
		v.add("name", "An enrollment policy needs a name", "Give it at least one character that is not a space.")
	}
	v.length("department", spec.Department, 125)
	v.length("department_phone", spec.DepartmentPhone, 50)
	v.oneKindOfUse(spec)
	v.sharedIPadValues(spec.SharedIPad)
	v.policyCertificates(spec.ConfiguratorCertificates)
	v.platform(spec)
	v.panes(spec, template)
	if template != nil {
		v.template(spec, *template)
	}
	return v
}

// oneKindOfUse: user affinity, Shared iPad and shared device mode are values of
// one setting.
func (v *violations) oneKindOfUse(spec PolicySpec) {
	var on []string
	if spec.UserAffinity != nil && *spec.UserAffinity {
		on = append(on, "user_affinity")
	}
	if spec.SharedIPad != nil {
		on = append(on, "shared_ipad")
	}
	if spec.SharedDeviceMode != nil && *spec.SharedDeviceMode {
		on = append(on, "shared_device_mode")
	}
	if len(on) > 1 {
		v.add(on[len(on)-1], "More than one kind of use",
			fmt.Sprintf("An enrollment policy has one setting for these, so that %s cannot stand together. Keep one.", list(on)))
	}
	if spec.SharedIPad != nil && spec.AwaitDeviceConfigured != nil {
		v.add("await_device_configured", "Shared iPad does not wait to be configured",
			"Microsoft's enrollment policies cannot make devices wait (await_device_configured) with Shared iPad. Leave it out.")
	}
}

// leastTimeout: the settings catalog takes 0 to 14400 seconds, and says that 0 to
// 29 never signs out. Somebody who writes 20 does not mean never.
const leastTimeout = 30

func (v *violations) sharedIPadValues(shared *SharedIPad) {
	if shared == nil {
		return
	}
	only := shared.TemporarySessionsOnly
	guests := only != nil && *only
	for _, c := range []struct {
		attribute string
		value     *int64
		forGuests bool
	}{
		{"maximum_cached_users", shared.MaximumCachedUsers, false},
		{"user_session_timeout", shared.UserSessionTimeout, false},
		{"passcode_lock_grace_period", shared.PasscodeLockGracePeriod, false},
		{"temporary_session_timeout", shared.TemporarySessionTimeout, true},
	} {
		field := "shared_ipad." + c.attribute
		switch {
		case c.value == nil:
		case c.forGuests && !guests:
			v.add(field, c.attribute+" needs temporary sessions only",
				"Enrollment policies have this setting only with temporary_sessions_only = true. Set that, or leave it out.")
		case !c.forGuests && guests:
			v.add(field, c.attribute+" needs users that stay",
				"With temporary_sessions_only nobody is kept on the iPad, and enrollment policies do not have this setting. Leave it out, or set temporary_sessions_only = false.")
		case strings.HasSuffix(c.attribute, "_timeout") && *c.value > 0 && *c.value < leastTimeout:
			v.add(field, c.attribute+" is too short",
				fmt.Sprintf("Intune takes 1 to 29 seconds for \"never signs out\", and this is %d. Give at least 30, or 0 for never.", *c.value))
		}
	}
}

func (v *violations) policyCertificates(texts []string) {
	for i, text := range texts {
		block, rest := pem.Decode([]byte(text))
		if block == nil || block.Type != "CERTIFICATE" {
			v.add("configurator_certificates", "Unusable certificate",
				fmt.Sprintf("Element %d is not a certificate in PEM, with a line -----BEGIN CERTIFICATE-----.", i))
			continue
		}
		if next, _ := pem.Decode(rest); next != nil {
			v.add("configurator_certificates", "Unusable certificate",
				fmt.Sprintf("Element %d holds more than one certificate. Give each as an element of its own.", i))
		}
	}
}

// platform: what the templates of the other platforms do not have.
func (v *violations) platform(spec PolicySpec) {
	for _, c := range []struct {
		attribute string
		set       bool
		on        []Platform
	}{
		{"user_affinity", spec.UserAffinity != nil && *spec.UserAffinity, []Platform{IOS, MacOS}},
		{"shared_ipad", spec.SharedIPad != nil, []Platform{IOS}},
		{"shared_device_mode", spec.SharedDeviceMode != nil && *spec.SharedDeviceMode, []Platform{IOS}},
		{"device_name_template", spec.DeviceNameTemplate != nil, []Platform{IOS, TVOS, VisionOS}},
		{"carrier_activation_url", spec.CarrierActivationURL != nil, []Platform{IOS}},
		{"configurator_certificates", spec.ConfiguratorCertificates != nil, []Platform{IOS}},
	} {
		if c.set && !slices.Contains(c.on, spec.Platform) {
			v.notOn(c.attribute, spec.Platform)
		}
	}
}

func (v *violations) notOn(attribute string, platform Platform) {
	if v.has(attribute) {
		return
	}
	v.add(attribute, fmt.Sprintf("%s is not for %s", attribute, platform),
		fmt.Sprintf("Microsoft's template of enrollment policies for %s has no setting for it. Leave it out.", platform))
}

// template checks every named setting against what the service offers.
func (v *violations) template(spec PolicySpec, template PolicyTemplate) {
	attributes := spec
	attributes.Settings = nil
	byAttribute := attributes.named(template, nil)
	named := spec.named(template, nil)
	for _, id := range slices.Sorted(maps.Keys(named)) {
		n := named[id]
		if other, both := byAttribute[id]; both && n.attribute != other.attribute {
			v.add(n.attribute, "Set twice", fmt.Sprintf("%s sets the setting %s too. Keep one of the two.", other.attribute, id))
			continue
		}
		if v.has(n.attribute) {
			continue
		}
		setting, known := template.Settings[id]
		if !known {
			v.noSetting(template, id, n.attribute)
			continue
		}
		v.value(template, setting, n)
		v.contradiction(template, setting, named)
	}
}

func (v *violations) has(field string) bool {
	return slices.ContainsFunc(*v, func(one Violation) bool { return one.Field == field })
}

// noSetting: a typed attribute that the template has no setting for belongs to
// another platform, or Microsoft has taken it out.
func (v *violations) noSetting(template PolicyTemplate, id, attribute string) {
	if !strings.HasPrefix(attribute, "settings.") {
		v.notOn(attribute, template.Platform)
		return
	}
	detail := fmt.Sprintf("The template of enrollment policies for %s has no setting %q.", template.Platform, id)
	var quoted []string
	for _, nearest := range resembling(id, slices.Sorted(maps.Keys(template.Settings)), 3) {
		quoted = append(quoted, strconv.Quote(nearest))
	}
	if len(quoted) > 0 {
		detail += fmt.Sprintf(" Did you mean %s?", either(quoted))
	} else {
		detail += " The ids are those that Microsoft Graph lists for the template (configurationPolicyTemplates, settingTemplates)."
	}
	v.add(attribute, "No such setting", detail)
}

// value checks a value that is named.
func (v *violations) value(template PolicyTemplate, setting PolicySetting, n namedSetting) {
	switch setting.Kind {
	case PolicyChoice:
		if !setting.offered(n.value, "") {
			v.notOffered(template, setting, n, "")
		}
	case PolicyNumber:
		v.number(setting, n)
	case PolicyText:
		v.text(setting, n.attribute, n.value)
	case PolicyList:
		v.list(setting, n)
	case PolicyOther:
		v.add(n.attribute, "A setting that cannot be set here",
			fmt.Sprintf("The setting %s is a group or a secret, which this version of the provider gives no value. Leave it out: the policy keeps what it has.", setting.ID))
	}
}

// notOffered lists what there is to choose from. A typed attribute that asks for
// an option which the platform's template does not have is told so.
func (v *violations) notOffered(template PolicyTemplate, setting PolicySetting, n namedSetting, parent string) {
	if !strings.HasPrefix(n.attribute, "settings.") {
		v.notOn(n.attribute, template.Platform)
		return
	}
	var offered []string
	for _, o := range setting.Options {
		if setting.offered(o.ID, parent) {
			offered = append(offered, fmt.Sprintf("%q (%s)", o.ID, o.DisplayName))
		}
	}
	v.add(n.attribute, "No such option", fmt.Sprintf("%s (%s) does not offer %q. It has: %s.", setting.ID, setting.DisplayName, n.value, strings.Join(offered, ", ")))
}

func (v *violations) number(setting PolicySetting, n namedSetting) {
	number, err := strconv.ParseInt(n.value, 10, 64)
	switch {
	case err != nil:
		v.add(n.attribute, "Not a number", fmt.Sprintf("%s (%s) is a whole number, and this is %q.", setting.ID, setting.DisplayName, n.value))
	case number < setting.Minimum || number > setting.Maximum:
		v.add(n.attribute, "Number out of bounds", fmt.Sprintf("%s takes %d to %d here, and this is %d.", setting.DisplayName, setting.Minimum, setting.Maximum, number))
	}
}

// text counts characters, as the settings catalog does.
func (v *violations) text(setting PolicySetting, attribute, value string) {
	n := int64(utf8.RuneCountInString(value))
	switch {
	case setting.Maximum > 0 && n > setting.Maximum, n < setting.Minimum:
		v.add(attribute, "Wrong length", fmt.Sprintf("%s takes %d to %d characters here, and this has %d.", setting.DisplayName, setting.Minimum, setting.Maximum, n))
	case !matches(setting.Pattern, value) && setting.ID == setNameTemplate:
		v.nameCharacters(attribute)
	case !matches(setting.Pattern, value):
		v.add(attribute, "Wrong form", fmt.Sprintf("%s has to match %s here.", setting.DisplayName, setting.Pattern))
	case setting.ID == setNameTemplate:
		v.nameVariables(attribute, value)
	}
}

// matches lets everything pass where the pattern is not one that Go knows: the
// service has the last word.
func matches(pattern, value string) bool {
	if pattern == "" {
		return true
	}
	shape, err := regexp.Compile(pattern)
	return err != nil || shape.MatchString(value)
}

func (v *violations) list(setting PolicySetting, n namedSetting) {
	var elements []string
	if err := json.Unmarshal([]byte(n.value), &elements); err != nil || elements == nil {
		v.add(n.attribute, "Not a list", fmt.Sprintf("%s (%s) is a list: give it as a JSON array of strings, with jsonencode([...]).", setting.ID, setting.DisplayName))
		return
	}
	if most := setting.MaximumCount; most > 0 && int64(len(elements)) > most {
		v.add(n.attribute, "Too many elements", fmt.Sprintf("%s takes at most %d here, and this has %d.", setting.DisplayName, most, len(elements)))
	}
	for _, element := range elements {
		if !v.has(n.attribute) {
			v.text(setting, n.attribute, element)
		}
	}
}

// contradiction: a setting below an option has no place when another option is
// named.
func (v *violations) contradiction(template PolicyTemplate, setting PolicySetting, named namedSettings) {
	if len(setting.Under) == 0 || v.has(named[setting.ID].attribute) {
		return
	}
	for _, option := range setting.Under {
		above, _ := template.above(option)
		chosen, ok := named[above.ID]
		if !ok || slices.Contains(setting.Under, chosen.value) {
			return
		}
	}
	v.noPlace(template, setting, named[setting.ID].attribute)
}

// noPlace says with which choice a setting has a place.
func (v *violations) noPlace(template PolicyTemplate, setting PolicySetting, attribute string) {
	if v.has(attribute) {
		return
	}
	var with []string
	for _, option := range setting.Under {
		above, o := template.above(option)
		with = append(with, fmt.Sprintf("%s = %q (%s)", above.ID, o.ID, o.DisplayName))
	}
	v.add(attribute, fmt.Sprintf("%s has no place", setting.DisplayName),
		fmt.Sprintf("The setting %s stands only with %s, and another option is chosen. Leave it out, or choose that.", setting.ID, strings.Join(with, " or ")))
}
