package intune_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune"
)

const (
	pushPath     = "/deviceManagement/applePushNotificationCertificate"
	consentsPath = "/deviceManagement/dataSharingConsents"
	domainPath   = "/domains/school.example/federationConfiguration"
)

func pushCertificate(expires string) object {
	return object{
		"id": "x", "appleIdentifier": "push@school.example", "topicIdentifier": "com.apple.mgmt.External.1", "certificateSerialNumber": "0A",
		"expirationDateTime": expires, "lastModifiedDateTime": "2026-01-02T03:04:05Z",
	}
}

func TestThePushCertificate(t *testing.T) {
	t.Parallel()
	g := newGraph(t)
	g.entities[pushPath] = pushCertificate("2027-01-02T03:04:05Z")
	s := g.open()
	got, err := s.PushCertificate(t.Context())
	want := enrollment.PushCertificate{
		AppleID: "push@school.example", SerialNumber: "0A", Topic: "com.apple.mgmt.External.1",
		ExpiresAt: time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC), ModifiedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
	if err != nil || got != want {
		t.Fatalf("%+v, %v", got, err)
	}
	g.entities[pushPath] = object{"id": "x", "appleIdentifier": nil, "topicIdentifier": nil, "certificateSerialNumber": nil, "expirationDateTime": never, "lastModifiedDateTime": never}
	if _, err := s.PushCertificate(t.Context()); !errors.Is(err, enrollment.ErrNotFound) || !strings.Contains(err.Error(), "Apple MDM Push certificate") {
		t.Errorf("an entity without anything: %v", err)
	}
	delete(g.entities, pushPath)
	if _, err := s.PushCertificate(t.Context()); !errors.Is(err, enrollment.ErrNotFound) || !strings.Contains(err.Error(), "Apple MDM Push certificate") {
		t.Errorf("404: %v", err)
	}
}

// verdicts gives what is found by name.
func verdicts(t *testing.T, s *intune.Service, req enrollment.PrerequisitesRequest) map[string]enrollment.Prerequisite {
	t.Helper()
	all, err := s.Prerequisites(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]enrollment.Prerequisite{}
	for _, p := range all {
		if p.Found == "" || (p.Do == "") != (p.Verdict == enrollment.Met) {
			t.Errorf("%+v", p)
		}
		out[p.Name] = p
	}
	if len(out) != len(all) {
		t.Errorf("a name twice: %+v", all)
	}
	return out
}

