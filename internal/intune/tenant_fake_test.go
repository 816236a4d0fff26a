package intune_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/intune"
)

const (
	districtID = "d1a1a1a1-0000-4000-8000-00000000000d"
	accountID  = "54fac284-7866-43e5-860a-9c8e10fa3d7d"
	never      = "0001-01-01T00:00:00Z"
	bearer     = "the-access-token"
)

// graphFake is the part of Microsoft Graph that tokens need, on a clock that only waiting moves.
type graphFake struct {
	t  *testing.T
	mu sync.Mutex
	// now is the clock of the service; Intune's is ahead by skew.
	now  time.Time
	skew time.Duration
	// tokens are as Intune has them, shown as readers see them: what they were late ago.
	tokens map[string]object
	shown  []snapshot
	late   time.Duration
	due    []event
	// keys are the strings that getEncryptionPublicKey gives; generated is what generateEncryptionPublicKey makes.
	keys      map[string]string
	generated []string
	profiles  map[string][]string
	entities  map[string]object // by path: what stands beside the tokens
	// syncTakes and syncFails are how the next syncs go.
	syncTakes time.Duration
	syncFails int
	// tooEarly is the status of a sync that is asked for too early.
	tooEarly int
	// keepsCode: the error code of the run before shows until the end of the next.
	clearsCode bool
	// uploadSyncs: Intune syncs by itself after an upload. uploadGives is what an upload makes of the token.
	uploadSyncs bool
	uploadGives object
	// fault answers in place of the fake where it gives a status; after has the fake do the work first.
	fault func(r *http.Request) (status int, body string)
	after func(r *http.Request) (status int, body string)

	requests []string
	bodies   map[string][]string
	posts    []time.Time // syncs that were asked for, by the clock of the service
	early    int         // of them, too early
}

type object = map[string]any

type snapshot struct {
	at     time.Time
	tokens map[string]object
}

type event struct {
	at time.Time
	do func()
}

func newGraph(t *testing.T) *graphFake {
	return &graphFake{
		t: t, now: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC), tokens: map[string]object{}, keys: map[string]string{}, profiles: map[string][]string{},
		entities:  map[string]object{"/deviceManagement": {"id": "deviceManagement", "intuneAccountId": accountID}},
		syncTakes: 40 * time.Second, tooEarly: 429, uploadSyncs: true, bodies: map[string][]string{},
	}
}

// open gives a service on the fake. change may change its configuration.
func (g *graphFake) open(change ...func(*intune.Config)) *intune.Service {
	g.t.Helper()
	server := httptest.NewServer(g)
	g.t.Cleanup(server.Close)
	return g.openAt(server.URL, change...)
}

func (g *graphFake) openAt(endpoint string, change ...func(*intune.Config)) *intune.Service {
	g.t.Helper()
	config := intune.Config{
		Endpoint: endpoint, Token: func(context.Context) (string, error) { return bearer, nil }, AppOnly: true, Version: "test",
		VisibleWithin: 2 * time.Minute, Now: g.clock, Wait: g.wait,
	}
	for _, c := range change {
		c(&config)
	}
	s, err := intune.Open(config)
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { _ = s.Close() })
	return s
}

func (g *graphFake) clock() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.now
}

func (g *graphFake) wait(ctx context.Context, d time.Duration) error {
	g.advance(d)
	return ctx.Err()
}

func (g *graphFake) advance(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now = g.now.Add(d)
	g.settle()
}

// intunes is Intune's clock.
func (g *graphFake) intunes() time.Time { return g.now.Add(g.skew) }

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.0000000Z") }

// add makes a token that awaits its server token.
func (g *graphFake) add(id string, properties object) {
	g.mu.Lock()
	defer g.mu.Unlock()
	token := object{
		"id": id, "appleIdentifier": nil, "tokenExpirationDateTime": never, "lastModifiedDateTime": never, "lastSuccessfulSyncDateTime": never,
		"lastSyncTriggeredDateTime": never, "shareTokenWithSchoolDataSyncService": false, "lastSyncErrorCode": 0, "tokenType": "none", "tokenName": nil,
		"syncedDeviceCount": 0, "dataSharingConsentGranted": true, "roleScopeTagIds": []any{"0"},
	}
	maps.Copy(token, properties)
	g.tokens[id] = token
	g.show()
}

