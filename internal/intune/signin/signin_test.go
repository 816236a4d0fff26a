package signin_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflogtest"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune/graph"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune/signin"
)

func TestNothingIsAskedBeforeTheFirstToken(t *testing.T) {
	a := newAuthority(t)
	c := a.config()
	c.ClientSecret = secret
	s := open(t, c)
	if len(a.asked) != 0 || !s.AppOnly() || s.Method() != "a client secret" || s.Endpoint() != "https://graph.microsoft.com" {
		t.Errorf("asked %v, %t, %s, %s", a.asked, s.AppOnly(), s.Method(), s.Endpoint())
	}
}

func TestAClientSecret(t *testing.T) {
	a := newAuthority(t)
	c := a.config()
	c.ClientSecret = " " + secret + "\n"
	token, err := open(t, c).Token(t.Context())
	if err != nil || token != "hush-access-1" {
		t.Fatal(token, err)
	}
	form := a.forms[0]
	if form.Get("client_id") != client || form.Get("client_secret") != secret || form.Get("grant_type") != "client_credentials" ||
		!strings.Contains(form.Get("scope"), "https://graph.microsoft.com/.default") {
		t.Errorf("sent %v", form)
	}
	for _, asked := range a.asked {
		if !strings.Contains(asked, "/"+tenant+"/") {
			t.Errorf("asked %s: an authority of one's own is not looked up elsewhere", asked)
		}
	}
	if agent := a.heads[len(a.heads)-1].Get("User-Agent"); agent != "terraform-provider-asm/test" {
		t.Errorf("user agent %q", agent)
	}
}

// pair makes a certificate, and a stranger to it.
func pair(t *testing.T, notAfter time.Time) (*x509.Certificate, *rsa.PrivateKey) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "asm"}, NotBefore: notAfter.Add(-time.Hour), NotAfter: notAfter}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate, key
}

func pemOf(t *testing.T, key any, certificates ...*x509.Certificate) []byte {
	t.Helper()
	var out []byte
	if key != nil {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		out = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	}
	for _, certificate := range certificates {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})...)
	}
	return out
}

func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAClientCertificate(t *testing.T) {
	leaf, key := pair(t, now.Add(time.Hour))
	other, _ := pair(t, now.Add(time.Hour))
	pfx, err := pkcs12.Modern.Encode(key, leaf, []*x509.Certificate{other}, "hush-password")
	if err != nil {
		t.Fatal(err)
	}
	old, err := pkcs12.LegacyDES.Encode(key, leaf, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(c *signin.Config){
		"PKCS#12 in base64": func(c *signin.Config) {
			c.ClientCertificate, c.ClientCertificatePassword = base64.StdEncoding.EncodeToString(pfx), "hush-password"
		},
		"PKCS#12 in a file": func(c *signin.Config) {
			c.ClientCertificatePath, c.ClientCertificatePassword = write(t, string(pfx)), "hush-password"
		},
		"old PKCS#12 without a password": func(c *signin.Config) { c.ClientCertificatePath = write(t, string(old)) },
		"PEM":                            func(c *signin.Config) { c.ClientCertificate = string(pemOf(t, key, leaf)) },
		"PEM in a file, another first":   func(c *signin.Config) { c.ClientCertificatePath = write(t, string(pemOf(t, key, other, leaf))) },
		"before a secret": func(c *signin.Config) {
			c.ClientCertificate, c.ClientSecret = string(pemOf(t, key, leaf)), secret
		},
	} {
		a := newAuthority(t)
		c := a.config()
		change(&c)
		s := open(t, c)
		if token, err := s.Token(t.Context()); err != nil || token != "hush-access-1" || s.Method() != "a client certificate" || !s.AppOnly() {
			t.Errorf("%s: %s, %v", name, token, err)
			continue
		}
		form := a.forms[0]
		if form.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" || form.Has("client_secret") {
			t.Errorf("%s: sent %v", name, form)
		}
		parts := strings.Split(form.Get("client_assertion"), ".")
		header, _ := base64.RawURLEncoding.DecodeString(parts[0])
		var said struct{ X5T, S256 string }
		_ = json.Unmarshal(bytes.ReplaceAll(header, []byte("x5t#S256"), []byte("S256")), &said)
		sum := sha256.Sum256(leaf.Raw)
		if said.S256 != base64.RawURLEncoding.EncodeToString(sum[:]) && said.S256 != base64.StdEncoding.EncodeToString(sum[:]) {
			t.Errorf("%s: signed with another certificate: %s", name, header)
		}
	}
}

