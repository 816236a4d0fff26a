package policy_test

import (
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

func full(certificate string) tftest.Config {
	return minimal(tftest.Config{
		"platform": "ios", "description": "Grade 7", "user_affinity": false, "locked_enrollment": false, "shared_device_mode": false, "await_device_configured": false,
		"device_name_template": "iPad-{{SERIAL}}", "carrier_activation_url": "https://carrier.example", "department": "IT", "department_phone": "1",
		"configurator_certificates": []any{certificate}, "skip_setup_items": []any{"Siri", "TOS"}, "scope_tag_ids": []any{"0", "7"},
		"settings": tftest.Config{"ade_holodeck": "ade_holodeck_1", "ade_warp": "07", "ade_list": `[ "a" ]`}, "timeouts": tftest.Config{"create": "20m", "update": "40m"},
	})
}

func TestLifecycle(t *testing.T) {
	t.Parallel()
	certificate, _ := newCertificate(t)
	f := newFake()
	d := drive(t, f.runtime())
	state, plan := apply(t, d, tftest.State{}, full(certificate))
	if plan.Get("id") != any(tftest.Unknown) || plan.Get("profile_id") != any(tftest.Unknown) || plan.Get("defaulted_settings") != any(tftest.Unknown) {
		t.Errorf("planned as %s", plan.Value)
	}
	if state.Get("id") != "p1" || state.Get("profile_id") != "ECV2_t1_p1" || len(state.Get("defaulted_settings").([]any)) > 0 {
		t.Errorf("created as %s", state.Value)
	}
	if got, want := state.Get("settings"), map[string]any{"ade_holodeck": "ade_holodeck_1", "ade_warp": "07", "ade_list": `[ "a" ]`}; !reflect.DeepEqual(got, want) {
		t.Errorf("settings are spelled %v", got)
	}
	if f.deadline < 19*time.Minute || f.deadline > 20*time.Minute {
		t.Errorf("the service was given %s", f.deadline)
	}
	if got, want := d.IdentityOf(state), map[string]any{"token_id": "t1", "id": "p1"}; !reflect.DeepEqual(got, want) {
		t.Errorf("identity %v", got)
	}
	for range 5 {
		reads := f.templateReads
		state = refresh(t, d, state)
		if plan := d.Plan(kind, state, full(certificate)); !plan.Empty() || len(plan.Diags) > 0 || f.templateReads != reads {
			t.Fatalf("an unchanged plan changes, says or reads something: %s %v", plan.Value, plan.Diags.Warnings())
		}
	}
	state, plan = apply(t, d, state, full(certificate).With(tftest.Config{"name": "Renamed", "locked_enrollment": true}))
	if len(plan.Replaces) > 0 || plan.Get("id") != "p1" || plan.Get("profile_id") != "ECV2_t1_p1" || plan.Get("defaulted_settings") == any(tftest.Unknown) {
		t.Errorf("a change is planned as %s, replacing %v", plan.Value, plan.Replaces)
	}
	if k := f.policies["p1"]; k.name != "Renamed" || k.values["ade_lockedenrollment"] != "ade_lockedenrollment_1" {
		t.Errorf("%+v", k)
	}
	if f.deadline < 39*time.Minute || f.deadline > 40*time.Minute {
		t.Errorf("the service was given %s", f.deadline)
	}
	gone, diags := d.PlanDestroy(state).Apply()
	clean(t, diags)
	if gone.Exists() || len(f.policies) > 0 {
		t.Error("the policy was not destroyed")
	}
}

func TestEveryKindOfUseIsAppliedToAnEmptyPlan(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config tftest.Config
		want   string // user affinity
	}{
		"nothing said":       {nil, "_1"},
		"affinity":           {tftest.Config{"user_affinity": true, "await_device_configured": true}, "_1"},
		"userless":           {tftest.Config{"user_affinity": false, "await_device_configured": false}, "_0"},
		"shared device mode": {tftest.Config{"shared_device_mode": true, "await_device_configured": false}, "_2"},
		"Shared iPad":        {tftest.Config{"shared_ipad": tftest.Config{}}, "_3"},
		"Shared iPad, full":  {tftest.Config{"user_affinity": false, "shared_ipad": tftest.Config{"maximum_cached_users": 6, "user_session_timeout": 60, "passcode_lock_grace_period": 5, "temporary_sessions_only": false}}, "_3"},
		"guests":             {tftest.Config{"shared_ipad": tftest.Config{"temporary_sessions_only": true, "temporary_session_timeout": 60}}, "_3"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake()
			d := drive(t, f.runtime())
			state, _ := apply(t, d, tftest.State{}, minimal(c.config))
			if got := f.policies["p1"].values["ade_useraffinity"]; got != "ade_useraffinity"+c.want {
				t.Errorf("it became %s", got)
			}
			for attribute, want := range c.config {
				if object, ok := want.(tftest.Config); ok {
					for member, v := range object {
						if n, isInt := v.(int); isInt {
							v = int64(n)
						}
						if got := state.Get(attribute).(map[string]any)[member]; got != v {
							t.Errorf("%s.%s is %v", attribute, member, got)
						}
					}
					continue
				}
				if state.Get(attribute) != want {
					t.Errorf("%s is %v", attribute, state.Get(attribute))
				}
			}
		})
	}
}

