package provider

import (
	"context"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// clean takes away what the machine's environment says, and gives a key, so that
// none is looked for in somebody's home.
func clean(t *testing.T) {
	t.Helper()
	for _, name := range []string{"ASM_STORE", "ASM_APPLE_URL", "ASM_MDM_URL", "CI"} {
		t.Setenv(name, "")
	}
	for _, s := range allIntuneSettings {
		for _, name := range s.variables {
			t.Setenv(name, "")
		}
	}
	t.Setenv("ASM_STORE_KEY", base64.StdEncoding.EncodeToString(make([]byte, 32)))
}

// configure calls Configure as core does, with the embedded service. embedded
// is nil for "left out", tftypes.UnknownValue, or the inner values.
func configure(t *testing.T, embedded any) (*tf.Runtime, diag.Diagnostics) {
	t.Helper()
	return configureWith(t, map[string]any{"embedded": embedded})
}

// configureWith calls Configure with what each service's attribute has.
func configureWith(t *testing.T, services map[string]any, options ...Option) (*tf.Runtime, diag.Diagnostics) {
	t.Helper()
	p := New("test", append(options, WithClock(func() time.Time { return noon }, time.After))...)()
	config := configOf(t, p, services)
	var resp provider.ConfigureResponse
	p.Configure(t.Context(), provider.ConfigureRequest{Config: config}, &resp)
	rt, _ := resp.ResourceData.(*tf.Runtime)
	if rt != nil && rt.Service != nil {
		t.Cleanup(func() { _ = rt.Service.Close() })
	}
	if resp.DataSourceData != resp.ResourceData {
		t.Error("data sources get another runtime than resources")
	}
	return rt, resp.Diagnostics
}

// configOf writes a configuration as core sends it.
func configOf(t *testing.T, p provider.Provider, services map[string]any) tfsdk.Config {
	t.Helper()
	var schema provider.SchemaResponse
	p.Schema(t.Context(), provider.SchemaRequest{}, &schema)
	typ, ok := schema.Schema.Type().TerraformType(t.Context()).(tftypes.Object)
	if !ok {
		t.Fatal("the configuration is no object")
	}
	all := map[string]tftypes.Value{}
	for service, inner := range typ.AttributeTypes {
		inner, ok := inner.(tftypes.Object)
		if !ok {
			t.Fatalf("%s is no object", service)
		}
		value := services[service]
		if given, ok := value.(map[string]any); ok {
			values := map[string]tftypes.Value{}
			for name, typ := range inner.AttributeTypes {
				values[name] = tftypes.NewValue(typ, given[name])
			}
			value = values
		}
		all[service] = tftypes.NewValue(inner, value)
	}
	return tfsdk.Config{Raw: tftypes.NewValue(typ, all), Schema: schema.Schema}
}

func sqlite(t *testing.T) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "enrollment.db")
}

// Each setting comes from the configuration, else the environment, else a
// default. What one says nobody else changes: each is looked at by its own name.
func TestSettings(t *testing.T) {
	for name, c := range map[string]struct {
		configured, environment map[string]string
		want                    [3]string // store, Apple's URL, the MDM's
	}{
		"defaults": {nil, nil, [3]string{"sqlite:.asm/enrollment.db", "https://mdmenrollment.apple.com", ""}},
		"environment": {
			nil,
			map[string]string{"ASM_STORE": "sqlite:e.db", "ASM_APPLE_URL": "https://apple.e.example", "ASM_MDM_URL": "https://mdm.e.example"},
			[3]string{"sqlite:e.db", "https://apple.e.example", "https://mdm.e.example"},
		},
		"configuration over environment": {
			map[string]string{"store": "sqlite:c.db", "apple_url": "https://apple.c.example", "mdm_url": "https://mdm.c.example"},
			map[string]string{"ASM_STORE": "sqlite:e.db", "ASM_APPLE_URL": "https://apple.e.example", "ASM_MDM_URL": "https://mdm.e.example"},
			[3]string{"sqlite:c.db", "https://apple.c.example", "https://mdm.c.example"},
		},
		"only the store is configured": {
			map[string]string{"store": "sqlite:c.db"},
			map[string]string{"ASM_MDM_URL": "https://mdm.e.example"},
			[3]string{"sqlite:c.db", "https://mdmenrollment.apple.com", "https://mdm.e.example"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			clean(t)
			for variable, value := range c.environment {
				t.Setenv(variable, value)
			}
			model := embeddedModel{}
			for attribute, value := range c.configured {
				*map[string]*types.String{"store": &model.Store, "apple_url": &model.AppleURL, "mdm_url": &model.MDMURL}[attribute] = types.StringValue(value)
			}
			object, diags := types.ObjectValueFrom(t.Context(), map[string]attr.Type{"store": types.StringType, "apple_url": types.StringType, "mdm_url": types.StringType}, model)
			if len(c.configured) == 0 {
				object = types.ObjectNull(object.AttributeTypes(t.Context()))
			}
			got, notReady := embeddedSettings(t.Context(), object, &diags)
			if diags.HasError() || notReady != "" {
				t.Fatal(notReady, diags)
			}
			if have := [3]string{got.Store, got.AppleURL, got.MDMURL}; have != c.want {
				t.Errorf("%q, want %q", have, c.want)
			}
		})
	}
}

