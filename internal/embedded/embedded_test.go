package embedded_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded"
	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded/store/storetest"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment/servicetest"
	"github.com/asm-enrollment/terraform-provider-asm/internal/httpx"
	simulator "github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

// storeKey is base64 of 32 bytes.
const storeKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

// world is an Apple, a clock and the place of a store, on which any number of services can be opened: each is what a
// process of its own would have.
type world struct {
	*portal
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
		portal: &portal{sim: sim}, t: t,
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
			return servicetest.Harness{Service: w.open(), Portal: w.portal}
		})
	})
}

// portal is servicetest.Portal on the simulator.
type portal struct{ sim *simulator.Simulator }

var _ servicetest.Portal = (*portal)(nil)

func check[T any](t *testing.T, v T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatalf("portal: %v", err)
	}
	return v
}

func (p *portal) AddServer(t *testing.T, name, publicKeyPEM string) string {
	t.Helper()
	server, err := p.sim.CreateServer(name, []byte(publicKeyPEM))
	return check(t, server, err).ID
}

func (p *portal) SetPublicKey(t *testing.T, serverID, publicKeyPEM string) {
	t.Helper()
	server, err := p.sim.UpdateServer(serverID, "", []byte(publicKeyPEM))
	check(t, server, err)
}

func (p *portal) ServerToken(t *testing.T, serverID string) []byte {
	t.Helper()
	file, err := p.sim.ServerToken(serverID)
	return check(t, file, err)
}

func (p *portal) Revoke(t *testing.T, serverID string) {
	t.Helper()
	check(t, 0, p.sim.RevokeToken(serverID))
}

func (p *portal) SetAccount(t *testing.T, orgType, appleID string) {
	t.Helper()
	check(t, 0, p.sim.UpdateOrganization(func(o *simulator.Organization) error {
		o.OrgType, o.AdminID = orgType, appleID
		return nil
	}))
}

func (p *portal) SetTerms(_ *testing.T, accepted bool) { p.sim.SetTerms(accepted) }

func (p *portal) AddDevices(t *testing.T, serverID string, n int) []string {
	t.Helper()
	var serials []string
	for _, serial := range p.sim.SerialNumbers() {
		if d := check(t, p.device(t, serial), nil); len(serials) < n && d.Family == "iPad" && d.Server == "" {
			serials = append(serials, serial)
		}
	}
	if len(serials) < n {
		t.Fatalf("the inventory has no %d iPads left", n)
	}
	_, err := p.sim.AssignDevices(serverID, simulator.Selection{SerialNumbers: serials})
	check(t, 0, err)
	slices.Sort(serials)
	return serials
}

func (p *portal) RemoveDevices(t *testing.T, serverID string, serials []string) {
	t.Helper()
	_, err := p.sim.UnassignDevices(serverID, simulator.Selection{SerialNumbers: serials})
	check(t, 0, err)
}

func (p *portal) Activate(t *testing.T, serial string) {
	t.Helper()
	check(t, 0, p.sim.Activate(serial))
}

func (p *portal) device(t *testing.T, serial string) simulator.Device {
	t.Helper()
	d, err := p.sim.Device(serial)
	return check(t, d, err)
}

func (p *portal) ProfileName(t *testing.T, serial string) string {
	t.Helper()
	d := p.device(t, serial)
	if d.ProfileUUID == "" {
		return ""
	}
	profile, err := p.sim.Profile(d.ProfileUUID)
	var definition struct {
		Name string `json:"profile_name"`
	}
	check(t, 0, json.Unmarshal(check(t, profile, err).Definition, &definition))
	return definition.Name
}

func (p *portal) fault(t *testing.T, f simulator.Fault) {
	t.Helper()
	_, err := p.sim.AddFaults(f)
	check(t, 0, err)
}

func (p *portal) Throttle(t *testing.T, serials []string, cooldown time.Duration) {
	t.Helper()
	p.fault(t, simulator.Fault{Kind: simulator.FaultThrottled, Serials: serials, RetryAfterSeconds: int(cooldown / time.Second)})
}

func (p *portal) Refuse(t *testing.T, serials []string) {
	t.Helper()
	p.fault(t, simulator.Fault{Kind: simulator.FaultFailed, Serials: serials})
}

func (p *portal) Unfault(*testing.T) { p.sim.ClearFaults() }

func (p *portal) AssignRequests(*testing.T) int {
	requests := p.sim.Requests(false).Requests
	return requests["POST /profile/devices"] + requests["PUT /profile/devices"]
}

func (p *portal) Now() time.Time { return p.sim.Now() }

func (p *portal) Advance(t *testing.T, d time.Duration) {
	t.Helper()
	check(t, 0, p.sim.AdvanceClock(d))
}
