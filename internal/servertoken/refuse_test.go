package servertoken_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/servertoken"
)

func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
	if strings.Contains(err.Error(), "hush") {
		t.Errorf("the text holds a secret: %v", err)
	}
}

// Both ways of looking at a file must refuse it for the same reason: Inspect at plan, Decrypt at apply.
func TestWhatIsNotAServerTokenIsNamed(t *testing.T) {
	t.Parallel()
	pair, _ := pairs(t)
	good := appleToken(t, pair.Certificate)
	ber := appleMessage{cert: pair.Certificate, plaintext: applePlaintext(tokenJSON)}.ber(t)
	noise := make([]byte, 1<<20)
	_, _ = rand.Read(noise)
	pkcs8, _ := pem.Decode(pair.PrivateKeyPEM)
	ecKey, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ecDER, _ := x509.MarshalECPrivateKey(ecKey)

	for _, c := range []struct {
		name string
		file []byte
		want error
	}{
		{"nothing", nil, servertoken.ErrEmpty},
		{"white space", []byte(" \r\n\n"), servertoken.ErrEmpty},
		{"a megabyte of noise", noise, servertoken.ErrTooLarge},
		{"a saved sign-in page", []byte("<!DOCTYPE html><html><title>Sign in</title>"), servertoken.ErrHTML},
		{"a saved page with headers", []byte("Content-Type: text/html; charset=utf-8\n\n<html>"), servertoken.ErrHTML},
		{"the public key that was uploaded", pair.CertificatePEM, servertoken.ErrCertificate},
		{"a certificate in DER", pair.Certificate.Raw, servertoken.ErrCertificate},
		{"a bare public key", pemArmour("PUBLIC KEY", []byte("x")), servertoken.ErrCertificate},
		{"a private key", pair.PrivateKeyPEM, servertoken.ErrPrivateKey},
		{"a private key in DER", pkcs8.Bytes, servertoken.ErrPrivateKey},
		{"an EC private key", pemArmour("EC PRIVATE KEY", ecDER), servertoken.ErrPrivateKey},
		{"text", []byte("hello"), servertoken.ErrNotServerToken},
		{"decrypted JSON", []byte(tokenJSON), servertoken.ErrNotServerToken},
		{"a mail", []byte("From: it@school.example\nContent-Type: text/plain\n\nhere is the token"), servertoken.ErrNotServerToken},
		{"a signed message", []byte("Content-Type: application/pkcs7-mime; smime-type=signed-data\n" +
			"Content-Transfer-Encoding: base64\n\nMIIB"), servertoken.ErrNotServerToken},
		{"a content token", []byte(base64.StdEncoding.EncodeToString([]byte(`{"token":"x"}`))), servertoken.ErrContentToken},
		{"another structure", must(t, []int{1, 2}), servertoken.ErrNotServerToken},
		{"cut off in the headers", good[:150], servertoken.ErrTruncated},
		{"cut off in the middle", good[:len(good)/2], servertoken.ErrTruncated},
		{"one line missing at the end", good[:len(good)-40], servertoken.ErrTruncated},
		{"BER cut off", ber[:len(ber)-1], servertoken.ErrTruncated},
		{"PEM cut off", pemArmour("PKCS7", ber)[:500], servertoken.ErrTruncated},
		{
			"a character that base64 does not have", bytes.Replace(good, []byte("\r\n\r\nM"), []byte("\r\n\r\n*"), 1),
			servertoken.ErrDamaged,
		},
		{"something after the end", append(bytes.Clone(ber), 1, 2, 3), servertoken.ErrDamaged},
		{"nested without end", bytes.Repeat([]byte{0x30, 0x80}, 1000), servertoken.ErrDamaged},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := servertoken.Inspect(c.file)
			wantError(t, err, c.want)
			_, err = servertoken.Decrypt(c.file, pair.Certificate, pair.PrivateKey)
			wantError(t, err, c.want)
		})
	}
}