func TestAnIDToken(t *testing.T) {
	for name, c := range map[string]struct {
		change func(a *authority, c *signin.Config)
		method string
		query  map[string]string // of the request for the ID token
		asked  string
	}{
		"itself":    {func(_ *authority, c *signin.Config) { c.OIDCToken = "hush-id-token" }, "an ID token (OIDC)", nil, ""},
		"in a file": {func(_ *authority, c *signin.Config) { c.OIDCTokenFilePath = write(t, "hush-id-token\n") }, "an ID token (OIDC)", nil, ""},
		"before another": {func(a *authority, c *signin.Config) {
			c.OIDCToken, c.OIDCRequestURL, c.OIDCRequestToken = "hush-id-token", a.URL+"/github", "x"
		}, "an ID token (OIDC)", nil, ""},
		"of GitHub": {
			func(a *authority, c *signin.Config) {
				c.OIDCRequestURL, c.OIDCRequestToken = a.URL+"/github?api-version=2.0", "hush-request"
			},
			"an ID token of GitHub Actions (OIDC)",
			map[string]string{"api-version": "2.0", "audience": "api://AzureADTokenExchange"},
			"GET /github",
		},
		"of GitHub for another audience": {
			func(a *authority, c *signin.Config) {
				c.OIDCRequestURL, c.OIDCRequestToken = a.URL+"/github?audience=x", "hush-request"
			},
			"an ID token of GitHub Actions (OIDC)",
			map[string]string{"audience": "x"},
			"GET /github",
		},
		"of Azure Pipelines": {
			func(a *authority, c *signin.Config) {
				c.OIDCRequestURL, c.OIDCRequestToken, c.ADOPipelineServiceConnectionID = a.URL+"/pipelines", "hush-request", "connection"
			},
			"an ID token of Azure Pipelines (OIDC)",
			map[string]string{"api-version": "7.1", "serviceConnectionId": "connection"},
			"POST /pipelines",
		},
	} {
		a := newAuthority(t)
		config := a.config()
		config.UseOIDC = true
		c.change(a, &config)
		s := open(t, config)
		if token, err := s.Token(t.Context()); err != nil || token != "hush-access-1" || s.Method() != c.method || !s.AppOnly() {
			t.Errorf("%s: %s, %s, %v", name, token, s.Method(), err)
			continue
		}
		if got := a.forms[len(a.forms)-1].Get("client_assertion"); got != "hush-id-token" {
			t.Errorf("%s: sent %q", name, got)
		}
		for key, want := range c.query {
			if got := a.forms[0].Get(key); got != want {
				t.Errorf("%s: asked with %s=%q, want %q", name, key, got, want)
			}
		}
		if asked := strings.Join(a.asked, ", "); c.asked != "" && !strings.Contains(asked, c.asked) {
			t.Errorf("%s: asked %s", name, asked)
		}
		for i, asked := range a.asked {
			if asked == c.asked && a.heads[i].Get("Authorization") != "Bearer hush-request" {
				t.Errorf("%s: asked without the request token", name)
			}
		}
	}
}

