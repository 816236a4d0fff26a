package token_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

func TestDeletionProtection(t *testing.T) {
	w := newWorld(t)
	state, config := active(t, w)
	wantOne(t, "errors", w.PlanDestroy(state).Diags.Errors(), "deletion_protection", "Unable to delete", "set deletion_protection = false, apply")

	// A destroy that was not planned as one, such as half of a replacement.
	open, _ := w.apply(state, config.With(tftest.Config{"deletion_protection": false}))
	p := w.PlanDestroy(open)
	wantNone(t, "errors", p.Diags.Errors())
	w.fake.calls = nil
	gone, diags := p.Apply()
	wantNone(t, "errors", diags.Errors())
	wantCalls(t, w.fake, "delete")
	if gone.Exists() {
		t.Error("the token is still in state")
	}
}

func TestReplacementOfAProtectedTokenIsRefusedBeforeTheServiceIsAsked(t *testing.T) {
	w := newWorld(t)
	state, _ := active(t, w)
	_, diags := w.Destroy(state)
	wantOne(t, "errors", diags.Errors(), "deletion_protection", "Unable to delete")
	wantCalls(t, w.fake)
}

func TestDeleteShowsWhatRemainsAndTakesGoneForDone(t *testing.T) {
	w := newWorld(t)
	state, _ := w.apply(tftest.State{}, district.With(tftest.Config{"deletion_protection": false}))
	w.fake.fails["delete"] = enrollment.InUse("District", 12, 3, 1)
	_, diags := w.PlanDestroy(state).Apply()
	wantOne(t, "errors", diags.Errors(), "Unable to delete the enrollment program token", "12 devices, 3 enrollment profiles")
	w.fake.fails["delete"] = enrollment.NotFound("token", "token-1")
	_, diags = w.PlanDestroy(state).Apply()
	wantNone(t, "errors", diags.Errors())
}

func TestReadRemovesOnlyWhatIsGoneFromTheRightStore(t *testing.T) {
	t.Run("gone", func(t *testing.T) {
		w := newWorld(t)
		state, _ := active(t, w)
		delete(w.fake.tokens, "token-1")
		if w.refresh(state).Exists() {
			t.Error("a token that is gone is still in state")
		}
	})
	t.Run("another store", func(t *testing.T) {
		w := newWorld(t)
		state, _ := active(t, w)
		delete(w.fake.tokens, "token-1")
		w.fake.store = enrollment.Store{ID: "store-b", Location: "sqlite:b.db"}
		read, diags := w.Refresh(state)
		wantOne(t, "errors", diags.Errors(), "belongs to store store-a")
		if !read.Exists() {
			t.Error("the state was given up for another store")
		}
	})
	t.Run("trouble", func(t *testing.T) {
		w := newWorld(t)
		state, _ := active(t, w)
		w.fake.fails["read"] = enrollment.ErrUnavailable
		read, diags := w.Refresh(state)
		wantOne(t, "errors", diags.Errors(), "Unable to read the enrollment program token")
		if !read.Exists() {
			t.Error("the state was given up for an error")
		}
	})
	t.Run("no service yet", func(t *testing.T) {
		w := newWorld(t)
		state, config := active(t, w)
		w.rt.Service, w.rt.NotReady = nil, "embedded.store"
		if !w.refresh(state).Value.Equal(state.Value) {
			t.Error("the state changed without a service")
		}
		if !w.plan(state, config).Empty() {
			t.Error("the plan is not empty without a service")
		}
		wantOne(t, "errors", w.PlanDestroy(state).Diags.Errors(), "deletion_protection")
	})
}

func TestReadShowsWhatOthersChanged(t *testing.T) {
	w := newWorld(t)
	state, config := active(t, w)
	changed := w.fake.tokens["token-1"]
	changed.Name, changed.AppleID, changed.Type, changed.Status = "Town", "", enrollment.Business, enrollment.Revoked
	w.fake.tokens["token-1"] = changed
	state = w.refresh(state)
	wantAttributes(t, state, map[string]any{"name": "Town", "apple_id": nil, "type": "business", "status": "revoked", "server_token_wo_version": "v1"})
	w.apply(state, config)
	wantCalls(t, w.fake, "update")
}

func TestAnotherStoreIsNeverActedUpon(t *testing.T) {
	w := newWorld(t)
	config := district.With(tftest.Config{"deletion_protection": false})
	state, _ := w.apply(tftest.State{}, config)
	update, destroy := w.plan(state, config.With(tftest.Config{"name": "Town"})), w.PlanDestroy(state)
	w.fake.calls = nil
	w.fake.store = enrollment.Store{ID: "store-b", Location: "sqlite:b.db"}
	for name, diags := range map[string]tftest.Diags{
		"plan":         w.Plan(tokenType, state, config.With(tftest.Config{"name": "Town"})).Diags,
		"plan destroy": w.PlanDestroy(state).Diags,
		"update":       second(update.ApplyAsPlanned()),
		"delete":       second(destroy.ApplyAsPlanned()),
	} {
		t.Run(name, func(t *testing.T) { wantOne(t, "errors", diags.Errors(), "Unable to use this store") })
	}
	wantCalls(t, w.fake)
}

