package intune

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/httpx"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune/graph"
)

// The pauses between two looks at something that is not there yet.
const (
	firstPause = time.Second
	mostPause  = 15 * time.Second
)

// untilVisible looks, at once and then after growing pauses, until look says that what was written shows or
// Config.VisibleWithin has passed: Graph shows what it took late, and one read after a write proves nothing. It tells whether
// it showed. An error of look ends it, but for one of a moment, which makes no failure of what Graph took: that is "not yet",
// and given back only where the last look still has it.
func (s *Service) untilVisible(ctx context.Context, look func(ctx context.Context) (bool, error)) (bool, error) {
	return s.within(ctx, s.config.VisibleWithin, look)
}

// within is untilVisible with another limit.
func (s *Service) within(ctx context.Context, limit time.Duration, look func(ctx context.Context) (bool, error)) (bool, error) {
	began, waited := s.now(), time.Duration(0)
	for pause := firstPause; ; pause = min(2*pause, mostPause) {
		shows, err := look(ctx)
		if shows || err != nil && !isMomentary(ctx, err) {
			return shows, err
		}
		left := limit - max(waited, s.now().Sub(began))
		if left <= 0 {
			return false, err
		}
		if err := s.config.Wait(ctx, min(pause, left)); err != nil {
			return false, err
		}
		waited += min(pause, left)
	}
}

// isMomentary is isPassing for errors that are not of the domain yet, too.
func isMomentary(ctx context.Context, err error) bool {
	status := graph.StatusOf(err)
	return isPassing(ctx, err) || ctx.Err() == nil && (status >= http.StatusInternalServerError || status == http.StatusTooManyRequests ||
		errors.Is(err, httpx.ErrUnanswered) || errors.Is(err, httpx.ErrNotSent))
}
