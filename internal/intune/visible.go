package intune

import (
	"context"
	"time"
)

// The pauses between two looks at something that is not there yet.
const (
	firstPause = time.Second
	mostPause  = 15 * time.Second
)

// untilVisible looks, at once and then after growing pauses, until look says that what was written shows or
// Config.VisibleWithin has passed: Graph shows what it took late, and one read after a write proves nothing. It tells whether
// it showed. An error of look ends it.
func (s *Service) untilVisible(ctx context.Context, look func(ctx context.Context) (bool, error)) (bool, error) {
	return s.within(ctx, s.config.VisibleWithin, look)
}

// within is untilVisible with another limit.
func (s *Service) within(ctx context.Context, limit time.Duration, look func(ctx context.Context) (bool, error)) (bool, error) {
	began, waited := s.now(), time.Duration(0)
	for pause := firstPause; ; pause = min(2*pause, mostPause) {
		if shows, err := look(ctx); shows || err != nil {
			return shows, err
		}
		left := limit - max(waited, s.now().Sub(began))
		if left <= 0 {
			return false, nil
		}
		if err := s.config.Wait(ctx, min(pause, left)); err != nil {
			return false, err
		}
		waited += min(pause, left)
	}
}
