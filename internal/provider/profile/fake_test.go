package profile_test

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
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/profile"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

const (
	kind     = "asm_enrollment_profile"
	listKind = "asm_enrollment_profiles"
	uuid     = "0123456789ABCDEF0123456789ABCDEF"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// fake is an enrollment service in memory.
type fake struct {
	enrollment.Service
	kind     enrollment.Kind
	store    enrollment.Store
	storeErr error
	tokens   map[string]enrollment.Token
	profiles map[string]enrollment.Profile
	devices  []enrollment.Device

	// onCreate and onUpdate may change what a call leads to.
	onCreate func(*enrollment.ProfileResult) error
	onUpdate func(*enrollment.ProfileResult) error
	// spellings: a profile is found by any of Graph's ids of it.
	spellings bool
	// inUse: deleting is refused whatever the profile says.
	inUse    bool
	readErr  error
	countErr error
	listErr  error

	created  []enrollment.ProfileSpec
	updated  []enrollment.ProfileSpec
	refs     []enrollment.ProfileRef
	deadline time.Duration
}

func newFake() *fake {
	return &fake{
		kind:     enrollment.Embedded,
		store:    enrollment.Store{ID: "store-1", Location: "memory", Tokens: 1},
		tokens:   map[string]enrollment.Token{"t1": {ID: "t1", Status: enrollment.Active}},
		profiles: map[string]enrollment.Profile{},
	}
}

func (f *fake) Kind() enrollment.Kind { return f.kind }

func (f *fake) Store(context.Context) (enrollment.Store, error) { return f.store, f.storeErr }

func (f *fake) ReadToken(_ context.Context, id string) (enrollment.Token, error) {
	if t, ok := f.tokens[id]; ok {
		return t, nil
	}
	return enrollment.Token{}, enrollment.NotFound("token", id)
}

func (f *fake) CreateProfile(ctx context.Context, spec enrollment.ProfileSpec) (enrollment.ProfileResult, error) {
	f.created = append(f.created, spec)
	f.note(ctx)
	p := enrollment.Profile{ID: fmt.Sprintf("p%d", len(f.created)), ProfileSpec: spec, Status: enrollment.ProfileCurrent, Recorded: true}
	if f.kind == enrollment.Intune {
		p.ID, p.ProfileSpec = graphID, asGraph(spec)
	} else if p.EnrollmentURL == nil {
		p.EnrollmentURL = new("https://default.example/enroll")
	}
	result := enrollment.ProfileResult{Profile: p}
	if f.onCreate != nil {
		if err := f.onCreate(&result); err != nil {
			return result, err
		}
	}
	f.profiles[p.ID] = result.Profile
	return result, nil
}

func (f *fake) ReadProfile(_ context.Context, ref enrollment.ProfileRef) (enrollment.Profile, error) {
	f.refs = append(f.refs, ref)
	if f.readErr != nil {
		return enrollment.Profile{}, f.readErr
	}
	if f.spellings && enrollment.SameProfile(enrollment.Intune, ref.ID, graphID) && ref.TokenID != "" {
		ref.ID = graphID
	}
	p, ok := f.profiles[ref.ID]
	if !ok || !p.Recorded && ref.TokenID == "" || ref.TokenID != "" && ref.TokenID != p.TokenID {
		return enrollment.Profile{}, enrollment.NotFound("profile", ref.ID)
	}
	return p, nil
}

func (f *fake) UpdateProfile(ctx context.Context, ref enrollment.ProfileRef, spec enrollment.ProfileSpec) (enrollment.ProfileResult, error) {
	f.updated = append(f.updated, spec)
	f.note(ctx)
	p := f.profiles[ref.ID]
	p.ProfileSpec = merged(p.ProfileSpec, spec)
	if f.kind == enrollment.Intune {
		p.ProfileSpec = asGraph(p.ProfileSpec)
	}
	p.Status = enrollment.ProfileCurrent
	result := enrollment.ProfileResult{Profile: p}
	if f.onUpdate != nil {
		if err := f.onUpdate(&result); err != nil {
			return result, err
		}
	}
	f.profiles[ref.ID] = result.Profile
	return result, nil
}

// merged keeps what a change does not manage, and has nothing where it says so by
// "" or an empty slice.
func merged(old, spec enrollment.ProfileSpec) enrollment.ProfileSpec {
	before, after := reflect.ValueOf(old), reflect.ValueOf(&spec).Elem()
	for i := range after.NumField() {
		field := after.Field(i)
		switch {
		case field.Kind() != reflect.Pointer && field.Kind() != reflect.Slice, after.Type().Field(i).Name == "SharedIPad":
		case field.IsNil():
			field.Set(before.Field(i))
		case field.Kind() == reflect.Slice && field.Len() == 0, field.Kind() == reflect.Pointer && field.Elem().Kind() == reflect.String && field.Elem().Len() == 0:
			field.SetZero()
		}
	}
	return spec
}

func (f *fake) DeleteProfile(_ context.Context, ref enrollment.ProfileRef) error {
	p, ok := f.profiles[ref.ID]
	switch {
	case !ok:
		return enrollment.NotFound("profile", ref.ID)
	case p.DeviceCount != 0, f.inUse:
		return &enrollment.Error{Kind: enrollment.ErrInUse, What: "In use"}
	}
	delete(f.profiles, ref.ID)
	return nil
}

func (f *fake) Profiles(_ context.Context, tokenID string) iter.Seq2[enrollment.Profile, error] {
	return func(yield func(enrollment.Profile, error) bool) {
		if f.listErr != nil {
			yield(enrollment.Profile{}, f.listErr)
			return
		}
		for _, id := range slices.Sorted(maps.Keys(f.profiles)) {
			if p := f.profiles[id]; p.TokenID == tokenID && !yield(p, nil) {
				return
			}
		}
	}
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

// change edits a profile as somebody else would.
func (f *fake) change(id string, edit func(*enrollment.Profile)) {
	p := f.profiles[id]
	edit(&p)
	f.profiles[id] = p
}

func (f *fake) runtime() *tf.Runtime {
	return &tf.Runtime{Service: f, Now: func() time.Time { return noon }, Plans: tf.NewPlans()}
}

func drive(t *testing.T, rt *tf.Runtime) *tftest.Driver {
	t.Helper()
	return tftest.New(t, rt, []func() resource.Resource{profile.NewResource}, []func() datasource.DataSource{profile.NewDataSource})
}

// minimal is what every profile needs.
func minimal(more tftest.Config) tftest.Config {
	return tftest.Config{"token_id": "t1", "name": "Classroom", "enrollment_url": "https://mdm.example/enroll"}.With(more)
}

// apply plans and applies without an error, and then refreshes to an empty plan.
func apply(t *testing.T, d *tftest.Driver, prior tftest.State, config tftest.Config) (tftest.State, tftest.Plan, tftest.Diags) {
	t.Helper()
	plan := d.Plan(kind, prior, config)
	clean(t, plan.Diags)
	if bad := plan.Invalid(); bad != "" {
		t.Fatalf("core refuses this plan: %s", bad)
	}
	state, diags := plan.Apply()
	clean(t, diags)
	state = refresh(t, d, state)
	if again := d.Plan(kind, state, config); !again.Empty() {
		t.Fatalf("the plan after an apply is not empty:\n%s\n%s", state.Value, again.Value)
	}
	return state, plan, diags
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

func silent(t *testing.T, messages []string) {
	t.Helper()
	if len(messages) > 0 {
		t.Errorf("want no message, have:\n%s", strings.Join(messages, "\n"))
	}
}

var errDown = errors.New("the service is down")

// newCertificate makes a certificate in PEM, and its key.
func newCertificate(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(noon.Unix()), NotBefore: noon, NotAfter: noon.AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
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

func crlf(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }
