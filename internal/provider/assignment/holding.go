package assignment

import (
	"context"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

// Private state keeps what an assignment owns: no tool renders or diffs it, so
// it may grow with the fleet.
const (
	ownedKey   = "owned"
	waitingKey = "waiting"
	goneKey    = "gone"
)

// holding is what an assignment answers for, each list sorted.
type holding struct {
	// owned are the devices that the last apply wanted on the profile.
	owned tf.Packed
	// waiting, of those, were not devices of the token then.
	waiting tf.Packed
	// gone, of those, were once and left it since: reported once, never sent
	// again.
	gone tf.Packed
}

// loadHolding reads what private state says; false when it says nothing, as
// after an import.
func loadHolding(ctx context.Context, private tf.PrivateGetter, diags *diag.Diagnostics) (holding, bool) {
	var h holding
	known := tf.GetPrivate(ctx, private, ownedKey, &h.owned, diags)
	tf.GetPrivate(ctx, private, waitingKey, &h.waiting, diags)
	tf.GetPrivate(ctx, private, goneKey, &h.gone, diags)
	return h, known
}

func (h holding) save(ctx context.Context, private tf.PrivateSetter, diags *diag.Diagnostics) {
	tf.SetPrivate(ctx, private, ownedKey, h.owned, diags)
	tf.SetPrivate(ctx, private, waitingKey, h.waiting, diags)
	tf.SetPrivate(ctx, private, goneKey, h.gone, diags)
}

// sighting is what a look at the devices tells about a holding.
type sighting struct {
	// held count as having the profile: they have it, wait for Apple's cooldown
	// or for a sync, or are gone for good.
	held []string
	// cooling wait for Apple's cooldown, until at the earliest coolUntil.
	cooling   int
	coolUntil time.Time
	// newlyGone have left the token since the last look.
	newlyGone []string
}

// look compares a holding with the devices as they are, and gives the holding
// as it is to be kept.
func (h holding) look(devices map[string]enrollment.Device, profileID string, waits bool, now time.Time) (sighting, holding) {
	var s sighting
	kept := holding{owned: h.owned}
	for _, serial := range h.owned {
		device, present := devices[serial]
		switch {
		case !present && contains(h.waiting, serial):
			kept.waiting = append(kept.waiting, serial)
			if waits {
				s.held = append(s.held, serial)
			}
		case !present:
			if !contains(h.gone, serial) {
				s.newlyGone = append(s.newlyGone, serial)
			}
			kept.gone = append(kept.gone, serial)
			s.held = append(s.held, serial)
		case device.ProfileID == profileID && !device.InDoubt:
			s.held = append(s.held, serial)
		case now.Before(device.ThrottledUntil):
			s.held = append(s.held, serial)
			s.cool(device.ThrottledUntil)
		}
	}
	return s, kept
}

func (s *sighting) cool(until time.Time) {
	s.cooling++
	if s.coolUntil.IsZero() || until.Before(s.coolUntil) {
		s.coolUntil = until
	}
}

func contains(sorted []string, serial string) bool {
	_, ok := slices.BinarySearch(sorted, serial)
	return ok
}

// fewSerials is up to how many devices are asked for by serial number; for more
// the whole token is read.
const fewSerials = 500

// devicesOf reads those of the given devices that the token has. serials are
// sorted.
func devicesOf(ctx context.Context, service enrollment.Service, tokenID string, serials []string) (map[string]enrollment.Device, error) {
	if len(serials) == 0 {
		return map[string]enrollment.Device{}, nil
	}
	filter := enrollment.DeviceFilter{}
	if len(serials) <= fewSerials {
		filter.SerialNumbers = serials
	}
	found := make(map[string]enrollment.Device, len(serials))
	for device, err := range service.Devices(ctx, tokenID, filter) {
		if err != nil {
			return nil, err //nolint:wrapcheck // says what and what to do already
		}
		if contains(serials, device.SerialNumber) {
			found[device.SerialNumber] = device
		}
	}
	return found, nil
}

// devicesOn lists the devices that have a profile, sorted.
func devicesOn(ctx context.Context, service enrollment.Service, tokenID, profileID string) ([]string, error) {
	serials := []string{}
	for device, err := range service.Devices(ctx, tokenID, enrollment.DeviceFilter{Assignment: []string{profileID}}) {
		if err != nil {
			return nil, err //nolint:wrapcheck // says what and what to do already
		}
		serials = append(serials, device.SerialNumber)
	}
	slices.Sort(serials)
	return serials, nil
}