// The file is renewed while a run lasts: what it held at the beginning has expired by then.
func TestTheFileOfAnIDTokenIsReadAtEachSignIn(t *testing.T) {
	a := newAuthority(t)
	c := a.config()
	c.UseOIDC, c.OIDCTokenFilePath = true, write(t, "hush-first")
	s := open(t, c)
	if err := os.WriteFile(c.OIDCTokenFilePath, []byte("hush-second"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Token(t.Context()); err != nil || a.forms[0].Get("client_assertion") != "hush-second" {
		t.Errorf("sent %v, %v", a.forms, err)
	}
}

func TestAManagedIdentity(t *testing.T) {
	for _, id := range []string{"", client} {
		a := newAuthority(t)
		c := a.config()
		c.TenantID, c.ClientID, c.UseMSI, c.MSIEndpoint = "", id, true, a.URL+"/metadata"
		s := open(t, c)
		token, err := s.Token(t.Context())
		if err != nil || token != "hush-access-1" || s.Method() != "a managed identity" || !s.AppOnly() {
			t.Fatal(token, err)
		}
		if form := a.forms[0]; form.Get("resource") != "https://graph.microsoft.com" || form.Get("api-version") == "" || form.Get("client_id") != id {
			t.Errorf("asked with %v", form)
		}
		if a.heads[0].Get("Metadata") != "true" {
			t.Error("asked without the header that Azure wants")
		}
		if again, err := s.Token(t.Context()); err != nil || again != token {
			t.Errorf("the token is not kept: %s, %v", again, err)
		}
	}
}

// az stands in for Azure CLI.
func az(t *testing.T, script string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("a shell script")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "az"), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+"/bin"+string(os.PathListSeparator)+"/usr/bin")
}

func TestAzureCLI(t *testing.T) {
	asked := filepath.Join(t.TempDir(), "asked")
	az(t, `echo "$@" >> `+asked+`; echo '{"accessToken":"hush-cli","expires_on":`+big.NewInt(now.Add(time.Hour).Unix()).String()+`,"expiresOn":"","tokenType":"Bearer"}'`)
	c := signin.Config{TenantID: tenant, UseCLI: true, Now: func() time.Time { return now }}
	s := open(t, c)
	for range 3 {
		if token, err := s.Token(t.Context()); err != nil || token != "hush-cli" {
			t.Fatal(token, err)
		}
	}
	if s.AppOnly() || s.Method() != "Azure CLI" {
		t.Errorf("%t, %s", s.AppOnly(), s.Method())
	}
	content, _ := os.ReadFile(asked)
	if got := strings.TrimSpace(string(content)); got != "account get-access-token -o json --resource https://graph.microsoft.com --tenant "+tenant {
		t.Errorf("ran az %s", got)
	}
}

func TestAzureCLISignsInWhereNobodyElseIsMeant(t *testing.T) {
	for name, c := range map[string]signin.Config{
		"it was asked for, beside an application": {ClientID: client, UseCLI: true},
		"no application is named":                 {UseCLI: true, CLIByDefault: true},
	} {
		if s := open(t, c); s.Method() != "Azure CLI" {
			t.Errorf("%s: %s", name, s.Method())
		}
	}
	if s := open(t, signin.Config{TenantID: tenant, ClientID: client, ClientSecret: secret, UseCLI: true, CLIByDefault: true}); s.Method() != "a client secret" {
		t.Errorf("an application with a secret: %s", s.Method())
	}
}

func TestClouds(t *testing.T) {
	for environment, want := range map[string][2]string{
		"": {"https://graph.microsoft.com", ""}, "global": {"https://graph.microsoft.com", ""}, "Public": {"https://graph.microsoft.com", ""},
		"usgovernment": {"https://graph.microsoft.us", ""}, "usgovernmentl4": {"https://graph.microsoft.us", ""},
		"dod": {"https://dod-graph.microsoft.us", ""}, "usgovernmentl5": {"https://dod-graph.microsoft.us", ""}, "usgovernment-dod": {"https://dod-graph.microsoft.us", ""},
		"china": {"https://microsoftgraph.chinacloudapi.cn", ""},
	} {
		a := newAuthority(t)
		c := a.config()
		c.ClientSecret, c.Environment = secret, environment
		s := open(t, c)
		if s.Endpoint() != want[0] {
			t.Errorf("%q: %s", environment, s.Endpoint())
		}
		if _, err := s.Token(t.Context()); err != nil || !strings.Contains(a.forms[0].Get("scope"), want[0]+"/.default") {
			t.Errorf("%q: asked for %v, %v", environment, a.forms, err)
		}
		// The token is for the cloud, wherever Microsoft Graph is reached.
		c.Endpoint = "http://127.0.0.1:8080"
		if s := open(t, c); s.Endpoint() != c.Endpoint {
			t.Errorf("%q: %s", environment, s.Endpoint())
		} else if _, err := s.Token(t.Context()); err != nil || !strings.Contains(a.forms[1].Get("scope"), want[0]+"/.default") {
			t.Errorf("%q: asked for %v, %v", environment, a.forms, err)
		}
	}
}

