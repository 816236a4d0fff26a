package intune

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune/graph"
)

const tokensPath = "/deviceManagement/depOnboardingSettings"

// tokenPath is the path of a token and of what is below it.
func tokenPath(id string, below ...string) string {
	return strings.Join(append([]string{tokensPath, graph.Segment(id)}, below...), "/")
}

// tokenRow is a token as Microsoft Graph has it (depOnboardingSetting), as far as it is used.
type tokenRow struct {
	ID             string   `json:"id"`
	Name           string   `json:"tokenName"`
	AppleID        string   `json:"appleIdentifier"`
	Type           string   `json:"tokenType"`
	ScopeTagIDs    []string `json:"roleScopeTagIds"`
	ExpiresAt      moment   `json:"tokenExpirationDateTime"`
	ModifiedAt     moment   `json:"lastModifiedDateTime"`
	TriggeredAt    moment   `json:"lastSyncTriggeredDateTime"`
	SyncedAt       moment   `json:"lastSuccessfulSyncDateTime"`
	SyncError      int      `json:"lastSyncErrorCode"`
	Devices        int      `json:"syncedDeviceCount"`
	SharedWithSDS  bool     `json:"shareTokenWithSchoolDataSyncService"`
	ConsentGranted bool     `json:"dataSharingConsentGranted"`
}

// The token types of Microsoft Graph (depTokenType).
const (
	typeNone   = "none"
	typeDEP    = "dep"
	typeSchool = "appleSchoolManager"
)

// errorTerms is the lastSyncErrorCode that means new terms of Apple's; it is known from programs that watch for it. The
// meaning of the others is not known.
const errorTerms = 3

func (r tokenRow) awaits() bool { return r.ExpiresAt.IsZero() }

func (r tokenRow) status(now time.Time) enrollment.TokenStatus {
	switch {
	case r.awaits():
		return enrollment.AwaitingServerToken
	case !now.Before(r.ExpiresAt.Time):
		return enrollment.Expired
	case r.SyncError == errorTerms:
		return enrollment.TermsNotAccepted
	}
	return enrollment.Active
}

// tokenType is empty where Intune does not know it: before the first server token.
func (r tokenRow) tokenType() enrollment.TokenType {
	switch r.Type {
	case typeSchool:
		return enrollment.School
	case typeDEP:
		return enrollment.Business
	}
	return ""
}

// token puts together what is known of a token. Microsoft Graph says nothing of the account, and keeps no digest of the
// server token. lastModifiedDateTime moves when a server token is uploaded.
func (r tokenRow) token(key publicKey, profiles int, now time.Time) enrollment.Token {
	t := enrollment.Token{
		ID:        r.ID,
		TokenSpec: enrollment.TokenSpec{Name: r.Name, AppleID: r.AppleID, Type: r.tokenType(), ScopeTagIDs: r.ScopeTagIDs},
		Status:    r.status(now), PublicKeyPEM: key.PEM, PublicKeySHA256: key.SHA256, ExpiresAt: r.ExpiresAt.Time,
		SharedWithSDS: r.SharedWithSDS, DeviceCount: r.Devices, ProfileCount: profiles, LastSyncedAt: r.SyncedAt.Time,
	}
	if !r.awaits() {
		t.UploadedAt = r.ModifiedAt.Time
	}
	return t
}

// ReadToken reads a token with its public key and the number of its profiles: three requests.
func (s *Service) ReadToken(ctx context.Context, id string) (enrollment.Token, error) {
	row, err := s.tokenRow(ctx, id)
	if err != nil {
		return enrollment.Token{}, err
	}
	return s.wholeToken(ctx, row)
}

// ListTokens lists all tokens, by name and then by id.
func (s *Service) ListTokens(ctx context.Context) ([]enrollment.Token, error) {
	rows, err := s.tokenRows(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]enrollment.Token, 0, len(rows))
	for _, row := range rows {
		t, err := s.wholeToken(ctx, row)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

// TokensBriefly implements enrollment.BriefLister: a request for each page of tokens, and none for each token.
func (s *Service) TokensBriefly(ctx context.Context) iter.Seq2[enrollment.Token, error] {
	return func(yield func(enrollment.Token, error) bool) {
		for row, err := range s.eachTokenRow(ctx) {
			if err != nil {
				yield(enrollment.Token{}, err)
				return
			}
			if !yield(row.token(publicKey{}, 0, s.now()), nil) {
				return
			}
		}
	}
}

func (s *Service) wholeToken(ctx context.Context, row tokenRow) (enrollment.Token, error) {
	key, err := s.publicKeyIfReadable(ctx, row.ID)
	if err != nil {
		return enrollment.Token{}, err
	}
	profiles, err := s.countProfiles(ctx, row.ID)
	if err != nil {
		return enrollment.Token{}, err
	}
	return row.token(key, profiles, s.now()), nil
}

// tokenRow reads a token as Graph has it, with one request.
func (s *Service) tokenRow(ctx context.Context, id string) (tokenRow, error) {
	if guid.FindString(id) != id || id == "" {
		return tokenRow{}, noToken(id, nil)
	}
	var row tokenRow
	err := s.graph.Get(ctx, tokenPath(id), nil, &row)
	if err == nil && row.ID == "" {
		err = fmt.Errorf("%w: a token without an id", graph.ErrUnexpectedAnswer)
	}
	if isGone(err) {
		return tokenRow{}, noToken(id, err)
	}
	if err != nil {
		return tokenRow{}, s.failed("read token "+id, err)
	}
	if s.isConfigurator(ctx, row) {
		return tokenRow{}, &enrollment.Error{
			Kind: enrollment.ErrNotFound, What: fmt.Sprintf("%s is no enrollment program token: Intune keeps the profiles of Apple Configurator there", id),
			Do: "Give the id of an enrollment program token; the data source asm_tokens lists them.",
		}
	}
	return row, nil
}

func noToken(id string, err error) error {
	return &enrollment.Error{
		Kind: enrollment.ErrNotFound, What: fmt.Sprintf("There is no enrollment program token %q", id),
		Do: "The data source asm_tokens lists those of this tenant.", Err: err,
	}
}

// tokenRows lists the tokens as Graph has them, by name and then by id.
func (s *Service) tokenRows(ctx context.Context) ([]tokenRow, error) {
	var rows []tokenRow
	for row, err := range s.eachTokenRow(ctx) {
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b tokenRow) int {
		return strings.Compare(a.Name+"\x00"+a.ID, b.Name+"\x00"+b.ID)
	})
	return rows, nil
}

