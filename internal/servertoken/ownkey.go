package servertoken

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// ParseCertificate reads the first certificate of a PEM file, or one in DER, for an RSA key of at least 2,048 bits. One
// that has ended is accepted: its dates do not matter to a server token. Errors: ErrNotCertificate, ErrNotRSA.
func ParseCertificate(file []byte) (*x509.Certificate, error) {
	der := file
	for rest := file; ; {
		block, more := pem.Decode(rest)
		if block == nil {
			break
		}
		if rest = more; strings.HasSuffix(block.Type, "CERTIFICATE") {
			der = block.Bytes

			break
		}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, ErrNotCertificate
	}
	if key, ok := cert.PublicKey.(*rsa.PublicKey); !ok || key.N.BitLen() < keyBits {
		return nil, fmt.Errorf("certificate: %w", ErrNotRSA)
	}

	return cert, nil
}

// ParsePrivateKey reads the first private key of a PEM file, PKCS#1 ("RSA PRIVATE KEY") or PKCS#8 ("PRIVATE KEY"), of at
// least 2,048 bits. Errors: ErrNotPrivateKey, ErrEncryptedKey, ErrNotRSA; none holds any of the file.
func ParsePrivateKey(keyPEM []byte) (*rsa.PrivateKey, error) {
	for rest := keyPEM; ; {
		block, more := pem.Decode(rest)
		if block == nil {
			return nil, ErrNotPrivateKey
		}
		if rest = more; strings.HasSuffix(block.Type, "PRIVATE KEY") {
			return privateKeyOf(block)
		}
	}
}

func privateKeyOf(block *pem.Block) (*rsa.PrivateKey, error) {
	if block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") {
		return nil, ErrEncryptedKey
	}
	var (
		key any
		err error
	)
	switch block.Type {
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "EC PRIVATE KEY", "DSA PRIVATE KEY":
		return nil, ErrNotRSA
	default: // OPENSSH and others
		return nil, ErrNotPrivateKey
	}
	if err != nil {
		return nil, fmt.Errorf("%w: the one in the file is damaged", ErrNotPrivateKey)
	}
	rsaKey, ok := key.(*rsa.PrivateKey)
	if !ok || rsaKey.N.BitLen() < keyBits {
		return nil, ErrNotRSA
	}

	return rsaKey, nil
}

// Matches returns ErrKeyMismatch unless key is the private key of cert.
func Matches(cert *x509.Certificate, key *rsa.PrivateKey) error {
	if cert == nil || key == nil {
		return errors.New("a certificate and its private key are needed to open a server token")
	}
	if !key.PublicKey.Equal(cert.PublicKey) {
		return fmt.Errorf("%w with serial number %s", ErrKeyMismatch, serialText(cert.SerialNumber))
	}

	return nil
}
