package intune

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// The types of entry under a token's enrollmentProfiles.
const (
	typePrefix  = "#microsoft.graph."
	iosType     = "depIOSEnrollmentProfile"
	macOSType   = "depMacOSEnrollmentProfile"
	tvOSType    = "depTvOSEnrollmentProfile"
	visionType  = "depVisionOSEnrollmentProfile"
	odataType   = "@odata.type"
	isMandatory = "isMandatory"
)

// unmapped are the properties of depIOSEnrollmentProfile that nothing in an enrollment profile stands for, with the reason.
// A test holds this and what is mapped against the contract.
var unmapped = map[string]string{
	"configurationEndpointUrl":          "read-only: the address that Intune gives Apple Configurator",
	"isDefault":                         "changed by setDefaultProfile only: asm_default_profile; read as Profile.IsDefaultFor",
	"awaitDeviceConfiguredConfirmation": "the older flag for what waitForDeviceConfiguredConfirmation says",
}

// wireProfile is what is read of a depIOSEnrollmentProfile, without the flags of skip keys. Graph always gives numbers and
// bools; texts are nullable.
type wireProfile struct {
	Type        string  `json:"@odata.type"`
	ID          string  `json:"id"`
	DisplayName *string `json:"displayName"`
	Description *string `json:"description"`

	RequiresUserAuthentication           bool `json:"requiresUserAuthentication"`
	EnableAuthenticationViaCompanyPortal bool `json:"enableAuthenticationViaCompanyPortal"`
	RequireCompanyPortal                 bool `json:"requireCompanyPortalOnSetupAssistantEnrolledDevices"`
	// ConfigurationWebURL is a Boolean on this type: Setup Assistant with modern authentication.
	ConfigurationWebURL bool `json:"configurationWebUrl"`

	SupervisedModeEnabled  bool    `json:"supervisedModeEnabled"`
	ProfileRemovalDisabled bool    `json:"profileRemovalDisabled"`
	IsMandatory            bool    `json:"isMandatory"`
	IsDefault              bool    `json:"isDefault"`
	SupportDepartment      *string `json:"supportDepartment"`
	SupportPhoneNumber     *string `json:"supportPhoneNumber"`
	DeviceNameTemplate     *string `json:"deviceNameTemplate"`
	WaitForConfigured      bool    `json:"waitForDeviceConfiguredConfirmation"`

	EnableSharedIPad        bool   `json:"enableSharedIPad"`
	SharedIPadMaximumUsers  int64  `json:"sharedIPadMaximumUserCount"`
	ForceTemporarySession   bool   `json:"forceTemporarySession"`
	UserSessionTimeout      int64  `json:"userSessionTimeoutInSeconds"`
	TemporarySessionTimeout int64  `json:"temporarySessionTimeoutInSeconds"`
	PasscodeLockGracePeriod *int64 `json:"passcodeLockGracePeriodInSeconds"`

	ITunesPairingMode      string            `json:"iTunesPairingMode"`
	ManagementCertificates []wireCertificate `json:"managementCertificates"`

	CompanyPortalVPPTokenID *string  `json:"companyPortalVppTokenId"`
	SingleAppMode           bool     `json:"enableSingleAppEnrollmentMode"`
	SharedDeviceMode        bool     `json:"userlessSharedAadModeEnabled"`
	CarrierActivationURL    *string  `json:"carrierActivationUrl"`
	EnrollmentTimeGroupIDs  []string `json:"enrollmentTimeAzureAdGroupIds"`
}

// pairingModes are the words of iTunesPairingMode.
var pairingModes = map[enrollment.PairingMode]string{
	enrollment.PairingAllow: "allow", enrollment.PairingDeny: "disallow", enrollment.PairingCertificate: "requiresCertificate",
}

