package policy_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

func TestRulesAreToldInThePlan(t *testing.T) {
	t.Parallel()
	_, key := newCertificate(t)
	one, _ := newCertificate(t)
	for name, c := range map[string]struct {
		config tftest.Config
		parts  []string
	}{
		"two kinds of use":        {tftest.Config{"user_affinity": true, "shared_ipad": tftest.Config{}}, []string{"shared_ipad", "More than one kind of use"}},
		"await with Shared iPad":  {tftest.Config{"await_device_configured": true, "shared_ipad": tftest.Config{}}, []string{"await_device_configured", "Shared iPad"}},
		"a key without a pane":    {tftest.Config{"skip_setup_items": []any{"Siri", "Zoom"}}, []string{"skip_setup_items", "Zoom", "asm_enrollment_profile"}},
		"a pane that is gone":     {tftest.Config{"skip_setup_items": []any{"Restore"}}, []string{"skip_setup_items", "taken the pane"}},
		"cached users of guests":  {tftest.Config{"shared_ipad": tftest.Config{"temporary_sessions_only": true, "maximum_cached_users": 3}}, []string{"shared_ipad", "maximum_cached_users"}},
		"a setting without one":   {tftest.Config{"settings": tftest.Config{"ade_wrap": "1"}}, []string{"settings.ade_wrap: ", `Did you mean "ade_warp"?`}},
		"an option without one":   {tftest.Config{"settings": tftest.Config{"ade_holodeck": "on"}}, []string{"settings", "ade_holodeck_1"}},
		"a number out of bounds":  {tftest.Config{"settings": tftest.Config{"ade_warp": "10"}}, []string{"settings", "0 to 9"}},
		"set twice":               {tftest.Config{"locked_enrollment": true, "settings": tftest.Config{"ade_lockedenrollment": "ade_lockedenrollment_1"}}, []string{"settings", "locked_enrollment sets the setting ade_lockedenrollment too"}},
		"a child without place":   {tftest.Config{"user_affinity": true, "settings": tftest.Config{"ade_maximumcachedusers": "5"}}, []string{"settings", "has no place"}},
		"Shared iPad on a Mac":    {tftest.Config{"platform": "macos", "shared_ipad": tftest.Config{}}, []string{"shared_ipad", "not for macos"}},
		"a department on a Mac":   {tftest.Config{"platform": "macos", "department": "IT"}, []string{"department", "no setting for it"}},
		"another platform":        {tftest.Config{"platform": "watchos"}, []string{"platform", "watchos"}},
		"a timeout of a day":      {tftest.Config{"shared_ipad": tftest.Config{"user_session_timeout": 86400}}, []string{"user_session_timeout", "14400"}},
		"no scope tags":           {tftest.Config{"scope_tag_ids": []any{}}, []string{"scope_tag_ids"}},
		"a key for a certificate": {tftest.Config{"configurator_certificates": []any{key}}, []string{"configurator_certificates", "keep the key to yourself"}},
		"two in one":              {tftest.Config{"configurator_certificates": []any{one + one}}, []string{"configurator_certificates", "more than one"}},
		"a name with a variable":  {tftest.Config{"device_name_template": "{{USER}}"}, []string{"device_name_template", "{{SERIAL}} and {{DEVICETYPE}}"}},
		"a token without one":     {tftest.Config{"token_id": "nope"}, []string{"token_id: ", `There is no token "nope"`, "asm_token"}},
		"a name template":         {tftest.Config{"device_name_template": strings.Repeat("x", 64)}, []string{"device_name_template", "63"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake()
			errs := drive(t, f.runtime()).Plan(kind, tftest.State{}, minimal(c.config)).Diags.Errors()
			expect(t, errs, c.parts...)
			if strings.Contains(strings.Join(errs, ""), "PRIVATE KEY") {
				t.Error("a key is quoted")
			}
		})
	}
}

func TestAKeyWithoutAPaneStandsAtItsElement(t *testing.T) {
	t.Parallel()
	d := drive(t, newFake().runtime())
	diags := d.Validate(kind, minimal(tftest.Config{"skip_setup_items": []any{"Siri", "Sirri"}}))
	want := []tftypes.AttributePathStep{tftypes.AttributeName("skip_setup_items"), tftypes.ElementKeyValue(tftypes.NewValue(tftypes.String, "Sirri"))}
	if len(diags) != 1 || !reflect.DeepEqual(diags[0].Attribute.Steps(), want) {
		t.Errorf("%v", diags.Errors())
	}
	expect(t, diags.Errors(), `Did you mean "Siri"?`)
}

