package contract

import (
	"net/http"
	"strings"
	"testing"
)

// Each case breaks one rule of the documents, or of doc.go.
func TestWhatBreaksTheContractIsAViolation(t *testing.T) {
	devices := token + "/importedAppleDeviceIdentities"
	assign := profile + "/updateDeviceProfileAssignment"
	cases := map[string]struct {
		call call
		want string
	}{
		"an unknown property in an answer": {
			call{"GET", devices, "", 200, collection(identity("colour", `"red"`))},
			`response: /value/0: property "colour" is unsupported`,
		},
		"an unknown property in a request": {
			call{"PATCH", token, `{"tokenColour":"red"}`, 204, ""},
			`request: /: property "tokenColour" is unsupported`,
		},
		"a wrong enum member": {
			call{"GET", devices, "", 200, collection(identity("platform", `"iPadOS"`))},
			"response: /value/0/platform: value is not one of the allowed values",
		},
		"deviceIds as a string": {
			call{"POST", assign, `{"deviceIds":"DMPXK0001"}`, 204, ""},
			"request: /deviceIds: value must be an array",
		},
		"wrong body keys": {
			call{"POST", token + "/uploadDepToken", `{"appleIdentifier":"a","token":"secret"}`, 204, ""},
			`request: /: property "appleIdentifier" is unsupported`,
		},
		"a missing body": {
			call{"POST", assign, "", 204, ""},
			"request: value is required but missing",
		},
		"a body where there is none": {
			call{"POST", token + "/generateEncryptionPublicKey", "{}", 200, `{"value":"key"}`},
			"request: request body not allowed",
		},
		"GET on an action": {
			call{"GET", token + "/syncWithAppleDeviceEnrollmentProgram", "", 200, "{}"},
			"request: the contract has no such path or method",
		},
		"a path that is not in the documents": {
			call{"GET", "/beta/deviceManagement/managedDevices", "", 200, collection()},
			"request: the contract has no such path or method, yet the answer was 200",
		},
		"v1.0 that succeeds": {
			call{"GET", "/v1.0/deviceManagement/depOnboardingSettings", "", 200, collection()},
			"request: the contract has no such path or method",
		},
		"a bad date": {
			call{"GET", devices, "", 200, collection(identity("createdDateTime", `"01/02/2026"`))},
			"response: /value/0/createdDateTime: string doesn't match",
		},
		"a bad error shape": {
			call{"GET", devices, "", 404, `{"error":"not found"}`},
			"response: /error: value must be an object",
		},
		"a bad error shape on an unknown path": {
			call{"GET", "/beta/deviceManagement/nothing", "", 404, `{"code":"not found"}`},
			`response: /error: property "error" is missing`,
		},
		"a bad error shape of a batch": {
			call{"POST", "/beta/$batch", "{}", 400, `{"code":"not a batch"}`},
			`response: /error: property "error" is missing`,
		},
		"an error without a content type on an unknown path": {
			call{"GET", "/beta/deviceManagement/nothing", "", 404, ""},
			`response: an error has the content type ""`,
		},
		"null where the metadata says not null": {
			call{"GET", devices, "", 200, collection(identity("isSupervised", "null"))},
			"response: /value/0/isSupervised: Value is not nullable",
		},
		"a missing property that is not nullable": {
			call{"GET", devices, "", 200, collection(identity("isSupervised", ""))},
			`response: /value/0/isSupervised: property "isSupervised" is missing`,
		},
		"a profile of one type with a property of another": {
			call{"POST", token + "/enrollmentProfiles", `{"@odata.type":"#microsoft.graph.depMacOSEnrollmentProfile","enableSharedIPad":true}`, 201, ""},
			`property "enableSharedIPad" is unsupported`,
		},
		"a profile without a type, and without all properties": {
			call{"GET", profile, "", 200, `{"id":"x","enableAuthenticationViaCompanyPortal":true,"requiresUserAuthentication":true}`},
			`response: /requireCompanyPortalOnSetupAssistantEnrolledDevices: property`,
		},
		"a profile of a type that there is not": {
			call{"GET", profile, "", 200, `{"@odata.type":"#microsoft.graph.depWatchOSEnrollmentProfile","id":"x"}`},
			`response: /: doesn't match any schema from "anyOf"`,
		},
		"a status that the operation does not have": {
			call{"GET", devices, "", 202, collection()},
			"response: a success is answered with 200, not 202",
		},
		"a body where the status has none": {
			call{"PATCH", token, `{"tokenName":"District"}`, 204, "{}"},
			"response: an answer with status 204 has no body",
		},
		"a query option that the operation does not have, refused": {
			call{"GET", token + "?$filter=tokenName eq 'x'", "", 404, graphError("ResourceNotFound")},
			"",
		},
		"a query option that the operation does not have, accepted": {
			call{"GET", token + "/importedAppleDeviceIdentities/1?$filter=x", "", 200, identity()},
			"request: the operation has no query option $filter",
		},
		"a query option with a bad value": {
			call{"GET", devices + "?$top=all", "", 200, collection()},
			"request: query parameter $top",
		},
		"a token id that is not a GUID": {
			call{"POST", tokens + "/district/syncWithAppleDeviceEnrollmentProgram", "", 204, ""},
			"request: path parameter depOnboardingSetting-id",
		},
		"a bad request that failed for another reason": {
			call{"POST", assign, `{"deviceIds":"DMPXK0001"}`, 429, graphError("TooManyRequests")},
			"request: /deviceIds: value must be an array",
		},
		"a policy without its token": {
			call{"PUT", "/beta/deviceManagement/configurationPolicies('" + tokenID + "')", strings.Replace(policySent, `"creationSource":"DepTokenId_`+tokenID+`",`, "", 1), 204, ""},
			`request: /creationSource: property "creationSource" is missing`,
		},
		"a setting of an unknown kind": {
			call{"PUT", "/beta/deviceManagement/configurationPolicies/" + tokenID, strings.Replace(policySent, "ChoiceSettingInstance", "GroupSettingInstance", 1), 204, ""},
			"request: /settings/0/settingInstance",
		},
		"a number where a setting has text": {
			call{"PUT", "/beta/deviceManagement/configurationPolicies/" + tokenID, strings.Replace(policySent, `"value":"IT"`, `"value":7`, 1), 204, ""},
			"request: /settings/1/settingInstance/simpleSettingValue/value: value must be a string",
		},
		"PATCH of a policy": {
			call{"PATCH", "/beta/deviceManagement/configurationPolicies/" + tokenID, `{"name":"x"}`, 200, "{}"},
			"request: the contract has no such path or method",
		},
		"POST to read the group, as the metadata has it": {
			call{"POST", "/beta/deviceManagement/configurationPolicies/" + tokenID + "/retrieveEnrollmentTimeDeviceMembershipTarget", "", 200, "{}"},
			"request: the contract has no such path or method",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := found(t, c.call)
			if c.want == "" && got != "" || !strings.Contains(got, c.want) {
				t.Errorf("found:\n%s\nwant: %s", got, c.want)
			}
		})
	}
}

