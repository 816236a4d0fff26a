package profile_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

func full(one, two string) tftest.Config {
	return minimal(tftest.Config{
		"description": "Grade 7", "user_affinity": true, "supervised": true, "locked_enrollment": true,
		"shared_ipad": tftest.Config{"maximum_cached_users": 6, "temporary_sessions_only": false, "user_session_timeout": 300, "passcode_lock_grace_period": 60},
		"pairing":     tftest.Config{"mode": "certificate", "configurator_certificates": []any{one}},
		"department":  "IT", "department_phone": "+41 1", "skip_setup_items": []any{"Siri", "Passcode"}, "await_device_configured": true,
		"configuration_web_url": "https://mdm.example/web", "support_email": "it@school.example", "org_magic": "m", "language": "de", "region": "CH",
		"anchor_certificates": []any{two, one}, "auto_advance": false, "mandatory": true, "return_to_service": true, "do_not_use_profile_from_backup": false,
		"timeouts": tftest.Config{"create": "45m", "update": "2h"},
	})
}

func TestLifecycle(t *testing.T) {
	t.Parallel()
	one, _ := newCertificate(t)
	two, _ := newCertificate(t)
	f := newFake()
	d := drive(t, f.runtime())

	state, _, _ := apply(t, d, tftest.State{}, full(one, two))
	if state.Get("id") != "p1" || state.Get("status") != "current" {
		t.Errorf("created as %v, %v", state.Get("id"), state.Get("status"))
	}
	if f.deadline < 44*time.Minute || f.deadline > 45*time.Minute {
		t.Errorf("the service was given %s to create", f.deadline)
	}
	if got, want := d.IdentityOf(state), map[string]any{"token_id": "t1", "id": "p1"}; !reflect.DeepEqual(got, want) {
		t.Errorf("identity %v, want %v", got, want)
	}
	for range 5 {
		state = refresh(t, d, state)
		if plan := d.Plan(kind, state, full(one, two)); !plan.Empty() || len(plan.Diags) > 0 {
			t.Fatalf("an unchanged plan changes or says something: %s %v", plan.Value, plan.Diags.Warnings())
		}
	}

	state, plan, _ := apply(t, d, state, full(one, two).With(tftest.Config{"name": "Renamed"}))
	if plan.Get("id") != "p1" || plan.Get("status") != any(tftest.Unknown) || len(plan.Replaces) > 0 {
		t.Errorf("a change is planned as %s, replacing %v", plan.Value, plan.Replaces)
	}
	if f.profiles["p1"].Name != "Renamed" || state.Get("name") != "Renamed" {
		t.Error("the change did not arrive")
	}
	if f.deadline < 119*time.Minute || f.deadline > 2*time.Hour {
		t.Errorf("the service was given %s to update", f.deadline)
	}

	gone, diags := d.PlanDestroy(state).Apply()
	clean(t, diags)
	if gone.Exists() || len(f.profiles) > 0 {
		t.Error("the profile was not destroyed")
	}
}

func TestTimeoutsAreHalfAnHourByDefault(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f.runtime())
	state, _, _ := apply(t, d, tftest.State{}, minimal(nil))
	created := f.deadline
	apply(t, d, state, minimal(tftest.Config{"department": "IT"}))
	for _, given := range []time.Duration{created, f.deadline} {
		if given < 29*time.Minute || given > 30*time.Minute {
			t.Errorf("the service was given %s", given)
		}
	}
}

func TestAnotherTokenIsAnotherProfile(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.tokens["t2"] = enrollment.Token{ID: "t2", Status: enrollment.Active}
	d := drive(t, f.runtime())
	state, _, _ := apply(t, d, tftest.State{}, minimal(nil))
	onProfile(f, "p1", 1, 1)
	plan := d.Plan(kind, state, minimal(tftest.Config{"token_id": "t2"}))
	clean(t, plan.Diags)
	silent(t, plan.Diags.Warnings()) // no device gets the profile of another token
	if len(plan.Replaces) != 1 || !strings.Contains(plan.Replaces[0].String(), "token_id") {
		t.Errorf("replaces %v", plan.Replaces)
	}
}

