package acceptance

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/graph"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/graph/catalog"
)

// newTenant is a world whose tenant has been on Intune for a while: a token with
// so many devices, the classic profiles Classroom and Staff, and nothing in state.
func newTenant(t *testing.T, devices int) (w *world, token, classroom, staff string) {
	t.Helper()
	w = newWorldOn(t, enrollment.Intune, devices+100)
	seeded, err := w.graph.AddToken(graph.TokenSeed{Name: "District", AppleID: "it@school.example", Devices: devices})
	if err != nil {
		t.Fatal(err)
	}
	w.server = seeded.ServerID
	classroom = w.classic(seeded.ID, map[string]any{
		"displayName": "Classroom", "description": "", "profileRemovalDisabled": true, "enableSharedIPad": true, "sharedIPadMaximumUserCount": 6,
		"supportDepartment": "School IT", "supportPhoneNumber": "+1 555 0100", "appleIdDisabled": true, "siriDisabled": true, "termsAndConditionsDisabled": true,
	})
	staff = w.classic(seeded.ID, map[string]any{
		"displayName": "Staff", "requiresUserAuthentication": true, "isMandatory": false, "configurationWebUrl": true,
	})
	return w, seeded.ID, classroom, staff
}

func (w *world) classic(token string, fields map[string]any) string {
	w.Helper()
	id, err := w.graph.AddClassicProfile(token, fields)
	if err != nil {
		w.Fatal(err)
	}
	return id
}

// held gives a profile to the first so many devices of a token.
func (w *world) held(token, profile string, count int) []string {
	w.Helper()
	serials, err := w.graph.SerialNumbers(token)
	if err == nil {
		slices.Sort(serials)
		serials = serials[:count]
		err = w.graph.AssignProfile(token, profile, serials...)
	}
	if err != nil {
		w.Fatal(err)
	}
	return serials
}

// perName counts the devices at Apple by the name of their profile.
func (w *world) perName() map[string]int {
	w.Helper()
	truth, err := w.graph.Truth()
	if err != nil {
		w.Fatal(err)
	}
	out := map[string]int{}
	for _, name := range truth {
		out[name]++
	}
	return out
}

// examples is where they are, also for a test that has changed its directory.
var examples, errExamples = filepath.Abs("../../examples")

// example copies the files of a directory below examples.
func (w *world) example(dir string, replace *strings.Replacer) {
	w.Helper()
	entries, err := os.ReadDir(filepath.Join(examples, dir))
	if err = errors.Join(errExamples, err); err != nil {
		w.Fatal(err)
	}
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), ".tf") {
			w.file(entry.Name(), replace.Replace(read(w.T, filepath.Join(examples, dir, entry.Name()))))
		}
	}
}

var asItIs = strings.NewReplacer()

// The same configuration on either service: only the provider block is another.
func TestOneConfigurationOnEitherService(t *testing.T) {
	onServices(t, func(t *testing.T, kind enrollment.Kind) {
		w := newWorldOn(t, kind, 400)
		if kind == enrollment.Embedded {
			t.Setenv("ASM_STORE", w.store())
		}
		w.example("either-service", asItIs)
		w.example("either-service/"+string(kind), asItIs)
		w.says(w.apply(), "Apple School Manager", "Download Token", "public_key_pem")
		w.plan(0)
		w.atThePortal(w.output("public_key_pem"), 300)
		w.apply()
		w.emptyPlans()
		for serial, uuid := range w.truth() {
			if d, err := w.apple.Device(serial); err != nil || (d.Family == "iPad") != (uuid != "") {
				t.Errorf("%s %s has profile %q, %v", d.Family, serial, uuid, err)
			}
		}
		// New iPads come with the next sync, and get the default profile.
		w.giveDevices(50)
		w.advance(25 * time.Hour)
		w.apply()
		w.emptyPlans()
		for serial, uuid := range w.truth() {
			if d, _ := w.apple.Device(serial); uuid == "" && d.Family == "iPad" {
				t.Errorf("new iPad %s has no profile", serial)
			}
		}
	})
}