func TestEachPrerequisiteHasItsVerdict(t *testing.T) {
	t.Parallel()
	consents := func(rows ...object) object { return object{"value": orEmpty(rows)} }
	for name, c := range map[string]struct {
		token    object // of the district; nil looks at the tenant only
		others   object // another token
		entities map[string]object
		item     string
		want     enrollment.Verdict
		says     string
	}{
		"no push certificate":            {item: "push_certificate", want: enrollment.Unmet, says: "no Apple MDM push certificate"},
		"a push certificate":             {entities: map[string]object{pushPath: pushCertificate("2027-11-01T00:00:00Z")}, item: "push_certificate", want: enrollment.Met, says: "1 November 2027"},
		"one that expires soon":          {entities: map[string]object{pushPath: pushCertificate("2026-12-01T08:00:00Z")}, item: "push_certificate", want: enrollment.Warn, says: "in 8 days"},
		"one that has expired":           {entities: map[string]object{pushPath: pushCertificate("2026-11-01T00:00:00Z")}, item: "push_certificate", want: enrollment.Unmet, says: "expired on 1 November 2026"},
		"consent with the token":         {token: object{}, item: "data_sharing_consent", want: enrollment.Met, says: `"District"`},
		"no consent is known":            {entities: map[string]object{consentsPath: consents()}, item: "data_sharing_consent", want: enrollment.Unknown, says: "lists no consent"},
		"another consent":                {entities: map[string]object{consentsPath: consents(object{"id": "appleMDMPushCertificate", "serviceDisplayName": "Apple MDM Push", "granted": true})}, item: "data_sharing_consent", want: enrollment.Unknown, says: `"Apple MDM Push"`},
		"the consent, given":             {entities: map[string]object{consentsPath: consents(object{"id": "x", "serviceDisplayName": "Apple Device Enrollment Program", "granted": true})}, item: "data_sharing_consent", want: enrollment.Met},
		"the consent by its id":          {entities: map[string]object{consentsPath: consents(object{"id": "appleDEP", "serviceDisplayName": nil, "granted": true})}, item: "data_sharing_consent", want: enrollment.Met},
		"the consent, not given":         {token: object{"dataSharingConsentGranted": false}, entities: map[string]object{consentsPath: consents(object{"id": "x", "serviceDisplayName": "Apple Device Enrollment Program", "granted": false})}, item: "data_sharing_consent", want: enrollment.Unmet},
		"a School Manager token":         {token: object{}, item: "token_type", want: enrollment.Met},
		"a token of another program":     {token: object{"tokenType": "dep"}, item: "token_type", want: enrollment.Unmet, says: "(dep)"},
		"a token that awaits":            {token: object{"tokenType": "none", "tokenExpirationDateTime": never}, item: "token_type", want: enrollment.Unknown},
		"a token of another program too": {token: object{}, others: object{"tokenName": "Old", "tokenType": "dep", "tokenExpirationDateTime": "2027-01-01T00:00:00Z"}, item: "token_type", want: enrollment.Warn, says: `"Old"`},
		"a token that is good":           {token: object{}, item: "token_expiry", want: enrollment.Met},
		"a token that expires soon":      {token: object{"tokenExpirationDateTime": "2026-12-01T08:00:00Z"}, item: "token_expiry", want: enrollment.Warn},
		"a token that has expired":       {token: object{"tokenExpirationDateTime": "2026-11-01T08:00:00Z"}, item: "token_expiry", want: enrollment.Unmet},
		"a token that awaits its file":   {token: object{"tokenType": "none", "tokenExpirationDateTime": never}, item: "token_expiry", want: enrollment.Unmet, says: "waiting"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGraph(t)
			g.show()
			req := enrollment.PrerequisitesRequest{WarningDays: 30}
			if c.token != nil {
				g.addDistrict(c.token)
				req.TokenID = districtID
			}
			if c.others != nil {
				g.add("b0b0b0b0-0000-4000-8000-00000000000b", c.others)
			}
			maps.Copy(g.entities, c.entities)
			found := verdicts(t, g.open(), req)
			if got := found[c.item]; got.Verdict != c.want || !strings.Contains(got.Found, c.says) {
				t.Fatalf("%+v, want %q", got, c.want)
			}
			if want := map[bool]int{true: 4, false: 2}[c.token != nil]; len(found) != want {
				t.Errorf("%d items: %+v", len(found), found)
			}
		})
	}
}

func TestWhatMayNotBeLookedAtIsUnknownWithThePermission(t *testing.T) {
	t.Parallel()
	g := newGraph(t)
	g.addDistrict(object{"dataSharingConsentGranted": false})
	g.fault = func(r *http.Request) (int, string) {
		if strings.Contains(r.URL.Path, districtID) || strings.HasSuffix(r.URL.Path, "depOnboardingSettings") {
			return 0, ""
		}
		return 403, refusalBody("Forbidden", "x")
	}
	found := verdicts(t, g.open(), enrollment.PrerequisitesRequest{TokenID: districtID, FederatedDomains: []string{"school.example"}})
	for item, permission := range map[string]string{
		"push_certificate": "DeviceManagementConfiguration.Read.All", "data_sharing_consent": "permission DeviceManagementServiceConfig.ReadWrite.All of",
		"ws_trust:school.example": "Domain.Read.All",
	} {
		if got := found[item]; got.Verdict != enrollment.Unknown || !strings.Contains(got.Do, permission) || !strings.Contains(got.Found, "403") {
			t.Errorf("%+v", got)
		}
	}
	if got := found["token_type"]; got.Verdict != enrollment.Met {
		t.Errorf("what may be looked at is: %+v", got)
	}
}

