package catalog

import (
	"slices"
	"strings"

	"github.com/google/uuid"
)

// The family of all templates that settings.json has.
const templateFamily = "enrollmentConfiguration"

// template is a policy template with the settings that it lists today.
type template struct {
	templateRecord
	settings []*slot
}

// slot is the place of a setting in a template.
type slot struct {
	definition *definition
	required   bool
	instance   string // id of the instance template
	value      string // id of the value template
}

func (t *template) slot(id string) *slot {
	for _, s := range t.settings {
		if s.definition.ID == id {
			return s
		}
	}
	return nil
}

// notYet are settings that a platform's definitions have and its template does not list: the templates' counts say how many, and
// captured requests which. For tvOS, of which there is no capture, the choice is as on visionOS.
var notYet = map[string][]string{
	"iOS":      {"ade_setupassistant_taptosetup", "ade_setupassistant_voiceselection"},
	"macOS":    {"ade_useraffinity", "ade_setupassistant_getstarted", "ade_setupassistant_passcode"},
	"tvOS":     {"ade_devicenametemplatechoices"},
	"visionOS": {"ade_devicenametemplatechoices"},
}

// newTemplates lists the settings of Apple's templates, first those that were captured, in their order. Templates of
// other platforms are there to be filtered out; their settings are not known here.
func newTemplates(d data) []*template {
	var all []*template
	for _, record := range d.templates {
		t := &template{templateRecord: record}
		for _, definition := range inOrder(d) {
			if definition.isRoot() && definition.onPlatform(record.Platforms) &&
				!slices.Contains(notYet[record.Platforms], definition.ID) {
				t.add(d, definition, hasDefault(definition))
			}
		}
		all = append(all, t)
	}
	return all
}

func inOrder(d data) []*definition {
	place := func(definition *definition) int {
		at := slices.IndexFunc(d.captured, func(c capturedID) bool { return c.ID == definition.ID })
		if at < 0 {
			return len(d.captured)
		}
		return at
	}
	return slices.SortedStableFunc(slices.Values(d.definitions), func(a, b *definition) int { return place(a) - place(b) })
}

// hasDefault decides what is required, which the dump does not tell: what has a default can be required of every policy. The
// department, its phone number and the certificates have none.
func hasDefault(d *definition) bool { return d.Kind == kindChoice || d.DefaultValue != nil }

// add lists a setting. On visionOS, and so presumably on tvOS, what is not a Setup Assistant pane is known to have template
// ids of its own; everything else has the ids that it has on iOS.
func (t *template) add(d data, definition *definition, required bool) {
	s := &slot{definition: definition, required: required}
	s.instance = derivedID(t.ID, definition.ID, "instance")
	s.value = derivedID(t.ID, definition.ID, "value")
	own := (t.Platforms == "visionOS" || t.Platforms == "tvOS") && !isPane(definition)
	at := slices.IndexFunc(d.captured, func(c capturedID) bool { return c.ID == definition.ID })
	if at >= 0 && !own {
		s.instance, s.value = d.captured[at].Instance, d.captured[at].Value
	}
	t.settings = append(t.settings, s)
}

// isPane tells a screen of Setup Assistant, which is shown or hidden, from what is set there.
func isPane(d *definition) bool {
	return d.Kind == kindChoice && strings.HasPrefix(d.ID, "ade_setupassistant_")
}

func derivedID(parts ...string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("catalog simulator "+strings.Join(parts, " "))).String()
}
