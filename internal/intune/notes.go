package intune

import (
	"crypto/sha256"
	"strings"
	"sync"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// notes is what this process knows of its tokens and Microsoft Graph does not tell.
type notes struct {
	mu     sync.Mutex
	tokens map[string]*note
}

// note is what is known of one token. Its fields are read and written by get and set.
type note struct {
	// deciding is held from the decision about a sync until it has been asked for, so that two never ask for one.
	deciding gate

	mu sync.Mutex
	known
}

type known struct {
	// wanted is the type that the token is meant for; Intune keeps none until a server token tells.
	wanted enrollment.TokenType
	// uploaded is the digest of the server token that this process uploaded, and uploadedAt when that was, by Intune's clock.
	uploaded   [sha256.Size]byte
	uploadedAt time.Time
	// askedAt is when this process last asked for a sync, by the clock of this machine; run is the sync that it asked for or
	// waits for, nil for none.
	askedAt time.Time
	run     *follower
	// refusedUntil is when Intune, which refused a sync, takes the next one.
	refusedUntil time.Time
}

func (s *Service) note(tokenID string) *note {
	s.notes.mu.Lock()
	defer s.notes.mu.Unlock()
	key := strings.ToLower(tokenID)
	if s.notes.tokens == nil {
		s.notes.tokens = map[string]*note{}
	}
	if s.notes.tokens[key] == nil {
		s.notes.tokens[key] = &note{deciding: newGate()}
	}
	return s.notes.tokens[key]
}

func (n *note) get() known {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.known
}

func (n *note) set(change func(*known)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	change(&n.known)
}
