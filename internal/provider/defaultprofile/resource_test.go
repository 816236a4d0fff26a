package defaultprofile_test

import (
	"context"
	"errors"
	"iter"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/defaultprofile"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

const kind = "asm_default_profile"

var errDown = errors.New("the service is down")

// fake is the part of an enrollment service that keeps defaults.
type fake struct {
	enrollment.Service
	kind     enrollment.Kind
	store    enrollment.Store
	storeErr error
	status   enrollment.TokenStatus
	defaults map[string]string // token/platform -> profile
	err      error             // what everything answers
	unset    error             // what unsetting answers
	afterSet func()
	missing  map[string]bool // ids of tokens and profiles that there are not
	devices  []enrollment.Device
	lists    error             // what reading devices answers
	reads    int               // of devices
	listed   map[string]string // an id -> as the service lists it, where that is another
}

func newFake() *fake {
	return &fake{kind: enrollment.Embedded, store: enrollment.Store{ID: "store-1", Location: "memory", Tokens: 1}, status: enrollment.Active, defaults: map[string]string{}}
}

func (f *fake) Kind() enrollment.Kind { return f.kind }

func (f *fake) Store(context.Context) (enrollment.Store, error) { return f.store, f.storeErr }

func (f *fake) ReadToken(_ context.Context, id string) (enrollment.Token, error) {
	if f.missing[id] {
		return enrollment.Token{}, enrollment.NotFound("token", id)
	}
	return enrollment.Token{ID: id, TokenSpec: enrollment.TokenSpec{Name: "District"}, Status: f.status}, nil
}

func (f *fake) ReadProfile(_ context.Context, ref enrollment.ProfileRef) (enrollment.Profile, error) {
	if f.missing[ref.ID] {
		return enrollment.Profile{}, enrollment.NotFound("enrollment profile", ref.ID)
	}
	return enrollment.Profile{ID: ref.ID, ProfileSpec: enrollment.ProfileSpec{Name: strings.Replace(ref.ID, "p", "Profile ", 1)}}, f.err
}

func (f *fake) ProfileName(ctx context.Context, ref enrollment.ProfileRef) (string, error) {
	p, err := f.ReadProfile(ctx, ref)
	return p.Name, err
}

func (f *fake) Devices(_ context.Context, _ string, filter enrollment.DeviceFilter) iter.Seq2[enrollment.Device, error] {
	f.reads++
	return func(yield func(enrollment.Device, error) bool) {
		if f.lists != nil {
			yield(enrollment.Device{}, f.lists)
			return
		}
		for _, d := range f.devices {
			if filter.Matches(d) && !yield(d, nil) {
				return
			}
		}
	}
}

func (f *fake) DefaultProfile(_ context.Context, tokenID string, platform enrollment.Platform) (string, error) {
	return f.defaults[tokenID+"/"+string(platform)], f.err
}

func (f *fake) SetDefaultProfile(_ context.Context, tokenID string, platform enrollment.Platform, profileID string) error {
	if f.err == nil {
		if listed, ok := f.listed[profileID]; ok {
			profileID = listed
		}
		f.defaults[tokenID+"/"+string(platform)] = profileID
		if f.afterSet != nil {
			f.afterSet()
		}
	}
	return f.err
}

func (f *fake) UnsetDefaultProfile(_ context.Context, tokenID string, platform enrollment.Platform) error {
	if f.unset == nil {
		delete(f.defaults, tokenID+"/"+string(platform))
	}
	return f.unset
}

func drive(t *testing.T, f *fake) *tftest.Driver {
	t.Helper()
	return driveWith(t, &tf.Runtime{Service: f, Plans: tf.NewPlans(), Now: func() time.Time { return time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC) }})
}

func driveWith(t *testing.T, rt *tf.Runtime) *tftest.Driver {
	t.Helper()
	return tftest.New(t, rt, []func() resource.Resource{defaultprofile.NewResource}, nil)
}

var config = tftest.Config{"token_id": "t1", "profile_id": "p1"}

