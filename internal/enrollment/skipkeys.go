package enrollment

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/agext/levenshtein"
)

// osVersion is a version of a platform's operating system: major, minor, patch.
type osVersion [3]int

// spans says, by platform, in which version a pane came and, if it has gone
// again, in which.
type spans map[Platform][2]osVersion

// skipKeys are the Setup Assistant panes that Apple has named so far, up to the
// systems of 2026 (Apple: SkipKeys). Panes that Apple removed stay: products
// still carry them. Panes that it calls deprecated count as there.
var skipKeys = []struct {
	name string
	on   spans
}{
	{"Accessibility", spans{MacOS: {{11}}}},
	{"AccessibilityAppearance", spans{IOS: {{17}}}},
	{"ActionButton", spans{IOS: {{17}}}},
	{"Android", spans{IOS: {{9}}}},
	{"Appearance", spans{IOS: {{13}}, MacOS: {{10, 14}}}},
	{"AppleID", spans{IOS: {{7}}, MacOS: {{10, 9}}, TVOS: {{10, 2}}, VisionOS: {{26}}}},
	{"AppStore", spans{IOS: {{14, 3}}, MacOS: {{11, 1}}}},
	{"Biometric", spans{IOS: {{8, 1}}, MacOS: {{10, 12, 4}}, VisionOS: {{26}}}},
	{"CameraButton", spans{IOS: {{18}}}},
	{"DeviceFeaturesTour", spans{IOS: {{27}}}},
	{"DeviceToDeviceMigration", spans{IOS: {{12, 4}}}},
	{"Diagnostics", spans{IOS: {{7}}, MacOS: {{10, 9}}, TVOS: {{10, 2}}, VisionOS: {{26}}}},
	{"DisplayTone", spans{IOS: {{9, 3, 2}}, MacOS: {{10, 13, 6}}}},
	{"EnableLockdownMode", spans{IOS: {{17, 1}}, MacOS: {{14}}}},
	{"FileVault", spans{MacOS: {{10, 10}}}},
	{"HomeButtonSensitivity", spans{IOS: {{10}}}},
	{"iCloudDiagnostics", spans{MacOS: {{10, 12, 4}}}},
	{"iCloudStorage", spans{MacOS: {{10, 13, 4}}}},
	{"iMessageAndFaceTime", spans{IOS: {{12}}}},
	{"Intelligence", spans{IOS: {{18}}, MacOS: {{15}}, VisionOS: {{26}}}},
	{"Keyboard", spans{IOS: {{13}}}},
	{"LiquidGlass", spans{IOS: {{27}}, MacOS: {{27}}}},
	{"Location", spans{IOS: {{7}}, MacOS: {{10, 11}}, TVOS: {{10, 2}}, VisionOS: {{26}}}},
	{"MessagingActivationUsingPhoneNumber", spans{IOS: {{10}}}},
	{"Multitasking", spans{IOS: {{26}}}},
	{"OnBoarding", spans{IOS: {{11}}}},
	{"OSShowcase", spans{IOS: {{26}, {27}}, MacOS: {{26, 1}, {27}}}},
	{"Passcode", spans{IOS: {{7}}, MacOS: {{10, 9}}, VisionOS: {{26}}}},
	{"Payment", spans{IOS: {{8, 1}}, MacOS: {{10, 12, 4}}, VisionOS: {{26}}}},
	{"Privacy", spans{IOS: {{11, 3}}, MacOS: {{10, 13, 4}}, TVOS: {{11, 3}}, VisionOS: {{26}}}},
	{"Restore", spans{IOS: {{7}}, MacOS: {{10, 9}}}},
	{"RestoreCompleted", spans{IOS: {{14}}}},
	{"Safety", spans{IOS: {{16}}}},
	{"SafetyAndHandling", spans{IOS: {{18, 4}}}},
	{"ScreenSaver", spans{TVOS: {{10, 2}}}},
	{"ScreenTime", spans{IOS: {{12}}, MacOS: {{10, 15}}, VisionOS: {{26}}}},
	{"SIMSetup", spans{IOS: {{12}}}},
	{"Siri", spans{IOS: {{7}}, MacOS: {{10, 12}}, TVOS: {{10, 2}}, VisionOS: {{26}}}},
	{"SoftwareUpdate", spans{IOS: {{12}}, MacOS: {{15, 4}}, VisionOS: {{26}}}},
	{"SpokenLanguage", spans{IOS: {{13}}}},
	{"TapToSetup", spans{TVOS: {{10, 2}}}},
	{"TermsOfAddress", spans{IOS: {{16}}, MacOS: {{13}}}},
	{"Tips", spans{VisionOS: {{26}}}},
	{"TOS", spans{IOS: {{7}}, MacOS: {{10, 9}}, TVOS: {{10, 2}}, VisionOS: {{26}}}},
	{"TVHomeScreenSync", spans{TVOS: {{11}}}},
	{"TVProviderSignIn", spans{TVOS: {{11}}}},
	{"TVRoom", spans{TVOS: {{11, 4}}}},
	{"UnlockWithWatch", spans{MacOS: {{15}}}},
	{"UpdateCompleted", spans{IOS: {{14}}, MacOS: {{26, 1}}}},
	{"Wallpaper", spans{MacOS: {{14, 1}, {26}}}},
	{"WatchMigration", spans{IOS: {{11}}}},
	{"WebContentFiltering", spans{IOS: {{18, 2}, {26, 1}}}},
	{"Welcome", spans{IOS: {{13}}, MacOS: {{15}}, VisionOS: {{26}}}},
	{"Zoom", spans{IOS: {{8, 3}}, VisionOS: {{26}}}},
}

