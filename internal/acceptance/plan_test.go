package acceptance

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/graph"
)

// once demands that a plan says texts, each in one place.
func (w *world) once(output string, texts ...string) {
	w.Helper()
	flat := strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(output)), " ")
	for _, text := range texts {
		if n := strings.Count(flat, text); n != 1 {
			w.Errorf("%q is said %d times in:\n%s", text, n, output)
		}
	}
}

// Every kind of change in one configuration: what it does to how many devices is in the summaries, which is all that
// -compact-warnings shows.
func TestAPlanSaysWhatItsChangesDoToTheDevices(t *testing.T) {
	onServices(t, func(t *testing.T, kind enrollment.Kind) {
		w := newDistrictOn(t, kind, 100)
		ipads := w.serials("a.txt", 0, 60)
		w.serials("b.txt", 60, 90)
		onLeave := map[enrollment.Kind]string{enrollment.Embedded: "unassign", enrollment.Intune: "keep"}[kind]
		leave := map[enrollment.Kind]string{
			enrollment.Embedded: `10 devices leave it for none, 2 of them after a factory reset`,
			enrollment.Intune:   `10 devices leave the assignment and keep enrollment profile "a"`,
		}[kind]
		config := func(department, profileOfB, defaultProfile, more string) []string {
			return []string{
				tokenConfig, fullSyncConfig, profileConfig("a", fmt.Sprintf("  department = %q", department)), profileConfig("b", ""), profileConfig("c", ""),
				assignmentConfig("a", "a.txt", fmt.Sprintf("  on_leave = %q\n  take_over_from = [asm_enrollment_profile.b.id]", onLeave)),
				strings.Replace(assignmentConfig("b", "b.txt", fmt.Sprintf("  on_leave = %q", onLeave)), "asm_enrollment_profile.b.id", profileOfB, 1),
				strings.ReplaceAll(defaultConfig, "asm_enrollment_profile.classroom.id", defaultProfile), more,
			}
		}
		first := []string{"asm_enrollment_profile.b.id", "asm_enrollment_profile.a.id"}
		w.write(config("IT", first[0], first[1], "")...)
		w.apply()
		for _, serial := range ipads[48:54] { // in use: 4 that stay, and 2 that leave
			if err := w.apple.Activate(serial); err != nil {
				t.Fatal(err)
			}
		}
		w.advance(hour)
		w.apply("-var", "run=2")
		w.plan(0, "-var", "run=2")

		// Ten leave a for nothing, and b's devices go to c, which is as new devices get it from now on.
		kept := append(append([]string{}, ipads[:44]...), ipads[50:54]...) // without 2 of those in use
		kept = append(kept, ipads[54:56]...)
		w.file("a.txt", strings.Join(append(kept, w.serials("more.txt", 90, 95)...), "\n"))
		w.file("wait.txt", "NOTHERE00001\n")
		w.file("none.txt", "")
		extra := assignmentConfig("c", "wait.txt", "  missing_devices = \"wait\"\n  on_leave = \"keep\"") +
			strings.Replace(assignmentConfig("a", "none.txt", "  on_leave = \"keep\""), `"asm_device_assignment" "a"`, `"asm_device_assignment" "none"`, 1)
		w.write(config("Library", "asm_enrollment_profile.c.id", "asm_enrollment_profile.c.id", extra)...)
		w.forget()
		plan := w.plan(2, "-var", "run=3", "-compact-warnings")
		w.once(plan,
			`Enrollment profile change reaches 60 devices, 6 of them after a factory reset`,
			`5 devices get enrollment profile "a"; `+leave,
			`30 devices get enrollment profile "c": 30 from "b"`,
			`New ios devices get enrollment profile "c" from now on and no longer "a"`,
			`1 serial number that token "District" does not have: pending until a sync brings them in (NOTHERE00001)`,
			`0 devices get enrollment profile "a": the source of serial numbers is empty`)
		if w.graph != nil && w.graphWrites() > 0 || w.sends() > 0 {
			t.Error("a plan wrote something")
		}

		// Everything goes.
		w.write(tokenConfig, fullSyncConfig)
		plan = w.plan(2, "-var", "run=2", "-compact-warnings")
		w.once(plan, `Destroying enrollment profile "a" is refused while 60 devices have it and it is the default for ios`,
			`Destroying enrollment profile "b" is refused while 30 devices have it`)
		gone := map[enrollment.Kind]string{enrollment.Embedded: `New ios devices get no enrollment profile from now on and no longer "a"`, enrollment.Intune: `Destroying leaves "a" the default for ios`}[kind]
		w.once(plan, gone)
		w.once(w.plan(2, "-var", "run=2", "-destroy", "-compact-warnings"), `Destroying token "District" is refused while it has 100 devices and 3 enrollment profiles`)

		// A token that is of no use stops the apply of what depends on it, and is said once.
		w.write(config("IT", first[0], first[1], "")...)
		w.advance(366 * 24 * time.Hour)
		w.once(w.plan(2, "-var", "run=4", "-compact-warnings"), `The server token of "District" expired on`)
	})
}

func TestThePushCertificateIsSaidOnceWithThePlansOfTheTokens(t *testing.T) {
	w, _, _, _ := newTenant(t, 2)
	expires := w.apple.Now().Add(12*24*time.Hour + time.Hour)
	w.graph.SetPushCertificate(&graph.PushCertificate{AppleID: "push@school.example", SerialNumber: "1", Topic: "com.apple.mgmt.1", ExpiresAt: expires})
	var config strings.Builder
	for _, name := range []string{"one", "two"} {
		seeded, err := w.graph.AddToken(graph.TokenSeed{Name: name, AppleID: "it@school.example", Devices: 1})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&config, "import {\n  to = asm_token.%[1]s\n  id = %[2]q\n}\n\nresource \"asm_token\" %[1]q {\n  name     = %[1]q\n  apple_id = \"it@school.example\"\n}\n", name, seeded.ID)
	}
	config.WriteString("data \"asm_push_certificate\" \"this\" {}\n")
	w.write(config.String())
	w.once(w.plan(2, "-compact-warnings"), "Apple MDM push certificate expires in 12 days: renew it as push@school.example")
	w.forget()
	w.write(strings.ReplaceAll(config.String(), "data \"asm_push_certificate\" \"this\" {}\n", ""))
	w.once(w.plan(2, "-compact-warnings"), "Apple MDM push certificate expires in 12 days")
	if n := w.graphRequests("GET", "/applePushNotificationCertificate"); n != 1 {
		t.Errorf("it was asked for %d times", n)
	}
}
