package sds_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

// again forgets what was announced, as a new run does.
func again(rt *tf.Runtime) { rt.Plans = tf.NewPlans() }

func onIntune(t *testing.T) (*fake, *tf.Runtime, *tftest.Driver) {
	t.Helper()
	f, rt, d := start(t)
	f.kind = enrollment.Intune
	return f, rt, d
}

func TestSharingThatTakesItFromAnotherTokenIsAWarningThatNamesIt(t *testing.T) {
	t.Parallel()
	f, rt, d := onIntune(t)
	state := connect(t, d) // nobody loses anything
	again(rt)
	if plan := d.Plan(kind, state, tftest.Config{"token_id": "t1"}); len(plan.Diags) > 0 || !plan.Empty() {
		t.Errorf("its own sharing is warned of: %v", plan.Diags.Warnings())
	}
	again(rt)
	plan := d.Plan(kind, tftest.State{}, tftest.Config{"token_id": "t2"})
	warnings := plan.Diags.Warnings()
	if len(plan.Diags.Errors()) > 0 || len(warnings) != 1 || !strings.HasPrefix(warnings[0], "token_id: ") || !strings.Contains(warnings[0], `Token "Token t1" (t1) is shared now`) {
		t.Fatalf("planned with %v %v", plan.Diags.Errors(), warnings)
	}
	if _, diags := plan.Apply(); len(diags.Errors()) > 0 || f.shared["t1"] || !f.shared["t2"] {
		t.Errorf("applied with %v, shared %v", diags.Errors(), f.shared)
	}
	if read, diags := d.Refresh(state); read.Exists() || len(diags) > 0 {
		t.Error("the first connection outlives the loss", diags.Errors())
	}
}

func TestTwoConnectionsOfOneConfigurationCannotBe(t *testing.T) {
	t.Parallel()
	f, rt, d := onIntune(t)
	first := d.Plan(kind, tftest.State{}, tftest.Config{"token_id": "t1"})
	if len(first.Diags) > 0 {
		t.Fatal(first.Diags.Errors(), first.Diags.Warnings())
	}
	mentions(t, d.Plan(kind, tftest.State{}, tftest.Config{"token_id": "t2"}).Diags, "token_id: ", "Token t1", "Token t2", "both cannot be")
	f.lists = errors.New("graph is down")
	mentions(t, d.Plan(kind, tftest.State{}, tftest.Config{"token_id": "t2"}).Diags, "t1", "t2", "both cannot be")

	f.lists = nil
	again(rt)
	state := connect(t, d)
	again(rt)
	moved := d.Plan(kind, state, tftest.Config{"token_id": "t2"}) // planned twice by core: it replaces
	if len(moved.Replaces) != 1 || len(d.Plan(kind, tftest.State{}, tftest.Config{"token_id": "t2"}).Diags.Errors()) > 0 {
		t.Errorf("a connection that moves is taken for two: %v", moved.Diags.Errors())
	}
}

func TestWhatCannotBeListedOrIsUnknownStopsNoPlan(t *testing.T) {
	t.Parallel()
	f, rt, d := onIntune(t)
	f.lists = errors.New("graph is down")
	plan := d.Plan(kind, tftest.State{}, tftest.Config{"token_id": "t1"})
	if warnings := plan.Diags.Warnings(); len(plan.Diags.Errors()) > 0 || len(warnings) != 1 || !strings.Contains(warnings[0], "Graph is down") {
		t.Errorf("planned with %v %v", plan.Diags.Errors(), warnings)
	}
	again(rt)
	for range 2 {
		if plan := d.Plan(kind, tftest.State{}, tftest.Config{"token_id": tftest.Unknown}); len(plan.Diags) > 0 {
			t.Errorf("an unknown token: %v %v", plan.Diags.Errors(), plan.Diags.Warnings())
		}
	}
}

func TestTheEmbeddedServiceSharesAsManyAsThereAre(t *testing.T) {
	t.Parallel()
	f, _, d := start(t)
	connect(t, d)
	if _, diags := d.Plan(kind, tftest.State{}, tftest.Config{"token_id": "t2"}).Apply(); len(diags) > 0 || !f.shared["t1"] || !f.shared["t2"] {
		t.Errorf("shared %v, %v %v", f.shared, diags.Errors(), diags.Warnings())
	}
}

// brief is a service whose whole list is dear.
type brief struct {
	*fake

	asked int
}

func (b *brief) TokensBriefly(ctx context.Context) iter.Seq2[enrollment.Token, error] {
	b.asked++
	return enrollment.TokensBriefly(ctx, b.fake)
}

func (b *brief) ListTokens(context.Context) ([]enrollment.Token, error) {
	return nil, errors.New("the whole list was asked for")
}

func TestOtherTokensAreLookedAtByTheBriefList(t *testing.T) {
	t.Parallel()
	f, rt, d := onIntune(t)
	f.shared["t1"] = true
	b := &brief{fake: f}
	rt.Service = b
	plan := d.Plan(kind, tftest.State{}, tftest.Config{"token_id": "t2"})
	if warnings := plan.Diags.Warnings(); len(warnings) != 1 || !strings.Contains(warnings[0], `Token "Token t1" (t1) is shared now`) || b.asked == 0 {
		t.Errorf("planned with %v %v, asked %d times", plan.Diags.Errors(), warnings, b.asked)
	}
}
