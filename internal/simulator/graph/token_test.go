package graph_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/graph"
)

const never = "0001-01-01T00:00:00Z"

// newToken creates a token the way a client does.
func (s *tenant) newToken(name string) string {
	s.t.Helper()
	return s.want(201, "POST", tokensPath, map[string]any{
		"@odata.type": "#microsoft.graph.depOnboardingSetting", "tokenName": name, "appleIdentifier": "it@school.example",
		"dataSharingConsentGranted": true, "roleScopeTagIds": []string{"0"},
	}).text("id")
}

// serverAt makes an MDM server at Apple for a token's key.
func (s *tenant) serverAt(publicKey string, devices int) string {
	s.t.Helper()
	server, err := s.Apple().CreateServer(fmt.Sprintf("Server %d", len(s.Apple().Servers())), []byte(publicKey))
	must(s.t, err)
	if devices > 0 {
		_, err = s.Apple().AssignDevices(server.ID, apple.Selection{Count: devices})
		must(s.t, err)
	}
	return server.ID
}

func (s *tenant) download(server string) string {
	s.t.Helper()
	file, err := s.Apple().ServerToken(server)
	must(s.t, err)
	return string(file)
}

func (s *tenant) upload(token, file string) {
	s.t.Helper()
	s.want(204, "POST", tokensPath+"/"+token+"/uploadDepToken", map[string]any{"appleId": "it@school.example", "depToken": file})
}

func (s *tenant) generateKey(token string) string {
	s.t.Helper()
	return s.want(200, "POST", tokensPath+"/"+token+"/generateEncryptionPublicKey", nil).text("value")
}

func TestATokenIsCreatedAwaitingItsServerToken(t *testing.T) {
	s := newTenant(t, 0)
	id := s.newToken("District")
	got := s.get(tokensPath + "/" + id)
	for property, want := range map[string]any{
		"tokenType": "none", "tokenExpirationDateTime": never, "lastSuccessfulSyncDateTime": never,
		"lastSyncTriggeredDateTime": never, "lastSyncErrorCode": 0.0, "syncedDeviceCount": 0.0, "tokenName": "District",
		"shareTokenWithSchoolDataSyncService": false, "dataSharingConsentGranted": true,
	} {
		if got.at(property) != want {
			t.Errorf("%s: got %v, want %v", property, got.at(property), want)
		}
	}
}

func TestACreationNeedsConsentAndRoom(t *testing.T) {
	s := newTenant(t, 0)
	s.refused(400, "consent", "POST", tokensPath, map[string]any{"tokenName": "District"})
	s.set(func(c *graph.Settings) { c.MaximumDepTokens = 1 })
	first := s.newToken("first")
	s.refused(400, "maximum number", "POST", tokensPath, map[string]any{"tokenName": "second", "dataSharingConsentGranted": true})
	s.want(204, "DELETE", tokensPath+"/"+first, nil)
	s.newToken("second")
}

func TestAnUnknownPropertyOrTypeIsRefused(t *testing.T) {
	s := newTenant(t, 0)
	for name, body := range map[string]map[string]any{
		"unknown property": {"dataSharingConsentGranted": true, "colour": "red"},
		"wrong type":       {"dataSharingConsentGranted": "yes"},
		"null":             {"dataSharingConsentGranted": nil},
		"another entity":   {"@odata.type": "#microsoft.graph.user", "dataSharingConsentGranted": true},
		"bad enumeration":  {"dataSharingConsentGranted": true, "tokenType": "apple"},
		"bad date":         {"dataSharingConsentGranted": true, "tokenExpirationDateTime": "tomorrow"},
	} {
		if a := s.do("POST", tokensPath, body); a.status != 400 {
			t.Errorf("%s: got %d, want 400", name, a.status)
		}
	}
	if a := s.do("POST", tokensPath, "{"); a.status != 400 {
		t.Errorf("broken JSON: got %d, want 400", a.status)
	}
}

