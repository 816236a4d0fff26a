package signin

import (
	"fmt"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// The names of the methods.
const (
	byCertificate = "a client certificate"
	bySecret      = "a client secret"
	byOIDC        = "an ID token (OIDC)"
	byPipelines   = "an ID token of Azure Pipelines (OIDC)"
	byGitHub      = "an ID token of GitHub Actions (OIDC)"
	byIdentity    = "a managed identity"
	byCLI         = "Azure CLI"
)

// method is a way to sign in.
type method struct {
	name string
	// field is the setting that chooses it.
	field string
	// person: not an application.
	person bool
	// claims make the library of managed identities, whose cache is one for the whole process, ask anew.
	claims string
	// credential makes a credential. It asks nobody.
	credential func() (azcore.TokenCredential, error)
}

// unusable is an error of credential.
func (m method) unusable(err error) error {
	return invalid(m.field, "Signing in with "+m.name+" is not possible", "", err)
}

// choose takes the first method that the configuration has what it needs for, in the azuread provider's order. What is
// configured by half is an error: to go on with the next method would be to sign in as somebody else.
func choose(c Config, options azcore.ClientOptions, ownAuthority bool) (method, error) {
	b := builder{config: c, options: options, ownAuthority: ownAuthority}
	switch {
	case c.ClientCertificate != "" || c.ClientCertificatePath != "":
		return b.certificate()
	case c.ClientSecret != "":
		return b.secret()
	case c.UseOIDC:
		return b.oidc()
	case c.UseMSI:
		return b.identity()
	case c.UseCLI && c.CLIByDefault && c.ClientID != "":
		return method{}, invalid("client_id", "client_id is set, and no client secret, certificate, OIDC or managed identity with it",
			"Is ARM_CLIENT_SECRET missing in this run? To sign in with the Azure CLI, leave client_id out or set use_cli = true.", nil)
	case c.UseCLI:
		return b.cli()
	}
	return method{}, invalid("", "Nobody is configured to sign in to Microsoft Intune",
		"Set one of these in the provider's `intune` configuration or its environment variable: `client_certificate` or `client_certificate_path` "+
			"(ARM_CLIENT_CERTIFICATE, ARM_CLIENT_CERTIFICATE_PATH), `client_secret` (ARM_CLIENT_SECRET), `use_oidc` (ARM_USE_OIDC), `use_msi` (ARM_USE_MSI), "+
			"or `use_cli` (ARM_USE_CLI).", nil)
}

// builder makes methods.
type builder struct {
	config       Config
	options      azcore.ClientOptions
	ownAuthority bool
}

// needsApplication refuses a method of applications without the two ids.
func (b builder) needsApplication(name string) error {
	for _, setting := range []struct{ field, value, what string }{
		{"tenant_id", b.config.TenantID, "the directory (tenant) id or a domain of the tenant"},
		{"client_id", b.config.ClientID, "the application (client) id"},
	} {
		if setting.value == "" {
			return invalid(setting.field, fmt.Sprintf("Signing in with %s needs `%s`", name, setting.field),
				fmt.Sprintf("Give %s in `%s` or ARM_%s.", setting.what, setting.field, strings.ToUpper(setting.field)), nil)
		}
	}
	return b.checkTenant()
}

func (b builder) checkTenant() error {
	for _, r := range b.config.TenantID {
		if (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '.' && r != '-' {
			return invalid("tenant_id", fmt.Sprintf("%q is no tenant", b.config.TenantID), "Give the directory (tenant) id, a GUID, or a domain of the tenant.", nil)
		}
	}
	return nil
}

func (b builder) certificate() (method, error) {
	m := method{name: byCertificate, field: "client_certificate"}
	if b.config.ClientCertificate == "" {
		m.field = "client_certificate_path"
	}
	if err := b.needsApplication(m.name); err != nil {
		return m, err
	}
	chain, key, err := b.config.certificate()
	if err != nil {
		return m, err
	}
	m.credential = func() (azcore.TokenCredential, error) {
		return azidentity.NewClientCertificateCredential(b.config.TenantID, b.config.ClientID, chain, key, &azidentity.ClientCertificateCredentialOptions{
			ClientOptions: b.options, DisableInstanceDiscovery: b.ownAuthority,
		})
	}
	return m, nil
}

func (b builder) secret() (method, error) {
	m := method{name: bySecret, field: "client_secret"}
	if err := b.needsApplication(m.name); err != nil {
		return m, err
	}
	m.credential = func() (azcore.TokenCredential, error) {
		return azidentity.NewClientSecretCredential(b.config.TenantID, b.config.ClientID, b.config.ClientSecret, &azidentity.ClientSecretCredentialOptions{
			ClientOptions: b.options, DisableInstanceDiscovery: b.ownAuthority,
		})
	}
	return m, nil
}

func (b builder) oidc() (method, error) {
	name, assertion, err := b.config.assertion(b.options.Transport)
	m := method{name: name, field: "use_oidc"}
	if err != nil {
		return m, err
	}
	if err := b.needsApplication(m.name); err != nil {
		return m, err
	}
	m.credential = func() (azcore.TokenCredential, error) {
		return azidentity.NewClientAssertionCredential(b.config.TenantID, b.config.ClientID, noted(assertion), &azidentity.ClientAssertionCredentialOptions{
			ClientOptions: b.options, DisableInstanceDiscovery: b.ownAuthority,
		})
	}
	return m, nil
}

func (b builder) identity() (method, error) {
	m := method{name: byIdentity, field: "use_msi", claims: "{}"}
	if b.config.MSIEndpoint != "" {
		at, err := metadataURL(b.config.MSIEndpoint)
		m.credential = func() (azcore.TokenCredential, error) {
			return &metadata{at: at, clientID: b.config.ClientID, wire: b.options.Transport, now: b.config.Now}, nil
		}
		return m, err
	}
	options := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: b.options}
	if b.config.ClientID != "" {
		options.ID = azidentity.ClientID(b.config.ClientID)
	}
	m.credential = func() (azcore.TokenCredential, error) { return azidentity.NewManagedIdentityCredential(options) }
	return m, nil
}

func (b builder) cli() (method, error) {
	m := method{name: byCLI, field: "use_cli", person: true}
	if err := b.checkTenant(); err != nil {
		return m, err
	}
	m.credential = func() (azcore.TokenCredential, error) {
		return azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{TenantID: b.config.TenantID})
	}
	return m, nil
}
