package graph

import (
	"net/http"
	"slices"
)

// profileType is one type of the enrollmentProfile family.
type profileType struct {
	wire     wireType
	platform string // empty: not for devices of the enrollment program
	classic  bool   // can be created under a token
}

const plainProfile = "enrollmentProfile"

func bools(names ...string) []field {
	out := make([]field, 0, len(names))
	for _, name := range names {
		out = append(out, field{name: name, kind: kindBool})
	}
	return out
}

func texts(names ...string) []field {
	out := make([]field, 0, len(names))
	for _, name := range names {
		out = append(out, field{name: name, kind: kindText, nullable: true})
	}
	return out
}

func ints(names ...string) []field {
	out := make([]field, 0, len(names))
	for _, name := range names {
		out = append(out, field{name: name, kind: kindInt})
	}
	return out
}

// enrollmentProfileFields are those that all types have.
var enrollmentProfileFields = slices.Concat(
	[]field{{name: "id", kind: kindText, owned: true}},
	texts("displayName", "description"),
	bools("requiresUserAuthentication"),
	[]field{{name: "configurationEndpointUrl", kind: kindText, nullable: true, owned: true}},
	bools("enableAuthenticationViaCompanyPortal", "requireCompanyPortalOnSetupAssistantEnrolledDevices"),
)

// baseFields are those of depEnrollmentBaseProfile.
var baseFields = slices.Concat(
	enrollmentProfileFields,
	[]field{{name: "isDefault", kind: kindBool, owned: true}},
	bools("supervisedModeEnabled"), texts("supportDepartment"), bools("isMandatory", "locationDisabled"),
	texts("supportPhoneNumber"),
	bools("profileRemovalDisabled", "restoreBlocked", "appleIdDisabled", "termsAndConditionsDisabled", "touchIdDisabled",
		"applePayDisabled", "siriDisabled", "diagnosticsDisabled", "displayToneSetupDisabled", "privacyPaneDisabled",
		"screenTimeScreenDisabled"),
	texts("deviceNameTemplate"), bools("configurationWebUrl"),
	[]field{{name: "enabledSkipKeys", kind: kindTexts}, {name: "enrollmentTimeAzureAdGroupIds", kind: kindGUIDs}},
	bools("waitForDeviceConfiguredConfirmation"),
)

var pairingModes = field{name: "iTunesPairingMode", kind: kindEnum, values: []string{"disallow", "allow", "requiresCertificate"}}

var iosFields = slices.Concat(
	baseFields,
	[]field{pairingModes, {name: "managementCertificates", kind: kindCertificates}},
	bools("restoreFromAndroidDisabled", "awaitDeviceConfiguredConfirmation"), ints("sharedIPadMaximumUserCount"),
	bools("enableSharedIPad"), texts("companyPortalVppTokenId"),
	bools("enableSingleAppEnrollmentMode", "homeButtonScreenDisabled", "iMessageAndFaceTimeScreenDisabled",
		"onBoardingScreenDisabled", "simSetupScreenDisabled", "softwareUpdateScreenDisabled", "watchMigrationScreenDisabled",
		"appearanceScreenDisabled", "expressLanguageScreenDisabled", "preferredLanguageScreenDisabled",
		"deviceToDeviceMigrationDisabled", "welcomeScreenDisabled", "passCodeDisabled", "zoomDisabled",
		"restoreCompletedScreenDisabled", "updateCompleteScreenDisabled", "forceTemporarySession"),
	ints("temporarySessionTimeoutInSeconds", "userSessionTimeoutInSeconds"),
	[]field{{name: "passcodeLockGracePeriodInSeconds", kind: kindInt, nullable: true}},
	texts("carrierActivationUrl"), bools("userlessSharedAadModeEnabled"),
)