// askProfile writes the properties that are managed. The spec is one that whole made complete.
func askProfile(p enrollment.ProfileSpec) (map[string]any, error) {
	body := map[string]any{
		odataType: typePrefix + iosType, "displayName": p.Name,
		"supervisedModeEnabled": p.Supervised, "profileRemovalDisabled": p.LockedEnrollment, "enableSharedIPad": p.SharedIPad != nil,
	}
	for property, text := range map[string]*string{
		"description": p.Description, "supportDepartment": p.Department, "supportPhoneNumber": p.DepartmentPhone,
		"deviceNameTemplate": p.DeviceNameTemplate, "companyPortalVppTokenId": p.CompanyPortalVPPTokenID, "carrierActivationUrl": p.CarrierActivationURL,
	} {
		askText(body, property, text)
	}
	for property, flag := range map[string]*bool{
		"requiresUserAuthentication": p.UserAffinity, isMandatory: p.Mandatory,
		"requireCompanyPortalOnSetupAssistantEnrolledDevices": p.RequireCompanyPortal,
		"waitForDeviceConfiguredConfirmation":                 p.AwaitDeviceConfigured,
		"enableSingleAppEnrollmentMode":                       p.SingleAppMode, "userlessSharedAadModeEnabled": p.SharedDeviceMode,
	} {
		if flag != nil {
			body[property] = *flag
		}
	}
	if p.Authentication != nil {
		body["configurationWebUrl"] = *p.Authentication == enrollment.AuthenticationModern
		body["enableAuthenticationViaCompanyPortal"] = *p.Authentication == enrollment.AuthenticationCompanyPortal
	}
	if p.EnrollmentTimeGroupIDs != nil {
		body["enrollmentTimeAzureAdGroupIds"] = append([]string{}, p.EnrollmentTimeGroupIDs...)
	}
	if p.SkipSetupItems != nil {
		askSkipKeys(body, p.SkipSetupItems)
	}
	askSharedIPad(body, p.SharedIPad)
	return body, askPairing(body, p.Pairing)
}

// askText takes a text away with null, which says so without a doubt: Graph's texts are nullable.
func askText(body map[string]any, property string, text *string) {
	switch {
	case text == nil:
	case *text == "":
		body[property] = nil
	default:
		body[property] = *text
	}
}

func askSharedIPad(body map[string]any, s *enrollment.SharedIPad) {
	if s == nil {
		return
	}
	if s.TemporarySessionsOnly != nil {
		body["forceTemporarySession"] = *s.TemporarySessionsOnly
	}
	for property, number := range map[string]*int64{
		"sharedIPadMaximumUserCount": s.MaximumCachedUsers, "userSessionTimeoutInSeconds": s.UserSessionTimeout,
		"temporarySessionTimeoutInSeconds": s.TemporarySessionTimeout, "passcodeLockGracePeriodInSeconds": s.PasscodeLockGracePeriod,
	} {
		if number != nil {
			body[property] = *number
		}
	}
}

func askPairing(body map[string]any, p *enrollment.Pairing) error {
	if p == nil {
		return nil
	}
	mode, ok := pairingModes[p.Mode]
	if !ok {
		return &enrollment.Error{Kind: enrollment.ErrInvalid, Field: "pairing.mode", What: fmt.Sprintf("%q is no pairing mode", p.Mode), Do: `Use "allow", "deny" or "certificate".`}
	}
	certificates, err := askCertificates(p.ConfiguratorCertificates)
	if err != nil {
		return err
	}
	body["iTunesPairingMode"], body["managementCertificates"] = mode, certificates
	return nil
}

// takeProfile reads an entry of enrollmentProfiles. One that is no classic iOS profile is read as far as all have it.
func takeProfile(tokenID string, raw json.RawMessage) (enrollment.Profile, error) {
	var w wireProfile
	var properties map[string]json.RawMessage
	if err := json.Unmarshal(raw, &w); err != nil {
		return enrollment.Profile{}, fmt.Errorf("an enrollment profile that Microsoft Graph gave cannot be read: %w", err)
	}
	if err := json.Unmarshal(raw, &properties); err != nil {
		return enrollment.Profile{}, fmt.Errorf("an enrollment profile that Microsoft Graph gave cannot be read: %w", err)
	}
	out := enrollment.Profile{ID: spelled(tokenID, w.ID), Status: enrollment.ProfileCurrent, DeviceCount: enrollment.DeviceCountUnknown}
	out.TokenID, out.Name, out.Description = tokenID, value(w.DisplayName), said(w.Description)
	if out.OtherKind = otherKind(w); out.OtherKind != "" {
		return out, nil
	}
	out.Recorded = true
	if w.IsDefault {
		out.IsDefaultFor = []enrollment.Platform{enrollment.IOS}
	}
	w.into(&out.ProfileSpec)
	out.SkipSetupItems = takeSkipKeys(properties)
	return out, nil
}

func (w wireProfile) into(p *enrollment.ProfileSpec) {
	p.UserAffinity, p.Mandatory = new(w.RequiresUserAuthentication), new(w.IsMandatory)
	p.Supervised, p.LockedEnrollment = w.SupervisedModeEnabled, w.ProfileRemovalDisabled
	p.Authentication, p.RequireCompanyPortal = w.authentication(), new(w.RequireCompanyPortal)
	p.Department, p.DepartmentPhone = said(w.SupportDepartment), said(w.SupportPhoneNumber)
	p.DeviceNameTemplate, p.CarrierActivationURL = said(w.DeviceNameTemplate), said(w.CarrierActivationURL)
	p.CompanyPortalVPPTokenID = said(w.CompanyPortalVPPTokenID)
	p.SingleAppMode, p.SharedDeviceMode, p.AwaitDeviceConfigured = new(w.SingleAppMode), new(w.SharedDeviceMode), new(w.WaitForConfigured)
	p.EnrollmentTimeGroupIDs = append([]string{}, w.EnrollmentTimeGroupIDs...)
	p.SharedIPad, p.Pairing = w.sharedIPad(), w.pairing()
}

