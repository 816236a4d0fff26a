package intune_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune"
)

func TestTheStatusOfATokenComesFromItsDatesAndItsErrorCode(t *testing.T) {
	t.Parallel()
	in := func(days int) string { return stamp(newGraph(t).now.Add(time.Duration(days) * 24 * time.Hour)) }
	for name, c := range map[string]struct {
		properties object
		want       enrollment.TokenStatus
		kind       enrollment.TokenType
	}{
		"no server token yet":                 {object{"tokenExpirationDateTime": never, "tokenType": "none"}, enrollment.AwaitingServerToken, ""},
		"a date of null":                      {object{"tokenExpirationDateTime": nil, "tokenType": "none"}, enrollment.AwaitingServerToken, ""},
		"a server token":                      {object{"tokenExpirationDateTime": in(1)}, enrollment.Active, enrollment.School},
		"another program":                     {object{"tokenType": "dep"}, enrollment.Active, enrollment.Business},
		"over":                                {object{"tokenExpirationDateTime": in(-1)}, enrollment.Expired, enrollment.School},
		"over, and terms":                     {object{"tokenExpirationDateTime": in(-1), "lastSyncErrorCode": 3}, enrollment.Expired, enrollment.School},
		"terms":                               {object{"lastSyncErrorCode": 3}, enrollment.TermsNotAccepted, enrollment.School},
		"an error code that says nothing":     {object{"lastSyncErrorCode": 1}, enrollment.Active, enrollment.School},
		"terms, and no server token any more": {object{"tokenExpirationDateTime": never, "lastSyncErrorCode": 3, "tokenType": "none"}, enrollment.AwaitingServerToken, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGraph(t)
			g.addDistrict(c.properties)
			token, err := g.open().ReadToken(t.Context(), districtID)
			if err != nil || token.Status != c.want || token.Type != c.kind {
				t.Fatalf("status %q of type %q, %v; want %q of type %q", token.Status, token.Type, err, c.want, c.kind)
			}
		})
	}
}

func TestATokenIsReadWhole(t *testing.T) {
	t.Parallel()
	g := newGraph(t)
	g.addDistrict(object{"shareTokenWithSchoolDataSyncService": true, "roleScopeTagIds": []any{"0", "7"}})
	g.profiles[districtID] = []string{"a", "b"}
	s := g.open()
	token, err := s.ReadToken(t.Context(), districtID)
	if err != nil {
		t.Fatal(err)
	}
	want := enrollment.Token{
		ID:        districtID,
		TokenSpec: enrollment.TokenSpec{Name: "District", AppleID: "it@school.example", Type: enrollment.School, ScopeTagIDs: []string{"0", "7"}},
		Status:    enrollment.Active, PublicKeyPEM: certificateOf(t, 0).pem, PublicKeySHA256: token.PublicKeySHA256,
		ExpiresAt: g.now.Add(200 * 24 * time.Hour), UploadedAt: g.now.Add(-165 * 24 * time.Hour),
		SharedWithSDS: true, DeviceCount: 3, ProfileCount: 2, LastSyncedAt: g.now.Add(-time.Hour + time.Minute),
	}
	if !reflect.DeepEqual(token, want) {
		t.Fatalf("got\n%+v, want\n%+v", token, want)
	}
	if list, err := s.ListTokens(t.Context()); err != nil || len(list) != 1 || !reflect.DeepEqual(list[0], want) {
		t.Fatalf("the list is %+v, %v", list, err)
	}
}

