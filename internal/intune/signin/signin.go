package signin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/asm-enrollment/terraform-provider-asm/internal/intune/graph"
)

// fresh is how long an access token must still be good to be used: a run may have to wait before it is read.
const fresh = 5 * time.Minute

// SignIn gets access tokens for Microsoft Graph and keeps the last one. It is safe for concurrent use.
type SignIn struct {
	method   method
	endpoint string
	scope    string
	now      func() time.Time
	wire     *wire
	secrets  []string
	tenant   string
	client   string

	// turn is held by who signs in: the others wait for the token, or give up with their context.
	turn       chan struct{}
	token      azcore.AccessToken
	credential azcore.TokenCredential
}

// New checks the configuration and chooses the method. It asks nobody. Errors are *enrollment.Error of the kind ErrSignIn;
// their Field is the name of the setting.
func New(config Config) (*SignIn, error) {
	config = config.trimmed()
	if config.Now == nil {
		config.Now = time.Now //nolint:forbidigo // the default of an injected clock
	}
	cloud, endpoint, own, err := placeOf(config)
	if err != nil {
		return nil, err
	}
	if config, err = config.withFiles(); err != nil {
		return nil, err
	}
	s := &SignIn{
		endpoint: endpoint, scope: cloud.graph + "/.default", now: config.Now, wire: newWire(config), secrets: config.secrets(),
		tenant: config.TenantID, client: config.ClientID, turn: make(chan struct{}, 1),
	}
	s.method, err = choose(config, s.wire.options(cloud.authority), own)
	if err != nil {
		return nil, err
	}
	// A first one is made here, so that what is wrong with it is said before anything is asked.
	if s.credential, err = s.method.credential(); err != nil {
		return nil, s.method.unusable(err)
	}
	return s, nil
}

// AppOnly tells whether an application signs in by itself. With Azure CLI it may be either; a person is assumed.
func (s *SignIn) AppOnly() bool { return !s.method.person }

// Method is the method's name: "client secret", "Azure CLI", ...
func (s *SignIn) Method() string { return s.method.name }

// Endpoint is where Microsoft Graph is, without a version.
func (s *SignIn) Endpoint() string { return s.endpoint }

// Token gives an access token for Microsoft Graph, the last one while it is good: five minutes before its end, and when
// Microsoft Graph has refused it (graph.RefusedToken), it is replaced. Errors are *enrollment.Error of the kind ErrSignIn that
// say what to do, or the context's; no secret is in them.
func (s *SignIn) Token(ctx context.Context) (string, error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	refused := graph.RefusedToken(ctx)
	if s.token.Token != "" && s.token.Token != refused && s.now().Add(fresh).Before(s.token.ExpiresOn) {
		return s.token.Token, nil
	}
	if refused != "" {
		// The libraries cache on their own, and a refused token is good by this machine's clock: only another credential asks.
		credential, err := s.method.credential()
		if err != nil {
			return "", s.method.unusable(err)
		}
		s.credential = credential
	}
	token, err := s.ask(ctx)
	if err != nil {
		return "", err
	}
	s.token = token
	return token.Token, nil
}

func (s *SignIn) ask(ctx context.Context) (azcore.AccessToken, error) {
	watched, heard := s.wire.watch(ctx)
	token, err := s.credential.GetToken(watched, policy.TokenRequestOptions{Scopes: []string{s.scope}, Claims: s.method.claims})
	if err == nil && token.Token == "" {
		err = errors.New("there is no access token in the answer")
	}
	if err == nil {
		return token, nil
	}
	if ctx.Err() != nil {
		return azcore.AccessToken{}, fmt.Errorf("signing in with %s: %w", s.method.name, context.Cause(ctx))
	}
	return azcore.AccessToken{}, s.failure(err, *heard)
}
