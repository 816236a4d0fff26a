package tf

import "sync"

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
}

// NewPlans makes an empty register, one for each Configure.
func NewPlans() *Plans {
	return &Plans{uploads: map[string]bool{}, syncs: map[string]bool{}, claims: map[string]map[string]string{}, leaving: map[string]map[string]string{}}
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
