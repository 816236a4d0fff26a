//go:build unix

package apple_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

// A demo shows a large district: its devices have to be there at once. Processor time is measured, of which a machine
// that is busy with something else takes no more.
func TestHundredThousandDevicesAreReadyInASecond(t *testing.T) {
	schoolKey() // takes a while, and is not what is measured
	started := processorTime(t)
	sim := apple.New(apple.Options{Devices: 100_000, Seed: 1})
	server, err := sim.CreateServer("District", schoolKey().pem)
	must(t, err)
	_, err = sim.AssignDevices(server.ID, apple.Selection{Count: 100_000})
	must(t, err)
	took := processorTime(t) - started
	t.Logf("100,000 devices took %s of processor time", took)
	if took > time.Second {
		t.Errorf("took %s of processor time, want less than a second", took)
	}
}

func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	must(t, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
