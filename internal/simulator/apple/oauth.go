package apple

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // OAuth 1.0a signs with it
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// OAuth Core 1.0a, section 9, as GET /session uses it (Apple: Authenticating for Automated Device Enrollment).

// nonce identifies a signed request: among those with one timestamp, a client may not use a nonce twice. Timestamps are
// not compared with the clock: clients live in real time, the simulator in virtual time.
type nonce struct{ token, timestamp, value string }

// The two texts that Apple's gateway answers with.
const (
	bodyOAuthBadRequest   = "oauth_problem_adviceBad Request"
	bodyOAuthUnauthorized = "oauth_problem_adviceUnauthorized"
)

// oauthParameters are the protocol parameters of one request; realm is left out, it is not signed.
type oauthParameters map[string]string

var oauthRequired = []string{
	"oauth_consumer_key", "oauth_token", "oauth_signature_method", "oauth_signature", "oauth_timestamp", "oauth_nonce",
}

// parseOAuth reads an Authorization header. It is false for what Apple answers with 400: a header that is absent or
// malformed, a missing, empty, unknown or repeated parameter, another signature method or version.
func parseOAuth(header string) (oauthParameters, bool) {
	scheme, rest, _ := strings.Cut(strings.TrimSpace(header), " ")
	if !strings.EqualFold(scheme, "OAuth") {
		return nil, false
	}
	params := oauthParameters{}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, ok := parseOAuthPair(strings.TrimSpace(part))
		if !ok {
			return nil, false
		}
		if strings.EqualFold(name, "realm") {
			continue
		}
		if _, again := params[name]; again || !strings.HasPrefix(name, "oauth_") {
			return nil, false
		}
		params[name] = value
	}
	if slices.ContainsFunc(oauthRequired, func(name string) bool { return params[name] == "" }) {
		return nil, false
	}
	if v, given := params["oauth_version"]; given && v != "1.0" {
		return nil, false
	}
	if strings.Trim(params["oauth_timestamp"], "0123456789") != "" {
		return nil, false
	}
	return params, params["oauth_signature_method"] == "HMAC-SHA1"
}

// parseOAuthPair reads name="value", both percent-encoded.
func parseOAuthPair(text string) (name, value string, ok bool) {
	rawName, quoted, found := strings.Cut(text, "=")
	if !found || len(quoted) < 2 || quoted[0] != '"' || quoted[len(quoted)-1] != '"' {
		return "", "", false
	}
	name, err := url.PathUnescape(rawName)
	if err != nil {
		return "", "", false
	}
	value, err = url.PathUnescape(quoted[1 : len(quoted)-1])
	return name, value, err == nil
}

// signedBy says whether the signature fits the request as it was received and the two secrets.
func (p oauthParameters) signedBy(r *http.Request, consumerSecret, accessSecret string) bool {
	mac := hmac.New(sha1.New, []byte(percent(consumerSecret)+"&"+percent(accessSecret)))
	mac.Write([]byte(p.baseString(r)))
	want := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return subtle.ConstantTimeCompare([]byte(want), []byte(p["oauth_signature"])) == 1
}

// baseString is METHOD&url&parameters, each percent-encoded.
func (p oauthParameters) baseString(r *http.Request) string {
	var pairs [][2]string
	for name, value := range p {
		if name != "oauth_signature" {
			pairs = append(pairs, [2]string{percent(name), percent(value)})
		}
	}
	for name, values := range r.URL.Query() {
		for _, value := range values {
			pairs = append(pairs, [2]string{percent(name), percent(value)})
		}
	}
	slices.SortFunc(pairs, func(a, b [2]string) int {
		if c := strings.Compare(a[0], b[0]); c != 0 {
			return c
		}
		return strings.Compare(a[1], b[1])
	})
	joined := make([]string, 0, len(pairs))
	for _, pair := range pairs {
		joined = append(joined, pair[0]+"="+pair[1])
	}
	return r.Method + "&" + percent(baseURL(r)) + "&" + percent(strings.Join(joined, "&"))
}

// baseURL is scheme, authority and path as the client saw them: lower case, no default port, no query.
func baseURL(r *http.Request) string {
	scheme, defaultPort := "http", ":80"
	if r.TLS != nil {
		scheme, defaultPort = "https", ":443"
	}
	host := strings.TrimSuffix(strings.ToLower(r.Host), defaultPort)
	return scheme + "://" + host + r.URL.EscapedPath()
}

// percent is OAuth's percent-encoding: all but letters, digits and -._~ become %XX with upper-case digits.
func percent(text string) string {
	const hexDigits = "0123456789ABCDEF"
	var out strings.Builder
	for i := range len(text) {
		c := text[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~", c) >= 0:
			out.WriteByte(c)
		default:
			out.WriteByte('%')
			out.WriteByte(hexDigits[c>>4])
			out.WriteByte(hexDigits[c&15])
		}
	}
	return out.String()
}
