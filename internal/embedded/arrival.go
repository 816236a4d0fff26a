package embedded

import (
	"context"
	"iter"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/apple"
)

// mostPagesAhead is how many pages may wait to be stored. What waits is stored in one transaction: where storing is slower
// than Apple, that spares writing the index of the view once for each page.
const mostPagesAhead = 4

// arrival is a page from Apple, or the error that ended its chain.
type arrival struct {
	page apple.Page
	// requestedAt is a time before the page was asked for.
	requestedAt time.Time
	err         error
}

// collect reads pages while others are stored. The channel is closed after the last one, or once ctx is done.
func (r *runner) collect(ctx context.Context, pages iter.Seq2[apple.Page, error]) <-chan arrival {
	arrivals := make(chan arrival, r.pagesAhead)
	go func() {
		defer close(arrivals)
		// The page after next is asked for when the next one is taken, so a page was asked for after the one before the
		// last had come: that time is on the safe side.
		before, last := r.now(), r.now()
		for page, err := range pages {
			a := arrival{page: page, requestedAt: before, err: err}
			before, last = last, r.now()
			select {
			case arrivals <- a:
			case <-ctx.Done():
				return
			}
		}
	}()
	return arrivals
}

// waiting waits for a page and takes those that have come as well, at most as many as may wait, with the error that came after them, if one did. None
// and no error is the end.
func waiting(arrivals <-chan arrival, most int) (batch []arrival, err error) {
	a, open := <-arrivals
	for open && a.err == nil {
		batch = append(batch, a)
		if len(batch) > most {
			return batch, nil
		}
		select {
		case a, open = <-arrivals:
		default:
			return batch, nil
		}
	}
	return batch, a.err
}