func TestTheKeyThatApplesPortalTakesIsTheOneThatDecrypts(t *testing.T) {
	s := newTenant(t, 20)
	id := s.newToken("District")
	server := s.serverAt(s.generateKey(id), 12)
	file := s.download(server)
	s.upload(id, file)
	got := s.get(tokensPath + "/" + id)
	if got.text("tokenType") != "appleSchoolManager" || got.text("tokenExpirationDateTime") != "2027-08-24T07:30:00Z" {
		t.Errorf("after the upload: %s", got.raw)
	}
	if got.text("lastSyncTriggeredDateTime") != "2026-08-24T07:30:00Z" || got.text("lastSuccessfulSyncDateTime") != never {
		t.Errorf("a sync follows an upload by itself: %s", got.raw)
	}
	s.advance(time.Minute)
	got = s.get(tokensPath + "/" + id)
	if got.at("syncedDeviceCount") != 12.0 || got.text("lastSuccessfulSyncDateTime") != "2026-08-24T07:30:30Z" {
		t.Errorf("after the sync: %s", got.raw)
	}
}

func TestAServerTokenIsTakenInEveryTextForm(t *testing.T) {
	s := newTenant(t, 0)
	id := s.newToken("District")
	server := s.serverAt(s.generateKey(id), 0)
	_, bare, _ := strings.Cut(s.download(server), "\n\n")
	for name, file := range map[string]string{
		"S/MIME":           s.download(server),
		"S/MIME with CRLF": strings.ReplaceAll(s.download(server), "\n", "\r\n"),
		"base64 of S/MIME": base64.StdEncoding.EncodeToString([]byte(s.download(server))),
		"base64 of CMS":    bare,
	} {
		if a := s.do("POST", tokensPath+"/"+id+"/uploadDepToken", map[string]any{"appleId": nil, "depToken": file}); a.status != 204 {
			t.Errorf("%s: got %d %s", name, a.status, a.message())
		}
	}
}

func TestAnUploadThatCannotBeReadIsRefused(t *testing.T) {
	s := newTenant(t, 0)
	id := s.newToken("District")
	path := tokensPath + "/" + id + "/uploadDepToken"
	server := s.serverAt(s.generateKey(id), 0)
	older := s.download(server)
	s.generateKey(id)
	s.refused(400, "could not be decrypted", "POST", path, map[string]any{"depToken": older})
	s.refused(400, "required", "POST", path, map[string]any{"depToken": nil})
	s.refused(400, "neither S/MIME nor base64", "POST", path, map[string]any{"depToken": "hello, world"})
	s.refused(400, "invalid", "POST", path, map[string]any{"depToken": base64.StdEncoding.EncodeToString([]byte{0x30, 0x80, 1})})
	s.refused(400, "", "POST", path, map[string]any{"token": older})
	if got := s.get(tokensPath + "/" + id).text("tokenType"); got != "none" {
		t.Errorf("a refused upload left the type %q", got)
	}
}

func TestAnUploadNeedsAKeyFirst(t *testing.T) {
	s, token := withToken(t, 0)
	id := s.newToken("Other")
	s.refused(400, "no encryption public key", "POST", tokensPath+"/"+id+"/uploadDepToken", map[string]any{"depToken": s.download(token.ServerID)})
}

func TestThePublicKeyHasTheFormOfTheSettings(t *testing.T) {
	s := newTenant(t, 0)
	id := s.newToken("District")
	key := func() answer { return s.do("GET", tokensPath+"/"+id+"/getEncryptionPublicKey()", nil) }
	if a := key(); a.status != 200 || a.at("value") != nil {
		t.Errorf("no key yet: %d %s", a.status, a.raw)
	}
	s.set(func(c *graph.Settings) { c.NoPublicKey = "empty" })
	if a := key(); a.at("value") != "" {
		t.Errorf("no key yet, empty: %s", a.raw)
	}
	s.set(func(c *graph.Settings) { c.NoPublicKey = "not_found" })
	if a := key(); a.status != 404 {
		t.Errorf("no key yet, not_found: got %d", a.status)
	}
	generated := s.generateKey(id)
	if !strings.HasPrefix(generated, "-----BEGIN CERTIFICATE-----\n") || key().text("value") != generated {
		t.Errorf("the key is not the generated one in PEM: %s", generated)
	}
	s.set(func(c *graph.Settings) { c.PublicKeyForm = "base64" })
	if got, _ := base64.StdEncoding.DecodeString(key().text("value")); string(got) != generated {
		t.Errorf("the key is not base64 of PEM: %s", got)
	}
	if again := s.generateKey(id); again == key().text("value") && string(mustDecode(t, again)) == generated {
		t.Error("generating did not replace the key")
	}
	s.set(func(c *graph.Settings) { c.KeyAtCreation = true })
	other := s.newToken("Other")
	if s.get(tokensPath+"/"+other+"/getEncryptionPublicKey").text("value") == "" {
		t.Error("key_at_creation: no key")
	}
}

