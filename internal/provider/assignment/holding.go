package assignment

import (
	"context"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

// Private state keeps what an assignment owns: no tool renders or diffs it, so
// it may grow with the fleet.
const (
	ownedKey     = "owned"
	waitingKey   = "waiting"
	goneKey      = "gone"
	elsewhereKey = "elsewhere"
	fillingKey   = "filling"
	coolingKey   = "cooling"
	failedKey    = "failed"
	formerKey    = "former"
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
	// elsewhere, by profile id, are devices of the assignment that a change of
	// profile_id left on another profile (refused, in Apple's cooldown, or the
	// change was interrupted): nobody else's, so take_over_from need not name it.
	elsewhere map[string]tf.Packed
	// cooling, of those owned, are to leave and wait for Apple's cooldown.
	cooling tf.Packed
	// failed are all that the last finished apply counted as failed, owned or not.
	failed tf.Packed
	// filling: the first fill was interrupted, so what is left of it is exempt
	// from the fuse too.
	filling bool
	// former are the assignments that the service recorded for devices when an
	// import brought them, as long as no apply has taken them from those.
	former []string
}

// loadHolding reads what private state says; false when it says nothing, as
// after an import.
func loadHolding(ctx context.Context, private tf.PrivateGetter, diags *diag.Diagnostics) (holding, bool) {
	var h holding
	known := tf.GetPrivate(ctx, private, ownedKey, &h.owned, diags)
	tf.GetPrivate(ctx, private, waitingKey, &h.waiting, diags)
	tf.GetPrivate(ctx, private, goneKey, &h.gone, diags)
	tf.GetPrivate(ctx, private, elsewhereKey, &h.elsewhere, diags)
	tf.GetPrivate(ctx, private, fillingKey, &h.filling, diags)
	tf.GetPrivate(ctx, private, coolingKey, &h.cooling, diags)
	tf.GetPrivate(ctx, private, failedKey, &h.failed, diags)
	tf.GetPrivate(ctx, private, formerKey, &h.former, diags)
	return h, known
}

func (h holding) save(ctx context.Context, private tf.PrivateSetter, diags *diag.Diagnostics) {
	tf.SetPrivate(ctx, private, ownedKey, h.owned, diags)
	tf.SetPrivate(ctx, private, waitingKey, h.waiting, diags)
	tf.SetPrivate(ctx, private, goneKey, h.gone, diags)
	tf.SetPrivate(ctx, private, elsewhereKey, h.elsewhere, diags)
	tf.SetPrivate(ctx, private, fillingKey, h.filling, diags)
	tf.SetPrivate(ctx, private, coolingKey, h.cooling, diags)
	tf.SetPrivate(ctx, private, failedKey, h.failed, diags)
	tf.SetPrivate(ctx, private, formerKey, h.former, diags)
}

// own gives, by profile id, the devices that are the assignment's on another
// profile than the wanted one: it moves them without being allowed to take over.
func (h holding) own(now, wanted types.String) map[string][]string {
	own := map[string][]string{}
	for from, serials := range h.elsewhere {
		own[from] = serials
	}
	if !wanted.Equal(now) {
		own[now.ValueString()] = enrollment.Union(own[now.ValueString()], h.owned)
	}
	if !wanted.IsUnknown() {
		delete(own, wanted.ValueString())
	}
	return own
}

// leaving gives, by the profile that they would be released from, the devices
// that are no longer wanted.
func (h holding) leaving(profileID string, desired []string) map[string][]string {
	leaving := map[string][]string{profileID: enrollment.Without(h.owned, desired)}
	for from, serials := range h.elsewhere {
		if from != profileID {
			leaving[from] = enrollment.Without(serials, desired)
		}
	}
	return leaving
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
	// recovered were counted as failed and have the profile by now: Graph shows
	// late what it took.
	recovered []string
}

// look compares a holding with the devices as they are, and gives the holding
// as it is to be kept.
func (h holding) look(devices map[string]enrollment.Device, profileID string, waits bool, now time.Time) (sighting, holding) {
	var s sighting
	kept := holding{owned: h.owned, elsewhere: h.stillElsewhere(devices), filling: h.filling, cooling: h.cooling, former: h.former}
	for _, serial := range h.failed {
		if device := devices[serial]; device.ProfileID == profileID && !device.InDoubt {
			s.recovered = append(s.recovered, serial)
		}
	}
	kept.failed = enrollment.Without(h.failed, s.recovered)
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
		case contains(h.cooling, serial) && now.Before(device.ThrottledUntil):
			s.cool(device.ThrottledUntil) // as good as gone: nothing can be done about it yet
		case device.ProfileID == profileID && !device.InDoubt:
			s.held = append(s.held, serial)
		case now.Before(device.ThrottledUntil):
			s.held = append(s.held, serial)
			s.cool(device.ThrottledUntil)
		}
	}
	return s, kept
}

// stillElsewhere drops devices that have come over, or went to somebody else.
func (h holding) stillElsewhere(devices map[string]enrollment.Device) map[string]tf.Packed {
	still := map[string]tf.Packed{}
	for from, serials := range h.elsewhere {
		for _, serial := range serials {
			if devices[serial].ProfileID == from {
				still[from] = append(still[from], serial)
			}
		}
	}
	return still
}

func (s *sighting) cool(until time.Time) {
	s.cooling++
	if s.coolUntil.IsZero() || until.Before(s.coolUntil) {
		s.coolUntil = until
	}
}

func sorted(serials ...string) []string {
	out := slices.Clone(serials)
	slices.Sort(out)
	return slices.Compact(out)
}

func contains(sorted []string, serial string) bool {
	_, ok := slices.BinarySearch(sorted, serial)
	return ok
}

// fewSerials is up to how many devices are asked for by serial number; for more
// the whole token is read.
const fewSerials = 500

// devicesOf reads those of the given devices that the token has, their profiles
// written in one spelling. serials are sorted.
func devicesOf(ctx context.Context, service enrollment.Service, tokenID string, serials []string, spelled *spelling) (map[string]enrollment.Device, error) {
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
			return nil, err
		}
		if contains(serials, device.SerialNumber) {
			device.ProfileID = spelled.of(device.ProfileID)
			found[device.SerialNumber] = device
		}
	}
	return found, nil
}

// devicesOn lists the devices that have a profile, sorted, and those of them that
// assignments are recorded for, by their ids.
func devicesOn(ctx context.Context, service enrollment.Service, tokenID, profileID string) (serials []string, recorded map[string][]string, err error) {
	serials, recorded = []string{}, map[string][]string{}
	for device, err := range service.Devices(ctx, tokenID, enrollment.DeviceFilter{Assignment: []string{profileID}}) {
		if err != nil {
			return nil, nil, err
		}
		serials = append(serials, device.SerialNumber)
		if device.Holder != "" {
			recorded[device.Holder] = append(recorded[device.Holder], device.SerialNumber)
		}
	}
	slices.Sort(serials)
	return serials, recorded, nil
}
