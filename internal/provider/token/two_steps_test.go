package token_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

var district = tftest.Config{"name": "District", "apple_id": "it@school.example"}

func withServerToken(config tftest.Config, contents any, version any) tftest.Config {
	return config.With(tftest.Config{"server_token_wo": contents, "server_token_wo_version": version})
}

// active is a token after both steps.
func active(t *testing.T, w *world) (tftest.State, tftest.Config) {
	t.Helper()
	awaiting, _ := w.apply(tftest.State{}, district)
	config := withServerToken(district, serverTokenFor(t, pairs()[0]), "v1")
	state, _ := w.apply(w.refresh(awaiting), config)
	w.fake.calls = nil
	return state, config
}

func TestFirstStepMakesAKeyPairAndSaysWhatToClick(t *testing.T) {
	w := newWorld(t)
	p := w.plan(tftest.State{}, district)
	wantAttributes(t, p, map[string]any{
		"id": tftest.Unknown, "public_key_pem": tftest.Unknown, "public_key_sha256": tftest.Unknown,
		"status": "awaiting_server_token", "expires_at": nil, "organization": nil, "server_name": nil, "staged_public_key_pem": nil,
		"type": "school", "expiry_warning_days": int64(30), "deletion_protection": true,
	})
	state, diags := p.Apply()
	wantNone(t, "errors", diags.Errors())
	wantOne(t, "warnings", diags.Warnings(),
		"awaits its server token: upload public_key_pem to an MDM server in Apple School Manager, choose Download Token",
		"Preferences, then add an MDM server")
	wantCalls(t, w.fake, "create")
	wantAttributes(t, state, map[string]any{"id": "token-1", "public_key_pem": publicPEM(pairs()[0]), "status": "awaiting_server_token"})
	w.wantSettled(state, district)
}

func TestSecondStepUploadsAndNamesWhatMayChange(t *testing.T) {
	w := newWorld(t)
	awaiting, _ := w.apply(tftest.State{}, district)
	awaiting = w.refresh(awaiting)
	w.fake.calls = nil
	w.fake.uploadWarnings = []enrollment.Warning{{Summary: "Server token of another Apple ID", Detail: "Renew with the recorded account."}}
	config := withServerToken(district, serverTokenFor(t, pairs()[0]), "v1")
	p := w.plan(awaiting, config)
	wantAttributes(t, p, map[string]any{
		"status": tftest.Unknown, "expires_at": tftest.Unknown, "organization": tftest.Unknown, "server_name": tftest.Unknown,
		"public_key_pem": publicPEM(pairs()[0]), "staged_public_key_pem": nil, "id": "token-1",
	})
	if !w.rt.Plans.WillUpload("token-1") {
		t.Error("the upload was not announced to the other objects")
	}
	state, diags := p.Apply()
	wantNone(t, "errors", diags.Errors())
	wantOne(t, "warnings", diags.Warnings(), "Server token of another Apple ID")
	wantCalls(t, w.fake, "upload")
	wantAttributes(t, state, map[string]any{
		"status": "active", "expires_at": "2027-11-02T08:00:00Z", "organization": "Springfield District", "server_name": "iPads", "server_token_wo": nil,
	})
	w.wantSettled(state, config)
}

func TestRenameChangesTheNameOnly(t *testing.T) {
	w := newWorld(t)
	state, config := active(t, w)
	config = config.With(tftest.Config{"name": "Town", "type": "business", "apple_id": nil})
	p := w.plan(state, config)
	for _, name := range []string{"status", "expires_at", "organization", "server_name", "public_key_pem", "public_key_sha256", "staged_public_key_pem", "id"} {
		if p.Get(name) == tftest.Unknown {
			t.Errorf("a rename makes %s unknown", name)
		}
	}
	renamed, _ := p.Apply()
	wantCalls(t, w.fake, "update")
	if got := w.fake.tokens["token-1"].TokenSpec; !reflect.DeepEqual(got, enrollment.TokenSpec{Name: "Town", Type: enrollment.Business}) {
		t.Errorf("the service has %+v", got)
	}
	w.wantSettled(renamed, config)
}

func TestEachOfNameAppleIDAndTypeIsSent(t *testing.T) {
	for name, value := range map[string]string{"name": "Town", "apple_id": "new@school.example", "type": "business"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			state, config := active(t, w)
			config = config.With(tftest.Config{name: value})
			state, _ = w.apply(state, config)
			wantCalls(t, w.fake, "update")
			w.wantSettled(state, config)
		})
	}
}

