package signin

import (
	"errors"
	"net/http"
	"strings"

	"github.com/asm-enrollment/terraform-provider-asm/internal/httpx"
)

// advice says what to do about codes of Microsoft Entra ID (Microsoft: Microsoft Entra authentication and authorization error
// codes). A person meets them in this order of likelihood.
var advice = map[string]string{
	"AADSTS7000222": "The client secret has expired. Make another one for the application in Microsoft Entra ID under Certificates & secrets, and give its value in `client_secret` (ARM_CLIENT_SECRET).",
	"AADSTS7000215": "The client secret is wrong. Give the secret's value, not its id, and one of this application, in `client_secret` (ARM_CLIENT_SECRET).",
	"AADSTS700016":  "The tenant does not know the application. Check `client_id` (ARM_CLIENT_ID), and that `tenant_id` (ARM_TENANT_ID) is the tenant that the application is registered in.",
	"AADSTS90002":   "There is no such tenant. Check `tenant_id` (ARM_TENANT_ID), and `environment` (ARM_ENVIRONMENT) where the tenant is in a national cloud.",
	"AADSTS900023":  "The tenant is neither a GUID nor a domain of a tenant. Check `tenant_id` (ARM_TENANT_ID).",
	"AADSTS900021":  "The tenant is empty or a placeholder. Check `tenant_id` (ARM_TENANT_ID).",
	"AADSTS50059":   "There is no tenant in the request. Set `tenant_id` (ARM_TENANT_ID).",
	"AADSTS700027":  "The application does not know the certificate. Upload it (without its private key) to the application in Microsoft Entra ID under Certificates & secrets, or configure the one that is there.",
	"AADSTS700024":  "The clock of this machine is wrong, or the ID token is too old. Set the clock, or have a new ID token made.",
	"AADSTS50012":   "The credential was not accepted. Check that the application has this certificate, and this machine's clock.",
	"AADSTS70021":   noFederation,
	"AADSTS700211":  noFederation,
	"AADSTS700212":  noFederation,
	"AADSTS700213":  noFederation,
	"AADSTS700223":  "The tenant's policy does not allow this issuer of ID tokens. Ask an administrator of the tenant.",
	"AADSTS7000112": "The application is disabled. Enable sign-in under Enterprise applications in Microsoft Entra ID.",
	"AADSTS7000229": "The application has no service principal in this tenant. Grant admin consent for it there.",
	"AADSTS7000218": "The application is asked for a secret or certificate. Configure one, or `use_oidc`.",
	"AADSTS500011":  "The tenant does not know Microsoft Graph by this name. Check that `environment` (ARM_ENVIRONMENT) is the tenant's cloud.",
	"AADSTS65001":   "Nobody has consented to the application's permissions. Grant admin consent in Microsoft Entra ID under API permissions.",
	"AADSTS53003":   "A Conditional Access policy of the tenant blocks this sign-in. Ask an administrator of the tenant; policies for workload identities name the application or the network.",
	"AADSTS50076":   signInAgain,
	"AADSTS50078":   signInAgain,
	"AADSTS50079":   signInAgain,
	"AADSTS50158":   signInAgain,
	"AADSTS50173":   signInAgain,
	"AADSTS70043":   signInAgain,
	"AADSTS700082":  signInAgain,
	"AADSTS50020":   "The account that is signed in does not belong to this tenant. Run `az login --tenant TENANT` with one that does.",
	"AADSTS50034":   "The account does not exist in this tenant. Check who is signed in, and `tenant_id` (ARM_TENANT_ID).",
	"AADSTS90033":   "Microsoft Entra ID is busy. Run it again in a few minutes.",
	"AADSTS50196":   "Microsoft Entra ID sees the same request too often. Run it again in a few minutes.",
}

const (
	noFederation = "No federated credential of the application fits the ID token. In Microsoft Entra ID, under Certificates & secrets, Federated credentials, " +
		"set issuer, subject and audience exactly as the message has them; in GitHub the subject changes with branch, tag, environment and pull request."
	noMachine   = "Check that this runs on a machine in Azure with a managed identity, and `msi_endpoint` if it is set; 169.254.169.254 belongs into NO_PROXY."
	signInAgain = "The sign-in of Azure CLI is too old or needs another factor. Run `az login`, with `--tenant` and the tenant where there are several."
)

// adviceFor says what to do about a code.
func adviceFor(code, method string) string {
	if do := advice[code]; do != "" {
		return do
	}
	return "Look the code up at https://login.microsoftonline.com/error?code=" + strings.TrimPrefix(code, "AADSTS") +
		", and check the settings of " + method + " in the provider's `intune` configuration."
}

func (s *SignIn) idTokenAdvice() string {
	if s.method.name == byPipelines {
		return "Check `ado_pipeline_service_connection_id`, that the pipeline may use this service connection, and that SYSTEM_ACCESSTOKEN is that of the running job."
	}
	return "Give the job `permissions: id-token: write`. The request token is good for the running job only: do not store it."
}

// networkAdvice is about requests without an answer.
func (s *SignIn) networkAdvice(last heard) string {
	switch {
	case errors.Is(last.err, httpx.ErrRetryLater):
		return "Wait until then and run it again."
	case errors.Is(last.err, httpx.ErrRedirect):
		return "Ask who runs the network to let this address through."
	case httpx.IsUntrusted(last.err):
		return "If your network inspects TLS, give its certificate authority in `ca_certificates_path` (ASM_CA_CERTIFICATES_PATH)."
	case s.method.name == byIdentity:
		return noMachine
	}
	return "Check the connection, and HTTPS_PROXY and NO_PROXY where there is a proxy."
}

// answerAdvice is about answers without a code.
func (s *SignIn) answerAdvice(last heard) string {
	switch {
	case s.method.name == byIdentity && last.status == http.StatusBadRequest:
		return "The machine has no such managed identity. Assign one to it; for a user-assigned one set `client_id` to its client id."
	case s.method.name == byIdentity:
		return noMachine
	case last.status >= http.StatusInternalServerError || last.status == http.StatusTooManyRequests:
		return "Microsoft Entra ID is in trouble. Run it again in a few minutes."
	}
	return "Check `authority_host` if it is set, and what is between this machine and " + last.host + "."
}

// toolAdvice is about what went wrong before anything was asked.
func (s *SignIn) toolAdvice(text string) string {
	if code := aadsts.FindString(text); code != "" {
		return adviceFor(code, s.method.name)
	}
	if s.method.name != byCLI {
		return "Check the settings of " + s.method.name + " in the provider's `intune` configuration."
	}
	if strings.Contains(text, "executable not found") {
		return "Install Azure CLI and run `az login`, or configure another method: `client_secret`, `client_certificate_path`, `use_oidc` or `use_msi`."
	}
	login := "`az login`"
	if s.tenant != "" {
		login = "`az login --tenant " + s.tenant + "`"
	}
	return "Run " + login + " with an account that may manage Intune, or configure another method."
}
