package apple

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"strings"
	"time"
)

// secretBytes are the random bytes in each of the four values of a token. It makes a token as long as a recorded one.
const secretBytes = 31

// token is one downloaded server token.
type token struct {
	server               *mdmServer
	access, accessSecret string
	expiry               time.Time // whole seconds
	replaced, revoked    bool
}

// ServerToken downloads a fresh server token of an MDM server: a .p7m file in Apple's form, valid for a year. Earlier
// ones of that server stop working.
func (s *Simulator) ServerToken(id string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.server(id)
	if err != nil {
		return nil, err
	}
	t := &token{
		server:       m,
		access:       "AT_" + randomHex(secretBytes, false),
		accessSecret: "AS_" + randomHex(secretBytes, false),
		expiry:       s.clock.now().AddDate(1, 0, 0).Truncate(time.Second),
	}
	file, err := t.file(m.cert)
	if err != nil {
		return nil, fmt.Errorf("making a server token for %q: %w", m.name, err)
	}
	if m.current != nil {
		m.current.replaced = true
	}
	s.endSessions(func(other *session) bool { return other.token.server == m })
	m.current = t
	s.tokens[t.access] = t
	return file, nil
}

// RevokeToken makes the server token in use, and all earlier ones, useless: token_rejected.
func (s *Simulator) RevokeToken(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.server(id)
	if err != nil {
		return err
	}
	if m.current == nil {
		return conflict("MDM server %q has no server token", m.name)
	}
	m.current.revoked = true
	s.endSessions(func(other *session) bool { return other.token.server == m })
	return nil
}

// file is the token as the portal offers it for download (Apple: Examining server tokens; headers, line endings and
// wrapper as in a file recorded from Apple in 2025).
func (t *token) file(recipient *x509.Certificate) ([]byte, error) {
	sealed, err := envelop(t.message(), recipient)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	out.WriteString("Content-Type: application/pkcs7-mime; name=\"smime.p7m\"; smime-type=enveloped-data\n" +
		"Content-Transfer-Encoding: base64\n" +
		"Content-Disposition: attachment; filename=\"smime.p7m\"\n" +
		"Content-Description: S/MIME Encrypted Message\n\n")
	for encoded := base64.StdEncoding.EncodeToString(sealed); encoded != ""; {
		line := encoded[:min(76, len(encoded))]
		encoded = encoded[len(line):]
		out.WriteString(line + "\n")
	}
	return out.Bytes(), nil
}

// message is the plaintext of the envelope: a MIME part around one line of JSON.
func (t *token) message() []byte {
	const head = "Content-Type: text/plain;charset=UTF-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
	return fmt.Appendf(nil, head+"-----BEGIN MESSAGE-----\n"+
		`{"consumer_key":%q,"consumer_secret":%q,"access_token":%q,"access_secret":%q,"access_token_expiry":%q}`+
		"\n-----END MESSAGE-----\n",
		t.server.consumerKey, t.server.consumerSecret, t.access, t.accessSecret, t.expiry.Format(time.RFC3339))
}

// parsePublicKey reads the certificate that a person uploads to the portal.
func parsePublicKey(data []byte) (*x509.Certificate, error) {
	der := data
	if block, _ := pem.Decode(data); block != nil {
		if block.Type != "CERTIFICATE" {
			return nil, badRequest("the public key file has a PEM block %q: want an X.509 certificate", block.Type)
		}
		der = block.Bytes
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, badRequest("the public key file is not an X.509 certificate in PEM or DER form: %v", err)
	}
	key, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok || key.N.BitLen() < 2048 {
		return nil, badRequest("the certificate needs an RSA key of 2048 bits or more")
	}
	return cert, nil
}

// randomHex is n random bytes in hex.
func randomHex(n int, upper bool) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	if upper {
		return strings.ToUpper(hex.EncodeToString(b))
	}
	return hex.EncodeToString(b)
}