// withdrawnSkipKeys stood in Apple's repository for a while, or in older lists
// of it; Intune's profiles still carry some.
var withdrawnSkipKeys = []string{"AdditionalPrivacySettings", "AgeAssurance", "AgeBasedSafetySettings", "ExpressLanguage", "PreferredLanguage"}

// SkipKeysFor lists the keys of all Setup Assistant panes that a platform has in a
// version of its operating system, such as "26.1", sorted. For a version that is
// newer than all that Apple has named, it is what is known. The error is of kind
// ErrInvalid.
func SkipKeysFor(platform Platform, version string) ([]string, error) {
	v, err := parseOSVersion(version)
	if err != nil {
		return nil, err
	}
	keys := []string{}
	for _, key := range skipKeys {
		if span, ok := key.on[platform]; ok && span[0].atMost(v) && (span[1] == osVersion{} || !span[1].atMost(v)) {
			keys = append(keys, key.name)
		}
	}
	slices.Sort(keys)
	return keys, nil
}

func parseOSVersion(s string) (osVersion, error) {
	var v osVersion
	parts := strings.Split(s, ".")
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 16)
		if err != nil || len(parts) > len(v) {
			return v, &Error{
				Kind: ErrInvalid, What: fmt.Sprintf("%q is not the version of an operating system", s),
				Do: `Give up to three numbers, such as "26", "18.4" or "10.12.4".`,
			}
		}
		v[i] = int(n)
	}
	return v, nil
}

func (v osVersion) atMost(other osVersion) bool { return slices.Compare(v[:], other[:]) <= 0 }

func skipKeyNames() []string {
	var names []string
	for _, key := range skipKeys {
		names = append(names, key.name)
	}
	return names
}

func isSkipKey(name string) bool { return slices.Contains(skipKeyNames(), name) }

// UnknownSkipKey warns of a key that Apple has not named, with the nearest one
// that it has. It never refuses: Apple adds and withdraws names.
func UnknownSkipKey(key string) (Warning, bool) {
	if isSkipKey(key) {
		return Warning{}, false
	}
	if slices.Contains(withdrawnSkipKeys, key) {
		return Warning{
			Summary: "Withdrawn Setup Assistant key " + key,
			Detail:  "Apple named this pane for a while and withdrew it. It is sent as it is and may have no effect.",
		}, true
	}
	w := Warning{
		Summary: fmt.Sprintf("Unknown Setup Assistant key %q", key),
		Detail:  "It is sent as it is, since Apple adds names. A misspelt key hides nothing.",
	}
	if nearest, ok := nearestSkipKey(key, slices.Concat(skipKeyNames(), withdrawnSkipKeys)); ok {
		w.Summary += fmt.Sprintf(": did you mean %q?", nearest)
		w.Detail = fmt.Sprintf("Did you mean %q? %s", nearest, w.Detail)
	}
	return w, true
}

// portalNames are what Apple's and Microsoft's portals call panes whose keys have
// other names, in lower-case letters; the panes of the settings catalog are names
// too.
var portalNames = map[string]string{
	"touchid": "Biometric", "faceid": "Biometric", "touchidandfaceid": "Biometric", "applepay": "Payment", "terms": "TOS",
	"termsandconditions": "TOS", "appsanddata": "Restore", "displayzoom": "Zoom", "displayscale": "Zoom", "truetone": "DisplayTone",
	"migration": "DeviceToDeviceMigration", "getstarted": "Welcome", "cellular": "SIMSetup", "cellularsetup": "SIMSetup", "homebutton": "HomeButtonSensitivity",
}

// nearestSkipKey gives the known key that a misspelt one, or the name of its pane
// in a portal, is most likely meant for.
func nearestSkipKey(key string, known []string) (string, bool) {
	if nearest := resembling(key, known, 1); len(nearest) > 0 {
		return nearest[0], true
	}
	letters := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, key)
	meant := portalNames[letters]
	for name, pane := range policyPanes {
		if meant == "" && pane.pane == letters {
			meant = name
		}
	}
	return meant, slices.Contains(known, meant)
}

// resembling gives at most so many of the known names that differ from a name in
// no more than a third of the longer of the two, the nearest first.
func resembling(name string, known []string, most int) []string {
	distances := map[string]int{}
	var near []string
	for _, k := range known {
		distances[k] = levenshtein.Distance(strings.ToLower(name), strings.ToLower(k), nil)
		if 3*distances[k] <= max(utf8.RuneCountInString(name), utf8.RuneCountInString(k)) {
			near = append(near, k)
		}
	}
	slices.SortStableFunc(near, func(a, b string) int { return distances[a] - distances[b] })
	return near[:min(len(near), most)]
}
