package contract

import (
	"io"
	"net/http"
)

// RoundTripper checks every exchange with Graph's paths that is sent through next, which may not be nil. An exchange without
// an answer, or with one that breaks off, is passed on as it is and not checked.
func (v *Validator) RoundTripper(next http.RoundTripper) http.RoundTripper {
	return roundTripper{validator: v, next: next}
}

type roundTripper struct {
	validator *Validator
	next      http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t roundTripper) RoundTrip(request *http.Request) (*http.Response, error) {
	if !isGraph(request.URL.Path) {
		return t.next.RoundTrip(request)
	}
	sent, err := readBody(request.Body)
	if err != nil {
		return nil, err
	}
	outgoing := request.Clone(request.Context()) // a round tripper may not change the request
	if len(sent) > 0 {
		outgoing.Body = replayed(sent, nil)
	}
	response, err := t.next.RoundTrip(outgoing)
	if err != nil {
		return nil, err
	}
	body, err := readBody(response.Body)
	response.Body = replayed(body, err)
	if err == nil {
		t.validator.check(exchange{
			request: request, sent: sent, status: response.StatusCode, header: response.Header, body: body,
		})
	}
	return response, nil
}

// readBody reads a body to its end and closes it. With an error comes what could be read.
func readBody(body io.ReadCloser) ([]byte, error) {
	if body == nil {
		return nil, nil
	}
	content, err := io.ReadAll(body)
	if closeErr := body.Close(); err == nil {
		err = closeErr
	}
	return content, err
}
