package token_test

import (
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

// bringing is district with the key pair of another MDM.
func bringing(version any) tftest.Config {
	return district.With(tftest.Config{
		"certificate_pem": publicPEM(brought()), "private_key_wo": string(brought().PrivateKeyPEM), "private_key_wo_version": version,
	})
}

func TestRotationStagesAKeyAndKeepsTheServingOne(t *testing.T) {
	w := newWorld(t)
	state, config := active(t, w)
	config = config.With(tftest.Config{"key_rotation": "2026"})

	p := w.plan(state, config)
	wantAttributes(t, p, map[string]any{"staged_public_key_pem": nil})
	state, _ = p.Apply()
	wantCalls(t, w.fake) // null to a value does nothing

	config = config.With(tftest.Config{"key_rotation": "2027"})
	p = w.plan(state, config)
	wantAttributes(t, p, map[string]any{
		"staged_public_key_pem": tftest.Unknown, "public_key_pem": publicPEM(pairs()[0]), "status": "active", "expires_at": "2027-11-02T08:00:00Z",
	})
	state, diags := p.Apply()
	wantCalls(t, w.fake, "rotate")
	wantOne(t, "warnings", diags.Warnings(), "staged_public_key_pem", "upload staged_public_key_pem", "keep working until then")
	wantAttributes(t, state, map[string]any{"public_key_pem": publicPEM(pairs()[0]), "staged_public_key_pem": publicPEM(pairs()[1])})
	w.wantSettled(state, config)

	p = w.plan(state, withServerToken(config, serverTokenFor(t, pairs()[1]), "v2"))
	wantAttributes(t, p, map[string]any{"public_key_pem": tftest.Unknown, "public_key_sha256": tftest.Unknown, "staged_public_key_pem": tftest.Unknown})
	state, diags = p.Apply()
	wantNone(t, "errors", diags.Errors())
	wantAttributes(t, state, map[string]any{"public_key_pem": publicPEM(pairs()[1]), "staged_public_key_pem": nil})

	config = withServerToken(config, serverTokenFor(t, pairs()[1]), "v2").With(tftest.Config{"key_rotation": nil})
	w.fake.calls = nil
	w.apply(state, config)
	wantCalls(t, w.fake) // a value to null does nothing
}

func TestRenewalForTheServingKeyLeavesTheStagedOneKnown(t *testing.T) {
	w := newWorld(t)
	state, config := rotated(t, w)
	p := w.plan(state, withServerToken(config, serverTokenFor(t, pairs()[0]), "v2"))
	wantAttributes(t, p, map[string]any{"public_key_pem": publicPEM(pairs()[0]), "staged_public_key_pem": publicPEM(pairs()[1]), "status": tftest.Unknown})
	p = w.plan(state, withServerToken(config, tftest.Unknown, "v2"))
	wantAttributes(t, p, map[string]any{"public_key_pem": tftest.Unknown, "staged_public_key_pem": tftest.Unknown})
	errs := w.Plan(tokenType, state, withServerToken(config, serverTokenFor(t, pairs()[2]), "v2")).Diags.Errors()
	wantOne(t, "errors", errs, "Save staged_public_key_pem to a file")
}

// rotated is an active token with a staged key.
func rotated(t *testing.T, w *world) (tftest.State, tftest.Config) {
	t.Helper()
	state, config := active(t, w)
	state, _ = w.apply(state, config.With(tftest.Config{"key_rotation": "a"}))
	config = config.With(tftest.Config{"key_rotation": "b"})
	state, _ = w.apply(state, config)
	w.fake.calls = nil
	return state, config
}

func TestUnknownRotationMayStageAKey(t *testing.T) {
	w := newWorld(t)
	state, config := rotated(t, w)
	p := w.plan(state, config.With(tftest.Config{"key_rotation": tftest.Unknown}))
	wantAttributes(t, p, map[string]any{"staged_public_key_pem": tftest.Unknown, "public_key_pem": publicPEM(pairs()[0])})
	p.ApplyWith(config)
	wantCalls(t, w.fake) // it turned out to be the old value
}

func TestUploadForTheStagedKeyComesBeforeTheNextRotation(t *testing.T) {
	w := newWorld(t)
	state, config := rotated(t, w)
	config = withServerToken(config, serverTokenFor(t, pairs()[1]), "v2").With(tftest.Config{"key_rotation": "c"})
	state, _ = w.apply(state, config)
	wantCalls(t, w.fake, "upload", "rotate")
	wantAttributes(t, state, map[string]any{"public_key_pem": publicPEM(pairs()[1]), "staged_public_key_pem": publicPEM(pairs()[2])})
}

func TestRotationThatSucceededIsNotRepeatedAfterALaterError(t *testing.T) {
	w := newWorld(t)
	state, config := rotated(t, w)
	w.fake.fails["rotate"] = &enrollment.Error{Kind: enrollment.ErrUnavailable, What: "Disk full"}
	config = withServerToken(config, serverTokenFor(t, pairs()[1]), "v2").With(tftest.Config{"key_rotation": "c"})
	state, diags := w.plan(state, config).Apply()
	wantOne(t, "errors", diags.Errors(), "Unable to stage a new key pair")
	wantAttributes(t, state, map[string]any{"server_token_wo_version": "v2", "key_rotation": "b", "public_key_pem": publicPEM(pairs()[1])})
	delete(w.fake.fails, "rotate")
	w.fake.calls = nil
	w.apply(w.refresh(state), config)
	wantCalls(t, w.fake, "rotate")
}

func TestBroughtKeyInOneApply(t *testing.T) {
	w := newWorld(t)
	config := withServerToken(bringing("k1"), serverTokenFor(t, brought()), "v1")
	p := w.plan(tftest.State{}, config)
	wantAttributes(t, p, map[string]any{"status": tftest.Unknown, "staged_public_key_pem": tftest.Unknown, "private_key_wo": nil})
	state, diags := p.Apply()
	wantNone(t, "errors", diags.Errors())
	wantNone(t, "warnings", diags.Warnings())
	wantCalls(t, w.fake, "create", "bring", "upload")
	wantAttributes(t, state, map[string]any{"status": "active", "public_key_pem": publicPEM(brought()), "staged_public_key_pem": nil})
	w.wantSettled(state, config)
	p = w.plan(state, config.With(tftest.Config{"private_key_wo": string(pairs()[2].PrivateKeyPEM)}))
	wantOne(t, "warnings", p.Diags.Warnings(), "private_key_wo", "Another private key is ignored")
}

func TestBroughtKeyAloneSaysWhichServerTokenIsAwaited(t *testing.T) {
	w := newWorld(t)
	p := w.plan(tftest.State{}, bringing("k1"))
	wantAttributes(t, p, map[string]any{"status": "awaiting_server_token", "staged_public_key_pem": tftest.Unknown})
	state, diags := p.Apply()
	wantOne(t, "warnings", diags.Warnings(), "awaits the server token (.p7m) of the MDM whose key pair it was given")
	w.wantSettled(state, bringing("k1"))
}

func TestBroughtKeyIsCheckedAtPlan(t *testing.T) {
	key := tftest.Config{"private_key_wo": string(pairs()[1].PrivateKeyPEM)}
	cases := map[string]struct {
		config tftest.Config
		want   []string
	}{
		"another key":              {bringing("k1").With(key), []string{"private_key_wo", "does not belong to the certificate"}},
		"no key":                   {bringing("k1").With(tftest.Config{"private_key_wo": "secret"}), []string{"private_key_wo", "not a private key"}},
		"version without a value":  {bringing("k1").With(tftest.Config{"private_key_wo": nil}), []string{"private_key_wo", "Unable to find the private key"}},
		"server token of another":  {withServerToken(bringing("k1"), serverTokenFor(t, pairs()[2]), "v1"), []string{"server_token_wo", "than certificate_pem"}},
		"server token, unknown":    {withServerToken(bringing("k1"), tftest.Unknown, "v1"), nil},
		"certificate, unknown":     {withServerToken(bringing("k1"), serverTokenFor(t, pairs()[2]), "v1").With(tftest.Config{"certificate_pem": tftest.Unknown}), nil},
		"key unknown, others fine": {bringing("k1").With(tftest.Config{"private_key_wo": tftest.Unknown}), nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			errs := newWorld(t).Plan(tokenType, tftest.State{}, c.config).Diags.Errors()
			if c.want == nil {
				wantNone(t, "errors", errs)
				return
			}
			wantOne(t, "errors", errs, c.want...)
		})
	}
}

