package intune

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

const tokenODataType = "#microsoft.graph.depOnboardingSetting"

// CreateToken makes a token that awaits its server token, with a key pair of Intune's. That this works is not proven in
// public: the requests are in Microsoft's contract, and how the admin center makes a first token is documented nowhere. The
// body says, as the admin center has a person say, that data may go to Apple. It returns the token beside an error when the
// token was made and something after that failed.
func (s *Service) CreateToken(ctx context.Context, spec enrollment.TokenSpec) (enrollment.Token, error) {
	spec, err := checkTokenSpec(spec)
	if err != nil {
		return enrollment.Token{}, err
	}
	row, err := s.postToken(ctx, spec)
	if err != nil {
		return enrollment.Token{}, err
	}
	s.note(row.ID).set(func(k *known) { k.wanted = spec.Type })
	key, err := s.firstKey(ctx, row.ID)
	if err != nil {
		return row.token(publicKey{}, 0, s.now()), err
	}
	if read, err := s.tokenRow(ctx, row.ID); err == nil {
		row = read
	}
	return row.token(key, 0, s.now()), nil
}

// checkTokenSpec refuses what Intune would take and nobody could use.
func checkTokenSpec(spec enrollment.TokenSpec) (enrollment.TokenSpec, error) {
	if spec.Type == "" {
		spec.Type = enrollment.School
	}
	if spec.Type != enrollment.School && spec.Type != enrollment.Business {
		return spec, &enrollment.Error{
			Kind: enrollment.ErrInvalid, Field: "type", What: fmt.Sprintf("%q is no type of token", spec.Type), Do: `Use "school" or "business".`,
		}
	}
	if strings.TrimSpace(spec.Name) == "" {
		return spec, &enrollment.Error{Kind: enrollment.ErrInvalid, Field: "name", What: "The token has no name", Do: "Give it one."}
	}
	return spec, nil
}

// newToken is the body that makes a token. The documentation lists every property as required, those that only Intune can
// know too; these are the ones that a person can.
type newToken struct {
	ODataType      string   `json:"@odata.type"`
	Name           string   `json:"tokenName"`
	AppleID        *string  `json:"appleIdentifier,omitempty"`
	ConsentGranted bool     `json:"dataSharingConsentGranted"`
	ScopeTagIDs    []string `json:"roleScopeTagIds"`
}

// defaultScopeTag is the id of Intune's scope tag Default.
const defaultScopeTag = "0"

// postToken makes a token, once. Where no good answer comes it looks for what was made instead of making another.
func (s *Service) postToken(ctx context.Context, spec enrollment.TokenSpec) (tokenRow, error) {
	before, err := s.tokenRows(ctx)
	if err != nil {
		return tokenRow{}, err
	}
	body := newToken{ODataType: tokenODataType, Name: spec.Name, AppleID: orNull(spec.AppleID), ConsentGranted: true, ScopeTagIDs: spec.ScopeTagIDs}
	if spec.ScopeTagIDs == nil {
		body.ScopeTagIDs = []string{defaultScopeTag}
	}
	var row tokenRow
	_, err = s.graph.Send(ctx, http.MethodPost, tokensPath, body, &row, false)
	if err == nil && row.ID != "" {
		return row, nil
	}
	if err == nil || inDoubt(err) {
		made, found, lookErr := s.tokenMade(ctx, spec.Name, before)
		if found {
			return made, nil
		}
		if err != nil && lookErr != nil {
			return tokenRow{}, &enrollment.Error{
				Kind: enrollment.ErrUnanswered, What: fmt.Sprintf("It is not known whether Intune made token %q", spec.Name), Err: errors.Join(err, lookErr),
				Do: "Look at the enrollment program tokens in the Intune admin center. If it is there, import it; else apply again.",
			}
		}
	}
	if err == nil {
		return tokenRow{}, &enrollment.Error{
			Kind: enrollment.ErrUnanswered, What: fmt.Sprintf("Intune answered that it made token %q, did not say under which id, and does not show it", spec.Name),
			Do: "Look at the enrollment program tokens in the Intune admin center. If it is there, import it; else apply again.",
		}
	}
	return tokenRow{}, s.failed(fmt.Sprintf("create token %q", spec.Name), err)
}

