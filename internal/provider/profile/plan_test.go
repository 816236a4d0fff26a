package profile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

func onProfile(f *fake, id string, activated, fresh int) {
	for i := range activated + fresh {
		d := enrollment.Device{SerialNumber: id + string(rune('A'+i)), ProfileID: id, ProfileStatus: enrollment.StatusAssigned}
		if i < activated {
			d.ProfileStatus = enrollment.StatusPushed
		}
		f.devices = append(f.devices, d)
	}
}

func TestChangeOfWhatAppleKnowsSaysHowManyDevicesItReaches(t *testing.T) {
	t.Parallel()
	one, _ := newCertificate(t)
	for name, change := range map[string]tftest.Config{
		"name": {"name": "Other"}, "supervised": {"supervised": false}, "locked_enrollment": {"locked_enrollment": true},
		"shared_ipad": {"shared_ipad": tftest.Config{}}, "pairing.mode": {"pairing": tftest.Config{"mode": "deny"}},
		"pairing.configurator_certificates": {"pairing": tftest.Config{"mode": "certificate", "configurator_certificates": []any{one}}},
		"department":                        {"department": "IT"}, "department_phone": {"department_phone": "1"}, "skip_setup_items": {"skip_setup_items": []any{"Siri"}},
		"await_device_configured": {"await_device_configured": true}, "enrollment_url": {"enrollment_url": "https://mdm.example/other"},
		"configuration_web_url": {"configuration_web_url": "https://mdm.example/web"}, "support_email": {"support_email": "a@b.example"},
		"org_magic": {"org_magic": "m"}, "language": {"language": "de"}, "region": {"region": "CH"}, "anchor_certificates": {"anchor_certificates": []any{one}},
		"auto_advance": {"auto_advance": true}, "mandatory": {"mandatory": true}, "return_to_service": {"return_to_service": true},
		"do_not_use_profile_from_backup": {"do_not_use_profile_from_backup": true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake()
			d := drive(t, f.runtime())
			state, _, _ := apply(t, d, tftest.State{}, minimal(nil))
			onProfile(f, "p1", 2, 3)
			onProfile(f, "p9", 1, 1)
			plan := d.Plan(kind, state, minimal(change))
			clean(t, plan.Diags)
			expect(t, plan.Diags.Warnings(), "reaches 5 devices, 2 of them after a factory reset", name)
			if plan.Get("status") != any(tftest.Unknown) {
				t.Errorf("status is planned as %v", plan.Get("status"))
			}
			if _, ok := change["enrollment_url"]; !ok && plan.Get("enrollment_url") != "https://mdm.example/enroll" {
				t.Errorf("enrollment_url is planned as %v", plan.Get("enrollment_url"))
			}
			apply(t, d, state, minimal(change))
		})
	}
}

func TestAChangeThatReachesNobodyIsSilent(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f.runtime())
	state, plan, _ := apply(t, d, tftest.State{}, minimal(nil))
	silent(t, plan.Diags.Warnings())
	silent(t, d.Plan(kind, state, minimal(tftest.Config{"name": "Other"})).Diags.Warnings())
}

func TestAValueKnownAfterApplyCountsAsAChange(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f.runtime())
	state, _, _ := apply(t, d, tftest.State{}, minimal(nil))
	onProfile(f, "p1", 0, 1)
	for name, config := range map[string]tftest.Config{
		"department": {"department": tftest.Unknown}, "shared_ipad": {"shared_ipad": tftest.Unknown}, "pairing": {"pairing": tftest.Unknown},
		"skip_setup_items": {"skip_setup_items": tftest.Unknown}, "supervised": {"supervised": tftest.Unknown},
	} {
		plan := d.Plan(kind, state, minimal(config))
		clean(t, plan.Diags)
		if plan.Get("status") != any(tftest.Unknown) {
			t.Errorf("%s: status is planned as %v", name, plan.Get("status"))
		}
		if warnings := strings.Join(plan.Diags.Warnings(), "\n"); !strings.Contains(warnings, "reaches 1 device") {
			t.Errorf("%s: %s", name, warnings)
		}
	}
	plan := d.Plan(kind, state, minimal(tftest.Config{"shared_ipad": tftest.Unknown}))
	if plan.Get("user_affinity") != any(tftest.Unknown) {
		t.Errorf("user_affinity is planned as %v before it is known whether the iPad is shared", plan.Get("user_affinity"))
	}
	after, diags := plan.ApplyWith(minimal(tftest.Config{"shared_ipad": tftest.Config{}}))
	clean(t, diags)
	if after.Get("user_affinity") != true {
		t.Errorf("user_affinity became %v", after.Get("user_affinity"))
	}
}

