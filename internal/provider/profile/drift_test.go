package profile_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

func TestChangesMadeElsewhereAreSeenAndTakenBack(t *testing.T) {
	t.Parallel()
	one, _ := newCertificate(t)
	two, _ := newCertificate(t)
	for name, c := range map[string]struct {
		attribute string
		edit      func(*enrollment.Profile)
		want      any
	}{
		"name":         {"name", func(p *enrollment.Profile) { p.Name = "Other" }, "Other"},
		"description":  {"description", func(p *enrollment.Profile) { p.Description = new("x") }, "x"},
		"affinity":     {"user_affinity", func(p *enrollment.Profile) { p.UserAffinity = new(false) }, false},
		"supervised":   {"supervised", func(p *enrollment.Profile) { p.Supervised = false }, false},
		"locked":       {"locked_enrollment", func(p *enrollment.Profile) { p.LockedEnrollment = false }, false},
		"not shared":   {"shared_ipad", func(p *enrollment.Profile) { p.SharedIPad = nil }, nil},
		"pairing gone": {"pairing", func(p *enrollment.Profile) { p.Pairing = nil }, nil},
		"pairing":      {"pairing", func(p *enrollment.Profile) { p.Pairing = &enrollment.Pairing{Mode: enrollment.PairingDeny} }, map[string]any{"mode": "deny", "configurator_certificates": nil}},
		"department":   {"department", func(p *enrollment.Profile) { p.Department = nil }, nil},
		"phone":        {"department_phone", func(p *enrollment.Profile) { p.DepartmentPhone = new("2") }, "2"},
		"skip keys":    {"skip_setup_items", func(p *enrollment.Profile) { p.SkipSetupItems = []string{"Siri"} }, []any{"Siri"}},
		"no skip keys": {"skip_setup_items", func(p *enrollment.Profile) { p.SkipSetupItems = nil }, nil},
		"await":        {"await_device_configured", func(p *enrollment.Profile) { p.AwaitDeviceConfigured = new(false) }, false},
		"url":          {"enrollment_url", func(p *enrollment.Profile) { p.EnrollmentURL = new("https://other.example") }, "https://other.example"},
		"web url":      {"configuration_web_url", func(p *enrollment.Profile) { p.ConfigurationWebURL = nil }, nil},
		"e-mail":       {"support_email", func(p *enrollment.Profile) { p.SupportEmail = new("x@y.example") }, "x@y.example"},
		"magic":        {"org_magic", func(p *enrollment.Profile) { p.OrgMagic = new("n") }, "n"},
		"language":     {"language", func(p *enrollment.Profile) { p.Language = new("fr") }, "fr"},
		"region":       {"region", func(p *enrollment.Profile) { p.Region = new("FR") }, "FR"},
		"anchors":      {"anchor_certificates", func(p *enrollment.Profile) { p.AnchorCertificates = []string{one} }, []any{one}},
		"auto advance": {"auto_advance", func(p *enrollment.Profile) { p.AutoAdvance = new(true) }, true},
		"mandatory":    {"mandatory", func(p *enrollment.Profile) { p.Mandatory = nil }, nil},
		"return":       {"return_to_service", func(p *enrollment.Profile) { p.ReturnToService = new(false) }, false},
		"backup":       {"do_not_use_profile_from_backup", func(p *enrollment.Profile) { p.DoNotUseProfileFromBackup = new(true) }, true},
		"moving":       {"status", func(p *enrollment.Profile) { p.Status = enrollment.ProfileUpdating }, "updating"},
		"inside shared": {"shared_ipad", func(p *enrollment.Profile) {
			p.SharedIPad = &enrollment.SharedIPad{MaximumCachedUsers: new(int64(9)), UserSessionTimeout: new(int64(300)), PasscodeLockGracePeriod: new(int64(60)), TemporarySessionTimeout: new(int64(30))}
		}, map[string]any{"maximum_cached_users": int64(9), "temporary_sessions_only": false, "user_session_timeout": int64(300), "temporary_session_timeout": nil, "passcode_lock_grace_period": int64(60)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake()
			d := drive(t, f.runtime())
			state, _, _ := apply(t, d, tftest.State{}, full(one, two))
			f.change("p1", c.edit)
			state = refresh(t, d, state)
			if got := state.Get(c.attribute); !reflect.DeepEqual(got, c.want) {
				t.Errorf("%s was read as %#v, want %#v", c.attribute, got, c.want)
			}
			if d.Plan(kind, state, full(one, two)).Empty() {
				t.Error("nothing is planned against it")
			}
			apply(t, d, state, full(one, two))
		})
	}
}