func TestMacsAndTheirAbsentModes(t *testing.T) {
	t.Parallel()
	f := newFake()
	apply(t, drive(t, f.runtime()), tftest.State{}, minimal(tftest.Config{"platform": "macos", "user_affinity": false, "shared_device_mode": false, "await_device_configured": false}))
	if v := f.policies["p1"].values; v["ade_macos_useraffinity"] != "ade_macos_useraffinity_0" || v["ade_macos_awaitconfiguration"] != "ade_macos_awaitconfiguration_0" {
		t.Errorf("%v", v)
	}
}

// Only what is managed shows, so that a change of one setting by somebody else is
// drift of that one.
func TestDrift(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config tftest.Config
		edit   map[string]string
		drifts []string
	}{
		"a managed switch":       {tftest.Config{"locked_enrollment": true}, map[string]string{"ade_lockedenrollment": "ade_lockedenrollment_0"}, []string{"locked_enrollment"}},
		"an unmanaged switch":    {nil, map[string]string{"ade_lockedenrollment": "ade_lockedenrollment_0"}, nil},
		"a managed pane":         {tftest.Config{"skip_setup_items": []any{"Siri"}}, map[string]string{"ade_setupassistant_siri": "ade_setupassistant_siri_1"}, []string{"skip_setup_items"}},
		"an unmanaged pane":      {nil, map[string]string{"ade_setupassistant_siri": "ade_setupassistant_siri_1"}, nil},
		"a managed setting":      {tftest.Config{"settings": tftest.Config{"ade_warp": "7"}}, map[string]string{"ade_warp": "8"}, []string{"settings"}},
		"an unmanaged setting":   {tftest.Config{"settings": tftest.Config{"ade_warp": "7"}}, map[string]string{"ade_holodeck": "ade_holodeck_1"}, nil},
		"a name template":        {tftest.Config{"device_name_template": "x"}, map[string]string{"ade_devicenametemplatechoices": "ade_devicenametemplatechoices_0"}, []string{"device_name_template"}},
		"no name template":       {tftest.Config{"device_name_template": ""}, map[string]string{"ade_appledevicenametemplate": "x"}, []string{"device_name_template"}},
		"a department":           {tftest.Config{"department": "IT"}, map[string]string{"ade_setupassistant_department": "HR"}, []string{"department"}},
		"cached users":           {tftest.Config{"shared_ipad": tftest.Config{"maximum_cached_users": 5}}, map[string]string{"ade_maximumcachedusers": "9"}, []string{"shared_ipad"}},
		"unmanaged cached users": {tftest.Config{"shared_ipad": tftest.Config{}}, map[string]string{"ade_maximumcachedusers": "9"}, nil},
		"userless to Shared iPad": {
			tftest.Config{"user_affinity": false}, map[string]string{"ade_useraffinity": "ade_useraffinity_3"}, []string{"shared_ipad"},
		},
		"userless to shared mode": {
			tftest.Config{"user_affinity": false}, map[string]string{"ade_useraffinity": "ade_useraffinity_2"}, []string{"shared_device_mode"},
		},
		"affinity to shared mode":   {tftest.Config{"user_affinity": true}, map[string]string{"ade_useraffinity": "ade_useraffinity_2"}, []string{"user_affinity"}},
		"unmanaged, to Shared iPad": {nil, map[string]string{"ade_useraffinity": "ade_useraffinity_3"}, nil},
		"userless to affinity":      {tftest.Config{"user_affinity": false}, map[string]string{"ade_useraffinity": "ade_useraffinity_1"}, []string{"user_affinity"}},
		"affinity to userless":      {tftest.Config{"user_affinity": true}, map[string]string{"ade_useraffinity": "ade_useraffinity_0"}, []string{"user_affinity"}},
		"Shared iPad to nobody":     {tftest.Config{"shared_ipad": tftest.Config{}}, map[string]string{"ade_useraffinity": "ade_useraffinity_0"}, []string{"shared_ipad"}},
		"the wait": {
			tftest.Config{"await_device_configured": true}, map[string]string{"ade_modernauth_awaitfinalconfiguration": "ade_modernauth_awaitfinalconfiguration_0"}, []string{"await_device_configured"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake()
			d := drive(t, f.runtime())
			config := minimal(c.config)
			before, _ := apply(t, d, tftest.State{}, config)
			was := f.policies["p1"].values
			f.edit("p1", c.edit)
			after := refresh(t, d, before)
			var drifts []string
			for attribute := range d.Descriptions(kind) {
				attribute, ok := strings.CutPrefix(attribute, kind+".")
				if !ok || strings.Contains(attribute, ".") || attribute == "defaulted_settings" {
					continue
				}
				if !reflect.DeepEqual(before.Get(attribute), after.Get(attribute)) {
					drifts = append(drifts, attribute)
				}
			}
			if !reflect.DeepEqual(drifts, c.drifts) {
				t.Errorf("drift of %v, want %v", drifts, c.drifts)
			}
			if len(c.drifts) == 0 {
				empty(t, d, after, config)
				return
			}
			apply(t, d, after, config)
			for id := range c.edit {
				if got := f.policies["p1"].values[id]; got != was[id] {
					t.Errorf("%s was repaired to %q, not %q", id, got, was[id])
				}
			}
		})
	}
}

