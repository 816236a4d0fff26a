package graph

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strings"
)

const (
	// maxPages is more than 200,000 devices, the most that a token can have, need at ten a page.
	maxPages = 20_000
	// maxEmptyPages is how many pages in a row may hold nothing: Microsoft Graph sends some when it filters late.
	maxEmptyPages = 50
)

// Pages yields each page's "value" array of a collection, following nextLink, which is sent unchanged. One page is held at a
// time. A nextLink that repeats, leads to another host or brings nothing new ends it with an error that wraps ErrPaging; the
// other errors are those of Get. After an error there is nothing more.
func (c *Client) Pages(ctx context.Context, path string, query url.Values) iter.Seq2[[]json.RawMessage, error] {
	return func(yield func([]json.RawMessage, error) bool) {
		target, err := c.target(path, query)
		if err != nil {
			yield(nil, err)
			return
		}
		seen := trail{links: map[string]bool{target: true}, pages: map[[sha256.Size]byte]bool{}}
		for target != "" {
			page, err := c.page(ctx, path, target)
			if err == nil {
				err = seen.add(page)
			}
			if err == nil {
				err = c.mayFollow(page.Next)
			}
			// Of a page that leads astray the rows are good: only what follows them cannot be had.
			if page.Value != nil && !yield(page.Value, nil) {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
			target = page.Next
		}
	}
}

type page struct {
	Value []json.RawMessage `json:"value"`
	Next  string            `json:"@odata.nextLink"`
}

func (c *Client) page(ctx context.Context, path, target string) (page, error) {
	var p page
	if _, err := c.do(ctx, call{method: http.MethodGet, path: path, target: target, repeat: true, into: &p, answered: true}); err != nil {
		return page{}, err
	}
	if p.Value == nil {
		return page{}, fmt.Errorf(`GET %s: %w: a collection without "value"`, path, ErrUnexpectedAnswer)
	}
	return p, nil
}

// mayFollow keeps the access token on the host that it is for.
func (c *Client) mayFollow(link string) error {
	if link == "" {
		return nil
	}
	u, err := url.Parse(link)
	if err != nil {
		return fmt.Errorf("%w: the link to the next page is no URL", ErrPaging)
	}
	if u.Scheme != c.base.Scheme || !strings.EqualFold(u.Host, c.base.Host) || u.User != nil {
		return fmt.Errorf("%w: the next page is at %s://%s, and not at %s://%s", ErrPaging, u.Scheme, u.Host, c.base.Scheme, c.base.Host)
	}
	return nil
}

// trail is where a walk through pages has been: some of Intune's collections lead in a circle.
type trail struct {
	links map[string]bool
	pages map[[sha256.Size]byte]bool
	count int
	empty int
}

func (t *trail) add(p page) error {
	t.count++
	t.empty++
	if len(p.Value) > 0 {
		t.empty = 0
		sum := digest(p.Value)
		if t.pages[sum] {
			return fmt.Errorf("%w: page %d has the rows of an earlier one", ErrPaging, t.count)
		}
		t.pages[sum] = true
	}
	switch {
	case p.Next == "":
		return nil
	case t.links[p.Next]:
		return fmt.Errorf("%w: page %d leads back to an earlier one", ErrPaging, t.count)
	case t.empty >= maxEmptyPages:
		return fmt.Errorf("%w: %d pages in a row were empty", ErrPaging, t.empty)
	case t.count >= maxPages:
		return fmt.Errorf("%w: there is no end after %d pages", ErrPaging, t.count)
	}
	t.links[p.Next] = true
	return nil
}

func digest(rows []json.RawMessage) (sum [sha256.Size]byte) {
	h := sha256.New()
	for _, row := range rows {
		h.Write(row)
	}
	return [sha256.Size]byte(h.Sum(sum[:0]))
}