// Each cloud's own authority is what is asked, and nothing else.
func TestTheAuthorityIsTheClouds(t *testing.T) {
	for environment, want := range map[string]string{
		"": "login.microsoftonline.com", "usgovernment": "login.microsoftonline.us", "dod": "login.microsoftonline.us", "china": "login.chinacloudapi.cn",
	} {
		hosts := map[string]bool{}
		c := signin.Config{TenantID: tenant, ClientID: client, ClientSecret: secret, Environment: environment, Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			hosts[r.URL.Host] = true
			return nil, errors.New("not here")
		}), Wait: func(context.Context, time.Duration) error { return nil }}
		_, err := open(t, c).Token(t.Context())
		if err == nil || len(hosts) != 1 || !hosts[want] {
			t.Errorf("%q: asked %v, %v", environment, hosts, err)
		}
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestATokenIsKeptUntilFiveMinutesBeforeItsEnd(t *testing.T) {
	a := newAuthority(t)
	c := a.config()
	c.UseMSI, c.MSIEndpoint = true, a.URL+"/metadata"
	clock := now
	c.Now = func() time.Time { return clock }
	s := open(t, c)
	for _, step := range []struct {
		at   time.Duration
		want string
	}{{0, "hush-access-1"}, {54 * time.Minute, "hush-access-1"}, {55 * time.Minute, "hush-access-2"}} {
		clock = now.Add(step.at)
		if token, err := s.Token(t.Context()); err != nil || token != step.want {
			t.Errorf("after %s: %s, %v", step.at, token, err)
		}
	}
}

func TestARefusedTokenIsReplacedOnce(t *testing.T) {
	a := newAuthority(t)
	c := a.config()
	c.ClientSecret = secret
	s := open(t, c)
	first, err := s.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// Thirty that were refused at once are content with one new token.
	var group sync.WaitGroup
	for range 30 {
		group.Go(func() {
			if token, err := s.Token(graph.WithRefusedToken(t.Context(), first)); err != nil || token != "hush-access-2" {
				t.Errorf("%s, %v", token, err)
			}
		})
	}
	group.Wait()
	if a.tokens != 2 {
		t.Errorf("%d tokens were asked for", a.tokens)
	}
}

func TestWhoWaitsForASignInCanGiveUp(t *testing.T) {
	a := newAuthority(t)
	entered, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	a.answer = func(http.ResponseWriter, *http.Request) bool {
		once.Do(func() { close(entered); <-release })
		return false
	}
	c := a.config()
	c.ClientSecret = secret
	s := open(t, c)
	var first sync.WaitGroup
	first.Go(func() {
		if token, err := s.Token(t.Context()); err != nil || token != "hush-access-1" {
			t.Errorf("%s, %v", token, err)
		}
	})
	<-entered
	impatient, cancel := context.WithCancel(t.Context())
	cancel()
	gaveUp := make(chan error, 1)
	go func() {
		_, err := s.Token(impatient)
		gaveUp <- err
	}()
	select {
	case err := <-gaveUp:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("it waits on")
	}
	close(release)
	first.Wait()
}