func TestBroughtKeyForAnExistingToken(t *testing.T) {
	w := newWorld(t)
	state, config := active(t, w)
	config = config.With(bringing("k1"))
	p := w.plan(state, config)
	wantAttributes(t, p, map[string]any{"staged_public_key_pem": tftest.Unknown, "public_key_pem": publicPEM(pairs()[0]), "status": "active"})
	state, _ = p.Apply()
	wantCalls(t, w.fake, "bring")

	errs := w.Plan(tokenType, state, config.With(tftest.Config{"certificate_pem": publicPEM(pairs()[2])})).Diags.Errors()
	wantOne(t, "errors", errs, "certificate_pem", "Unable to change the certificate alone")
	wantNone(t, "errors for the same certificate with another line end",
		w.Plan(tokenType, state, config.With(tftest.Config{"certificate_pem": publicPEM(brought()) + "\n"})).Diags.Errors())

	other := withServerToken(config.With(tftest.Config{"private_key_wo_version": "k2"}), serverTokenFor(t, pairs()[2]), "v2")
	wantOne(t, "errors", w.Plan(tokenType, state, other).Diags.Errors(), "server_token_wo", "and certificate_pem")
}

func TestTwoKeyPairsAreNotStagedAtOnce(t *testing.T) {
	w := newWorld(t)
	state, config := rotated(t, w)
	p := w.Plan(tokenType, state, config.With(bringing("k1")).With(tftest.Config{"key_rotation": "c"}))
	wantOne(t, "errors", p.Diags.Errors(), "key_rotation", "Unable to stage two key pairs at once")
}

