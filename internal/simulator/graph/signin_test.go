package graph_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"io"
	"maps"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/graph"
)

// Microsoft's own client signs in here: it knows nothing of this project.

// trusting is an HTTP client that trusts the simulator's authority.
func (s *tenant) trusting() *http.Client {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(s.CACertificatePEM())
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}}
}

func (s *tenant) options() azcore.ClientOptions {
	return azcore.ClientOptions{
		Transport: s.trusting(), Retry: policy.RetryOptions{MaxRetries: -1},
		Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: s.SignInURL()},
	}
}

// signIn gets a token and tries it on Graph.
func (s *tenant) signIn(credential azcore.TokenCredential, err error) error {
	s.t.Helper()
	must(s.t, err)
	token, err := credential.GetToken(s.t.Context(), policy.TokenRequestOptions{Scopes: []string{"https://graph.microsoft.com/.default"}})
	if err != nil {
		return err
	}
	s.bearer = token.Token
	s.get(tokensPath)
	return nil
}

// fails checks an error of a sign-in for its code.
func (s *tenant) fails(code string, err error) {
	s.t.Helper()
	if err == nil || !strings.Contains(err.Error(), code) {
		s.t.Errorf("got %v, want %s", err, code)
	}
}

func (s *tenant) bySecret(tenantID, clientID, secret string) error {
	s.t.Helper()
	return s.signIn(azidentity.NewClientSecretCredential(tenantID, clientID, secret, &azidentity.ClientSecretCredentialOptions{
		ClientOptions: s.options(), DisableInstanceDiscovery: true,
	}))
}

func TestSignInByClientSecret(t *testing.T) {
	s := newTenant(t, 0)
	must(t, s.bySecret(s.TenantID(), s.ClientID(), s.ClientSecret()))
	must(t, s.bySecret("school.example", s.ClientID(), s.ClientSecret()))
	s.fails("AADSTS7000215", s.bySecret(s.TenantID(), s.ClientID(), "wrong"))
	s.fails("AADSTS700016", s.bySecret(s.TenantID(), "11111111-2222-4333-8444-555555555555", s.ClientSecret()))
	s.fails("AADSTS90002", s.bySecret("11111111-2222-4333-8444-555555555555", s.ClientID(), s.ClientSecret()))
	s.ExpireClientSecret()
	s.fails("AADSTS7000222", s.bySecret(s.TenantID(), s.ClientID(), s.ClientSecret()))
	if n := s.Requests(false).SignIns["client_secret"]; n != 2 {
		t.Errorf("%d sign-ins were counted, want 2", n)
	}
}

func TestTheTokenCarriesTheRolesOfItsTime(t *testing.T) {
	s := newTenant(t, 0)
	s.set(func(c *graph.Settings) { c.Roles = []string{"DeviceManagementServiceConfig.Read.All"} })
	must(t, s.bySecret(s.TenantID(), s.ClientID(), s.ClientSecret()))
	s.want(403, "POST", tokensPath, map[string]any{"dataSharingConsentGranted": true})
	s.advance(time.Hour)
	s.refused(401, "expired", "GET", tokensPath, nil)
}

// newCertificate is a key pair for signing assertions.
func newCertificate(t *testing.T) (*x509.Certificate, *rsa.PrivateKey) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "terraform"}, NotBefore: opening, NotAfter: opening.AddDate(1, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	cert, err := x509.ParseCertificate(der)
	must(t, err)
	return cert, key
}

func TestSignInByCertificate(t *testing.T) {
	s := newTenant(t, 0)
	cert, key := newCertificate(t)
	by := func(cert *x509.Certificate, key *rsa.PrivateKey) error {
		return s.signIn(azidentity.NewClientCertificateCredential(s.TenantID(), s.ClientID(), []*x509.Certificate{cert}, key,
			&azidentity.ClientCertificateCredentialOptions{ClientOptions: s.options(), DisableInstanceDiscovery: true}))
	}
	s.fails("AADSTS700027", by(cert, key))
	must(t, s.AddClientCertificate(cert.Raw))
	must(t, by(cert, key))
	if n := s.Requests(false).SignIns["client_certificate"]; n != 1 {
		t.Errorf("%d sign-ins were counted, want 1", n)
	}
	if err := s.AddClientCertificate([]byte("no certificate")); err == nil {
		t.Error("what is no certificate was registered")
	}
}