func TestSharedIPadTurnedOnElsewhereIsSeen(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f.runtime())
	state, _, _ := apply(t, d, tftest.State{}, minimal(nil))
	f.change("p1", func(p *enrollment.Profile) { p.SharedIPad = &enrollment.SharedIPad{MaximumCachedUsers: new(int64(4))} })
	state = refresh(t, d, state)
	shared, ok := state.Get("shared_ipad").(map[string]any)
	if !ok || shared["maximum_cached_users"] != int64(4) {
		t.Fatalf("read as %v", state.Get("shared_ipad"))
	}
	apply(t, d, state, minimal(nil))
	if f.profiles["p1"].SharedIPad != nil {
		t.Error("the iPad is still shared")
	}
}

// Affinity that somebody else records against the rule is taken back, and is
// nobody's mistake in the configuration.
func TestAffinityChangedElsewhereIsNotTheConfigurationsFault(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f.runtime())
	config := minimal(tftest.Config{"shared_ipad": tftest.Config{}})
	state, _, _ := apply(t, d, tftest.State{}, config)
	f.change("p1", func(p *enrollment.Profile) { p.UserAffinity = new(false) })
	state = refresh(t, d, state)
	plan := d.Plan(kind, state, config)
	clean(t, plan.Diags)
	if plan.Get("user_affinity") != true {
		t.Errorf("user_affinity is planned as %v", plan.Get("user_affinity"))
	}
}

func TestWhatTerraformDoesNotManageIsNeverRead(t *testing.T) {
	t.Parallel()
	one, _ := newCertificate(t)
	f := newFake()
	d := drive(t, f.runtime())
	state, _, _ := apply(t, d, tftest.State{}, minimal(nil))
	f.change("p1", func(p *enrollment.Profile) { everything(p, one) })
	after := refresh(t, d, state)
	for _, name := range []string{
		"description", "pairing", "department", "department_phone", "skip_setup_items", "await_device_configured", "configuration_web_url", "support_email",
		"org_magic", "language", "region", "anchor_certificates", "auto_advance", "mandatory", "return_to_service", "do_not_use_profile_from_backup",
	} {
		if got := after.Get(name); got != nil {
			t.Errorf("%s was read as %v", name, got)
		}
	}
	if !d.Plan(kind, after, minimal(nil)).Empty() {
		t.Error("something is planned")
	}
}

// everything gives a profile a value wherever a minimal one has none.
func everything(p *enrollment.Profile, certificate string) {
	p.Description, p.Department, p.DepartmentPhone = new("d"), new("IT"), new("1")
	p.Pairing = &enrollment.Pairing{Mode: enrollment.PairingCertificate, ConfiguratorCertificates: []string{certificate}}
	p.SkipSetupItems, p.AnchorCertificates = []string{"Siri"}, []string{certificate}
	p.AwaitDeviceConfigured, p.AutoAdvance, p.Mandatory, p.ReturnToService, p.DoNotUseProfileFromBackup = new(true), new(true), new(true), new(true), new(true)
	p.ConfigurationWebURL, p.SupportEmail, p.OrgMagic, p.Language, p.Region = new("https://mdm.example/w"), new("a@b.example"), new("m"), new("de"), new("CH")
}

func TestEmptyAndNothingAreTheSameWhereAppleSaysNothing(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f.runtime())
	config := minimal(tftest.Config{
		"description": "", "skip_setup_items": []any{}, "anchor_certificates": []any{}, "mandatory": false, "auto_advance": false,
		"pairing": tftest.Config{"mode": "allow", "configurator_certificates": []any{}}, "shared_ipad": tftest.Config{"temporary_sessions_only": false},
	})
	state, _, _ := apply(t, d, tftest.State{}, config)
	f.change("p1", func(p *enrollment.Profile) {
		p.Description, p.SkipSetupItems, p.AnchorCertificates, p.Mandatory, p.AutoAdvance = nil, nil, nil, nil, nil
		p.Pairing, p.SharedIPad = &enrollment.Pairing{Mode: enrollment.PairingAllow}, &enrollment.SharedIPad{}
	})
	if after := refresh(t, d, state); !after.Value.Equal(state.Value) {
		t.Errorf("read as\n%s\nover\n%s", after.Value, state.Value)
	}
}