func TestWhatConfigurationLeavesOutGoesBackToTheDefault(t *testing.T) {
	t.Parallel()
	certificate, _ := newCertificate(t)
	f := newFake()
	d := drive(t, f.runtime())
	state, _ := apply(t, d, tftest.State{}, full(certificate))
	apply(t, d, state, minimal(nil))
	fresh := newFake()
	apply(t, drive(t, fresh.runtime()), tftest.State{}, minimal(nil))
	if got, want := f.policies["p1"], fresh.policies["p1"]; !reflect.DeepEqual(got, want) {
		t.Errorf("it has %v\nand a new one has %v", got, want)
	}
	state, _ = apply(t, d, tftest.State{}, minimal(tftest.Config{"shared_ipad": tftest.Config{"maximum_cached_users": 5, "user_session_timeout": 60}}))
	state, _ = apply(t, d, state, minimal(tftest.Config{"shared_ipad": tftest.Config{"user_session_timeout": 60}}))
	if got := f.policies["p2"].values["ade_maximumcachedusers"]; got != "10" {
		t.Errorf("cached users became %s", got)
	}
	state, _ = apply(t, d, state, minimal(tftest.Config{"settings": tftest.Config{"ade_warp": "7"}}))
	if got := f.policies["p2"].values["ade_useraffinity"]; got != "ade_useraffinity_1" {
		t.Errorf("without shared_ipad it became %s", got)
	}
	apply(t, d, state, minimal(tftest.Config{"settings": tftest.Config{}}))
	if got := f.policies["p2"].values["ade_warp"]; got != "5" {
		t.Errorf("a setting that is named no more became %s", got)
	}
}

func TestDefaultedSettingsAreTold(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f.runtime())
	state, _ := apply(t, d, tftest.State{}, minimal(tftest.Config{"settings": tftest.Config{"ade_warp": "5"}}))
	if got := state.Get("defaulted_settings"); !reflect.DeepEqual(got, []any{"ade_holodeck"}) {
		t.Errorf("told of %v", got)
	}
	f.edit("p1", map[string]string{"ade_holodeck": "ade_holodeck_1"})
	state = refresh(t, d, state)
	if got := state.Get("defaulted_settings").([]any); len(got) > 0 {
		t.Errorf("told of %v", got)
	}
	empty(t, d, state, minimal(tftest.Config{"settings": tftest.Config{"ade_warp": "5"}}))
}

