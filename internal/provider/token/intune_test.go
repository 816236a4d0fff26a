package token_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
	"github.com/asm-enrollment/terraform-provider-asm/internal/servertoken"
)

// intune is fake as Intune is: it says nothing of the Apple account, knows the
// type from the server token only, has scope tags, and stages no key.
type intune struct {
	*fake
	// after is what fails once the token has been made, and late keeps its public
	// key away.
	after error
	late  bool
	// school tells what the uploaded server token is of.
	school enrollment.TokenType
	specs  []enrollment.TokenSpec
	types  []enrollment.TokenType
}

func newIntune(t *testing.T) (*world, *intune) {
	t.Helper()
	w := newWorld(t)
	w.fake.kind, w.fake.store = enrollment.Intune, enrollment.Store{ID: "tenant-a", Location: "Intune tenant tenant-a", Kind: enrollment.Intune}
	i := &intune{fake: w.fake, school: enrollment.School}
	w.rt.Service = i
	return w, i
}

func (i *intune) seen(t enrollment.Token) enrollment.Token {
	if t.Status == enrollment.AwaitingServerToken {
		t.Type = ""
	}
	if i.late {
		t.PublicKeyPEM, t.PublicKeySHA256 = "", ""
	}
	return t
}

func (i *intune) CreateToken(ctx context.Context, spec enrollment.TokenSpec) (enrollment.Token, error) {
	i.specs = append(i.specs, spec)
	if spec.ScopeTagIDs == nil {
		spec.ScopeTagIDs = []string{"0"}
	}
	t, err := i.fake.CreateToken(ctx, spec)
	if err != nil {
		return t, err
	}
	made := i.seen(t)
	if i.after != nil {
		made.PublicKeyPEM, made.PublicKeySHA256 = "", ""
	}
	return made, i.after
}

func (i *intune) ReadToken(ctx context.Context, id string) (enrollment.Token, error) {
	t, err := i.fake.ReadToken(ctx, id)
	return i.seen(t), err
}

func (i *intune) UpdateToken(ctx context.Context, id string, spec enrollment.TokenSpec) (enrollment.Token, error) {
	i.specs = append(i.specs, spec)
	before := i.tokens[id]
	if spec.ScopeTagIDs == nil {
		spec.ScopeTagIDs = before.ScopeTagIDs
	}
	spec.Type = before.Type
	t, err := i.fake.UpdateToken(ctx, id, spec)
	return i.seen(t), err
}

func (i *intune) RotateKey(_ context.Context, id string) (enrollment.Token, error) {
	t, err := i.change("rotate", id, func(t *enrollment.Token) { serve(t, i.nextPair()) })
	return i.seen(t), err
}

func (i *intune) UploadServerToken(_ context.Context, id string, upload enrollment.ServerTokenUpload) (enrollment.UploadResult, error) {
	i.types = append(i.types, upload.Type)
	t, err := i.change("upload", id, func(t *enrollment.Token) {
		t.Status, t.ExpiresAt, t.Type = enrollment.Active, start.AddDate(1, 0, 0), i.school
	})
	return enrollment.UploadResult{Token: i.seen(t)}, err
}

// existing is a token of the tenant that was made in the admin center.
func (i *intune) existing() {
	t := enrollment.Token{
		ID: "token-7", TokenSpec: enrollment.TokenSpec{Name: "District", AppleID: "it@school.example", Type: enrollment.School, ScopeTagIDs: []string{"0", "4"}},
		Status: enrollment.Active, ExpiresAt: start.AddDate(0, 0, 10),
	}
	serve(&t, i.nextPair())
	i.tokens[t.ID] = t
}

// imported is existing after an import that shows no change.
func imported(t *testing.T, w *world, i *intune) tftest.State {
	t.Helper()
	i.existing()
	state, diags := w.Import(tokenType, "token-7")
	wantNone(t, "errors of the import", diags.Errors())
	return state
}

