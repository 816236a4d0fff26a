package intune

import (
	"encoding/json"
	"maps"
	"slices"
)

// skipFlags are the properties of depIOSEnrollmentProfile that hide a Setup Assistant pane, with Apple's key of the pane.
// Keys without a property go into enabledSkipKeys, where Graph refuses Privacy, which has one, and Registration, which has
// none on iOS.
var skipFlags = map[string]string{
	"appearanceScreenDisabled":          "Appearance",
	"appleIdDisabled":                   "AppleID",
	"applePayDisabled":                  "Payment",
	"deviceToDeviceMigrationDisabled":   "DeviceToDeviceMigration",
	"diagnosticsDisabled":               "Diagnostics",
	"displayToneSetupDisabled":          "DisplayTone",
	"expressLanguageScreenDisabled":     "ExpressLanguage",
	"homeButtonScreenDisabled":          "HomeButtonSensitivity",
	"iMessageAndFaceTimeScreenDisabled": "iMessageAndFaceTime",
	"locationDisabled":                  "Location",
	"onBoardingScreenDisabled":          "OnBoarding",
	"passCodeDisabled":                  "Passcode",
	"preferredLanguageScreenDisabled":   "PreferredLanguage",
	"privacyPaneDisabled":               "Privacy",
	"restoreBlocked":                    "Restore",
	"restoreCompletedScreenDisabled":    "RestoreCompleted",
	"restoreFromAndroidDisabled":        "Android",
	"screenTimeScreenDisabled":          "ScreenTime",
	"simSetupScreenDisabled":            "SIMSetup",
	"siriDisabled":                      "Siri",
	"softwareUpdateScreenDisabled":      "SoftwareUpdate",
	"termsAndConditionsDisabled":        "TOS",
	"touchIdDisabled":                   "Biometric",
	"updateCompleteScreenDisabled":      "UpdateCompleted",
	"watchMigrationScreenDisabled":      "WatchMigration",
	"welcomeScreenDisabled":             "Welcome",
	"zoomDisabled":                      "Zoom",
}

const enabledSkipKeys = "enabledSkipKeys"

// askSkipKeys writes skip keys into a request: every property, so that panes that are not listed are shown, and the rest.
func askSkipKeys(body map[string]any, keys []string) {
	rest := map[string]bool{}
	for _, key := range keys {
		rest[key] = true
	}
	for property, key := range skipFlags {
		body[property] = rest[key]
	}
	for _, key := range skipFlags {
		delete(rest, key)
	}
	body[enabledSkipKeys] = append([]string{}, slices.Sorted(maps.Keys(rest))...)
}

// takeSkipKeys reads skip keys out of a profile, sorted: what the properties say and what enabledSkipKeys adds.
func takeSkipKeys(profile map[string]json.RawMessage) []string {
	keys := map[string]bool{}
	for property, key := range skipFlags {
		if string(profile[property]) == "true" {
			keys[key] = true
		}
	}
	var more []*string
	if json.Unmarshal(profile[enabledSkipKeys], &more) == nil {
		for _, key := range more {
			if value(key) != "" {
				keys[*key] = true
			}
		}
	}
	return append([]string{}, slices.Sorted(maps.Keys(keys))...)
}
