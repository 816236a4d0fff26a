package tf_test

import (
	"slices"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

func TestShareWithSDSNamesTheOthers(t *testing.T) {
	t.Parallel()
	p := tf.NewPlans()
	for _, c := range []struct {
		token string
		want  []string
	}{
		{"a", nil},
		{"A", nil}, // the same in another spelling
		{"b", []string{"a"}},
		{"b", []string{"a"}}, // planned again
		{"a", []string{"b"}},
	} {
		if got := p.ShareWithSDS(c.token); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.token, got, c.want)
		}
	}
}