func TestOtherKeyNamesBothSerialNumbers(t *testing.T) {
	t.Parallel()
	pair, other := pairs(t)
	_, err := servertoken.Decrypt(appleToken(t, pair.Certificate), other.Certificate, other.PrivateKey)
	wantError(t, err, servertoken.ErrOtherKey)
	for _, cert := range []*x509.Certificate{pair.Certificate, other.Certificate} {
		if serial := fmt.Sprintf("%X", cert.SerialNumber); !strings.Contains(err.Error(), serial) {
			t.Errorf("%q does not name %s", err, serial)
		}
	}
	_, err = servertoken.Decrypt(appleToken(t, pair.Certificate), pair.Certificate, other.PrivateKey)
	wantError(t, err, servertoken.ErrKeyMismatch)
	if _, err := servertoken.Decrypt(nil, nil, nil); err == nil {
		t.Error("no certificate and no key opened something")
	}
}

// pkcs7 writes the name of a cipher that it does not know to standard output, which the plugin protocol owns. This test
// runs alone, since it exchanges the process's standard output.
func TestUnsupportedCiphersAreNamedAndNothingIsPrinted(t *testing.T) {
	pair, _ := pairs(t)
	stdout := os.Stdout
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	os.Stdout = write
	defer func() { os.Stdout = stdout }()

	for name, m := range map[string]appleMessage{
		"AES-192-CBC":   {contentOID: asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 22}},
		"AES-256-GCM":   {contentOID: asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 46}},
		"DES-CBC":       {contentOID: asn1.ObjectIdentifier{1, 3, 14, 3, 2, 7}},
		"1.2.3.4":       {contentOID: asn1.ObjectIdentifier{1, 2, 3, 4}},
		"RSA-OAEP":      {keyOID: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 7}},
		"1.2.840.10045": {keyOID: asn1.ObjectIdentifier{1, 2, 840, 10045}},
	} {
		m.cert, m.plaintext = pair.Certificate, tokenJSON
		file := appleFile(m.ber(t))
		_, err := servertoken.Decrypt(file, pair.Certificate, pair.PrivateKey)
		wantError(t, err, servertoken.ErrUnsupportedCipher)
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%q does not name %s", err, name)
		}
		if info, _ := servertoken.Inspect(file); info.ContentCipher != name && info.Recipients[0].KeyTransport != name {
			t.Errorf("Inspect does not name %s: %+v", name, info)
		}
	}
	_ = write.Close()
	if printed, _ := io.ReadAll(read); len(printed) > 0 {
		t.Errorf("printed to standard output: %s", printed)
	}
}

// What decrypts but is no token, and what makes pkcs7 panic.
func TestContentIsCheckedStrictly(t *testing.T) {
	t.Parallel()
	pair, _ := pairs(t)
	with := func(old, replacement string) string {
		return applePlaintext(strings.Replace(tokenJSON, old, replacement, 1))
	}
	for _, c := range []struct {
		name string
		m    appleMessage
		want error
	}{
		{"text", appleMessage{plaintext: "hello hush"}, servertoken.ErrNotToken},
		{"an empty text", appleMessage{plaintext: ""}, servertoken.ErrNotToken},
		{"a JSON list", appleMessage{plaintext: "[]"}, servertoken.ErrNotToken},
		{"a JSON null", appleMessage{plaintext: "null"}, servertoken.ErrNotToken},
		{"HTML part", appleMessage{plaintext: "Content-Type: image/png\r\n\r\n" + tokenJSON}, servertoken.ErrNotToken},
		{
			"a message without end",
			appleMessage{plaintext: strings.TrimSuffix(applePlaintext(tokenJSON), "E-----\n")},
			servertoken.ErrNotToken,
		},
		{"a missing key", appleMessage{plaintext: with("access_secret", "access_secrex")}, servertoken.ErrNotToken},
		{"a key in capitals", appleMessage{plaintext: with("access_secret", "ACCESS_SECRET")}, servertoken.ErrNotToken},
		{"an empty value", appleMessage{plaintext: with("CS_hush2", "")}, servertoken.ErrNotToken},
		{"a null", appleMessage{plaintext: with(`"CS_hush2"`, "null")}, servertoken.ErrNotToken},
		{"a number", appleMessage{plaintext: with(`"CS_hush2"`, "12")}, servertoken.ErrNotToken},
		{"a blank in a secret", appleMessage{plaintext: with("CS_hush2", "CS hush2")}, servertoken.ErrNotToken},
		{"a letter beyond ASCII", appleMessage{plaintext: with("CS_hush2", "CS_hush2é")}, servertoken.ErrNotToken},
		{"an escaped control character", appleMessage{plaintext: with("CS_hush2", `CS_hush2\u0000`)}, servertoken.ErrNotToken},
		{"no date", appleMessage{plaintext: with("2027-02-28T07:30:15Z", "hush")}, servertoken.ErrNotToken},
		{"a key twice", appleMessage{plaintext: with("{", `{"access_token":"AT_hush9",`)}, servertoken.ErrNotToken},
		{"data behind", appleMessage{plaintext: tokenJSON + "{}"}, servertoken.ErrNotToken},
		{"a control character", appleMessage{plaintext: tokenJSON + "\x01"}, servertoken.ErrDamaged},
		{"no UTF-8", appleMessage{plaintext: tokenJSON + "\xff"}, servertoken.ErrDamaged},
		{"half a block missing", appleMessage{plaintext: tokenJSON, cutCipher: 7}, servertoken.ErrDamaged},
		{"a block missing", appleMessage{plaintext: tokenJSON, cutCipher: 16}, servertoken.ErrDamaged},
		{"padding longer than a block", appleMessage{plaintext: "short", badPadding: 200}, servertoken.ErrDamaged},
		{"padding of nothing", appleMessage{plaintext: "short", badPadding: 9}, servertoken.ErrDamaged},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.m.cert = pair.Certificate
			_, err := servertoken.Decrypt(appleFile(c.m.ber(t)), pair.Certificate, pair.PrivateKey)
			wantError(t, err, c.want)
		})
	}
}

