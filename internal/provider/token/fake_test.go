package token_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/token"
	"github.com/asm-enrollment/terraform-provider-asm/internal/servertoken"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

var start = time.Date(2026, time.November, 2, 8, 0, 0, 0, time.UTC)

// pairs are key pairs made once: the fake hands them out in order.
var pairs = sync.OnceValue(func() []servertoken.KeyPair {
	var out []servertoken.KeyPair
	for i := range 4 {
		pair, err := servertoken.NewKeyPair(fmt.Sprintf("pair %d", i), start)
		if err != nil {
			panic(err)
		}
		out = append(out, pair)
	}
	return out
})

// brought is the pair of another MDM; the fake never makes it.
func brought() servertoken.KeyPair { return pairs()[3] }

func publicPEM(pair servertoken.KeyPair) string { return string(pair.CertificatePEM) }

// serverTokenFor is a new .p7m that Apple's portal makes for a public key.
func serverTokenFor(t *testing.T, pair servertoken.KeyPair) string {
	t.Helper()
	portal := apple.New(apple.Options{})
	server, err := portal.CreateServer("District", pair.CertificatePEM)
	if err != nil {
		t.Fatal(err)
	}
	file, err := portal.ServerToken(server.ID)
	if err != nil {
		t.Fatal(err)
	}
	return string(file)
}

// fake is a service that keeps tokens in memory, notes what it was asked to
// change, and fails where a test says so.
type fake struct {
	enrollment.Service
	kind   enrollment.Kind
	store  enrollment.Store
	tokens map[string]enrollment.Token
	keys   int
	calls  []string
	fails  map[string]error
	// uploadWarnings are what an upload warns of.
	uploadWarnings []enrollment.Warning
	// push is the tenant's push certificate, pushErr what is answered in its place.
	push       enrollment.PushCertificate
	pushErr    error
	pushAsked  int
	listsBrief int
	// afterUpload changes the token although the upload answers with an error.
	afterUpload func(*enrollment.Token)
}

func newFake() *fake {
	return &fake{
		kind: enrollment.Embedded, store: enrollment.Store{ID: "store-a", Location: "sqlite:a.db"},
		tokens: map[string]enrollment.Token{}, fails: map[string]error{},
	}
}

func (f *fake) call(name string) error {
	f.calls = append(f.calls, name)
	return f.fails[name]
}

func (f *fake) nextPair() servertoken.KeyPair {
	pair := pairs()[f.keys%3]
	f.keys++
	return pair
}

func (f *fake) Kind() enrollment.Kind { return f.kind }

func (f *fake) Store(context.Context) (enrollment.Store, error) { return f.store, f.fails["store"] }

func (f *fake) PushCertificate(context.Context) (enrollment.PushCertificate, error) {
	f.pushAsked++
	return f.push, f.pushErr
}

func (f *fake) TokensBriefly(ctx context.Context) iter.Seq2[enrollment.Token, error] {
	f.listsBrief++
	return enrollment.TokensBriefly(ctx, struct{ enrollment.TokenService }{f})
}

func (f *fake) CreateToken(_ context.Context, spec enrollment.TokenSpec) (enrollment.Token, error) {
	if err := f.call("create"); err != nil {
		return enrollment.Token{}, err
	}
	t := enrollment.Token{ID: fmt.Sprintf("token-%d", len(f.tokens)+1), TokenSpec: spec, Status: enrollment.AwaitingServerToken}
	serve(&t, f.nextPair())
	f.tokens[t.ID] = t
	return t, nil
}

func serve(t *enrollment.Token, pair servertoken.KeyPair) {
	t.PublicKeyPEM, t.PublicKeySHA256 = publicPEM(pair), servertoken.Fingerprint(pair.Certificate)
}

func (f *fake) ReadToken(ctx context.Context, id string) (enrollment.Token, error) {
	if err := ctx.Err(); err != nil {
		return enrollment.Token{}, err
	}
	t, ok := f.tokens[id]
	if !ok {
		return t, enrollment.NotFound("token", id)
	}
	return t, f.fails["read"]
}

func (f *fake) ListTokens(context.Context) ([]enrollment.Token, error) {
	var all []enrollment.Token
	for _, t := range f.tokens {
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b enrollment.Token) int { return strings.Compare(b.ID, a.ID) })
	return all, f.fails["list"]
}

func (f *fake) change(name, id string, with func(*enrollment.Token)) (enrollment.Token, error) {
	if err := f.call(name); err != nil {
		return enrollment.Token{}, err
	}
	t, ok := f.tokens[id]
	if !ok {
		return t, enrollment.NotFound("token", id)
	}
	with(&t)
	f.tokens[id] = t
	return t, nil
}

func (f *fake) UpdateToken(_ context.Context, id string, spec enrollment.TokenSpec) (enrollment.Token, error) {
	return f.change("update", id, func(t *enrollment.Token) { t.TokenSpec = spec })
}

