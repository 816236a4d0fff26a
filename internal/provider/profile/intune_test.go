package profile_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

func TestIntuneLifecycle(t *testing.T) {
	t.Parallel()
	one, _ := newCertificate(t)
	f := newIntune()
	d := drive(t, f.runtime())
	config := withUsers(one)
	state, plan, _ := apply(t, d, tftest.State{}, config)
	silent(t, plan.Diags.Warnings()) // nothing is only recorded here
	if state.Get("id") != graphID || state.Get("status") != "current" || state.Get("enrollment_url") != nil {
		t.Errorf("created as %s", state.Value)
	}
	for range 5 {
		state = refresh(t, d, state)
		if plan := d.Plan(kind, state, config); !plan.Empty() || len(plan.Diags) > 0 {
			t.Fatalf("an unchanged plan changes or says something: %s %v", plan.Value, plan.Diags.Warnings())
		}
	}
	state, plan, _ = apply(t, d, state, config.With(tftest.Config{"name": "Renamed"}))
	if plan.Get("status") != "current" || plan.Get("id") != graphID || f.profiles[graphID].Name != "Renamed" {
		t.Errorf("a change in place is planned as %s", plan.Value)
	}
	gone, diags := d.PlanDestroy(state).Apply()
	clean(t, diags)
	if gone.Exists() || len(f.profiles) > 0 {
		t.Error("the profile was not destroyed")
	}
}

// intuneAttributes are those that Intune alone has: a value, another one, and
// how the request says that it is taken away.
var intuneAttributes = map[string]struct {
	beside       tftest.Config
	value, other any
	sent         func(enrollment.ProfileSpec) any
	gone         any
	drift        func(*enrollment.Profile)
	drifted      any
}{
	"require_company_portal": {
		value: true, other: false, gone: false, drifted: false,
		sent:  func(s enrollment.ProfileSpec) any { return held(s.RequireCompanyPortal) },
		drift: func(p *enrollment.Profile) { p.RequireCompanyPortal = new(false) },
	},
	"device_name_template": {
		value: "{{SERIAL}}", other: "iPad-{{SERIAL}}", gone: "", drifted: nil,
		sent:  func(s enrollment.ProfileSpec) any { return held(s.DeviceNameTemplate) },
		drift: func(p *enrollment.Profile) { p.DeviceNameTemplate = nil },
	},
	"company_portal_vpp_token_id": {
		beside: tftest.Config{"authentication": "company_portal"}, value: "vpp-1", other: "vpp-2", gone: "", drifted: "vpp-9",
		sent:  func(s enrollment.ProfileSpec) any { return held(s.CompanyPortalVPPTokenID) },
		drift: func(p *enrollment.Profile) { p.CompanyPortalVPPTokenID = new("vpp-9") },
	},
	"single_app_mode": {
		beside: tftest.Config{"authentication": "company_portal", "company_portal_vpp_token_id": "vpp-1"}, value: true, other: false, gone: false, drifted: false,
		sent:  func(s enrollment.ProfileSpec) any { return held(s.SingleAppMode) },
		drift: func(p *enrollment.Profile) { p.SingleAppMode = new(false) },
	},
	"shared_device_mode": {
		value: true, other: false, gone: false, drifted: false,
		sent:  func(s enrollment.ProfileSpec) any { return held(s.SharedDeviceMode) },
		drift: func(p *enrollment.Profile) { p.SharedDeviceMode = new(false) },
	},
	"carrier_activation_url": {
		value: "https://a.example", other: "http://b.example", gone: "", drifted: "https://c.example",
		sent:  func(s enrollment.ProfileSpec) any { return held(s.CarrierActivationURL) },
		drift: func(p *enrollment.Profile) { p.CarrierActivationURL = new("https://c.example") },
	},
	"enrollment_time_group_ids": {
		value: []any{groupID}, other: []any{groupID, group2ID}, gone: []any{}, drifted: []any{group2ID},
		sent:  func(s enrollment.ProfileSpec) any { return heldAll(s.EnrollmentTimeGroupIDs) },
		drift: func(p *enrollment.Profile) { p.EnrollmentTimeGroupIDs = []string{group2ID} },
	},
	"authentication": {
		beside: tftest.Config{"user_affinity": true}, value: "modern", other: "company_portal", gone: nil, drifted: "setup_assistant_legacy",
		sent:  func(s enrollment.ProfileSpec) any { return held((*string)(s.Authentication)) },
		drift: func(p *enrollment.Profile) { p.Authentication = new(enrollment.AuthenticationLegacy) },
	},
}

