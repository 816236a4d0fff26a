package policy_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/big"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/policy"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

const kind = "asm_enrollment_policy"

var (
	noon    = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	errDown = errors.New("the service is down")
)

// fake is Intune in memory: it keeps settings, and knows attributes only through
// the rules.
type fake struct {
	enrollment.Service
	kind      enrollment.Kind
	store     enrollment.Store
	storeErr  error
	tokens    map[string]enrollment.Token
	policies  map[string]kept
	templates map[enrollment.Platform]enrollment.PolicyTemplate
	devices   []enrollment.Device
	// templateErr, readErr, countErr and deleteErr are answered in place of the fake; onCreate after the policy was made.
	templateErr, readErr, countErr, deleteErr, updateErr error
	onCreate                                             func() error

	templateReads int
	updated       []enrollment.PolicySpec
	deadline      time.Duration
}

type kept struct {
	tokenID, name, description string
	platform                   enrollment.Platform
	tags                       []string
	values                     enrollment.PolicyValues
}

func newFake() *fake {
	return &fake{
		kind:     enrollment.Intune,
		store:    enrollment.Store{ID: "tenant-1", Location: "Microsoft Graph", Kind: enrollment.Intune, Tokens: 1},
		tokens:   map[string]enrollment.Token{"t1": {ID: "t1", Status: enrollment.Active}},
		policies: map[string]kept{},
		templates: map[enrollment.Platform]enrollment.PolicyTemplate{
			enrollment.IOS: iosTemplate(), enrollment.MacOS: macTemplate(),
		},
	}
}

// iosTemplate has one setting of every kind.
func iosTemplate() enrollment.PolicyTemplate {
	const guests = "ade_requiresharedipadtemporarysessiononly"
	return template(enrollment.IOS,
		choice("ade_useraffinity", 1, 0, 1, 2, 3), below(choice("ade_authenticationmethod", 2, 2), "ade_useraffinity_1"),
		below(choice("ade_modernauth_awaitfinalconfiguration", 1, 0, 1), "ade_authenticationmethod_2"),
		below(choice("ade_useraffinity_awaitfinalconfiguration", 1, 0, 1), "ade_useraffinity_0", "ade_useraffinity_2"),
		below(choice(guests, 0, 0, 1), "ade_useraffinity_3"),
		below(number("ade_maximumcachedusers", "10", 100), guests+"_0"), below(number("ade_maximumsecondsinactivityuntiluserlogsout", "0", 14400), guests+"_0"),
		below(number("ade_maximumsecondsafterscreenlockbeofrepasswordisrequired", "0", 14400), guests+"_0"),
		below(number("ade_maximumsecondsinactivityuntiltemporarysessionlogsout", "0", 14400), guests+"_1"),
		choice("ade_lockedenrollment", 1, 0, 1), choice("ade_devicenametemplatechoices", 0, 0, 1),
		below(text("ade_appledevicenametemplate", "{{SERIAL}}", 63), "ade_devicenametemplatechoices_1"),
		choice("ade_activatecellulardatachoices", 0, 0, 1), below(text("ade_activatecellulardata", "http://x", 0), "ade_activatecellulardatachoices_1"),
		free(enrollment.PolicySetting{ID: "ade_appleconfiguratorcertificates", DisplayName: "Certificates", Kind: enrollment.PolicyList, Default: "[]", MaximumCount: 600}),
		free(text("ade_setupassistant_department", "", 125)), free(text("ade_setupassistant_departmentphone", "", 50)),
		choice("ade_setupassistant_siri", 0, 0, 1), choice("ade_setupassistant_passcode", 0, 0, 1), choice("ade_setupassistant_termsandconditions", 0, 0, 1),
		choice("ade_holodeck", 0, 0, 1), number("ade_warp", "5", 9), free(enrollment.PolicySetting{ID: "ade_list", DisplayName: "List", Kind: enrollment.PolicyList, Default: "[]"}),
	)
}

func macTemplate() enrollment.PolicyTemplate {
	return template(enrollment.MacOS, choice("ade_macos_useraffinity", 1, 0, 1), choice("ade_macos_awaitconfiguration", 1, 0, 1), choice("ade_lockedenrollment", 1, 0, 1))
}

func template(platform enrollment.Platform, settings ...enrollment.PolicySetting) enrollment.PolicyTemplate {
	t := enrollment.PolicyTemplate{ID: "template_1", Platform: platform, Settings: map[string]enrollment.PolicySetting{}}
	for _, s := range settings {
		t.Settings[s.ID] = s
	}
	return t
}