// tokenMade looks for a token of a name that was not there before and awaits its server token.
func (s *Service) tokenMade(ctx context.Context, name string, before []tokenRow) (made tokenRow, found bool, err error) {
	was := map[string]bool{}
	for _, row := range before {
		was[row.ID] = true
	}
	found, err = s.untilVisible(ctx, func(ctx context.Context) (bool, error) {
		rows, err := s.tokenRows(ctx)
		at := slices.IndexFunc(rows, func(row tokenRow) bool { return row.Name == name && row.awaits() && !was[row.ID] })
		if at >= 0 {
			made = rows[at]
		}
		return at >= 0, err
	})
	return made, found && err == nil, err
}

// firstKey gives the public key of a token that was just made. One is generated only where Intune gives none with the token:
// nobody can have downloaded one that it could kill.
func (s *Service) firstKey(ctx context.Context, id string) (publicKey, error) {
	shows, err := s.untilVisible(ctx, func(ctx context.Context) (bool, error) {
		err := s.graph.Get(ctx, tokenPath(id), nil, new(tokenRow))
		if isGone(err) {
			return false, nil
		}
		return err == nil, err
	})
	if err != nil {
		return publicKey{}, s.failed(fmt.Sprintf("read token %s, which was just made", id), err)
	}
	if !shows {
		return publicKey{}, &enrollment.Error{
			Kind: enrollment.ErrUnavailable, What: fmt.Sprintf("Intune made token %s and does not show it after %s", id, s.config.VisibleWithin), Do: laterHelp,
		}
	}
	key, err := s.publicKeyIfReadable(ctx, id)
	if err != nil || key.PEM != "" {
		return key, err
	}
	return s.generatePublicKey(ctx, id, key)
}

// UpdateToken sends what differs, and waits until it shows. The type is Intune's to tell: what is wanted is held against the
// next server token.
func (s *Service) UpdateToken(ctx context.Context, id string, spec enrollment.TokenSpec) (enrollment.Token, error) {
	spec, err := checkTokenSpec(spec)
	if err != nil {
		return enrollment.Token{}, err
	}
	row, err := s.tokenRow(ctx, id)
	if err != nil {
		return enrollment.Token{}, err
	}
	s.note(id).set(func(k *known) { k.wanted = spec.Type })
	if changes := tokenChanges(row, spec); len(changes) > 0 {
		if row, err = s.patchToken(ctx, row, spec, changes); err != nil {
			return enrollment.Token{}, err
		}
	}
	return s.wholeToken(ctx, row)
}

// tokenChanges is what a spec changes of a token. Scope tags are a set, and not managed where there are none.
func tokenChanges(row tokenRow, spec enrollment.TokenSpec) map[string]any {
	changes := map[string]any{}
	if row.Name != spec.Name {
		changes["tokenName"] = spec.Name
	}
	if row.AppleID != spec.AppleID {
		changes["appleIdentifier"] = orNull(spec.AppleID)
	}
	if spec.ScopeTagIDs != nil && !sameSet(row.ScopeTagIDs, spec.ScopeTagIDs) {
		changes["roleScopeTagIds"] = spec.ScopeTagIDs
	}
	return changes
}

func (s *Service) patchToken(ctx context.Context, row tokenRow, spec enrollment.TokenSpec, changes map[string]any) (tokenRow, error) {
	body := maps.Clone(changes)
	body["@odata.type"] = tokenODataType
	what := fmt.Sprintf("change token %q", row.Name)
	if _, err := s.graph.Send(ctx, http.MethodPatch, tokenPath(row.ID), body, nil, true); err != nil {
		return row, s.failed(what, err)
	}
	return s.tokenUntil(ctx, row.ID, what, func(read tokenRow) bool { return len(tokenChanges(read, spec)) == 0 })
}

