package store

import (
	"context"

	"github.com/google/uuid"
)

// ownerLock shows other processes that this one lives: what it has begun and not ended is being worked on.
type ownerLock struct {
	id     string
	unlock func() error
}

// Owner gives the id under which this process begins things. The first call takes a lock that lasts until Close, or
// until the process dies.
func (s *Store) Owner(ctx context.Context) (string, error) {
	db, err := s.forWriting(ctx)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return "", errClosed
	}
	if s.owner == nil {
		id := uuid.NewString()
		unlock, err := s.backend.lockOwner(ctx, db, id)
		if err != nil {
			return "", s.failed("locked", err)
		}
		s.owner = &ownerLock{id: id, unlock: unlock}
	}
	return s.owner.id, nil
}

// OwnerAlive tells whether the process that has an id still runs. It writes nothing.
func (s *Store) OwnerAlive(ctx context.Context, owner string) (bool, error) {
	if owner == "" {
		return false, nil
	}
	if s.IsOwner(owner) {
		return true, nil
	}
	db, exists, err := s.forReading(ctx)
	if err != nil || !exists {
		return false, err
	}
	alive, err := s.backend.ownerAlive(ctx, db, owner)
	return alive, s.failed("read", err)
}

// IsOwner tells whether an id is the one of this open store.
func (s *Store) IsOwner(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.owner != nil && s.owner.id == id
}