func TestIntuneCreatingATokenIsWarnedOfAtPlanAndImportingIsNot(t *testing.T) {
	w, i := newIntune(t)
	p := w.plan(tftest.State{}, district)
	wantOne(t, "warnings", p.Diags.Warnings(), `Creating the Intune token "District" is not proven`, "import it here")
	wantAttributes(t, p, map[string]any{"scope_tag_ids": tftest.Unknown, "organization": nil, "server_name": nil, "staged_public_key_pem": nil, "status": "awaiting_server_token"})
	state, _ := p.Apply()
	wantAttributes(t, state, map[string]any{"type": "school", "scope_tag_ids": []any{"0"}, "public_key_pem": publicPEM(pairs()[0])}, reflect.DeepEqual)
	w.wantSettled(state, district)
	wantNone(t, "warnings once it exists", w.plan(w.refresh(state), district).Diags.Warnings())

	state = imported(t, w, i)
	p = w.plan(state, district.With(tftest.Config{"expiry_warning_days": 5}))
	wantNone(t, "warnings for an imported token", p.Diags.Warnings())
}

func TestIntuneImportedTokenShowsNoChangeWhateverItsScopeTags(t *testing.T) {
	for name, config := range map[string]tftest.Config{
		"left out": district, "named": district.With(tftest.Config{"scope_tag_ids": []any{"4", "0"}}),
	} {
		t.Run(name, func(t *testing.T) {
			w, i := newIntune(t)
			state := imported(t, w, i)
			wantAttributes(t, state, map[string]any{"organization": nil, "server_name": nil, "staged_public_key_pem": nil, "status": "active", "type": "school"})
			for range 5 {
				w.wantSettled(state, config)
				state = w.refresh(state)
			}
			wantCalls(t, w.fake)
		})
	}
}

func TestIntuneRenewsAnImportedTokenAndKnowsWhatItsAnswerWillNotSay(t *testing.T) {
	w, i := newIntune(t)
	state := imported(t, w, i)
	config := withServerToken(district, serverTokenFor(t, pairs()[0]), "v1")
	p := w.plan(state, config)
	wantNone(t, "warnings", p.Diags.Warnings())
	wantAttributes(t, p, map[string]any{
		"status": tftest.Unknown, "expires_at": tftest.Unknown, "organization": nil, "server_name": nil,
		"public_key_pem": publicPEM(pairs()[0]), "staged_public_key_pem": nil,
	})
	state, _ = p.Apply()
	wantCalls(t, w.fake, "upload")
	if !slices.Equal(i.types, []enrollment.TokenType{enrollment.School}) {
		t.Errorf("Intune keeps no type for an upload, and was told %q", i.types)
	}
	wantAttributes(t, state, map[string]any{"status": "active", "expires_at": "2027-11-02T08:00:00Z"})
	for range 5 {
		w.wantSettled(state, config)
	}
}

func TestIntuneTokenThatWasMadeAndThenFailedIsInStateWithAWarning(t *testing.T) {
	w, i := newIntune(t)
	i.after, i.late = &enrollment.Error{Kind: enrollment.ErrUnavailable, What: "Intune gave no public key"}, true
	state, diags := w.plan(tftest.State{}, district.With(tftest.Config{"scope_tag_ids": []any{"3"}})).Apply()
	wantNone(t, "errors, which would taint", diags.Errors())
	wantOne(t, "warnings", diags.Warnings(), "Unable to finish the enrollment program token", "Intune gave no public key", "is in state", "apply again")
	wantAttributes(t, state, map[string]any{"id": "token-1", "public_key_pem": nil, "public_key_sha256": nil, "status": "awaiting_server_token"})
	wantCalls(t, w.fake, "create")
	i.late = false
	state = w.refresh(state)
	wantAttributes(t, state, map[string]any{"public_key_pem": publicPEM(pairs()[0])})
	w.wantSettled(state, district.With(tftest.Config{"scope_tag_ids": []any{"3"}}))
}

func TestTokenThatFailedAfterItWasMadeIsLookedAtOnceMore(t *testing.T) {
	w, i := newIntune(t)
	i.after = &enrollment.Error{Kind: enrollment.ErrUnanswered, What: "Intune did not answer"}
	state, _ := w.plan(tftest.State{}, district).Apply()
	wantAttributes(t, state, map[string]any{"public_key_pem": publicPEM(pairs()[0])})
}

