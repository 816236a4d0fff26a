package embedded_test

import (
	"context"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded"
	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded/store/storetest"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment/servicetest"
	"github.com/asm-enrollment/terraform-provider-asm/internal/httpx"
	simulator "github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/schoolportal"
)

// storeKey is base64 of 32 bytes.
const storeKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

// world is an Apple, a clock and the place of a store, on which any number of services can be opened: each is what a
// process of its own would have.
type world struct {
	schoolportal.Portal

	sim    *simulator.Simulator
	t      *testing.T
	config embedded.Config
}

// stores are the databases that everything is tested on.
var stores = map[string]func(t *testing.T) string{
	"sqlite":   func(t *testing.T) string { return "sqlite:" + t.TempDir() + "/.asm/enrollment.db" },
	"postgres": storetest.Postgres,
}

// onStores runs a test on each database.
func onStores(t *testing.T, test func(t *testing.T, address string)) {
	for _, name := range []string{"sqlite", "postgres"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, stores[name](t))
		})
	}
}

func newWorld(t *testing.T, address string, devices int) *world {
	t.Helper()
	start, began := time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC), time.Now()
	sim := simulator.New(simulator.Options{Devices: devices, Seed: 1, Now: func() time.Time { return start.Add(time.Since(began)) }})
	sim.Start(t)
	return &world{
		Portal: schoolportal.Portal{Apple: sim, Sent: func() int {
			requests := sim.Requests(false).Requests
			return requests["POST /profile/devices"] + requests["PUT /profile/devices"]
		}},
		sim: sim, t: t,
		config: embedded.Config{
			Store: address, AppleURL: sim.AppleURL(), MDMURL: "https://mdm.example.edu/enroll", StoreKey: storeKey, Version: "test",
			UserConfigDir: t.TempDir(), Now: sim.Now, Wait: poll, HTTP: httpx.Options{MaxRetries: 2, Wait: noWait},
		},
	}
}

// poll gives others a moment, whatever the time that is asked for: tests run on a clock of their own.
func poll(ctx context.Context, _ time.Duration) error {
	timer := time.NewTimer(time.Millisecond)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func noWait(ctx context.Context, _ time.Duration) error { return ctx.Err() }

// open opens the store as another process would. It is closed at the end of the test, if not before.
func (w *world) open() *embedded.Service {
	w.t.Helper()
	s, err := embedded.Open(w.t.Context(), w.config)
	if err != nil {
		w.t.Fatalf("opening the service: %v", err)
	}
	w.t.Cleanup(func() { _ = s.Close() })
	s.PageByPage()
	return s
}

func TestConformance(t *testing.T) {
	onStores(t, func(t *testing.T, _ string) {
		name := t.Name()[len("TestConformance/"):]
		servicetest.Run(t, func(t *testing.T) servicetest.Harness {
			w := newWorld(t, stores[name](t), 4000)
			return servicetest.Harness{Service: w.open(), Portal: w.Portal}
		})
	})
}

func check[T any](t *testing.T, v T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
	return v
}
