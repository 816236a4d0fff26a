package enrollment_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

func TestWhatAServiceHasNoPlaceForInAToken(t *testing.T) {
	t.Parallel()
	everything := enrollment.TokenAsk{ScopeTags: true, Certificate: true, PrivateKey: true, ChangesType: true}
	for _, c := range []struct {
		kind enrollment.Kind
		ask  enrollment.TokenAsk
		want []string
	}{
		{enrollment.Embedded, enrollment.TokenAsk{}, nil},
		{enrollment.Intune, enrollment.TokenAsk{}, nil},
		{enrollment.Embedded, everything, []string{"scope_tag_ids"}},
		{enrollment.Intune, everything, []string{"certificate_pem", "private_key_wo", "type"}},
	} {
		var fields []string
		for _, v := range enrollment.CheckTokenAsk(c.kind, c.ask) {
			fields = append(fields, v.Field)
			if v.Summary == "" || v.Detail == "" {
				t.Errorf("%s: %s says nothing", c.kind, v.Field)
			}
		}
		if !slices.Equal(fields, c.want) {
			t.Errorf("%s, %+v: %v, want %v", c.kind, c.ask, fields, c.want)
		}
	}
}

func TestWhatIntuneDoesToTokensOtherwiseIsSaid(t *testing.T) {
	t.Parallel()
	for name, warn := range map[string]func(enrollment.Kind, string) (enrollment.Warning, bool){
		"import": enrollment.UnprovenCreation, "at once": enrollment.ReplacesKey,
	} {
		if _, said := warn(enrollment.Embedded, "District"); said {
			t.Errorf("%s: the embedded service is warned of", name)
		}
		w, said := warn(enrollment.Intune, "District")
		if !said || !strings.Contains(w.Summary, name) || !strings.Contains(w.Summary, `"District"`) || !strings.Contains(w.Detail, "server_token_wo") {
			t.Errorf("%s: %+v", name, w)
		}
	}
}

func TestAFirstTokenThatIntuneRefusesLeavesAtMostOneWithoutServerToken(t *testing.T) {
	t.Parallel()
	w, _ := enrollment.UnprovenCreation(enrollment.Intune, "District")
	if !strings.HasSuffix(w.Detail, "a token without a server token may be left: delete that one in the admin center, or import it. Nothing else is touched.") {
		t.Error(w.Detail)
	}
}
