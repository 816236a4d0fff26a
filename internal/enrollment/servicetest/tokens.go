package servicetest

import (
	"errors"
	"reflect"
	"strings"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

var tokenRules = map[string]func(*world){
	"a new token has a public key and waits for its server token": func(w *world) {
		token := must[enrollment.Token](w)(w.CreateToken(w.ctx(), tokenSpec("District")))
		if token.Status != enrollment.AwaitingServerToken || !strings.Contains(token.PublicKeyPEM, "BEGIN CERTIFICATE") || token.PublicKeySHA256 == "" {
			w.Fatalf("status %q, public key %q (%s)", token.Status, token.PublicKeyPEM, token.PublicKeySHA256)
		}
		read := must[enrollment.Token](w)(w.ReadToken(w.ctx(), token.ID))
		if !reflect.DeepEqual(read, token) {
			w.Fatalf("read back:\n%+v\nwant\n%+v", read, token)
		}
		if list := must[[]enrollment.Token](w)(w.ListTokens(w.ctx())); len(list) != 1 || !reflect.DeepEqual(list[0], token) {
			w.Fatalf("the list is %+v", list)
		}
	},

	"an upload makes the token active, says whose it is, and syncs": func(w *world) {
		s := w.open("District", 3)
		t := s.token
		if t.Status != enrollment.Active || t.Type != enrollment.School {
			w.Fatalf("the token is %+v", t)
		}
		// Microsoft Graph hands on nothing of the account but its type.
		told := t.OrgType == "edu" && t.Organization != "" && t.ServerUUID != "" && t.AdminID == AppleID
		if !told && w.Kind() != enrollment.Intune {
			w.Fatalf("whose the token is: %+v", t)
		}
		if left := enrollment.DaysLeft(t.ExpiresAt, w.portal.Now()); left < 360 || left > 366 {
			w.Fatalf("%d days left", left)
		}
		if t.DeviceCount != 3 || t.LastSyncedAt.IsZero() {
			w.Fatalf("after the upload's sync: %d devices, last synced at %v", t.DeviceCount, t.LastSyncedAt)
		}
	},

	"a server token for another public key is refused with both serial numbers, and changes nothing": func(w *world) {
		s := w.open("District", 1)
		other := must[enrollment.Token](w)(w.CreateToken(w.ctx(), tokenSpec("Other")))
		otherServer := w.portal.AddServer(w.T, "Other", other.PublicKeyPEM)
		_, err := w.UploadServerToken(w.ctx(), s.token.ID, enrollment.ServerTokenUpload{Contents: w.portal.ServerToken(w.T, otherServer)})
		if !errors.Is(err, enrollment.ErrWrongKey) {
			w.Fatalf("error %v, want %v", err, enrollment.ErrWrongKey)
		}
		if read := must[enrollment.Token](w)(w.ReadToken(w.ctx(), s.token.ID)); !reflect.DeepEqual(read, s.token) {
			w.Fatalf("the token changed to %+v", read)
		}
	},

	"a file that is no server token is refused": func(w *world) {
		s := w.open("District", 0)
		for _, contents := range []string{"", "<html>sign in</html>", s.token.PublicKeyPEM} {
			_, err := w.UploadServerToken(w.ctx(), s.token.ID, enrollment.ServerTokenUpload{Contents: []byte(contents)})
			if !errors.Is(err, enrollment.ErrBadServerToken) {
				w.Errorf("%.20q: error %v, want %v", contents, err, enrollment.ErrBadServerToken)
			}
		}
	},

	"the same server token uploaded again changes nothing": func(w *world) {
		token := must[enrollment.Token](w)(w.CreateToken(w.ctx(), tokenSpec("District")))
		server := w.portal.AddServer(w.T, "District", token.PublicKeyPEM)
		contents := w.portal.ServerToken(w.T, server)
		first := w.upload(token.ID, contents)
		w.portal.Advance(w.T, time.Hour)
		if second := w.upload(token.ID, contents); !reflect.DeepEqual(second.Token, first.Token) {
			w.Fatalf("the token changed from\n%+v to\n%+v", first.Token, second.Token)
		}
	},

	"a renewal keeps the key, the devices and their profiles": func(w *world) {
		s := w.open("District", 2)
		p := w.profile(s.token.ID, "Students")
		w.assign(enrollment.AssignRequest{TokenID: s.token.ID, ProfileID: p.ID, SerialNumbers: s.devices})
		w.portal.Advance(w.T, 300*24*time.Hour)
		result := w.upload(s.token.ID, w.portal.ServerToken(w.T, s.serverID))
		if result.Token.PublicKeySHA256 != s.token.PublicKeySHA256 || !result.Token.ExpiresAt.After(s.token.ExpiresAt) || result.Token.DeviceCount != 2 {
			w.Fatalf("after the renewal: %+v", result.Token)
		}
		if d := w.device(s.token.ID, s.devices[0]); d.ProfileID != p.ID {
			w.Fatalf("device %s has profile %q", d.SerialNumber, d.ProfileID)
		}
	},

	"a renewal under another Apple ID is a warning": func(w *world) {
		s := w.open("District", 0)
		w.portal.SetAccount(w.T, "edu", "new@school.example")
		result := w.upload(s.token.ID, w.portal.ServerToken(w.T, s.serverID))
		if w.Kind() == enrollment.Intune {
			// Nobody can tell: Microsoft Graph keeps the Apple ID that it was told, and only Intune looks inside.
			if result.Token.AppleID != AppleID {
				w.Fatalf("the token is %+v", result.Token)
			}
			return
		}
		if len(result.Warnings) == 0 || !strings.Contains(result.Warnings[0].Detail, "new@school.example") {
			w.Fatalf("warnings %+v", result.Warnings)
		}
	},

	"an account that is not a school's is refused for a school": func(w *world) {
		token := must[enrollment.Token](w)(w.CreateToken(w.ctx(), tokenSpec("District")))
		server := w.portal.AddServer(w.T, "District", token.PublicKeyPEM)
		w.portal.SetAccount(w.T, "org", AppleID)
		_, err := w.UploadServerToken(w.ctx(), token.ID, enrollment.ServerTokenUpload{Contents: w.portal.ServerToken(w.T, server)})
		if !errors.Is(err, enrollment.ErrWrongAccount) {
			w.Fatalf("error %v, want %v", err, enrollment.ErrWrongAccount)
		}
	},

	"a rotated key is staged, and serves once its server token arrives": func(w *world) {
		s := w.open("District", 1)
		staged, err := w.RotateKey(w.ctx(), s.token.ID)
		if errors.Is(err, enrollment.ErrUnsupported) {
			w.Skip("this service cannot stage a key")
		}
		w.ok(err)
		if w.Kind() == enrollment.Intune {
			w.rotatedInPlace(s, staged)
			return
		}
		if staged.PublicKeyPEM != s.token.PublicKeyPEM || staged.StagedPublicKeyPEM == "" || staged.StagedPublicKeyPEM == staged.PublicKeyPEM {
			w.Fatalf("after the rotation: %+v", staged)
		}
		w.upload(s.token.ID, w.portal.ServerToken(w.T, s.serverID)) // the serving key still works
		w.portal.SetPublicKey(w.T, s.serverID, staged.StagedPublicKeyPEM)
		after := w.upload(s.token.ID, w.portal.ServerToken(w.T, s.serverID)).Token
		if after.PublicKeyPEM != staged.StagedPublicKeyPEM || after.StagedPublicKeyPEM != "" {
			w.Fatalf("after the upload for the staged key: %+v", after)
		}
		w.later(s.token.ID)
	},

	"a token that something hangs on is not deleted, and the error has the numbers": func(w *world) {
		s := w.open("District", 2)
		p := w.profile(s.token.ID, "Students")
		err := w.DeleteToken(w.ctx(), s.token.ID)
		if !errors.Is(err, enrollment.ErrInUse) || !strings.Contains(err.Error(), "2 devices") || !strings.Contains(err.Error(), "1 enrollment profile") {
			w.Fatalf("error %v", err)
		}
		w.ok(w.DeleteProfile(w.ctx(), enrollment.ProfileRef{TokenID: s.token.ID, ID: p.ID}))
		w.portal.RemoveDevices(w.T, s.serverID, s.devices)
		w.later(s.token.ID)
		w.ok(w.DeleteToken(w.ctx(), s.token.ID))
		if _, err := w.ReadToken(w.ctx(), s.token.ID); !errors.Is(err, enrollment.ErrNotFound) {
			w.Fatalf("error %v, want %v", err, enrollment.ErrNotFound)
		}
	},

	"a token that waits for its server token can do nothing yet": func(w *world) {
		token := must[enrollment.Token](w)(w.CreateToken(w.ctx(), tokenSpec("District")))
		_, err := w.Sync(w.ctx(), enrollment.SyncRequest{TokenID: token.ID, Kind: enrollment.IncrementalSync, Wait: true})
		if !errors.Is(err, enrollment.ErrNoServerToken) {
			w.Errorf("sync: error %v, want %v", err, enrollment.ErrNoServerToken)
		}
		if _, err := w.CreateProfile(w.ctx(), profileSpec(token.ID, "Students")); !errors.Is(err, enrollment.ErrNoServerToken) {
			w.Errorf("profile: error %v, want %v", err, enrollment.ErrNoServerToken)
		}
	},

	"terms that are not accepted, and a revoked token, are told apart and end": func(w *world) {
		s := w.open("District", 1)
		refused := func(want error, status enrollment.TokenStatus) {
			w.Helper()
			w.portal.Advance(w.T, time.Hour)
			_, err := w.Sync(w.ctx(), enrollment.SyncRequest{TokenID: s.token.ID, Kind: enrollment.IncrementalSync, Wait: true})
			if !errors.Is(err, want) {
				w.Fatalf("error %v, want %v", err, want)
			}
			if t := must[enrollment.Token](w)(w.ReadToken(w.ctx(), s.token.ID)); t.Status != status {
				w.Fatalf("status %q, want %q", t.Status, status)
			}
		}
		w.portal.SetTerms(w.T, false)
		refused(enrollment.ErrTermsNotAccepted, enrollment.TermsNotAccepted)
		w.portal.SetTerms(w.T, true)
		w.later(s.token.ID)
		if t := must[enrollment.Token](w)(w.ReadToken(w.ctx(), s.token.ID)); t.Status != enrollment.Active {
			w.Fatalf("status %q after the terms were accepted", t.Status)
		}
		w.portal.Revoke(w.T, s.serverID)
		if w.Kind() == enrollment.Intune {
			// The sync ends with an error code that Microsoft does not document: not to be taken for terms, and no more.
			refused(enrollment.ErrUnavailable, enrollment.Active)
			return
		}
		refused(enrollment.ErrTokenRevoked, enrollment.Revoked)
	},

	"a token expires after a year": func(w *world) {
		s := w.open("District", 1)
		w.portal.Advance(w.T, 366*24*time.Hour)
		if t := must[enrollment.Token](w)(w.ReadToken(w.ctx(), s.token.ID)); t.Status != enrollment.Expired {
			w.Fatalf("status %q", t.Status)
		}
		_, err := w.Sync(w.ctx(), enrollment.SyncRequest{TokenID: s.token.ID, Kind: enrollment.IncrementalSync, Wait: true})
		if !errors.Is(err, enrollment.ErrTokenExpired) {
			w.Fatalf("error %v, want %v", err, enrollment.ErrTokenExpired)
		}
	},

	"sharing with School Data Sync can be switched": func(w *world) {
		s := w.open("District", 0)
		for _, shared := range []bool{true, false} {
			w.ok(w.SetSDSSharing(w.ctx(), s.token.ID, shared))
			if t := must[enrollment.Token](w)(w.ReadToken(w.ctx(), s.token.ID)); t.SharedWithSDS != shared {
				w.Fatalf("shared is %t, want %t", t.SharedWithSDS, shared)
			}
		}
	},

	"what does not exist is not found": func(w *world) {
		s := w.open("District", 0)
		const none = "00000000-0000-4000-8000-000000000000"
		_, readToken := w.ReadToken(w.ctx(), none)
		_, readProfile := w.ReadProfile(w.ctx(), enrollment.ProfileRef{TokenID: s.token.ID, ID: none})
		_, assign := w.Assign(w.ctx(), enrollment.AssignRequest{TokenID: s.token.ID, ProfileID: none})
		_, status := w.SyncStatus(w.ctx(), none)
		for what, err := range map[string]error{
			"read token": readToken, "read profile": readProfile, "assign": assign, "status": status,
			"delete token": w.DeleteToken(w.ctx(), none), "sharing": w.SetSDSSharing(w.ctx(), none, true),
		} {
			if !errors.Is(err, enrollment.ErrNotFound) {
				w.Errorf("%s: error %v, want %v", what, err, enrollment.ErrNotFound)
			}
		}
	},
}

// rotatedInPlace is a rotation at a service that stages no key: the new one takes the old one's place at once, the server
// token that is in use goes on working, and files for the old key are of no use any more.
func (w *world) rotatedInPlace(s school, rotated enrollment.Token) {
	w.Helper()
	if rotated.PublicKeyPEM == "" || rotated.PublicKeyPEM == s.token.PublicKeyPEM || rotated.StagedPublicKeyPEM != "" || rotated.Status != enrollment.Active {
		w.Fatalf("after the rotation: %+v", rotated)
	}
	w.later(s.token.ID)
	_, err := w.UploadServerToken(w.ctx(), s.token.ID, enrollment.ServerTokenUpload{Contents: w.portal.ServerToken(w.T, s.serverID)})
	if !errors.Is(err, enrollment.ErrWrongKey) {
		w.Fatalf("a server token for the old key: error %v, want %v", err, enrollment.ErrWrongKey)
	}
	w.portal.SetPublicKey(w.T, s.serverID, rotated.PublicKeyPEM)
	if after := w.upload(s.token.ID, w.portal.ServerToken(w.T, s.serverID)).Token; after.PublicKeyPEM != rotated.PublicKeyPEM {
		w.Fatalf("after the upload for the new key: %+v", after)
	}
	w.later(s.token.ID)
}