const policySent = `{"name":"iPads","description":null,"platforms":"iOS","technologies":"enrollment",` +
	`"templateReference":{"templateId":"27d20e9c-50c1-48f8-a44c-f37de4510051_1"},"creationSource":"DepTokenId_` + tokenID + `",` +
	`"roleScopeTagIds":["0"],"settings":[` +
	`{"settingInstance":{"@odata.type":"#microsoft.graph.deviceManagementConfigurationChoiceSettingInstance",` +
	`"settingDefinitionId":"ade_lockedenrollment","choiceSettingValue":{"value":"ade_lockedenrollment_1","children":[]}}},` +
	`{"settingInstance":{"@odata.type":"#microsoft.graph.deviceManagementConfigurationSimpleSettingInstance",` +
	`"settingDefinitionId":"ade_setupassistant_department","simpleSettingValue":` +
	`{"@odata.type":"#microsoft.graph.deviceManagementConfigurationStringSettingValue","value":"IT"}}}]}`

const tokenRow = `{"id":"` + tokenID + `","dataSharingConsentGranted":true,"lastModifiedDateTime":"2026-01-01T00:00:00Z",` +
	`"lastSuccessfulSyncDateTime":"0001-01-01T00:00:00Z","lastSyncErrorCode":0,"lastSyncTriggeredDateTime":"0001-01-01T00:00:00Z",` +
	`"roleScopeTagIds":["0"],"shareTokenWithSchoolDataSyncService":false,"syncedDeviceCount":0,` +
	`"tokenExpirationDateTime":"2027-01-01T00:00:00Z","tokenType":"appleSchoolManager"}`

