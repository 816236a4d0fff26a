package servertoken

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"time"
)

const (
	keyBits = 2048

	// The certificate's end does not affect the token (facts: NDEP uses a day, others five years), but the portal takes
	// no ended certificate: long enough for a school to renew a token with the same key pair year after year.
	certificateLifetime = 10 * 365 * 24 * time.Hour

	// The portal's clock may be behind the one that made the certificate.
	certificateBackdate = 24 * time.Hour
)

// KeyPair is a private key and the self-signed certificate that a person uploads to the portal. Every way of printing it
// shows the certificate's serial number only.
type KeyPair struct {
	Certificate *x509.Certificate
	PrivateKey  *rsa.PrivateKey

	// CertificatePEM is the file for the portal ("public key"), one CERTIFICATE block.
	CertificatePEM []byte

	// PrivateKeyPEM is PKCS#8, unencrypted: a secret.
	PrivateKeyPEM []byte
}

// NewKeyPair makes an RSA-2048 key and a self-signed certificate for it, with the usages that Apple's portal and other
// MDM servers' files show: key encipherment and digital signature. The certificate is valid from a day before now.
func NewKeyPair(commonName string, now time.Time) (KeyPair, error) {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return KeyPair{}, fmt.Errorf("making an RSA key: %w", err)
	}
	template, err := certificateTemplate(commonName, now)
	if err != nil {
		return KeyPair{}, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return KeyPair{}, fmt.Errorf("making the certificate of a key pair: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return KeyPair{}, fmt.Errorf("reading back the certificate of a key pair: %w", err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return KeyPair{}, fmt.Errorf("encoding the private key of a key pair: %w", err)
	}

	return KeyPair{
		Certificate:    cert,
		PrivateKey:     key,
		CertificatePEM: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		PrivateKeyPEM:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}),
	}, nil
}

func certificateTemplate(commonName string, now time.Time) (*x509.Certificate, error) {
	if commonName == "" {
		return nil, errors.New("the certificate of a key pair needs a common name")
	}
	// 127 random bits and a leading one: positive, never zero, at most 20 octets (RFC 5280 4.1.2.2).
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("making a serial number: %w", err)
	}

	return &x509.Certificate{
		SerialNumber:          serial.SetBit(serial, 127, 1),
		Subject:               pkix.Name{CommonName: commonName},
		NotBefore:             now.Add(-certificateBackdate).UTC(),
		NotAfter:              now.Add(certificateLifetime).UTC(),
		KeyUsage:              x509.KeyUsageKeyEncipherment | x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
	}, nil
}

// String names the certificate and no secret.
func (k KeyPair) String() string {
	if k.Certificate == nil {
		return "key pair (empty)"
	}

	return fmt.Sprintf("key pair of certificate %s, private key %s", serialText(k.Certificate.SerialNumber), redacted)
}

// GoString is String: %#v must not print the fields.
func (k KeyPair) GoString() string { return k.String() }

// Format prints String for every verb.
func (k KeyPair) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(k.String())) }

// LogValue makes slog print String.
func (k KeyPair) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalJSON writes the certificate only.
func (k KeyPair) MarshalJSON() ([]byte, error) {
	out, err := json.Marshal(map[string]string{"certificate_pem": string(k.CertificatePEM), "private_key": redacted})
	if err != nil {
		return nil, fmt.Errorf("encoding a redacted key pair: %w", err)
	}

	return out, nil
}

// Fingerprint is the SHA-256 of the certificate's DER in lower-case hex, without separators.
func Fingerprint(cert *x509.Certificate) string {
	sum := sha256.Sum256(cert.Raw)

	return hex.EncodeToString(sum[:])
}

func serialText(n *big.Int) string {
	if n == nil {
		return "(none)"
	}

	return fmt.Sprintf("%X", n)
}
