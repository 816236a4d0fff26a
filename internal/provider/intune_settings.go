package provider

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune/graph"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune/signin"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

// intuneSetting is one setting of the intune configuration: its attribute, its
// environment variables, and where its value goes. One of text, flag and number
// is set.
type intuneSetting struct {
	name        string
	variables   []string
	description string
	sensitive   bool
	check       func(string) error

	text   func(*intuneSettings) *string
	flag   func(*intuneSettings) *bool
	number func(*intuneSettings) *int
}

// allIntuneSettings has the names, variables and defaults of the azuread
// provider, so that a pipeline that has them needs nothing else. Those that begin
// with ASM_ are this provider's own.
var allIntuneSettings = []intuneSetting{
	{
		name: "tenant_id", variables: []string{"ARM_TENANT_ID"}, text: func(s *intuneSettings) *string { return &s.TenantID },
		description: "The directory (tenant) id, or a domain of the tenant. A managed identity and Azure CLI do without.",
	},
	{
		name: "client_id", variables: []string{"ARM_CLIENT_ID"}, text: func(s *intuneSettings) *string { return &s.ClientID },
		description: "The application (client) id; with `use_msi` that of a user-assigned managed identity.",
	},
	{
		name: "client_id_file_path", variables: []string{"ARM_CLIENT_ID_FILE_PATH"}, text: func(s *intuneSettings) *string { return &s.ClientIDFilePath },
		description: "A file that holds `client_id`.",
	},
	{
		name: "client_certificate", variables: []string{"ARM_CLIENT_CERTIFICATE"}, text: func(s *intuneSettings) *string { return &s.ClientCertificate }, sensitive: true,
		description: "A client certificate with its private key: base64 of PKCS#12, or PEM.",
	},
	{
		name: "client_certificate_path", variables: []string{"ARM_CLIENT_CERTIFICATE_PATH"}, text: func(s *intuneSettings) *string { return &s.ClientCertificatePath },
		description: "A file with the client certificate and its private key: PKCS#12 or PEM.",
	},
	{
		name: "client_certificate_password", variables: []string{"ARM_CLIENT_CERTIFICATE_PASSWORD"}, sensitive: true,
		text:        func(s *intuneSettings) *string { return &s.ClientCertificatePassword },
		description: "The password of the client certificate's PKCS#12.",
	},
	{
		name: "client_secret", variables: []string{"ARM_CLIENT_SECRET"}, text: func(s *intuneSettings) *string { return &s.ClientSecret }, sensitive: true,
		description: "A client secret of the application.",
	},
	{
		name: "client_secret_file_path", variables: []string{"ARM_CLIENT_SECRET_FILE_PATH"}, text: func(s *intuneSettings) *string { return &s.ClientSecretFilePath },
		description: "A file that holds `client_secret`.",
	},
	{
		name: "use_oidc", variables: []string{"ARM_USE_OIDC"}, flag: func(s *intuneSettings) *bool { return &s.UseOIDC },
		description: "Sign in with an ID token of a CI system that the application trusts (OpenID Connect). Default `false`.",
	},
	{
		name: "oidc_token", variables: []string{"ARM_OIDC_TOKEN"}, text: func(s *intuneSettings) *string { return &s.OIDCToken }, sensitive: true,
		description: "The ID token.",
	},
	{
		name: "oidc_token_file_path", variables: []string{"ARM_OIDC_TOKEN_FILE_PATH"}, text: func(s *intuneSettings) *string { return &s.OIDCTokenFilePath },
		description: "A file that holds the ID token. It is read at each sign-in.",
	},
	{
		name: "oidc_request_url", variables: []string{"ARM_OIDC_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_URL", "SYSTEM_OIDCREQUESTURI"},
		text:        func(s *intuneSettings) *string { return &s.OIDCRequestURL },
		description: "Where GitHub Actions or Azure Pipelines gives ID tokens.",
	},
	{
		name: "oidc_request_token", variables: []string{"ARM_OIDC_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "SYSTEM_ACCESSTOKEN"}, sensitive: true,
		text:        func(s *intuneSettings) *string { return &s.OIDCRequestToken },
		description: "The token of the running job that the request for an ID token needs.",
	},
	{
		name: "ado_pipeline_service_connection_id", variables: []string{"ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID", "ARM_OIDC_AZURE_SERVICE_CONNECTION_ID"},
		text:        func(s *intuneSettings) *string { return &s.ADOPipelineServiceConnectionID },
		description: "The id of the service connection in Azure Pipelines.",
	},
	{
		name: "use_aks_workload_identity", variables: []string{"ARM_USE_AKS_WORKLOAD_IDENTITY"}, flag: func(s *intuneSettings) *bool { return &s.aksWorkloadIdentity },
		description: "Sign in with the workload identity of a pod in Azure Kubernetes Service: tenant, client and ID token are found in the pod's environment. Default `false`.",
	},
	{
		name: "use_msi", variables: []string{"ARM_USE_MSI"}, flag: func(s *intuneSettings) *bool { return &s.UseMSI },
		description: "Sign in with the managed identity of the machine in Azure that this runs on. Default `false`.",
	},
	{
		name: "msi_endpoint", variables: []string{"ARM_MSI_ENDPOINT"}, text: func(s *intuneSettings) *string { return &s.MSIEndpoint },
		description: "Where the managed identity is asked for, if not where this kind of machine has it.",
	},
	{
		name: "use_cli", variables: []string{"ARM_USE_CLI"}, flag: func(s *intuneSettings) *bool { return &s.UseCLI },
		description: "Sign in as whoever is signed in with Azure CLI, if no other method is configured. Default `true`, unless `client_id` is set without a credential.",
	},
	{
		name: "environment", variables: []string{"ARM_ENVIRONMENT"}, text: func(s *intuneSettings) *string { return &s.Environment }, check: signin.CheckEnvironment,
		description: "The cloud: `global` (or `public`; the default), `usgovernment` (or `usgovernmentl4`), `dod` (or `usgovernmentl5`), `china`.",
	},
	{
		name: "endpoint", variables: []string{"ASM_GRAPH_ENDPOINT"}, text: func(s *intuneSettings) *string { return &s.Endpoint }, check: graph.CheckEndpoint,
		description: "Address of Microsoft Graph, without a version. https, or http to a literal loopback address. Default: that of `environment`.",
	},
	{
		name: "authority_host", variables: []string{"ASM_AUTHORITY_HOST"}, text: func(s *intuneSettings) *string { return &s.AuthorityHost }, check: signin.CheckAuthorityHost,
		description: "Address of Microsoft Entra ID, https only. Default: that of `environment`.",
	},
	{
		name: "ca_certificates_path", variables: []string{"ASM_CA_CERTIFICATES_PATH"}, text: func(s *intuneSettings) *string { return &s.caCertificatesPath },
		description: "A file of certificate authorities in PEM that are trusted besides the system's, for Microsoft Graph and the sign-in: for networks that inspect TLS.",
	},
	{
		name: "assignment_batch_size", variables: []string{"ASM_ASSIGNMENT_BATCH_SIZE"}, number: func(s *intuneSettings) *int { return &s.batchSize },
		description: fmt.Sprintf("The most serial numbers in one assignment request, 1 to %d. Default `%d`.", enrollment.MaxBatch, enrollment.MaxBatch),
	},
}

func intuneSchema() schema.Attribute {
	attributes := map[string]schema.Attribute{}
	for _, s := range allIntuneSettings {
		attributes[s.name] = s.attribute()
	}
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Microsoft Intune, through Microsoft Graph (beta). `intune = {}` takes everything from the environment. The first method of sign-in " +
			"that is configured is used: client certificate, client secret, OpenID Connect, managed identity, Azure CLI. Conflicts with `embedded`.",
		Attributes: attributes,
		Validators: []validator.Object{oneService{}, oneMethod{}},
	}
}

