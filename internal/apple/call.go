package apple

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/asm-enrollment/terraform-provider-asm/internal/httpx"
)

// call is one request of an operation.
type call struct {
	method, path string
	query        url.Values
	repeatable   bool

	// body is encoded as JSON unless nil; answer gets the decoded body of a success.
	body   any
	answer answer
}

func (s *Session) call(ctx context.Context, c call) error {
	body, err := c.encode()
	if err != nil {
		return err
	}
	resp, err := s.send(ctx, c, body) //nolint:bodyclose // httpx has read and closed it
	if err != nil {
		return err
	}
	if err := decode(httpx.Bytes(resp), c.answer); err != nil {
		return c.unknown(fmt.Errorf("%s %s (request id %q): %w", c.method, c.path, requestID(resp), err))
	}

	return nil
}

// unknown says of a call that is not repeated that it may have been carried out.
func (c call) unknown(err error) error {
	if c.repeatable {
		return err
	}

	return fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
}

func (c call) encode() ([]byte, error) {
	if c.body == nil {
		return nil, nil
	}
	body, err := json.Marshal(c.body)
	if err != nil {
		return nil, fmt.Errorf("encoding %s %s: %w", c.method, c.path, err)
	}

	return body, nil
}

// send sends a call, and once more if the service refuses its session. The second time it is alone: no other call of this
// process can have the session replaced under way, so that a refusal is final. A refused call did nothing, so that calls
// which must not be repeated go the same way.
func (s *Session) send(ctx context.Context, c call, body []byte) (*http.Response, error) {
	resp, sent, err := s.sendWith(ctx, oneOfMany, 0, c, body)
	if !isRefused(err) {
		return resp, err
	}
	renewed := false
	for !renewed && isRefused(err) {
		renewed = s.value().generation <= sent.generation // else another call has got a newer session: try that first
		resp, sent, err = s.sendWith(ctx, alone, sent.generation, c, body)
	}

	return resp, err
}

// The share of a session that a call takes while it is under way.
const (
	oneOfMany = 1
	alone     = 1 << 20
)

// sendWith sends a call once, with a session that is newer than a refused one.
func (s *Session) sendWith(ctx context.Context, share int64, refused uint64, c call, body []byte) (
	resp *http.Response, sent sessionValue, err error,
) {
	if err := s.share.Acquire(ctx, share); err != nil {
		return nil, sent, &noSessionError{context.Cause(ctx)}
	}
	defer s.share.Release(share)
	if err := s.ensure(ctx, refused); err != nil {
		return nil, sent, &noSessionError{err}
	}
	if resp, sent, err = s.sendOnce(ctx, c, body); err != nil {
		err = fmt.Errorf("asking Apple's device enrollment service: %w", err)
		if errors.Is(err, httpx.ErrUnanswered) {
			err = c.unknown(err)
		}

		return nil, sent, err
	}
	if resp.StatusCode/100 == 2 {
		return resp, sent, nil
	}
	failure := s.newError(resp, c)
	if failure.Status >= http.StatusInternalServerError {
		return nil, sent, c.unknown(failure)
	}

	return nil, sent, failure.typed()
}

// isRefused tells an answer of a call, not of a login, that a new session may change.
func isRefused(err error) bool {
	var answered *Error

	return errors.As(err, &answered) && answered.Path != pathSession && answered.refusesSession()
}

func (s *Session) sendOnce(ctx context.Context, c call, body []byte) (*http.Response, sessionValue, error) {
	var sent sessionValue
	req, err := s.request(context.WithValue(ctx, sentKey{}, &sent), c, body)
	if err != nil {
		return nil, sent, err
	}
	resp, err := s.calls.Do(req)

	return resp, sent, err //nolint:wrapcheck // send wraps it
}

// request makes a request with the headers of every call. The service wants a Content-Type on a GET, too (depsim did).
func (s *Session) request(ctx context.Context, c call, body []byte) (*http.Request, error) {
	if c.repeatable {
		ctx = httpx.Repeatable(ctx)
	}
	target := s.client.base.JoinPath(c.path)
	target.RawQuery = c.query.Encode()
	req, err := http.NewRequestWithContext(ctx, c.method, target.String(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("making the request %s %s: %w", c.method, c.path, err)
	}
	req.Header[headerProtocol] = []string{ProtocolVersion}
	req.Header.Set("Content-Type", mediaType)
	req.Header.Set("Accept", mediaType)

	return req, nil
}
