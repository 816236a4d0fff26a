package intune_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment/servicetest"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/contract"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/graph"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/schoolportal"
)

// school is a tenant without a token, with Apple behind it.
type school struct {
	*graph.Simulator
	t *testing.T
}

// newSchool is a school whose every exchange is held against the published contract.
func newSchool(t *testing.T, devices int) school {
	t.Helper()
	validator, err := contract.New()
	if err != nil {
		t.Fatal(err)
	}
	validator.FailOn(t)
	start, began := time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC), time.Now()
	behind := apple.New(apple.Options{Devices: devices, Seed: 1, Now: func() time.Time { return start.Add(time.Since(began)) }})
	behind.Start(t)
	sim := graph.New(graph.Options{Apple: behind, Seed: 1, Middleware: validator.Middleware})
	sim.Start(t)
	return school{sim, t}
}

// open opens the service as another process would. To wait is to move the clock.
func (n school) open() *intune.Service {
	n.t.Helper()
	service, err := intune.Open(intune.Config{
		Endpoint: n.GraphURL(), TenantID: n.TenantID(), AppOnly: true, Version: "test", Now: n.Now,
		Token: func(context.Context) (string, error) { return n.AccessToken(), nil },
		Wait: func(ctx context.Context, d time.Duration) error {
			if err := n.AdvanceClock(d); err != nil {
				return err
			}
			return ctx.Err()
		},
	})
	if err != nil {
		n.t.Fatalf("opening the service: %v", err)
	}
	n.t.Cleanup(func() { _ = service.Close() })
	return service
}

// requests counts calls whose method and path template end so.
func (n school) requests(method, end string) int {
	count := 0
	for request, calls := range n.Requests(false).Requests {
		if m, path, _ := strings.Cut(request, " "); m == method && strings.HasSuffix(path, end) {
			count += calls
		}
	}
	return count
}

// slow is a late day for everything but the rows of devices: that a sync has ended shows before they do, and the suite asks
// for them at once.
func slow(s *graph.Settings) {
	late(s)
	s.VisibleAfter.Devices, s.NotFoundAfterCreate = 0, 0
}

func TestConformance(t *testing.T) {
	for name, day := range map[string]func(*graph.Settings){
		"at once": days["at once"], "small pages, filters ignored": days["small pages, filters ignored"], "slow": slow,
	} {
		t.Run(name, func(t *testing.T) {
			servicetest.Run(t, func(t *testing.T) servicetest.Harness {
				n := newSchool(t, 4000)
				if err := n.UpdateSettings(func(s *graph.Settings) error { day(s); return nil }); err != nil {
					t.Fatal(err)
				}
				return servicetest.Harness{Service: n.open(), Portal: schoolportal.Portal{
					Apple: n.Apple(), Sent: func() int { return n.requests("POST", "/updateDeviceProfileAssignment") },
				}}
			})
		})
	}
}
