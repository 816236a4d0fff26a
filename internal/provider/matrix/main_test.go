package matrix

import (
	"os"
	"runtime/debug"
	"testing"
)

// TestMain collects garbage later: hundreds of short provider processes in one
// test process leave much of it and keep little, and looking at it anew all the
// time was a quarter of the time that the matrix takes.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	os.Exit(m.Run())
}