// Every octet of a message changed in one bit: never a panic, and never other credentials than Apple's.
func TestFlippedBitsNeverGiveOtherCredentials(t *testing.T) {
	t.Parallel()
	pair, _ := pairs(t)
	ber := appleMessage{cert: pair.Certificate, plaintext: applePlaintext(tokenJSON)}.ber(t)
	opened := 0
	for i := range ber {
		damaged := bytes.Clone(ber)
		damaged[i] ^= 1 << (i % 8)
		token, err := servertoken.Decrypt(damaged, pair.Certificate, pair.PrivateKey)
		switch {
		case err == nil && token != wantToken():
			t.Fatalf("octet %d changed gave other credentials", i)
		case err == nil:
			opened++
		case strings.Contains(err.Error(), "hush"):
			t.Fatalf("octet %d: the text holds a secret: %v", i, err)
		}
	}
	// What does not matter: versions, and the header of the inner part by way of the initialisation vector.
	if opened > 40 {
		t.Errorf("%d of %d changed messages were opened", opened, len(ber))
	}
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	token := wantToken()
	if err := token.CheckExpiry(expiry.Add(-time.Second)); err != nil {
		t.Errorf("a second before the end: %v", err)
	}
	err := token.CheckExpiry(expiry)
	wantError(t, err, servertoken.ErrExpired)
	if !strings.Contains(err.Error(), "28 February 2027") {
		t.Errorf("%q does not name the day", err)
	}
}

func TestNothingPrintsSecrets(t *testing.T) {
	t.Parallel()
	pair, _ := pairs(t)
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	private := base64.StdEncoding.EncodeToString(pair.PrivateKey.D.Bytes())[:20]
	pkcs8, _ := pem.Decode(pair.PrivateKeyPEM)
	inPEM := base64.StdEncoding.EncodeToString(pkcs8.Bytes)[:60]
	number := pair.PrivateKey.D.String()[:30]
	token := wantToken()
	for _, value := range []any{token, &token, []any{token}, struct{ T servertoken.Token }{token}, pair, &pair} {
		logger.Info("x", "value", value)
		asJSON, err := json.Marshal(value)
		if err != nil {
			t.Error(err)
		}
		log.Write(asJSON)
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			fmt.Fprintf(&log, verb, value)
		}
	}
	for _, secret := range []string{"hush", fmt.Sprintf("%x", "hush"), private, inPEM, number} {
		if strings.Contains(strings.ToLower(log.String()), strings.ToLower(secret)) {
			t.Errorf("a secret was printed (%s...)", secret[:4])
		}
	}
	if !strings.Contains(log.String(), "2027-02-28") {
		t.Error("the expiry is not printed: the test looks at the wrong thing")
	}
}