func held[T any](v *T) any {
	if v == nil {
		return nil
	}
	return *v
}

func heldAll(texts []string) any {
	if texts == nil {
		return nil
	}
	out := []any{}
	for _, text := range texts {
		out = append(out, text)
	}
	return out
}

func TestIntuneAttributesAreSetChangedAndTakenAway(t *testing.T) {
	t.Parallel()
	for name, c := range intuneAttributes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			with := func(v any) tftest.Config { return onIntune(c.beside).With(tftest.Config{name: v}) }
			f, d, state := driveIntune(t, with(c.value))
			if got := c.sent(f.created[0]); !reflect.DeepEqual(got, c.value) {
				t.Errorf("%v was sent as %v", c.value, got)
			}
			state, _, _ = apply(t, d, state, with(c.other))
			if got := c.sent(f.updated[0]); !reflect.DeepEqual(got, c.other) {
				t.Errorf("%v was sent as %v", c.other, got)
			}
			state, _, _ = apply(t, d, state, with(nil))
			if got := c.sent(f.updated[1]); !reflect.DeepEqual(got, c.gone) {
				t.Errorf("removing it was sent as %#v, want %#v", got, c.gone)
			}
			f.change(graphID, func(p *enrollment.Profile) { c.drift(p) })
			if state = refresh(t, d, state); state.Get(name) != nil {
				t.Errorf("%v was read into state, which does not manage it", state.Get(name))
			}
		})
	}
}

func TestIntuneAttributesChangedElsewhereAreSeenAndTakenBack(t *testing.T) {
	t.Parallel()
	for name, c := range intuneAttributes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := onIntune(c.beside).With(tftest.Config{name: c.value})
			f, d, state := driveIntune(t, config)
			f.change(graphID, c.drift)
			state = refresh(t, d, state)
			if got := state.Get(name); !reflect.DeepEqual(got, c.drifted) {
				t.Errorf("read as %#v, want %#v", got, c.drifted)
			}
			if d.Plan(kind, state, config).Empty() {
				t.Error("nothing is planned against it")
			}
			apply(t, d, state, config)
			if got := c.sent(f.updated[0]); !reflect.DeepEqual(got, c.value) {
				t.Errorf("%v was sent against it", got)
			}
		})
	}
}

func TestIntuneAttributesKnownAfterApply(t *testing.T) {
	t.Parallel()
	for name, c := range intuneAttributes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newIntune()
			d := drive(t, f.runtime())
			plan := d.Plan(kind, tftest.State{}, onIntune(c.beside).With(tftest.Config{name: tftest.Unknown}))
			clean(t, plan.Diags)
			if bad := plan.Invalid(); bad != "" {
				t.Fatalf("core refuses this plan: %s", bad)
			}
			state, diags := plan.ApplyWith(onIntune(c.beside).With(tftest.Config{name: c.value}))
			clean(t, diags)
			if got := state.Get(name); !reflect.DeepEqual(got, c.value) {
				t.Errorf("it became %v", got)
			}
			if again := d.Plan(kind, refresh(t, d, state), onIntune(c.beside).With(tftest.Config{name: c.value})); !again.Empty() {
				t.Errorf("the plan after it is not empty: %s", again.Value)
			}
		})
	}
}