func TestWhatWasPlannedAsKnownIsWhatIsWritten(t *testing.T) {
	w := newWorld(t)
	state, config := active(t, w)
	p := w.plan(state, config.With(tftest.Config{"name": "Town"}))
	expired := w.fake.tokens["token-1"]
	expired.Status = enrollment.Expired
	w.fake.tokens["token-1"] = expired
	renamed, diags := p.Apply() // the driver fails on an inconsistent result
	wantNone(t, "errors", diags.Errors())
	wantAttributes(t, renamed, map[string]any{"status": "active"})
	wantAttributes(t, w.refresh(renamed), map[string]any{"status": "expired"})
}

func TestVersionChangeNeedsAValue(t *testing.T) {
	at := "server_token_wo"
	t.Run("at plan", func(t *testing.T) {
		w := newWorld(t)
		state, config := active(t, w)
		p := w.Plan(tokenType, state, withServerToken(config, nil, "v2"))
		wantOne(t, "errors", p.Diags.Errors(), at, "Unable to find the server token", "server_token_wo_version has changed")
	})
	t.Run("when a saved plan is applied without its ephemeral value", func(t *testing.T) {
		w := newWorld(t)
		state, config := active(t, w)
		p := w.plan(state, withServerToken(config, serverTokenFor(t, pairs()[0]), "v2"))
		_, diags := p.ApplyWith(withServerToken(config, nil, "v2"))
		wantOne(t, "errors", diags.Errors(), at, "Unable to find the server token")
		wantCalls(t, w.fake)
	})
	t.Run("an unchanged version needs none", func(t *testing.T) {
		w := newWorld(t)
		state, config := active(t, w)
		p := w.plan(state, withServerToken(config, nil, "v1"))
		if !p.Empty() {
			t.Error("the plan is not empty")
		}
		wantNone(t, "warnings", p.Diags.Warnings())
	})
	t.Run("an unknown version may still be the old one", func(t *testing.T) {
		w := newWorld(t)
		state, config := active(t, w)
		p := w.plan(state, withServerToken(config, nil, tftest.Unknown))
		wantAttributes(t, p, map[string]any{"status": tftest.Unknown})
		_, diags := p.ApplyWith(withServerToken(config, nil, "v1"))
		wantNone(t, "errors", diags.Errors())
		wantCalls(t, w.fake)
	})
	t.Run("a version that is taken away asks for nothing", func(t *testing.T) {
		w := newWorld(t)
		state, config := active(t, w)
		p := w.plan(state, withServerToken(config, nil, nil))
		wantAttributes(t, p, map[string]any{"status": "active"})
		gone, _ := p.Apply()
		wantCalls(t, w.fake)
		w.wantSettled(gone, withServerToken(config, nil, nil))
	})
}

func TestValueThatIsUnknownAtPlanIsCheckedAtApply(t *testing.T) {
	w := newWorld(t)
	awaiting, _ := w.apply(tftest.State{}, district)
	w.fake.calls = nil
	p := w.plan(awaiting, withServerToken(district, tftest.Unknown, "v1"))
	wantAttributes(t, p, map[string]any{"status": tftest.Unknown, "public_key_pem": publicPEM(pairs()[0])})
	_, diags := p.ApplyWith(withServerToken(district, serverTokenFor(t, pairs()[1]), "v1"))
	wantOne(t, "errors", diags.Errors(), "server_token_wo", "another public key")
	wantCalls(t, w.fake)
	_, diags = p.ApplyWith(withServerToken(district, serverTokenFor(t, pairs()[0]), "v1"))
	wantNone(t, "errors", diags.Errors())
	wantCalls(t, w.fake, "upload")
}

func TestChangedValueWithoutAVersionChangeIsAWarning(t *testing.T) {
	w := newWorld(t)
	state, config := active(t, w)
	other := serverTokenFor(t, pairs()[0])
	p := w.plan(state, withServerToken(config, other, "v1"))
	wantOne(t, "warnings", p.Diags.Warnings(), "server_token_wo", "Another server token is ignored while server_token_wo_version stays the same")
	if !p.Empty() {
		t.Error("the plan is not empty")
	}
	wantNone(t, "warnings for the same value", w.plan(state, config).Diags.Warnings())
	wantNone(t, "warnings for a renewal", w.plan(state, withServerToken(config, other, "v2")).Diags.Warnings())
	renewed, _ := w.apply(state, withServerToken(config, other, "v2"))
	wantNone(t, "warnings after the renewal", w.plan(renewed, withServerToken(config, other, "v2")).Diags.Warnings())
}

