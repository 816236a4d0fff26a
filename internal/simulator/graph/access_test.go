package graph_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/graph"
)

func TestOnlyAGoodBearerIsLetIn(t *testing.T) {
	s := newTenant(t, 0)
	other := graph.New(graph.Options{TenantID: "11111111-2222-4333-8444-555555555555", Now: func() time.Time { return opening }})
	good := s.bearer
	for name, test := range map[string]struct{ bearer, want string }{
		"none":             {"", "Access token is empty"},
		"no JWT":           {"x", "CompactToken parsing failed"},
		"forged":           {good[:len(good)-8] + "AAAAAAAA", "CompactToken parsing failed"},
		"another tenant":   {other.AccessToken(), "Invalid tenant"},
		"another audience": {s.WorkflowToken("https://graph.microsoft.com"), "CompactToken parsing failed"},
	} {
		s.bearer = test.bearer
		a := s.refused(401, test.want, "GET", tokensPath, nil)
		if a.text("error", "code") != "InvalidAuthenticationToken" || a.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: %s", name, a.raw)
		}
	}
	s.bearer = s.ShortAccessToken(time.Minute)
	s.get(tokensPath)
	s.advance(time.Minute)
	s.refused(401, "expired", "GET", tokensPath, nil)
	s.bearer = good
	s.fault(graph.Fault{Kind: graph.FaultExpiredSignIn, Times: 1})
	s.refused(401, "expired", "GET", tokensPath, nil)
	s.get(tokensPath)
}

func TestEachCallNeedsItsPermission(t *testing.T) {
	s, token := withToken(t, 1)
	id := s.profile(token.ID, nil)
	s.SetDomain(graph.Domain{Name: "federated.example", Federated: true})
	assign := map[string]any{"deviceIds": s.serials(token.ID)}
	calls := []struct {
		method, path string
		body         any
		roles        string // enough, one at a time
	}{
		{"GET", tokensPath, nil, "SR SW CR CW"},
		{"GET", devices(token.ID), nil, "SR SW CR CW"},
		{"POST", profiles(token.ID) + "/" + id + "/updateDeviceProfileAssignment", assign, "SW"},
		{"PATCH", tokensPath + "/" + token.ID, map[string]any{}, "SW"},
		{"POST", syncPath(token.ID), nil, "SW CW"},
		{"GET", "/deviceManagement/configurationPolicies", nil, "CR CW"},
		{"GET", "/domains/federated.example/federationConfiguration", nil, "D"},
	}
	roles := map[string]string{
		"SR": "DeviceManagementServiceConfig.Read.All", "SW": "DeviceManagementServiceConfig.ReadWrite.All",
		"CR": "DeviceManagementConfiguration.Read.All", "CW": "DeviceManagementConfiguration.ReadWrite.All", "D": "Domain.Read.All",
	}
	for short, role := range roles {
		s.set(func(c *graph.Settings) { c.Roles = []string{role} })
		for kind, bearer := range map[string]string{"application": s.AccessToken(), "person": s.DelegatedAccessToken()} {
			s.bearer = bearer
			for _, call := range calls {
				a := s.do(call.method, call.path, call.body)
				allowed := strings.Contains(" "+call.roles+" ", " "+short+" ")
				if (a.status != 403) != allowed {
					t.Errorf("%s with %s only: %s %s gives %d", kind, role, call.method, call.path, a.status)
				}
			}
			s.advance(15 * time.Minute)
		}
	}
	s.set(func(c *graph.Settings) { c.Roles = nil })
	s.bearer = s.AccessToken()
	a := s.refused(403, "not authorized", "GET", tokensPath, nil)
	if a.text("error", "code") != "Forbidden" || !strings.Contains(a.text("error", "message"), `"_version": 3`) ||
		a.text("error", "innerError", "request-id") != a.header.Get("request-id") {
		t.Errorf("the shape of an Intune error: %s", a.raw)
	}
}

func TestOnlyBetaHasTheTokens(t *testing.T) {
	s := newTenant(t, 0)
	a := s.send("GET", s.GraphURL()+"/v1.0"+tokensPath, nil)
	if a.status != 400 || a.message() != "Resource not found for the segment 'depOnboardingSettings'." {
		t.Errorf("v1.0: %d %s", a.status, a.raw)
	}
	for path, want := range map[string]string{
		"/beta/deviceManagement/nothing": "segment 'nothing'",
		"/v1.0":                          "segment 'v1.0'", "/v2.0/me": "Invalid version",
	} {
		if a := s.send("GET", s.GraphURL()+path, nil); a.status != 400 || !strings.Contains(a.message(), want) {
			t.Errorf("%s: %d %s", path, a.status, a.raw)
		}
	}
	s.want(500, "POST", tokensPath+"/a7bf2f07-1fd4-4d6c-9ad6-3e5d0a1b2c3d/microsoft.management.services.api.syncWithAppleDeviceEnrollmentProgram", nil)
	a = s.want(400, "GET", tokensPath+"/a7bf2f07-1fd4-4d6c-9ad6-3e5d0a1b2c3d/syncWithAppleDeviceEnrollmentProgram", nil)
	if a.text("error", "code") != "No method match route template" {
		t.Errorf("GET of an action: %s", a.raw)
	}
}

