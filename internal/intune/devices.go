package intune

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune/graph"
)

const (
	// devicesPerPage is what is asked for, and what Graph gives at most.
	devicesPerPage = 1000
	// chunkSize is how many devices are taken from the view at once, so that nobody is kept from it while a caller looks at
	// them.
	chunkSize = 500
)

// forget drops the view of a token's devices: a sync has changed them.
func (s *Service) forget(tokenID string) { s.fleets.of(tokenID).forget() }

// devicesOn counts the devices that have a profile or policy, by its key, for who is about to delete it.
func (s *Service) devicesOn(ctx context.Context, tokenID, key string) (int, error) {
	f := s.fleets.of(tokenID)
	number := f.recent(s.now())
	for {
		if err := s.load(ctx, f, number); err != nil {
			return 0, err
		}
		if n, counted := f.count(key); counted {
			return n, nil
		}
	}
}

// load makes sure that there is a view from read number (fleet.next) or a later one: 0 is any. Who comes while another read
// that will do is under way waits for that one.
func (s *Service) load(ctx context.Context, f *fleet, number int) error {
	for {
		r, mine := f.begin(number, s.now())
		if r == nil {
			return nil
		}
		if mine {
			v, err := s.readAll(ctx, f.tokenID)
			f.end(r, v, err)
			if err != nil {
				return err
			}
			continue
		}
		select {
		case <-r.done:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		// The other caller may have been interrupted; that is no reason why this one should fail.
		if r.err != nil && r.number >= number && !errors.Is(r.err, context.Canceled) && !errors.Is(r.err, context.DeadlineExceeded) {
			return r.err
		}
	}
}

// readAll reads all devices of a token, a page at a time.
func (s *Service) readAll(ctx context.Context, tokenID string) (*view, error) {
	v := &view{}
	query := url.Values{"$filter": {fmt.Sprintf("discoverySource eq '%s'", discoveredByApple)}, "$top": {strconv.Itoa(devicesPerPage)}}
	for page, err := range s.graph.Pages(ctx, devicesPath(tokenID), query) {
		if err != nil {
			return nil, s.failed("read the devices of token "+tokenID, err)
		}
		for _, raw := range page {
			d, ours, err := readIdentity(raw)
			if err != nil {
				return nil, s.failed("read the devices of token "+tokenID, err)
			}
			if ours {
				v.add(d)
			}
		}
	}
	v.order()
	return v, nil
}

func devicesPath(tokenID string) string { return tokenPath(tokenID, "importedAppleDeviceIdentities") }

// errUnfiltered means that Graph paid no heed to the serial number that was asked for, or does not filter by it.
var errUnfiltered = errors.New("the filter was ignored")

// refusesFilter tells how Graph says that it cannot filter by a property. What else a 400 may mean the read of all meets, too.
func refusesFilter(err error) bool {
	status := graph.StatusOf(err)
	return status == http.StatusBadRequest || status == http.StatusNotImplemented
}

// readOne asks for one device.
func (s *Service) readOne(ctx context.Context, tokenID, serial string) (identity, bool, error) {
	query := url.Values{"$filter": {fmt.Sprintf("discoverySource eq '%s' and serialNumber eq '%s'", discoveredByApple, strings.ReplaceAll(serial, "'", "''"))}}
	var found identity
	there := false
	for page, err := range s.graph.Pages(ctx, devicesPath(tokenID), query) {
		if refusesFilter(err) {
			return found, false, errUnfiltered
		}
		if err != nil {
			return found, false, s.failed(fmt.Sprintf("read device %s of token %s", serial, tokenID), err)
		}
		for _, raw := range page {
			d, ours, err := readIdentity(raw)
			switch {
			case err != nil:
				return found, false, s.failed(fmt.Sprintf("read device %s of token %s", serial, tokenID), err)
			case d.serial != serial:
				return found, false, errUnfiltered
			case ours && (!there || d.created.After(found.created)):
				found, there = d, true
			}
		}
	}
	return found, there, nil
}

// readSome asks for devices one by one.
func (s *Service) readSome(ctx context.Context, f *fleet, serials []string) (map[string]identity, error) {
	out := make(map[string]identity, len(serials))
	for _, serial := range serials {
		d, there, err := s.readOne(ctx, f.tokenID, serial)
		if err != nil {
			if errors.Is(err, errUnfiltered) {
				f.ignoresFilter()
			}
			return nil, err
		}
		if there {
			out[serial] = d
		}
	}
	return out, nil
}

// named gives devices by serial number with the profile that they have or were just sent, and the number of the read that
// they come from: from the view of read number (fleet.recent; 0 is any) or a later one; while there is none, one by one where
// that costs no more requests than reading all.
func (s *Service) named(ctx context.Context, f *fleet, serials []string, size, number int) (devices map[string]identity, read int, err error) {
	for {
		if found, read, ok := f.named(serials, number); ok {
			return found, read, nil
		}
		next := f.next()
		if f.spend(len(serials), size) {
			found, err := s.readSome(ctx, f, serials)
			if err == nil {
				f.learn(serials, found)
				f.marked(found)
				return found, next, nil
			}
			if !errors.Is(err, errUnfiltered) {
				return nil, 0, err
			}
		}
		if err := s.load(ctx, f, number); err != nil {
			return nil, 0, err
		}
	}
}

// current is named for who acts upon it. Devices that are not there are looked for once more, as they may have come since:
// arrived is the first read (fleet.next) that could not begin before they were asked for.
func (s *Service) current(ctx context.Context, f *fleet, serials []string, size, arrived int) (map[string]identity, error) {
	devices, read, err := s.named(ctx, f, serials, size, f.recent(s.now()))
	if err != nil || read >= arrived {
		return devices, err
	}
	missing := slices.DeleteFunc(slices.Clone(serials), func(serial string) bool { _, there := devices[serial]; return there })
	if len(missing) == 0 {
		return devices, nil
	}
	came, err := s.fresh(ctx, f, missing, size, arrived)
	f.marked(came)
	maps.Copy(devices, came)
	return devices, err
}

// fresh gives devices as Graph shows them now. Where they are many all are read, in one read that everybody shares who asks
// before it begins: read number (fleet.next) or a later one.
func (s *Service) fresh(ctx context.Context, f *fleet, serials []string, size, number int) (map[string]identity, error) {
	if f.cheap(len(serials), size) {
		found, err := s.readSome(ctx, f, serials)
		if err == nil {
			f.learn(serials, found)
			return found, nil
		}
		if !errors.Is(err, errUnfiltered) {
			return nil, err
		}
	}
	for {
		if err := s.load(ctx, f, number); err != nil {
			return nil, err
		}
		if found, ok := f.shown(serials); ok {
			return found, nil
		}
	}
}

// Devices implements enrollment.DeviceService. All devices of a token are read once for this Service, and again after a sync
// or an assignment; a few that are named are asked for one by one where that is cheaper.
func (s *Service) Devices(ctx context.Context, tokenID string, filter enrollment.DeviceFilter) iter.Seq2[enrollment.Device, error] {
	return func(yield func(enrollment.Device, error) bool) {
		about, err := s.aboutDevices(ctx, tokenID)
		if err == nil {
			err = s.eachDevice(ctx, about, newSelection(tokenID, filter), func(d enrollment.Device) bool { return yield(d, nil) })
		}
		if err != nil {
			yield(enrollment.Device{}, err)
		}
	}
}

func (s *Service) eachDevice(ctx context.Context, about aboutDevices, sel selection, yield func(enrollment.Device) bool) error {
	f := s.fleets.of(sel.tokenID)
	if sel.serials != nil {
		found, _, err := s.named(ctx, f, sel.serials, about.size, 0)
		if err != nil {
			return err
		}
		_, err = s.eachOf(ctx, about, sel, slices.SortedFunc(maps.Values(found), bySerial), yield)
		return err
	}
	for after := ""; ; {
		if err := s.load(ctx, f, 0); err != nil {
			return err
		}
		chunk, ok := f.after(after, chunkSize)
		if !ok {
			continue // a sync ended just now
		}
		if len(chunk) == 0 {
			return nil
		}
		after = chunk[len(chunk)-1].serial
		if more, err := s.eachOf(ctx, about, sel, chunk, yield); err != nil || !more {
			return err
		}
	}
}

func bySerial(a, b identity) int { return cmp.Compare(a.serial, b.serial) }

func (s *Service) eachOf(ctx context.Context, about aboutDevices, sel selection, devices []identity, yield func(enrollment.Device) bool) (more bool, err error) {
	for _, d := range devices {
		id, seen := sel.listed[d.profile]
		if !seen {
			if id, err = s.listedID(ctx, sel.tokenID, d.profile); err != nil {
				return false, err
			}
			sel.listed[d.profile] = id
		}
		device := d.device(id)
		device.OnDefault = about.isDefault(enrollment.PlatformOf(device.Family), id)
		if sel.matches(device) && !yield(device) {
			return false, nil
		}
	}
	return true, nil
}

// selection is a filter in which ids of profiles may be spelled in any way.
type selection struct {
	tokenID string
	serials []string // nil is any
	// keys are what the profiles have in common with their other spellings; nil is any profile.
	keys map[string]bool
	rest enrollment.DeviceFilter
	// listed is how Graph lists the profiles that were met so far.
	listed map[string]string
}

func newSelection(tokenID string, filter enrollment.DeviceFilter) selection {
	sel := selection{tokenID: tokenID, rest: filter, listed: map[string]string{}}
	sel.rest.SerialNumbers, sel.rest.Assignment = nil, nil
	if filter.SerialNumbers != nil {
		sel.serials = []string{}
		for _, serial := range filter.SerialNumbers {
			sel.serials = append(sel.serials, strings.ToUpper(strings.TrimSpace(serial)))
		}
		slices.Sort(sel.serials)
		sel.serials = slices.Compact(sel.serials)
	}
	if filter.Assignment != nil {
		sel.keys = map[string]bool{}
		for _, id := range filter.Assignment {
			if id != enrollment.SelectUnassigned && id != enrollment.SelectDefault {
				id = keyOf(id)
			}
			sel.keys[id] = true
		}
	}
	return sel
}

func (sel selection) matches(d enrollment.Device) bool {
	if !sel.rest.Matches(d) {
		return false
	}
	switch {
	case sel.keys == nil:
		return true
	case d.ProfileID == "":
		return sel.keys[enrollment.SelectUnassigned]
	}
	return sel.keys[keyOf(d.ProfileID)] || d.OnDefault && sel.keys[enrollment.SelectDefault]
}
