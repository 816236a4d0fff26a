package enrollment

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/agext/levenshtein"
)

// skipKeys are the Setup Assistant panes that Apple has named so far (Apple:
// SkipKeys), with those it withdrew again: products still carry them.
var skipKeys = []string{
	"Accessibility", "AccessibilityAppearance", "ActionButton", "Android", "Appearance", "AppleID", "AppStore",
	"Biometric", "CameraButton", "DeviceFeaturesTour", "DeviceToDeviceMigration", "Diagnostics", "DisplayTone",
	"EnableLockdownMode", "FileVault", "HomeButtonSensitivity", "iCloudDiagnostics", "iCloudStorage",
	"iMessageAndFaceTime", "Intelligence", "Keyboard", "LiquidGlass", "Location",
	"MessagingActivationUsingPhoneNumber", "Multitasking", "OnBoarding", "OSShowcase", "Passcode", "Payment",
	"Privacy", "Restore", "RestoreCompleted", "Safety", "SafetyAndHandling", "ScreenSaver", "ScreenTime", "SIMSetup",
	"Siri", "SoftwareUpdate", "SpokenLanguage", "TapToSetup", "TermsOfAddress", "Tips", "TOS", "TVHomeScreenSync",
	"TVProviderSignIn", "TVRoom", "UnlockWithWatch", "UpdateCompleted", "Wallpaper", "WatchMigration",
	"WebContentFiltering", "Welcome", "Zoom",
}

// withdrawnSkipKeys stood in Apple's repository for a while, or in older lists
// of it; Intune's profiles still carry some.
var withdrawnSkipKeys = []string{"AdditionalPrivacySettings", "AgeAssurance", "AgeBasedSafetySettings", "ExpressLanguage", "PreferredLanguage"}

// UnknownSkipKey warns of a key that Apple has not named, with the nearest one
// that it has. It never refuses: Apple adds and withdraws names.
func UnknownSkipKey(key string) (Warning, bool) {
	if slices.Contains(skipKeys, key) {
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
	if nearest, ok := nearestSkipKey(key, slices.Concat(skipKeys, withdrawnSkipKeys)); ok {
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
