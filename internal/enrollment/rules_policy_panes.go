package enrollment

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// policyPanes are the Setup Assistant panes of Intune's settings catalog, by
// Apple's skip key, with the platforms whose template has them. The id of the
// setting is ade_setupassistant_{pane}; its option _0 hides the pane, _1 shows
// it. voiceselection is left out: Apple has named no key that it could be.
var policyPanes = map[string]struct {
	pane      string
	platforms []Platform
}{
	"Accessibility":           {"accessibility", []Platform{MacOS}},
	"AccessibilityAppearance": {"accessibilityappearance", []Platform{IOS}},
	"ActionButton":            {"actionbutton", []Platform{IOS}},
	"Android":                 {"androidmigration", []Platform{IOS}},
	"Appearance":              {"appearance", []Platform{IOS, MacOS}},
	"AppleID":                 {"appleid", []Platform{IOS, MacOS, TVOS, VisionOS}},
	"AppStore":                {"appstore", []Platform{IOS, MacOS}},
	"Biometric":               {"touchfaceid", []Platform{IOS, MacOS, VisionOS}},
	"CameraButton":            {"camerabutton", []Platform{IOS}},
	"DeviceToDeviceMigration": {"devicemigration", []Platform{IOS}},
	"Diagnostics":             {"diagnosticsdata", []Platform{IOS, MacOS, TVOS, VisionOS}},
	"EnableLockdownMode":      {"enablelockdownmode", []Platform{IOS, MacOS}},
	"FileVault":               {"filevault", []Platform{MacOS}},
	"iCloudDiagnostics":       {"iclouddiagnostics", []Platform{MacOS}},
	"iCloudStorage":           {"icloudstorage", []Platform{MacOS}},
	"iMessageAndFaceTime":     {"imessagefacetime", []Platform{IOS}},
	"Intelligence":            {"intelligence", []Platform{IOS, MacOS, VisionOS}},
	"LiquidGlass":             {"liquidglass", []Platform{IOS, MacOS}},
	"Location":                {"locationservices", []Platform{IOS, MacOS, TVOS, VisionOS}},
	"Multitasking":            {"multitasking", []Platform{IOS}},
	"OSShowcase":              {"osshowcase", []Platform{IOS, MacOS}},
	"Passcode":                {"passcode", []Platform{IOS, MacOS, VisionOS}},
	"Payment":                 {"applepay", []Platform{IOS, MacOS, VisionOS}},
	"Privacy":                 {"privacy", []Platform{IOS, MacOS, TVOS, VisionOS}},
	"Restore":                 {"restore", []Platform{IOS, MacOS}},
	"RestoreCompleted":        {"restorecompleted", []Platform{IOS}},
	"Safety":                  {"safety", []Platform{IOS}},
	"SafetyAndHandling":       {"safetyandhandling", []Platform{IOS}},
	"ScreenSaver":             {"screensaver", []Platform{TVOS}},
	"ScreenTime":              {"screentime", []Platform{IOS, MacOS, VisionOS}},
	"SIMSetup":                {"simsetup", []Platform{IOS}},
	"Siri":                    {"siri", []Platform{IOS, MacOS, TVOS, VisionOS}},
	"SoftwareUpdate":          {"softwareupdate", []Platform{IOS, MacOS, VisionOS}},
	"TapToSetup":              {"taptosetup", []Platform{IOS, TVOS}},
	"TermsOfAddress":          {"termsofaddress", []Platform{IOS, MacOS}},
	"Tips":                    {"tips", []Platform{VisionOS}},
	"TOS":                     {"termsandconditions", []Platform{IOS, MacOS, TVOS, VisionOS}},
	"TVHomeScreenSync":        {"tvhomescreensync", []Platform{TVOS}},
	"TVProviderSignIn":        {"tvprovidersignin", []Platform{TVOS}},
	"TVRoom":                  {"tvroom", []Platform{TVOS}},
	"UnlockWithWatch":         {"unlockwithwatch", []Platform{MacOS}},
	"UpdateCompleted":         {"softwareupdatecompleted", []Platform{IOS, MacOS}},
	"WatchMigration":          {"watchmigration", []Platform{IOS}},
	"WebContentFiltering":     {"webcontentfiltering", []Platform{IOS}},
	"Welcome":                 {"getstarted", []Platform{IOS, MacOS, VisionOS}},
}

// olderSkipKeys are Apple's too, and classic profiles still have them.
var olderSkipKeys = []string{"ExpressLanguage", "PreferredLanguage", "Registration"}

// PolicyPane gives the setting that shows or hides a pane in an enrollment
// policy of a platform, by Apple's skip key. There is none for a key without a
// pane there.
func PolicyPane(platform Platform, key string) (settingID string, ok bool) {
	pane, known := policyPanes[key]
	if !known || !slices.Contains(pane.platforms, platform) {
		return "", false
	}
	return "ade_setupassistant_" + pane.pane, true
}

// PolicySkipKeys lists the skip keys that have a pane in enrollment policies of a
// platform, sorted.
func PolicySkipKeys(platform Platform) []string {
	var keys []string
	for _, key := range slices.Sorted(maps.Keys(policyPanes)) {
		if _, ok := PolicyPane(platform, key); ok {
			keys = append(keys, key)
		}
	}
	return keys
}

func (v *violations) panes(spec PolicySpec, template *PolicyTemplate) {
	for _, key := range spec.SkipSetupItems {
		id, ok := PolicyPane(spec.Platform, key)
		if !ok {
			v.addElement("skip_setup_items", key, fmt.Sprintf("No pane for the skip key %q", key), noPane(spec.Platform, key))
			continue
		}
		if template != nil && template.Settings[id].Kind != PolicyChoice {
			v.addElement("skip_setup_items", key, fmt.Sprintf("No pane for the skip key %q", key),
				fmt.Sprintf("Microsoft has taken the pane (%s) out of the template of enrollment policies for %s. Leave the key out.", id, spec.Platform))
		}
	}
}

// noPane says why a key cannot be sent, and what can be done instead.
func noPane(platform Platform, key string) string {
	if pane, ok := policyPanes[key]; ok {
		var on []string
		for _, p := range pane.platforms {
			on = append(on, string(p))
		}
		return fmt.Sprintf("Enrollment policies have this pane on %s, and none on %s. Leave the key out.", list(on), platform)
	}
	if isSkipKey(key) || slices.Contains(olderSkipKeys, key) {
		return "Apple names this pane, and Intune's enrollment policies cannot hide it. Leave the key out; a classic enrollment profile (asm_enrollment_profile) may still have it. " +
			"If Microsoft has added the pane since this version was made, set it in settings by its definition id."
	}
	known := PolicySkipKeys(platform)
	if nearest, ok := nearestSkipKey(key, known); ok {
		return fmt.Sprintf("Did you mean %q? Enrollment policies for %s have no pane of this name.", nearest, platform)
	}
	return fmt.Sprintf("Enrollment policies for %s have panes for these keys: %s. A pane that Microsoft added since this version was made is set in settings by its definition id.",
		platform, strings.Join(known, ", "))
}
