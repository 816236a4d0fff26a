package servertoken_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/servertoken"
)

func addSeeds(f *testing.F) servertoken.KeyPair {
	f.Helper()
	pair, other := pairs(f)
	good := appleMessage{cert: pair.Certificate, plaintext: applePlaintext(tokenJSON)}.ber(f)
	for _, seed := range [][]byte{
		nil, good, appleFile(good), pemArmour("PKCS7", good), appleToken(f, other.Certificate), pair.CertificatePEM,
		[]byte("<html>"), bytes.Repeat([]byte{0x30, 0x80}, 40), good[:len(good)-30],
		appleMessage{cert: pair.Certificate, plaintext: "x", badPadding: 200}.ber(f),
	} {
		f.Add(seed)
	}

	return pair
}

// Whatever is read: no panic, and an Info only of what names a recipient.
func FuzzInspect(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, file []byte) {
		info, err := servertoken.Inspect(file)
		if err == nil && (len(info.Recipients) == 0 || info.Recipients[0].SerialNumber == nil || info.ContentCipher == "") {
			t.Errorf("accepted with %+v", info)
		}
	})
}

// Whatever is read: no panic, no secret in an error, and what opens has all fields.
func FuzzDecrypt(f *testing.F) {
	pair := addSeeds(f)
	f.Fuzz(func(t *testing.T, file []byte) {
		token, err := servertoken.Decrypt(file, pair.Certificate, pair.PrivateKey)
		if err != nil {
			if strings.Contains(err.Error(), "hush") {
				t.Errorf("the text holds a secret: %v", err)
			}

			return
		}
		if token.ConsumerKey == "" || token.ConsumerSecret == "" || token.AccessToken == "" || token.AccessSecret == "" ||
			token.Expiry.IsZero() {
			t.Error("opened without all fields")
		}
	})
}