func TestIntuneImport(t *testing.T) {
	t.Parallel()
	one, _ := newCertificate(t)
	shared := onIntune(tftest.Config{
		"shared_ipad":      tftest.Config{"maximum_cached_users": 6, "user_session_timeout": 300, "passcode_lock_grace_period": 60},
		"pairing":          tftest.Config{"mode": "deny"},
		"skip_setup_items": []any{"Zoom"},
	})
	for name, config := range map[string]tftest.Config{
		"minimal":                 onIntune(nil),
		"everything":              withUsers(one),
		"Shared iPad":             shared,
		"Shared iPad, no details": onIntune(tftest.Config{"shared_ipad": tftest.Config{}}),
		"guests":                  onIntune(tftest.Config{"shared_ipad": tftest.Config{"temporary_sessions_only": true, "temporary_session_timeout": 60}}),
		"shared device mode":      onIntune(tftest.Config{"shared_device_mode": true}),
		"modern authentication":   onIntune(tftest.Config{"authentication": "modern"}),
		"a user, nothing said":    onIntune(tftest.Config{"user_affinity": true}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, d, made := driveIntune(t, config)
			state, diags := d.Import(kind, graphID)
			clean(t, diags)
			if !state.Value.Equal(made.Value) {
				t.Errorf("imported as\n%s\nmade as\n%s", state.Value, made.Value)
			}
			if plan := d.Plan(kind, refresh(t, d, state), config); !plan.Empty() || len(plan.Diags) > 0 {
				t.Errorf("a matching configuration changes\n%s\nto\n%s %v", state.Value, plan.Value, plan.Diags)
			}
		})
	}
}

func TestIntuneImportTakesEverySpellingOfTheID(t *testing.T) {
	t.Parallel()
	f, d, _ := driveIntune(t, onIntune(nil))
	f.spellings = true
	for _, id := range []string{graphID, depToken + "/" + graphGUID, depToken + "/" + graphID, strings.ToUpper(graphID)} {
		state, diags := d.Import(kind, id)
		clean(t, diags)
		if state.Get("id") != graphID || state.Get("token_id") != depToken {
			t.Errorf("%s was imported as %s", id, state.Value)
		}
	}
	for _, identity := range []tftest.Config{{"id": graphID}, {"id": graphGUID, "token_id": depToken}} {
		state, diags := d.ImportIdentity(kind, identity)
		clean(t, diags)
		if got := d.IdentityOf(state); state.Get("id") != graphID || got["id"] != graphID || got["token_id"] != depToken {
			t.Errorf("%v was imported as %s, identity %v", identity, state.Value, got)
		}
	}
	for _, id := range []string{"nope", depToken + "/nope", graphGUID, "a/b/c"} {
		f.refs = nil
		_, diags := d.Import(kind, id)
		if len(f.refs) > 1 {
			t.Errorf("%s was looked for as %v", id, f.refs)
		}
		expect(t, diags.Errors(), "Unable to import the enrollment profile", "TOKEN_PROFILE", "TOKEN_ID/ID")
		for _, message := range diags.Errors() {
			if strings.Contains(message, "APPLE_UUID") {
				t.Errorf("Intune knows no UUID of Apple's: %s", message)
			}
		}
	}
}

func TestIntuneImportOfAnotherKindSaysWhatItIs(t *testing.T) {
	t.Parallel()
	f := newIntune()
	policy := "ECV2_" + graphID
	f.profiles[policy] = enrollment.Profile{ID: policy, OtherKind: "an enrollment policy", Recorded: true, ProfileSpec: enrollment.ProfileSpec{TokenID: depToken, Name: "Policy"}}
	f.profiles["mac"] = enrollment.Profile{ID: "mac", OtherKind: "a macOS enrollment profile", Recorded: true, ProfileSpec: enrollment.ProfileSpec{TokenID: depToken, Name: "Macs"}}
	d := drive(t, f.runtime())
	_, diags := d.Import(kind, policy)
	expect(t, diags.Errors(), "Policy", "is an enrollment policy", "Import it as asm_enrollment_policy")
	_, diags = d.Import(kind, "mac")
	expect(t, diags.Errors(), "Macs", "is a macOS enrollment profile", "asm_device_assignment")
}

