package enrollment

import (
	"cmp"
	"context"
	"iter"
	"slices"
)

// BriefLister is a service that can list its tokens for less than ListTokens costs: without public keys and numbers of
// profiles, for each of which a service may have to be asked once a token.
type BriefLister interface {
	// TokensBriefly yields the tokens as they are read, in the service's order: who stops early spares the pages that follow.
	TokensBriefly(ctx context.Context) iter.Seq2[Token, error]
}

// TokensBriefly yields the tokens of a service for who needs neither their public keys nor their numbers of profiles.
func TokensBriefly(ctx context.Context, service TokenService) iter.Seq2[Token, error] {
	if lister, ok := service.(BriefLister); ok {
		return lister.TokensBriefly(ctx)
	}
	return func(yield func(Token, error) bool) {
		tokens, err := service.ListTokens(ctx)
		for _, t := range tokens {
			if !yield(t, nil) {
				return
			}
		}
		if err != nil {
			yield(Token{}, err)
		}
	}
}

// ListTokensBriefly is TokensBriefly at once, by name and then by id.
func ListTokensBriefly(ctx context.Context, service TokenService) ([]Token, error) {
	var all []Token
	for t, err := range TokensBriefly(ctx, service) {
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b Token) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return all, nil
}