func mustDecode(t *testing.T, text string) []byte {
	t.Helper()
	out, err := base64.StdEncoding.DecodeString(text)
	must(t, err)
	return out
}

func TestTheTypeIsThatOfTheAppleAccount(t *testing.T) {
	s := newTenant(t, 0)
	must(t, s.Apple().UpdateOrganization(func(o *apple.Organization) error { o.OrgType = "org"; return nil }))
	token, err := s.AddToken(graph.TokenSeed{Name: "Company"})
	must(t, err)
	if got := s.get(tokensPath + "/" + token.ID).text("tokenType"); got != "dep" {
		t.Errorf("tokenType: got %q, want dep", got)
	}
}

func TestARenewalKeepsTheDevicesAndMovesTheDates(t *testing.T) {
	s, token := withToken(t, 5)
	before := s.get(devices(token.ID)).raw
	s.advance(30 * 24 * time.Hour)
	s.upload(token.ID, s.download(token.ServerID))
	s.advance(time.Minute)
	got := s.get(tokensPath + "/" + token.ID)
	if got.text("lastModifiedDateTime") != "2026-09-23T07:30:00Z" || got.text("tokenExpirationDateTime") != "2027-09-23T07:30:00Z" {
		t.Errorf("after the renewal: %s", got.raw)
	}
	if after := s.get(devices(token.ID)).raw; after != before {
		t.Errorf("the devices changed:\n%s\n%s", before, after)
	}
}

func TestAPatchChangesWhatIsAClients(t *testing.T) {
	s, token := withToken(t, 0)
	path := tokensPath + "/" + token.ID
	a := s.want(200, "PATCH", path, map[string]any{"tokenName": "New", "roleScopeTagIds": []string{"0", "7"}, "tokenType": "dep", "syncedDeviceCount": 9})
	if a.text("tokenName") != "New" || a.text("tokenType") != "appleSchoolManager" || a.at("syncedDeviceCount") != 0.0 {
		t.Errorf("after the PATCH: %s", a.raw)
	}
	s.set(func(c *graph.Settings) { c.PatchStatus = 204 })
	s.want(204, "PATCH", path, map[string]any{"appleIdentifier": nil})
	got := s.get(path)
	if got.text("tokenName") != "New" || got.at("appleIdentifier") != nil || len(got.at("roleScopeTagIds").([]any)) != 2 {
		t.Errorf("after the second PATCH: %s", got.raw)
	}
	s.refused(400, "id", "PATCH", path, map[string]any{"id": "a7bf2f07-1fd4-4d6c-9ad6-3e5d0a1b2c3d"})
}

func TestADeletionHasThePreconditionsOfThePortal(t *testing.T) {
	s, token := withToken(t, 3)
	path := tokensPath + "/" + token.ID
	profile := s.profile(token.ID, nil)
	s.refused(400, "profiles", "DELETE", path, nil)
	s.want(204, "DELETE", profiles(token.ID)+"/"+profile, nil)
	s.refused(400, "devices", "DELETE", path, nil)
	_, err := s.Apple().UnassignDevices(token.ServerID, apple.Selection{Count: 3})
	must(t, err)
	s.want(204, "POST", path+"/syncWithAppleDeviceEnrollmentProgram", nil)
	s.advance(time.Minute)
	s.want(204, "DELETE", path, nil)
	s.want(404, "GET", path, nil)
	if got := s.get(tokensPath).values(); len(got) != 0 {
		t.Errorf("still listed: %v", got)
	}
}

