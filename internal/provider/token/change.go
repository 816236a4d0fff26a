package token

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// change is what a plan asks for. It is pure: what it says depends on the
// configuration and the state alone.
type change struct {
	config, plan model
	// prior is nil for a token that is still to be created.
	prior *model
	// pending is what an earlier apply could not deliver.
	pending pending
	// kind is the service, empty while it is not known which it is.
	kind enrollment.Kind
}

// changesSpec: name, Apple ID, type or scope tags are to be changed.
func (c change) changesSpec() bool {
	p := c.prior
	return p != nil && (!c.plan.Name.Equal(p.Name) || !c.plan.AppleID.Equal(p.AppleID) || !c.plan.Type.Equal(p.Type) || c.changesScopeTags())
}

// changesScopeTags: those that are left out of the configuration are not managed.
func (c change) changesScopeTags() bool {
	return !c.config.ScopeTagIDs.IsNull() && !c.config.ScopeTagIDs.Equal(c.prior.ScopeTagIDs)
}

// bringsKey: a key pair is to be handed over, or may have to be.
func (c change) bringsKey() bool {
	return c.pending.PrivateKey && !c.plan.PrivateKeyWOVersion.IsNull() || c.versionChanges(func(m model) types.String { return m.PrivateKeyWOVersion })
}

// uploads: a server token is to be uploaded, or may have to be.
func (c change) uploads() bool {
	return c.pending.ServerToken && !c.plan.ServerTokenWOVersion.IsNull() || c.versionChanges(func(m model) types.String { return m.ServerTokenWOVersion })
}

// rotates: a new key pair is to be staged, or may have to be. The first value
// is where counting starts; it asks for nothing.
func (c change) rotates() bool {
	return c.prior != nil && !c.prior.KeyRotation.IsNull() && c.versionChanges(func(m model) types.String { return m.KeyRotation })
}

// versionChanges: a version that is taken away asks for nothing; one that is
// not known yet may ask.
func (c change) versionChanges(version func(model) types.String) bool {
	planned := version(c.plan)
	if planned.IsNull() {
		return false
	}
	return c.prior == nil || !planned.Equal(version(*c.prior))
}

func (c change) serverToken() secret {
	return secret{
		name: "server_token_wo", words: "server token", private: privateServerToken,
		value: c.config.ServerTokenWO, version: c.plan.ServerTokenWOVersion,
	}
}

func (c change) privateKey() secret {
	return secret{
		name: "private_key_wo", words: "private key", private: privateKey,
		value: c.config.PrivateKeyWO, version: c.plan.PrivateKeyWOVersion,
	}
}

// expected is what the plan can promise of the computed attributes: each is
// unknown where the change may alter it, and nowhere else.
func (c change) expected() observed {
	var o observed
	switch c.prior {
	case nil:
		o = awaiting()
	default:
		o = c.prior.observed
	}
	switch {
	case c.uploads() && c.kind == enrollment.Intune:
		o = o.withExpiryUnknown()
	case c.uploads():
		o = o.withServerTokenUnknown()
	}
	switch {
	case c.rotatesInPlace():
		o = o.withServingKeyUnknown()
	case c.bringsKey() || c.rotates():
		o = o.withStagedKeyUnknown()
	}
	if c.mayChangeServingKey() || c.replacesAwaitingKey() {
		o = o.withKeyUnknown()
	}
	return o
}

// rotatesInPlace: the new key pair takes the present one's place at once.
func (c change) rotatesInPlace() bool {
	_, replaces := enrollment.ReplacesKey(c.kind, "")
	return replaces && c.rotates()
}

// expectedScopeTags is what the plan can promise of scope_tag_ids: what is
// configured, else what the token has.
func (c change) expectedScopeTags() types.Set {
	switch {
	case !c.config.ScopeTagIDs.IsNull():
		return c.config.ScopeTagIDs
	case c.prior != nil:
		return c.prior.ScopeTagIDs
	case c.kind == enrollment.Embedded:
		return types.SetNull(types.StringType)
	default:
		return types.SetUnknown(types.StringType)
	}
}

// spec is what the service is told of the token. Scope tags that are left out of
// the configuration stay as they are, although the plan shows them.
func (c change) spec(ctx context.Context, diags *diag.Diagnostics) enrollment.TokenSpec {
	spec := specOf(c.plan)
	if !c.config.ScopeTagIDs.IsNull() {
		diags.Append(c.config.ScopeTagIDs.ElementsAs(ctx, &spec.ScopeTagIDs, false)...)
	}
	return spec
}