func choice(id string, preset int, options ...int) enrollment.PolicySetting {
	s := enrollment.PolicySetting{ID: id, DisplayName: id, Kind: enrollment.PolicyChoice, Required: true, Default: fmt.Sprintf("%s_%d", id, preset)}
	for _, o := range options {
		s.Options = append(s.Options, enrollment.PolicyOption{ID: fmt.Sprintf("%s_%d", id, o), DisplayName: "Option"})
	}
	return s
}

func number(id, preset string, most int64) enrollment.PolicySetting {
	return enrollment.PolicySetting{ID: id, DisplayName: id, Kind: enrollment.PolicyNumber, Required: true, Default: preset, Maximum: most}
}

func text(id, preset string, most int64) enrollment.PolicySetting {
	return enrollment.PolicySetting{ID: id, DisplayName: id, Kind: enrollment.PolicyText, Required: true, Default: preset, Maximum: most}
}

func below(s enrollment.PolicySetting, options ...string) enrollment.PolicySetting {
	s.Under = options
	return s
}

func free(s enrollment.PolicySetting) enrollment.PolicySetting {
	s.Required = false
	return s
}

func (f *fake) Kind() enrollment.Kind { return f.kind }

func (f *fake) Store(context.Context) (enrollment.Store, error) { return f.store, f.storeErr }

func (f *fake) ReadToken(_ context.Context, id string) (enrollment.Token, error) {
	if t, ok := f.tokens[id]; ok {
		return t, nil
	}
	return enrollment.Token{}, enrollment.NotFound("token", id)
}

func (f *fake) PolicyTemplate(_ context.Context, platform enrollment.Platform) (enrollment.PolicyTemplate, error) {
	f.templateReads++
	return f.templates[platform], f.templateErr
}

func (f *fake) CreatePolicy(ctx context.Context, spec enrollment.PolicySpec) (enrollment.Policy, error) {
	f.note(ctx)
	values, broken := enrollment.ResolvePolicy(spec, f.templates[spec.Platform], nil)
	if len(broken) > 0 {
		return enrollment.Policy{}, &enrollment.Error{Kind: enrollment.ErrInvalid, Field: broken[0].Field, What: broken[0].Summary}
	}
	k := kept{tokenID: spec.TokenID, name: spec.Name, platform: spec.Platform, tags: spec.ScopeTagIDs, values: f.spelled(spec.Platform, values)}
	if spec.Description != nil {
		k.description = *spec.Description
	}
	if len(k.tags) == 0 {
		k.tags = []string{"0"}
	}
	id := fmt.Sprintf("p%d", len(f.policies)+1)
	f.policies[id] = k
	var err error
	if f.onCreate != nil {
		err = f.onCreate()
	}
	return f.policy(id), err
}

// spelled writes numbers and lists as the service reads them back.
func (f *fake) spelled(platform enrollment.Platform, values enrollment.PolicyValues) enrollment.PolicyValues {
	for id, value := range values {
		switch f.templates[platform].Settings[id].Kind {
		case enrollment.PolicyNumber:
			n, _ := strconv.Atoi(value)
			values[id] = strconv.Itoa(n)
		case enrollment.PolicyList:
			values[id] = strings.ReplaceAll(value, " ", "")
		default:
		}
	}
	return values
}

func (f *fake) policy(id string) enrollment.Policy {
	k := f.policies[id]
	p := enrollment.Policy{ID: id, PolicySpec: k.values.Spec(k.platform), ProfileID: "ECV2_" + k.tokenID + "_" + id}
	p.TokenID, p.Name, p.ScopeTagIDs = k.tokenID, k.name, k.tags
	if k.description != "" {
		p.Description = &k.description
	}
	p.DefaultedSettings = k.values.Defaulted(f.templates[k.platform], nil)
	p.ImpliedSettings = k.values.Implied(f.templates[k.platform])
	return p
}

func (f *fake) ReadPolicy(_ context.Context, id string) (enrollment.Policy, error) {
	id = id[strings.LastIndex(id, "_")+1:]
	if f.readErr != nil {
		return enrollment.Policy{}, f.readErr
	}
	if _, ok := f.policies[id]; !ok {
		return enrollment.Policy{}, enrollment.NotFound("enrollment policy", id)
	}
	return f.policy(id), nil
}