func TestMandatoryIsPlannedAsIntuneNeedsIt(t *testing.T) {
	t.Parallel()
	f, d, state := driveIntune(t, onIntune(nil))
	if got := held(f.created[0].Mandatory); got != true {
		t.Errorf("without affinity %v was sent", got)
	}
	expect(t, d.Plan(kind, state, onIntune(tftest.Config{"mandatory": false})).Diags.Errors(), "mandatory", "isMandatory")
	// Beside affinity nobody demands anything, and what there is stays.
	state, plan, _ := apply(t, d, state, onIntune(tftest.Config{"user_affinity": true}))
	if plan.Get("mandatory") != true {
		t.Errorf("affinity changes mandatory to %v", plan.Get("mandatory"))
	}
	state, _, _ = apply(t, d, state, onIntune(tftest.Config{"user_affinity": true, "mandatory": false}))
	state, plan, _ = apply(t, d, state, onIntune(tftest.Config{"user_affinity": true}))
	if plan.Get("mandatory") != false {
		t.Errorf("removing it changes it to %v", plan.Get("mandatory"))
	}
	_, plan, _ = apply(t, d, state, onIntune(nil))
	if plan.Get("mandatory") != true {
		t.Errorf("without affinity it is planned as %v", plan.Get("mandatory"))
	}
}

func TestMandatoryIsOpenWhereItDependsOnWhatIsUnknown(t *testing.T) {
	t.Parallel()
	d := drive(t, newIntune().runtime())
	for name, config := range map[string]tftest.Config{
		"affinity": {"user_affinity": tftest.Unknown}, "Shared iPad": {"shared_ipad": tftest.Unknown}, "sign-in": {"authentication": tftest.Unknown},
		"affinity of a new profile": {"user_affinity": true},
	} {
		plan := d.Plan(kind, tftest.State{}, onIntune(config))
		clean(t, plan.Diags)
		if plan.Get("mandatory") != any(tftest.Unknown) {
			t.Errorf("%s: mandatory is planned as %v", name, plan.Get("mandatory"))
		}
	}
	if plan := d.Plan(kind, tftest.State{}, onIntune(nil)); plan.Get("mandatory") != true {
		t.Errorf("without affinity it is planned as %v", plan.Get("mandatory"))
	}
}

func TestAWayToSignInBringsUserAffinity(t *testing.T) {
	t.Parallel()
	f, d, state := driveIntune(t, onIntune(tftest.Config{"authentication": "modern"}))
	if state.Get("user_affinity") != true || held(f.created[0].UserAffinity) != true {
		t.Errorf("affinity is %v", state.Get("user_affinity"))
	}
	plan := d.Plan(kind, state, onIntune(tftest.Config{"authentication": tftest.Unknown}))
	clean(t, plan.Diags)
	if plan.Get("user_affinity") != any(tftest.Unknown) {
		t.Errorf("affinity is planned as %v before it is known whether anybody signs in", plan.Get("user_affinity"))
	}
	plan = d.Plan(kind, state, onIntune(tftest.Config{"authentication": tftest.Unknown, "shared_ipad": tftest.Config{}}))
	clean(t, plan.Diags)
	if plan.Get("user_affinity") != false {
		t.Errorf("on a Shared iPad affinity is planned as %v, whoever signs in", plan.Get("user_affinity"))
	}
	expect(t, d.Plan(kind, state, onIntune(tftest.Config{"authentication": "modern", "user_affinity": false})).Diags.Errors(), "authentication", "needs user affinity")
	expect(t, d.Plan(kind, state, onIntune(tftest.Config{"authentication": "modern", "shared_ipad": tftest.Config{}})).Diags.Errors(), "authentication", "needs user affinity")
}

// A line that is removed may not turn modern authentication into the old one.
func TestAWayToSignInIsTakenAwayOnlyWithTheUser(t *testing.T) {
	t.Parallel()
	f, d, state := driveIntune(t, onIntune(tftest.Config{"user_affinity": true, "authentication": "modern"}))
	kept, _, _ := apply(t, d, state, onIntune(tftest.Config{"user_affinity": true}))
	if sent := f.updated[0].Authentication; sent != nil || held(f.profiles[graphID].Authentication) != enrollment.AuthenticationModern {
		t.Errorf("removing it sent %v", held(sent))
	}
	state, _, _ = apply(t, d, kept, onIntune(tftest.Config{"user_affinity": true, "authentication": "modern"}))
	apply(t, d, state, onIntune(tftest.Config{"user_affinity": false}))
	if sent := f.updated[len(f.updated)-1].Authentication; held(sent) != enrollment.Authentication("") {
		t.Errorf("without a user %v was sent", held(sent))
	}
}