// A token whose first upload or key failed is kept, and the next plan is an
// update in place that does the rest.
func TestWhatFailsInCreateIsDoneByTheNextApply(t *testing.T) {
	for fails, rest := range map[string][]string{"bring": {"bring", "upload"}, "upload": {"upload"}} {
		for _, refreshed := range []bool{true, false} {
			t.Run(fails, func(t *testing.T) {
				w := newWorld(t)
				config := withServerToken(bringing("k1"), serverTokenFor(t, brought()), "v1")
				w.fake.fails[fails] = &enrollment.Error{Kind: enrollment.ErrUnavailable, What: "Apple did not answer"}
				state, diags := w.plan(tftest.State{}, config).Apply()
				wantNone(t, "errors", diags.Errors())
				wantOne(t, "warnings", diags.Warnings(), "Unable to "+fails, "Apple did not answer", "apply again")
				wantAttributes(t, state, map[string]any{"status": "awaiting_server_token", "server_token_wo_version": "v1"})
				delete(w.fake.fails, fails)
				w.fake.calls = nil
				if refreshed {
					state = w.refresh(state)
					wantAttributes(t, state, map[string]any{"server_token_wo_version": nil})
				}
				p := w.plan(state, config)
				if p.Empty() || len(p.Replaces) > 0 {
					t.Fatalf("the next plan is no update in place: %s", p.Value)
				}
				state, diags = p.Apply()
				wantNone(t, "errors", diags.Errors())
				wantCalls(t, w.fake, rest...)
				wantAttributes(t, state, map[string]any{"status": "active", "public_key_pem": publicPEM(brought())})
				w.wantSettled(state, config)
			})
		}
	}
}

// The service took the server token, but its answer never came.
func TestCreateFindsOutHowFarAnUploadCame(t *testing.T) {
	w := newWorld(t)
	config := withServerToken(bringing("k1"), serverTokenFor(t, brought()), "v1")
	w.fake.fails["upload"] = &enrollment.Error{Kind: enrollment.ErrUnanswered, What: "No answer"}
	p := w.plan(tftest.State{}, config)
	w.fake.afterUpload = func(taken *enrollment.Token) { taken.Status = enrollment.Active }
	state, _ := p.Apply()
	wantAttributes(t, state, map[string]any{"status": "active"})
}

func TestBroughtKeyIsTheServingOneOfATokenThatAwaits(t *testing.T) {
	w := newWorld(t)
	state, _ := w.apply(tftest.State{}, district)
	p := w.plan(state, bringing("k1"))
	wantAttributes(t, p, map[string]any{
		"public_key_pem": tftest.Unknown, "public_key_sha256": tftest.Unknown, "staged_public_key_pem": tftest.Unknown, "status": "awaiting_server_token",
	})
	state, diags := p.Apply()
	wantNone(t, "errors", diags.Errors())
	wantAttributes(t, state, map[string]any{"public_key_pem": publicPEM(brought()), "staged_public_key_pem": nil})
	w.wantSettled(state, bringing("k1"))
}

func TestBroughtKeyBesideAServingOneIsStaged(t *testing.T) {
	w := newWorld(t)
	state, config := active(t, w)
	p := w.plan(state, config.With(bringing("k1")))
	wantAttributes(t, p, map[string]any{"public_key_pem": publicPEM(pairs()[0]), "staged_public_key_pem": tftest.Unknown})
	state, _ = p.Apply()
	wantAttributes(t, state, map[string]any{"public_key_pem": publicPEM(pairs()[0]), "staged_public_key_pem": publicPEM(brought())})
}

// The key pair that was made with the token is replaced before the upload.
func TestServerTokenOfTheKeyThatABroughtOneReplacesIsRefusedAtPlan(t *testing.T) {
	w := newWorld(t)
	state, _ := w.apply(tftest.State{}, district)
	p := w.Plan(tokenType, state, withServerToken(bringing("k1"), serverTokenFor(t, pairs()[0]), "v1"))
	wantOne(t, "errors", p.Diags.Errors(), "server_token_wo", "than certificate_pem")
	p = w.Plan(tokenType, state, withServerToken(bringing("k1"), serverTokenFor(t, brought()), "v1"))
	wantNone(t, "errors", p.Diags.Errors())
}
