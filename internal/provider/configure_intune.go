package provider

import (
	"errors"
	"net/http"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/httpx"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune/signin"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

// intuneSettings is the intune configuration with every setting resolved.
type intuneSettings struct {
	signin.Config

	aksWorkloadIdentity bool
	caCertificatesPath  string
	batchSize           int
}

func (p *asmProvider) openIntune(object types.Object, rt *tf.Runtime, diags *diag.Diagnostics) {
	settings, notReady := resolveIntune(object, diags)
	rt.NotReady = notReady
	if diags.HasError() || notReady != "" {
		return
	}
	transport, err := p.intuneTransport(settings.caCertificatesPath)
	if err != nil {
		addIntuneError(diags, "read", "the additional certificate authorities", err)
		return
	}
	settings.Version, settings.Transport, settings.Now, settings.Wait = p.version, transport, p.now, p.wait
	who, err := signin.New(settings.Config)
	if err != nil {
		addIntuneError(diags, "configure", "the sign-in to Microsoft Intune", err)
		return
	}
	service, err := intune.Open(intune.Config{
		Endpoint: who.Endpoint(), TenantID: settings.TenantID, Token: who.Token, AppOnly: who.AppOnly(), Version: p.version,
		BatchSize: settings.batchSize, Transport: transport, Now: p.now, Wait: p.wait,
	})
	if err != nil {
		addIntuneError(diags, "open", "the enrollment service", err)
		return
	}
	p.services.add(service)
	rt.Service = service
}

// addIntuneError puts an error that blames no setting at the whole configuration.
func addIntuneError(diags *diag.Diagnostics, verb, thing string, err error) {
	if blamed := new(enrollment.Error); errors.As(err, &blamed) && blamed.Field != "" {
		tf.AddErrorIn(diags, "intune", verb, thing, err)
		return
	}
	diags.AddAttributeError(path.Root("intune"), "Unable to "+verb+" "+thing, tf.Sentence(err))
}

// intuneTransport is the way to Microsoft Graph and to the sign-in.
func (p *asmProvider) intuneTransport(authorities string) (http.RoundTripper, error) {
	if p.transport != nil {
		return p.transport, nil
	}
	if authorities == "" {
		return httpx.NewTransport(), nil
	}
	content, err := os.ReadFile(authorities)
	if err == nil {
		var transport *http.Transport
		if transport, err = httpx.NewTransportTrusting(content); err == nil {
			return transport, nil
		}
	}
	return nil, &enrollment.Error{
		Kind: enrollment.ErrInvalid, Field: "ca_certificates_path", What: "The file of `ca_certificates_path`, " + authorities + ", cannot be used",
		Do: "Give a readable file with one or more certificates in PEM.", Err: err,
	}
}

// resolveIntune takes each setting from the configuration, the environment and
// the default, in that order. The string names a setting that is unknown, ""
// when all are known.
func resolveIntune(object types.Object, diags *diag.Diagnostics) (intuneSettings, string) {
	resolved := intuneSettings{Config: signin.Config{UseCLI: true}}
	if object.IsUnknown() {
		return resolved, "intune"
	}
	values := object.Attributes()
	for _, s := range allIntuneSettings {
		value := values[s.name]
		if value != nil && value.IsUnknown() {
			return resolved, "intune." + s.name
		}
		s.resolve(&resolved, value, diags)
		if s.name == "use_cli" {
			resolved.CLIByDefault = !s.isSet(value)
		}
	}
	if resolved.aksWorkloadIdentity {
		resolved.takeWorkloadIdentity()
	}
	return resolved, ""
}

// takeWorkloadIdentity takes what the webhook of Azure Kubernetes Service puts
// into a pod's environment. What is configured goes first.
func (s *intuneSettings) takeWorkloadIdentity() {
	s.UseOIDC = true
	for variable, into := range map[string]*string{
		"AZURE_TENANT_ID": &s.TenantID, "AZURE_CLIENT_ID": &s.ClientID, "AZURE_FEDERATED_TOKEN_FILE": &s.OIDCTokenFilePath,
	} {
		if *into == "" {
			*into = os.Getenv(variable)
		}
	}
}
