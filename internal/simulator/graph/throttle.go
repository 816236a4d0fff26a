package graph

import (
	"net/http"
	"time"
)

// traffic counts the requests of the window that is running.
type traffic struct {
	began            time.Time
	writes, requests int
}

// throttled counts a call and refuses it when the window is full. Windows are on the virtual clock.
func (s *Simulator) throttled(c *call) *reply {
	limit := s.settings.Throttle
	if limit.Writes == 0 && limit.Requests == 0 {
		return nil
	}
	if c.now.Sub(s.traffic.began) >= time.Duration(limit.Window) {
		s.traffic = traffic{began: c.now}
	}
	write := c.r.Method != http.MethodGet
	s.traffic.requests++
	if write {
		s.traffic.writes++
	}
	full := limit.Requests > 0 && s.traffic.requests > limit.Requests ||
		write && limit.Writes > 0 && s.traffic.writes > limit.Writes
	if !full {
		return nil
	}
	r := c.plain(http.StatusTooManyRequests, "TooManyRequests", "An error has occurred.")
	if limit.RetryAfter != "" {
		r.header = map[string]string{"Retry-After": limit.RetryAfter}
	}
	return r
}
