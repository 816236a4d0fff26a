package graph_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/graph"
)

// BenchmarkReady is a tenant with a token of 100,000 devices; it has to stay below a second.
func BenchmarkReady(b *testing.B) {
	for b.Loop() {
		s := graph.New(graph.Options{Devices: 100_000, Seed: 1})
		if _, err := s.AddToken(graph.TokenSeed{Name: "District", Devices: 100_000}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPage is one page of a thousand devices.
func BenchmarkPage(b *testing.B) {
	s := graph.New(graph.Options{Devices: 10_000, Seed: 1})
	s.Start(b)
	token, err := s.AddToken(graph.TokenSeed{Name: "District", Devices: 10_000})
	if err != nil {
		b.Fatal(err)
	}
	bearer := s.AccessToken()
	for b.Loop() {
		r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, s.GraphURL()+"/beta"+devices(token.ID), nil)
		if err != nil {
			b.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+bearer)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			b.Fatal(err)
		}
		n, err := io.Copy(io.Discard, resp.Body)
		if err != nil || n < 100_000 {
			b.Fatalf("%d bytes, %v", n, err)
		}
		_ = resp.Body.Close()
	}
}