func TestGroupsInAnotherSpellingAreNoChange(t *testing.T) {
	t.Parallel()
	f, d, state := driveIntune(t, onIntune(tftest.Config{"enrollment_time_group_ids": []any{groupID}}))
	plan := d.Plan(kind, state, onIntune(tftest.Config{"enrollment_time_group_ids": []any{strings.ToUpper(groupID)}}))
	clean(t, plan.Diags)
	if bad := plan.Invalid(); bad != "" || !plan.Empty() {
		t.Errorf("planned %s (%s)", plan.Value, bad)
	}
	f.change(graphID, func(p *enrollment.Profile) { p.EnrollmentTimeGroupIDs = []string{strings.ToUpper(groupID)} })
	if after := refresh(t, d, state); !after.Value.Equal(state.Value) {
		t.Errorf("read as %s", after.Value)
	}
	plan = d.Plan(kind, state, onIntune(tftest.Config{"enrollment_time_group_ids": tftest.Unknown}))
	clean(t, plan.Diags)
	if plan.Get("enrollment_time_group_ids") != any(tftest.Unknown) {
		t.Errorf("planned as %v", plan.Get("enrollment_time_group_ids"))
	}
}

func TestTheProvidersMDMURLIsNothingToIntune(t *testing.T) {
	t.Parallel()
	f := newIntune()
	rt := f.runtime()
	rt.MDMURL = "https://mdm.example/enroll"
	d := drive(t, rt)
	state, plan, _ := apply(t, d, tftest.State{}, onIntune(nil))
	if plan.Get("enrollment_url") != nil || f.created[0].EnrollmentURL != nil {
		t.Errorf("planned %v", plan.Get("enrollment_url"))
	}
	if plan := d.Plan(kind, state, onIntune(tftest.Config{"name": "Other"})); plan.Get("enrollment_url") != nil {
		t.Errorf("a change plans %v", plan.Get("enrollment_url"))
	}
}

func TestUpdateOfAProfileThatIntuneRefusesKeepsTheState(t *testing.T) {
	t.Parallel()
	f, d, state := driveIntune(t, onIntune(nil))
	f.onUpdate = func(*enrollment.ProfileResult) error {
		return &enrollment.Error{Kind: enrollment.ErrInvalid, Field: "department", What: "Graph refused it"}
	}
	after, diags := d.Plan(kind, state, onIntune(tftest.Config{"department": "IT"})).Apply()
	expect(t, diags.Errors(), "department", "Unable to update the enrollment profile")
	if after.Get("department") != nil {
		t.Error("state says what nobody has done")
	}
}

func TestDeleteOnIntuneNamesWaysThatIntuneHas(t *testing.T) {
	t.Parallel()
	f, d, state := driveIntune(t, onIntune(nil))
	f.change(graphID, func(p *enrollment.Profile) { p.DeviceCount, p.IsDefaultFor = 12, []enrollment.Platform{enrollment.IOS} })
	_, diags := d.PlanDestroy(state).Apply()
	expect(t, diags.Errors(), "12 devices", "default profile for ios", "Intune cannot take a profile from a device", "create_before_destroy")
	if strings.Contains(diags.Errors()[0], "take this one from them") {
		t.Errorf("Intune cannot do that: %s", diags.Errors()[0])
	}
	// Reading one profile does not count devices: the refusal itself has their number.
	f.change(graphID, func(p *enrollment.Profile) { p.DeviceCount = enrollment.DeviceCountUnknown })
	_, diags = d.PlanDestroy(state).Apply()
	expect(t, diags.Errors(), "Unable to delete the enrollment profile", "In use")
	// A default may not show yet: then too the refusal knows better.
	f.change(graphID, func(p *enrollment.Profile) { p.DeviceCount, p.IsDefaultFor = 0, nil })
	f.inUse = true
	_, diags = d.PlanDestroy(state).Apply()
	expect(t, diags.Errors(), "Unable to delete the enrollment profile", "In use")
}

