package graph_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/graph"
)

const pushPath = "/deviceManagement/applePushNotificationCertificate"

func TestTheSingletonIsTheCapturedOne(t *testing.T) {
	s := newTenant(t, 0)
	got := s.get("/deviceManagement")
	if len(got.body) != 9 || got.at("maximumDepTokens") != 100.0 || got.text("lastReportAggregationDateTime") != never {
		t.Errorf("deviceManagement: %s", got.raw)
	}
	if got := s.get("/deviceManagement?$select=intuneAccountId"); len(got.body) != 2 {
		t.Errorf("selected: %s", got.raw)
	}
}

func TestThePushCertificateIsThereOrNot(t *testing.T) {
	s := newTenant(t, 0)
	if got := s.get(pushPath); got.text("expirationDateTime") != "2027-08-24T07:30:00Z" || !strings.HasPrefix(got.text("topicIdentifier"), "com.apple.mgmt.External.") {
		t.Errorf("push certificate: %s", got.raw)
	}
	s.want(204, "DELETE", pushPath, nil)
	s.want(404, "GET", pushPath, nil)
	s.set(func(c *graph.Settings) { c.NoPushCertificate = "empty" })
	if got := s.get(pushPath); got.text("expirationDateTime") != never || got.at("topicIdentifier") != nil {
		t.Errorf("none: %s", got.raw)
	}
	s.SetPushCertificate(&graph.PushCertificate{Topic: "com.apple.mgmt.External.x", ExpiresAt: opening.Add(time.Hour)})
	if got := s.get(pushPath); got.text("expirationDateTime") != "2026-08-24T08:30:00Z" {
		t.Errorf("set: %s", got.raw)
	}
}

// pushCertificate is a certificate with a topic.
func pushCertificate(t *testing.T, topic string) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(0xABCDEF), NotBefore: opening, NotAfter: opening.AddDate(1, 0, 0),
		Subject: pkix.Name{CommonName: "APSP", ExtraNames: []pkix.AttributeTypeAndValue{
			{Type: asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 1}, Value: topic},
		}},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func TestAPushCertificateIsUploaded(t *testing.T) {
	s := newTenant(t, 0)
	s.advance(time.Hour)
	a := s.want(200, "PATCH", pushPath, map[string]any{"appleIdentifier": "new@school.example", "certificate": pushCertificate(t, "com.apple.mgmt.External.new")})
	if a.text("topicIdentifier") != "com.apple.mgmt.External.new" || a.text("certificateSerialNumber") != "ABCDEF" ||
		a.text("expirationDateTime") != "2027-08-24T07:30:00Z" || a.text("lastModifiedDateTime") != "2026-08-24T08:30:00Z" ||
		a.text("appleIdentifier") != "new@school.example" || a.at("certificate") != nil {
		t.Errorf("uploaded: %s", a.raw)
	}
	s.refused(400, "invalid", "PATCH", pushPath, map[string]any{"certificate": "hello"})
	s.SetPushCertificate(nil)
	s.refused(400, "required", "PATCH", pushPath, map[string]any{"appleIdentifier": "x"})
}

func TestSigningRequestsAreRead(t *testing.T) {
	s := newTenant(t, 0)
	first := s.get(pushPath + "/downloadApplePushNotificationCertificateSigningRequest()").text("value")
	if again := s.get(pushPath + "/downloadApplePushNotificationCertificateSigningRequest").text("value"); again != first {
		t.Error("the request changes by itself")
	}
	block, _ := pem.Decode([]byte(first))
	if block == nil {
		t.Fatalf("no PEM: %s", first)
	}
	_, err := x509.ParseCertificateRequest(block.Bytes)
	must(t, err)
	if fresh := s.want(200, "POST", pushPath+"/generateApplePushNotificationCertificateSigningRequest", nil).text("value"); fresh == first {
		t.Error("no new request")
	}
}

func TestConsentsAreListedAndGranted(t *testing.T) {
	s := newTenant(t, 0)
	must(t, s.SetConsent(graph.DEPConsentID, false))
	path := "/deviceManagement/dataSharingConsents"
	rows := s.get(path).values()
	if len(rows) != 2 || rows[0]["serviceDisplayName"] != "Apple Device Enrollment Program" || rows[0]["granted"] != false || rows[0]["grantDateTime"] != never {
		t.Errorf("consents: %v", rows)
	}
	s.bearer = s.DelegatedAccessToken()
	a := s.want(200, "POST", path+"/"+graph.DEPConsentID+"/consentToDataSharing", nil)
	if a.at("granted") != true || a.text("grantedByUpn") != "admin@school.example" || a.text("grantDateTime") != "2026-08-24T07:30:00Z" {
		t.Errorf("granted: %s", a.raw)
	}
	if got := s.get(path + "/" + graph.DEPConsentID); got.at("granted") != true {
		t.Errorf("read again: %s", got.raw)
	}
	s.want(404, "GET", path+"/x", nil)
	if s.SetConsent("x", true) == nil {
		t.Error("an unknown consent was set")
	}
}

