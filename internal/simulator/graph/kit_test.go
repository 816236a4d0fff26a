package graph_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/contract"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/graph"
)

// What the tests of this package share. The client is plain net/http, and every exchange is checked against the contract.

// opening is when the simulated clock of every test starts.
var opening = time.Date(2026, 8, 24, 7, 30, 0, 0, time.UTC)

// tenant is a simulator with a client that may do everything.
type tenant struct {
	*graph.Simulator
	t      *testing.T
	bearer string
}

// newTenant starts a simulator whose school owns so many devices.
func newTenant(t *testing.T, devices int) *tenant {
	t.Helper()
	validator, err := contract.New()
	must(t, err)
	validator.FailOn(t)
	sim := graph.New(graph.Options{
		Devices: devices, Seed: 7, Now: func() time.Time { return opening }, Middleware: validator.Middleware,
	})
	sim.Start(t)
	return &tenant{sim, t, sim.AccessToken()}
}

// withToken is a tenant that has had a token for a while, all of whose devices are on it.
func withToken(t *testing.T, devices int) (*tenant, graph.Token) {
	t.Helper()
	s := newTenant(t, devices)
	token, err := s.AddToken(graph.TokenSeed{Name: "District", Devices: devices})
	must(t, err)
	return s, token
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   map[string]any
	raw    string
}

// text walks down the body to a string, "" if there is none.
func (a answer) text(path ...string) string { v, _ := a.at(path...).(string); return v }

func (a answer) at(path ...string) any {
	var v any = a.body
	for _, name := range path {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

// values are the members of a collection.
func (a answer) values() []map[string]any {
	list, _ := a.body["value"].([]any)
	out := make([]map[string]any, 0, len(list))
	for _, entry := range list {
		m, _ := entry.(map[string]any)
		out = append(out, m)
	}
	return out
}

// message is the message of an error: the inner one where Intune's document is inside.
func (a answer) message() string {
	text := a.text("error", "message")
	var inner struct{ Message string }
	if json.Unmarshal([]byte(text), &inner) == nil {
		return inner.Message
	}
	return text
}

// do sends a request below /beta. A body that is a string is sent as it is.
func (s *tenant) do(method, path string, body any) answer {
	s.t.Helper()
	return s.send(method, s.GraphURL()+"/beta"+path, body)
}

func (s *tenant) send(method, url string, body any) answer {
	s.t.Helper()
	a, err := s.try(method, url, body)
	must(s.t, err)
	return a
}

func (s *tenant) try(method, url string, body any) (answer, error) {
	s.t.Helper()
	var payload []byte
	switch b := body.(type) {
	case nil:
	case string:
		payload = []byte(b)
	default:
		var err error
		payload, err = json.Marshal(b)
		must(s.t, err)
	}
	r, err := http.NewRequestWithContext(s.t.Context(), method, strings.ReplaceAll(url, " ", "%20"), bytes.NewReader(payload))
	must(s.t, err)
	if s.bearer != "" {
		r.Header.Set("Authorization", "Bearer "+s.bearer)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{status: resp.StatusCode, header: resp.Header, raw: string(raw)}
	_ = json.Unmarshal(raw, &a.body) // not all answers are JSON
	return a, nil
}

// want sends a request and checks the status.
func (s *tenant) want(status int, method, path string, body any) answer {
	s.t.Helper()
	a := s.do(method, path, body)
	if a.status != status {
		s.t.Fatalf("%s %s: got %d %s, want %d", method, path, a.status, a.raw, status)
	}
	return a
}

func (s *tenant) get(path string) answer { s.t.Helper(); return s.want(200, "GET", path, nil) }

// refused checks that a request is answered with a status and a message that has the text in it.
func (s *tenant) refused(status int, text, method, path string, body any) answer {
	s.t.Helper()
	a := s.want(status, method, path, body)
	if !strings.Contains(a.message(), text) {
		s.t.Errorf("%s %s: got the message %q, want %q in it", method, path, a.message(), text)
	}
	return a
}

func (s *tenant) set(change func(*graph.Settings)) {
	s.t.Helper()
	must(s.t, s.UpdateSettings(func(c *graph.Settings) error { change(c); return nil }))
}

func (s *tenant) advance(d time.Duration) { s.t.Helper(); must(s.t, s.AdvanceClock(d)) }

func (s *tenant) fault(f graph.Fault) {
	s.t.Helper()
	_, err := s.AddFaults(f)
	must(s.t, err)
}

// appleFault makes Apple misbehave.
func (s *tenant) appleFault(f apple.Fault) {
	s.t.Helper()
	_, err := s.Apple().AddFaults(f)
	must(s.t, err)
}

const tokensPath = "/deviceManagement/depOnboardingSettings"

func profiles(token string) string { return tokensPath + "/" + token + "/enrollmentProfiles" }

func devices(token string) string { return tokensPath + "/" + token + "/importedAppleDeviceIdentities" }

// iosProfile is a body that is taken, with changes.
func iosProfile(changes map[string]any) map[string]any {
	body := map[string]any{
		"@odata.type": "#microsoft.graph.depIOSEnrollmentProfile", "displayName": "Classroom",
		"supervisedModeEnabled": true, "isMandatory": true, "requiresUserAuthentication": false,
	}
	for name, value := range changes {
		if value == absent {
			delete(body, name)
			continue
		}
		body[name] = value
	}
	return body
}

// absent takes a property out of a body.
var absent = new(struct{})

// profile creates a classic profile and gives its id.
func (s *tenant) profile(token string, changes map[string]any) string {
	s.t.Helper()
	return s.want(201, "POST", profiles(token), iosProfile(changes)).text("id")
}

// serials are the devices of a token.
func (s *tenant) serials(token string) []string {
	s.t.Helper()
	out, err := s.SerialNumbers(token)
	must(s.t, err)
	return out
}

// device reads one row by its serial number.
func (s *tenant) device(token, serial string) map[string]any {
	s.t.Helper()
	rows := s.get(devices(token) + "?$filter=serialNumber eq '" + serial + "'").values()
	if len(rows) != 1 {
		s.t.Fatalf("device %s: got %d rows, want 1", serial, len(rows))
	}
	return rows[0]
}

// assign sends an assignment.
func (s *tenant) assign(token, profile string, serials ...string) {
	s.t.Helper()
	s.want(204, "POST", profiles(token)+"/"+profile+"/updateDeviceProfileAssignment", map[string]any{"deviceIds": serials})
}

// truth is what Apple has.
func (s *tenant) truth() map[string]string {
	s.t.Helper()
	out, err := s.Truth()
	must(s.t, err)
	return out
}