func TestWhatKeepsTheContractIsNone(t *testing.T) {
	policies := "/beta/deviceManagement/configurationPolicies"
	cases := map[string]call{
		"a row with all that is not nullable":             {"GET", token + "/importedAppleDeviceIdentities?$top=5&$count=true", "", 200, collection(identity())},
		"a row without what may be null":                  {"GET", token + "/importedAppleDeviceIdentities", "", 200, collection(identity("description", "", "serialNumber", "", "isDeleted", ""))},
		"a token without what is there with $expand only": {"GET", token, "", 200, tokenRow},
		"a part of a type that is trimmed":                {"GET", "/beta/deviceManagement", "", 200, `{"id":"deviceManagement"}`},
		"a part of a row, when asked for":                 {"GET", token + "/importedAppleDeviceIdentities?$select=serialNumber", "", 200, collection(`{"serialNumber":"DMPXK0001"}`)},
		"a page with a next one":                          {"GET", token + "/importedAppleDeviceIdentities?$skiptoken=abc", "", 200, `{"@odata.nextLink":"https://x","value":[]}`},
		"a function without parentheses":                  {"GET", token + "/getEncryptionPublicKey", "", 200, `{"value":"key"}`},
		"a function with parentheses":                     {"GET", token + "/getEncryptionPublicKey()", "", 200, `{"value":"key"}`},
		"a key in parentheses":                            {"GET", tokens + "('" + tokenID + "')/getEncryptionPublicKey()", "", 200, `{"value":"key"}`},
		"a refused request, however bad":                  {"POST", profile + "/updateDeviceProfileAssignment", `{"deviceIds":"x"}`, 400, graphError("BadRequest")},
		"an unknown path that is refused":                 {"GET", "/v1.0/deviceManagement/depOnboardingSettings", "", 400, graphError("BadRequest")},
		"a gateway's own words":                           {"GET", tokens, "", 503, ""},
		"a batch":                                         {"POST", "/beta/$batch", `{"requests":[]}`, 200, `{"responses":[]}`},
		"a function whose path is like a token's id":      {"GET", tokens + "/getExpiringVppTokenCount(expiringBeforeDateTime='2027-01-01T00:00:00Z')", "", 200, `{"value":3}`},
		"a path that is not Graph's":                      {"POST", "/tenant/oauth2/v2.0/token", "x", 200, "y"},
		"a policy created whole":                          {"PUT", policies + "/" + tokenID, policySent, 204, ""},
		"the group of a policy":                           {"GET", policies + "('" + tokenID + "')/retrieveEnrollmentTimeDeviceMembershipTarget", "", 200, `{"enrollmentTimeDeviceMembershipTargetValidationStatuses":[{"targetId":"` + tokenID + `","targetValidationErrorCode":"unknown","validationSucceeded":true}]}`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := found(t, c); got != "" {
				t.Errorf("found:\n%s", got)
			}
		})
	}
}

func TestBodiesAreNotQuoted(t *testing.T) {
	got := found(t, call{"POST", token + "/uploadDepToken", `{"appleId":["hunter2"],"depToken":{"k":"hunter2"},"x":"hunter2"}`, 204, ""})
	if got == "" || strings.Contains(got, "hunter2") {
		t.Errorf("found %q: want violations that do not quote what was sent", got)
	}
}

func TestManyFaultsInOneMessageAreCutShort(t *testing.T) {
	rows := make([]string, 50)
	for i := range rows {
		rows[i] = identity("colour", `"red"`)
	}
	v := newValidator(t)
	v.check(call{http.MethodGet, token + "/importedAppleDeviceIdentities", "", 200, collection(rows...)}.exchange())
	violations := v.Report().Violations
	if len(violations) != maxDetails+1 || violations[maxDetails].Detail != "and 40 more" {
		t.Errorf("got %d violations: %v", len(violations), violations)
	}
}
