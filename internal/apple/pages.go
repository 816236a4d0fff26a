package apple

import (
	"context"
	"iter"
)

// Fetch yields the pages of a fetch from a cursor on (empty: from the beginning), up to the one that says that nothing
// follows. While the caller handles a page, the next is fetched, and never more than one ahead. After an error there is
// nothing more. Errors: those of FetchDevices, and ErrRepeatedCursor.
func (s *Session) Fetch(ctx context.Context, cursor string, limit int) iter.Seq2[Page, error] {
	return pages(ctx, cursor, limit, s.FetchDevices)
}

// Sync yields the pages of the changes since a cursor, as Fetch does. Errors: those of SyncDevices, and
// ErrRepeatedCursor.
func (s *Session) Sync(ctx context.Context, cursor string, limit int) iter.Seq2[Page, error] {
	return pages(ctx, cursor, limit, s.SyncDevices)
}

type pageFunc func(ctx context.Context, cursor string, limit int) (Page, error)

func pages(ctx context.Context, cursor string, limit int, read pageFunc) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		ahead := readAhead(ctx, cursor, limit, read)
		defer func() {
			cancel()
			_, _ = ahead.wait() // nobody wants that page any more
		}()
		seen := map[string]struct{}{cursor: {}}
		for {
			page, err := ahead.wait()
			if err != nil {
				yield(Page{}, err)

				return
			}
			if !page.MoreToFollow {
				yield(page, nil)

				return
			}
			if _, again := seen[page.Cursor]; again || page.Cursor == "" {
				// The page's devices are good: only what follows them cannot be had.
				_ = yield(page, nil) && yield(Page{}, ErrRepeatedCursor)

				return
			}
			seen[page.Cursor] = struct{}{}
			ahead = readAhead(ctx, page.Cursor, limit, read)
			if !yield(page, nil) {
				return
			}
		}
	}
}

// pendingPage is a page that is being read.
type pendingPage struct {
	done chan struct{}
	page Page
	err  error
}

func readAhead(ctx context.Context, cursor string, limit int, read pageFunc) *pendingPage {
	p := &pendingPage{done: make(chan struct{})}
	go func() {
		defer close(p.done)
		p.page, p.err = read(ctx, cursor, limit)
	}()

	return p
}

// wait may be called more than once. It ends when the read does, which ends early with its context.
func (p *pendingPage) wait() (Page, error) {
	<-p.done

	return p.page, p.err
}