func TestCreateIsNoErrorOnceTheProfileExists(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prepare func(*fake)
		want    string
	}{
		"undefined":         {func(f *fake) { f.onCreate = undefined }, "not known to be defined"},
		"an error after it": {func(f *fake) { f.onCreate = func(*enrollment.ProfileResult) error { return errDown } }, "next apply goes on"},
		"store unreadable":  {func(f *fake) { f.onCreate = func(*enrollment.ProfileResult) error { f.storeErr = errDown; return nil } }, "next refresh"},
		"devices refused": {func(f *fake) {
			f.onCreate = func(r *enrollment.ProfileResult) error {
				r.Failed = []enrollment.DeviceFailure{{SerialNumber: "C02", Reason: "FAILED"}}
				return nil
			}
		}, "C02 (FAILED)"},
		"a warning": {func(f *fake) {
			f.onCreate = func(r *enrollment.ProfileResult) error {
				r.Warnings = []enrollment.Warning{{Summary: "Mind this", Detail: "please"}}
				return nil
			}
		}, "Mind this"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake()
			c.prepare(f)
			state, diags := drive(t, f.runtime()).Plan(kind, tftest.State{}, minimal(nil)).Apply()
			clean(t, diags)
			expect(t, diags.Warnings(), c.want)
			if state.Get("id") != "p1" {
				t.Error("the profile is not in state")
			}
		})
	}
}

func TestCreateFailsWhereNothingWasMade(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.onCreate = func(r *enrollment.ProfileResult) error {
		*r = enrollment.ProfileResult{}
		return &enrollment.Error{Kind: enrollment.ErrInvalid, Field: "enrollment_url", What: "There is no enrollment URL", Do: "Set mdm_url."}
	}
	state, diags := drive(t, f.runtime()).Plan(kind, tftest.State{}, minimal(nil)).Apply()
	expect(t, diags.Errors(), "enrollment_url", "Unable to create the enrollment profile", "Set mdm_url.")
	if state.Exists() {
		t.Error("there is a state of nothing")
	}
}

func undefined(r *enrollment.ProfileResult) error {
	r.Profile.Status = enrollment.ProfileUndefined
	return nil
}

func TestUndefinedProfileIsFinishedInPlaceByTheNextApply(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.onCreate = undefined
	d := drive(t, f.runtime())
	state, diags := d.Plan(kind, tftest.State{}, minimal(nil)).Apply()
	clean(t, diags)
	state = refresh(t, d, state)
	plan := d.Plan(kind, state, minimal(nil))
	clean(t, plan.Diags)
	if plan.Get("status") != any(tftest.Unknown) || len(plan.Replaces) > 0 {
		t.Fatalf("planned %s, replacing %v", plan.Value, plan.Replaces)
	}
	state, _, _ = apply(t, d, state, minimal(nil))
	if state.Get("status") != "current" || len(f.created) != 1 || len(f.updated) != 1 {
		t.Errorf("status %v after %d creates and %d updates", state.Get("status"), len(f.created), len(f.updated))
	}
}

func TestUpdateReturnsErrorsAndKeepsTheState(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f.runtime())
	state, _, _ := apply(t, d, tftest.State{}, minimal(nil))
	f.onUpdate = func(*enrollment.ProfileResult) error { return errDown }
	after, diags := d.Plan(kind, state, minimal(tftest.Config{"name": "Other"})).Apply()
	expect(t, diags.Errors(), "Unable to update the enrollment profile", "The service is down.")
	if after.Get("name") != "Classroom" {
		t.Errorf("state says %v, which nobody has done", after.Get("name"))
	}
}