// They are planned as open exactly when a change may alter them: else every plan
// would show two differences for one.
func TestDefaultedSettingsAreOpenWhenTheyMayChange(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f.runtime())
	state, _ := apply(t, d, tftest.State{}, minimal(nil))
	same := state.Get("defaulted_settings")
	state, plan := apply(t, d, state, minimal(tftest.Config{"locked_enrollment": false}))
	if got := plan.Get("defaulted_settings"); !reflect.DeepEqual(got, same) {
		t.Errorf("planned as %v", got)
	}
	state, plan = apply(t, d, state, minimal(tftest.Config{"locked_enrollment": false, "settings": tftest.Config{"ade_warp": "5"}}))
	if got := plan.Get("defaulted_settings"); got != any(tftest.Unknown) {
		t.Errorf("planned as %v", got)
	}
	more := iosTemplate()
	more.Settings["ade_replicator"] = choice("ade_replicator", 0, 0, 1)
	f.templates[enrollment.IOS] = more
	empty(t, d, state, minimal(tftest.Config{"locked_enrollment": false, "settings": tftest.Config{"ade_warp": "5"}}))
	state, plan = apply(t, d, state, minimal(tftest.Config{"locked_enrollment": true, "settings": tftest.Config{"ade_warp": "5"}}))
	if got := plan.Get("defaulted_settings"); got != any(tftest.Unknown) || !reflect.DeepEqual(state.Get("defaulted_settings"), []any{"ade_holodeck", "ade_replicator"}) {
		t.Errorf("planned as %v, and became %v", got, state.Get("defaulted_settings"))
	}
	// What the template gained between plan and apply shows with the next refresh.
	plan = d.Plan(kind, state, minimal(tftest.Config{"department": "IT", "settings": tftest.Config{"ade_warp": "5"}}))
	clean(t, plan.Diags)
	evenMore := iosTemplate()
	evenMore.Settings["ade_tricorder"] = choice("ade_tricorder", 0, 0, 1)
	f.templates[enrollment.IOS] = evenMore
	state, diags := plan.ApplyAsPlanned()
	clean(t, diags)
	if got := refresh(t, d, state).Get("defaulted_settings"); !reflect.DeepEqual(got, []any{"ade_holodeck", "ade_tricorder"}) {
		t.Errorf("it became %v", got)
	}
	f.readErr = errDown
	plan = d.Plan(kind, state, minimal(tftest.Config{"department": "HR"}))
	clean(t, plan.Diags)
	if plan.Get("defaulted_settings") != any(tftest.Unknown) {
		t.Errorf("planned as %v", plan.Get("defaulted_settings"))
	}
}

func TestAnotherTokenOrPlatformIsAnotherPolicy(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.tokens["t2"] = enrollment.Token{ID: "t2", Status: enrollment.Active}
	d := drive(t, f.runtime())
	state, _ := apply(t, d, tftest.State{}, minimal(nil))
	for _, change := range []tftest.Config{{"token_id": "t2"}, {"platform": "macos"}} {
		plan := d.Plan(kind, state, minimal(change))
		clean(t, plan.Diags)
		if len(plan.Replaces) != 1 || plan.Get("defaulted_settings") != any(tftest.Unknown) {
			t.Errorf("%v replaces %v", change, plan.Replaces)
		}
	}
}

func TestCreateIsNoErrorOnceThePolicyExists(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prepare func(*fake)
		want    string
	}{
		"an error after it": {func(f *fake) { f.onCreate = func() error { return errDown } }, "next refresh reads it"},
		"store unreadable":  {func(f *fake) { f.onCreate = func() error { f.storeErr = errDown; return nil } }, "next refresh makes up"},
	} {
		f := newFake()
		c.prepare(f)
		state, diags := drive(t, f.runtime()).Plan(kind, tftest.State{}, minimal(nil)).Apply()
		clean(t, diags)
		expect(t, diags.Warnings(), c.want)
		if state.Get("id") != "p1" {
			t.Errorf("%s: the policy is not in state", name)
		}
	}
}

