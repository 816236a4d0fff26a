package tf

import (
	"slices"
	"strings"
)

// ShareWithSDS announces that a token is to be shared with School Data Sync. It
// answers with the other tokens of which that was announced.
func (p *Plans) ShareWithSDS(tokenID string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	same := func(other string) bool { return strings.EqualFold(other, tokenID) }
	others := slices.DeleteFunc(slices.Clone(p.sharing), same)
	if !slices.ContainsFunc(p.sharing, same) {
		p.sharing = append(p.sharing, tokenID)
	}
	return others
}
