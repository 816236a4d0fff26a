package intune_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

func upload(t *testing.T, n int) enrollment.ServerTokenUpload {
	t.Helper()
	return enrollment.ServerTokenUpload{Contents: certificateOf(t, n).token}
}

func TestAnUploadHandsTheFileOverAsItIsAndJoinsIntunesSync(t *testing.T) {
	t.Parallel()
	for name, properties := range map[string]object{
		"the first one": {"tokenExpirationDateTime": never, "tokenType": "none", "lastSyncTriggeredDateTime": never, "lastSuccessfulSyncDateTime": never},
		"a renewal":     {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGraph(t)
			g.addDistrict(properties)
			g.late, g.skew = 20*time.Second, -3*time.Minute
			g.now = g.now.Add(time.Minute)
			s := g.open()
			result, err := s.UploadServerToken(t.Context(), districtID, upload(t, 0))
			if err != nil {
				t.Fatal(err)
			}
			var body map[string]string
			if err := json.Unmarshal([]byte(g.body("POST", "/"+districtID+"/uploadDepToken")), &body); err != nil {
				t.Fatal(err)
			}
			if want := map[string]string{"appleId": "it@school.example", "depToken": string(certificateOf(t, 0).token)}; !reflect.DeepEqual(body, want) {
				t.Errorf("the body is %q", body)
			}
			if result.Sync == nil || result.Sync.State != enrollment.SyncFinished || len(result.Warnings) != 0 || len(g.posts) != 0 {
				t.Errorf("sync %+v, warnings %v, %d syncs asked for", result.Sync, result.Warnings, len(g.posts))
			}
			if got := result.Token; got.Status != enrollment.Active || got.LastSyncedAt.Before(got.UploadedAt) || got.Type != enrollment.School {
				t.Errorf("the token is %+v", got)
			}
			run, err := s.Sync(t.Context(), enrollment.SyncRequest{TokenID: districtID, Kind: enrollment.FullSync, Wait: true})
			if err != nil || !run.Joined || run.State != enrollment.SyncFinished || len(g.posts) != 0 {
				t.Errorf("who asks then gets %+v, %v", run, err)
			}
			g.advance(time.Hour)
			if run, err := s.Sync(t.Context(), ask(enrollment.IncrementalSync)); err != nil || run.Joined || len(g.posts) != 1 {
				t.Errorf("who asks an hour later gets %+v, %v, %d syncs asked for", run, err, len(g.posts))
			}
		})
	}
}

func TestAFileIsCheckedBeforeItIsSent(t *testing.T) {
	t.Parallel()
	g := newGraph(t)
	g.addDistrict(nil)
	s := g.open()
	for name, c := range map[string]struct {
		contents []byte
		want     error
		says     string
	}{
		"empty":           {nil, enrollment.ErrBadServerToken, "empty"},
		"a web page":      {[]byte("<html>sign in</html>"), enrollment.ErrBadServerToken, "web page"},
		"the public key":  {[]byte(certificateOf(t, 0).pem), enrollment.ErrBadServerToken, "public key"},
		"for another key": {certificateOf(t, 1).token, enrollment.ErrWrongKey, fmt.Sprintf("%X, and token \"District\" has %X", certificateOf(t, 1).cert.SerialNumber, certificateOf(t, 0).cert.SerialNumber)},
	} {
		_, err := s.UploadServerToken(t.Context(), districtID, enrollment.ServerTokenUpload{Contents: c.contents})
		e := new(enrollment.Error)
		if !errors.Is(err, c.want) || !errors.As(err, &e) || e.Field != "server_token_wo" || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := g.count("POST", "/uploadDepToken"); n != 0 {
		t.Errorf("%d uploads", n)
	}
	g.keys[districtID] = "" // Intune has to tell
	if _, err := s.UploadServerToken(t.Context(), districtID, upload(t, 1)); err != nil {
		t.Errorf("without a public key to compare with: %v", err)
	}
}

func TestTheSameFileIsSentOnceByOneProcess(t *testing.T) {
	t.Parallel()
	g := newGraph(t)
	g.addDistrict(nil)
	s := g.open()
	first, err := s.UploadServerToken(t.Context(), districtID, upload(t, 0))
	if err != nil {
		t.Fatal(err)
	}
	g.advance(time.Hour)
	if second, err := s.UploadServerToken(t.Context(), districtID, upload(t, 0)); err != nil || !reflect.DeepEqual(second.Token, first.Token) {
		t.Errorf("the second time: %+v, %v", second, err)
	}
	if n := g.count("POST", "/uploadDepToken"); n != 1 {
		t.Errorf("%d uploads", n)
	}
	g.set(districtID, object{"lastModifiedDateTime": stamp(g.now)}) // somebody uploaded another in the admin center
	if _, err := s.UploadServerToken(t.Context(), districtID, upload(t, 0)); err != nil || g.count("POST", "/uploadDepToken") != 2 {
		t.Errorf("after another upload: %v", err)
	}
}

func TestAnUploadThatDoesNotShow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		properties object
		want       error
		warning    string
	}{
		"of a first file is an error":       {object{"tokenExpirationDateTime": never, "tokenType": "none"}, enrollment.ErrUnavailable, ""},
		"of another file is a warning only": {object{}, nil, "Intune took the server token of \"District\" and shows no change"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGraph(t)
			g.addDistrict(c.properties)
			g.fault = func(r *http.Request) (int, string) {
				if strings.HasSuffix(r.URL.Path, "/uploadDepToken") {
					return 204, ""
				}
				return 0, ""
			}
			result, err := g.open().UploadServerToken(t.Context(), districtID, upload(t, 0))
			if !errors.Is(err, c.want) {
				t.Fatalf("error %v, want %v", err, c.want)
			}
			if c.warning != "" && (len(result.Warnings) != 1 || result.Warnings[0].Summary != c.warning) {
				t.Errorf("warnings %+v", result.Warnings)
			}
		})
	}
}

