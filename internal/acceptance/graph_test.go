package acceptance

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/contract"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/graph"
)

// startGraph puts Intune before Apple. Every exchange with it is held against
// the published contract, and a breach of that fails the test.
func startGraph(t *testing.T, behind *apple.Simulator) *graph.Simulator {
	t.Helper()
	validator, err := contract.New()
	if err != nil {
		t.Fatal(err)
	}
	validator.FailOn(t)
	sim := graph.New(graph.Options{Apple: behind, Seed: 1, Middleware: validator.Middleware})
	sim.Start(t)
	return sim
}

// graphEnvironment signs the provider in with the simulated tenant's client
// secret.
func graphEnvironment(t *testing.T, sim *graph.Simulator) map[string]string {
	t.Helper()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, sim.CACertificatePEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"ASM_GRAPH_ENDPOINT": sim.GraphURL(), "ASM_AUTHORITY_HOST": sim.SignInURL(), "ASM_CA_CERTIFICATES_PATH": ca,
		"ARM_TENANT_ID": sim.TenantID(), "ARM_CLIENT_ID": sim.ClientID(), "ARM_CLIENT_SECRET": sim.ClientSecret(),
		"ARM_USE_CLI": "false",
	}
}

// graphRequests counts Graph calls whose method and path template end so, since
// the last forget.
func (w *world) graphRequests(method, end string) int {
	n := 0
	for request, count := range w.graph.Requests(false).Requests {
		if m, path, _ := strings.Cut(request, " "); m == method && strings.HasSuffix(path, end) {
			n += count
		}
	}
	return n
}

func (w *world) graphSends() int { return w.graphRequests("POST", "/updateDeviceProfileAssignment") }

// devicePages counts the pages of devices that were read.
func (w *world) devicePages() int { return w.graphRequests("GET", "/importedAppleDeviceIdentities") }

// graphWrites counts the calls that could change something.
func (w *world) graphWrites() int {
	n := 0
	for request, count := range w.graph.Requests(false).Requests {
		if !strings.HasPrefix(request, "GET ") {
			n += count
		}
	}
	return n
}

func (w *world) graphFault(faults ...graph.Fault) {
	w.Helper()
	if _, err := w.graph.AddFaults(faults...); err != nil {
		w.Fatal(err)
	}
}

func (w *world) graphSettings(change func(*graph.Settings)) {
	w.Helper()
	err := w.graph.UpdateSettings(func(s *graph.Settings) error { change(s); return nil })
	if err != nil {
		w.Fatal(err)
	}
}
