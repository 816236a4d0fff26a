package tf_test

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

// tokenReader has one token and counts who asks for it.
type tokenReader struct {
	enrollment.Service
	status enrollment.TokenStatus
	reads  int
}

func (r *tokenReader) ReadToken(context.Context, string) (enrollment.Token, error) {
	r.reads++
	return enrollment.Token{TokenSpec: enrollment.TokenSpec{Name: "District"}, Status: r.status}, nil
}

// Dozens of objects of one token ask, and its server token does not go away again.
func TestATokenIsAskedForItsServerTokenUntilItHasOne(t *testing.T) {
	t.Parallel()
	reader := &tokenReader{status: enrollment.AwaitingServerToken}
	rt := &tf.Runtime{Service: reader, Plans: tf.NewPlans()}
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