func TestAServerTokenOfAnotherProgramIsRefusedAfterTheFact(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		was, is string // tokenType before and after
		asked   enrollment.TokenType
		updated enrollment.TokenType // what this process was told before
		says    string               // "" is no error
	}{
		"school is wanted":                        {"none", "dep", enrollment.School, "", `to be of type "school"`},
		"business is wanted":                      {"none", "appleSchoolManager", enrollment.Business, "", `set type = "school" if`},
		"business is wanted, and got":             {"none", "dep", enrollment.Business, "", ""},
		"school was wanted of this process":       {"none", "dep", "", enrollment.School, `set type = "business" if`},
		"a renewal with another account":          {"appleSchoolManager", "dep", "", "", `to be of type "school"`},
		"a renewal with another account, as said": {"appleSchoolManager", "dep", "", enrollment.Business, ""},
		"nobody said":                             {"none", "dep", "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGraph(t)
			g.addDistrict(object{"tokenType": c.was})
			g.uploadGives = object{"tokenType": c.is}
			s := g.open()
			if c.updated != "" {
				spec := spec("District")
				spec.Type = c.updated
				if _, err := s.UpdateToken(t.Context(), districtID, spec); err != nil {
					t.Fatal(err)
				}
			}
			file := upload(t, 0)
			file.Type = c.asked
			_, err := s.UploadServerToken(t.Context(), districtID, file)
			e := new(enrollment.Error)
			if c.says == "" && err != nil || c.says != "" && (!errors.Is(err, enrollment.ErrWrongAccount) || !strings.Contains(err.Error(), c.says) || !errors.As(err, &e) || e.Field != "type") {
				t.Fatal(err)
			}
			if _, again := s.UploadServerToken(t.Context(), districtID, file); errors.Is(again, enrollment.ErrWrongAccount) != (c.says != "" && c.was == "none") {
				t.Errorf("the same file once more: %v", again)
			}
		})
	}
}

func TestTwoProgramsInOneTenantAreAWarning(t *testing.T) {
	t.Parallel()
	g := newGraph(t)
	g.addDistrict(nil)
	g.add("b0b0b0b0-0000-4000-8000-00000000000b", object{"tokenName": "Old DEP", "tokenType": "dep", "tokenExpirationDateTime": "2027-01-01T00:00:00Z"})
	g.add("a0a0a0a0-0000-4000-8000-00000000000a", object{"tokenName": "New"})
	result, err := g.open().UploadServerToken(t.Context(), districtID, upload(t, 0))
	if err != nil || len(result.Warnings) != 1 || !strings.Contains(result.Warnings[0].Detail, `"Old DEP"`) {
		t.Fatalf("warnings %+v, %v", result.Warnings, err)
	}
}

func TestAFileThatIntuneRefusesIsToBlame(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]error{400: enrollment.ErrBadServerToken, 403: enrollment.ErrPermission, 500: enrollment.ErrUnavailable} {
		g := newGraph(t)
		g.addDistrict(nil)
		g.fault = func(r *http.Request) (int, string) {
			if strings.HasSuffix(r.URL.Path, "/uploadDepToken") {
				return status, refusalBody("BadRequest", "The DEP token is invalid")
			}
			return 0, ""
		}
		_, err := g.open().UploadServerToken(t.Context(), districtID, upload(t, 0))
		e := new(enrollment.Error)
		if !errors.Is(err, want) || !errors.As(err, &e) || (e.Field == "server_token_wo") != (status == 400) || !strings.Contains(err.Error(), "The DEP token is invalid") {
			t.Errorf("%d: %v", status, err)
		}
		if strings.Contains(err.Error(), "MIME") {
			t.Errorf("the file is in the error: %v", err)
		}
	}
}

func TestTheSyncAfterAnUpload(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		itself  bool // Intune syncs by itself
		fails   int
		posts   int
		state   enrollment.SyncState
		warning string
	}{
		"is Intune's":                            {true, 0, 0, enrollment.SyncFinished, ""},
		"is asked for where Intune runs none":    {false, 0, 1, enrollment.SyncFinished, ""},
		"is a warning where it fails":            {true, 3, 0, enrollment.SyncFailed, "new terms"},
		"is a warning where the asked for fails": {false, 3, 1, enrollment.SyncFailed, "new terms"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGraph(t)
			g.addDistrict(nil)
			g.uploadSyncs, g.syncFails = c.itself, c.fails
			result, err := g.open().UploadServerToken(t.Context(), districtID, upload(t, 0))
			if err != nil || len(g.posts) != c.posts {
				t.Fatalf("%d syncs asked for, %v", len(g.posts), err)
			}
			if c.warning != "" && (len(result.Warnings) != 1 || !strings.Contains(result.Warnings[0].Detail, c.warning)) {
				t.Errorf("warnings %+v", result.Warnings)
			}
			if c.state == enrollment.SyncFinished && (result.Sync == nil || result.Sync.State != c.state || len(result.Warnings) != 0) {
				t.Errorf("sync %+v, warnings %+v", result.Sync, result.Warnings)
			}
		})
	}
}
