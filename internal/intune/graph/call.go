package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/asm-enrollment/terraform-provider-asm/internal/httpx"
)

const mediaType = "application/json"

// badMoments is how many answers of 500 in a row a GET outlasts: Intune has them for a bad moment, and for a bad request, too.
const badMoments = 2

// Get reads path (below /beta, with a leading slash, its segments escaped by the caller with Segment) and decodes the answer
// into a value. Errors: *Error, ErrUnexpectedAnswer, those of httpx, and those of Options.Token as they are.
func (c *Client) Get(ctx context.Context, path string, query url.Values, into any) error {
	target, err := c.target(path, query)
	if err != nil {
		return err
	}
	_, err = c.do(ctx, call{method: http.MethodGet, path: path, target: target, repeat: true, into: into, answered: true})
	return err
}

// Send sends a request with a JSON body (nil for none) and decodes a non-empty answer into a value (nil to drop it). repeat
// tells whether the request may be sent again when it is not known whether it took effect: true for PATCH, PUT, DELETE and
// for actions that are idempotent. Any request is sent again after an answer that refuses it for now (429, and 503 with a
// Retry-After), unless the context says otherwise (ThrottledIsFinal). It returns the status of a success. Errors are those of
// Get.
func (c *Client) Send(ctx context.Context, method, path string, body, into any, repeat bool) (int, error) {
	target, err := c.target(path, nil)
	if err != nil {
		return 0, err
	}
	sent := call{method: method, path: path, target: target, repeat: repeat, into: into}
	if body != nil {
		if sent.body, err = json.Marshal(body); err != nil {
			return 0, fmt.Errorf("encoding %s %s: %w", method, path, err)
		}
	}
	return c.do(ctx, sent)
}

// ThrottledIsFinal makes 429 an answer for the requests of ctx: it comes back as an *Error at once, and nothing is sent again.
func ThrottledIsFinal(ctx context.Context) context.Context {
	return httpx.Final(ctx, http.StatusTooManyRequests)
}

// call is one request. Errors name method and path; target is where it goes.
type call struct {
	method, path, target string
	body                 []byte
	repeat               bool
	into                 any
	// answered: a success has a body.
	answered bool
}

// target is the address of a path. The query writes a space as %20, which every part of Microsoft Graph understands.
func (c *Client) target(path string, query url.Values) (string, error) {
	if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "?#") {
		return "", fmt.Errorf("%q is no path of Microsoft Graph", path)
	}
	target := c.base.String() + path
	if len(query) > 0 {
		target += "?" + strings.ReplaceAll(query.Encode(), "+", "%20")
	}
	return target, nil
}

func (c *Client) do(ctx context.Context, call call) (int, error) {
	resp, err := c.send(ctx, call) //nolint:bodyclose // httpx has read and closed it
	if err != nil {
		return 0, err
	}
	if resp.StatusCode/100 != 2 {
		return 0, c.refused(call, resp.StatusCode, resp.Header, httpx.Bytes(resp))
	}
	if err := call.decode(httpx.Bytes(resp)); err != nil {
		return 0, fmt.Errorf("%s %s (request id %q): %w", call.method, call.path, resp.Header.Get("request-id"), err)
	}
	return resp.StatusCode, nil
}

// send sends a call, and once more with another token if the service refuses the first: it may have expired on the way, or
// this machine's clock may be slow. A refused call did nothing, so that those which must not be repeated go the same way.
func (c *Client) send(ctx context.Context, call call) (*http.Response, error) {
	token, err := c.options.Token(ctx)
	if err != nil {
		return nil, err
	}
	resp, err := c.sendAs(ctx, call, token)
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	if token, err = c.options.Token(WithRefusedToken(ctx, token)); err != nil {
		return nil, err
	}
	return c.sendAs(ctx, call, token)
}

func (c *Client) sendAs(ctx context.Context, call call, token string) (*http.Response, error) {
	ctx = httpx.RepeatableIfRefused(ctx)
	if call.repeat {
		ctx = httpx.Repeatable(ctx)
	}
	if call.method == http.MethodGet {
		ctx = httpx.Tolerant(ctx, http.StatusInternalServerError, badMoments)
	}
	req, err := http.NewRequestWithContext(ctx, call.method, call.target, bytes.NewReader(call.body))
	if err != nil {
		return nil, fmt.Errorf("making the request %s %s: %w", call.method, call.path, err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", mediaType)
	// Else a member that Microsoft added after the version was made comes as "unknownFutureValue".
	req.Header.Set("Prefer", "include-unknown-enum-members")
	if call.body != nil {
		req.Header.Set("Content-Type", mediaType)
	}
	resp, err := c.http.Do(req)
	if later := new(httpx.RetryLaterError); errors.As(err, &later) {
		return nil, c.refused(call, later.Status, later.Header, later.Body)
	}
	if err != nil {
		return nil, fmt.Errorf("asking Microsoft Graph: %w", err)
	}
	return resp, nil
}

// byteOrderMark precedes some answers of text/plain, such as those of $count.
const byteOrderMark = "\ufeff"

// decode reads the body of a success. Intune answers some actions with 200 and nothing.
func (call call) decode(body []byte) error {
	if call.into == nil {
		return nil
	}
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte(byteOrderMark)))
	if len(body) == 0 && !call.answered {
		return nil
	}
	if err := json.Unmarshal(body, call.into); err != nil {
		if page := webPage(body); page != "" {
			return fmt.Errorf("%w: %s", ErrUnexpectedAnswer, page)
		}
		return fmt.Errorf("%w: %w", ErrUnexpectedAnswer, err)
	}
	return nil
}