// An element of a map is named by its key, or Terraform does not find it.
func TestABadSettingStandsAtItsKey(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f.runtime())
	planned := d.Plan(kind, tftest.State{}, minimal(tftest.Config{"settings": tftest.Config{"ade_wrap": "1"}})).Diags
	plan := d.Plan(kind, tftest.State{}, minimal(tftest.Config{"settings": tftest.Config{"ade_warp": "1"}}))
	f.templates[enrollment.IOS] = template(enrollment.IOS)
	_, created := plan.ApplyAsPlanned()
	for key, diags := range map[string]tftest.Diags{"ade_wrap": planned, "ade_warp": created} {
		if len(diags) != 1 || !reflect.DeepEqual(diags[0].Attribute.Steps(), []tftypes.AttributePathStep{tftypes.AttributeName("settings"), tftypes.ElementKeyString(key)}) {
			t.Errorf("%v", diags.Errors())
		}
	}
}

func TestRequiredSettingsWithoutADefaultAreToldForANewPolicy(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f.runtime())
	state, _ := apply(t, d, tftest.State{}, minimal(tftest.Config{"department": "IT"}))
	required := iosTemplate()
	required.Settings["ade_setupassistant_department"] = text("ade_setupassistant_department", "", 125)
	f.templates[enrollment.IOS] = required
	expect(t, d.Plan(kind, tftest.State{}, minimal(nil)).Diags.Errors(), "department", "no default")
	clean(t, d.Plan(kind, tftest.State{}, minimal(tftest.Config{"department": tftest.Unknown})).Diags)
	clean(t, d.Plan(kind, state, minimal(tftest.Config{"department": "IT", "locked_enrollment": true})).Diags)
}

func TestValuesKnownAfterApply(t *testing.T) {
	t.Parallel()
	one, _ := newCertificate(t)
	for name, c := range map[string]struct{ unknown, known tftest.Config }{
		"name":         {tftest.Config{"name": tftest.Unknown}, tftest.Config{"name": "Later"}},
		"token":        {tftest.Config{"token_id": tftest.Unknown}, tftest.Config{"token_id": "t1"}},
		"platform":     {tftest.Config{"platform": tftest.Unknown}, tftest.Config{"platform": "macos"}},
		"affinity":     {tftest.Config{"user_affinity": tftest.Unknown}, tftest.Config{"user_affinity": false}},
		"Shared iPad":  {tftest.Config{"shared_ipad": tftest.Unknown}, tftest.Config{"shared_ipad": tftest.Config{"maximum_cached_users": 4}}},
		"no one":       {tftest.Config{"shared_ipad": tftest.Unknown}, tftest.Config{}},
		"users":        {tftest.Config{"shared_ipad": tftest.Config{"maximum_cached_users": tftest.Unknown}}, tftest.Config{"shared_ipad": tftest.Config{"maximum_cached_users": 4}}},
		"keys":         {tftest.Config{"skip_setup_items": tftest.Unknown}, tftest.Config{"skip_setup_items": []any{"Siri"}}},
		"one key":      {tftest.Config{"skip_setup_items": []any{"Siri", tftest.Unknown}}, tftest.Config{"skip_setup_items": []any{"Siri", "TOS"}}},
		"settings":     {tftest.Config{"settings": tftest.Unknown}, tftest.Config{"settings": tftest.Config{"ade_warp": "3"}}},
		"a setting":    {tftest.Config{"settings": tftest.Config{"ade_warp": tftest.Unknown}}, tftest.Config{"settings": tftest.Config{"ade_warp": "3"}}},
		"certificates": {tftest.Config{"configurator_certificates": []any{tftest.Unknown}}, tftest.Config{"configurator_certificates": []any{one}}},
		"department":   {tftest.Config{"department": tftest.Unknown}, tftest.Config{"department": "IT"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake()
			d := drive(t, f.runtime())
			plan := d.Plan(kind, tftest.State{}, minimal(c.unknown))
			clean(t, plan.Diags)
			if bad := plan.Invalid(); bad != "" {
				t.Fatalf("core refuses this plan: %s", bad)
			}
			state, diags := plan.ApplyWith(minimal(c.known))
			clean(t, diags)
			empty(t, d, refresh(t, d, state), minimal(c.known))
			change := d.Plan(kind, state, minimal(c.unknown))
			clean(t, change.Diags)
			if _, ok := c.unknown["token_id"]; !ok && name != "name" && change.Get("defaulted_settings") != any(tftest.Unknown) {
				t.Errorf("a change that is not known yet is planned as %s", change.Value)
			}
		})
	}
}

