package apple_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dghubble/oauth1"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

// What the tests of this package share. The client below signs and decrypts with libraries that this project did not
// write, and knows nothing of the simulator's code.

// opening is when the simulated clock of every test starts.
var opening = time.Date(2026, 8, 24, 7, 30, 0, 0, time.UTC)

// keyPair is what an MDM keeps: the certificate that is uploaded and its key.
type keyPair struct {
	key  *rsa.PrivateKey
	cert *x509.Certificate
	pem  []byte
}

// schoolKey is made once: RSA keys take a while.
var schoolKey = sync.OnceValue(func() keyPair { return newKeyPair("school", 2048) })

func newKeyPair(name string, bits int) keyPair {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(0x1234567890),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    opening.Add(-48 * time.Hour),
		NotAfter:     opening.Add(-24 * time.Hour), // expired: Apple does not mind
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return keyPair{key, cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

// school is a simulator with one MDM server and a client that has its server token.
type school struct {
	*apple.Simulator
	t      *testing.T
	server apple.Server
	client *client
}

// newSchool starts a simulator with devices in the inventory, of which assigned are on the MDM server.
func newSchool(t *testing.T, devices, assigned int) *school {
	t.Helper()
	sim := apple.New(apple.Options{Devices: devices, Seed: 7, Now: func() time.Time { return opening }})
	sim.Start(t)
	server, err := sim.CreateServer("District", schoolKey().pem)
	must(t, err)
	s := &school{Simulator: sim, t: t, server: server}
	s.client = s.login(s.download())
	if assigned > 0 {
		_, err := sim.AssignDevices(server.ID, apple.Selection{Count: assigned})
		must(t, err)
	}
	return s
}

// serverToken is the JSON inside a .p7m.
type serverToken struct {
	ConsumerKey       string    `json:"consumer_key"`
	ConsumerSecret    string    `json:"consumer_secret"`
	AccessToken       string    `json:"access_token"`
	AccessSecret      string    `json:"access_secret"`
	AccessTokenExpiry time.Time `json:"access_token_expiry"`
}

// download fetches and decrypts a server token.
func (s *school) download() serverToken {
	s.t.Helper()
	file, err := s.ServerToken(s.server.ID)
	must(s.t, err)
	return openToken(s.t, file, schoolKey())
}

// openToken decrypts a .p7m.
func openToken(t *testing.T, file []byte, with keyPair) serverToken {
	t.Helper()
	_, text, _ := strings.Cut(string(open(t, file, with)), "-----BEGIN MESSAGE-----")
	text, _, _ = strings.Cut(text, "-----END MESSAGE-----")
	var out serverToken
	must(t, json.Unmarshal([]byte(text), &out))
	return out
}

// open decrypts a .p7m and returns the plaintext.
func open(t *testing.T, file []byte, with keyPair) []byte {
	t.Helper()
	_, encoded, found := strings.Cut(string(file), "\n\n")
	if !found {
		t.Fatalf("no blank line after the headers of the token file:\n%s", file)
	}
	der, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(encoded, "\n", ""))
	must(t, err)
	return dissect(t, der).decrypt(t, with)
}

// client is an MDM that talks to the simulator.
type client struct {
	t       *testing.T
	url     string
	token   serverToken
	session string
	header  http.Header
	http    *http.Client
}

// newClient is a client without a session.
func (s *school) newClient(token serverToken) *client {
	return &client{
		t: s.t, url: s.AppleURL(), token: token, http: &http.Client{Transport: &http.Transport{}},
		header: http.Header{
			"User-Agent":                {"school-mdm/1.0"},
			"Content-Type":              {"application/json;charset=UTF8"},
			"X-Server-Protocol-Version": {"10"},
		},
	}
}

// login is a client with a session.
func (s *school) login(token serverToken) *client {
	s.t.Helper()
	c := s.newClient(token)
	c.renew()
	return c
}

// renew opens a session.
func (c *client) renew() {
	c.t.Helper()
	got := c.openSession()
	got.wantStatus(200)
	var body struct {
		Session string `json:"auth_session_token"`
	}
	got.decode(&body)
	c.session = body.Session
}

// openSession calls GET /session, signed.
func (c *client) openSession() answer {
	c.t.Helper()
	config := oauth1.NewConfig(c.token.ConsumerKey, c.token.ConsumerSecret)
	signed := oauth1.NewClient(oauth1.NoContext, config, oauth1.NewToken(c.token.AccessToken, c.token.AccessSecret))
	signed.Transport.(*oauth1.Transport).Base = c.http.Transport
	return c.send(signed, http.MethodGet, "/session", nil)
}

// do makes an ordinary call; body is text, or is encoded as JSON.
func (c *client) do(method, path string, body any) answer {
	c.t.Helper()
	return c.send(c.http, method, path, body)
}

func (c *client) send(with *http.Client, method, path string, body any) answer {
	c.t.Helper()
	resp, err := c.try(with, method, path, body)
	must(c.t, err)
	return resp
}

// try is send for calls that may have no answer.
func (c *client) try(with *http.Client, method, path string, body any) (answer, error) {
	c.t.Helper()
	request, err := http.NewRequest(method, c.url+path, bytes.NewReader(encode(c.t, body)))
	must(c.t, err)
	request.Header = c.header.Clone()
	if c.session != "" {
		request.Header.Set("X-ADM-Auth-Session", c.session)
	}
	resp, err := with.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, err
	}
	return answer{t: c.t, what: method + " " + path, status: resp.StatusCode, header: resp.Header, body: string(text)}, nil
}

