package graph

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// application is the registered application that signs in.
type application struct {
	clientID, objectID string
	secret             string
	secretExpired      bool
	certificates       []*x509.Certificate
	managedIdentity    string // client id of the managed identity
	msiHeader          string // what App Service gives its workloads
}

func newApplication() application {
	return application{
		clientID: "6a2f1f8e-5d0b-4f3d-8b9e-2b7c1d4e5f60", objectID: "b7d9c0aa-14a6-4e0e-9b53-0f4f7d6f3c21",
		secret: "sim~" + randomText(30), managedIdentity: "c0ffee00-2b1d-4c3e-9f5a-6d7e8f9a0b1c", msiHeader: randomText(30),
	}
}

func randomText(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b)[:n]
}

// federatedIdentity is the credential that trusts the workflow runs of a repository, and the run that asks.
type federatedIdentity struct {
	issuer, subject, audience string // what Entra trusts
	requestToken              string // what the runner may ask for identity tokens with
	presented                 string // the subject of the run
}

// GitHubIssuer is who issues the identity tokens of workflow runs.
const GitHubIssuer = "https://token.actions.githubusercontent.com"

func defaultFederatedIdentity() federatedIdentity {
	const subject = "repo:school/infrastructure:ref:refs/heads/main"
	return federatedIdentity{
		issuer: GitHubIssuer, subject: subject, audience: "api://AzureADTokenExchange",
		requestToken: randomText(40), presented: subject,
	}
}

// ClientID is the registered application.
func (s *Simulator) ClientID() string { return s.app.clientID }

// ClientSecret is the application's secret.
func (s *Simulator) ClientSecret() string { return s.app.secret }

// ManagedIdentityClientID is the client id of the user-assigned managed identity.
func (s *Simulator) ManagedIdentityClientID() string { return s.app.managedIdentity }

// AddClientCertificate registers a certificate (PEM or DER) that the application may sign assertions with. It needs an RSA
// key.
func (s *Simulator) AddClientCertificate(data []byte) error {
	cert, err := parseCertificate(data)
	if err != nil {
		return badRequest("%v", err)
	}
	if _, ok := cert.PublicKey.(*rsa.PublicKey); !ok {
		return badRequest("the certificate has no RSA key")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.app.certificates = append(s.app.certificates, cert)
	return nil
}

// ExpireClientSecret makes the secret one that has expired: AADSTS7000222.
func (s *Simulator) ExpireClientSecret() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.app.secretExpired = true
}

// GitHubTokenURL and GitHubRequestToken are what a workflow run finds in ACTIONS_ID_TOKEN_REQUEST_URL and
// ACTIONS_ID_TOKEN_REQUEST_TOKEN.
func (s *Simulator) GitHubTokenURL() string {
	return s.SignInURL() + githubPath + "?api-version=2.0"
}

// GitHubRequestToken is the bearer for GitHubTokenURL.
func (s *Simulator) GitHubRequestToken() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.federal.requestToken
}

// SetWorkflowSubject says which workflow runs: another than Entra trusts is refused at sign-in.
func (s *Simulator) SetWorkflowSubject(subject string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.federal.presented = subject
}

// WorkflowToken is an identity token of a workflow run, as the runner would hand it out, for a given audience.
func (s *Simulator) WorkflowToken(audience string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.workflowToken(audience)
}

func (s *Simulator) workflowToken(audience string) string {
	now := s.apple.Now()
	return signJWT(githubKey(), githubKeyID, map[string]any{
		"iss": GitHubIssuer, "sub": s.federal.presented, "aud": audience, "jti": uuid.NewString(),
		"repository": "school/infrastructure", "ref": "refs/heads/main",
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
	})
}

// ManagedIdentityURL and ManagedIdentityHeader are what a workload finds in IDENTITY_ENDPOINT and IDENTITY_HEADER, or, in
// older App Services and Azure Machine Learning, in MSI_ENDPOINT and MSI_SECRET.
func (s *Simulator) ManagedIdentityURL() string { return s.AdminURL() + msiPath }

// ManagedIdentityHeader is the secret for ManagedIdentityURL.
func (s *Simulator) ManagedIdentityHeader() string { return s.app.msiHeader }

// longLife is for tests that skip the sign-in: their clocks run far ahead.
const longLife = 10 * 365 * 24 * time.Hour

// AccessToken is a bearer for Graph of the registered application, for tests that skip the sign-in. It has the roles of
// the settings and lives for ten years of the virtual clock.
func (s *Simulator) AccessToken() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.appToken(s.app.clientID, longLife)
}

// DelegatedAccessToken is a bearer of a person, with the roles of the settings as scopes. Azure CLI gives such ones.
func (s *Simulator) DelegatedAccessToken() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.newClaims(longLife)
	c.AppID, c.Kind, c.Scopes = "04b07795-8ddb-461a-bbee-02f9e1bf7b46", "user", strings.Join(s.settings.Roles, " ")
	c.Name, c.ObjectID = "admin@school.example", "8a3d2c4b-1f6e-4d0a-9c57-3b2e1f0a9d84"
	return signJWT(s.keys.access, accessKeyID, c)
}

// ShortAccessToken is a bearer of the application that expires after d of the virtual clock.
func (s *Simulator) ShortAccessToken(d time.Duration) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.appToken(s.app.clientID, d)
}

// The names of the keys in the headers of tokens.
const (
	accessKeyID = "asm-simulator-1"
	githubKeyID = "github-actions-1"
)

func (s *Simulator) newClaims(life time.Duration) claims {
	now := s.apple.Now()
	return claims{
		Audience: graphAudiences[0], Issuer: "https://sts.windows.net/" + s.tenantID + "/", TenantID: s.tenantID,
		IssuedAt: now.Unix(), NotUntil: now.Unix(), Expires: now.Add(life).Unix(), Version: "1.0",
	}
}

func (s *Simulator) appToken(clientID string, life time.Duration) string {
	c := s.newClaims(life)
	c.AppID, c.ObjectID, c.Kind, c.Roles = clientID, s.app.objectID, "app", slices.Clone(s.settings.Roles)
	return signJWT(s.keys.access, accessKeyID, c)
}

// Secrets gives what must never come out of a client: the client secret, the workflow's request token, the secret of the
// managed identity, and what Apple's simulator says of the MDM servers of all tokens. For tests that look for leaks.
func (s *Simulator) Secrets() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	secrets := []string{s.app.secret, s.federal.requestToken, s.app.msiHeader}
	for _, t := range s.tokens {
		if t.server != "" {
			secrets = append(secrets, s.apple.Secrets(t.server)...)
		}
		if t.key != nil {
			secrets = append(secrets, hex.EncodeToString(t.key.private.D.Bytes()))
		}
	}
	return secrets
}