func TestAnswersHaveTheHeadersOfGraph(t *testing.T) {
	s := newTenant(t, 0)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.GraphURL()+"/beta"+tokensPath, nil)
	must(t, err)
	r.Header.Set("client-request-id", "mine")
	r.Header.Set("Authorization", "Bearer "+s.bearer)
	resp, err := http.DefaultClient.Do(r)
	must(t, err)
	_ = resp.Body.Close()
	if resp.Header.Get("client-request-id") != "mine" || resp.Header.Get("request-id") == "" ||
		resp.Header.Get("Date") != "Mon, 24 Aug 2026 07:30:00 GMT" {
		t.Errorf("headers: %v", resp.Header)
	}
}

func TestFaultsHitWhatTheyMatch(t *testing.T) {
	s, token := withToken(t, 0)
	path := tokensPath + "/" + token.ID
	s.fault(graph.Fault{Kind: graph.FaultThrottled, Method: "GET", Path: tokensPath + "/{token}", After: 1, Times: 2, RetryAfter: "2.128"})
	s.get(tokensPath)
	s.get(path)
	for range 2 {
		if a := s.want(429, "GET", path, nil); a.header.Get("Retry-After") != "2.128" || a.text("error", "code") != "TooManyRequests" {
			t.Errorf("throttled: %v %s", a.header, a.raw)
		}
	}
	s.get(path)
	if f := s.Faults(); len(f) != 1 || f[0].Matched != 4 || f[0].Hit != 2 {
		t.Errorf("faults: %+v", f)
	}
	s.ClearFaults()

	s.fault(graph.Fault{Kind: graph.FaultThrottled, InnerRetryAfter: "7", Times: 1})
	if a := s.want(429, "GET", path, nil); a.header.Get("Retry-After") != "" || !strings.Contains(a.text("error", "message"), `"RetryAfter": "7"`) {
		t.Errorf("inner RetryAfter: %s", a.raw)
	}
	s.fault(graph.Fault{Kind: graph.FaultUnavailable, RetryAfter: "3", Times: 1})
	if a := s.want(503, "GET", path, nil); a.header.Get("Retry-After") != "3" {
		t.Errorf("unavailable: %v", a.header)
	}
	s.fault(graph.Fault{Kind: graph.FaultStatus, Status: 502, Body: "<html>Bad gateway</html>", Path: path, Times: 1})
	if a := s.want(502, "GET", path, nil); a.raw != "<html>Bad gateway</html>" {
		t.Errorf("a proxy's page: %s", a.raw)
	}
	s.fault(graph.Fault{Kind: graph.FaultStatus, Status: 409, Code: "Busy", Path: "/beta*", Times: 1})
	s.get(path)
	s.ClearFaults()
	s.fault(graph.Fault{Kind: graph.FaultStatus, Status: 500, For: graph.Duration(time.Minute)})
	s.want(500, "GET", path, nil)
	s.advance(time.Minute)
	s.get(path)
}

func TestAnAnswerCanBeLost(t *testing.T) {
	s, token := withToken(t, 0)
	path := s.GraphURL() + "/beta" + tokensPath + "/" + token.ID
	for kind, happened := range map[graph.FaultKind]bool{graph.FaultDropBefore: false, graph.FaultDropAfter: true} {
		s.fault(graph.Fault{Kind: kind, Method: "PATCH", Times: 1})
		_, err := s.try("PATCH", path, map[string]any{"tokenName": string(kind)})
		if !errors.Is(err, io.EOF) {
			t.Errorf("%s: got %v, want a closed connection", kind, err)
		}
		if got := s.get(tokensPath + "/" + token.ID).text("tokenName"); (got == string(kind)) != happened {
			t.Errorf("%s: tokenName is %q", kind, got)
		}
	}
	s.fault(graph.Fault{Kind: graph.FaultFailAfter, Method: "PATCH", Times: 1})
	s.want(500, "PATCH", tokensPath+"/"+token.ID, map[string]any{"tokenName": "kept"})
	if got := s.get(tokensPath + "/" + token.ID).text("tokenName"); got != "kept" {
		t.Errorf("fail_after: tokenName is %q", got)
	}
}