func TestOneTokenOfATenantIsShared(t *testing.T) {
	s, first := withToken(t, 0)
	second, err := s.AddToken(graph.TokenSeed{Name: "Second"})
	must(t, err)
	shared := func(id string) bool {
		return s.get(tokensPath+"/"+id).at("shareTokenWithSchoolDataSyncService") == true
	}
	for _, step := range []struct {
		token, action string
		first, second bool
	}{
		{first.ID, "shareForSchoolDataSyncService", true, false},
		{second.ID, "shareForSchoolDataSyncService", false, true},
		{first.ID, "unshareForSchoolDataSyncService", false, true},
		{second.ID, "unshareForSchoolDataSyncService", false, false},
	} {
		s.want(204, "POST", tokensPath+"/"+step.token+"/"+step.action, nil)
		if shared(first.ID) != step.first || shared(second.ID) != step.second {
			t.Errorf("after %s of %s: %t, %t", step.action, step.token, shared(first.ID), shared(second.ID))
		}
	}
}

func TestTokensAreListedWithTheOptionsOfOData(t *testing.T) {
	s := newTenant(t, 0)
	for _, name := range []string{"a", "b", "c"} {
		_, err := s.AddToken(graph.TokenSeed{Name: name})
		must(t, err)
	}
	names := func(query string) []string {
		var out []string
		for _, row := range s.get(tokensPath + query).values() {
			out = append(out, row["tokenName"].(string))
		}
		return out
	}
	for query, want := range map[string][]string{
		"":                                {"a", "b", "c"},
		"?$top=2":                         {"a", "b"},
		"?$skip=1":                        {"b", "c"},
		"?$orderby=tokenName desc":        {"c", "b", "a"},
		"?$filter=tokenName eq 'B'":       {"b"},
		"?$filter=tokenType eq 'none'":    nil,
		"?$filter=not(tokenName eq 'a')":  {"b", "c"},
		"?$filter=lastSyncErrorCode ne 0": nil,
	} {
		if got := names(query); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", query, got, want)
		}
	}
	if got := s.get(tokensPath + "/$count").raw; got != "3" {
		t.Errorf("$count: got %q", got)
	}
	for _, bad := range []string{"?$top=-1", "?$select=colour", "?$expand=colour", "?$orderby=colour", "?$skiptoken=x", "?$filter=colour eq 1", "?$apply=1"} {
		s.want(400, "GET", tokensPath+bad, nil)
	}
}

func TestTheConfiguratorsTokenIsListedOnRequest(t *testing.T) {
	s := newTenant(t, 0)
	account := s.get("/deviceManagement").text("intuneAccountId")
	id := s.want(201, "POST", profiles(account), map[string]any{
		"@odata.type": "#microsoft.graph.enrollmentProfile", "displayName": "Configurator", "requiresUserAuthentication": true,
	}).text("id")
	got := s.get(profiles(account) + "/" + id)
	if got.at("@odata.type") != nil || !strings.HasSuffix(got.text("configurationEndpointUrl"), "AADTenantId="+s.TenantID()) {
		t.Errorf("a plain profile: %s", got.raw)
	}
	if !strings.Contains(s.get(profiles(account)+"/"+id+"/exportMobileConfig()").text("value"), "<plist") {
		t.Error("exportMobileConfig is no property list")
	}
	if rows := s.get(tokensPath).values(); len(rows) != 0 {
		t.Errorf("listed: %v", rows)
	}
	s.set(func(c *graph.Settings) { c.ListNoneToken = true })
	if rows := s.get(tokensPath).values(); len(rows) != 1 || rows[0]["id"] != account || rows[0]["tokenType"] != "none" {
		t.Errorf("listed: %v", rows)
	}
	s.refused(400, "not supported", "POST", tokensPath+"/"+account+"/generateEncryptionPublicKey", nil)
}

func TestAnIDThatIsNoneIsSaid(t *testing.T) {
	s := newTenant(t, 0)
	s.refused(404, "not found", "GET", tokensPath+"/a7bf2f07-1fd4-4d6c-9ad6-3e5d0a1b2c3d", nil)
	s.want(404, "PATCH", tokensPath+"/a7bf2f07-1fd4-4d6c-9ad6-3e5d0a1b2c3d", map[string]any{})
	s.want(400, "DELETE", tokensPath+"/district", nil)
}
