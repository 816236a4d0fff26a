// Package signin says who talks to Microsoft Graph: it gets access tokens from Microsoft Entra ID by the methods, names and
// order of HashiCorp's azuread provider.
package signin

import (
	"context"
	"net/http"
	"strings"
	"time"
)

// Config is what a person can set. Its names are those of the azuread provider. Empty strings are settings left out.
type Config struct {
	// TenantID is a GUID or a domain. A managed identity and Azure CLI do without.
	TenantID string
	// ClientID is the application's, or that of a user-assigned managed identity; ClientIDFilePath is a file that holds it.
	ClientID, ClientIDFilePath string

	ClientSecret, ClientSecretFilePath string

	// ClientCertificate is base64 of PKCS#12, or PEM; ClientCertificatePath is a file of either. The password is that of
	// PKCS#12.
	ClientCertificate, ClientCertificatePath, ClientCertificatePassword string

	// UseOIDC allows an ID token as the credential: itself, in a file that is read at each sign-in, or from GitHub Actions
	// (OIDCRequestURL and OIDCRequestToken) or Azure Pipelines (the service connection, too).
	UseOIDC                          bool
	OIDCToken, OIDCTokenFilePath     string
	OIDCRequestURL, OIDCRequestToken string
	ADOPipelineServiceConnectionID   string

	// UseMSI allows a managed identity; MSIEndpoint is where it is asked for, if not where this kind of machine has it.
	UseMSI      bool
	MSIEndpoint string

	// UseCLI allows whoever is signed in with Azure CLI. It is the last that is tried. CLIByDefault tells that nobody
	// asked for it: then an application that has no credential is not signed in as somebody else.
	UseCLI, CLIByDefault bool

	// Environment is the cloud: global (or empty), usgovernment, dod, china and their other spellings.
	Environment string
	// Endpoint is where Microsoft Graph is, and AuthorityHost (https) where Microsoft Entra ID is, if not where the cloud has
	// them. The access token is for the cloud's Microsoft Graph either way.
	Endpoint, AuthorityHost string

	// Version of the provider, for the user agent.
	Version string
	// Transport, Now and Wait as in httpx.Options.
	Transport http.RoundTripper
	Now       func() time.Time
	Wait      func(ctx context.Context, d time.Duration) error
}

// trimmed is the configuration without what editors and shells leave around a value. Passwords keep their spaces.
func (c Config) trimmed() Config {
	for _, value := range []*string{
		&c.TenantID, &c.ClientID, &c.ClientIDFilePath, &c.ClientSecret, &c.ClientSecretFilePath, &c.ClientCertificate,
		&c.ClientCertificatePath, &c.OIDCToken, &c.OIDCTokenFilePath, &c.OIDCRequestURL, &c.OIDCRequestToken,
		&c.ADOPipelineServiceConnectionID, &c.MSIEndpoint, &c.Environment, &c.Endpoint, &c.AuthorityHost,
	} {
		*value = strings.TrimSpace(*value)
	}
	return c
}