// The guide "from clicks to code": what the portal has is imported, and neither
// the plan nor the apply changes anything at Microsoft.
func TestATenantIsBroughtUnderConfiguration(t *testing.T) {
	w, token, classroom, staff := newTenant(t, 2600)
	policy := w.policyMadeByHand(token, "Library", "  user_affinity     = false\n  locked_enrollment = true")
	w.held(token, classroom, 2500)
	if err := w.graph.SetDefault(token, classroom); err != nil {
		t.Fatal(err)
	}
	w.example("from-clicks-to-code", strings.NewReplacer(
		shownTokenID+"_"+shownProfileID, classroom, shownTokenID+"_d7e1a0c2-5b2f-4c37-8e0a-91f6c3b2a433", staff,
		"e2b94a61-70d5-4d18-b3c6-0f8a5e7d9144", policy, shownTokenID, token))
	w.forget()
	before := w.perName()
	w.says(w.plan(2), "6 to import, 0 to add, 0 to change, 0 to destroy")
	w.says(w.apply(), "6 imported, 0 added, 0 changed, 0 destroyed")
	w.emptyPlans()
	if n := w.graphWrites(); n != 0 {
		t.Errorf("%d requests could have changed something: %v", n, w.graph.Requests(false).Requests)
	}
	if after := w.perName(); !maps.Equal(before, after) {
		t.Errorf("devices by profile were %v and are %v", before, after)
	}
}

// policyMadeByHand makes a policy that is in nobody's state.
func (w *world) policyMadeByHand(token, name, more string) string {
	w.Helper()
	other := *w
	other.dir = w.TempDir()
	other.tool = w.newTool(w.tool.Path, other.dir, w.attached)
	other.write(policyConfig(fmt.Sprintf("%q", token), name, more))
	other.apply()
	return other.output("policy")
}

func policyConfig(token, name, more string) string {
	return fmt.Sprintf(`
resource "asm_enrollment_policy" "policy" {
  token_id = %s
  name     = %q
%s
}

output "policy" { value = asm_enrollment_policy.policy.id }
output "policy_profile" { value = asm_enrollment_policy.policy.profile_id }
`, token, name, more)
}

func TestAPolicyStillAppliesAfterMoreSettingsBecameRequired(t *testing.T) {
	w, token, _, _ := newTenant(t, 10)
	config := func(department string) string {
		return policyConfig(fmt.Sprintf("%q", token), "Library", fmt.Sprintf("  user_affinity    = false\n  department       = %q\n  skip_setup_items = [\"Siri\"]", department))
	}
	w.write(config("Library"))
	w.apply()
	w.emptyPlans()
	for _, id := range []string{"ade_setupassistant_newpane", "ade_setupassistant_otherpane"} {
		if err := w.graph.Catalog().AddSetting(catalog.Setting{ID: id, DisplayName: id, Platforms: []string{"iOS"}, Required: true}); err != nil {
			t.Fatal(err)
		}
	}
	w.plan(0)
	w.write(config("Reading room"))
	w.apply()
	w.emptyPlans()
	// One that is made now has them too.
	w.write(config("Reading room"), fmt.Sprintf("resource \"asm_enrollment_policy\" \"second\" {\n  token_id      = %q\n  name          = \"Second\"\n  user_affinity = true\n}\n", token))
	w.says(w.apply())
	w.emptyPlans()
	w.says(w.run("state", "show", "-no-color", "asm_enrollment_policy.second"), "ade_setupassistant_newpane", "ade_setupassistant_otherpane")
}

func TestAChangeOfOneSettingInThePortalShowsOnThatOne(t *testing.T) {
	w, token, _, _ := newTenant(t, 10)
	w.write(policyConfig(fmt.Sprintf("%q", token), "Library", "  user_affinity     = false\n  locked_enrollment = true\n  department        = \"Library\"\n  skip_setup_items  = [\"Siri\"]"))
	w.apply()
	for setting, change := range map[string]struct{ value, says string }{
		"ade_lockedenrollment":          {"ade_lockedenrollment_0", "~ locked_enrollment"},
		"ade_setupassistant_siri":       {"ade_setupassistant_siri_1", "~ skip_setup_items"},
		"ade_setupassistant_department": {"Somebody", "~ department"},
	} {
		if err := w.graph.Catalog().SetSetting(w.output("policy"), setting, change.value); err != nil {
			t.Fatal(err)
		}
		plan := w.plan(2)
		w.says(plan, change.says)
		if n := strings.Count(plan, "\n      ~ "); n != 1 {
			t.Errorf("%s: %d attributes differ, want one:\n%s", setting, n, plan)
		}
		w.apply()
		w.emptyPlans()
	}
	w.write()
	w.says(w.apply(), "1 destroyed")
	if left := w.graph.Catalog().Policies(token); len(left) > 0 {
		t.Errorf("destroy left %+v", left)
	}
}