func TestAChangeSaysHowManyDevicesHaveToEnrollAgain(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f.runtime())
	state, _ := apply(t, d, tftest.State{}, minimal(tftest.Config{"department": "IT", "shared_ipad": tftest.Config{"maximum_cached_users": 4}}))
	f.devices = []enrollment.Device{
		{SerialNumber: "A", ProfileID: "ECV2_t1_p1"},
		{SerialNumber: "B", ProfileID: "ECV2_t1_p1", NeedsReset: true},
		{SerialNumber: "C", ProfileID: "ECV2_t1_p1", ProfileStatus: enrollment.StatusPushed},
		{SerialNumber: "D", ProfileID: "ECV2_t1_p2"},
	}
	base := minimal(tftest.Config{"department": "IT", "shared_ipad": tftest.Config{"maximum_cached_users": 4}})
	for name, c := range map[string]struct {
		config tftest.Config
		says   []string // nil is silent
	}{
		"nothing":                    {base, nil},
		"a description":              {base.With(tftest.Config{"description": "x", "scope_tag_ids": []any{"3"}, "name": "y"}), nil},
		"a switch":                   {base.With(tftest.Config{"locked_enrollment": true}), []string{"reaches 3 devices, 2 of them after a factory reset", "(locked_enrollment)", "2 of them are already enrolled"}},
		"a department taken away":    {base.With(tftest.Config{"department": nil}), []string{"department (back to the default)"}},
		"cached users":               {base.With(tftest.Config{"shared_ipad": tftest.Config{"maximum_cached_users": 5}}), []string{"(shared_ipad.maximum_cached_users)"}},
		"Shared iPad taken away":     {base.With(tftest.Config{"shared_ipad": nil}), []string{"(shared_ipad (back to the default))"}},
		"a name template":            {base.With(tftest.Config{"device_name_template": "iPad-{{SERIAL}}"}), []string{"renames 3 devices", "needs no factory reset"}},
		"something that comes later": {base.With(tftest.Config{"department": tftest.Unknown}), []string{"(department)"}},
	} {
		plan := d.Plan(kind, state, c.config)
		clean(t, plan.Diags)
		if c.says == nil {
			if len(plan.Diags.Warnings()) > 0 {
				t.Errorf("%s: %v", name, plan.Diags.Warnings())
			}
			continue
		}
		expect(t, plan.Diags.Warnings(), c.says...)
	}
	f.devices = f.devices[:1]
	if w := d.Plan(kind, state, base.With(tftest.Config{"locked_enrollment": true})).Diags.Warnings(); len(w) != 1 || strings.Contains(w[0], "already enrolled") {
		t.Errorf("%v", w)
	}
	f.devices = nil
	if w := d.Plan(kind, state, base.With(tftest.Config{"locked_enrollment": true})).Diags.Warnings(); len(w) > 0 {
		t.Errorf("%v", w)
	}
	f.countErr = errDown
	plan := d.Plan(kind, state, base.With(tftest.Config{"locked_enrollment": true}))
	clean(t, plan.Diags)
	expect(t, plan.Diags.Warnings(), "Unable to count")
}

func TestDestroyingAPolicyInUseIsAWarningWithTheNumber(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f.runtime())
	state, _ := apply(t, d, tftest.State{}, minimal(nil))
	silent := func(plan tftest.Plan) {
		t.Helper()
		clean(t, plan.Diags)
		if w := plan.Diags.Warnings(); len(w) > 0 {
			t.Errorf("%v", w)
		}
	}
	silent(d.PlanDestroy(state))
	f.devices = []enrollment.Device{{SerialNumber: "A", ProfileID: "ECV2_t1_p1"}, {SerialNumber: "B", ProfileID: "ECV2_t1_p2"}}
	for _, plan := range []tftest.Plan{d.PlanDestroy(state), d.Plan(kind, state, minimal(tftest.Config{"token_id": tftest.Unknown}))} {
		clean(t, plan.Diags)
		expect(t, plan.Diags.Warnings(), "Destroying enrollment policy", "is refused while 1 device has it", "Intune cannot take a profile from a device")
	}
	f.countErr = errDown
	silent(d.PlanDestroy(state))
}

func TestATemplateThatCannotBeReadIsAnErrorOfAChangeOnly(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f.runtime())
	state, _ := apply(t, d, tftest.State{}, minimal(nil))
	f.templateErr = errDown
	empty(t, d, state, minimal(nil))
	expect(t, d.Plan(kind, state, minimal(tftest.Config{"name": "x"})).Diags.Errors(), "Unable to read the template of enrollment policies")
}