func TestPrerequisitesFailWhereNothingCanBeSaid(t *testing.T) {
	t.Parallel()
	g := newGraph(t)
	g.show()
	if _, err := g.open().Prerequisites(t.Context(), enrollment.PrerequisitesRequest{TokenID: districtID}); !errors.Is(err, enrollment.ErrNotFound) {
		t.Errorf("no such token: %v", err)
	}
	g.fault = func(*http.Request) (int, string) { return 401, refusalBody("InvalidAuthenticationToken", "x") }
	if _, err := g.open().Prerequisites(t.Context(), enrollment.PrerequisitesRequest{}); !errors.Is(err, enrollment.ErrSignIn) {
		t.Errorf("nobody signed in: %v", err)
	}
	g.fault = func(*http.Request) (int, string) { panic(http.ErrAbortHandler) }
	if _, err := g.open().Prerequisites(t.Context(), enrollment.PrerequisitesRequest{}); !errors.Is(err, enrollment.ErrUnanswered) {
		t.Errorf("no answer: %v", err)
	}
}

// wsdl is AD FS's metadata in short: endpoints by path, and one with a binding that takes name and password.
const (
	wsdlBegin = `<?xml version="1.0" encoding="utf-8"?><wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/"
xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy" xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd" xmlns:tns="http://x/">`
	username = `<wsp:Policy wsu:Id="P1"><wsp:ExactlyOne><wsp:All><sp:TransportBinding xmlns:sp="http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702"/>
<sp:SignedEncryptedSupportingTokens xmlns:sp="http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702"><wsp:Policy><sp:UsernameToken/></wsp:Policy></sp:SignedEncryptedSupportingTokens></wsp:All></wsp:ExactlyOne></wsp:Policy>`
	windows = `<wsp:Policy wsu:Id="P1"><wsp:All><http:NegotiateAuthentication xmlns:http="http://schemas.microsoft.com/ws/06/2004/policy/http"/></wsp:All></wsp:Policy>`
	issues  = `<wsdl:binding name="B1" type="tns:T"><wsp:PolicyReference URI="#P1"/><soap12:binding transport="http://schemas.xmlsoap.org/soap/http"/>
<wsdl:operation name="I"><soap12:operation soapAction="http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue" style="document"/></wsdl:operation></wsdl:binding>`
)

func port(location string) string {
	return `<wsdl:service name="S"><wsdl:port name="P" binding="tns:B1"><soap12:address location="` + location + `"/></wsdl:port></wsdl:service></wsdl:definitions>`
}