// A mirrored policy can be given to devices and be the default, and the devices
// of a classic profile move to it: the guide "moving to policies".
func TestMovingFromAClassicProfileToAPolicy(t *testing.T) {
	w := newDistrictOn(t, enrollment.Intune, 1200)
	classic, policy := exampleOfMoving(t)
	assignment := func(profile, more string) string {
		return fmt.Sprintf(`
data "asm_devices" "classroom" {
  token_id   = asm_token.district.id
  assignment = ["unassigned", asm_enrollment_profile.classroom.id]
}

resource "asm_device_assignment" "classroom" {
  token_id           = asm_token.district.id
  profile_id         = %s
  serial_number_list = data.asm_devices.classroom.serial_number_list
%s
}
`, profile, more)
	}
	w.write(tokenConfig, classic, assignment("asm_enrollment_profile.classroom.id", ""))
	w.apply()
	w.emptyPlans()
	alone, _, _ := strings.Cut(policy, `resource "asm_default_profile"`)
	w.write(tokenConfig, classic, alone, assignment("asm_enrollment_profile.classroom.id", ""))
	w.apply()
	w.emptyPlans()
	w.write(tokenConfig, classic, policy)
	w.says(w.plan(2), "1200")
	w.forget()
	w.apply()
	if n := w.sends(); n != 2 {
		t.Errorf("%d requests moved 1,200 devices, want 2", n)
	}
	w.emptyPlans()
	// The classic profile can go now.
	w.write(tokenConfig, strings.NewReplacer("asm_enrollment_profile.classroom.id, ", "", "  take_over_from     = [asm_enrollment_profile.classroom.id]\n", "").Replace(policy))
	w.apply()
	w.emptyPlans()
}

// exampleOfMoving cuts the guide's example into its profile and the rest.
func exampleOfMoving(t *testing.T) (classic, rest string) {
	t.Helper()
	text := read(t, "../../examples/moving-to-policies/main.tf")
	at := strings.Index(text, `resource "asm_enrollment_policy"`)
	return text[:at], text[at:]
}

func TestFiftyThousandDevices(t *testing.T) {
	if testing.Short() {
		t.Skip("50,000 devices take a while")
	}
	const devices, pages, batches = 50_000, 50, 50
	w, token, classroom, _ := newTenant(t, devices)
	config := fmt.Sprintf(`
data "asm_devices" "all" {
  token_id   = %[1]q
  assignment = ["unassigned", %[2]q]
}

resource "asm_device_assignment" "all" {
  token_id           = %[1]q
  profile_id         = %[2]q
  serial_number_list = data.asm_devices.all.serial_number_list
}
`, token, classroom)
	w.write(config)
	w.run("apply", "-auto-approve", "-input=false", "-no-color", "-refresh-only") // signs in, warms nothing
	w.forget()
	w.apply()
	// Least possible: plan and apply run in one provider here, so the devices are
	// read once to select, and once more to see what was sent.
	if sent := w.sends(); sent != batches {
		t.Errorf("%d assignment requests, want %d", sent, batches)
	}
	if read := w.devicePages(); read > 3*pages+2 {
		t.Errorf("%d pages of devices, want at most %d", read, 3*pages+2)
	}
	w.forget()
	w.plan(0)
	if read := w.devicePages(); read > pages+2 {
		t.Errorf("a plan without changes reads %d pages, want at most %d", read, pages+2)
	}
	if n := w.perName()["Classroom"]; n != devices {
		t.Errorf("%d devices have the profile", n)
	}
}