// tokenUntil reads a token until what was written to it shows. An answer of success proves nothing: what does not show is an
// error, or every plan would show the change again and every apply report that it was made.
func (s *Service) tokenUntil(ctx context.Context, id, what string, shows func(tokenRow) bool) (tokenRow, error) {
	var row tokenRow
	visible, err := s.untilVisible(ctx, func(ctx context.Context) (_ bool, err error) {
		row, err = s.tokenRow(ctx, id)
		return err == nil && shows(row), err
	})
	if err == nil && !visible {
		err = &enrollment.Error{
			Kind: enrollment.ErrUnavailable, What: fmt.Sprintf("Unable to %s: Intune took the change and does not show it after %s", what, s.config.VisibleWithin),
			Do: "Plan again later. If the change is still not there, look at the token in the Intune admin center.",
		}
	}
	return row, s.failed(what, err)
}

// BringKey answers ErrUnsupported.
func (s *Service) BringKey(context.Context, string, enrollment.BroughtKey) (enrollment.Token, error) {
	return enrollment.Token{}, enrollment.Unsupported(enrollment.Intune, "makes the key pair of a token itself and takes no other",
		"Upload public_key_pem to an MDM server in Apple School Manager and download a server token for it.")
}

// RotateKey has Intune make a new key pair. Intune stages none: the new public key is PublicKeyPEM at once, a server token that
// was downloaded for the one before can no longer be uploaded, and the server token that Intune has goes on working.
func (s *Service) RotateKey(ctx context.Context, id string) (enrollment.Token, error) {
	row, err := s.tokenRow(ctx, id)
	if err != nil {
		return enrollment.Token{}, err
	}
	before, err := s.publicKey(ctx, id)
	if err != nil {
		return enrollment.Token{}, err
	}
	profiles, err := s.countProfiles(ctx, id)
	if err != nil {
		return enrollment.Token{}, err
	}
	key, err := s.generatePublicKey(ctx, id, before)
	if err != nil {
		return enrollment.Token{}, err
	}
	// From here on nothing is an error: who gets one rotates again, which kills this key too.
	_, _ = s.untilVisible(ctx, func(ctx context.Context) (bool, error) {
		shown, err := s.publicKey(ctx, id)
		return key.SHA256 == "" || shown.SHA256 == key.SHA256, err
	})
	return row.token(key, profiles, s.now()), nil
}

// DeleteToken refuses while something hangs on the token, as the admin center does, and waits until it is gone.
func (s *Service) DeleteToken(ctx context.Context, id string) error {
	row, err := s.tokenRow(ctx, id)
	if err != nil {
		return err
	}
	if err := s.tokenInUse(ctx, row); err != nil {
		return err
	}
	what := fmt.Sprintf("delete token %q", row.Name)
	if _, err := s.graph.Send(ctx, http.MethodDelete, tokenPath(row.ID), nil, nil, true); err != nil && !isGone(err) {
		return s.failed(what, err)
	}
	s.forget(row.ID)
	gone, err := s.untilVisible(ctx, func(ctx context.Context) (bool, error) {
		err := s.graph.Get(ctx, tokenPath(row.ID), nil, new(tokenRow))
		if isGone(err) {
			return true, nil
		}
		return false, err
	})
	if err == nil && !gone {
		err = &enrollment.Error{
			Kind: enrollment.ErrUnavailable, What: fmt.Sprintf("Unable to %s: Intune took the request and still shows the token after %s", what, s.config.VisibleWithin),
			Do: "Apply again later. If it is still there, look at the token in the Intune admin center.",
		}
	}
	return s.failed(what, err)
}

// tokenInUse is the refusal to delete a token, with the numbers. Intune cannot unset a default: it goes with its profile.
func (s *Service) tokenInUse(ctx context.Context, row tokenRow) error {
	profiles, err := s.countProfiles(ctx, row.ID)
	if err != nil {
		return err
	}
	defaults, err := s.defaultKeys(ctx, row.ID)
	if err != nil {
		return err
	}
	err = enrollment.InUse(row.Name, row.Devices, profiles, len(defaults))
	if used, ok := err.(*enrollment.Error); ok { //nolint:errorlint // it is made in the line before
		used.Do = "First give the devices to another server in Apple School Manager and sync, then delete the profiles and policies; " +
			"a default goes with its profile. Intune keeps released devices for 30 to 45 days, and may refuse until then."
	}
	return err
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Compact(slices.Sorted(slices.Values(a))), slices.Compact(slices.Sorted(slices.Values(b))))
}
