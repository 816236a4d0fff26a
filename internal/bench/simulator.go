package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/program"
)

// simulator is Apple, with the portal side: adding MDM servers, giving them devices, counting requests.
type simulator struct{ *program.Apple }

// The calls that are counted, as the simulator names them.
const (
	fetchCall     = "POST /server/devices"
	assignCall    = "POST /profile/devices"
	assignCallToo = "PUT /profile/devices"
)

// ledger is what the simulator counted.
type ledger struct {
	Requests         map[string]int    `json:"requests"`
	FetchChains      []json.RawMessage `json:"fetch_chains"`
	Violations       []json.RawMessage `json:"violations"`
	MaxAssignDevices int               `json:"max_devices_per_assign"`
	MaxAssignSends   int               `json:"max_assign_sends"`
}

// startSimulator starts the program and waits until it listens.
func startSimulator(ctx context.Context, path string, devices int) (*simulator, error) {
	apple, err := program.StartApple(ctx, path, devices)
	if err != nil {
		return nil, fmt.Errorf("starting the simulator: %w", err)
	}
	return &simulator{apple}, nil
}

func (s *simulator) deleteServer(ctx context.Context, server string) error {
	return s.Portal(ctx, http.MethodDelete, "/mdm-servers/"+server, nil, nil)
}

func (s *simulator) setLatency(ctx context.Context, latency time.Duration) error {
	return s.Portal(ctx, http.MethodPost, "/settings", map[string]any{"latency": latency.String()}, nil)
}

// refuseFetches makes Apple answer every fetch of a server with an error until allowFetches.
func (s *simulator) refuseFetches(ctx context.Context, server string) error {
	fault := map[string]any{
		"kind": "status", "server": server, "path": "/server/devices", "status": http.StatusBadRequest, "body": "NOT_YET",
	}
	return s.Portal(ctx, http.MethodPost, "/faults", []any{fault}, nil)
}

func (s *simulator) allowFetches(ctx context.Context) error {
	return s.Portal(ctx, http.MethodDelete, "/faults", nil, nil)
}

func (s *simulator) clearRequests(ctx context.Context) error {
	return s.Portal(ctx, http.MethodDelete, "/requests", nil, nil)
}

func (s *simulator) requests(ctx context.Context) (ledger, error) {
	var out ledger
	err := s.Portal(ctx, http.MethodGet, "/requests", nil, &out)
	return out, err
}
