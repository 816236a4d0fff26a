package enrollment

import "context"

// BriefLister is a service that can list its tokens for less than ListTokens costs: without public keys and numbers of
// profiles, for each of which a service may have to be asked once a token.
type BriefLister interface {
	ListTokensBriefly(ctx context.Context) ([]Token, error)
}

// ListTokensBriefly lists the tokens of a service for who needs neither their public keys nor their numbers of profiles.
func ListTokensBriefly(ctx context.Context, service TokenService) ([]Token, error) {
	if lister, ok := service.(BriefLister); ok {
		return lister.ListTokensBriefly(ctx)
	}
	return service.ListTokens(ctx)
}