func second(_ tftest.State, diags tftest.Diags) tftest.Diags { return diags }

func TestImport(t *testing.T) {
	w := newWorld(t)
	_, config := active(t, w)
	state, diags := w.Import(tokenType, "token-1")
	wantNone(t, "errors", diags.Errors())
	wantAttributes(t, state, map[string]any{
		"name": "District", "apple_id": "it@school.example", "type": "school", "status": "active", "public_key_pem": publicPEM(pairs()[0]),
		"deletion_protection": true, "expiry_warning_days": int64(30), "server_token_wo_version": nil, "key_rotation": nil,
	})
	if !w.plan(state, district).Empty() {
		t.Error("the plan after the import is not empty")
	}
	p := w.plan(state, district.With(tftest.Config{"key_rotation": "2026"}))
	wantAttributes(t, p, map[string]any{"staged_public_key_pem": nil, "status": "active"})
	p.Apply()
	wantCalls(t, w.fake)
	w.fake.store.ID = "store-b"
	if _, diags := w.Refresh(state); len(diags.Errors()) == 0 {
		t.Error("the import does not remember its store")
	}
	wantAttributes(t, w.plan(tftest.State{}, config.With(tftest.Config{"server_token_wo": nil, "server_token_wo_version": nil})), map[string]any{"id": tftest.Unknown})
}

func TestExpiryIsAPlanWarning(t *testing.T) {
	expiry := start.AddDate(1, 0, 0)
	cases := map[string]struct {
		now  time.Time
		with tftest.Config
		want string
	}{
		"in the default 30 days":      {expiry.Add(-30*24*time.Hour + time.Second), nil, `The server token of "District" expires on 2027-11-02T08:00:00Z`},
		"earlier than that":           {expiry.Add(-30 * 24 * time.Hour), nil, ""},
		"in the configured days":      {expiry.Add(-59 * 24 * time.Hour), tftest.Config{"expiry_warning_days": 60}, "expires on"},
		"with 0 days, not yet":        {expiry.Add(-time.Second), tftest.Config{"expiry_warning_days": 0}, ""},
		"with 0 days, expired":        {expiry, tftest.Config{"expiry_warning_days": 0}, "expired on"},
		"expired":                     {expiry.AddDate(0, 1, 0), nil, "expired on 2027-11-02T08:00:00Z"},
		"not while it is renewed now": {expiry.Add(-time.Hour), tftest.Config{"server_token_wo_version": "v2"}, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			state, config := active(t, w)
			w.now = c.now
			read, diags := w.Refresh(state)
			wantNone(t, "warnings at refresh", diags.Warnings())
			warnings := w.plan(read, config.With(c.with)).Diags.Warnings()
			if c.want == "" {
				wantNone(t, "warnings", warnings)
				return
			}
			wantOne(t, "warnings", warnings, "expires_at", c.want, "Download Token")
		})
	}
}

func TestTokenThatTheServiceCallsExpiredIsAWarning(t *testing.T) {
	w := newWorld(t)
	state, config := active(t, w)
	expired := w.fake.tokens["token-1"]
	expired.Status = enrollment.Expired
	w.fake.tokens["token-1"] = expired
	wantOne(t, "warnings", w.plan(w.refresh(state), config).Diags.Warnings(), "expired on")
}

// What Apple refuses, and what stands in the way of a destroy.
func TestATokenThatIsOfNoUseIsAWarning(t *testing.T) {
	for status, want := range map[enrollment.TokenStatus]string{
		enrollment.Revoked: "Apple refuses the server token", enrollment.TermsNotAccepted: "New terms wait to be accepted",
	} {
		w := newWorld(t)
		state, config := active(t, w)
		refused := w.fake.tokens["token-1"]
		refused.Status = status
		w.fake.tokens["token-1"] = refused
		wantOne(t, "warnings", w.plan(w.refresh(state), config).Diags.Warnings(), "status", want, "nothing is synced or assigned")
		if w.rt.NoteTrouble("token-1") {
			t.Errorf("%s: what depends on the token would say it again", status)
		}
		wantNone(t, "while it is renewed", w.plan(w.refresh(state), config.With(tftest.Config{"server_token_wo_version": "v2"})).Diags.Warnings())
	}
}

