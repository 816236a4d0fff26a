package tf

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// Certificate is a validator that accepts the PEM text of exactly one X.509
// certificate.
type Certificate struct{}

// Description implements validator.Describer.
func (Certificate) Description(context.Context) string {
	return "must be one X.509 certificate in PEM"
}

// MarkdownDescription implements validator.Describer.
func (v Certificate) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

// ValidateString implements validator.String.
func (Certificate) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if _, err := CertificateDER(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Unusable certificate", fmt.Sprintf("This cannot be used as a certificate: %s.", err))
	}
}

// What went wrong with a certificate. The text itself is never quoted: it may
// be a private key by mistake.
var (
	errNotPEM     = errors.New("it is not PEM: it has no -----BEGIN CERTIFICATE----- line, or is damaged")
	errPrivateKey = errors.New("it is not a certificate; give the certificate and keep the key to yourself")
	errSeveral    = errors.New("it holds more than one; give each certificate as an element of its own")
	errNotX509    = errors.New("what is in it is not an X.509 certificate")
)

// CertificateDER gives the one certificate in a PEM text.
func CertificateDER(text string) ([]byte, error) {
	block, rest := pem.Decode([]byte(text))
	if block == nil {
		return nil, errNotPEM
	}
	if block.Type != "CERTIFICATE" {
		return nil, errPrivateKey
	}
	if next, _ := pem.Decode(rest); next != nil {
		return nil, errSeveral
	}
	if _, err := x509.ParseCertificate(block.Bytes); err != nil {
		return nil, errNotX509
	}
	return block.Bytes, nil
}

// SameCertificates tells whether two lists hold the same certificates, however
// their lines end and in whatever order.
func SameCertificates(a, b []string) bool {
	return slices.EqualFunc(canonical(a), canonical(b), bytes.Equal)
}

func canonical(texts []string) [][]byte {
	out := make([][]byte, 0, len(texts))
	for _, text := range texts {
		der, err := CertificateDER(text)
		if err != nil {
			der = []byte(text)
		}
		out = append(out, der)
	}
	slices.SortFunc(out, bytes.Compare)
	return out
}
