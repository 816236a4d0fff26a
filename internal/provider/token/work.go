package token

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

// work carries a change out, step by step.
type work struct {
	service enrollment.TokenService
	private tf.PrivateSetter
	// token is as the last step left it.
	token enrollment.Token
	diags diag.Diagnostics
}

// step is one call of the service, and what state and pending say once it has
// succeeded.
type step struct {
	asked       bool
	verb, words string
	act         func(ctx context.Context, c change) (enrollment.Token, error)
	succeeded   func(state *model, left *pending)
}

// steps are in the order that lets all of them happen in one apply: the type is
// what an upload is held to, a brought key has to be there for its server
// token, and a server token for a staged key comes before the next one is staged.
func (w *work) steps(c change) []step {
	return []step{
		{c.changesSpec(), "update", thing, w.updateSpec, func(s *model, _ *pending) {
			s.Name, s.AppleID, s.Type, s.ScopeTagIDs = c.plan.Name, c.plan.AppleID, c.plan.Type, c.plan.ScopeTagIDs
		}},
		{c.bringsKey(), "bring", "the key pair", w.bringKey, func(s *model, left *pending) {
			s.PrivateKeyWOVersion, s.CertificatePEM = c.plan.PrivateKeyWOVersion, c.plan.CertificatePEM
			left.PrivateKey = false
		}},
		{c.uploads(), "upload", "the server token", w.upload, func(s *model, left *pending) {
			s.ServerTokenWOVersion = c.plan.ServerTokenWOVersion
			left.ServerToken = false
		}},
		{c.rotates(), "stage", "a new key pair", w.rotateKey, func(s *model, _ *pending) {
			s.KeyRotation = c.plan.KeyRotation
		}},
	}
}

// update takes every step that is asked for, and answers with the state that
// was reached: the plan, or the prior state with the steps before the error.
func (w *work) update(ctx context.Context, c change) model {
	reached := *c.prior
	left := c.pending
	for _, s := range w.steps(c) {
		if !s.asked {
			continue
		}
		done, err := s.act(ctx, c)
		if err != nil {
			tf.AddError(&w.diags, s.verb, s.words, err)
			return left.hide(reached)
		}
		w.token = done
		s.succeeded(&reached, &left)
		reached.observed = observe(done)
		tf.SetPrivate(ctx, w.private, privatePending, left, &w.diags)
	}
	c.plan.observed = c.plan.orActual(reached.observed)
	return c.plan
}

// deliver hands a token that was just created what belongs to it. What fails is
// said and left pending.
func (w *work) deliver(ctx context.Context, c change) {
	left := pending{PrivateKey: c.bringsKey(), ServerToken: c.uploads()}
	for _, s := range w.steps(c) {
		if !s.asked {
			continue
		}
		done, err := s.act(ctx, c)
		if err != nil {
			tf.AddErrorAsWarning(&w.diags, s.verb, s.words, err, "The token exists and keeps its key pair. Correct what is wrong and apply again: the next plan shows what is left to do.")
			w.token = w.readAgain(ctx)
			break
		}
		w.token = done
		s.succeeded(&c.plan, &left)
	}
	tf.SetPrivate(ctx, w.private, privatePending, left, &w.diags)
	if !left.any() && w.token.Status == enrollment.AwaitingServerToken {
		w.sayWhatToClick(c)
	}
}

// postpone leaves to the next apply all that belongs to a token whose creation
// went wrong after the token was made.
func (w *work) postpone(ctx context.Context, c change, err error) {
	tf.AddErrorAsWarning(&w.diags, "finish", thing, err, "The token was made and is in state. Correct what is wrong and apply again: the next plan shows what is left to do.")
	w.token = w.readAgain(ctx)
	tf.SetPrivate(ctx, w.private, privatePending, pending{PrivateKey: c.bringsKey(), ServerToken: c.uploads()}, &w.diags)
}

func (w *work) updateSpec(ctx context.Context, c change) (enrollment.Token, error) {
	return w.service.UpdateToken(ctx, w.token.ID, c.spec(ctx, &w.diags))
}

func (w *work) bringKey(ctx context.Context, c change) (enrollment.Token, error) {
	done, err := w.service.BringKey(ctx, w.token.ID, enrollment.BroughtKey{
		CertificatePEM: c.plan.CertificatePEM.ValueString(),
		PrivateKeyPEM:  c.config.PrivateKeyWO.ValueString(),
	})
	if err == nil {
		c.privateKey().remember(ctx, w.private, &w.diags)
	}
	return done, err
}

func (w *work) upload(ctx context.Context, c change) (enrollment.Token, error) {
	result, err := w.service.UploadServerToken(ctx, w.token.ID, enrollment.ServerTokenUpload{
		Contents: []byte(c.config.ServerTokenWO.ValueString()), Type: enrollment.TokenType(c.plan.Type.ValueString()),
	})
	tf.AddWarnings(&w.diags, result.Warnings)
	if err == nil {
		c.serverToken().remember(ctx, w.private, &w.diags)
	}
	return result.Token, err
}

func (w *work) rotateKey(ctx context.Context, c change) (enrollment.Token, error) {
	done, err := w.service.RotateKey(ctx, w.token.ID)
	if err == nil {
		w.sayWhereTheNewKeyIs(c)
	}
	return done, err
}

func (w *work) sayWhereTheNewKeyIs(c change) {
	attribute, meanwhile := "staged_public_key_pem", "The old key pair and its server token keep working until then."
	if c.rotatesInPlace() {
		attribute, meanwhile = "public_key_pem", "The server token that Intune has keeps working until then; a file that was downloaded for the old key can no longer be uploaded."
	}
	w.diags.AddAttributeWarning(path.Root(attribute),
		"Token \""+c.plan.Name.ValueString()+"\" has a new key pair: upload "+attribute+" to its server in Apple School Manager, then download the token",
		meanwhile+" Save "+attribute+" to a file. "+newKeySteps)
}

const newKeySteps = "In Apple School Manager, choose your name and then Preferences, this MDM server and Edit, " +
	"upload the file as its public key and save, then choose Download Token. Give the downloaded .p7m to server_token_wo, change server_token_wo_version and apply."

// readAgain finds out how far a token came after a step without a good answer,
// also after an interrupt.
func (w *work) readAgain(ctx context.Context) enrollment.Token {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	found, err := w.service.ReadToken(ctx, w.token.ID)
	if err != nil {
		return w.token
	}
	return found
}

// sayWhatToClick is the bridge between the two applies. With compact warnings
// only the summary is shown, so it says the whole of it in short.
func (w *work) sayWhatToClick(c change) {
	name := c.plan.Name.ValueString()
	if c.bringsKey() {
		w.diags.AddAttributeWarning(path.Root("server_token_wo"),
			"Token \""+name+"\" awaits the server token (.p7m) of the MDM whose key pair it was given: set server_token_wo and apply again",
			"The token has the key pair of certificate_pem now. Give the server token that was made for it to server_token_wo and a version to server_token_wo_version, and apply again.")
		return
	}
	if w.token.PublicKeyPEM == "" {
		w.diags.AddAttributeWarning(path.Root("public_key_pem"),
			"Token \""+name+"\" awaits its server token, and its public key is not there yet: plan again in a minute to see public_key_pem",
			"The service made the token and has not given its public key yet. The next refresh brings public_key_pem. "+tf.PortalSteps)
		return
	}
	w.diags.AddAttributeWarning(path.Root("public_key_pem"),
		"Token \""+name+"\" awaits its server token: upload public_key_pem to an MDM server in Apple School Manager, choose Download Token, set server_token_wo and apply again",
		tf.PortalSteps)
}