func TestAFaultThatMakesNoSenseIsRefused(t *testing.T) {
	s := newTenant(t, 0)
	for _, bad := range []graph.Fault{
		{Kind: "earthquake"},
		{Kind: graph.FaultStatus},
		{Kind: graph.FaultLatency},
		{Kind: graph.FaultDropAfter, Path: "["},
		{Kind: graph.FaultDropAfter, Times: -1},
	} {
		if _, err := s.AddFaults(bad); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}

func TestRequestsAreThrottledByTheWindow(t *testing.T) {
	s := newTenant(t, 0)
	s.set(func(c *graph.Settings) { c.Throttle.Writes, c.Throttle.Requests, c.Throttle.RetryAfter = 1, 3, "4" })
	body := map[string]any{"dataSharingConsentGranted": true}
	s.want(201, "POST", tokensPath, body)
	if a := s.want(429, "POST", tokensPath, body); a.header.Get("Retry-After") != "4" {
		t.Errorf("Retry-After: %q", a.header.Get("Retry-After"))
	}
	s.get(tokensPath)
	s.want(429, "GET", tokensPath, nil)
	s.advance(20 * time.Second)
	s.get(tokensPath)
}

func TestABatchIsAnsweredByTheWholeService(t *testing.T) {
	s, token := withToken(t, 0)
	s.fault(graph.Fault{Kind: graph.FaultThrottled, Path: "/deviceManagement", RetryAfter: "9"})
	request := func(id, method, url string) map[string]any {
		return map[string]any{"id": id, "method": method, "url": url}
	}
	create := request("2", "POST", profiles(token.ID))
	create["headers"], create["body"] = map[string]string{"Content-Type": "application/json"}, iosProfile(nil)
	dependent := request("5", "GET", tokensPath)
	dependent["dependsOn"] = []string{"3"}
	a := s.want(200, "POST", "/$batch", map[string]any{"requests": []any{
		request("1", "GET", tokensPath+"?$top=1"), create, request("3", "GET", "/deviceManagement"),
		request("4", "GET", tokensPath+"/$count"), dependent,
	}})
	statuses := map[string]float64{}
	for _, entry := range a.at("responses").([]any) {
		r := entry.(map[string]any)
		statuses[r["id"].(string)] = r["status"].(float64)
		if r["id"] == "3" && r["headers"].(map[string]any)["Retry-After"] != "9" {
			t.Errorf("inner Retry-After: %v", r)
		}
	}
	for id, want := range map[string]float64{"1": 200, "2": 201, "3": 429, "4": 200, "5": 424} {
		if statuses[id] != want {
			t.Errorf("request %s: got %v, want %v", id, statuses[id], want)
		}
	}
	if n := len(s.get(profiles(token.ID)).values()); n != 1 {
		t.Errorf("%d profiles, want 1", n)
	}
	many := make([]any, 21)
	for i := range many {
		many[i] = request(string(rune('a'+i)), "GET", tokensPath)
	}
	untyped := request("1", "POST", profiles(token.ID))
	untyped["body"] = map[string]any{}
	for name, requests := range map[string][]any{
		"too many": many, "none": {}, "same id": {request("1", "GET", "/a"), request("1", "GET", "/b")},
		"a body without a type": {untyped}, "absolute": {request("1", "GET", s.GraphURL())}, "unknown dependency": {dependent},
	} {
		if a := s.do("POST", "/$batch", map[string]any{"requests": requests}); a.status != 400 {
			t.Errorf("%s: got %d", name, a.status)
		}
	}
}

func TestSettingsThatMakeNoSenseAreRefused(t *testing.T) {
	s := newTenant(t, 0)
	for name, change := range map[string]func(*graph.Settings){
		"status": func(c *graph.Settings) { c.PatchStatus = 201 }, "page": func(c *graph.Settings) { c.PageSize = 0 },
		"form": func(c *graph.Settings) { c.PublicKeyForm = "der" }, "too early": func(c *graph.Settings) { c.TooEarlyStatus = 500 },
		"duration": func(c *graph.Settings) { c.AssignAfter = -1 }, "lifetime": func(c *graph.Settings) { c.AccessTokenLifetime = 0 },
		"rate": func(c *graph.Settings) { c.SyncPerMinute = 0 },
	} {
		if err := s.UpdateSettings(func(c *graph.Settings) error { change(c); return nil }); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestPathsThatLeadNowhereAreAnswered(t *testing.T) {
	s := newTenant(t, 0)
	for _, path := range []string{"", "/", "//", "/deviceManagement//x", "/deviceManagement/depOnboardingSettings('x"} {
		for _, method := range []string{"GET", "POST", "DELETE"} {
			if a := s.do(method, path, nil); a.status != 400 {
				t.Errorf("%s %s: %d %s", method, path, a.status, a.raw)
			}
		}
	}
	s.want(400, "POST", "/deviceManagement", nil)
}
