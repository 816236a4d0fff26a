package intune

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/servertoken"
)

const serverTokenField = "server_token_wo"

// UploadServerToken hands Intune the .p7m, waits until it shows, and joins the sync that Intune runs by itself after an upload.
// The file is held against the public key first, so that one for another key does not come back as a bare 400. The same file
// once more, in one process, is not sent: Intune keeps no digest to tell by, and taking it again changes nothing.
func (s *Service) UploadServerToken(ctx context.Context, id string, upload enrollment.ServerTokenUpload) (enrollment.UploadResult, error) {
	before, err := s.tokenRow(ctx, id)
	if err != nil {
		return enrollment.UploadResult{}, err
	}
	key, err := s.checkServerToken(ctx, before, upload.Contents)
	if err != nil {
		return enrollment.UploadResult{}, err
	}
	if s.isUploaded(before, upload) {
		if err := s.checkAccount(before, before, upload); err != nil {
			return enrollment.UploadResult{}, err
		}
		whole, err := s.wholeToken(ctx, before)
		return enrollment.UploadResult{Token: whole}, err
	}
	profiles, err := s.countProfiles(ctx, id) // before anything is changed, so that it cannot fail afterwards
	if err != nil {
		return enrollment.UploadResult{}, err
	}
	row, result, err := s.sendServerToken(ctx, before, upload)
	if err != nil {
		return enrollment.UploadResult{}, err
	}
	if err := s.checkAccount(before, row, upload); err != nil {
		return enrollment.UploadResult{}, err
	}
	s.warnOfMixedPrograms(ctx, row, &result)
	row = s.syncAfterUpload(ctx, before, row, &result)
	result.Token = row.token(key, profiles, s.now())
	return result, nil
}

// checkServerToken refuses a file that is no server token, and one that is for another public key. Where Intune gives no
// certificate, Intune has to tell.
func (s *Service) checkServerToken(ctx context.Context, row tokenRow, contents []byte) (publicKey, error) {
	info, err := servertoken.Inspect(contents)
	if err != nil && !errors.Is(err, servertoken.ErrUnsupportedCipher) { // what this provider cannot open Intune may
		return publicKey{}, &enrollment.Error{
			Kind: enrollment.ErrBadServerToken, Field: serverTokenField, What: fmt.Sprintf("Unable to read the server token of token %q", row.Name), Err: err,
		}
	}
	key, err := s.publicKey(ctx, row.ID)
	if err != nil || key.certificate == nil || len(info.Recipients) == 0 || info.EncryptedFor(key.certificate) {
		return key, err
	}
	var made []string
	for _, r := range info.Recipients {
		made = append(made, fmt.Sprintf("%X", r.SerialNumber))
	}
	return key, &enrollment.Error{
		Kind: enrollment.ErrWrongKey, Field: serverTokenField,
		What: fmt.Sprintf("The server token was encrypted for the public key with certificate serial number %s, and token %q has %X",
			strings.Join(made, ", "), row.Name, key.certificate.SerialNumber),
		Do: "Upload this token's public key (public_key_pem) to its MDM server in Apple School Manager, then download the server token (.p7m) again and give that file. " +
			"After a key rotation, or when somebody asked for a new public key in the admin center, files for the key before are of no use.",
	}
}

// isUploaded tells whether this process has uploaded the file, and nobody another one since.
func (s *Service) isUploaded(row tokenRow, upload enrollment.ServerTokenUpload) bool {
	k := s.note(row.ID).get()
	return !k.uploadedAt.IsZero() && k.uploaded == sha256.Sum256(upload.Contents) && k.uploadedAt.Equal(row.ModifiedAt.Time)
}

type uploadBody struct {
	AppleID *string `json:"appleId"`
	Token   string  `json:"depToken"`
}

// sendServerToken uploads and waits until it shows. Twice is once, so that it may be repeated.
func (s *Service) sendServerToken(ctx context.Context, before tokenRow, upload enrollment.ServerTokenUpload) (tokenRow, enrollment.UploadResult, error) {
	what := fmt.Sprintf("upload the server token of token %q", before.Name)
	body := uploadBody{AppleID: orNull(before.AppleID), Token: depToken(upload.Contents)}
	if _, err := s.graph.Send(ctx, http.MethodPost, tokenPath(before.ID, "uploadDepToken"), body, nil, true); err != nil {
		return before, enrollment.UploadResult{}, s.uploadFailed(what, err)
	}
	var result enrollment.UploadResult
	var row tokenRow
	visible, err := s.untilVisible(ctx, func(ctx context.Context) (_ bool, err error) {
		row, err = s.tokenRow(ctx, before.ID)
		return err == nil && shownUpload(before, row), err
	})
	switch {
	case err != nil:
		return before, result, s.failed(what, err)
	case !visible && row.awaits():
		return row, result, &enrollment.Error{
			Kind: enrollment.ErrUnavailable, What: fmt.Sprintf("Intune took the server token of token %q and still awaits one after %s", before.Name, s.config.VisibleWithin),
			Do: "Look at the token in the Intune admin center. Apply again: uploading the same file once more does no harm.",
		}
	case !visible:
		result.Warnings = append(result.Warnings, unseenUpload(row, s.config.VisibleWithin))
	}
	s.note(row.ID).set(func(k *known) { k.uploaded, k.uploadedAt = sha256.Sum256(upload.Contents), row.ModifiedAt.Time })
	return row, result, nil
}

