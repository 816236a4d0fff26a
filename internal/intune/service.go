// Package intune is enrollment.Service over Microsoft Graph.
package intune

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/httpx"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune/graph"
)

// Config is how a Service is opened. Nothing is asked of anybody before the first call of a method.
type Config struct {
	// Endpoint is Microsoft Graph's address.
	Endpoint string
	// TenantID is the configured tenant (GUID or domain), empty where the sign-in finds it by itself. The access token's own
	// word (tid) is preferred.
	TenantID string
	// Token gives an access token; AppOnly tells who signs in.
	Token   func(ctx context.Context) (string, error)
	AppOnly bool
	// Version of the provider.
	Version string
	// BatchSize is the most serial numbers in one assignment request; 0 is enrollment.MaxBatch, which it may not exceed.
	BatchSize int
	// VisibleWithin is how long what was written may take to show; 0 is 5 minutes.
	VisibleWithin time.Duration
	Transport     http.RoundTripper
	Now           func() time.Time
	Wait          func(ctx context.Context, d time.Duration) error
}

// Service is enrollment.Service over Microsoft Graph.
type Service struct {
	config Config
	graph  *graph.Client
	// web asks others than Microsoft Graph, without credentials.
	web *httpx.Client
	// fleets are the devices of each token, and who changes them (view.go).
	fleets fleets
	// templates of enrollment policies (policies_template.go).
	templates templates
	// notes is what this process knows of each token (notes.go).
	notes   notes
	account account
	// mainDefaultsOnly: this Graph knows default profiles of iOS and macOS only (defaults.go).
	mainDefaultsOnly atomic.Bool
}

// Open makes a Service.
func Open(config Config) (*Service, error) {
	if config.BatchSize == 0 {
		config.BatchSize = enrollment.MaxBatch
	}
	if config.VisibleWithin == 0 {
		config.VisibleWithin = 5 * time.Minute
	}
	if config.Now == nil {
		config.Now = time.Now //nolint:forbidigo // the default of an injected clock
	}
	if config.Wait == nil {
		config.Wait = wait
	}
	client, err := graph.New(graph.Options{
		Endpoint: config.Endpoint, Token: config.Token, AppOnly: config.AppOnly, Version: config.Version,
		Transport: config.Transport, Now: config.Now, Wait: config.Wait,
	})
	if err != nil {
		return nil, err
	}
	web := httpx.New(httpx.Options{
		Version: config.Version, MaxRetries: 1, MaxBody: maxMetadata, Transport: config.Transport, Now: config.Now, Wait: config.Wait,
	})
	return &Service{config: config, graph: client, web: web, account: account{gate: newGate()}}, nil
}

// Kind implements enrollment.Service.
func (s *Service) Kind() enrollment.Kind { return enrollment.Intune }

// Close implements enrollment.Service.
func (s *Service) Close() error { return nil }

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
