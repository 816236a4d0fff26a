// Package schoolportal is Apple School Manager in the hands of a test: what servicetest.Portal asks for, over the simulator of
// Apple. Tests of either enrollment service use it.
package schoolportal

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

// Portal does what a person does at the portal and with the devices. Methods fail the test when they cannot.
type Portal struct {
	Apple *apple.Simulator
	// Sent counts the requests so far that gave devices a profile, on whatever service is tested.
	Sent func() int
}

func check[T any](t *testing.T, v T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatalf("portal: %v", err)
	}
	return v
}

// AddServer makes an MDM server for a public key and gives its id.
func (p Portal) AddServer(t *testing.T, name, publicKeyPEM string) string {
	t.Helper()
	server, err := p.Apple.CreateServer(name, []byte(publicKeyPEM))
	return check(t, server, err).ID
}

// SetPublicKey gives a server another public key.
func (p Portal) SetPublicKey(t *testing.T, serverID, publicKeyPEM string) {
	t.Helper()
	server, err := p.Apple.UpdateServer(serverID, "", []byte(publicKeyPEM))
	check(t, server, err)
}

// ServerToken downloads a new server token.
func (p Portal) ServerToken(t *testing.T, serverID string) []byte {
	t.Helper()
	file, err := p.Apple.ServerToken(serverID)
	return check(t, file, err)
}

// Revoke makes the server token useless.
func (p Portal) Revoke(t *testing.T, serverID string) {
	t.Helper()
	check(t, 0, p.Apple.RevokeToken(serverID))
}

// SetAccount changes the account's kind and Apple ID.
func (p Portal) SetAccount(t *testing.T, orgType, appleID string) {
	t.Helper()
	check(t, 0, p.Apple.UpdateOrganization(func(o *apple.Organization) error {
		o.OrgType, o.AdminID = orgType, appleID
		return nil
	}))
}

// SetTerms tells whether Apple's terms are accepted.
func (p Portal) SetTerms(_ *testing.T, accepted bool) { p.Apple.SetTerms(accepted) }

// AddDevices assigns n iPads that no server has, and gives their serial numbers, sorted.
func (p Portal) AddDevices(t *testing.T, serverID string, n int) []string {
	t.Helper()
	var serials []string
	for _, serial := range p.Apple.SerialNumbers() {
		if d := check(t, p.device(t, serial), nil); len(serials) < n && d.Family == "iPad" && d.Server == "" {
			serials = append(serials, serial)
		}
	}
	if len(serials) < n {
		t.Fatalf("the inventory has no %d iPads left", n)
	}
	_, err := p.Apple.AssignDevices(serverID, apple.Selection{SerialNumbers: serials})
	check(t, 0, err)
	slices.Sort(serials)
	return serials
}

// RemoveDevices takes devices from their server.
func (p Portal) RemoveDevices(t *testing.T, serverID string, serials []string) {
	t.Helper()
	_, err := p.Apple.UnassignDevices(serverID, apple.Selection{SerialNumbers: serials})
	check(t, 0, err)
}

// Activate takes a device through Setup Assistant.
func (p Portal) Activate(t *testing.T, serial string) {
	t.Helper()
	check(t, 0, p.Apple.Activate(serial))
}

func (p Portal) device(t *testing.T, serial string) apple.Device {
	t.Helper()
	d, err := p.Apple.Device(serial)
	return check(t, d, err)
}

// ProfileName is the name of the profile that Apple has for a device, "" for none.
func (p Portal) ProfileName(t *testing.T, serial string) string {
	t.Helper()
	d := p.device(t, serial)
	if d.ProfileUUID == "" {
		return ""
	}
	profile, err := p.Apple.Profile(d.ProfileUUID)
	var definition struct {
		Name string `json:"profile_name"`
	}
	check(t, 0, json.Unmarshal(check(t, profile, err).Definition, &definition))
	return definition.Name
}

// Fault makes Apple misbehave.
func (p Portal) Fault(t *testing.T, f apple.Fault) {
	t.Helper()
	_, err := p.Apple.AddFaults(f)
	check(t, 0, err)
}

// Throttle puts assignments of devices off.
func (p Portal) Throttle(t *testing.T, serials []string, cooldown time.Duration) {
	t.Helper()
	p.Fault(t, apple.Fault{Kind: apple.FaultThrottled, Serials: serials, RetryAfterSeconds: int(cooldown / time.Second)})
}

// Refuse refuses assignments of devices.
func (p Portal) Refuse(t *testing.T, serials []string) {
	t.Helper()
	p.Fault(t, apple.Fault{Kind: apple.FaultFailed, Serials: serials})
}

// Unfault ends what Throttle and Refuse began.
func (p Portal) Unfault(*testing.T) { p.Apple.ClearFaults() }

// AssignRequests is what Sent says.
func (p Portal) AssignRequests(*testing.T) int { return p.Sent() }

// Now is the time at Apple.
func (p Portal) Now() time.Time { return p.Apple.Now() }

// Advance moves Apple's clock.
func (p Portal) Advance(t *testing.T, d time.Duration) {
	t.Helper()
	check(t, 0, p.Apple.AdvanceClock(d))
}