func TestNoCertificatesAreNoneHoweverTheServiceSaysIt(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f.runtime())
	config := minimal(tftest.Config{"pairing": tftest.Config{"mode": "allow"}})
	state, _, _ := apply(t, d, tftest.State{}, config)
	f.change("p1", func(p *enrollment.Profile) { p.Pairing.ConfiguratorCertificates = []string{} })
	if after := refresh(t, d, state); !after.Value.Equal(state.Value) {
		t.Errorf("read as %s", after.Value)
	}
}

func TestEmptySkipSetIsSentAndNullIsNot(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f.runtime())
	apply(t, d, tftest.State{}, minimal(tftest.Config{"skip_setup_items": []any{}}))
	apply(t, d, tftest.State{}, minimal(nil))
	if got := f.created[0].SkipSetupItems; got == nil || len(got) != 0 {
		t.Errorf("an empty set was sent as %#v", got)
	}
	if got := f.created[1].SkipSetupItems; got != nil {
		t.Errorf("nothing was sent as %#v", got)
	}
}

func TestWithoutAServiceReadKeepsThePriorState(t *testing.T) {
	t.Parallel()
	f := newFake()
	state, _, _ := apply(t, drive(t, f.runtime()), tftest.State{}, minimal(nil))
	d := drive(t, &tf.Runtime{NotReady: "embedded.store", Plans: tf.NewPlans()})
	state.Identity = nil
	after := refresh(t, d, state)
	if !after.Value.Equal(state.Value) {
		t.Errorf("read as %s", after.Value)
	}
	if !d.Plan(kind, after, minimal(nil)).Empty() {
		t.Error("an unchanged plan changes something")
	}
	clean(t, d.PlanDestroy(after).Diags)
	_, diags := d.Import(kind, "p1")
	expect(t, diags.Errors(), "Unable to import before the provider is configured")
	_, diags = d.ReadData(listKind, tftest.Config{"token_id": "t1"})
	expect(t, diags.Errors(), "embedded.store", "depends_on")
}

func TestImport(t *testing.T) {
	t.Parallel()
	dashed := strings.ToLower(uuid[:8] + "-" + uuid[8:12] + "-" + uuid[12:16] + "-" + uuid[16:20] + "-" + uuid[20:])
	for name, c := range map[string]struct{ id, want string }{
		"by id":                         {"p1", "p1"},
		"by token and id":               {"t1/p1", "p1"},
		"by Apple's UUID":               {"t1/" + uuid, uuid},
		"by Apple's UUID in lower case": {"t1/" + strings.ToLower(uuid), uuid},
		"by Apple's UUID with dashes":   {"t1/" + dashed, uuid},
		"id that looks like Apple's":    {"t1/6ba7b810-9dad-11d1-80b4-00c04fd430c8", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := importable()
			d := drive(t, f.runtime())
			state, diags := d.Import(kind, c.id)
			clean(t, diags)
			if state.Get("id") != c.want || state.Get("token_id") != "t1" || state.Get("status") != "current" {
				t.Fatalf("imported as %s", state.Value)
			}
			if got := d.IdentityOf(state); got["id"] != c.want || got["token_id"] != "t1" {
				t.Errorf("identity %v", got)
			}
			state = refresh(t, d, state)
			plan := d.Plan(kind, state, tftest.Config{"token_id": "t1", "name": "Known", "enrollment_url": "https://mdm.example/enroll"})
			clean(t, plan.Diags)
			if !plan.Empty() {
				t.Errorf("a matching configuration changes\n%s\nto\n%s", state.Value, plan.Value)
			}
		})
	}
}

func importable() *fake {
	f := newFake()
	for id, recorded := range map[string]bool{"p1": true, uuid: false, "6ba7b810-9dad-11d1-80b4-00c04fd430c8": true} {
		f.profiles[id] = enrollment.Profile{ID: id, Recorded: recorded, ProfileSpec: enrollment.ProfileSpec{
			TokenID: "t1", Name: "Known", Supervised: true, EnrollmentURL: new("https://mdm.example/enroll"),
		}}
	}
	return f
}