func TestRefusedClassicProfileShowsThePolicyInstead(t *testing.T) {
	t.Parallel()
	f := newIntune()
	f.onCreate = func(r *enrollment.ProfileResult) error {
		*r = enrollment.ProfileResult{}
		return &enrollment.Error{Kind: enrollment.ErrClassicRefused, What: "Intune made no classic profile \"Classroom\"", Do: "Use an enrollment policy."}
	}
	state, diags := drive(t, f.runtime()).Plan(kind, tftest.State{}, onIntune(tftest.Config{"pairing": tftest.Config{"mode": "deny"}})).Apply()
	expect(t, diags.Errors(), "Unable to create the enrollment profile", "Intune made no classic profile", "\n  resource \"asm_enrollment_policy\" \"classroom\" {\n", "\n    # * pairing.mode", "profile_id")
	if state.Exists() {
		t.Error("there is a state of nothing")
	}
}

func TestWithoutAServiceIntunesRulesHoldWhereOnlyIntuneIsMeant(t *testing.T) {
	t.Parallel()
	d := drive(t, &tf.Runtime{NotReady: "intune.client_id", Plans: tf.NewPlans()})
	expect(t, d.Validate(kind, onIntune(tftest.Config{"device_name_template": strings.Repeat("x", 64)})).Errors(), "device_name_template", "at most 63")
	expect(t, d.Validate(kind, onIntune(tftest.Config{"enrollment_url": "https://mdm.example", "shared_ipad": tftest.Config{}, "user_affinity": false})).Errors(), "user_affinity", "Apple School Manager")
	clean(t, d.Validate(kind, onIntune(tftest.Config{"shared_ipad": tftest.Config{"user_session_timeout": 5}})))
	clean(t, d.Validate(kind, onIntune(tftest.Config{"shared_ipad": tftest.Config{}, "user_affinity": false})))
	plan := d.Plan(kind, tftest.State{}, onIntune(tftest.Config{"authentication": "modern"}))
	clean(t, plan.Diags)
	for _, name := range []string{"user_affinity", "mandatory"} {
		if plan.Get(name) != any(tftest.Unknown) {
			t.Errorf("%s is planned as %v before there is a service to ask", name, plan.Get(name))
		}
	}
}

func TestListOfProfilesOnIntuneCountsTheDevices(t *testing.T) {
	t.Parallel()
	f, d, _ := driveIntune(t, onIntune(nil))
	other := depToken + "_" + groupID
	f.profiles[other] = enrollment.Profile{ID: other, DeviceCount: 7, Recorded: true, ProfileSpec: enrollment.ProfileSpec{TokenID: depToken, Name: "Counted already"}}
	f.change(graphID, func(p *enrollment.Profile) { p.DeviceCount = enrollment.DeviceCountUnknown })
	onProfile(f, graphID, 2, 3)
	onProfile(f, graphGUID, 1, 0) // as a device may spell it
	onProfile(f, other, 1, 0)
	onProfile(f, "", 0, 1)
	counts := func() []any {
		state, diags := d.ReadData(listKind, tftest.Config{"token_id": depToken})
		clean(t, diags)
		var out []any
		for _, p := range state.Get("profiles").([]any) {
			out = append(out, p.(map[string]any)["device_count"])
		}
		return out
	}
	if got := counts(); !reflect.DeepEqual(got, []any{int64(6), int64(7)}) {
		t.Errorf("counted %v", got)
	}
	f.countErr = errDown
	_, diags := d.ReadData(listKind, tftest.Config{"token_id": depToken})
	expect(t, diags.Errors(), "Unable to list the enrollment profiles")
	f.change(graphID, func(p *enrollment.Profile) { p.DeviceCount = 6 }) // then nobody has to be asked
	if got := counts(); !reflect.DeepEqual(got, []any{int64(6), int64(7)}) {
		t.Errorf("told %v", got)
	}
}

// What a state says is nobody's mistake in the configuration.
func TestWithoutAServiceOnlyTheConfigurationIsJudged(t *testing.T) {
	t.Parallel()
	f := newFake()
	rt := f.runtime()
	d := drive(t, rt)
	config := minimal(tftest.Config{"shared_ipad": tftest.Config{}})
	state, _, _ := apply(t, d, tftest.State{}, config)
	f.change("p1", func(p *enrollment.Profile) { p.UserAffinity = new(false) })
	state = refresh(t, d, state)
	rt.Service = nil
	clean(t, d.Plan(kind, state, config).Diags)
}