func apply(t *testing.T, d *tftest.Driver, prior tftest.State, config tftest.Config) (tftest.State, tftest.Plan) {
	t.Helper()
	plan := d.Plan(kind, prior, config)
	clean(t, plan.Diags)
	if bad := plan.Invalid(); bad != "" {
		t.Fatalf("core refuses this plan: %s", bad)
	}
	state, diags := plan.Apply()
	clean(t, diags)
	for range 5 {
		state = refresh(t, d, state)
		if again := d.Plan(kind, state, config); !again.Empty() || len(again.Diags) > 0 {
			t.Fatalf("the plan after an apply is not empty and silent: %s %v", again.Value, again.Diags.Warnings())
		}
	}
	return state, plan
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

func TestLifecycle(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f)
	state, plan := apply(t, d, tftest.State{}, config)
	if plan.Get("platform") != "ios" || state.Get("id") != "t1/ios" || f.defaults["t1/ios"] != "p1" {
		t.Errorf("made %s, set %v", state.Value, f.defaults)
	}
	if got, want := d.IdentityOf(state), map[string]any{"token_id": "t1", "platform": "ios"}; !reflect.DeepEqual(got, want) {
		t.Errorf("identity %v, want %v", got, want)
	}
	state, plan = apply(t, d, state, config.With(tftest.Config{"profile_id": "p2"}))
	expect(t, plan.Diags.Warnings(), "profile_id", `New ios devices get enrollment profile "Profile 2" from now on and no longer "Profile 1"`)
	if len(plan.Replaces) > 0 || plan.Get("id") != "t1/ios" || f.defaults["t1/ios"] != "p2" {
		t.Errorf("another profile replaces %v, id %v, set %v", plan.Replaces, plan.Get("id"), f.defaults)
	}
	gone, diags := d.PlanDestroy(state).Apply()
	clean(t, diags)
	if gone.Exists() || len(f.defaults) > 0 || len(diags) > 0 {
		t.Errorf("destroying left %v and said %v", f.defaults, diags.Warnings())
	}
}

func TestAnotherTokenOrPlatformIsAnotherDefault(t *testing.T) {
	t.Parallel()
	d := drive(t, newFake())
	state, _ := apply(t, d, tftest.State{}, config)
	for name, value := range map[string]string{"token_id": "t2", "platform": "macos"} {
		plan := d.Plan(kind, state, config.With(tftest.Config{name: value}))
		clean(t, plan.Diags)
		if len(plan.Replaces) != 1 || !strings.Contains(plan.Replaces[0].String(), name) {
			t.Errorf("%s replaces %v", name, plan.Replaces)
		}
	}
}

func TestConfigurationIsRefusedAtItsAttribute(t *testing.T) {
	t.Parallel()
	d := drive(t, newFake())
	for name, value := range map[string]string{"token_id": "", "profile_id": "", "platform": "watchos"} {
		expect(t, d.Validate(kind, config.With(tftest.Config{name: value})).Errors(), name)
	}
	for _, platform := range enrollment.Platforms() {
		clean(t, d.Validate(kind, config.With(tftest.Config{"platform": string(platform)})))
	}
}

func TestUnknownValuesAreFilledAtApply(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f)
	plan := d.Plan(kind, tftest.State{}, tftest.Config{"token_id": tftest.Unknown, "platform": tftest.Unknown, "profile_id": tftest.Unknown})
	clean(t, plan.Diags)
	state, diags := plan.ApplyWith(config.With(tftest.Config{"platform": "tvos"}))
	clean(t, diags)
	if state.Get("id") != "t1/tvos" || f.defaults["t1/tvos"] != "p1" {
		t.Errorf("made %s, set %v", state.Value, f.defaults)
	}
}

func TestDriftIsSeen(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f)
	state, _ := apply(t, d, tftest.State{}, config)
	f.defaults["t1/ios"] = "p9"
	state = refresh(t, d, state)
	if state.Get("profile_id") != "p9" || d.Plan(kind, state, config).Empty() {
		t.Errorf("another default was read as %v", state.Get("profile_id"))
	}
	apply(t, d, state, config)
	delete(f.defaults, "t1/ios")
	state.Identity = nil // as an older tool leaves it
	if refresh(t, d, state).Exists() {
		t.Error("a default that was unset is still in state")
	}
	f.err = enrollment.NotFound("token", "t1")
	if refresh(t, d, state).Exists() {
		t.Error("the default of a token that is gone is still in state")
	}
	f.err = errDown
	_, diags := d.Refresh(state)
	expect(t, diags.Errors(), "Unable to read the default enrollment profile")
}

func TestTakingThePlaceOfAnotherDefaultIsAWarning(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.defaults["t1/ios"] = "p9"
	d := drive(t, f)
	plan := d.Plan(kind, tftest.State{}, config)
	clean(t, plan.Diags)
	expect(t, plan.Diags.Warnings(), "profile_id", `no longer "Profile 9"; 0 devices`, "p9", "somebody else has set it", "t1/ios")
	f.defaults["t1/ios"] = "p1"
	if warnings := d.Plan(kind, tftest.State{}, config).Diags.Warnings(); len(warnings) > 0 {
		t.Errorf("the same default is warned about: %v", warnings)
	}
}