// eachTokenRow yields the tokens as Graph has them, a page at a time. After an error there is nothing more.
func (s *Service) eachTokenRow(ctx context.Context) iter.Seq2[tokenRow, error] {
	return func(yield func(tokenRow, error) bool) {
		for page, err := range s.graph.Pages(ctx, tokensPath, nil) {
			if err != nil {
				yield(tokenRow{}, s.failed("list the tokens", err))
				return
			}
			for _, raw := range page {
				var row tokenRow
				if err := json.Unmarshal(raw, &row); err != nil {
					yield(row, s.failed("list the tokens", fmt.Errorf("%w: %w", graph.ErrUnexpectedAnswer, err)))
					return
				}
				if !s.isConfigurator(ctx, row) && !yield(row, nil) {
					return
				}
			}
		}
	}
}

// countProfiles counts what hangs below a token: classic profiles and the mirrors of policies.
func (s *Service) countProfiles(ctx context.Context, id string) (int, error) {
	n := 0
	for page, err := range s.graph.Pages(ctx, tokenPath(id, "enrollmentProfiles"), url.Values{"$select": {"id"}}) {
		if err != nil {
			return 0, s.failed(fmt.Sprintf("count the profiles of token %s", id), err)
		}
		n += len(page)
	}
	return n, nil
}

// usableToken reads a token that has to have its server token. Errors: ErrNotFound, ErrNoServerToken, ErrTokenExpired.
func (s *Service) usableToken(ctx context.Context, id string) (tokenRow, error) {
	row, err := s.tokenRow(ctx, id)
	if err != nil {
		return row, err
	}
	if row.awaits() {
		return row, &enrollment.Error{
			Kind: enrollment.ErrNoServerToken, What: fmt.Sprintf("Token %q is still waiting for its server token", row.Name),
			Do: "In Apple School Manager, upload its public key (.pem) to an MDM server, download the server token (.p7m), and give that file to the token.",
		}
	}
	if row.status(s.now()) == enrollment.Expired {
		return row, &enrollment.Error{
			Kind: enrollment.ErrTokenExpired, What: fmt.Sprintf("The server token of token %q expired on %s", row.Name, row.ExpiresAt.Format("2 January 2006")),
			Do: renewHelp,
		}
	}
	return row, nil
}

const renewHelp = "Download a new server token (.p7m) for its MDM server in Apple School Manager and upload it."

// isConfigurator recognises the entry that stands among the tokens for the profiles of Apple Configurator. Its type is none,
// as, it seems, that of a token that awaits its first server token. Its id is Intune's account id; where that may not be
// read, it is the one without a name and an Apple ID, as a token that somebody made has one.
func (s *Service) isConfigurator(ctx context.Context, row tokenRow) bool {
	switch {
	case row.Type != typeNone || !row.awaits():
		return false
	case row.Name == "" && row.AppleID == "":
		return true
	}
	return strings.EqualFold(row.ID, s.account.read(ctx, s.graph))
}

// account is Intune's id of the tenant, which is not the tenant id. It is read once.
type account struct {
	gate
	asked bool
	id    string
}

// read gives "" where the id cannot be read: the permission for it is another than that for tokens.
func (a *account) read(ctx context.Context, client *graph.Client) string {
	unlock, err := a.lock(ctx)
	if err != nil {
		return ""
	}
	defer unlock()
	if a.asked {
		return a.id
	}
	var singleton struct {
		ID string `json:"intuneAccountId"`
	}
	err = client.Get(ctx, "/deviceManagement", url.Values{"$select": {"intuneAccountId"}}, &singleton)
	a.asked, a.id = err == nil || graph.StatusOf(err) != 0, singleton.ID
	return a.id
}