// assertion signs a client assertion by hand, as Microsoft's client would not.
func assertion(t *testing.T, names *x509.Certificate, key *rsa.PrivateKey, claims map[string]any) func(context.Context) (string, error) {
	t.Helper()
	encode := func(v any) string {
		text, err := json.Marshal(v)
		must(t, err)
		return base64.RawURLEncoding.EncodeToString(text)
	}
	thumbprint := sha256.Sum256(names.Raw)
	signed := encode(map[string]any{"alg": "RS256", "x5t#S256": base64.RawURLEncoding.EncodeToString(thumbprint[:])}) + "." + encode(claims)
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	must(t, err)
	return func(context.Context) (string, error) {
		return signed + "." + base64.RawURLEncoding.EncodeToString(signature), nil
	}
}

func TestAnAssertionIsChecked(t *testing.T) {
	s := newTenant(t, 0)
	cert, key := newCertificate(t)
	_, other := newCertificate(t)
	must(t, s.AddClientCertificate(cert.Raw))
	by := func(key *rsa.PrivateKey, name string, value any) error {
		claims := map[string]any{
			"iss": s.ClientID(), "sub": s.ClientID(), "exp": opening.Unix(),
			"aud": s.SignInURL() + "/" + s.TenantID() + "/oauth2/v2.0/token",
		}
		claims[name] = value
		return s.signIn(azidentity.NewClientAssertionCredential(s.TenantID(), s.ClientID(), assertion(t, cert, key, claims),
			&azidentity.ClientAssertionCredentialOptions{ClientOptions: s.options(), DisableInstanceDiscovery: true}))
	}
	must(t, by(key, "jti", "1"))
	must(t, by(key, "aud", []string{"x", s.SignInURL() + "/" + s.TenantID() + "/oauth2/v2.0/token"}))
	s.fails("AADSTS700027", by(other, "jti", "2"))
	s.fails("AADSTS700021", by(key, "sub", "somebody"))
	s.fails("AADSTS700023", by(key, "aud", "https://login.microsoftonline.com"))
	s.fails("AADSTS50027", by(key, "exp", nil))
}

// workflow asks for an identity token as a GitHub Actions runner does.
func (s *tenant) workflow(audience string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.GitHubTokenURL()+"&audience="+url.QueryEscape(audience), nil)
		must(s.t, err)
		r.Header.Set("Authorization", "bearer "+s.GitHubRequestToken())
		resp, err := s.trusting().Do(r)
		must(s.t, err)
		defer func() { _ = resp.Body.Close() }()
		var out struct{ Value string }
		must(s.t, json.NewDecoder(resp.Body).Decode(&out))
		return out.Value, nil
	}
}

func TestSignInByWorkflowIdentity(t *testing.T) {
	s := newTenant(t, 0)
	const audience = "api://AzureADTokenExchange"
	by := func(assertion func(context.Context) (string, error)) error {
		return s.signIn(azidentity.NewClientAssertionCredential(s.TenantID(), s.ClientID(), assertion,
			&azidentity.ClientAssertionCredentialOptions{ClientOptions: s.options(), DisableInstanceDiscovery: true}))
	}
	must(t, by(s.workflow(audience)))
	s.fails("AADSTS700212", by(s.workflow("https://example.com")))
	s.fails("AADSTS50027", by(func(context.Context) (string, error) { return "no token", nil }))
	s.fails("AADSTS700211", by(func(context.Context) (string, error) { return s.AccessToken(), nil }))
	forged := s.WorkflowToken(audience)
	s.fails("AADSTS50013", by(func(context.Context) (string, error) { return forged[:len(forged)-8] + "AAAAAAAA", nil }))
	s.SetWorkflowSubject("repo:other/fork:ref:refs/heads/main")
	s.fails("AADSTS700213", by(s.workflow(audience)))
}

func TestTheRunnerNeedsItsToken(t *testing.T) {
	s := newTenant(t, 0)
	resp, err := s.trusting().Get(s.GitHubTokenURL())
	must(t, err)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("got %d, want 401", resp.StatusCode)
	}
}

func TestSignInByManagedIdentity(t *testing.T) {
	s := newTenant(t, 0)
	by := func(id string) error {
		t.Helper()
		options := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: s.options()}
		if id != "" {
			options.ID = azidentity.ClientID(id)
		}
		return s.signIn(azidentity.NewManagedIdentityCredential(options))
	}
	t.Setenv("IDENTITY_ENDPOINT", s.ManagedIdentityURL())
	t.Setenv("IDENTITY_HEADER", "wrong")
	s.fails("Required header", by("")) // first: Microsoft's client keeps good tokens for the whole process
	t.Setenv("IDENTITY_HEADER", s.ManagedIdentityHeader())
	must(t, by(""))
	must(t, by(s.ManagedIdentityClientID()))
	s.fails("Identity not found", by("11111111-2222-4333-8444-555555555555"))
}

