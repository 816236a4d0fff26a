package intune

import (
	"maps"
	"sync"
)

// directory is how Graph lists the profiles of a token, by what all spellings of an id have in common.
type directory struct {
	gate gate // held while the list is read

	mu     sync.Mutex
	listed map[string]listedProfile
	// unlisted were looked for in vain.
	unlisted map[string]bool
}

func (d *directory) find(id string) (listedProfile, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p, ok := d.listed[keyOf(id)]
	return p, ok
}

func (d *directory) gaveUp(id string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.unlisted[keyOf(id)]
}

// keep takes over a whole list, in which somebody looked for an id ("" for none).
func (d *directory) keep(all []listedProfile, lookedFor string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	listed := make(map[string]listedProfile, len(all))
	for _, p := range all {
		p.raw = nil // a thousand of them are megabytes
		listed[keyOf(p.ID)] = p
	}
	d.listed = listed
	if _, there := listed[keyOf(lookedFor)]; lookedFor == "" || there {
		return
	}
	if d.unlisted == nil {
		d.unlisted = map[string]bool{}
	}
	d.unlisted[keyOf(lookedFor)] = true
}

// add takes over one profile that was just made.
func (d *directory) add(p listedProfile) {
	d.mu.Lock()
	defer d.mu.Unlock()
	listed := maps.Clone(d.listed)
	if listed == nil {
		listed = map[string]listedProfile{}
	}
	p.raw = nil
	listed[keyOf(p.ID)] = p
	d.listed = listed
	delete(d.unlisted, keyOf(p.ID))
}