func TestImportReadsEverythingAndMatchesTheSameConfiguration(t *testing.T) {
	t.Parallel()
	one, _ := newCertificate(t)
	two, _ := newCertificate(t)
	f := newFake()
	d := drive(t, f.runtime())
	config := full(one, two).With(tftest.Config{"timeouts": nil})
	made, _, _ := apply(t, d, tftest.State{}, config)
	state, diags := d.Import(kind, "p1")
	clean(t, diags)
	if !state.Value.Equal(made.Value) {
		t.Errorf("imported as\n%s\nmade as\n%s", state.Value, made.Value)
	}
	plan := d.Plan(kind, state, config.With(tftest.Config{"anchor_certificates": []any{crlf(one), crlf(two)}}))
	clean(t, plan.Diags)
	if !plan.Empty() {
		t.Errorf("a matching configuration changes\n%s\nto\n%s", state.Value, plan.Value)
	}
}

func TestImportByIdentity(t *testing.T) {
	t.Parallel()
	d := drive(t, importable().runtime())
	for _, identity := range []tftest.Config{{"id": "p1"}, {"id": "p1", "token_id": "t1"}, {"id": uuid, "token_id": "t1"}} {
		state, diags := d.ImportIdentity(kind, identity)
		clean(t, diags)
		if state.Get("id") != identity["id"] || d.IdentityOf(state)["token_id"] != "t1" {
			t.Errorf("%v was imported as %s", identity, state.Value)
		}
	}
}

func TestImportThatCannotBeNamesTheFormats(t *testing.T) {
	t.Parallel()
	d := drive(t, importable().runtime())
	for _, id := range []string{"t1/p1/x", "/p1", "t1/", " p1", "p1 ", "nope", "t1/nope", "t2/p1", uuid, "t1/" + uuid[:31] + "0"} {
		_, diags := d.Import(kind, id)
		expect(t, diags.Errors(), "Unable to import the enrollment profile", "TOKEN_ID/ID", "TOKEN_ID/APPLE_UUID")
	}
}

func TestImportOfAnUnreadableProfileIsAnError(t *testing.T) {
	t.Parallel()
	f := importable()
	f.readErr = errDown
	_, diags := drive(t, f.runtime()).Import(kind, "p1")
	expect(t, diags.Errors(), "Unable to read the enrollment profile")
}

func TestListOfProfiles(t *testing.T) {
	t.Parallel()
	f := importable()
	f.change("p1", func(p *enrollment.Profile) {
		p.Description, p.AppleUUID, p.Status, p.ThrottledUntil, p.DeviceCount = new("d"), uuid, enrollment.ProfileUpdating, noon, 3
		p.IsDefaultFor, p.UserAffinity, p.LockedEnrollment, p.SharedIPad = []enrollment.Platform{enrollment.TVOS, enrollment.IOS}, new(true), true, &enrollment.SharedIPad{}
	})
	delete(f.profiles, "6ba7b810-9dad-11d1-80b4-00c04fd430c8")
	d := drive(t, f.runtime())
	state, diags := d.ReadData(listKind, tftest.Config{"token_id": "t1"})
	clean(t, diags)
	want := []any{
		map[string]any{
			"id": uuid, "name": "Known", "description": nil, "apple_uuid": nil, "recorded": false, "status": "current", "throttled_until": nil, "device_count": int64(0),
			"default_for": []any(nil), "user_affinity": nil, "supervised": true, "locked_enrollment": false, "shared_ipad": false, "enrollment_url": "https://mdm.example/enroll",
		},
		map[string]any{
			"id": "p1", "name": "Known", "description": "d", "apple_uuid": uuid, "recorded": true, "status": "updating", "throttled_until": "2026-03-01T12:00:00Z", "device_count": int64(3),
			"default_for": []any{"ios", "tvos"}, "user_affinity": true, "supervised": true, "locked_enrollment": true, "shared_ipad": true, "enrollment_url": "https://mdm.example/enroll",
		},
	}
	if got := state.Get("profiles"); !reflect.DeepEqual(got, want) {
		t.Errorf("listed\n%v\nwant\n%v", got, want)
	}
	f.profiles = nil
	state, diags = d.ReadData(listKind, tftest.Config{"token_id": "t1"})
	clean(t, diags)
	if got, ok := state.Get("profiles").([]any); !ok || len(got) != 0 {
		t.Errorf("no profiles are listed as %#v", state.Get("profiles"))
	}
	f.listErr = errDown
	_, diags = d.ReadData(listKind, tftest.Config{"token_id": "t1"})
	expect(t, diags.Errors(), "Unable to list the enrollment profiles")
}
