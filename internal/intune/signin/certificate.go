package signin

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"software.sslmate.com/src/go-pkcs12"
)

// certificate reads the client certificate, the one of the private key first.
func (c Config) certificate() ([]*x509.Certificate, crypto.PrivateKey, error) {
	field, content, err := c.certificateContent()
	if err != nil {
		return nil, nil, err
	}
	chain, key, err := parseCertificate(content, c.ClientCertificatePassword)
	if errors.Is(err, pkcs12.ErrIncorrectPassword) {
		return nil, nil, invalid("client_certificate_password", "The client certificate does not open with this password",
			"Check `client_certificate_password` (ARM_CLIENT_CERTIFICATE_PASSWORD); leave it out if the file has none.", nil)
	}
	if err != nil {
		return nil, nil, invalid(field, "The client certificate cannot be used",
			"Give PKCS#12 (.pfx, .p12) with its private key, in base64 where it is no file, or PEM with both.", err)
	}
	if chain, err = leafFirst(chain, key); err != nil {
		return nil, nil, invalid(field, "The client certificate cannot be used", "Give the certificate and the RSA private key that it was made for.", err)
	}
	if leaf := chain[0]; c.Now().After(leaf.NotAfter) {
		return nil, nil, invalid(field, fmt.Sprintf("The client certificate %q ended at %s", leaf.Subject.CommonName, leaf.NotAfter.UTC().Format(time.RFC3339)),
			"Make another one, add it to the application in Microsoft Entra ID under Certificates & secrets, and configure it here.", nil)
	}
	return chain, key, nil
}

func (c Config) certificateContent() (string, []byte, error) {
	const field, pathField = "client_certificate", "client_certificate_path"
	if c.ClientCertificate == "" {
		content, err := os.ReadFile(c.ClientCertificatePath)
		if err != nil {
			return pathField, nil, invalid(pathField, "The file of `client_certificate_path` cannot be read", "Check the path, and who may read the file.", err)
		}
		return pathField, content, nil
	}
	if strings.HasPrefix(c.ClientCertificate, "-----BEGIN") {
		return field, []byte(c.ClientCertificate), nil
	}
	content, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(c.ClientCertificate), ""))
	if err != nil {
		return field, nil, invalid(field, "`client_certificate` is not base64", `Give base64 of PKCS#12, for example filebase64("client.pfx"), or use `+"`client_certificate_path`.", nil)
	}
	return field, content, nil
}

// parseCertificate reads PKCS#12 or PEM.
func parseCertificate(content []byte, password string) ([]*x509.Certificate, crypto.PrivateKey, error) {
	if block, _ := pem.Decode(content); block != nil {
		return parsePEM(content)
	}
	key, leaf, others, err := pkcs12.DecodeChain(content, password)
	if err != nil {
		return nil, nil, fmt.Errorf("reading PKCS#12: %w", err)
	}
	return append([]*x509.Certificate{leaf}, others...), key, nil
}

func parsePEM(content []byte) (chain []*x509.Certificate, key crypto.PrivateKey, err error) {
	for block, rest := pem.Decode(content); block != nil && err == nil; block, rest = pem.Decode(rest) {
		var certificate *x509.Certificate
		switch block.Type {
		case "CERTIFICATE":
			certificate, err = x509.ParseCertificate(block.Bytes)
			chain = append(chain, certificate)
		case "PRIVATE KEY":
			key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		case "RSA PRIVATE KEY":
			key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		case "ENCRYPTED PRIVATE KEY":
			err = errors.New("the private key in the PEM is encrypted: use PKCS#12 with a password, or decrypt it")
		}
	}
	switch {
	case err != nil:
		return nil, nil, err
	case len(chain) == 0:
		return nil, nil, errors.New("there is no certificate in the PEM")
	case key == nil:
		return nil, nil, errors.New("there is no private key in the PEM")
	}
	return chain, key, nil
}

// leafFirst puts the certificate of the key first. Microsoft Entra ID takes RSA only.
func leafFirst(chain []*x509.Certificate, key crypto.PrivateKey) ([]*x509.Certificate, error) {
	private, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("the private key is not an RSA key")
	}
	for i, certificate := range chain {
		if private.PublicKey.Equal(certificate.PublicKey) {
			chain[0], chain[i] = chain[i], chain[0]
			return chain, nil
		}
	}
	return nil, errors.New("the private key belongs to none of the certificates")
}