func TestASettingIsBlamedBeforeAnythingIsAsked(t *testing.T) {
	leaf, key := pair(t, now.Add(time.Hour))
	ended, endedKey := pair(t, now.Add(-time.Hour))
	_, stranger := pair(t, now.Add(time.Hour))
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pfx, err := pkcs12.Modern.Encode(key, leaf, nil, "hush-password")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(c *signin.Config)
		field  string
		says   string
	}{
		"nothing":                             {func(*signin.Config) {}, "", "`client_secret` (ARM_CLIENT_SECRET), `use_oidc`"},
		"a secret without tenant":             {func(c *signin.Config) { c.ClientSecret, c.TenantID = secret, "" }, "tenant_id", "ARM_TENANT_ID"},
		"a secret without client":             {func(c *signin.Config) { c.ClientSecret, c.ClientID = secret, "" }, "client_id", "ARM_CLIENT_ID"},
		"a tenant that is none":               {func(c *signin.Config) { c.ClientSecret, c.TenantID = secret, "a/b" }, "tenant_id", `"a/b"`},
		"an application without a credential": {func(c *signin.Config) { c.UseCLI, c.CLIByDefault = true, true }, "client_id", "Is ARM_CLIENT_SECRET missing in this run?"},
		"a tenant for the CLI":                {func(c *signin.Config) { c.UseCLI, c.TenantID = true, "a;b" }, "tenant_id", `"a;b"`},
		"no such environment":                 {func(c *signin.Config) { c.ClientSecret, c.Environment = secret, "germany" }, "environment", "global, usgovernment, dod or china"},
		"an endpoint without TLS":             {func(c *signin.Config) { c.ClientSecret, c.Endpoint = secret, "http://graph.microsoft.com" }, "endpoint", "neither https"},
		"an endpoint of v1.0":                 {func(c *signin.Config) { c.ClientSecret, c.Endpoint = secret, "https://graph.microsoft.com/v1.0" }, "endpoint", "leave the version out"},
		"an authority without TLS":            {func(c *signin.Config) { c.ClientSecret, c.AuthorityHost = secret, "http://127.0.0.1:1" }, "authority_host", "not https"},
		"an authority that is none":           {func(c *signin.Config) { c.ClientSecret, c.AuthorityHost = secret, "https://" }, "authority_host", "no host"},
		"a secret's file that is not":         {func(c *signin.Config) { c.ClientSecretFilePath = "nowhere" }, "client_secret_file_path", "cannot be read"},
		"a secret's file is empty":            {func(c *signin.Config) { c.ClientSecretFilePath = write(t, " \n") }, "client_secret_file_path", "is empty"},
		"two secrets":                         {func(c *signin.Config) { c.ClientSecret, c.ClientSecretFilePath = secret, write(t, "hush-other") }, "client_secret_file_path", "differ"},
		"two clients":                         {func(c *signin.Config) { c.ClientIDFilePath = write(t, "other") }, "client_id_file_path", "differ"},
		"a certificate not in base64":         {func(c *signin.Config) { c.ClientCertificate = "hush!" }, "client_certificate", "not base64"},
		"a certificate that is none":          {func(c *signin.Config) { c.ClientCertificate = "aHVzaA==" }, "client_certificate", "PKCS#12"},
		"a certificate that is not":           {func(c *signin.Config) { c.ClientCertificatePath = "nowhere" }, "client_certificate_path", "cannot be read"},
		"the wrong password": {func(c *signin.Config) {
			c.ClientCertificate, c.ClientCertificatePassword = base64.StdEncoding.EncodeToString(pfx), "hush"
		}, "client_certificate_password", "does not open"},
		"a certificate that has ended": {func(c *signin.Config) { c.ClientCertificate = string(pemOf(t, endedKey, ended)) }, "client_certificate", "ended at"},
		"one of several that has":      {func(c *signin.Config) { c.ClientCertificate = string(pemOf(t, endedKey, leaf, ended)) }, "client_certificate", "ended at"},
		"another's key":                {func(c *signin.Config) { c.ClientCertificate = string(pemOf(t, stranger, leaf)) }, "client_certificate", "none of the certificates"},
		"no RSA key":                   {func(c *signin.Config) { c.ClientCertificate = string(pemOf(t, curve, leaf)) }, "client_certificate", "not an RSA key"},
		"no key":                       {func(c *signin.Config) { c.ClientCertificate = string(pemOf(t, nil, leaf)) }, "client_certificate", "no private key"},
		"no certificate":               {func(c *signin.Config) { c.ClientCertificate = string(pemOf(t, key)) }, "client_certificate", "no certificate"},
		"an encrypted key": {func(c *signin.Config) {
			c.ClientCertificate = string(pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("x")}))
		}, "client_certificate", "encrypted"},
		"no ID token":            {func(c *signin.Config) { c.UseOIDC = true }, "use_oidc", "id-token: write"},
		"half a request for one": {func(c *signin.Config) { c.UseOIDC, c.OIDCRequestURL = true, "https://x.example" }, "use_oidc", "id-token: write"},
		"a request that leads nowhere": {func(c *signin.Config) {
			c.UseOIDC, c.OIDCRequestURL, c.OIDCRequestToken = true, "http://x.example?hush", "hush"
		}, "oidc_request_url", "neither https"},
		"two ID tokens": {func(c *signin.Config) {
			c.UseOIDC, c.OIDCToken, c.OIDCTokenFilePath = true, "hush-a", write(t, "hush-b")
		}, "oidc_token_file_path", "differ"},
		"an ID token's file is not":    {func(c *signin.Config) { c.UseOIDC, c.OIDCTokenFilePath = true, "nowhere" }, "oidc_token_file_path", "cannot be read"},
		"an ID token without a client": {func(c *signin.Config) { c.UseOIDC, c.OIDCToken, c.ClientID = true, "hush", "" }, "client_id", "needs `client_id`"},
		"a managed identity elsewhere": {func(c *signin.Config) { c.UseMSI, c.MSIEndpoint = true, "http://10.0.0.1/x" }, "msi_endpoint", "neither https"},
	} {
		a := newAuthority(t)
		config := a.config()
		c.change(&config)
		s, err := signin.New(config)
		var blamed *enrollment.Error
		if s != nil || !errors.As(err, &blamed) || !errors.Is(err, enrollment.ErrSignIn) || blamed.Field != c.field || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: blames %+v", name, err)
			continue
		}
		if strings.Contains(err.Error(), "hush") || len(a.asked) != 0 {
			t.Errorf("%s: asked %v: %v", name, a.asked, err)
		}
	}
}