func TestTokenThatFailedAfterItWasMadeGetsItsSecretsFromTheNextApply(t *testing.T) {
	w, i := newIntune(t)
	w.fake.kind, w.fake.store.Kind = enrollment.Embedded, enrollment.Embedded
	i.after = errors.New("the rest failed")
	config := withServerToken(bringing("k1"), serverTokenFor(t, brought()), "v1")
	state, diags := w.plan(tftest.State{}, config).Apply()
	wantNone(t, "errors", diags.Errors())
	wantCalls(t, w.fake, "create")
	if p := w.plan(w.refresh(state), config); p.Empty() || len(p.Replaces) > 0 {
		t.Error("the next plan is no update in place")
	}
	w.apply(w.refresh(state), config)
	wantCalls(t, w.fake, "bring", "upload")
}

func TestTokenThatWasNotMadeIsAnError(t *testing.T) {
	w, _ := newIntune(t)
	w.fake.fails["create"] = &enrollment.Error{Kind: enrollment.ErrPermission, What: "Graph answered 403"}
	state, diags := w.plan(tftest.State{}, district).Apply()
	wantOne(t, "errors", diags.Errors(), "Unable to create the enrollment program token", "403")
	if state.Exists() {
		t.Error("a token that was not made is in state")
	}
}

func TestIntunePublicKeyMayComeLate(t *testing.T) {
	w, i := newIntune(t)
	i.late = true
	state, diags := w.plan(tftest.State{}, district).Apply()
	wantOne(t, "warnings", diags.Warnings(), "public_key_pem", "its public key is not there yet: plan again")
	wantAttributes(t, state, map[string]any{"public_key_pem": nil, "public_key_sha256": nil})
	p := w.plan(w.refresh(state), withServerToken(district, serverTokenFor(t, pairs()[2]), "v1"))
	wantAttributes(t, p, map[string]any{"status": tftest.Unknown}) // for which key it is cannot be told yet
	i.late = false
	state = w.refresh(state)
	wantAttributes(t, state, map[string]any{"public_key_pem": publicPEM(pairs()[0])})
	w.wantSettled(state, district)
}

func TestWhatTheOtherServiceHasIsAnErrorAtItsAttribute(t *testing.T) {
	for name, c := range map[string]struct {
		kind   enrollment.Kind
		config tftest.Config
		want   []string // how each error begins
	}{
		"scope tags, embedded":         {enrollment.Embedded, tftest.Config{"scope_tag_ids": []any{"0"}}, []string{"scope_tag_ids: The embedded service has no scope tags"}},
		"scope tags, Intune":           {enrollment.Intune, tftest.Config{"scope_tag_ids": []any{"0"}}, nil},
		"scope tags, unknown":          {enrollment.Embedded, tftest.Config{"scope_tag_ids": tftest.Unknown}, nil},
		"the key of an MDM, Intune":    {enrollment.Intune, bringing("k1"), []string{"certificate_pem: Intune takes no key", "private_key_wo: Intune takes no key"}},
		"the key of an MDM, embedded":  {enrollment.Embedded, bringing("k1"), nil},
		"a scope tag by name":          {enrollment.Intune, tftest.Config{"scope_tag_ids": []any{"Schools"}}, []string{"scope_tag_ids"}},
		"no scope tag at all":          {enrollment.Intune, tftest.Config{"scope_tag_ids": []any{}}, []string{"scope_tag_ids"}},
		"a server token before a key":  {enrollment.Intune, withServerToken(nil, serverTokenFor(t, pairs()[0]), "v1"), []string{"server_token_wo: Unable to use the server token"}},
		"an unknown service asks none": {"", bringing("k1").With(tftest.Config{"scope_tag_ids": []any{"0"}}), nil},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := newIntune(t)
			w.fake.kind = c.kind
			if c.kind == "" {
				w.rt.Service, w.rt.NotReady = nil, "intune.client_id"
			}
			errs := w.Plan(tokenType, tftest.State{}, district.With(c.config)).Diags.Errors()
			if len(errs) != len(c.want) {
				t.Fatalf("got %q", errs)
			}
			for n, want := range c.want {
				if !strings.HasPrefix(errs[n], want) {
					t.Errorf("%q does not begin with %q", errs[n], want)
				}
			}
		})
	}
}

