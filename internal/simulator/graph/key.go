package graph

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"time"
)

// tokenKey is the key pair that a token's server token is encrypted for. Only the newest is kept.
type tokenKey struct {
	private *rsa.PrivateKey
	cert    *x509.Certificate
	pem     []byte
}

// newKey replaces the key pair: what Apple encrypted for the older one can no longer be read.
func (t *token) newKey() error {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return fmt.Errorf("making a key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return fmt.Errorf("making a serial number: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "Microsoft Intune DEP " + t.id, Organization: []string{"Microsoft Corporation"}},
		NotBefore:    longAgo, NotAfter: farAhead, KeyUsage: x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		return fmt.Errorf("making a certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return fmt.Errorf("reading the certificate: %w", err)
	}
	t.key = &tokenKey{private, cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
	return nil
}

// The validity of all certificates here: those who check them live in real time, the simulator does not.
var (
	longAgo  = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	farAhead = time.Date(2120, 1, 1, 0, 0, 0, 0, time.UTC)
)

// generatePublicKey answers generateEncryptionPublicKey.
func generatePublicKey(c *call) reply {
	t, refusal := c.appleToken()
	if refusal != nil {
		return *refusal
	}
	if err := t.newKey(); err != nil {
		return *c.refuse(http.StatusInternalServerError, "InternalServerError", "An error has occurred")
	}
	return c.value("Edm.String", t.publicKey(c.s.settings.PublicKeyForm))
}

// getPublicKey answers getEncryptionPublicKey.
func getPublicKey(c *call) reply {
	t, refusal := c.appleToken()
	if refusal != nil {
		return *refusal
	}
	if t.key != nil {
		return c.value("Edm.String", t.publicKey(c.s.settings.PublicKeyForm))
	}
	switch c.s.settings.NoPublicKey {
	case "not_found":
		return *c.notFound("The DEP token has no encryption public key")
	case "empty":
		return c.value("Edm.String", "")
	default:
		return c.value("Edm.String", nil)
	}
}

// publicKey is the text of the key: which form Intune uses is not documented.
func (t *token) publicKey(form string) string {
	if form == "base64" {
		return base64.StdEncoding.EncodeToString(t.key.pem)
	}
	return string(t.key.pem)
}

// appleToken is the token of the path, for what only a token for Apple has.
func (c *call) appleToken() (*token, *reply) {
	t, refusal := c.token()
	if refusal == nil && t == c.s.none {
		return nil, c.badRequest("The operation is not supported for this DEP token")
	}
	return t, refusal
}
