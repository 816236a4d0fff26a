package sync

import (
	"context"
	"testing"
	"time"
)

// Where nobody reads any more the framework never takes a line. Neither the sync
// nor the end of the action may wait for that.
func TestTellerIsNotHeldUpByAReaderWhoHasGone(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	stuck, sending := make(chan struct{}), make(chan struct{})
	defer close(stuck)
	first := true
	talk := tell(ctx, func(string) {
		if first {
			first = false
			close(sending)
		}
		<-stuck
	})
	began := time.Now()
	for range 2 * linesAhead {
		talk.say("a line")
	}
	<-sending
	interrupt()
	talk.end(ctx)
	if took := time.Since(began); took > time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestTellerSendsNothingAfterAnInterrupt(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	talk := tell(ctx, func(line string) { t.Errorf("sent %q", line) })
	talk.say("a line")
	talk.end(ctx)
	<-talk.done // its goroutine has ended
}