func TestAnotherSpellingIsNoChange(t *testing.T) {
	t.Parallel()
	one, _ := newCertificate(t)
	two, _ := newCertificate(t)
	f := newFake()
	d := drive(t, f.runtime())
	state, _ := apply(t, d, tftest.State{}, minimal(tftest.Config{"configurator_certificates": []any{one, two}}))
	other := minimal(tftest.Config{"configurator_certificates": []any{strings.ReplaceAll(two, "\n", "\r\n"), one}})
	empty(t, d, state, other)
	third, _ := newCertificate(t)
	if plan := d.Plan(kind, state, minimal(tftest.Config{"configurator_certificates": []any{one, third}})); plan.Empty() {
		t.Error("another certificate is no change")
	}
	// What the service has in another order stays as it is configured.
	k := f.policies["p1"]
	k.values["ade_appleconfiguratorcertificates"] = reversed(k.values["ade_appleconfiguratorcertificates"])
	empty(t, d, refresh(t, d, state), minimal(tftest.Config{"configurator_certificates": []any{one, two}}))
}

func TestCertificatesKnownAfterApplyStayUnknown(t *testing.T) {
	t.Parallel()
	one, _ := newCertificate(t)
	d := drive(t, newFake().runtime())
	state, _ := apply(t, d, tftest.State{}, minimal(tftest.Config{"configurator_certificates": []any{}}))
	plan := d.Plan(kind, state, minimal(tftest.Config{"configurator_certificates": tftest.Unknown}))
	clean(t, plan.Diags)
	if plan.Get("configurator_certificates") != any(tftest.Unknown) {
		t.Fatalf("planned as %v", plan.Get("configurator_certificates"))
	}
	_, diags := plan.ApplyWith(minimal(tftest.Config{"configurator_certificates": []any{one}}))
	clean(t, diags)
}

func TestSettingsKnownAfterApplyStayUnknown(t *testing.T) {
	t.Parallel()
	d := drive(t, newFake().runtime())
	state, _ := apply(t, d, tftest.State{}, minimal(tftest.Config{"settings": tftest.Config{}}))
	plan := d.Plan(kind, state, minimal(tftest.Config{"settings": tftest.Unknown}))
	clean(t, plan.Diags)
	if plan.Get("settings") != any(tftest.Unknown) {
		t.Fatalf("planned as %v", plan.Get("settings"))
	}
}

// Values that become known between validation and plan break a rule once.
func TestABrokenRuleIsToldOnce(t *testing.T) {
	t.Parallel()
	plan := drive(t, newFake().runtime()).PlanUnvalidated(kind, tftest.State{}, minimal(tftest.Config{"await_device_configured": true, "shared_ipad": tftest.Config{}}))
	expect(t, plan.Diags.Errors(), "await_device_configured", "Shared iPad does not wait")
}

// What an import brought is not configured: a setting that says it otherwise does
// not contradict it.
func TestASettingMayNameWhatAnImportBrought(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f.runtime())
	apply(t, d, tftest.State{}, minimal(tftest.Config{"locked_enrollment": false}))
	state, diags := d.Import(kind, "p1")
	clean(t, diags)
	apply(t, d, state, minimal(tftest.Config{"settings": tftest.Config{"ade_lockedenrollment": "ade_lockedenrollment_1"}}))
	if got := f.policies["p1"].values["ade_lockedenrollment"]; got != "ade_lockedenrollment_1" {
		t.Errorf("it became %s", got)
	}
}

func reversed(list string) string {
	parts := strings.Split(strings.Trim(list, "[]"), ",")
	slices.Reverse(parts)
	return "[" + strings.Join(parts, ",") + "]"
}

func TestOnlyWhatIsConfiguredIsSentAfterAnImport(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f.runtime())
	apply(t, d, tftest.State{}, minimal(tftest.Config{"department": "IT", "skip_setup_items": []any{"Siri"}, "settings": tftest.Config{"ade_warp": "7"}}))
	state, diags := d.Import(kind, "p1")
	clean(t, diags)
	_, plan := apply(t, d, state, minimal(tftest.Config{"locked_enrollment": false}))
	if got := plan.Get("defaulted_settings"); got == any(tftest.Unknown) {
		t.Error("what an import brought counts as taken away")
	}
	spec := f.updated[len(f.updated)-1]
	want := enrollment.PolicySpec{TokenID: "t1", Platform: enrollment.IOS, Name: "Classroom", LockedEnrollment: new(false)}
	if !reflect.DeepEqual(spec, want) {
		t.Errorf("sent %+v", spec)
	}
}

func TestEveryAttributeIsDescribed(t *testing.T) {
	t.Parallel()
	for name, description := range drive(t, newFake().runtime()).Descriptions(kind) {
		if len(description) < 15 || !strings.HasSuffix(description, ".") {
			t.Errorf("%s: %q", name, description)
		}
	}
}