func TestTheKeyAndWhetherThisIsAWorkstationComeFromTheEnvironment(t *testing.T) {
	clean(t)
	t.Setenv("ASM_STORE_KEY", "a key")
	for value, want := range map[string]bool{"true": true, "": false, "false": false} {
		t.Setenv("CI", value)
		var diags diag.Diagnostics
		got, _ := embeddedSettings(t.Context(), types.ObjectNull(nil), &diags)
		if got.StoreKey != "a key" || got.CI != want {
			t.Errorf("CI=%q: key %q, CI %v", value, got.StoreKey, got.CI)
		}
	}
}

func TestConfigureMakesARuntime(t *testing.T) {
	clean(t)
	store := sqlite(t)
	rt, diags := configure(t, map[string]any{"store": store, "mdm_url": "https://mdm.example.edu/enroll"})
	if diags.HasError() || !rt.Ready() || rt.NotReady != "" || rt.Plans == nil || rt.After == nil || !rt.Now().Equal(noon) {
		t.Fatalf("%+v, %v", rt, diags)
	}
	if _, err := rt.Service.Store(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
	// Neither validate nor plan writes, so configuring does not either.
	if entries, err := os.ReadDir(filepath.Dir(strings.TrimPrefix(store, "sqlite:"))); err != nil || len(entries) > 0 {
		t.Errorf("it left %v, %v", entries, err)
	}
	// What one configuration announces another does not hear.
	other, _ := configure(t, map[string]any{"store": store})
	if rt.Plans.Sync("t1"); other.Plans.WillSync("t1") {
		t.Error("two configurations share their plans")
	}
}

func TestTheMDMURLIsTheDefaultOfEveryProfile(t *testing.T) {
	clean(t)
	const want = "https://mdm.example.edu/enroll"
	if rt, diags := configure(t, map[string]any{"store": sqlite(t), "mdm_url": want}); diags.HasError() || rt.MDMURL != want {
		t.Errorf("configured, profiles get %q, %v", rt.MDMURL, diags)
	}
	t.Setenv("ASM_MDM_URL", want)
	if rt, diags := configure(t, map[string]any{"store": sqlite(t)}); diags.HasError() || rt.MDMURL != want {
		t.Errorf("from the environment, profiles get %q, %v", rt.MDMURL, diags)
	}
}

// At plan a setting may come from a resource that does not exist yet.
func TestUnknownSettingsAreARuntimeWithoutAService(t *testing.T) {
	clean(t)
	for name, c := range map[string]struct {
		embedded any
		setting  string
	}{
		"the store":        {map[string]any{"store": tftypes.UnknownValue}, "embedded.store"},
		"Apple's URL":      {map[string]any{"store": "sqlite:x.db", "apple_url": tftypes.UnknownValue}, "embedded.apple_url"},
		"the MDM's URL":    {map[string]any{"mdm_url": tftypes.UnknownValue}, "embedded.mdm_url"},
		"the whole object": {tftypes.UnknownValue, "embedded"},
	} {
		rt, diags := configure(t, c.embedded)
		if len(diags) > 0 || rt == nil || rt.Ready() || rt.NotReady != c.setting || rt.Plans == nil {
			t.Errorf("%s: %+v, %v", name, rt, diags)
		}
	}
}

func TestURLs(t *testing.T) {
	clean(t)
	for url, fine := range map[string]bool{
		"https://mdm.example.edu": true, "https://mdm.example.edu/enroll": true, "http://127.0.0.1:8080": true, "http://[::1]:8080": true, "http://127.8.8.8": true,
		// A name is not ours to say where it leads, not even this one.
		"http://localhost": false, "http://localhost:8080": false, "http://mdm.example.edu": false, "http://10.0.0.1": false, "http://127.0.0.1.example.edu": false,
		"mdm.example.edu": false, "ftp://mdm.example.edu": false, "https://": false, "https://user:hunter2@mdm.example.edu": false,
	} {
		for _, attribute := range []string{"apple_url", "mdm_url"} {
			_, diags := configure(t, map[string]any{"store": sqlite(t), attribute: url})
			if diags.HasError() == fine {
				t.Errorf("%s = %q: %v", attribute, url, diags)
			}
			for _, d := range diags {
				at, ok := d.(diag.DiagnosticWithPath)
				if !ok || !at.Path().Equal(path.Root("embedded").AtName(attribute)) {
					t.Errorf("%s = %q is blamed on something else: %v", attribute, url, d)
				}
				if strings.Contains(d.Detail(), "hunter2") {
					t.Errorf("a password is told: %s", d.Detail())
				}
			}
		}
	}
}

func TestAStoreThatCannotBeOpenedIsAnError(t *testing.T) {
	clean(t)
	rt, diags := configure(t, map[string]any{"store": "mysql://user:hunter2@db.example.edu/asm"})
	if !diags.HasError() || rt != nil {
		t.Fatalf("%+v", rt)
	}
	for _, d := range diags {
		if at, ok := d.(diag.DiagnosticWithPath); !ok || !at.Path().Equal(path.Root("embedded").AtName("store")) {
			t.Errorf("it is not at embedded.store: %v", d)
		}
		if strings.Contains(d.Summary()+d.Detail(), "hunter2") {
			t.Errorf("a password is told: %s", d.Detail())
		}
	}
}
