package profile

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
)

// What went wrong with a certificate. The text itself is never quoted: it may
// be a private key by mistake.
var (
	errNotPEM     = errors.New("it is not PEM: it has no -----BEGIN CERTIFICATE----- line, or is damaged")
	errPrivateKey = errors.New("it is not a certificate; give the certificate and keep the key to yourself")
	errSeveral    = errors.New("it holds more than one; give each certificate as an element of its own")
	errNotX509    = errors.New("what is in it is not an X.509 certificate")
)

// certificateDER gives the one certificate in a PEM text.
func certificateDER(text string) ([]byte, error) {
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

// sameCertificates tells whether two lists hold the same certificates, however
// their lines end and in whatever order.
func sameCertificates(a, b []string) bool {
	return slices.EqualFunc(canonical(a), canonical(b), bytes.Equal)
}

func canonical(texts []string) [][]byte {
	out := make([][]byte, 0, len(texts))
	for _, text := range texts {
		der, err := certificateDER(text)
		if err != nil {
			der = []byte(text)
		}
		out = append(out, der)
	}
	slices.SortFunc(out, bytes.Compare)
	return out
}

// sameURL tells whether two URLs are equal after the normalisation of RFC 3986,
// section 6.2: letter case of scheme and host, default port, empty path.
func sameURL(a, b string) bool { return a == b || canonicalURL(a) == canonicalURL(b) }

func canonicalURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	switch u.Scheme {
	case "https":
		u.Host = strings.TrimSuffix(u.Host, ":443")
	case "http":
		u.Host = strings.TrimSuffix(u.Host, ":80")
	}
	if u.Path == "" {
		u.Path = "/"
	}
	return u.String()
}

// sameGUIDs tells whether two sets hold the same GUIDs, in upper or lower case.
func sameGUIDs(a, b []string) bool {
	return slices.Equal(canonicalGUIDs(a), canonicalGUIDs(b))
}

func canonicalGUIDs(ids []string) []string {
	out := make([]string, 0, len(ids))
	for _, id := range ids {
		out = append(out, strings.ToLower(id))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// keepSpelling plans no change where configuration and state mean the same: a
// certificate whose line ends changed would otherwise move every device of the
// profile to an equal definition.
type keepSpelling struct{}

func (keepSpelling) Description(context.Context) string {
	return "Another spelling of the same value is no change."
}

func (k keepSpelling) MarkdownDescription(ctx context.Context) string { return k.Description(ctx) }

func (keepSpelling) PlanModifyList(_ context.Context, req planmodifier.ListRequest, resp *planmodifier.ListResponse) {
	if req.StateValue.IsNull() || req.ConfigValue.IsNull() || !elementsKnown(req.PlanValue) {
		return
	}
	if sameCertificates(texts(req.StateValue), texts(req.PlanValue)) {
		resp.PlanValue = req.StateValue
	}
}

func (keepSpelling) PlanModifySet(_ context.Context, req planmodifier.SetRequest, resp *planmodifier.SetResponse) {
	if req.StateValue.IsNull() || req.ConfigValue.IsNull() || !elementsKnown(req.PlanValue) {
		return
	}
	if sameGUIDs(texts(req.StateValue), texts(req.PlanValue)) {
		resp.PlanValue = req.StateValue
	}
}

func (keepSpelling) PlanModifyString(_ context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	if req.StateValue.IsNull() || req.ConfigValue.IsNull() || req.PlanValue.IsUnknown() {
		return
	}
	if sameURL(req.StateValue.ValueString(), req.PlanValue.ValueString()) {
		resp.PlanValue = req.StateValue
	}
}
