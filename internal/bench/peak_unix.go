//go:build unix

package bench

import (
	"os"
	"runtime"
	"syscall"
)

// peakBytes is the most memory that a process had. On Linux it is never less than what this process had when it started
// that one, which is why this one stays small until all syncs are measured.
func peakBytes(state *os.ProcessState) int64 {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" || runtime.GOOS == "ios" {
		return int64(usage.Maxrss) //nolint:unconvert // it is an int32 on some systems
	}
	return int64(usage.Maxrss) * 1024 //nolint:unconvert // it is an int32 on some systems
}
