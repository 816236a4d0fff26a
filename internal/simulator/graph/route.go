package graph

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// route is one operation. A segment of pattern in braces is a path parameter.
type route struct {
	method  string
	pattern string
	needs   []string // application permissions of which one is enough; delegated scopes have the same names
	answer  func(*call) reply

	segments []string
}

// The permissions of each group of calls, as the pages of the calls name them.
var (
	reads        = []string{roleServiceRead, roleServiceReadWrite, roleConfigRead, roleConfigReadWrite}
	writes       = []string{roleServiceReadWrite}
	operates     = []string{roleServiceReadWrite, roleConfigReadWrite}
	configReads  = []string{roleConfigRead, roleConfigReadWrite}
	configWrites = []string{roleConfigReadWrite}
	domainReads  = []string{
		roleDomainRead, roleDomainReadWrite, "Domain-InternalFederation.Read.All", "Domain-InternalFederation.ReadWrite.All",
	}
)

const (
	settingsPath = "/deviceManagement/depOnboardingSettings"
	settingPath  = settingsPath + "/{token}"
	profilesPath = settingPath + "/enrollmentProfiles"
	profilePath  = profilesPath + "/{profile}"
	devicesPath  = settingPath + "/importedAppleDeviceIdentities"
	devicePath   = devicesPath + "/{device}"
	pushPath     = "/deviceManagement/applePushNotificationCertificate"
	consentsPath = "/deviceManagement/dataSharingConsents"
	consentPath  = consentsPath + "/{consent}"
)

// newRoutes is the API. Where two patterns fit, the first is taken: fixed segments stand before parameters.
func newRoutes() []route {
	const get, post, patch, del = http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete
	routes := []route{
		{method: get, pattern: "/deviceManagement", needs: reads, answer: getDeviceManagement},

		{method: get, pattern: settingsPath, needs: reads, answer: listTokens},
		{method: post, pattern: settingsPath, needs: writes, answer: createToken},
		{method: get, pattern: settingsPath + "/$count", needs: reads, answer: countTokens},
		{method: get, pattern: settingsPath + "/getExpiringVppTokenCount", needs: reads, answer: countVPPTokens},
		{method: get, pattern: settingPath, needs: reads, answer: getToken},
		{method: patch, pattern: settingPath, needs: writes, answer: updateToken},
		{method: del, pattern: settingPath, needs: writes, answer: deleteToken},
		{method: post, pattern: settingPath + "/generateEncryptionPublicKey", needs: reads, answer: generatePublicKey},
		{method: get, pattern: settingPath + "/getEncryptionPublicKey", needs: reads, answer: getPublicKey},
		{method: post, pattern: settingPath + "/uploadDepToken", needs: operates, answer: uploadToken},
		{method: post, pattern: settingPath + "/syncWithAppleDeviceEnrollmentProgram", needs: operates, answer: startSync},
		{method: post, pattern: settingPath + "/shareForSchoolDataSyncService", needs: writes, answer: shareToken},
		{method: post, pattern: settingPath + "/unshareForSchoolDataSyncService", needs: writes, answer: unshareToken},
		{method: post, pattern: settingPath + "/releaseAppleDevices", needs: operates, answer: releaseDevices},
	}
	for _, d := range defaultNavigations {
		routes = append(routes, route{
			method: get, pattern: settingPath + "/" + d.name, needs: reads,
			answer: func(c *call) reply { return getDefaultProfile(c, d) },
		})
	}
	routes = append(routes,
		route{method: get, pattern: profilesPath, needs: reads, answer: listProfiles},
		route{method: post, pattern: profilesPath, needs: writes, answer: createProfile},
		route{method: get, pattern: profilesPath + "/$count", needs: reads, answer: countProfiles},
		route{method: get, pattern: profilePath, needs: reads, answer: getProfile},
		route{method: patch, pattern: profilePath, needs: writes, answer: updateProfile},
		route{method: del, pattern: profilePath, needs: writes, answer: deleteProfile},
		route{method: post, pattern: profilePath + "/setDefaultProfile", needs: writes, answer: setDefaultProfile},
		route{method: post, pattern: profilePath + "/updateDeviceProfileAssignment", needs: writes, answer: assignDevices},
		route{method: get, pattern: profilePath + "/exportMobileConfig", needs: reads, answer: exportMobileConfig},

		route{method: get, pattern: devicesPath, needs: reads, answer: listDevices},
		route{method: get, pattern: devicesPath + "/$count", needs: reads, answer: countDevices},
		route{method: post, pattern: devicesPath + "/importAppleDeviceIdentityList", needs: writes, answer: importDevices},
		route{method: get, pattern: devicePath, needs: reads, answer: getDevice},
		route{method: patch, pattern: devicePath, needs: writes, answer: updateDevice},
		route{method: del, pattern: devicePath, needs: writes, answer: deleteDevice},

		route{method: get, pattern: pushPath, needs: reads, answer: getPushCertificate},
		route{method: patch, pattern: pushPath, needs: writes, answer: updatePushCertificate},
		route{method: del, pattern: pushPath, needs: writes, answer: deletePushCertificate},
		route{
			method: get, pattern: pushPath + "/downloadApplePushNotificationCertificateSigningRequest",
			needs: reads, answer: downloadSigningRequest,
		},
		route{
			method: post, pattern: pushPath + "/generateApplePushNotificationCertificateSigningRequest",
			needs: writes, answer: generateSigningRequest,
		},

		route{method: get, pattern: consentsPath, needs: reads, answer: listConsents},
		route{method: get, pattern: consentPath, needs: reads, answer: getConsent},
		route{method: post, pattern: consentPath + "/consentToDataSharing", needs: writes, answer: grantConsent},

		route{method: get, pattern: "/domains/{domain}/federationConfiguration", needs: domainReads, answer: listFederation},
	)
	for i := range routes {
		routes[i].segments = strings.Split(strings.Trim(routes[i].pattern, "/"), "/")
	}
	return routes
}