func TestUpdateThatLeavesDevicesBehindIsAnErrorWithTheirNumbers(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f.runtime())
	state, _, _ := apply(t, d, tftest.State{}, minimal(nil))
	f.onUpdate = func(r *enrollment.ProfileResult) error {
		r.Moved, r.Profile.Status = 7, enrollment.ProfileUpdating
		for i := range 25 {
			r.Failed = append(r.Failed, enrollment.DeviceFailure{SerialNumber: "C" + string(rune('A'+i)), Reason: "NOT_ACCESSIBLE"})
		}
		return nil
	}
	after, diags := d.Plan(kind, state, minimal(tftest.Config{"name": "Other"})).Apply()
	expect(t, diags.Errors(), "Unable to move 25 devices", "7 devices", "CA (NOT_ACCESSIBLE)", "and 5 more")
	expect(t, diags.Warnings(), "still being changed")
	if after.Get("status") != "updating" || after.Get("name") != "Other" {
		t.Errorf("state is %s", after.Value)
	}
	f.onUpdate = nil
	if plan := d.Plan(kind, refresh(t, d, after), minimal(tftest.Config{"name": "Other"})); plan.Empty() {
		t.Error("the next apply does not go on")
	}
}

func TestUpdateThatWaitsForAppleSaysUntilWhen(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f.runtime())
	state, _, _ := apply(t, d, tftest.State{}, minimal(nil))
	f.onUpdate = throttled
	after, diags := d.Plan(kind, state, minimal(tftest.Config{"name": "Other"})).Apply()
	clean(t, diags)
	expect(t, diags.Warnings(), "2026-03-01T13:00:00Z")
	if after.Get("status") != "updating" {
		t.Errorf("status %v", after.Get("status"))
	}
}

func throttled(r *enrollment.ProfileResult) error {
	r.Profile.Status, r.Profile.ThrottledUntil = enrollment.ProfileUpdating, noon.Add(time.Hour)
	return nil
}

func TestDeleteOfAProfileInUseNamesWhatHoldsIt(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f.runtime())
	state, _, _ := apply(t, d, tftest.State{}, minimal(nil))
	f.change("p1", func(p *enrollment.Profile) {
		p.DeviceCount, p.IsDefaultFor = 12, []enrollment.Platform{enrollment.IOS, enrollment.TVOS}
	})
	after, diags := d.PlanDestroy(state).Apply()
	expect(t, diags.Errors(), "Unable to delete the enrollment profile", "12 devices", "ios, tvos", "asm_device_assignment", "asm_default_profile", "create_before_destroy")
	if !after.Exists() {
		t.Error("the profile left state, and is still there")
	}
	f.readErr = errDown
	_, diags = d.PlanDestroy(state).Apply()
	expect(t, diags.Errors(), "Unable to delete the enrollment profile", "In use")
}

func TestDestroyingAProfileInUseIsAWarningWithTheNumber(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f.runtime())
	state, _, _ := apply(t, d, tftest.State{}, minimal(nil))
	silent(t, d.PlanDestroy(state).Diags.Warnings())
	f.change("p1", func(p *enrollment.Profile) { p.DeviceCount, p.IsDefaultFor = 12, []enrollment.Platform{enrollment.IOS} })
	for name, plan := range map[string]tftest.Plan{"destroyed": d.PlanDestroy(state), "replaced": d.Plan(kind, state, minimal(tftest.Config{"token_id": tftest.Unknown}))} {
		t.Log(name)
		clean(t, plan.Diags)
		expect(t, plan.Diags.Warnings(), `Destroying enrollment profile "Classroom" is refused while 12 devices have it and it is the default for ios`, "create_before_destroy")
	}
	// Where reading a profile does not tell the number, the devices do.
	f.change("p1", func(p *enrollment.Profile) { p.DeviceCount, p.IsDefaultFor = enrollment.DeviceCountUnknown, nil })
	silent(t, d.PlanDestroy(state).Diags.Warnings())
	onProfile(f, "p1", 1, 2)
	expect(t, d.PlanDestroy(state).Diags.Warnings(), "3 devices have it")
	f.countErr = errDown
	plan := d.PlanDestroy(state)
	clean(t, plan.Diags)
	silent(t, plan.Diags.Warnings())
}

