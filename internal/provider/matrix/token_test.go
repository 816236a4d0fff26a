package matrix

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

// keyPairs are the key pairs of another MDM.
var keyPairs = sync.OnceValue(func() (out [2]struct{ certificate, key string }) {
	for i := range out {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		template := &x509.Certificate{SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: "MDM"}, NotAfter: time.Date(2046, 1, 1, 0, 0, 0, 0, time.UTC)}
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			panic(err)
		}
		out[i].certificate = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
		out[i].key = string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	}
	return out
})

// brought is the configuration that brings a key pair.
func brought(n int) config {
	return config{
		"certificate_pem":        func(*world) any { return keyPairs()[n].certificate },
		"private_key_wo":         func(*world) any { return keyPairs()[n].key },
		"private_key_wo_version": fmt.Sprint(n),
	}
}

func without(c config, name string) config {
	out := maps.Clone(c)
	delete(out, name)
	return out
}

// serverToken downloads a server token for the key of an object.
func serverToken(t *testing.T, w *world, s tftest.State) config {
	t.Helper()
	server := ok(w.apple.CreateServer(fmt.Sprint(s.At("name")), []byte(fmt.Sprint(s.At("public_key_pem")))))(t)
	return config{"server_token_wo": string(ok(w.apple.ServerToken(server.ID))(t)), "server_token_wo_version": "1"}
}

func tokens() specification {
	return specification{
		resource: "asm_token", kinds: bothServices,
		base: func(_ *testing.T, _ *world, name string) config {
			return config{"name": name, "apple_id": "it@school.example", "deletion_protection": false}
		},
		importID: func(s tftest.State) string { return fmt.Sprint(s.At("id")) },
		// An import is protected. Intune learns the type with the first server token:
		// until then it is taken for the default.
		differs: func(w *world, path string) []string {
			var out []string
			if path != "deletion_protection" {
				out = append(out, "deletion_protection")
			}
			if w.kind == enrollment.Intune && path == "type" {
				out = append(out, "type")
			}
			return out
		},
		attributes: append(tokenAttributes(), timeoutsOf(false, nil, "create", "update")...),
		truth: func(t *testing.T, w *world, s tftest.State) map[string]any {
			found := w.atGraph(t, "GET", fmt.Sprintf("/depOnboardingSettings/%s", s.At("id")), nil)
			found["used"] = found["tokenType"] != "none"
			return found
		},
		drift: func(t *testing.T, w *world, s tftest.State, fields map[string]any) {
			w.atGraph(t, "PATCH", fmt.Sprintf("/depOnboardingSettings/%s", s.At("id")), fields)
		},
	}
}