// authentication is nil where nobody signs in.
func (w wireProfile) authentication() *enrollment.Authentication {
	switch {
	case !w.RequiresUserAuthentication:
		return nil
	case w.ConfigurationWebURL:
		return new(enrollment.AuthenticationModern)
	case w.EnableAuthenticationViaCompanyPortal:
		return new(enrollment.AuthenticationCompanyPortal)
	default:
		return new(enrollment.AuthenticationLegacy)
	}
}

// sharedIPad leaves out what has no effect: Graph gives every number a value, and with temporary sessions only there are no
// users to cache, log out or ask for a passcode.
func (w wireProfile) sharedIPad() *enrollment.SharedIPad {
	if !w.EnableSharedIPad {
		return nil
	}
	out := &enrollment.SharedIPad{TemporarySessionsOnly: new(w.ForceTemporarySession), TemporarySessionTimeout: new(w.TemporarySessionTimeout)}
	if w.ForceTemporarySession {
		return out
	}
	out.UserSessionTimeout, out.PasscodeLockGracePeriod = new(w.UserSessionTimeout), w.PasscodeLockGracePeriod
	if w.SharedIPadMaximumUsers > 0 {
		out.MaximumCachedUsers = new(w.SharedIPadMaximumUsers)
	}
	return out
}

func (w wireProfile) pairing() *enrollment.Pairing {
	for mode, word := range pairingModes {
		if word == w.ITunesPairingMode {
			out := &enrollment.Pairing{Mode: mode}
			if mode == enrollment.PairingCertificate {
				out.ConfiguratorCertificates = takeCertificates(w.ManagementCertificates)
			}
			return out
		}
	}
	return nil
}

// said is nil for nothing and for "".
func said(text *string) *string {
	if value(text) == "" {
		return nil
	}
	return text
}

// otherKind tells what an entry is that is no classic profile for iOS and iPadOS. The mirror of a policy shows by its id; of
// what type Graph says that it is is nowhere documented.
func otherKind(w wireProfile) string {
	kind := strings.TrimPrefix(strings.TrimPrefix(w.Type, "#"), "microsoft.graph.")
	switch {
	case strings.HasPrefix(w.ID, mirrorPrefix):
		return "an enrollment policy"
	case kind == iosType:
		return ""
	case kind == macOSType:
		return "a macOS enrollment profile"
	case kind == tvOSType:
		return "a tvOS enrollment policy"
	case kind == visionType:
		return "a visionOS enrollment policy"
	case kind == "":
		return "a profile for Apple Configurator"
	}
	return "a profile of the type " + kind
}

// platformOf is the platform whose default an entry can be, "" where its type does not say.
func platformOf(w wireProfile) enrollment.Platform {
	switch strings.TrimPrefix(strings.TrimPrefix(w.Type, "#"), "microsoft.graph.") {
	case iosType:
		return enrollment.IOS
	case macOSType:
		return enrollment.MacOS
	case tvOSType:
		return enrollment.TVOS
	case visionType:
		return enrollment.VisionOS
	}
	return ""
}

// differences lists the properties of a request that a profile does not have so, sorted.
func differences(body map[string]any, profile json.RawMessage) []string {
	var there map[string]any
	if json.Unmarshal(profile, &there) != nil {
		return []string{odataType}
	}
	var out []string
	for property, asked := range body {
		if property != odataType && !sameValue(asked, there[property]) {
			out = append(out, property)
		}
	}
	slices.Sort(out)
	return out
}

// sameValue holds nothing, null, "", false and an empty list for the same, and lists in any order. Of a certificate only the
// thumbprint counts: Graph may break the lines of the rest as it likes.
func sameValue(asked, there any) bool { return plain(asked) == plain(there) }

func plain(v any) string {
	encoded, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	var list []any
	if json.Unmarshal(encoded, &list) == nil {
		words := make([]string, 0, len(list))
		for _, element := range list {
			if certificate, ok := element.(map[string]any); ok {
				element = certificate["thumbprint"]
			}
			words = append(words, strings.ToUpper(fmt.Sprint(element)))
		}
		slices.Sort(words)
		return strings.Join(slices.Compact(words), "\n")
	}
	switch text := string(encoded); text {
	case `""`, "null", "false":
		return ""
	default:
		return text
	}
}