func TestDestroyingATokenSaysWhatItStillHas(t *testing.T) {
	w := newWorld(t)
	state, _ := w.apply(tftest.State{}, district.With(tftest.Config{"deletion_protection": false}))
	wantNone(t, "warnings for an empty token", w.PlanDestroy(state).Diags.Warnings())
	full := w.fake.tokens["token-1"]
	full.DeviceCount, full.ProfileCount = 300, 4
	w.fake.tokens["token-1"] = full
	plan := w.PlanDestroy(state)
	wantNone(t, "errors", plan.Diags.Errors())
	wantOne(t, "warnings", plan.Diags.Warnings(), `Destroying token "District" is refused while it has 300 devices and 4 enrollment profiles`, "Apple School Manager only")
	protected, _ := w.apply(state, district)
	plan = w.PlanDestroy(protected)
	wantNone(t, "warnings beside the protection", plan.Diags.Warnings())
	w.fake.fails["read"] = errors.New("the service is down")
	wantNone(t, "errors where it cannot be read", w.PlanDestroy(state).Diags.Errors())
}

func TestTokensOfBothProgramsAreAWarning(t *testing.T) {
	w := newWorld(t)
	state, config := active(t, w)
	business := tftest.Config{"name": "Company", "type": "business"}
	wantOne(t, "warnings", w.plan(tftest.State{}, business).Diags.Warnings(), "type", "cannot be combined")
	if w.fake.listsBrief == 0 {
		t.Error("the dear list was asked for")
	}
	w.fake.tokens["token-2"] = enrollment.Token{ID: "token-2", TokenSpec: enrollment.TokenSpec{Name: "Company", Type: enrollment.Business}}
	wantNone(t, "warnings of every later plan", w.plan(state, config.With(tftest.Config{"name": "Town"})).Diags.Warnings())
	delete(w.fake.tokens, "token-2")
	wantNone(t, "warnings for a second school", w.plan(tftest.State{}, tftest.Config{"name": "Second"}).Diags.Warnings())
	wantNone(t, "warnings for the only token", w.plan(state, config.With(tftest.Config{"type": "business"})).Diags.Warnings())
}

func TestValidators(t *testing.T) {
	cases := map[string]struct {
		with tftest.Config
		want string
	}{
		"blank name":                        {tftest.Config{"name": " "}, "name: "},
		"no name":                           {tftest.Config{"name": nil}, "name"},
		"empty apple_id":                    {tftest.Config{"apple_id": ""}, "apple_id: "},
		"another type":                      {tftest.Config{"type": "home"}, "type: "},
		"negative days":                     {tftest.Config{"expiry_warning_days": -1}, "expiry_warning_days: "},
		"more days than a token lives":      {tftest.Config{"expiry_warning_days": 366}, "expiry_warning_days: "},
		"empty key_rotation":                {tftest.Config{"key_rotation": ""}, "key_rotation: "},
		"server token without its version":  {tftest.Config{"server_token_wo": "x"}, "server_token_wo: "},
		"empty server_token_wo_version":     {tftest.Config{"server_token_wo_version": ""}, "server_token_wo_version: "},
		"certificate that is none":          {bringing("k1").With(tftest.Config{"certificate_pem": "x"}), "certificate_pem: "},
		"certificate without a key version": {tftest.Config{"certificate_pem": publicPEM(brought())}, "certificate_pem: "},
		"key without its version":           {bringing(nil).With(tftest.Config{"certificate_pem": nil}), "private_key_wo: "},
		"key version without a certificate": {tftest.Config{"private_key_wo_version": "k1"}, "private_key_wo_version: "},
		"empty private_key_wo_version":      {bringing(""), "private_key_wo_version: "},
		"a timeout that is none":            {tftest.Config{"timeouts": tftest.Config{"create": "soon"}}, "timeouts.create"},
	}
	w := newWorld(t)
	wantNone(t, "errors for a good configuration", w.Validate(tokenType, bringing("k1")).Errors())
	wantNone(t, "errors for a version alone", w.Validate(tokenType, withServerToken(district, nil, "v1")).Errors())
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			errs := strings.Join(w.Validate(tokenType, district.With(c.with)).Errors(), "\n")
			if !strings.Contains(errs, c.want) {
				t.Errorf("got %q, want an error at %q", errs, c.want)
			}
		})
	}
}

func TestIdentityIsTheIDAndImports(t *testing.T) {
	w := newWorld(t)
	state, _ := active(t, w)
	for name, s := range map[string]tftest.State{"after apply": state, "after refresh": w.refresh(state)} {
		if got := w.IdentityOf(s)["id"]; got != "token-1" {
			t.Errorf("the identity %s is %v", name, got)
		}
	}
	state.Identity = nil // as Terraform 1.11 stores it
	if got := w.IdentityOf(w.refresh(state))["id"]; got != "token-1" {
		t.Errorf("the identity of an old state is %v", got)
	}
	imported, diags := w.ImportIdentity(tokenType, tftest.Config{"id": "token-1"})
	wantNone(t, "errors", diags.Errors())
	wantAttributes(t, imported, map[string]any{"id": "token-1", "name": "District"})
	delete(w.fake.tokens, "token-1")
	if w.refresh(state).Exists() {
		t.Error("an old state of a token that is gone stays")
	}
}
