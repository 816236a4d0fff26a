package token

import (
	"crypto/x509"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
	"github.com/asm-enrollment/terraform-provider-asm/internal/servertoken"
)

// check finds what would fail, before anything is sent. It is asked at plan, and
// again before Create and Update act on values that were unknown at plan.
func (c change) check(diags *diag.Diagnostics) {
	if c.kind != "" {
		tf.AddViolations(diags, enrollment.CheckTokenAsk(c.kind, c.ask()))
	}
	if diags.HasError() {
		return // the rest would only say it again in other words
	}
	c.checkCertificateVersion(diags)
	c.checkOneStagedKey(diags)
	if c.bringsKey() {
		c.privateKey().checkGiven(diags)
		c.checkKeyPair(diags)
	}
	if c.uploads() {
		c.serverToken().checkGiven(diags)
		c.checkServerToken(diags)
	}
}

// ask is what not every service can do.
func (c change) ask() enrollment.TokenAsk {
	given := func(v attr.Value) bool { return !v.IsNull() && !v.IsUnknown() }
	return enrollment.TokenAsk{
		ScopeTags:   given(c.config.ScopeTagIDs),
		Certificate: given(c.config.CertificatePEM),
		PrivateKey:  given(c.config.PrivateKeyWO) || given(c.config.PrivateKeyWOVersion),
		ChangesType: c.changesTypeAlone(),
	}
}

// changesTypeAlone: the type of a token that has a server token is to change, and
// no other server token comes with that.
func (c change) changesTypeAlone() bool {
	return c.prior != nil && !c.uploads() && c.prior.Status.ValueString() != string(enrollment.AwaitingServerToken) &&
		!c.plan.Type.IsUnknown() && !c.plan.Type.Equal(c.prior.Type)
}

// checkCertificateVersion refuses a certificate that changes alone: without its
// private key it would never be sent.
func (c change) checkCertificateVersion(diags *diag.Diagnostics) {
	if c.prior == nil || c.bringsKey() {
		return
	}
	before, after := certificate(c.prior.CertificatePEM), certificate(c.plan.CertificatePEM)
	if before != nil && after != nil && !before.Equal(after) {
		diags.AddAttributeError(path.Root("certificate_pem"), "Unable to change the certificate alone",
			"Another certificate comes with its private key: give that to private_key_wo and change private_key_wo_version, or put the old certificate back.")
	}
}

// checkOneStagedKey: a token has room for one staged key pair.
func (c change) checkOneStagedKey(diags *diag.Diagnostics) {
	if c.rotates() && c.bringsKey() {
		diags.AddAttributeError(path.Root("key_rotation"), "Unable to stage two key pairs at once",
			"key_rotation and private_key_wo_version both change, and each stages a key pair that the other would replace. Change one of them, apply, and change the other when the server token of the first has been uploaded.")
	}
}

// checkKeyPair: the private key that is brought belongs to its certificate.
func (c change) checkKeyPair(diags *diag.Diagnostics) {
	value, cert := c.config.PrivateKeyWO, certificate(c.plan.CertificatePEM)
	if value.IsNull() || value.IsUnknown() {
		return
	}
	const summary = "Unable to use the private key"
	key, err := servertoken.ParsePrivateKey([]byte(value.ValueString()))
	if err != nil {
		diags.AddAttributeError(path.Root("private_key_wo"), summary, upperFirst(err.Error())+".")
		return
	}
	if cert == nil {
		return
	}
	if err := servertoken.Matches(cert, key); err != nil {
		diags.AddAttributeError(path.Root("private_key_wo"), summary,
			upperFirst(err.Error())+". Give the private key that belongs to certificate_pem: the pair that the other MDM made for its server token.")
	}
}

