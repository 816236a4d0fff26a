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
	s.mu.Lock()
	version, err := s.openExisting(ctx)
	db := s.reader
	s.mu.Unlock()
	if err != nil || version == 0 {
		return false, err
	}
	alive, err := s.backend.ownerAlive(ctx, db, owner)
	return alive, s.failed("read", err)
}

// LockToken keeps other processes that use the store from changing the devices of a token at Apple until unlock is
// called. SQLite has no such lock: its store is for one process at a time.
func (s *Store) LockToken(ctx context.Context, tokenID string) (unlock func(), err error) {
	release, err := s.backend.lockToken(ctx, tokenID)
	if err != nil {
		return nil, s.failed("locked", err)
	}
	return func() { _ = release() }, nil
}

// IsOwner tells whether an id is the one of this open store.
func (s *Store) IsOwner(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.owner != nil && s.owner.id == id
}