func TestErrorsStandWhereTheyBelong(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f.runtime())
	plan := d.Plan(kind, tftest.State{}, minimal(tftest.Config{"settings": tftest.Config{"ade_warp": "7"}}))
	clean(t, plan.Diags)
	tpl := iosTemplate()
	delete(tpl.Settings, "ade_warp")
	f.templates[enrollment.IOS] = tpl
	_, diags := plan.ApplyAsPlanned()
	expect(t, diags.Errors(), `settings`, "ade_warp", "Unable to create the enrollment policy")

	f.templates[enrollment.IOS] = iosTemplate()
	state, _ := apply(t, d, tftest.State{}, minimal(tftest.Config{"locked_enrollment": false}))
	f.updateErr = &enrollment.Error{Kind: enrollment.ErrInvalid, Field: "department", What: "Refused"}
	after, diags := d.Plan(kind, state, minimal(tftest.Config{"locked_enrollment": true})).Apply()
	expect(t, diags.Errors(), "department", "Unable to update the enrollment policy", "Refused.")
	if after.Get("locked_enrollment") != false {
		t.Error("what was refused is in state")
	}
	f.deleteErr = &enrollment.Error{Kind: enrollment.ErrInUse, What: "Enrollment policy \"Classroom\" is on 3 devices", Do: "Give them another."}
	_, diags = d.PlanDestroy(state).Apply()
	expect(t, diags.Errors(), "Unable to delete", "3 devices", "Give them another.")
	f.readErr = errDown
	_, diags = d.Refresh(state)
	expect(t, diags.Errors(), "Unable to read the enrollment policy", "The service is down.")
	f.readErr, f.deleteErr = nil, nil
	f.policies = map[string]kept{}
	if gone := refresh(t, d, state); gone.Exists() {
		t.Error("what is gone stays in state")
	}
	_, diags = d.PlanDestroy(state).Apply()
	clean(t, diags)
}

func TestStateOfAnotherTenantIsLeftAlone(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f.runtime())
	state, _ := apply(t, d, tftest.State{}, minimal(nil))
	f.store.ID = "tenant-2"
	_, diags := d.Refresh(state)
	expect(t, diags.Errors(), "tenant-1")
	expect(t, d.Plan(kind, state, minimal(tftest.Config{"name": "x"})).Diags.Errors(), "Nothing was changed")
	_, diags = d.Destroy(state)
	expect(t, diags.Errors(), "Nothing was changed")
	if len(f.policies) != 1 {
		t.Error("it was deleted")
	}
}

func TestImport(t *testing.T) {
	t.Parallel()
	certificate, _ := newCertificate(t)
	configs := map[string]tftest.Config{
		"everything":  full(certificate).With(tftest.Config{"timeouts": nil}),
		"little":      minimal(tftest.Config{"locked_enrollment": true}),
		"defaults":    minimal(tftest.Config{"user_affinity": true, "locked_enrollment": true, "scope_tag_ids": []any{"0"}}),
		"Shared iPad": minimal(tftest.Config{"shared_ipad": tftest.Config{"maximum_cached_users": 6}}),
		"shared mode": minimal(tftest.Config{"shared_device_mode": true}),
	}
	ids := []string{"p1", "ECV2_t1_p1", "t1/p1"}
	for name, config := range configs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake()
			d := drive(t, f.runtime())
			apply(t, d, tftest.State{}, config)
			state, diags := d.Import(kind, ids[len(name)%len(ids)])
			clean(t, diags)
			if state.Get("id") != "p1" || state.Get("token_id") != "t1" || state.Get("platform") != "ios" {
				t.Errorf("imported as %s", state.Value)
			}
			empty(t, d, state, config)
			state = refresh(t, d, state)
			empty(t, d, state, config)
			// A later change is that change only, and the next plan is empty.
			want := maps.Clone(f.policies["p1"].values)
			want["ade_setupassistant_department"] = "HR"
			state, _ = apply(t, d, state, config.With(tftest.Config{"department": "HR"}))
			if got := f.policies["p1"].values; !maps.Equal(got, want) {
				t.Errorf("the change made %v, want %v", got, want)
			}
			empty(t, d, state, config.With(tftest.Config{"department": "HR"}))
		})
	}
}