// addDistrict makes a token in use, synced an hour ago.
func (g *graphFake) addDistrict(properties object) {
	g.t.Helper()
	token := object{
		"tokenName": "District", "appleIdentifier": "it@school.example", "tokenType": "appleSchoolManager", "syncedDeviceCount": 3,
		"tokenExpirationDateTime": stamp(g.now.Add(200 * 24 * time.Hour)), "lastModifiedDateTime": stamp(g.now.Add(-165 * 24 * time.Hour)),
		"lastSyncTriggeredDateTime": stamp(g.now.Add(-time.Hour)), "lastSuccessfulSyncDateTime": stamp(g.now.Add(-time.Hour + time.Minute)),
	}
	maps.Copy(token, properties)
	g.add(districtID, token)
	g.keys[districtID] = certificateOf(g.t, 0).pem
}

func (g *graphFake) set(id string, properties object) {
	maps.Copy(g.tokens[id], properties)
	g.show()
}

func (g *graphFake) show() {
	copied := map[string]object{}
	for id, token := range g.tokens {
		copied[id] = maps.Clone(token)
	}
	g.shown = append(g.shown, snapshot{g.now, copied})
}

// seen is what readers see now.
func (g *graphFake) seen() map[string]object {
	for _, s := range slices.Backward(g.shown) {
		if !s.at.After(g.now.Add(-g.late)) {
			return s.tokens
		}
	}
	return g.shown[0].tokens
}

// settle does what is due, at its time.
func (g *graphFake) settle() {
	now := g.now
	for {
		slices.SortStableFunc(g.due, func(a, b event) int { return a.at.Compare(b.at) })
		if len(g.due) == 0 || g.due[0].at.After(now) {
			break
		}
		next := g.due[0]
		g.due = g.due[1:]
		g.now = next.at
		next.do()
	}
	g.now = now
}

// begin starts a sync.
func (g *graphFake) begin(id string) {
	started := object{"lastSyncTriggeredDateTime": stamp(g.intunes())}
	if g.clearsCode {
		started["lastSyncErrorCode"] = 0
	}
	g.set(id, started)
	fails := g.syncFails
	g.due = append(g.due, event{g.now.Add(g.syncTakes), func() {
		if fails != 0 {
			g.set(id, object{"lastSyncErrorCode": fails})
			return
		}
		g.set(id, object{"lastSyncErrorCode": 0, "lastSuccessfulSyncDateTime": stamp(g.intunes())})
	}})
}

const collection = "/beta/deviceManagement/depOnboardingSettings"

func (g *graphFake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	raw, _ := io.ReadAll(r.Body)
	name := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/beta")
	g.requests = append(g.requests, name)
	g.bodies[name] = append(g.bodies[name], string(raw))
	if r.Header.Get("Authorization") != "Bearer "+bearer {
		g.refuse(w, 401, "InvalidAuthenticationToken", "no token")
		return
	}
	if g.fault != nil {
		if status, body := g.fault(r); status != 0 {
			g.plain(w, status, body)
			return
		}
	}
	recorder := httptest.NewRecorder()
	g.answer(recorder, r, raw)
	if g.after != nil {
		if status, body := g.after(r); status != 0 {
			g.plain(w, status, body)
			return
		}
	}
	maps.Copy(w.Header(), recorder.Header())
	w.WriteHeader(recorder.Code)
	_, _ = w.Write(recorder.Body.Bytes())
}

