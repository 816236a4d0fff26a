package sds_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/sds"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

const kind = "asm_sds_connection"

// fake is a service with the tokens t1 and t2.
type fake struct {
	enrollment.Service
	store  enrollment.Store
	err    error // of the store
	kind   enrollment.Kind
	status enrollment.TokenStatus
	shared map[string]bool
	calls  int
	lists  error // what listing answers
	after  error // what sharing answers when it is done
}

func (f *fake) Kind() enrollment.Kind { return f.kind }

func (f *fake) ListTokens(context.Context) ([]enrollment.Token, error) {
	var tokens []enrollment.Token
	for _, id := range slices.Sorted(maps.Keys(f.shared)) {
		tokens = append(tokens, enrollment.Token{ID: id, TokenSpec: enrollment.TokenSpec{Name: "Token " + id}, SharedWithSDS: f.shared[id]})
	}
	return tokens, f.lists
}

func (f *fake) Store(context.Context) (enrollment.Store, error) { return f.store, f.err }

func (f *fake) ReadToken(_ context.Context, id string) (enrollment.Token, error) {
	shared, ok := f.shared[id]
	if !ok {
		return enrollment.Token{}, enrollment.NotFound("token", id)
	}
	return enrollment.Token{ID: id, Status: f.status, SharedWithSDS: shared}, nil
}

func (f *fake) SetSDSSharing(_ context.Context, id string, shared bool) error {
	f.calls++
	if _, ok := f.shared[id]; !ok {
		return enrollment.NotFound("token", id)
	}
	if f.kind == enrollment.Intune && shared {
		clear(f.shared)
		f.shared["t1"], f.shared["t2"] = false, false
	}
	f.shared[id] = shared
	return f.after
}

func start(t *testing.T) (*fake, *tf.Runtime, *tftest.Driver) {
	t.Helper()
	f := &fake{kind: enrollment.Embedded, store: enrollment.Store{ID: "store-1", Location: "here.db", Tokens: 1}, status: enrollment.Active, shared: map[string]bool{"t1": false, "t2": false}}
	rt := &tf.Runtime{Service: f, Plans: tf.NewPlans(), Now: func() time.Time { return time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC) }}
	return f, rt, tftest.New(t, rt, []func() resource.Resource{sds.NewResource}, nil)
}

func connect(t *testing.T, d *tftest.Driver) tftest.State {
	t.Helper()
	state, diags := d.Plan(kind, tftest.State{}, tftest.Config{"token_id": "t1"}).Apply()
	if len(diags) > 0 {
		t.Fatal(diags.Errors(), diags.Warnings())
	}
	return state
}

func mentions(t *testing.T, diags tftest.Diags, parts ...string) {
	t.Helper()
	errs := diags.Errors()
	if len(errs) != 1 {
		t.Fatalf("want one error with %q, got %q", parts, errs)
	}
	for _, part := range parts {
		if !strings.Contains(errs[0], part) {
			t.Errorf("%q does not mention %q", errs[0], part)
		}
	}
}

func TestTheTokenIsSharedAsLongAsTheConnectionExists(t *testing.T) {
	t.Parallel()
	f, _, d := start(t)
	state := connect(t, d)
	if !f.shared["t1"] || state.Get("id") != "t1" || state.Get("token_id") != "t1" || d.IdentityOf(state)["token_id"] != "t1" {
		t.Errorf("shared %v, state %s, identity %v", f.shared, state.Value, d.IdentityOf(state))
	}
	for range 5 {
		read, diags := d.Refresh(state)
		if plan := d.Plan(kind, read, tftest.Config{"token_id": "t1"}); !plan.Empty() || len(plan.Diags) > 0 || len(diags) > 0 {
			t.Fatalf("planned %s", plan.Value)
		}
	}
	if plan := d.Plan(kind, state, tftest.Config{"token_id": "t2"}); len(plan.Replaces) != 1 {
		t.Error("another token is another connection")
	}
	if gone, diags := d.PlanDestroy(state).Apply(); gone.Exists() || len(diags) > 0 || f.shared["t1"] {
		t.Errorf("destroyed: %v, shared %v", diags.Errors(), f.shared)
	}
}

func TestAConnectionThatSomebodyEndedIsGone(t *testing.T) {
	t.Parallel()
	f, _, d := start(t)
	state := connect(t, d)
	f.shared["t1"] = false
	if read, diags := d.Refresh(state); read.Exists() || len(diags) > 0 {
		t.Error("it is still there", diags.Errors())
	}
	delete(f.shared, "t1")
	if read, diags := d.Refresh(state); read.Exists() || len(diags) > 0 {
		t.Error("it outlives its token", diags.Errors())
	}
	if _, diags := d.PlanDestroy(state).Apply(); len(diags) > 0 {
		t.Error("without its token it cannot be destroyed", diags.Errors())
	}
}