func TestWhatWasUnknownAtPlanIsRefusedAtApplyBeforeAnythingIsMade(t *testing.T) {
	w, _ := newIntune(t)
	w.fake.kind = enrollment.Embedded
	p := w.plan(tftest.State{}, district.With(tftest.Config{"scope_tag_ids": tftest.Unknown}))
	_, diags := p.ApplyWith(district.With(tftest.Config{"scope_tag_ids": []any{"0"}}))
	wantOne(t, "errors", diags.Errors(), "scope_tag_ids", "embedded service")
	w.fake.kind = enrollment.Intune // a provider whose service was not known when the plan was made
	p = w.plan(tftest.State{}, district.With(tftest.Config{"scope_tag_ids": []any{"0"}}))
	w.fake.kind = enrollment.Embedded
	_, diags = p.ApplyAsPlanned()
	wantOne(t, "errors", diags.Errors(), "scope_tag_ids", "embedded service")
	wantCalls(t, w.fake)
}

func TestScopeTagsAreSentOnlyWhereTheyAreManaged(t *testing.T) {
	w, i := newIntune(t)
	state := imported(t, w, i)
	sent := func(want ...string) {
		t.Helper()
		last := i.specs[len(i.specs)-1]
		if !slices.Equal(last.ScopeTagIDs, want) || (want == nil) != (last.ScopeTagIDs == nil) {
			t.Errorf("sent %v, want %v", last.ScopeTagIDs, want)
		}
	}
	p := w.plan(state, district.With(tftest.Config{"name": "Town"}))
	wantAttributes(t, p, map[string]any{"scope_tag_ids": []any{"0", "4"}}, reflect.DeepEqual)
	state, _ = p.Apply()
	sent()
	tagged := district.With(tftest.Config{"name": "Town", "scope_tag_ids": []any{"5"}})
	state, _ = w.apply(state, tagged)
	sent("5")
	w.wantSettled(state, tagged)

	drifted := i.tokens["token-7"]
	drifted.ScopeTagIDs = []string{"0", "5"}
	i.tokens["token-7"] = drifted
	if w.plan(w.refresh(state), tagged).Empty() {
		t.Error("tags that somebody else changed are not shown")
	}
	untagged := district.With(tftest.Config{"name": "Town"})
	before := len(i.specs)
	w.wantSettled(w.refresh(state), untagged) // no longer managed: nothing to do
	if len(i.specs) != before {
		t.Error("tags that are not managed were sent")
	}
}

func TestOnIntuneRotationReplacesThePublicKeyAndThePlanSaysWhatThatDoes(t *testing.T) {
	w, i := newIntune(t)
	state := imported(t, w, i)
	config := district.With(tftest.Config{"expiry_warning_days": 0, "key_rotation": "a"})
	p := w.plan(state, config)
	wantNone(t, "warnings for the first value", p.Diags.Warnings())
	state, _ = p.Apply()
	wantCalls(t, w.fake)

	config = config.With(tftest.Config{"key_rotation": "b"})
	p = w.plan(state, config)
	wantOne(t, "warnings", p.Diags.Warnings(), "key_rotation", "forget the present public key at once", "cannot be uploaded afterwards")
	wantAttributes(t, p, map[string]any{"public_key_pem": tftest.Unknown, "public_key_sha256": tftest.Unknown, "staged_public_key_pem": nil, "status": "active"})
	state, diags := p.Apply()
	wantCalls(t, w.fake, "rotate")
	wantOne(t, "warnings at apply", diags.Warnings(), "public_key_pem: ", "upload public_key_pem to its server", "can no longer be uploaded")
	wantAttributes(t, state, map[string]any{"public_key_pem": publicPEM(pairs()[1]), "staged_public_key_pem": nil})
	w.wantSettled(state, config)

	errs := w.Plan(tokenType, state, withServerToken(config, serverTokenFor(t, pairs()[0]), "v1")).Diags.Errors()
	wantOne(t, "errors for a server token of the old key", errs, "server_token_wo", "another public key")
	w.apply(state, withServerToken(config, serverTokenFor(t, pairs()[1]), "v1"))
	wantCalls(t, w.fake, "upload")
}

