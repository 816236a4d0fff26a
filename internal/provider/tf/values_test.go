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
	ask := func() bool {
		var diags diag.Diagnostics
		rt.RequireServerToken(t.Context(), types.StringValue("t1"), &diags)
		return diags.HasError()
	}
	if !ask() || !ask() || reader.reads != 2 {
		t.Errorf("%d reads of a token that awaits its server token", reader.reads)
	}
	reader.status = enrollment.Active
	if ask() || ask() || ask() || reader.reads != 3 {
		t.Errorf("%d reads, and the third one told", reader.reads)
	}
}