func TestThirtyAssignmentsReadTheDevicesOnce(t *testing.T) {
	const devices, assignments, pages = 20_000, 30, 20
	w, token, classroom, _ := newTenant(t, devices)
	serials := w.held(token, classroom, devices)
	profile := func(i int) string { return fmt.Sprintf("p%02d", i) }
	var config strings.Builder
	for i := range assignments {
		id := w.classic(token, map[string]any{"displayName": profile(i)})
		part := serials[i*600 : (i+1)*600]
		if err := w.graph.AssignProfile(token, id, part...); err != nil {
			t.Fatal(err)
		}
		w.file(profile(i)+".txt", strings.Join(part, "\n"))
		fmt.Fprintf(&config, `
resource "asm_device_assignment" %[1]q {
  token_id            = %[2]q
  profile_id          = %[3]q
  serial_numbers_file = "${abspath(path.module)}/%[1]s.txt"
}
`, profile(i), token, id)
	}
	w.write(config.String())
	w.forget()
	w.apply()
	if sent := w.sends(); sent != 0 {
		t.Errorf("%d requests for devices that have their profiles", sent)
	}
	w.forget()
	w.plan(0)
	if read := w.devicePages(); read > pages {
		t.Errorf("a plan of %d assignments read %d pages, want %d", assignments, read, pages)
	}
	// The same where each of them changes and says how many devices that is about.
	for i := range assignments {
		w.file(profile(i)+".txt", strings.Join(serials[i*600:(i+1)*600-10], "\n"))
	}
	w.write(config.String())
	w.forget()
	w.once(w.plan(2), `10 devices leave the assignment and keep enrollment profile "p00"`, `10 devices leave the assignment and keep enrollment profile "p29"`)
	if read := w.devicePages(); read > pages {
		t.Errorf("a plan of %d changed assignments read %d pages, want %d", assignments, read, pages)
	}
}

func TestSharingAnotherTokenTakesItFromTheFirst(t *testing.T) {
	w, token, _, _ := newTenant(t, 5)
	second, err := w.graph.AddToken(graph.TokenSeed{Name: "Second", Devices: 2})
	if err != nil {
		t.Fatal(err)
	}
	share := func(id string) string {
		return fmt.Sprintf("resource \"asm_sds_connection\" \"one\" {\n  token_id = %q\n}\n", id)
	}
	w.write(share(token))
	w.apply()
	w.plan(0)
	w.write(share(second.ID))
	w.says(w.plan(2), `"District"`, "one token")
	w.apply()
	w.plan(0)
}