// mayChangeServingKey: an upload may make a staged key pair the serving one.
// With nothing staged, or a server token for the serving key, it cannot.
func (c change) mayChangeServingKey() bool {
	if c.prior == nil || !c.uploads() {
		return false
	}
	staged := c.bringsKey() || !c.prior.StagedPublicKeyPEM.IsNull()
	return staged && !c.isForServingKey()
}

// replacesAwaitingKey: a key pair that is brought to a token without a server
// token takes the place of the one that was made with it, at once.
func (c change) replacesAwaitingKey() bool {
	return c.prior != nil && c.bringsKey() && c.prior.Status.ValueString() == string(enrollment.AwaitingServerToken)
}

// missingWarning tells of a server token that was in the configuration and is
// there no more, as on a machine that lacks the file: whatever has a count that
// looks for the file goes with it.
func (c change) missingWarning() (enrollment.Warning, bool) {
	if c.prior == nil || c.prior.ServerTokenWOVersion.IsNull() || !c.plan.ServerTokenWOVersion.IsNull() {
		return enrollment.Warning{}, false
	}
	return enrollment.Warning{
		Summary: "The server token file of \"" + c.prior.Name.ValueString() + "\" is missing: everything that depends on it by count will be destroyed",
		Detail: "server_token_wo_version was set and is null now, as where token.p7m is not in the directory of this run. " +
			"The token itself keeps its server token. But profiles, assignments and syncs with count = local.have_token ? 1 : 0 are planned to be destroyed, and devices lose their profile. " +
			"Put the file back and plan again. If the file is to stay away, look at the plan before you apply it.",
	}, true
}

// expiryWarning tells of a server token that expires within the days that the
// configuration names, unless this change replaces it. One that is of no use any
// more is troubleWarning's.
func (c change) expiryWarning(now time.Time) (enrollment.Warning, bool) {
	expiresAt, known := c.expiry()
	if !known || c.uploads() || !now.Before(expiresAt) || c.prior.Status.ValueString() == string(enrollment.Expired) ||
		!enrollment.ExpiresSoon(expiresAt, now, warningDays(c.plan.ExpiryWarningDays)) {
		return enrollment.Warning{}, false
	}
	return enrollment.Warning{
		Summary: "The server token of \"" + c.prior.Name.ValueString() + "\" expires on " + expiresAt.UTC().Format(time.RFC3339),
		Detail:  "Syncing and assigning stop then. " + enrollment.RenewSteps,
	}, true
}

// expiry is when the present server token ends; false where there is none.
func (c change) expiry() (time.Time, bool) {
	if c.prior == nil || c.prior.ExpiresAt.IsNull() || c.prior.ExpiresAt.IsUnknown() {
		return time.Time{}, false
	}
	at, diags := c.prior.ExpiresAt.ValueRFC3339Time()
	return at, !diags.HasError()
}

// troubleWarning tells of a server token that is of no use, unless this change
// replaces it.
func (c change) troubleWarning(now time.Time) (enrollment.Warning, bool) {
	if c.prior == nil || c.uploads() {
		return enrollment.Warning{}, false
	}
	expiresAt, _ := c.expiry()
	return enrollment.TokenTrouble(c.prior.Name.ValueString(), enrollment.TokenStatus(c.prior.Status.ValueString()), expiresAt, now)
}

// troubleAt is the attribute that shows it.
func (c change) troubleAt(now time.Time) path.Path {
	expiresAt, known := c.expiry()
	if known && (!now.Before(expiresAt) || c.prior.Status.ValueString() == string(enrollment.Expired)) {
		return path.Root("expires_at")
	}
	return path.Root("status")
}

// appleIDWarning tells of an upload to Intune without an Apple ID: the request
// has a place for it (uploadDepToken, appleId), and the admin center asks for it.
func (c change) appleIDWarning() (enrollment.Warning, bool) {
	if c.kind != enrollment.Intune || !c.uploads() || !c.plan.AppleID.IsNull() {
		return enrollment.Warning{}, false
	}
	return enrollment.Warning{
		Summary: "Intune is given a server token without its Apple ID",
		Detail: "Intune keeps beside each server token the Managed Apple ID that downloaded it, and its admin center requires one. " +
			"Set apple_id to the account that downloads the server token, so that Intune takes it and everyone knows who renews it.",
	}, true
}

func warningDays(configured types.Int64) int {
	if configured.IsNull() || configured.IsUnknown() {
		return defaultExpiryWarningDays
	}
	return int(configured.ValueInt64())
}
