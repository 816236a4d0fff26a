// Package token is the enrollment program token: asm_token, and the data
// sources that read one token and all of them.
package token

import (
	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-timetypes/timetypes"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

// model is asm_token in configuration, plan and state.
type model struct {
	ID                   types.String   `tfsdk:"id"`
	Name                 types.String   `tfsdk:"name"`
	AppleID              types.String   `tfsdk:"apple_id"`
	Type                 types.String   `tfsdk:"type"`
	ScopeTagIDs          types.Set      `tfsdk:"scope_tag_ids"`
	ExpiryWarningDays    types.Int64    `tfsdk:"expiry_warning_days"`
	KeyRotation          types.String   `tfsdk:"key_rotation"`
	ServerTokenWO        types.String   `tfsdk:"server_token_wo"`
	ServerTokenWOVersion types.String   `tfsdk:"server_token_wo_version"`
	CertificatePEM       types.String   `tfsdk:"certificate_pem"`
	PrivateKeyWO         types.String   `tfsdk:"private_key_wo"`
	PrivateKeyWOVersion  types.String   `tfsdk:"private_key_wo_version"`
	DeletionProtection   types.Bool     `tfsdk:"deletion_protection"`
	Timeouts             timeouts.Value `tfsdk:"timeouts"`
	observed
}

// observed is what only the service knows of a token.
type observed struct {
	PublicKeyPEM       types.String      `tfsdk:"public_key_pem"`
	PublicKeySHA256    types.String      `tfsdk:"public_key_sha256"`
	StagedPublicKeyPEM types.String      `tfsdk:"staged_public_key_pem"`
	Status             types.String      `tfsdk:"status"`
	ExpiresAt          timetypes.RFC3339 `tfsdk:"expires_at"`
	Organization       types.String      `tfsdk:"organization"`
	ServerName         types.String      `tfsdk:"server_name"`
}

func specOf(m model) enrollment.TokenSpec {
	return enrollment.TokenSpec{
		Name:    m.Name.ValueString(),
		AppleID: m.AppleID.ValueString(),
		Type:    enrollment.TokenType(m.Type.ValueString()),
	}
}

func observe(t enrollment.Token) observed {
	return observed{
		PublicKeyPEM:       tf.StringOrNull(t.PublicKeyPEM),
		PublicKeySHA256:    tf.StringOrNull(t.PublicKeySHA256),
		StagedPublicKeyPEM: tf.StringOrNull(t.StagedPublicKeyPEM),
		Status:             tf.StringOrNull(string(t.Status)),
		ExpiresAt:          tf.TimeOrNull(t.ExpiresAt),
		Organization:       tf.StringOrNull(t.Organization),
		ServerName:         tf.StringOrNull(t.ServerName),
	}
}

// orActual keeps what was planned as known, because Terraform was promised it,
// and fills in what was not. The next Read brings the rest.
func (o observed) orActual(actual observed) observed {
	return observed{
		PublicKeyPEM:       knownOr(o.PublicKeyPEM, actual.PublicKeyPEM),
		PublicKeySHA256:    knownOr(o.PublicKeySHA256, actual.PublicKeySHA256),
		StagedPublicKeyPEM: knownOr(o.StagedPublicKeyPEM, actual.StagedPublicKeyPEM),
		Status:             knownOr(o.Status, actual.Status),
		ExpiresAt:          knownOr(o.ExpiresAt, actual.ExpiresAt),
		Organization:       knownOr(o.Organization, actual.Organization),
		ServerName:         knownOr(o.ServerName, actual.ServerName),
	}
}

func knownOr[V interface{ IsUnknown() bool }](planned, actual V) V {
	if planned.IsUnknown() {
		return actual
	}
	return planned
}

// refreshed is the state of a token that was read. What the service does not
// keep (versions, rotation, protection) stays as it was. So does the public key
// where the service gives none: it could not be read, or a server token that was
// made for it would no longer be held against it.
func (m model) refreshed(t enrollment.Token) model {
	before := m
	m.ID = types.StringValue(t.ID)
	m.Name = types.StringValue(t.Name)
	m.AppleID = tf.StringOrNull(t.AppleID)
	if t.Type != "" { // Intune learns it from the first server token
		m.Type = types.StringValue(string(t.Type))
	}
	m.ScopeTagIDs = scopeTagsOf(t)
	m.observed = observe(t)
	if t.PublicKeyPEM == "" && before.ID.ValueString() == t.ID {
		m.PublicKeyPEM, m.PublicKeySHA256 = before.PublicKeyPEM, before.PublicKeySHA256
	}
	return m
}

// scopeTagsOf gives the scope tags of a token, null where its service has none.
func scopeTagsOf(t enrollment.Token) types.Set {
	if t.ScopeTagIDs == nil {
		return types.SetNull(types.StringType)
	}
	tags := make([]attr.Value, 0, len(t.ScopeTagIDs))
	for _, id := range t.ScopeTagIDs {
		tags = append(tags, types.StringValue(id))
	}
	return types.SetValueMust(types.StringType, tags)
}

// awaiting is what is known, before it exists, of a token that gets no server
// token yet.
func awaiting() observed {
	return observed{
		PublicKeyPEM:       types.StringUnknown(),
		PublicKeySHA256:    types.StringUnknown(),
		StagedPublicKeyPEM: types.StringNull(),
		Status:             types.StringValue(string(enrollment.AwaitingServerToken)),
		ExpiresAt:          timetypes.NewRFC3339Null(),
		Organization:       types.StringNull(),
		ServerName:         types.StringNull(),
	}
}

// withKeyUnknown is for a key pair that may take the serving one's place.
func (o observed) withKeyUnknown() observed {
	return o.withServingKeyUnknown().withStagedKeyUnknown()
}

func (o observed) withServingKeyUnknown() observed {
	o.PublicKeyPEM, o.PublicKeySHA256 = types.StringUnknown(), types.StringUnknown()
	return o
}

func (o observed) withStagedKeyUnknown() observed {
	o.StagedPublicKeyPEM = types.StringUnknown()
	return o
}

// withServerTokenUnknown is for a server token on its way: what Apple says of
// the account and the expiry come with it.
func (o observed) withServerTokenUnknown() observed {
	o.Organization, o.ServerName = types.StringUnknown(), types.StringUnknown()
	return o.withExpiryUnknown()
}

// withExpiryUnknown is the same for a service that hands on nothing of the
// account.
func (o observed) withExpiryUnknown() observed {
	o.Status, o.ExpiresAt = types.StringUnknown(), timetypes.NewRFC3339Unknown()
	return o
}
