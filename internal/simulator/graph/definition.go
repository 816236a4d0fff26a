package graph

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// What Intune does with profiles at Apple: it defines them when a device first needs one, and again when they change.

// profileOf finds the profile that a definition at Apple was made for.
func (t *token) profileOf(uuid string) *profile { return t.definitions[uuid] }

// forgetDefinitions: another MDM server at Apple knows none of them.
func (t *token) forgetDefinitions() {
	t.definitions = map[string]*profile{}
	for _, p := range t.profiles {
		p.defined = ""
	}
}

// define makes a definition at Apple; it is false if Apple refuses.
func (s *Simulator) define(t *token, p *profile) bool {
	body, err := json.Marshal(p.definition(t, s.tenantID))
	if err != nil {
		panic("graph simulator: encoding a definition: " + err.Error()) // our own types always encode
	}
	uuid, err := s.apple.DefineProfile(t.server, body)
	if err != nil {
		s.log.Error("defining a profile at Apple", "profile", p.id(t), "error", err)
		return false
	}
	p.defined = uuid
	t.definitions[uuid] = p
	return true
}

// definition is Apple's Profile object for a profile.
func (p *profile) definition(t *token, tenantID string) object {
	v := ruleValues{p.typ, p.values}
	o := object{
		{"profile_name", firstRunes(p.name(), 125)},
		{"url", "https://appledeviceenrollment.manage.microsoft.com/EnrollmentServer/MDMServiceConfig?id=" + t.id +
			"&profile=" + p.guid + "&AADTenantId=" + tenantID},
		{"is_supervised", p.supervises()},
		{"is_mandatory", p.policy || v.on("isMandatory")},
		{"is_mdm_removable", !v.on("profileRemovalDisabled")},
		{"await_device_configured", v.on("awaitDeviceConfiguredConfirmation") || v.on("waitForDeviceConfiguredConfirmation")},
		{"is_multi_user", v.on("enableSharedIPad")},
		{"auto_advance_setup", v.on("autoAdvanceSetupEnabled")},
		{"allow_pairing", p.values["iTunesPairingMode"] == "allow"},
	}
	for name, from := range map[string]string{"department": "supportDepartment", "support_phone_number": "supportPhoneNumber"} {
		if text := v.text(from); text != "" {
			o = o.with(name, text)
		}
	}
	if items := p.skipItems(); len(items) > 0 {
		o = o.with("skip_setup_items", items)
	}
	return o
}

func firstRunes(text string, n int) string {
	runes := []rune(text)
	return string(runes[:min(n, len(runes))])
}

// skipKeys pair the properties that hide a pane of Setup Assistant with Apple's names of the panes.
var skipKeys = map[string]string{
	"appleIdDisabled": "AppleID", "applePayDisabled": "Payment", "diagnosticsDisabled": "Diagnostics",
	"displayToneSetupDisabled": "DisplayTone", "locationDisabled": "Location", "privacyPaneDisabled": "Privacy",
	"restoreBlocked": "Restore", "screenTimeScreenDisabled": "ScreenTime", "siriDisabled": "Siri",
	"termsAndConditionsDisabled": "TOS", "touchIdDisabled": "Biometric", "appearanceScreenDisabled": "Appearance",
	"deviceToDeviceMigrationDisabled": "DeviceToDeviceMigration", "expressLanguageScreenDisabled": "ExpressLanguage",
	"homeButtonScreenDisabled": "HomeButtonSensitivity", "iMessageAndFaceTimeScreenDisabled": "iMessageAndFaceTime",
	"onBoardingScreenDisabled": "OnBoarding", "passCodeDisabled": "Passcode",
	"preferredLanguageScreenDisabled": "PreferredLanguage", "restoreCompletedScreenDisabled": "RestoreCompleted",
	"restoreFromAndroidDisabled": "Android", "simSetupScreenDisabled": "SIMSetup",
	"softwareUpdateScreenDisabled": "SoftwareUpdate", "updateCompleteScreenDisabled": "UpdateCompleted",
	"watchMigrationScreenDisabled": "WatchMigration", "welcomeScreenDisabled": "Welcome", "zoomDisabled": "Zoom",
	"accessibilityScreenDisabled": "Accessibility", "autoUnlockWithWatchDisabled": "UnlockWithWatch",
	"chooseYourLockScreenDisabled": "Wallpaper", "fileVaultDisabled": "FileVault",
	"iCloudDiagnosticsDisabled": "iCloudDiagnostics", "iCloudStorageDisabled": "iCloudStorage",
	"registrationDisabled": "Registration", "macOSFileVaultDisabled": "FileVault", "macOSRegistrationDisabled": "Registration",
}

func (p *profile) skipItems() []string {
	keys, _ := p.values["enabledSkipKeys"].([]string)
	items := slices.Clone(keys)
	for name, key := range skipKeys {
		if p.values[name] == true {
			items = append(items, key)
		}
	}
	slices.Sort(items)
	return slices.Compact(items)
}

// appleBatch is Apple's advice for one assign call.
const appleBatch = 1000

// give assigns a profile at Apple. A device that Apple does not take it for stays as it was.
func (s *Simulator) give(t *token, p *profile, rows []*row, now time.Time) {
	if t.server == "" || p.defined == "" && !s.define(t, p) {
		return
	}
	shows := now.Add(time.Duration(s.settings.VisibleAfter.Devices))
	for batch := range slices.Chunk(rows, appleBatch) {
		s.noteContacts(batch)
		for _, r := range s.giveBatch(t, p, batch) {
			r.want(p, now, shows, now)
		}
	}
}

// giveBatch is one assign call to Apple; it returns the rows that Apple took it for.
func (s *Simulator) giveBatch(t *token, p *profile, rows []*row) []*row {
	serials := make([]string, 0, len(rows))
	for _, r := range rows {
		serials = append(serials, r.serial)
	}
	results, err := s.apple.GiveProfile(t.server, p.defined, serials)
	if err != nil {
		s.log.Error("assigning at Apple", "profile", p.id(t), "error", err)
		return nil
	}
	return slices.DeleteFunc(slices.Clone(rows), func(r *row) bool { return !strings.EqualFold(results[r.serial], "SUCCESS") })
}

// noteContacts keeps when devices last came: Apple forgets it with the next assignment.
func (s *Simulator) noteContacts(rows []*row) {
	serials := make([]string, 0, len(rows))
	for _, r := range rows {
		serials = append(serials, r.serial)
	}
	for i, did := range s.apple.Enrollments(serials) {
		if did.PushedAt.After(rows[i].contacted) {
			rows[i].contacted = did.PushedAt
		}
	}
}

// redefine sends a changed profile to Apple again, for the devices that have it.
func (s *Simulator) redefine(t *token, p *profile) {
	if p.defined == "" || t.server == "" || !s.define(t, p) {
		return
	}
	var rows []*row
	for _, r := range t.rows {
		if r.wanted == p && r.present() {
			rows = append(rows, r)
		}
	}
	for batch := range slices.Chunk(rows, appleBatch) {
		s.noteContacts(batch)
		s.giveBatch(t, p, batch)
	}
}