func TestSharedIPadKnownAfterApplyMayBeTurnedOff(t *testing.T) {
	t.Parallel()
	d := drive(t, newFake().runtime())
	state, _, _ := apply(t, d, tftest.State{}, minimal(tftest.Config{"shared_ipad": tftest.Config{}}))
	plan := d.Plan(kind, state, minimal(tftest.Config{"shared_ipad": tftest.Unknown}))
	clean(t, plan.Diags)
	if plan.Get("status") != any(tftest.Unknown) {
		t.Errorf("status is planned as %v", plan.Get("status"))
	}
	_, diags := plan.ApplyWith(minimal(nil))
	clean(t, diags)
}

func TestCertificatesKnownAfterApplyStayUnknown(t *testing.T) {
	t.Parallel()
	one, _ := newCertificate(t)
	d := drive(t, newFake().runtime())
	state, _, _ := apply(t, d, tftest.State{}, minimal(tftest.Config{"anchor_certificates": []any{}}))
	plan := d.Plan(kind, state, minimal(tftest.Config{"anchor_certificates": tftest.Unknown}))
	clean(t, plan.Diags)
	if plan.Get("anchor_certificates") != any(tftest.Unknown) {
		t.Fatalf("planned as %v", plan.Get("anchor_certificates"))
	}
	_, diags := plan.ApplyWith(minimal(tftest.Config{"anchor_certificates": []any{one}}))
	clean(t, diags)
}

func TestUncountableDevicesDoNotStopThePlan(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f.runtime())
	state, _, _ := apply(t, d, tftest.State{}, minimal(nil))
	f.countErr = errDown
	plan := d.Plan(kind, state, minimal(tftest.Config{"name": "Other"}))
	clean(t, plan.Diags)
	expect(t, plan.Diags.Warnings(), "Unable to count")
}

func TestRecordedValuesAreWarnedAboutOnceWhenTheyAreNew(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f.runtime())
	config := minimal(tftest.Config{
		"description": "d", "user_affinity": true,
		"shared_ipad": tftest.Config{
			"maximum_cached_users": 6, "temporary_sessions_only": false, "user_session_timeout": 60,
			"temporary_session_timeout": 60, "passcode_lock_grace_period": 60,
		},
	})
	state, plan, _ := apply(t, d, tftest.State{}, config)
	expect(t, plan.Diags.Warnings(), "Recorded only", "description", "user_affinity", "maximum_cached_users", "temporary_sessions_only",
		"user_session_timeout", "temporary_session_timeout", "passcode_lock_grace_period", "touches no device")
	silent(t, d.Plan(kind, state, config).Diags.Warnings())
	onProfile(f, "p1", 1, 1)

	state, plan, _ = apply(t, d, state, config.With(tftest.Config{"description": "other"}))
	expect(t, plan.Diags.Warnings(), "Recorded only: description:")
	if plan.Get("status") != "current" || plan.Get("enrollment_url") != "https://mdm.example/enroll" {
		t.Errorf("a recorded value opens status %v and enrollment_url %v", plan.Get("status"), plan.Get("enrollment_url"))
	}
	plan = d.Plan(kind, state, config.With(tftest.Config{"description": "other", "name": "Other"}))
	expect(t, plan.Diags.Warnings(), "reaches 2 devices")
}

func TestWhatIsPlannedByItselfIsNotWarnedAbout(t *testing.T) {
	t.Parallel()
	d := drive(t, newFake().runtime())
	plan := d.Plan(kind, tftest.State{}, minimal(tftest.Config{"shared_ipad": tftest.Config{}}))
	clean(t, plan.Diags)
	silent(t, plan.Diags.Warnings())
	if plan.Get("user_affinity") != true {
		t.Errorf("user_affinity is planned as %v", plan.Get("user_affinity"))
	}
}

func TestStatusThatEndsWhilePlannedKnownIsEchoed(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f.runtime())
	state, _, _ := apply(t, d, tftest.State{}, minimal(tftest.Config{"description": "a"}))
	f.onUpdate = throttled
	after, diags := d.Plan(kind, state, minimal(tftest.Config{"description": "b"})).Apply()
	clean(t, diags)
	if got := refresh(t, d, after).Get("status"); got != "updating" {
		t.Errorf("the next refresh brings %v", got)
	}
}

