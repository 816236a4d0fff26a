package program

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// Graph is a running simulator of Microsoft Graph as Intune serves it. Apple is the simulator behind it; stopping either
// stops both, as they are one program.
type Graph struct {
	*Apple

	// GraphURL is Microsoft Graph, SignInURL the authority host, AdminURL the simulator's own API.
	GraphURL  string `json:"graph_url"`
	SignInURL string `json:"sign_in_url"`
	AdminURL  string `json:"admin_url"`
	// CAFile holds the certificate authority of SignInURL; it is removed when the program ends.
	CAFile string `json:"ca_file"`
	// TenantID, ClientID and ClientSecret are those of the registered application.
	TenantID     string `json:"tenant_id"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
}

// StartGraph starts the program at path with so many devices in the school's
// inventory, and waits for the line that tells where it listens.
func StartGraph(ctx context.Context, path string, devices int) (*Graph, error) {
	g := &Graph{Apple: &Apple{}}
	process, err := start(ctx, path, "graph", devices, g)
	g.process = process
	if err != nil {
		return nil, err
	}
	return g, nil
}

// Admin speaks JSON with the admin API; into may be nil.
func (g *Graph) Admin(ctx context.Context, method, path string, body, into any) error {
	var payload []byte
	if body != nil {
		var err error
		if payload, err = json.Marshal(body); err != nil {
			return fmt.Errorf("admin API: %w", err)
		}
	}
	answer, err := Ask(ctx, method, g.AdminURL+path, payload, nil)
	if err != nil {
		return fmt.Errorf("admin API: %w", err)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("admin API: %s %s: %w", method, path, err)
	}
	return nil
}

// Configure changes settings of the simulator, named as in its JSON.
func (g *Graph) Configure(ctx context.Context, settings map[string]any) error {
	return g.Admin(ctx, http.MethodPost, "/settings", settings, nil)
}