func (g *graphFake) plain(w http.ResponseWriter, status int, body string) {
	w.Header().Set("request-id", fmt.Sprintf("request-%d", len(g.requests)))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func (g *graphFake) refuse(w http.ResponseWriter, status int, code, message string) {
	g.plain(w, status, refusalBody(code, message))
}

func refusalBody(code, message string) string {
	inner, _ := json.Marshal(object{"_version": 3, "Message": message + " - Operation ID (for customer support): 0 - Activity ID: 1 - Url: https://fef.example"})
	body, _ := json.Marshal(object{"error": object{"code": code, "message": string(inner), "innerError": object{"request-id": "inner"}}})
	return string(body)
}

func (g *graphFake) reply(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		g.t.Error(err)
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func (g *graphFake) answer(w http.ResponseWriter, r *http.Request, raw []byte) {
	below, ofTokens := strings.CutPrefix(r.URL.Path, collection)
	if !ofTokens {
		g.answerBeside(w, r)
		return
	}
	id, action, _ := strings.Cut(strings.TrimPrefix(below, "/"), "/")
	switch {
	case id == "" && r.Method == http.MethodGet:
		var rows []object
		for _, id := range slices.Sorted(maps.Keys(g.seen())) {
			rows = append(rows, g.seen()[id])
		}
		g.reply(w, 200, object{"value": orEmpty(rows)})
	case id == "":
		g.create(w, raw)
	case g.tokens[id] == nil && (r.Method != http.MethodGet || g.seen()[id] == nil):
		g.refuse(w, 404, "ResourceNotFound", "DepOnboardingSetting not found")
	case action == "" && r.Method == http.MethodGet:
		if g.seen()[id] == nil {
			g.refuse(w, 404, "ResourceNotFound", "DepOnboardingSetting not found")
			return
		}
		g.reply(w, 200, g.seen()[id])
	default:
		g.act(w, r.Method+" "+action, id, raw)
	}
}

func orEmpty(rows []object) []object {
	if rows == nil {
		return []object{}
	}
	return rows
}

func (g *graphFake) answerBeside(w http.ResponseWriter, r *http.Request) {
	if entity, ok := g.entities[strings.TrimPrefix(r.URL.Path, "/beta")]; ok {
		g.reply(w, 200, entity)
		return
	}
	g.refuse(w, 404, "ResourceNotFound", "no such thing")
}

func (g *graphFake) create(w http.ResponseWriter, raw []byte) {
	id := fmt.Sprintf("c0c0c0c0-0000-4000-8000-%012d", len(g.tokens))
	token := object{
		"id": id, "appleIdentifier": nil, "tokenExpirationDateTime": never, "lastModifiedDateTime": stamp(g.intunes()), "lastSuccessfulSyncDateTime": never,
		"lastSyncTriggeredDateTime": never, "shareTokenWithSchoolDataSyncService": false, "lastSyncErrorCode": 0, "tokenType": "none",
		"syncedDeviceCount": 0, "dataSharingConsentGranted": false, "roleScopeTagIds": []any{},
	}
	var body object
	_ = json.Unmarshal(raw, &body)
	delete(body, "@odata.type")
	maps.Copy(token, body)
	g.tokens[id] = token
	g.show()
	g.reply(w, 201, token)
}

func (g *graphFake) act(w http.ResponseWriter, what, id string, raw []byte) {
	switch what {
	case "PATCH ":
		var body object
		_ = json.Unmarshal(raw, &body)
		delete(body, "@odata.type")
		g.set(id, body)
		w.WriteHeader(http.StatusNoContent)
	case "DELETE ":
		delete(g.tokens, id)
		g.show()
		w.WriteHeader(http.StatusNoContent)
	case "GET getEncryptionPublicKey()":
		g.reply(w, 200, object{"value": orNil(g.keys[id])})
	case "POST generateEncryptionPublicKey":
		g.keys[id], g.generated = g.generated[0], g.generated[1:]
		g.reply(w, 200, object{"value": g.keys[id]})
	case "POST uploadDepToken":
		made := object{
			"tokenType": "appleSchoolManager", "tokenExpirationDateTime": stamp(g.intunes().Add(365 * 24 * time.Hour)), "lastModifiedDateTime": stamp(g.intunes()),
		}
		maps.Copy(made, g.uploadGives)
		g.set(id, made)
		if g.uploadSyncs {
			g.begin(id)
		}
		w.WriteHeader(http.StatusNoContent)
	case "POST syncWithAppleDeviceEnrollmentProgram":
		g.sync(w, id)
	case "POST shareForSchoolDataSyncService", "POST unshareForSchoolDataSyncService":
		g.set(id, object{"shareTokenWithSchoolDataSyncService": strings.HasPrefix(what, "POST share")})
		w.WriteHeader(http.StatusNoContent)
	case "GET enrollmentProfiles":
		var rows []object
		for _, profile := range g.profiles[id] {
			rows = append(rows, object{"id": id + "_" + profile})
		}
		g.reply(w, 200, object{"value": orEmpty(rows)})
	default:
		g.t.Errorf("the fake has no %s", what)
		w.WriteHeader(http.StatusInternalServerError)
	}
}

func orNil(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func (g *graphFake) sync(w http.ResponseWriter, id string) {
	g.posts = append(g.posts, g.now)
	last, _ := time.Parse(time.RFC3339, fmt.Sprint(g.tokens[id]["lastSyncTriggeredDateTime"]))
	if g.intunes().Before(last.Add(15 * time.Minute)) {
		g.early++
		g.refuse(w, g.tooEarly, "TooManyRequests", "A sync was requested recently")
		return
	}
	g.begin(id)
	w.WriteHeader(http.StatusNoContent)
}

// count is the number of requests so far whose method and path end so.
func (g *graphFake) count(method, suffix string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := 0
	for _, r := range g.requests {
		if strings.HasPrefix(r, method+" ") && strings.HasSuffix(r, suffix) {
			n++
		}
	}
	return n
}

// body is the last body of the requests to a path below the collection.
func (g *graphFake) body(method, below string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := g.bodies[method+" /deviceManagement/depOnboardingSettings"+below]
	if len(all) == 0 {
		g.t.Fatalf("no request %s %s", method, below)
	}
	return all[len(all)-1]
}