func TestAConfiguratorEntryIsNoToken(t *testing.T) {
	t.Parallel()
	const waiting = "e0e0e0e0-0000-4000-8000-00000000000e"
	for name, c := range map[string]struct {
		id         string
		properties object
		unreadable bool // the account id may not be read
		skipped    bool
	}{
		"the account's id":                                 {accountID, object{"tokenName": "Configurator"}, false, true},
		"without a name and an Apple ID":                   {waiting, object{}, false, true},
		"the account's id, which cannot be read":           {accountID, object{}, true, true},
		"a token that awaits its first server token":       {waiting, object{"tokenName": "New"}, false, false},
		"one that awaits it, the account cannot be read":   {waiting, object{"tokenName": "New"}, true, false},
		"one with an Apple ID only":                        {waiting, object{"appleIdentifier": "it@school.example"}, false, false},
		"a token in use that has lost its name":            {waiting, object{"tokenType": "dep"}, false, false},
		"of no type, with a server token and without name": {waiting, object{"tokenExpirationDateTime": "2027-01-01T00:00:00Z"}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGraph(t)
			g.add(c.id, c.properties)
			if c.unreadable {
				delete(g.entities, "/deviceManagement")
			}
			s := g.open()
			list, err := s.ListTokens(t.Context())
			if err != nil || (len(list) == 0) != c.skipped {
				t.Fatalf("the list is %+v, %v; skipped %t", list, err, c.skipped)
			}
			_, err = s.ReadToken(t.Context(), c.id)
			if errors.Is(err, enrollment.ErrNotFound) != c.skipped || err != nil && !c.skipped {
				t.Fatalf("reading it: %v", err)
			}
			if n := g.count("GET", "/deviceManagement"); n > 1 {
				t.Errorf("the account was read %d times", n)
			}
		})
	}
}

func TestATokenThatIsNoneIsNotFound(t *testing.T) {
	t.Parallel()
	g := newGraph(t)
	g.addDistrict(nil)
	s := g.open()
	for _, id := range []string{"no-such-token", "", "../x", districtID + "/x", accountID} {
		if _, err := s.ReadToken(t.Context(), id); !errors.Is(err, enrollment.ErrNotFound) || !strings.Contains(err.Error(), "asm_tokens lists") {
			t.Errorf("%q: %v", id, err)
		}
	}
	if len(g.requests) != 1 { // only for what looks like an id
		t.Errorf("requests %v", g.requests)
	}
}

func TestAPublicKeyIsReadInWhateverFormItComes(t *testing.T) {
	t.Parallel()
	key := certificateOf(t, 0)
	block, _ := pem.Decode([]byte(key.pem))
	der, bare := block.Bytes, key.cert.RawSubjectPublicKeyInfo
	oneLine := strings.ReplaceAll(key.pem, "\n", "")
	for name, c := range map[string]struct {
		given, want string
	}{
		"PEM":                             {key.pem, key.pem},
		"PEM with Windows line ends":      {strings.ReplaceAll(key.pem, "\n", "\r\n"), key.pem},
		"PEM without line ends":           {oneLine, key.pem},
		"PEM after text":                  {"Bag Attributes\n" + key.pem, key.pem},
		"base64 of PEM":                   {base64.StdEncoding.EncodeToString([]byte(key.pem)), key.pem},
		"base64 of DER":                   {base64.StdEncoding.EncodeToString(der), key.pem},
		"base64 of DER, in lines, no end": {strings.TrimRight(base64.StdEncoding.EncodeToString(der), "=") + "\n", key.pem},
		"base64 for URLs":                 {base64.URLEncoding.EncodeToString(der), key.pem},
		"a bare key":                      {base64.StdEncoding.EncodeToString(bare), string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: bare}))},
		"none":                            {"", ""},
		"something else":                  {"no key", ""},
		"a PEM file that is cut off":      {key.pem[:200], ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGraph(t)
			g.addDistrict(nil)
			g.keys[districtID] = c.given
			token, err := g.open().ReadToken(t.Context(), districtID)
			if err != nil || token.PublicKeyPEM != c.want || (token.PublicKeySHA256 == "") != (c.want == "") {
				t.Fatalf("got %q (%s), %v", token.PublicKeyPEM, token.PublicKeySHA256, err)
			}
		})
	}
}