var macOSFields = slices.Concat(
	baseFields,
	bools("registrationDisabled", "fileVaultDisabled", "iCloudDiagnosticsDisabled", "passCodeDisabled", "zoomDisabled",
		"iCloudStorageDisabled", "chooseYourLockScreenDisabled", "accessibilityScreenDisabled", "autoUnlockWithWatchDisabled",
		"skipPrimarySetupAccountCreation", "setPrimarySetupAccountAsRegularUser", "dontAutoPopulatePrimaryAccountInfo"),
	texts("primaryAccountFullName", "primaryAccountUserName"), bools("enableRestrictEditing"),
	texts("adminAccountUserName", "adminAccountFullName"),
	[]field{{name: "adminAccountPassword", kind: kindText, nullable: true, secret: true}},
	bools("hideAdminAccount", "requestRequiresNetworkTether", "autoAdvanceSetupEnabled"),
	[]field{{name: "depProfileAdminAccountPasswordRotationSetting", kind: kindRotation, nullable: true}},
	bools("usePlatformSSODuringSetupAssistant"),
)

// oldFields are those of depEnrollmentProfile, the common type of years ago.
var oldFields = slices.Concat(
	enrollmentProfileFields,
	[]field{{name: "isDefault", kind: kindBool, owned: true}},
	bools("supervisedModeEnabled"), texts("supportDepartment"), bools("passCodeDisabled", "isMandatory", "locationDisabled"),
	texts("supportPhoneNumber"), []field{pairingModes},
	bools("profileRemovalDisabled"), []field{{name: "managementCertificates", kind: kindCertificates}},
	bools("restoreBlocked", "restoreFromAndroidDisabled", "appleIdDisabled", "termsAndConditionsDisabled", "touchIdDisabled",
		"applePayDisabled", "zoomDisabled", "siriDisabled", "diagnosticsDisabled", "macOSRegistrationDisabled",
		"macOSFileVaultDisabled", "awaitDeviceConfiguredConfirmation"),
	ints("sharedIPadMaximumUserCount"), bools("enableSharedIPad"),
)

// profileTypes by name. tvOS and visionOS exist only as mirrors of policies.
var profileTypes = map[string]*profileType{
	plainProfile:              {wire: wireType{plainProfile, enrollmentProfileFields}},
	"depEnrollmentProfile":    {wire: wireType{"depEnrollmentProfile", oldFields}, platform: platformIOS, classic: true},
	"depIOSEnrollmentProfile": {wire: wireType{"depIOSEnrollmentProfile", iosFields}, platform: platformIOS, classic: true},
	"depMacOSEnrollmentProfile": {
		wire: wireType{"depMacOSEnrollmentProfile", macOSFields}, platform: platformMacOS, classic: true,
	},
	"depTvOSEnrollmentProfile": {
		wire: wireType{"depTvOSEnrollmentProfile", enrollmentProfileFields}, platform: platformTvOS,
	},
	"depVisionOSEnrollmentProfile": {
		wire: wireType{"depVisionOSEnrollmentProfile", enrollmentProfileFields}, platform: platformVisionOS,
	},
}

// allProfileProperties can be selected and filtered on in the mixed collection.
var allProfileProperties = func() []string {
	var out []string
	for _, fields := range [][]field{iosFields, macOSFields, oldFields} {
		for _, f := range fields {
			if !slices.Contains(out, f.name) {
				out = append(out, f.name)
			}
		}
	}
	return out
}()

// profileType is the type that a creation asks for: under a token one for its devices, under the account's own id the
// plain one of Apple Configurator. A body that names no type is of the plain one, by the rules of OData.
func (c *call) profileType(raw map[string]any, t *token) (*profileType, *reply) {
	name := odataType(raw)
	if name == "" {
		name = plainProfile
	}
	typ := profileTypes[name]
	if typ == nil {
		return nil, c.plain(http.StatusBadRequest, "BadRequest", "A type named 'microsoft.graph."+name+
			"' could not be resolved by the model. When a model is available, each type name must resolve to a valid type.")
	}
	if configurator := t == c.s.none; typ.classic == configurator || !typ.classic && name != plainProfile {
		return nil, c.badRequest("An enrollment profile of type '" + name + "' cannot be created for this DEP token")
	}
	return typ, nil
}

// dropOwned removes what only the service sets.
func (typ *profileType) dropOwned(values map[string]any) {
	for _, f := range typ.wire.fields {
		if f.owned {
			delete(values, f.name)
		}
	}
}