func TestAnImportReadsWhatIsNotTheDefault(t *testing.T) {
	t.Parallel()
	certificate, _ := newCertificate(t)
	f := newFake()
	d := drive(t, f.runtime())
	apply(t, d, tftest.State{}, full(certificate))
	state, diags := d.ImportIdentity(kind, tftest.Config{"id": "p1"})
	clean(t, diags)
	for attribute, want := range map[string]any{
		"user_affinity": false, "locked_enrollment": false, "shared_device_mode": false, "shared_ipad": nil, "await_device_configured": false, "department": "IT",
		"settings": map[string]any{"ade_holodeck": "ade_holodeck_1", "ade_warp": "7", "ade_list": `["a"]`}, "defaulted_settings": []any(nil),
		"skip_setup_items": []any{"Siri", "TOS"}, "scope_tag_ids": []any{"0", "7"},
	} {
		if got := state.Get(attribute); !reflect.DeepEqual(got, want) {
			t.Errorf("%s is imported as %v", attribute, got)
		}
	}
	f.edit("p1", map[string]string{"ade_holodeck": "ade_holodeck_0"})
	state, diags = d.Import(kind, "p1")
	clean(t, diags)
	if _, there := state.Get("settings").(map[string]any)["ade_holodeck"]; there {
		t.Error("a setting with the default is imported")
	}
}

// Naming a setting brings up the choice above it. Whoever named the choice too
// and whoever did not find nothing to do after an import.
func TestAnImportLeavesOutTheChoiceAboveANamedSetting(t *testing.T) {
	t.Parallel()
	f := newFake()
	for _, more := range []enrollment.PolicySetting{choice("ade_bridge", 0, 0, 1), below(text("ade_captain", "Kirk", 0), "ade_bridge_1")} {
		f.templates[enrollment.IOS].Settings[more.ID] = more
	}
	d := drive(t, f.runtime())
	without := minimal(tftest.Config{"settings": tftest.Config{"ade_captain": "Sulu"}})
	with := minimal(tftest.Config{"settings": tftest.Config{"ade_captain": "Sulu", "ade_bridge": "ade_bridge_1"}})
	apply(t, d, tftest.State{}, without)
	state, diags := d.Import(kind, "p1")
	clean(t, diags)
	if got := state.Get("settings"); !reflect.DeepEqual(got, map[string]any{"ade_captain": "Sulu"}) {
		t.Errorf("settings are imported as %v", got)
	}
	for _, config := range []tftest.Config{without, with} {
		empty(t, d, refresh(t, d, state), config)
	}
	for name, settings := range map[string]tftest.Config{
		"another option":     {"ade_captain": "Sulu", "ade_bridge": "ade_bridge_0"},
		"another value":      {"ade_captain": "Uhura", "ade_bridge": "ade_bridge_1"},
		"more":               {"ade_captain": "Sulu", "ade_bridge": "ade_bridge_1", "ade_warp": "7"},
		"the choice alone":   {"ade_bridge": "ade_bridge_1"},
		"nothing of the two": {"ade_warp": "5"},
	} {
		if plan := d.Plan(kind, state, minimal(tftest.Config{"settings": settings})); plan.Empty() {
			t.Errorf("%s is no change", name)
		}
	}
}