// admin speaks with the admin API.
func (s *tenant) admin(method, path, body string) (int, map[string]any) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.AdminURL()+path, bytes.NewReader([]byte(body)))
	must(s.t, err)
	resp, err := http.DefaultClient.Do(r)
	must(s.t, err)
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	must(s.t, err)
	var out map[string]any
	_ = json.Unmarshal(raw, &out) // lists are not looked at
	return resp.StatusCode, out
}

func TestTheAdminAPIDoesWhatTheMethodsDo(t *testing.T) {
	s := newTenant(t, 10)
	s.HandleAdmin("GET /contract", http.NotFoundHandler()) // too late, and harmless
	status, token := s.admin("POST", "/tokens", `{"name":"District","devices":4}`)
	if status != 200 || token["device_count"] != 4.0 {
		t.Fatalf("POST /tokens: %d %v", status, token)
	}
	id := token["id"].(string)
	_, profile := s.admin("POST", "/tokens/"+id+"/profiles", `{"displayName":"Classroom"}`)
	serial := s.serials(id)[0]
	for _, step := range []struct{ method, path, body string }{
		{"POST", "/tokens/" + id + "/profiles/" + profile["id"].(string) + "/devices", `{"serial_numbers":["` + serial + `"]}`},
		{"POST", "/tokens/" + id + "/profiles/" + profile["id"].(string) + "/default", ""},
		{"PUT", "/domains/federated.example", `{"federated":true}`},
		{"PUT", "/push-certificate", `{"topic":"x"}`},
		{"DELETE", "/push-certificate", ""},
		{"PUT", "/consents/" + graph.DEPConsentID, `{"granted":false}`},
		{"POST", "/faults", `[{"kind":"latency","latency":"1ms"}]`},
		{"DELETE", "/faults", ""},
		{"POST", "/settings", `{"patch_status":204,"visible_after":{"profiles":"1m"}}`},
		{"POST", "/clock", `{"advance":"90s"}`},
		{"GET", "/tokens", ""},
		{"GET", "/tokens/" + id + "/devices", ""},
		{"GET", "/faults", ""},
		{"DELETE", "/requests", ""},
	} {
		if status, out := s.admin(step.method, step.path, step.body); status != 200 {
			t.Errorf("%s %s: %d %v", step.method, step.path, status, out)
		}
	}
	if _, truth := s.admin("GET", "/truth", ""); truth[serial] != "Classroom" {
		t.Errorf("truth: %v", truth)
	}
	if _, settings := s.admin("GET", "/settings", ""); settings["patch_status"] != 204.0 || settings["sync_minimum"] != "30s" {
		t.Errorf("settings: %v", settings)
	}
	if _, clock := s.admin("GET", "/clock", ""); clock["now"] != "2026-08-24T07:31:30Z" {
		t.Errorf("clock: %v", clock)
	}
	_, bearer := s.admin("GET", "/access-token", "")
	s.bearer = bearer["access_token"].(string)
	s.want(404, "GET", pushPath, nil)
	if _, requests := s.admin("GET", "/requests", ""); requests["total"] != 1.0 {
		t.Errorf("requests: %v", requests)
	}
	for _, bad := range []struct {
		method, path, body string
		status             int
	}{
		{"POST", "/tokens", `{"nam":"x"}`, 400},
		{"POST", "/tokens", `{}`, 400},
		{"POST", "/tokens", `{"name":"Other","devices":11}`, 409},
		{"POST", "/tokens/x/profiles", `{}`, 404},
		{"POST", "/tokens/" + id + "/profiles", `{"displayName":"x","colour":"red"}`, 400},
		{"POST", "/tokens/" + id + "/profiles", `{"displayName":""}`, 400},
		{"POST", "/clock", `{"advance":"-1s"}`, 400},
		{"POST", "/settings", `{"patch_status":201}`, 400},
		{"POST", "/faults", `[{"kind":"earthquake"}]`, 400},
		{"GET", "/requests?serials=perhaps", "", 400},
		{"PUT", "/consents/x", `{}`, 404},
	} {
		if status, out := s.admin(bad.method, bad.path, bad.body); status != bad.status || out["error"] == "" {
			t.Errorf("%s %s %s: %d %v, want %d", bad.method, bad.path, bad.body, status, out, bad.status)
		}
	}
}

func TestSecretsAreListedForLeakTests(t *testing.T) {
	s, token := withToken(t, 0)
	secrets := s.Secrets()
	if len(secrets) < 8 || token.PublicKeyPEM == "" {
		t.Errorf("%d secrets", len(secrets))
	}
	for _, secret := range secrets {
		if len(secret) < 20 {
			t.Errorf("%q is no secret", secret)
		}
	}
}

func TestOnlyLoopbackIsListenedOn(t *testing.T) {
	s := graph.New(graph.Options{})
	for _, addresses := range [][3]string{
		{"0.0.0.0:0", "127.0.0.1:0", "127.0.0.1:0"}, {"127.0.0.1:0", "192.0.2.1:0", "127.0.0.1:0"}, {"127.0.0.1:0", "127.0.0.1:0", ":0"},
	} {
		if err := s.Listen(t.Context(), addresses[0], addresses[1], addresses[2]); err == nil {
			t.Errorf("%v was taken", addresses)
		}
	}
	if s.GraphURL() != "" {
		t.Errorf("it listens on %s", s.GraphURL())
	}
}