func TestRequestsThatAreThrottled(t *testing.T) {
	for name, fault := range map[string]graph.Fault{
		"with seconds":            {Kind: graph.FaultThrottled, RetryAfter: "5"},
		"with a fraction":         {Kind: graph.FaultThrottled, RetryAfter: "2.128"},
		"with a date":             {Kind: graph.FaultThrottled, RetryAfter: time.Now().Add(10 * time.Second).UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")},
		"inside the message":      {Kind: graph.FaultThrottled, InnerRetryAfter: "7"},
		"without a time":          {Kind: graph.FaultThrottled},
		"unavailable":             {Kind: graph.FaultUnavailable},
		"a sign-in that expired":  {Kind: graph.FaultExpiredSignIn},
		"an answer that was lost": {Kind: graph.FaultDropAfter, Method: "PATCH"},
	} {
		t.Run(name, func(t *testing.T) {
			w, token, _, _ := newTenant(t, 30)
			fault.Times = 2
			if fault.Kind == graph.FaultExpiredSignIn || fault.Kind == graph.FaultDropAfter {
				fault.Times = 1
			}
			config := func(department string) string {
				return strings.ReplaceAll(profileConfig("classroom", "  department = \""+department+"\""), "asm_token.district.id", fmt.Sprintf("%q", token))
			}
			w.write(config("IT"))
			w.apply()
			w.graphFault(fault)
			w.write(config("Library"))
			w.apply()
			if f := w.graph.Faults(); f[0].Hit != fault.Times {
				t.Errorf("the fault struck %d times, want %d", f[0].Hit, fault.Times)
			}
			w.graph.ClearFaults()
			w.emptyPlans()
		})
	}
}

func TestATenantThatMakesNoMoreClassicProfiles(t *testing.T) {
	w, token, _, _ := newTenant(t, 5)
	w.graphSettings(func(s *graph.Settings) { s.ClassicCreateRefused = true })
	w.write(strings.ReplaceAll(profileConfig("classroom", "  locked_enrollment = true\n  shared_ipad = { maximum_cached_users = 6 }\n  skip_setup_items = [\"Siri\", \"Zoom\"]"),
		"asm_token.district.id", fmt.Sprintf("%q", token)))
	w.says(w.applyFails(), `resource "asm_enrollment_policy"`, "locked_enrollment", "maximum_cached_users", `"Siri"`)
	w.graphSettings(func(s *graph.Settings) { s.ClassicCreateRefused = false })
	w.apply()
	w.emptyPlans()
}

func TestAnAssignmentThatIntuneTakesAndDoesNotCarryOut(t *testing.T) {
	w, token, classroom, _ := newTenant(t, 60)
	serials, err := w.graph.SerialNumbers(token)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(serials)
	w.file("a.txt", strings.Join(serials, "\n"))
	w.write(fmt.Sprintf(`
resource "asm_device_assignment" "a" {
  token_id            = %q
  profile_id          = %q
  serial_numbers_file = "${abspath(path.module)}/a.txt"
}

output "failed" { value = tostring(asm_device_assignment.a.failed_count) }
`, token, classroom))
	w.graphFault(graph.Fault{Kind: graph.FaultSkipDevices, Serials: serials[:3]})
	w.says(w.apply(), serials[0], serials[2], "3 devices")
	if got := w.output("failed"); got != "3" {
		t.Errorf("failed_count is %s", got)
	}
	w.plan(2)
	w.graph.ClearFaults()
	w.forget()
	w.apply()
	if n := w.graph.Requests(true).AssignSends; len(n) != 3 {
		t.Errorf("the second apply sent %d devices, want the 3 that failed", len(n))
	}
	w.emptyPlans()
	if n := w.perName()["Classroom"]; n != 60 {
		t.Errorf("%d devices have the profile", n)
	}
}

func TestAnAssignmentThatFailsHalfWay(t *testing.T) {
	w, token, classroom, _ := newTenant(t, 2500)
	serials, err := w.graph.SerialNumbers(token)
	if err != nil {
		t.Fatal(err)
	}
	w.file("a.txt", strings.Join(serials, "\n"))
	w.write(fmt.Sprintf(`
resource "asm_device_assignment" "a" {
  token_id            = %q
  profile_id          = %q
  serial_numbers_file = "${abspath(path.module)}/a.txt"
}
`, token, classroom))
	w.graphFault(graph.Fault{Kind: graph.FaultFailHalfway, Path: "/updateDeviceProfileAssignment", After: 1})
	w.says(w.apply(), "Unable to finish the device assignment", "500", "request id")
	w.graph.ClearFaults()
	w.plan(2)
	w.forget()
	w.apply()
	w.emptyPlans()
	sent := 0
	for range w.graph.Requests(true).AssignSends {
		sent++
	}
	if n := w.perName()["Classroom"]; n != 2500 || sent > 1500 {
		t.Errorf("%d devices have the profile, and the second apply sent %d", n, sent)
	}
}

func TestAMissingPermissionIsNamed(t *testing.T) {
	w, token, classroom, _ := newTenant(t, 5)
	w.graphSettings(func(s *graph.Settings) { s.Roles = []string{"DeviceManagementServiceConfig.Read.All"} })
	w.file("a.txt", "")
	w.write(fmt.Sprintf("resource \"asm_default_profile\" \"ios\" {\n  token_id   = %q\n  profile_id = %q\n}\n", token, classroom))
	w.plan(2) // reading is permitted
	w.says(w.applyFails(), "DeviceManagementServiceConfig.ReadWrite.All", "application", "request id")
	w.write(policyConfig(fmt.Sprintf("%q", token), "Library", ""))
	w.says(w.applyFails(), "DeviceManagementConfiguration.Read")
}

func TestASyncThatIntuneRefuses(t *testing.T) {
	for _, status := range []int{429, 400} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			w, token, _, _ := newTenant(t, 5)
			w.graphSettings(func(s *graph.Settings) { s.TooEarlyStatus = status })
			config := func(run, more string) string {
				return fmt.Sprintf("resource \"asm_device_sync\" \"now\" {\n  token_id = %q\n  triggers = { run = %q }\n%s\n}\n", token, run, more)
			}
			w.write(config("1", ""))
			w.apply()
			w.write(config("2", ""))
			w.says(w.apply(), "skipped")
			w.write(config("3", `  on_throttled = "error"`))
			w.says(w.applyFails(), "less than 15 minutes ago")
			w.write(config("4", `  on_throttled = "wait"`))
			w.apply()
			if v := w.graph.Requests(false).Violations; len(v) > 0 {
				t.Errorf("Intune's rules were broken: %+v", v)
			}
			// Somebody else's sync, which this process does not know of, is refused by
			// Intune itself.
			w.advance(time.Hour)
			w.graphFault(graph.Fault{Kind: graph.FaultThrottled, Method: "POST", Path: "/syncWithAppleDeviceEnrollmentProgram"})
			w.write(config("5", ""))
			w.says(w.apply(), "skipped")
			if n := w.graphRequests("POST", "/syncWithAppleDeviceEnrollmentProgram"); n != 3 {
				t.Errorf("%d syncs were asked for, want two that ran and one that was refused and not repeated", n)
			}
		})
	}
}

