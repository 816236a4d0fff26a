package contract

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// versions are Graph's two. The documents are about beta; what is asked of v1.0 has to fail.
var versions = []string{"/beta/", "/v1.0/"}

// isGraph tells Graph's paths from the rest of what a simulator or a client has to do with: sign-in, an admin API.
func isGraph(path string) bool {
	for _, version := range versions {
		if strings.HasPrefix(path, version) {
			return true
		}
	}
	return false
}

// leftOut are calls that Graph has and the documents do not: a batch, whose inner calls are not looked at, and a function whose
// path a router cannot tell from a token's id. They may succeed.
var leftOut = regexp.MustCompile(`^/beta/(\$batch|deviceManagement/depOnboardingSettings/getExpiringVppTokenCount(\(.*\))?)$`)

// A key in parentheses: enrollmentProfiles('id'). A quote within the key is doubled.
var keyed = regexp.MustCompile(`^([A-Za-z]+)\('((?:[^']|'')*)'\)$`)

// normalised gives the request with the path as the documents write it. OData services take a key as a segment or in
// parentheses, and a function with or without "()"; the documents have one form of each.
func (d *documents) normalised(request *http.Request) *http.Request {
	var segments []string
	for segment := range strings.SplitSeq(strings.TrimPrefix(request.URL.EscapedPath(), "/"), "/") {
		if plain, err := url.PathUnescape(segment); err == nil {
			segment = plain
		}
		segments = append(segments, d.segment(segment)...)
	}
	clone := request.Clone(request.Context())
	clone.URL.Path, clone.URL.RawPath = "", ""
	for _, segment := range segments {
		clone.URL.Path += "/" + segment
		name, function := strings.CutSuffix(segment, "()")
		clone.URL.RawPath += "/" + url.PathEscape(name)
		if function {
			clone.URL.RawPath += "()"
		}
	}
	return clone
}

func (d *documents) segment(segment string) []string {
	if match := keyed.FindStringSubmatch(segment); match != nil {
		return []string{match[1], strings.ReplaceAll(match[2], "''", "'")}
	}
	name := strings.TrimSuffix(segment, "()")
	if d.functions[name] {
		name += "()"
	}
	return []string{name}
}
