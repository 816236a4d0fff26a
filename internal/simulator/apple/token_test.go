package apple_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

func TestServerTokenFileHasApplesHeadersAndLines(t *testing.T) {
	s := newSchool(t, 0, 0)
	file, err := s.ServerToken(s.server.ID)
	must(t, err)
	want := "Content-Type: application/pkcs7-mime; name=\"smime.p7m\"; smime-type=enveloped-data\n" +
		"Content-Transfer-Encoding: base64\n" +
		"Content-Disposition: attachment; filename=\"smime.p7m\"\n" +
		"Content-Description: S/MIME Encrypted Message\n\n"
	rest, ok := strings.CutPrefix(string(file), want)
	if !ok {
		t.Fatalf("headers: got\n%s", file)
	}
	lines := strings.Split(strings.TrimSuffix(rest, "\n"), "\n")
	for i, line := range lines {
		if len(line) != 76 && i < len(lines)-1 || len(line) > 76 {
			t.Errorf("base64 line %d has %d columns, want 76", i, len(line))
		}
	}
}

func TestServerTokenPlaintextIsAMIMEPartAroundOneLineOfJSON(t *testing.T) {
	s := newSchool(t, 0, 0)
	file, err := s.ServerToken(s.server.ID)
	must(t, err)
	want := regexp.MustCompile(`^Content-Type: text/plain;charset=UTF-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n` +
		`-----BEGIN MESSAGE-----\n` +
		`\{"consumer_key":"CK_[0-9a-f]+","consumer_secret":"CS_[0-9a-f]+","access_token":"AT_[0-9a-f]+",` +
		`"access_secret":"AS_[0-9a-f]+","access_token_expiry":"2027-08-24T07:30:00Z"\}\n` +
		`-----END MESSAGE-----\n$`)
	if plain := open(t, file, schoolKey()); !want.Match(plain) {
		t.Errorf("plaintext:\n%s\nwant a match of %s", plain, want)
	}
}

// The lengths and tags of a recorded file; dissect fails on any other.
func TestServerTokenEnvelopeIsBERAsRecorded(t *testing.T) {
	s := newSchool(t, 0, 0)
	file, err := s.ServerToken(s.server.ID)
	must(t, err)
	_, encoded, _ := strings.Cut(string(file), "\n\n")
	der, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(encoded, "\n", ""))
	must(t, err)
	got := dissect(t, der)
	cert := schoolKey().cert
	equal(t, "recipient issuer", string(got.recipient.ID.Issuer.FullBytes), string(cert.RawIssuer))
	equal(t, "recipient serial number", got.recipient.ID.Serial.String(), cert.SerialNumber.String())
	equal(t, "encrypted content, bytes", len(got.ciphertext), 512)
}

func TestServerTokenLivesAYearOnTheVirtualClock(t *testing.T) {
	s := newSchool(t, 0, 0)
	equal(t, "expiry", s.client.token.AccessTokenExpiry, opening.AddDate(1, 0, 0))
	must(t, s.AdvanceClock(opening.AddDate(1, 0, 0).Sub(opening)-time.Second))
	s.client.renew()
	must(t, s.AdvanceClock(time.Second))
	s.client.openSession().wantError(403, "token_expiredForbidden")
	s.client.do("GET", "/account", nil).wantError(401, "") // the session that was opened ended with the token
	equal(t, "state in the portal", serverOf(s).TokenState, "expired")
}

func serverOf(s *school) apple.Server {
	s.t.Helper()
	server, err := s.Server(s.server.ID)
	must(s.t, err)
	return server
}

func TestDownloadingATokenEndsTheEarlierOnes(t *testing.T) {
	s := newSchool(t, 0, 0)
	first := s.client
	second := s.login(s.download())
	equal(t, "consumer key stays", second.token.ConsumerKey, first.token.ConsumerKey)
	equal(t, "consumer secret stays", second.token.ConsumerSecret, first.token.ConsumerSecret)
	if first.token.AccessToken == second.token.AccessToken || first.token.AccessSecret == second.token.AccessSecret {
		t.Error("the access half did not change")
	}
	first.do("GET", "/account", nil).wantError(401, "")
	first.openSession().wantError(403, "token_rejected")
	second.do("GET", "/account", nil).wantStatus(200)

	must(t, s.UpdateSettings(func(c *apple.Settings) error { c.ReplacedTokenError = "signature_invalid"; return nil }))
	first.openSession().wantError(403, "signature_invalid")
}

func TestRevokedTokenIsRejectedUntilANewDownload(t *testing.T) {
	s := newSchool(t, 0, 0)
	must(t, s.RevokeToken(s.server.ID))
	s.client.do("GET", "/account", nil).wantError(401, "")
	s.client.openSession().wantError(403, "token_rejected")
	equal(t, "state in the portal", serverOf(s).TokenState, "revoked")
	s.login(s.download()).do("GET", "/account", nil).wantStatus(200)
	equal(t, "state in the portal", serverOf(s).TokenState, "valid")
}

func TestNewPublicKeyIsUsedFromTheNextDownload(t *testing.T) {
	s := newSchool(t, 0, 0)
	next := newKeyPair("next", 2048)
	_, err := s.UpdateServer(s.server.ID, "", next.pem)
	must(t, err)
	s.client.openSession().wantStatus(200) // the old token serves on
	file, err := s.ServerToken(s.server.ID)
	must(t, err)
	s.login(openToken(t, file, next))
}

func TestPublicKeyIsACertificateWithRSAOf2048BitsOrMore(t *testing.T) {
	sim := apple.New(apple.Options{})
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	ecDER, err := x509.CreateCertificate(rand.Reader, template, template, &ec.PublicKey, ec)
	must(t, err)
	bare, err := x509.MarshalPKIXPublicKey(&schoolKey().key.PublicKey)
	must(t, err)
	for _, c := range []struct {
		name string
		file []byte
		ok   bool
	}{
		{"PEM", schoolKey().pem, true},
		{"DER", schoolKey().cert.Raw, true},
		{"RSA 1024", newKeyPair("short", 1024).pem, false},
		{"EC", ecDER, false},
		{"bare public key", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: bare}), false},
		{"text", []byte("not a certificate"), false},
		{"nothing", nil, false},
	} {
		_, err := sim.CreateServer(c.name, c.file)
		if (err == nil) != c.ok {
			t.Errorf("%s: got error %v, want accepted %t", c.name, err, c.ok)
		}
	}
}