// Azure's own address of managed identities has no TLS and is not loopback.
func TestAzuresMetadataAddressIsFine(t *testing.T) {
	open(t, signin.Config{UseMSI: true, MSIEndpoint: "http://169.254.169.254/metadata/identity/oauth2/token"})
	open(t, signin.Config{UseMSI: true})
}

// Whatever goes wrong, it says what to do, and no secret: in errors, and in the log at its most talkative.
func TestFailuresSayWhatToDo(t *testing.T) {
	t.Setenv("TF_LOG", "TRACE")
	gone := newAuthority(t)
	gone.Close()
	withSecret := func(_ *authority, c *signin.Config) { c.ClientSecret = secret }
	withGitHub := func(a *authority, c *signin.Config) {
		c.UseOIDC, c.OIDCRequestURL, c.OIDCRequestToken = true, a.URL+"/github", "hush-request"
	}
	withCLI := func(script string) func(*authority, *signin.Config) {
		return func(_ *authority, c *signin.Config) { az(t, script); c.UseCLI = true }
	}
	entra := func(status int, name, description string, codes ...int) func(*authority, *signin.Config) {
		return func(a *authority, c *signin.Config) {
			c.ClientSecret = secret
			a.refuse(status, name, description, codes...)
		}
	}
	for name, c := range map[string]struct {
		change func(a *authority, c *signin.Config)
		says   []string
	}{
		"an expired secret": {
			entra(401, "invalid_client", "AADSTS7000222: The provided client secret keys for app '"+client+"' are expired. Trace ID: x Correlation ID: y Timestamp: z", 7000222),
			[]string{"with a client secret as " + client + " in the tenant " + tenant + " failed: AADSTS7000222: The provided", "are expired (trace id trace-1).", "The client secret has expired. Make another one"},
		},
		"a wrong secret": {
			entra(401, "invalid_client", "AADSTS7000215: Invalid client secret provided: "+secret+". eyJhbGciOiJSUzI1NiJ9.hush.hush", 7000215),
			[]string{"AADSTS7000215", "(secret)", "(token)", "the secret's value, not its id"},
		},
		"an unknown application": {entra(400, "unauthorized_client", "AADSTS700016: Application with identifier 'x' was not found", 700016), []string{"Check `client_id` (ARM_CLIENT_ID)"}},
		"no federation":          {entra(401, "invalid_client", "AADSTS700213: No matching federated identity record found for presented assertion subject 'repo:o/r:ref:refs/heads/main'", 700213), []string{"subject 'repo:o/r", "issuer, subject and audience"}},
		"an unknown code":        {entra(400, "invalid_request", "AADSTS1234567: Something.", 1234567), []string{"https://login.microsoftonline.com/error?code=1234567"}},
		"a code without a text":  {entra(400, "invalid_request", "", 90002), []string{"invalid_request", "There is no such tenant"}},
		"an unknown tenant, found before the token is asked for": {
			func(a *authority, c *signin.Config) {
				c.ClientSecret = secret
				a.answer = func(w http.ResponseWriter, _ *http.Request) bool {
					reply(w, 400, map[string]any{"error": "invalid_tenant", "error_description": "AADSTS90002: Tenant 'x' not found.", "error_codes": []int{90002}})
					return true
				}
			}, []string{"AADSTS90002: Tenant 'x' not found", "Check `tenant_id`"},
		},
		"trouble": {
			func(a *authority, c *signin.Config) {
				c.ClientSecret = secret
				a.answer = func(w http.ResponseWriter, _ *http.Request) bool {
					w.WriteHeader(http.StatusServiceUnavailable)
					return true
				}
			}, []string{"answered 503 Service Unavailable", "in trouble"},
		},
		"a proxy's page": {
			func(a *authority, c *signin.Config) {
				c.ClientSecret = secret
				a.answer = func(w http.ResponseWriter, _ *http.Request) bool {
					w.WriteHeader(http.StatusForbidden)
					_, _ = w.Write([]byte("<html>hush"))
					return true
				}
			}, []string{"answered 403 Forbidden with a web page", "`authority_host`"},
		},
		"nobody there":            {func(_ *authority, c *signin.Config) { c.ClientSecret, c.AuthorityHost = secret, gone.URL }, []string{"could not be sent", "HTTPS_PROXY"}},
		"a certificate of nobody": {func(_ *authority, c *signin.Config) { c.ClientSecret, c.Transport = secret, nil }, []string{"certificate", "`ca_certificates_path` (ASM_CA_CERTIFICATES_PATH)"}},
		"a redirect to elsewhere": {func(a *authority, c *signin.Config) {
			withSecret(a, c)
			a.answer = func(w http.ResponseWriter, r *http.Request) bool {
				http.Redirect(w, r, "https://filter.example/?hush", http.StatusFound)
				return true
			}
		}, []string{"redirects to https://filter.example", "let this address through"}},
		"an endless wait": {func(a *authority, c *signin.Config) {
			withSecret(a, c)
			a.answer = func(w http.ResponseWriter, _ *http.Request) bool {
				w.Header().Set("Retry-After", "3600")
				w.WriteHeader(http.StatusTooManyRequests)
				return true
			}
		}, []string{"try again after", "Wait until then"}},
		"GitHub gives no ID token": {func(a *authority, c *signin.Config) {
			withGitHub(a, c)
			a.answer = func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path != "/github" {
					return false
				}
				w.WriteHeader(http.StatusForbidden)
				return true
			}
		}, []string{"answered 403 Forbidden", "id-token: write"}},
		"GitHub gives nothing": {func(a *authority, c *signin.Config) {
			withGitHub(a, c)
			a.answer = func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path != "/github" {
					return false
				}
				reply(w, 200, map[string]any{"hush": 1})
				return true
			}
		}, []string{"without an ID token", "id-token: write"}},
		"the ID token is refused": {func(a *authority, c *signin.Config) {
			withGitHub(a, c)
			a.refuse(401, "invalid_client", "AADSTS700211: No matching federated identity record found for presented assertion issuer", 700211)
		}, []string{"AADSTS700211", "Federated credentials"}},
		"the ID token's file went": {func(_ *authority, c *signin.Config) {
			c.UseOIDC, c.OIDCTokenFilePath = true, write(t, "hush-x")
		}, nil},
		"no such identity": {func(a *authority, c *signin.Config) {
			c.UseMSI, c.MSIEndpoint = true, a.URL+"/metadata"
			a.answer = func(w http.ResponseWriter, _ *http.Request) bool {
				reply(w, 400, map[string]any{"error": "invalid_request", "error_description": "Identity not found"})
				return true
			}
		}, []string{"Identity not found", "no such managed identity"}},
		"no machine in Azure": {func(_ *authority, c *signin.Config) { c.UseMSI, c.MSIEndpoint = true, gone.URL+"/metadata" }, []string{"could not be sent", "a machine in Azure"}},
		"no metadata":         {func(a *authority, c *signin.Config) { c.UseMSI, c.MSIEndpoint = true, a.URL+"/nowhere" }, []string{"answered 404 Not Found", "a machine in Azure"}},
		"a strange identity": {func(a *authority, c *signin.Config) {
			c.UseMSI, c.MSIEndpoint = true, a.URL+"/metadata"
			a.answer = func(w http.ResponseWriter, _ *http.Request) bool {
				reply(w, 200, map[string]any{"hush": 1})
				return true
			}
		}, []string{"no access token in the answer"}},
		"not signed in to the CLI": {withCLI("echo 'ERROR: Please run az login to setup account.' >&2; exit 1"), []string{"Azure CLI in the tenant " + tenant + " failed", "Please run az login", "Run `az login --tenant " + tenant + "`"}},
		"the CLI's sign-in is old": {withCLI("echo 'ERROR: AADSTS700082: The refresh token has expired due to inactivity.' >&2; exit 1"), []string{"AADSTS700082", "needs another factor"}},
		"no CLI":                   {func(_ *authority, c *signin.Config) { t.Setenv("PATH", t.TempDir()+":/bin"); c.UseCLI = true }, []string{"Install Azure CLI"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAuthority(t)
			a.Config.ErrorLog = log.New(io.Discard, "", 0) // a handshake that fails is one of the cases
			config := a.config()
			c.change(a, &config)
			s := open(t, config)
			if c.says == nil {
				if err := os.Remove(config.OIDCTokenFilePath); err != nil {
					t.Fatal(err)
				}
				c.says = []string{"cannot be read: open " + config.OIDCTokenFilePath, "(OIDC) as " + client, "directory. Check the path, and who may read the file."}
			}
			var logged bytes.Buffer
			token, err := s.Token(tflogtest.RootLogger(t.Context(), &logged))
			var failed *enrollment.Error
			if token != "" || !errors.Is(err, enrollment.ErrSignIn) || !errors.As(err, &failed) || failed.Field != "" {
				t.Fatalf("%s, %+v", token, err)
			}
			for _, part := range c.says {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q is missing in: %v", part, err)
				}
			}
			if config.OIDCTokenFilePath != "" && strings.Contains(err.Error(), "id-token") {
				t.Errorf("a file is nothing of GitHub's: %v", err)
			}
			if strings.Contains(err.Error(), "Credential: ") {
				t.Errorf("a Go type is told: %v", err)
			}
			if all := err.Error() + logged.String(); strings.Contains(all, "hush") {
				t.Errorf("a secret is told:\n%s", all)
			}
		})
	}
}

func TestNoSuccessfulSignInTellsASecret(t *testing.T) {
	t.Setenv("TF_LOG", "TRACE")
	a := newAuthority(t)
	c := a.config()
	c.UseOIDC, c.OIDCRequestURL, c.OIDCRequestToken = true, a.URL+"/github", "hush-request"
	var logged bytes.Buffer
	if _, err := open(t, c).Token(tflogtest.RootLogger(t.Context(), &logged)); err != nil {
		t.Fatal(err)
	}
	if text := logged.String(); strings.Contains(text, "hush") || strings.Count(text, "HTTP attempt") < 2 {
		t.Errorf("the log:\n%s", text)
	}
}
