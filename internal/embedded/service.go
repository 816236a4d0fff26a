package embedded

import (
	"context"
	"sync"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/apple"
	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded/store"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/httpx"
)

// DefaultStore is where the store is when nobody says otherwise.
const DefaultStore = "sqlite:.asm/enrollment.db"

// Config is what the service needs to know. Only Now is required.
type Config struct {
	// Store is "sqlite:PATH" or a "postgres://" URL; empty is DefaultStore.
	Store string
	// AppleURL is where Apple's device enrollment service is; empty is Apple's own.
	AppleURL string
	// MDMURL is the enrollment URL of profiles that name none.
	MDMURL string
	// StoreKey is the value of ASM_STORE_KEY: base64 of 32 bytes, the key that secrets are encrypted with. Empty is a key
	// file in UserConfigDir, for SQLite on a workstation.
	StoreKey string
	// CI tells that this is no workstation: StoreKey is required.
	CI bool
	// UserConfigDir is the user's configuration directory.
	UserConfigDir string
	// Version of the provider, for the user agent.
	Version string
	// Now is the clock.
	Now func() time.Time
	// Wait waits for d or until ctx is done, and returns ctx's error then; nil waits with a timer.
	Wait func(ctx context.Context, d time.Duration) error
	// HTTP tunes retries and time limits of the requests to Apple; the zero value is right outside of tests.
	HTTP httpx.Options
}

// Service is the embedded enrollment service.
type Service struct {
	config Config
	store  *store.Store
	apple  *apple.Client
	vault  vault
	locks  locks

	mu sync.Mutex
	// inFlight are the journal entries whose answers this process waits for.
	inFlight map[string]struct{}
	// runs are the syncs that this process runs, by run id.
	runs map[string]*runHandle
	// uploads is when this process uploaded a server token, by token id.
	uploads map[string]time.Time

	background context.Context // of the syncs that nobody waits for
	stop       context.CancelFunc
	running    sync.WaitGroup

	// recordWithin is how long it may take to record how a run or a request ended, whether or not anybody still waits.
	recordWithin time.Duration

	// pagesAhead is how many pages of a sync may wait to be stored.
	pagesAhead int

	// diesBefore is a test's way to end the process after Apple answered and before the answer is stored.
	diesBefore func(store.Entry) error
}

var _ enrollment.Service = (*Service)(nil)

// Open makes the service. It connects to nothing, writes nothing, and the store need not exist: an empty one has no id.
// Errors are of kind enrollment.ErrInvalid and name the setting.
func Open(ctx context.Context, config Config) (*Service, error) {
	if config.Now == nil {
		return nil, &enrollment.Error{Kind: enrollment.ErrInvalid, What: "The embedded service needs a clock"}
	}
	if config.Store == "" {
		config.Store = DefaultStore
	}
	if config.Wait == nil {
		config.Wait = wait
	}
	if config.HTTP.Wait == nil {
		config.HTTP.Wait = config.Wait
	}
	s := &Service{
		config: config, inFlight: map[string]struct{}{}, runs: map[string]*runHandle{}, uploads: map[string]time.Time{},
		recordWithin: 30 * time.Second,
		pagesAhead:   mostPagesAhead,
	}
	var err error
	if s.vault, err = newVault(config); err != nil {
		return nil, err
	}
	if s.store, err = store.Open(config.Store); err != nil {
		return nil, err
	}
	s.apple, err = apple.NewClient(apple.Options{BaseURL: config.AppleURL, Version: config.Version, HTTP: config.HTTP, Now: config.Now})
	if err != nil {
		return nil, &enrollment.Error{
			Kind: enrollment.ErrInvalid, Field: "apple_url", What: "Apple's device enrollment service cannot be reached there", Err: err,
			Do: "Leave apple_url out to use Apple's own service.",
		}
	}
	s.background, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	return s, nil
}

// Kind is enrollment.Embedded.
func (s *Service) Kind() enrollment.Kind { return enrollment.Embedded }

// Store tells which store is open. One that nothing was ever written to has no id.
func (s *Service) Store(ctx context.Context) (enrollment.Store, error) {
	id, err := s.store.ID(ctx)
	if err != nil {
		return enrollment.Store{}, err
	}
	out := enrollment.Store{ID: id, Location: s.store.Location()}
	err = s.store.Read(ctx, func(q *store.Queries) error {
		tokens, err := q.Tokens(ctx)
		out.Tokens = len(tokens)
		return err
	})
	return out, err
}

// Close stops the syncs that nobody waits for, at a page, and gives back what is held open.
func (s *Service) Close() error {
	s.stop()
	s.running.Wait()
	return s.store.Close()
}

func (s *Service) now() time.Time { return s.config.Now().UTC() }

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// locks are mutexes by name that heed a context. What waits for one holds no other but in the order: profile, token.
type locks struct {
	mu   sync.Mutex
	held map[string]chan struct{}
}

func (l *locks) lock(ctx context.Context, name string) (unlock func(), err error) {
	l.mu.Lock()
	if l.held == nil {
		l.held = map[string]chan struct{}{}
	}
	slot, ok := l.held[name]
	if !ok {
		slot = make(chan struct{}, 1)
		l.held[name] = slot
	}
	l.mu.Unlock()
	select {
	case slot <- struct{}{}:
		return func() { <-slot }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// lockToken keeps this process, and with PostgreSQL others, from changing the devices of a token at Apple in two places at
// once: what is compared holds until it has been acted upon.
func (s *Service) lockToken(ctx context.Context, tokenID string) (func(), error) {
	unlockHere, err := s.locks.lock(ctx, "token "+tokenID)
	if err != nil {
		return nil, err
	}
	unlock, err := s.store.LockToken(ctx, tokenID)
	if err != nil {
		unlockHere()
		return nil, err
	}
	return func() { unlock(); unlockHere() }, nil
}

func (s *Service) lockProfile(ctx context.Context, profileID string) (func(), error) {
	return s.locks.lock(ctx, "profile "+profileID)
}
