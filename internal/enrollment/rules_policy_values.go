package enrollment

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"slices"
	"strconv"
	"strings"
)

// The settings of Intune's settings catalog behind the attributes of a policy.
const (
	setAffinity      = "ade_useraffinity"
	setAffinityMac   = "ade_macos_useraffinity"
	setAffinityBasic = "ade_useraffinitybasic"

	setAwaitModern = "ade_modernauth_awaitfinalconfiguration"
	setAwaitOther  = "ade_useraffinity_awaitfinalconfiguration"
	setAwaitMac    = "ade_macos_awaitconfiguration"
	setAwaitBasic  = "ade_awaitconfiguration_basic"

	setLocked       = "ade_lockedenrollment"
	setNaming       = "ade_devicenametemplatechoices"
	setNameTemplate = "ade_appledevicenametemplate"
	setCellular     = "ade_activatecellulardatachoices"
	setCarrierURL   = "ade_activatecellulardata"
	setCertificates = "ade_appleconfiguratorcertificates"
	setDepartment   = "ade_setupassistant_department"
	setPhone        = "ade_setupassistant_departmentphone"

	setGuestsOnly     = "ade_requiresharedipadtemporarysessiononly"
	setCachedUsers    = "ade_maximumcachedusers"
	setUserTimeout    = "ade_maximumsecondsinactivityuntiluserlogsout"
	setGuestTimeout   = "ade_maximumsecondsinactivityuntiltemporarysessionlogsout"
	setPasscodePeriod = "ade_maximumsecondsafterscreenlockbeofrepasswordisrequired" // spelt so
)

// The options of user affinity, and those of a switch.
const (
	optUserless   = "_0"
	optAffinity   = "_1"
	optSharedMode = "_2"
	optSharedIPad = "_3"

	optOff = "_0"
	optOn  = "_1"
)

// impliedSettings have no attribute and are no surprise: what an attribute says
// brings them along with the only value that they can have.
var impliedSettings = []string{"ade_authenticationmethod", "ade_macos_authenticationmethod"}

func affinitySettings() []string { return []string{setAffinityMac, setAffinityBasic, setAffinity} }

func awaitSettings() []string {
	return []string{setAwaitMac, setAwaitBasic, setAwaitModern, setAwaitOther}
}

// attributeSettings are the settings that each attribute stands for, on any
// platform. skip_setup_items and settings are not in it.
var attributeSettings = map[string][]string{
	"user_affinity":                          affinitySettings(),
	"shared_device_mode":                     affinitySettings(),
	"shared_ipad":                            append(affinitySettings(), setGuestsOnly, setCachedUsers, setUserTimeout, setGuestTimeout, setPasscodePeriod),
	"shared_ipad.temporary_sessions_only":    {setGuestsOnly},
	"shared_ipad.maximum_cached_users":       {setCachedUsers},
	"shared_ipad.user_session_timeout":       {setUserTimeout},
	"shared_ipad.temporary_session_timeout":  {setGuestTimeout},
	"shared_ipad.passcode_lock_grace_period": {setPasscodePeriod},
	"await_device_configured":                awaitSettings(),
	"locked_enrollment":                      {setLocked},
	"device_name_template":                   {setNaming, setNameTemplate},
	"carrier_activation_url":                 {setCellular, setCarrierURL},
	"configurator_certificates":              {setCertificates},
	"department":                             {setDepartment},
	"department_phone":                       {setPhone},
}

// HasPolicyAttribute tells whether this version sets a setting through an
// attribute of the policy; one that has none is set by its id.
func HasPolicyAttribute(platform Platform, settingID string) bool {
	if slices.Contains(impliedSettings, settingID) {
		return true
	}
	for _, ids := range attributeSettings {
		if slices.Contains(ids, settingID) {
			return true
		}
	}
	for key := range policyPanes {
		if id, ok := PolicyPane(platform, key); ok && id == settingID {
			return true
		}
	}
	return false
}

// resetSettings are the settings that a policy is to forget the values of.
func (s PolicySpec) resetSettings() []string {
	var ids []string
	for _, attribute := range s.Reset {
		if id, ok := strings.CutPrefix(attribute, "settings."); ok {
			ids = append(ids, id)
			continue
		}
		if attribute == "skip_setup_items" {
			for _, key := range PolicySkipKeys(s.Platform) {
				id, _ := PolicyPane(s.Platform, key)
				ids = append(ids, id)
			}
		}
		ids = append(ids, attributeSettings[attribute]...)
	}
	return ids
}

// namedSettings are the settings that a specification gives a value, by id.
type namedSettings map[string]namedSetting

type namedSetting struct {
	value string
	// attribute that says so, in the provider's words.
	attribute string
}

func (n namedSettings) put(attribute, id, value string) {
	n[id] = namedSetting{value: value, attribute: attribute}
}

func (n namedSettings) choose(attribute, id string, on bool) {
	if on {
		n.put(attribute, id, id+optOn)
		return
	}
	n.put(attribute, id, id+optOff)
}

