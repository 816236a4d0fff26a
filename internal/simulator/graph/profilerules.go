package graph

import (
	"slices"
	"unicode/utf8"
)

// The rules of classic profiles. Those that answers of the service show are Intune's; those that only the admin center's
// pages state are kept here too, since what lies behind them is Apple's definition or a setting without effect.

// ruleValues are the values of a profile, with what it does not set.
type ruleValues struct {
	typ    *profileType
	values map[string]any
}

func (v ruleValues) on(name string) bool { return v.values[name] == true }

func (v ruleValues) text(name string) string { t, _ := v.values[name].(*string); return deref(t) }

func (v ruleValues) number(name string) int { n, _ := v.values[name].(int); return n }

// check gives what is wrong with a profile, as an error whose message is for the client.
func (typ *profileType) check(values map[string]any) error {
	v := ruleValues{typ, values}
	if v.text("displayName") == "" {
		return ruleError("The displayName of an enrollment profile is required")
	}
	if typ.platform == "" {
		return nil
	}
	for _, rule := range []func(ruleValues) string{
		checkMandatory, checkSharedIPad, checkTexts, checkSkipKeys, checkCertificates, checkCompanyPortal, checkAwait,
		checkSessions, checkMacOS,
	} {
		if message := rule(v); message != "" {
			return ruleError(message)
		}
	}
	return nil
}

// ruleError is a broken rule.
type ruleError string

func (e ruleError) Error() string { return string(e) }

// checkMandatory was seen in answers.
func checkMandatory(v ruleValues) string {
	switch {
	case !v.on("requiresUserAuthentication") && !v.on("isMandatory"):
		return "IsMandatory must be true when RequiresUserAuthentication is false"
	case v.on("autoAdvanceSetupEnabled") && !v.on("isMandatory"):
		return "IsMandatory must be true when AutoAdvanceSetupEnabled is true"
	case v.on("profileRemovalDisabled") && !v.on("supervisedModeEnabled"):
		return "ProfileRemovalDisabled requires SupervisedModeEnabled"
	}
	return ""
}

func checkSharedIPad(v ruleValues) string {
	switch {
	case v.on("enableSharedIPad") && (!v.on("supervisedModeEnabled") || v.on("requiresUserAuthentication")):
		return "EnableSharedIPad requires SupervisedModeEnabled to be true and RequiresUserAuthentication to be false"
	case v.on("userlessSharedAadModeEnabled") && (v.on("requiresUserAuthentication") || v.on("enableSharedIPad")):
		return "UserlessSharedAadModeEnabled requires RequiresUserAuthentication and EnableSharedIPad to be false"
	case v.number("sharedIPadMaximumUserCount") < 0:
		return "SharedIPadMaximumUserCount must not be negative"
	}
	return ""
}

// checkTexts: the name template is the admin center's limit, the others are Apple's.
func checkTexts(v ruleValues) string {
	for _, limit := range []struct {
		name string
		most int
	}{{"deviceNameTemplate", 63}, {"supportDepartment", 125}, {"supportPhoneNumber", 50}, {"displayName", 125}} {
		if utf8.RuneCountInString(v.text(limit.name)) > limit.most {
			return "The value of " + limit.name + " is too long"
		}
	}
	return ""
}

// checkSkipKeys was seen in answers: these two have properties of their own.
func checkSkipKeys(v ruleValues) string {
	keys, _ := v.values["enabledSkipKeys"].([]string)
	for _, refused := range []string{"Privacy", "Registration"} {
		if slices.Contains(keys, refused) {
			return "EnabledSkipKeys contains an invalid skip key: " + refused
		}
	}
	return ""
}

func checkCertificates(v ruleValues) string {
	certificates, _ := v.values["managementCertificates"].([]object)
	switch {
	case len(certificates) > 10:
		return "At most 10 management certificates are allowed"
	case v.values["iTunesPairingMode"] == "requiresCertificate" && len(certificates) == 0:
		return "ITunesPairingMode requiresCertificate needs at least one management certificate"
	}
	for _, certificate := range certificates {
		if text := certificate.get("certificate"); text == nil || text == "" {
			return "A management certificate has no certificate"
		}
	}
	return ""
}

func checkCompanyPortal(v ruleValues) string {
	portal := v.on("enableAuthenticationViaCompanyPortal")
	switch {
	case v.text("companyPortalVppTokenId") != "" && !portal:
		return "CompanyPortalVppTokenId requires EnableAuthenticationViaCompanyPortal"
	case v.on("enableSingleAppEnrollmentMode") && (!portal || v.text("companyPortalVppTokenId") == ""):
		return "EnableSingleAppEnrollmentMode requires EnableAuthenticationViaCompanyPortal and CompanyPortalVppTokenId"
	}
	return ""
}

func checkAwait(v ruleValues) string {
	await := v.on("awaitDeviceConfiguredConfirmation") || v.on("waitForDeviceConfiguredConfirmation")
	if await && (v.on("enableSharedIPad") || v.on("userlessSharedAadModeEnabled")) {
		return "Await device configured is not supported with Shared iPad or shared device mode"
	}
	return ""
}

func checkSessions(v ruleValues) string {
	for _, name := range []string{"userSessionTimeoutInSeconds", "temporarySessionTimeoutInSeconds"} {
		if n := v.number(name); n != 0 && n < 30 {
			return "The value of " + name + " must be 0 or at least 30"
		}
	}
	grace, set := v.values["passcodeLockGracePeriodInSeconds"].(int)
	if set && !slices.Contains([]int{0, 60, 300, 900, 3600, 14400}, grace) {
		return "The value of passcodeLockGracePeriodInSeconds is invalid"
	}
	return ""
}

func checkMacOS(v ruleValues) string {
	if v.on("usePlatformSSODuringSetupAssistant") && v.on("configurationWebUrl") {
		return "UsePlatformSSODuringSetupAssistant is not supported with ConfigurationWebUrl"
	}
	rotation, _ := v.values["depProfileAdminAccountPasswordRotationSetting"].(object)
	if !inRange(rotation.get("autoRotationPeriodInDays"), 1, 180) {
		return "AutoRotationPeriodInDays must be between 1 and 180"
	}
	delay, _ := rotation.get("depProfileDelayAutoRotationSetting").(object)
	if !inRange(delay.get("onRetrievalDelayAutoRotatePasswordInHours"), 1, 24) {
		return "OnRetrievalDelayAutoRotatePasswordInHours must be between 1 and 24"
	}
	return ""
}

// inRange: null is in every range.
func inRange(value any, least, most int) bool {
	n, set := value.(int)
	return !set || n >= least && n <= most
}