func TestTheVirtualMachinesEndpointAnswersLikeIMDS(t *testing.T) {
	s := newTenant(t, 0)
	ask := func(header, query string) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.AdminURL()+"/metadata/identity/oauth2/token?"+query, nil)
		must(t, err)
		r.Header.Set("Metadata", header)
		resp, err := http.DefaultClient.Do(r)
		must(t, err)
		defer func() { _ = resp.Body.Close() }()
		body, err := io.ReadAll(resp.Body)
		must(t, err)
		return resp.StatusCode, string(body)
	}
	if status, body := ask("true", "api-version=2018-02-01&resource=https://graph.microsoft.com"); status != 200 || !strings.Contains(body, `"access_token"`) {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := ask("", "resource=https://graph.microsoft.com"); status != 401 {
		t.Errorf("without the header: %d", status)
	}
	if status, _ := ask("true", "resource=https://vault.azure.net"); status != 400 {
		t.Errorf("another resource: %d", status)
	}
}

func TestTheTokenEndpointIsStrict(t *testing.T) {
	s := newTenant(t, 0)
	good := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {s.ClientID()}, "client_secret": {s.ClientSecret()},
		"scope": {"https://graph.microsoft.com/.default"},
	}
	for name, test := range map[string]struct {
		field, value, code string
		status             int
	}{
		"grant":     {"grant_type", "password", "AADSTS70003", 400},
		"no client": {"client_id", "", "AADSTS900144", 400},
		"no secret": {"client_secret", "", "AADSTS7000218", 401},
		"scope":     {"scope", "https://graph.microsoft.com/User.Read", "AADSTS1002012", 400},
		"two":       {"scope", "https://graph.microsoft.com/.default https://vault.azure.net/.default", "AADSTS1002012", 400},
		"openid":    {"scope", "openid https://graph.microsoft.com/.default profile", "access_token", 200},
	} {
		form := maps.Clone(good)
		form.Set(test.field, test.value)
		resp, err := s.trusting().PostForm(s.SignInURL()+"/"+s.TenantID()+"/oauth2/v2.0/token", form)
		must(t, err)
		body, err := io.ReadAll(resp.Body)
		must(t, err)
		_ = resp.Body.Close()
		if resp.StatusCode != test.status || !strings.Contains(string(body), test.code) {
			t.Errorf("%s: %d %s", name, resp.StatusCode, body)
		}
	}
}

func TestDiscoveryNamesTheSimulator(t *testing.T) {
	s := newTenant(t, 0)
	for path, want := range map[string]string{
		"/common/discovery/instance?api-version=1.1": `"preferred_network":"` + strings.TrimPrefix(s.SignInURL(), "https://"),
		"/" + s.TenantID() + "/discovery/v2.0/keys":  `"kty":"RSA"`,
	} {
		resp, err := s.trusting().Get(s.SignInURL() + path)
		must(t, err)
		body, err := io.ReadAll(resp.Body)
		must(t, err)
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK || !strings.Contains(string(body), want) {
			t.Errorf("%s: %d %s", path, resp.StatusCode, body)
		}
	}
	if _, err := http.Get(s.SignInURL() + "/common/discovery/instance"); err == nil {
		t.Error("a client that does not know the authority got through")
	}
}

func TestFederatedDomainsTellWhereTheirMetadataIs(t *testing.T) {
	s := newTenant(t, 0)
	s.want(404, "GET", "/domains/school.example/federationConfiguration", nil)
	s.want(404, "GET", "/domains/unknown.example/federationConfiguration", nil)
	for _, on := range []bool{false, true} {
		s.SetDomain(graph.Domain{Name: "federated.example", Federated: true, UsernameMixed: on})
		rows := s.get("/domains/federated.example/federationConfiguration").values()
		if len(rows) != 1 {
			t.Fatalf("%d rows, want 1", len(rows))
		}
		resp, err := s.trusting().Get(rows[0]["metadataExchangeUri"].(string))
		must(t, err)
		body, err := io.ReadAll(resp.Body)
		must(t, err)
		_ = resp.Body.Close()
		var anything struct{ XMLName xml.Name }
		must(t, xml.Unmarshal(body, &anything))
		if !strings.Contains(string(body), "/trust/2005/usernamemixed") || strings.Contains(string(body), "/trust/13/usernamemixed") != on {
			t.Errorf("1.3 is on: %t\n%s", on, body)
		}
	}
}
