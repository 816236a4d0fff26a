// Package servicetest is the conformance suite of enrollment.Service: what passes it works. Every test is one rule, named
// for it, and speaks only of what the Terraform surface can see and of Apple's truth about a device; how a service gets
// there is its own business and its own tests'.
package servicetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// Harness is a service without any objects, and the world around it.
type Harness struct {
	Service enrollment.Service
	Portal  Portal
}

// Portal is Apple School Manager as a person and the devices see it, together with the clock of the service and of Apple.
// Methods fail the test when they cannot do what they are asked.
type Portal interface {
	// AddServer makes an MDM server for a public key and gives its id. Its account is a school's, of the Apple ID
	// it@school.example.
	AddServer(t *testing.T, name, publicKeyPEM string) (serverID string)
	// SetPublicKey gives a server another public key.
	SetPublicKey(t *testing.T, serverID, publicKeyPEM string)
	// ServerToken downloads a new server token; earlier ones stop working.
	ServerToken(t *testing.T, serverID string) []byte
	// Revoke makes the server token useless.
	Revoke(t *testing.T, serverID string)
	// SetAccount changes what Apple says of the account: its kind (edu, org) and its Apple ID.
	SetAccount(t *testing.T, orgType, appleID string)
	// SetTerms tells whether Apple's terms are accepted.
	SetTerms(t *testing.T, accepted bool)

	// AddDevices assigns n further iPads to a server and gives their serial numbers, sorted.
	AddDevices(t *testing.T, serverID string, n int) []string
	// RemoveDevices takes devices from a server.
	RemoveDevices(t *testing.T, serverID string, serialNumbers []string)
	// Activate takes a device through Setup Assistant.
	Activate(t *testing.T, serialNumber string)
	// ProfileName is the truth: the name of the profile that Apple has for a device, "" for none.
	ProfileName(t *testing.T, serialNumber string) string

	// Throttle makes Apple put the next assignments of devices off by a cooldown, until Unfault.
	Throttle(t *testing.T, serialNumbers []string, cooldown time.Duration)
	// Refuse makes Apple refuse assignments of devices, until Unfault.
	Refuse(t *testing.T, serialNumbers []string)
	Unfault(t *testing.T)

	// AssignRequests is the number of requests so far that gave devices a profile.
	AssignRequests(t *testing.T) int
	Now() time.Time
	Advance(t *testing.T, d time.Duration)
}

// AppleID is the account that server tokens of a Portal are downloaded with.
const AppleID = "it@school.example"

// Run runs the suite. newHarness is called for every test.
func Run(t *testing.T, newHarness func(t *testing.T) Harness) {
	for _, group := range []map[string]func(*world){tokenRules, profileRules, syncRules, assignmentRules} {
		for _, name := range sortedKeys(group) {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				h := newHarness(t)
				group[name](&world{T: t, Service: h.Service, portal: h.Portal})
			})
		}
	}
}

func sortedKeys(m map[string]func(*world)) []string {
	var out []string
	for name := range m {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// world is a test with its service.
type world struct {
	*testing.T
	enrollment.Service
	portal Portal
}

func (w *world) ctx() context.Context { return w.Context() }

// school is a token in use with its server.
type school struct {
	token    enrollment.Token
	serverID string
	devices  []string
}

// must fails the test when a step that is not the point of it goes wrong.
func must[T any](w *world) func(T, error) T {
	return func(v T, err error) T {
		w.Helper()
		if err != nil {
			w.Fatalf("unexpected error: %v", err)
		}
		return v
	}
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatalf("unexpected error: %v", err)
	}
}

func tokenSpec(name string) enrollment.TokenSpec {
	return enrollment.TokenSpec{Name: name, AppleID: AppleID, Type: enrollment.School}
}

// open makes a token in use, with devices that were there before its first sync.
func (w *world) open(name string, devices int) school {
	w.Helper()
	token := must[enrollment.Token](w)(w.CreateToken(w.ctx(), tokenSpec(name)))
	s := school{serverID: w.portal.AddServer(w.T, name, token.PublicKeyPEM)}
	if devices > 0 {
		s.devices = w.portal.AddDevices(w.T, s.serverID, devices)
	}
	s.token = w.upload(token.ID, w.portal.ServerToken(w.T, s.serverID)).Token
	return s
}

func (w *world) upload(tokenID string, contents []byte) enrollment.UploadResult {
	w.Helper()
	return must[enrollment.UploadResult](w)(w.UploadServerToken(w.ctx(), tokenID, enrollment.ServerTokenUpload{Contents: contents}))
}

func (w *world) sync(tokenID string, kind enrollment.SyncKind) enrollment.SyncRun {
	w.Helper()
	return must[enrollment.SyncRun](w)(w.Sync(w.ctx(), enrollment.SyncRequest{TokenID: tokenID, Kind: kind, Wait: true}))
}

// later lets the time pass that has to lie between two syncs, and syncs.
func (w *world) later(tokenID string) enrollment.SyncRun {
	w.Helper()
	w.portal.Advance(w.T, enrollment.ManualSyncInterval+time.Minute)
	return w.sync(tokenID, enrollment.IncrementalSync)
}

func profileSpec(tokenID, name string) enrollment.ProfileSpec {
	return enrollment.ProfileSpec{TokenID: tokenID, Name: name, Supervised: true, Department: new("IT"), DepartmentPhone: new("555 0100")}
}

func (w *world) profile(tokenID, name string) enrollment.Profile {
	w.Helper()
	return must[enrollment.ProfileResult](w)(w.CreateProfile(w.ctx(), profileSpec(tokenID, name))).Profile
}

func (w *world) assign(req enrollment.AssignRequest) enrollment.AssignResult {
	w.Helper()
	return must[enrollment.AssignResult](w)(w.Assign(w.ctx(), req))
}

// counts tells whether a profile says that it has n devices. Intune has no number: it would have to read every device of the
// token to tell, so it may say that it does not know.
func (w *world) counts(p enrollment.Profile, n int) bool {
	return p.DeviceCount == n || w.Kind() == enrollment.Intune && p.DeviceCount == enrollment.DeviceCountUnknown
}

// device reads one device of the view.
func (w *world) device(tokenID, serial string) enrollment.Device {
	w.Helper()
	for d, err := range w.Devices(w.ctx(), tokenID, enrollment.DeviceFilter{SerialNumbers: []string{serial}}) {
		w.ok(err)
		return d
	}
	w.Fatalf("the view has no device %s", serial)
	return enrollment.Device{}
}

// serials lists the devices of the view that match.
func (w *world) serials(tokenID string, filter enrollment.DeviceFilter) []string {
	w.Helper()
	var out []string
	for d, err := range w.Devices(w.ctx(), tokenID, filter) {
		w.ok(err)
		out = append(out, d.SerialNumber)
	}
	return out
}

// haveProfile checks Apple's truth.
func (w *world) haveProfile(serials []string, name string) {
	w.Helper()
	for _, serial := range serials {
		if got := w.portal.ProfileName(w.T, serial); got != name {
			w.Fatalf("Apple has profile %q for device %s, want %q", got, serial, name)
		}
	}
}
