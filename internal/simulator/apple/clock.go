package apple

import (
	"fmt"
	"sync"
	"time"
)

// clock is the virtual clock: a base that runs by itself, plus what tests have added.
type clock struct {
	base func() time.Time

	mu    sync.Mutex
	ahead time.Duration
}

// now is in UTC.
func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.base().Add(c.ahead).UTC()
}

func (c *clock) advance(d time.Duration) error {
	if d < 0 {
		return fmt.Errorf("advancing the clock by %s: the clock does not run backwards", d)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
	return nil
}

// Now is the time on the virtual clock.
func (s *Simulator) Now() time.Time { return s.clock.now() }

// AdvanceClock moves the virtual clock forward; a negative d is an error.
func (s *Simulator) AdvanceClock(d time.Duration) error { return s.clock.advance(d) }

// Duration is a time.Duration that is written in JSON as Go writes it: "168h", "1m30s".
type Duration time.Duration

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("want a duration such as \"90s\" or \"168h\": %w", err)
	}
	*d = Duration(parsed)
	return nil
}