func TestATokenCanBeReadWithoutItsKey(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		statuses []int // of the requests for the key, in turn; then it is given
		key      bool
		want     error
	}{
		"there is none":              {[]int{404}, false, nil},
		"none can be given":          {[]int{400}, false, nil},
		"a bad moment":               {[]int{500}, true, nil},
		"a bad moment that stays":    {slices.Repeat([]int{500}, 9), false, nil},
		"not allowed":                {[]int{403}, false, enrollment.ErrPermission},
		"out of order":               {slices.Repeat([]int{502}, 9), false, nil},
		"out of order for a moment":  {[]int{503, 503}, true, nil},
		"too many requests for long": {slices.Repeat([]int{429}, 9), false, enrollment.ErrThrottled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGraph(t)
			g.addDistrict(nil)
			asked := 0
			g.fault = func(r *http.Request) (int, string) {
				if !strings.HasSuffix(r.URL.Path, "getEncryptionPublicKey()") {
					return 0, ""
				}
				if asked++; asked > len(c.statuses) {
					return 0, ""
				}
				return c.statuses[asked-1], refusalBody("X", "An error has occurred")
			}
			token, err := g.open().ReadToken(t.Context(), districtID)
			if c.want != nil {
				if !errors.Is(err, c.want) {
					t.Fatalf("error %v, want %v", err, c.want)
				}
				return
			}
			if err != nil || (token.PublicKeyPEM != "") != c.key {
				t.Fatalf("key %.30q, %v", token.PublicKeyPEM, err)
			}
		})
	}
}

