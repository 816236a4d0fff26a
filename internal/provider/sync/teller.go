package sync

import (
	"context"
	"time"
)

const (
	// flushTime is how long the end of an action waits for core to take the last
	// lines, and interruptedFlushTime how long where nobody may listen any more.
	flushTime            = 10 * time.Second
	interruptedFlushTime = 200 * time.Millisecond
	// linesAhead is how many lines may wait for core: more than a sync says.
	linesAhead = 1024
)

// teller hands lines to core in order, from a goroutine of its own. The
// framework's SendProgress waits until somebody reads, and once a stream has
// been broken off nobody ever does: a sync that said its lines itself would hang
// there with the token's lease. After an interrupt no line is sent, since there
// is no telling whether anybody reads; what matters then is in the diagnostics.
type teller struct {
	lines chan string
	done  chan struct{}
}

// tell starts a teller. Its goroutine ends after end.
func tell(ctx context.Context, send func(line string)) teller {
	t := teller{lines: make(chan string, linesAhead), done: make(chan struct{})}
	go func() {
		defer close(t.done)
		for line := range t.lines {
			if ctx.Err() == nil {
				send(line)
			}
		}
	}()
	return t
}

// say never waits. A line that core has no room for is left out.
func (t teller) say(line string) {
	select {
	case t.lines <- oneLine(line):
	default:
	}
}

// end waits for the last line to be taken, but not for ever. Nothing may be said
// after it.
func (t teller) end(ctx context.Context) {
	close(t.lines)
	last, cancel := context.WithTimeout(ctx, flushTime)
	defer cancel()
	select {
	case <-t.done:
		return
	case <-last.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), interruptedFlushTime)
	defer cancel()
	select {
	case <-t.done:
	case <-grace.Done():
	}
}