func tokenAttributes() []attribute {
	const (
		foreign = "Intune takes no key pair of another MDM"
		secret  = "it is write-only: nothing keeps it"
		version = "it is a version of what is write-only, in state only"
	)
	is := func(v any) bool { return v != nil && v != "" }
	return []attribute{
		{path: "name", set: "Year 7", change: "Year 8", leftOut: reasons{removed: required}, embedded: &service{}, intune: &service{field: "tokenName"}},
		{path: "apple_id", set: "a@school.example", change: "b@school.example", embedded: &service{}, intune: &service{field: "appleIdentifier"}},
		{
			path: "type", set: "business", change: "school", embedded: &service{gone: "school"},
			intune: &service{gone: "school", leftOut: reasons{drifted: "it is what the server token says"}},
		},
		{
			path: "scope_tag_ids", set: []any{"0", "4"}, change: []any{"0"}, elsewhere: "scope",
			intune: &service{field: "roleScopeTagIds", gone: []any{"0", "4"}, without: []any{"0", "4"}, stays: true},
		},
		{
			path: "expiry_warning_days", set: 60, change: 10, leftOut: reasons{drifted: onlyInState},
			embedded: &service{gone: 30, differs: []string{"expiry_warning_days"}}, intune: &service{gone: 30, differs: []string{"expiry_warning_days"}},
		},
		{
			path: "deletion_protection", set: true, change: false, leftOut: reasons{drifted: onlyInState, removed: "it is true then, and a token that is protected is not destroyed"},
			embedded: &service{}, intune: &service{},
		},
		{
			path: "key_rotation", set: "2026", change: "2027", leftOut: reasons{drifted: onlyInState},
			embedded: &service{differs: []string{"key_rotation"}, alsoOn: map[phase][]string{changed: {"staged_public_key_pem"}, unknown: {"staged_public_key_pem"}}},
			intune: &service{
				differs: []string{"key_rotation"},
				alsoOn:  map[phase][]string{changed: {"public_key_pem", "public_key_sha256"}, unknown: {"public_key_pem", "public_key_sha256"}},
			},
		},
		{
			path: "certificate_pem", with: without(brought(0), "certificate_pem"), set: func(*world) any { return keyPairs()[0].certificate },
			leftOut: reasons{
				imported: version, drifted: version, changed: "it changes with its private key: private_key_wo_version", removed: "what goes with it needs it",
				unknown: "private_key_wo_version has the case",
			},
			embedded: &service{}, elsewhere: foreign,
		},
		{
			path: "private_key_wo", with: without(brought(0), "private_key_wo"), set: func(*world) any { return keyPairs()[0].key },
			leftOut:  reasons{imported: secret, drifted: secret, changed: "it changes with private_key_wo_version", removed: "its version keeps it from being needed: tested in the package", unknown: "private_key_wo_version has the case"},
			embedded: &service{writeOnly: true}, elsewhere: foreign,
		},
		{
			path: "private_key_wo_version", with: without(brought(0), "private_key_wo_version"), changeWith: without(brought(1), "private_key_wo_version"), set: "0", change: "1",
			leftOut:  reasons{imported: version, drifted: version, removed: "certificate_pem needs it"},
			embedded: &service{also: []string{"certificate_pem", "public_key_pem", "public_key_sha256", "staged_public_key_pem"}}, elsewhere: foreign, blames: "certificate_pem",
		},
		{
			path: "server_token_wo", later: serverToken,
			leftOut:  reasons{imported: secret, drifted: secret, changed: "it changes with server_token_wo_version", removed: "its version keeps it from being needed: tested in the package", unknown: "server_token_wo_version has the case"},
			embedded: &service{writeOnly: true, set: func(*world) any { return nil }},
			intune:   &service{writeOnly: true, set: func(*world) any { return nil }, field: "used", has: true},
		},
		{
			path: "server_token_wo_version", later: serverToken, set: "1", change: "2",
			leftOut:  reasons{imported: version, drifted: version, unknown: "the key that a server token is made for is known only after the first step: tested in the package"},
			embedded: &service{also: []string{"expires_at", "organization", "server_name", "status"}, alsoOn: map[phase][]string{removed: nil}},
			intune:   &service{field: "used", has: true, becomes: true, without: true, also: []string{"expires_at", "status"}, alsoOn: map[phase][]string{removed: nil}},
		},
		{path: "id", embedded: &service{}, intune: &service{}, reads: is},
		{path: "public_key_pem", embedded: &service{}, intune: &service{}, reads: is},
		{path: "public_key_sha256", embedded: &service{}, intune: &service{}, reads: is},
		{path: "staged_public_key_pem", with: config{"key_rotation": "2026"}, embedded: &service{}, intune: &service{}, reads: nothing},
		{path: "status", embedded: &service{}, intune: &service{}, reads: "awaiting_server_token"},
		{path: "expires_at", embedded: &service{}, intune: &service{}, reads: nothing},
		{path: "organization", embedded: &service{}, intune: &service{}, reads: nothing},
		{path: "server_name", embedded: &service{}, intune: &service{}, reads: nothing},
	}
}

// nothing: a token that awaits its server token does not have it. With one,
// TestATokenInUse reads it.
func nothing(v any) bool { return v == nil }