func TestImport(t *testing.T) {
	t.Parallel()
	f, _, d := start(t)
	if state, _ := d.Import(kind, "t1"); state.Exists() {
		t.Error("a token that is not shared was imported")
	}
	f.shared["t1"] = true
	byID, first := d.Import(kind, "t1")
	byIdentity, second := d.ImportIdentity(kind, tftest.Config{"token_id": "t1"})
	if len(first)+len(second) > 0 {
		t.Fatal(first.Errors(), second.Errors())
	}
	for _, state := range []tftest.State{byID, byIdentity} {
		if plan := d.Plan(kind, state, tftest.Config{"token_id": "t1"}); !plan.Empty() {
			t.Errorf("planned %s", plan.Value)
		}
	}
}

func TestATokenThatAwaitsItsServerTokenCannotBeShared(t *testing.T) {
	t.Parallel()
	f, rt, d := start(t)
	f.status = enrollment.AwaitingServerToken
	mentions(t, d.Plan(kind, tftest.State{}, tftest.Config{"token_id": "t1"}).Diags, "token_id", "Download Token")
	rt.Plans.Upload("t1")
	connect(t, d)
}

func TestAnotherStoreIsAnErrorEverywhere(t *testing.T) {
	t.Parallel()
	f, _, d := start(t)
	state := connect(t, d)
	destroy := d.PlanDestroy(state)
	f.store, f.shared = enrollment.Store{Location: "new.db"}, map[string]bool{}
	read, diags := d.Refresh(state)
	mentions(t, diags, "store-1", "new.db", "Nothing was changed")
	if !read.Exists() {
		t.Error("the state is gone")
	}
	mentions(t, d.Plan(kind, state, tftest.Config{"token_id": "t1"}).Diags, "store-1")
	mentions(t, d.PlanDestroy(state).Diags, "store-1")
	calls := f.calls
	_, diags = destroy.ApplyAsPlanned()
	mentions(t, diags, "store-1")
	if f.calls != calls {
		t.Error("the other store was written to")
	}
}

// What fails after the sharing would taint, so the store is asked before it.
func TestCreateThatCannotTellItsStoreSharesNothing(t *testing.T) {
	t.Parallel()
	f, _, d := start(t)
	f.err = errors.New("the store is locked")
	_, diags := d.Plan(kind, tftest.State{}, tftest.Config{"token_id": "t1"}).Apply()
	mentions(t, diags, "store is locked")
	if f.shared["t1"] {
		t.Error("it is shared")
	}
}

func TestSharingThatWasTakenAndDoesNotShowIsInState(t *testing.T) {
	t.Parallel()
	f, _, d := start(t)
	f.after = &enrollment.Error{Kind: enrollment.ErrNotShown, What: "It was taken and does not show"}
	state, diags := d.Plan(kind, tftest.State{}, tftest.Config{"token_id": "t1"}).Apply()
	if warnings := diags.Warnings(); len(diags) != 1 || len(warnings) != 1 || !strings.Contains(warnings[0], "does not show") || !strings.Contains(warnings[0], "next refresh") {
		t.Errorf("%q, %q", warnings, diags.Errors())
	}
	if state.Get("id") != "t1" || d.IdentityOf(state)["token_id"] != "t1" {
		t.Errorf("state is %s", state.Value)
	}
	_, diags = d.PlanDestroy(state).Apply()
	mentions(t, diags, "Unable to delete", "does not show")
}

func TestUnknownAndUnusableTokens(t *testing.T) {
	t.Parallel()
	f, rt, d := start(t)
	plan := d.Plan(kind, tftest.State{}, tftest.Config{"token_id": tftest.Unknown})
	state, diags := plan.ApplyWith(tftest.Config{"token_id": "t1"})
	if len(plan.Diags)+len(diags) > 0 || !f.shared["t1"] {
		t.Error(plan.Diags.Errors(), diags.Errors())
	}
	mentions(t, d.Plan(kind, tftest.State{}, tftest.Config{"token_id": "t9"}).Diags, `There is no token "t9"`, "asm_tokens")

	rt.Service, rt.NotReady = nil, "embedded.store"
	if read, diags := d.Refresh(state); len(diags) > 0 || !read.Value.Equal(state.Value) {
		t.Errorf("without a service it reads %s, %v", read.Value, diags.Errors())
	}
	if plan := d.Plan(kind, state, tftest.Config{"token_id": "t1"}); !plan.Empty() || len(plan.Diags) > 0 {
		t.Errorf("without a service it plans %s, %v", plan.Value, plan.Diags.Errors())
	}
}