func TestDeleteOfWhatIsGoneIsDone(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f.runtime())
	state, _, _ := apply(t, d, tftest.State{}, minimal(nil))
	delete(f.profiles, "p1")
	after, diags := d.PlanDestroy(state).Apply()
	clean(t, diags)
	if after.Exists() {
		t.Error("the profile is still in state")
	}
}

func TestAProfileThatIsGoneIsPlannedAnew(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f.runtime())
	state, _, _ := apply(t, d, tftest.State{}, minimal(nil))
	delete(f.profiles, "p1")
	state.Identity = nil // as an older tool leaves it
	if refresh(t, d, state).Exists() {
		t.Error("the profile is still in state")
	}
}

func TestReadErrorsKeepTheState(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f.runtime())
	state, _, _ := apply(t, d, tftest.State{}, minimal(nil))
	f.readErr = errDown
	after, diags := d.Refresh(state)
	expect(t, diags.Errors(), "Unable to read the enrollment profile")
	if !after.Exists() {
		t.Error("the profile left state")
	}
}

func TestAnotherStoreIsNeverActedUpon(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f.runtime())
	state, _, _ := apply(t, d, tftest.State{}, minimal(nil))
	changing, destroying := d.Plan(kind, state, minimal(tftest.Config{"name": "Other"})), d.PlanDestroy(state)
	own := f.profiles["p1"]
	f.store, f.profiles = enrollment.Store{ID: "store-2", Location: "elsewhere"}, map[string]enrollment.Profile{}

	after, diags := d.Refresh(state)
	expect(t, diags.Errors(), "store-1", "elsewhere")
	if !after.Exists() {
		t.Error("the profile left state")
	}
	expect(t, d.Plan(kind, state, minimal(nil)).Diags.Errors(), "store-1")
	expect(t, d.PlanDestroy(state).Diags.Errors(), "store-1")
	f.profiles["p1"] = own
	for name, plan := range map[string]tftest.Plan{"update": changing, "delete": destroying} {
		_, diags := plan.ApplyAsPlanned()
		if errs := diags.Errors(); len(errs) != 1 || !strings.Contains(errs[0], "store-1") {
			t.Errorf("%s: %v", name, errs)
		}
	}
	if len(f.updated) > 0 || len(f.profiles) != 1 {
		t.Error("a foreign store was written to")
	}
}

func TestReadRemembersTheStoreOfAnImport(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f.runtime())
	apply(t, d, tftest.State{}, minimal(nil))
	state, diags := d.Import(kind, "p1")
	clean(t, diags)
	f.store.ID = "store-2"
	_, diags = d.Refresh(state)
	expect(t, diags.Errors(), "store-1")
}