func TestScopeTagsThatWereSentAreInStateAlsoWhenALaterStepFails(t *testing.T) {
	w, i := newIntune(t)
	state := imported(t, w, i)
	state, _ = w.apply(state, district.With(tftest.Config{"key_rotation": "a"}))
	w.fake.fails["rotate"] = &enrollment.Error{Kind: enrollment.ErrUnavailable, What: "Intune answered 503"}
	state, diags := w.plan(state, district.With(tftest.Config{"key_rotation": "b", "scope_tag_ids": []any{"5"}})).Apply()
	wantOne(t, "errors", diags.Errors(), "503")
	wantAttributes(t, state, map[string]any{"scope_tag_ids": []any{"5"}, "key_rotation": "a"}, reflect.DeepEqual)
}

// The server token of the present key has to arrive before the key goes.
func TestOnIntuneAnUploadComesBeforeARotation(t *testing.T) {
	w, i := newIntune(t)
	state := imported(t, w, i)
	state, _ = w.apply(state, district.With(tftest.Config{"key_rotation": "a"}))
	w.apply(state, withServerToken(district, serverTokenFor(t, pairs()[0]), "v1").With(tftest.Config{"key_rotation": "b"}))
	wantCalls(t, w.fake, "upload", "rotate")
}

func TestTheTypeOfAnIntuneTokenIsItsAppleAccounts(t *testing.T) {
	business := district.With(tftest.Config{"type": "business"})
	w, i := newIntune(t)
	state := imported(t, w, i)
	wantOne(t, "errors", w.Plan(tokenType, state, business).Diags.Errors(), "type: Intune takes the type of a token from its Apple account", "server token")
	wantNone(t, "errors with another server token", w.Plan(tokenType, state, withServerToken(business, serverTokenFor(t, pairs()[0]), "v1")).Diags.Errors())

	// Before the first one nobody knows.
	w, _ = newIntune(t)
	state, _ = w.plan(tftest.State{}, district).Apply()
	state, _ = w.apply(w.refresh(state), business)
	w.wantSettled(state, business)

	w, _ = newIntune(t)
	w.fake.kind = enrollment.Embedded
	state, config := active(t, w)
	wantNone(t, "errors of the embedded service", w.Plan(tokenType, state, config.With(tftest.Config{"type": "business"})).Diags.Errors())
}

func TestAnImportedTokenThatAwaitsItsServerTokenTakesItsTypeFromTheConfiguration(t *testing.T) {
	w, i := newIntune(t)
	i.existing()
	awaiting := i.tokens["token-7"]
	awaiting.Status = enrollment.AwaitingServerToken
	i.tokens["token-7"] = awaiting
	state, diags := w.Import(tokenType, "token-7")
	wantNone(t, "errors", diags.Errors())
	wantAttributes(t, state, map[string]any{"type": "school"}) // the default: Intune does not know
	state, _ = w.apply(state, district.With(tftest.Config{"type": "business"}))
	state, _ = w.apply(state, district)
	w.wantSettled(state, district)
	got, _ := w.ReadData(tokenType, tftest.Config{"id": "token-7"})
	wantAttributes(t, got, map[string]any{"type": nil, "admin_id": nil, "server_uuid": nil})
	wantAttributes(t, got, map[string]any{"scope_tag_ids": []any{"0", "4"}}, reflect.DeepEqual)
}

