package demo

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
)

// simulator is a running asm-simulator.
type simulator struct {
	AppleURL  string `json:"apple_url"`
	PortalURL string `json:"portal_url"`
	cmd       *exec.Cmd
}

// startSimulator starts the program and waits for the line that tells where it
// listens.
func startSimulator(ctx context.Context, program string, devices int) (*simulator, error) {
	s := &simulator{cmd: exec.CommandContext(ctx, program, "apple", "--devices", strconv.Itoa(devices))} //nolint:gosec // built from this checkout
	s.cmd.Stderr = io.Discard
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start the simulator: %w", err)
	}
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the simulator: %w", err)
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
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop the simulator: %w", err)
	}
	if err := s.cmd.Wait(); err != nil {
		return fmt.Errorf("stop the simulator: %w", err)
	}
	return nil
}

func (s *simulator) portal() *portal { return &portal{url: s.PortalURL} }

// portal is Apple School Manager as the simulator offers it.
type portal struct{ url string }

func (p *portal) addServer(ctx context.Context, name, publicKeyPEM string) (string, error) {
	var server struct {
		ID string `json:"id"`
	}
	err := p.call(ctx, http.MethodPost, "/mdm-servers", map[string]any{"name": name, "public_key_pem": publicKeyPEM}, &server)
	return server.ID, err
}

func (p *portal) assignDevices(ctx context.Context, server string, count int) error {
	return p.call(ctx, http.MethodPost, "/mdm-servers/"+server+"/devices", map[string]any{"count": count}, nil)
}

func (p *portal) serverToken(ctx context.Context, server string) ([]byte, error) {
	var token []byte
	err := p.call(ctx, http.MethodGet, "/mdm-servers/"+server+"/server-token", nil, &token)
	return token, err
}

// call speaks JSON with the portal; into may be a *[]byte for a plain body.
func (p *portal) call(ctx context.Context, method, path string, body, into any) error {
	var payload bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&payload).Encode(body); err != nil {
			return fmt.Errorf("portal: %w", err)
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, p.url+path, &payload)
	if err != nil {
		return fmt.Errorf("portal: %w", err)
	}
	resp, err := (&http.Client{}).Do(req)
	if err != nil {
		return fmt.Errorf("portal: %w", err)
	}
	defer func() { _ = resp.Body.Close() }() // only read
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("portal: %w", err)
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("portal: %s %s: %s: %s", method, path, resp.Status, answer)
	}
	switch target := into.(type) {
	case nil:
		return nil
	case *[]byte:
		*target = answer
		return nil
	default:
		if err := json.Unmarshal(answer, target); err != nil {
			return fmt.Errorf("portal: %s %s: %w", method, path, err)
		}
		return nil
	}
}
