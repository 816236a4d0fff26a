package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"time"
)

// simulator is Apple, with the portal side: adding MDM servers, giving them devices, counting requests.
type simulator struct {
	AppleURL  string `json:"apple_url"`
	PortalURL string `json:"portal_url"`
	process   *exec.Cmd
}

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

// startSimulator starts the program and waits for the line that tells where it listens.
func startSimulator(ctx context.Context, program string, devices int) (*simulator, error) {
	s := &simulator{process: exec.CommandContext(ctx, program, "apple", "--devices", strconv.Itoa(devices))} //nolint:gosec // built from this checkout
	stdout, err := s.process.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting the simulator: %w", err)
	}
	if err := s.process.Start(); err != nil {
		return nil, fmt.Errorf("starting the simulator: %w", err)
	}
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, s)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the simulator did not say where it listens: %w", err), s.stop())
	}
	return s, nil
}

// stop ends the program and waits until it is gone.
func (s *simulator) stop() error {
	if err := s.process.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stopping the simulator: %w", err)
	}
	if err := s.process.Wait(); err != nil {
		return fmt.Errorf("stopping the simulator: %w", err)
	}
	return nil
}

func (s *simulator) addServer(ctx context.Context, publicKeyPEM string) (string, error) {
	var server struct {
		ID string `json:"id"`
	}
	err := s.portal(ctx, http.MethodPost, "/mdm-servers", map[string]any{"name": "District", "public_key_pem": publicKeyPEM}, &server)
	return server.ID, err
}

func (s *simulator) deleteServer(ctx context.Context, server string) error {
	return s.portal(ctx, http.MethodDelete, "/mdm-servers/"+server, nil, nil)
}

func (s *simulator) assignDevices(ctx context.Context, server string, count int) error {
	return s.portal(ctx, http.MethodPost, "/mdm-servers/"+server+"/devices", map[string]any{"count": count}, nil)
}

func (s *simulator) serverToken(ctx context.Context, server string) ([]byte, error) {
	var token []byte
	err := s.portal(ctx, http.MethodGet, "/mdm-servers/"+server+"/server-token", nil, &token)
	return token, err
}

func (s *simulator) setLatency(ctx context.Context, latency time.Duration) error {
	return s.portal(ctx, http.MethodPost, "/settings", map[string]any{"latency": latency.String()}, nil)
}

// refuseFetches makes Apple answer every fetch of a server with an error until allowFetches.
func (s *simulator) refuseFetches(ctx context.Context, server string) error {
	fault := map[string]any{
		"kind": "status", "server": server, "path": "/server/devices", "status": http.StatusBadRequest, "body": "NOT_YET",
	}
	return s.portal(ctx, http.MethodPost, "/faults", []any{fault}, nil)
}

func (s *simulator) allowFetches(ctx context.Context) error {
	return s.portal(ctx, http.MethodDelete, "/faults", nil, nil)
}

func (s *simulator) clearRequests(ctx context.Context) error {
	return s.portal(ctx, http.MethodDelete, "/requests", nil, nil)
}

func (s *simulator) requests(ctx context.Context) (ledger, error) {
	var out ledger
	err := s.portal(ctx, http.MethodGet, "/requests", nil, &out)
	return out, err
}

// portal speaks JSON with the portal; into may be a *[]byte for a plain body.
func (s *simulator) portal(ctx context.Context, method, path string, body, into any) error {
	var payload []byte
	if body != nil {
		var err error
		if payload, err = json.Marshal(body); err != nil {
			return fmt.Errorf("portal: %w", err)
		}
	}
	answer, err := ask(ctx, method, s.PortalURL+path, payload, nil)
	if err != nil {
		return fmt.Errorf("portal: %w", err)
	}
	switch target := into.(type) {
	case nil:
	case *[]byte:
		*target = answer
	default:
		if err := json.Unmarshal(answer, target); err != nil {
			return fmt.Errorf("portal: %s %s: %w", method, path, err)
		}
	}
	return nil
}

// ask sends a request to a process on this machine and gives the body of a success.
func ask(ctx context.Context, method, url string, body []byte, change func(*http.Request)) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("making a request: %w", err)
	}
	if change != nil {
		change(req)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking: %w", err)
	}
	defer func() { _ = resp.Body.Close() }() // only read
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("reading the answer to %s %s: %w", method, url, err)
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		return nil, fmt.Errorf("%s %s: %s: %s", method, url, resp.Status, answer)
	}
	return answer, nil
}