func TestServerTokenIsCheckedAtPlan(t *testing.T) {
	cases := map[string]struct {
		contents any
		want     string
	}{
		"for another key":   {serverTokenFor(t, pairs()[2]), "Save public_key_pem to a file"},
		"no server token":   {"not a token", "not a server token"},
		"the public key":    {publicPEM(pairs()[0]), "is a certificate"},
		"empty":             {"", "is empty"},
		"a web page":        {"<!DOCTYPE html><html></html>", "web page"},
		"its own key, good": {serverTokenFor(t, pairs()[0]), ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			awaiting, _ := w.apply(tftest.State{}, district)
			errs := w.Plan(tokenType, awaiting, withServerToken(district, c.contents, "v1")).Diags.Errors()
			if c.want == "" {
				wantNone(t, "errors", errs)
				return
			}
			wantOne(t, "errors", errs, "server_token_wo", "Unable to use the server token", c.want)
		})
	}
}

func TestNewTokenHasNoServerTokenYet(t *testing.T) {
	w := newWorld(t)
	p := w.Plan(tokenType, tftest.State{}, withServerToken(district, serverTokenFor(t, pairs()[0]), "v1"))
	wantOne(t, "errors", p.Diags.Errors(), "server_token_wo", "creating the token makes its key pair", "import it")
}

func TestUploadThatFailsLeavesTheVersionForTheNextApply(t *testing.T) {
	w := newWorld(t)
	state, config := active(t, w)
	w.fake.fails["upload"] = &enrollment.Error{Kind: enrollment.ErrUnavailable, What: "Apple did not answer"}
	both := withServerToken(config, serverTokenFor(t, pairs()[0]), "v2").With(tftest.Config{"name": "Town"})
	failed, diags := w.plan(state, both).Apply()
	wantOne(t, "errors", diags.Errors(), "Unable to upload the server token", "Apple did not answer")
	wantAttributes(t, failed, map[string]any{"name": "Town", "server_token_wo_version": "v1", "status": "active"})
	wantCalls(t, w.fake, "update", "upload")
	delete(w.fake.fails, "upload")
	done, _ := w.apply(w.refresh(failed), both)
	wantCalls(t, w.fake, "upload")
	w.wantSettled(done, both)
}

func TestCreateFailsOnlyBeforeTheTokenExists(t *testing.T) {
	w := newWorld(t)
	w.fake.fails["create"] = errors.New("disk full")
	state, diags := w.plan(tftest.State{}, district).Apply()
	wantOne(t, "errors", diags.Errors(), "Unable to create the enrollment program token", "Disk full")
	if state.Exists() {
		t.Error("a token that was not made is in state")
	}
	delete(w.fake.fails, "create")
	w.fake.fails["store"] = errors.New("locked")
	state, diags = w.plan(tftest.State{}, district).Apply()
	wantNone(t, "errors once the token exists", diags.Errors())
	if !state.Exists() || !strings.Contains(strings.Join(diags.Warnings(), "\n"), "Locked") {
		t.Errorf("want the token in state and the trouble as a warning, got %v", diags.Warnings())
	}
}

func TestSecretsAreNotInStateOrDiagnostics(t *testing.T) {
	w := newWorld(t)
	state, config := active(t, w)
	secret := config["server_token_wo"].(string)
	p := w.plan(state, withServerToken(config, serverTokenFor(t, pairs()[0]), "v1"))
	everything := state.Value.String() + string(state.Private) + p.Value.String() + strings.Join(p.Diags.Warnings(), "")
	if strings.Contains(everything, secret[len(secret)/2:len(secret)/2+40]) {
		t.Error("the server token is in state, plan or a diagnostic")
	}
	wantAttributes(t, p, map[string]any{"server_token_wo": nil})
}

func TestAServerTokenFileThatIsMissingIsAWarningAtPlan(t *testing.T) {
	w := newWorld(t)
	state, config := active(t, w)
	p := w.plan(state, district)
	wantOne(t, "warnings", p.Diags.Warnings(), "server_token_wo_version: ", `The server token file of "District" is missing`, "everything that depends on it by count will be destroyed")
	wantNone(t, "warnings while it is there", w.plan(state, config).Diags.Warnings())
	wantNone(t, "warnings while it is unknown", w.plan(state, withServerToken(district, tftest.Unknown, tftest.Unknown)).Diags.Warnings())
	wantNone(t, "warnings before there was one", w.plan(tftest.State{}, district).Diags.Warnings())
}
