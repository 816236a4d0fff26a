package apple

import (
	"fmt"
	"math/rand/v2"
)

// device is one device of the organisation.
type device struct {
	serial   string
	index    int // position in the inventory; addresses are derived from it
	model    *model
	assetTag string

	server    *mdmServer // nil: in the organisation, on no MDM server
	membersAt int        // which entry of server.members is the current one
	record    record

	activated bool     // has gone through Setup Assistant since it was last erased
	running   *profile // the profile it fetched when it was activated; nil: none
	locked    bool     // activation lock
	disowned  bool     // released from the organisation for good

	migrationDeadline int64   // Unix seconds; 0: none
	replaces          *device // set on a replacement device
	replacedOn        string  // YYYY-MM-DD
}

// record is what Apple knows about a device on its server, and what one line of a fetch or sync shows.
// Times are Unix seconds; 0 is "does not apply" and is left out of the JSON.
type record struct {
	assignedBy      string
	assignedAt      int64
	profile         *profile
	status          profileStatus
	profileAssigned int64
	profilePushed   int64
}

// profileStatus is Apple's profile_status (Apple: Device).
type profileStatus string

const (
	statusEmpty    profileStatus = "empty"
	statusAssigned profileStatus = "assigned"
	statusPushed   profileStatus = "pushed"
	statusRemoved  profileStatus = "removed"
)

// model is one line of the catalogue that inventories are made of.
type model struct {
	family, os  string // os as protocol version 7 and later say it
	name        string
	description string
	color       string
	suffix      string // last four characters of the serial number
	cellular    bool
	ethernet    bool
	weight      int // how many of 1000 devices
}

// A school: mostly iPads, some Macs and Apple TVs, a few iPhones.
var catalogue = []model{
	{"iPad", "iPadOS", "iPad (9th generation)", "IPAD WI-FI 64GB SPACE GRAY-USA", "SPACE GRAY", "Q1GD", false, false, 380},
	{"iPad", "iPadOS", "iPad (9th generation)", "IPAD WI-FI 64GB SILVER-USA", "SILVER", "Q1GC", false, false, 210},
	{"iPad", "iPadOS", "iPad (10th generation)", "IPAD WI-FI 64GB BLUE-USA", "BLUE", "0R3V", false, false, 170},
	{"iPad", "iPadOS", "iPad (8th generation)", "IPAD WI-FI 32GB GOLD-USA", "GOLD", "Q1KR", false, false, 110},
	{"iPad", "iPadOS", "iPad Air (5th generation)", "IPAD AIR WI-FI CELL 64GB SPACE GRAY-USA", "SPACE GRAY", "0D4F", true, false, 70},
	{"Mac", "OSX", "MacBook Air", "MBA 13.3 SPACE GRAY/8C CPU/7C GPU/8GB/256GB-USA", "SPACE GRAY", "Q6L4", false, false, 40},
	{"AppleTV", "tvOS", "Apple TV 4K", "APPLE TV 4K 64GB-USA", "BLACK", "JC5T", false, true, 15},
	{"iPhone", "iOS", "iPhone SE", "IPHONE SE BLACK 64GB-USA", "BLACK", "PLJM", true, false, 5},
}

// newInventory makes n devices. Two inventories with one seed are the same, and a longer one begins with the shorter.
func newInventory(n int, seed uint64) ([]*device, map[string]*device) {
	byWeight := make([]*model, 0, 1000)
	for i := range catalogue {
		for range catalogue[i].weight {
			byWeight = append(byWeight, &catalogue[i])
		}
	}
	numbers := newSerialNumbers(seed)
	random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // reproducible, not secret
	block := make([]device, n)               // one allocation for all
	devices := make([]*device, n)
	bySerial := make(map[string]*device, n)
	for i := range block {
		d := &block[i]
		d.index, d.model = i, byWeight[random.IntN(len(byWeight))]
		d.serial = numbers.at(i, d.model.suffix)
		d.record.status = statusEmpty
		devices[i], bySerial[d.serial] = d, d
	}
	return devices, bySerial
}

// serialNumbers makes serial numbers of the classic form: three characters of plant, two of half-year and week, three
// that are unique, four of model. The first eight are a permutation of the index, so none repeats.
type serialNumbers struct{ start int }

var serialPlants = []string{"DMP", "DLX", "GG7", "F9F", "DMQ"}

const (
	serialYears  = "CDFGHJKLMNPQRSTVWXYZ"
	serialWeeks  = "123456789CDFGHJKLMNPQRTVWXY"
	serialUnique = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ" // without I and O

	// serialSpace is how many first halves there are: 5 plants, 20 half-years, 27 weeks, 34^3 unique parts.
	serialSpace = 5 * 20 * 27 * 34 * 34 * 34
	// serialStride shares no factor with serialSpace (2, 3, 5, 17), so that its multiples visit all of it.
	serialStride = 61_803_401
)

func newSerialNumbers(seed uint64) serialNumbers {
	random := rand.New(rand.NewPCG(seed, 2)) //nolint:gosec // reproducible, not secret
	return serialNumbers{start: random.IntN(serialSpace)}
}

// at is the i-th serial number.
func (n serialNumbers) at(i int, suffix string) string {
	v := (n.start + i*serialStride) % serialSpace
	digit := func(base int) int {
		d := v % base
		v /= base
		return d
	}
	b := make([]byte, 0, 12)
	b = append(b, serialPlants[digit(len(serialPlants))]...)
	b = append(b, serialYears[digit(len(serialYears))], serialWeeks[digit(len(serialWeeks))])
	for range 3 {
		b = append(b, serialUnique[digit(len(serialUnique))])
	}
	return string(append(b, suffix...))
}

// The addresses of protocol version 10, derived from the index and so unique.

func (d *device) wifiMAC() string      { return macAddress(0xA483E7, d.index*4) }
func (d *device) bluetoothMAC() string { return macAddress(0xA483E7, d.index*4+1) }
func (d *device) ethernetMAC() string  { return macAddress(0xA483E7, d.index*4+2) }
func (d *device) imei() string         { return fmt.Sprintf("35%013d", d.index) }
func (d *device) meid() string         { return fmt.Sprintf("35%012d", d.index) }
func (d *device) eid() string          { return fmt.Sprintf("8904903200000000%016d", d.index) }

func macAddress(vendor, n int) string {
	return fmt.Sprintf("%02X:%02X:%02X:%02X:%02X:%02X",
		vendor>>16&0xff, vendor>>8&0xff, vendor&0xff, n>>16&0xff, n>>8&0xff, n&0xff)
}