// After an import, what is configured about the use of devices stands against
// what the import brought.
func TestAnImportedUseGivesWayToAConfiguredOne(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		was, config tftest.Config
		want        string
		gone        []string
	}{
		"Shared iPad to userless":    {tftest.Config{"shared_ipad": tftest.Config{"maximum_cached_users": 6}}, tftest.Config{"user_affinity": false}, "_0", []string{"shared_ipad"}},
		"shared mode to userless":    {tftest.Config{"shared_device_mode": true}, tftest.Config{"user_affinity": false}, "_0", []string{"shared_device_mode"}},
		"shared mode to Shared iPad": {tftest.Config{"shared_device_mode": true}, tftest.Config{"shared_ipad": tftest.Config{}}, "_3", []string{"shared_device_mode", "await_device_configured"}},
		"affinity to Shared iPad":    {tftest.Config{"user_affinity": true}, tftest.Config{"shared_ipad": tftest.Config{}}, "_3", []string{"user_affinity", "await_device_configured"}},
		"affinity to shared mode":    {tftest.Config{"user_affinity": true}, tftest.Config{"shared_device_mode": true}, "_2", []string{"user_affinity"}},
		"Shared iPad to shared mode": {tftest.Config{"shared_ipad": tftest.Config{}}, tftest.Config{"shared_device_mode": true}, "_2", []string{"shared_ipad"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake()
			d := drive(t, f.runtime())
			apply(t, d, tftest.State{}, minimal(c.was))
			state, diags := d.Import(kind, "p1")
			clean(t, diags)
			state, plan := apply(t, d, state, minimal(c.config))
			if got := f.policies["p1"].values["ade_useraffinity"]; got != "ade_useraffinity"+c.want {
				t.Errorf("it became %s", got)
			}
			for _, attribute := range c.gone {
				if plan.Get(attribute) != nil || state.Get(attribute) != nil {
					t.Errorf("%s is planned as %v, and became %v", attribute, plan.Get(attribute), state.Get(attribute))
				}
			}
			if state.Get("locked_enrollment") != true {
				t.Error("what has nothing to do with it is gone from state")
			}
		})
	}
}

func TestWhatIsConfiguredAfterAnImportIsManaged(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f.runtime())
	apply(t, d, tftest.State{}, minimal(tftest.Config{"locked_enrollment": false, "department": "IT"}))
	state, diags := d.Import(kind, "p1")
	clean(t, diags)
	state, _ = apply(t, d, state, minimal(tftest.Config{"locked_enrollment": true, "department": "IT"}))
	apply(t, d, state, minimal(tftest.Config{"locked_enrollment": true}))
	if _, there := f.policies["p1"].values["ade_setupassistant_department"]; there {
		t.Error("a department that was configured and is no more stays")
	}
}

func TestImportErrors(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f.runtime())
	apply(t, d, tftest.State{}, minimal(nil))
	for id, want := range map[string]string{"a/b/c": "ECV2_{token}_{policy}", "p1/ p1": "not an id that can be imported", "t9/p1": `under token "t9"`, "p9": "There is no enrollment policy"} {
		_, diags := d.Import(kind, id)
		expect(t, diags.Errors(), want, "Unable to import the enrollment policy")
	}
	rt := f.runtime()
	rt.Service, rt.NotReady = nil, "intune.tenant_id"
	_, diags := drive(t, rt).Import(kind, "p1")
	expect(t, diags.Errors(), "before the provider is configured")
}

func TestTheEmbeddedServiceHasNoPolicies(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.kind, f.store.Kind = enrollment.Embedded, enrollment.Embedded
	plan := drive(t, f.runtime()).Plan(kind, tftest.State{}, minimal(nil))
	expect(t, plan.Diags.Errors(), "Enrollment policies are Intune's", "asm_enrollment_profile")
	if f.templateReads > 0 {
		t.Error("it was asked for a template")
	}
}

func TestATokenWithoutItsServerTokenIsTold(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.tokens["t1"] = enrollment.Token{ID: "t1", TokenSpec: enrollment.TokenSpec{Name: "District"}, Status: enrollment.AwaitingServerToken}
	plan := drive(t, f.runtime()).Plan(kind, tftest.State{}, minimal(nil))
	if len(plan.Diags.Errors()) != 1 || !strings.Contains(plan.Diags.Errors()[0], "District") {
		t.Error(plan.Diags.Errors())
	}
}

func TestBeforeTheProviderIsConfigured(t *testing.T) {
	t.Parallel()
	f := newFake()
	state, _ := apply(t, drive(t, f.runtime()), tftest.State{}, minimal(nil))
	rt := f.runtime()
	rt.Service, rt.NotReady = nil, "intune.tenant_id"
	d := drive(t, rt)
	if after := refresh(t, d, state); !after.Value.Equal(state.Value) {
		t.Error("state changed without a service")
	}
	plan := d.Plan(kind, tftest.State{}, minimal(tftest.Config{"skip_setup_items": []any{"Zoom"}}))
	expect(t, plan.Diags.Errors(), "skip_setup_items", "Zoom")
	clean(t, d.Plan(kind, state, minimal(tftest.Config{"name": "x"})).Diags)
}