// A file that cannot be held against the key is not sent: another one makes the key of no use.
func TestNothingIsUploadedOrRotatedWhileTheKeyCannotBeRead(t *testing.T) {
	t.Parallel()
	g := newGraph(t)
	g.addDistrict(nil)
	g.fault = func(r *http.Request) (int, string) {
		if strings.HasSuffix(r.URL.Path, "getEncryptionPublicKey()") {
			return 500, refusalBody("InternalServerError", "An error has occurred")
		}
		return 0, ""
	}
	s := g.open()
	if _, err := s.UploadServerToken(t.Context(), districtID, upload(t, 1)); !errors.Is(err, enrollment.ErrUnavailable) {
		t.Errorf("the upload: %v", err)
	}
	if _, err := s.RotateKey(t.Context(), districtID); !errors.Is(err, enrollment.ErrUnavailable) {
		t.Errorf("the rotation: %v", err)
	}
	if n := g.count("POST", ""); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestAListWithoutKeysAndProfilesIsOneRequest(t *testing.T) {
	t.Parallel()
	g := newGraph(t)
	g.addDistrict(object{"shareTokenWithSchoolDataSyncService": true})
	list, err := enrollment.ListTokensBriefly(t.Context(), g.open())
	if err != nil || len(list) != 1 || list[0].Name != "District" || !list[0].SharedWithSDS || len(g.requests) != 1 {
		t.Fatalf("%+v, %v by %v", list, err, g.requests)
	}
}

func TestABadMomentIsNoFailureOfWhatIntuneTook(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(context.Context, *intune.Service) error{
		"a change": func(ctx context.Context, s *intune.Service) error {
			_, err := s.UpdateToken(ctx, districtID, spec("North"))
			return err
		},
		"a sharing":  func(ctx context.Context, s *intune.Service) error { return s.SetSDSSharing(ctx, districtID, true) },
		"a deletion": func(ctx context.Context, s *intune.Service) error { return s.DeleteToken(ctx, districtID) },
	} {
		for _, c := range []struct {
			bad  time.Duration // how long reads fail
			want error
		}{{time.Minute, nil}, {time.Hour, enrollment.ErrUnavailable}} {
			t.Run(fmt.Sprint(name, " ", c.bad), func(t *testing.T) {
				t.Parallel()
				g := newGraph(t)
				g.addDistrict(object{"syncedDeviceCount": 0})
				var written time.Time
				g.fault = func(r *http.Request) (int, string) {
					switch {
					case r.Method != http.MethodGet:
						written = g.now
					case !written.IsZero() && g.now.Before(written.Add(c.bad)):
						return 500, refusalBody("InternalServerError", "An error has occurred")
					}
					return 0, ""
				}
				if err := change(t.Context(), g.open()); !errors.Is(err, c.want) || c.want == nil && err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}

func spec(name string) enrollment.TokenSpec {
	return enrollment.TokenSpec{Name: name, AppleID: "it@school.example", Type: enrollment.School}
}

const createdID = "c0c0c0c0-0000-4000-8000-000000000000"

func TestCreateATokenAsksForAKeyOnlyWhereThereIsNone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		given bool
		late  time.Duration
	}{
		"Intune made a key with it":      {true, 0},
		"Intune made none":               {false, 0},
		"the token shows late":           {false, time.Minute},
		"the token shows late, with key": {true, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGraph(t)
			g.late = c.late
			g.show()
			g.generated = []string{certificateOf(t, 1).pem}
			if c.given {
				g.keys[createdID] = certificateOf(t, 0).pem
			}
			s := g.open()
			token, err := s.CreateToken(t.Context(), spec("District"))
			if err != nil || token.Status != enrollment.AwaitingServerToken || token.PublicKeyPEM == "" {
				t.Fatalf("%+v, %v", token, err)
			}
			if generated := g.count("POST", "/generateEncryptionPublicKey"); (generated == 0) != c.given {
				t.Errorf("generated %d keys", generated)
			}
			if read, err := s.ReadToken(t.Context(), token.ID); err != nil || !reflect.DeepEqual(read, token) {
				t.Errorf("read back:\n%+v, %v, want\n%+v", read, err, token)
			}
		})
	}
}

func TestTheBodyThatMakesAToken(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spec enrollment.TokenSpec
		want string
	}{
		"all": {
			enrollment.TokenSpec{Name: "District", AppleID: "it@school.example", Type: enrollment.School, ScopeTagIDs: []string{"3"}},
			`{"@odata.type":"#microsoft.graph.depOnboardingSetting","tokenName":"District","appleIdentifier":"it@school.example","dataSharingConsentGranted":true,"roleScopeTagIds":["3"]}`,
		},
		"the least": {
			enrollment.TokenSpec{Name: "District"},
			`{"@odata.type":"#microsoft.graph.depOnboardingSetting","tokenName":"District","dataSharingConsentGranted":true,"roleScopeTagIds":["0"]}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGraph(t)
			g.show()
			g.keys[createdID] = certificateOf(t, 0).pem
			if _, err := g.open().CreateToken(t.Context(), c.spec); err != nil {
				t.Fatal(err)
			}
			sameJSON(t, g.body("POST", ""), c.want)
		})
	}
}

func sameJSON(t *testing.T, got, want string) {
	t.Helper()
	var a, b any
	if json.Unmarshal([]byte(got), &a) != nil || json.Unmarshal([]byte(want), &b) != nil || !reflect.DeepEqual(a, b) {
		t.Errorf("body %s, want %s", got, want)
	}
}

func TestATokenIsMadeOnceThoughNoGoodAnswerCame(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before, after int  // statuses in place of the work, and after it
		drop          bool // the connection breaks after the work
		blind         bool // nothing can be read afterwards
		made          bool
		want          error
	}{
		"no answer, and it was made":      {drop: true, made: true},
		"500, and it was made":            {after: 500, made: true},
		"500, and it was not made":        {before: 500, want: enrollment.ErrUnavailable},
		"504, and it was made":            {after: 504, made: true},
		"504, and nobody can look":        {after: 504, blind: true, want: enrollment.ErrUnanswered},
		"refused":                         {before: 403, want: enrollment.ErrPermission},
		"refused for its values":          {before: 400, want: enrollment.ErrInvalid},
		"a success that does not name it": {after: 200, made: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGraph(t)
			g.add("a0a0a0a0-0000-4000-8000-00000000000a", object{"tokenName": "District"}) // another of that name
			g.late = 20 * time.Second
			posts := 0
			isPost := func(r *http.Request) bool { return r.Method == http.MethodPost && r.URL.Path == collection }
			g.fault = func(r *http.Request) (int, string) {
				if isPost(r) {
					posts++
					return c.before, refusalBody("X", "An error has occurred")
				}
				if c.blind && posts > 0 {
					return 500, refusalBody("X", "An error has occurred")
				}
				return 0, ""
			}
			g.after = func(r *http.Request) (int, string) {
				switch {
				case !isPost(r):
					return 0, ""
				case c.drop:
					panic(http.ErrAbortHandler)
				case c.after == 200:
					return 200, "{}"
				}
				return c.after, refusalBody("X", "An error has occurred")
			}
			g.keys["c0c0c0c0-0000-4000-8000-000000000001"] = certificateOf(t, 0).pem
			token, err := g.open().CreateToken(t.Context(), spec("District"))
			if posts != 1 {
				t.Errorf("%d tokens were asked for", posts)
			}
			if c.made && (err != nil || token.ID != "c0c0c0c0-0000-4000-8000-000000000001") || !c.made && (!errors.Is(err, c.want) || token.ID != "") {
				t.Fatalf("token %q, error %v, want %v", token.ID, err, c.want)
			}
		})
	}
}

func TestATokenWithoutItsKeyIsGivenBesideTheError(t *testing.T) {
	t.Parallel()
	g := newGraph(t)
	g.show()
	g.fault = func(r *http.Request) (int, string) {
		if strings.HasSuffix(r.URL.Path, "generateEncryptionPublicKey") {
			return 403, refusalBody("Forbidden", "An error has occurred")
		}
		return 0, ""
	}
	token, err := g.open().CreateToken(t.Context(), spec("District"))
	if token.ID != createdID || token.Name != "District" || !errors.Is(err, enrollment.ErrPermission) {
		t.Fatalf("%+v, %v", token, err)
	}
}

func TestABadTokenSpecIsRefusedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	g := newGraph(t)
	s := g.open()
	for field, spec := range map[string]enrollment.TokenSpec{"name": {Name: " "}, "type": {Name: "District", Type: "edu"}} {
		_, created := s.CreateToken(t.Context(), spec)
		_, updated := s.UpdateToken(t.Context(), districtID, spec)
		for _, err := range []error{created, updated} {
			e := new(enrollment.Error)
			if !errors.As(err, &e) || e.Field != field || !errors.Is(err, enrollment.ErrInvalid) {
				t.Errorf("%s: %v", field, err)
			}
		}
	}
	if len(g.requests) != 0 {
		t.Errorf("requests %v", g.requests)
	}
}

func TestAChangeSendsWhatDiffers(t *testing.T) {
	t.Parallel()
	same := enrollment.TokenSpec{Name: "District", AppleID: "it@school.example", Type: enrollment.School}
	with := func(change func(*enrollment.TokenSpec)) enrollment.TokenSpec {
		s := same
		change(&s)
		return s
	}
	for name, c := range map[string]struct {
		spec enrollment.TokenSpec
		want string // without the type annotation; "" is no request
	}{
		"nothing":                             {same, ""},
		"the type, which is Intune's to tell": {with(func(s *enrollment.TokenSpec) { s.Type = enrollment.Business }), ""},
		"the name":                            {with(func(s *enrollment.TokenSpec) { s.Name = "North" }), `"tokenName":"North"`},
		"the Apple ID":                        {with(func(s *enrollment.TokenSpec) { s.AppleID = "new@school.example" }), `"appleIdentifier":"new@school.example"`},
		"no Apple ID any more":                {with(func(s *enrollment.TokenSpec) { s.AppleID = "" }), `"appleIdentifier":null`},
		"scope tags":                          {with(func(s *enrollment.TokenSpec) { s.ScopeTagIDs = []string{"1", "3"} }), `"roleScopeTagIds":["1","3"]`},
		"scope tags in another order":         {with(func(s *enrollment.TokenSpec) { s.ScopeTagIDs = []string{"2", "1"} }), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGraph(t)
			g.addDistrict(object{"roleScopeTagIds": []any{"1", "2"}})
			g.late = 30 * time.Second
			g.now = g.now.Add(time.Minute)
			token, err := g.open().UpdateToken(t.Context(), districtID, c.spec)
			if err != nil {
				t.Fatal(err)
			}
			if n := g.count("PATCH", districtID); (n == 0) != (c.want == "") {
				t.Fatalf("%d changes", n)
			}
			if c.want != "" {
				sameJSON(t, g.body("PATCH", "/"+districtID), `{"@odata.type":"#microsoft.graph.depOnboardingSetting",`+c.want+`}`)
			}
			if token.Name != c.spec.Name || token.AppleID != c.spec.AppleID {
				t.Errorf("the token is %+v", token)
			}
		})
	}
}

func TestAChangeThatIntuneTakesAndDoesNotMakeIsAnError(t *testing.T) {
	t.Parallel()
	g := newGraph(t)
	g.addDistrict(nil)
	g.fault = func(r *http.Request) (int, string) {
		if r.Method == http.MethodPatch {
			return 204, ""
		}
		return 0, ""
	}
	_, err := g.open().UpdateToken(t.Context(), districtID, spec("North"))
	if !errors.Is(err, enrollment.ErrUnavailable) || !strings.Contains(fmt.Sprint(err), "does not show it after 2m0s") {
		t.Fatal(err)
	}
}

func TestATokenThatSomethingHangsOnIsNotDeleted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		devices  int
		profiles []string
		says     string
	}{
		"devices":      {2, nil, "2 devices"},
		"profiles":     {0, []string{"a"}, "1 enrollment profile"},
		"nothing":      {0, nil, ""},
		"all together": {3, []string{"a", "b"}, "3 devices and 2 enrollment profiles. First give the devices"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGraph(t)
			g.addDistrict(object{"syncedDeviceCount": c.devices})
			g.profiles[districtID] = c.profiles
			g.late = 30 * time.Second
			g.now = g.now.Add(time.Minute)
			err := g.open().DeleteToken(t.Context(), districtID)
			if c.says != "" && (!errors.Is(err, enrollment.ErrInUse) || !strings.Contains(err.Error(), c.says)) || c.says == "" && err != nil {
				t.Fatal(err)
			}
			if n := g.count("DELETE", districtID); (n == 0) != (c.says != "") {
				t.Errorf("%d deletions", n)
			}
		})
	}
}

func TestADeletionIsOverWhenTheTokenIsGone(t *testing.T) {
	t.Parallel()
	g := newGraph(t)
	g.addDistrict(object{"syncedDeviceCount": 0})
	g.fault = func(r *http.Request) (int, string) {
		if r.Method == http.MethodDelete {
			return 204, ""
		}
		return 0, ""
	}
	s := g.open()
	if err := s.DeleteToken(t.Context(), districtID); !errors.Is(err, enrollment.ErrUnavailable) {
		t.Errorf("it is still there: %v", err)
	}
	lost := 0
	g.fault, g.after = nil, func(r *http.Request) (int, string) {
		if r.Method == http.MethodDelete && lost == 0 {
			lost++
			return 503, ""
		}
		return 0, ""
	}
	if err := s.DeleteToken(t.Context(), districtID); err != nil { // 404 to the repetition
		t.Errorf("it was deleted, and the answer was lost: %v", err)
	}
}

func TestARotationReplacesThePublicKeyAtOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		drop, fails bool // the answer is lost; what is read afterwards fails
	}{"it is answered": {}, "the answer is lost": {drop: true}, "what is read afterwards fails": {fails: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGraph(t)
			g.addDistrict(nil)
			g.generated = []string{certificateOf(t, 1).pem, certificateOf(t, 2).pem}
			g.after = func(r *http.Request) (int, string) {
				if c.drop && strings.HasSuffix(r.URL.Path, "/generateEncryptionPublicKey") {
					panic(http.ErrAbortHandler)
				}
				return 0, ""
			}
			g.fault = func(*http.Request) (int, string) {
				if c.fails && len(g.generated) == 1 {
					return 403, refusalBody("Forbidden", "An error has occurred")
				}
				return 0, ""
			}
			token, err := g.open().RotateKey(t.Context(), districtID)
			if err != nil || token.PublicKeyPEM != certificateOf(t, 1).pem || token.StagedPublicKeyPEM != "" || token.Status != enrollment.Active {
				t.Fatalf("%+v, %v", token, err)
			}
			if n := g.count("POST", "/generateEncryptionPublicKey"); n != 1 {
				t.Errorf("%d keys were made", n)
			}
		})
	}
}

func TestARotationThatWasNotMadeIsAnError(t *testing.T) {
	t.Parallel()
	g := newGraph(t)
	g.addDistrict(nil)
	g.fault = func(r *http.Request) (int, string) {
		if strings.HasSuffix(r.URL.Path, "/generateEncryptionPublicKey") {
			return 500, refusalBody("InternalServerError", "An error has occurred")
		}
		return 0, ""
	}
	if token, err := g.open().RotateKey(t.Context(), districtID); !errors.Is(err, enrollment.ErrUnavailable) || g.count("POST", "/generateEncryptionPublicKey") != 1 {
		t.Fatalf("%+v, %v", token, err)
	}
}

func TestARotationWithoutAnAnswerIsFoundOutOrToldAsUnknown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		bad  time.Duration // how long the key cannot be read afterwards
		with int
		want error
	}{
		"it is read at once":               {0, 0, nil},
		"it is read after a bad moment":    {time.Minute, 500, nil},
		"it cannot be read":                {time.Hour, 500, enrollment.ErrUnanswered},
		"it cannot be read, for a refusal": {time.Hour, 403, enrollment.ErrUnanswered},
		"Intune says that there is none":   {time.Hour, 404, enrollment.ErrUnanswered},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGraph(t)
			g.addDistrict(nil)
			g.generated = []string{certificateOf(t, 1).pem}
			var made time.Time
			g.after = func(r *http.Request) (int, string) {
				if strings.HasSuffix(r.URL.Path, "/generateEncryptionPublicKey") {
					made = g.now
					return 504, ""
				}
				return 0, ""
			}
			g.fault = func(r *http.Request) (int, string) {
				if !made.IsZero() && g.now.Before(made.Add(c.bad)) && strings.HasSuffix(r.URL.Path, "getEncryptionPublicKey()") {
					return c.with, refusalBody("X", "x")
				}
				return 0, ""
			}
			token, err := g.open().RotateKey(t.Context(), districtID)
			if c.want == nil && (err != nil || token.PublicKeyPEM != certificateOf(t, 1).pem) {
				t.Fatalf("%+v, %v", token, err)
			}
			if c.want != nil && (!errors.Is(err, c.want) || !strings.Contains(err.Error(), "in the admin center before you apply again")) {
				t.Fatal(err)
			}
		})
	}
}

func TestARotationWithAKeyThatCannotBeReadIsNotRepeated(t *testing.T) {
	t.Parallel()
	for _, given := range []string{"", "a form of its own"} {
		g := newGraph(t)
		g.addDistrict(nil)
		g.generated = []string{given}
		if token, err := g.open().RotateKey(t.Context(), districtID); err != nil || token.PublicKeyPEM != "" || token.Status != enrollment.Active {
			t.Errorf("%q: %+v, %v", given, token, err)
		}
	}
}

func TestAKeyPairCannotBeBrought(t *testing.T) {
	t.Parallel()
	g := newGraph(t)
	if _, err := g.open().BringKey(t.Context(), districtID, enrollment.BroughtKey{}); !errors.Is(err, enrollment.ErrUnsupported) || len(g.requests) != 0 {
		t.Fatal(err, g.requests)
	}
}

func TestSharingWaitsUntilItShows(t *testing.T) {
	t.Parallel()
	g := newGraph(t)
	g.addDistrict(nil)
	g.late = 30 * time.Second
	g.now = g.now.Add(time.Minute)
	s := g.open()
	for _, shared := range []bool{true, true, false, false} {
		if err := s.SetSDSSharing(t.Context(), districtID, shared); err != nil {
			t.Fatal(err)
		}
		if token, err := s.ReadToken(t.Context(), districtID); err != nil || token.SharedWithSDS != shared {
			t.Fatalf("shared is %t, %v", token.SharedWithSDS, err)
		}
	}
	if on, off := g.count("POST", "/shareForSchoolDataSyncService"), g.count("POST", "/unshareForSchoolDataSyncService"); on != 1 || off != 1 {
		t.Errorf("shared %d times, unshared %d times", on, off)
	}
	if err := s.SetSDSSharing(t.Context(), accountID, true); !errors.Is(err, enrollment.ErrNotFound) {
		t.Error(err)
	}
}
