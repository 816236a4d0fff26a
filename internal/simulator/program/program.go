// Package program runs asm-simulator as a program of its own and speaks with
// its portal, for the demo and the benchmark.
package program

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

// Apple is a running simulator of Apple's service.
type Apple struct {
	// AppleURL is the device enrollment service, PortalURL what stands for Apple
	// School Manager.
	AppleURL  string `json:"apple_url"`
	PortalURL string `json:"portal_url"`
	process   *exec.Cmd
}

// StartApple starts the program at path with so many devices in the school's
// inventory, and waits for the line that tells where it listens.
func StartApple(ctx context.Context, path string, devices int) (*Apple, error) {
	a := &Apple{}
	process, err := start(ctx, path, "apple", devices, a)
	a.process = process
	if err != nil {
		return nil, err
	}
	return a, nil
}

// start runs a command of the program at path and reads where it listens into
// a value.
func start(ctx context.Context, path, command string, devices int, into any) (*exec.Cmd, error) {
	process := exec.CommandContext(ctx, path, command, "--devices", strconv.Itoa(devices)) //nolint:gosec // built from this checkout
	stdout, err := process.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start the simulator: %w", err)
	}
	if err := process.Start(); err != nil {
		return nil, fmt.Errorf("start the simulator: %w", err)
	}
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, into)
	}
	if err != nil {
		stopped := (&Apple{process: process}).Stop()
		return nil, errors.Join(fmt.Errorf("the simulator did not say where it listens: %w", err), stopped)
	}
	return process, nil
}

// Stop ends the program and waits until it is gone.
func (a *Apple) Stop() error {
	if err := a.process.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop the simulator: %w", err)
	}
	if err := a.process.Wait(); err != nil {
		return fmt.Errorf("stop the simulator: %w", err)
	}
	return nil
}

// AddServer adds an MDM server with a public key and gives its id.
func (a *Apple) AddServer(ctx context.Context, name, publicKeyPEM string) (string, error) {
	var server struct {
		ID string `json:"id"`
	}
	err := a.Portal(ctx, http.MethodPost, "/mdm-servers", map[string]any{"name": name, "public_key_pem": publicKeyPEM}, &server)
	return server.ID, err
}

// AssignDevices gives devices of the inventory to a server.
func (a *Apple) AssignDevices(ctx context.Context, server string, count int) error {
	return a.Portal(ctx, http.MethodPost, "/mdm-servers/"+server+"/devices", map[string]any{"count": count}, nil)
}

// ServerToken downloads a fresh server token; older ones stop working.
func (a *Apple) ServerToken(ctx context.Context, server string) ([]byte, error) {
	var token []byte
	err := a.Portal(ctx, http.MethodGet, "/mdm-servers/"+server+"/server-token", nil, &token)
	return token, err
}

// Portal speaks JSON with the portal; into may be a *[]byte for a plain body,
// or nil.
func (a *Apple) Portal(ctx context.Context, method, path string, body, into any) error {
	var payload []byte
	if body != nil {
		var err error
		if payload, err = json.Marshal(body); err != nil {
			return fmt.Errorf("portal: %w", err)
		}
	}
	answer, err := Ask(ctx, method, a.PortalURL+path, payload, nil)
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

// Ask sends a request to a process on this machine and gives the body of a
// success. change, unless nil, may add to the request.
func Ask(ctx context.Context, method, url string, body []byte, change func(*http.Request)) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("make a request: %w", err)
	}
	if change != nil {
		change(req)
	}
	resp, err := (&http.Client{}).Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask: %w", err)
	}
	defer func() { _ = resp.Body.Close() }() // only read
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("read the answer to %s %s: %w", method, url, err)
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		return nil, fmt.Errorf("%s %s: %s: %s", method, url, resp.Status, answer)
	}
	return answer, nil
}