// named turns a specification into settings. kept are the values that the policy
// has already and that nothing takes away: where some settings stand depends on
// them.
func (s PolicySpec) named(template PolicyTemplate, kept map[string]string) namedSettings {
	n := namedSettings{}
	n.affinity(s, template, kept)
	n.sharing(s.SharedIPad)
	if s.LockedEnrollment != nil {
		n.choose("locked_enrollment", setLocked, *s.LockedEnrollment)
	}
	n.optional("device_name_template", setNaming, setNameTemplate, s.DeviceNameTemplate)
	n.optional("carrier_activation_url", setCellular, setCarrierURL, s.CarrierActivationURL)
	n.text("department", setDepartment, s.Department)
	n.text("department_phone", setPhone, s.DepartmentPhone)
	if s.ConfiguratorCertificates != nil {
		n.put("configurator_certificates", setCertificates, certificateList(s.ConfiguratorCertificates))
	}
	n.panes(s, template)
	for id, value := range s.Settings {
		n.put("settings."+id, id, value)
	}
	n.await(s, template, kept)
	return n
}

// affinity: one setting says for whom a device enrolls. Which it is depends on
// the platform.
func (n namedSettings) affinity(s PolicySpec, template PolicyTemplate, kept map[string]string) {
	id := template.affinity(s.Platform)
	switch {
	case s.SharedIPad != nil:
		n.put("shared_ipad", id, id+optSharedIPad)
	case s.SharedDeviceMode != nil && *s.SharedDeviceMode:
		n.put("shared_device_mode", id, id+optSharedMode)
	case s.UserAffinity != nil:
		n.choose("user_affinity", id, *s.UserAffinity)
	case s.SharedDeviceMode != nil && kept[id] == id+optSharedMode:
		n.put("shared_device_mode", id, id+optUserless) // the mode without what makes it shared
	}
}

// affinity is the setting that says for whom a device of a platform enrolls.
func (t PolicyTemplate) affinity(platform Platform) string {
	usual := map[Platform]string{IOS: setAffinity, MacOS: setAffinityMac, TVOS: setAffinityBasic, VisionOS: setAffinityBasic}[platform]
	if _, ok := t.Settings[usual]; ok {
		return usual
	}
	for _, id := range affinitySettings() {
		if _, ok := t.Settings[id]; ok {
			return id
		}
	}
	return usual
}

func (n namedSettings) sharing(shared *SharedIPad) {
	if shared == nil {
		return
	}
	number := func(attribute, id string, value *int64) {
		if value != nil {
			n.put("shared_ipad."+attribute, id, strconv.FormatInt(*value, 10))
		}
	}
	number("maximum_cached_users", setCachedUsers, shared.MaximumCachedUsers)
	number("user_session_timeout", setUserTimeout, shared.UserSessionTimeout)
	number("passcode_lock_grace_period", setPasscodePeriod, shared.PasscodeLockGracePeriod)
	number("temporary_session_timeout", setGuestTimeout, shared.TemporarySessionTimeout)
	if only := shared.TemporarySessionsOnly; only != nil {
		n.choose("shared_ipad.temporary_sessions_only", setGuestsOnly, *only)
	}
}

// optional is a text below a switch. An empty one turns the switch off.
func (n namedSettings) optional(attribute, choice, id string, value *string) {
	if value == nil {
		return
	}
	n.choose(attribute, choice, *value != "")
	if *value != "" {
		n.put(attribute, id, *value)
	}
}

func (n namedSettings) text(attribute, id string, value *string) {
	if value != nil {
		n.put(attribute, id, *value)
	}
}

func (n namedSettings) panes(s PolicySpec, template PolicyTemplate) {
	if s.SkipSetupItems == nil {
		return
	}
	for _, key := range PolicySkipKeys(s.Platform) {
		id, _ := PolicyPane(s.Platform, key)
		if _, ok := template.Settings[id]; ok {
			n.choose("skip_setup_items", id, !slices.Contains(s.SkipSetupItems, key))
		}
	}
}

// await is last: where it stands depends on the user affinity. One that nobody
// names stays as it was when the affinity changes.
func (n namedSettings) await(s PolicySpec, template PolicyTemplate, kept map[string]string) {
	id := n.awaitSetting(s.Platform, template, kept)
	if s.AwaitDeviceConfigured != nil {
		if id == "" {
			id = setAwaitOther // Shared iPad has no place for it; that is told when it is not placed
		}
		n.choose("await_device_configured", id, *s.AwaitDeviceConfigured)
		return
	}
	if _, has := kept[id]; has || id == "" {
		return
	}
	for _, old := range awaitSettings() {
		if option, ok := strings.CutPrefix(kept[old], old); ok && option != "" && n[id] == (namedSetting{}) {
			kept[id] = id + option
		}
	}
}

// awaitSetting is the setting that holds a device in Setup Assistant; "" where
// the user affinity leaves no place for one.
func (n namedSettings) awaitSetting(platform Platform, template PolicyTemplate, kept map[string]string) string {
	affinity := template.affinity(platform)
	chosen := n[affinity].value
	if chosen == "" {
		chosen = kept[affinity]
	}
	if chosen == "" {
		chosen = template.Settings[affinity].Default
	}
	below := template.reach(chosen)
	for _, id := range awaitSettings() {
		if setting, ok := template.Settings[id]; ok && (len(setting.Under) == 0 || below[id]) {
			return id
		}
	}
	return ""
}

// certificateList is the base64 of certificates in PEM, as a JSON array.
func certificateList(texts []string) string {
	encoded := make([]string, 0, len(texts))
	for _, text := range texts {
		if block, _ := pem.Decode([]byte(text)); block != nil {
			encoded = append(encoded, base64.StdEncoding.EncodeToString(block.Bytes))
		}
	}
	return jsonList(encoded)
}

func jsonList(texts []string) string {
	raw, _ := json.Marshal(texts) // strings always have a JSON form
	return string(raw)
}
