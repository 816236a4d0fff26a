package provider

import (
	"errors"
	"io"
	"slices"
	"sync"
)

// Services are what the provider configurations of one process opened. Terraform
// tells a provider nothing when it is done: who serves it closes them then. The
// zero value is ready.
type Services struct {
	mu   sync.Mutex
	open []io.Closer
}

// WithServices has every service that is opened noted in s.
func WithServices(s *Services) Option {
	return func(p *asmProvider) { p.services = s }
}

func (s *Services) add(service io.Closer) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open = append(s.open, service)
}

// Close closes each service once, the last one first.
func (s *Services) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, service := range slices.Backward(s.open) {
		errs = append(errs, service.Close())
	}
	s.open = nil
	return errors.Join(errs...)
}