func TestThrottledProfileIsLeftAloneUntilAppleTakesItsDevices(t *testing.T) {
	t.Parallel()
	f := newFake()
	rt := f.runtime()
	now := noon
	rt.Now = func() time.Time { return now }
	d := drive(t, rt)
	state, _, _ := apply(t, d, tftest.State{}, minimal(nil))
	f.change("p1", func(p *enrollment.Profile) {
		p.Status, p.ThrottledUntil = enrollment.ProfileUpdating, noon.Add(time.Hour)
	})
	state = refresh(t, d, state)

	plan := d.Plan(kind, state, minimal(nil))
	clean(t, plan.Diags)
	expect(t, plan.Diags.Warnings(), "2026-03-01T13:00:00Z", "Classroom")
	if !plan.Empty() {
		t.Errorf("planned %s", plan.Value)
	}
	if d.Plan(kind, state, minimal(tftest.Config{"name": "Other"})).Empty() {
		t.Error("another change has to wait too")
	}
	now = noon.Add(time.Hour)
	plan = d.Plan(kind, state, minimal(nil))
	silent(t, plan.Diags.Warnings())
	if plan.Empty() || plan.Get("status") != any(tftest.Unknown) {
		t.Error("the change does not go on after the cooldown")
	}
	apply(t, d, state, minimal(nil))
}

func TestPlanOfAnUnfinishedProfileThatCannotBeReadIsAnUpdate(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.onCreate = undefined
	d := drive(t, f.runtime())
	state, _ := d.Plan(kind, tftest.State{}, minimal(nil)).Apply()
	f.readErr = errDown
	plan := d.Plan(kind, state, minimal(nil))
	clean(t, plan.Diags)
	if plan.Empty() {
		t.Error("nothing is planned")
	}
}

func TestEnrollmentURLFollowsTheProvidersMDMURL(t *testing.T) {
	t.Parallel()
	f := newFake()
	rt := f.runtime()
	rt.MDMURL = "https://mdm.example/a"
	d := drive(t, rt)
	config := minimal(tftest.Config{"enrollment_url": nil})
	state, plan, _ := apply(t, d, tftest.State{}, config)
	if plan.Get("enrollment_url") != "https://mdm.example/a" || *f.profiles["p1"].EnrollmentURL != "https://mdm.example/a" {
		t.Errorf("planned %v", plan.Get("enrollment_url"))
	}
	onProfile(f, "p1", 0, 1)
	rt.MDMURL = "https://MDM.example:443/a"
	if !d.Plan(kind, state, config).Empty() {
		t.Error("another spelling is a change")
	}
	rt.MDMURL = ""
	if !d.Plan(kind, state, config).Empty() {
		t.Error("a missing mdm_url is a change")
	}
	rt.MDMURL = "https://mdm.example/b"
	_, plan, _ = apply(t, d, state, config)
	expect(t, plan.Diags.Warnings(), "reaches 1 device", "enrollment_url")
}

func TestEnrollmentURLThatWasThereIsKept(t *testing.T) {
	t.Parallel()
	f := newFake()
	rt := f.runtime()
	rt.MDMURL = "https://mdm.example/a"
	d := drive(t, rt)
	config := minimal(tftest.Config{"enrollment_url": nil})
	state, _, _ := apply(t, d, tftest.State{}, config)
	rt.MDMURL = ""
	plan := d.Plan(kind, state, config.With(tftest.Config{"name": "Other"}))
	clean(t, plan.Diags)
	if plan.Get("enrollment_url") != "https://mdm.example/a" {
		t.Errorf("a rename plans %v", plan.Get("enrollment_url"))
	}
}

func TestAProfileWithoutAnEnrollmentURLIsAnErrorAtPlan(t *testing.T) {
	t.Parallel()
	f := newFake()
	rt := f.runtime()
	d := drive(t, rt)
	config := minimal(tftest.Config{"enrollment_url": nil})
	expect(t, d.Plan(kind, tftest.State{}, config).Diags.Errors(), "enrollment_url: An enrollment URL is missing", "mdm_url")
	clean(t, d.Plan(kind, tftest.State{}, config.With(tftest.Config{"enrollment_url": tftest.Unknown})).Diags)
	rt.MDMURL = "https://mdm.example/a"
	clean(t, d.Plan(kind, tftest.State{}, config).Diags)
	f.kind, rt.MDMURL = enrollment.Intune, ""
	clean(t, d.Plan(kind, tftest.State{}, config).Diags)
	rt.Service = nil
	clean(t, d.Plan(kind, tftest.State{}, config).Diags)
}

