package demo

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/program"
)

// world is what stands around the provider: Apple, and on Intune Microsoft Graph
// before it.
type world struct {
	apple *program.Apple
	graph *program.Graph // nil on the embedded service
	// environment is what the provider is told beside its configuration.
	environment []string
	// example are the directories below examples that make the configuration, the
	// first of them the one that a reader looks for.
	example []string
}

func start(ctx context.Context, s Settings) (world, error) {
	if s.Service == "intune" {
		return startIntune(ctx, s)
	}
	apple, err := program.StartApple(ctx, s.Simulator, s.Devices)
	if err != nil {
		return world{}, err
	}
	key, err := storeKey()
	if err != nil {
		return world{}, errors.Join(err, apple.Stop())
	}
	return world{apple: apple, example: []string{"getting-started"}, environment: []string{"ASM_APPLE_URL=" + apple.AppleURL, "ASM_STORE_KEY=" + key}}, nil
}

// startIntune starts a tenant on a day when nothing shows at once.
func startIntune(ctx context.Context, s Settings) (world, error) {
	graph, err := program.StartGraph(ctx, s.Simulator, s.Devices)
	if err != nil {
		return world{}, err
	}
	err = graph.Configure(ctx, map[string]any{
		"sync_minimum": "3s", "not_found_after_create": "2s",
		"visible_after": map[string]string{"tokens": "500ms", "profiles": "1s", "devices": "1s", "policies": "1s"},
	})
	if err != nil {
		return world{}, errors.Join(err, graph.Stop())
	}
	return world{
		apple: graph.Apple, graph: graph, example: []string{"either-service", filepath.Join("either-service", "intune")},
		environment: []string{
			"ASM_GRAPH_ENDPOINT=" + graph.GraphURL, "ASM_AUTHORITY_HOST=" + graph.SignInURL, "ASM_CA_CERTIFICATES_PATH=" + graph.CAFile,
			"ARM_TENANT_ID=" + graph.TenantID, "ARM_CLIENT_ID=" + graph.ClientID, "ARM_CLIENT_SECRET=" + graph.ClientSecret,
		},
	}, nil
}

// contract fails where a message between the provider and Microsoft Graph was
// not as Microsoft's contract says.
func (d *demo) contract(ctx context.Context) error {
	if d.graph == nil {
		return nil
	}
	var report struct {
		Messages   int `json:"messages"`
		Violations []struct {
			Method, Path, Part, Detail string
		} `json:"violations"`
	}
	if err := d.graph.Admin(ctx, http.MethodGet, "/contract", nil, &report); err != nil {
		return err
	}
	if report.Messages == 0 {
		return errors.New("the contract check has seen no message")
	}
	var errs []error
	for _, v := range report.Violations {
		errs = append(errs, fmt.Errorf("contract: %s %s: %s: %s", v.Method, v.Path, v.Part, v.Detail))
	}
	fmt.Fprintf(d.Out, "Microsoft's contract: %d messages, %d violations.\n", report.Messages, len(errs))
	return errors.Join(errs...)
}

// storeKey makes a key for the secrets in the demo's store, so that nothing is
// written outside its directory.
func storeKey() (string, error) {
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return "", fmt.Errorf("make a key: %w", err)
	}
	return base64.StdEncoding.EncodeToString(key), nil
}
