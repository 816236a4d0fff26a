package graph

import (
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

// Duration is a time.Duration that is written in JSON as Go writes it: "15m", "1h30m".
type Duration = apple.Duration

// Now is the time on the virtual clock, which is Apple's.
func (s *Simulator) Now() time.Time { return s.apple.Now() }

// AdvanceClock moves the virtual clock forward and carries out what is due by then; a negative d is an error.
func (s *Simulator) AdvanceClock(d time.Duration) error {
	if err := s.apple.AdvanceClock(d); err != nil {
		return badRequest("%v", err)
	}
	s.Settle()
	return nil
}

// history is a value that readers see late: every version with the time from which it shows.
type history[T any] struct{ versions []version[T] }

type version[T any] struct {
	from  time.Time
	value T
	gone  bool
}

// put adds a version that shows from a time on. One never shows before an earlier one.
func (h *history[T]) put(from time.Time, value T) {
	h.versions = append(h.versions, version[T]{from, value, false})
}

// end makes the value disappear from a time on.
func (h *history[T]) end(from time.Time) {
	h.versions = append(h.versions, version[T]{from: from, gone: true})
}

// at is what shows at a time. It forgets what nobody can see any more.
func (h *history[T]) at(now time.Time) (value T, shows bool) {
	newest := -1
	for i := range h.versions {
		if !h.versions[i].from.After(now) {
			newest = i
		}
	}
	if newest < 0 {
		return value, false
	}
	h.versions = h.versions[newest:]
	return h.versions[0].value, !h.versions[0].gone
}

// over says whether nothing shows now or later.
func (h *history[T]) over(now time.Time) bool {
	_, shows := h.at(now)
	return !shows && len(h.versions) == 1
}
