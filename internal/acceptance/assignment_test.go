package acceptance

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

func copyDir(t *testing.T, from, to string, names ...string) {
	t.Helper()
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(from, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(to, name), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// sends counts assign requests since the last forget.
func (w *world) sends() int {
	if w.graph != nil {
		return w.graphSends()
	}
	return w.requests("PUT /profile/devices") + w.requests("POST /profile/devices") + w.requests("DELETE /profile/devices")
}

func TestDevicesSelectedByTheDataSource(t *testing.T) {
	onServices(t, func(t *testing.T, kind enrollment.Kind) {
		w := newDistrictOn(t, kind, 2500)
		w.write(tokenConfig, profileConfig("classroom", ""), selectedConfig("classroom"))
		w.forget()
		w.apply()
		if n := w.sends(); n != 3 {
			t.Errorf("%d requests for 2,500 devices, want 3", n)
		}
		if n := w.perProfile()[""]; n != 0 {
			t.Errorf("%d devices are without a profile", n)
		}
		w.forget()
		w.emptyPlans()
		w.apply()
		if n := w.sends(); n != 0 {
			t.Errorf("an apply without changes sent %d requests", n)
		}
		w.giveDevices(1)
		w.advance(hour) // Intune takes no sync so soon after the last one
		w.write(tokenConfig, profileConfig("classroom", ""), fullSyncConfig, selectedConfig("classroom"))
		w.apply()
		w.forget()
		w.apply()
		if n := w.sends(); n != 1 || w.perProfile()[""] != 0 {
			t.Errorf("one more device sent %d requests, and %d are without a profile", n, w.perProfile()[""])
		}
		w.emptyPlans()
	})
}

func TestAFailureInTheThirdOfFiveBatches(t *testing.T) {
	w := newDistrict(t, 5000)
	w.serials("ipads.txt", 0, 5000)
	w.write(tokenConfig, profileConfig("classroom", ""), assignmentConfig("classroom", "ipads.txt", ""))
	w.fault(apple.Fault{Kind: apple.FaultStatus, Method: http.MethodPut, Path: "/profile/devices", After: 2, Times: 1, Status: 500, Body: "oops"},
		apple.Fault{Kind: apple.FaultStatus, Method: http.MethodPost, Path: "/profile/devices", After: 2, Times: 1, Status: 500, Body: "oops"})
	w.says(w.apply(), "Unable to finish the device assignment", "500")
	w.apple.ClearFaults()
	if n := w.perProfile()[""]; n != 3000 {
		t.Errorf("%d devices are without a profile, want 3,000", n)
	}
	plan := w.plan(2)
	w.says(plan, "will be updated in-place", "0 to add, 1 to change, 0 to destroy")
	w.forget()
	w.apply()
	if n := w.sends(); n != 3 || w.perProfile()[""] != 0 {
		t.Errorf("%d requests finished it, want 3; %d devices are without a profile", n, w.perProfile()[""])
	}
	w.emptyPlans()
}

func TestMovingBetweenProfilesInOneApplyLeavesNobodyWithout(t *testing.T) {
	for _, parallelism := range []int{1, 10} {
		for _, takeOver := range []string{"", "  take_over_from = [asm_enrollment_profile.a.id]\n"} {
			t.Run(fmt.Sprintf("parallelism %d, take over %t", parallelism, takeOver != ""), func(t *testing.T) {
				w := newDistrict(t, 1500)
				w.serials("a.txt", 0, 1000)
				w.serials("b.txt", 1000, 1500)
				config := func(label, more string) string {
					return profileConfig(label, "") + assignmentConfig(label, label+".txt", more+"  max_changes = \"100%\"\n")
				}
				w.write(tokenConfig, config("a", ""), config("b", takeOver))
				w.apply()
				w.serials("a.txt", 0, 500)
				moved := w.serials("b.txt", 500, 1500)
				w.forget()
				if takeOver != "" {
					w.apply(fmt.Sprintf("-parallelism=%d", parallelism))
				} else if r, err := w.tool.Apply(t.Context(), fmt.Sprintf("-parallelism=%d", parallelism)); err != nil {
					t.Fatal(err)
				} else if r.Code != 0 {
					t.Log("the first apply could not wait for the release, and the next one finishes")
				}
				if n := w.perProfile()[""]; n != 0 {
					t.Errorf("%d devices are without a profile", n)
				}
				w.apply()
				w.emptyPlans()
				truth := w.truth()
				for _, serial := range moved[1:] {
					if truth[serial] != truth[moved[0]] {
						t.Fatalf("%s has profile %s, others %s", serial, truth[serial], truth[moved[0]])
					}
				}
				if most := w.apple.Requests(false).MaxAssignSends; takeOver != "" && most > 2 {
					t.Errorf("a device was sent %d times", most)
				}
			})
		}
	}
}

func TestAFileCutToATenthStopsAtPlan(t *testing.T) {
	onServices(t, func(t *testing.T, kind enrollment.Kind) {
		w := newDistrictOn(t, kind, 2500)
		w.serials("ipads.txt", 0, 2500)
		w.write(tokenConfig, profileConfig("classroom", ""), assignmentConfig("classroom", "ipads.txt", ""))
		w.apply()
		w.serials("ipads.txt", 0, 250)
		w.says(w.plan(1), "2250 devices would leave", "at most 250 of the 2500 held")
		w.file("ipads.txt", "")
		w.says(w.plan(1), "The source of serial numbers is empty", "holds 2500 devices")
		if n := w.perProfile()[""]; n != 0 {
			t.Errorf("%d devices lost their profile", n)
		}
		w.serials("ipads.txt", 0, 2500)
		w.plan(0)
	})
}

func TestDriftIsSeenAndRepaired(t *testing.T) {
	w := newDistrict(t, 60)
	serials := w.serials("ipads.txt", 0, 50)
	sync := fullSyncConfig
	w.write(tokenConfig, profileConfig("classroom", ""), assignmentConfig("classroom", "ipads.txt", ""), sync)
	w.apply()
	// Somebody takes three devices off the server and gives them back, so that
	// they have no profile.
	if _, err := w.apple.UnassignDevices(w.server, apple.Selection{SerialNumbers: serials[:3]}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.apple.AssignDevices(w.server, apple.Selection{SerialNumbers: serials[:3]}); err != nil {
		t.Fatal(err)
	}
	w.advance(hour)
	w.apply("-var", "run=2", "-target=asm_device_sync.now")
	w.says(w.plan(2, "-var", "run=2"), "device_count", "47 -> 50")
	w.apply("-var", "run=2")
	w.plan(0, "-var", "run=2")
	for _, serial := range serials {
		if w.truth()[serial] == "" {
			t.Errorf("%s has no profile", serial)
		}
	}
}

func TestWhatHappensToDevicesThatLeave(t *testing.T) {
	w := newDistrict(t, 90)
	leaving := w.serials("a.txt", 0, 90)[60:]
	fallback := profileConfig("fallback", "")
	config := func(onLeave string) []string {
		return []string{tokenConfig, fallback, profileConfig("a", ""), assignmentConfig("a", "a.txt", onLeave)}
	}
	w.write(config(`  on_leave = "fallback"` + "\n" + `  fallback_profile_id = asm_enrollment_profile.fallback.id`)...)
	w.apply()
	kept := w.truth()[leaving[0]]
	w.serials("a.txt", 0, 60)
	w.apply()
	w.emptyPlans()
	if got := w.truth()[leaving[0]]; got == "" || got == kept {
		t.Errorf("a device that left has profile %q, want the fallback", got)
	}
	w.write(config(`  on_leave = "keep"`)...)
	w.serials("a.txt", 0, 50)
	w.apply()
	w.emptyPlans()
	w.write(config("")...)
	w.serials("a.txt", 0, 40)
	w.apply()
	w.emptyPlans()
	count := w.perProfile()
	if count[kept] != 50 || count[""] != 10 {
		t.Errorf("%v: want 40 held and 10 kept on %s, 10 without", count, kept)
	}
	w.write(tokenConfig, fallback, profileConfig("a", ""))
	w.apply()
	if n := w.perProfile()[kept]; n != 10 {
		t.Errorf("%d devices have the profile after destroy, want the 10 that nobody holds", n)
	}
}

func TestTwoAssignmentsThatClaimOneDevice(t *testing.T) {
	onServices(t, func(t *testing.T, kind enrollment.Kind) {
		w := newDistrictOn(t, kind, 20)
		w.serials("a.txt", 0, 11)
		w.serials("b.txt", 10, 20)
		w.write(tokenConfig, profileConfig("a", ""), assignmentConfig("a", "a.txt", ""), profileConfig("b", ""))
		w.apply()
		w.write(tokenConfig, profileConfig("a", ""), assignmentConfig("a", "a.txt", ""), profileConfig("b", ""), assignmentConfig("b", "b.txt", ""))
		w.says(w.plan(1), "Two assignments claim the same devices", "Wanted on two profiles in this configuration (1)")
	})
}

func TestADeviceInUseIsAWarningWithTheNumber(t *testing.T) {
	onServices(t, func(t *testing.T, kind enrollment.Kind) {
		w := newDistrictOn(t, kind, 30)
		serials := w.serials("a.txt", 0, 30)
		w.write(tokenConfig, profileConfig("a", ""), assignmentConfig("a", "a.txt", ""), fullSyncConfig)
		w.apply()
		for _, serial := range serials[:4] {
			if err := w.apple.Activate(serial); err != nil {
				t.Fatal(err)
			}
		}
		w.apply("-var", "run=2")
		w.write(tokenConfig, profileConfig("a", ""), profileConfig("b", ""), fullSyncConfig, `
resource "asm_device_assignment" "a" {
  token_id            = asm_token.district.id
  profile_id          = asm_enrollment_profile.b.id
  serial_numbers_file = "${abspath(path.module)}/a.txt"
}
`)
		w.says(w.plan(2, "-var", "run=2"), `30 devices get an enrollment profile that is made in this apply, 4 of them after a factory reset: 30 from "a"`)
	})
}

func TestMissingDevices(t *testing.T) {
	onServices(t, func(t *testing.T, kind enrollment.Kind) {
		w := newDistrictOn(t, kind, 10)
		serials := w.serials("a.txt", 0, 10)
		later, err := w.apple.AssignDevices(w.server, apple.Selection{Count: 1})
		if err != nil {
			t.Fatal(err)
		}
		w.file("a.txt", serials[0]+"\n"+later[0]+"\n")
		config := func(more string) []string {
			return []string{tokenConfig, profileConfig("a", ""), assignmentConfig("a", "a.txt", more)}
		}
		w.write(config("")...)
		w.says(w.plan(1), "Devices that the token does not have", later[0])
		w.write(append(config(`  missing_devices = "wait"`), fullSyncConfig)...)
		w.apply("-target=asm_device_assignment.a")
		w.plan(0, "-target=asm_device_assignment.a")
		w.advance(hour)
		w.apply()
		if kind == enrollment.Intune {
			// Microsoft Graph keeps nothing pending: the next apply finishes it.
			w.plan(2)
			w.apply()
		}
		if w.truth()[later[0]] == "" {
			t.Errorf("the sync that brought %s in did not finish its assignment", later[0])
		}
		w.emptyPlans()
	})
}

func TestThrottledDevices(t *testing.T) {
	w := newDistrict(t, 20)
	serials := w.serials("a.txt", 0, 20)
	w.write(tokenConfig, profileConfig("a", ""), assignmentConfig("a", "a.txt", ""))
	w.fault(apple.Fault{Kind: apple.FaultThrottled, Serials: serials[:5], RetryAfterSeconds: 3600})
	w.says(w.apply(), "5 devices waiting for Apple's cooldown")
	w.says(w.plan(0), "5 devices waiting for Apple's cooldown")
	w.apple.ClearFaults()
	w.advance(61 * minute)
	w.plan(2)
	w.apply()
	w.emptyPlans()
	if n := w.perProfile()[""]; n != 0 {
		t.Errorf("%d devices are without a profile", n)
	}
}

func TestAProfileChangeAndNewDevicesInOneApplySendEachDeviceOnce(t *testing.T) {
	w := newDistrict(t, 2600)
	w.serials("a.txt", 0, 2400)
	w.write(tokenConfig, profileConfig("a", `  department = "School IT"`), assignmentConfig("a", "a.txt", ""))
	w.apply()
	w.serials("a.txt", 0, 2600)
	w.write(tokenConfig, profileConfig("a", `  department = "Library"`), assignmentConfig("a", "a.txt", ""))
	w.forget()
	w.apply()
	w.emptyPlans()
	// The first thousand move with the definition itself.
	if n := w.sends(); n != 3 {
		t.Errorf("%d requests, want 2 for the other 1,400 and 1 for the 200 new ones", n)
	}
	for serial, sends := range w.apple.Requests(true).AssignSends {
		if sends > 1 {
			t.Fatalf("%s was sent %d times", serial, sends)
		}
	}
	if counts := w.perProfile(); len(counts) != 1 {
		t.Errorf("devices by definition: %v, want all on one", counts)
	}
}

func TestARecordedAttributeTouchesNoDevice(t *testing.T) {
	w := newDistrict(t, 20)
	w.serials("a.txt", 0, 20)
	config := func(users int) []string {
		return []string{
			tokenConfig, profileConfig("a", fmt.Sprintf("  supervised  = true\n  shared_ipad = { maximum_cached_users = %d }", users)),
			assignmentConfig("a", "a.txt", ""),
		}
	}
	w.write(config(6)...)
	w.says(w.apply(), "recorded")
	w.forget()
	w.write(config(8)...)
	w.apply()
	w.emptyPlans()
	if n := w.sends() + w.requests("POST /profile"); n != 0 {
		t.Errorf("a change that Apple has no field for sent %d requests", n)
	}
}