func encode(t *testing.T, body any) []byte {
	t.Helper()
	switch v := body.(type) {
	case nil:
		return nil
	case string:
		return []byte(v)
	}
	out, err := json.Marshal(body)
	must(t, err)
	return out
}

// answer is a response.
type answer struct {
	t      *testing.T
	what   string
	status int
	header http.Header
	body   string
}

func (a answer) wantStatus(want int) answer {
	a.t.Helper()
	if a.status != want {
		a.t.Fatalf("%s: got status %d %q, want %d", a.what, a.status, a.body, want)
	}
	return a
}

// wantError checks status and exact text.
func (a answer) wantError(status int, body string) {
	a.t.Helper()
	if a.status != status || a.body != body {
		a.t.Errorf("%s: got %d %q, want %d %q", a.what, a.status, a.body, status, body)
	}
}

func (a answer) decode(v any) answer {
	a.t.Helper()
	a.wantStatus(200)
	if err := json.Unmarshal([]byte(a.body), v); err != nil {
		a.t.Fatalf("%s: decoding %q: %v", a.what, a.body, err)
	}
	return a
}

// page is a fetch or sync response.
type page struct {
	Devices      []map[string]any `json:"devices"`
	Cursor       string           `json:"cursor"`
	FetchedUntil *time.Time       `json:"fetched_until"`
	More         bool             `json:"more_to_follow"`
}

func (p page) serials() []string {
	var out []string
	for _, d := range p.Devices {
		out = append(out, d["serial_number"].(string))
	}
	return out
}

// changes are "serial op_type profile_uuid" per line of a sync.
func (p page) changes() []string {
	var out []string
	for _, d := range p.Devices {
		line := fmt.Sprint(d["serial_number"], " ", d["op_type"])
		if uuid, has := d["profile_uuid"]; has {
			line += fmt.Sprint(" ", uuid)
		}
		out = append(out, line)
	}
	return out
}

func (c *client) page(path, cursor string, limit int) page {
	c.t.Helper()
	body := map[string]any{}
	if cursor != "" {
		body["cursor"] = cursor
	}
	if limit != 0 {
		body["limit"] = limit
	}
	var out page
	c.do(http.MethodPost, path, body).decode(&out)
	return out
}

// fetchAll walks a full fetch and returns all pages.
func (c *client) fetchAll(limit int) []page {
	c.t.Helper()
	pages := []page{c.page("/server/devices", "", limit)}
	for last := pages[0]; last.More; {
		last = c.page("/server/devices", last.Cursor, limit)
		pages = append(pages, last)
	}
	return pages
}

// fetchEnd walks a full fetch and returns the cursor at its end.
func (c *client) fetchEnd() string {
	c.t.Helper()
	pages := c.fetchAll(1000)
	return pages[len(pages)-1].Cursor
}

func (c *client) sync(cursor string) page {
	c.t.Helper()
	return c.page("/devices/sync", cursor, 1000)
}

// define makes a profile and returns its UUID.
func (c *client) define(name string) string {
	c.t.Helper()
	var out struct {
		UUID string `json:"profile_uuid"`
	}
	c.do(http.MethodPost, "/profile", map[string]any{
		"profile_name": name, "url": "https://mdm.school.example/enroll",
	}).decode(&out)
	return out.UUID
}

// assignment is the response of assign and define.
type assignment struct {
	UUID       string            `json:"profile_uuid"`
	Devices    map[string]string `json:"devices"`
	RetryAfter *int              `json:"retry_after_seconds"`
}

func (c *client) assign(uuid string, serials ...string) assignment {
	c.t.Helper()
	var out assignment
	c.do(http.MethodPost, "/profile/devices", map[string]any{"profile_uuid": uuid, "devices": serials}).decode(&out)
	return out
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// same compares by their JSON, which prints well.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	g, w := string(encode(t, got)), string(encode(t, want))
	if g != w {
		t.Errorf("%s:\n got %s\nwant %s", what, g, w)
	}
}
