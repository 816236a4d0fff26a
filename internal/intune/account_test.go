package intune

import (
	"context"
	"testing"
)

func TestWhoWaitsForTheAccountIDCanBeInterrupted(t *testing.T) {
	t.Parallel()
	a := account{gate: newGate()}
	unlock, err := a.lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if id := a.read(ctx, nil); id != "" {
		t.Errorf("read %q", id)
	}
}
