package servertoken_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/servertoken"
)

func checkOpens(t *testing.T, file []byte, pair servertoken.KeyPair, form, cipher string) {
	t.Helper()
	info, err := servertoken.Inspect(file)
	if err != nil {
		t.Fatalf("Inspect: %v", err)
	}
	if info.Form != form || info.ContentCipher != cipher {
		t.Errorf("Inspect says %s, %s; want %s, %s", info.Form, info.ContentCipher, form, cipher)
	}
	if !info.EncryptedFor(pair.Certificate) {
		t.Errorf("Inspect does not see that it is for certificate %X: %v", pair.Certificate.SerialNumber, info.Recipients)
	}
	token, err := servertoken.Decrypt(file, pair.Certificate, pair.PrivateKey)
	if err != nil {
		t.Fatalf("Decrypt: %v", err)
	}
	if token != wantToken() {
		t.Error("Decrypt gave other credentials than went in")
	}
}

func TestAppleFormOpens(t *testing.T) {
	t.Parallel()
	pair, other := pairs(t)
	ber := appleMessage{cert: pair.Certificate, plaintext: applePlaintext(tokenJSON)}.ber(t)
	broken := strings.ReplaceAll(tokenJSON, ",", ",\n ")

	for _, c := range []struct {
		name, form string
		file       []byte
	}{
		{"as Apple sends it", "S/MIME", appleFile(ber)},
		{"with LF line ends", "S/MIME", bytes.ReplaceAll(appleFile(ber), []byte("\r\n"), []byte("\n"))},
		{"with a byte order mark and empty lines", "S/MIME", append([]byte("\xef\xbb\xbf\n\n"), appleFile(ber)...)},
		{"bare BER", "DER", ber},
		{"bare base64", "base64", []byte(base64.StdEncoding.EncodeToString(ber))},
		{"base64 without padding", "base64", []byte(base64.RawStdEncoding.EncodeToString(ber))},
		{"PEM", "PEM", pemArmour("PKCS7", ber)},
		{"PEM as CMS", "PEM", pemArmour("CMS", ber)},
		{"JSON over several lines, without BEGIN MESSAGE (Apple's printed example)", "S/MIME", appleFile(appleMessage{
			cert: pair.Certificate, plaintext: "Content-Type: text/plain;charset=UTF-8\r\n\r\n" + broken,
		}.ber(t))},
		{"bare JSON", "S/MIME", appleFile(appleMessage{cert: pair.Certificate, plaintext: tokenJSON}.ber(t))},
		{"a key that is not known", "S/MIME", appleFile(appleMessage{
			cert: pair.Certificate, plaintext: applePlaintext(strings.Replace(tokenJSON, "{", `{"more":{"a":[1]},`, 1)),
		}.ber(t))},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			checkOpens(t, c.file, pair, c.form, "AES-128-CBC")
			info, _ := servertoken.Inspect(c.file)
			if info.EncryptedFor(other.Certificate) || info.EncryptedFor(nil) {
				t.Error("it claims to be for a certificate that it is not for")
			}
			got := info.Recipients[0]
			if got.Issuer != "CN=District" || got.KeyTransport != "RSA-PKCS1-v1_5" || got.SerialText() != fmt.Sprintf("%X", pair.Certificate.SerialNumber) {
				t.Errorf("recipient %+v", got)
			}
		})
	}
}

func TestOpenSSLFormsOpen(t *testing.T) {
	t.Parallel()
	pair, other := pairs(t)
	ciphers := map[string]string{"-aes-128-cbc": "AES-128-CBC", "-aes-256-cbc": "AES-256-CBC", "-des3": "3DES-CBC"}
	for _, command := range []string{"smime", "cms"} {
		for option, cipher := range ciphers {
			for _, format := range []string{"SMIME", "DER", "PEM"} {
				for _, stream := range []bool{false, true} {
					args := []string{command, "-encrypt", option, "-outform", format}
					if stream {
						args = append(args, "-stream")
					}
					t.Run(fmt.Sprint(args), func(t *testing.T) {
						t.Parallel()
						file := openssl(t, pair.CertificatePEM, applePlaintext(tokenJSON), args...)
						form := map[string]string{"SMIME": "S/MIME", "DER": "DER", "PEM": "PEM"}[format]
						checkOpens(t, file, pair, form, cipher)
						_, err := servertoken.Decrypt(file, other.Certificate, other.PrivateKey)
						wantError(t, err, servertoken.ErrOtherKey)
					})
				}
			}
		}
	}
}

// Authenticated encryption and AES-192 are not what Apple sends, and are refused by name.
func TestOpenSSLUnsupportedIsNamed(t *testing.T) {
	t.Parallel()
	pair, _ := pairs(t)
	for name, args := range map[string][]string{
		"AES-192-CBC":              {"cms", "-encrypt", "-aes-192-cbc"},
		"authenticated encryption": {"cms", "-encrypt", "-aes-256-gcm"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := servertoken.Decrypt(openssl(t, pair.CertificatePEM, tokenJSON, args...), pair.Certificate, pair.PrivateKey)
			wantError(t, err, servertoken.ErrUnsupportedCipher)
			if !strings.Contains(err.Error(), name) {
				t.Errorf("%q does not name %s", err, name)
			}
		})
	}
}