func (f *fake) UpdatePolicy(ctx context.Context, id string, spec enrollment.PolicySpec) (enrollment.Policy, error) {
	f.note(ctx)
	f.updated = append(f.updated, spec)
	if f.updateErr != nil {
		return enrollment.Policy{}, f.updateErr
	}
	k := f.policies[id]
	values, broken := enrollment.ResolvePolicy(spec, f.templates[k.platform], k.values)
	if len(broken) > 0 {
		return enrollment.Policy{}, &enrollment.Error{Kind: enrollment.ErrInvalid, Field: broken[0].Field, What: broken[0].Summary}
	}
	k.name, k.values = spec.Name, f.spelled(k.platform, values)
	if spec.Description != nil {
		k.description = *spec.Description
	}
	if spec.ScopeTagIDs != nil {
		k.tags = spec.ScopeTagIDs
	}
	f.policies[id] = k
	return f.policy(id), nil
}

func (f *fake) DeletePolicy(_ context.Context, id string) error {
	if f.deleteErr != nil {
		return f.deleteErr
	}
	if _, ok := f.policies[id]; !ok {
		return enrollment.NotFound("enrollment policy", id)
	}
	delete(f.policies, id)
	return nil
}

func (f *fake) Devices(_ context.Context, _ string, filter enrollment.DeviceFilter) iter.Seq2[enrollment.Device, error] {
	return func(yield func(enrollment.Device, error) bool) {
		if f.countErr != nil {
			yield(enrollment.Device{}, f.countErr)
			return
		}
		for _, d := range f.devices {
			if filter.Matches(d) && !yield(d, nil) {
				return
			}
		}
	}
}

func (f *fake) note(ctx context.Context) {
	if at, ok := ctx.Deadline(); ok {
		f.deadline = time.Until(at)
	}
}

// edit changes settings as somebody else would, in the admin center.
func (f *fake) edit(id string, values map[string]string) {
	k := f.policies[id]
	current := maps.Clone(k.values)
	for _, name := range []string{"ade_useraffinity", "ade_devicenametemplatechoices"} {
		if _, ok := values[name]; ok {
			delete(current, name)
		}
	}
	k.values, _ = enrollment.ResolvePolicy(enrollment.PolicySpec{Platform: k.platform, Name: "x", Settings: values}, f.templates[k.platform], current)
	f.policies[id] = k
}

func (f *fake) runtime() *tf.Runtime {
	return &tf.Runtime{Service: f, Now: func() time.Time { return noon }, Plans: tf.NewPlans()}
}

func drive(t *testing.T, rt *tf.Runtime) *tftest.Driver {
	t.Helper()
	return tftest.New(t, rt, []func() resource.Resource{policy.NewResource}, []func() datasource.DataSource{})
}

// minimal is what every policy needs.
func minimal(more tftest.Config) tftest.Config {
	return tftest.Config{"token_id": "t1", "name": "Classroom"}.With(more)
}

// apply plans and applies without an error, and then refreshes to an empty plan.
func apply(t *testing.T, d *tftest.Driver, prior tftest.State, config tftest.Config) (tftest.State, tftest.Plan) {
	t.Helper()
	plan := d.Plan(kind, prior, config)
	clean(t, plan.Diags)
	if bad := plan.Invalid(); bad != "" {
		t.Fatalf("core refuses this plan: %s", bad)
	}
	state, diags := plan.Apply()
	clean(t, diags)
	state = refresh(t, d, state)
	empty(t, d, state, config)
	return state, plan
}

func empty(t *testing.T, d *tftest.Driver, state tftest.State, config tftest.Config) {
	t.Helper()
	again := d.Plan(kind, state, config)
	clean(t, again.Diags)
	if bad := again.Invalid(); bad != "" {
		t.Fatalf("core refuses this plan: %s", bad)
	}
	if !again.Empty() {
		t.Fatalf("the plan is not empty:\n%s\n%s", state.Value, again.Value)
	}
}

func refresh(t *testing.T, d *tftest.Driver, state tftest.State) tftest.State {
	t.Helper()
	state, diags := d.Refresh(state)
	clean(t, diags)
	return state
}

func clean(t *testing.T, diags tftest.Diags) {
	t.Helper()
	if errs := diags.Errors(); len(errs) > 0 {
		t.Fatalf("unexpected errors:\n%s", strings.Join(errs, "\n"))
	}
}

// expect wants exactly one message, with all parts in it.
func expect(t *testing.T, messages []string, parts ...string) {
	t.Helper()
	if len(messages) != 1 {
		t.Fatalf("want one message with %q, have %d:\n%s", parts, len(messages), strings.Join(messages, "\n"))
	}
	for _, part := range parts {
		if !strings.Contains(messages[0], part) {
			t.Errorf("want %q in: %s", part, messages[0])
		}
	}
}

func newCertificate(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	made := &x509.Certificate{SerialNumber: big.NewInt(noon.Unix()), NotBefore: noon, NotAfter: noon.AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, made, made, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER}))
}