func TestTokenWithoutServerTokenIsAnErrorInThePlan(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.status = enrollment.AwaitingServerToken
	expect(t, drive(t, f).Plan(kind, tftest.State{}, config).Diags.Errors(), "token_id", "District")
}

func TestErrorsOfTheServiceAreShown(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f)
	state, _ := apply(t, d, tftest.State{}, config)
	f.err = errDown
	after, diags := d.Plan(kind, tftest.State{}, config).Apply()
	expect(t, diags.Errors(), "Unable to create the default enrollment profile", "The service is down.")
	if after.Exists() {
		t.Error("there is a state of nothing")
	}
	after, diags = d.Plan(kind, state, config.With(tftest.Config{"profile_id": "p2"})).Apply()
	expect(t, diags.Errors(), "Unable to update the default enrollment profile")
	if after.Get("profile_id") != "p1" {
		t.Errorf("state says %v, which nobody has done", after.Get("profile_id"))
	}
	_, diags = d.PlanDestroy(state).Apply()
	expect(t, diags.Errors(), "Unable to delete the default enrollment profile")
}

func TestCreateIsNoErrorOnceTheDefaultIsSet(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.afterSet = func() { f.storeErr = errDown }
	state, diags := drive(t, f).Plan(kind, tftest.State{}, config).Apply()
	clean(t, diags)
	expect(t, diags.Warnings(), "next refresh")
	if state.Get("id") != "t1/ios" {
		t.Error("the default is not in state")
	}
}

func TestAProfileThatTheTokenDoesNotHaveIsRefusedAtPlan(t *testing.T) {
	t.Parallel()
	for _, service := range []enrollment.Kind{enrollment.Embedded, enrollment.Intune} {
		f := newFake()
		f.kind, f.missing = service, map[string]bool{"nope": true}
		d := drive(t, f)
		state, _ := apply(t, d, tftest.State{}, config)
		nope := config.With(tftest.Config{"profile_id": "nope"})
		for name, prior := range map[string]tftest.State{"create": {}, "change": state} {
			plan := d.Plan(kind, prior, nope)
			expect(t, plan.Diags.Errors(), "profile_id", `There is no enrollment profile "nope" in token "District"`, "asm_enrollment_policy")
			if warnings := plan.Diags.Warnings(); len(warnings) > 0 {
				t.Errorf("%s on %s: nothing is replaced, and it warns of %v", name, service, warnings)
			}
		}
		clean(t, d.Plan(kind, tftest.State{}, config.With(tftest.Config{"profile_id": tftest.Unknown})).Diags)
		clean(t, d.Plan(kind, tftest.State{}, nope.With(tftest.Config{"token_id": tftest.Unknown})).Diags)
		f.err = errDown
		clean(t, d.Plan(kind, tftest.State{}, config).Diags)
	}
}

func TestATokenThatThereIsNotIsRefusedAtPlan(t *testing.T) {
	t.Parallel()
	for _, service := range []enrollment.Kind{enrollment.Embedded, enrollment.Intune} {
		f := newFake()
		f.kind, f.missing = service, map[string]bool{"t1": true, "p1": true}
		expect(t, drive(t, f).Plan(kind, tftest.State{}, config).Diags.Errors(), "token_id", `There is no token "t1"`)
	}
}

func TestADefaultThatWasTakenAndDoesNotShowIsInState(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f)
	f.err = &enrollment.Error{Kind: enrollment.ErrNotShown, What: "It was taken and does not show"}
	state, diags := d.Plan(kind, tftest.State{}, config).Apply()
	clean(t, diags)
	expect(t, diags.Warnings(), "Unable to see the default enrollment profile", "does not show", "next refresh")
	if state.Get("id") != "t1/ios" || d.IdentityOf(state)["platform"] != "ios" {
		t.Errorf("state is %s", state.Value)
	}
	_, diags = d.Plan(kind, state, config.With(tftest.Config{"profile_id": "p2"})).Apply()
	expect(t, diags.Errors(), "Unable to update the default enrollment profile", "does not show")
}

func TestDestroyKeepsADefaultThatTheServiceCannotUnset(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.unset = enrollment.Unsupported(enrollment.Intune, "cannot unset a default profile", "Set another one.")
	d := drive(t, f)
	state, _ := apply(t, d, tftest.State{}, config)
	gone, diags := d.PlanDestroy(state).Apply()
	clean(t, diags)
	expect(t, diags.Warnings(), "Unable to unset", "p1 stays the default for ios")
	if gone.Exists() {
		t.Error("the default is still in state")
	}
	f.unset = errDown
	_, diags = d.PlanDestroy(state).Apply()
	expect(t, diags.Errors(), "Unable to delete the default enrollment profile")
}