func TestFederatedDomainsNeedWSTrust13(t *testing.T) {
	t.Parallel()
	const sts = "https://sts.school.example/adfs/services/trust/"
	old := strings.Replace(issues, "ws-sx/ws-trust/200512", "x", 1)
	for name, c := range map[string]struct {
		status   int // of the metadata; 0 is that the domain is managed, or unknown
		document string
		want     enrollment.Verdict
		says     string
	}{
		"none that Graph shows":              {0, "", enrollment.Warn, "no federation for school.example: it signs in at Microsoft itself, or is no domain of this tenant."},
		"AD FS with the endpoint":            {200, wsdlBegin + port(sts+"13/UsernameMixed"), enrollment.Met, "offers"},
		"wrapped, as it is often served":     {200, `<Metadata xmlns="http://schemas.xmlsoap.org/ws/2004/09/mex"><MetadataSection>` + strings.TrimPrefix(wsdlBegin, `<?xml version="1.0" encoding="utf-8"?>`) + port(sts+"13/usernamemixed") + `</MetadataSection></Metadata>`, enrollment.Met, "offers"},
		"AD FS without it":                   {200, wsdlBegin + port(sts+"2005/usernamemixed"), enrollment.Unmet, "does not offer"},
		"the endpoint without TLS":           {200, wsdlBegin + port("http://sts.school.example/adfs/services/trust/13/usernamemixed"), enrollment.Unmet, ""},
		"another service, by its binding":    {200, wsdlBegin + username + issues + port("https://idp.school.example/sso/active"), enrollment.Met, "offers"},
		"a binding for Windows accounts":     {200, wsdlBegin + windows + issues + port("https://idp.school.example/sso/active"), enrollment.Unmet, ""},
		"a binding of WS-Trust 2005":         {200, wsdlBegin + username + old + port("https://idp.school.example/sso/active"), enrollment.Unmet, ""},
		"not found":                          {404, "", enrollment.Unknown, "404"},
		"a web page":                         {200, "<html><body>sign in</body></html>", enrollment.Unknown, "describes no service"},
		"not XML":                            {200, "<a><b></a>", enrollment.Unknown, "XML"},
		"larger than any metadata":           {200, strings.Repeat(" ", 5<<20), enrollment.Unknown, "too large"},
		"an external entity is not followed": {200, `<!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/hostname">]>` + strings.TrimPrefix(wsdlBegin, `<?xml version="1.0" encoding="utf-8"?>`) + port("&e;"), enrollment.Unknown, "XML"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGraph(t)
			g.show()
			federation := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") != "" || r.URL.RequestURI() != "/mex?id=1" {
					t.Errorf("asked for %s with %q", r.URL, r.Header.Get("Authorization"))
				}
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.document))
			}))
			t.Cleanup(federation.Close)
			if c.status != 0 {
				g.entities[domainPath] = object{"value": []object{{"id": "x", "metadataExchangeUri": federation.URL + "/mex?id=1"}}}
			}
			found := verdicts(t, g.open(), enrollment.PrerequisitesRequest{FederatedDomains: []string{" School.example", "school.example", ""}})
			if got := found["ws_trust:school.example"]; got.Verdict != c.want || !strings.Contains(got.Found, c.says) || len(found) != 3 {
				t.Fatalf("%+v of %d, want %q", got, len(found), c.want)
			}
		})
	}
}

func TestADomainThatGraphDoesNotShowIsToBeSpeltRight(t *testing.T) {
	t.Parallel()
	g := newGraph(t)
	g.show()
	ask := enrollment.PrerequisitesRequest{FederatedDomains: []string{"school.example"}}
	if got := verdicts(t, g.open(), ask)["ws_trust:school.example"]; got.Do != "Check the spelling in federated_domains." || !enrollment.Ready([]enrollment.Prerequisite{got}) {
		t.Errorf("404: %+v", got)
	}
	g.entities[domainPath] = object{"value": []object{}}
	if got := verdicts(t, g.open(), ask)["ws_trust:school.example"]; got.Verdict != enrollment.Met || got.Do != "" {
		t.Errorf("a domain without federation: %+v", got)
	}
}

func TestMetadataIsFetchedOverTLSOnly(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"http://sts.school.example/mex", "file:///etc/passwd", "https://user:secret@sts.school.example/mex", "::", "null"} {
		g := newGraph(t)
		g.show()
		row := object{"id": "x", "metadataExchangeUri": address}
		if address == "null" {
			row["metadataExchangeUri"] = nil
		}
		g.entities[domainPath] = object{"value": []object{row}}
		s := g.open(func(c *intune.Config) {
			c.Transport = onlyTo{t, "127.0.0.1"}
		})
		if got := verdicts(t, s, enrollment.PrerequisitesRequest{FederatedDomains: []string{"school.example"}})["ws_trust:school.example"]; got.Verdict != enrollment.Unknown || strings.Contains(got.Found, "secret") {
			t.Errorf("%s: %+v", address, got)
		}
	}
}

// onlyTo fails the test when another host is asked.
type onlyTo struct {
	t    *testing.T
	host string
}

func (o onlyTo) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Hostname() != o.host {
		o.t.Errorf("asked %s", r.URL)
		return nil, context.Canceled
	}
	return http.DefaultTransport.RoundTrip(r)
}