// normalise splits a path below the version segment: name('key') is two segments, a function loses its parentheses, and
// escapes are undone. It is empty for a path with a segment that is malformed.
func normalise(escapedPath string) []string {
	var out []string
	for raw := range strings.SplitSeq(strings.Trim(escapedPath, "/"), "/") {
		segment, err := url.PathUnescape(raw)
		if err != nil || segment == "" {
			return nil
		}
		name, arguments, called := strings.Cut(segment, "(")
		if !called || name == "" {
			out = append(out, segment)
			continue
		}
		arguments, closed := strings.CutSuffix(arguments, ")")
		if !closed {
			return nil
		}
		out = append(out, name)
		if key, quoted := unquote(arguments); quoted {
			out = append(out, key)
		} else if looksLikeKey(arguments) {
			out = append(out, arguments)
		}
	}
	return out
}

// unquote reads an OData string literal: single quotes, doubled inside.
func unquote(text string) (string, bool) {
	if len(text) < 2 || text[0] != '\'' || text[len(text)-1] != '\'' {
		return "", false
	}
	return strings.ReplaceAll(text[1:len(text)-1], "''", "'"), true
}

// looksLikeKey tells a key without quotes from named arguments of a function, and from none.
func looksLikeKey(arguments string) bool { return arguments != "" && !strings.Contains(arguments, "=") }

// match gives the path parameters if the route has these segments. Names of segments are compared without regard to case,
// as Graph does.
func (r *route) match(segments []string) (map[string]string, bool) {
	if len(segments) != len(r.segments) {
		return nil, false
	}
	vars := map[string]string{}
	for i, want := range r.segments {
		if strings.HasPrefix(want, "{") {
			vars[strings.Trim(want, "{}")] = segments[i]
		} else if !strings.EqualFold(want, segments[i]) {
			return nil, false
		}
	}
	return vars, true
}

// find gives the route of a request. Without one, sameShape says whether another method has it.
func (s *Simulator) find(method string, segments []string) (found *route, vars map[string]string, sameShape bool) {
	for i := range s.routes {
		vars, ok := s.routes[i].match(segments)
		if !ok {
			continue
		}
		// A fixed last segment stands before a parameter in its place, for every method.
		if s.routes[i].method == method {
			return &s.routes[i], vars, true
		}
		sameShape = true
		if fixed := s.routes[i].segments[len(segments)-1]; !strings.HasPrefix(fixed, "{") {
			if !slices.ContainsFunc(s.routes, func(r route) bool {
				return r.method == method && r.pattern == s.routes[i].pattern
			}) {
				return nil, nil, true
			}
		}
	}
	return nil, nil, sameShape
}
