package apple_test

import (
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

func BenchmarkNew100000(b *testing.B) {
	for b.Loop() {
		apple.New(apple.Options{Devices: 100_000, Seed: 1})
	}
}

func BenchmarkNewAndAssign100000(b *testing.B) {
	for b.Loop() {
		sim := apple.New(apple.Options{Devices: 100_000, Seed: 1})
		server, err := sim.CreateServer("District", schoolKey().pem)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := sim.AssignDevices(server.ID, apple.Selection{Count: 100_000}); err != nil {
			b.Fatal(err)
		}
	}
}
