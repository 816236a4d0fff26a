package provider

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/graph"
)

const tenantID = "11111111-2222-3333-4444-555555555555"

// application is what most methods need.
func application(more map[string]any) map[string]any {
	all := map[string]any{"tenant_id": tenantID, "client_id": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"}
	maps.Copy(all, more)
	return all
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestIntuneIsOpenedWithoutAskingAnybody(t *testing.T) {
	clean(t)
	var asked []string
	rt, diags := configureWith(t, map[string]any{"intune": application(map[string]any{"client_secret": "hunter2"})},
		WithTransport(roundTripper(func(r *http.Request) (*http.Response, error) {
			asked = append(asked, r.URL.Host)
			return nil, &tls.CertificateVerificationError{Err: errors.New("of nobody")}
		})))
	if diags.HasError() || !rt.Ready() || rt.Service.Kind() != enrollment.Intune || rt.Plans == nil || !rt.Now().Equal(noon) {
		t.Fatalf("%+v: %v", rt, diags)
	}
	if len(asked) != 0 {
		t.Errorf("asked %v", asked)
	}
	if _, err := rt.Service.Store(t.Context()); !errors.Is(err, enrollment.ErrSignIn) || len(asked) == 0 || asked[0] != "login.microsoftonline.com" {
		t.Errorf("asked %v: %v", asked, err)
	}
}

// The way of a school whose network inspects TLS, down to an answer of Microsoft
// Graph.
func TestIntuneBehindAnAuthorityOfItsOwn(t *testing.T) {
	clean(t)
	school := graph.New(graph.Options{})
	school.Start(t)
	authorities := filepath.Join(t.TempDir(), "authorities.pem")
	if err := os.WriteFile(authorities, school.CACertificatePEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	rt, diags := configureWith(t, map[string]any{"intune": map[string]any{
		"tenant_id": school.TenantID(), "client_id": school.ClientID(), "client_secret": school.ClientSecret(),
		"endpoint": school.GraphURL(), "authority_host": school.SignInURL(), "ca_certificates_path": authorities,
	}})
	if diags.HasError() {
		t.Fatal(diags)
	}
	if store, err := rt.Service.Store(t.Context()); err != nil || store.ID != school.TenantID() {
		t.Errorf("%+v, %v", store, err)
	}
	if _, err := rt.Service.ListTokens(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestEveryOpenedIntuneServiceIsNoted(t *testing.T) {
	clean(t)
	var services Services
	_, diags := configureWith(t, map[string]any{"intune": map[string]any{"use_msi": true}}, WithServices(&services))
	if diags.HasError() || len(services.open) != 1 {
		t.Errorf("%d are noted: %v", len(services.open), diags)
	}
}

// An empty configuration takes everything from the environment.
func TestIntuneFromTheEnvironmentAlone(t *testing.T) {
	clean(t)
	t.Setenv("ARM_TENANT_ID", tenantID)
	t.Setenv("ARM_CLIENT_ID", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee")
	t.Setenv("ARM_CLIENT_SECRET", "hunter2")
	t.Setenv("ARM_USE_CLI", "false")
	if rt, diags := configureWith(t, map[string]any{"intune": map[string]any{}}); diags.HasError() || !rt.Ready() || rt.Service.Kind() != enrollment.Intune {
		t.Errorf("%+v, %v", rt, diags)
	}
}

// Each setting comes from the configuration, else from the environment by each of
// its names, the first one first, else from its default. What one says nobody
// else changes: the others are looked at, too.
func TestIntuneSettings(t *testing.T) {
	clean(t)
	defaults := read(t, nil)
	if !defaults.UseCLI || defaults.UseMSI || defaults.UseOIDC {
		t.Error("Azure CLI is not the only method that is on by default")
	}
	for _, s := range allIntuneSettings {
		values := s.samples(&defaults)
		for i, variable := range s.variables {
			t.Run(s.name+" from "+variable, func(t *testing.T) {
				clean(t)
				t.Setenv(variable, values.environment)
				for _, later := range s.variables[i+1:] {
					t.Setenv(later, values.later)
				}
				onlyDiffers(t, s, defaults, read(t, nil), values.environment)
			})
		}
		t.Run(s.name+" from the configuration", func(t *testing.T) {
			clean(t)
			t.Setenv(s.variables[0], values.later)
			onlyDiffers(t, s, defaults, read(t, map[string]any{s.name: values.configured}), values.fromConfiguration)
		})
	}
}

// samples are values of one setting: of the first variable that has one, of the
// later ones, and of the configuration.
type samples struct {
	environment, later string
	configured         any
	fromConfiguration  string
}

func (s intuneSetting) samples(defaults *intuneSettings) samples {
	switch {
	case s.flag != nil: // only the other than the default shows
		standard := *s.flag(defaults)
		other := strconv.FormatBool(!standard)
		return samples{other, strconv.FormatBool(standard), !standard, other}
	case s.number != nil:
		return samples{"8", "9", 7, "7"}
	}
	return samples{"environment", "later", "configured", "configured"}
}

// read resolves inner values.
func read(t *testing.T, inner map[string]any) intuneSettings {
	t.Helper()
	p := New("test")()
	var config providerModel
	if inner == nil {
		inner = map[string]any{}
	}
	source := configOf(t, p, map[string]any{"intune": inner})
	if diags := source.Get(t.Context(), &config); diags.HasError() {
		t.Fatal(diags)
	}
	var diags diag.Diagnostics
	got, notReady := resolveIntune(config.Intune, &diags)
	if diags.HasError() || notReady != "" {
		t.Fatal(notReady, diags)
	}
	return got
}

// valueOf writes a resolved setting.
func (s intuneSetting) valueOf(all *intuneSettings) string {
	switch {
	case s.flag != nil:
		return strconv.FormatBool(*s.flag(all))
	case s.number != nil:
		return strconv.Itoa(*s.number(all))
	}
	return *s.text(all)
}

func onlyDiffers(t *testing.T, changed intuneSetting, defaults, got intuneSettings, want string) {
	t.Helper()
	for _, s := range allIntuneSettings {
		have, expected := s.valueOf(&got), s.valueOf(&defaults)
		if s.name == changed.name {
			expected = want
		} else if changed.name == "use_aks_workload_identity" && s.name == "use_oidc" {
			expected = "true" // an ID token is what it is about
		}
		if have != expected {
			t.Errorf("%s is %q, want %q", s.name, have, expected)
		}
	}
}

func TestEverySettingIsDocumentedAndSecretsAreSensitive(t *testing.T) {
	nested, ok := intuneSchema().(schema.SingleNestedAttribute)
	if !ok || len(nested.Attributes) != len(allIntuneSettings) {
		t.Fatalf("%d attributes", len(nested.Attributes))
	}
	var sensitive []string
	for name, attribute := range nested.Attributes {
		if !strings.Contains(attribute.GetMarkdownDescription(), "Environment: `A") || !attribute.IsOptional() {
			t.Errorf("%s: %s", name, attribute.GetMarkdownDescription())
		}
		if attribute.IsSensitive() {
			sensitive = append(sensitive, name)
		}
	}
	slices.Sort(sensitive)
	want := []string{"client_certificate", "client_certificate_password", "client_secret", "oidc_request_token", "oidc_token"}
	if !slices.Equal(sensitive, want) {
		t.Errorf("sensitive are %v", sensitive)
	}
}

func TestAWorkloadIdentityIsFoundInThePodsEnvironment(t *testing.T) {
	clean(t)
	t.Setenv("AZURE_TENANT_ID", "pod-tenant")
	t.Setenv("AZURE_CLIENT_ID", "pod-client")
	t.Setenv("AZURE_FEDERATED_TOKEN_FILE", "/pod/token")
	got := read(t, map[string]any{"use_aks_workload_identity": true, "client_id": "configured"})
	if got.TenantID != "pod-tenant" || got.ClientID != "configured" || got.OIDCTokenFilePath != "/pod/token" || !got.UseOIDC {
		t.Errorf("%+v", got)
	}
	if got := read(t, nil); got.TenantID != "" || got.UseOIDC {
		t.Errorf("unasked: %+v", got)
	}
}

func TestAnApplicationWithoutACredentialIsLeftToAzureCLIOnlyWhereThatIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		inner    map[string]any
		variable string
	}{
		"in the configuration": {application(map[string]any{"use_cli": true}), ""},
		"in the environment":   {application(nil), "true"},
	} {
		t.Run(name, func(t *testing.T) {
			clean(t)
			t.Setenv("ARM_USE_CLI", c.variable)
			if rt, diags := configureWith(t, map[string]any{"intune": c.inner}); diags.HasError() || !rt.Ready() {
				t.Errorf("%+v, %v", rt, diags)
			}
		})
	}
}

func TestUnknownIntuneSettingsAreARuntimeWithoutAService(t *testing.T) {
	clean(t)
	for setting, inner := range map[string]any{
		"intune":                       tftypes.UnknownValue,
		"intune.client_id":             application(map[string]any{"client_secret": "hunter2", "client_id": tftypes.UnknownValue}),
		"intune.client_secret":         application(map[string]any{"client_secret": tftypes.UnknownValue}),
		"intune.use_msi":               map[string]any{"use_msi": tftypes.UnknownValue},
		"intune.assignment_batch_size": map[string]any{"use_msi": true, "assignment_batch_size": tftypes.UnknownValue},
	} {
		rt, diags := configureWith(t, map[string]any{"intune": inner})
		if len(diags) > 0 || rt == nil || rt.Ready() || rt.NotReady != setting || rt.Plans == nil {
			t.Errorf("%s: %+v, %v", setting, rt, diags)
		}
	}
}

func TestConfigureBlamesTheIntuneSetting(t *testing.T) {
	root := path.Root("intune")
	for name, c := range map[string]struct {
		inner       map[string]any
		environment map[string]string
		at          path.Path
		says        string
	}{
		"a secret without a tenant":           {map[string]any{"client_secret": "hunter2"}, nil, root.AtName("tenant_id"), "ARM_TENANT_ID"},
		"nobody to sign in":                   {map[string]any{"use_cli": false}, nil, root, "`client_secret` (ARM_CLIENT_SECRET)"},
		"an application without a credential": {application(nil), nil, root.AtName("client_id"), "Is ARM_CLIENT_SECRET missing in this run?"},
		"one of the environment":              {map[string]any{}, map[string]string{"ARM_CLIENT_ID": "a"}, root.AtName("client_id"), "set use_cli = true"},
		"an address in the environment": {
			application(map[string]any{"client_secret": "hunter2"}), map[string]string{"ASM_GRAPH_ENDPOINT": "http://graph.example"}, root.AtName("endpoint"), "neither https",
		},
		"no truth":            {map[string]any{}, map[string]string{"ARM_USE_MSI": "maybe"}, root.AtName("use_msi"), `ARM_USE_MSI is "maybe": give true or false`},
		"no number":           {map[string]any{}, map[string]string{"ASM_ASSIGNMENT_BATCH_SIZE": "many"}, root.AtName("assignment_batch_size"), "a number from 1 to 1000"},
		"too large a number":  {map[string]any{}, map[string]string{"ASM_ASSIGNMENT_BATCH_SIZE": "1001"}, root.AtName("assignment_batch_size"), "a number from 1 to 1000"},
		"no authorities":      {map[string]any{"use_msi": true, "ca_certificates_path": "nowhere.pem"}, nil, root.AtName("ca_certificates_path"), "nowhere.pem"},
		"authorities in none": {map[string]any{"use_msi": true, "ca_certificates_path": "configure.go"}, nil, root.AtName("ca_certificates_path"), "no certificate in PEM"},
	} {
		t.Run(name, func(t *testing.T) {
			clean(t)
			for variable, value := range c.environment {
				t.Setenv(variable, value)
			}
			rt, diags := configureWith(t, map[string]any{"intune": c.inner})
			if rt != nil || !diags.HasError() {
				t.Fatalf("%+v", rt)
			}
			at, ok := diags[0].(diag.DiagnosticWithPath)
			if !ok || !at.Path().Equal(c.at) || !strings.Contains(diags[0].Detail(), c.says) || strings.Contains(diags[0].Detail(), "hunter2") {
				t.Errorf("%v", diags[0])
			}
		})
	}
}

// validate calls ValidateProviderConfig as core does.
func validate(t *testing.T, services map[string]any) []*tfprotov6.Diagnostic {
	t.Helper()
	p := New("test")()
	config := configOf(t, p, services)
	raw, err := tfprotov6.NewDynamicValue(config.Schema.Type().TerraformType(t.Context()), config.Raw)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := providerserver.NewProtocol6(p)().ValidateProviderConfig(t.Context(), &tfprotov6.ValidateProviderConfigRequest{Config: &raw})
	if err != nil {
		t.Fatal(err)
	}
	return resp.Diagnostics
}

func TestBothServicesAreToldToTakeTwoProviderBlocks(t *testing.T) {
	clean(t)
	both := map[string]any{"embedded": map[string]any{}, "intune": map[string]any{}}
	diags := validate(t, both)
	if len(diags) != 1 || !strings.Contains(diags[0].Detail, "One provider has one enrollment service. Keep embedded or intune;") {
		t.Errorf("%v", diags)
	}
	both["embedded"] = tftypes.UnknownValue // it may turn out to be left out
	if diags := validate(t, both); len(diags) > 0 {
		t.Errorf("%v", diags)
	}
}

func TestValidation(t *testing.T) {
	clean(t)
	t.Setenv("ARM_CLIENT_SECRET", "hunter2") // what the environment has is no contradiction
	in := func(inner map[string]any) map[string]any { return map[string]any{"intune": inner} }
	for name, c := range map[string]struct {
		services map[string]any
		at       string // "" for none
	}{
		"nothing":                       {nil, ""},
		"embedded":                      {map[string]any{"embedded": map[string]any{}}, ""},
		"intune":                        {in(map[string]any{}), ""},
		"both":                          {map[string]any{"embedded": map[string]any{}, "intune": map[string]any{}}, "intune"},
		"a method":                      {in(map[string]any{"client_secret": "x", "use_cli": true, "use_msi": false}), ""},
		"a secret twice":                {in(map[string]any{"client_secret": "x", "client_secret_file_path": "y"}), ""},
		"an ID token in a pod":          {in(map[string]any{"use_oidc": true, "use_aks_workload_identity": true}), ""},
		"unknown methods":               {in(map[string]any{"client_secret": tftypes.UnknownValue, "use_msi": tftypes.UnknownValue}), ""},
		"a certificate twice":           {in(map[string]any{"client_certificate": "x", "client_certificate_path": "y"}), "intune.client_certificate_path"},
		"a certificate and a secret":    {in(map[string]any{"client_certificate_path": "x", "client_secret": "y"}), "intune.client_secret"},
		"a secret and a file of one":    {in(map[string]any{"client_secret_file_path": "x", "use_oidc": true}), "intune.use_oidc"},
		"a secret and an identity":      {in(map[string]any{"client_secret": "x", "use_msi": true}), "intune.use_msi"},
		"a pod and an identity":         {in(map[string]any{"use_aks_workload_identity": true, "use_msi": true}), "intune.use_msi"},
		"an endpoint":                   {in(map[string]any{"endpoint": "http://127.0.0.1:8080"}), ""},
		"an endpoint without TLS":       {in(map[string]any{"endpoint": "http://graph.example"}), "intune.endpoint"},
		"an authority":                  {in(map[string]any{"authority_host": "login.example"}), ""},
		"an authority without TLS":      {in(map[string]any{"authority_host": "http://127.0.0.1"}), "intune.authority_host"},
		"an environment":                {in(map[string]any{"environment": "USGovernment"}), ""},
		"an environment that is closed": {in(map[string]any{"environment": "germany"}), "intune.environment"},
		"one at a time":                 {in(map[string]any{"assignment_batch_size": 1}), ""},
		"a thousand":                    {in(map[string]any{"assignment_batch_size": 1000}), ""},
		"none at a time":                {in(map[string]any{"assignment_batch_size": 0}), "intune.assignment_batch_size"},
		"more than a thousand":          {in(map[string]any{"assignment_batch_size": 1001}), "intune.assignment_batch_size"},
	} {
		var at []string
		for _, d := range validate(t, c.services) {
			at = append(at, strings.NewReplacer(`AttributeName("`, "", `")`, "").Replace(d.Attribute.String()))
		}
		want := []string{c.at}
		if c.at == "" {
			want = nil
		}
		if !slices.Equal(at, want) {
			t.Errorf("%s: blames %v, want %v", name, at, want)
		}
	}
}

// The authority is trusted on the way to the sign-in and to Microsoft Graph.
func TestAdditionalAuthoritiesAreTrusted(t *testing.T) {
	clean(t)
	server := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "authorities.pem")
	content := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	p := &asmProvider{}
	for given, trusted := range map[string]bool{"": false, file: true} {
		transport, err := p.intuneTransport(given)
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := transport.RoundTrip(req)
		if (err == nil) != trusted {
			t.Errorf("%q: %v", given, err)
		}
		if err == nil {
			_ = resp.Body.Close()
		}
	}
}
