package intune_test

import (
	"crypto/x509"
	"encoding/pem"
	"sync"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/servertoken"
	simulator "github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

// pair is a public key, and a server token that Apple made for it.
type pair struct {
	pem   string
	cert  *x509.Certificate
	token []byte
}

var pairs struct {
	sync.Mutex
	made []pair
}

// certificateOf gives the n-th pair of this run: RSA keys are slow to make.
func certificateOf(t *testing.T, n int) pair {
	t.Helper()
	pairs.Lock()
	defer pairs.Unlock()
	for len(pairs.made) <= n {
		made, err := servertoken.NewKeyPair("Intune", time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
		if err != nil {
			t.Fatal(err)
		}
		text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: made.Certificate.Raw})
		apple := simulator.New(simulator.Options{Seed: 1})
		server, err := apple.CreateServer("District", text)
		if err != nil {
			t.Fatal(err)
		}
		token, err := apple.ServerToken(server.ID)
		if err != nil {
			t.Fatal(err)
		}
		pairs.made = append(pairs.made, pair{string(text), made.Certificate, token})
	}
	return pairs.made[n]
}