func TestAnUploadToIntuneWithoutAnAppleIDIsAWarning(t *testing.T) {
	w, i := newIntune(t)
	state := imported(t, w, i)
	nameless := withServerToken(district, serverTokenFor(t, pairs()[0]), "v1").With(tftest.Config{"apple_id": nil})
	wantOne(t, "warnings", w.plan(state, nameless).Diags.Warnings(), "apple_id: ", "without its Apple ID")
	wantNone(t, "warnings with one", w.plan(state, nameless.With(tftest.Config{"apple_id": "it@school.example"})).Diags.Warnings())
	wantNone(t, "warnings without an upload", w.plan(state, district.With(tftest.Config{"apple_id": nil, "expiry_warning_days": 0})).Diags.Warnings())
}

func TestDeletingAnIntuneTokenShowsWhatRemains(t *testing.T) {
	w, i := newIntune(t)
	state := imported(t, w, i)
	state, _ = w.apply(state, district.With(tftest.Config{"deletion_protection": false}))
	w.fake.fails["delete"] = enrollment.InUse("District", 12, 3, 1)
	_, diags := w.PlanDestroy(state).Apply()
	wantOne(t, "errors", diags.Errors(), "Unable to delete the enrollment program token", "12 devices, 3 enrollment profiles and 1 default profile")
}

func TestIntuneStatusesAreWarnedOf(t *testing.T) {
	for status, want := range map[enrollment.TokenStatus]string{enrollment.Expired: "expired on", enrollment.TermsNotAccepted: "New terms wait"} {
		w, i := newIntune(t)
		state := imported(t, w, i)
		changed := i.tokens["token-7"]
		changed.Status, changed.ExpiresAt = status, start.AddDate(0, 3, 0)
		i.tokens["token-7"] = changed
		state = w.refresh(state)
		wantAttributes(t, state, map[string]any{"status": string(status)})
		wantOne(t, "warnings", w.plan(state, district).Diags.Warnings(), want)
	}
}

// A key that Intune gives without a certificate says nothing of what a server
// token was made for: then the service is asked.
func TestABareKeyRefusesNothingAtPlan(t *testing.T) {
	w, i := newIntune(t)
	i.existing()
	bare := i.tokens["token-7"]
	bare.PublicKeyPEM = "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkq\n-----END PUBLIC KEY-----\n"
	i.tokens["token-7"] = bare
	state, diags := w.Import(tokenType, "token-7")
	wantNone(t, "errors", diags.Errors())
	wantNone(t, "errors at plan", w.Plan(tokenType, state, withServerToken(district, serverTokenFor(t, pairs()[2]), "v1")).Diags.Errors())
	if _, err := servertoken.ParseCertificate([]byte(bare.PublicKeyPEM)); err == nil {
		t.Error("the key is a certificate")
	}
}

func TestIntunePushCertificateThatExpiresSoonIsOneWarningARun(t *testing.T) {
	w, i := newIntune(t)
	i.push = enrollment.PushCertificate{AppleID: "push@school.example", ExpiresAt: start.Add(12 * 24 * time.Hour)}
	state := imported(t, w, i)
	config := district.With(tftest.Config{"expiry_warning_days": 5})
	run := func() { w.rt.Plans = tf.NewPlans() }

	run()
	wantNone(t, "warnings before its days", w.plan(state, config).Diags.Warnings())
	soon := district.With(tftest.Config{"expiry_warning_days": 20})
	said := func() (n int) {
		for _, warning := range w.plan(state, soon).Diags.Warnings() {
			if strings.Contains(warning, "Apple MDM push certificate expires in 12 days: renew it as push@school.example") {
				n++
			}
		}
		return n
	}
	asked := i.pushAsked
	if first, second := said(), said(); first != 1 || second != 0 || i.pushAsked != asked {
		t.Errorf("said %d times and then %d, asked for %d times in one run", first, second, i.pushAsked-asked+1)
	}
	run()
	w.rt.NotePushCertificate()
	if said() != 0 {
		t.Error("said again after the data source has")
	}
	run()
	i.pushErr = &enrollment.Error{Kind: enrollment.ErrPermission, What: "It may not be read"}
	if said() != 0 {
		t.Error("said of a certificate that may not be read")
	}
	run()
	i.pushErr, w.fake.kind = nil, enrollment.Embedded
	if said() != 0 {
		t.Error("said on the embedded service, which has none")
	}
}