func (s intuneSetting) attribute() schema.Attribute {
	description := s.description + " Environment: `" + strings.Join(s.variables, "`, `") + "`."
	switch {
	case s.flag != nil:
		return schema.BoolAttribute{Optional: true, MarkdownDescription: description}
	case s.number != nil:
		return schema.Int64Attribute{
			Optional: true, MarkdownDescription: description, Validators: []validator.Int64{int64validator.Between(1, enrollment.MaxBatch)},
		}
	}
	attribute := schema.StringAttribute{Optional: true, Sensitive: s.sensitive, MarkdownDescription: description}
	if s.check != nil {
		attribute.Validators = []validator.String{checked{s.check}}
	}
	return attribute
}

// resolve takes the setting from the configuration or the environment; what is
// there already is the default.
func (s intuneSetting) resolve(into *intuneSettings, value attr.Value, diags *diag.Diagnostics) {
	switch v := value.(type) {
	case types.String:
		*s.text(into) = setting(v, *s.text(into), s.variables...)
		return
	case types.Bool:
		if !v.IsNull() {
			*s.flag(into) = v.ValueBool()
			return
		}
	case types.Int64:
		if !v.IsNull() {
			*s.number(into) = int(v.ValueInt64())
			return
		}
	}
	if err := s.fromEnvironment(into); err != nil {
		diags.AddAttributeError(path.Root("intune").AtName(s.name), "Unusable environment variable", tf.Sentence(err))
	}
}

