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
	claims  map[string]map[string]string // token id -> serial number -> profile id
	leaving map[string]map[string]string // the same, of devices that leave
	shares  map[[2]string][]share        // token and profile id -> its assignments
}

// share is what one assignment of a profile wants, sorted.
type share struct {
	holder string
	wanted []string
}

// NewPlans makes an empty register, one for each Configure.
func NewPlans() *Plans {
	return &Plans{uploads: map[string]bool{}, syncs: map[string]bool{}, claims: map[string]map[string]string{}, leaving: map[string]map[string]string{}, shares: map[[2]string][]share{}}
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
		if other, ok := claims[serial]; ok && other != profileID {
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
	key := [2]string{tokenID, profileID}
	for _, other := range p.shares[key] {
		same := holder != "" && other.holder == holder
		replaced := (holder == "") != (other.holder == "") && slices.Equal(other.wanted, wanted)
		if !same && !replaced {
			both = enrollment.Union(both, enrollment.Common(other.wanted, wanted))
		}
	}
	p.shares[key] = append(p.shares[key], share{holder, wanted})
	return both
}

// Releases tells whether an assignment of a profile has announced that a device
// leaves it.
func (p *Plans) Releases(tokenID, profileID, serial string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return inner(p.leaving, tokenID)[serial] == profileID && profileID != ""
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
