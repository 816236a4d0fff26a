package prerequisites_test

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/datasource"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/prerequisites"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

const kind = "asm_prerequisites"

type fake struct {
	enrollment.Service
	found []enrollment.Prerequisite
	err   error
	asked []enrollment.PrerequisitesRequest
}

func (f *fake) Prerequisites(_ context.Context, req enrollment.PrerequisitesRequest) ([]enrollment.Prerequisite, error) {
	f.asked = append(f.asked, req)
	return f.found, f.err
}

func drive(t *testing.T, rt *tf.Runtime) *tftest.Driver {
	t.Helper()
	return tftest.New(t, rt, nil, []func() datasource.DataSource{prerequisites.NewDataSource})
}

func read(t *testing.T, f *fake, config tftest.Config) tftest.State {
	t.Helper()
	state, diags := drive(t, &tf.Runtime{Service: f}).ReadData(kind, config)
	if len(diags) > 0 {
		t.Fatal(diags.Errors(), diags.Warnings())
	}
	return state
}

// mentions wants exactly one error, with all parts in it.
func mentions(t *testing.T, diags tftest.Diags, parts ...string) {
	t.Helper()
	errs := diags.Errors()
	if len(errs) != 1 {
		t.Fatalf("want one error with %q, have %q", parts, errs)
	}
	for _, part := range parts {
		if !strings.Contains(errs[0], part) {
			t.Errorf("want %q in: %s", part, errs[0])
		}
	}
}

func TestWhatIsMissingIsNoError(t *testing.T) {
	t.Parallel()
	f := &fake{found: []enrollment.Prerequisite{
		{Name: "push_certificate", Verdict: enrollment.Met, Found: "It expires in 200 days."},
		{Name: "data_sharing_consent", Verdict: enrollment.Unmet, Found: "Nobody has agreed.", Do: "Agree in the admin center."},
		{Name: "ws_trust:school.example", Verdict: enrollment.Unknown, Found: "Domain.Read.All is missing.", Do: "Grant it."},
	}}
	state := read(t, f, nil)
	if state.Get("ready") != false {
		t.Error("it is ready")
	}
	want := map[string]any{
		"push_certificate":        map[string]any{"verdict": "met", "found": "It expires in 200 days.", "do": ""},
		"data_sharing_consent":    map[string]any{"verdict": "unmet", "found": "Nobody has agreed.", "do": "Agree in the admin center."},
		"ws_trust:school.example": map[string]any{"verdict": "unknown", "found": "Domain.Read.All is missing.", "do": "Grant it."},
	}
	if got := state.Get("items"); !reflect.DeepEqual(got, want) {
		t.Errorf("items are %v, want %v", got, want)
	}
}

func TestReadyIsWhatStandsInNobodysWay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		verdicts []enrollment.Verdict
		want     bool
	}{
		{[]enrollment.Verdict{enrollment.Met, enrollment.Met}, true},
		{[]enrollment.Verdict{enrollment.Met, enrollment.Warn}, true},
		{[]enrollment.Verdict{enrollment.Unmet, enrollment.Met}, false},
		{[]enrollment.Verdict{enrollment.Met, enrollment.Unknown}, false},
		{nil, true},
	} {
		f := &fake{}
		for i, verdict := range c.verdicts {
			f.found = append(f.found, enrollment.Prerequisite{Name: string(rune('a' + i)), Verdict: verdict})
		}
		if got := read(t, f, nil).Get("ready"); got != c.want {
			t.Errorf("%v is ready: %v", c.verdicts, got)
		}
	}
}

func TestTheServiceIsAskedForWhatIsConfigured(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config tftest.Config
		want   enrollment.PrerequisitesRequest
	}{
		"nothing":     {nil, enrollment.PrerequisitesRequest{WarningDays: 30}},
		"a token":     {tftest.Config{"token_id": "t1"}, enrollment.PrerequisitesRequest{TokenID: "t1", WarningDays: 30}},
		"domains":     {tftest.Config{"federated_domains": []any{"school.example", "a.school.example"}}, enrollment.PrerequisitesRequest{FederatedDomains: []string{"a.school.example", "school.example"}, WarningDays: 30}},
		"no domains":  {tftest.Config{"federated_domains": []any{}}, enrollment.PrerequisitesRequest{FederatedDomains: []string{}, WarningDays: 30}},
		"other days":  {tftest.Config{"expiry_warning_days": 60}, enrollment.PrerequisitesRequest{WarningDays: 60}},
		"no days off": {tftest.Config{"expiry_warning_days": 0}, enrollment.PrerequisitesRequest{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{}
			state := read(t, f, c.config)
			if !reflect.DeepEqual(f.asked, []enrollment.PrerequisitesRequest{c.want}) {
				t.Errorf("asked %+v, want %+v", f.asked, c.want)
			}
			for _, argument := range []string{"token_id", "federated_domains", "expiry_warning_days"} {
				if c.config[argument] == nil && state.Get(argument) != nil {
					t.Errorf("%s is %v, and nobody configured it", argument, state.Get(argument))
				}
			}
		})
	}
}

func TestConfigurationIsRefusedAtItsAttribute(t *testing.T) {
	t.Parallel()
	d := drive(t, &tf.Runtime{Service: &fake{}})
	for name, c := range map[string]struct {
		config tftest.Config
		want   []string
	}{
		"token empty":        {tftest.Config{"token_id": ""}, []string{"token_id"}},
		"domain with scheme": {tftest.Config{"federated_domains": []any{"https://school.example"}}, []string{"federated_domains", "school.example"}},
		"a person":           {tftest.Config{"federated_domains": []any{"me@school.example"}}, []string{"federated_domains", "@"}},
		"one label":          {tftest.Config{"federated_domains": []any{"school"}}, []string{"federated_domains", "must be a domain"}},
		"domain null":        {tftest.Config{"federated_domains": []any{nil}}, []string{"federated_domains"}},
		"days negative":      {tftest.Config{"expiry_warning_days": -1}, []string{"expiry_warning_days"}},
		"days of two years":  {tftest.Config{"expiry_warning_days": 366}, []string{"expiry_warning_days"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, diags := d.ReadData(kind, c.config)
			mentions(t, diags, c.want...)
		})
	}
	_, diags := d.ReadData(kind, tftest.Config{"federated_domains": []any{"School.Example", "xn--grsse-kva.example.com"}})
	if len(diags) > 0 {
		t.Error(diags.Errors())
	}
}

func TestErrorsOfTheService(t *testing.T) {
	t.Parallel()
	f := &fake{err: enrollment.Unsupported(enrollment.Embedded, "has no tenant to look at", "Your MDM has it: look there.")}
	_, diags := drive(t, &tf.Runtime{Service: f}).ReadData(kind, nil)
	mentions(t, diags, "Unable to look at the prerequisites of enrollment", "embedded service", "Your MDM has it")
	_, diags = drive(t, &tf.Runtime{NotReady: "intune.client_id"}).ReadData(kind, nil)
	mentions(t, diags, "intune.client_id", "depends_on")
}

func TestEveryAttributeIsDocumented(t *testing.T) {
	t.Parallel()
	for path, description := range drive(t, &tf.Runtime{}).Descriptions(kind) {
		if len(description) < 10 {
			t.Errorf("%s is described as %q", path, description)
		}
	}
}