// checkServerToken: the file is a server token, made for a key of this token.
func (c change) checkServerToken(diags *diag.Diagnostics) {
	value, at := c.config.ServerTokenWO, path.Root("server_token_wo")
	if value.IsNull() || value.IsUnknown() {
		return
	}
	const summary = "Unable to use the server token"
	info, err := servertoken.Inspect([]byte(value.ValueString()))
	if err != nil {
		diags.AddAttributeError(at, summary, upperFirst(err.Error())+".")
		return
	}
	keys, all := c.acceptableKeys()
	if slices.ContainsFunc(keys, info.EncryptedFor) {
		return
	}
	if all {
		diags.AddAttributeError(at, summary, "It was encrypted for another public key than "+c.wrongKeyAdvice())
	}
}

// acceptableKeys are the certificates that a server token may be made for. The
// bool is false where one of them cannot be told yet, and nothing may be refused.
func (c change) acceptableKeys() ([]*x509.Certificate, bool) {
	var candidates []types.String
	if c.prior != nil && c.prior.PublicKeyPEM.IsNull() {
		return nil, false // Intune gives the key of a new token late
	}
	replaced := c.replacesAwaitingKey() && !c.plan.PrivateKeyWOVersion.IsUnknown()
	if c.prior != nil && !replaced {
		candidates = append(candidates, c.prior.PublicKeyPEM)
	}
	switch {
	case c.bringsKey():
		candidates = append(candidates, c.plan.CertificatePEM)
	case c.prior != nil:
		candidates = append(candidates, c.prior.StagedPublicKeyPEM)
	}
	var keys []*x509.Certificate
	for _, candidate := range candidates {
		if candidate.IsNull() {
			continue
		}
		key := certificate(candidate)
		if key == nil {
			return keys, false
		}
		keys = append(keys, key)
	}
	return keys, true
}

func (c change) wrongKeyAdvice() string {
	const download = "upload it as the server's public key in Apple School Manager (Preferences, your MDM server, Edit), save, download the server token again, and give that file."
	switch {
	case c.prior == nil && c.kind == enrollment.Intune:
		return "this token's, which does not exist yet: creating the token has Intune make its key pair. " +
			"If the token exists in Intune already, import it: then this file renews it. " +
			"Else set server_token_wo and server_token_wo_version to null and apply. Then save public_key_pem to a file, " + download
	case c.prior == nil && c.bringsKey(), c.replacesAwaitingKey():
		return "certificate_pem. Give the server token of the MDM that certificate_pem and private_key_wo come from."
	case c.prior == nil:
		return "this token's, which does not exist yet: creating the token makes its key pair. " +
			"Set server_token_wo and server_token_wo_version to null and apply. Then save public_key_pem to a file, " + download +
			" If the token exists already, import it; if the key pair is another MDM's, bring it with private_key_wo and certificate_pem."
	case c.bringsKey():
		return "this token's current one (public_key_pem) and certificate_pem. Give the server token of the MDM that the private key comes from."
	case !c.prior.StagedPublicKeyPEM.IsNull():
		return "this token's current (public_key_pem) and staged one (staged_public_key_pem). Save staged_public_key_pem to a file, " + download
	default:
		return "this token's current one (public_key_pem). Save public_key_pem to a file, " + download
	}
}

// isForServingKey: the server token is known, and made for the serving key.
func (c change) isForServingKey() bool {
	value := c.config.ServerTokenWO
	if c.prior == nil || value.IsNull() || value.IsUnknown() {
		return false
	}
	info, err := servertoken.Inspect([]byte(value.ValueString()))
	return err == nil && info.EncryptedFor(certificate(c.prior.PublicKeyPEM))
}

// certificate reads a PEM value, nil where it is null, unknown or unreadable.
func certificate(value types.String) *x509.Certificate {
	if value.IsNull() || value.IsUnknown() {
		return nil
	}
	cert, err := servertoken.ParseCertificate([]byte(value.ValueString()))
	if err != nil {
		return nil
	}
	return cert
}

func upperFirst(text string) string {
	return strings.ToUpper(text[:1]) + text[1:]
}
