package servertoken_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/servertoken"
)

var (
	now    = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	expiry = time.Date(2027, 2, 28, 7, 30, 15, 0, time.UTC)
)

// The made-up credentials of every token here. Tests look for "hush" in whatever is printed.
const tokenJSON = `{"consumer_key":"CK_hush1","consumer_secret":"CS_hush2","access_token":"AT_hush3",` +
	`"access_secret":"AS_hush4","access_token_expiry":"2027-02-28T07:30:15Z"}`

func wantToken() servertoken.Token {
	return servertoken.Token{
		ConsumerKey: "CK_hush1", ConsumerSecret: "CS_hush2", AccessToken: "AT_hush3", AccessSecret: "AS_hush4", Expiry: expiry,
	}
}

// applePlaintext is the inner part as Apple writes it: CRLF in the header, LF in the message.
func applePlaintext(json string) string {
	return "Content-Type: text/plain;charset=UTF-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n-----BEGIN MESSAGE-----\n" + json +
		"\n-----END MESSAGE-----\n"
}

var (
	pairOnce   sync.Once
	first, two servertoken.KeyPair
)

// pairs makes two key pairs, once for all tests.
func pairs(tb testing.TB) (one, other servertoken.KeyPair) {
	tb.Helper()
	pairOnce.Do(func() {
		var err error
		if first, err = servertoken.NewKeyPair("District", now); err != nil {
			tb.Fatal(err)
		}
		if two, err = servertoken.NewKeyPair("Other", now); err != nil {
			tb.Fatal(err)
		}
	})

	return first, two
}

// The encoder below writes CMS as Apple does: indefinite lengths throughout, the encrypted content in pieces. It shares
// nothing with the package under test.

func indefinite(id byte, parts ...[]byte) []byte {
	out := []byte{id, 0x80}
	for _, p := range parts {
		out = append(out, p...)
	}

	return append(out, 0, 0)
}

func must(tb testing.TB, value any) []byte {
	tb.Helper()
	der, err := asn1.Marshal(value)
	if err != nil {
		tb.Fatal(err)
	}

	return der
}

type appleMessage struct {
	cert       *x509.Certificate
	plaintext  string
	contentOID asn1.ObjectIdentifier
	keyOID     asn1.ObjectIdentifier
	cutCipher  int  // octets taken off the end of the ciphertext
	badPadding byte // overwrites the last octet before encryption
}

func (m appleMessage) ber(tb testing.TB) []byte {
	tb.Helper()
	key, iv := make([]byte, 16), make([]byte, aes.BlockSize)
	_, _ = rand.Read(key)
	_, _ = rand.Read(iv)
	pad := aes.BlockSize - len(m.plaintext)%aes.BlockSize
	padded := append([]byte(m.plaintext), bytes.Repeat([]byte{byte(pad)}, pad)...)
	if m.badPadding != 0 {
		padded[len(padded)-1] = m.badPadding
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		tb.Fatal(err)
	}
	encrypted := make([]byte, len(padded))
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(encrypted, padded)
	encrypted = encrypted[:len(encrypted)-m.cutCipher]
	wrapped, err := rsa.EncryptPKCS1v15(rand.Reader, m.cert.PublicKey.(*rsa.PublicKey), key) //nolint:staticcheck // it is what Apple uses
	if err != nil {
		tb.Fatal(err)
	}

	return m.assemble(tb, iv, encrypted, wrapped)
}

func (m appleMessage) assemble(tb testing.TB, iv, encrypted, wrapped []byte) []byte {
	tb.Helper()
	if m.contentOID == nil {
		m.contentOID = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 2}
	}
	if m.keyOID == nil {
		m.keyOID = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	}
	const sequence, set = 0x30, 0x31
	null := []byte{5, 0}
	recipient := indefinite(sequence, must(tb, 0),
		indefinite(sequence, m.cert.RawIssuer, must(tb, m.cert.SerialNumber)),
		indefinite(sequence, must(tb, m.keyOID), null), must(tb, wrapped))
	var pieces [][]byte
	for len(encrypted) > 0 {
		n := min(len(encrypted), 100)
		pieces = append(pieces, must(tb, encrypted[:n]))
		encrypted = encrypted[n:]
	}
	content := indefinite(sequence, must(tb, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}),
		indefinite(sequence, must(tb, m.contentOID), must(tb, iv)), indefinite(0xa0, pieces...))
	enveloped := indefinite(sequence, must(tb, 0), indefinite(set, recipient), content)

	return indefinite(sequence, must(tb, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 3}), indefinite(0xa0, enveloped))
}

func appleFile(ber []byte) []byte {
	return []byte("Content-Type: application/pkcs7-mime; name=\"smime.p7m\"; smime-type=enveloped-data\r\n" +
		"Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"smime.p7m\"\r\n" +
		"Content-Description: S/MIME Encrypted Message\r\n\r\n" + lines(ber, "\r\n"))
}

func lines(data []byte, end string) string {
	var b strings.Builder
	for text := base64.StdEncoding.EncodeToString(data); text != ""; {
		n := min(len(text), 76)
		b.WriteString(text[:n] + end)
		text = text[n:]
	}

	return b.String()
}

func appleToken(tb testing.TB, cert *x509.Certificate) []byte {
	tb.Helper()

	return appleFile(appleMessage{cert: cert, plaintext: applePlaintext(tokenJSON)}.ber(tb))
}

// openssl runs the openssl program on a plaintext, for a certificate.
func openssl(tb testing.TB, cert []byte, plaintext string, args ...string) []byte {
	tb.Helper()
	program, err := exec.LookPath("openssl")
	if err != nil {
		tb.Skip("openssl is not installed: files made by OpenSSL are not tested")
	}
	dir := tb.TempDir()
	in, pem, out := filepath.Join(dir, "in"), filepath.Join(dir, "cert.pem"), filepath.Join(dir, "out")
	for path, content := range map[string]string{in: plaintext, pem: string(cert)} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	args = append(args, "-binary", "-in", in, "-out", out, pem)
	if text, err := exec.CommandContext(tb.Context(), program, args...).CombinedOutput(); err != nil {
		tb.Fatalf("openssl %v: %v\n%s", args, err, text)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		tb.Fatal(err)
	}

	return data
}

func pemArmour(label string, der []byte) []byte {
	return fmt.Appendf(nil, "-----BEGIN %s-----\n%s-----END %s-----\n", label, lines(der, "\n"), label)
}
