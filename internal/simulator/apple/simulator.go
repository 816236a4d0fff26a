package apple

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// MaxDevices is the largest inventory: it keeps serial numbers unique and memory bounded.
const MaxDevices = 2_000_000

// Options of a simulator. The zero value is a school without devices, on the real clock.
type Options struct {
	// Devices is how many devices the organisation owns at the start, none assigned to an MDM server.
	Devices int
	// Seed makes the inventory reproducible: the same seed gives the same serial numbers and models.
	Seed uint64
	// Latency is added to every Apple call, in real time. The portal answers at once.
	Latency time.Duration
	// Now is the base of the virtual clock; nil is time.Now.
	Now func() time.Time
	// Logger receives one line per Apple call; nil discards.
	Logger *slog.Logger
}

// Simulator is one Apple organisation with its portal. All methods are safe for concurrent use.
type Simulator struct {
	clock    *clock
	log      *slog.Logger
	routes   []route
	inFlight atomic.Int64

	mu           sync.Mutex // guards all below
	org          Organization
	settings     Settings
	terms        bool // the newest terms are accepted
	devices      []*device
	bySerial     map[string]*device
	servers      map[string]*mdmServer
	order        []*mdmServer // as created
	tokens       map[string]*token
	nonces       map[nonce]struct{}
	sessions     map[string]*session
	profiles     map[string]*profile
	profileOrder []*profile // as defined
	faults       []*Fault
	faultsRun    int // numbers the faults
	ledger       *ledger

	listeners []net.Listener
	httpds    []*http.Server
	appleURL  string
	portalURL string
}

// New makes a simulator that does not listen yet: Start or Listen does that. It panics if o.Devices is negative or over
// two million: that is a mistake in the caller.
func New(o Options) *Simulator {
	if o.Devices < 0 || o.Devices > MaxDevices {
		panic(fmt.Sprintf("apple simulator: %d devices: want 0 to %d", o.Devices, MaxDevices))
	}
	if o.Now == nil {
		o.Now = time.Now //nolint:forbidigo // whoever gives no clock wants the real one
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Simulator{
		clock:    &clock{base: o.Now},
		log:      o.Logger,
		routes:   newRoutes(),
		org:      defaultOrganization(),
		settings: defaultSettings(o.Latency),
		terms:    true,
		servers:  map[string]*mdmServer{},
		tokens:   map[string]*token{},
		nonces:   map[nonce]struct{}{},
		sessions: map[string]*session{},
		profiles: map[string]*profile{},
		ledger:   newLedger(),
	}
	s.devices, s.bySerial = newInventory(o.Devices, o.Seed)
	return s
}

// TB is what Start needs of a *testing.T or *testing.B.
type TB interface {
	Helper()
	Context() context.Context
	Fatalf(format string, args ...any)
	Cleanup(func())
}

// Start listens on free loopback ports until the test ends.
func (s *Simulator) Start(t TB) {
	t.Helper()
	if err := s.Listen(t.Context(), "127.0.0.1:0", "127.0.0.1:0"); err != nil {
		t.Fatalf("starting the Apple simulator: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
}

// Listen serves Apple's API on appleAddr and the portal API on portalAddr ("host:port", port 0 takes a free one) and
// returns when both accept connections. Only loopback addresses are taken: the portal has no authentication.
//
// ctx is for looking addresses up; Close and Shutdown stop the listening.
func (s *Simulator) Listen(ctx context.Context, appleAddr, portalAddr string) error {
	appleListener, err := listenLoopback(ctx, appleAddr)
	if err != nil {
		return fmt.Errorf("listening for Apple's API: %w", err)
	}
	portalListener, err := listenLoopback(ctx, portalAddr)
	if err != nil {
		_ = appleListener.Close()
		return fmt.Errorf("listening for the portal API: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.appleURL = s.serve(appleListener, http.HandlerFunc(s.serveApple))
	s.portalURL = s.serve(portalListener, s.portalHandler())
	return nil
}

// serve runs handler on l and returns its URL, without a trailing slash.
func (s *Simulator) serve(l net.Listener, handler http.Handler) string {
	httpd := &http.Server{Handler: handler, ReadHeaderTimeout: 30 * time.Second}
	s.listeners = append(s.listeners, l)
	s.httpds = append(s.httpds, httpd)
	go func() {
		if err := httpd.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("serving", "address", l.Addr().String(), "error", err)
		}
	}()
	return "http://" + l.Addr().String()
}

// AppleURL is the base URL of Apple's API, for example "http://127.0.0.1:49152".
func (s *Simulator) AppleURL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.appleURL
}

// PortalURL is the base URL of the portal API.
func (s *Simulator) PortalURL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.portalURL
}

// Close stops listening and drops all connections at once, as a service that goes away does.
func (s *Simulator) Close() error { return s.stop((*http.Server).Close) }

// Shutdown stops listening and lets the calls under way finish; those that have not when ctx ends are dropped.
func (s *Simulator) Shutdown(ctx context.Context) error {
	return s.stop(func(h *http.Server) error {
		if err := h.Shutdown(ctx); err == nil || ctx.Err() == nil {
			return err
		}
		return h.Close()
	})
}

func (s *Simulator) stop(how func(*http.Server) error) error {
	s.mu.Lock()
	httpds := s.httpds
	s.httpds, s.listeners = nil, nil
	s.mu.Unlock()
	var errs []error
	for _, h := range httpds {
		errs = append(errs, how(h))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("stopping the Apple simulator: %w", err)
	}
	return nil
}

// listenLoopback refuses every address that another machine could reach.
func listenLoopback(ctx context.Context, addr string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("address %q: want host:port: %w", addr, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("address %q is not a loopback address: the simulator has no authentication of its own and "+
			"listens on 127.0.0.1, [::1] or localhost only", addr)
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", addr, err)
	}
	return l, nil
}
