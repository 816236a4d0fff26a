package token

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

// The keys of private state.
const (
	privateServerToken = "server_token"
	privateKey         = "private_key"
	privatePending     = "pending"
)

// fingerprint recognises a secret that was sent before, and tells nothing of
// it: a keyed hash with a random key of its own.
type fingerprint struct {
	Key []byte `json:"key"`
	Sum []byte `json:"sum"`
}

func fingerprintOf(secret string) fingerprint {
	f := fingerprint{Key: make([]byte, sha256.Size)}
	_, _ = rand.Read(f.Key) // never fails (crypto/rand)
	f.Sum = f.sum(secret)
	return f
}

func (f fingerprint) matches(secret string) bool { return hmac.Equal(f.Sum, f.sum(secret)) }

func (f fingerprint) sum(secret string) []byte {
	mac := hmac.New(sha256.New, f.Key)
	mac.Write([]byte(secret))
	return mac.Sum(nil)
}

// pending names the secrets that Create could not deliver. Read then takes
// their version out of the state, so that the next plan delivers them.
type pending struct {
	PrivateKey  bool `json:"private_key,omitempty"`
	ServerToken bool `json:"server_token,omitempty"`
}

func (p pending) any() bool { return p.PrivateKey || p.ServerToken }

// hide takes the versions of what was not delivered out of a state.
func (p pending) hide(m model) model {
	if p.PrivateKey {
		m.PrivateKeyWOVersion = types.StringNull()
	}
	if p.ServerToken {
		m.ServerTokenWOVersion = types.StringNull()
	}
	return m
}

func readPending(ctx context.Context, private tf.PrivateGetter, diags *diag.Diagnostics) pending {
	var p pending
	tf.GetPrivate(ctx, private, privatePending, &p, diags)
	return p
}

// secret is a write-only argument and its version.
type secret struct {
	name, words string
	// private is where its fingerprint is kept.
	private string
	value   types.String
	version types.String
}

func (s secret) versionName() string { return s.name + "_version" }

func (s secret) at() path.Path { return path.Root(s.name) }

// checkGiven refuses a version that changes without a value. OpenTofu applies a
// saved plan without its ephemeral values, so this is asked in ModifyPlan and
// again before anything is sent. An unknown version may still turn out to be
// the old one, and an unknown value is asked again at apply.
func (s secret) checkGiven(diags *diag.Diagnostics) {
	if !s.version.IsUnknown() && s.value.IsNull() {
		diags.AddAttributeError(s.at(), "Unable to find the "+s.words,
			s.versionName()+" has changed, so "+s.name+" must have a value in this run, also where a saved plan is applied. "+
				"Give the value (with a saved plan: the same ephemeral values again), or leave the version as it was.")
	}
}

// warnIfChanged tells of a value that is not the one that was sent, although
// the version says that it is.
func (s secret) warnIfChanged(ctx context.Context, private tf.PrivateGetter, diags *diag.Diagnostics) {
	if s.value.IsNull() || s.value.IsUnknown() {
		return
	}
	var sent fingerprint
	if !tf.GetPrivate(ctx, private, s.private, &sent, diags) || sent.matches(s.value.ValueString()) {
		return
	}
	diags.AddAttributeWarning(s.at(), "Another "+s.words+" is ignored while "+s.versionName()+" stays the same",
		"The value of "+s.name+" is not the one that was sent before, and write-only values are sent only when their version changes. "+
			"Change "+s.versionName()+" too, for example with filesha256().")
}

// remember keeps the fingerprint of what was sent.
func (s secret) remember(ctx context.Context, private tf.PrivateSetter, diags *diag.Diagnostics) {
	tf.SetPrivate(ctx, private, s.private, fingerprintOf(s.value.ValueString()), diags)
}
