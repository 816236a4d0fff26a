package graph

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/graph/catalog"
)

// DefaultTenantID is the tenant unless Options say otherwise.
const DefaultTenantID = "2fd6bb84-ad40-4ec5-9369-a215b25c9952"

// Options of a simulator. The zero value is a school on Intune, without devices, on the real clock.
type Options struct {
	// Apple is what Intune talks to; nil makes one, with Devices, Seed and Now.
	Apple *apple.Simulator
	// Devices is how many devices the organisation owns at Apple, none assigned to an MDM server.
	Devices int
	// Seed makes the inventory at Apple, and the ids of devices here, reproducible.
	Seed uint64
	// Now is the base of the virtual clock; nil is time.Now. With Apple given, Apple's clock is taken.
	Now func() time.Time
	// Latency is added to every Graph call, in real time. Sign-in and admin API answer at once.
	Latency time.Duration
	// TenantID is the Entra tenant; empty is DefaultTenantID.
	TenantID string
	// Logger receives one line per Graph call; nil discards.
	Logger *slog.Logger
	// Middleware, unless nil, is put around the Graph handler: a contract check for example.
	Middleware func(http.Handler) http.Handler
}

// Simulator is one Entra tenant with Intune. All methods are safe for concurrent use.
type Simulator struct {
	apple      *apple.Simulator
	ownsApple  bool
	log        *slog.Logger
	tenantID   string
	accountID  string // deviceManagement.intuneAccountId
	keys       *signingKeys
	routes     []route
	handler    http.Handler // Graph, with the middleware
	adminExtra map[string]http.Handler
	inFlight   atomic.Int64

	mu       sync.Mutex // guards all below
	settings Settings
	app      application
	federal  federatedIdentity
	tokens   []*token // as created
	none     *token   // what the Apple Configurator profiles are under
	jobs     []job
	seq      int
	random   *deviceIDs
	push     *pushCertificate
	signing  signingRequest
	consents []*consent
	domains  []Domain
	catalog  *catalog.Catalog
	faults   []*Fault
	faultRun int
	ledger   *ledger
	traffic  traffic

	listeners []net.Listener
	httpds    []*http.Server
	graphURL  string
	signInURL string
	adminURL  string
}

// New makes a simulator that does not listen yet: Start or Listen does that. It panics if o.Devices is negative or over
// two million: that is a mistake in the caller.
func New(o Options) *Simulator {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.TenantID == "" {
		o.TenantID = DefaultTenantID
	}
	s := &Simulator{
		apple: o.Apple, log: o.Logger, tenantID: o.TenantID, accountID: "54fac284-7866-43e5-860a-9c8e10fa3d7d",
		keys: sharedKeys(), routes: newRoutes(), adminExtra: map[string]http.Handler{},
		settings: defaultSettings(o.Latency), random: newDeviceIDs(o.Seed), ledger: newLedger(),
	}
	if s.apple == nil {
		s.ownsApple = true
		s.apple = apple.New(apple.Options{Devices: o.Devices, Seed: o.Seed, Now: o.Now, Logger: o.Logger})
	}
	s.app, s.federal = newApplication(), defaultFederatedIdentity()
	s.none = &token{id: s.accountID, typ: "none", rowsBySerial: map[string]*row{}, defaults: map[string]*profile{}}
	s.none.publish(s)
	s.push, s.consents = defaultPushCertificate(s.apple.Now()), defaultConsents(s.apple.Now())
	s.domains = []Domain{{Name: "school.example"}}
	s.catalog = newCatalog(s)
	s.handler = http.HandlerFunc(s.serveGraph)
	if o.Middleware != nil {
		s.handler = s.aroundBatches(o.Middleware(s.handler))
	}
	return s
}

// aroundBatches keeps a middleware from the envelope of a batch, which is no operation of its own: the requests inside pass
// through it one by one.
func (s *Simulator) aroundBatches(checked http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/beta/$batch" {
			s.serveGraph(w, r)
			return
		}
		checked.ServeHTTP(w, r)
	})
}

// Apple is the simulator of Apple's service that Intune talks to.
func (s *Simulator) Apple() *apple.Simulator { return s.apple }

// TenantID is the Entra tenant.
func (s *Simulator) TenantID() string { return s.tenantID }

// Start listens on free loopback ports until the test ends, and starts the Apple simulator if New made it.
func (s *Simulator) Start(t apple.TB) {
	t.Helper()
	if s.ownsApple {
		s.apple.Start(t)
	}
	if err := s.Listen(t.Context(), "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"); err != nil {
		t.Fatalf("starting the Graph simulator: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
}

// Listen serves Graph on graphAddr, sign-in on signInAddr and the admin API on adminAddr ("host:port", port 0 takes a free
// one) and returns when all accept connections. Only loopback addresses are taken: the admin API has no authentication.
// It does not start the Apple simulator.
//
// ctx is for looking addresses up; Close and Shutdown stop the listening.
func (s *Simulator) Listen(ctx context.Context, graphAddr, signInAddr, adminAddr string) error {
	var listeners []net.Listener
	for name, addr := range []string{graphAddr, signInAddr, adminAddr} {
		l, err := listenLoopback(ctx, addr)
		if err != nil {
			for _, opened := range listeners {
				_ = opened.Close()
			}
			return fmt.Errorf("listening for the %s API: %w", [...]string{"Graph", "sign-in", "admin"}[name], err)
		}
		listeners = append(listeners, l)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.graphURL = "http://" + listeners[0].Addr().String()
	s.signInURL = "https://" + listeners[1].Addr().String()
	s.adminURL = "http://" + listeners[2].Addr().String()
	s.serve(listeners[0], s.handler)
	secured := tls.NewListener(listeners[1], &tls.Config{
		Certificates: []tls.Certificate{s.keys.server}, MinVersion: tls.VersionTLS12,
	})
	s.serve(secured, s.signInHandler())
	s.serve(listeners[2], s.adminHandler())
	return nil
}

func (s *Simulator) serve(l net.Listener, handler http.Handler) {
	httpd := &http.Server{
		Handler: handler, ReadHeaderTimeout: 30 * time.Second,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug), // aborted handshakes are a client's affair
	}
	s.listeners = append(s.listeners, l)
	s.httpds = append(s.httpds, httpd)
	go func() {
		if err := httpd.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("serving", "address", l.Addr().String(), "error", err)
		}
	}()
}

// GraphURL is the base URL of Graph, for example "http://127.0.0.1:49152"; clients add /beta.
func (s *Simulator) GraphURL() string { return s.address(&s.graphURL) }

// SignInURL is the authority host, for example "https://127.0.0.1:49153"; clients add the tenant.
func (s *Simulator) SignInURL() string { return s.address(&s.signInURL) }

// AdminURL is the base URL of the admin API.
func (s *Simulator) AdminURL() string { return s.address(&s.adminURL) }

func (s *Simulator) address(url *string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *url
}

// Close stops listening and drops all connections at once, as a service that goes away does. An Apple simulator that was
// given goes on.
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
		return fmt.Errorf("stopping the Graph simulator: %w", err)
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
		return nil, fmt.Errorf("address %q is not a loopback address: the admin API has no authentication of its own and "+
			"the simulator listens on 127.0.0.1, [::1] or localhost only", addr)
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", addr, err)
	}
	return l, nil
}
