package tf_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

// tokenReader has one token and counts who asks for it.
type tokenReader struct {
	enrollment.Service
	status enrollment.TokenStatus
	ends   time.Time
	err    error
	reads  int
}

func (r *tokenReader) ReadToken(context.Context, string) (enrollment.Token, error) {
	r.reads++
	return enrollment.Token{TokenSpec: enrollment.TokenSpec{Name: "District"}, Status: r.status, ExpiresAt: r.ends}, r.err
}

// Dozens of objects of one token ask, and its server token does not go away again.
func TestATokenIsAskedForItsServerTokenUntilItHasOne(t *testing.T) {
	t.Parallel()
	reader := &tokenReader{status: enrollment.AwaitingServerToken}
	rt := &tf.Runtime{Service: reader, Plans: tf.NewPlans(), Now: func() time.Time { return time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC) }}
	for _, c := range []struct {
		status  enrollment.TokenStatus
		refused bool
		reads   int
	}{
		{enrollment.AwaitingServerToken, true, 1},
		{enrollment.AwaitingServerToken, true, 2},
		{enrollment.Active, false, 3},
		{enrollment.Active, false, 3},
	} {
		reader.status = c.status
		var diags diag.Diagnostics
		rt.RequireServerToken(t.Context(), types.StringValue("t1"), &diags)
		if diags.HasError() != c.refused || reader.reads != c.reads {
			t.Errorf("%s: refused %v after %d reads, want %v after %d", c.status, diags.HasError(), reader.reads, c.refused, c.reads)
		}
	}
}

// A token that is of no use is said once a run, and stops no plan.
func TestWhatDependsOnATokenOfNoUseWarnsOnceARun(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		reader tokenReader
		before func(*tf.Runtime)
		want   string // "" is silent
	}{
		"active":                      {tokenReader{status: enrollment.Active, ends: now.Add(time.Hour)}, nil, ""},
		"expired":                     {tokenReader{status: enrollment.Active, ends: now}, nil, `The server token of "District" expired on`},
		"revoked":                     {tokenReader{status: enrollment.Revoked}, nil, `Apple refuses the server token of "District"`},
		"terms not accepted":          {tokenReader{status: enrollment.TermsNotAccepted}, nil, `New terms wait to be accepted for "District"`},
		"the token itself said it":    {tokenReader{status: enrollment.Revoked}, func(rt *tf.Runtime) { rt.NoteTrouble("T1") }, ""},
		"it is renewed in this run":   {tokenReader{status: enrollment.Revoked}, func(rt *tf.Runtime) { rt.Plans.Upload("t1") }, ""},
		"another token is in trouble": {tokenReader{status: enrollment.Active}, func(rt *tf.Runtime) { rt.NoteTrouble("t2") }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rt := &tf.Runtime{Service: &c.reader, Plans: tf.NewPlans(), Now: func() time.Time { return now }}
			if c.before != nil {
				c.before(rt)
			}
			var diags diag.Diagnostics
			for range 3 {
				rt.RequireServerToken(t.Context(), types.StringValue("t1"), &diags)
			}
			switch {
			case diags.HasError():
				t.Error(diags.Errors())
			case c.want == "" && len(diags) > 0, c.want != "" && (len(diags) != 1 || !strings.Contains(diags[0].Summary(), c.want)):
				t.Errorf("said %v, want once %q", diags, c.want)
			}
		})
	}
}

func TestATokenThatThereIsNotIsAnError(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err     error
		refused bool
	}{
		"there is none":     {enrollment.NotFound("token", "t1"), true},
		"it cannot be read": {errors.New("the service is down"), false},
	} {
		rt := &tf.Runtime{Service: &tokenReader{err: c.err}, Plans: tf.NewPlans()}
		var diags diag.Diagnostics
		rt.RequireServerToken(t.Context(), types.StringValue("t1"), &diags)
		if diags.HasError() != c.refused {
			t.Errorf("%s: %v", name, diags)
		}
	}
}

// profileReader counts who asks for the name of a profile.
type profileReader struct {
	enrollment.Service
	name  string
	err   error
	reads int
}

func (r *profileReader) ProfileName(context.Context, enrollment.ProfileRef) (string, error) {
	r.reads++
	return r.name, r.err
}

func TestTheNameOfAProfileIsAskedForOnceARun(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		name string
		err  error
		want string
	}{
		"a name":                       {"Library", nil, "Library"},
		"none without asking Apple":    {"", nil, "p1"},
		"that there is no such":        {"", enrollment.NotFound("enrollment profile", "p1"), "p1"},
		"that the service is down":     {"", errors.New("the service is down"), "p1"},
		"something half, and an error": {"Library", errors.New("the service is down"), "p1"},
	} {
		reader := &profileReader{name: c.name, err: c.err}
		rt := &tf.Runtime{Service: reader, Plans: tf.NewPlans()}
		for range 2 {
			if got := rt.ProfileName(t.Context(), "t1", "p1"); got != c.want || reader.reads != 1 {
				t.Errorf("%s: %q after %d questions, want %q after 1", what, got, reader.reads, c.want)
			}
			reader.name, reader.err = "Renamed", nil
		}
	}
}