func TestRemovingAnAttributeTakesItsValueAway(t *testing.T) {
	t.Parallel()
	certificate, _ := newCertificate(t)
	f := newFake()
	d := drive(t, f.runtime())
	state, _, _ := apply(t, d, tftest.State{}, minimal(tftest.Config{
		"description": "d", "department": "IT", "department_phone": "+1", "support_email": "it@school.example", "org_magic": "m",
		"language": "de", "region": "CH", "configuration_web_url": "https://mdm.example/signin",
		"skip_setup_items": []any{"Siri"}, "anchor_certificates": []any{certificate}, "pairing": tftest.Config{"mode": "deny"},
		"await_device_configured": true, "auto_advance": true, "mandatory": true, "return_to_service": true, "do_not_use_profile_from_backup": true,
	}))
	f.devices = []enrollment.Device{{SerialNumber: "C1", ProfileID: "p1"}}
	state, plan, _ := apply(t, d, state, minimal(nil))
	expect(t, plan.Diags.Warnings(), "reaches 1 device", "pairing.mode (taken away), department (taken away)", "skip_setup_items (taken away)", "anchor_certificates (taken away)", "mandatory (taken away)")
	if plan.Get("status") != any(tftest.Unknown) {
		t.Errorf("status is planned as %v, and the definition changes", plan.Get("status"))
	}
	sent := f.updated[len(f.updated)-1]
	for name, text := range map[string]*string{
		"description": sent.Description, "department": sent.Department, "department_phone": sent.DepartmentPhone, "support_email": sent.SupportEmail,
		"org_magic": sent.OrgMagic, "language": sent.Language, "region": sent.Region, "configuration_web_url": sent.ConfigurationWebURL,
	} {
		if text == nil || *text != "" {
			t.Errorf("%s is not taken away", name)
		}
	}
	for name, flag := range map[string]*bool{
		"await_device_configured": sent.AwaitDeviceConfigured, "auto_advance": sent.AutoAdvance, "mandatory": sent.Mandatory,
		"return_to_service": sent.ReturnToService, "do_not_use_profile_from_backup": sent.DoNotUseProfileFromBackup,
	} {
		if flag == nil || *flag {
			t.Errorf("%s is not taken away", name)
		}
	}
	if sent.SkipSetupItems == nil || len(sent.SkipSetupItems) > 0 || sent.AnchorCertificates == nil || len(sent.AnchorCertificates) > 0 {
		t.Errorf("lists are not taken away: %v, %v", sent.SkipSetupItems, sent.AnchorCertificates)
	}
	if sent.Pairing == nil || sent.Pairing.Mode != enrollment.PairingAllow {
		t.Errorf("pairing is not allowed again: %+v", sent.Pairing)
	}
	// What nobody manages stays whatever it is.
	f.change("p1", func(p *enrollment.Profile) { p.Department = new("Elsewhere") })
	state = refresh(t, d, state)
	if got := state.Get("department"); got != nil {
		t.Errorf("department %v was read into state, which does not manage it", got)
	}
	apply(t, d, state, minimal(tftest.Config{"description": "new"}))
	sent = f.updated[len(f.updated)-1]
	if sent.Department != nil || sent.SkipSetupItems != nil || sent.Pairing != nil || sent.Mandatory != nil {
		t.Errorf("what was never managed is sent: %+v", sent)
	}
}

// What is nothing already takes no device anywhere.
func TestRemovingWhatIsNothingReachesNoDevice(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f.runtime())
	state, _, _ := apply(t, d, tftest.State{}, minimal(tftest.Config{"skip_setup_items": []any{}, "mandatory": false, "pairing": tftest.Config{"mode": "allow"}}))
	f.devices = []enrollment.Device{{SerialNumber: "C1", ProfileID: "p1"}}
	_, plan, _ := apply(t, d, state, minimal(nil))
	silent(t, plan.Diags.Warnings())
	if plan.Get("status") != "current" {
		t.Errorf("status is planned as %v, and nothing changes", plan.Get("status"))
	}
}

func TestRemovingSharedIPadTurnsItOff(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f.runtime())
	state, _, _ := apply(t, d, tftest.State{}, minimal(tftest.Config{"shared_ipad": tftest.Config{}}))
	if state.Get("user_affinity") != true {
		t.Error("Shared iPad did not bring user affinity")
	}
	f.devices = []enrollment.Device{{SerialNumber: "C1", ProfileID: "p1"}}
	state, plan, _ := apply(t, d, state, minimal(nil))
	expect(t, plan.Diags.Warnings(), "reaches 1 device", "shared_ipad")
	if f.profiles["p1"].SharedIPad != nil || state.Get("user_affinity") != false {
		t.Error("the iPad is still shared")
	}
}

func TestServiceErrorsAreMatchedNotCompared(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := drive(t, f.runtime())
	state, _, _ := apply(t, d, tftest.State{}, minimal(nil))
	f.readErr = errors.Join(errDown, enrollment.ErrNotFound)
	if refresh(t, d, state).Exists() {
		t.Error("a wrapped ErrNotFound was not seen")
	}
}
