package embedded_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded"
	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded/store/storetest"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	simulator "github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

// applierVariable makes this test binary a process that applies and is killed: "store Apple's-URL token profile".
const applierVariable = "ASM_TEST_APPLIER"

func TestMain(m *testing.M) {
	if arguments := os.Getenv(applierVariable); arguments != "" {
		apply(strings.Fields(arguments))
		return
	}
	storetest.Main(m)
}

// apply gives every device of a token a profile.
func apply(arguments []string) {
	ctx := context.Background()
	s, err := embedded.Open(ctx, embedded.Config{
		Store: arguments[0], AppleURL: arguments[1], MDMURL: "https://mdm.example.edu/enroll", StoreKey: storeKey, Now: time.Now,
	})
	if err != nil {
		panic(err)
	}
	var serials []string
	for d, err := range s.Devices(ctx, arguments[2], enrollment.DeviceFilter{}) {
		if err != nil {
			panic(err)
		}
		serials = append(serials, d.SerialNumber)
	}
	_, err = s.Assign(ctx, enrollment.AssignRequest{TokenID: arguments[2], ProfileID: arguments[3], SerialNumbers: serials})
	panic(fmt.Sprint("it was to be killed before this: ", err))
}

func TestAKilledProcessLosesNothing(t *testing.T) {
	onStores(t, func(t *testing.T, address string) {
		w := newWorld(t, address, 6000)
		s := w.open()
		home := w.enroll(s, 4500)
		p := w.profile(s, home.id, "Students")
		check(t, 0, s.Close())
		w.Fault(t, simulator.Fault{Kind: simulator.FaultLatency, Latency: simulator.Duration(200 * time.Millisecond), Path: "/profile/devices"})

		child := exec.CommandContext(t.Context(), os.Args[0])
		child.Env = append(os.Environ(), applierVariable+"="+strings.Join([]string{address, w.sim.AppleURL(), home.id, p.ID}, " "))
		child.Stderr = os.Stderr
		check(t, 0, child.Start())
		for w.calls(assignCall) < 3 { // the third is under way
			check(t, 0, poll(t.Context(), 0))
		}
		check(t, 0, child.Process.Kill())
		_ = child.Wait()
		w.sim.ClearFaults()

		s = w.open()
		if _, inDoubt := w.view(s, home.id); inDoubt == 0 {
			t.Fatal("nothing is in doubt after a process was killed with a request under way")
		}
		result := w.assign(s, home.id, p.ID, home.devices)
		if len(result.Done)+len(result.Unchanged) != 4500 || len(result.Unchanged) < 2000 {
			t.Fatalf("%d done, %d unchanged", len(result.Done), len(result.Unchanged))
		}
		if got := w.atApple(home.serverID); got["Students"] != 4500 {
			t.Fatalf("Apple has %v", got)
		}
		if byProfile, inDoubt := w.view(s, home.id); byProfile[p.ID] != 4500 || inDoubt != 0 {
			t.Fatalf("the view has %v, %d in doubt", byProfile, inDoubt)
		}
	})
}
