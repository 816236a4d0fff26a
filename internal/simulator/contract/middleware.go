package contract

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
)

// Middleware checks every exchange with Graph's paths that next answers. Bodies pass through as they are written, so that
// slow, cut off and streamed answers stay what they are; what a handler cut off on purpose (http.ErrAbortHandler, a
// hijacked connection) is not checked.
func (v *Validator) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isGraph(r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		sent, err := io.ReadAll(r.Body)
		r.Body = replayed(sent, err)
		seen := r.Clone(r.Context()) // handlers may change the request, http.StripPrefix does
		answer := &recorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(answer, r)
		if err != nil || answer.hijacked {
			return
		}
		v.check(exchange{
			request: seen, sent: sent, status: answer.status, header: w.Header(), body: answer.body.Bytes(),
		})
	})
}

// replayed is a body that was read, with the error that reading it ended in.
func replayed(body []byte, err error) io.ReadCloser {
	if err == nil {
		return io.NopCloser(bytes.NewReader(body))
	}
	return io.NopCloser(io.MultiReader(bytes.NewReader(body), failing{err}))
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// recorder passes an answer on and keeps a copy.
type recorder struct {
	http.ResponseWriter
	status   int
	started  bool
	hijacked bool
	body     bytes.Buffer
}

func (r *recorder) WriteHeader(status int) {
	if !r.started && status >= 200 {
		r.started, r.status = true, status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(data []byte) (int, error) {
	r.started = true
	r.body.Write(data)
	return r.ResponseWriter.Write(data)
}

// Unwrap lets http.ResponseController reach what the server's writer can do.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// Flush is for handlers that ask for an http.Flusher.
func (r *recorder) Flush() {
	r.started = true
	_ = http.NewResponseController(r.ResponseWriter).Flush() // a writer that cannot flush buffers; nothing is lost
}

// Hijack is for handlers that ask for an http.Hijacker.
func (r *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	r.hijacked = true
	return http.NewResponseController(r.ResponseWriter).Hijack()
}