func TestDestroyLeavesTheDefaultOfSomebodyElse(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f)
	state, _ := apply(t, d, tftest.State{}, config)
	f.defaults["t1/ios"] = "p9"
	_, diags := d.PlanDestroy(state).Apply()
	clean(t, diags)
	expect(t, diags.Warnings(), "p9")
	if f.defaults["t1/ios"] != "p9" {
		t.Error("somebody else's default was unset")
	}
	delete(f.defaults, "t1/ios")
	f.unset = errDown
	_, diags = d.PlanDestroy(state).Apply()
	if len(diags) > 0 {
		t.Errorf("a default that is unset already is not destroyed in silence: %v %v", diags.Errors(), diags.Warnings())
	}
	f.err = enrollment.NotFound("token", "t1")
	_, diags = d.PlanDestroy(state).Apply()
	clean(t, diags)
}

func TestImport(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.defaults["t1/tvos"] = "p1"
	d := drive(t, f)
	byIdentity, diags := d.ImportIdentity(kind, tftest.Config{"token_id": "t1", "platform": "tvos"})
	clean(t, diags)
	byID, diags := d.Import(kind, "t1/tvos")
	clean(t, diags)
	for _, state := range []tftest.State{byID, byIdentity} {
		if state.Get("id") != "t1/tvos" || state.Get("token_id") != "t1" || state.Get("platform") != "tvos" || state.Get("profile_id") != "p1" {
			t.Errorf("imported as %s", state.Value)
		}
		if plan := d.Plan(kind, state, config.With(tftest.Config{"platform": "tvos"})); !plan.Empty() {
			t.Errorf("a matching configuration changes %s", plan.Value)
		}
		f.store.ID = "store-2"
		_, diags = d.Refresh(state)
		expect(t, diags.Errors(), "store-1")
		f.store.ID = "store-1"
	}
	for _, id := range []string{"t1", "t1/", "/ios", "t1/watchos", "t1/ios/x", " t1/ios"} {
		_, diags := d.Import(kind, id)
		expect(t, diags.Errors(), "Unable to import the default enrollment profile", "TOKEN_ID/PLATFORM", "visionos")
	}
	nothing, diags := d.Import(kind, "t1/macos")
	clean(t, diags)
	if nothing.Exists() {
		t.Error("a default that is not set was imported")
	}
}

func TestWithoutAServiceNothingIsAsked(t *testing.T) {
	t.Parallel()
	state, _ := apply(t, drive(t, newFake()), tftest.State{}, config)
	d := driveWith(t, &tf.Runtime{NotReady: "embedded.store", Plans: tf.NewPlans()})
	state.Identity = nil
	after := refresh(t, d, state)
	if !after.Value.Equal(state.Value) || !d.Plan(kind, after, config).Empty() {
		t.Errorf("read as %s", after.Value)
	}
	_, diags := d.Import(kind, "t1/ios")
	expect(t, diags.Errors(), "Unable to import before the provider is configured")
}

func TestAnotherStoreIsNeverActedUpon(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f)
	state, _ := apply(t, d, tftest.State{}, config)
	changing, destroying := d.Plan(kind, state, config.With(tftest.Config{"profile_id": "p2"})), d.PlanDestroy(state)
	f.store.ID = "store-2"
	_, diags := d.Refresh(state)
	expect(t, diags.Errors(), "store-1")
	expect(t, d.Plan(kind, state, config).Diags.Errors(), "store-1")
	expect(t, d.PlanDestroy(state).Diags.Errors(), "store-1")
	for _, plan := range []tftest.Plan{changing, destroying} {
		_, diags := plan.ApplyAsPlanned()
		expect(t, diags.Errors(), "store-1")
	}
	if f.defaults["t1/ios"] != "p1" {
		t.Error("a foreign store was written to")
	}
}

func TestEveryAttributeIsDocumented(t *testing.T) {
	t.Parallel()
	docs := drive(t, newFake()).Descriptions(kind)
	for path, description := range docs {
		if len(description) < 10 {
			t.Errorf("%s is described as %q", path, description)
		}
	}
	for _, part := range []string{"later sync", "known already are not touched", "stays"} {
		if !strings.Contains(docs[kind], part) {
			t.Errorf("the documentation does not say %q", part)
		}
	}
}
