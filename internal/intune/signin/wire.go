package signin

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/asm-enrollment/terraform-provider-asm/internal/httpx"
)

// attemptTimeout bounds each request of a sign-in: where no managed identity is, nobody answers.
const attemptTimeout = 15 * time.Second

// wire is how the libraries reach the network (policy.Transporter): through httpx, which repeats what may be repeated, so
// that their own retries are off.
type wire struct{ client *httpx.Client }

func newWire(c Config) *wire {
	return &wire{httpx.New(httpx.Options{
		Version: c.Version, MaxRetries: 3, AttemptTimeout: attemptTimeout, MaxBody: 1 << 20,
		Transport: c.Transport, Now: c.Now, Wait: c.Wait,
	})}
}

// heard is what went wrong last while somebody signed in. The libraries make text of it.
type heard struct {
	// err is a request without an answer; status and body are those of an answer that is no success.
	err    error
	status int
	body   []byte
	host   string
	// assertion: there was no ID token to sign in with.
	assertion error
}

type heardKey struct{}

func (w *wire) watch(ctx context.Context) (context.Context, *heard) {
	into := &heard{}
	return context.WithValue(ctx, heardKey{}, into), into
}

// Do implements policy.Transporter. Asking for a token twice is the same as once.
func (w *wire) Do(req *http.Request) (*http.Response, error) {
	resp, err := w.client.Do(req.WithContext(httpx.Repeatable(req.Context())))
	if into, ok := req.Context().Value(heardKey{}).(*heard); ok {
		*into = heard{host: req.URL.Host}
		switch {
		case err != nil:
			into.err = err
		case resp.StatusCode/100 != 2:
			into.status, into.body = resp.StatusCode, httpx.Bytes(resp)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", req.URL.Host, err)
	}
	return resp, nil
}

func (w *wire) options(authority string) azcore.ClientOptions {
	return azcore.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: authority},
		Transport: w,
		Retry:     policy.RetryOptions{MaxRetries: -1},
		Telemetry: policy.TelemetryOptions{Disabled: true},
	}
}
