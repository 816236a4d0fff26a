package tf_test

import (
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

func TestSameCertificatesWithoutPEMIsEquality(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b []string
		want bool
	}{
		{nil, []string{}, true},
		{[]string{"x", "y"}, []string{"y", "x"}, true},
		{[]string{"x"}, []string{"x", "x"}, false},
		{[]string{"x"}, []string{"X"}, false},
	} {
		if got := tf.SameCertificates(c.a, c.b); got != c.want {
			t.Errorf("SameCertificates(%q, %q) is %t", c.a, c.b, got)
		}
	}
}