func (f *fake) BringKey(_ context.Context, id string, key enrollment.BroughtKey) (enrollment.Token, error) {
	return f.change("bring", id, func(t *enrollment.Token) {
		if t.Status != enrollment.AwaitingServerToken {
			t.StagedPublicKeyPEM = key.CertificatePEM
			return
		}
		t.PublicKeyPEM, t.PublicKeySHA256 = key.CertificatePEM, servertoken.Fingerprint(parse(key.CertificatePEM))
	})
}

func (f *fake) RotateKey(_ context.Context, id string) (enrollment.Token, error) {
	return f.change("rotate", id, func(t *enrollment.Token) { t.StagedPublicKeyPEM = publicPEM(f.nextPair()) })
}

func (f *fake) UploadServerToken(_ context.Context, id string, upload enrollment.ServerTokenUpload) (enrollment.UploadResult, error) {
	if f.afterUpload != nil {
		taken := f.tokens[id]
		f.afterUpload(&taken)
		f.tokens[id] = taken
	}
	t, err := f.change("upload", id, func(t *enrollment.Token) {
		t.Status, t.ExpiresAt, t.UploadedAt = enrollment.Active, start.AddDate(1, 0, 0), start
		t.Organization, t.ServerName = "Springfield District", "iPads"
		info, err := servertoken.Inspect(upload.Contents)
		if staged := parse(t.StagedPublicKeyPEM); err == nil && staged != nil && info.EncryptedFor(staged) {
			t.PublicKeyPEM, t.PublicKeySHA256, t.StagedPublicKeyPEM = t.StagedPublicKeyPEM, servertoken.Fingerprint(staged), ""
		}
	})
	return enrollment.UploadResult{Token: t, Warnings: f.uploadWarnings}, err
}

func parse(text string) *x509.Certificate {
	cert, err := servertoken.ParseCertificate([]byte(text))
	if err != nil {
		return nil
	}
	return cert
}

func (f *fake) DeleteToken(_ context.Context, id string) error {
	_, err := f.change("delete", id, func(*enrollment.Token) {})
	if err == nil {
		delete(f.tokens, id)
	}
	return err
}

// world is a fake service, a clock and a provider over both.
type world struct {
	*tftest.Driver
	t    *testing.T
	fake *fake
	now  time.Time
	rt   *tf.Runtime
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, fake: newFake(), now: start}
	w.rt = &tf.Runtime{Service: w.fake, Now: func() time.Time { return w.now }, Plans: tf.NewPlans()}
	w.Driver = tftest.New(t, w.rt, []func() resource.Resource{token.NewResource},
		[]func() datasource.DataSource{token.NewDataSource, token.NewListDataSource})
	return w
}

const tokenType = "asm_token"

// plan plans and expects no error.
func (w *world) plan(prior tftest.State, config tftest.Config) tftest.Plan {
	w.t.Helper()
	p := w.Plan(tokenType, prior, config)
	wantNone(w.t, "errors at plan", p.Diags.Errors())
	return p
}

// apply plans and applies, and expects no error and an empty plan afterwards.
func (w *world) apply(prior tftest.State, config tftest.Config) (tftest.State, tftest.Diags) {
	w.t.Helper()
	state, diags := w.plan(prior, config).Apply()
	wantNone(w.t, "errors at apply", diags.Errors())
	return state, diags
}

// refresh reads and expects no error.
func (w *world) refresh(state tftest.State) tftest.State {
	w.t.Helper()
	read, diags := w.Refresh(state)
	wantNone(w.t, "errors at refresh", diags.Errors())
	return read
}

// wantSettled expects that a refresh and a plan change nothing.
func (w *world) wantSettled(state tftest.State, config tftest.Config) {
	w.t.Helper()
	if p := w.plan(w.refresh(state), config); !p.Empty() {
		w.t.Errorf("the plan after the apply is not empty: %s", p.Value)
	}
}

func wantNone(t *testing.T, what string, got []string) {
	t.Helper()
	if len(got) > 0 {
		t.Fatalf("%s: %s", what, strings.Join(got, "\n"))
	}
}

// wantOne expects one text that contains every part.
func wantOne(t *testing.T, what string, got []string, parts ...string) {
	t.Helper()
	if len(got) != 1 {
		t.Fatalf("%s: got %d, want 1: %s", what, len(got), strings.Join(got, "\n"))
	}
	for _, part := range parts {
		if !strings.Contains(got[0], part) {
			t.Errorf("%s: %q does not say %q", what, got[0], part)
		}
	}
}

// wantAttributes compares plain values; values of sets need an equality of their
// own.
func wantAttributes(t *testing.T, got interface{ Get(string) any }, want map[string]any, equality ...func(a, b any) bool) {
	t.Helper()
	equal := func(a, b any) bool { return a == b }
	if len(equality) > 0 {
		equal = equality[0]
	}
	for name, value := range want {
		if !equal(got.Get(name), value) {
			t.Errorf("%s is %v, want %v", name, got.Get(name), value)
		}
	}
}

func wantCalls(t *testing.T, f *fake, want ...string) {
	t.Helper()
	if !slices.Equal(f.calls, want) {
		t.Errorf("the service was asked %v, want %v", f.calls, want)
	}
	f.calls = nil
}
