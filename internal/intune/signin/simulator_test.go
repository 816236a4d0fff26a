package signin_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/httpx"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune/graph"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune/signin"
	simulator "github.com/asm-enrollment/terraform-provider-asm/internal/simulator/graph"
)

// school is a tenant that checks signatures, audiences and subjects, as the fake of this package does not.
func school(t *testing.T) (*simulator.Simulator, signin.Config) {
	t.Helper()
	s := simulator.New(simulator.Options{})
	s.Start(t)
	transport, err := httpx.NewTransportTrusting(s.CACertificatePEM())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(transport.CloseIdleConnections)
	return s, signin.Config{
		TenantID: s.TenantID(), ClientID: s.ClientID(), AuthorityHost: s.SignInURL(), Endpoint: s.GraphURL(), Transport: transport, Version: "test",
	}
}

// tokensOf asks Microsoft Graph for the tokens, as whoever signs in.
func tokensOf(t *testing.T, who *signin.SignIn, transport http.RoundTripper) error {
	t.Helper()
	client, err := graph.New(graph.Options{Endpoint: who.Endpoint(), Token: who.Token, AppOnly: who.AppOnly(), Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range client.Pages(t.Context(), "/deviceManagement/depOnboardingSettings", nil) {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestEveryMethodOpensTheSchool(t *testing.T) {
	leaf, key := pair(t, time.Now().Add(time.Hour))
	for name, configure := range map[string]func(s *simulator.Simulator, c *signin.Config){
		"a client secret": func(s *simulator.Simulator, c *signin.Config) { c.ClientSecret = s.ClientSecret() },
		"a domain for a tenant": func(s *simulator.Simulator, c *signin.Config) {
			c.ClientSecret, c.TenantID = s.ClientSecret(), "school.example"
		},
		"a client certificate": func(s *simulator.Simulator, c *signin.Config) {
			if err := s.AddClientCertificate(pemOf(t, nil, leaf)); err != nil {
				t.Fatal(err)
			}
			c.ClientCertificate = string(pemOf(t, key, leaf))
		},
		"GitHub Actions": func(s *simulator.Simulator, c *signin.Config) {
			c.UseOIDC, c.OIDCRequestURL, c.OIDCRequestToken = true, s.GitHubTokenURL(), s.GitHubRequestToken()
		},
		"an ID token": func(s *simulator.Simulator, c *signin.Config) {
			c.UseOIDC, c.OIDCToken = true, s.WorkflowToken("api://AzureADTokenExchange")
		},
		"a managed identity": func(s *simulator.Simulator, c *signin.Config) {
			c.TenantID, c.ClientID = "", s.ManagedIdentityClientID()
			c.UseMSI, c.MSIEndpoint = true, s.AdminURL()+"/metadata/identity/oauth2/token"
		},
		"a managed identity of App Service": func(s *simulator.Simulator, c *signin.Config) {
			t.Setenv("IDENTITY_ENDPOINT", s.ManagedIdentityURL())
			t.Setenv("IDENTITY_HEADER", s.ManagedIdentityHeader())
			c.UseMSI, c.ClientID = true, s.ManagedIdentityClientID()
		},
		"Azure CLI": func(s *simulator.Simulator, c *signin.Config) {
			az(t, `echo '{"accessToken":"`+s.DelegatedAccessToken()+`","expires_on":4102444800}'`)
			c.UseCLI = true
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, c := school(t)
			configure(s, &c)
			if err := tokensOf(t, open(t, c), c.Transport); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestTheSchoolRefuses(t *testing.T) {
	leaf, key := pair(t, time.Now().Add(time.Hour))
	for name, c := range map[string]struct {
		configure func(s *simulator.Simulator, c *signin.Config)
		code      string
	}{
		"a wrong secret": {func(s *simulator.Simulator, c *signin.Config) { c.ClientSecret = s.ClientSecret() + "x" }, "AADSTS7000215"},
		"an expired one": {func(s *simulator.Simulator, c *signin.Config) {
			c.ClientSecret = s.ClientSecret()
			s.ExpireClientSecret()
		}, "AADSTS7000222"},
		"an unknown application": {func(s *simulator.Simulator, c *signin.Config) { c.ClientSecret, c.ClientID = s.ClientSecret(), client }, "AADSTS700016"},
		"an unknown tenant":      {func(s *simulator.Simulator, c *signin.Config) { c.ClientSecret, c.TenantID = s.ClientSecret(), tenant }, "AADSTS90002"},
		"an unknown certificate": {func(_ *simulator.Simulator, c *signin.Config) { c.ClientCertificate = string(pemOf(t, key, leaf)) }, "AADSTS700027"},
		"another branch": {func(s *simulator.Simulator, c *signin.Config) {
			s.SetWorkflowSubject("repo:school/infrastructure:pull_request")
			c.UseOIDC, c.OIDCRequestURL, c.OIDCRequestToken = true, s.GitHubTokenURL(), s.GitHubRequestToken()
		}, "AADSTS700213"},
		"another audience": {func(s *simulator.Simulator, c *signin.Config) {
			c.UseOIDC, c.OIDCToken = true, s.WorkflowToken("api://elsewhere")
		}, "AADSTS700212"},
	} {
		t.Run(name, func(t *testing.T) {
			s, config := school(t)
			c.configure(s, &config)
			_, err := open(t, config).Token(t.Context())
			if !errors.Is(err, enrollment.ErrSignIn) || !strings.Contains(err.Error(), c.code+": ") || strings.Contains(err.Error(), "Look the code up") {
				t.Errorf("%v", err)
			}
			for _, secret := range s.Secrets() {
				if secret != "" && strings.Contains(err.Error(), secret) {
					t.Errorf("a secret is told: %v", err)
				}
			}
		})
	}
}

// A token that the tenant has ended is replaced without anybody noticing.
func TestATokenThatHasEndedIsReplaced(t *testing.T) {
	s, c := school(t)
	answers := []string{s.ShortAccessToken(-time.Minute), s.AccessToken()}
	c.TenantID, c.UseMSI, c.MSIEndpoint = "", true, "http://127.0.0.1:1/metadata"
	school := c.Transport
	c.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.URL.Path != "/metadata" {
			return school.RoundTrip(r)
		}
		recorder := httptest.NewRecorder()
		reply(recorder, http.StatusOK, map[string]any{"access_token": answers[0], "expires_in": "3600"})
		answers = answers[1:]
		return recorder.Result(), nil
	})
	if err := tokensOf(t, open(t, c), c.Transport); err != nil || len(answers) != 0 {
		t.Errorf("%d tokens are left: %v", len(answers), err)
	}
}
