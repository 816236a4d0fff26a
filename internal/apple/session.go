package apple

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/dghubble/oauth1"
	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"

	"github.com/asm-enrollment/terraform-provider-asm/internal/httpx"
)

// Paths of the service (Apple: Device Assignment).
const (
	pathSession        = "/session"
	pathAccount        = "/account"
	pathFetch          = "/server/devices"
	pathSync           = "/devices/sync"
	pathDetails        = "/devices"
	pathDisown         = "/devices/disown"
	pathActivationLock = "/device/activationlock"
	pathReplacement    = "/device/replacementDetails"
	pathBetaTokens     = "/os-beta-enrollment/tokens"
	pathProfile        = "/profile"
	pathProfileDevices = "/profile/devices"
)

// Headers and media type in Apple's spelling. They are set without net/http's canonical form.
const (
	headerSession   = "X-ADM-Auth-Session"
	headerProtocol  = "X-Server-Protocol-Version"
	headerRequestID = "X-Apple-Request-UUID"
	mediaType       = "application/json;charset=UTF8"
)

// loginTimeout bounds a login with all its attempts. A login does not end with the caller that happened to start it.
const loginTimeout = 2 * time.Minute

// Session is the use of one server token. It is safe for concurrent use. It logs in when needed, once for all callers,
// follows the service when it changes the session's value, and logs in again once when the service refuses it.
type Session struct {
	client      *Client
	credentials Credentials
	calls       *httpx.Client
	logins      *httpx.Client
	flight      singleflight.Group

	// share lets calls run side by side, and one alone when its session was refused.
	share *semaphore.Weighted

	mu      sync.Mutex
	current sessionValue
}

// sessionValue is what goes into the session header. Values are numbered in the order in which they were taken up;
// generation zero is none.
type sessionValue struct {
	value      string
	generation uint64
}

func newSession(c *Client, credentials Credentials) *Session {
	s := &Session{client: c, credentials: credentials, share: semaphore.NewWeighted(alone)}
	options := c.options.HTTP
	options.Attempt = func(next http.RoundTripper) http.RoundTripper { return &sessionHeader{session: s, next: next} }
	s.calls = httpx.New(options)
	options.Attempt = credentials.sign
	options.FreshConnections = true // else net/http by itself may send a signature twice
	s.logins = httpx.New(options)

	return s
}

// String names no secret.
func (s *Session) String() string { return "session " + redacted }

// GoString is String: %#v must not print the fields.
func (s *Session) GoString() string { return s.String() }

// Format prints String for every verb.
func (s *Session) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// ensure logs in unless there is a session that is newer than the refused one.
func (s *Session) ensure(ctx context.Context, refused uint64) error {
	for s.value().generation <= refused {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		done := s.flight.DoChan(pathSession, func() (any, error) {
			if s.value().generation > refused { // another login ended between the look and this call
				return nil, nil
			}

			return nil, s.logIn(context.WithoutCancel(ctx)) // it is for all who wait, whoever came first
		})
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case result := <-done:
			if result.Err != nil {
				return result.Err
			}
		}
	}

	return nil
}

// logIn gets a new session (Apple: Authenticating for automated device enrollment).
func (s *Session) logIn(ctx context.Context) error {
	if err := s.credentials.check(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, loginTimeout)
	defer cancel()
	c := call{method: http.MethodGet, path: pathSession, repeatable: true}
	req, err := s.request(ctx, c, nil)
	if err != nil {
		return err
	}
	resp, err := s.logins.Do(req) //nolint:bodyclose // httpx has read and closed it
	if err != nil {
		return fmt.Errorf("signing in to Apple's device enrollment service: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return s.newError(resp, c).typed()
	}
	var answer struct {
		Token string `json:"auth_session_token"`
	}
	if json.Unmarshal(httpx.Bytes(resp), &answer) != nil || !isHeaderValue(answer.Token) {
		return fmt.Errorf("%s %s: %w", c.method, c.path, ErrUnexpectedAnswer) // no detail: it may hold the session
	}
	s.take(answer.Token)

	return nil
}

// isHeaderValue tells whether a session can be sent back as a header.
func isHeaderValue(value string) bool {
	for i := range len(value) {
		if value[i] <= ' ' || value[i] > '~' {
			return false
		}
	}

	return value != ""
}

func (s *Session) value() sessionValue {
	s.mu.Lock()
	defer s.mu.Unlock()

	return s.current
}

func (s *Session) take(value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current = sessionValue{value: value, generation: s.current.generation + 1}
}

// rotate takes up a value that the service sent with an answer, unless the session has been renewed since the request
// went out: then the answer is the older one.
func (s *Session) rotate(sent sessionValue, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == sent && isHeaderValue(value) && value != sent.value {
		s.current = sessionValue{value: value, generation: sent.generation + 1}
	}
}

// sessionHeader puts the session on each attempt and takes up what comes back. It is below the retrier, so that an attempt
// after a pause has the session of now.
type sessionHeader struct {
	session *Session
	next    http.RoundTripper
}

func (h *sessionHeader) RoundTrip(req *http.Request) (*http.Response, error) {
	sent := h.session.value()
	if last, ok := req.Context().Value(sentKey{}).(*sessionValue); ok {
		*last = sent
	}
	req = req.Clone(req.Context())
	req.Header[headerSession] = []string{sent.value}
	resp, err := h.next.RoundTrip(req)
	if err != nil {
		return nil, err //nolint:wrapcheck // the transport's error, which httpx classifies
	}
	if resp.StatusCode != http.StatusUnauthorized {
		h.session.rotate(sent, resp.Header.Get(headerSession))
	}

	return resp, nil
}

type sentKey struct{}

// sign wraps a transport so that each attempt is signed with a nonce and timestamp of its own: the service takes a
// repeated nonce for a replay and answers as it does to a revoked token.
func (c Credentials) sign(next http.RoundTripper) http.RoundTripper {
	config := oauth1.NewConfig(c.ConsumerKey, c.ConsumerSecret)
	config.Realm = "ADM" // as in Apple's example; the service takes requests without it, too
	config.Noncer = oauth1.HexNoncer{}
	base := context.WithValue(oauth1.NoContext, oauth1.HTTPClient, &http.Client{Transport: next})

	return config.Client(base, oauth1.NewToken(c.AccessToken, c.AccessSecret)).Transport
}
