package tf

import (
	"slices"
	"sync"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// Plans is what the objects of one provider configuration have announced in
// this run, filled by ModifyPlan and asked by others. It is a best effort: it
// sees neither -target nor other configurations, so whoever acts still checks
// at the service.
type Plans struct {
	mu      sync.Mutex
	uploads map[string]bool
	syncs   map[string]bool
	usable  map[string]bool
	claims  map[string]map[string]string // token id -> serial number -> profile id
	leaving map[string]map[string]string // the same, of devices that leave
	next    map[string][]succession      // token id -> what leaving devices get
	shares  map[string][]share           // token id -> its assignments
	sharing []string                     // tokens that are to be shared with School Data Sync
	said    said
}

// share is what one assignment of a profile wants, sorted.
type share struct {
	profileID, holder string
	wanted            []string
}

// succession is that devices leaving a profile get another one.
type succession struct{ from, to string }

// SameProfile tells whether two ids name one profile. It asks for no service,
// which may not be known yet at plan: the ids of the embedded one are GUIDs, so
// Intune's rule is true of them too.
func SameProfile(a, b string) bool { return enrollment.SameProfile(enrollment.Intune, a, b) }

// NewPlans makes an empty register, one for each Configure.
func NewPlans() *Plans {
	return &Plans{
		uploads: map[string]bool{}, syncs: map[string]bool{}, usable: map[string]bool{},
		claims: map[string]map[string]string{}, leaving: map[string]map[string]string{},
		next: map[string][]succession{}, shares: map[string][]share{},
	}
}

// Upload announces that a server token of this token will be uploaded.
func (p *Plans) Upload(tokenID string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.uploads[tokenID] = true
}

// WillUpload tells whether an upload for a token was announced.
func (p *Plans) WillUpload(tokenID string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.uploads[tokenID]
}

// Usable notes that a token was seen with its server token, which it does not
// lose again.
func (p *Plans) Usable(tokenID string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.usable[tokenID] = true
}

// WillBeUsable tells whether a token has its server token as far as is known, or
// gets one in this run.
func (p *Plans) WillBeUsable(tokenID string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.usable[tokenID] || p.uploads[tokenID]
}

// Sync announces that a sync of this token will run.
func (p *Plans) Sync(tokenID string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.syncs[tokenID] = true
}

// WillSync tells whether a sync of a token was announced; an upload syncs too.
func (p *Plans) WillSync(tokenID string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.syncs[tokenID] || p.uploads[tokenID]
}

// Claim is a device that two assignments want.
type Claim struct {
	SerialNumber string
	ProfileID    string
}

// Claim announces which devices an assignment wants on a profile and which
// leave it. It answers with those that an assignment of another profile has
// claimed before; all assignments of one profile count as one.
func (p *Plans) Claim(tokenID, profileID string, wanted, leaving []string) []Claim {
	p.mu.Lock()
	defer p.mu.Unlock()
	claims, gone := inner(p.claims, tokenID), inner(p.leaving, tokenID)
	var taken []Claim
	for _, serial := range wanted {
		if other, ok := claims[serial]; ok && !SameProfile(other, profileID) {
			taken = append(taken, Claim{SerialNumber: serial, ProfileID: other})
			continue
		}
		claims[serial] = profileID
	}
	for _, serial := range leaving {
		gone[serial] = profileID
	}
	return taken
}

// Share announces which devices, sorted, an assignment wants on a profile, and
// answers with those that another assignment of the same profile wants too.
// holder is the assignment's id, "" for one that is still to be made. The same
// list of one with an id and one without is one assignment that is replaced.
func (p *Plans) Share(tokenID, profileID, holder string, wanted []string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var both []string
	for _, other := range p.shares[tokenID] {
		if !SameProfile(other.profileID, profileID) {
			continue
		}
		same := holder != "" && other.holder == holder
		replaced := (holder == "") != (other.holder == "") && slices.Equal(other.wanted, wanted)
		if !same && !replaced {
			both = enrollment.Union(both, enrollment.Common(other.wanted, wanted))
		}
	}
	p.shares[tokenID] = append(p.shares[tokenID], share{profileID, holder, wanted})
	return both
}

// Releases tells whether an assignment of a profile has announced that a device
// leaves it.
func (p *Plans) Releases(tokenID, profileID, serial string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.leaves(tokenID, profileID, serial)
}

func (p *Plans) leaves(tokenID, profileID, serial string) bool {
	from, ok := inner(p.leaving, tokenID)[serial]
	return ok && profileID != "" && SameProfile(from, profileID)
}

// Follow announces that an assignment gives devices that leave a profile another
// one.
func (p *Plans) Follow(tokenID, from, to string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := (succession{from, to}); !slices.Contains(p.next[tokenID], s) {
		p.next[tokenID] = append(p.next[tokenID], s)
	}
}

// GivenUp tells whether an assignment has announced that a device leaves it, and
// the device is still on that profile or on the one that follows it: then another
// assignment of this run may have it.
func (p *Plans) GivenUp(tokenID, profileID, serial string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.leaves(tokenID, profileID, serial) || slices.ContainsFunc(p.next[tokenID], func(s succession) bool {
		return SameProfile(s.to, profileID) && p.leaves(tokenID, s.from, serial)
	})
}

// ClaimedBy gives the profile that an assignment has claimed a device for, or "".
func (p *Plans) ClaimedBy(tokenID, serial string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return inner(p.claims, tokenID)[serial]
}

func inner(m map[string]map[string]string, key string) map[string]string {
	if m[key] == nil {
		m[key] = map[string]string{}
	}
	return m[key]
}