// mdm_url comes from another resource, and is another when the plan is applied.
func TestEnrollmentURLIsOpenWhileTheProviderIsNotConfigured(t *testing.T) {
	t.Parallel()
	f := newFake()
	rt := f.runtime()
	rt.MDMURL = "https://old.example/enroll"
	d := drive(t, rt)
	config := minimal(tftest.Config{"enrollment_url": nil})
	state, _, _ := apply(t, d, tftest.State{}, config)
	rt.Service, rt.MDMURL = nil, ""
	config["name"] = "Other"
	plan := d.Plan(kind, state, config)
	rt.Service, rt.MDMURL = f, "https://new.example/enroll"
	state, diags := plan.ApplyWith(config) // the driver fails on an inconsistent plan
	clean(t, diags)
	if got := state.Get("enrollment_url"); got != "https://new.example/enroll" {
		t.Errorf("enrollment_url is %v", got)
	}
}

// The plan is applied after the cooldown that it was made in.
func TestStatusIsOpenWhereAnythingChangesDuringACooldown(t *testing.T) {
	t.Parallel()
	f := newFake()
	now := noon
	rt := f.runtime()
	rt.Now = func() time.Time { return now }
	d := drive(t, rt)
	state, _, _ := apply(t, d, tftest.State{}, minimal(nil))
	f.change("p1", func(p *enrollment.Profile) {
		p.Status, p.ThrottledUntil = enrollment.ProfileUpdating, now.Add(time.Hour)
	})
	state = refresh(t, d, state)
	if !d.Plan(kind, state, minimal(nil)).Empty() {
		t.Error("the plan during the cooldown is not empty")
	}
	config := minimal(tftest.Config{"description": "new"})
	plan := d.Plan(kind, state, config)
	now = now.Add(2 * time.Hour)
	_, diags := plan.ApplyWith(config) // the driver fails on an inconsistent plan
	clean(t, diags)
}

func TestAnotherSpellingIsNoChange(t *testing.T) {
	t.Parallel()
	one, _ := newCertificate(t)
	two, _ := newCertificate(t)
	f := newFake()
	d := drive(t, f.runtime())
	config := func(a, b, url string, keys ...any) tftest.Config {
		return minimal(tftest.Config{
			"anchor_certificates": []any{a, b}, "pairing": tftest.Config{"mode": "certificate", "configurator_certificates": []any{a, b}},
			"enrollment_url": url, "configuration_web_url": url, "skip_setup_items": keys,
		})
	}
	state, _, _ := apply(t, d, tftest.State{}, config(one, two, "https://mdm.example", "Siri", "Passcode"))
	plan := d.Plan(kind, state, config(crlf(two), "comment\n"+one+"\n", "HTTPS://MDM.example:443/", "Passcode", "Siri"))
	clean(t, plan.Diags)
	if bad := plan.Invalid(); bad != "" {
		t.Errorf("core refuses this plan: %s", bad)
	}
	if !plan.Empty() {
		t.Errorf("planned\n%s\nover\n%s", plan.Value, state.Value)
	}
	f.change("p1", func(p *enrollment.Profile) {
		p.AnchorCertificates = []string{crlf(two), crlf(one)}
		p.Pairing = &enrollment.Pairing{Mode: enrollment.PairingCertificate, ConfiguratorCertificates: []string{crlf(two), crlf(one)}}
		p.EnrollmentURL, p.ConfigurationWebURL = new("https://mdm.example/"), new("https://mdm.example:443")
		p.SkipSetupItems = []string{"Passcode", "Siri", "Siri"}
	})
	if after := refresh(t, d, state); !after.Value.Equal(state.Value) {
		t.Errorf("the service's spelling was read over the user's:\n%s\n%s", after.Value, state.Value)
	}
	three, _ := newCertificate(t)
	if d.Plan(kind, state, config(one, three, "https://mdm.example", "Siri", "Passcode")).Empty() {
		t.Error("another certificate is no change")
	}
	if d.Plan(kind, state, config(one, two, "https://mdm.example/Path", "Siri", "Passcode")).Empty() {
		t.Error("another path is no change")
	}
}
