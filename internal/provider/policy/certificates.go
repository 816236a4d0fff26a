package policy

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// certificate accepts the PEM text of exactly one X.509 certificate. The text is
// never quoted: it may be a private key by mistake.
type certificate struct{}

func (certificate) Description(context.Context) string {
	return "must be one X.509 certificate in PEM"
}

func (v certificate) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (certificate) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if problem := certificateProblem(req.ConfigValue.ValueString()); problem != "" {
		resp.Diagnostics.AddAttributeError(req.Path, "Unusable certificate", "This cannot be used as a certificate: "+problem+".")
	}
}

func certificateProblem(text string) string {
	block, rest := pem.Decode([]byte(text))
	if block == nil {
		return "it is not PEM: it has no -----BEGIN CERTIFICATE----- line, or is damaged"
	}
	if block.Type != "CERTIFICATE" {
		return "it is not a certificate; give the certificate and keep the key to yourself"
	}
	if next, _ := pem.Decode(rest); next != nil {
		return "it holds more than one; give each certificate as an element of its own"
	}
	if _, err := x509.ParseCertificate(block.Bytes); err != nil {
		return "what is in it is not an X.509 certificate"
	}
	return ""
}

// sameCertificates tells whether two lists hold the same certificates, however
// their lines end and in whatever order.
func sameCertificates(a, b []string) bool {
	return slices.EqualFunc(canonical(a), canonical(b), bytes.Equal)
}

func canonical(texts []string) [][]byte {
	out := make([][]byte, 0, len(texts))
	for _, text := range texts {
		der := []byte(text)
		if block, _ := pem.Decode(der); block != nil {
			der = block.Bytes
		}
		out = append(out, der)
	}
	slices.SortFunc(out, bytes.Compare)
	return out
}
