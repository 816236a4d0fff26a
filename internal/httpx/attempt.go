package httpx

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflog"
)

// NewTransport is the transport that a Client makes for itself: net/http's defaults, with proxies from the environment,
// the system's roots and HTTP/2. For callers that share one among several Clients.
func NewTransport() *http.Transport {
	if standard, ok := http.DefaultTransport.(*http.Transport); ok {
		return standard.Clone()
	}

	return &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}
}

// NewTransportTrusting is NewTransport that trusts the certificate authorities in a PEM document besides the system's, for
// networks that inspect TLS.
func NewTransportTrusting(authorities []byte) (*http.Transport, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool() // the system has none
	}
	if !roots.AppendCertsFromPEM(authorities) {
		return nil, errors.New("there is no certificate in PEM")
	}
	transport := NewTransport()
	transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}

	return transport, nil
}

func baseTransport(options Options) http.RoundTripper {
	transport := options.Transport
	if transport == nil {
		transport = NewTransport()
	}
	if standard, ok := transport.(*http.Transport); ok && options.FreshConnections {
		fresh := standard.Clone()
		fresh.DisableKeepAlives = true

		return fresh
	}

	return transport
}

// wireError marks an error of the transport itself, to be told from one of an Attempt hook.
type wireError struct{ err error }

func (e *wireError) Error() string { return e.err.Error() }
func (e *wireError) Unwrap() error { return e.err }

// wire is the innermost layer: it marks the transport's errors.
type wire struct{ next http.RoundTripper }

func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := w.next.RoundTrip(req)
	if err != nil {
		return nil, &wireError{err}
	}

	return resp, nil
}

// attempt is the layer around each attempt: time limit, watching what went out, reading the whole body, logging.
type attempt struct {
	next    http.RoundTripper
	options Options
}

func (a *attempt) RoundTrip(req *http.Request) (*http.Response, error) {
	state := exchangeOf(req.Context())
	state.attempts++
	started := a.options.Now()
	ctx, cancel := context.WithTimeout(req.Context(), a.options.AttemptTimeout)
	defer cancel()
	// From GotConn on bytes may have gone out: the transport writes in a goroutine of its own, so that a later event could
	// come after the end of the attempt. To call a request unsent that was sent would be the worse mistake.
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { state.sent.Store(true) },
	})

	resp, err := a.next.RoundTrip(req.WithContext(traced))
	if err == nil {
		err = a.readBody(resp)
	}
	if err != nil && ctx.Err() != nil && req.Context().Err() == nil {
		err = &wireError{fmt.Errorf("no whole answer within %s", a.options.AttemptTimeout)}
	}
	logAttempt(req, resp, err, state.attempts, a.options.Now().Sub(started))
	if err != nil {
		return nil, err
	}

	return resp, nil
}

// readBody reads the body within the attempt: a connection that breaks in the middle is a failed attempt, not half an
// answer.
func (a *attempt) readBody(resp *http.Response) error {
	defer func() { _ = resp.Body.Close() }()
	var buf bytes.Buffer
	if 0 < resp.ContentLength && resp.ContentLength <= a.options.MaxBody {
		buf.Grow(int(resp.ContentLength) + bytes.MinRead)
	}
	n, err := buf.ReadFrom(io.LimitReader(resp.Body, a.options.MaxBody+1))
	if err != nil {
		return &wireError{fmt.Errorf("reading the answer: %w", err)}
	}
	if n > a.options.MaxBody {
		return fmt.Errorf("%w: over %d bytes", ErrBodyTooLarge, a.options.MaxBody)
	}
	resp.Body = &body{Reader: bytes.NewReader(buf.Bytes()), all: buf.Bytes()}
	resp.ContentLength = n

	return nil
}

// body is a response body that has been read.
type body struct {
	*bytes.Reader

	all []byte
}

func (*body) Close() error { return nil }

// Bytes returns the whole body of a response of Client.Do, without a copy: it is the caller's from then on.
func Bytes(resp *http.Response) []byte {
	if read, ok := resp.Body.(*body); ok {
		return read.all
	}

	return nil
}

// logSubsystem is the name under which TF_LOG shows the requests.
const logSubsystem = "http"

// logAttempt writes what a person needs to follow the traffic, and nothing that could be a secret: no header, no query,
// no body.
func logAttempt(req *http.Request, resp *http.Response, err error, attempt int, took time.Duration) {
	fields := map[string]any{
		"method": req.Method, "host": req.URL.Host, "path": req.URL.Path, "attempt": attempt, "duration_ms": took.Milliseconds(),
	}
	if resp != nil {
		fields["status"] = resp.StatusCode
		fields["bytes"] = resp.ContentLength
	}
	if err != nil {
		fields["error"] = err.Error()
	}
	ctx := tflog.NewSubsystem(req.Context(), logSubsystem)
	tflog.SubsystemDebug(ctx, logSubsystem, "HTTP attempt", fields)
}

const maxRedirects = 5

// checkRedirect follows redirects of GET and HEAD within one host only: credentials must not go elsewhere, and a POST that
// is redirected would become a GET.
func checkRedirect(req *http.Request, via []*http.Request) error {
	first := via[0]
	sameHost := req.URL.Scheme == first.URL.Scheme && req.URL.Host == first.URL.Host
	sameMethod := first.Method == http.MethodGet || first.Method == http.MethodHead
	if sameHost && sameMethod && len(via) <= maxRedirects {
		return nil
	}

	return &RedirectError{
		Method: first.Method, Host: first.URL.Host, Path: first.URL.Path, Target: req.URL.Scheme + "://" + req.URL.Host,
	}
}

// IsUntrusted tells whether a request failed because the server's certificate is not trusted.
func IsUntrusted(err error) bool {
	var (
		verification *tls.CertificateVerificationError
		authority    x509.UnknownAuthorityError
		hostname     x509.HostnameError
		invalid      x509.CertificateInvalidError
	)

	return errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &hostname) || errors.As(err, &invalid)
}