// isSet tells whether the configuration or the environment has the setting.
func (s intuneSetting) isSet(value attr.Value) bool {
	return value != nil && !value.IsNull() || slices.ContainsFunc(s.variables, func(variable string) bool {
		return strings.TrimSpace(os.Getenv(variable)) != ""
	})
}

func (s intuneSetting) fromEnvironment(into *intuneSettings) error {
	for _, variable := range s.variables {
		text := strings.TrimSpace(os.Getenv(variable))
		if text == "" {
			continue
		}
		if s.flag != nil {
			flag, err := strconv.ParseBool(text)
			if err != nil {
				return fmt.Errorf("%s is %q: give true or false", variable, text)
			}
			*s.flag(into) = flag
			return nil
		}
		number, err := strconv.Atoi(text)
		if err != nil || number < 1 || number > enrollment.MaxBatch {
			return fmt.Errorf("%s is %q: give a number from 1 to %d", variable, text, enrollment.MaxBatch)
		}
		*s.number(into) = number
		return nil
	}
	return nil
}

// checked is a validator from a function that tells what is wrong.
type checked struct{ check func(string) error }

func (checked) Description(context.Context) string         { return "" }
func (checked) MarkdownDescription(context.Context) string { return "" }

func (c checked) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if value := req.ConfigValue.ValueString(); value != "" {
		if err := c.check(value); err != nil {
			resp.Diagnostics.AddAttributeError(req.Path, "Unusable value", tf.Sentence(err))
		}
	}
}

// oneMethod refuses a configuration that chooses two methods of sign-in. What the
// environment has besides is no contradiction: there the order decides.
type oneMethod struct{}

func (oneMethod) Description(context.Context) string { return "at most one method of sign-in" }

func (oneMethod) MarkdownDescription(context.Context) string { return "at most one method of sign-in" }

// signInMethods are the settings that choose a method; two in a row choose the same.
var signInMethods = [][]string{
	{"client_certificate"},
	{"client_certificate_path"},
	{"client_secret", "client_secret_file_path"},
	{"use_oidc", "use_aks_workload_identity"},
	{"use_msi"},
}

func (oneMethod) ValidateObject(_ context.Context, req validator.ObjectRequest, resp *validator.ObjectResponse) {
	values := req.ConfigValue.Attributes()
	chosen := ""
	for _, method := range signInMethods {
		at := slices.IndexFunc(method, func(name string) bool { return isChosen(values[name]) })
		switch {
		case at < 0:
		case chosen == "":
			chosen = method[at]
		default:
			resp.Diagnostics.AddAttributeError(req.Path.AtName(method[at]), "Two methods of sign-in",
				fmt.Sprintf("Both `%s` and `%s` are configured. Keep the one to sign in with.", chosen, method[at]))
		}
	}
}

func isChosen(value attr.Value) bool {
	switch v := value.(type) {
	case types.String:
		return v.ValueString() != ""
	case types.Bool:
		return v.ValueBool()
	}
	return false
}