func TestASyncThatTakesLongerThanFifteenMinutes(t *testing.T) {
	w, token, _, _ := newTenant(t, 5)
	w.graphSettings(func(s *graph.Settings) { s.SyncMinimum = graph.Duration(20 * time.Minute) })
	w.write(fmt.Sprintf("resource \"asm_device_sync\" \"now\" {\n  token_id = %q\n}\n", token))
	w.says(w.apply(), "still running")
	w.plan(2) // the sync has not ended, and the next apply is to say when it did
	w.advance(10 * time.Minute)
	w.apply()
	w.emptyPlans()
	if n := w.graphRequests("POST", "/syncWithAppleDeviceEnrollmentProgram"); n != 1 {
		t.Errorf("%d syncs were asked for, want one", n)
	}
}

func TestFiltersThatIntuneIgnoresAndPagesThatLeadInACircle(t *testing.T) {
	w, token, classroom, _ := newTenant(t, 1500)
	w.held(token, classroom, 700)
	w.write(fmt.Sprintf(`
data "asm_devices" "mine" {
  token_id   = %q
  assignment = [%q]
}

output "count" { value = tostring(data.asm_devices.mine.device_count) }
`, token, classroom))
	w.graphSettings(func(s *graph.Settings) { s.IgnoreFilters = true })
	w.apply()
	if got := w.output("count"); got != "700" {
		t.Errorf("%s devices of the profile, want 700", got)
	}
	w.graphSettings(func(s *graph.Settings) { s.LoopNextLink = true })
	w.says(w.applyFails(), "page")
	if n := w.devicePages(); n > 10 {
		t.Errorf("%d pages of a circle were read", n)
	}
}

// What Intune shows late is waited for.
func TestASlowDay(t *testing.T) {
	w := newWorldOn(t, enrollment.Intune, 300)
	seconds := func(n int) graph.Duration { return graph.Duration(time.Duration(n) * time.Second) }
	w.graphSettings(func(s *graph.Settings) {
		s.VisibleAfter = graph.VisibleAfter{Tokens: seconds(20), Profiles: seconds(45), Devices: seconds(40), Policies: seconds(60)}
		s.NotFoundAfterCreate, s.AssignAfter, s.PatchStatus, s.RequestedProfileForm, s.PublicKeyForm = seconds(60), seconds(15), 204, "guid", "base64"
	})
	w.write(tokenConfig)
	w.apply()
	w.atThePortal(w.output("public_key_pem"), 200)
	w.apply()
	w.serials("ipads.txt", 0, 200)
	w.advance(time.Minute)
	w.write(tokenConfig, profileConfig("classroom", ""), defaultConfig, sdsConfig, assignmentConfig("classroom", "ipads.txt", ""))
	w.apply()
	w.emptyPlans()
	if n := w.perProfile()[""]; n != 0 {
		t.Errorf("%d devices are without a profile", n)
	}
}

func TestStateOfAnotherTenantChangesNothing(t *testing.T) {
	w, token, _, _ := newTenant(t, 5)
	w.write(strings.ReplaceAll(profileConfig("classroom", ""), "asm_token.district.id", fmt.Sprintf("%q", token)))
	w.apply()
	other := newWorldOn(t, enrollment.Intune, 1)
	sim := graph.New(graph.Options{Apple: apple.New(apple.Options{}), TenantID: "0d5c1d1e-8f0a-4b7e-9d55-2f6a1b3c4d5e"})
	sim.Apple().Start(t)
	sim.Start(t)
	away := *w
	away.apple, away.graph, away.dir = sim.Apple(), sim, other.dir
	away.tool = away.newTool(w.tool.Path, away.dir, away.reattach(t))
	copyDir(t, w.dir, away.dir, "main.tf", "terraform.tfstate")
	away.says(away.plan(1), "This state belongs to store", sim.TenantID(), "Nothing was changed")
}
