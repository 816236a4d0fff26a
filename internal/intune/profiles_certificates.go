package intune

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // a thumbprint is what Microsoft makes it: a name, not a proof
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"strings"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// wireCertificate is managementCertificateWithThumbprint: base64 of the DER form, and its SHA-1 in upper-case hex as
// Windows writes thumbprints.
type wireCertificate struct {
	Thumbprint  string `json:"thumbprint"`
	Certificate string `json:"certificate"`
}

// askCertificates never quotes what it cannot read: it may be a private key by mistake.
func askCertificates(texts []string) ([]wireCertificate, error) {
	out := []wireCertificate{}
	for i, text := range texts {
		block, rest := pem.Decode([]byte(text))
		reason := ""
		switch {
		case block == nil:
			reason = "it is not PEM: it has no -----BEGIN CERTIFICATE----- line, or is damaged"
		case block.Type != "CERTIFICATE":
			reason = "it is not a certificate; give the certificate and keep the key to yourself"
		case len(bytes.TrimSpace(rest)) > 0:
			reason = "it holds more than one; give each certificate as an element of its own"
		default:
			if _, err := x509.ParseCertificate(block.Bytes); err != nil {
				reason = "what is in it is not an X.509 certificate"
			}
		}
		if reason != "" {
			return nil, &enrollment.Error{
				Kind: enrollment.ErrInvalid, Field: "pairing.configurator_certificates",
				What: fmt.Sprintf("Apple Configurator certificate %d cannot be used: %s", i+1, reason),
				Do:   "Export the certificate of the computer's organization from Apple Configurator and give it in PEM form.",
			}
		}
		sum := sha1.Sum(block.Bytes) //nolint:gosec // as above
		out = append(out, wireCertificate{
			Thumbprint: strings.ToUpper(hex.EncodeToString(sum[:])), Certificate: base64.StdEncoding.EncodeToString(block.Bytes),
		})
	}
	return out, nil
}

// takeCertificates gives certificates as PEM. What is not base64 of DER stays as it is, so that it shows as a difference.
func takeCertificates(list []wireCertificate) []string {
	out := []string{}
	for _, c := range list {
		der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(c.Certificate), ""))
		switch {
		case err != nil:
			out = append(out, c.Certificate)
		case bytes.HasPrefix(bytes.TrimSpace(der), []byte("-----BEGIN")):
			out = append(out, string(der))
		default:
			out = append(out, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
		}
	}
	return out
}