// shownUpload tells whether a token shows an upload: lastModifiedDateTime moves with it, and a new file has another expiry.
func shownUpload(before, row tokenRow) bool {
	return !row.awaits() && (!row.ModifiedAt.Equal(before.ModifiedAt.Time) || !row.ExpiresAt.Equal(before.ExpiresAt.Time))
}

func unseenUpload(row tokenRow, within time.Duration) enrollment.Warning {
	return enrollment.Warning{
		Summary: "Intune took the server token of \"" + row.Name + "\" and shows no change",
		Detail: fmt.Sprintf("%s after the upload its expiry is still %s. That is as it should be where the same file was uploaded before. "+
			"Else look at the token in the Intune admin center, and upload the file again if the expiry stays.", within, row.ExpiresAt.Format(time.RFC3339)),
	}
}

// depToken is the file as Intune is given it: its text as it is, as the admin center reads the file. Whether Intune wants it
// so is documented nowhere. Only what is no text (DER) is sent in base64.
func depToken(contents []byte) string {
	if utf8.Valid(contents) {
		return string(contents)
	}
	return base64.StdEncoding.EncodeToString(contents)
}

// uploadFailed blames the file for a 400: it is a server token, for this key, and Intune has looked into it.
func (s *Service) uploadFailed(what string, err error) error {
	failed := s.failed(what, err)
	refused := new(enrollment.Error)
	if errors.As(failed, &refused) && errors.Is(refused.Kind, enrollment.ErrInvalid) {
		refused.Kind, refused.Field = enrollment.ErrBadServerToken, serverTokenField
		refused.Do = "Intune refused the file: it may have expired, have been replaced by a later download in Apple School Manager, or be of another account. " +
			"Set apple_id to the account that downloaded it if it is not set, download the server token again and give that file. " +
			"In what form Intune wants the file is documented nowhere; it was sent as it is. If a fresh file is refused too, upload it in the Intune admin center and report this."
	}
	return failed
}

// checkAccount refuses, after the fact, a server token of an account of another kind than is wanted: only Intune can look
// inside. What is wanted is what the upload says, what this process was told, or what the token was before.
func (s *Service) checkAccount(before, row tokenRow, upload enrollment.ServerTokenUpload) error {
	want, got := upload.Type, row.tokenType()
	if want == "" {
		want = s.note(row.ID).get().wanted
	}
	if want == "" {
		want = before.tokenType()
	}
	if want == "" || got == "" || want == got {
		return nil
	}
	is := "a Device Enrollment Program or Apple Business account (dep)"
	if got == enrollment.School {
		is = "an Apple School Manager account (appleSchoolManager)"
	}
	return &enrollment.Error{
		Kind: enrollment.ErrWrongAccount, Field: "type",
		What: fmt.Sprintf("Intune says that the server token of token %q belongs to %s, and the token is to be of type %q. Intune has taken it", row.Name, is, want),
		Do:   fmt.Sprintf("Download a server token from the account that is meant and upload that in its place, or set type = %q if this account is meant.", got),
	}
}

// warnOfMixedPrograms is a courtesy: a list that cannot be read is no reason to fail.
func (s *Service) warnOfMixedPrograms(ctx context.Context, row tokenRow, result *enrollment.UploadResult) {
	if w, warn := s.mixedPrograms(ctx, row); warn {
		result.Warnings = append(result.Warnings, w)
	}
}

func (s *Service) mixedPrograms(ctx context.Context, row tokenRow) (enrollment.Warning, bool) {
	rows, err := s.tokenRows(ctx)
	if err != nil || row.tokenType() == "" {
		return enrollment.Warning{}, false
	}
	var others []enrollment.Token
	for _, other := range rows {
		if !strings.EqualFold(other.ID, row.ID) {
			others = append(others, other.token(publicKey{}, 0, s.now()))
		}
	}
	return enrollment.MixedPrograms(row.Name, row.tokenType(), others)
}
