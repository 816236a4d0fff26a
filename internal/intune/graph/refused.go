package graph

import "context"

type refusedTokenKey struct{}

// RefusedToken is the access token that Microsoft Graph has just refused, "" if it has refused none. Options.Token gives
// another one then.
func RefusedToken(ctx context.Context) string {
	token, _ := ctx.Value(refusedTokenKey{}).(string)
	return token
}

// WithRefusedToken is a context for which another token than this one is wanted.
func WithRefusedToken(ctx context.Context, token string) context.Context {
	return context.WithValue(ctx, refusedTokenKey{}, token)
}
